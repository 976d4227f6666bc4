"""Exercises of chapter 6, *LeNet-5*."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.geometry import Convolution, Layer, Pooling, receptive_field

LIMIT = 15_000  # parameters
FEWEST = 12  # maps of C3
CODES = np.where(np.arange(10)[:, None] * 7 % (np.arange(84) % 11 + 2) < 3, 1.0, -1.0)


def field(window: int) -> int:
    """Say how many pixels C5 sees if the subsamplings have windows of this side, stride 2."""
    layers: list[Layer] = [Convolution(6, 5), Pooling(window, 2), Convolution(16, 5)]
    return receptive_field([*layers, Pooling(window, 2), Convolution(120, 5)]).size


def read(x: NDArray[Any], codes: NDArray[Any], limit: float) -> int:
    """Give the number of the nearest code, or -1 if none is within the limit."""
    distances = ((codes - x) ** 2).sum(axis=1)
    return int(distances.argmin()) if distances.min() <= limit else -1


def read_always(x: NDArray[Any], codes: NDArray[Any], _limit: float) -> int:
    """The mistake: nothing is refused."""
    return int(((codes - x) ** 2).sum(axis=1).argmin())


def read_by_root(x: NDArray[Any], codes: NDArray[Any], limit: float) -> int:
    """The mistake: the limit is held against the distance, not against its square."""
    return read(x, codes, limit**2)


def parameters(c1: int, c3: int, c5: int, f6: int) -> int:
    """Count the parameters of today's LeNet-5 with these numbers of maps and units."""
    convolutions = 26 * c1 + (25 * c1 + 1) * c3 + (25 * c3 + 1) * c5
    return convolutions + (c5 + 1) * f6 + (f6 + 1) * 10


def demands(sizes: Any) -> tuple[bool, bool]:
    """Tell whether a network is small enough, and whether C3 has enough maps."""
    if not isinstance(sizes, tuple) or len(sizes) != 4 or min(sizes) < 1:
        return False, False
    return parameters(*sizes) <= LIMIT, sizes[1] >= FEWEST


EXERCISES = (
    Exercise(
        name="lenet.full_c3",
        solution=(7 * 7 * 6 + 1) * 16,
        hint="each map has a window of 7·7 on each of 6 maps, and one bias.",
        mistakes=(
            Mistake(7 * 7 * 6 * 16, "the weights are right; add a bias for each map."),
            Mistake(7 * 7 * 60 + 16, "this is the sparse table of 1998: each map reads all six."),
            Mistake(
                (7 * 7 + 1) * 16, "each map has a window for each of the 6 maps that it reads."
            ),
            Mistake((5 * 5 * 6 + 1) * 16, "the windows have 7×7 pixels here."),
        ),
    ),
    Exercise(
        name="lenet.connections",
        solution=72_000,
        hint="count the units first; each has its products, and one connection for the bias.",
        mistakes=(
            Mistake(80, "these are the parameters; each of them is used at many places."),
            Mistake(64_800, "the bias of a unit is a connection as well."),
            Mistake(81_920, "without padding the map is smaller than the image."),
        ),
    ),
    Exercise(
        name="lenet.larger_image",
        solution=5,
        hint="walk 48 through C1, S2, C3, S4 and C5, one after the other.",
        mistakes=(
            Mistake(1, "that is so for an image of 32×32; walk 48 through the layers."),
            Mistake(9, "this is the map of S4; C5 has a window of 5×5 as well."),
            Mistake(17, "one unit sees 32 pixels, but neighbours of C5 look 4 pixels apart."),
        ),
    ),
    Exercise(
        name="lenet.overlapping",
        solution=field(3),
        hint="add (window - 1) · step for each layer; the step doubles at each subsampling.",
        mistakes=(
            Mistake(field(2), "this is with windows of 2×2."),
            Mistake(34, "the wider window counts in both subsamplings, in S4 with a step of 2."),
        ),
    ),
    Exercise(
        name="lenet.switch",
        solution=-8,
        hint="f is 0 where its input is: 4 times the sum, plus the bias.",
        mistakes=(
            Mistake(8, "the bias has to take away what the two inputs bring: mind the sign."),
            Mistake(-4, "this is the switch between none and two; the sum of two inputs is 2."),
            Mistake(-2, "the weight multiplies the sum before the bias is added."),
        ),
    ),
    Exercise(
        name="lenet.read",
        solution=read,
        cases=(
            (CODES[7] * 0.8, CODES, 40),
            (np.zeros(84), CODES, 40),
            (CODES[2], CODES, 0),
            (10 * CODES[1], CODES, 20),
        ),
        hint="square the differences, add them up for each code, and look at the smallest sum.",
        mistakes=(
            Mistake(read_always, "if even the nearest code is too far, the answer is -1."),
            Mistake(read_by_root, "the limit is for the squared distance: take no root."),
        ),
    ),
    Exercise(
        name="lenet.diet",
        solution=(6, 16, 24, 32),
        view=demands,
        hint="write a tuple of four numbers; the window of C5 on all maps of C3 is what costs.",
        mistakes=(
            Mistake((6, 16, 120, 84), "this is LeNet-5 itself: C5 alone has 48,120 parameters."),
            Mistake((3, 6, 60, 42), "small enough, but C3 has too few maps."),
        ),
    ),
)
