"""The architecture explorer: networks drawn from what `accounting` counts, two at a time.

- `ArchitectureExplorer(tables, accuracies)`: what a notebook cell shows;
- `Accuracy(percent, protocol)`: how often a network is right, and how that was measured;
- `Origin(family, year)`: which networks it belongs to, and when it was published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import prod
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from coursecnn.interactive import page
from coursecnn.models._kinds import kind_of_type

LONGEST_BLOCK = 64  # rows of a block that is repeated
NO_BREAK_SPACE = "\u00a0"
NUMBER = re.compile(r"(\d+)")
YEAR = re.compile(r"(?<![\d:.])(?:19|20)\d\d(?![\d.])")  # of a source, and no number of arXiv
# A space ends a name on the page, and "#" counts on; names of a user's layers may hold both.
MEANT_OTHERWISE = {
    ord(" "): "\N{NO-BREAK SPACE}",
    ord("#"): "\N{FULLWIDTH NUMBER SIGN}",
}
# What is drawn in a colour of its own; all else only passes values on, or changes each alone.
COLOURED = ("convolution", "dense", "pooling", "join")


class Accuracy(NamedTuple):
    """A published accuracy.

    Attributes:
        percent: of the images, those that are classified rightly.
        protocol: what the network saw of each image.

    >>> Accuracy(71.5, "one crop").percent
    71.5
    """

    percent: float
    protocol: str


class Origin(NamedTuple):
    """Where a network comes from.

    Attributes:
        family: the networks that it belongs to.
        year: in which it was published; None where that is not known.

    >>> Origin("vgg", 2015).year
    2015
    """

    family: str
    year: int | None = None

    @classmethod
    def of(cls, described: Any) -> Origin:
        """Read it from what `architectures.describe` says.

        >>> from coursecnn.architectures import describe
        >>> Origin.of(describe("vgg16")), Origin.of(describe("mnist_tutorial"))
        (Origin(family='vgg', year=2015), Origin(family='lectures', year=None))
        """
        found = YEAR.search(described.source)
        return cls(described.family, int(found[0]) if found else None)


class Row(NamedTuple):
    """A layer, without its name: what it is, what comes out of it, and what it costs."""

    type: str
    shape: tuple[int, ...]
    values: int
    params: int
    macs: int


class Step(NamedTuple):
    """Layers that follow one another, `times` over.

    In a name, each time adds 1 to the numbers after "#": "unit#1_conv2" is "unit2_conv2" the
    second time.
    """

    times: int
    names: list[str]
    rows: list[Row]


class ArchitectureExplorer:
    """Networks, layer by layer: drawn, priced, and two of them side by side.

    Args:
        tables: by the name of a network, a Keras model, or the table of it that `costs.layer_table`
            makes; the first two are shown at the beginning.
        accuracies: of those networks for which one was published.
        origins: of those networks that are to be listed by family and drawn by year.

    In the page the reader can also open a network of their own, from a file that
    `coursecnn draw NETWORK` or `coursecnn count NETWORK --format json` wrote.

    Examples:
        >>> from coursecnn.models.costs import layer_table
        >>> from coursecnn.architectures import build
        >>> tables = {name: layer_table(build(name)) for name in ("lenet5", "mnist_tutorial")}
        >>> ArchitectureExplorer(tables, {})
        Architecture explorer
        lenet5: 9 layers, 61,706 parameters, 416,520 MACs, 9,238 values
        mnist_tutorial: 9 layers, 93,322 parameters, 2,794,240 MACs, 38,394 values
    """

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame | Any],
        accuracies: Mapping[str, Accuracy],
        *,
        origins: Mapping[str, Origin] = MappingProxyType({}),
    ) -> None:
        """Keep the tables.

        Raises:
            ValueError: there are fewer than two networks, an accuracy or an origin belongs to none
                of them, or a number is not finite.
        """
        if len(tables) < 2:
            raise ValueError(f"tables must hold two networks or more, got {list(tables)}")
        if unknown := set(accuracies) - set(tables):
            raise ValueError(f"accuracies must be of networks in tables, got {sorted(unknown)}")
        if unknown := set(origins) - set(tables):
            raise ValueError(f"origins must be of networks in tables, got {sorted(unknown)}")
        self._origins = dict(origins)
        self._tables = {name: _checked(name, _table(found)) for name, found in tables.items()}
        self._accuracies = {name: Accuracy(*value) for name, value in accuracies.items()}
        for name, accuracy in self._accuracies.items():
            page.check_finite(f"accuracies[{name!r}]", accuracy.percent)

    def __repr__(self) -> str:
        lines = [
            f"{name}: {len(table):,} layers, {table['params'].sum():,} parameters, "
            f"{table['macs'].sum():,} MACs, {table['values'].sum():,} values"
            for name, table in self._tables.items()
        ]
        return "\n".join(["Architecture explorer", *lines])

    def _repr_html_(self) -> str:
        networks = {name: steps(table) for name, table in self._tables.items()}
        every = (row for found in networks.values() for step in found for row in step.rows)
        numbers = {row: number for number, row in enumerate(dict.fromkeys(every))}
        types = sorted({row.type for row in numbers})
        data = {
            "types": [{"name": name, "kind": _kind(name)} for name in types],
            "rows": [_plain(row, types) for row in numbers],
            "networks": [
                {
                    "name": name,
                    "steps": [
                        [step.times, " ".join(step.names), [numbers[row] for row in step.rows]]
                        for step in found
                    ],
                    "accuracy": self._accuracies.get(name),
                    "origin": self._origins.get(name),
                }
                for name, found in networks.items()
            ],
        }
        return page.fragment("explorer.js", "Architecture explorer", data, self._static())

    def _static(self) -> str:
        """What each network costs."""
        head = "".join(f"<th>{word}" for word in ("network", "parameters", "MACs", "values"))
        rows = [
            f"<tr><td>{escape(name)}"
            + "".join(f"<td>{table[column].sum():,}" for column in ("params", "macs", "values"))
            for name, table in self._tables.items()
        ]
        caption = "<caption>what one image costs in each network</caption>"
        return f"<table>{caption}<tr>{head}{''.join(rows)}</table>"


def _table(found: Any) -> pd.DataFrame:
    """The layer table of a model; a table is one."""
    if isinstance(found, pd.DataFrame):
        return found
    from coursecnn.models.costs import layer_table

    return layer_table(found)


def _checked(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """A table that the page can show. It has names in a row, with spaces between them."""
    for column in ("values", "params", "macs"):
        page.check_finite(f"column {column!r} of {name!r}", table[column])
    return table.assign(layer=[re.sub(r"\s", NO_BREAK_SPACE, str(name)) for name in table["layer"]])


def steps(table: pd.DataFrame) -> list[Step]:
    """A table of layers in few words: what is repeated stands there once.

    >>> table = pd.DataFrame({"layer": ["unit1_conv", "unit2_conv"], "type": 2 * ["Conv2D"],
    ...     "output_shape": 2 * [(8, 8, 4)], "values": 256, "params": 148, "macs": 9216})
    >>> steps(table)[0].times, steps(table)[0].names
    (2, ['unit#1_conv'])
    """
    names = [str(name).translate(MEANT_OTHERWISE) for name in table["layer"]]
    columns = ("type", "output_shape", "values", "params", "macs")
    rows = [Row(*row) for row in zip(*(table[column].tolist() for column in columns), strict=True)]
    found: list[Step] = []
    for step in _repetitions(names, rows):
        if found and step.times == found[-1].times == 1:
            found[-1] = Step(1, found[-1].names + step.names, found[-1].rows + step.rows)
        else:
            found.append(step)
    return found


def _repetitions(names: Sequence[str], rows: Sequence[Row]) -> Iterator[Step]:
    """The longest repetition that begins at each place, from the first row to the last."""
    start = 0
    while start < len(rows):
        lengths = range(1, LONGEST_BLOCK + 1)
        candidates = (_repetition(names, rows, start, length) for length in lengths)
        longest = max(filter(None, candidates), key=_size, default=None)
        step = longest or Step(1, [names[start]], [rows[start]])
        yield step
        start += _size(step)


def _size(step: Step) -> int:
    return step.times * len(step.rows)


def _repetition(names: Sequence[str], rows: Sequence[Row], start: int, length: int) -> Step | None:
    """A block of so many rows, if others like it follow at once."""
    block, following = (slice(start + n * length, start + (n + 1) * length) for n in (0, 1))
    if rows[block] != rows[following]:
        return None
    patterns = [_pattern(*pair) for pair in zip(names[block], names[following], strict=True)]
    times = 1
    while rows[block] == rows[following] and names[following] == [
        named(pattern, times) for pattern in patterns
    ]:
        times += 1
        following = slice(following.stop, following.stop + length)
    return Step(times, patterns, list(rows[block])) if times > 1 else None


def _pattern(name: str, following: str) -> str:
    """The name with "#" before the numbers that another one changes."""
    parts, others = NUMBER.split(name), NUMBER.split(following)
    if len(parts) != len(others):
        return name
    return "".join(
        f"#{part}" if part != other and part.isdigit() else part
        for part, other in zip(parts, others, strict=True)
    )


def named(pattern: str, times: int) -> str:
    """The name of a layer after so many repetitions.

    >>> named("conv4_unit#1_conv2", 5)
    'conv4_unit6_conv2'
    """
    return re.sub(r"#(\d+)", lambda number: str(int(number[1]) + times), pattern)


def _kind(name: str) -> str:
    kind = kind_of_type(name)
    return kind if kind in COLOURED else "other"


def _plain(row: Row, types: Sequence[str]) -> list[object]:
    """[type, shape, params, macs], and the values where the shape does not say them."""
    plain: list[object] = [types.index(row.type), row.shape, row.params, row.macs]
    is_one = all(isinstance(size, int) for size in row.shape)
    return plain if is_one and prod(row.shape) == row.values else [*plain, row.values]
