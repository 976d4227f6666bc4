"""Exercises of chapter 8, *VGG*."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from math import prod

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.networks import walk
from coursecnn.exercises.views import letters, without_spaces
from coursecnn.geometry import Convolution, Dense, Layer, Pooling

FILTERS = (64, 128, 256, 512, 512)
VGG11 = (1, 1, 2, 2, 2)
VGG16 = (2, 2, 3, 3, 3)
VGG19 = (2, 2, 4, 4, 4)
IMAGE = (224, 224, 3)
GPU = 16 * 10**9  # bytes
FLOAT = 4  # bytes
STAGE = (56, 56, 128)  # what the third stage reads


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


def stage(*, last: int = 1, activation: str = "relu", padded: bool = True) -> str:
    """What `walk` with activations sees of column C's third stage, whose last kernel is smaller."""
    shape: tuple[int, ...] = STAGE
    lines: list[str] = []
    for kernel in (3, 3, last):
        layer = Convolution(256, kernel, padding=(kernel - 1) // 2 if padded else 0)
        out, count = layer.output_shape(shape), layer.parameters(shape)
        lines.append(f"Conv2D {out} {count} {activation}")
        shape = out
    pooled = Pooling(2, rounding="floor").output_shape(shape)
    return "\n".join([*lines, f"MaxPooling2D {pooled} 0"])


EXERCISES = (
    Exercise(
        name="vgg.stacks",
        solution="bde",
        view=letters,
        hint="look at the section Why small kernels: what is counted there, and what is tested?",
        mistakes=(
            Mistake("abde", "a: how many settings of 49 numbers can 27 numbers reach?"),
            Mistake("bcde", "c: for which functions between the layers is there such a kernel?"),
            Mistake("bd", "e: which units of the layers below are on depends on the patch."),
            Mistake("de", "b: each of the three adds one pixel on either side."),
            Mistake("be", "d: each weight is used once at every place of the map."),
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
        name="vgg.missing_argument",
        solution="activation=relu",
        view=without_spaces,
        hint="what do three convolutions in a row come to if nothing stands between them?",
        mistakes=(
            Mistake("padding=same", "the padding is there; look at what follows a convolution."),
            Mistake("strides=1", "this is what Keras takes if nothing is said."),
            Mistake("strides=2", "a pooling of 2 moves by 2 if nothing is said."),
        ),
    ),
    Exercise(
        name="vgg.stage_c",
        solution=stage(),
        view=partial(walk, activations=True),
        hint="three convolutions with a ReLU each, the last one 1×1, and a max pooling.",
        mistakes=(
            Mistake(stage(last=3), "this is column D: the last convolution of C is 1×1."),
            Mistake(stage(activation="linear"), "each convolution is followed by a ReLU."),
            Mistake(stage(padded=False), "the maps keep their size: padding."),
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
