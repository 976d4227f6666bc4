"""Numbers of a chapter carry their proof: a faint mark in the text, and a card behind it.

What proves a number stands in a file beside the chapter (`harness.bindings`); the chapter itself
is plain, so that Colab shows it as it is. When the book is built, each number that has something to
tell gets a mark, and the page a folded list of notes at its foot, one for each proof. The script
`number_cards.js` shows a note as a card where the mark is pointed at, tapped or focused; without it
the mark is a link to the note. One list, and not one in each section: the sections already end with
what was checked in them, and who reads without scripts goes there and back by two links.

A mark have numbers that are bound to an output, to the ledger or to an expression over these, where
the source says by itself what it is (`is_telling`). None have

- sizes, names, references, years, and what the code sets: the reader sees their source at once;
- small counts, whose digits stand in many lines: a quotation would look like a proof, and be none;
- headings, links, formulas, descriptions of pictures, and exercises, which are not to be disturbed.
"""

from __future__ import annotations

import ast
import html
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

import chapter_evidence
import exercises_here
import ledger_pages
from coursecnn.evidence import ledger
from coursecnn.evidence.ledger import Finding, Verdict

sys.path.append(str(Path(__file__).parents[2]))  # the harness is no installed package

from harness import bindings, cells, grammar, markdown
from harness.bindings import Binding, Place
from harness.sources import MARKED, OPEN, WORD, lines_of

SCRIPT = Path(__file__).with_name("number_cards.js")
LEDGER_PAGE = "book/appendix/ledger.html"
SILENT = (
    *(nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.math_block),
    *(addnodes.pending_xref, addnodes.download_reference),
)
IN_LEDGER = re.compile(r"([\w.]+): ")
QUOTED = re.compile(r"\{(.*?)\}")
ROW = re.compile(r"<tr.*?</tr>", re.DOTALL)
CELL = re.compile(r"<t([hd])\b.*?>(.*?)</t[hd]>", re.DOTALL)
FEW = 3  # digits that say by themselves which number is meant
# Words that say nothing of what a number is.
COMMON = frozenset(
    WORD.findall("""
    against also each from have here more most only other others same than that their them they
    this what when which with
""")
)
LONGEST = 120  # characters of a line that a card quotes
MOST_RECORDS = 3

logger = logging.getLogger(__name__)


class Mark(nodes.inline):
    """A number in the text that leads to its note."""


@dataclass(frozen=True)
class Shown:
    """A line that a cell shows: the number of the cell among those with code, and its section."""

    cell: int
    section: int
    line: str


