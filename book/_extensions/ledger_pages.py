"""The ledger and the errata, gathered from what the chapters' stored outputs say.

A chapter that compares a printed number leaves the finding in its output as data
(`coursecnn.evidence.ledger.MIME_TYPE`). The directives here collect these findings at build time,
so that the appendix can say nothing that no chapter shows:

- `ledger`: every finding, to be filtered and sorted where scripts run;
- `errata`: those that are errata, of one origin (`coursecnn.evidence.ledger.Entry.origin`);
- `statements`: what was said in words and does not hold, of one kind
  (`coursecnn.evidence.statements`);
- `ledger-totals`: how many there are of each verdict.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from coursecnn.evidence import ledger, statements
from coursecnn.evidence.ledger import Finding, Verdict
from coursecnn.evidence.statements import Statement

SCRIPT = Path(__file__).with_name("ledger_table.js")
ON_THE_PAGE = ("Verdict", "What", "Printed", "Found here", "Chapter")
ERRATUM = ON_THE_PAGE[1:]
STATED = ("Said", "Rather", "Chapter")
ORIGINS = {
    "lecture": "a lecture",
    "inherited": "a lecture, from elsewhere",
    "other": "a paper or another source",
}
TITLE = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """A finding, and the section of the chapter that shows it."""

    finding: Finding
    page: str
    chapter: str
    section: str


def places(root: Path) -> list[Place]:
    """All findings of the chapters in the table of contents, in reading order, each key once.

    Raises:
        ExtensionError: if two findings come to different verdicts on one printed number: on one
            entry, or on two entries of the same value, unit and source.
    """
    found: dict[str, Place] = {}
    printed: dict[tuple[object, ...], Place] = {}
    for notebook in _notebooks(root):
        for place in places_of(root / notebook, notebook):
            entry = place.finding.entry
            same = (entry.printed.value, entry.unit, entry.source)
            for first in (found.setdefault(entry.key, place), printed.setdefault(same, place)):
                if first.finding.verdict is not place.finding.verdict:
                    raise ExtensionError(
                        f"{place.finding} in {place.page}, but {first.finding} in {first.page}"
                    )
    return list(found.values())


def _notebooks(root: Path) -> Iterator[str]:
    """The chapters that are notebooks, as the table of contents names and orders them."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    for part in contents["parts"]:
        for chapter in part["chapters"]:
            if (root / f"{chapter['file']}.ipynb").exists():
                yield f"{chapter['file']}.ipynb"


def places_of(path: Path, notebook: str = "") -> Iterator[Place]:
    """All findings of a notebook, in order; `notebook` is its path in the book."""
    page = str(PurePosixPath(notebook or path.name).with_suffix(".html"))
    chapter = section = ""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            for title in TITLE.findall("".join(cell["source"])):
                chapter, section = chapter or title, title
        for output in cell.get("outputs", []):
            for data in output.get("data", {}).get(ledger.MIME_TYPE, []):
                entry, verdict = ledger.entry(data["key"]), Verdict(data["verdict"])
                yield Place(Finding(entry, data["found"], verdict), page, chapter, section)


def rows(found: list[Place], to_root: str, columns: Sequence[str] = ON_THE_PAGE) -> str:
    """The findings as rows of an HTML table; `to_root` leads to the book's root.

    A row says by data attributes what it can be filtered by.
    """
    return "".join(_row(place, to_root, columns) for place in found)


def _row(place: Place, to_root: str, columns: Sequence[str]) -> str:
    finding = place.finding
    cells = ledger.html_cells(finding) | {"Chapter": _link(place, to_root)}
    shown = "".join(f'<td data-label="{name}">{cells[name]}</td>' for name in columns)
    kinds = {
        "verdict": finding.verdict.value,
        "chapter": place.chapter,
        "origin": ORIGINS[finding.entry.origin],
    }
    data = "".join(f' data-{name}="{html.escape(value)}"' for name, value in kinds.items())
    name = f' id="{anchor(finding.entry.key)}"' if columns is ON_THE_PAGE else ""
    return f'<tr class="{ledger.html_class(finding.verdict)}"{name}{data}>{shown}</tr>'


def anchor(key: str) -> str:
    """The anchor of an entry on the ledger's page: the theme takes a dot in it for a class."""
    return key.replace(".", "-")


