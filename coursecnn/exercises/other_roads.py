"""Exercises of chapter 12, *Other roads*."""

from __future__ import annotations

from coursecnn.architectures.densenet import IMAGENET
from coursecnn.exercises.answers import Exercise, Mistake

Modules = list[tuple[int, int, int]]  # squeeze, expand 1×1, expand 3×3

STAY = 0.85  # chance of an input of a join to stay
LAYERS = IMAGENET["densenet121"].blocks


def ways(columns: int) -> int:
    """Count the ways through a fractal."""
    return 1 if columns == 1 else ways(columns - 1) ** 2 + 1


def fire_parameters(channels: int, s1x1: int, e1x1: int, e3x3: int) -> int:
    """Count the parameters of a Fire module."""
    return (channels + 1) * s1x1 + (s1x1 + 1) * e1x1 + (9 * s1x1 + 1) * e3x3


def without_biases(channels: int, s1x1: int, e1x1: int, e3x3: int) -> int:
    """The mistake: only the weights are counted."""
    return channels * s1x1 + s1x1 * e1x1 + 9 * s1x1 * e3x3


def in_a_row(channels: int, s1x1: int, e1x1: int, e3x3: int) -> int:
    """The mistake: the 3×3 filters read what the 1×1 filters beside them make."""
    return (channels + 1) * s1x1 + (s1x1 + 1) * e1x1 + (9 * e1x1 + 1) * e3x3


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
        name="other_roads.fractal_ways",
        solution=(5, 160),
        hint="each block has its own shortest and longest way; there are five blocks.",
        mistakes=(
            Mistake((1, 32), "that is one block; the network has five."),
            Mistake((5, 320), "six columns: the longest way doubles five times, from 1 to 32."),
            Mistake((160, 5), "the right numbers; the shortest comes first."),
        ),
    ),
    Exercise(
        name="other_roads.count_ways",
        solution=ways,
        cases=((1,), (2,), (3,), (4,), (6,)),
        hint="every way through the upper half goes on with every way through the lower half.",
        mistakes=(
            Mistake(lambda columns: columns, "the columns meet halfway, where ways can change."),
            Mistake(
                lambda columns: 2 ** (columns - 1),
                "that is the longest way: how many are there?",
            ),
            Mistake(lambda columns: 2**columns - 1, "that is the number of convolutions."),
        ),
    ),
    Exercise(
        name="other_roads.join_of_two",
        solution=STAY**2,
        hint="both have to stay, and the two draws are independent.",
        mistakes=(
            Mistake(STAY, "that is the chance for one of them."),
            Mistake(1 - (1 - STAY) ** 2, "that is the chance that at least one stays by itself."),
        ),
    ),
    Exercise(
        name="other_roads.maps_read",
        solution=224,
        hint="the block's input, and the maps of the five layers before it.",
        mistakes=(
            Mistake(256, "that is what leaves the block: the sixth layer does not read itself."),
            Mistake(160, "it reads the 64 maps of the block's input as well."),
            Mistake(128, "it makes 4 · 32 = 128 maps of what it reads; how many does it read?"),
        ),
    ),
    Exercise(
        name="other_roads.connections",
        solution=sum(n * (n + 1) // 2 for n in LAYERS),
        hint="use the formula for each block, then add up.",
        mistakes=(
            Mistake(
                sum(LAYERS) * (sum(LAYERS) + 1) // 2,
                "layers of different blocks are not connected: take the blocks one by one.",
            ),
            Mistake(
                sum(n * (n - 1) // 2 for n in LAYERS),
                "each layer also reads the input of its block.",
            ),
            Mistake(sum(LAYERS), "that is a chain: each layer reads one thing."),
        ),
    ),
    Exercise(
        name="other_roads.fire_parameters",
        solution=fire_parameters,
        cases=((96, 16, 64, 64), (128, 16, 64, 64), (512, 64, 256, 128)),
        hint="count the three convolutions one by one; what does each of them read?",
        mistakes=(
            Mistake(without_biases, "each filter has a bias."),
            Mistake(in_a_row, "both expand layers read what the squeeze layer makes."),
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
