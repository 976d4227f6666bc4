"""The front page: the map of the course, and its totals.

All of it is gathered when the book is built, from the table of contents, the chapters' notebooks,
the package and the run records, so that no count is ever typed:

- `course-map`: every chapter by parts, each with its question, a line `path: question` of the
  directive;
- `course-totals`: how many chapters, architectures, runs and printed numbers there are.
"""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

import chapter_evidence
import exercises_here
from coursecnn import exercises
from coursecnn.evidence import ledger
from coursecnn.evidence.ledger import Verdict
from ledger_pages import TITLE, FromLedger, Place


@dataclass(frozen=True)
class Chapter:
    """A chapter as the map shows it."""

    number: int
    part: str
    file: str
    title: str
    exercises: int
    cells: int
    names: tuple[str, ...] = ()  # of the exercises that have a check
    sections: int = 0  # that can be ticked as read

    @property
    def page(self) -> str:
        """Its address in the built book."""
        return f"{self.file}.html"


def chapters(root: Path) -> list[Chapter]:
    """The chapters that are notebooks, in the order of the table of contents."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    listed = [
        (part["caption"], entry["file"])
        for part in contents["parts"]
        for entry in part["chapters"]
        if (root / f"{entry['file']}.ipynb").exists()
    ]
    return [
        _chapter(root, number, part, file) for number, (part, file) in enumerate(listed, start=1)
    ]


def _chapter(root: Path, number: int, part: str, file: str) -> Chapter:
    notebook = json.loads((root / f"{file}.ipynb").read_text(encoding="utf-8"))
    cells = notebook["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    titles = TITLE.findall(text)
    tasks = sum(title.startswith("Exercise ") for title in titles)
    code = sum(cell["cell_type"] == "code" for cell in cells)
    names = tuple(exercises_here.names(notebook))
    sections = exercises_here.sections(notebook)
    return Chapter(number, part, file, titles[0], tasks, code, names, sections)


def questions(lines: Iterable[str], known: Iterable[Chapter]) -> dict[str, str]:
    """The question of each chapter, by its file, from lines `path: question`.

    Raises:
        ExtensionError: if a chapter has none, or a line is of no chapter; names them.
    """
    pairs = (line.partition(":") for line in lines if line.strip())
    asked = {path.strip(): question.strip() for path, _, question in pairs}
    files = {chapter.file for chapter in known}
    if asked.keys() != files:
        lacking = [f"has no line for {file}" for file in sorted(files - asked.keys())]
        unknown = [f"has a line for {file}, no chapter" for file in sorted(asked.keys() - files)]
        message = f"course-map {', '.join(lacking + unknown)}: write `path: question` for each"
        raise ExtensionError(message)
    return asked


def course_map(
    known: list[Chapter], asked: Mapping[str, str], found: list[Place], to_root: str
) -> str:
    """The chapters as a list for each part, with what each holds."""
    numbers = Counter(place.page for place in found)
    errata = Counter(place.page for place in found if place.finding.verdict is Verdict.ERRATUM)
    parts = {chapter.part: list[str]() for chapter in known}
    for chapter in known:
        holds = [_several(chapter.exercises, "exercise")]
        if numbers[chapter.page]:
            holds.append(f"{_several(numbers[chapter.page], 'number')} checked")
        if errata[chapter.page]:
            holds.append(_several(errata[chapter.page], "erratum", "errata"))
        parts[chapter.part].append(
            f'<li value="{chapter.number}"><a href="{to_root}{chapter.page}">'
            f"{html.escape(chapter.title)}</a> <span>{html.escape(asked[chapter.file])}</span> "
            f"<small>{' · '.join(holds)}</small>"
            f"{_bar([chapter])}</li>"
        )
    columns = (
        f'<section><p class="course-part">{html.escape(part)}</p>'
        f"{_bar([chapter for chapter in known if chapter.part == part])}"
        f"<ol>{''.join(items)}</ol></section>"
        for part, items in parts.items()
    )
    return f'<div class="course-map">{"".join(columns)}</div>'


def _bar(known: list[Chapter]) -> str:
    """How far one has come in some chapters; nothing if they have no exercises."""
    names = [name for chapter in known for name in chapter.names]
    sections = {chapter.file: chapter.sections for chapter in known if chapter.names}
    return exercises_here.bar(names, sections) if names else ""


def _several(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def totals(known: list[Chapter], found: list[Place], to_root: str) -> str:
    """What the course holds, counted."""
    from coursecnn import architectures  # which imports Keras, slowly

    runs = [len(record.runs) for record in chapter_evidence.shipped().values()]
    appendix = f"{to_root}book/appendix"
    counts = (
        (len(known), "chapters", f"with {sum(c.cells for c in known)} cells that run"),
        (len(exercises.exercises()), "exercises", "with checks and hints"),
        (
            len(architectures.names()),
            f'<a href="{appendix}/reference/architectures.html">architectures</a>',
            "built, and counted",
        ),
        (sum(runs), "recorded runs", f"behind {len(runs)} records"),
        (len(found), f'<a href="{appendix}/ledger.html">printed numbers</a>', _by_kind(found)),
        (
            sum(place.finding.verdict is Verdict.ERRATUM for place in found),
            f'<a href="{appendix}/errata.html">printed numbers that do not hold</a>',
            _by_verdict(found),
        ),
    )
    items = (
        f"<div><dt>{name}</dt><dd><b>{count:,}</b></dd><dd><small>{more}</small></dd></div>"
        for count, name, more in counts
    )
    return f'<dl class="course-totals">{"".join(items)}</dl>'


def _by_kind(found: list[Place]) -> str:
    kinds = Counter(place.finding.entry.kind for place in found)
    return ", ".join(f"{kinds[kind]} {kind}" for kind in ledger.KINDS if kinds[kind])


def _by_verdict(found: list[Place]) -> str:
    verdicts = Counter(place.finding.verdict for place in found)
    return ", ".join(
        _several(count, "erratum", "errata") if verdict is Verdict.ERRATUM else f"{count} {verdict}"
        for verdict in Verdict
        if (count := verdicts[verdict])
    )


class CourseMap(FromLedger):
    """`course-map`: every chapter, with its question."""

    has_content = True

    def html(self, found: list[Place], to_root: str) -> str:
        """A list for each part."""
        known = chapters(Path(self.env.srcdir))
        return course_map(known, questions(self.content, known), found, to_root)


class CourseTotals(FromLedger):
    """`course-totals`: what there is, counted."""

    def html(self, found: list[Place], to_root: str) -> str:
        """A list of counts."""
        return totals(chapters(Path(self.env.srcdir)), found, to_root)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("course-map", CourseMap)
    app.add_directive("course-totals", CourseTotals)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
