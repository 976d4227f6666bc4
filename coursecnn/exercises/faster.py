"""Exercises of chapter 16, *The same accuracy, faster*."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from coursecnn.exercises.answers import Exercise, Mistake

BUDGET = 20_741_120  # products that the lecture's network makes for an image
CLASSES = 10

Array = NDArray[np.float64]


def zca(patches: Array) -> Array:
    """Whiten patches, one a row, and turn them back into the basis of the pixels."""
    centred = patches - patches.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(patches, rowvar=False))
    return centred @ (directions / np.sqrt(variances)) @ directions.T


def zca_off_centre(patches: Array) -> Array:
    """The mistake: the mean stays where it was."""
    return zca(patches) + patches.mean(axis=0)


def zca_of_variances(patches: Array) -> Array:
    """The mistake: each direction is divided by its variance, not by the deviation."""
    variances, directions = np.linalg.eigh(np.cov(patches, rowvar=False))
    return (patches - patches.mean(axis=0)) @ (directions / variances) @ directions.T


def verdict(new: list[float], old: list[float]) -> str:
    """Judge a change by its differences, seed by seed."""
    low, high = stats.ttest_rel(new, old).confidence_interval(0.95)
    return "gain" if low > 0 else "loss" if high < 0 else "open"


def verdict_unpaired(new: list[float], old: list[float]) -> str:
    """The mistake: runs of the same seed are compared as if they were strangers."""
    low, high = stats.ttest_ind(new, old).confidence_interval(0.95)
    return "gain" if low > 0 else "loss" if high < 0 else "open"


def verdict_of_means(new: list[float], old: list[float]) -> str:
    """The mistake: the means alone decide, however much the differences scatter."""
    return "gain" if np.mean(new) > np.mean(old) else "loss"


def products(widths: tuple[int, ...], size: int = 32, patch: int = 4, stride: int = 2) -> int:
    """Count the products for an image in a network like `cifar10_fast`, with other stages."""
    side, channels = (size - patch) // stride + 1, 2 * 3 * patch**2
    count = side**2 * channels * 3 * patch**2
    for width in widths:
        count += side**2 * 9 * channels * width
        side //= 2
        count += side**2 * 9 * width * width
        channels = width
    return count + channels * CLASSES


def three_stages(answer: Any) -> tuple[bool, int]:
    """Tell whether an answer is three growing widths, and if they cost too little or too much."""
    if not isinstance(answer, tuple) or len(answer) != 3:
        return False, 0
    form = all(width % 16 == 0 for width in answer) and list(answer) == sorted(answer)
    share = products(answer) / BUDGET
    return form, int(share > 1) - int(share < 0.95)


EXERCISES = (
    Exercise(
        name="faster.steps",
        solution=2 * 391,
        hint="count the batches of one epoch, the last one with what is left over.",
        mistakes=(
            Mistake(391, "these are the steps of one epoch; there are two."),
            Mistake(2 * 390, "the last, smaller batch is a step as well."),
            Mistake(2 * 1563, "this is with batches of 32."),
        ),
    ),
    Exercise(
        name="faster.rate",
        solution=0.25,
        tolerance=1e-3,
        hint="half of 1 plus the cosine of two thirds of half a turn.",
        mistakes=(
            Mistake(1 / 3, "this would be so on a straight line; the fall is a cosine."),
            Mistake(0.75, "this is the rate after one third of the fall."),
            Mistake(-0.5, "this is the cosine itself; it runs from 1 to -1, the rate from 1 to 0."),
        ),
    ),
    Exercise(
        name="faster.smoothed",
        solution=0.84,
        hint="1 - 0.2 is the right class's own; of the 0.2, every class gets the same.",
        mistakes=(
            Mistake(0.8, "the right class gets its part of the 0.2, too."),
            Mistake(0.82, "this is with ten classes; here there are five."),
            Mistake(1, "this is what a label that is sure would ask for."),
        ),
    ),
    Exercise(
        name="faster.same_way",
        solution=1 / 32,
        hint="both ways of seeing only one side: six times as it is, or six times mirrored.",
        mistakes=(
            Mistake(1 / 64, "never mirrored is only half of it: always mirrored counts, too."),
            Mistake(1 / 2, "this is the share with two epochs."),
            Mistake(0, "this is so if the ways alternate; here they are drawn."),
        ),
    ),
    Exercise(
        name="faster.counting",
        solution=2**11,
        hint="with 11 binary digits, how large is a number whose last digit is worth 2?",
        mistakes=(
            Mistake(2**10, "1024 + 1 = 1025 still fits into 11 binary digits."),
            Mistake(2**11 - 1, "2047 + 1 = 2048 can be written exactly."),
            Mistake(2**24, "this is where float32 stops counting."),
            Mistake(2**8, "this is where bfloat16 stops counting; float16 has more digits."),
        ),
    ),
    Exercise(
        name="faster.ratio",
        solution=10,
        hint="multiply epochs and time of an epoch on either side, then divide.",
        mistakes=(
            Mistake(4, "this counts the epochs alone; each is shorter, too."),
            Mistake(2.5, "this counts the time of an epoch alone; there are fewer, too."),
            Mistake(0.1, "this is the new time as a share of the old one."),
            Mistake(6.5, "factors are multiplied, not added."),
        ),
    ),
    Exercise(
        name="faster.zca",
        solution=zca,
        cases=tuple(
            (np.random.default_rng(seed).normal(1, 1, (50, size)) @ np.triu(np.ones((size, size))),)
            for seed, size in enumerate((2, 3, 5))
        ),
        hint="subtract the mean, turn into the directions, divide by the deviations, turn back.",
        mistakes=(
            Mistake(zca_off_centre, "subtract the mean before you turn."),
            Mistake(zca_of_variances, "divide by the square root of each variance."),
        ),
    ),
    Exercise(
        name="faster.verdict",
        solution=verdict,
        cases=(
            ([80.0, 82.0, 84.0], [79.0, 80.9, 83.1]),
            ([80.0, 82.0, 84.0], [81.0, 83.1, 84.9]),
            ([80.0, 82.0, 84.0], [81.0, 80.0, 84.5]),
            ([70.0, 70.2, 70.1, 69.9], [70.1, 70.0, 70.0, 69.8]),
        ),
        hint="subtract seed by seed, and see on which side of zero the interval of the mean lies.",
        mistakes=(
            Mistake(verdict_unpaired, "compare within each seed: much that differs is shared."),
            Mistake(verdict_of_means, 'if the interval holds zero, the answer is "open".'),
        ),
    ),
    Exercise(
        name="faster.fits",
        solution=21,
        hint="divide the time of twenty epochs by that of three: one small, two whole.",
        mistakes=(
            Mistake(18, "this is with whole images only; a third of the epochs is shorter."),
            Mistake(28, "this is with small images only; two thirds of the epochs are longer."),
            Mistake(7, "this counts groups of three epochs."),
            Mistake(20, "as many would take less time, but more fit."),
        ),
    ),
    Exercise(
        name="faster.stages",
        solution=(64, 96, 192),
        view=three_stages,
        hint="three widths, multiples of 16, none smaller than the one before; count by a loop.",
        mistakes=(
            Mistake((64, 128, 512), "more products than the lecture's network makes."),
            Mistake((32, 64, 128), "less than 95 % of the products: there is room for more."),
            Mistake((192, 96, 64), "no stage is narrower than the one before it."),
        ),
    ),
)
