"""Exercises of chapter 15, *The CIFAR-10 lab*."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake

Array: TypeAlias = NDArray[np.floating[Any]]
Labels: TypeAlias = NDArray[np.integer[Any]]

ERROR = sqrt(0.1805 * 0.8195 / 10_000)  # standard error of the lecture's number
BEST_OF_FIVE = 1.16296  # mean of the largest of five standard normal numbers

LABELS, GUESSES = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 2, 1, 2, 0, 0])
CONFIDENCE = np.array([0.95, 0.91, 0.98, 0.62, 0.67, 0.33, 1.0])
CORRECT = np.array([True, True, False, True, False, False, True])
PROBABILITIES = np.array([[0.9, 0.09, 0.01], [0.2, 0.5, 0.3]])


def confusion(labels: Labels, guesses: Labels, classes: int) -> Labels:
    """Count the images of each class (rows) by what they were taken for (columns)."""
    table = np.zeros((classes, classes), dtype=int)
    np.add.at(table, (labels, guesses), 1)
    return table


def calibration_error(confidence: Array, correct: NDArray[np.bool_], bins: int) -> float:
    """Average the gap between confidence and accuracy over bins, each weighted by its images."""
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(places, weights=confidence - correct, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def each_bin_alike(confidence: Array, correct: NDArray[np.bool_], bins: int) -> float:
    """The mistake: bins with one image count as much as bins with a thousand."""
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    chosen = [places == place for place in np.unique(places)]
    return float(np.mean([abs(confidence[b].mean() - correct[b].mean()) for b in chosen]))


def one_bin(confidence: Array, correct: NDArray[np.bool_], bins: int) -> float:
    """The mistake: too sure here and too modest there cancel."""
    return calibration_error(confidence, correct, bins=1) if bins else 0.0


def softened(probabilities: Array, temperature: float) -> Array:
    """Divide the scores by a temperature, and turn them into probabilities again."""
    powers = probabilities ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def not_normalised(probabilities: Array, temperature: float) -> Array:
    """The mistake: numbers that do not add up to 1."""
    return np.asarray(probabilities ** (1 / temperature))


def unchanged(probabilities: Array, temperature: float) -> Array:
    """The mistake: all probabilities of a row are divided by the same number."""
    divided = probabilities / temperature
    return np.asarray(divided / divided.sum(axis=1, keepdims=True))


EXERCISES = (
    Exercise(
        name="cifar10_lab.wrong_images",
        solution=361,
        hint="a fifth of the mistakes: of 18.05 % of 10,000 test images.",
        mistakes=(
            Mistake(2000, "a fifth of the mistakes, not of the images."),
            Mistake(1805, "those are all its mistakes; a fifth of them is avoided."),
            Mistake(1444, "those are the mistakes that are left."),
            Mistake(3.61, "those are points; how many images is it?"),
        ),
    ),
    Exercise(
        name="cifar10_lab.steps",
        solution=ceil(45_000 / 128),
        hint="divide the images that are trained on by the batch size; the last may be smaller.",
        mistakes=(
            Mistake(ceil(50_000 / 128), "5,000 of these images are set aside, and not trained on."),
            Mistake(45_000 // 128, "the images that are left over make one more, smaller, batch."),
            Mistake(45_000 / 128, "a step is a whole step: round up."),
            Mistake(20 * ceil(45_000 / 128), "that is all twenty epochs."),
        ),
    ),
    Exercise(
        name="cifar10_lab.normalisation",
        solution=4 * 128,
        hint="each map has a scale and a shift, a mean and a variance.",
        mistakes=(
            Mistake(2 * 128, "half of them are trained; the summary counts the averages too."),
            Mistake(128, "each map has four numbers."),
            Mistake(4 * 128 * 13 * 13, "all places of a map share its four numbers."),
        ),
    ),
    Exercise(
        name="cifar10_lab.same_everywhere",
        solution=(8 * 8 * 64 + 1) * 512,
        hint="with padding everywhere only the two poolings shrink the map: 32, 16, 8.",
        mistakes=(
            Mistake((6 * 6 * 64 + 1) * 512, "that is the lecture's network, with 6×6 maps."),
            Mistake(8 * 8 * 64 * 512, "the weights are right; each of the 512 units has a bias."),
            Mistake((7 * 7 * 64 + 1) * 512, "both convolutions of both stages keep the size."),
            Mistake((8 * 8 + 1) * 512, "a unit reads the 64 maps, not one."),
        ),
    ),
    Exercise(
        name="cifar10_lab.standard_error",
        solution=2 * ERROR,
        tolerance=5e-3,
        hint="sqrt(p (1 - p) / n) with p = 0.1805 and n = 2,500.",
        mistakes=(
            Mistake(ERROR, "that is for all 10,000; how does it grow if a quarter is left?"),
            Mistake(4 * ERROR, "a quarter of the images makes it twice as large, not four times."),
            Mistake(4 * ERROR**2, "that is the variance: take the square root."),
            Mistake(200 * ERROR, "that is in percentage points; answer with a share."),
            Mistake(sqrt(0.1805 / 2_500), "keep the factor 1 - p."),
        ),
    ),
    Exercise(
        name="cifar10_lab.best_of_five",
        solution=BEST_OF_FIVE * ERROR,
        tolerance=0.03,
        hint="draw five values with this standard error, take the largest, and average many draws.",
        mistakes=(
            Mistake(0, "the average of all five is not too good, but you report the largest."),
            Mistake(ERROR, "that is the spread of one; how far is the largest of five above it?"),
            Mistake(1.86748 * ERROR, "that is the best of twenty."),
            Mistake(BEST_OF_FIVE, "in standard errors, yes; now times the standard error."),
            Mistake(100 * BEST_OF_FIVE * ERROR, "that is in points; answer with a share."),
        ),
    ),
    Exercise(
        name="cifar10_lab.confusion",
        solution=confusion,
        cases=((LABELS, GUESSES, 3), (LABELS, GUESSES, 4), (GUESSES, GUESSES, 3)),
        hint="start with zeros, and add 1 at [label, guess] for each image.",
        mistakes=(
            Mistake(
                lambda labels, guesses, classes: confusion(guesses, labels, classes),
                "a row is what an image shows, a column what it was taken for.",
            ),
            Mistake(
                lambda labels, guesses, classes: np.minimum(confusion(labels, guesses, classes), 1),
                "table[labels, guesses] += 1 adds once for each place: np.add.at adds every time.",
            ),
            Mistake(
                lambda labels, guesses, classes: confusion(labels, guesses, classes) / len(labels),
                "count images; leave the shares for later.",
            ),
        ),
    ),
    Exercise(
        name="cifar10_lab.calibration",
        solution=calibration_error,
        cases=((CONFIDENCE, CORRECT, 10), (CONFIDENCE, CORRECT, 2), (CONFIDENCE, CORRECT, 15)),
        hint="for each bin |mean confidence - accuracy|, times its share of the images; add up.",
        mistakes=(
            Mistake(each_bin_alike, "a bin weighs as much as it has images."),
            Mistake(one_bin, "that is the gap of all images: take the gap of each bin first."),
            Mistake(
                lambda confidence, correct, bins: (
                    len(correct) * calibration_error(confidence, correct, bins)
                ),
                "an average, not a sum: divide by the number of images.",
            ),
        ),
    ),
    Exercise(
        name="cifar10_lab.temperature",
        solution=softened,
        cases=((PROBABILITIES, 1.0), (PROBABILITIES, 2.0), (PROBABILITIES, 0.5)),
        hint="the scores are the logarithms: divide these by the temperature, then softmax.",
        mistakes=(
            Mistake(not_normalised, "each row must add up to 1 again: divide by its sum."),
            Mistake(
                lambda probabilities, temperature: softened(probabilities, 1 / temperature),
                "a temperature above 1 must make the network less sure: divide, not multiply.",
            ),
            Mistake(
                unchanged,
                "dividing all probabilities of a row by one number changes nothing once they are "
                "made to add up to 1: divide their logarithms.",
            ),
        ),
    ),
)
