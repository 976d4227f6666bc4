"""Numbers that were printed elsewhere, and whether they hold.

Every number that the course takes from a lecture or a paper is an entry of `published.toml`,
exactly as printed and with its source. This module sets it beside what the course computes:

- `compare(key, recomputed)`: a number that arithmetic can check, or one that the course builds its
  own network with, which says that the two agree and no more;
- `judge(key, band)`: a number that only a measurement can check;
- `cite(key)`: a number that the course takes over, because nobody here can check it, beside the
  number of the original where the printed one was passed on;
- `table(...)`: several of these under each other, folded behind one line that counts them;
- `entries()`, `entry(key)`, `parse_printed(text)`: the raw material.

>>> print(compare("mnist.parameters_all", 93_322))
mnist.parameters_all: printed 93,322, recomputed 93,322: exact
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from coursecnn._toml import parse, read_toml
from coursecnn._values import at, choice, cut, shown

if TYPE_CHECKING:
    from coursecnn.evidence._bands import Band

Origin: TypeAlias = Literal["lecture", "inherited", "other"]

SHIPPED = Path(__file__).parent / "published.toml"  # the numbers that the book compares
LECTURE = "Lecture "  # with which the source of what a lecture prints begins
COLUMNS = ("What", "Printed", "Found here", "Verdict")
MIME_TYPE = "application/vnd.coursecnn.ledger+json"
FIELDS = frozenset({"printed", "unit", "meaning", "source", "kind"})
OPTIONAL = frozenset({"step"})
KINDS = ("recomputed", "adopted", "measured", "cited")
VERBS = {"recomputed": "compare", "adopted": "compare", "measured": "judge", "cited": "cite"}
SCALES = {
    "": Decimal(1),
    "%": Decimal("0.01"),
    "k": Decimal(1_000),
    "K": Decimal(1_000),
    "M": Decimal(1_000_000),
    "B": Decimal(1_000_000_000),
    "thousand": Decimal(1_000),
    "million": Decimal(1_000_000),
    "billion": Decimal(1_000_000_000),
}
NUMBER = re.compile(
    r"(?P<about>~)?(?P<sign>[-−])?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:e(?P<exponent>[-+]?\d{1,3}))?"
    r"\s?(?P<scale>%|thousand|million|billion|[kKMB])?"
)
TIMES = re.compile(r"\s*[×·*]\s*")  # between the factors of a product


class Verdict(StrEnum):
    """How a printed number stands beside what the course found.

    >>> compare("mnist.parameters_all", 93_322).verdict
    <Verdict.EXACT: 'exact'>
    """

    EXACT = "exact"
    ROUNDS = "rounds"
    TRUNCATED = "truncated"
    ERRATUM = "erratum"
    ADOPTED = "adopted"
    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    NO_POWER = "no power"
    CITED = "cited"


REFUTED = frozenset({Verdict.ERRATUM, Verdict.NOT_REPRODUCED})
UNCHECKED = (Verdict.ADOPTED, Verdict.CITED)  # which say nothing for the printed number
MARKS = {
    Verdict.EXACT: "✓",
    Verdict.ROUNDS: "≈",
    Verdict.TRUNCATED: "≈",
    Verdict.ERRATUM: "✗",
    Verdict.ADOPTED: "=",
    Verdict.REPRODUCED: "✓",
    Verdict.NOT_REPRODUCED: "✗",
    Verdict.NO_POWER: "?",
    Verdict.CITED: "❝",
}


@dataclass(frozen=True)
class Printed:
    """A number as it was printed: its value, and the unit of its last printed place.

    >>> printed = parse_printed("358M")
    >>> printed.low, printed.high
    (Decimal('357500000'), Decimal('358500000'))

    Attributes:
        text: as printed.
        value: what it says.
        step: what its last printed place is worth, or of a round number the last one that is meant.
    """

    text: str
    value: Decimal
    step: Decimal

    @property
    def low(self) -> Decimal:
        """The smallest number that rounds to the printed one."""
        return self.value - self.step / 2

    @property
    def high(self) -> Decimal:
        """The largest number that rounds to the printed one."""
        return self.value + self.step / 2

    def begins(self, number: Decimal) -> bool:
        """Whether the printed digits are the first ones of a number, cut off and not rounded.

        >>> parse_printed("3.8").begins(Decimal("3.86"))
        True
        """
        sign = -1 if number < 0 else 1
        return 0 <= sign * (number - self.value) < self.step


def parse_printed(text: str) -> Printed:
    """Read a number as people print it, and keep how precisely they printed it.

    Args:
        text: digits with optional thousands commas, decimals, exponent, and one of the scales
            `%`, `k`, `K`, `M`, `B`, `thousand`, `million`, `billion`. A `~` in front says that the
            writer rounded, so that zeros at the end are no printed places. Or a product of whole
            numbers, which a source may leave to its reader.

    Raises:
        ValueError: if the text is not one such number.

    >>> parse_printed("358M").value, parse_printed("358M").step
    (Decimal('358000000'), Decimal('1000000'))
    >>> parse_printed("3.57 %").value, parse_printed("3.57 %").step
    (Decimal('0.0357'), Decimal('0.0001'))
    >>> parse_printed("800K").step, parse_printed("~800K").step
    (Decimal('1000'), Decimal('100000'))
    >>> parse_printed("11×11×3×96").value
    Decimal('34848')
    """
    factors = TIMES.split(text.strip())
    if len(factors) > 1 and all(factor.isdecimal() for factor in factors):
        return Printed(text, Decimal(prod(map(int, factors))), Decimal(1))
    match = NUMBER.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"text must be one printed number such as '1,024' or '3.6 %', got {shown(text)}"
        )
    digits = match["digits"].replace(",", "")
    places = len(digits.partition(".")[2])
    if match["about"] and not places:
        places = -len(digits) + len(digits.rstrip("0") or "0")
    scale = SCALES[match["scale"] or ""] * Decimal(10) ** int(match["exponent"] or 0)
    value = scale * Decimal(digits) * (-1 if match["sign"] else 1)
    return Printed(text, _plain(value), _plain(scale / Decimal(10) ** places))


def _plain(number: Decimal) -> Decimal:
    """The same number without an exponent, so that it shows all its digits."""
    return Decimal(f"{number.normalize():f}")


@dataclass(frozen=True)
class Entry:
    """One number that was printed elsewhere.

    Attributes:
        key: its dotted name in `published.toml`.
        printed: the number as printed.
        unit: what it counts ("parameters", "operations", "test accuracy").
        meaning: what it says, in one sentence.
        source: where it stands, down to the slide, section or table.
        kind: "recomputed" (arithmetic can check it), "adopted" (the course's own network is built
            with it, so that nothing is left to compute), "measured" (a run can check it), or
            "cited".

    >>> entry("mnist.parameters_all").meaning
    'The whole MNIST network'
    """

    key: str
    printed: Printed
    unit: str
    meaning: str
    source: str
    kind: str

    @property
    def origin(self) -> Origin:
        """Whether a lecture printed it, a lecture that took it from elsewhere, or somebody else.

        >>> entry("googlenet.table1_ops_conv1").origin
        'inherited'
        """
        first, _, further = self.source.partition("; ")
        if not first.startswith(LECTURE):
            return "other"
        return "inherited" if further else "lecture"


def entries() -> Mapping[str, Entry]:
    """All entries of `published.toml`, by key.

    >>> len(entries()) > 500, "mnist.parameters_all" in entries()
    (True, True)
    """
    return _shipped_entries()


def entry(key: str) -> Entry:
    """The entry called `key`.

    Raises:
        KeyError: if there is none; the message offers the nearest keys.

    >>> entry("mnist.parameters_all").printed.value
    Decimal('93322')
    """
    known = entries()
    if key not in known:
        near = get_close_matches(key, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "see published.toml for all keys"
        raise KeyError(f"published.toml has no entry {key!r}; {hint}")
    return known[key]


@cache
def _shipped_entries() -> Mapping[str, Entry]:
    return read(SHIPPED)


def read(path: Path) -> Mapping[str, Entry]:
    """Read a file such as `published.toml`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: as `read_entries`; names the file.

    >>> read(SHIPPED) == entries()
    True
    """
    tables = read_toml(path)
    with at(path.name):
        return _entries(tables)


def read_entries(text: str) -> Mapping[str, Entry]:
    """Read the text of a `published.toml`.

    Raises:
        ValueError: if an entry is no table, lacks a field, has one too many or one that is blank or
            no text, or a strange kind; names the entry.

    >>> what = 'printed = "55", unit = "pixels", meaning = "Side of a map"'
    >>> where = 'source = "A slide", kind = "recomputed"'
    >>> read_entries(f"demo.side = {{{what}, {where}}}")["demo.side"].printed.value
    Decimal('55')
    """
    return _entries(parse(text))


def _entries(tables: Mapping[str, Any]) -> Mapping[str, Entry]:
    found = {}
    for key, fields in _flatten(tables):
        with at(key):
            found[key] = _entry(key, fields)
    return found


def _flatten(
    tables: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Nested TOML tables as (dotted key, fields)."""
    for name, value in tables.items():
        key = f"{prefix}{name}"
        if not isinstance(value, dict):
            with at(key):
                raise ValueError(f"an entry is a table, [chapter.name], got {shown(value)}")
        if any(isinstance(field, dict) for field in value.values()):
            yield from _flatten(value, f"{key}.")
        else:
            yield key, value


