"""The ledger and the errata, gathered from what the chapters' stored outputs say.

A chapter that compares a printed number leaves the finding in its output as data
(`coursecnn.evidence.ledger.MIME_TYPE`). The directives here collect these findings at build time,
so that the appendix can say nothing that no chapter shows:

- `ledger`: every finding;
- `errata`: those that do not hold;
- `ledger-totals`: how many there are of each verdict.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from coursecnn.evidence import ledger
from coursecnn.evidence.ledger import REFUTED, Finding, Verdict

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
        ExtensionError: if two chapters come to different verdicts on one printed number.
    """
    found: dict[str, Place] = {}
    for notebook in _notebooks(root):
        for place in places_of(root / notebook, notebook):
            first = found.setdefault(place.finding.entry.key, place)
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


def table(found: list[Place], to_root: str) -> str:
    """The findings as an HTML table; `to_root` leads from the page to the book's root."""
    rows = (ledger.html_row(place.finding, _link(place, to_root)) for place in found)
    return (
        '<div class="table-scroll" tabindex="0"><table class="table ledger">'
        f"<thead>{ledger.html_head('Chapter')}</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _link(place: Place, to_root: str) -> str:
    anchor = nodes.make_id(place.section)
    return f'<a href="{to_root}{place.page}#{anchor}">{html.escape(place.chapter)}</a>'


class FromLedger(SphinxDirective):
    """What the three directives share: the findings, and a page that is always built anew."""

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
        """A row for each finding."""
        return table(found, to_root)


class Errata(FromLedger):
    """`errata`: the findings that do not hold."""

    def html(self, found: list[Place], to_root: str) -> str:
        """A row for each refuted number."""
        return table([place for place in found if place.finding.verdict in REFUTED], to_root)


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
    app.add_directive("ledger-totals", Totals)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
