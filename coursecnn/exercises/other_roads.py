"""Exercises of chapter 12, *Other roads*."""

from __future__ import annotations

from fractions import Fraction

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.networks import Census
from coursecnn.exercises.views import letters

Modules = list[tuple[int, int, int]]  # squeeze, expand 1×1, expand 3×3

# Of the block to write: maps that come in, layers, growth, and the factor of the bottleneck.
INCOMING, LAYERS, GROWTH, FACTOR = 12, 3, 6, 4

CENSUS = Census({"Conv2D": "convolutions", "Concatenate": "concatenations"})


def paths(columns: int) -> int:
    """Count the paths through a fractal."""
    return 1 if columns == 1 else paths(columns - 1) ** 2 + 1


def steps(columns: int) -> int:
    """Add up the convolutions on all paths: each half is walked once for each path of the other."""
    return 1 if columns == 1 else 2 * paths(columns - 1) * steps(columns - 1) + 1


def mean_path(columns: int) -> float:
    """How many convolutions a path through a fractal has on average."""
    return float(Fraction(steps(columns), paths(columns)))


def dense_block(*, bottleneck: bool = True, chained: bool = False, bias: bool = False) -> str:
    """Say what `CENSUS` finds in the block, or in one that differs from it, on maps of 8×8."""
    parameters, channels = 0, INCOMING
    for _ in range(LAYERS):
        reads = channels
        if bottleneck:
            reads = FACTOR * GROWTH
            parameters += 2 * channels + channels * reads + bias * reads
        parameters += 2 * reads + 9 * reads * GROWTH + bias * GROWTH
        channels = GROWTH if chained else channels + GROWTH
    convolutions = LAYERS * (1 + bottleneck)
    counts = convolutions, 0 if chained else LAYERS
    return CENSUS.of((8, 8, INCOMING), (8, 8, channels), counts, parameters)


def modules(base: int, increment: int, share: float, ratio: float) -> Modules:
    """Derive eight Fire modules from the paper's metaparameters (section 5)."""
    expands = [base + increment * (i // 2) for i in range(8)]
    wide = [(expand, round(share * expand)) for expand in expands]
    return [(round(ratio * expand), expand - e3x3, e3x3) for expand, e3x3 in wide]


def modules_growing_each_time(base: int, increment: int, share: float, ratio: float) -> Modules:
    """The mistake: each module is wider than the one before it, not each pair."""
    expands = [base + increment * i for i in range(8)]
    wide = [(expand, round(share * expand)) for expand in expands]
    return [(round(ratio * expand), expand - e3x3, e3x3) for expand, e3x3 in wide]


EXERCISES = (
    Exercise(
        name="other_roads.statements",
        solution="bdf",
        view=letters,
        hint="follow a map, and its gradient, through each block; ask what is drawn, and for whom.",
        mistakes=(
            Mistake("abdf", "a: what does every path through a fractal pass, even the shortest?"),
            Mistake("bcdf", "c: what does each of the two leave out, and for whom is it drawn?"),
            Mistake("bdef", "e: compare DenseNet-BC-100 with ResNet-110."),
            Mistake("df", "b: is a join a sum or a mean?"),
            Mistake("bf", "d: what does a concatenation do to a map, and to its gradient?"),
            Mistake("bd", "f: what is left of AlexNet without its dense layers?"),
        ),
    ),
    Exercise(
        name="other_roads.doubled",
        solution=(4, 2),
        hint="a 3×3 convolution has a weight for each pair of a map it reads and a map it makes.",
        mistakes=(
            Mistake((2, 2), "twice as many maps are read, and twice as many are made."),
            Mistake((4, 4), "a map has as many values as before; how many maps are there?"),
            Mistake((2, 4), "the right numbers; weights come first."),
        ),
    ),
    Exercise(
        name="other_roads.shares",
        solution=(0.5, 0.25, 0.25),
        hint="the last mean has two inputs; what is the second one a mean of?",
        mistakes=(
            Mistake((1 / 3, 1 / 3, 1 / 3), "so it should be; here means are taken of means."),
            Mistake((0.25, 0.25, 0.5), "the column of one layer comes first, beside `deep`."),
            Mistake((0.5, 0.5, 0), "the deepest column is there too: look into `deep`."),
        ),
    ),
    Exercise(
        name="other_roads.dense_block",
        solution=dense_block(),
        view=CENSUS,
        hint="compare shapes, convolutions, concatenations and parameters of your network.",
        mistakes=(
            Mistake(dense_block(bottleneck=False), "where are the bottlenecks?"),
            Mistake(
                dense_block(chained=True), "each layer must read all maps before it: concatenate."
            ),
            Mistake(
                dense_block(bias=True), "leave out the biases of the convolutions: use_bias=False."
            ),
        ),
    ),
    Exercise(
        name="other_roads.mean_path",
        solution=mean_path,
        cases=((1,), (2,), (3,), (4,), (6,)),
        hint="add up the lengths of all paths by the rule, and divide by the number of paths.",
        mistakes=(
            Mistake(
                lambda columns: (1 + 2 ** (columns - 1)) / 2,
                "that is halfway between the shortest and the longest; most paths are longer.",
            ),
            Mistake(
                lambda columns: (2**columns - 1) / columns,
                "that is the mean of the columns; a path may change columns where they meet.",
            ),
            Mistake(steps, "that is the length of all paths together: divide by their number."),
        ),
    ),
    Exercise(
        name="other_roads.metaparameters",
        solution=modules,
        cases=((128, 128, 0.5, 0.125), (128, 128, 0.5, 0.75), (64, 32, 0.25, 0.5)),
        hint="compute e first, then e3x3 and s1x1 from it; e1x1 is what is left of e.",
        mistakes=(
            Mistake(modules_growing_each_time, "the width grows with every second module."),
            Mistake(
                lambda *numbers: [(s, e3x3, e1x1) for s, e1x1, e3x3 in modules(*numbers)],
                "`share` is the share of the 3×3 filters.",
            ),
        ),
    ),
)
