"""Slides of the chapters, made from the chapters alone: `python -m harness.slides [FILE ...]`.

They lie in `_build/slides`, an HTML file for each chapter. What goes on a slide is decided by these
rules and nowhere else; a slide that should be better is mended in its chapter.

- A title slide has the question of the chapter and its first figure; the next one, what the reader
  can do at the end.
- Each section begins with its question and its first sentences (with the list, table or formula
  that these introduce, and the first formula of the section) and, where there is room, its first
  figure.
- Each further figure, each table of few rows and each interactive has a slide.
- Of the open code of a section that fits, the first that defines something has a slide, or else the
  first that does not only make a table, with what it shows in words and numbers.
- What is to be remembered and to be discussed is shown whole; so is each exercise, without its
  solution.
- Left out are sections marked *Optional*, further reading, imports, checks, and everything else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from coursecnn._files import write_atomically
from harness import cells, folds, markdown, slide_page
from harness.slide_page import Slide

SLIDES = cells.ROOT / "_build" / "slides"

SENTENCES = 3  # of a paragraph: the chapters have a sentence on each line
LEAD = 420  # letters, beside which a figure still has room
ITEMS = 520  # letters of a list on one slide
CODE_LINES = range(2, 21)
CODE_COLUMNS = 88
OUTPUT_LINES = 10
TOGETHER = 16  # lines of code, outputs and tables on one slide
LETTERS = 75  # in a line of text
ROWS = 14  # of a table

WHOLE = re.compile(r"What to remember|(Questions f|F)or discussion|To discuss")
LEFT_OUT = re.compile(r"Optional\b.*|Further reading|Exercises|(The n|N)ext( question)?")
OPTIONAL = re.compile(r"[*_]+Optional")
CAPTION = re.compile(r"[*_]{1,2}(Figure|Table) [\d.]+")
QUESTION = re.compile(r"\*[^*].*\*", re.DOTALL)
ASKS = re.compile(r"^(answer = \.\.\.|check\(.*\))\n?", re.MULTILINE)
DEFINES = re.compile(r"^(def|class) ", re.MULTILINE)
NUMBER = re.compile(r"\d+")
INTRODUCED = ("bullet_list", "ordered_list", "table", "math_block", "fence")
CLOSED = folds.METADATA.keys() | {cells.REMEASURED, "remove-cell"}
HIDDEN = frozenset({"Imports", "Set-up", "Check", "Solution"})


@dataclass
class Section:
    """A heading and what follows it: texts in Markdown, and code cells with their outputs."""

    title: str
    level: int
    above: str = ""
    content: list[Any] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The texts alone."""
        return [part for part in self.content if isinstance(part, str)]


def sections(notebook: Any) -> Iterator[Section]:
    """The sections of a chapter, in order; one below level 2 knows the one above it."""
    section, above = Section("", 0), ""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            section.content.append(cell)
        if cell.cell_type != "markdown":
            continue
        for heading, source in markdown.sections(cell.source):
            if not heading:
                section.content.append(source)
                continue
            yield section
            level = next(markdown.heading_levels(source))
            above = heading if level == 2 else above
            section = Section(heading, level, above if level > 2 else "")
            section.content.append(source.partition("\n")[2])
    yield section


def slides(notebook: Any) -> list[Slide]:
    """The slides of a chapter."""
    return [slide for section in sections(notebook) for slide in _of_section(section)]


def _of_section(section: Section) -> Iterator[Slide]:
    first = next(iter("".join(section.texts[:1]).split("\n\n")), "").strip()
    if not section.level or LEFT_OUT.fullmatch(section.title) or OPTIONAL.match(first):
        return
    if LEFT_OUT.fullmatch(section.above) and not section.title.startswith("Exercise "):
        return
    if section.level == 1:
        yield from _opening(section)
    elif section.title.startswith("Exercise "):
        yield from _exercise(section)
    elif WHOLE.fullmatch(section.title):
        yield from _whole(section)
    else:
        yield from _shown(section)


