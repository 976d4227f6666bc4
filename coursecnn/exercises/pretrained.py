"""Exercises of chapter 14, *Pretrained models*."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.views import letters

BREEDS = 37
FEATURES = 1280  # of EfficientNet-Lite0, before its classifier
HEAD = (FEATURES + 1) * BREEDS
# The convolutions of its last stage, and of its head.
LAST_STAGE = 192 * 1152 + 9 * 1152 + 1152 * 320
LAST_CONVOLUTION = 320 * FEATURES
NORMALISED = 2 * (1152 + 1152 + 320 + FEATURES)

RANDOM = np.random.default_rng(0)
SCORES = RANDOM.random((200, 10))
TRUTH = RANDOM.integers(10, size=200)
PICTURES = tuple(
    RANDOM.integers(256, size=(height, width, 3)) for height, width in ((8, 12), (20, 16), (5, 5))
)


def middle(picture: NDArray[Any], crop: float) -> NDArray[Any]:
    """Cut a square out of the middle."""
    height, width = picture.shape[:2]
    side = int(crop * min(height, width))
    top, left = (height - side + 1) // 2, (width - side + 1) // 2
    return picture[top : top + side, left : left + side]


def prepare(picture: NDArray[Any], crop: float) -> NDArray[Any]:
    """Cut a square out of the middle, and scale it as EfficientNet-Lite0 wants it."""
    return (np.asarray(middle(picture, crop), dtype=float) - 127) / 128


def not_scaled(picture: NDArray[Any], crop: float) -> NDArray[Any]:
    """The mistake: bytes."""
    return np.asarray(middle(picture, crop), dtype=float)


def up_to_one(picture: NDArray[Any], crop: float) -> NDArray[Any]:
    """The mistake: from 0 to 1."""
    return not_scaled(picture, crop) / 255


def turned(picture: NDArray[Any], crop: float) -> NDArray[Any]:
    """The mistake: blue comes first."""
    return prepare(picture, crop)[..., ::-1]


def corner(picture: NDArray[Any], crop: float) -> NDArray[Any]:
    """The mistake: the square at the top left."""
    side = int(crop * min(picture.shape[:2]))
    return prepare(picture[:side, :side], 1.0)


def whole(picture: NDArray[Any], _crop: float) -> NDArray[Any]:
    """The mistake: nothing is cut off."""
    return (np.asarray(picture, dtype=float) - 127) / 128


def error(scores: NDArray[Any], truth: NDArray[Any], k: int) -> float:
    """Say for which share of the rows the true class is not among the k best."""
    best = np.argsort(scores, axis=1)[:, -k:]
    return float(1 - np.mean(np.any(best == truth[:, None], axis=1)))


def accuracy(scores: NDArray[Any], truth: NDArray[Any], k: int) -> float:
    """The mistake: the share that is right."""
    return 1 - error(scores, truth, k)


def first_only(scores: NDArray[Any], truth: NDArray[Any], _k: int) -> float:
    """The mistake: only the best guess counts."""
    return error(scores, truth, 1)


def worst(scores: NDArray[Any], truth: NDArray[Any], k: int) -> float:
    """The mistake: the smallest scores, not the largest."""
    return error(-scores, truth, k)


EXERCISES = (
    Exercise(
        name="pretrained.statements",
        solution="ace",
        view=letters,
        hint="read what is said of wrong pixels, of equal counts, and of fine-tuning once more.",
        mistakes=(
            Mistake("abce", "b: did any of the wrong pictures raise an error?"),
            Mistake("acde", "d: what would large steps do to weights that are good already?"),
            Mistake("acef", "f: how could two networks with equal counts still differ?"),
            Mistake("ac", "e: what does a softmax do with any numbers?"),
            Mistake("ae", "c: which layer is it that needs a fixed size?"),
            Mistake("ce", "a: what changes from one epoch to the next in a frozen base?"),
        ),
    ),
    Exercise(
        name="pretrained.shape",
        solution=(10, 16, FEATURES),
        hint="halve 300 and 500 five times, and round up each time; the head has 1280 filters.",
        mistakes=(
            Mistake((9, 15, FEATURES), 'with padding="same" a half pixel is rounded up.'),
            Mistake((9, 15, 512), "this is VGG16."),
            Mistake((10, 16, 320), "the head, a 1×1 convolution, is still to come."),
            Mistake((7, 7, FEATURES), "this is for 224×224."),
            Mistake((300, 500, FEATURES), "five layers have a stride of 2."),
        ),
    ),
    Exercise(
        name="pretrained.diagnosis",
        solution="c",
        view=letters,
        hint="put 0 and 255 through each of the four.",
        mistakes=(
            Mistake("a", "exchanging colours changes no extremes."),
            Mistake("b", "bytes as they are run from 0 to 255."),
            Mistake("d", "prepared twice, black becomes (-0.992 - 127) / 128, below -0.999."),
        ),
    ),
    Exercise(
        name="pretrained.prepare",
        solution=prepare,
        cases=tuple((picture, crop) for picture in PICTURES for crop in (1.0, 0.75)),
        hint="the square first: its side, then where it begins; then (x - 127) / 128.",
        mistakes=(
            Mistake(not_scaled, "the values are still bytes."),
            Mistake(up_to_one, "from 0 to 1 is another custom: subtract 127, divide by 128."),
            Mistake(turned, "red comes first in this custom."),
            Mistake(corner, "the square begins at the top left; it should be in the middle."),
            Mistake(whole, "cut a square out of the middle first."),
        ),
    ),
    Exercise(
        name="pretrained.error",
        solution=error,
        cases=((SCORES, TRUTH, 1), (SCORES, TRUTH, 5)),
        hint="for each row, is the right class among the k largest scores? The error is the rest.",
        mistakes=(
            Mistake(accuracy, "this is the share that is right; the error is the rest."),
            Mistake(first_only, "all of the k best count, not only the first."),
            Mistake(worst, "np.argsort goes from small to large: take the last k."),
        ),
    ),
    Exercise(
        name="pretrained.tuned",
        solution=HEAD + LAST_STAGE + LAST_CONVOLUTION,
        hint="three convolutions in the stage, one in the head, and a dense layer with biases.",
        mistakes=(
            Mistake(LAST_STAGE + LAST_CONVOLUTION, "the new classifier is trained as well."),
            Mistake(HEAD + LAST_STAGE, "the head has a convolution, too: 1×1, from 320 to 1280."),
            Mistake(HEAD, "that is the frozen base; now its end is trained, too."),
            Mistake(
                HEAD + LAST_STAGE + LAST_CONVOLUTION - BREEDS, "add the biases of the classifier."
            ),
            Mistake(
                HEAD + LAST_STAGE + LAST_CONVOLUTION + NORMALISED,
                "the normalisations stay as they are.",
            ),
        ),
    ),
)
