"""Exercises of chapter 4, *A first CNN on MNIST*."""

from math import log, sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.networks import described, walk
from coursecnn.geometry import Convolution, Dense, Layer, Pooling

Array: TypeAlias = NDArray[np.floating[Any]]
Integers: TypeAlias = NDArray[np.integer[Any]]

SCORES = np.array([[2.0, 1.0, 0.0], [-1.0, 0.5, 3.0]])
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25], [0.1, 0.1, 0.8]])
LABELS, GUESSES = np.array([4, 9, 4, 4, 0]), np.array([9, 9, 9, 4, 6])


def softmax(scores: Array) -> Array:
    """Turn scores (n, classes) into probabilities, each row by itself."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def cross_entropy(probabilities: Array, labels: Integers) -> float:
    """Average -ln of the probability (n, classes) that each image's own class got."""
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def confusion(labels: Integers, guesses: Integers) -> Integers:
    """Count the images of each class (rows) by the class that they were given (columns)."""
    table = np.zeros((10, 10), dtype=int)
    np.add.at(table, (labels, guesses), 1)
    return table


def confusion_without_repeats(labels: Integers, guesses: Integers) -> Integers:
    """The mistake: an index that occurs twice is still increased only once."""
    table = np.zeros((10, 10), dtype=int)
    table[labels, guesses] += 1
    return table


def parameters(maps1: int, maps2: int, maps3: int, units: int) -> int:
    """Count the parameters of the chapter's network with other widths."""
    return _count([Convolution(maps1, 3), Convolution(maps2, 3), Convolution(maps3, 3)], units)


def _count(convolutions: list[Convolution], units: int) -> int:
    pooling = Pooling(2, rounding="floor")
    first, second, third = convolutions
    layers: list[Layer] = [first, pooling, second, pooling, third, Dense(units), Dense(10)]
    shape: tuple[int, ...] = (28, 28, 1)
    total = 0
    for layer in layers:
        total += layer.parameters(shape)
        shape = layer.output_shape(shape)
    return total


def one_channel_each(maps1: int, maps2: int, maps3: int, units: int) -> int:
    """The mistake: kernels that look at one map of the layer below instead of all."""
    layers = [Convolution(maps1, 3), Convolution(maps2, 3, groups=maps1)]
    return _count([*layers, Convolution(maps3, 3, groups=maps2)], units)


def without_biases(maps1: int, maps2: int, maps3: int, units: int) -> int:
    """The mistake: weights only."""
    return parameters(maps1, maps2, maps3, units) - (maps1 + maps2 + maps3 + units + 10)


def padded_network(side: int = 28, first_kernel: int = 5) -> str:
    """The walk through exercise 6's network, for a side that its convolutions leave."""
    layers: list[tuple[str, Layer]] = [
        ("Conv2D", Convolution(8, first_kernel, padding=(side - 28 + first_kernel - 1) // 2)),
        ("MaxPooling2D", Pooling(2)),
        ("Conv2D", Convolution(16, 3, padding=1)),
        ("MaxPooling2D", Pooling(2)),
        ("Dense", Dense(10)),
    ]
    return described(layers, (28, 28, 1))


EXERCISES = (
    Exercise(
        name="first_cnn.first_epoch",
        solution="c",
        hint="ask of each number with which weights it was measured.",
        mistakes=(
            Mistake("a", "the images are the same, but the weights of the log's number are not."),
            Mistake("b", "the log's number includes batches from before it had learned anything."),
            Mistake("d", "one look at each image does not teach it by heart."),
        ),
    ),
    Exercise(
        name="first_cnn.macs_unpooled",
        solution=Convolution(64, 3).macs((26, 26, 32)),
        hint="outputs times products for each: without the pooling the layer reads 26×26×32.",
        mistakes=(
            Mistake(Convolution(64, 3).macs((13, 13, 32)), "that is with the pooling."),
            Mistake(
                4 * Convolution(64, 3).macs((13, 13, 32)),
                "nearly: the input is four times as large, the output a little more than that.",
            ),
            Mistake(26 * 26 * 64 * 9 * 32, "without padding the output is smaller than the input."),
            Mistake(24 * 24 * 64 * 9, "each kernel reaches through all 32 maps of its input."),
        ),
    ),
    Exercise(
        name="first_cnn.softmax",
        solution=softmax,
        cases=((SCORES,), (SCORES + 1000,), (np.zeros((1, 10)),)),
        hint=(
            "take exp, then divide each row by its own sum; subtract each row's largest score "
            "first, or exp(1000) is infinite."
        ),
        mistakes=(
            Mistake(
                lambda scores: np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum(),
                "every row must add up to 1 by itself: sum along axis=1, with keepdims=True.",
            ),
            Mistake(
                lambda scores: softmax(scores.T).T,
                "you have summed over the images; sum over the classes, axis=1.",
            ),
        ),
    ),
    Exercise(
        name="first_cnn.cross_entropy",
        solution=cross_entropy,
        cases=((PROBABILITIES, np.array([0, 1, 2])), (PROBABILITIES, np.array([2, 0, 0]))),
        hint="pick each image's probability of its own class, take -ln, then the mean.",
        mistakes=(
            Mistake(lambda p, y: -cross_entropy(p, y), "a loss is not negative: mind the sign."),
            Mistake(lambda p, y: len(y) * cross_entropy(p, y), "the mean, not the sum."),
            Mistake(lambda p, y: cross_entropy(p, y) / log(10), "the natural logarithm, np.log."),
            Mistake(
                lambda p, y: -np.log(p[:, y].mean()),
                "pair images and labels: p[np.arange(len(y)), y], and the logarithm before mean.",
            ),
        ),
    ),
    Exercise(
        name="first_cnn.confusion",
        solution=confusion,
        cases=((LABELS, GUESSES), (np.zeros(7, int), np.zeros(7, int))),
        hint="each image adds 1 at the row of its label and the column of the guess.",
        mistakes=(
            Mistake(
                confusion_without_repeats,
                "that is the bug: count a pair that occurs three times by hand.",
            ),
            Mistake(
                lambda labels, guesses: confusion(guesses, labels),
                "rows and columns are swapped: a row holds the images with one label.",
            ),
        ),
    ),
    Exercise(
        name="first_cnn.network",
        solution=padded_network(),
        view=walk,
        hint="print layer.output.shape and layer.count_params() of each layer, and compare.",
        mistakes=(
            Mistake(padded_network(24), 'the first map must stay 28×28: padding="same".'),
            Mistake(padded_network(28, 3), "the first kernels are 5×5, those of the second 3×3."),
        ),
    ),
    Exercise(
        name="first_cnn.test_images",
        solution=round(0.99 * 0.01 / 0.0005**2),
        hint="solve s = sqrt(p (1 - p) / n) for n.",
        mistakes=(
            Mistake(20_000, "the error shrinks with the square root of n: half needs four times."),
            Mistake(40_000, "nearly: keep the factor p beside 1 - p."),
            Mistake(sqrt(0.99 * 0.01) / 0.0005, "that is the square root of n."),
        ),
    ),
    Exercise(
        name="first_cnn.parameters",
        solution=parameters,
        cases=((32, 64, 64, 64), (8, 16, 16, 32), (1, 1, 1, 1)),
        hint="for each layer: outputs times (inputs of one output + 1); the last maps are 3×3.",
        mistakes=(
            Mistake(without_biases, "the weights are right; every map and every unit has a bias."),
            Mistake(one_channel_each, "a kernel is as deep as its input: it reads all maps."),
        ),
    ),
)
