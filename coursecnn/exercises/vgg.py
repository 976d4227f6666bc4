"""Exercises of chapter 8, *VGG*."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.geometry import Convolution, Dense, Layer, Pooling

FILTERS = (64, 128, 256, 512, 512)
VGG11 = (1, 1, 2, 2, 2)
VGG16 = (2, 2, 3, 3, 3)
VGG19 = (2, 2, 4, 4, 4)
IMAGE = (224, 224, 3)
GPU = 16 * 10**9  # bytes
FLOAT = 4  # bytes


def layers(counts: Sequence[int], classes: int = 1000) -> list[Layer]:
    """List the layers of a VGG that has so many convolutions in each of its stages."""
    stages: list[Layer] = []
    for count, filters in zip(counts, FILTERS, strict=True):
        stages += [Convolution(filters, kernel=3, padding=1)] * count + [Pooling(2)]
    return [*stages, Dense(4096), Dense(4096), Dense(classes)]


def count(counts: Sequence[int], image: tuple[int, ...] = IMAGE, classes: int = 1000) -> int:
    """Count the parameters of that VGG."""
    shape, total = image, 0
    for layer in layers(counts, classes):
        total, shape = total + layer.parameters(shape), layer.output_shape(shape)
    return total


def values(counts: Sequence[int]) -> int:
    """Count the values that it keeps for an image, those of the image included."""
    shapes: list[tuple[int, ...]] = [IMAGE]
    for layer in layers(counts):
        shapes.append(layer.output_shape(shapes[-1]))
    return sum(map(prod, shapes))


def without_biases(counts: Sequence[int]) -> int:
    """The mistake: biases are parameters, too."""
    dense = (4096, 4096, 1000)
    return count(counts) - sum(c * f for c, f in zip(counts, FILTERS, strict=True)) - sum(dense)


def without_dense(counts: Sequence[int]) -> int:
    """The mistake: the convolutions alone."""
    sizes = (7 * 7 * 512, 4096, 4096, 1000)
    return count(counts) - sum((a + 1) * b for a, b in pairwise(sizes))


def batch(each: int, once: int) -> int:
    """Count the images that fit, with so many numbers kept for each, and so many in all."""
    return (GPU - FLOAT * once) // (FLOAT * each)


EXERCISES = (
    Exercise(
        name="vgg.eleven",
        solution=5,
        hint="the first sees 3 pixels, and every further one 2 more.",
        mistakes=(
            Mistake(4, "four see 9 pixels: 3, 5, 7, 9."),
            Mistake(9, "a layer adds one pixel on either side: two, not one."),
        ),
    ),
    Exercise(
        name="vgg.saved",
        solution=1 - 5 * 3**2 / 11**2,
        tolerance=0.005,
        hint="five times 3·3 weights stand against 11·11; what share of these is not needed?",
        mistakes=(
            Mistake(5 * 3**2 / 11**2, "this is what they need; what do they save?"),
            Mistake(11**2 / (5 * 3**2) - 1, "measure the saving by the 11×11 kernel."),
            Mistake(1 - 3**2 / 11**2, "it takes five convolutions, not one."),
        ),
    ),
    Exercise(
        name="vgg.paths",
        solution=49,
        hint="print the kernel of 7×7 that three kernels of ones make, and look at its middle.",
        mistakes=(
            Mistake(27, "these are the weights; count paths from the middle pixel upwards."),
            Mistake(
                7, "this is right for a row of pixels; in a picture the two directions multiply."
            ),
            Mistake(1, "this is a corner."),
        ),
    ),
    Exercise(
        name="vgg.cifar",
        solution=count(VGG16, image=(32, 32, 3), classes=10),
        hint="the convolutions stay as they are; what is left of 32×32 after five poolings?",
        mistakes=(
            Mistake(count(VGG16), "this is VGG16 for 224×224 in 1000 classes."),
            Mistake(
                count(VGG16, image=(32, 32, 3)), "the last layer has a unit for each of 10 classes."
            ),
            Mistake(count(VGG16, classes=10), "the first dense layer sees 1×1×512 values now."),
        ),
    ),
    Exercise(
        name="vgg.forgotten",
        solution="pool3",
        hint="subtract the sum from that of all rows, and look for the difference in the table.",
        mistakes=(
            Mistake("image", "this row has 150,528 values."),
            Mistake("fc8", "1000 values are too few to explain the difference."),
            Mistake("pool4", "this row has 100,352 values."),
        ),
    ),
    Exercise(
        name="vgg.count",
        solution=count,
        cases=((VGG16,), (VGG11,), (VGG19,)),
        hint="each filter has 3·3·channels weights and a bias; the first dense layer sees 7·7·512.",
        mistakes=(
            Mistake(without_biases, "add a bias for each filter and each unit."),
            Mistake(without_dense, "the three dense layers are missing."),
        ),
    ),
    Exercise(
        name="vgg.batch",
        solution=batch(2 * values(VGG16), 3 * count(VGG16)),
        hint="subtract what is there once from 16 GB, then divide by what an image needs.",
        mistakes=(
            Mistake(batch(values(VGG16), 3 * count(VGG16)), "a gradient comes with each value."),
            Mistake(batch(2 * values(VGG16), count(VGG16)), "three numbers for each parameter."),
            Mistake(batch(2 * values(VGG16), 0), "the parameters take room as well."),
        ),
    ),
)
