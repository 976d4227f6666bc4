"""Exercises of chapter 3, *Stride, padding, pooling, ReLU*."""

import numpy as np

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.geometry import Dense, output_size


def _same_padding(kernel: int, dilation: int) -> int:
    return dilation * (kernel - 1) // 2


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
        name="stride_padding_pooling.first_layer",
        solution=(112, 1),
        hint="divide N - F + 2P by S: the quotient plus one is the width, the remainder is left.",
        mistakes=(
            Mistake((113, 1), "that is rounded up; the exercise rounds down."),
            Mistake((112, 0), "223 is odd, so the last step of 2 does not come out even."),
            Mistake((109, 1), "the padding is on both sides: add it twice."),
            Mistake((111, 1), "there is one place more than there are steps."),
        ),
    ),
    Exercise(
        name="stride_padding_pooling.kernels_that_fit",
        solution=[2, 4, 6, 8, 10],
        hint="N - F + 2P must be even and not negative.",
        mistakes=(
            Mistake([2, 4, 6, 8], "the kernel may be as wide as the padded row."),
            Mistake([1, 3, 5, 7, 9], "try one of them: is N - F + 2P a multiple of the stride?"),
            Mistake([1, 3, 5, 7], "try one of them: is N - F + 2P a multiple of the stride?"),
        ),
    ),
    Exercise(
        name="stride_padding_pooling.same_padding",
        solution=_same_padding,
        hint="set O = N in the formula, with the extent d(k - 1) + 1 for F, and solve for P.",
        mistakes=(
            Mistake(lambda kernel, _: (kernel - 1) // 2, "a dilated kernel needs more padding."),
            Mistake(
                lambda kernel, dilation: dilation * (kernel - 1), "that is both sides at once."
            ),
        ),
        cases=((1, 1), (3, 1), (5, 1), (7, 1), (3, 2), (3, 4), (5, 3)),
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
        name="stride_padding_pooling.pool_by_hand",
        solution=[[4, 2], [2, 3]],
        hint="each answer is the sum of four neighbours, divided by 4.",
        mistakes=(
            Mistake([[7, 8], [2, 9]], "these are the largest values; the exercise asks for means."),
            Mistake([[16, 8], [8, 12]], "these are sums: divide by the size of the window."),
        ),
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
        name="stride_padding_pooling.layers_of_sigmoids",
        solution=15,
        hint="find the smallest L for which a quarter to the power of L is at most a billionth.",
        mistakes=(
            Mistake(14, "a quarter to the power of 14 is still almost four billionths."),
            Mistake(30, "that is for a factor of one half in each layer."),
            Mistake(9, "that is for a factor of one tenth in each layer."),
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
