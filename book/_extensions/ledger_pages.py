"""The ledger and the errata, gathered from what the chapters' stored outputs say.

A chapter that compares a printed number leaves the finding in its output as data
(`coursecnn.evidence.ledger.MIME_TYPE`). The directives here collect these findings at build time,
so that the appendix can say nothing that no chapter shows:

- `ledger`: every finding, to be filtered and sorted where scripts run;
- `errata`: those that are errata, of one origin (`coursecnn.evidence.ledger.Entry.origin`);
- `statements`: what was said in words, of one kind (`coursecnn.evidence.statements`);
- `ledger-totals`: how many there are of each verdict.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from coursecnn.evidence import ledger, statements
from coursecnn.evidence.ledger import REFUTED, Finding, Verdict
from coursecnn.evidence.statements import Statement

SCRIPT = Path(__file__).with_name("ledger_table.js")
ON_THE_PAGE = ("Verdict", "What", "Printed", "Found here", "Chapter")
ERRATUM = ON_THE_PAGE[1:]
STATED = ("Said", "Rather", "Chapter")
HOLDS = "What shows it"  # instead of "Rather"
WORDS = {"slip": "✗ rather", "damage": "✗ text damaged, rather", "holds": "✓ holds"}
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
            entry, or on two entries of the same value, unit and source; or if of two entries of
            the same value and source, whatever their units are called, only one does not hold.
    """
    found: dict[str, Place] = {}
    printed: dict[tuple[object, ...], Place] = {}
    for notebook in _notebooks(root):
        for place in places_of(root / notebook, notebook):
            entry = place.finding.entry
            same = (entry.printed.value, entry.source)
            first = found.setdefault(entry.key, place)
            again = printed.setdefault((*same, entry.unit), place)
            loosely = printed.setdefault(same, place)
            if first.finding.verdict is not place.finding.verdict:
                _contradicted(place, first)
            if again.finding.verdict is not place.finding.verdict:
                _contradicted(place, again)
            if (loosely.finding.verdict in REFUTED) != (place.finding.verdict in REFUTED):
                _contradicted(place, loosely)
    return list(found.values())


def _contradicted(place: Place, first: Place) -> NoReturn:
    raise ExtensionError(f"{place.finding} in {place.page}, but {first.finding} in {first.page}")


def _notebooks(root: Path) -> Iterator[str]:
    """The chapters that are notebooks, as the table of contents names and orders them."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    for part in contents["parts"]:
        for chapter in part["chapters"]:
            if (root / f"{chapter['file']}.ipynb").exists():
                yield f"{chapter['file']}.ipynb"


def places_of(path: Path, notebook: str = "") -> Iterator[Place]:
    """All findings of a notebook, in order; `notebook` is its path in the book."""
    # Several directives on several pages ask for the same: a file that stays is parsed once.
    state = path.stat()
    page = str(PurePosixPath(notebook or path.name).with_suffix(".html"))
    for found, chapter, section in _findings(path, state.st_mtime_ns, state.st_size):
        entry = ledger.entry(found["key"])
        yield Place(
            Finding(entry, found["found"], Verdict(found["verdict"])), page, chapter, section
        )


@lru_cache(maxsize=128)
def _findings(path: Path, _changed: int, _size: int) -> tuple[tuple[Any, str, str], ...]:
    """The findings of a notebook as data, each with its chapter's and its section's title."""
    return tuple(_parsed(path))


def _parsed(path: Path) -> Iterator[tuple[Any, str, str]]:
    chapter = section = ""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            for title in TITLE.findall("".join(cell["source"])):
                chapter, section = chapter or title, title
        for output in cell.get("outputs", []):
            for data in output.get("data", {}).get(ledger.MIME_TYPE, []):
                yield data, chapter, section


def rows(found: list[Place], to_root: str, columns: Sequence[str] = ON_THE_PAGE) -> str:
    """The findings as rows of an HTML table; `to_root` leads to the book's root.

    A row says by data attributes what it can be filtered by.
    """
    return "".join(_row(place, to_root, columns) for place in found)


def _row(place: Place, to_root: str, columns: Sequence[str]) -> str:
    finding = place.finding
    cells = ledger.html_cells(finding) | {"Chapter": _link(place, to_root)}
    # The printed number is sorted by what it is worth: 2.7K is more than 300.
    worth = {"Printed": f' data-value="{finding.entry.printed.value}"'}
    shown = "".join(
        f'<td data-label="{name}"{worth.get(name, "")}>{cells[name]}</td>' for name in columns
    )
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
    """`statements KIND`: what was said, and what is so."""

    required_arguments = 1

    def html(self, found: list[Place], to_root: str) -> str:  # noqa: ARG002
        """A row for each statement."""
        (kind,) = self.arguments
        chosen = [each for each in statements.shipped().values() if each.kind == kind]
        if not chosen:
            raise ExtensionError(f"no statement is of kind {kind!r}")
        root = Path(self.env.srcdir)
        columns = tuple(HOLDS if name == "Rather" and kind == "holds" else name for name in STATED)
        shown = (_statement(each, root, to_root, columns) for each in chosen)
        return table(columns, "".join(shown))


def in_words(page: str) -> str:
    """What the lectures say in words on what a page teaches, folded behind one line, as HTML.

    Args:
        page: the chapter's file from the book's root, without its ending.
    """
    said = [s for s in statements.shipped().values() if f"book/{s.chapter}" == page]
    if not said:
        return ""
    said.sort(key=lambda statement: statement.kind == "holds")
    holding = sum(statement.kind == "holds" for statement in said)
    rows = "".join(
        f"<tr>{_cell('Said', _said(each))}"
        f"{_cell('And', f'{WORDS[each.kind]}: {html.escape(each.right)}')}</tr>"
        for each in said
    )
    hold = f"{holding} of {len(said)} hold{'s' if len(said) == 1 else ''}"
    return (
        f'<details class="ledger in-words"><summary>What the lectures say here in words: {hold}'
        f"</summary>{table(('Said', 'And'), rows)}</details>"
    )


def _said(statement: Statement) -> str:
    return f"{html.escape(statement.said)}<br><small>{html.escape(statement.source)}</small>"


def _cell(name: str, content: str) -> str:
    return f'<td data-label="{name}">{content}</td>'


def _statement(statement: Statement, root: Path, to_root: str, columns: Sequence[str]) -> str:
    path = root / "book" / f"{statement.chapter}.ipynb"
    if not path.exists():
        raise ExtensionError(f"chapter {statement.chapter} of {statement.said!r} is no notebook")
    page = f"{to_root}book/{statement.chapter}.html"
    link = f'<a href="{page}">{html.escape(title(path))}</a>'
    cells = (_said(statement), html.escape(statement.right), link)
    return f"<tr>{''.join(map(_cell, columns, cells))}</tr>"


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


def read_once(app: Sphinx) -> None:
    """Parse the notebooks before Sphinx divides the pages among processes, which inherit that."""
    places(Path(app.srcdir))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.connect("builder-inited", read_once)
    app.add_directive("ledger", LedgerTable)
    app.add_directive("errata", Errata)
    app.add_directive("statements", Statements)
    app.add_directive("ledger-totals", Totals)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
