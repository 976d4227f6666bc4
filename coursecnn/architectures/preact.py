"""Residual networks that normalise and activate before each convolution.

- `preact_resnet`, by name `preact_resnet164` and `preact_resnet1001`: for 32×32 images;
- `resnet_v2`, by name `resnet50_v2`, `resnet101_v2` and `resnet152_v2`: for ImageNet.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Identity Mappings in Deep Residual Networks", ECCV 2016,
doi:10.1007/978-3-319-46493-0_38, arXiv:1603.05027, figure 4(e) and the appendix "Implementation
Details"; and the authors' release, github.com/KaimingHe/resnet-1k-layers, resnet-pre-act.lua, which
defines the first two. From it: the stride on the first 1×1 convolution, no biases, projections of
the activated input without a normalisation, ε of 10⁻⁵, normally distributed kernels with n the
fan-out, biases of the last layer at zero. No deviations.

On ImageNet the paper has results for 152 and 200 layers (table 5), and its authors released no
definition of them. Here the networks are table 1 of the first paper (see `resnet`) with the units
of the second, and what the appendix says of the first and the last of them: the first activation
stands right after the first convolution and before the paths split, so the first unit has none of
its own, and a last one follows the last addition. The pooling is that of the first paper's release.

`release="keras"` is the structure of keras.applications, which follows TensorFlow-Slim: the last
unit of a stage halves the map, on its 3×3 convolution, and its shortcut takes every second pixel;
nothing is activated before the first unit; convolutions without a normalisation after them have
biases; ε is 1.001×10⁻⁵. Its weights can be poured into these models.

>>> 9 * UNITS[1001] + 2
1001
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from coursecnn._checks import check_choice
from coursecnn.architectures import blocks
from coursecnn.architectures._registry import rows
from coursecnn.architectures.blocks import Pooling, Stride, Style
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.architectures.resnet import IMAGENET, STAGES, TABLE_1
from coursecnn.architectures.resnet_cifar import CIFAR
from coursecnn.backend import keras

__all__ = ["CIFAR_STAGES", "IMAGENET_DEPTHS", "NETWORKS", "UNITS", "preact_resnet", "resnet_v2"]

ReleaseName: TypeAlias = Literal["paper", "keras"]

EXPANSION = 4  # a bottleneck's output is so many times as wide as its 3×3 convolution


@dataclass(frozen=True)
class Release:
    """What two definitions of the ImageNet networks do differently.

    Attributes:
        strides: Of the four stages.
        halving_unit: The unit of a stage that has its stride.
        stride_on: The convolution of that unit that has it.
        pooling: How the first pooling treats the border.
        stem_activated: The first convolution is normalised and activated before the pooling.
        bias: Convolutions without a normalisation after them have biases.
        style: Of all convolutions and normalisations.
    """

    strides: tuple[int, int, int, int]
    halving_unit: Literal["first", "last"]
    stride_on: Stride
    pooling: Pooling
    stem_activated: bool
    bias: bool
    style: Style


RELEASES = {
    "paper": Release(
        *((1, 2, 2, 2), "first", "1x1", "ceil"), stem_activated=True, bias=False, style=Style()
    ),
    "keras": Release(
        *((2, 2, 2, 1), "last", "3x3", "padded"),
        stem_activated=False,
        bias=True,
        style=Style(epsilon=1.001e-5, momentum=0.99),
    ),
}

# The stages for 32×32 images: name, channels of the 3×3 convolutions, stride of the first unit.
CIFAR_STAGES = (("conv2", 16, 1), ("conv3", 32, 2), ("conv4", 64, 2))

# The units of each stage: three layers a unit, one before the first and one after the last.
UNITS = {164: 18, 1001: 111}
IMAGENET_DEPTHS = (50, 101, 152)  # of those in table 1 that have bottlenecks


def preact_resnet(
    depth: int,
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build 164 or 1001 layers for small images.

    Args:
        depth: Number of layers.
        input_shape: (height, width, channels) of an image, at least 4×4 pixels.
        classes: Number of outputs, a probability for each class.
        top: Whether the classifier is there; without it the model ends in the last
            activation, before its average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The images are too small, or another argument is not one of these.

    >>> from coursecnn.backend import without_weights
    >>> with without_weights():
    ...     preact_resnet(164).count_params()
    1727482
    """
    check_choice("depth", depth, UNITS)
    inputs = image_input(input_shape, classes, smallest=4)
    release = RELEASES["paper"]
    x = blocks.cifar_stem(inputs, 16, release.style)
    for stage, width, stride in CIFAR_STAGES:
        unit = partial(_unit, width=width, release=release)
        x = blocks.stage(x, UNITS[depth], stride, unit, stage)
    head = partial(blocks.classifier, classes=classes, style=release.style)
    name, x = f"preact_resnet{depth}", _activated(x, release)
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def resnet_v2(
    depth: int,
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    release: ReleaseName = "paper",
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build 50, 101 or 152 layers for ImageNet.

    Args:
        depth: Number of layers.
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        release: Whose definition, "paper" or "keras"; see the module.
        top: Whether the classifier is there; without it the model ends in the last
            activation, before its average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.

    >>> from coursecnn.backend import without_weights
    >>> with without_weights():
    ...     resnet_v2(50).count_params()
    25594792
    """
    check_choice("depth", depth, IMAGENET_DEPTHS)
    check_choice("release", release, RELEASES)
    inputs = image_input(input_shape, classes, smallest=32)
    conventions = RELEASES[release]
    style, activated, bias = conventions.style, conventions.stem_activated, conventions.bias
    x = blocks.imagenet_stem(inputs, style, conventions.pooling, activated=activated, bias=bias)
    counts, _ = TABLE_1[f"resnet{depth}"]
    for units, (stage, width, _), stride in zip(counts, STAGES, conventions.strides, strict=True):
        unit = partial(_unit, width=width, release=conventions)
        strided = 1 if conventions.halving_unit == "first" else units
        x = blocks.stage(x, units, stride, unit, stage, strided=strided)
    head = partial(blocks.classifier, classes=classes, style=style)
    name, x = f"resnet{depth}_v2", _activated(x, conventions)
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _unit(
    x: keras.KerasTensor, stride: int, name: str, width: int, release: Release
) -> keras.KerasTensor:
    return blocks.preactivation_unit(
        x,
        EXPANSION * width,
        partial(_bottleneck, width=width, release=release),
        release.style,
        name,
        stride=stride,
        activated=release.stem_activated and name == blocks.FIRST_UNIT,
        bias=release.bias,
    )


def _bottleneck(
    x: keras.KerasTensor, stride: int, name: str, width: int, release: Release
) -> keras.KerasTensor:
    style = release.style
    strides = (stride, 1) if release.stride_on == "1x1" else (1, stride)
    x = blocks.convolution(x, width, 1, style, f"{name}_conv1", stride=strides[0])
    x = blocks.relu(blocks.normalisation(x, style, f"{name}_bn2"), f"{name}_relu2")
    x = blocks.convolution(x, width, 3, style, f"{name}_conv2", stride=strides[1])
    x = blocks.relu(blocks.normalisation(x, style, f"{name}_bn3"), f"{name}_relu3")
    return blocks.convolution(x, EXPANSION * width, 1, style, f"{name}_conv3", bias=release.bias)


def _activated(x: keras.KerasTensor, release: Release) -> keras.KerasTensor:
    return blocks.relu(blocks.normalisation(x, release.style, "bn"), "relu")


NETWORKS = (
    *rows(
        "preact",
        "He et al., ECCV 2016 (arXiv:1603.05027)",
        CIFAR,
        10,
        *(
            (
                f"preact_resnet{depth}",
                partial(preact_resnet, depth),
                "table 4",
                parameters,
                trainable,
                macs,
            )
            for depth, parameters, trainable, macs in (
                (164, 1_727_482, 1_703_258, 244_500_992),
                (1001, 10_476_922, 10_327_706, 1_487_849_984),
            )
        ),
    ),
    # The paper prints results of 152 layers alone.
    *rows(
        "preact",
        "He et al., ECCV 2016 (arXiv:1603.05027)",
        IMAGENET,
        1000,
        *(
            (f"resnet{depth}_v2", partial(resnet_v2, depth), place, parameters, trainable, macs)
            for depth, place, parameters, trainable, macs in (
                (50, "its units in ResNet-50", 25_594_792, 25_549_352, 3_857_973_248),
                (101, "its units in ResNet-101", 44_639_144, 44_541_480, 7_570_194_432),
                (152, "table 5", 60_328_872, 60_185_128, 11_282_415_616),
            )
        ),
    ),
)
