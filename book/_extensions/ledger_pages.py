"""The ledger and the errata, gathered from what the chapters' stored outputs say.

A chapter that compares a printed number leaves the finding in its output as data
(`coursecnn.ledger.MIME_TYPE`). The directives here collect these findings at build time, so that
the appendix can say nothing that no chapter shows:

- `ledger`: every finding;
- `errata`: those that do not hold;
- `ledger-totals`: how many there are of each verdict.
"""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from coursecnn import ledger
from coursecnn.ledger import MIME_TYPE, Entry, Verdict

REFUTED = (Verdict.ERRATUM, Verdict.NOT_REPRODUCED)


@dataclass(frozen=True)
class Place:
    """A finding, and the section of the chapter that shows it."""

    entry: Entry
    found: str
    verdict: Verdict
    page: str
    chapter: str
    section: str


def places(book: Path) -> list[Place]:
    """All findings of the chapters below `book`, in reading order, each key once."""
    found: dict[str, Place] = {}
    for notebook in sorted(book.glob("*/*.ipynb")):
        for place in _places_of(notebook, book):
            found.setdefault(place.entry.key, place)
    return list(found.values())


def _places_of(notebook: Path, book: Path) -> Iterator[Place]:
    page = notebook.relative_to(book.parent).with_suffix(".html").as_posix()
    chapter = section = ""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            for title in _titles(cell):
                chapter, section = chapter or title, title
        for output in cell.get("outputs", []):
            for data in output.get("data", {}).get(MIME_TYPE, []):
                entry, verdict = ledger.entry(data["key"]), Verdict(data["verdict"])
                yield Place(entry, data["found"], verdict, page, chapter, section)


def _titles(cell: dict[str, Any]) -> Iterator[str]:
    for line in "".join(cell["source"]).splitlines():
        if line.startswith("#"):
            yield line.lstrip("# ").strip()


def _row(place: Place, to_root: str) -> str:
    anchor = nodes.make_id(place.section)
    link = f'<a href="{to_root}{place.page}#{anchor}">{html.escape(place.chapter)}</a>'
    mark = ledger.MARKS[place.verdict]
    cells = (
        f"{html.escape(place.entry.meaning)}<br><small>{html.escape(place.entry.source)}</small>",
        html.escape(f"{place.entry.printed.text} {place.entry.unit}"),
        html.escape(place.found or "not checked"),
        f"{mark} {place.verdict}",
        link,
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def table(found: list[Place], to_root: str) -> str:
    """The findings as an HTML table; `to_root` leads from the page to the book's root."""
    names = ("What", "Printed", "Found here", "Verdict", "Chapter")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(_row(place, to_root) for place in found)
    return (
        '<div class="table-scroll" tabindex="0"><table class="table ledger">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


class FromLedger(SphinxDirective):
    """What the three directives share: the findings, and a page that is always built anew."""

    def run(self) -> list[nodes.Node]:
        """Replace the directive by HTML."""
        self.env.note_reread()
        found = places(Path(self.env.srcdir) / "book")
        to_root = "../" * self.env.docname.count("/")
        return [nodes.raw("", self.html(found, to_root), format="html")]

    def html(self, found: list[Place], to_root: str) -> str:
        """The directive's HTML."""
        raise NotImplementedError


class LedgerTable(FromLedger):
    """`ledger`: every finding."""

    def html(self, found: list[Place], to_root: str) -> str:
        """A row for each finding."""
        return table(found, to_root)


class Errata(FromLedger):
    """`errata`: the findings that do not hold."""

    def html(self, found: list[Place], to_root: str) -> str:
        """A row for each refuted number."""
        return table([place for place in found if place.verdict in REFUTED], to_root)


class Totals(FromLedger):
    """`ledger-totals`: how many findings there are of each verdict."""

    def html(self, found: list[Place], to_root: str) -> str:
        """One sentence."""
        counts = Counter(place.verdict for place in found)
        parts = (f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
        link = f'<a href="{to_root}book/appendix/ledger.html">the ledger</a>'
        return f"<p>{len(found)} printed numbers stand in {link}: {', '.join(parts)}.</p>"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("ledger", LedgerTable)
    app.add_directive("errata", Errata)
    app.add_directive("ledger-totals", Totals)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