def _entry(key: str, fields: Mapping[str, Any]) -> Entry:
    if fields.keys() - OPTIONAL != FIELDS:
        wrong = cut(", ".join(sorted((fields.keys() - OPTIONAL) ^ FIELDS)))
        raise ValueError(f"an entry has exactly {', '.join(sorted(FIELDS))}; check {wrong}")
    for name, value in fields.items():
        if not isinstance(value, str):
            raise ValueError(f"{name} must be text in quotes, got {shown(value)}")
    blank = [name for name, value in fields.items() if not value.strip()]
    if blank:
        raise ValueError(f"{', '.join(blank)} must not be blank")
    choice("kind", fields["kind"], KINDS)
    printed = parse_printed(fields["printed"])
    if "step" in fields:
        printed = replace(printed, step=parse_printed(fields["step"]).value)
        if printed.step <= 0 or printed.value % printed.step:
            raise ValueError(f"step must divide the printed number, got {shown(fields['step'])}")
    return Entry(key, printed, **{name: fields[name] for name in FIELDS - {"printed"}})


@dataclass(frozen=True)
class Finding:
    """A printed number, what the course found, and the verdict.

    >>> print(Finding(entry("mnist.parameters_all"), "recomputed 93,322", Verdict.EXACT))
    mnist.parameters_all: printed 93,322, recomputed 93,322: exact
    """

    entry: Entry
    found: str
    verdict: Verdict

    def __str__(self) -> str:
        words = [f"printed {self.entry.printed.text}", self.found]
        return f"{self.entry.key}: {', '.join(filter(None, words))}: {self.verdict}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return Table((self,))._repr_mimebundle_()