def blocks(source: str) -> list[tuple[str, str]]:
    r"""The paragraphs, lists, tables and formulas of a text: what each is, and its source.

    >>> blocks("See:\n\n- a\n- b\n")
    [('paragraph', 'See:'), ('bullet_list', '- a\n- b')]
    """
    tokens = [part for part in markdown.parts(source) if part.level == 0 and part.map]
    lines = source.splitlines()
    return [
        (token.type.removesuffix("_open"), "\n".join(lines[slice(*token.map)]).strip())
        for token in tokens
        if token.map
    ]


def _lead(section: Section) -> str:
    """The first words of a section: its question, its first sentences, and what these announce."""
    found = [block for text in section.texts for block in blocks(text)]
    words = [block for block in found if not CAPTION.match(block[1])]
    chosen = []
    for (kind, source), (next_kind, next_source) in pairwise([*words, ("", "")]):
        if kind != "paragraph":
            chosen.append(source)
        elif QUESTION.fullmatch(source):
            chosen.append(source)
            continue
        else:
            chosen.append("\n".join(source.splitlines()[:SENTENCES]))
            if chosen[-1].endswith(":") and next_kind in INTRODUCED:
                chosen.append(next_source)
        break
    formula = next((source for kind, source in found if kind == "math_block"), "")
    return "\n\n".join(chosen if formula in chosen else [*chosen, formula]).strip()


def _opening(section: Section) -> Iterator[Slide]:
    """The title with question and figure, then what the reader can do at the end."""
    found = [block for text in section.texts for block in blocks(text)]
    question = next((source for kind, source in found if kind == "paragraph"), "")
    picture = next((slide for slide in _items(section) if slide.kind == "figure"), None)
    yield _together(Slide(section.title, (slide_page.text(question),), "title"), picture)
    for (_, source), (kind, goals) in pairwise(found):
        if kind == "bullet_list" and source.endswith("you can"):
            yield Slide(source.splitlines()[-1], (slide_page.text(goals),), "text")


def _shown(section: Section) -> Iterator[Slide]:
    """The lead, with the first figure where there is room; then what else is worth a slide."""
    lead, items = _lead(section), list(_items(section))
    picture = next((slide for slide in items if slide.kind == "figure"), None)
    if len(lead) > LEAD or any(kind != "paragraph" for kind, _ in blocks(lead)):
        picture = None
    if lead:
        first = Slide(section.title, (slide_page.text(lead),), "text", section.above)
        yield _together(first, picture)
    yield from (slide for slide in items if slide is not picture or not lead)


def _together(slide: Slide, picture: Slide | None) -> Slide:
    """A slide with a picture: beside its text, or below where the picture is wide."""
    if picture is None:
        return slide
    return replace(slide, parts=slide.parts + picture.parts, beside=picture.beside)


def _items(section: Section) -> Iterator[Slide]:
    """What the code cells of a section have for the slides, in order."""
    taught = _taught(section)
    for cell, following in pairwise([*section.content, ""]):
        if isinstance(cell, str) or folds.title(cell) in HIDDEN:
            continue
        caption = _caption(following)
        shown = _html(cell)
        table = [(shown.count("<tr"), slide_page.table(shown))] if _is_table(shown) else []
        if cell is taught:
            code = (len(cell.source.splitlines()), slide_page.code(cell.source))
            for parts in _packed([code, *_printed(cell), *table]):
                yield Slide(section.title, parts, "code", section.above)
        elif table:
            yield Slide(section.title, (table[0][1],), "table", section.above)
        if "data-interactive" in shown:
            yield Slide(section.title, (f"<div>{shown}</div>",), "live", section.above)
        for png in (o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {})):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            part = slide_page.figure(png, alt, caption)
            narrow = slide_page.is_narrow(png)
            yield Slide(section.title, (part,), "figure", section.above, beside=narrow)


