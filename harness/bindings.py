"""Which source each number of a page is bound to: a text file beside the page.

`02_convolution.numbers.toml` has a list for each heading of `02_convolution.ipynb`, and in it for
each number a few words around it, and its source (`harness.sources`):

    "Nine steps" = [
        ['the kernel takes ‹9› steps', 'code: steps = ‹9›'],
        ['in ‹half› of the time', '= {float16 ‹120› ms} / {float32 ‹241› ms}'],
    ]

It lies beside the notebook and not in it, so that a diff shows it in words, and a text can be
rewritten in one branch and bound in another. A binding is found again by these words, digits aside:
so it stays when text is moved or its wording changes, and so a number that was changed is known as
changed. A number in words that claims something (`grammar.CLAIMS`) has a line too, and any other
where an author writes it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from coursecnn._files import write_atomically
from harness import cells, grammar, markdown
from harness.sources import CLOSE, LESS, MARKED, MORE, OPEN, Said, neighbours

HEAD = "# What proves the numbers of {name}: python -m harness.normalise keeps it.\n"
WORD = re.compile(r"\S+")
MOST_LEFT = 5  # words, of which the last one may touch the number
RIGHT = re.compile(r"\S*+(?:\s++\S++){0,2}")
LONGEST = 60  # characters on either side
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+(?=[A-Z$`*\[])|\n+")
LONGEST_HALF = 600  # characters of a sentence before a number, and after it
UNMARKED = str.maketrans(OPEN + CLOSE, "<>")  # of a text that has marks of its own
DIGITS = re.compile(rf"(?:{grammar.DIGIT.pattern}|(?<=\d)[.,](?=\d))+")
SUFFIX = re.compile(r"(?:%|[A-Za-z]+)?\Z")
ALIKE = 0.6  # how similar the words around a number must be for it to be the same


class Binding(NamedTuple):
    """A line of the file: the heading, the words around the number, and its source."""

    heading: str
    context: str
    source: str

    @property
    def text(self) -> str:
        """The number as it was written when it was bound."""
        found = MARKED.search(self.context)
        return found[1] if found else ""


class Text(NamedTuple):
    """A part of a page that a reader sees.

    Attributes:
        where: its cell, as messages name it.
        heading: the heading above it.
        section: the number of its section, as `harness.sources` counts.
        source: the text.
        is_alt: whether it describes a picture.
    """

    where: str
    heading: str
    section: int
    source: str
    is_alt: bool = False


class Place(NamedTuple):
    """A token of a page, where it stands, and the numbers around it."""

    text: Text
    token: grammar.Token
    around: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        """The token, in one line."""
        return " ".join(self.token.text.split())

    @property
    def said(self) -> Said:
        """What the text says around it."""
        start, end = self.token.start, self.token.start + len(self.token.text)
        source = self.text.source
        counted = grammar.COUNTED_THINGS.match(source, end)
        noun = counted["noun"] if counted else ""
        return Said(sentence(source, start), source[max(0, start - 40) : start], self.around, noun)

    @property
    def context(self) -> str:
        """The words around it, with the token marked."""
        start, end = self.token.start, self.token.start + len(self.token.text)
        left = _last_words(self.text.source[max(0, start - 2 * LONGEST) : start])[-LONGEST:]
        following = RIGHT.match(self.text.source, end)
        right = following[0][:LONGEST] if following else ""
        before, written, after = (part.translate(UNMARKED) for part in (left, self.written, right))
        return " ".join(f"{before}{OPEN}{written}{CLOSE}{after}".split())


def _last_words(text: str) -> str:
    words = list(WORD.finditer(text))
    most = MOST_LEFT - (not words or words[-1].end() < len(text))
    return text[words[-most:][0].start() :] if words else ""


def texts(path: Path) -> Iterator[Text]:
    """What a reader of a notebook or of a Markdown page sees, in order."""
    if path.suffix == ".md":
        for heading, source in markdown.sections(path.read_text("utf-8")):
            yield Text(f"section {heading!r}", heading, -1, source)
        return
    yield from texts_of(cells.read(path))


def texts_of(notebook: object) -> Iterator[Text]:
    """As `texts`, of a notebook that was read."""
    heading, section = "", 0
    for name, cell in cells.named_cells(notebook):
        if "remove-cell" in cells.tags(cell):
            continue
        if cell.cell_type == "markdown":
            for found, source in markdown.sections(cell.source):
                heading, section = (found, section + 1) if found else (heading, section)
                yield Text(name, heading, section, source)
        image = cell.metadata.get("mystnb", {}).get("image", {})
        if alt := image.get("alt"):
            yield Text(f"{name}, mystnb.image.alt", heading, section, alt, is_alt=True)


def file(path: Path) -> Path:
    """The file that holds a page's bindings."""
    return path.with_suffix(".numbers.toml")


