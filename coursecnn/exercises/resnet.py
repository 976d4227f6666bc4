"""Exercises of chapter 10, *ResNet*."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.networks import Census
from coursecnn.exercises.views import letters

LAYERS = 44  # of the project's network
BUDGET = 20_000_000  # weights

# Of the network to write, with option B: two projections and their normalisations; and what the
# biases of all its convolutions would add.
PROJECTIONS = 16 * 32 + 32 * 64 + 2 * (32 + 64)
BIASES = 16 + 6 * (16 + 32 + 64) + 32 + 64

MAPS = np.arange(1.0, 97.0).reshape(4, 6, 4)  # a small stack of maps, all numbers different

CENSUS = Census({"Conv2D": "convolutions", "Add": "additions"})


def family(n: int) -> int:
    """Count what training adjusts in the CIFAR-10 network of 6n + 2 layers."""
    weights, normalised, channels = 9 * 3 * 16, 16, 16
    for filters in (16, 32, 64):
        weights += 9 * channels * filters + (2 * n - 1) * 9 * filters**2
        normalised += 2 * n * filters
        channels = filters
    return weights + 2 * normalised + (64 + 1) * 10


def described(convolutions: int, additions: int, parameters: int) -> str:
    """Say what `CENSUS` finds in a network for CIFAR-10."""
    return CENSUS.of((32, 32, 3), (10,), (convolutions, additions), parameters)


def without_scales(n: int) -> int:
    """The mistake: the scales and shifts of the batch normalisations are left out."""
    return family(n) - 2 * (16 + 2 * n * (16 + 32 + 64))


def without_first(n: int) -> int:
    """The mistake: the first convolution of a stage has as many channels in as out."""
    return family(n) + 9 * (32**2 - 16 * 32) + 9 * (64**2 - 32 * 64)


def option_a(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep every second pixel, and append as many channels of zeros as there are channels."""
    kept = x[::2, ::2]
    return np.concatenate([kept, np.zeros_like(kept)], axis=2)


def averaged(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mistake: the pixels of each square are averaged."""
    height, width, channels = x.shape
    kept = x.reshape(height // 2, 2, width // 2, 2, channels).mean(axis=(1, 3))
    return np.concatenate([kept, np.zeros_like(kept)], axis=2)


def weights(units: Sequence[int]) -> int:
    """Count the weights of a network of bottlenecks, those of normalisations and biases left out.

    Args:
        units: how many there are in each of the four stages of table 1.
    """
    total, channels = 7 * 7 * 3 * 64, 64
    for count, width in zip(units, (64, 128, 256, 512), strict=True):
        for _ in range(count):
            filters = 4 * width
            total += channels * width + 9 * width**2 + width * filters
            total += 0 if channels == filters else channels * filters
            channels = filters
    return total + 1000 * channels


def demands(units: Any) -> tuple[bool, bool]:
    """Tell whether four numbers of units have the right depth, and few enough weights."""
    if not isinstance(units, Sequence) or len(units) != 4 or min(units) < 1:
        return False, False
    return 2 + 3 * sum(units) == LAYERS, weights(units) <= BUDGET


EXERCISES = (
    Exercise(
        name="resnet.statements",
        solution="bde",
        view=letters,
        hint="ask of each: what do training images, identities and zeros say about it?",
        mistakes=(
            Mistake("abde", "a: what would the error on the training images be if it overfitted?"),
            Mistake("bcde", "c: how many weights does an addition have?"),
            Mistake("be", "d: what is F(x), if the last scale and shift are zero?"),
            Mistake("de", "b: look at the solution by construction."),
        ),
    ),
    Exercise(
        name="resnet.projections",
        solution=4,
        hint="go through the first unit of each stage: do shape or channels change?",
        mistakes=(
            Mistake(
                3,
                "conv2 keeps the size of the map, but its first unit turns 64 channels into 256.",
            ),
            Mistake(16, "that is option C; option B projects where the shapes differ, only."),
            Mistake(0, "that is option A."),
        ),
    ),
    Exercise(
        name="resnet.bug",
        solution=4,
        hint="follow x through the lines: what does each convolution read, and who reads it?",
        mistakes=(
            Mistake(2, "the first convolution has to read x; who reads what it gives?"),
            Mistake(3, "here everything is in order: who reads this branch?"),
            Mistake(6, "the addition and the last ReLU are right: what reaches them?"),
        ),
    ),
    Exercise(
        name="resnet.network",
        solution=described(21, 9, family(3) + PROJECTIONS),
        view=CENSUS,
        hint="compare the convolutions, the additions and the parameters of your network.",
        mistakes=(
            Mistake(described(19, 9, family(3)), "that is option A: where are the projections?"),
            Mistake(described(19, 0, family(3)), "these are the layers without shortcuts."),
            Mistake(
                described(21, 9, family(3) + PROJECTIONS + BIASES),
                "leave out the biases of the convolutions: use_bias=False.",
            ),
        ),
    ),
    Exercise(
        name="resnet.option_a",
        solution=option_a,
        cases=((MAPS,), (MAPS[:2, :2] - 50,)),
        hint="x[::2, ::2] keeps every second pixel; np.concatenate(..., axis=2) appends channels.",
        mistakes=(
            Mistake(averaged, "take every second pixel as it is; nothing is averaged."),
            Mistake(lambda x: x[::2, ::2], "the channels must double: append zeros."),
            Mistake(
                lambda x: np.concatenate([x, np.zeros_like(x)], axis=2),
                "the branch has stride 2: the shortcut must halve the map as well.",
            ),
            Mistake(
                lambda x: np.repeat(x[::2, ::2], 2, axis=2),
                "the new channels are zeros, after the old ones; these are copies.",
            ),
        ),
    ),
    Exercise(
        name="resnet.family",
        solution=family,
        cases=((3,), (9,), (18,), (200,)),
        hint="print your number for n = 3, and compare it with the table row by row.",
        mistakes=(
            Mistake(
                without_scales,
                "each normalisation learns a scale and a shift for each channel: 2 numbers.",
            ),
            Mistake(
                without_first,
                "the first convolution of a stage reads the channels of the stage before.",
            ),
            Mistake(
                lambda n: family(n) - (64 + 1) * 10,
                "the dense layer is missing: 64 averages and a bias, for 10 classes.",
            ),
        ),
    ),
    Exercise(
        name="resnet.budget",
        solution=(8, 3, 2, 1),
        view=demands,
        hint="14 bottlenecks make 44 layers; put most of them where there are few channels.",
        mistakes=(
            Mistake((3, 4, 4, 3), "44 layers, but too many weights: a late unit has many."),
            Mistake((2, 2, 2, 2), "few enough weights, but not 44 layers."),
        ),
    ),
)
