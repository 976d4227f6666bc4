"""What the rest of the harness asks of a notebook: its cells, their names, tags and options.

A cell is named as its author sees it: the fourth code cell is "code cell 4" (Jupyter shows
`[4]` once it has run), a text cell is named by its position among the text cells and the
heading above it.
"""

from __future__ import annotations

import argparse
import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.reading import UnreadableError as UnreadableError
from harness.reading import named_cells as named_cells
from harness.reading import parse as parse
from harness.reading import read as read
from harness.reading import shown as shown

REMEASURED = "nbval-ignore-output"
DATA_TAGS = {"data:cifar10": "cifar10", "data:mnist": "mnist"}  # harness.lint refuses others
# As `MIME_TYPE` of `coursecnn.evidence.records` and `.ledger`; to import them would cost each start
# of pytest SciPy's import.
MEASURED = "application/vnd.coursecnn.measured+json"
LEDGER = "application/vnd.coursecnn.ledger+json"
TEXT_TYPES = ("text/plain", "text/markdown", "text/latex")
HTML_HIDDEN = re.compile(r"<(style|script)\b.*?</\1>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
SUMMARY = re.compile(r"<summary>.*?</summary>", re.DOTALL)
HTML_TAG = re.compile(r"</?[A-Za-z][^>]*>")
ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
KERNEL_DIED = (
    "ended its kernel: mostly the memory was used up, by this chapter or beside it, or the code "
    "ends the process; close other programs, and run this chapter alone"
)
ROOT = Path(__file__).resolve().parent.parent
FOUND: set[str] = set()  # the official data sets that this process has seen


def command_line(name: str, description: str | None) -> argparse.ArgumentParser:
    """The arguments that every tool of the harness takes: notebooks, or none for all."""
    parser = argparse.ArgumentParser(
        prog=f"python -m harness.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", type=Path, help="notebooks (default: the whole book)")
    return parser


def chapters(files: Sequence[Path] = ()) -> list[Path]:
    """The given notebooks, or all those of the book."""
    return list(files) or sorted((ROOT / "book").rglob("*.ipynb"))


def code_cells(notebook: Any) -> list[Any]:
    """The code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(output: Any) -> str:
    """All text that an output shows to a reader, in every form it has.

    The lines that count the ledger's findings are left out: they are no evidence of anything else.
    """
    if output.output_type == "stream":
        return str(output.text)
    data = output.get("data", {})
    visible = HTML_HIDDEN.sub(" ", data.get("text/html", ""))
    if LEDGER in data:
        return html.unescape(HTML_TAG.sub(" ", SUMMARY.sub(" ", visible)))
    texts = [data[kind] for kind in TEXT_TYPES if kind in data]
    return "\n".join([*texts, html.unescape(HTML_TAG.sub(" ", visible))])


def plain_lines(output: Any) -> list[str]:
    """The lines that an output shows as plain text; of the ledger, what each finding says."""
    data = output.get("data", {})
    if LEDGER in data:
        return [f"{each['key']}: {each['found']}: {each['verdict']}" for each in data[LEDGER]]
    return str(output.get("text") or data.get("text/plain", "")).splitlines()


def tags(cell: Any) -> frozenset[str]:
    """The tags of a cell."""
    return frozenset(cell.metadata.get("tags", ()))


def is_remeasured(cell: Any) -> bool:
    """Whether the cell measures anew, so that its output differs from run to run."""
    return REMEASURED in tags(cell)


def needs_data(cell: Any) -> frozenset[str]:
    """The official data sets that the cell's stored output shows."""
    return frozenset(DATA_TAGS[tag] for tag in tags(cell) & DATA_TAGS.keys())


def missing_data(cell: Any) -> tuple[str, ...]:
    """Those of the data sets that the cell's stored output shows which this machine lacks."""
    return tuple(name for name in sorted(needs_data(cell)) if not _is_here(name))


def _is_here(name: str) -> bool:
    """Whether this machine has an official data set; after a no, which it may fetch, asked anew.

    To look for it is to read all of it and to check its sums.
    """
    if name not in FOUND:
        from coursecnn import datasets  # only the few chapters that measure need the data

        if datasets.available(name):
            FOUND.add(name)
    return name in FOUND


def without_colours(text: str) -> str:
    """The text without the codes that colour it on a terminal."""
    return ANSI_COLOUR.sub("", text)