@dataclass(frozen=True)
class Table:
    """Several findings, folded behind one line; what does not hold is shown unfolded.

    Printed, it is a line for each finding. A notebook shows `summary` instead, which unfolds to a
    table: the evidence is there for those who ask for it, and does not interrupt the others.

    >>> shown = table(compare("mnist.parameters_all", 93_322), cite("cortex.visual_areas"))
    >>> print(shown)
    mnist.parameters_all: printed 93,322, recomputed 93,322: exact
    cortex.visual_areas: printed 32: cited
    >>> shown.summary
    'Checked here: 1 of 1 holds; 1 more is cited'
    """

    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))

    @property
    def summary(self) -> str:
        """How many of the findings were checked, and how many of these hold, in one line."""
        verdicts = Counter(finding.verdict for finding in self.findings)
        weak = verdicts[Verdict.NO_POWER]
        checked = verdicts.total() - sum(verdicts[verdict] for verdict in UNCHECKED)
        holding = checked - weak - sum(verdicts[verdict] for verdict in REFUTED)
        parts = []
        if checked:
            parts = [f"Checked here: {holding} of {checked} hold{'s' if checked == 1 else ''}"]
        if weak:
            parts.append(f"{weak} cannot be decided by these runs")
        for verdict in UNCHECKED:
            if number := verdicts[verdict]:
                more = f"{number} more {'is' if number == 1 else 'are'} {verdict}"
                only = f"{verdict.capitalize()} here: {number} number{'' if number == 1 else 's'}"
                parts.append(more if parts else only)
        return "; ".join(parts)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            "text/plain": self.summary,
            "text/html": self._html(),
            MIME_TYPE: [
                {"key": f.entry.key, "found": f.found, "verdict": f.verdict.value}
                for f in self.findings
            ],
        }

    def _html(self) -> str:
        refuted = [f for f in self.findings if f.verdict in REFUTED]
        others = [f for f in self.findings if f.verdict not in REFUTED]
        if not refuted:
            return _folded(self.summary, _html_table(others))
        rest = _folded(f"The other {len(others)}", _html_table(others)) if others else ""
        return _folded(self.summary, _html_table(refuted) + rest, is_open=True)


