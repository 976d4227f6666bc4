"""What of an answer in words counts, where many spellings are equally right.

The page of a chapter checks answers too: each of these has a twin of the same name in
`coursecnn/interactive/answers.js`, and the tests hold the two against one another.
"""

from __future__ import annotations

from typing import Any


def as_it_is(answer: Any) -> Any:
    """See all of an answer."""
    return answer


def letters(answer: Any) -> str:
    """See only which letters an answer names, in whatever order.

    >>> letters("c, A")
    'AC'
    """
    return "".join(sorted({letter for letter in str(answer).upper() if letter.isalpha()}))


def plain(answer: Any) -> str:
    """See words without their capitals and outer spaces.

    >>> plain(" Shared weights ")
    'shared weights'
    """
    return str(answer).strip().lower()


def without_spaces(answer: Any) -> str:
    """See an argument without the spaces, quotes and brackets that people write around it.

    >>> without_spaces("strides = (2)")
    'strides=2'
    """
    return "".join(letter for letter in str(answer).lower() if letter not in " '\"(),")


def layers(answer: Any) -> str:
    """See a row of layers as their names, however they are spelled.

    >>> layers("bn->ReLU")
    'BN -> RELU'
    """
    return " -> ".join(name.strip().upper() for name in str(answer).split("->"))
