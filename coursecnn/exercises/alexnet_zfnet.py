"""Exercises of chapter 7, *AlexNet and ZFNet*."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn.convolution import conv2d
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.views import letters, without_spaces

Array = NDArray[Any]
IMAGE = np.arange(7 * 7 * 2).reshape(7, 7, 2)
CHANNELS = np.array([3.0, -1.0, 0.0, 2.0, 5.0, 1.0])
MAPS = np.random.default_rng(7).normal(size=(1, 5, 5, 4))
KERNELS = np.random.default_rng(8).normal(size=(3, 3, 2, 4))


def _parts(x: Array, kernels: Array, groups: int) -> list[Array]:
    inputs = np.split(x, groups, axis=-1)
    filters = np.split(kernels, groups, axis=-1)
    return [conv2d(i, f) for i, f in zip(inputs, filters, strict=True)]


def grouped(x: Array, kernels: Array, groups: int) -> Array:
    """Convolve each group of channels with its own filters, and put the maps side by side."""
    return np.concatenate(_parts(x, kernels, groups), axis=-1)


def grouped_the_wrong_way_round(x: Array, kernels: Array, groups: int) -> Array:
    """The mistake: the first filters read the last channels."""
    inputs = np.concatenate(np.split(x, groups, axis=-1)[::-1], axis=-1)
    return grouped(inputs, kernels, groups)


def grouped_and_added(x: Array, kernels: Array, groups: int) -> Array:
    """The mistake: the groups' maps are added up."""
    total: Array = np.sum(_parts(x, kernels, groups), axis=0)
    return total


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
        name="alexnet_zfnet.two_towers",
        solution="ace",
        view=letters,
        hint="look at the section Two GPUs: what is read by whom, and what is compared with what?",
        mistakes=(
            Mistake("abce", "b: the dense layers hold most of the parameters, and are not split."),
            Mistake("acde", "d: with what does the paper compare its two towers?"),
            Mistake("ac", "e: which layers look across, if conv3 does not?"),
            Mistake("ae", "c: how many maps does a filter of conv2 read?"),
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
        name="alexnet_zfnet.missing_argument",
        solution="strides=2",
        view=without_spaces,
        hint="follow the side of the maps line by line: 55, 27, 27, ...",
        mistakes=(
            Mistake("padding=same", "a padding would not make up for a wrong step."),
            Mistake("groups=2", "without groups the weights are more, but the maps are as large."),
            Mistake("strides=3", "this is what Keras takes if nothing is said: the window's side."),
        ),
    ),
    Exercise(
        name="alexnet_zfnet.grouped",
        solution=grouped,
        cases=((MAPS, KERNELS, 2), (MAPS, KERNELS[:, :, :1], 4), (MAPS[..., :2], KERNELS, 1)),
        hint="split the channels of x and the filters, convolve part by part, and join the maps.",
        mistakes=(
            Mistake(grouped_the_wrong_way_round, "the first filters read the first channels."),
            Mistake(grouped_and_added, "put the maps of the groups side by side; add nothing."),
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
