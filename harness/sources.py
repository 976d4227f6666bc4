"""What a number in prose can be bound to, and whether it holds there.

A source is a line of text, so that a reader of a diff sees what proves the number:

| source                                | the number is                                          |
|---------------------------------------|--------------------------------------------------------|
| `Total params: ‹93,322›`              | in a line that an output of this chapter shows         |
| `code: epochs=‹20›`                   | in a line of this chapter's code, comments aside       |
| `@04_first_cnn: Total ‹93,322›`       | in an output of that chapter                           |
| `@coursecnn/cli.py: seeds=‹5›`        | in a line of that file                                 |
| `ledger: mnist.parameters_all`        | printed elsewhere, in `published.toml`                 |
| `= {Total ‹93,322›} / {Total ‹320›}`  | what this expression over sources gives                |
| `k=‹7› ⊗ maps: ‹1024›`                | a size, put together of two: 7×7×1024                  |
| `figure`                              | told of a picture in its description, not in text      |
| `equation`                            | part of a calculation that holds                       |
| `year`, `name`, `reference` ...       | none: it states no fact (`grammar.EXCUSES`)            |
| `word`                                | none: in words, and nothing is said to compute it      |

Outputs that nobody compares (`nbval-ignore-output`), pictures and `<Figure size ...>` are no
sources. A number agrees with its source if it is the source's, rounded to the places that it has
(but a literal of the code is what it is);
after "more than", "at least", "less than", "at most" and "almost" it may also be near it, on the
side that the words say.
"""

from __future__ import annotations

import html
import io
import math
import operator
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coursecnn.evidence import ledger
from coursecnn.evidence.ledger import Printed
from harness import arithmetic, cells, grammar, markdown

OPEN, CLOSE = "‹", "›"
MARKED = re.compile(rf"{OPEN}(.+?){CLOSE}")
PLACE = re.compile(r"(code|ledger|@[\w./-]+): (.*)")
FIGURE = re.compile(r"^<(?:Figure size|[\w.]+ (?:object|at) ).*$", re.MULTILINE)
SUBSCRIPT = re.compile(r"(?<=[\w\])])\[[^\[\]]*\]")
ROW_END = re.compile(r"</(?:tr|p|li|div|h\d|summary|caption|text|figcaption)>|<br ?/?>")
JOINED = " ⊗ "
AROUND = (34, 16)  # characters of a line that a quotation holds before and after its number
MORE = re.compile(r"\b(?:more than|at least|exceeds?|beyond)\s\S{0,2}\Z", re.IGNORECASE)
LESS = re.compile(r"\b(?:(?:less|fewer) than|at most|almost|nearly)\s\S{0,2}\Z", re.IGNORECASE)
WORD = re.compile(r"[a-z]{3,}")
MOST = 9  # candidates
NEAR = Decimal("0.15")  # how far from its source "more than 90 %" may be, as a share
FAR = 0.35  # the same of "more than half", which is rounder
ABOUT = re.compile(r"\b(?:about|roughly|around|some)\s\Z", re.IGNORECASE)
# What a sentence may say of two numbers, and how it is recomputed.
DERIVED: tuple[tuple[re.Pattern[str], str, Callable[[Decimal, Decimal], Decimal]], ...] = (
    (re.compile(r"\b(?:error|wrong|miss)"), "1 - {}", lambda a, _: 1 - a),
    (re.compile(r"\b(?:times|factor|ratio|share|part|per ?cent)\b|%"), "{} / {}", operator.truediv),
    (re.compile(r"\bpoints?\b"), "100 * ({} - {})", lambda a, b: 100 * (a - b)),
    (re.compile(r"\b(?:more|less|fewer|gap|high|low|rise|fall|differ)"), "{} - {}", operator.sub),
    (re.compile(r"\b(?:together|in all|total|sum|both)\b"), "{} + {}", operator.add),
)
MOST_OPERANDS = 40

Value = grammar.Number | tuple[int, ...]


class Said(NamedTuple):
    """What stands around a number in prose: its sentence, what precedes it, four numbers.

    Of one in words also the noun that it counts.
    """

    sentence: str = ""
    before: str = ""
    around: tuple[str, ...] = ()
    noun: str = ""


