"""Notebooks for tests, built in two lines."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harness import address, normalise

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def text(source: str, tags: Sequence[str] = ()) -> NotebookNode:
    """A Markdown cell."""
    return new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def code(
    source: str, *outputs: str | NotebookNode, tags: Sequence[str] = (), **metadata: Any
) -> NotebookNode:
    """A code cell that was run, and put out these texts."""
    cell = new_code_cell(source, execution_count=1, metadata={**metadata, "tags": list(tags)})
    cell.outputs = [printed(out) if isinstance(out, str) else out for out in outputs]
    return cell


def printed(words: str, name: str = "stdout") -> NotebookNode:
    """What `print` puts out."""
    return new_output("stream", name=name, text=words)


def displayed(**data: str) -> NotebookNode:
    """What `display` puts out; `image_png` stands for `image/png`."""
    types = {kind.replace("_", "/", 1): value for kind, value in data.items()}
    return new_output("display_data", data=types)


def build_notebook(sources: Sequence[str | NotebookNode]) -> NotebookNode:
    """A normalised notebook; a plain string is a code cell that was run and printed nothing."""
    notebook = new_notebook()
    notebook.cells = [
        code(source) if isinstance(source, str) else deepcopy(source) for source in sources
    ]
    return normalise.normalise(notebook)


def write_notebook(path: Path, sources: Sequence[str | NotebookNode]) -> Path:
    """Write such a notebook, and return its path."""
    path.write_text(normalise.dumps(build_notebook(sources)), encoding="utf-8")
    return path


FIGURE = code(
    "plt.show()",
    displayed(image_png=PIXEL),
    mystnb={"image": {"alt": "The accuracy rises over five epochs."}},
)


def sound_chapter() -> list[NotebookNode]:
    """The cells of a chapter in which the lint finds nothing."""
    return [
        text("# Convolution\n\nOne kernel is one feature."),
        text(address.badge(address.current(), "book/chapter.ipynb"), tags=["remove-cell"]),
        code(address.install(address.current()), tags=["remove-cell"]),
        text("## Nine steps\n\n### The first"),
        code("print(3 * 3)", "9\n"),
        deepcopy(FIGURE),
    ]
