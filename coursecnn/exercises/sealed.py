"""Exercises as the page of a chapter checks them, where no Python runs.

- `seal(exercise)`: all that `coursecnn/interactive/answers.js` needs, or None for an exercise that
  needs Python: a function, or an answer that only the package can judge.

What is sealed is masked, not secret: nobody reads an answer by the way in the source of a page,
and whoever wants to know it has the solution, folded, on the same page.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from coursecnn.exercises import views
from coursecnn.exercises.answers import Exercise

LARGEST = 2**53  # of the whole numbers that JavaScript tells apart


def seal(exercise: Exercise) -> dict[str, Any] | None:
    """An exercise for the page: how to ask, in the open, and what is right, masked.

    Returns:
        `name`, `kind` (number, text, list or matrix) and `sealed`; None where Python is needed.

    >>> from coursecnn.exercises import exercises
    >>> seal(exercises()["cortex.dense_parameters"])["kind"]
    'number'
    >>> seal(exercises()["cortex.secret_kernel"]) is None
    True
    """
    if callable(exercise.solution) or exercise.view.__module__ != views.__name__:
        return None
    view = exercise.view
    answers = [exercise.solution, *(mistake.answer for mistake in exercise.mistakes)]
    try:
        solution, *mistakes = [_plain(view(answer)) for answer in answers]
    except TypeError:
        return None
    content = {
        "solution": solution,
        "tolerance": exercise.tolerance,
        "view": view.__name__,
        "hint": exercise.hint,
        "mistakes": [
            {"answer": answer, "hint": mistake.hint}
            for answer, mistake in zip(mistakes, exercise.mistakes, strict=True)
        ],
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    masked = bytes(a ^ b for a, b in zip(text.encode(), _mask(exercise.name), strict=False))
    return {
        "name": exercise.name,
        "kind": _kind(solution),
        "sealed": base64.b64encode(masked).decode("ascii"),
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it.

    Raises:
        TypeError: it is none, or too large for JavaScript.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, int) and abs(value) > LARGEST:
        raise TypeError(f"value must be at most {LARGEST}, got {value}")
    if not isinstance(value, bool | int | float | str):
        raise TypeError(f"value must be a number, a text or a list of these, got {value!r}")
    return value


def _kind(solution: Any) -> str:
    if isinstance(solution, list):
        return "matrix" if solution and isinstance(solution[0], list) else "list"
    return "text" if isinstance(solution, str) else "number"


def _mask(name: str) -> Iterator[int]:
    """Bytes without end that follow from a name; `answers.js` has the same."""
    state = 2166136261
    for byte in name.encode():
        state = (state ^ byte) * 16777619 % 2**32
    while True:
        state = (state * 1664525 + 1013904223) % 2**32
        yield state >> 24