def neighbours(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """For each the two before it and the two after it, of which some may be empty."""
    padded = ["", "", *texts, "", ""]
    return [(*padded[i : i + 2], *padded[i + 3 : i + 5]) for i in range(len(texts))]


@dataclass(frozen=True)
class Shown:
    """A number, or the sides of a size, in a line of an output or of code.

    Attributes:
        place: what stands before a quotation of it, such as `code: `.
        section: the number of the section that it stands in, or -1.
        line: the line.
        start: where in the line it begins.
        end: where it ends.
        around: the two numbers before it and the two after it.
    """

    place: str
    section: int
    line: str
    start: int
    end: int
    around: tuple[str, ...] = ()

    @property
    def quotation(self) -> str:
        """The source that names it: whole words of its line around it."""
        first = self.line.rfind(" ", 0, max(0, self.start - AROUND[0])) + 1
        last = f"{self.line} ".find(" ", min(self.end + AROUND[1], len(self.line)))
        before, after = self.line[first : self.start], self.line[self.end : last]
        return f"{self.place}{before}{OPEN}{self.line[self.start : self.end]}{CLOSE}{after}"

    def counts(self, noun: str) -> bool:
        """Whether it is a number of these things: `5 seeds`, or `seeds=5`."""
        before = self.line[: self.start]
        right = re.match(rf"\s{noun}\b", self.line[self.end :], re.IGNORECASE)
        left = re.search(rf"(?<!\d\s)\b{noun}[=: ]{{1,2}}\Z", before, re.IGNORECASE)
        return bool(noun and (left or right)) and not before.endswith("×")


class Sources:
    """What the numbers of a page can be bound to.

    Attributes:
        lines: the lines of the page's outputs and code, each with its place and section.
        is_chapter: whether it has cells; a page without is bound to what the chapters show.
        published: the ledger.
        keys: those of its keys that the page's code names.
    """

    def __init__(
        self,
        notebook: Any = None,
        published: Mapping[str, ledger.Entry] | None = None,
        elsewhere: Callable[[], Mapping[str, Sources]] = dict,
    ) -> None:
        """Take a chapter, or none for a page without cells, and what gives the other chapters'."""
        self.published = ledger.entries() if published is None else published
        self.is_chapter = notebook is not None
        self.lines = [] if notebook is None else list(_lines(notebook))
        named = set() if notebook is None else set(_keys(notebook))
        self.keys = [key for key in self.published if key in named]
        self.elsewhere = elsewhere
        self._agreeing: dict[tuple[object, ...], list[tuple[Shown, Value]]] = {}

    @cached_property
    def texts(self) -> dict[str, str]:
        """All lines of a place as one text, in which quotations are looked for."""
        found: dict[str, list[str]] = {"": [], "code: ": []}
        for place, _, line in self.lines:
            found[place].append(f" {line} ")
        return {place: "\n".join(lines) for place, lines in found.items()}

    @cached_property
    def shown(self) -> list[tuple[Shown, Value]]:
        """All numbers and sizes, in order."""
        found = [
            (Shown(place, section, line, start, end), value)
            for place, section, line in dict.fromkeys(self.lines)
            for start, end, value in _values(line)
        ]
        around = neighbours([_text(value) for _, value in found])
        return [
            (replace(shown, around=near), value)
            for (shown, value), near in zip(found, around, strict=True)
        ]

    def candidates(self, token: grammar.Token, said: Said, section: int) -> list[str]:
        """What proves a token, the nearest first.

        What is shown in its section comes before what is shown elsewhere, and in a section what
        stands among the same numbers and the same words as the token.
        """
        words = _words(said.sentence)
        own = {"": self} if self.is_chapter else self.elsewhere()
        found = []
        for prefix, sources in own.items():
            for shown, value in sources.agreeing(token, said.before):
                if not (prefix and shown.place):
                    same = sum(map(operator.eq, said.around, shown.around))
                    shared = len(words & _words(shown.line))
                    exact = _text(value) == _plain(token)
                    near = 4 * (shown.section == section) + 2 * exact + 3 * same + min(shared, 3)
                    found.append(
                        (-near, bool(shown.place), abs(shown.section - section), prefix, shown)
                    )
        found.sort(key=lambda each: each[:3])
        printed = [f"ledger: {key}" for key in self.keys if not self.fault(f"ledger: {key}", token)]
        quoted = (prefix + shown.quotation for *_, prefix, shown in found[:MOST])
        return list(dict.fromkeys([*quoted, *printed]))

    def counting(self, token: grammar.Token, said: Said, section: int) -> list[str]:
        """What proves a count in words: what counts the same things in its section (`5 seeds`).

        If nothing does, it is but a word. What counts them elsewhere comes last: it may do so for
        another reason, and is taken only for a line that stood there before.
        """
        found = [shown for shown, _ in self.agreeing(token, said.before) if shown.counts(said.noun)]
        near = [shown.quotation for shown in found if shown.section == section]
        return [*near, "word", *(shown.quotation for shown in found if shown.section != section)]

    def agreeing(self, token: grammar.Token, before: str) -> list[tuple[Shown, Value]]:
        """What agrees with a token anywhere."""
        said = MORE.search(before) is None, LESS.search(before) is None
        key = token.text, token.kind, token.number and token.number.value, said
        if key not in self._agreeing:
            near = [self.shown[i] for i in np.flatnonzero(self._near(token))]
            self._agreeing[key] = [
                both
                for both in near
                if _agree(token, both[1], before, is_set=both[0].place == "code: ")
            ]
        return self._agreeing[key]

    @cached_property
    def _sizes(self) -> NDArray[np.float64]:
        """The absolute values of all that is shown, as they are and without their units."""
        return np.array([_readings(value) for _, value in self.shown]).reshape(-1, 2)

    def _near(self, token: grammar.Token) -> NDArray[np.bool_]:
        """What may agree with a token, found fast."""
        if token.number is None:
            return np.isnan(self._sizes[:, 0]) | (self._sizes[:, 0] % 1 == 0)
        found = np.zeros(len(self._sizes), bool)
        readings = (token.number.value, token.number.alternative)
        for reading in filter(None, readings):
            value, step = abs(float(reading.value)), float(reading.step)
            away = np.abs(self._sizes - value) <= step + (float(NEAR) + 1e-6) * value
            found |= away.any(axis=1)
        return found

    @cached_property
    def _operands(self) -> dict[int, list[tuple[Decimal, str]]]:
        """The last numbers of each section, with what quotes them."""
        found: dict[int, dict[Decimal, str]] = {}
        for shown, value in reversed(self.shown):
            if isinstance(value, grammar.Number) and value.value.value:
                quotation = shown.quotation
                if not set("{}") & set(quotation):
                    found.setdefault(shown.section, {})[value.value.value] = quotation
        return {section: list(values.items())[:MOST_OPERANDS] for section, values in found.items()}

    def derived(self, token: grammar.Token, said: Said, section: int) -> str:
        """An expression over two numbers of its section that gives it, if words ask for one."""
        pairs = list(permutations(self._operands.get(section, ()), 2))
        for form, operate in _said_to_be_derived(said.sentence) if token.number else ():
            for (one, quoted), (other, also_quoted) in pairs:
                if _holds(token.number, operate(one, other)):  # type: ignore[arg-type]
                    return "= " + form.format(f"{{{quoted}}}", f"{{{also_quoted}}}")
        return ""

    def joined(self, token: grammar.Token, _said: Said, section: int) -> str:
        """A source for a size like 7×7×1024, put together of one for 7×7 and one for 1024."""
        *sides, last = re.findall(r"\d+", token.text)
        parts = (grammar.Token("×".join(sides), 0, "size"), next(iter(grammar.tokens(last)), None))
        found = [self.candidates(part, Said(), section) for part in parts if sides and part]
        return JOINED.join(each[0] for each in found) if len(found) == 2 and all(found) else ""

    def fault(self, source: str, token: grammar.Token, before: str = "") -> str:
        """Why a token does not agree with a source, or nothing."""
        if source == token.kind:
            return token.fault
        try:
            value = self.value(source)
        except ValueError as error:
            return str(error)
        agrees = _agree(token, value, before, is_set=source.startswith("code: "))
        return "" if agrees else f"it is {_text(value)} there"

    def value(self, source: str) -> Value:
        """The number, or the sides, that a source names.

        Raises:
            ValueError: if the source is not there, or names none.
        """
        if source.startswith("= "):
            return _number(self._result(source[2:]))
        if JOINED in source:
            return tuple(side for part in source.split(JOINED) for side in _sides(self.value(part)))
        place, rest = found.groups() if (found := PLACE.fullmatch(source)) else ("", source)
        if place == "ledger":
            if rest not in self.published:
                raise ValueError(f"published.toml has no entry {rest!r}")
            entry = self.published[rest]
            unit = f" {entry.unit}" if entry.printed.text[-1:].isdigit() else ""
            return next(grammar.shown_in(entry.printed.text + unit))
        plain = MARKED.sub(r"\1", rest)
        mark = MARKED.search(rest)
        if mark is None:
            raise ValueError(f"the source {source!r} marks no number: {OPEN}28{CLOSE}")
        if f" {plain} " not in self._text(place):
            raise ValueError(f"{plain!r} is not there any more")
        for start, end, value in _values(plain):
            if (start, end) == (mark.start(), mark.end() - 2):
                return value
        raise ValueError(f"{mark[1]!r} is no number in {plain!r}")

    def _text(self, place: str) -> str:
        if place in ("", "code"):
            return self.texts[f"{place}: " if place else ""]
        if "." not in place and (chapter := self.elsewhere().get(f"{place}: ")):
            return chapter.texts[""]
        return _file(cells.ROOT / place.removeprefix("@"))

    def _result(self, expression: str) -> str:
        if "{" not in expression:
            raise ValueError(f"the expression {expression!r} names no source: {{quotation}}")
        values = re.sub(
            r"\{(.*?)\}", lambda found: f"({_decimal(self.value(found[1]))})", expression
        )
        return f"{arithmetic.evaluate(values):.12f}"


@lru_cache(maxsize=256)
def _said_to_be_derived(sentence: str) -> list[tuple[str, Callable[..., Decimal]]]:
    return [(form, operate) for cue, form, operate in DERIVED if cue.search(sentence)]


@lru_cache(maxsize=4096)
def _words(line: str) -> set[str]:
    return set(WORD.findall(line.lower()))


def _keys(notebook: Any) -> Iterator[str]:
    """The keys of the ledger that a chapter's code may name, or that its outputs show."""
    for cell in cells.code_cells(notebook):
        yield from (name.strip(".") for name in re.findall(r"[\w.]++", cell.source))
        for output in cell.outputs:
            yield from (each["key"] for each in output.get("data", {}).get(cells.LEDGER, ()))


@lru_cache
def _file(path: Path) -> str:
    if not path.resolve().is_relative_to(cells.ROOT) or not path.is_file():
        raise ValueError(f"there is no file {path.name!r}")
    return "\n".join(f" {' '.join(line.split())} " for line in path.read_text().splitlines())


def _lines(notebook: Any) -> Iterator[tuple[str, int, str]]:
    section = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            section += sum(bool(heading) for heading, _ in markdown.sections(cell.source))
        elif cell.cell_type == "code" and "remove-cell" not in cells.tags(cell):
            yield from ((place, section, line) for place, line in lines_of(cell))


def lines_of(cell: Any) -> Iterator[tuple[str, str]]:
    """The lines of a cell's code and of its outputs that hold digits, each with its place."""
    for place, text in _code_and_outputs(cell):
        for line in filter(re.compile(r"\d").search, text.splitlines()):
            yield place, " ".join(line.split())


def _code_and_outputs(cell: Any) -> Iterator[tuple[str, str]]:
    yield "code: ", SUBSCRIPT.sub("[…]", _without_comments(cell.source))
    for output in () if cells.is_remeasured(cell) else cell.outputs:
        data = output.get("data", {})
        if cells.LEDGER in data:
            yield "", "\n".join(cells.plain_lines(output))
            continue
        page = cells.HTML_HIDDEN.sub(" ", data.get("text/html", "")).replace("\n", " ")
        yield "", html.unescape(cells.HTML_TAG.sub(" ", ROW_END.sub("\n", page)))
        texts = [output.get("text", ""), *(data[kind] for kind in cells.TEXT_TYPES if kind in data)]
        yield "", FIGURE.sub("", "\n".join(texts))


def _without_comments(source: str) -> str:
    lines = source.splitlines()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    except (tokenize.TokenError, SyntaxError):  # a magic: its comments stay
        pass
    return "\n".join(lines)


@lru_cache(maxsize=100_000)
def _values(line: str) -> tuple[tuple[int, int, Value], ...]:
    numbers = ((n.start, n.start + len(n.text), n) for n in grammar.shown_in(line))
    sizes = (
        (match.start(), match.end(), tuple(map(int, re.findall(r"\d+", match[0]))))
        for match in grammar.TUPLE.finditer(line)
    )
    return (*numbers, *sizes)


def _number(text: str) -> grammar.Number:
    number = next(grammar.shown_in(text), None)
    if number is None:
        raise ValueError(f"{text!r} is no number")
    return number


def _text(value: Value) -> str:
    return value.text if isinstance(value, grammar.Number) else "×".join(map(str, value))


def _holds(number: grammar.Number, value: Decimal) -> bool:
    return number.value.low <= value <= number.value.high


def _readings(value: Value) -> tuple[float, float]:
    if isinstance(value, tuple):
        return math.nan, math.nan
    both = (value.value, value.alternative or value.value)
    return abs(float(both[0].value)), abs(float(both[1].value))


def _sides(value: Value) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (int(value.value.value),)


def _plain(token: grammar.Token) -> str:
    return token.text if token.kind == "number" else "×".join(re.findall(r"\d+", token.text))


def _decimal(value: Value) -> Decimal:
    if isinstance(value, tuple):
        raise ValueError(f"an expression is of numbers, got the size {_text(value)}")
    return value.value.value


def _agree(token: grammar.Token, value: Value, before: str, *, is_set: bool = False) -> bool:
    """Whether a number or a size in prose is that of its source; what code sets is not rounded."""
    if token.kind == "size":
        sides = tuple(map(int, re.findall(r"\d+", token.text)))
        if not isinstance(value, tuple):
            return len({*sides, value.value.value}) == 1
        squares = {value, (value[0], *value)} if len(value) == 2 else {value}
        return any(one[i : i + len(sides)] == sides for one in squares for i in range(len(one)))
    if isinstance(value, tuple):
        return False
    if token.number is None:
        said = grammar.in_words(token.text)
        return said is not None and _agrees_in_words(float(said), float(value.value.value), before)
    for pattern, sign in ((MORE, 1), (LESS, -1)):
        if pattern.search(before):
            return _is_beyond(token.number, value, sign)
    return token.number.states(value) and not (is_set and token.number.distance(value))


def _agrees_in_words(said: float, value: float, before: str) -> bool:
    """Whether three are 3, half is 0.49, about half 0.45, and more than half 0.6."""
    for pattern, sign in ((MORE, 1), (LESS, -1)):
        if pattern.search(before):
            return 0 <= sign * (value - said) <= FAR * said
    if said % 1 == 0 and value % 1 == 0:
        return said == value
    return abs(value - said) <= (0.15 if ABOUT.search(before) else 0.06) * said


def _is_beyond(number: grammar.Number, value: grammar.Number, sign: int) -> bool:
    has_places = "." in value.text or "%" in value.text
    is_share = number.value.text.endswith("%")
    readings = [] if is_share and not has_places else [(number.value, value.value)]
    if number.alternative is not None and has_places:
        readings.append((number.alternative, value.alternative or value.value))
    return any(_exceeds(shown, said, sign) for said, shown in readings)


def _exceeds(shown: Printed, said: Printed, sign: int) -> bool:
    return 0 <= sign * (shown.value - said.value) <= NEAR * abs(said.value)