def table(columns: Sequence[str], body: str) -> str:
    """An HTML table of the appendix, which becomes cards where the screen is narrow."""
    head = "".join(f"<th>{name}</th>" for name in columns)
    return (
        '<div class="table-scroll" tabindex="0"><table class="table ledger cards">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _link(place: Place, to_root: str) -> str:
    anchor = nodes.make_id(place.section)
    return f'<a href="{to_root}{place.page}#{anchor}">{html.escape(place.chapter)}</a>'


class FromLedger(SphinxDirective):
    """What the directives share: the findings, and a page that is always built anew."""

    def run(self) -> list[nodes.Node]:
        """Replace the directive by HTML; a fault of its content is named with file and line."""
        self.env.note_reread()
        found = places(Path(self.env.srcdir))
        to_root = "../" * self.env.docname.count("/")
        try:
            return [nodes.raw("", self.html(found, to_root), format="html")]
        except ExtensionError as error:
            raise self.error(str(error)) from error

    def html(self, found: list[Place], to_root: str) -> str:
        """The directive's HTML."""
        raise NotImplementedError


class LedgerTable(FromLedger):
    """`ledger`: every finding."""

    def html(self, found: list[Place], to_root: str) -> str:
        """A row for each finding, and the script that filters and sorts them."""
        script = SCRIPT.read_text(encoding="utf-8")
        shown = table(ON_THE_PAGE, rows(found, to_root))
        return f'<div class="filtered">{shown}</div><script type="module">{script}</script>'


class Errata(FromLedger):
    """`errata ORIGIN`: the errata of one origin."""

    required_arguments = 1

    def html(self, found: list[Place], to_root: str) -> str:
        """A row for each number that does not come out."""
        (origin,) = self.arguments
        wrong = [
            place
            for place in found
            if place.finding.verdict is Verdict.ERRATUM and place.finding.entry.origin == origin
        ]
        if not wrong:
            raise ExtensionError(f"no erratum is of origin {origin!r}: one of {', '.join(ORIGINS)}")
        return table(ERRATUM, rows(wrong, to_root, ERRATUM))


class Statements(FromLedger):
    """`statements KIND`: what was said and does not hold."""

    required_arguments = 1

    def html(self, found: list[Place], to_root: str) -> str:  # noqa: ARG002
        """A row for each statement."""
        (kind,) = self.arguments
        chosen = [each for each in statements.shipped().values() if each.kind == kind]
        if not chosen:
            raise ExtensionError(f"no statement is of kind {kind!r}")
        root = Path(self.env.srcdir)
        return table(STATED, "".join(_statement(each, root, to_root) for each in chosen))


def _statement(statement: Statement, root: Path, to_root: str) -> str:
    path = root / "book" / f"{statement.chapter}.ipynb"
    if not path.exists():
        raise ExtensionError(f"chapter {statement.chapter} of {statement.said!r} is no notebook")
    page = f"{to_root}book/{statement.chapter}.html"
    cells = (
        f"{html.escape(statement.said)}<br><small>{html.escape(statement.source)}</small>",
        html.escape(statement.right),
        f'<a href="{page}">{html.escape(title(path))}</a>',
    )
    columns = "".join(
        f'<td data-label="{name}">{cell}</td>' for name, cell in zip(STATED, cells, strict=True)
    )
    return f"<tr>{columns}</tr>"


def title(path: Path) -> str:
    """The title of a notebook."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if found := TITLE.search("".join(cell["source"])):
            return found[1]
    raise ExtensionError(f"{path.name} has no title")


class Totals(FromLedger):
    """`ledger-totals`: how many findings there are of each verdict."""

    def html(self, found: list[Place], to_root: str) -> str:
        """One sentence."""
        counts = Counter(place.finding.verdict for place in found)
        parts = (f"{verdict} {counts[verdict]}" for verdict in Verdict if counts[verdict])
        link = f'<a href="{to_root}book/appendix/ledger.html">the ledger</a>'
        return f"<p>{len(found)} printed numbers stand in {link} ({', '.join(parts)}).</p>"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("ledger", LedgerTable)
    app.add_directive("errata", Errata)
    app.add_directive("statements", Statements)
    app.add_directive("ledger-totals", Totals)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
