"""Exercises of chapter 2, *Convolution*."""

from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from coursecnn.convolution import conv2d, convolve2d, correlate2d
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.geometry import Convolution

Array: TypeAlias = NDArray[np.floating[Any]]

IMAGE = np.array([[1, 0, 2, 1], [3, 1, 0, 2], [0, 2, 1, 1]])
KERNEL = np.array([[1, -1], [0, 2]])
UNEVEN = np.array([[2, 0, 1], [3, 5, 0], [0, 4, 6]])  # no turn or mirror of it is the same
MIXED = np.array([[2, -1, 3], [-2, 1, -1], [-3, 2, 1]])
LINE = np.array([[-1, 2, -1]] * 3)

_random = np.random.default_rng(0)
GREY = tuple(
    (_random.normal(size=(6, 8)), _random.normal(size=shape)) for shape in ((3, 3), (2, 4))
)
COLOUR = tuple(
    (_random.normal(size=(7, 6, 3)), _random.normal(size=(*size, 3, 4)), _random.normal(size=4))
    for size in ((3, 3), (2, 5))
)
SCENE = _random.uniform(0, 1, size=(12, 15))
SCENE[7:, 9:] *= 0.2  # a dim part, where only a search that ignores contrast finds anything
HIDDEN = tuple((SCENE, 3 * SCENE[i : i + 4, j : j + 5] + 1) for i, j in ((2, 3), (8, 10)))


def demands(kernel: Any) -> tuple[bool, bool, bool]:
    """Tell how a 3×3 kernel answers to a vertical line, to flat patches, and to horizontal lines.

    Returns:
        Whether it answers above zero to a bright vertical line in its middle, and zero to a flat
        patch, and zero to a horizontal line in any of its rows.
    """
    weights = np.asarray(kernel)
    if weights.shape != (3, 3):
        return False, False, False
    rows, columns = weights.sum(axis=1), weights.sum(axis=0)
    return bool(columns[1] > 0), bool(np.isclose(weights.sum(), 0)), bool(np.allclose(rows, 0))


def colour_layer(image: Array, kernels: Array, bias: Array) -> Array:
    """Apply a convolutional layer to one image (H, W, C): (rows, columns, K)."""
    return conv2d(image[None], kernels, bias)[0]


def as_vectors(image: Array, size: tuple[int, ...]) -> Array:
    """Flatten every window of an image: (rows, columns, pixels)."""
    windows = sliding_window_view(image, size)
    return windows.reshape(*windows.shape[:2], -1)


def find_template(image: Array, template: Array) -> tuple[int, int]:
    """Say where an image looks most like a template, whatever its brightness and contrast."""
    windows = as_vectors(image, template.shape)
    contrasts = windows - windows.mean(axis=2, keepdims=True)
    wanted = (template - template.mean()).ravel()
    return _place(contrasts @ wanted / np.linalg.norm(contrasts, axis=2))


def _place(scores: ArrayLike) -> tuple[int, int]:
    scores = np.asarray(scores)
    row, column = divmod(int(scores.argmax()), scores.shape[1])
    return row, column


EXERCISES = (
    Exercise(
        name="convolution.by_hand",
        solution=correlate2d(IMAGE, KERNEL),
        hint="begin with the upper left window: 1·1 - 1·0 + 0·3 + 2·1.",
        mistakes=(
            Mistake(convolve2d(IMAGE, KERNEL), "do not flip the kernel."),
            Mistake(
                correlate2d(IMAGE, KERNEL)[:, ::2],
                "the kernel moves by one pixel: three places side by side, not two.",
            ),
        ),
    ),
    Exercise(
        name="convolution.parameters",
        solution=Convolution(10, 5).parameters((32, 32, 3)),
        hint="weights of one kernel, plus its bias, times the number of kernels.",
        mistakes=(
            Mistake(10 * 5 * 5 * 3, "these are the weights; each kernel also has a bias."),
            Mistake(10 * (5 * 5 + 1), "a kernel is as deep as its input."),
            Mistake(5 * 5 * 3 + 1, "that is one kernel; there are ten."),
            Mistake(
                Convolution(10, 5).parameters((32, 32, 3)) * 28 * 28,
                "a kernel uses the same weights at every place.",
            ),
        ),
    ),
    Exercise(
        name="convolution.flip",
        solution=UNEVEN[::-1, ::-1],
        hint="convolve2d flips the kernel up-down and left-right; undo both.",
        mistakes=(
            Mistake(UNEVEN.T, "that is transposed: mirrored at the diagonal."),
            Mistake(UNEVEN[::-1], "that is flipped up-down only."),
            Mistake(UNEVEN[:, ::-1], "that is flipped left-right only."),
            Mistake(UNEVEN, "unchanged, it will be flipped, and only one flip undoes a flip."),
        ),
    ),
    Exercise(
        name="convolution.design",
        solution=LINE,
        view=demands,
        hint="each row must sum to 0, and the middle column to more than 0.",
        mistakes=(
            Mistake(
                np.array([[0, 1, 0]] * 3),
                "it finds the line, but it answers to every bright patch as well.",
            ),
            Mistake(
                np.array([[-1, 0, 1]] * 3),
                "this finds an edge, bright on one side; a line is bright in the middle.",
            ),
            Mistake(LINE.T, "this finds horizontal lines."),
        ),
    ),
    Exercise(
        name="convolution.best_patch",
        solution=(MIXED > 0).astype(int),
        hint="decide pixel by pixel: does switching it on add to the sum or take from it?",
        mistakes=(
            Mistake(np.ones((3, 3)), "a bright pixel under a negative weight lowers the sum."),
            Mistake((MIXED[::-1, ::-1] > 0).astype(int), "do not flip the kernel."),
            Mistake(MIXED, "a pixel is 0 or 1."),
            Mistake((MIXED < 0).astype(int), "that patch makes the answer as low as it can be."),
        ),
    ),
    Exercise(
        name="convolution.correlate2d",
        solution=correlate2d,
        cases=GREY,
        hint="out[i, j] is the sum of image[i : i + h, j : j + w] * kernel.",
        mistakes=(
            Mistake(convolve2d, "this flips the kernel; a network's convolution does not."),
            Mistake(
                lambda image, kernel: correlate2d(image, kernel)[:-1, :-1],
                "the last row and column are missing: there are H - h + 1 places, not H - h.",
            ),
        ),
    ),
    Exercise(
        name="convolution.colour_layer",
        solution=colour_layer,
        cases=COLOUR,
        hint="each output sums over rows, columns and channels of its window, and adds bias[k].",
        mistakes=(
            Mistake(
                lambda image, kernels, bias: colour_layer(image, kernels, 0 * bias),
                "the sums are right; add each kernel's bias.",
            ),
            Mistake(
                lambda image, kernels, bias: colour_layer(image, kernels, 3 * bias),
                "add the bias once, after the sum over the channels, not once for each channel.",
            ),
            Mistake(
                lambda image, kernels, bias: np.moveaxis(colour_layer(image, kernels, bias), 2, 0),
                "the maps are right; put them last: (rows, columns, K).",
            ),
        ),
    ),
    Exercise(
        name="convolution.find_template",
        solution=find_template,
        cases=HIDDEN,
        hint="subtract the mean of template and window, and divide by the window's length.",
        mistakes=(
            Mistake(
                lambda image, template: _place(correlate2d(image, template)),
                "this finds bright windows: subtract the template's mean first.",
            ),
            Mistake(
                lambda image, template: _place(correlate2d(image, template - template.mean())),
                "this prefers strong contrast to likeness: divide by the length of each window.",
            ),
        ),
    ),
)
