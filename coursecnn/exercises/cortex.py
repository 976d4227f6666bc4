"""Exercises of chapter 1, *From the cortex to convolution*."""

from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from coursecnn.convolution import correlate2d, im2col
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.views import letters, plain
from coursecnn.geometry import Convolution, Dense, Layer, Pooling, receptive_field

Array: TypeAlias = NDArray[np.floating[Any]]

TWO_POOLINGS: list[Layer] = [Convolution(1, 3), Pooling(2), Convolution(1, 3), Pooling(2)]
COVERAGE = np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1])
PIXELS = np.random.default_rng(0).normal(size=(9, 11))
WEIGHTS = np.random.default_rng(1).normal(size=(7, 9, 3, 3))
KERNELS = (np.arange(9.0).reshape(3, 3), np.array([[1.0, -2.0], [0.0, 3.0], [4.0, 1.0]]))


def locally_connected(image: Array, weights: Array) -> Array:
    """Apply to each window of (H, W) its own weights, (rows, columns, height, width)."""
    windows = sliding_window_view(image, weights.shape[2:])
    return np.asarray((windows * weights).sum(axis=(2, 3)))


def shared(image: Array, weights: Array) -> Array:
    """The mistake: the weights of the first unit everywhere."""
    return locally_connected(image, np.broadcast_to(weights[0, 0], weights.shape))


def secret_kernel(image: Array, result: Array) -> Array:
    """Find the kernel that leads from an image to the result of a convolution without padding."""
    height, width = (n - m + 1 for n, m in zip(image.shape, result.shape, strict=True))
    equations = im2col(image[None, :, :, None], (height, width))
    weights = np.linalg.lstsq(equations, result.ravel(), rcond=None)[0]
    return np.asarray(weights.reshape(height, width))


EXERCISES = (
    Exercise(
        name="cortex.claims",
        solution="CE",
        view=letters,
        hint='give the letters of all true statements, for instance "AB".',
        mistakes=(
            Mistake("ACE", "A: which zeros and which equal weights make a dense layer do it?"),
            Mistake("BCE", "B: compare the MACs of the last two rows of the tables."),
            Mistake("CDE", "D: after the first of the two wishes, how large was the kernel?"),
            Mistake("C", "one more is true: when the values of a map only move, which is largest?"),
            Mistake("E", "one more is true: do equal weights know where they are?"),
        ),
    ),
    Exercise(
        name="cortex.dense_parameters",
        solution=Dense(100).parameters((28, 28, 1)),
        hint="every one of the units has one weight per pixel, and one bias.",
        mistakes=(
            Mistake(28 * 28 * 100, "the weights are right; each unit also has a bias."),
            Mistake(28 * 28 + 100, "multiply inputs by units: every unit sees every pixel."),
        ),
    ),
    Exercise(
        name="cortex.sharing_factor",
        solution=36 * 36,
        hint="the locally connected layer has one set of weights for each place of the window.",
        mistakes=(
            Mistake(40 * 40, "count the places of the window, not the pixels of the image."),
            Mistake(36 * 36 * 16, "both layers look for 16 features; that cancels."),
        ),
    ),
    Exercise(
        name="cortex.shuffled",
        solution="fully connected",
        view=plain,
        hint='answer "fully connected", "locally connected" or "shared weights".',
        mistakes=(
            Mistake("shared weights", "its fields now hold nine pixels from anywhere."),
            Mistake("locally connected", "of the nine pixels that a unit needs, it sees few now."),
        ),
    ),
    Exercise(
        name="cortex.exact_move",
        solution=receptive_field(TWO_POOLINGS).jump,
        hint="how many pixels of the image is one step of the last map?",
        mistakes=(
            Mistake(2, "that holds after the first pooling; the second halves the map once more."),
            Mistake(1, "a pooled map can only move by whole steps, larger than a pixel."),
        ),
    ),
    Exercise(
        name="cortex.corner_threshold",
        solution=9,
        hint="show `corner_sum` edges `(across >= offset)` of all angles, and take the largest.",
        mistakes=(
            Mistake(6, "this is the threshold that a diagonal edge gets past."),
            Mistake(8, "this silences the diagonal; now turn the edge a little further."),
            Mistake(10, "this silences the corner as well."),
        ),
    ),
    Exercise(
        name="cortex.coverage",
        solution=COVERAGE,
        hint="each unit adds its one to the nine pixels that it sees.",
        mistakes=(
            Mistake(COVERAGE.ravel(), "the numbers are right; reshape them to (5, 5)."),
            Mistake(np.full((5, 5), 9), "a pixel at the border is seen by fewer units."),
        ),
    ),
    Exercise(
        name="cortex.locally_connected",
        solution=locally_connected,
        cases=((PIXELS, WEIGHTS), (PIXELS[:4, :3], WEIGHTS[:2, :2, :, :2])),
        hint="unit (i, j) multiplies image[i : i + height, j : j + width] by weights[i, j].",
        mistakes=(
            Mistake(shared, "this is a convolution; here each unit has its own weights[i, j]."),
            Mistake(
                lambda image, weights: locally_connected(image, weights[:, :, ::-1, ::-1]),
                "do not flip the weights.",
            ),
        ),
    ),
    Exercise(
        name="cortex.secret_kernel",
        solution=secret_kernel,
        cases=tuple((PIXELS, correlate2d(PIXELS, kernel)) for kernel in KERNELS),
        hint="im2col(image[None, :, :, None], size) holds the equations, one row for each place.",
        mistakes=(
            Mistake(
                lambda image, result: secret_kernel(image, result).ravel(),
                "the weights are right; reshape them to the kernel's height and width.",
            ),
            Mistake(
                lambda image, result: secret_kernel(image, result)[::-1, ::-1],
                "this kernel is flipped; a network's convolution flips nothing.",
            ),
        ),
    ),
)