class Chapter:
    """What a chapter's numbers can be traced to.

    Attributes:
        notebook: the chapter.
        bound: each place of its text, and the binding of what stands there.
    """

    def __init__(self, path: Path) -> None:
        """Read a notebook that the tests have found in order, and the file beside it."""
        self.notebook = nbformat.from_dict(json.loads(path.read_text("utf-8")))
        for cell in self.notebook.cells:
            cell.source = "".join(cell.source)
            for output in cell.get("outputs", ()):
                _join(output)
        stored = bindings.read(path)
        places = bindings.places(bindings.texts_of(self.notebook), stored)
        self.bound = [
            (place, binding)
            for place, binding in zip(places, bindings.aligned(places, stored), strict=True)
            if not place.text.is_alt and place.token.kind != "word"
        ]

    @cached_property
    def code(self) -> list[Any]:
        """Its code cells, in order."""
        return cells.code_cells(self.notebook)

    @cached_property
    def lines(self) -> list[Shown]:
        """The lines of its outputs that hold digits."""
        found, section, number = [], 0, 0
        for cell in self.notebook.cells:
            if cell.cell_type == "markdown":
                section += sum(bool(head) for head, _ in markdown.sections(cell.source))
            elif cell.cell_type == "code":
                number += 1
                found += [
                    Shown(number, section, line) for place, line in lines_of(cell) if not place
                ]
        return found

    @cached_property
    def findings(self) -> dict[str, tuple[Finding, int]]:
        """What its outputs say of entries of the ledger, and which cell says so."""
        return {
            each["key"]: (
                Finding(ledger.entry(each["key"]), each["found"], Verdict(each["verdict"])),
                number,
            )
            for number, cell in enumerate(self.code, start=1)
            for output in cell.outputs
            for each in output.get("data", {}).get(ledger.MIME_TYPE, ())
        }

    def shown(self, quotation: str, section: int) -> Shown | None:
        """The line that a quotation is taken from, in its section or the nearest to it."""
        plain = f" {_plain(quotation)} "
        lines = [each for each in self.lines if plain in f" {each.line} "]
        return min(lines, key=lambda each: abs(each.section - section), default=None)

    @cached_property
    def records(self) -> list[list[str]]:
        """The run records that each code cell reads, or whose variables it uses, by name."""
        known, assigned = chapter_evidence.shipped(), dict[str, set[str]]()
        result = []
        for cell in self.code:
            found = chapter_evidence.named([cell], known)
            words = re.findall(r"\w+", cell.source) if assigned else ()
            found |= {name for word in words for name in assigned.get(word, ())}
            result.append(sorted(found))
            for variable, source in _assignments(cell.source):
                assigned[variable] = chapter_evidence.named([{"source": source}], known)
        return result


def _join(output: Any) -> None:
    """A notebook's file may hold a text as the list of its lines."""
    if isinstance(output.get("text"), list):
        output["text"] = "".join(output["text"])
    for kind, content in output.get("data", {}).items():
        if isinstance(content, list) and kind.startswith("text/"):
            output["data"][kind] = "".join(content)


def _assignments(source: str) -> Iterator[tuple[str, str]]:
    """The variables that a cell sets where it reads records, and the statements that do."""
    if "records.read" in source:
        for statement in cells.parse(source).body:
            if isinstance(statement, ast.Assign) and "records.read" in ast.unparse(statement):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        yield target.id, ast.unparse(statement)


def is_telling(number: str, sentence: str, told: str, is_near: bool = True) -> bool:
    """Whether a source says by itself that it speaks of a number: by digits, or by a common word.

    Args:
        number: The number as it is written.
        sentence: What is said of it.
        told: The line or the entry that is its source.
        is_near: Whether that stands in the same section.

    >>> is_telling("9", "The kernel takes 9 steps", "9 steps")
    False
    >>> is_telling("99 %", "an accuracy of 99 %", "accuracy 0.990")
    True
    >>> is_telling("93,322", "a network of 93,322 numbers", "Total params: 93,322")
    True
    """
    digits = re.sub(r"\D", "", number)
    if len(digits.strip("0")) >= FEW:
        return True
    words = _words(sentence) & _words(told)
    has_places = re.search(r"[.%]", number) is not None
    return bool(words) and ((has_places and is_near) or (not has_places and len(digits) >= FEW))


def _words(text: str) -> set[str]:
    return {word for word in WORD.findall(text.lower()) if len(word) > FEW} - COMMON


