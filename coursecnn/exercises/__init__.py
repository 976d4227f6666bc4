"""The checks behind the exercises.

`check(name, answer)` tells a reader whether an answer is right, and if it is a mistake that others
have made before, what to look at again. Each chapter's exercises are one table in a module of this
folder; an exercise is data: the right answer, and the known wrong ones with their hints.

>>> check("cortex.dense_parameters", ...)
Your turn: replace the three dots with your answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any

from coursecnn.exercises.answers import Exercise, Feedback

CHAPTERS = (
    "cortex",
    "convolution",
    "stride_padding_pooling",
    "first_cnn",
    "patterns",
    "lenet",
    "alexnet_zfnet",
    "vgg",
    "nin_googlenet",
    "resnet",
    "better_residuals",
    "other_roads",
    "comparison",
    "pretrained",
    "cifar10_lab",
    "faster",
    "league",
    "beyond_one_machine",
    "what_came_after",
)

__all__ = ["CHAPTERS", "Exercise", "Feedback", "check", "exercises"]


@cache
def exercises() -> Mapping[str, Exercise]:
    """All exercises of the course, by name (`chapter.exercise`).

    >>> exercises()["cortex.dense_parameters"].name
    'cortex.dense_parameters'
    """
    modules = (import_module(f"coursecnn.exercises.{chapter}") for chapter in CHAPTERS)
    return {exercise.name: exercise for module in modules for exercise in module.EXERCISES}


def check(name: str, answer: Any) -> Feedback:
    """Tell whether `answer` solves the exercise called `name`.

    Args:
        name: the exercise, `chapter.exercise`, as the chapter gives it.
        answer: a value, an array or a function, as the exercise asks; `...` for no answer yet.

    Raises:
        KeyError: if there is no such exercise; the message offers the nearest names.
    """
    known = exercises()
    if name not in known:
        near = get_close_matches(name, known, n=3, cutoff=0.4)
        chapters = ", ".join(f"{chapter}." for chapter in CHAPTERS)
        hint = f"did you mean {' or '.join(near)}?" if near else f"names begin with {chapters}"
        raise KeyError(f"no exercise is called {name!r}; {hint}")
    return known[name].feedback(answer)
