"""Exercises of chapter 9, *Network in Network and GoogLeNet*."""

from typing import Any

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.networks import walk
from coursecnn.exercises.views import letters

# As in table 1 of the paper: 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection.
Row = tuple[int, int, int, int, int, int]

FIRST: Row = (64, 96, 128, 16, 32, 32)  # module 3a
LAST: Row = (384, 192, 384, 48, 128, 128)  # module 5b
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


def side_exit(side: int = 4, filters: int = 128, hidden: int = 1024) -> str:
    """Put into words what `walk` sees of an auxiliary classifier, or of a wrong one."""
    values = side * side * filters
    rows = [
        f"AveragePooling2D {(side, side, 512)} 0",
        f"Conv2D {(side, side, filters)} {(512 + 1) * filters}",
    ]
    if hidden:
        rows += [f"Dense ({hidden},) {(values + 1) * hidden}", f"Dropout ({hidden},) 0"]
    return "\n".join([*rows, f"Dense (1000,) {((hidden or values) + 1) * 1000}"])


def demands(row: Any) -> tuple[bool, bool, bool]:
    """Tell whether a row is one, as deep as module 3a, and at most half as expensive."""
    if not isinstance(row, tuple) or len(row) != len(FIRST):
        return False, False, False
    depth, _, multiplications = costs(SIDE, CHANNELS, row)
    whole = all(isinstance(width, int) and width >= 8 for width in row)
    return whole, depth == DEPTH, 2 * multiplications <= costs(SIDE, CHANNELS, FIRST)[2]


EXERCISES = (
    Exercise(
        name="nin_googlenet.statements",
        solution="abd",
        view=letters,
        hint="ask of each: what does the layer read, and is there a ReLU in between?",
        mistakes=(
            Mistake("abcd", "c: the two reductions feed the 3×3 and the 5×5, not the output."),
            Mistake("abde", "e: what becomes of the side exits after training?"),
            Mistake("ad", "b: what is a linear map of a linear map?"),
            Mistake("bd", "a: how many weights does a 1×1 filter on one channel have?"),
            Mistake("ab", "d: how does an average depend on the size of its map?"),
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
        name="nin_googlenet.bug",
        solution=6,
        hint="go through the lines: who reads before3, before5 and pooled?",
        mistakes=(
            Mistake(3, "this reduction is right; who reads it?"),
            Mistake(4, "the pooling has to keep the size of the map, and does."),
            Mistake(5, "1×1 on the input, and 3×3 on what was reduced: that is right."),
        ),
    ),
    Exercise(
        name="nin_googlenet.auxiliary",
        solution=side_exit(),
        view=walk,
        hint="print layer.output.shape and layer.count_params() of each layer, and compare.",
        mistakes=(
            Mistake(side_exit(side=2), "the pooling has no padding, and its stride is 3: 4×4."),
            Mistake(side_exit(hidden=0), "the dense layer with 1024 units is missing."),
            Mistake(side_exit(filters=512), "the 1×1 convolution leaves 128 maps."),
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
