"""What is folded in a chapter: in the book, in JupyterLab and on Colab, by one tag.

The author tags a cell `hide-input` (its code is folded) or `hide-cell` (its output too), and says
in its first line what it hides, `# @title Figure`. That line is the caption of the folded cell in
JupyterLab and on Colab; in the book it becomes the words of the button, which
`book/_extensions/folds.py` has for each of `TITLES`. What the other two need in the cell's metadata
follows from the tag, and `harness.normalise` writes it.

Evidence is quiet: what the ledger shows is folded, and a section has one line of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness import cells, markdown

TITLES = ("Imports", "Set-up", "Check", "Figure", "Table", "Solution")
TITLE = re.compile(r"# @title (.*)")
# By tag: what JupyterLab reads, and what Colab reads.
METADATA: dict[str, dict[str, Any]] = {
    "hide-input": {"jupyter": {"source_hidden": True}, "cellView": "form"},
    "hide-cell": {
        "jupyter": {"source_hidden": True, "outputs_hidden": True},
        "cellView": "form",
        "collapsed": True,
    },
}
HOW = f"begin it with one of: {', '.join(f'# @title {title}' for title in TITLES)}"


def metadata(cell: Any) -> dict[str, Any]:
    """The metadata that follows from a cell's tags."""
    tags = cells.tags(cell)
    return next((dict(what) for tag, what in METADATA.items() if tag in tags), {})


def title(cell: Any) -> str:
    """What a cell says that it hides, or nothing."""
    first = TITLE.fullmatch(cell.source.partition("\n")[0])
    return first[1] if first else ""


def folded_by_title(notebook: Any) -> Iterator[tuple[str, str]]:
    """A folded cell says what it hides, and only a solution hides its output."""
    for name, cell in cells.named_cells(notebook):
        if cell.cell_type != "code":
            continue
        hidden, found = METADATA.keys() & cells.tags(cell), title(cell)
        if len(hidden) > 1:
            yield name, "is tagged hide-input and hide-cell: one of them says what is folded"
        elif hidden and found not in TITLES:
            yield name, f"is folded and does not say what it hides: {HOW}"
        elif found and not hidden:
            yield name, f"has the title {found!r} of a folded cell: tag it hide-input, or hide-cell"
        elif hidden and ("hide-cell" in hidden) is not (found == "Solution"):
            yield name, "must be tagged hide-cell if it is a solution, and hide-input if it is none"


def evidence_is_quiet(notebook: Any) -> Iterator[tuple[str, str]]:
    """What the ledger shows is folded as a check, and a section has one of them.

    One for each set of official data, so that the others are compared where that set is not.
    """
    seen: set[frozenset[str]] = set()
    for name, cell in cells.named_cells(notebook):
        if cell.cell_type == "markdown" and any(markdown.heading_levels(cell.source)):
            seen.clear()
        if cell.cell_type != "code" or not _shows_ledger(cell):
            continue
        if title(cell) != "Check":
            yield name, "shows the ledger: tag it hide-input and begin it with # @title Check"
        data = cells.needs_data(cell)
        if data in seen:
            yield name, "is the second check of its section: put both into one ledger.table(...)"
        seen.add(data)


def _shows_ledger(cell: Any) -> bool:
    return any(cells.LEDGER in output.get("data", ()) for output in cell.outputs)
