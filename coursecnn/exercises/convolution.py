"""Exercises of chapter 2, *Convolution*."""

from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from coursecnn.convolution import conv2d, convolve2d, correlate2d, im2col
from coursecnn.exercises.answers import Exercise, Mistake

Array: TypeAlias = NDArray[np.floating[Any]]

IMAGE = np.array([[1, 0, 2, 1], [3, 1, 0, 2], [0, 2, 1, 1]])
KERNEL = np.array([[1, -1], [0, 2]])
MIXED = np.array([[2, -1, 3], [-2, 1, -1], [-3, 2, 1]])
LINE = np.array([[-1, 2, -1]] * 3)
STATEMENTS = (False, True, False, True, False)
DOUBTS = (
    "where do the products of the three channels go?",
    "which of the two depends on the number of positions?",
    "what would training do with flipped kernels?",
    "factor the common value out of the sum.",
    "which other factors does the dot product have besides the cosine?",
)

_random = np.random.default_rng(0)
COLOUR = tuple(
    (_random.normal(size=(7, 6, 3)), _random.normal(size=(*size, 3, 4)), _random.normal(size=4))
    for size in ((3, 3), (2, 5))
)
TWO_LAYERS = tuple(
    (
        _random.normal(size=(8, 7, 3)),
        (_random.normal(size=(*size, 3, 4)), _random.normal(size=4)),
        (_random.normal(size=(2, 2, 4, 5)), _random.normal(size=5)),
    )
    for size in ((3, 3), (1, 2))
)
# Of a volume of random numbers, the nine windows are independent: there is one solution.
DAMAGED = tuple(
    (
        _random.normal(size=(7, 7, 3)),
        _random.normal(size=(3, 3)),
        *_random.integers(-1, 2, size=(2, 3, 3)),
        bias,
    )
    for bias in (1, -2)
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


def two_layers(
    image: Array, first: tuple[Array, Array], second: tuple[Array, Array], *, relu: bool = False
) -> Array:
    """Apply one layer (kernels, bias) after another to one image (H, W, C): (rows, columns, K)."""
    between = colour_layer(image, *first)
    return colour_layer(np.maximum(between, 0) if relu else between, *second)


def restore(volume: Array, output: Array, first: Array, third: Array, bias: float) -> Array:
    """Solve for the middle channel of a 3×3×3 filter, from its 3×3 map at a stride of 2: (3, 3)."""
    windows = im2col(volume[None], 3, stride=2).reshape(9, 9, 3)
    known = windows[:, :, 0] @ first.ravel() + windows[:, :, 2] @ third.ravel()
    rest: Array = output.ravel() - bias - known
    return np.linalg.solve(windows[:, :, 1], rest).reshape(3, 3)


def _flipped(number: int) -> tuple[bool, ...]:
    """The right verdicts, but for one."""
    return tuple(verdict != (place == number) for place, verdict in enumerate(STATEMENTS))


def _recut(kernels: Array) -> Array:
    """Kernels (h, w, C, K), as they come out of `kernels.reshape(K, -1).T`."""
    return kernels.reshape(kernels.shape[-1], -1).T.reshape(kernels.shape)


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
        name="convolution.statements",
        solution=STATEMENTS,
        hint="more than one of the five is wrong; try each on a patch of two or three pixels.",
        mistakes=tuple(
            Mistake(_flipped(number), f"look at statement {number + 1} again: {hint}")
            for number, hint in enumerate(DOUBTS)
        ),
    ),
    Exercise(
        name="convolution.ramp",
        solution=(8, 0, 0),
        hint="all windows look alike up to a constant: put -1, 0 and 1 in their columns.",
        mistakes=(
            Mistake((-8, 0, 0), "the brightness rises towards the positive weights."),
            Mistake((4, 0, 0), "the right column is brighter by 2 than the left one, not by 1."),
            Mistake((2, 0, 0), "three rows take part: their weights are 1, 2 and 1."),
            Mistake((0, 8, 0), "the first kernel compares columns, the second compares rows."),
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
        name="convolution.bugs",
        solution=colour_layer,
        cases=COLOUR,
        hint="compare with conv2d for one kernel of one channel, then for one kernel of three.",
        mistakes=(
            Mistake(
                lambda image, kernels, bias: colour_layer(image, _recut(kernels), bias),
                "the shape is right now; how does reshape(number, -1) cut the kernels up, whose "
                "last axis counts them?",
            ),
            Mistake(
                lambda image, kernels, bias: colour_layer(image, kernels, bias)[:-1, :-1],
                "the last row and column are missing: there are H - h + 1 positions, not H - h.",
            ),
            Mistake(
                lambda image, kernels, bias: colour_layer(image, kernels, 0 * bias),
                "the sums are right; add each kernel's bias.",
            ),
        ),
    ),
    Exercise(
        name="convolution.two_layers",
        solution=two_layers,
        cases=TWO_LAYERS,
        hint="the first layer has len(first[1]) kernels of first[0].shape[:2]; set the weights.",
        tolerance=1e-3,  # Keras computes in 32 bits
        mistakes=(
            Mistake(
                lambda image, first, second: two_layers(image, first, second, relu=True),
                "there is a ReLU between your layers; leave the activation out.",
            ),
            Mistake(
                lambda image, first, *_: colour_layer(image, *first),
                "these are the maps of the first layer.",
            ),
            Mistake(
                lambda image, first, second: two_layers(image, first, second)[None],
                "that is a batch of one image: return its maps alone.",
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
    Exercise(
        name="convolution.restore",
        solution=restore,
        cases=DAMAGED,
        hint="take the bias and the two known channels from the output, then solve for the third.",
        mistakes=(
            Mistake(
                lambda volume, output, first, third, *_: restore(volume, output, first, third, 0),
                "subtract the bias from the output as well.",
            ),
            Mistake(
                lambda volume, output, first, third, bias: restore(
                    volume, output, third, first, bias
                ),
                "channels 0 and 2 are exchanged.",
            ),
            Mistake(
                lambda volume, output, first, third, bias: restore(
                    volume, output, first, third, bias
                ).ravel(),
                "return the nine weights as an array of 3×3.",
            ),
        ),
    ),
)
