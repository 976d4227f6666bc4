"""Exercises of chapter 16, *The same accuracy, faster*."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.evidence import records
from coursecnn.evidence.comparisons import FEWEST_PAIRS, paired
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.views import letters

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


def mended_and_spoiled(plain: Array, mirrored: Array, truth: NDArray[np.int_]) -> tuple[int, int]:
    """Count the images that only the mean of both answers gets right, or only the plain one."""
    alone = plain.argmax(axis=1) == truth
    together = (plain + mirrored).argmax(axis=1) == truth
    return int(np.sum(together & ~alone)), int(np.sum(alone & ~together))


def mended_by_the_mirror(plain: Array, mirrored: Array, truth: NDArray[np.int_]) -> tuple[int, int]:
    """The mistake: the answer to the mirror image counts, not the mean of both."""
    return mended_and_spoiled(plain, 3 * mirrored, truth)


def spoiled_and_mended(plain: Array, mirrored: Array, truth: NDArray[np.int_]) -> tuple[int, int]:
    """The mistake: the wrong way round."""
    mended, spoiled = mended_and_spoiled(plain, mirrored, truth)
    return spoiled, mended


def _judged_images(seed: int) -> tuple[Array, Array, NDArray[np.int_]]:
    generator = np.random.default_rng(seed)
    plain, mirrored = generator.dirichlet(np.ones(CLASSES), (2, 400))
    return plain, mirrored, generator.integers(0, CLASSES, 400)


# The rung that an own one is put on, and the runs of it that an answer is held against.
BASE = "ladder_tta_flip"
PLAUSIBLE = (60.0, 100.0)  # held-out accuracies of two epochs on this ladder, in per cent


def own_rung(answer: Any) -> str:
    """Judge accuracies in per cent, of the seeds 0, 1, ..., with a verdict, by the rung below.

    Returns:
        What is wrong: `"form"`, if it is no tuple of accuracies and a text; `"number"` of seeds;
        `"scale"` of the accuracies; `"verdict"`. Or `"right"`.
    """
    if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[1], str):
        return "form"
    try:
        new = np.asarray(answer[0], dtype=float)
    except (TypeError, ValueError):
        return "form"
    old = [100 * value for value in records.read(BASE).values("validation_accuracy")]
    if new.ndim != 1 or not FEWEST_PAIRS <= len(new) <= len(old):
        return "number"
    low, high = PLAUSIBLE
    if not np.all((new > low) & (new < high)):
        return "scale"
    return "right" if answer[1] == paired(list(new), old[: len(new)]).verdict else "verdict"


def sample_rung() -> tuple[tuple[float, ...], str]:
    """A recorded rung, handed in as if it were one's own: the first three runs of `bfloat16`."""
    new = [
        round(100 * value, 2)
        for value in records.read("ladder_bfloat16").values("validation_accuracy")
    ]
    old = [100 * value for value in records.read(BASE).values("validation_accuracy")]
    new, old = new[:FEWEST_PAIRS], old[:FEWEST_PAIRS]
    return tuple(new), paired(new, old).verdict


SAMPLE, VERDICT = sample_rung()


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
        name="faster.statements",
        solution="bdf",
        view=letters,
        hint="for each one, name the section that measures it, or a case where it is false.",
        mistakes=(
            Mistake("abdf", "a: values that must be moved, and steps, cost time as well."),
            Mistake(
                "bcdf", "c: open means that these runs cannot tell, not that nothing is there."
            ),
            Mistake(
                "bdef", "e: the mirror at judging changes no weight; it costs time at each use."
            ),
            Mistake("df", "b: a step that is too large in one direction is what limits the rate."),
            Mistake("bd", "f: how many epochs, and on which processor, both decide."),
        ),
    ),
    Exercise(
        name="faster.pairs",
        solution=18,
        hint="the interval reaches t·s/√n to both sides of the mean; t depends on n, too.",
        mistakes=(
            Mistake(
                16,
                "this takes 1.96 for t, as if the spread were known; with few pairs t is larger.",
            ),
            Mistake(4, "at four pairs the standard error equals the mean; the interval is wider."),
            Mistake(17, "with 17 pairs the interval still reaches a little below zero."),
        ),
    ),
    Exercise(
        name="faster.bug",
        solution=4,
        hint="images are (number, height, width, channels): which axis is left and right?",
        mistakes=(
            Mistake(3, "pixels between 0 and 1 are what the network wants."),
            Mistake(5, "the mean of both answers is what should count."),
            Mistake(6, "the class with the largest mean probability is the answer."),
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
        name="faster.mended",
        solution=mended_and_spoiled,
        cases=tuple(_judged_images(seed) for seed in range(3)),
        hint="two arrays of booleans, right alone and right together; then `&` and `~`.",
        mistakes=(
            Mistake(mended_by_the_mirror, "the mean of both answers counts, both alike."),
            Mistake(
                spoiled_and_mended, "first those that are right only together, then the others."
            ),
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
    Exercise(
        name="faster.own_rung",
        solution=(SAMPLE, VERDICT),
        view=own_rung,
        hint="a tuple: the accuracies in per cent, in the order of the seeds, and the verdict.",
        mistakes=(
            Mistake(
                (tuple(value / 100 for value in SAMPLE), VERDICT),
                "accuracies in per cent, such as 82.5.",
            ),
            Mistake(
                (SAMPLE[:2], VERDICT), "at least three seeds, and no more than the rung below has."
            ),
            Mistake(
                (SAMPLE, "loss" if VERDICT != "loss" else "gain"),
                "the interval of the paired differences says something else.",
            ),
        ),
    ),
)
