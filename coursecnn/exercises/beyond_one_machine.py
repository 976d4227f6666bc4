"""Exercises of the chapter *Beyond one machine*."""

from __future__ import annotations

from typing import Any

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.views import letters

ALEXNET = 60_965_224  # parameters
VGG16 = 138_357_544  # parameters
VGG16_MACS = 15_470_264_320  # for an image


def word(answer: Any) -> str:
    """See a word without what surrounds it."""
    return str(answer).strip("`'\"() ")


def wire(devices: int = 16, images: int = 32, factor: float = 6, value: int = 4) -> int:
    """The Gbit/s with which devices that train VGG16 compute for four fifths of the time."""
    computing = factor * VGG16_MACS * images / 1e13
    return round(8 * 2 * (devices - 1) / devices * value * VGG16 / (computing / 4) / 1e9)


def pooled(means: list[float], variances: list[float]) -> tuple[float, float]:
    """Return the mean and the variance of a batch from those of its equal parts."""
    mean = sum(means) / len(means)
    spread = sum((each - mean) ** 2 for each in means) / len(means)
    return mean, sum(variances) / len(variances) + spread


def mean_variance(means: list[float], variances: list[float]) -> tuple[float, float]:
    """The mistake: how far the means lie apart is left out."""
    return sum(means) / len(means), sum(variances) / len(variances)


def variance_of_means(means: list[float], variances: list[float]) -> tuple[float, float]:
    """The mistake: only how far the means lie apart is counted."""
    mean, variance = pooled(means, variances)
    return mean, variance - sum(variances) / len(variances)


def share(order: list[int], batch_size: int, index: int, count: int) -> list[int]:
    """Of each batch, return the part of one process."""
    own = []
    for first in range(0, len(order), batch_size):
        batch = order[first : first + batch_size]
        size = len(batch) // count
        own += batch[index * size : (index + 1) * size]
    return own


def share_of_all(order: list[int], _batch_size: int, index: int, count: int) -> list[int]:
    """The mistake: all images are cut once, so that other batches come together."""
    size = len(order) // count
    return order[index * size : (index + 1) * size]


def every_other(order: list[int], _batch_size: int, index: int, count: int) -> list[int]:
    """The mistake: the right batches, but their images in another order."""
    return order[index::count]


EXERCISES = (
    Exercise(
        name="beyond_one_machine.true_statements",
        solution="acd",
        view=letters,
        hint="for each, ask what is sent, and which images or zeros a device sees.",
        mistakes=(
            Mistake("abcd", "b: for how many images at a time are the zeros drawn?"),
            Mistake("acde", "e: each piece is only an n-th of the gradients."),
            Mistake("cd", "a: the gradients do not depend on how many images they are taken over."),
            Mistake("ac", "d: it sends fewer gradients, and computes as long."),
            Mistake("ad", "c: the parts then come from different orders."),
        ),
    ),
    Exercise(
        name="beyond_one_machine.accumulated",
        solution="ab",
        view=letters,
        hint="which of them look beyond one image, draw at random, or leave a batch unfinished?",
        mistakes=(
            Mistake("abd", "d: how many small batches of 32 are left for the last large one?"),
            Mistake("abc", "c: the zeros are drawn anew for every small batch."),
            Mistake("a", "b: the decay is in the loss of every small batch, and is averaged too."),
            Mistake("b", "a: layer normalisation looks at one image, and not at the batch."),
        ),
    ),
    Exercise(
        name="beyond_one_machine.order",
        solution="epoch",
        view=word,
        hint="all machines must draw the same order, and another one in each epoch.",
        mistakes=(
            Mistake("count", "then all draw the same order, but in every epoch the same."),
            Mistake("0", "then all draw the same order, but in every epoch the same."),
            Mistake("index", "this is what is there: every machine draws its own order."),
        ),
    ),
    Exercise(
        name="beyond_one_machine.ring",
        solution=round(2 * 3 / 4 * 4 * ALEXNET / 1e6),
        hint="a device sends 2 (n - 1)/n times the gradients, of 4 bytes for each parameter.",
        mistakes=(
            Mistake(round(4 * ALEXNET / 1e6), "these are the gradients once, as with two devices."),
            Mistake(
                round(3 / 4 * 4 * ALEXNET / 1e6),
                "this is the first round, in which pieces are added; the sums go round as well.",
            ),
            Mistake(round(2 * 3 / 4 * ALEXNET / 1e6), "a float32 has 4 bytes."),
            Mistake(
                round(2 * 3 * 4 * ALEXNET / 1e6), "a piece is only an n-th part of the gradients."
            ),
        ),
    ),
    Exercise(
        name="beyond_one_machine.synchronised",
        solution=pooled,
        cases=(
            ([1.0, 3.0], [0.5, 0.25]),
            ([0.0, 0.0, 0.0], [1.0, 2.0, 6.0]),
            ([2.0, -1.0, 4.0, 0.5], [0.0, 0.0, 0.0, 1.0]),
        ),
        hint="the mean of the variances, and the variance of the means.",
        mistakes=(
            Mistake(mean_variance, "this leaves out how far the means of the parts lie apart."),
            Mistake(variance_of_means, "the variance inside the parts is missing."),
        ),
    ),
    Exercise(
        name="beyond_one_machine.share",
        solution=share,
        cases=(
            (list(range(8)), 4, 1, 2),
            (list(range(10)), 4, 0, 2),
            ([5, 3, 1, 4, 2, 0], 3, 2, 3),
            ([2, 1, 0], 3, 0, 1),
        ),
        hint="go through the batches one by one; of each, the parts follow each other.",
        mistakes=(
            Mistake(share_of_all, "cut each batch, not the list of all images."),
            Mistake(every_other, "the first process gets the first part of a batch, all of it."),
        ),
    ),
    Exercise(
        name="beyond_one_machine.wire",
        solution=wire(),
        hint="sending may take a quarter of the computing time: solve t_send for bytes a second.",
        mistakes=(
            Mistake(round(wire() / 8), "a byte has 8 bits."),
            Mistake(wire(factor=2), "training takes three times the work of the forward pass."),
            Mistake(wire(factor=3), "a MAC is two operations."),
            Mistake(wire(value=1), "a float32 has 4 bytes."),
        ),
    ),
)