class Proofs:
    """The notes of a page: what is known of each proof, as HTML, each once.

    Attributes:
        notes: the text of each note.
    """

    def __init__(self, chapter: Chapter, to_root: str, repository: str) -> None:
        """Begin a page; `repository` is the address of the folder of records."""
        self.chapter, self.to_root, self.repository = chapter, to_root, repository
        self.notes: list[str] = []

    def note(self, place: Place, binding: Binding | None) -> int | None:
        """The number of the note of what stands in a place; none where it gets no mark."""
        text = self._text(place, binding) if binding and place.token.kind == "number" else ""
        if not text:
            return None
        text = f"<b>{html.escape(place.written)}</b> {text}"
        if text not in self.notes:
            self.notes.append(text)
        return self.notes.index(text) + 1

    def _text(self, place: Place, binding: Binding) -> str:
        source, chapter = binding.source, self.chapter
        if place.text.heading.startswith("Exercise") or source.startswith(("code: ", "@")):
            return ""
        if source.startswith("= "):
            return self._derived(source[2:], place.text.section)
        if source.startswith("ledger: "):
            return self._printed(source.removeprefix("ledger: "))
        shown = chapter.shown(source, place.text.section) if OPEN in source else None
        if shown is None:
            return ""
        key = found[1] if (found := IN_LEDGER.match(shown.line)) else ""
        entry = chapter.findings[key][0].entry if key in chapter.findings else None
        told = f"{entry.meaning} {entry.unit}" if entry else shown.line
        is_near = shown.section == place.text.section
        if not is_telling(place.token.text, place.said.sentence, told, is_near):
            return ""
        return self._printed(key) if entry else self._computed(source, shown)

    def _printed(self, key: str) -> str:
        """What the ledger says."""
        entry = ledger.entry(key)
        finding, cell = self.chapter.findings.get(key, (None, 0))
        said = [f"printed {entry.printed.text}", finding.found if finding else ""]
        if finding:
            said.append(f"{ledger.MARKS[finding.verdict]} {finding.verdict}")
        name = ledger_pages.anchor(key)
        row = f'; <a href="{self.to_root}{LEDGER_PAGE}#{name}">ledger</a>'
        links = f'{row}, <a href="#cell-{cell}">cell {cell}</a>' if finding else ""
        return (
            f"{html.escape(entry.meaning)} ({html.escape(entry.unit)}): "
            f"{html.escape(', '.join(filter(None, said)))}. "
            f"<small>{html.escape(entry.source)}{links}</small>"
        )

    def _computed(self, source: str, shown: Shown) -> str:
        """What a cell shows."""
        column = column_of(self.chapter.code[shown.cell - 1], shown.line, source)
        column = f"{html.escape(column)}: " if column else ""
        return f"{column}{quoted(source, shown.line)} <small>{self._origin(shown.cell)}</small>"

    def _derived(self, expression: str, section: int) -> str:
        """What follows from what cells show."""
        parts = QUOTED.findall(expression)
        found = [self.chapter.shown(part, section) for part in parts]
        if not all(found):
            return ""
        rule = QUOTED.sub(_operand, html.escape(expression))
        lines = "; ".join(
            quoted(part, shown.line) for part, shown in zip(parts, found, strict=True) if shown
        )
        origins = dict.fromkeys(self._origin(shown.cell) for shown in found if shown)
        return f"{rule}, from {lines} <small>{'; '.join(origins)}</small>"

    def _origin(self, cell: int) -> str:
        """Which cell shows it, and which records that reads."""
        names = self.chapter.records[cell - 1]
        told = f'shown by <a href="#cell-{cell}">cell {cell}</a>, which the tests run again'
        if not names:
            return told
        if len(names) > MOST_RECORDS:
            return f'{told}; from {len(names)} <a href="{self.repository}">run records</a>'
        return f"{told}; {'; '.join(map(self._record, names))}"

    def _record(self, name: str) -> str:
        record = chapter_evidence.shipped()[name]
        machines = html.escape("; ".join(map(str, record.machines)))
        match record.seeds:
            case ():
                seeds = "no runs"
            case (seed,):
                seeds = f"seed {seed}"
            case (first, *_, last):
                seeds = f"seeds {first} to {last}"
        link = f'<a href="{self.repository}/{name}.json">{name}</a>'
        return f"record {link}, {seeds}, {record.date}, {machines}"


def _plain(quotation: str) -> str:
    return MARKED.sub(r"\1", quotation)


def span(quotation: str, line: str) -> tuple[int, int]:
    """Where in its line the number of a quotation begins and ends.

    >>> span("of ‹28› pixels", "a map of 28 pixels")
    (9, 11)
    """
    mark, first = MARKED.search(quotation), f" {line} ".find(f" {_plain(quotation)} ")
    if mark is None or first < 0:
        raise ValueError(f"quotation must be of {line!r}, with a number marked, got {quotation!r}")
    start = first + mark.start()
    return start, start + len(mark[1])


