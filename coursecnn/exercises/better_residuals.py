"""Exercises of chapter 11, *Better residuals*."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.architectures.resnet_cifar import STAGES
from coursecnn.convolution import conv2d
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.views import letters

HUNDREDTH = math.ceil(math.log(0.01) / math.log(0.9))  # units
DEPTH_1001 = 10_327_706  # trainable parameters of ResNet-1001
CONVOLUTIONS = 256 * 64 + 9 * 64 * 64 + 64 * 256  # weights of a bottleneck's branch
NORMALISED = 4 * (256 + 64 + 64)  # numbers of the normalisations before them


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


def described(kinds: str, parameters: int) -> str:
    """Put into words what `anatomy` looks at."""
    return f"(16, 16, 256) to (16, 16, 256): {kinds}, {parameters} parameters"


def anatomy(answer: Any) -> Any:
    """See the shapes, the kinds of layers in their order, and the parameters of a Keras model.

    Anything but a model is seen as it is.
    """
    if not hasattr(answer, "layers"):
        return answer
    names = {"BatchNormalization": "BN", "Conv2D": "CONV", "ReLU": "ReLU", "Add": "ADD"}
    found = (layer for layer in answer.layers if type(layer).__name__ != "InputLayer")
    kinds = " ".join(_kind(layer, names) for layer in found)
    ends = f"{tuple(answer.input_shape[1:])} to {tuple(answer.output_shape[1:])}"
    parameters = sum(math.prod(weight.shape) for weight in answer.weights)
    return f"{ends}: {kinds}, {parameters} parameters"


def _kind(layer: Any, names: dict[str, str]) -> str:
    kind = type(layer).__name__
    if kind == "Activation":  # a ReLU, written in another way
        return "ReLU" if layer.activation.__name__ == "relu" else layer.activation.__name__
    return names.get(kind, kind)


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
        name="better_residuals.statements",
        solution="ace",
        view=letters,
        hint="ask of each: what follows the addition, and who reads which channels?",
        mistakes=(
            Mistake("abce", "b: what is the smallest value that a ReLU gives?"),
            Mistake("acde", "d: how many channels does a filter of a group read?"),
            Mistake("acef", "f: look at the three counts of ResNet-50."),
            Mistake("ae", "c: the filters grow threefold, and so do the channels that each reads."),
            Mistake("ac", "e: which gates are closed at test?"),
            Mistake("ce", "a: is there anything after the addition that would change the sum?"),
        ),
    ),
    Exercise(
        name="better_residuals.hundredth",
        solution=HUNDREDTH,
        hint="one factor of 0.9 for each unit: how many of them make less than 0.01?",
        mistakes=(
            Mistake(HUNDREDTH - 1, "nearly: after so many units slightly more is left."),
            Mistake(10, "the factors are multiplied: after ten units a third is left."),
            Mistake(7, "that is for half a shortcut; here nine tenths are left each time."),
            Mistake(22, "that is for a tenth; a hundredth is a tenth of a tenth."),
        ),
    ),
    Exercise(
        name="better_residuals.bug",
        solution=2,
        hint="what should the last line add, and what does it add?",
        mistakes=(
            Mistake(3, "the first convolution reads the activated map, as it should."),
            Mistake(4, "that is in order: a normalisation and a ReLU before the convolution."),
            Mistake(5, "nothing follows the last convolution: that is right."),
            Mistake(6, "the addition is right, if x is what came in: is it?"),
        ),
    ),
    Exercise(
        name="better_residuals.bottleneck",
        solution=described("BN ReLU CONV BN ReLU CONV BN ReLU CONV ADD", CONVOLUTIONS + NORMALISED),
        view=anatomy,
        hint="BN, ReLU, CONV three times, with 64, 64 and 256 filters and no biases; then ADD.",
        mistakes=(
            Mistake(
                described(
                    "CONV BN ReLU CONV BN ReLU CONV BN ADD", CONVOLUTIONS + 4 * (64 + 64 + 256)
                ),
                "that is the original order: normalise and activate before each convolution.",
            ),
            Mistake(
                described(
                    "BN ReLU CONV BN ReLU CONV BN ReLU CONV ADD",
                    CONVOLUTIONS + NORMALISED + 64 + 64 + 256,
                ),
                "the order is right; leave out the biases of the convolutions.",
            ),
            Mistake(
                described("BN ReLU CONV BN ReLU CONV BN ReLU CONV", CONVOLUTIONS + NORMALISED),
                "the branch is right; the input is to be added to it.",
            ),
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
