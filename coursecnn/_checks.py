"""Refuse an argument that cannot be taken, and say what could.

What an int is, `coursecnn._values` decides, for arguments and for files.

>>> check_choice("pooling", "median", ("max", "average"))
Traceback (most recent call last):
ValueError: pooling must be one of 'max', 'average', got 'median'
>>> check_share("dropout", "0.5")
Traceback (most recent call last):
ValueError: dropout must be a number from 0 to 1, got '0.5'
"""

from collections.abc import Iterable
from typing import Any

from coursecnn._values import as_int, integer

__all__ = [
    "as_int",
    "as_plain",
    "check_activation",
    "check_choice",
    "check_count",
    "check_share",
]


def as_plain(value: Any) -> Any:
    """Read a size or a pair of sizes in ints and tuples; what is neither stays as it is.

    >>> as_plain([3, 5]), as_plain("same")
    ((3, 5), 'same')
    """
    if isinstance(value, tuple | list) or getattr(value, "ndim", 0) == 1:
        return tuple(as_plain(part) for part in value)
    number = as_int(value)
    return value if number is None else number


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Refuse a value that is not among the choices.

    Raises:
        ValueError: The value is another one.
    """
    allowed = tuple(choices)
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")


def check_count(name: str, value: object) -> int:
    """Read a number of things, at least one.

    Returns:
        The number as an int of Python.

    Raises:
        ValueError: The value is no int, or less than 1.

    >>> check_count("classes", 0)
    Traceback (most recent call last):
    ValueError: classes must be a positive int, got 0
    """
    return integer(name, value, least=1)


def check_share(name: str, value: object, *, below_one: bool = False) -> None:
    """Refuse what is no share of a whole and no probability.

    Args:
        name: Of the argument.
        value: Its value.
        below_one: The whole is too much.

    Raises:
        ValueError: The value is no number, less than 0, or more than 1.
    """
    number = -1 if isinstance(value, bool) or not isinstance(value, int | float) else value
    if not 0 <= number <= 1 or (below_one and number == 1):
        span = "from 0 to below 1" if below_one else "from 0 to 1"
        raise ValueError(f"{name} must be a number {span}, got {value!r}")


def check_activation(name: str, value: object) -> None:
    """Refuse what is neither None nor the name of an activation of Keras.

    Raises:
        ValueError: It is another thing.

    >>> check_activation("classifier_activation", "sofmax")
    Traceback (most recent call last):
    ValueError: classifier_activation must be None or a name of keras.activations, got 'sofmax'
    """
    from coursecnn.backend import keras  # only here: the other checks need no Keras

    known = isinstance(value, str) and hasattr(keras.activations, value)
    if value is not None and not known:
        raise ValueError(f"{name} must be None or a name of keras.activations, got {value!r}")
