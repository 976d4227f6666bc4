"""Exercises of chapter 11, *Better residuals*."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.architectures.resnet_cifar import STAGES
from coursecnn.architectures.stochastic_depth import survival
from coursecnn.convolution import conv2d
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.views import layers

UNITS = 54  # residual units of a ResNet with 110 layers
DEPTH_1001 = 10_327_706  # trainable parameters of ResNet-1001
BRANCH = "BN -> ReLU -> CONV -> BN -> ReLU -> CONV"


def wide_parameters(depth: int, k: int) -> int:
    """Count what is trainable in WRN-depth-k."""
    units, channels = (depth - 4) // 6, 16
    weights, normalised = 3 * 3 * 3 * 16, 0
    for _, base, _ in STAGES:
        filters = base * k
        for unit in range(units):
            projection = channels * filters if unit == 0 and channels != filters else 0
            weights += 9 * channels * filters + 9 * filters * filters + projection
            normalised += channels + filters
            channels = filters
    return weights + 2 * (normalised + channels) + (channels + 1) * 10


def shallow(answer: Any) -> tuple[bool, int]:
    """Tell whether a wide network is shallow, and if it has too few (-1) or many (1) weights."""
    if not isinstance(answer, tuple):
        return False, 0
    depth, k = answer
    if depth < 10 or (depth - 4) % 6:
        raise ValueError(f"depth must be 6n + 4 with n at least 1, got {depth!r}")
    share = wide_parameters(depth, k) / DEPTH_1001
    return depth <= 22, int(share > 1) - int(share < 0.9)


def expected_units(last: float) -> float:
    """Say how many of the units are alive on average."""
    return sum(survival(unit, UNITS, last) for unit in range(1, UNITS + 1))


Array = NDArray[np.float64]


def grouped(x: Array, kernels: Array, groups: int) -> Array:
    """Convolve each group of channels with its own kernels, and join the results."""
    parts = zip(np.split(x, groups, axis=3), np.split(kernels, groups, axis=3), strict=True)
    return np.concatenate([conv2d(*part, padding="same") for part in parts], axis=3)


def grouped_reversed(x: Array, kernels: Array, groups: int) -> Array:
    """The mistake: the groups of the output stand in the wrong order."""
    return np.concatenate(np.split(grouped(x, kernels, groups), groups, axis=3)[::-1], axis=3)


def grouped_valid(x: Array, kernels: Array, groups: int) -> Array:
    """The mistake: without padding the maps get smaller."""
    return grouped(x, kernels, groups)[:, 1:-1, 1:-1]


def _cases() -> tuple[tuple[Any, ...], ...]:
    rng = np.random.default_rng(0)
    return tuple(
        (
            rng.normal(size=(2, 5, 5, channels)),
            rng.normal(size=(3, 3, channels // groups, 6)),
            groups,
        )
        for channels, groups in ((4, 1), (4, 2), (6, 3))
    )


EXERCISES = (
    Exercise(
        name="better_residuals.order",
        solution=BRANCH,
        view=layers,
        hint="each convolution has a normalisation and a ReLU in front of it, none after it.",
        mistakes=(
            Mistake(
                "CONV -> BN -> ReLU -> CONV -> BN",
                "this is the original branch, whose last ReLU comes after the addition.",
            ),
            Mistake(
                "BN -> ReLU -> CONV -> BN -> ReLU -> CONV -> ReLU",
                "nothing follows the last convolution: a branch must be able to subtract.",
            ),
            Mistake(
                "ReLU -> BN -> CONV -> ReLU -> BN -> CONV",
                "the normalisation comes first: the ReLU cuts what it has centred.",
            ),
        ),
    ),
    Exercise(
        name="better_residuals.scaled",
        solution=0.9**UNITS,
        tolerance=1e-3,
        hint="one factor of 0.9 for each unit: multiply them.",
        mistakes=(
            Mistake(0.9**110, "there are 110 layers, but two in each unit."),
            Mistake(0.9 * UNITS, "the factors are multiplied, not added."),
            Mistake(0.5**UNITS, "this is the factor for shortcuts of 0.5; here they are 0.9."),
        ),
    ),
    Exercise(
        name="better_residuals.units",
        solution=4,
        hint="three stages, two layers in a unit, and four layers that are in no branch.",
        mistakes=(
            Mistake(12, "these are all units; the question is how many each stage has."),
            Mistake(8, "these are the layers of a stage; a unit has two."),
            Mistake(5, "four layers are in no branch: take them off first."),
        ),
    ),
    Exercise(
        name="better_residuals.cardinality",
        solution=2,
        hint="compute 64·(256·d + 9·d·d + d·256) for d = 1, 2, 3 and take the nearest to 69,632.",
        mistakes=(
            Mistake(1, "64 paths of one channel have only about half the weights."),
            Mistake(4, "with 32 paths d is 4; with twice the paths the weights would double."),
            Mistake(3, "that is half as many again: too much."),
        ),
    ),
    Exercise(
        name="better_residuals.alive",
        solution=expected_units(0.2),
        hint="add up p_l for l from 1 to 54; the first is nearly 1, the last is 0.2.",
        mistakes=(
            Mistake(0.2 * UNITS, "0.2 is the probability of the last unit alone."),
            Mistake(expected_units(0.5), "this is the sum for p_L = 0.5."),
            Mistake(
                sum(survival(unit, UNITS, 0.2) for unit in range(UNITS)),
                "l counts from 1: the first unit is not quite safe.",
            ),
        ),
    ),
    Exercise(
        name="better_residuals.grouped",
        solution=grouped,
        cases=_cases(),
        hint="split x and the kernels along their last axis, convolve pair by pair, concatenate.",
        mistakes=(
            Mistake(grouped_reversed, "the first group of kernels makes the first maps."),
            Mistake(grouped_valid, 'the maps keep their size: pass padding="same".'),
        ),
    ),
    Exercise(
        name="better_residuals.shallow",
        solution=(22, 6),
        view=shallow,
        hint="try 10, 16 and 22 layers, and let k grow until the parameters are nearly enough.",
        mistakes=(
            Mistake((16, 8), "shallow, but it has more parameters than ResNet-1001."),
            Mistake((10, 11), "shallow, but its parameters are less than nine tenths."),
            Mistake((28, 5), "too few parameters, and too many layers."),
        ),
    ),
)
