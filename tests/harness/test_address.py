"""The repository's address: every place agrees with it, and one command moves them all."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import address, cells

ROOT = cells.ROOT
MOVED = "https://github.com/university/cnn-course"
CHAPTER = Path("book/foundations/01_cortex.ipynb")


@pytest.fixture
def fork(tmp_path):
    """A copy of every place that holds the address, with one chapter."""
    for name in (*address.LINES, CHAPTER):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", address.LINES)
def test_a_file_states_the_address_of_pyproject(name):
    assert address.LINES[name].findall((ROOT / name).read_text("utf-8")) == [address.current()]


@pytest.mark.parametrize("path", cells.chapters(), ids=cells.shown)
def test_a_chapter_has_its_own_badge_and_installs_from_the_address(path):
    title, badge, install = cells.read(path).cells[:3]
    assert title.source.startswith("# ")
    assert badge.source == address.badge(address.current(), path.relative_to(ROOT).as_posix())
    assert install.source == address.install(address.current())


def test_one_command_moves_every_place(fork):
    changed = address.write(MOVED, fork)
    assert {path.relative_to(fork) for path in changed} == {CHAPTER, *map(Path, address.LINES)}
    assert address.current(fork) == MOVED
    old = address.current().removeprefix("https://github.com/")
    assert not [path for path in changed if old in path.read_text("utf-8")]


def test_moving_changes_neither_outputs_nor_other_cells(fork):
    address.write(MOVED, fork)
    before, after = cells.read(ROOT / CHAPTER), cells.read(fork / CHAPTER)
    assert after.cells[3:] == before.cells[3:]
    assert after.cells[2].outputs == before.cells[2].outputs
    assert f"{MOVED.removeprefix('https://github.com/')}/blob/main/{CHAPTER.as_posix()})" in (
        after.cells[1].source
    )


def test_what_is_up_to_date_is_left_alone(fork):
    assert address.write(address.current(), fork) == []


def test_no_other_file_knows_the_address():
    """Else the command would have to know that file."""
    slug = address.current().removeprefix("https://github.com/")
    command = ["git", "grep", "--files-with-matches", "--fixed-strings", f"/{slug}"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    chapters = {path.relative_to(ROOT).as_posix() for path in cells.chapters()}
    assert set(found.splitlines()) == chapters | set(address.LINES)


@pytest.mark.parametrize(
    "copied",
    [
        MOVED + ".git",
        MOVED + "/",
        f" {MOVED}\n",
        "http://github.com/university/cnn-course",
        "github.com/university/cnn-course",
        "https://www.GitHub.com/university/cnn-course.git/",
        "git@github.com:university/cnn-course.git",
        "ssh://git@github.com/university/cnn-course.git",
    ],
)
def test_an_address_as_github_gives_it_is_cleaned(fork, copied):
    address.write(copied, fork)
    assert address.current(fork) == MOVED
    assert f"{MOVED.removeprefix(address.HOST)}/blob/main/" in (fork / CHAPTER).read_text("utf-8")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    {
        "https://gitlab.com/a/b": "Colab opens chapters by address from GitHub alone",
        "git@gitlab.com:a/b.git": "Colab opens chapters by address from GitHub alone",
        "https://example.org/github.com/a/b": "Colab opens chapters by address from GitHub alone",
        "https://github.com/a": "it must name one repository, no page in it",
        "https://github.com/a/b/tree/main": "it must name one repository, no page in it",
        "https://github.com/a/..": "it must name one repository, no page in it",
        "https://github.com/a/b?tab=readme": "it must name one repository, no page in it",
        "https://github.com/ünï/y": "GitHub's names are of the letters a to z, digits",
    }.items(),
)
def test_what_colab_cannot_open_is_refused_with_the_reason(fork, wrong, reason):
    message = f"address must be https://github.com/ORG/REPO, got {wrong!r}: {reason}"
    with pytest.raises(ValueError, match=re.escape(message)):
        address.write(wrong, fork)
    assert address.current(fork) == address.current()


def test_another_branch_moves_the_badges_and_the_books_links(fork):
    changed = address.write(address.current(), fork, branch="term/2027")
    assert {path.relative_to(fork) for path in changed} == {CHAPTER, Path("_config.yml")}
    assert address.current_branch(fork) == "term/2027"
    assert f"/blob/term/2027/{CHAPTER.as_posix()})" in cells.read(fork / CHAPTER).cells[1].source
    assert address.write(address.current(fork), fork) == []  # it stays, once said


@pytest.mark.parametrize("wrong", ["a b", "a..b", "-x", "a/", "ünï", "a#b"])
def test_a_branch_that_no_address_takes_is_refused(fork, wrong):
    message = f"branch must be a name that git and an address take, got {wrong!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        address.write(MOVED, fork, branch=wrong)
    assert address.current(fork) == address.current()


def test_the_command_says_what_else_a_fork_changes_and_where(capsys, monkeypatch):
    monkeypatch.setattr(address, "write", lambda _address, branch: [])  # noqa: ARG005
    assert address.main([address.current() + ".git"]) == 0
    told = capsys.readouterr().out
    assert "A fork also changes, by hand:" in told
    for what, files in address.OWN.items():
        (line,) = (line for line in told.splitlines() if line.startswith(f"  {what}: "))
        assert all(f"{name}:" in line for name in files)
    places = re.findall(r"([\w./]+):(\d+)", told.partition("by hand")[2])
    assert all((ROOT / name).read_text("utf-8").splitlines()[int(n) - 1] for name, n in places)


def test_neighbouring_lines_are_named_as_one():
    assert list(address._joined(["a:1", "a:2", "a:3", "a:5", "b:6"])) == ["a:1-3", "a:5", "b:6"]


def test_a_place_without_its_line_is_refused_before_anything_is_written(fork):
    (fork / "CITATION.cff").write_text("title: a course\n", "utf-8")
    with pytest.raises(ValueError, match=r"CITATION\.cff must state the address in one line"):
        address.write(MOVED, fork)
    assert address.current(fork) == address.current()
