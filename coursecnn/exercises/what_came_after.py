"""Exercises of chapter 19, *What came after*."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake

Array = NDArray[np.float64]

RNG = np.random.default_rng(0)
MAPS, SMALL = RNG.normal(size=(5, 4, 8)), RNG.normal(size=(2, 3, 4))
NARROW, WIDE = RNG.normal(size=(8, 2)), RNG.normal(size=(2, 8))
NARROW4, WIDE4 = RNG.normal(size=(4, 1)), RNG.normal(size=(1, 4))
DEPTH, WIDTH, RESOLUTION = 1.2, 1.1, 1.15  # EfficientNet's factors for a step


def share(kernel: int, filters: int) -> float:
    """Work of a separable convolution, as a share of a full one with as many maps in as out."""
    return (kernel**2 * filters + filters**2) / (kernel**2 * filters**2)


def sigmoid(x: Array) -> Array:
    """Squash to 0..1."""
    return np.asarray(1 / (1 + np.exp(-x)))


def squeeze_excitation(maps: Array, narrow: Array, wide: Array) -> Array:
    """Weigh each map by what the averages of all maps say."""
    averages = maps.mean(axis=(0, 1))
    return np.asarray(maps * sigmoid(np.maximum(averages @ narrow, 0) @ wide))


def unit_parameters(channels: int, kernel: int) -> int:
    """Count the parameters of a unit of ConvNeXt."""
    depthwise = kernel**2 * channels + channels
    expand, project = channels * 4 * channels + 4 * channels, 4 * channels * channels + channels
    return depthwise + 2 * channels + expand + project + channels


def larger_kernels(first: float, units: tuple[int, ...] = (3, 3, 9, 3)) -> float:
    """Count the billion MACs that depthwise kernels of 7×7 cost more than those of 3×3.

    Args:
        first: maps that the depthwise convolutions of the first stage have; each stage has
            twice as many as the one before, on maps of half the width and height.
        units: units of each stage.
    """
    places = sum(
        count * first * 2**stage * (56 // 2**stage) ** 2 for stage, count in enumerate(units)
    )
    return (7**2 - 3**2) * places / 1e9


EXERCISES = (
    Exercise(
        name="what_came_after.statements",
        solution="bd",
        hint="for each statement, count for a layer of 64 maps in and 64 out.",
        mistakes=(
            Mistake("abd", "a: a depthwise convolution alone never mixes two channels."),
            Mistake("bcd", "c: what takes the time is not only multiplying; see chapter 13."),
            Mistake("b", "one more: look at where the inverted residual is joined."),
            Mistake("d", "one more: what is a grouped convolution with a group for each channel?"),
        ),
    ),
    Exercise(
        name="what_came_after.share",
        solution=share(5, 128),
        tolerance=1e-3,
        hint="the two parts of the separable one, added, over the product of all four numbers.",
        mistakes=(
            Mistake(1 / share(5, 128), "that is how many times less: the share is its inverse."),
            Mistake(share(3, 128), "that is for 3×3 kernels."),
            Mistake(1 / 25, "that is the 1×1 part alone."),
            Mistake(1 / 128, "that is the depthwise part alone."),
        ),
    ),
    Exercise(
        name="what_came_after.wrong_line",
        solution="d",
        hint="which line throws away what the narrow maps hold?",
        mistakes=(
            Mistake("a", "this expands, as it should."),
            Mistake("b", "a depthwise convolution in the wide middle is right."),
            Mistake("c", "six times narrower again: right."),
            Mistake("e", "the sum itself is right: look at what is added."),
        ),
    ),
    Exercise(
        name="what_came_after.squeeze_excitation",
        solution=squeeze_excitation,
        cases=((MAPS, NARROW, WIDE), (SMALL, NARROW4, WIDE4)),
        hint="average each map; two dense layers with a ReLU between them; a sigmoid; multiply.",
        mistakes=(
            Mistake(
                lambda maps, narrow, wide: (
                    maps * (np.maximum(maps.mean((0, 1)) @ narrow, 0) @ wide)
                ),
                "a factor lies between 0 and 1: the sigmoid is missing.",
            ),
            Mistake(
                lambda maps, narrow, wide: maps * sigmoid(maps.mean((0, 1)) @ narrow @ wide),
                "without a ReLU between them the two layers are one.",
            ),
            Mistake(
                lambda maps, narrow, wide: maps * sigmoid(np.maximum(maps @ narrow, 0) @ wide),
                "this weighs each position by itself: squeeze first.",
            ),
        ),
    ),
    Exercise(
        name="what_came_after.compound",
        solution=(DEPTH * WIDTH**2 * RESOLUTION**2) ** 3,
        tolerance=1e-3,
        hint="a step multiplies the work by depth, by width squared, by resolution squared.",
        mistakes=(
            Mistake((DEPTH * WIDTH * RESOLUTION) ** 3, "twice the width is four times the work."),
            Mistake(DEPTH * WIDTH**2 * RESOLUTION**2, "that is one step; here are three."),
            Mistake(3 * DEPTH * WIDTH**2 * RESOLUTION**2, "factors multiply; they do not add."),
            Mistake(8, "about: but the three factors do not make exactly two."),
        ),
    ),
    Exercise(
        name="what_came_after.unit_parameters",
        solution=unit_parameters,
        cases=((96, 7), (384, 7), (96, 3), (1, 1)),
        hint="five parts: depthwise, normalisation, 1×1 up, 1×1 down, a scale for each channel.",
        mistakes=(
            Mistake(
                lambda c, k: unit_parameters(c, k) - c,
                "the scale of the branch is missing: one number for each channel.",
            ),
            Mistake(
                lambda c, k: unit_parameters(c, k) - 2 * c,
                "the normalisation has two numbers for each channel.",
            ),
            Mistake(
                lambda c, k: unit_parameters(c, k) + k**2 * c * (c - 1),
                "a depthwise kernel reads one channel, not all of them.",
            ),
            Mistake(
                lambda c, k: k**2 * c + 8 * c**2,
                "biases, normalisation and scale are parameters, too.",
            ),
        ),
    ),
    Exercise(
        name="what_came_after.out_of_order",
        solution=larger_kernels(4 * 96),
        tolerance=1e-2,
        hint="build the rung twice, with kind='inverted', and subtract the MACs.",
        mistakes=(
            Mistake(0.083, "that is what they cost at the narrow front: kind='inverted' is asked."),
            Mistake(larger_kernels(4 * 96) * 1e3, "that is in millions; billions are asked."),
            Mistake(4.985, "that is the whole network; how much more is it than with 3×3?"),
        ),
    ),
)
