"""Refuse what an architecture cannot take, in one way.

- `checked_shape`: an input shape and a number of classes;
- `check_choice`: an argument with a few allowed values.

>>> checked_shape((32, 32, 3), classes=10, smallest=6)
(32, 32, 3)
>>> check_choice("pooling", "median", ("max", "average"))
Traceback (most recent call last):
ValueError: pooling must be one of 'max', 'average', got 'median'
"""

from collections.abc import Iterable
from typing import TypeAlias

__all__ = ["Shape", "check_choice", "checked_shape"]

Shape: TypeAlias = tuple[int, int, int]


def checked_shape(input_shape: Shape, classes: int, smallest: int) -> Shape:
    """Return the input shape as a tuple, or refuse it.

    Args:
        input_shape: (height, width, channels).
        classes: Number of outputs.
        smallest: Pixels that each side needs, so that every window of the network has a place.

    Raises:
        ValueError: A side is too small or open, or the channels or the classes are no number.
    """
    sizes = tuple(input_shape)
    if not (
        len(sizes) == 3
        and all(isinstance(size, int) for size in sizes)
        and min(sizes[:2]) >= smallest
        and sizes[2] >= 1
    ):
        raise ValueError(
            f"input_shape must be (height, width, channels) with sides of at least {smallest} "
            f"pixels, got {input_shape!r}: enlarge the images"
        )
    if not isinstance(classes, int) or classes < 1:
        raise ValueError(f"classes must be a positive int, got {classes!r}")
    return sizes[0], sizes[1], sizes[2]


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Refuse a value that is not among the choices.

    Raises:
        ValueError: The value is another one.
    """
    allowed = tuple(choices)
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
