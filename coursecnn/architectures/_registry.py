"""What is known of each architecture: a row per name.

- `Architecture`: one row, and what it says in print;
- `rows`: those of a family, from a table that has a line for each network;
- `add`, `remove`, `find`, `REGISTERED`: all rows, by name, in the order in which they joined.

>>> network = Architecture("one", "own", builder=lambda classes=10: classes)
>>> network.options
{'classes': 10}
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from coursecnn._checks import check_count
from coursecnn.architectures.layers import Shape
from coursecnn.backend import keras

__all__ = ["OWN", "REGISTERED", "Architecture", "Builder", "add", "find", "remove", "rows"]

Builder: TypeAlias = Callable[..., keras.Model]

OWN = "own"  # the family of what a reader registers
NAME = re.compile(r"[^\W\d]\w*([-.]\w+)*")  # no *, ? or [, which `names` matches with


@dataclass(frozen=True)
class Architecture:
    """What is known of a network. `print` shows it with its builder's options and docstring.

    Attributes:
        name: By which `build` finds it.
        family: The module of `coursecnn.architectures` that it belongs to; "own" for a reader's.
        source: Paper, release or lecture, with the section or table; empty if there is none.
        input_shape: (height, width, channels) of an image, by default.
        classes: Number of outputs, by default; None for a network that ends in maps.
        parameters: Numbers in its weights, by default, trainable or not.
        trainable: Those among them that training changes.
        macs: Multiply-accumulates for one image of `input_shape`.
        builder: What builds a fresh model of it.

    What is unknown is None.

    Raises:
        ValueError: An attribute is not what it must be.

    >>> from coursecnn import architectures
    >>> lenet5 = architectures.describe("lenet5")
    >>> lenet5.input_shape, lenet5.parameters
    ((32, 32, 1), 61706)
    """

    name: str
    family: str
    source: str = ""
    input_shape: Shape | None = None
    classes: int | None = None
    parameters: int | None = None
    trainable: int | None = None
    macs: int | None = None
    builder: Builder = field(kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise ValueError(f"name must be of letters, digits, _, - and ., got {self.name!r}")
        if not isinstance(self.family, str) or not self.family:
            raise ValueError(f"family must be a word, got {self.family!r}")
        if not callable(self.builder):
            raise ValueError(f"builder must build a Keras model when called, got {self.builder!r}")
        self._check_numbers()

    def _check_numbers(self) -> None:
        shape: Any = self.input_shape
        if shape is not None and not (isinstance(shape, tuple) and len(shape) == 3):
            raise ValueError(f"input_shape must be (height, width, channels), got {shape!r}")
        for size in shape or ():
            check_count("input_shape's sizes", size)
        for number in ("classes", "parameters", "trainable", "macs"):
            if (value := getattr(self, number)) is not None:
                check_count(number, value)
        if None not in (self.parameters, self.trainable) and self.trainable > self.parameters:  # type: ignore[operator]
            raise ValueError(
                f"trainable must be among the {self.parameters} parameters, got {self.trainable!r}"
            )

    @property
    def options(self) -> Mapping[str, Any]:
        """The arguments of the builder that `build` hands on, with their defaults."""
        parameters = inspect.signature(self.builder).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is not p.VAR_KEYWORD}

    @property
    def documentation(self) -> str:
        """The docstring of the builder."""
        builder = self.builder.func if isinstance(self.builder, partial) else self.builder
        return inspect.getdoc(builder) or ""

    def check_options(self, names: Mapping[str, Any]) -> None:
        """Refuse options that the builder does not take.

        Raises:
            TypeError: It does not take one of them.

        >>> row = Architecture("one", "own", builder=lambda classes=10: classes)
        >>> row.check_options({"size": 1})
        Traceback (most recent call last):
        TypeError: one takes classes; got 'size'
        """
        parameters = inspect.signature(self.builder).parameters.values()
        unknown = [repr(name) for name in names if name not in self.options]
        if unknown and not any(p.kind is p.VAR_KEYWORD for p in parameters):
            takes = ", ".join(self.options) or "no options"
            raise TypeError(f"{self.name} takes {takes}; got {', '.join(unknown)}")

    def __str__(self) -> str:
        shape = "×".join(map(str, self.input_shape or ("of any size",)))
        facts = {
            "family": self.family,
            "source": self.source,
            "image": shape,
            "classes": self.classes,
            "parameters": _counted(self.parameters),
            "trainable": _counted(self.trainable),
            "MACs": _counted(self.macs),
            "options": ", ".join(map(_option, self.options.items())),
        }
        lines = [f"{label:12}{value}" for label, value in facts.items() if value]
        return "\n".join([self.name, *lines, "", self.documentation]).strip()


def _counted(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _option(item: tuple[str, Any]) -> str:
    name, default = item
    return name if default is inspect.Parameter.empty else f"{name}={default!r}"


def rows(
    family: str,
    source: str,
    input_shape: Shape,
    classes: int | None,
    *table: tuple[str, Builder, str, int, int, int],
) -> tuple[Architecture, ...]:
    """Make the rows of networks that share a source, an image and classes.

    Args:
        family: As in `Architecture`.
        source: As in `Architecture`, without the place in it.
        input_shape: As in `Architecture`.
        classes: As in `Architecture`.
        *table: Of each network its name, its builder, the place in the source, its parameters,
            the trainable ones, and its multiply-accumulates.

    >>> (row,) = rows("own", "A paper", (8, 8, 1), 2, ("one", dict, "table 1", 130, 130, 128))
    >>> row.source, row.macs
    ('A paper, table 1', 128)
    """
    return tuple(
        Architecture(
            name,
            family,
            f"{source}, {place}" if place else source,
            input_shape,
            classes,
            parameters,
            trainable,
            macs,
            builder=builder,
        )
        for name, builder, place, parameters, trainable, macs in table
    )


_rows: dict[str, Architecture] = {}
REGISTERED: Mapping[str, Architecture] = MappingProxyType(_rows)


def add(row: Architecture) -> None:
    """Append a row.

    Raises:
        ValueError: Another one has its name.
    """
    if row.name in _rows:
        family = _rows[row.name].family
        raise ValueError(f"name must be a new one, got {row.name!r}, which is in family {family!r}")
    _rows[row.name] = row


def remove(name: str) -> None:
    """Take a row of one's own out again.

    Raises:
        ValueError: There is none of that name, or it belongs to the course.
    """
    if find(name).family != OWN:
        raise ValueError(f"name must be of a network of your own, got {name!r} of the course")
    del _rows[name]


def find(name: str) -> Architecture:
    """Return the row of a name.

    Raises:
        ValueError: There is none.
    """
    if name not in _rows:
        near = get_close_matches(str(name), _rows) or list(_rows)
        raise ValueError(f"name must be an architecture, such as {', '.join(near)}, got {name!r}")
    return _rows[name]
