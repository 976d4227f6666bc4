"""What an exercise is: a right answer, known mistakes, and how an answer compares with them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from coursecnn.exercises.views import as_it_is


@dataclass(frozen=True)
class Feedback:
    """What a reader is told about an answer.

    >>> Feedback(correct=True, message="Correct.")
    Correct.
    """

    correct: bool
    message: str

    def __repr__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and the hint that helps them on.

    >>> Mistake(answer=24, hint="count the bias too").hint
    'count the bias too'
    """

    answer: Any
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        name: `chapter.exercise`.
        solution: the right answer: a value, an array, or a function.
        mistakes: known wrong answers, each with its hint.
        cases: for a function, the argument tuples on which it is compared with the solution.
        hint: what to tell whoever gives any other wrong answer.
        tolerance: the largest relative difference from the right answer that still counts.
        view: what of a value counts, where many answers are right: these have the same view.

    >>> product = Mistake(6, hint="do not multiply")
    >>> exercise = Exercise("demo.sum", solution=5, hint="add them", mistakes=(product,))
    >>> exercise.feedback(6)
    Not yet: do not multiply
    >>> exercise.feedback(5)
    Correct.
    """

    name: str
    solution: Any
    hint: str
    mistakes: tuple[Mistake, ...] = ()
    cases: tuple[tuple[Any, ...], ...] = ()
    tolerance: float = 1e-6
    view: Callable[[Any], Any] = as_it_is

    def feedback(self, answer: Any) -> Feedback:
        """Compare `answer` with the solution, then with the known mistakes."""
        if answer is ...:
            return Feedback(False, "Your turn: replace the three dots with your answer.")
        if callable(self.solution) and not callable(answer):
            kind = type(answer).__name__
            return Feedback(False, f"Not yet: the answer must be a function, got {kind}.")
        try:
            return self._compare(answer)
        except Exception as error:  # the reader's own function may raise anything
            return Feedback(False, f"Not yet: your answer raised {type(error).__name__}: {error}")

    def _compare(self, answer: Any) -> Feedback:
        results = self._results(answer)
        if self._same(results, self._results(self.solution)):
            return Feedback(True, "Correct.")
        for mistake in self.mistakes:
            if self._same(results, self._results(mistake.answer)):
                return Feedback(False, f"Not yet: {mistake.hint}")
        return Feedback(False, f"Not yet: {self.hint}")

    def _results(self, answer: Any) -> tuple[Any, ...]:
        """The answer as values: its view, or what the function gives on the cases."""
        if callable(self.solution):
            function: Callable[..., Any] = answer
            # On copies: a function that writes into its arguments must not change the question.
            return tuple(function(*deepcopy(case)) for case in self.cases)
        return (self.view(answer),)

    def _same(self, left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
        return all(_equal(a, b, self.tolerance) for a, b in zip(left, right, strict=True))


def _equal(left: Any, right: Any, tolerance: float) -> bool:
    """Whether two values agree: numbers and arrays within the tolerance, anything else exactly."""
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    a, b = np.asarray(left), np.asarray(right)
    if a.shape != b.shape:
        return False
    if np.issubdtype(a.dtype, np.number) and np.issubdtype(b.dtype, np.number):
        return bool(np.allclose(a, b, rtol=tolerance, atol=1e-9))
    return bool(np.array_equal(a, b))
