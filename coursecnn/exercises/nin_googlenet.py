"""Exercises of chapter 9, *Network in Network and GoogLeNet*."""

from typing import Any

from coursecnn.exercises.answers import Exercise, Mistake

# As in table 1 of the paper: 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection.
Row = tuple[int, int, int, int, int, int]

FIRST: Row = (64, 96, 128, 16, 32, 32)  # module 3a
LAST: Row = (384, 192, 384, 48, 128, 128)  # module 5b
ASKED: Row = (96, 64, 160, 24, 48, 64)  # no module of the paper's, on 480 maps
SIDE, CHANNELS, DEPTH = 28, 192, 256  # of the input of module 3a, and of its output


def costs(side: int, channels: int, row: Row) -> tuple[int, int, int]:
    """Give a module's depth, its weights without biases, and its multiplications."""
    one, reduce3, three, reduce5, five, projection = row
    weights = channels * (one + reduce3 + reduce5 + projection)
    weights += 9 * reduce3 * three + 25 * reduce5 * five
    return one + three + five + projection, weights, side * side * weights


def all_rows_added(side: int, channels: int, row: Row) -> tuple[int, int, int]:
    """The mistake: the reductions are counted into the output."""
    return sum(row), *costs(side, channels, row)[1:]


def no_reductions(side: int, channels: int, row: Row) -> tuple[int, int, int]:
    """The mistake: 3×3 and 5×5 read all channels."""
    one, reduce3, three, reduce5, five, projection = row
    weights = channels * (one + reduce3 + reduce5 + projection + 9 * three + 25 * five)
    return one + three + five + projection, weights, side * side * weights


def demands(row: Any) -> tuple[bool, bool, bool]:
    """Tell whether a row is one, as deep as module 3a, and at most half as expensive."""
    if not isinstance(row, tuple) or len(row) != len(FIRST):
        return False, False, False
    depth, _, multiplications = costs(SIDE, CHANNELS, row)
    whole = all(isinstance(width, int) and width >= 8 for width in row)
    return whole, depth == DEPTH, 2 * multiplications <= costs(SIDE, CHANNELS, FIRST)[2]


EXERCISES = (
    Exercise(
        name="nin_googlenet.depth",
        solution=costs(SIDE, 480, ASKED)[0],
        hint="add the filters of the four ways' last layers.",
        mistakes=(
            Mistake(sum(ASKED), "the two reductions feed the 3×3 and the 5×5, not the output."),
            Mistake(96 + 160 + 48, "the pooling's projection is a way as well."),
            Mistake(96 + 160 + 48 + 480, "the 1×1 after the pooling leaves 64 of 480 maps."),
        ),
    ),
    Exercise(
        name="nin_googlenet.weights",
        solution=costs(SIDE, 480, ASKED)[1],
        hint="six products: four 1×1 read all 480 channels, 3×3 and 5×5 read their reductions.",
        mistakes=(
            Mistake(240_000 + sum(ASKED), "the weights are right; leave the biases out here."),
            Mistake(no_reductions(SIDE, 480, ASKED)[1], "3×3 and 5×5 read what is reduced."),
            Mistake(240_000 - 64 * 480, "the projection after the pooling has weights."),
            Mistake(240_000 - (64 + 24) * 480, "the two reductions have weights."),
        ),
    ),
    Exercise(
        name="nin_googlenet.widest",
        solution=231,
        hint="with r filters: r · 256 + 25 · r · 96 weights, against 25 · 256 · 96 without.",
        mistakes=(
            Mistake(232, "with 232 the detour multiplies more than the direct way."),
            Mistake(255, "fewer channels than the input is not enough: the 1×1 itself costs."),
            Mistake(256, "fewer channels than the input is not enough: the 1×1 itself costs."),
            Mistake(240, "you left out what the 1×1 itself multiplies."),
        ),
    ),
    Exercise(
        name="nin_googlenet.head",
        solution=(7 * 7 * 1024 + 1) * 1000 - (1024 + 1) * 1000,
        hint="a dense layer on 7·7·1024 values, minus one on 1024 averages; the biases cancel.",
        mistakes=(
            Mistake((7 * 7 * 1024 + 1) * 1000, "subtract what the classifier has now."),
            Mistake((7 * 7 * 1024 + 1) * 1000 - 1024, "the classifier has 1000 outputs."),
            Mistake(7 * 7 * 1024 - 1024, "that is for one class."),
        ),
    ),
    Exercise(
        name="nin_googlenet.loss",
        solution=6.9,
        hint="loss + 0.3 · (first + second).",
        mistakes=(
            Mistake(16.0, "the auxiliary losses count 0.3 each."),
            Mistake(3.0, "in training the auxiliary losses are added."),
            Mistake(16 / 3, "the losses are added with their weights, not averaged."),
            Mistake(5.1, "there are two auxiliary losses: count them both."),
        ),
    ),
    Exercise(
        name="nin_googlenet.module",
        solution=costs,
        cases=((28, 192, FIRST), (7, 832, LAST), (14, 480, (192, 96, 208, 16, 48, 64))),
        hint="add up the six convolutions' weights; each weight multiplies once at each position.",
        mistakes=(
            Mistake(all_rows_added, "the reductions are not part of the output."),
            Mistake(no_reductions, "3×3 and 5×5 read what the reductions leave."),
            Mistake(
                lambda _, channels, row: costs(1, channels, row),
                "each weight multiplies once at each of side · side positions.",
            ),
        ),
    ),
    Exercise(
        name="nin_googlenet.budget",
        solution=(96, 40, 96, 8, 32, 32),
        view=demands,
        hint="print what your row costs; the 3×3 way is the most expensive one.",
        mistakes=(
            Mistake(FIRST, "that is module 3a itself: halve its multiplications."),
            Mistake((64, 40, 96, 8, 32, 32), "cheap enough, but the depth must stay 256."),
            Mistake((240, 0, 0, 0, 0, 16), "all six parts must be there, with 8 filters or more."),
        ),
    ),
)
