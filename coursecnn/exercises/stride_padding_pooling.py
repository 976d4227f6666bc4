"""Exercises of chapter 3, *Stride, padding, pooling, ReLU*."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursecnn.convolution import pool2d
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.networks import GlobalAverage, described, walk
from coursecnn.geometry import Convolution, Dense, Pooling, output_size

Array: TypeAlias = NDArray[np.floating[Any]]


def _padded_maximum(values: ArrayLike, size: int, stride: int, padding: int) -> Array:
    maps = np.asarray(values, dtype=float)[None, :, :, None]
    return pool2d(maps, size, stride=stride, padding=padding, rounding="floor")[0, :, :, 0]


def _zeros_win(values: ArrayLike, size: int, stride: int, padding: int) -> Array:
    """The mistake: the padding takes part in the maximum, as zeros."""
    return _padded_maximum(np.pad(values, padding), size, stride, 0)


def _network(kernel: int = 5, window: int = 3, stride: int = 2) -> str:
    """The walk through the network of the exercise, or through one that is a little different."""
    layers = (
        ("Conv2D", Convolution(16, kernel, padding="same")),
        ("MaxPooling2D", Pooling(window, stride=2, rounding="floor")),
        ("Conv2D", Convolution(32, 3, stride=stride, rounding="floor")),
        ("GlobalAveragePooling2D", GlobalAverage()),
        ("Dense", Dense(10)),
    )
    return described(layers, (32, 32, 3))


def _never_read(size: int, kernel: int, stride: int) -> int:
    windows = output_size(size, kernel, stride, rounding="floor")
    return size - (windows - 1) * min(stride, kernel) - kernel


def _blocks(size: int) -> int:
    number = 0
    while size >= 4:  # the convolution leaves 2 pixels, and the pooling needs them
        size = output_size(output_size(size, kernel=3), kernel=2, stride=2, rounding="floor")
        number += 1
    return number


EXERCISES = (
    Exercise(
        name="stride_padding_pooling.stride_explained",
        solution="b",
        hint="write down where the windows begin, with stride 2 and with stride 1.",
        mistakes=(
            Mistake("a", "list the places that are kept: they are those of stride 2."),
            Mistake("c", "with stride 1, how many numbers are computed and then thrown away?"),
            Mistake("d", "the kernels are the same, and so are their parameters."),
        ),
    ),
    Exercise(
        name="stride_padding_pooling.first_window",
        solution=(-3, -2),
        hint=(
            "112 windows reach over (112 - 1)·2 + 7 pixels: how many zeros does that take, and how "
            "many of them come before the image?"
        ),
        mistakes=(
            Mistake(
                (-3, -3),
                '"same" adds only as many zeros as the last window needs: is their number even?',
            ),
            Mistake((-3, -5), "these are all the zeros; about half of them come before the image."),
            Mistake((0, 0), "the windows begin on the padding, which lies before pixel 0."),
            Mistake((3, 2), "pixels of the padding before the image are negative."),
        ),
    ),
    Exercise(
        name="stride_padding_pooling.padded_maximum",
        solution=_padded_maximum,
        hint="try a map of negative values, and ask which numbers may win.",
        mistakes=(
            Mistake(_zeros_win, "that is the bug: which maximum does it find among -1, -2 and 0?"),
            Mistake(
                lambda values, size, stride, _: _padded_maximum(values, size, stride, 0),
                "the windows may lie on the padding, too: it must be there, but never win.",
            ),
        ),
        cases=(
            (np.arange(16.0).reshape(4, 4) - 20, 2, 2, 1),
            (-np.eye(5) - 1, 3, 2, 1),
            (np.arange(25.0).reshape(5, 5), 3, 2, 0),
        ),
    ),
    Exercise(
        name="stride_padding_pooling.network",
        solution=_network(),
        view=walk,
        hint="print layer.output.shape and layer.count_params() of each layer, and compare.",
        mistakes=(
            Mistake(_network(kernel=3), "the first kernels are 5×5."),
            Mistake(_network(window=2), "the windows of the pooling are 3×3, with stride 2."),
            Mistake(_network(stride=1), "the second convolution has stride 2."),
        ),
    ),
    Exercise(
        name="stride_padding_pooling.never_read",
        solution=_never_read,
        hint="list the pixels under every window, and count those that are in none.",
        mistakes=(
            Mistake(
                lambda size, kernel, stride: (size - kernel) % stride,
                "that is what is left over at the end; there may be gaps between windows too.",
            ),
            Mistake(
                lambda size, kernel, stride: size - kernel * ((size - kernel) // stride + 1),
                "windows that overlap read some pixels twice: count those once.",
            ),
        ),
        cases=((5, 3, 1), (7, 3, 3), (11, 2, 2), (8, 3, 2), (10, 2, 4), (224, 1, 2), (9, 9, 1)),
    ),
    Exercise(
        name="stride_padding_pooling.average_as_convolution",
        solution=np.full((3, 3), 1 / 9),
        hint="a mean is a weighted sum: which weights does it give to the nine values?",
        mistakes=(
            Mistake(np.ones((3, 3)), "that gives the sum of the window, not its mean."),
            Mistake(np.full((3, 3), 1 / 3), "there are nine values in a window, not three."),
        ),
    ),
    Exercise(
        name="stride_padding_pooling.two_heads",
        solution=(Dense(1000).parameters((7, 7, 512)), Dense(1000).parameters((512,))),
        hint="inputs times outputs, plus one bias for each output; what enters the dense layer?",
        mistakes=(
            Mistake((25_088_000, 512_000), "the weights are right; each output has a bias too."),
            Mistake(
                (25_089_000, 50_000),
                "global average pooling gives one number for each of the 512 maps.",
            ),
        ),
    ),
    Exercise(
        name="stride_padding_pooling.blocks",
        solution=_blocks,
        hint="after a block, size pixels have become (size - 2) // 2.",
        mistakes=(
            Mistake(
                lambda size: int(np.log2(size)),
                "the convolution shrinks the map as well, by 2 pixels.",
            ),
        ),
        cases=((3,), (4,), (10,), (28,), (32,), (224,)),
    ),
)
