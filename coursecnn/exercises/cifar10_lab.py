"""Exercises of chapter 15, *The CIFAR-10 lab*."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.networks import Census
from coursecnn.exercises.views import letters

Array: TypeAlias = NDArray[np.floating[Any]]
Labels: TypeAlias = NDArray[np.integer[Any]]

# Three runs of four epochs.
VALIDATION = np.array([[0.5, 0.7, 0.6, 0.65], [0.4, 0.5, 0.6, 0.7], [0.3, 0.6, 0.58, 0.5]])
TEST = np.array([[0.52, 0.64, 0.66, 0.6], [0.41, 0.52, 0.61, 0.68], [0.35, 0.55, 0.62, 0.57]])
PARAMETERS = 315_802  # of the lab's network at half the width
CONFIDENCE = np.array([0.95, 0.91, 0.98, 0.62, 0.67, 0.33, 1.0])
CORRECT = np.array([True, True, False, True, False, False, True])
PROBABILITIES = np.array([[0.9, 0.09, 0.01], [0.2, 0.5, 0.3]])

CENSUS = Census(
    {"Conv2D": "convolutions", "BatchNormalization": "normalisations", "Dropout": "dropouts"},
    trained=False,
)


def described(convolutions: int, normalisations: int, dropouts: int, parameters: int) -> str:
    """Say what `CENSUS` finds in a network for CIFAR-10."""
    counts = convolutions, normalisations, dropouts
    return CENSUS.of((32, 32, 3), (10,), counts, parameters)


def judge(validation: Array, test: Array) -> tuple[float, float]:
    """Report the epoch with the best test accuracy, and the one with the best validation one."""
    fair = np.take_along_axis(test, validation.argmax(axis=1)[:, None], axis=1)
    return float(test.max(axis=1).mean()), float(fair.mean())


def judge_by_validation(validation: Array, test: Array) -> tuple[float, float]:
    """The mistake: what is reported is the validation accuracy that was chosen by."""
    return float(test.max(axis=1).mean()), float(validation.max(axis=1).mean())


def one_epoch_for_all(validation: Array, test: Array) -> tuple[float, float]:
    """The mistake: one epoch is chosen for all runs, by their mean."""
    means = test.mean(axis=0)
    return float(means.max()), float(means[validation.mean(axis=0).argmax()])


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
        name="cifar10_lab.statements",
        solution="adf",
        view=letters,
        hint="ask of each: which images had a part in the choice, and how far does chance carry?",
        mistakes=(
            Mistake("abdf", "b: compare a tenth of a point with the standard error."),
            Mistake("acdf", "c: does evaluating take a step?"),
            Mistake("adef", "e: what if it says each time that it is four fifths sure?"),
            Mistake("df", "a: had the test images any part in the choice?"),
            Mistake("af", "d: how does the standard error change with the number of images?"),
            Mistake("ad", "f: look at the shares of dense1 in the chapter's table."),
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
        name="cifar10_lab.leak",
        solution=0.9,
        tolerance=0.011,
        hint="a validation image has one mirror image: where is it, if it was dealt out at random?",
        mistakes=(
            Mistake(0.1, "that is the share of those whose mirror image was set aside as well."),
            Mistake(1, "nearly: the mirror images of some are among the validation images too."),
            Mistake(0.5, "half of all images are mirror images; but where were they dealt to?"),
            Mistake(0.81, "that both of a pair are learned from has nothing to do with it."),
            Mistake(0, "the images were mirrored first, and dealt out at random afterwards."),
        ),
    ),
    Exercise(
        name="cifar10_lab.narrow",
        solution=described(4, 5, 3, PARAMETERS),
        view=CENSUS,
        hint="16, 16, 32 and 32 filters, 256 units, and a batch normalisation after each of them.",
        mistakes=(
            Mistake(
                described(4, 5, 3, 1_253_674),
                "that is the listing itself: halve the filters and the units.",
            ),
            Mistake(
                described(4, 5, 3, 614_554),
                "the filters are halved; halve the units of the first dense layer too.",
            ),
            Mistake(
                described(4, 0, 3, PARAMETERS - 4 * (16 + 16 + 32 + 32 + 256)),
                "each layer with weights but the last is followed by a batch normalisation.",
            ),
            Mistake(
                described(4, 5, 0, PARAMETERS),
                "the parameters are right; the listing also has three dropouts.",
            ),
        ),
    ),
    Exercise(
        name="cifar10_lab.judge",
        solution=judge,
        cases=((VALIDATION, TEST), (TEST, TEST), (TEST, VALIDATION)),
        hint="for each run: test.max(), and test at the epoch where validation is largest.",
        mistakes=(
            Mistake(
                judge_by_validation,
                "what is reported is a test accuracy; the validation images only choose the epoch.",
            ),
            Mistake(one_epoch_for_all, "each run has its own best epoch."),
            Mistake(
                lambda validation, test: judge(validation, test)[::-1],
                "the choice by the test images comes first.",
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