def _operand(quotation: re.Match[str]) -> str:
    """A number of an expression, in brackets if it is negative: 1 - (-2), not 1 - -2."""
    number = "".join(MARKED.findall(quotation[1]))
    return f"({number})" if number.startswith(("-", "\u2212")) else number


def quoted(source: str, line: str) -> str:
    """A line of an output, cut where it is long, with the number of the quotation in bold."""
    start, end = span(source, line)
    first = 0 if end <= LONGEST else line.rfind(" ", 0, start - LONGEST // 2) + 1
    last = len(line) if len(line) <= first + LONGEST else line.rfind(" ", end, first + LONGEST)
    last = max(last, end)
    before, after = line[first:start], line[end:last]
    before = f"{'… ' * bool(first)}{html.escape(before)}"
    after = f"{html.escape(after)}{' …' * (last < len(line))}"
    return f"<code>{before}<b>{html.escape(line[start:end])}</b>{after}</code>"


def column_of(cell: Any, line: str, source: str) -> str:
    """The heading of the column in which a number stands, if the line is a row of a table."""
    start, _ = span(source, line)
    for output in cell.outputs:
        heads: list[str] = []
        for row in ROW.findall(output.get("data", {}).get("text/html", "")):
            parts = CELL.findall(row)
            texts = [html.unescape(cells.HTML_TAG.sub("", text)).strip() for _, text in parts]
            if all(kind == "h" for kind, _ in parts):
                heads = heads if heads and not any(texts[1:]) else texts
            elif " ".join(" ".join(texts).split()) == line and len(heads) == len(texts):
                return heads[_index(texts, start)]
    return ""


def _index(texts: Iterable[str], start: int) -> int:
    """In which of the texts a position lies, if they are joined by spaces."""
    number, end = -1, 0
    for number, text in enumerate(texts):
        end += len(" ".join(text.split())) + bool(text)
        if start < end:
            return number
    return number


def leaves(node: nodes.Node, is_silent: bool = False) -> Iterator[tuple[nodes.Text, bool]]:
    """The texts of a page outside of its cells, in order, and whether each may hold marks."""
    for child in node.children:
        if isinstance(child, nodes.Text):
            yield child, not is_silent
        elif not isinstance(child, nodes.raw | nodes.comment) and not exercises_here.is_cell(child):
            yield from leaves(child, is_silent or isinstance(child, (*SILENT, nodes.math)))


def spots(
    document: nodes.document, tokens: Iterable[grammar.Token]
) -> Iterator[tuple[nodes.Text, int] | None]:
    """Where each token stands: the text of the page and the position in it, if it may hold marks.

    A token has every digit of its text, and no digit of the page is in none: so the digits of the
    page and those of its tokens are the same ones, in the same order, apart from the numbers of
    lists, and from addresses that are not written out.

    Raises:
        ValueError: if they are not; says where.
    """
    digits = [
        (leaf, match.start(), match[0], is_open)
        for leaf, is_open in leaves(document)
        for match in grammar.DIGIT.finditer(leaf.astext())
    ]
    at = 0
    for token in tokens:
        own = list(grammar.DIGIT.finditer(token.text))
        here = digits[at : at + len(own)]
        leaf, position, _, is_open = here[0] if here else (nodes.Text(""), 0, "", False)
        start = position - own[0].start()
        is_whole = start >= 0 and leaf.astext().startswith(token.text, start)
        if token.kind == "list" or (token.kind == "address" and not is_whole):
            yield None
            continue
        if [found[2] for found in here] != [match[0] for match in own]:
            shown = "".join(found[2] for found in digits[at : at + 9])
            raise ValueError(f"{token.text!r} is in the chapter, and {shown!r} on the page")
        at += len(own)
        yield (leaf, start) if is_open and is_whole else None


def place_marks(app: Sphinx, document: nodes.document) -> None:
    """Mark the numbers of a chapter, give its cells names, and keep its notes."""
    docname = app.env.docname
    path = Path(app.env.doc2path(docname))
    if path.suffix != ".ipynb":
        return
    app.env.note_dependency(str(bindings.file(path)))
    chapter = Chapter(path)
    _name_cells(chapter, document)
    proofs = Proofs(chapter, "../" * docname.count("/"), chapter_evidence.folder(app))
    marks: dict[nodes.Text, list[tuple[int, str, int]]] = {}
    try:
        found = list(spots(document, [place.token for place, _ in chapter.bound]))
    except ValueError as error:
        logger.warning("numbers get no marks: %s", error, location=document)
        return
    for (place, binding), spot in zip(chapter.bound, found, strict=True):
        number = proofs.note(place, binding) if spot else None
        if spot and number:
            marks.setdefault(spot[0], []).append((spot[1], place.token.text, number))
    seen: set[int] = set()
    for leaf, of_leaf in marks.items():
        leaf.parent.replace(leaf, list(_split(leaf.astext(), of_leaf, seen)))
    document["proofs"] = notes(proofs.notes)


def _name_cells(chapter: Chapter, document: nodes.document) -> None:
    of_code = [at for at, cell in enumerate(chapter.notebook.cells) if cell.cell_type == "code"]
    numbers = {at: number for number, at in enumerate(of_code, start=1)}
    for cell in filter(exercises_here.is_cell, document.findall(nodes.container)):
        cell["ids"].append(f"cell-{numbers[cell['cell_index']]}")


def _split(
    text: str, marks: Iterable[tuple[int, str, int]], seen: set[int]
) -> Iterator[nodes.Node]:
    """A text in pieces, of which some are marks; a note leads back to its first one."""
    end = 0
    for start, written, number in marks:
        if start > end:
            yield nodes.Text(text[end:start])
        ids = [] if number in seen else [f"at-{number}"]
        seen.add(number)
        yield Mark("", written, note=number, ids=ids)
        end = start + len(written)
    if end < len(text):
        yield nodes.Text(text[end:])


def notes(texts: Iterable[str]) -> str:
    """The notes of a page, folded; nothing if there are none."""
    rows = [
        f'<li id="note-{number}">{text} '
        f'<a href="#at-{number}" role="doc-backlink" aria-label="Back to the text">↩</a></li>'
        for number, text in enumerate(texts, start=1)
    ]
    if not rows:
        return ""
    summary = f"<summary>Where {len(rows)} numbers in the text come from</summary>"
    return f'<details class="number-notes">{summary}<ol>{"".join(rows)}</ol></details>'


def visit(translator: HTML5Translator, node: Mark) -> None:
    """Write a mark: a link to its note."""
    name = "".join(f' id="{each}"' for each in node["ids"])
    link = f'<a class="number-mark" href="#note-{node["note"]}" role="doc-noteref"{name}>'
    translator.body.append(link)


def depart(translator: HTML5Translator, _node: Mark) -> None:
    """End a mark."""
    translator.body.append("</a>")


def append(app: Sphinx, _page: str, _template: str, context: dict[str, Any], tree: Any) -> None:
    """Put the notes at the foot of a page, and load the script that makes cards of them."""
    if tree is not None and tree.get("proofs"):
        context["body"] += tree["proofs"]
        app.add_js_file(SCRIPT.name, loading_method="defer")


def write(app: Sphinx) -> None:
    """Write the script."""
    exercises_here.write_static(app, SCRIPT.name, SCRIPT.read_text("utf-8"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait for each page."""
    app.add_node(Mark, html=(visit, depart))
    app.connect("builder-inited", write)
    app.connect("doctree-read", place_marks)
    app.connect("html-page-context", append)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
