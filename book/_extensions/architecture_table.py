"""The table of all architectures, made from the package's registry when the book is built.

`architecture-table` stands for it in a page of the reference: a row for each network, in the order
of the course, with its family, source, image, parameters and multiply-accumulates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from coursecnn import architectures
from coursecnn.architectures import Architecture

HEAD = ("name", "family", "source", "image", "parameters", "MACs")


def cells(row: Architecture) -> tuple[str, ...]:
    """What the table says of a network."""
    image = "×".join(map(str, row.input_shape or ()))
    counts = (row.parameters, row.macs)
    return (
        row.name,
        row.family,
        row.source,
        image,
        *("" if n is None else f"{n:,}" for n in counts),
    )


def line(texts: Iterable[str]) -> nodes.row:
    """Make a row of the table."""
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in texts))


def table(head: Sequence[str], body: Iterable[Iterable[str]]) -> nodes.table:
    """Make a table with a head."""
    columns = [nodes.colspec(colwidth=1) for _ in head]
    head_and_body = (nodes.thead("", line(head)), nodes.tbody("", *map(line, body)))
    return nodes.table("", nodes.tgroup("", *columns, *head_and_body, cols=len(head)))


class ArchitectureTable(SphinxDirective):
    """Show all architectures."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        rows = (architectures.describe(name) for name in architectures.names())
        return [table(HEAD, map(cells, rows))]


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known."""
    app.add_directive("architecture-table", ArchitectureTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
