"""The table of changed numbers, between two commits of a small repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from harness import cells, changes
from tests.notebooks import code, displayed, text, write_notebook

ENTRY = '[lecture.top5]\nprinted = "{}"\nunit = "%"\n'


def write(root: Path, shown: str, printed: str, accuracies: list[float], extra: str) -> None:
    """Write a chapter, a ledger and a record."""
    for folder in ("book", "coursecnn/evidence/results"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    body = [text("# T"), code("a = 1"), code("print(x)", shown), code(extra, "7 maps\n")]
    write_notebook(root / "book/chapter.ipynb", body)
    (root / "coursecnn/evidence/published.toml").write_text(ENTRY.format(printed), "utf-8")
    runs = [{"seed": n, "metrics": {"accuracy": value}} for n, value in enumerate(accuracies)]
    (root / "coursecnn/evidence/results/tiny.json").write_text(json.dumps({"runs": runs}), "utf-8")


def commit(root: Path) -> str:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "add", "."], cwd=root, check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=x"], cwd=root, check=True)
    return subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=root, text=True).strip()


@pytest.fixture
def revisions(tmp_path, monkeypatch):
    """The names of two commits."""
    monkeypatch.setattr(cells, "ROOT", tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    write(tmp_path, "params 93322\nsame\n", "15.3", [0.98, 0.99], "count(1)")
    (tmp_path / "book/old.ipynb").write_bytes((tmp_path / "book/chapter.ipynb").read_bytes())
    before = commit(tmp_path)
    write(tmp_path, "params 93323\nsame\n", "15.4", [0.98, 0.98, 0.98], "count(2)")
    (tmp_path / "book/old.ipynb").unlink()
    return before, commit(tmp_path)


def test_every_number_that_changed_is_a_row_and_no_other(revisions):
    assert changes.changes(*revisions) == [
        ("chapter.ipynb", "code cell 2", "params 93322", "params 93323"),
        ("old.ipynb", "the whole file", "was there", ""),
        ("published.toml", "lecture.top5", "printed: 15.3", "printed: 15.4"),
        (
            "tiny.json",
            "accuracy",
            "0.9850, the mean of 2 runs",
            "0.9800, the mean of 3 runs",
        ),
    ]


def test_the_command_prints_a_markdown_table(revisions, capsys):
    assert changes.main(list(revisions)) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("## Changed numbers\n\n4 lines show something else.\n\n| File |")
    assert "| chapter.ipynb | code cell 2 | `params 93322` | `params 93323` |\n" in shown


def test_equal_revisions_have_no_table(revisions, capsys):
    assert changes.main([revisions[0], revisions[0]]) == 0
    assert capsys.readouterr().out == "## Changed numbers\n\n0 lines show something else.\n"


@pytest.mark.usefixtures("revisions")
@pytest.mark.parametrize("revision", ["no-such-branch", "--output=x"])
def test_what_git_does_not_know_is_refused(capsys, revision):
    with pytest.raises(SystemExit):
        changes.main(["--", revision])
    assert "git rev-parse --verify --end-of-options" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        ([code("a", "1\n")], [code("a", "1\n"), code("b", "2\n")], ["code cell 2, new"]),
        ([code("a", "1\n"), code("b", "2\n")], [code("b", "2\n")], ["code cell 1, gone"]),
        ([code("a", "1\n")], [code("c", "2\n")], ["code cell 1, rewritten"]),
        (
            [code("p", displayed(image_jpeg="AAAA"))],
            [code("p", displayed(image_jpeg="AAAB"))],
            ["code cell 1"],
        ),
    ],
)
def test_a_cell_is_known_by_its_source(tmp_path, monkeypatch, before, after, places):
    monkeypatch.setattr(cells, "ROOT", tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "book").mkdir()
    found = []
    for body in (before, after):
        write_notebook(tmp_path / "book/chapter.ipynb", body)
        found.append(commit(tmp_path))
    assert [change.place for change in changes.changes(*found)] == places


def test_a_finding_of_the_ledger_is_a_line_though_the_page_folds_it():
    found = {"key": "a.b", "found": "recomputed 48,271", "verdict": "exact"}
    output = displayed(text_plain="Checked here: 1 of 1 holds", text_html="<p>folded</p>")
    output.data[cells.LEDGER] = [found]
    assert cells.plain_lines(output) == ["a.b: recomputed 48,271: exact"]
