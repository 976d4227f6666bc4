"""Exercises of chapter 13, *The comparison*."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coursecnn.exercises.answers import Exercise, Mistake

Edges = Sequence[tuple[int, int]]

VGG16 = 138_357_544  # parameters


def names(answer: Any) -> str:
    """Put the names in a fixed order, so that a list is as good as a set."""
    return " ".join(sorted(answer)) if isinstance(answer, set | list | tuple) else "none"


def front(costs: Sequence[float], gains: Sequence[float]) -> list[int]:
    """List the positions that no other one dominates."""
    points = list(zip(costs, gains, strict=True))
    return [
        place
        for place, (cost, gain) in enumerate(points)
        if not any(c <= cost and g >= gain and (c, g) != (cost, gain) for c, g in points)
    ]


def strictly_better(costs: Sequence[float], gains: Sequence[float]) -> list[int]:
    """The mistake: only what is worse in both counts as dominated."""
    points = list(zip(costs, gains, strict=True))
    return [
        place
        for place, (cost, gain) in enumerate(points)
        if not any(c < cost and g > gain for c, g in points)
    ]


def depth(edges: Edges, weighted: Sequence[bool]) -> int:
    """Count the layers with weights on the longest way."""
    longest = [int(has) for has in weighted]
    for start, end in sorted(edges, key=lambda edge: edge[1]):
        longest[end] = max(longest[end], longest[start] + weighted[end])
    return max(longest)


def every_layer(edges: Edges, weighted: Sequence[bool]) -> int:
    """The mistake: layers without weights are counted as well."""
    return depth(edges, [True] * len(weighted))


def all_weights(_edges: Edges, weighted: Sequence[bool]) -> int:
    """The mistake: branches are added up."""
    return sum(weighted)


CHAIN: Edges = [(0, 1), (1, 2), (2, 3), (3, 4)]
BRANCHES: Edges = [(0, 1), (1, 2), (0, 3), (2, 4), (3, 4), (4, 5)]

EXERCISES = (
    Exercise(
        name="comparison.times",
        solution=9.8,
        hint="divide the larger number by the smaller one.",
        mistakes=(
            Mistake(0.1, "this is the other way round: GoogLeNet's work in VGG16s."),
            Mistake(19.8, "these are the parameters; the question is about MACs."),
        ),
    ),
    Exercise(
        name="comparison.megabytes",
        solution=round(4 * VGG16 / 1e6),
        hint="a float32 has 32 bits, and a byte has 8.",
        mistakes=(
            Mistake(round(VGG16 / 1e6), "this is one byte for each parameter."),
            Mistake(round(4 * VGG16 / 2**20), "these are mebibytes, of 1,048,576 bytes each."),
            Mistake(round(32 * VGG16 / 1e6), "these are megabits."),
        ),
    ),
    Exercise(
        name="comparison.alike",
        solution={"ResNet-50", "DenseNet-121"},
        view=names,
        hint="look up in the chapter's table in which column each of the numbers stands.",
        mistakes=(
            Mistake(
                {"VGG16", "ResNet-50"},
                "VGG16's number is of the whole image; by one crop it has 71.5 %.",
            ),
            Mistake({"ZFNet", "VGG16"}, "ten crops and the whole image are two protocols."),
        ),
    ),
    Exercise(
        name="comparison.reuse",
        solution=55 * 55,
        hint="each weight is used once at each place of the map.",
        mistakes=(
            Mistake(55 * 55 * 96, "a weight belongs to one filter, not to all 96."),
            Mistake(1, "that would be a dense layer."),
            Mistake(227 * 227, "the filter has a stride: count places of the output."),
        ),
    ),
    Exercise(
        name="comparison.front",
        solution=front,
        cases=(
            ([1, 2, 3, 4], [10, 30, 20, 40]),
            ([5, 5, 6], [10, 20, 20]),
            ([3, 3, 1], [7, 7, 2]),
            ([1], [1]),
        ),
        hint="one is dominated if another costs no more, gains no less, and is not its equal.",
        mistakes=(
            Mistake(
                strictly_better, "the same accuracy for less, or more for the same, is enough."
            ),
        ),
    ),
    Exercise(
        name="comparison.depth",
        solution=depth,
        cases=(
            (CHAIN, [False, True, False, True, True]),
            (BRANCHES, [False, True, True, True, False, True]),
            ([(0, 1), (0, 2), (1, 2)], [False, True, False]),
        ),
        hint="go through the layers in order, and keep the longest way to each.",
        mistakes=(
            Mistake(every_layer, "a layer without weights adds nothing to the depth."),
            Mistake(all_weights, "branches run side by side: only the longer one counts."),
        ),
    ),
    Exercise(
        name="comparison.device",
        solution="resnet18",
        hint="strike the networks that are too large or too slow, then take the best of the rest.",
        mistakes=(
            Mistake("densenet121", "it does 2.83 billion MACs for an image."),
            Mistake("densenet169", "it does 3.36 billion MACs for an image."),
            Mistake("googlenet", "it fits, but another one that fits is right more often."),
        ),
    ),
)
