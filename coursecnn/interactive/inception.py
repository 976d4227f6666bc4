"""The Inception cost calculator: what a module costs, with its bottlenecks and without.

- `InceptionCalculator(modules)`: what a notebook cell shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from coursecnn._checks import as_plain
from coursecnn.geometry import Convolution
from coursecnn.interactive import page
from coursecnn.interactive.page import Field

if TYPE_CHECKING:  # a row of widths is all that is needed of it, not Keras
    from coursecnn.architectures.googlenet import Inception

Module: TypeAlias = "tuple[tuple[int, int, int], Inception]"

FIELDS = (
    Field("size", "N, rows and columns", 1, 112),
    Field("channels", "C, input depth", 1, 1024),
    Field("one", "1×1 filters", 0, 512),
    Field("reduce3", "1×1 before 3×3", 0, 512),
    Field("three", "3×3 filters", 0, 512),
    Field("reduce5", "1×1 before 5×5", 0, 512),
    Field("five", "5×5 filters", 0, 512),
    Field("projection", "1×1 after pooling", 0, 512),
)


class Cost(NamedTuple):
    """What a module costs, and how deep its output is.

    >>> Cost(macs=854_196_224, params=1_089_952, depth=672).depth
    672
    """

    macs: int
    params: int
    depth: int


class InceptionCalculator:
    """An Inception module and its naive twin, which differ in their 1×1 reductions only.

    In the page the reader picks a module and changes the size and the depth of its input, and the
    six widths. The naive twin has the same 1×1, 3×3 and 5×5 filters; all of them read the whole
    depth, and its pooling keeps it. A branch of 0 filters is off, a bottleneck of 0 is none.

    Args:
        modules: by name, the shape (N, N, C) of the input and the widths, a row of
            `coursecnn.architectures.googlenet.INCEPTIONS`; the first is shown at the beginning.

    Examples:
        >>> from coursecnn.architectures.googlenet import INCEPTIONS
        >>> InceptionCalculator({"3a": ((28, 28, 192), INCEPTIONS["3a"])})
        Inception cost calculator
        3a: naive 303,464,448 MACs, with bottlenecks 128,049,152
    """

    def __init__(self, modules: Mapping[str, Module]) -> None:
        """Check and keep the modules.

        Raises:
            ValueError: there is none, an input is not square, or a number is none of `FIELDS`.
        """
        if not modules:
            raise ValueError(f"modules must hold at least one, got {modules!r}")
        self._settings = {name: _setting(name, *module) for name, module in modules.items()}

    def costs(self, name: str) -> tuple[Cost, Cost]:
        """What a module of the list costs: naive, and with its bottlenecks."""
        setting = self._settings[name]
        return _naive(**setting), _reduced(**setting)

    def __repr__(self) -> str:
        lines = [
            f"{name}: naive {naive.macs:,} MACs, with bottlenecks {reduced.macs:,}"
            for name in self._settings
            for naive, reduced in [self.costs(name)]
        ]
        return "\n".join(["Inception cost calculator", *lines])

    def _repr_html_(self) -> str:
        modules = [{"name": name, "setting": s} for name, s in self._settings.items()]
        data = {"fields": [field._asdict() for field in FIELDS], "modules": modules}
        return page.fragment("inception.js", "Inception cost calculator", data, self._static())

    def _static(self) -> str:
        """Both costs of every module."""
        titles = ("module", "naive, MACs", "with bottlenecks", "parameters", "with bottlenecks")
        rows = [
            (name, naive.macs, reduced.macs, naive.params, reduced.params)
            for name in self._settings
            for naive, reduced in [self.costs(name)]
        ]
        head = "".join(f"<th scope=col>{escape(title)}" for title in titles)
        body = "".join(
            f"<tr><th scope=row>{escape(name)}" + "".join(f"<td>{number:,}" for number in numbers)
            for name, *numbers in rows
        )
        return f"<table><tr>{head}{body}</table>"


def _setting(name: str, shape: tuple[int, int, int], widths: Inception) -> dict[str, int]:
    """The numbers of `FIELDS` for a module."""
    plain = as_plain(shape)
    if not isinstance(plain, tuple) or len(plain) != 3 or plain[0] != plain[1]:
        raise ValueError(f"modules must read (N, N, C), got {shape!r} for {name!r}")
    setting = {"size": plain[0], "channels": plain[2]}
    setting |= {key: as_plain(width) for key, width in asdict(widths).items()}
    page.check_fields(FIELDS, setting, of=repr(name))
    return setting


def _naive(**setting: int) -> Cost:
    return _reduced(**{**setting, "reduce3": 0, "reduce5": 0, "projection": 0})


def _reduced(
    size: int,
    channels: int,
    one: int,
    reduce3: int,
    three: int,
    reduce5: int,
    five: int,
    projection: int,
) -> Cost:
    """Price a module: a branch of 0 filters is off, a bottleneck of 0 is none."""
    branches = [
        (1, channels, one),
        (1, channels, reduce3 if three else 0),
        (3, reduce3 or channels, three),
        (1, channels, reduce5 if five else 0),
        (5, reduce5 or channels, five),
        (1, channels, projection),
    ]
    used = [branch for branch in branches if branch[2]]
    return _cost(size, used, depth=one + three + five + (projection or channels))


def _cost(size: int, branches: list[tuple[int, int, int]], depth: int) -> Cost:
    """Add up convolutions, each a kernel, the depth that it reads, and its filters."""
    layers = [
        (Convolution(filters, kernel, padding="same"), (size, size, channels))
        for kernel, channels, filters in branches
    ]
    macs = sum(layer.macs(shape) for layer, shape in layers)
    return Cost(macs, sum(layer.parameters(shape) for layer, shape in layers), depth)
