"""Exercises of chapter 6, *LeNet-5*."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.views import letters

LIMIT = 15_000  # parameters
FEWEST = 12  # maps of C3
CODES = np.where(np.arange(10)[:, None] * 7 % (np.arange(84) % 11 + 2) < 3, 1.0, -1.0)

MAPS = np.random.default_rng(6).normal(size=(1, 4, 6, 2))


def word(answer: Any) -> str:
    """See the last name in an answer, without the brackets and dots around it."""
    return str(answer).strip("(). ").rpartition(".")[2].partition("(")[0]


def subsample(x: NDArray[Any], w: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Add up windows of 2×2, weigh the sums, add a bias for each map, and squash."""
    return np.asarray(1.7159 * np.tanh(2 / 3 * (w * _sums(x) + b)))


def subsample_the_mean(x: NDArray[Any], w: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """The mistake: the four inputs are averaged, not added up."""
    return subsample(x / 4, w, b)


def subsample_without_squashing(x: NDArray[Any], w: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """The mistake: no f."""
    return np.asarray(w * _sums(x) + b)


def _sums(x: NDArray[Any]) -> NDArray[Any]:
    images, rows, columns, maps = x.shape
    return np.asarray(x.reshape(images, rows // 2, 2, columns // 2, 2, maps).sum(axis=(2, 4)))


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
        name="lenet.then_and_now",
        solution="bce",
        view=letters,
        hint="look up each statement in its section: the counts, C3, the output, and the errors.",
        mistakes=(
            Mistake("abce", "a: which layers hold 97 % of the parameters?"),
            Mistake("bcde", "d: which sum is lost when distances become probabilities?"),
            Mistake("bc", "e: compare the two errors of the layers of 1998, and their training."),
            Mistake("be", "c: how many pairs of maps are connected, and how many could be?"),
            Mistake("ce", "b: how often is a weight of C1 used, and how often one of C5?"),
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
        name="lenet.wrong_word",
        solution="argmin",
        view=word,
        hint="what does a large output of the network of 1998 mean, and what a small one?",
        mistakes=(
            Mistake("argmax", "this is the word that is there: does the largest output win?"),
            Mistake("softmax", "probabilities would not help: they keep or turn round the order."),
        ),
    ),
    Exercise(
        name="lenet.subsampling",
        solution=subsample,
        cases=(
            (MAPS, np.array([0.25, 4.0]), np.array([0.0, -2.0])),
            (MAPS[:, :2, :2], np.array([1.0, -1.0]), np.array([0.5, 0.0])),
        ),
        hint="cut the rows and the columns into pairs with reshape, and add up inside the pairs.",
        mistakes=(
            Mistake(subsample_the_mean, "add the four inputs up; do not average them."),
            Mistake(subsample_without_squashing, "f is missing: 1.7159 tanh(2a/3)."),
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
