"""Exercises of chapter 17, *The league*."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.evidence import records
from coursecnn.evidence.comparisons import FEWEST_PAIRS, paired
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.views import letters

Array = NDArray[np.float64]

RNG = np.random.default_rng(17)
DRAWN, TIED = RNG.random((5, 4)), np.array([[3.0, 3.0, 1.0], [2.0, 3.0, 1.0], [1.0, 3.0, 5.0]])
BUDGET, MOST = 10e6, 1.05  # MACs of an arm, and how many times that is allowed
PLAUSIBLE = (5.0, 100.0)  # accuracies in per cent
SAMPLE = ("league_unnormalised", "league_tanh")  # a recorded pair, handed in as if it were own


def false_calls(arms: int, confidence: float = 0.95) -> float:
    """How many pairs of equal arms are told apart on average, each by an interval of its own."""
    return arms * (arms - 1) / 2 * (1 - confidence)


def nemenyi(arms: int, seeds: int, quantile: float) -> float:
    """Critical difference of mean places."""
    return float(quantile * (arms * (arms + 1) / (6 * seeds)) ** 0.5)


def mean_places(table: Array) -> Array:
    """Mean places of the rows, over the columns: the largest has place 1, equal ones share."""
    better = (table[None] > table[:, None]).sum(axis=1)
    equal = (table[None] == table[:, None]).sum(axis=1)
    return np.asarray((better + (equal + 1) / 2).mean(axis=1))


def products(filters: int, kernel: int = 5) -> int:
    """MACs of the plain arm with other kernels, with `filters` in the stem and its first stage."""
    count, channels = 32 * 32 * 9 * 3 * filters, filters
    for stage in range(3):
        side, width = 16 // 2**stage, filters * 2**stage
        count += side**2 * kernel**2 * width * (channels + width)
        channels = width
    return count + 10 * channels


def widest(kernel: int = 5) -> int:
    """The most filters that the budget allows."""
    return max(filters for filters in range(1, 100) if products(filters, kernel) <= MOST * BUDGET)


def own_pair(answer: Any) -> str:
    """Judge accuracies of two arms in per cent, of the same seeds, and a verdict on them.

    Returns:
        What is wrong: `"form"`, if it is no tuple of two rows of accuracies and a text;
        `"number"` of seeds; `"scale"` of the accuracies; `"verdict"`. Or `"right"`.
    """
    if not isinstance(answer, tuple) or len(answer) != 3 or not isinstance(answer[2], str):
        return "form"
    try:
        new, old = (np.asarray(row, dtype=float) for row in answer[:2])
    except (TypeError, ValueError):
        return "form"
    if new.ndim != 1 or new.shape != old.shape or len(new) < FEWEST_PAIRS:
        return "number"
    low, high = PLAUSIBLE
    if not np.all((np.minimum(new, old) > low) & (np.maximum(new, old) < high)):
        return "scale"
    return "right" if answer[2] == paired(list(new), list(old)).verdict else "verdict"


def sample_pair() -> tuple[tuple[float, ...], tuple[float, ...], str]:
    """A recorded pair, handed in as if it were one's own."""
    new, old = (
        tuple(round(100 * value, 2) for value in records.read(name).values("validation_accuracy"))
        for name in SAMPLE
    )
    return new, old, paired(new, old).verdict


NEW, OLD, VERDICT = sample_pair()

