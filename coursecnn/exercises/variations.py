"""Numeric exercises with other numbers, for examinations: what is asked, and what may be drawn.

A variation is data: a text with names in braces, what each name may be, and how the answer follows
from the numbers, computed by the package. `coursecnn.exercises.exam` draws from the table.

>>> [variation.name for variation in of_chapter("lenet")]
['lenet.larger_image', 'lenet.switch']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

import numpy as np

from coursecnn import exercises
from coursecnn.convolution import convolve2d, correlate2d
from coursecnn.exercises import league, pretrained, vgg, what_came_after
from coursecnn.exercises import patterns as chapter5
from coursecnn.geometry import (
    Convolution,
    Dense,
    Layer,
    LocallyConnected,
    Pooling,
    output_size,
    receptive_field,
)

__all__ = ["VARIATIONS", "Variation", "of_chapter"]

Choice: TypeAlias = Sequence[Any] | Callable[[Random], Any]


# Of Nemenyi's test, for a confidence of 95 %, by the number of networks.
QUANTILES = {3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 8: 3.031}


def _always(**_: Any) -> bool:
    return True


@dataclass(frozen=True)
class Variation:
    """A numeric exercise whose numbers can be drawn.

    Attributes:
        name: `chapter.exercise`, of the exercise that it varies, or a new one.
        text: the question, in which `{name}` stands for a number that is drawn.
        answer: how the answer follows from the numbers, by their names.
        choices: what each number may be: a sequence to choose from, or a function of a generator.
        makes_sense: whether numbers go together.
        own: the numbers of the chapter's exercise, for which the answer is that exercise's.
        decimals: how many of them the text asks for; None where it asks for whole or exact numbers.
        title: what it asks for, in a few words, where it varies no exercise.

    >>> twice = Variation("demo.twice", "Twice {n}?", lambda n: 2 * n, {"n": (3,)})
    >>> numbers = twice.draw(Random(0))
    >>> twice.text.format(**numbers), twice.answer(**numbers)
    ('Twice 3?', 6)
    """

    name: str
    text: str
    answer: Callable[..., Any]
    choices: Mapping[str, Choice]
    makes_sense: Callable[..., bool] = _always
    own: Mapping[str, Any] = field(default_factory=dict)
    decimals: int | None = None
    title: str = ""

    def draw(self, random: Random) -> dict[str, Any]:
        """Numbers that go together."""
        while True:
            numbers = {
                name: choice(random) if callable(choice) else random.choice(choice)
                for name, choice in self.choices.items()
            }
            if self.makes_sense(**numbers):
                return numbers


def of_chapter(chapter: str) -> Iterator[Variation]:
    """The variations of a chapter, by its name among `coursecnn.exercises.CHAPTERS`."""
    return (each for each in VARIATIONS if each.name.partition(".")[0] == chapter)


def _matrix(rows: int, columns: int, values: Sequence[int]) -> Callable[[Random], Any]:
    """A matrix of numbers among these."""
    return lambda random: np.array([random.choices(values, k=columns) for _ in range(rows)])


def _solved(name: str, *arguments: Any) -> Any:
    """What the function that solves an exercise gives."""
    return exercises.exercises()[name].solution(*arguments)


def _starts(size: int, kernel: int, stride: int, padding: int) -> tuple[int, int]:
    """Where the first window begins: with this padding, and with "same"."""
    layers = (Convolution(1, kernel, stride, pad, rounding="floor") for pad in (padding, "same"))
    first, second = (receptive_field([layer], size).start for layer in layers)
    return first, second


def _are_equally_wide(size: int, kernel: int, stride: int, padding: int) -> bool:
    padded = output_size(size, kernel, stride, padding, rounding="floor")
    return 2 * padding < kernel and padded == output_size(size, kernel, stride, "same")


def _after(layers: Sequence[Layer], side: int) -> int:
    """The side of the last map."""
    shape: tuple[int, ...] = (side, side, 1)
    for layer in layers:
        shape = layer.output_shape(shape)
    return shape[0]


def _module(side: int, channels: int, **widths: int) -> int:
    """The multiplications of an Inception module."""
    return int(_solved("nin_googlenet.module", side, channels, tuple(widths.values()))[2])


def _bottleneck(filters: int) -> int:
    kernels = ((filters, 1, 4 * filters), (filters, 3, filters), (4 * filters, 1, filters))
    return sum(Convolution(n, k, bias=False).parameters((7, 7, depth)) for n, k, depth in kernels)


def _fire(channels: int, squeeze: int, expand: int) -> int:
    kernels = ((squeeze, 1, channels), (expand, 1, squeeze), (expand, 3, squeeze))
    return sum(Convolution(n, k).parameters((7, 7, depth)) for n, k, depth in kernels)


LENET: list[Layer] = [Convolution(6, 5), Pooling(2), Convolution(16, 5), Pooling(2)]
ALEXNET: list[Layer] = [
    Convolution(1, 11, stride=4, rounding="floor"),
    Pooling(3, stride=2, rounding="floor"),
    Convolution(1, 5, padding=2),
    Pooling(3, stride=2, rounding="floor"),
    Convolution(1, 3, padding=1),
    Pooling(3, stride=2, rounding="floor"),
]
VGG16_CONVOLUTIONS = vgg.count(vgg.VGG16) - sum(
    Dense(units).parameters(shape)
    for units, shape in ((4096, (7, 7, 512)), (4096, (4096,)), (1000, (4096,)))
)

VARIATIONS: tuple[Variation, ...] = (
    Variation(
        "cortex.dense_parameters",
        "A grey image of {side}×{side} pixels feeds a fully connected layer of {units} units. "
        "How many parameters does the layer have, biases included?",
        lambda side, units: Dense(units).parameters((side, side, 1)),
        {"side": range(16, 65, 4), "units": range(20, 201, 10)},
        own={"side": 28, "units": 100},
    ),
    Variation(
        "cortex.sharing_factor",
        "A colour image of {side}×{side} pixels, {filters} features in fields of "
        "{kernel}×{kernel}, no padding. How many times more parameters does the locally connected "
        "layer have than the convolutional one?",
        lambda side, filters, kernel: (
            LocallyConnected(filters, kernel).parameters((side, side, 3))
            // Convolution(filters, kernel).parameters((side, side, 3))
        ),
        {"side": range(20, 65, 4), "filters": (8, 12, 16, 24, 32), "kernel": (3, 5, 7)},
        own={"side": 40, "filters": 16, "kernel": 5},
    ),
    Variation(
        "convolution.by_hand",
        "Compute the convolution, as networks understand it, of this image and this kernel, "
        "without padding.<br>{image} {kernel}",
        lambda image, kernel: correlate2d(image, kernel).astype(int),
        {"image": _matrix(3, 4, range(5)), "kernel": _matrix(2, 2, (-2, -1, 0, 1, 2))},
        # Flipping it must show, and no row of it may be idle.
        lambda image, kernel: bool(
            not np.array_equal(correlate2d(image, kernel), convolve2d(image, kernel))
            and kernel.any(axis=1).all()
        ),
        own={
            "image": np.array([[1, 0, 2, 1], [3, 1, 0, 2], [0, 2, 1, 1]]),
            "kernel": np.array([[1, -1], [0, 2]]),
        },
    ),
    Variation(
        "convolution.best_patch",
        "A patch has 3×3 pixels, each either 0 or 1. Which patch makes this kernel answer most?"
        "<br>{kernel}",
        lambda kernel: (kernel > 0).astype(int),
        {"kernel": _matrix(3, 3, (-3, -2, -1, 1, 2, 3))},
        lambda kernel: 3 <= (kernel > 0).sum() <= 6,
        own={"kernel": np.array([[2, -1, 3], [-2, 1, -1], [-3, 2, 1]])},
    ),
    Variation(
        "convolution.layer",
        "An image of {side}×{side} pixels has {channels} channels. A convolutional layer has "
        "{filters} kernels of {kernel}×{kernel}, a stride of 1 and no padding. What is the shape "
        "(height, width, maps) of its output, and how many parameters does the layer have, biases "
        "included?",
        lambda side, channels, filters, kernel: (
            Convolution(filters, kernel).output_shape((side, side, channels)),
            Convolution(filters, kernel).parameters((side, side, channels)),
        ),
        {
            "side": range(20, 65, 2),
            "channels": (3, 4, 6, 8),
            "filters": (8, 10, 12, 16, 20),
            "kernel": (3, 5, 7),
        },
        title="shape and parameters of a convolutional layer",
    ),
    Variation(
        "stride_padding_pooling.output_size",
        "An image is {size} pixels wide. A layer has kernels of {kernel}×{kernel}, a stride of "
        "{stride} and a padding of {padding} on each side; a remainder is dropped. How wide is its "
        "output?",
        lambda size, kernel, stride, padding: output_size(
            size, kernel, stride, padding, rounding="floor"
        ),
        {
            "size": range(24, 250),
            "kernel": (3, 5, 7, 9, 11),
            "stride": (2, 3, 4),
            "padding": (0, 1, 2, 3),
        },
        lambda size, kernel, stride, padding: 2 * padding < kernel and stride < kernel < size,
        title="size of an output",
    ),
    Variation(
        "stride_padding_pooling.first_window",
        "A layer has kernels of {kernel}×{kernel} and a stride of {stride}, and reads images of "
        "{size}×{size} pixels. One framework pads with {padding} on each side and rounds down; "
        "Keras pads with <code>same</code>. At which pixel of the image does the first window "
        "begin in each? Pixels of the padding are negative; answer with a pair (padding of "
        "{padding}, same).",
        _starts,
        {
            "size": range(100, 301, 4),
            "kernel": (3, 5, 7, 9, 11),
            "stride": (2, 3, 4),
            "padding": (1, 2, 3, 4, 5),
        },
        _are_equally_wide,
        own={"size": 224, "kernel": 7, "stride": 2, "padding": 3},
    ),
    Variation(
        "stride_padding_pooling.never_read",
        "Windows of {kernel} pixels move by {stride} along a line of {size} pixels, without "
        "padding, and a remainder is dropped. How many pixels are under no window?",
        lambda size, kernel, stride: _solved(
            "stride_padding_pooling.never_read", size, kernel, stride
        ),
        {"size": range(20, 60), "kernel": (2, 3), "stride": (4, 5, 6, 7)},
    ),
    Variation(
        "stride_padding_pooling.two_heads",
        "The last maps of a network are {side}×{side}×{maps}, and there are {classes} classes. How "
        "many parameters does the head have if it consists of (a) a flattening and one dense "
        "layer, (b) a global average pooling and one dense layer? Answer with a pair.",
        lambda side, maps, classes: (
            Dense(classes).parameters((side, side, maps)),
            Dense(classes).parameters((maps,)),
        ),
        {
            "side": (4, 5, 6, 7, 8),
            "maps": (64, 100, 128, 200, 256),
            "classes": (10, 20, 50, 100, 200),
        },
        own={"side": 7, "maps": 512, "classes": 1000},
    ),
    Variation(
        "first_cnn.macs_unpooled",
        "A convolution with {filters} kernels of 3×3, without padding, reads maps of "
        "{side}×{side}×{maps}. How many multiply-accumulates (MACs) does it need for one image?",
        lambda side, maps, filters: Convolution(filters, 3).macs((side, side, maps)),
        {"side": range(12, 43, 2), "maps": (8, 16, 20, 32), "filters": (10, 16, 20, 32, 64)},
        own={"side": 26, "maps": 32, "filters": 64},
    ),
    Variation(
        "first_cnn.test_images",
        "You want the standard error of an accuracy near {accuracy} % to be {error} percentage "
        "points. How many test images do you need?",
        lambda accuracy, error: round(accuracy * (100 - accuracy) / error**2),
        {"accuracy": (80, 85, 90, 92, 95, 96, 97, 98, 99), "error": (0.05, 0.1, 0.2, 0.5)},
        own={"accuracy": 99, "error": 0.05},
    ),
    Variation(
        "first_cnn.parameters",
        "Images of 28×28×1 pass three convolutions with {maps1}, {maps2} and {maps3} kernels of "
        "3×3, without padding; after the first and after the second comes a 2×2 max pooling with a "
        "stride of 2, which drops a remainder. A dense layer of {units} units and one of 10 units "
        "follow. How many parameters does the network have?",
        lambda maps1, maps2, maps3, units: _solved(
            "first_cnn.parameters", maps1, maps2, maps3, units
        ),
        {
            "maps1": (4, 6, 8, 10),
            "maps2": (8, 12, 16, 20),
            "maps3": (16, 20, 24, 32),
            "units": (20, 30, 40, 50),
        },
    ),
    Variation(
        "patterns.field",
        "In <code>INPUT -&gt; [CONV*{convolutions} -&gt; POOL]*{stages} -&gt; FC</code> the "
        "kernels are {kernel}×{kernel}, and each pooling takes the maximum of 2×2 pixels, side by "
        "side. How many pixels wide is the part of the image that a unit of the last map sees?",
        lambda convolutions, stages, kernel: chapter5.field(
            f"INPUT -> [CONV({kernel}x{kernel})*{convolutions} -> POOL]*{stages} -> FC"
        ),
        {"convolutions": (1, 2, 3), "stages": (1, 2, 3), "kernel": (3, 5, 7)},
        title="receptive field of a pattern",
    ),
    Variation(
        "lenet.larger_image",
        "LeNet-5 reads an image of {side}×{side} pixels: C1, C3 and C5 have kernels of 5×5, "
        "without padding and with a stride of 1, S2 and S4 halve their maps. How large (one side) "
        "are the maps of C5?",
        lambda side: _after([*LENET, Convolution(120, 5)], side),
        {"side": range(36, 161, 4)},
        own={"side": 48},
    ),
    Variation(
        "lenet.switch",
        "A unit of S2 multiplies the sum of its four inputs by the weight {weight} and adds a "
        "bias. Which bias makes the result exactly 0 when the inputs, each 0 or 1, add up to "
        "{ones}?",
        lambda weight, ones: -weight * ones,
        {"weight": (2, 3, 4, 5, 6, 7, 8, 9), "ones": (1, 2, 3)},
        own={"weight": 4, "ones": 2},
    ),
    Variation(
        "alexnet_zfnet.rounding",
        "A framework that rounds down reads an image of {side}×{side} pixels with AlexNet's "
        "layers: a convolution of 11×11 with a stride of 4 and no padding, one of 5×5 and one of "
        "3×3 that keep the size of the map, and after each of the three a max pooling of 3×3 with "
        "a stride of 2. How large (one side) is the last map?",
        lambda side: _after(ALEXNET, side),
        {"side": range(160, 481)},
        own={"side": 224},
    ),
    Variation(
        "alexnet_zfnet.false_period",
        "Stripes repeat every {period} pixels. A layer reads them with a stride of {stride}. Every "
        "how many pixels of the image do they seem to repeat?",
        lambda period, stride: period * stride // (period - stride),
        {"period": range(4, 25), "stride": range(3, 17)},
        lambda period, stride: (
            stride < period < 2 * stride and period * stride % (period - stride) == 0
        ),
        own={"period": 7, "stride": 6},
    ),
    Variation(
        "vgg.cifar",
        "VGG16 is built for images of {side}×{side}×3 in {classes} classes. Its convolutions, "
        f"which keep the size of the map and end in 512 maps, have {VGG16_CONVOLUTIONS:,} "
        "parameters; five poolings halve the map; two dense layers of 4,096 units and one for the "
        "classes follow. How many parameters does the network have?",
        lambda side, classes: vgg.count(vgg.VGG16, image=(side, side, 3), classes=classes),
        {"side": (32, 64, 96, 128, 160), "classes": (10, 20, 50, 100, 200)},
        own={"side": 32, "classes": 10},
    ),
    Variation(
        "vgg.stack",
        "A stack has {layers} convolutions of 3×3, with {maps} maps everywhere. How large (one "
        "side) is the single kernel that sees as much? How many weights, without biases, does the "
        "stack have, and how many the single layer? Answer with three numbers.",
        lambda layers, maps: (
            receptive_field([Convolution(maps, 3)] * layers).size,
            layers * Convolution(maps, 3, bias=False).parameters((64, 64, maps)),
            Convolution(maps, 2 * layers + 1, bias=False).parameters((64, 64, maps)),
        ),
        {"layers": (2, 3, 4, 5), "maps": (16, 20, 32, 40, 50, 64)},
        title="a stack of 3×3 kernels and the one kernel that sees as much",
    ),
    Variation(
        "nin_googlenet.widest",
        "{filters} filters of {kernel}×{kernel} read {channels} channels. A bottleneck of <i>r</i> "
        "filters of 1×1 comes before them. What is the largest <i>r</i> with which the detour "
        "costs fewer multiplications than the direct way?",
        lambda filters, kernel, channels: (
            (kernel**2 * channels * filters - 1) // (channels + kernel**2 * filters)
        ),
        {"filters": (32, 48, 64, 96, 128), "kernel": (3, 5), "channels": (64, 128, 192, 256)},
        own={"filters": 96, "kernel": 5, "channels": 256},
    ),
    Variation(
        "nin_googlenet.module",
        "An Inception module reads {side}×{side}×{channels}. It has {one} filters of 1×1; {reduce3}"
        " of 1×1 before {three} of 3×3; {reduce5} of 1×1 before {five} of 5×5; and {projection} of "
        "1×1 after its pooling. How many multiplications does it need for one image?",
        _module,
        {
            "side": (7, 14, 28),
            "channels": (128, 160, 192, 256),
            "one": (32, 64, 96),
            "reduce3": (32, 48, 64),
            "three": (64, 96, 128),
            "reduce5": (8, 16, 24),
            "five": (16, 32, 48),
            "projection": (16, 32, 64),
        },
    ),
    Variation(
        "resnet.bottleneck",
        "A bottleneck has a 1×1 convolution to {filters} maps, a 3×3 convolution that keeps them, "
        "and a 1×1 convolution to four times as many, which is also what it reads. How many "
        "weights does it have, without biases and normalisations?",
        _bottleneck,
        {"filters": range(16, 257, 8)},
        title="weights of a bottleneck",
    ),
    Variation(
        "resnet.layers",
        "A residual network has {conv2}, {conv3}, {conv4} and {conv5} bottlenecks of three "
        "convolutions in its stages, one convolution before them and one dense layer after them. "
        "How many layers does its name count?",
        lambda conv2, conv3, conv4, conv5: 3 * (conv2 + conv3 + conv4 + conv5) + 2,
        {
            "conv2": (2, 3, 4, 5),
            "conv3": (3, 4, 6, 8, 10),
            "conv4": (6, 12, 20, 24, 30, 36),
            "conv5": (2, 3, 4, 5),
        },
        title="layers in the name of a residual network",
    ),
    Variation(
        "better_residuals.groups",
        "A 3×3 convolution reads {channels} maps and makes {channels}, in {paths} groups. How many "
        "weights does it have, without biases?",
        lambda channels, paths: Convolution(channels, 3, groups=paths, bias=False).parameters(
            (7, 7, channels)
        ),
        {"channels": (64, 96, 128, 192, 256), "paths": (2, 4, 8, 16, 32)},
        title="weights of a grouped convolution",
    ),
    Variation(
        "better_residuals.alive",
        "A network has {units} residual units. In training, unit <i>l</i> takes part with the "
        "probability 1 - (1 - {last}) <i>l</i> / {units}. How many take part on average?",
        lambda units, last: round(units - (1 - last) * (units + 1) / 2, 2),
        {"units": (9, 18, 27, 36, 45, 54, 63), "last": (0.2, 0.4, 0.5, 0.6, 0.8)},
        title="units that are alive under stochastic depth",
    ),
    Variation(
        "other_roads.maps_read",
        "A dense block begins with {maps} maps, and each of its layers adds {growth}. How many "
        "maps does its layer number {layer} read?",
        lambda maps, growth, layer: maps + (layer - 1) * growth,
        {"maps": (16, 24, 48, 64, 128), "growth": (8, 12, 16, 24, 32), "layer": range(4, 25)},
        title="maps that a layer of a dense block reads",
    ),
    Variation(
        "other_roads.fire",
        "A Fire module reads {channels} maps, squeezes them to {squeeze} by 1×1 filters, and "
        "expands these by {expand} filters of 1×1 and {expand} of 3×3, side by side. How many "
        "parameters does it have, biases included?",
        _fire,
        {
            "channels": (64, 96, 128, 192, 256),
            "squeeze": (8, 16, 24, 32),
            "expand": (32, 64, 96, 128),
        },
        title="parameters of a Fire module",
    ),
    Variation(
        "pretrained.shape",
        'A network has five layers with a stride of 2, all with <code>padding="same"</code>; its '
        "last convolution has 1,280 filters. What is the shape (height, width, channels) of its "
        "output, without its top, for a photograph of {height}×{width}×3?",
        lambda height, width: (*_halved(height, width), pretrained.FEATURES),
        {"height": range(130, 600, 10), "width": range(130, 600, 10)},
        lambda height, width: bool(height % 32 and width % 32 and height != width),
        own={"height": 300, "width": 500},
    ),
    Variation(
        "cifar10_lab.steps",
        "Of {images} training images, {percent} % are set aside for validation, and the batches "
        "have {batch} images. How many steps are there in an epoch, if the last batch may be "
        "smaller?",
        lambda images, percent, batch: -(-(images * (100 - percent) // 100) // batch),
        {
            "images": (20_000, 30_000, 50_000, 60_000),
            "percent": (5, 10, 15, 20, 25),
            "batch": (32, 64, 100, 128, 256),
        },
        title="steps in an epoch",
    ),
    Variation(
        "faster.smoothed",
        "There are {classes} classes, and a share of {share} of each label is spread over all of "
        "them. Which probability of the right class makes the loss smallest? Give four decimals.",
        lambda classes, share: round(1 - share + share / classes, 4),
        {"classes": (4, 5, 8, 10, 20, 50, 100), "share": (0.05, 0.1, 0.15, 0.2, 0.3)},
        decimals=4,
        title="the best probability under label smoothing",
    ),
    Variation(
        "faster.ratio",
        "One recipe reaches the goal after {slow} epochs, another after {fast}, and one of its "
        "epochs takes {share} of the time. How many times as fast is it? Give two decimals.",
        lambda slow, fast, share: round(slow / (fast * share), 2),
        {
            "slow": (10, 12, 15, 20, 24, 30),
            "fast": (2, 3, 4, 5, 6, 8),
            "share": (0.25, 0.4, 0.5, 0.75, 0.8),
        },
        decimals=2,
        title="epochs, time and how many times as fast",
    ),
    Variation(
        "league.false_calls",
        "{arms} networks are equally good, and each pair of them is compared by an interval of "
        "{percent} %. How many pairs are told apart on average, though nothing is between them? "
        "Give two decimals.",
        lambda arms, percent: round(league.false_calls(arms, percent / 100), 2),
        {"arms": range(5, 41), "percent": (90, 95, 98, 99)},
        own={"arms": 30, "percent": 95},
        decimals=2,
    ),
    Variation(
        "league.places",
        "{arms} networks were trained from the same {seeds} seeds and ranked in each. For so many "
        "networks the tabulated quantile is {quantile}. How far apart must two mean places be, at "
        "least, to be told apart by Nemenyi's test? Give two decimals.",
        lambda arms, quantile, seeds: round(league.nemenyi(arms, seeds, quantile), 2),
        {
            "arms": (3, 4, 5, 6, 8),
            "quantile": (2.343, 2.569, 2.728, 2.850, 3.031),
            "seeds": (5, 6, 8, 10, 12, 15, 20),
        },
        lambda arms, quantile, seeds: (
            QUANTILES[arms] == quantile and league.nemenyi(arms, seeds, quantile) < arms - 1
        ),
        decimals=2,
    ),
    Variation(
        "beyond_one_machine.ring",
        "A network of {parameters} parameters is trained on {devices} devices. Each has a part of "
        "the batch, and they add up their gradients, of 4 bytes each, around a ring. How many MB "
        "(10<sup>6</sup> bytes) does each send in a step, in whole MB?",
        lambda devices, parameters: round(2 * (devices - 1) / devices * 4 * parameters / 1e6),
        {
            "devices": (2, 4, 5, 8, 10, 16, 20),
            "parameters": range(5_000_000, 150_000_001, 5_000_000),
        },
        own={"devices": 4, "parameters": 60_965_224},
    ),
    Variation(
        "beyond_one_machine.synchronised",
        "A batch lies on two devices, half of it on each. The means of the halves are {mean1} and "
        "{mean2}, their variances {variance1} and {variance2}. What are the mean and the variance "
        "of the whole batch? Answer with a pair.",
        lambda mean1, mean2, variance1, variance2: _solved(
            "beyond_one_machine.synchronised", [mean1, mean2], [variance1, variance2]
        ),
        {
            "mean1": range(-4, 1),
            "mean2": range(1, 6),
            "variance1": range(1, 7),
            "variance2": range(1, 7),
        },
    ),
    Variation(
        "what_came_after.share",
        "A layer has {filters} maps in, {filters} maps out, and kernels of {kernel}×{kernel}. What "
        "share of the MACs is left if it is taken apart into a depthwise and a 1×1 convolution? "
        "Give four decimals.",
        lambda kernel, filters: round(what_came_after.share(kernel, filters), 4),
        {"kernel": (3, 5, 7), "filters": (16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 256)},
        own={"kernel": 5, "filters": 128},
        decimals=4,
    ),
    Variation(
        "what_came_after.unit_parameters",
        "A unit of ConvNeXt reads {channels} maps: a depthwise convolution of {kernel}×{kernel}, a "
        "layer normalisation, a dense layer to four times as many maps and one back, all with "
        "biases, and one scale for each map at the end. How many parameters does it have?",
        lambda channels, kernel: _solved("what_came_after.unit_parameters", channels, kernel),
        {"channels": range(24, 201, 8), "kernel": (3, 5, 7, 9)},
    ),
)


def _halved(height: int, width: int) -> tuple[int, ...]:
    """The size of a map after five layers with a stride of 2 and padding "same"."""
    shape: tuple[int, ...] = (height, width, 1)
    for _ in range(5):
        shape = Convolution(1, 3, stride=2, padding="same").output_shape(shape)
    return shape[:2]