def _folded(summary: str, content: str, *, is_open: bool = False) -> str:
    state = " open" if is_open else ""
    return (
        f'<details class="ledger"{state}><summary>{html.escape(summary)}</summary>{content}'
        "</details>"
    )


def _html_table(findings: Iterable[Finding]) -> str:
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = "".join(
        f'<tr class="{html_class(finding.verdict)}">'
        + "".join(f"<td>{cell}</td>" for cell in html_cells(finding).values())
        + "</tr>"
        for finding in findings
    )
    return f'<table class="ledger"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def html_cells(finding: Finding) -> dict[str, str]:
    """What a row of the ledger's table says, as HTML, by its column.

    >>> html_cells(compare("mnist.parameters_all", 93_322))["Printed"]
    '93,322 parameters'
    """
    entry, verdict = finding.entry, finding.verdict
    cells = (
        f"{html.escape(entry.meaning)}<br><small>{html.escape(entry.source)}</small>",
        html.escape(f"{entry.printed.text} {entry.unit}"),
        html.escape(finding.found or "not checked"),
        f"{MARKS[verdict]} {verdict}",
    )
    return dict(zip(COLUMNS, cells, strict=True))


def html_class(verdict: Verdict) -> str:
    """The class of a row with this verdict, for the style sheet.

    >>> html_class(Verdict.NO_POWER)
    'ledger-no-power'
    """
    return f"ledger-{verdict.replace(' ', '-')}"


def compare(key: str, recomputed: float) -> Finding:
    """Set a printed number beside the number that the course computes.

    Args:
        key: an entry of kind "recomputed", or "adopted".
        recomputed: the exact number, in the entry's unit; a share, not a percentage, for `%`.

    Returns:
        A finding with the verdict *exact*; *rounds*, to the printed number at the precision it was
        printed with; *truncated*, where the printed digits are right and the rest was cut off; or
        *erratum*. Of an entry that was adopted, the verdict is *adopted* where the course's network
        has that number, and else *erratum*.

    Raises:
        KeyError: if there is no such entry.
        ValueError: if the entry is of another kind.

    >>> print(compare("googlenet.bottleneck_operations", 271_351_808))
    googlenet.bottleneck_operations: printed 358M, recomputed 271,351,808: erratum
    >>> print(compare("alexnet.conv1_kernel", 11))
    alexnet.conv1_kernel: printed 11, built with 11: adopted
    """
    checked = _of_kind(key, "recomputed", "adopted")
    printed = checked.printed
    try:
        exact = Decimal(str(recomputed))
    except InvalidOperation:
        exact = Decimal("nan")
    if not exact.is_finite():
        raise ValueError(f"recomputed must be a finite number, got {recomputed!r}")
    if checked.kind == "adopted":
        verdict = Verdict.ADOPTED if exact == printed.value else Verdict.ERRATUM
        return Finding(checked, f"built with {_readable(exact, printed)}", verdict)
    if exact == printed.value:
        verdict = Verdict.EXACT
    elif printed.low <= exact <= printed.high:
        verdict = Verdict.ROUNDS
    elif printed.begins(exact):
        verdict = Verdict.TRUNCATED
    else:
        verdict = Verdict.ERRATUM
    return Finding(checked, f"recomputed {_readable(exact, printed)}", verdict)


