"""Exercises of chapter 14, *Pretrained models*."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake

CHANNELS = 512  # of the last map of VGG16
BREEDS = 37
BLOCKS_16 = 38_720 + 221_440 + 1_475_328 + 5_899_776  # of VGG16, up to block4_pool
BLOCK3_MORE, BLOCK4_MORE = 590_080, 2_359_808  # what VGG19 has more there
BLOCK5_CONV3 = 2_359_808
BASE = 14_714_688
MEANS = (103.939, 116.779, 123.68)  # blue, green, red

HEAD = (CHANNELS + 1) * BREEDS
RANDOM = np.random.default_rng(0)
SCORES = RANDOM.random((200, 10))
TRUTH = RANDOM.integers(10, size=200)


def prepare(pixel: Sequence[float]) -> list[float]:
    """Turn the order of a pixel round, and subtract the means."""
    return [value - mean for value, mean in zip(pixel[::-1], MEANS, strict=True)]


def not_turned(pixel: Sequence[float]) -> list[float]:
    """The mistake: red, green, blue, each with its own mean."""
    return prepare(pixel)[::-1]


def wrong_means(pixel: Sequence[float]) -> list[float]:
    """The mistake: the means of the other end."""
    return prepare(pixel[::-1])


def scaled(pixel: Sequence[float]) -> list[float]:
    """The mistake: this custom does not scale."""
    return [value / 255 for value in prepare(pixel)]


def error(scores: NDArray[Any], truth: NDArray[Any], k: int) -> float:
    """Say for which share of the rows the true class is not among the k best."""
    best = np.argsort(scores, axis=1)[:, -k:]
    return float(1 - np.mean(np.any(best == truth[:, None], axis=1)))


def accuracy(scores: NDArray[Any], truth: NDArray[Any], k: int) -> float:
    """The mistake: the share that is right."""
    return 1 - error(scores, truth, k)


def first_only(scores: NDArray[Any], truth: NDArray[Any], _k: int) -> float:
    """The mistake: only the best guess counts."""
    return error(scores, truth, 1)


def worst(scores: NDArray[Any], truth: NDArray[Any], k: int) -> float:
    """The mistake: the smallest scores, not the largest."""
    return error(-scores, truth, k)


EXERCISES = (
    Exercise(
        name="pretrained.head",
        solution=HEAD,
        hint="the mean leaves 512 numbers; each class has a weight for each, and a bias.",
        mistakes=(
            Mistake(CHANNELS * BREEDS, "add the biases."),
            Mistake(HEAD + BASE, "the base is frozen: its parameters are not trained."),
            Mistake(
                (7 * 7 * CHANNELS + 1) * BREEDS,
                "this would be without the mean over the map, for images of 224×224.",
            ),
        ),
    ),
    Exercise(
        name="pretrained.cut",
        solution=BLOCKS_16 + BLOCK3_MORE + BLOCK4_MORE,
        hint="add the summary's rows from the top down to block4_pool, and two layers more.",
        mistakes=(
            Mistake(BLOCKS_16, "this is VGG16; VGG19 has two layers more up to there."),
            Mistake(BLOCKS_16 + BLOCK4_MORE, "block 3 has one layer more as well."),
            Mistake(BLOCKS_16 + BLOCK3_MORE, "block 4 has one layer more as well."),
            Mistake(BASE + BLOCK3_MORE + 2 * BLOCK4_MORE, "this is the whole base of VGG19."),
        ),
    ),
    Exercise(
        name="pretrained.shape",
        solution=(9, 15, 512),
        hint="halve 300 and 500 five times, and drop what is left over each time.",
        mistakes=(
            Mistake((10, 16, 512), "a pooling drops what is left over: it rounds down."),
            Mistake((7, 7, 512), "this is for 224×224."),
            Mistake((300, 500, 512), "there are five poolings."),
        ),
    ),
    Exercise(
        name="pretrained.prepare",
        solution=prepare,
        cases=(([0, 0, 0],), ([255, 0, 0],), ([12, 200, 90],)),
        hint="VGG16 wants blue, green, red, each less its mean: 103.939, 116.779, 123.68.",
        mistakes=(
            Mistake(not_turned, "the order must be turned round: blue comes first."),
            Mistake(wrong_means, "the pixel is still red first, and the means are blue first."),
            Mistake(scaled, "in this custom nothing is divided."),
        ),
    ),
    Exercise(
        name="pretrained.error",
        solution=error,
        cases=((SCORES, TRUTH, 1), (SCORES, TRUTH, 5)),
        hint="for each row, is the right class among the k largest scores? The error is the rest.",
        mistakes=(
            Mistake(accuracy, "this is the share that is right; the error is the rest."),
            Mistake(first_only, "all of the k best count, not only the first."),
            Mistake(worst, "np.argsort goes from small to large: take the last k."),
        ),
    ),
    Exercise(
        name="pretrained.tuned",
        solution=HEAD + BLOCK5_CONV3,
        hint="the head of exercise 1, and one row of the lecture's summary.",
        mistakes=(
            Mistake(BLOCK5_CONV3, "the head is trained as well."),
            Mistake(HEAD + 3 * BLOCK5_CONV3, "only one of the three convolutions of block 5."),
        ),
    ),
    Exercise(
        name="pretrained.widest",
        solution="pool1",
        hint="multiply height, width and channels of each output.",
        mistakes=(
            Mistake("pool3", "it has the most channels, but the smallest map."),
            Mistake("fc1", "it has 64 numbers, the fewest."),
        ),
    ),
)
