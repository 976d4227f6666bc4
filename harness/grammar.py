r"""Find what holds digits in a text: numbers that state a fact, and what only names something.

Understood are thousands separators (`1,253,674`, `60 000`, `204{,}800`), decimals, both minus
signs, powers of ten (`1e-4`, `2.7 × 10^5`, `10⁻³`), and the units `%`, `percent`, `thousand`,
`million`, `billion`, `k`, `K`, `M`, `B`, `kB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`; sizes (`3×3`,
`32×32×16`), and calculations (`$(32 - 5)/1 + 1 = 28$`), which are evaluated.

Every other digit of a text is in a token too: `EXCUSES` are the ways of writing that state no fact,
and the names that hold digits (VGG16) stand in `names.txt`. What is neither has no excuse.

Of the numbers in words those are understood that claim something (`CLAIMS`): three of the five,
half the time, twice as many, four times the work, five seeds. "One idea", "the two networks" and
"half an hour" are ordinary prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path

from coursecnn.evidence.ledger import Printed, parse_printed
from harness import arithmetic

NAMES_FILE = Path(__file__).parent / "names.txt"
DIGIT = re.compile(r"[\d⁰¹²³⁴-⁹]")
YEAR = r"(?:19\d\d|20[0-3]\d)"
COUNTED = r"\s+(?!(?:this|was|is|has|its|as|does|thus)\b)[a-z]+s\b"
TIMES = r"\s?(?:×|x|\\times)\s?"
POWER = r"10(?:\^\{?[-−]?\d{1,3}+(?!\d)\}?|⁻?[⁰¹²³⁴-⁹]{1,3}+(?![⁰¹²³⁴-⁹]))"
SIDE = rf"(?!{POWER})(?:\d{{1,4}}+(?![.,]?\d)|[A-Z](?![a-z]))"
NUMBERED = r"(?:chapter|section|sec\.|exercise|figure|fig\.|table|equation|eq\.|appendix)"
COUNTED_OFF = r"(?:step|question|slide|page|lecture|week)"
DECIMAL = r"0\.\d"  # a step of 0.01 is a size; a figure 0.1 is a reference, though a wrong one
ORDINAL = r"\d{1,3}+(?:\.\d{1,2}+)*+(?![.,]?\d)"
FURTHER = r"(?:\s?[-–]\s?|,?\sand\s|\sto\s)"  # after a bare comma a new clause may begin
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
VERSIONED = "Python|Keras|TensorFlow|NumPy|Matplotlib|PyTorch|JAX|CUDA|pandas|version"


# Ways of writing digits that state no fact; of a pattern with a group `only`, it alone is meant.
EXCUSES = {
    "address": re.compile(
        r"<!--.*?-->|</?[A-Za-z][^>\n]*>|(?<=\])\([^)]*\)|https?://[^\s)]+"
        r"|\b10\.\d{4,9}/\S+|\barXiv:\d{4}\.\d{4,5}",
        re.DOTALL,
    ),
    "list": re.compile(r"^[ \t]*(?:#+[ \t]+)?\d{1,2}[.)](?=[ \t])", re.MULTILINE),
    "reference": re.compile(
        rf"\b(?:{NUMBERED}s?\s\(?{ORDINAL}(?:(?:{FURTHER}|,\s(?!{DECIMAL})){ORDINAL})*"
        rf"|{COUNTED_OFF}s?\s\(?(?!{DECIMAL}){ORDINAL}(?:(?:{FURTHER}|,\s)(?!{DECIMAL}){ORDINAL})*)",
        re.IGNORECASE,
    ),
    "year": re.compile(
        rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?\s(?:{MONTHS})(?:\s{YEAR})?"
        rf"|(?:{MONTHS})\s\d{{1,2}},\s{YEAR})\b"
        rf"|(?:\b(?={YEAR}\s?[-–]\s?{YEAR}\b)"
        r"|\b(?i:in|since|until|between|and|before|after|from|during|around|year|early|late|the|a|by|of)"
        rf"\s(?!{YEAR}{COUNTED})"
        rf"|[(\[]|\b[A-Z]\w++,\s|\b[A-Z]{{3,}}+\s|,\s(?={YEAR}[)\]])"
        rf"|et al\.,?\s|\b[A-Z][a-z]*+[A-Z]\w*+\s|\b(?:{MONTHS})\s)"
        rf"(?P<only>{YEAR}(?:(?:\s?[-–]\s?|,\s|\sand\s|\sto\s){YEAR})*s?)"
        rf"(?!\w|[.,]?\d|\s?%|-[a-z]|{TIMES}\d)"
    ),
    "version": re.compile(
        rf"\b(?:{VERSIONED})\s\d{{1,4}}(?:\.\d{{1,4}})*(?:(?:,\s|\s(?:or|and|to)\s)\d+\.\d+)*"
    ),
    "index": re.compile(r"(?<=[A-Za-z)}])_(?:\{[^{}]*\}|\d)|(?<![A-Za-z_\\])[A-Za-z]_\d\b"),
}

SEPARATOR = r"(?:,|\{,\}|\\,|[\u00a0\u2009\u202f])"
BYTES = {
    **{f"{prefix}B": Decimal(1000) ** n for n, prefix in enumerate(("k", "M", "G"), start=1)},
    **{f"{prefix}iB": Decimal(1024) ** n for n, prefix in enumerate(("K", "M", "G"), start=1)},
    "KB": Decimal(1000),
}
UNIT = (
    rf"\s?(?P<percent>\\?%|percent\b)|\s(?P<word>thousand|million|billion)\b"
    rf"|\s?(?P<bytes>{'|'.join(BYTES)})\b|\s?(?P<letter>[kKMB])\b"
)


def _number_pattern(separator: str) -> re.Pattern[str]:
    return re.compile(
        r"(?<![^\W_])(?<!\d\.)"
        r"(?P<sign>(?<![\w)\]}^{])[-−])?"
        rf"(?:(?P<power_only>{POWER})"
        rf"|(?P<digits>\d{{1,3}}(?:{separator}\d{{3}})++(?!\d)|\d++|(?=\.\d))(?P<decimals>\.\d++)?"
        rf"(?:[eE](?P<e>[-+−]?\d{{1,3}}+)(?!\d)"
        rf"|\s?(?:×|x|\\times|\\cdot|·)\s?(?P<power>{POWER}))?)"
        rf"(?:{UNIT})?"
    )


IN_PROSE = _number_pattern(rf"(?:{SEPARATOR}|[ ])")
IN_OUTPUT = _number_pattern(SEPARATOR)  # where a space stands between two numbers of a row
CODE = re.compile(r"(?<!`)(?P<ticks>`++)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)", re.DOTALL)
FENCE = re.compile(
    r"^[ \t]*(?P<ticks>```++|~~~++)(?P<code>.*?)^[ \t]*(?P=ticks)", re.DOTALL | re.MULTILINE
)
EXPRESSION = re.compile(r"[^\W\d_]|[+*/=<>|&]|[(\[].*,.*[)\]]", re.DOTALL)
SIZE = re.compile(rf"(?<![^\W_])(?<!\d[.,]){SIDE}(?:{TIMES}{SIDE})++(?![^\W_])")
# In outputs and code a size may also be a tuple.
TUPLE = re.compile(
    r"(?<![\w.])(?<!\d,)\d++(?:(?:,\s|,(?!\d{3}(?!\d))|\s?[x×]\s?)\d++)++(?![\w.]*\d|,\d)"
)
OUTPUT_NAME = re.compile(r"(?<![^\W_])(?:[A-Za-z][A-Za-z_]*+\d\w*+|\d-?D\b)")
# As a name is, and in no list of names; as a decade is, and none that a network can be of.
NEITHER = re.compile(r"(?<![^\W_])(?:[A-Za-z]{2,}-\d+\w*|\d{4}s\b)")
REST = re.compile(r"[\w⁰¹²³⁴-⁹]++")
SUBTRACTION = re.compile(r"[\w)}]\s[-−]\s\Z")
# Between two numbers of which the second has the unit of both: "98.9 to 99.2 %", "99.1 ± 0.1 %".
SHARED = re.compile(r"\s?(?:±|\\pm|to|and|or|[-–/])\s?")
BRACKETED = re.compile(r"\)\s?(?:\\?%|percent\b)")
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
BLANK = "\x00"


def _numbered(words: str, start: int) -> dict[str, int]:
    return {word: number for number, word in enumerate(re.findall(r"[a-z]+", words), start)}


TENS = _numbered("thirty forty fifty sixty seventy eighty ninety", 3)
COUNTS = {
    **_numbered("two three four five six seven eight nine ten eleven twelve", 2),
    **_numbered("thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty", 13),
    **{word: 10 * number for word, number in TENS.items()},
}
ORDINALS = {
    **_numbered("third quarter fifth sixth seventh eighth ninth tenth", 3),
    "twentieth": 20,
    "hundredth": 100,
}
PARTS = {word: Fraction(1, number) for word, number in ORDINALS.items()}
WORDS: dict[str, int | Fraction] = {
    **COUNTS,
    **PARTS,
    **dict.fromkeys(("a", "an", "one"), 1),
    **dict.fromkeys(("twice", "double"), 2),
    "half": Fraction(1, 2),
    "hundred": 100,
}
COUNT = f"(?:{'|'.join(COUNTS)}|hundred)"
COUNTABLE = (
    "authors|batches|bits|blocks|branches|channels|class(?:es)?|colours|columns|convolutions|cores"
    "|crops|devices|digits|epochs|filters|GPUs|heads|images|inputs|kernels|layers|machines|maps"
    "|models|modules|networks|neurons|outputs|pairs|parameters|paths|photographs|pictures|pixels"
    "|points|poolings|probabilities|processes|products|recipes|records|rounds|rungs|runs|samples"
    "|seeds|stages|steps|towers|units|values|weights"
)
PART = rf"(?:half|(?:an?|one|{COUNT})\s(?:{'|'.join(PARTS)})s?)"
THAN = r"(?=\s(?:as|the|that|this|its|our|fewer|less|more|larger|smaller|faster|slower|sooner)\b)"
# What follows a count word that counts something: the noun, perhaps after one other word.
THINGS = rf"\s(?:[a-z]+(?:ed|al|ing|en|er|re|st|ent)\s|{BLANK}+\s)?(?P<noun>{COUNTABLE})\b"
COUNTED_THINGS = re.compile(THINGS, re.IGNORECASE)
NO_CLAIM = r"(?!\s(?:of\s)?an?\s(?:minute|hour|day|week|year|page|turn|window))"
# Numbers in words that claim something: of a match, what its groups hold.
SOME_OF_ALL = (
    rf"(?:\b(?P<some>{COUNT})|{BLANK})\s(?:out\s)?of\s(?:(?:the|its|our|these|those|all|every)\s)*"
    rf"(?:(?P<all>{COUNT})\b(?!\s(?:of|times)\b)|{BLANK})"
)
PART_OF = (
    rf"(?<!\bfirst\s)(?<!\bsecond\s)(?<!\bother\s)\b(?P<part>{PART})\s"
    r"(?:of\b(?!\san\shour)|(?:the|as|its|their|that|our)\b|a\s(?:point|per\s?cent)\b)"
)
PART_ALONE = rf"\b(?:about|almost|nearly|than|least|most|roughly)\s(?P<alone>{PART})\b{NO_CLAIM}"
TIMES_AS = (
    rf"\b(?P<times>twice|(?:(?:a\s)?{COUNT}(?:\sand\sa\shalf)?)(?=\stimes))(?:\stimes)?{THAN}"
)
COUNT_OF = rf"\b(?!two\b|hundred\b)(?P<count>{COUNT})(?={THINGS})"
CLAIMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (SOME_OF_ALL, PART_OF, PART_ALONE, TIMES_AS, COUNT_OF)
)


@dataclass(frozen=True)
class Number:
    """A number in a text.

    Attributes:
        text: as written.
        start: its position in the text.
        value: what it says, with half a unit of the last written place to either side.
        alternative: what it says if its unit is understood from elsewhere: 99.2 % may stand as
            0.992, or as 99.2 in a column headed "%"; 96 MB as 96,000,000 or as 96.
        is_subtracted: whether a spaced minus stands before it, so that 308 − 498 may speak of
            -498 as well as of 498.
    """

    text: str
    start: int
    value: Printed
    alternative: Printed | None
    is_subtracted: bool = False

    def states(self, other: Number) -> bool:
        """Whether the other number rounds to this one, as precisely as this one is written."""
        if _rounds(other.value.value, self.value):
            return True
        if self.is_subtracted and _rounds(-other.value.value, self.value):
            return True
        if self.alternative is None or "." not in other.text:
            return False
        return _rounds((other.alternative or other.value).value, self.alternative)

    def distance(self, other: Number) -> Decimal:
        """The relative distance between the two numbers, in the nearer reading."""
        readings = [number for number in (self.value, self.alternative) if number is not None]
        return min(
            abs(other.value.value - reading.value) / (abs(reading.value) or 1)
            for reading in readings
        )


@dataclass(frozen=True)
class Token:
    """A part of a text that holds digits.

    Attributes:
        text: as written.
        start: its position in the text.
        kind: `number`, `size`, `equation`, `name`, `code`, `word`, the name of an excuse, or
            `unknown`.
        number: what it says, if it is a number.
        fault: what is wrong with an equation, or nothing.
    """

    text: str
    start: int
    kind: str
    number: Number | None = None
    fault: str = ""


def _rounds(number: Decimal, stated: Printed) -> bool:
    return stated.low <= number <= stated.high


@cache
def _names() -> re.Pattern[str]:
    words = NAMES_FILE.read_text("utf-8").split()
    names = sorted((word.replace("_", " ") for word in words), key=len, reverse=True)
    any_name = "|".join(map(re.escape, names))
    return re.compile(rf"(?<![^\W_])(?:{any_name})(?:/\d+\b)*(?![^\W_]|[.,]\d)")


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """All that holds digits in a Markdown text, and what claims a number in words, in order."""
    found: list[Token] = []

    def claim(text: str, pattern: re.Pattern[str], kind: str) -> str:
        for match in pattern.finditer(text):
            group = "only" if "only" in pattern.groupindex and match["only"] else 0
            if DIGIT.search(match[group]) and BLANK not in match[group]:
                found.append(Token(match[group], match.start(group), kind))
                text = _without(text, *match.span(group))
        return text

    for match in [*FENCE.finditer(text), *CODE.finditer(FENCE.sub(_blank, text))]:
        if DIGIT.search(match["code"]) and EXPRESSION.search(IN_PROSE.sub("", match["code"])):
            found.append(Token(match["code"], match.start("code"), "code"))
            text = _without(text, *match.span("code"))
    text = claim(text, EXCUSES["address"], "address")
    for start, end, fault in arithmetic.equations(text):
        found.append(Token(text[start:end], start, "equation", fault=fault))
        text = _without(text, start, end)
    for name, excuse in EXCUSES.items():
        text = claim(text, excuse, name)
    text = claim(text, _names(), "name")
    text = claim(text, NEITHER, "unknown")
    text = claim(text, SIZE, "size")
    for number in _with_shared_units(list(_numbers(text, IN_PROSE)), text):
        found.append(Token(number.text, number.start, "number", number))
        text = _without(text, number.start, number.start + len(number.text))
    text = claim(text, REST, "unknown")
    found += _claims(text)
    return tuple(sorted(found, key=lambda token: token.start))


def _claims(text: str) -> Iterator[Token]:
    """The numbers in words that claim something, in a text whose digits are blanked out."""
    found = {
        match.start(group): word
        for claim in CLAIMS
        for match in claim.finditer(text)
        for group, word in match.groupdict().items()
        if word and group != "noun"
    }
    yield from (Token(word, start, "word") for start, word in found.items())


def in_words(text: str) -> Fraction | None:
    """What a number in words says, if it is one that is understood.

    >>> in_words("nine tenths"), in_words("Half"), in_words("two and a half"), in_words("some")
    (Fraction(9, 10), Fraction(1, 2), Fraction(5, 2), None)
    """
    whole, more, _ = text.lower().partition(" and a half")
    said = Fraction(1)
    for word in whole.split():
        number = WORDS.get(word, WORDS.get(word.removesuffix("s")))
        if number is None:
            return None
        said *= number
    return said + Fraction(bool(more), 2)


def _blank(match: re.Match[str]) -> str:
    return BLANK * len(match[0])


def _without(text: str, start: int, end: int) -> str:
    """The text with a part blanked out, every other character at its place."""
    return text[:start] + BLANK * (end - start) + text[end:]


def _with_shared_units(numbers: list[Number], text: str) -> list[Number]:
    """The numbers, each with the per cent that stands after the next one, or after a bracket."""
    found: list[Number] = []
    for number in reversed(numbers):
        end = number.start + len(number.text)
        between = text[end : found[-1].start] if found else ""
        follows = found and _is_share(found[-1]) and SHARED.fullmatch(between)
        if number.alternative is None and (follows or BRACKETED.match(text, end)):
            scaled = parse_printed(f"{number.value.text}%")
            number = replace(number, value=scaled, alternative=number.value)
        found.append(number)
    return found[::-1]


def _is_share(number: Number) -> bool:
    return number.value.text.endswith("%")


def shown_in(text: str) -> Iterator[Number]:
    """All numbers that an output shows, in plain text."""
    blanked = OUTPUT_NAME.sub(_blank, text)  # first, for depth_1x1 is a name
    return _numbers(re.sub(r"(?<=\d)x(?=\d)", "×", blanked), IN_OUTPUT)


def _numbers(text: str, pattern: re.Pattern[str]) -> Iterator[Number]:
    for match in pattern.finditer(text):
        plain = _plain(match)
        scale = "%" if match["percent"] else match["word"] or match["letter"] or ""
        value, bare = parse_printed(plain + scale), parse_printed(plain)
        if match["bytes"]:
            factor = BYTES[match["bytes"]]
            value = Printed(plain, bare.value * factor, bare.step * factor)
        shown = match[0].strip()
        yield Number(
            text=shown,
            start=match.start() + match[0].index(shown),
            value=value,
            alternative=bare if match["percent"] or match["bytes"] or scale else None,
            is_subtracted=SUBTRACTION.search(text, 0, match.start()) is not None,
        )


def _plain(match: re.Match[str]) -> str:
    """The number's digits, decimals and exponent as a programming language writes them."""
    sign = "-" if match["sign"] else ""
    if match["power_only"]:
        return f"{sign}1e{_exponent(match['power_only'])}"
    digits = re.sub(r"\D", "", match["digits"]) or "0"
    exponent = match["e"] or (match["power"] and _exponent(match["power"]))
    suffix = f"e{exponent.translate(SUPERSCRIPTS)}" if exponent else ""
    return f"{sign}{digits}{match['decimals'] or ''}{suffix}"


def _exponent(power: str) -> str:
    return re.sub(r"[\^{}]", "", power.removeprefix("10")).translate(SUPERSCRIPTS)