def read(path: Path) -> list[Binding]:
    """The bindings of a page; none, if there is no such file yet.

    Raises:
        ValueError: if the file holds anything else; names it.
    """
    name = file(path)
    if not name.exists():
        return []
    try:
        return parsed(name.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        cure = f"git checkout {cells.shown(name)} brings back what was committed"
        raise ValueError(f"{cells.shown(name)} is not a list of pairs ({error}): {cure}") from error


def parsed(text: str) -> list[Binding]:
    """The bindings that a file's text holds."""
    content = tomllib.loads(text)
    return [Binding(head, *map(str, pair)) for head, pairs in content.items() for pair in pairs]


def is_of(path: Path, text: str) -> bool:
    """Whether a file's text begins with the name of the page that it binds."""
    return text.startswith(HEAD.format(name=path.name))


def dumps(path: Path, bindings: Iterable[Binding]) -> str:
    """The text of the file."""
    lists: dict[str, list[str]] = defaultdict(list)
    for heading, *pair in bindings:
        lists[heading].append(f"    [{', '.join(map(_quoted, pair))}],\n")
    body = "".join(f"\n{_key(head)} = [\n{''.join(rows)}]\n" for head, rows in lists.items())
    return HEAD.format(name=path.name) + body


def write(path: Path, bindings: Sequence[Binding]) -> bool:
    """Write the file if it differs; say whether it did."""
    text, name = dumps(path, bindings), file(path)
    if not bindings:
        name.unlink(missing_ok=True)
        return False
    if name.exists() and name.read_text("utf-8") == text:
        return False
    write_atomically(name, text.encode())
    return True


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if "'" in text else f"'{text}'"


def _key(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def places(parts: Iterable[Text], bindings: Iterable[Binding]) -> list[Place]:
    """The tokens of a page, and the further numbers in words that are bound."""
    words = [each for each in bindings if each.text and not grammar.DIGIT.search(each.text)]
    return [
        Place(text, *each)
        for text in parts
        for found in [list(dict.fromkeys([*grammar.tokens(text.source), *_words(text, words)]))]
        for each in zip(found, neighbours([token.text for token in found]), strict=True)
    ]


def sentence(text: str, position: int) -> str:
    """The sentence, or the table row, around a position; of a very long one, what is near."""
    first = max(position - LONGEST_HALF, 0)
    near, at = text[first : position + LONGEST_HALF], position - first
    ends = [match.end() for match in SENTENCE_END.finditer(near)]
    start = max((end for end in ends if end <= at), default=0)
    end = min((end for end in ends if end > at), default=len(near))
    return near[start:end].strip()


def _words(text: Text, bindings: Iterable[Binding]) -> Iterator[grammar.Token]:
    for binding in bindings:
        left, _, right = MARKED.sub("\0\\1\0", binding.context).split("\0")
        pattern = r"\s+".join(map(re.escape, left.split(" ")))
        after = r"\s+".join(map(re.escape, right.split(" ")))
        found = re.search(f"{pattern}({re.escape(binding.text)}){after}", text.source)
        if found and binding.heading == text.heading:
            yield grammar.Token(found[1], found.start(1), "word")


def aligned(found: Sequence[Place], bindings: Sequence[Binding]) -> list[Binding | None]:
    """The binding of each token, found by the words around it; none for a new one."""
    result: list[Binding | None] = [None] * len(found)
    free = dict.fromkeys(range(len(bindings)))

    def match(of_tokens: Iterable[Hashable], of_bindings: Iterable[Hashable]) -> None:
        """Give what is left of the bindings to what is left of the tokens, where keys are equal."""
        queues: dict[Hashable, deque[int]] = defaultdict(deque)
        for number, key in enumerate(of_bindings):
            if number in free:
                queues[key].append(number)
        for i, key in enumerate(of_tokens):
            if result[i] is None and queues[key]:
                result[i] = bindings[number := queues[key].popleft()]
                del free[number]

    contexts = [place.context for place in found]
    headings = [place.text.heading for place in found]
    match(zip(headings, contexts, strict=True), ((b.heading, b.context) for b in bindings))
    match(contexts, (b.context for b in bindings))
    match(
        ((heading, masked(c)) for heading, c in zip(headings, contexts, strict=True)),
        ((b.heading, masked(b.context)) for b in bindings),
    )
    for i, place in enumerate(found):
        if result[i] is None:
            same = [n for n in free if bindings[n].text == place.token.text]
            likeness = {n: _likeness(contexts[i], bindings[n].context) for n in same}
            best = max(same, key=lambda n: likeness[n], default=None)
            if best is not None and likeness[best] >= ALIKE:
                result[i] = bindings[best]
                del free[best]
    return result


def masked(context: str) -> str:
    """The words without numbers, signs and units, by which a number that was changed is known."""
    return DIGITS.sub("#", MARKED.sub(f"{OPEN}#{CLOSE}", context))


def turned(place: Place, binding: Binding) -> str:
    """What was said of a number when it was bound, if the contrary, or another unit, is said now.

    A source may agree with both, as a column of percentages does with 39.6 % and 39.6.
    """
    before, now = (
        tuple(bool(words.search(text)) for words in (MORE, LESS))
        for text in (binding.context.partition(OPEN)[0], place.said.before)
    )
    if before == now[::-1] != now:
        return "the words before it say the contrary of what they said"
    suffixes = {SUFFIX.search(text)[0] for text in (place.written, binding.text)}  # type: ignore[index]
    old = next(iter(grammar.tokens(binding.text)), place.token)
    if len(suffixes) == 1 or old.number is None or place.token.number is None:
        return ""
    values = old.number.value, place.token.number.value
    same = any(one.low <= other.value <= one.high for one, other in (values, values[::-1]))
    return "" if same else "the unit was changed"


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
