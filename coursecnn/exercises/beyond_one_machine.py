"""Exercises of the chapter *Beyond one machine*."""

from __future__ import annotations

from coursecnn.exercises.answers import Exercise, Mistake

ALEXNET = 60_965_224  # parameters
CROSSING = 30_336  # values that each of AlexNet's two GPUs sends for an image, forward


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
        name="beyond_one_machine.part",
        solution=12,
        hint="the recipe's batch is that of all devices together.",
        mistakes=(
            Mistake(96, "each device would do the same work: a batch is shared."),
            Mistake(96 * 8, "the recipe's batch is that of all devices together."),
        ),
    ),
    Exercise(
        name="beyond_one_machine.mean",
        solution=4,
        hint="add up the gradients of all 8 images, then divide by 8.",
        mistakes=(
            Mistake(6, "this is the mean of the two means, but one stands for more images."),
            Mistake(12, "gradients of a mean loss are averaged, not added."),
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
        name="beyond_one_machine.rate",
        solution=0.4,
        hint="the rate grows by the factor by which the batch grows.",
        mistakes=(
            Mistake(0.1, "with the old rate a large step goes only a quarter of the way."),
            Mistake(0.025, "the rate grows with the batch, it does not fall."),
            Mistake(0.2, "this is the rule of the square root; the linear one is asked for."),
        ),
    ),
    Exercise(
        name="beyond_one_machine.speedup",
        solution=2,
        hint="divide the old time by the new one: a quarter of the computing, and the sending.",
        mistakes=(
            Mistake(4, "this would be so if sending took no time."),
            Mistake(0.5, "this is the efficiency: how many times faster, divided by 4."),
            Mistake(0.4, "this is the new time, in seconds."),
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
        name="beyond_one_machine.cut",
        solution=-(-ALEXNET // (4 * CROSSING)),
        hint="set the bytes of both ways equal; the gradients do not depend on the batch.",
        mistakes=(
            Mistake(
                ALEXNET // (4 * CROSSING), "at this batch the cut by the network is still cheaper."
            ),
            Mistake(-(-ALEXNET // (2 * CROSSING)), "the gradients have 2 bytes each, not 4."),
            Mistake(-(-ALEXNET // CROSSING), "the values have 4 bytes each, the gradients only 2."),
        ),
    ),
)