EXERCISES = (
    Exercise(
        name="league.statements",
        solution="cde",
        view=letters,
        hint="for each, ask what was held equal, and what the runs can tell.",
        mistakes=(
            Mistake("acde", "a: equal are the MACs of an image, not the time that they take."),
            Mistake("bcde", "b: an interval that holds zero says what these runs cannot tell."),
            Mistake("cdef", "f: between a and c there may be a difference all the same."),
            Mistake("cd", "one more: what does choosing do to the images that one chooses by?"),
            Mistake("ce", "one more: what do places leave out?"),
            Mistake("de", "one more: how many pairs have a chance to be wrong?"),
        ),
    ),
    Exercise(
        name="league.false_calls",
        solution=false_calls(30),
        tolerance=1e-3,
        hint="how many pairs are there? Each is called wrongly with the same chance.",
        mistakes=(
            Mistake(30 * 29 * 0.05, "that counts each pair twice."),
            Mistake(30 * 0.05, "that is for 30 comparisons; how many pairs have 30 arms?"),
            Mistake(435 * 0.95, "that is how many are left open."),
            Mistake(435, "that is how many pairs there are; how many of them go wrong?"),
        ),
    ),
    Exercise(
        name="league.groups",
        solution=("AB", "BC", "CD"),
        hint="begin with the best; take all that are no further below it than 0.7; then the next.",
        mistakes=(
            Mistake(("AB", "CD"), "B and C are 0.6 apart: they belong into a group as well."),
            Mistake(("ABCD",), "A and D are further apart than the critical difference."),
            Mistake(("ABC", "BCD"), "are A and C closer than 0.7?"),
            Mistake(("AB", "BC", "CD", "D"), "D alone is part of CD already."),
        ),
    ),
    Exercise(
        name="league.places",
        solution=nemenyi(6, 10, 2.850),
        tolerance=2e-3,
        hint="the root holds k (k + 1) above, and six times the number of seeds below.",
        mistakes=(
            Mistake(nemenyi(6, 5, 2.850), "that is for five seeds."),
            Mistake((6 * 7 / 60) ** 0.5, "times the tabulated quantile."),
            Mistake(2.850 * 6 * 7 / 60, "the root is missing."),
            Mistake(nemenyi(10, 6, 2.850), "there are 6 arms and 10 seeds, not the other way."),
        ),
    ),
    Exercise(
        name="league.wrong_line",
        solution="e",
        hint="which line decides something, and by which images?",
        mistakes=(
            Mistake("a", "validation images are there to choose by."),
            Mistake("b", "a mean over the seeds is right."),
            Mistake("c", "this chooses, but by validation images."),
            Mistake("d", "reading test accuracies does no harm by itself: what is done with them?"),
            Mistake("f", "the line is right, if `best` was chosen rightly: was it?"),
        ),
    ),
    Exercise(
        name="league.mean_places",
        solution=mean_places,
        cases=((DRAWN,), (TIED,), (np.ones((3, 2)),)),
        hint="count in each column how many rows are larger; equal ones share their places.",
        mistakes=(
            Mistake(
                lambda table: mean_places(-table), "the largest accuracy must have the first place."
            ),
            Mistake(
                lambda table: (table[None] > table[:, None]).sum(axis=1).mean(axis=1) + 1,
                "rows that are equal share the mean of their places.",
            ),
            Mistake(lambda table: mean_places(table) - 1, "places are counted from 1."),
            Mistake(
                lambda table: mean_places(table.mean(axis=1, keepdims=True)),
                "first the places in each column, then their mean.",
            ),
        ),
    ),
    Exercise(
        name="league.widest",
        solution=widest(),
        hint="add up the stem, two convolutions in each stage, and the dense layer; then try.",
        mistakes=(
            Mistake(widest(3), "that is for 3×3 kernels."),
            Mistake(widest() + 1, "that is more than five per cent above ten million."),
            Mistake(28, "that is the plain arm: with 5×5 kernels it would cost far too much."),
        ),
    ),
    Exercise(
        name="league.own_pair",
        solution=(NEW, OLD, VERDICT),
        view=own_pair,
        hint="a tuple: accuracies of the one and of the other in per cent, and the verdict.",
        mistakes=(
            Mistake(
                (tuple(value / 100 for value in NEW), OLD, VERDICT),
                "accuracies in per cent, such as 42.5.",
            ),
            Mistake((NEW[:2], OLD[:2], VERDICT), "the same seeds for both, and at least three."),
            Mistake(
                (NEW, OLD, "loss" if VERDICT != "loss" else "gain"),
                "the interval of the paired differences says something else.",
            ),
        ),
    ),
)
