"""Exercises of chapter 5, *Architecture patterns*."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

from coursecnn import patterns
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.geometry import Dense, Layer, receptive_field

IMAGE = (32, 32, 3)
DIGIT = (28, 28, 1)
CLASSES = 10
BUDGET = 15_000  # parameters
FIELD = 32  # pixels

SMALL = "INPUT -> [CONV(16) -> POOL]*2 -> FC"
GUIDED = "INPUT -> CONV(16) -> POOL -> CONV(24, valid) -> POOL -> FC(100) -> FC"
TEXTS = (
    "INPUT -> [CONV -> POOL]*2 -> FC -> FC",
    "INPUT -> [[CONV -> RELU]*2 -> POOL]*3 -> FC*2 -> FC",
    "INPUT -> FC",
)


def shapes(pattern: str, image: tuple[int, ...] = DIGIT) -> str:
    """Walk an image through a pattern, and list the shapes; none for what is no pattern."""
    if not isinstance(pattern, str):
        return "none"
    shape, walked = image, []
    for layer in patterns.layers(pattern, CLASSES).values():
        shape = layer.output_shape(shape)
        walked.append("x".join(map(str, shape)))
    return " ".join(walked)


def parameters(pattern: str) -> int:
    """Add up the parameters of a pattern for a small colour image and ten classes."""
    shape: tuple[int, ...] = IMAGE
    total = 0
    for layer in patterns.layers(pattern, CLASSES).values():
        total, shape = total + layer.parameters(shape), layer.output_shape(shape)
    return total


def field(pattern: str) -> int:
    """Say how many pixels wide a unit of the last map sees."""
    named = patterns.layers(pattern, CLASSES).values()
    maps: list[Layer] = [layer for layer in named if not isinstance(layer, Dense)]
    return receptive_field(maps).size


def demands(pattern: Any) -> tuple[bool, bool]:
    """Tell whether a pattern is cheap enough, and whether its last map sees enough."""
    if not isinstance(pattern, str):
        return False, False
    return parameters(pattern) <= BUDGET, field(pattern) >= FIELD


def networks() -> int:
    """Count the different networks of one line with two letters and a question mark."""
    form = patterns.parse("INPUT -> [CONV*N -> POOL?]*M -> FC")
    settings = product((True, False), range(1, 4), range(1, 4))
    return len({form.expand([keep], N=n, M=m) for keep, n, m in settings})


def expand(text: str) -> list[str]:
    """Unroll a pattern into the names of its layers, INPUT included."""
    return ["INPUT", *map(str, patterns.parse(text).expand())]


def unroll_once(text: str) -> list[str]:
    """The mistake: only the innermost brackets are unrolled."""
    innermost = r"\[([^][]*)\]\*(\d+)"
    flat = re.sub(innermost, lambda m: " -> ".join([m[1]] * int(m[2])), text)
    return flat.split(" -> ")


EXERCISES = (
    Exercise(
        name="patterns.weights",
        solution=9,
        hint="write the repetitions out, then strike what has no weights.",
        mistakes=(
            Mistake(12, "these are all layers after INPUT; a POOL learns nothing."),
            Mistake(8, "the last FC, which gives the scores, has weights as well."),
            Mistake(5, "the set in brackets comes three times, and FC*2 stands for two layers."),
            Mistake(6, "FC*2 -> FC stands for three layers with weights."),
        ),
    ),
    Exercise(
        name="patterns.walk",
        solution=GUIDED,
        view=shapes,
        hint='go from shape to shape; a side that loses two pixels has met a "valid" 3×3 window.',
        mistakes=(
            Mistake(
                GUIDED.replace(", valid", ""),
                'the second convolution takes 14 to 12: its padding is "valid".',
            ),
            Mistake(
                GUIDED.replace("24, ", ""),
                "the second convolution has 24 filters: without a number it would have 32.",
            ),
            Mistake(GUIDED.replace("FC(100)", "FC"), "say how many units the first FC has."),
        ),
    ),
    Exercise(
        name="patterns.parameters",
        solution=parameters(SMALL),
        hint="the convolutions have (3·3·3 + 1)·16 and (3·3·16 + 1)·16; what is left for FC?",
        mistakes=(
            Mistake(
                parameters("INPUT -> CONV(16) -> POOL -> CONV(32) -> POOL -> FC"),
                "the number in the brackets counts for both rounds: nothing doubles here.",
            ),
            Mistake(parameters(SMALL) - 16 - 16 - 10, "the weights are right; add the biases."),
            Mistake(
                parameters("INPUT -> CONV(16)*2 -> FC"),
                "the poolings quarter the map, and FC sees what is left.",
            ),
        ),
    ),
    Exercise(
        name="patterns.poolings",
        solution=9,
        hint="halve 600, dropping what is left over, until a window of 2×2 no longer fits.",
        mistakes=(
            Mistake(3, "after three poolings 75×75 is left, which is odd but can still be pooled."),
            Mistake(10, "a map of 1×1 has no room for a window of 2×2."),
        ),
    ),
    Exercise(
        name="patterns.networks",
        solution=networks(),
        hint="collect the results of expand in a set.",
        mistakes=(
            Mistake(18, "some of these lines stand for the same network: use a set."),
            Mistake(9, "POOL? gives two possibilities: keep=[True] and keep=[False]."),
        ),
    ),
    Exercise(
        name="patterns.expand",
        solution=expand,
        cases=tuple((text,) for text in TEXTS),
        hint="unroll the innermost brackets first, and repeat that until none are left.",
        mistakes=(
            Mistake(lambda text: expand(text)[1:], "the list begins with INPUT."),
            Mistake(unroll_once, "brackets may hold brackets, and FC*2 has none."),
        ),
    ),
    Exercise(
        name="patterns.budget",
        solution="INPUT -> [CONV(16)*2 -> POOL]*3 -> FC",
        view=demands,
        hint="print the parameters and the field of your pattern, as the question shows.",
        mistakes=(
            Mistake(
                "INPUT -> [CONV*2 -> POOL]*3 -> FC",
                "the field is wide enough; the parameters are too many: use fewer filters.",
            ),
            Mistake(
                "INPUT -> [CONV(8) -> POOL]*2 -> FC",
                "cheap enough, but the field is too small: add blocks or convolutions.",
            ),
        ),
    ),
)
