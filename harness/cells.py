"""What the rest of the harness asks of a notebook: its cells, their names, tags and options.

A cell is named as its author sees it: the fourth code cell is "code cell 4" (Jupyter shows
`[4]` once it has run), a text cell is named by its position among the text cells and the
heading above it.
"""

from __future__ import annotations

import argparse
import ast
import html
import os
import re
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

REMEASURED = "nbval-ignore-output"
DATA_PREFIX = "data:"
# As `coursecnn.evidence.records.MIME_TYPE`; to import it would cost each start of pytest SciPy's
# import.
MEASURED = "application/vnd.coursecnn.measured+json"
TEXT_TYPES = ("text/plain", "text/markdown", "text/latex")
HTML_HIDDEN = re.compile(r"<(style|script)\b.*?</\1>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
HTML_TAG = re.compile(r"</?[A-Za-z][^>]*>")
ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ROOT = Path(__file__).resolve().parent.parent
FOUND: set[str] = set()  # the official data sets that this process has seen


def read(path: Path) -> Any:
    """Read a notebook, upgraded to the current format.

    Raises:
        ValueError: if the file is not a notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except nbformat.reader.NotJSONError as error:
        raise ValueError(f"path must be a notebook, but {path} is not JSON") from error


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


def shown(path: Path) -> str:
    """The path as people type it: relative to where they stand, if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)


def code_cells(notebook: Any) -> list[Any]:
    """The code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def named_cells(notebook: Any) -> Iterator[tuple[str, Any]]:
    """Every cell with the name that messages give it."""
    code, text, heading = count(1), count(1), ""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield f"code cell {next(code)}", cell
            continue
        headings = [line for line in cell.source.splitlines() if line.startswith("#")]
        heading = headings[0].lstrip("# ") if headings else heading
        yield f"text cell {next(text)} ({heading})" if heading else f"text cell {next(text)}", cell


def parse(source: str) -> ast.Module:
    """The syntax tree of a code cell, its magics turned into calls.

    Raises:
        SyntaxError: if the cell is not Python.
    """
    return ast.parse(TransformerManager().transform_cell(source))


def text_of(output: Any) -> str:
    """All text that an output shows to a reader, in every form it has."""
    if output.output_type == "stream":
        return str(output.text)
    data = output.get("data", {})
    texts = [data[kind] for kind in TEXT_TYPES if kind in data]
    visible = HTML_HIDDEN.sub(" ", data.get("text/html", ""))
    return "\n".join([*texts, html.unescape(HTML_TAG.sub(" ", visible))])


def tags(cell: Any) -> frozenset[str]:
    """The tags of a cell."""
    return frozenset(cell.metadata.get("tags", ()))


def is_remeasured(cell: Any) -> bool:
    """Whether the cell measures anew, so that its output differs from run to run."""
    return REMEASURED in tags(cell)


def needs_data(cell: Any) -> frozenset[str]:
    """The official data sets that the cell's stored output shows."""
    return frozenset(
        tag.removeprefix(DATA_PREFIX) for tag in tags(cell) if tag.startswith(DATA_PREFIX)
    )


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