def judge(key: str, band: Band) -> Finding:
    """Set a printed measurement beside the band in which a further run is expected to lie.

    Args:
        key: an entry of kind "measured".
        band: what runs of the same recipe gave, as `coursecnn.evidence.records.Record.band` returns
            it.

    Returns:
        A finding: *reproduced* where some number that rounds to the printed one lies in the band,
        *no power* where it does and hardly could have missed it (`Band.has_power`), and
        *not reproduced* where it does not.

    Raises:
        KeyError: if there is no such entry.
        ValueError: if the entry is of another kind.

    >>> from coursecnn.evidence import records
    >>> print(judge("mnist.test_accuracy", records.Band(0.98, 0.99, 0.985, 0.001, 5)))
    mnist.test_accuracy: printed 0.987, measured 0.98 to 0.99: reproduced
    """
    printed = _of_kind(key, "measured").printed
    inside = float(printed.low) <= band.high and band.low <= float(printed.high)
    found = Verdict.REPRODUCED if band.has_power else Verdict.NO_POWER
    verdict = found if inside else Verdict.NOT_REPRODUCED
    low, high = (_readable(Decimal(f"{edge:.4f}"), printed) for edge in (band.low, band.high))
    return Finding(entry(key), f"measured {low} to {high}", verdict)


def cite(key: str, original: str | None = None) -> Finding:
    """A printed number that the course takes over with its source, because it cannot check it.

    Args:
        key: an entry of kind "cited".
        original: the entry of the same thing where it was first printed, for a number that was
            passed on.

    Returns:
        A finding: *cited*; or *erratum*, if what was passed on is not what the original rounds to.

    Raises:
        KeyError: if there is no such entry.
        ValueError: if the entry is of a kind that the course can check.

    >>> print(cite("cortex.visual_areas"))
    cortex.visual_areas: printed 32: cited
    """
    printed = _of_kind(key, "cited").printed
    if original is None:
        return Finding(entry(key), "", Verdict.CITED)
    first = _of_kind(original, "cited").printed
    faithful = printed.low <= first.value <= printed.high
    verdict = Verdict.CITED if faithful else Verdict.ERRATUM
    return Finding(entry(key), f"the original has {first.text}", verdict)


def table(*findings: Finding) -> Table:
    """Show several findings behind one line, which unfolds to their table.

    >>> print(table(compare("mnist.parameters_base", 55_744), cite("cortex.visual_areas")))
    mnist.parameters_base: printed 55,744, recomputed 55,744: exact
    cortex.visual_areas: printed 32: cited
    """
    return Table(findings)


def _of_kind(key: str, *kinds: str) -> Entry:
    found = entry(key)
    if found.kind not in kinds:
        raise ValueError(f"{key} is {found.kind}, not {kinds[0]}: use ledger.{VERBS[found.kind]}")
    return found


def _readable(number: Decimal, printed: Printed) -> str:
    """The number with thousands commas, as a percentage where the source printed one."""
    if printed.text.strip().endswith("%"):
        return f"{_plain(number * 100):,f} %"
    return f"{_plain(number):,f}"
