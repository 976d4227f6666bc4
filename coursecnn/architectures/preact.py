"""Residual networks that normalise and activate before each convolution.

- `preact_resnet164`, `preact_resnet1001`: for 32×32 images;
- `resnet50_v2`, `resnet101_v2`, `resnet152_v2`: for ImageNet.

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
nothing is activated before the first unit; convolutions without a normalisation behind them have
biases; ε is 1.001×10⁻⁵. Its weights can be poured into these models.

>>> 9 * UNITS[1001] + 2
1001
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from coursecnn._checks import check_choice
from coursecnn.architectures import blocks
from coursecnn.architectures.blocks import Pooling, Stride, Style
from coursecnn.architectures.layers import Shape, image_input
from coursecnn.architectures.resnet import IMAGENET, STAGES, TABLE_1
from coursecnn.architectures.resnet_cifar import CIFAR
from coursecnn.backend import keras

__all__ = [
    "BUILDERS",
    "CIFAR_STAGES",
    "UNITS",
    "preact_resnet164",
    "preact_resnet1001",
    "resnet50_v2",
    "resnet101_v2",
    "resnet152_v2",
]

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
        bias: Convolutions without a normalisation behind them have biases.
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
    "paper": Release((1, 2, 2, 2), "first", "1x1", "ceil", True, False, Style()),
    "keras": Release(
        *((2, 2, 2, 1), "last", "3x3", "padded", False, True),
        Style(epsilon=1.001e-5, momentum=0.99),
    ),
}

# The stages for 32×32 images: name, channels of the 3×3 convolutions, stride of the first unit.
CIFAR_STAGES = (("conv2", 16, 1), ("conv3", 32, 2), ("conv4", 64, 2))

# The units of each stage: three layers a unit, one before the first and one after the last.
UNITS = {164: 18, 1001: 111}


def preact_resnet164(input_shape: Shape = CIFAR, classes: int = 10) -> keras.Model:
    """Build 164 layers: 1,727,482 parameters, 1,703,258 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 4×4 pixels.
        classes: Number of outputs, a probability for each class.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The images are too small, or there are no classes.
    """
    return _cifar_network(164, input_shape, classes)


def preact_resnet1001(input_shape: Shape = CIFAR, classes: int = 10) -> keras.Model:
    """Build 1001 layers: 10,476,922 parameters, 10,327,706 of them trainable.

    Arguments, result and errors are those of `preact_resnet164`.
    """
    return _cifar_network(1001, input_shape, classes)


def resnet50_v2(
    input_shape: Shape = IMAGENET, classes: int = 1000, release: ReleaseName = "paper"
) -> keras.Model:
    """Build 50 layers: 25,594,792 parameters, 25,549,352 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        release: Whose definition, "paper" or "keras"; see the module.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    return _imagenet_network(50, input_shape, classes, release)


def resnet101_v2(
    input_shape: Shape = IMAGENET, classes: int = 1000, release: ReleaseName = "paper"
) -> keras.Model:
    """Build 101 layers: 44,639,144 parameters, 44,541,480 of them trainable.

    Arguments, result and errors are those of `resnet50_v2`.
    """
    return _imagenet_network(101, input_shape, classes, release)


def resnet152_v2(
    input_shape: Shape = IMAGENET, classes: int = 1000, release: ReleaseName = "paper"
) -> keras.Model:
    """Build 152 layers: 60,328,872 parameters, 60,185,128 of them trainable.

    Arguments, result and errors are those of `resnet50_v2`.
    """
    return _imagenet_network(152, input_shape, classes, release)


def _cifar_network(depth: int, input_shape: Shape, classes: int) -> keras.Model:
    inputs = image_input(input_shape, classes, smallest=4)
    release = RELEASES["paper"]
    x = blocks.cifar_stem(inputs, 16, release.style)
    for stage, width, stride in CIFAR_STAGES:
        x = blocks.stage(
            x, UNITS[depth], stride, partial(_unit, width=width, release=release), stage
        )
    return keras.Model(inputs, _head(x, classes, release), name=f"preact_resnet{depth}")


def _imagenet_network(
    depth: int, input_shape: Shape, classes: int, name: ReleaseName
) -> keras.Model:
    inputs = image_input(input_shape, classes, smallest=32)
    check_choice("release", name, RELEASES)
    release = RELEASES[name]
    counts, _ = TABLE_1[f"resnet{depth}"]
    x = blocks.imagenet_stem(
        inputs, release.style, release.pooling, release.stem_activated, release.bias
    )
    for units, (stage, width, _), stride in zip(counts, STAGES, release.strides, strict=True):
        unit = partial(_unit, width=width, release=release)
        strided = 1 if release.halving_unit == "first" else units
        x = blocks.stage(x, units, stride, unit, stage, strided)
    return keras.Model(inputs, _head(x, classes, release), name=f"resnet{depth}_v2")


def _unit(
    x: keras.KerasTensor, stride: int, name: str, width: int, release: Release
) -> keras.KerasTensor:
    return blocks.preactivation_unit(
        x,
        EXPANSION * width,
        partial(_bottleneck, width=width, release=release),
        release.style,
        name,
        stride,
        activated=release.stem_activated and name == blocks.FIRST_UNIT,
        bias=release.bias,
    )


def _bottleneck(
    x: keras.KerasTensor, stride: int, name: str, width: int, release: Release
) -> keras.KerasTensor:
    style = release.style
    strides = (stride, 1) if release.stride_on == "1x1" else (1, stride)
    x = blocks.convolution(x, width, 1, style, f"{name}_conv1", strides[0])
    x = blocks.relu(blocks.normalisation(x, style, f"{name}_bn2"), f"{name}_relu2")
    x = blocks.convolution(x, width, 3, style, f"{name}_conv2", strides[1])
    x = blocks.relu(blocks.normalisation(x, style, f"{name}_bn3"), f"{name}_relu3")
    return blocks.convolution(x, EXPANSION * width, 1, style, f"{name}_conv3", bias=release.bias)


def _head(x: keras.KerasTensor, classes: int, release: Release) -> keras.KerasTensor:
    x = blocks.relu(blocks.normalisation(x, release.style, "bn"), "relu")
    return blocks.classifier(x, classes, release.style)


BUILDERS = {
    builder.__name__: builder
    for builder in (
        *(preact_resnet164, preact_resnet1001),
        *(resnet50_v2, resnet101_v2, resnet152_v2),
    )
}
