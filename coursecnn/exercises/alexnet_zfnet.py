"""Exercises of chapter 7, *AlexNet and ZFNet*."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.exercises.answers import Exercise, Mistake

Array = NDArray[Any]
IMAGE = np.arange(7 * 7 * 2).reshape(7, 7, 2)
CHANNELS = np.array([3.0, -1.0, 0.0, 2.0, 5.0, 1.0])


def normalise(a: Array, size: int, k: float, alpha: float, beta: float) -> Array:
    """Divide each channel by the activity of the channels around it."""
    squares = np.pad(np.square(a), size // 2)
    sums = np.lib.stride_tricks.sliding_window_view(squares, size).sum(axis=1)
    normalised: Array = a / (k + alpha * sums) ** beta
    return normalised


def normalise_by_mean(a: Array, size: int, k: float, alpha: float, beta: float) -> Array:
    """The mistake: the sum is divided by the window, as in Caffe."""
    return normalise(a, size, k, alpha / size, beta)


def normalise_by_sum(a: Array, size: int, k: float, alpha: float, beta: float) -> Array:
    """The mistake: the window holds the channels, not their squares."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(np.abs(a), size // 2), size)
    normalised: Array = a / (k + alpha * windows.sum(axis=1)) ** beta
    return normalised


def crops(image: Array, size: int) -> Array:
    """Cut out the four corners and the middle."""
    last = len(image) - size
    corners = [(0, 0), (0, last), (last, 0), (last, last), (last // 2, last // 2)]
    return np.stack([image[row : row + size, col : col + size] for row, col in corners])


def ten_crops(image: Array, size: int) -> Array:
    """Cut out the four corners and the middle, and append their mirror images."""
    five = crops(image, size)
    return np.concatenate([five, five[:, :, ::-1]])


def upside_down(image: Array, size: int) -> Array:
    """The mistake: up and down are swapped, not left and right."""
    five = crops(image, size)
    return np.concatenate([five, five[:, ::-1]])


def seen_period(period: int, stride: int) -> float:
    """Say how stripes seem to repeat, in pixels, when every stride-th pixel is kept."""
    cycles = (stride / period) % 1
    return stride / min(cycles, 1 - cycles)


EXERCISES = (
    Exercise(
        name="alexnet_zfnet.first_layer",
        solution=(7 * 7 * 3 + 1) * 96,
        hint="a filter has 7·7 weights for each channel, and a bias.",
        mistakes=(
            Mistake(7 * 7 * 3 * 96, "the weights are right; add a bias for each filter."),
            Mistake(34_944, "this is AlexNet's first layer, with windows of 11×11."),
            Mistake((7 * 7 + 1) * 96, "a filter is as deep as its input, which has 3 channels."),
        ),
    ),
    Exercise(
        name="alexnet_zfnet.groups",
        solution=(5 * 5 * 24 + 1) * 256,
        hint="each filter reads a quarter of the maps; all 256 filters are there.",
        mistakes=(
            Mistake((5 * 5 * 96 + 1) * 256, "this is without the split: a filter reads 24 maps."),
            Mistake((5 * 5 * 48 + 1) * 256, "these are AlexNet's two groups; here there are four."),
            Mistake((5 * 5 * 24 + 1) * 64, "this is one of the four groups."),
            Mistake(5 * 5 * 24 * 256, "the weights are right; add the biases."),
        ),
    ),
    Exercise(
        name="alexnet_zfnet.rounding",
        solution=5,
        hint="walk 224 through conv1, pool1, conv2, pool2 and pool5, rounding down each time.",
        mistakes=(
            Mistake(6, "that is so with 227 pixels, or when rounding up: conv1 gives 54 here."),
            Mistake(12, "this is the map in front of the last pooling."),
            Mistake(54, "this is the map of conv1; go on."),
        ),
    ),
    Exercise(
        name="alexnet_zfnet.crops",
        solution=162,
        hint="count the places along one side: one more than there are steps.",
        mistakes=(
            Mistake(128, "from 0 to 8 there are 9 places."),
            Mistake(81, "each of these also has a mirror image."),
            Mistake(18, "the window moves along both sides."),
        ),
    ),
    Exercise(
        name="alexnet_zfnet.normalise",
        solution=normalise,
        cases=((CHANNELS, 3, 1.0, 1.0, 1.0), (CHANNELS, 5, 2.0, 1e-2, 0.75)),
        hint="square, add up over the window, multiply by alpha, add k, and only then the power.",
        mistakes=(
            Mistake(normalise_by_mean, "alpha is not divided by the size; that is Caffe's way."),
            Mistake(normalise_by_sum, "add up the squares of the channels."),
        ),
    ),
    Exercise(
        name="alexnet_zfnet.ten_crops",
        solution=ten_crops,
        cases=((IMAGE, 5), (IMAGE, 4), (IMAGE, 7)),
        hint="make a list of the five places where a crop begins, and stack the crops.",
        mistakes=(
            Mistake(crops, "the mirror images of the five are missing."),
            Mistake(upside_down, "a mirror image swaps left and right: the columns."),
        ),
    ),
    Exercise(
        name="alexnet_zfnet.false_period",
        solution=seen_period(7, 6),
        hint="from one sample to the next the stripes move on by 6/7 of a period: nearly a whole.",
        mistakes=(
            Mistake(7, "a period of 7 is shorter than twice the stride: it gets a false name."),
            Mistake(6, "this is the stride."),
        ),
    ),
)
