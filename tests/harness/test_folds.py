"""What is folded by one tag, in the book, in JupyterLab and on Colab; evidence is quiet."""

from __future__ import annotations

import re

import nbformat
import pytest

from harness import folds, lint, prose
from tests.notebooks import build_notebook, code, displayed, sound_chapter, text, write_notebook


def shows_ledger(tag="hide-input", title="Check", data=(), name="a"):
    """A cell that shows one finding of the ledger, of 48,271 units and cited; 9 of 9 hold."""
    counts = "Checked here: 17 of 18 hold"
    folded = f"<details><summary>{counts}</summary><td>48,271</td></details>"
    output = displayed(text_plain=counts, text_html=folded)
    output.data["application/vnd.coursecnn.ledger+json"] = [
        {"key": "a.b", "found": "recomputed 48,271", "verdict": "exact"}
    ]
    return code(f"# @title {title}\n{name}", output, tags=[*data, *([tag] if tag else [])])


@pytest.mark.parametrize("tag", folds.METADATA)
def test_a_tag_folds_a_cell_in_jupyterlab_and_on_colab(tag):
    (folded,) = build_notebook([code("# @title Figure\nplot()", tags=[tag])]).cells
    assert folded.metadata.jupyter.source_hidden is True
    assert folded.metadata.cellView == "form"
    assert folded.metadata.get("collapsed", False) is (tag == "hide-cell")
    nbformat.validate(build_notebook([folded]))


def test_a_cell_that_loses_its_tag_is_unfolded():
    (folded,) = build_notebook([code("# @title Figure\nplot()", tags=["hide-input"])]).cells
    folded.metadata.pop("tags")
    (plain,) = build_notebook([folded]).cells
    assert plain.metadata == {}


GOOD = {
    "imports": [code("# @title Imports\nimport numpy", tags=["hide-input"])],
    "a solution": [code("# @title Solution\nanswer = 1", "Correct.", tags=["hide-cell"])],
    "a check": [shows_ledger()],
    "a check of each data set": [shows_ledger(), shows_ledger(data=["data:mnist"], name="b")],
    "a check in each section": [shows_ledger(), text("### Next"), shows_ledger(name="b")],
}
BAD = {
    "no title": (
        [code("plot()", tags=["hide-input"])],
        "is folded and does not say what it hides: begin it with one of: # @title Imports, # @t",
    ),
    "an unknown title": (
        [code("# @title Plot\nplot()", tags=["hide-input"])],
        "is folded and does not say what it hides",
    ),
    "a title without a fold": (
        [code("# @title Figure\nplot()")],
        "has the title 'Figure' of a folded cell: tag it hide-input, or hide-cell",
    ),
    "a solution whose output is open": (
        [code("# @title Solution\nanswer = 1", tags=["hide-input"])],
        "must be tagged hide-cell if it is a solution",
    ),
    "a figure that is not seen": (
        [code("# @title Figure\nplot()", tags=["hide-cell"])],
        "must be tagged hide-cell if it is a solution, and hide-input if it is none",
    ),
    "both tags": (
        [code("# @title Figure\nplot()", tags=["hide-cell", "hide-input"])],
        "is tagged hide-input and hide-cell",
    ),
    "the ledger in the open": (
        [shows_ledger(tag="", title="")],
        "shows the ledger: tag it hide-input and begin it with # @title Check",
    ),
    "two checks in a section": (
        [shows_ledger(), text("Now the others."), shows_ledger(name="b")],
        "code cell 5: is the second check of its section: put both into one ledger.table",
    ),
}


def problems(folder, cells):
    path = write_notebook(folder / "chapter.ipynb", [*sound_chapter(), *cells])
    return [str(problem) for problem in lint.lint(path)]


@pytest.mark.parametrize("cells", GOOD.values(), ids=GOOD)
def test_the_lint_accepts(tmp_path, cells):
    assert problems(tmp_path, cells) == []


@pytest.mark.parametrize(("cells", "message"), BAD.values(), ids=BAD)
def test_the_lint_refuses(tmp_path, cells, message):
    (found,) = problems(tmp_path, cells)
    assert re.search(message, found)


def test_a_finding_proves_its_numbers_and_the_line_above_it_none(tmp_path):
    said = text("It has 48,271 units; 17 of 18 hold.")
    path = write_notebook(tmp_path / "chapter.ipynb", [*sound_chapter(), shows_ledger(), said])
    list(prose.bind(path))
    said = [found.message.partition(";")[0] for found in prose.check(path)]
    assert said == ["nothing proves '17'", "nothing proves '18'"]
