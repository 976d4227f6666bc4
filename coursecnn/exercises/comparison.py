"""Exercises of chapter 13, *The comparison*."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake

Array = NDArray[Any]
Edges = Sequence[tuple[int, int]]

COUNTS = np.array([[0.7, 61.0, 1.4], [15.5, 138.0, 15.3], [3.9, 25.6, 37.1], [2.8, 8.1, 49.9]])
TIMES = np.array([13.0, 100.0, 33.0, 27.0])


def names(answer: Any) -> str:
    """Put the names in a fixed order, so that a list is as good as a set."""
    return " ".join(sorted(answer)) if isinstance(answer, set | list | tuple) else "none"


def order(answer: Any) -> str:
    """Read the names in their order, in whatever brackets."""
    return " ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


def attribute(answer: Any) -> str:
    """See a name without the quotes, brackets and the layer that people write around it."""
    return str(answer).strip("`'\"() ").removeprefix("layer.")


def prices(counts: Array, times: Array) -> Array:
    """Return what a unit of each count takes, with the least relative errors."""
    relative = counts / times[:, None]
    found: Array = np.linalg.lstsq(relative, np.ones(len(times)), rcond=None)[0]
    return found


def absolute_prices(counts: Array, times: Array) -> Array:
    """The mistake: the absolute errors are made least."""
    found: Array = np.linalg.lstsq(counts, times, rcond=None)[0]
    return found


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
        name="comparison.batch_gain",
        solution=["alexnet", "vgg16", "densenet121"],
        view=order,
        hint="what a batch shares are the weights: which network does least with each of them?",
        mistakes=(
            Mistake(
                ["densenet121", "vgg16", "alexnet"],
                "a network that uses a weight often has little to gain from fetching it once.",
            ),
        ),
    ),
    Exercise(
        name="comparison.macs_bug",
        solution="groups",
        view=attribute,
        hint="print the shape of a kernel of ResNeXt: how many channels does it read?",
        mistakes=(
            Mistake("strides", "the output's height and width know the stride already."),
            Mistake("filters", "every filter does its own work; which channels does it read?"),
            Mistake("dilation_rate", "a dilated kernel has as many weights as another one."),
        ),
    ),
    Exercise(
        name="comparison.fit",
        solution=prices,
        cases=((COUNTS, TIMES), (COUNTS[:, :1], TIMES)),
        hint="divide each row of the counts by its time: then the sum should be 1 for all.",
        mistakes=(
            Mistake(absolute_prices, "these are absolute errors: the slow networks decide alone."),
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
