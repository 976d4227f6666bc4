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
    "wrong", ["github.com/a/b", "https://gitlab.com/a/b", "https://github.com/a", MOVED + "/"]
)
def test_what_colab_cannot_open_is_refused(fork, wrong):
    message = f"address must be https://github.com/ORG/REPO, got {wrong!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        address.write(wrong, fork)


def test_a_place_without_its_line_is_refused_before_anything_is_written(fork):
    (fork / "CITATION.cff").write_text("title: a course\n", "utf-8")
    with pytest.raises(ValueError, match=r"CITATION\.cff must state the address in one line"):
        address.write(MOVED, fork)
    assert address.current(fork) == address.current()
