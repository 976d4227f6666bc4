"""Refuse a choice that an architecture does not have.

>>> check_choice("pooling", "median", ("max", "average"))
Traceback (most recent call last):
ValueError: pooling must be one of 'max', 'average', got 'median'
"""

from collections.abc import Iterable

__all__ = ["check_choice"]


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Refuse a value that is not among the choices.

    Raises:
        ValueError: The value is another one.
    """
    allowed = tuple(choices)
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
