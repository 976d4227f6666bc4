r"""Find the numbers in a text, and tell those that state a fact from those that only name one.

Understood are thousands separators (`1,253,674`, `60 000`, `204{,}800`), decimals, both minus
signs, powers of ten (`1e-4`, `2.7 × 10^5`, `10⁻³`), and the units `%`, `percent`, `thousand`,
`million`, `billion`, `k`, `K`, `M`, `B`, `kB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`.

Every number states a fact, and must be proved, except where `EXEMPTIONS` or the following say so:

- integers from 0 to 10 without sign and unit are counts ("the 3 filters", but not "3 %");
- code in backticks is exempt if it is more than a number: if it holds a letter, an operator or a
  tuple, such as `stride=2` or `(28, 28, 1)`. A bare number in backticks is a number.

Fenced blocks and mathematics are text like any other. Numbers in words are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from coursecnn.evidence.ledger import Printed, parse_printed

YEAR = r"(?:19\d\d|20[0-3]\d)"
COUNTED = r"\s+(?!(?:this|was|is|has|its|as|does|thus)\b)[a-z]+s\b"
TIMES = r"\s?(?:×|x|\\times)\s?"
POWER = r"10(?:\^\{?[-−]?\d{1,3}+(?!\d)\}?|⁻?[⁰¹²³⁴-⁹]{1,3}+(?![⁰¹²³⁴-⁹]))"
SIDE = rf"(?!{POWER})(?:\d{{1,4}}+(?![.,]?\d)|[A-Z](?![a-z]))"
REFERENCES = "chapter|section|exercise|figure|table|equation|step|question|slide|page|lecture"
ORDINAL = r"[1-9]\d{0,2}+(?:\.\d{1,2}+)*+(?![.,]?\d)"
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"


@dataclass(frozen=True)
class Exemption:
    """A way of writing numbers that state no fact.

    Attributes:
        name: what these numbers are.
        pattern: what is exempt; only its group `exempt`, if it has one.
        examples: texts that hold such numbers and no others.
    """

    name: str
    pattern: re.Pattern[str]
    examples: tuple[str, ...]


NAMES = Exemption(
    "names: letters with digits, or a word, a hyphen and up to three digits",
    re.compile(
        r"(?<![^\W_])(?:[A-Za-z][A-Za-z_]*+\d\w*+|\d-?D\b"
        r"|[A-Za-z]{2}\w*+(?:-\d{1,3}+[A-Za-z]?(?![.,]?\d))+(?:/\d{1,3}\b)*)"
    ),
    (
        "VGG16",
        "CIFAR-100",
        "ResNet-50/101/152",
        "WRN-28-12",
        "C12",
        "float32",
        "conv2d_12",
        "2-D",
    ),
)
EXEMPTIONS = (
    Exemption(
        "addresses and link targets",
        re.compile(
            r"<!--.*?-->|</?[A-Za-z][^>\n]*>|(?<=\])\([^)]*\)|https?://\S+"
            r"|\b10\.\d{4,9}/\S+|\barXiv:\d{4}\.\d{4,5}",
            re.DOTALL,
        ),
        (
            "[the paper](https://a.org/12345)",
            "https://a.org/12345",
            "10.1109/5.726791",
            "arXiv:1409.1556",
        ),
    ),
    Exemption(
        "numbers of list items and headings",
        re.compile(r"^[ \t]*(?:#+[ \t]+)?\d{1,2}[.)][ \t]", re.MULTILINE),
        ("12. the twelfth item",),
    ),
    Exemption(
        "references",
        re.compile(
            rf"\b(?:{REFERENCES})s?\s\(?{ORDINAL}(?:(?:\s?[-–]\s?|\sand\s|\sto\s){ORDINAL})?",
            re.IGNORECASE,
        ),
        (
            "Chapter 12",
            "section 2.11",
            "exercises 11 and 12",
            "figure 14",
            "slide 61",
            "equation (12)",
        ),
    ),
    Exemption(
        "years, 1900 to 2039, where the text speaks of time",
        re.compile(
            r"(?:\b(?i:in|since|until|before|after|from|during|around|year|early|late|the|a)\s"
            rf"(?!{YEAR}{COUNTED})"
            rf"|[(\[]|[A-Z]\w+,\s|\b[A-Z]{{3,}}\s|,\s(?={YEAR}[)\]])"
            rf"|et al\.,?\s|[A-Z][a-z]*[A-Z]\w*\s|\b(?:{MONTHS})\s)"
            rf"(?P<exempt>{YEAR}(?:(?:\s?[-–]\s?|,\s|\sand\s|\sto\s){YEAR})*s?)"
            rf"(?!\w|[.,]?\d|\s?%|-[a-z]|{TIMES}\d)"
        ),
        (
            "in 1998",
            "(1989-1998)",
            "[1959]",
            "(a lecture, 1981)",
            "Fukushima, 1980",
            "LeCun et al. 1998",
            "ILSVRC 2012",
            "the 1980s",
        ),
    ),
    Exemption(
        "shapes and sizes, of sides with at most four digits",
        re.compile(rf"(?<![^\W_])(?<!\d[.,]){SIDE}(?:{TIMES}{SIDE})++(?![^\W_])"),
        (
            "13×13",
            "32x32x3",
            "28 × 28",
            r"$227 \times 227$",
            "N × 4096",
        ),
    ),
    NAMES,
    Exemption(
        "subscripts",
        re.compile(r"(?<=[A-Za-z)}])_(?:\{[^{}]*\}|\d)"),
        ("$x_{12}$",),
    ),
)

SEPARATOR = r"(?:,|\{,\}|\\,|[\u00a0\u2009\u202f])"
BYTES = {
    **{f"{prefix}B": Decimal(1000) ** n for n, prefix in enumerate(("k", "M", "G"), start=1)},
    **{f"{prefix}iB": Decimal(1024) ** n for n, prefix in enumerate(("K", "M", "G"), start=1)},
    "KB": Decimal(1000),
}
UNIT = (
    rf"\s?(?P<percent>\\?%|percent\b)|\s(?P<word>thousand|million|billion)\b"
    rf"|\s?(?P<bytes>{'|'.join(BYTES)})\b|(?P<letter>[kKMB])\b"
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
FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*$", re.MULTILINE)
EXPRESSION = re.compile(r"[^\W\d_]|[+*/=<>|&]|[(\[].*,.*[)\]]", re.DOTALL)
COUNT = re.compile(r"\d|10")
SUBTRACTION = re.compile(r"[\w)}]\s[-−]\s\Z")
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
BLANK = "\x00"


@dataclass(frozen=True)
class Number:
    """A number in a text.

    Attributes:
        text: as written.
        start: its position in the text.
        value: what it says, with half a unit of the last written place to either side.
        alternative: what it says if its unit is understood from elsewhere: 99.2 % may stand as
            0.992, or as 99.2 in a column headed "%"; 96 MB as 96,000,000 or as 96.
        is_count: whether it is an integer from 0 to 10 without sign and unit.
        is_subtracted: whether a spaced minus stands before it, so that 308 − 498 may speak of
            -498 as well as of 498.
    """

    text: str
    start: int
    value: Printed
    alternative: Printed | None
    is_count: bool
    is_subtracted: bool

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


def _rounds(number: Decimal, stated: Printed) -> bool:
    return stated.low <= number <= stated.high


def stated_in(text: str) -> Iterator[Number]:
    """The numbers that state a fact in a Markdown text."""
    for number in _numbers(_without_exempt(text), IN_PROSE):
        if not number.is_count:
            yield number


def shown_in(text: str) -> Iterator[Number]:
    """All numbers that an output shows, in plain text."""
    between_sides = re.sub(r"(?<=\d)x(?=\d)", "×", text)
    return _numbers(NAMES.pattern.sub(_blank, between_sides), IN_OUTPUT)


def _numbers(text: str, pattern: re.Pattern[str]) -> Iterator[Number]:
    for match in pattern.finditer(text):
        plain = _plain(match)
        scale = "%" if match["percent"] else match["word"] or match["letter"] or ""
        value, bare = parse_printed(plain + scale), parse_printed(plain)
        if match["bytes"]:
            factor = BYTES[match["bytes"]]
            value = Printed(plain, bare.value * factor, bare.step * factor)
        unit = match["percent"] or match["bytes"]
        yield Number(
            text=match[0].strip(),
            start=match.start(),
            value=value,
            alternative=bare if unit else None,
            is_count=COUNT.fullmatch(plain) is not None and not (scale or unit),
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


def _without_exempt(text: str) -> str:
    """The text with all that is exempt blanked out, every other character at its place."""
    text = FENCE.sub(_blank, text)
    text = CODE.sub(
        lambda match: _blank(match) if _is_expression(match["code"]) else match[0], text
    )
    for exemption in EXEMPTIONS:
        text = exemption.pattern.sub(_blank, text)
    return text


def _is_expression(code: str) -> bool:
    return EXPRESSION.search(IN_PROSE.sub("", code)) is not None


def _blank(match: re.Match[str]) -> str:
    group = "exempt" if "exempt" in match.re.groupindex else 0
    start, end = (position - match.start() for position in match.span(group))
    return match[0][:start] + BLANK * (end - start) + match[0][end:]
