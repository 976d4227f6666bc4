"""Exercises of chapter 5, *Architecture patterns, and what makes them train*."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coursecnn import patterns
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.networks import Counted, GlobalAverage, Normalisation, described, walk
from coursecnn.geometry import Convolution, Dense, Layer, Pooling, receptive_field

Array: TypeAlias = NDArray[np.floating[Any]]

IMAGE = (32, 32, 3)
DIGIT = (28, 28, 1)
CLASSES = 10
BUDGET = 15_000  # parameters
FIELD = 32  # pixels

GUIDED = "INPUT -> CONV(16) -> POOL -> CONV(24, valid) -> POOL -> FC(100) -> FC"
MAPS = np.sin(np.arange(2 * 4 * 4 * 3.0) ** 2).reshape(2, 4, 4, 3) + np.arange(3.0)


def shapes(pattern: str, image: tuple[int, ...] = DIGIT) -> str:
    """Walk an image through a pattern, and list the shapes; none for what is no pattern."""
    if not isinstance(pattern, str):
        return "none"
    shape, walked = image, []
    for layer in patterns.layers(pattern, CLASSES).values():
        shape = layer.output_shape(shape)
        walked.append("x".join(map(str, shape)))
    return " ".join(walked)


def parameters(pattern: str) -> int:
    """Add up the parameters of a pattern for a small colour image and ten classes."""
    shape: tuple[int, ...] = IMAGE
    total = 0
    for layer in patterns.layers(pattern, CLASSES).values():
        total, shape = total + layer.parameters(shape), layer.output_shape(shape)
    return total


def field(pattern: str) -> int:
    """Say how many pixels wide a unit of the last map sees."""
    named = patterns.layers(pattern, CLASSES).values()
    maps: list[Layer] = [layer for layer in named if not isinstance(layer, Dense)]
    return receptive_field(maps).size


def demands(pattern: Any) -> tuple[bool, bool]:
    """Tell whether a pattern is cheap enough, and whether its last map sees enough."""
    if not isinstance(pattern, str):
        return False, False
    return parameters(pattern) <= BUDGET, field(pattern) >= FIELD


def through_layers(units: int, std: float, depth: int) -> float:
    """By which factor ReLU layers change the root of the mean square of random values."""
    return float((units * std**2 / 2) ** (depth / 2))


def normalise(x: Array, scale: Array, shift: Array, axes: tuple[int, ...] = (0, 1, 2)) -> Array:
    """Normalise maps (images, rows, columns, channels) over these axes, as in training."""
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return np.asarray(scale * (x - mean) / np.sqrt(variance + 1e-3) + shift)


def normalised_network(*, bias: bool = False, normalisation: bool = True, last: int = 48) -> str:
    """The walk through the network of the exercise, or through one that is a little different."""
    layers: list[tuple[str, Counted]] = []
    for filters in (24, last):
        for _ in range(2):
            layers.append(("Conv2D", Convolution(filters, 3, padding="same", bias=bias)))
            if normalisation:
                layers.append(("BatchNormalization", Normalisation()))
        layers.append(("MaxPooling2D", Pooling(2)))
    layers += [("GlobalAveragePooling2D", GlobalAverage()), ("Dense", Dense(CLASSES))]
    return described(layers, IMAGE)


EXERCISES = (
    Exercise(
        name="patterns.first_remedy",
        solution="b",
        hint="ask of each network: does it know its own training images?",
        mistakes=(
            Mistake("a", "B does not know its training images yet: do not make that harder."),
            Mistake("c", "A knows its training images well enough; more epochs widen the gap."),
            Mistake("d", "A has enough to learn its images by heart; B does not use what it has."),
        ),
    ),
    Exercise(
        name="patterns.spread",
        solution=through_layers(200, 0.08, 20),
        tolerance=0.01,
        hint="one layer multiplies the mean square by n times the variance, divided by 2.",
        mistakes=(
            Mistake(
                through_layers(400, 0.08, 20), "the ReLU halves the mean square in every layer."
            ),
            Mistake(
                through_layers(200, 0.08, 40),
                "that is the factor of the mean square; take its root.",
            ),
            Mistake(through_layers(200, 0.08, 2), "that is the factor of one layer."),
            Mistake(20 * through_layers(200, 0.08, 2), "factors of layers multiply: take a power."),
        ),
    ),
    Exercise(
        name="patterns.walk",
        solution=GUIDED,
        view=shapes,
        hint='go from shape to shape; a side that loses two pixels has met a "valid" 3×3 window.',
        mistakes=(
            Mistake(
                GUIDED.replace(", valid", ""),
                'the second convolution takes 14 to 12: its padding is "valid".',
            ),
            Mistake(
                GUIDED.replace("24, ", ""),
                "the second convolution has 24 filters: without a number it would have 32.",
            ),
            Mistake(GUIDED.replace("FC(100)", "FC"), "say how many units the first FC has."),
        ),
    ),
    Exercise(
        name="patterns.normalise",
        solution=normalise,
        cases=((MAPS, np.ones(3), np.zeros(3)), (5 * MAPS + 2, np.arange(3.0), np.ones(3))),
        hint="there is one mean and one variance for each channel.",
        mistakes=(
            Mistake(
                lambda x, scale, shift: normalise(x, scale, shift, axes=(0,)),
                "that is the bug: it has a mean for each place of each channel.",
            ),
            Mistake(
                lambda x, scale, shift: normalise(x, scale, shift, axes=(0, 1, 2, 3)),
                "the channels have a mean each; do not average over them.",
            ),
            Mistake(
                lambda x, scale, shift: normalise(x, scale, shift, axes=(1, 2)),
                "the images of the batch share a mean: average over them, too.",
            ),
        ),
    ),
    Exercise(
        name="patterns.block",
        solution=normalised_network(),
        view=walk,
        hint="print layer.output.shape and layer.count_params() of each layer, and compare.",
        mistakes=(
            Mistake(normalised_network(bias=True), "leave the biases out: use_bias=False."),
            Mistake(normalised_network(normalisation=False), "the normalisations are missing."),
            Mistake(normalised_network(last=24), "the second block has 48 filters."),
        ),
    ),
    Exercise(
        name="patterns.budget",
        solution="INPUT -> [CONV(16)*2 -> POOL]*3 -> FC",
        view=demands,
        hint="print the parameters and the field of your pattern, as the question shows.",
        mistakes=(
            Mistake(
                "INPUT -> [CONV*2 -> POOL]*3 -> FC",
                "the field is wide enough; the parameters are too many: use fewer filters.",
            ),
            Mistake(
                "INPUT -> [CONV(8) -> POOL]*2 -> FC",
                "cheap enough, but the field is too small: add blocks or convolutions.",
            ),
        ),
    ),
)