def _taught(section: Section) -> Any:
    """The code that has a slide: the first that defines something, or else the first.

    Code that only puts a table together is left out: the table has a slide.
    """
    fitting = [cell for cell in section.content if not isinstance(cell, str) and _fits(cell)]
    defining = (cell for cell in fitting if DEFINES.search(cell.source))
    others = (cell for cell in fitting if "<table" not in _html(cell))
    return next(defining, next(others, None))


def _html(cell: Any) -> str:
    return "".join(o.data.get("text/html", "") for o in cell.outputs if "data" in o)


def _caption(following: Any) -> str:
    """The caption with which the text after a figure begins, if it does."""
    first = next(iter(blocks(following)), ("", ""))[1] if isinstance(following, str) else ""
    return first if CAPTION.match(first) else ""


def _is_table(shown: str) -> bool:
    return "<table" in shown and "data-interactive" not in shown and shown.count("<tr") <= ROWS


def _fits(cell: Any) -> bool:
    """Whether a cell is open code that a slide has room for, and does not only measure again."""
    lines = cell.source.splitlines()
    is_open = not cells.tags(cell) & CLOSED
    return is_open and len(lines) in CODE_LINES and max(map(len, lines)) <= CODE_COLUMNS


def _printed(cell: Any) -> Iterator[tuple[int, str]]:
    text = "".join(o.text for o in cell.outputs if o.output_type == "stream").rstrip()
    lines = len(text.splitlines())
    if 0 < lines <= OUTPUT_LINES:
        yield lines, slide_page.output(text)


def _packed(parts: list[tuple[int, str]]) -> Iterator[tuple[str, ...]]:
    """Parts of so many lines, as many together as there is room for."""
    room, together = TOGETHER, list[str]()
    for lines, part in parts:
        if together and lines > room:
            yield tuple(together)
            room, together = TOGETHER, []
        room -= lines
        together.append(part)
    yield tuple(together)


def _exercise(section: Section) -> Iterator[Slide]:
    """The question, and the code and pictures that belong to it and fit; never the solution."""
    words = "\n\n".join(section.texts)
    asked = [
        (len(code.splitlines()), slide_page.code(code))
        for cell in section.content
        if not isinstance(cell, str) and not cells.tags(cell) & folds.METADATA.keys()
        if (code := ASKS.sub("", cell.source).strip()) and code.count("\n") < CODE_LINES.stop
    ]
    for parts in _packed([(len(words) // LETTERS, slide_page.text(words)), *asked]):
        yield Slide(section.title, parts, "exercise")
    yield from (slide for slide in _items(section) if slide.kind == "figure")


def _whole(section: Section) -> Iterator[Slide]:
    """The lists of a section, on as many slides as they need."""
    for kind, source in (block for text in section.texts for block in blocks(text)):
        if kind == "bullet_list":
            for part in _portions(source):
                yield Slide(section.title, (slide_page.text(part),), "text")


def _portions(source: str) -> Iterator[str]:
    """A long list, in parts of about as many items."""
    items = re.split(r"\n(?=- )", source)
    count = -(-len(source) // ITEMS)
    size = -(-len(items) // count)
    return ("\n".join(items[start : start + size]) for start in range(0, len(items), size))


def write(path: Path) -> tuple[Path, int]:
    """Write the slides of a chapter: where they are, and how many.

    Raises:
        ValueError: if the file is no notebook, or has no title.
    """
    made = slides(cells.read(path))
    if not made or made[0].kind != "title":
        raise ValueError(f"{cells.shown(path)} has no title: a chapter begins with a line # Title")
    number = NUMBER.match(path.stem)
    chapter = f"Chapter {int(number[0])}" if number else ""
    target = SLIDES / f"{path.stem}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, slide_page.page(chapter, made).encode())
    return target, len(made)


def main() -> int:
    """Write the slides, and say where they are."""
    for path in cells.chapters(cells.command_line("slides", __doc__).parse_args().files):
        try:
            target, count = write(path)
        except ValueError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        sys.stdout.write(f"{cells.shown(target)}: {count} slides\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
