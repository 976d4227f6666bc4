"""Residual networks for 32×32 images, with 20 to 110 layers, and the same without shortcuts.

- `resnet20`, `resnet32`, `resnet44`, `resnet56`, `resnet110`;
- `plain20`, `plain32`, `plain44`, `plain56`, `plain110`: their plain twins.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
doi:10.1109/CVPR.2016.90, arXiv:1512.03385, section 4.2: 6n + 2 layers with weights, 2n for each of
three sizes of the map, and shortcuts of option A, which add no parameters: a network and its twin
have the same. The authors released no definition of these networks; as in their release of the
ImageNet ones, convolutions have no bias, ε is 10⁻⁵, and kernels start as in He et al. (2015) with
the fan-in. Channels of zeros are appended, as in github.com/facebook/fb.resnet.torch.

The momentum of the moving averages, 0.9, is that of Torch; the paper names none. No other
deviations.

>>> resnet20().count_params(), plain20().count_params()
(271098, 271098)
"""

from collections.abc import Callable
from functools import partial

from coursecnn._checks import check_choice
from coursecnn.architectures import blocks
from coursecnn.architectures.blocks import Shortcut, Style
from coursecnn.architectures.layers import Shape, image_input
from coursecnn.backend import keras

__all__ = [
    "BUILDERS",
    "STAGES",
    "UNITS",
    "plain20",
    "plain32",
    "plain44",
    "plain56",
    "plain110",
    "plain_unit",
    "residual_unit",
    "resnet20",
    "resnet32",
    "resnet44",
    "resnet56",
    "resnet110",
]

CIFAR: Shape = (32, 32, 3)
STYLE = Style(fan="fan_in", linear="he")

# The table of section 4.2: channels, and stride of the first unit, of the maps of 32, 16, 8 rows.
STAGES = (("conv2", 16, 1), ("conv3", 32, 2), ("conv4", 64, 2))

# n, the units of each stage: two layers a unit, one before the first and one after the last.
UNITS = {20: 3, 32: 5, 44: 7, 56: 9, 110: 18}


def resnet20(
    input_shape: Shape = CIFAR, classes: int = 10, shortcut: Shortcut = "A"
) -> keras.Model:
    """Build 20 layers with shortcuts: 271,098 parameters, 269,722 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 4×4 pixels.
        classes: Number of outputs, a probability for each class.
        shortcut: Option "A" (zeros, as in the paper), "B" (projections where the shapes change)
            or "C" (projections everywhere).

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    return _residual(20, input_shape, classes, shortcut)


def resnet32(
    input_shape: Shape = CIFAR, classes: int = 10, shortcut: Shortcut = "A"
) -> keras.Model:
    """Build 32 layers with shortcuts: 466,426 parameters, 464,154 of them trainable.

    Arguments, result and errors are those of `resnet20`.
    """
    return _residual(32, input_shape, classes, shortcut)


def resnet44(
    input_shape: Shape = CIFAR, classes: int = 10, shortcut: Shortcut = "A"
) -> keras.Model:
    """Build 44 layers with shortcuts: 661,754 parameters, 658,586 of them trainable.

    Arguments, result and errors are those of `resnet20`.
    """
    return _residual(44, input_shape, classes, shortcut)


def resnet56(
    input_shape: Shape = CIFAR, classes: int = 10, shortcut: Shortcut = "A"
) -> keras.Model:
    """Build 56 layers with shortcuts: 857,082 parameters, 853,018 of them trainable.

    Arguments, result and errors are those of `resnet20`.
    """
    return _residual(56, input_shape, classes, shortcut)


def resnet110(
    input_shape: Shape = CIFAR, classes: int = 10, shortcut: Shortcut = "A"
) -> keras.Model:
    """Build 110 layers with shortcuts: 1,736,058 parameters, 1,727,962 of them trainable.

    Arguments, result and errors are those of `resnet20`.
    """
    return _residual(110, input_shape, classes, shortcut)


def plain20(input_shape: Shape = CIFAR, classes: int = 10) -> keras.Model:
    """Build 20 plain layers: 271,098 parameters, 269,722 of them trainable.

    Arguments, result and errors are those of `resnet20`, without the shortcut.
    """
    return _plain(20, input_shape, classes)


def plain32(input_shape: Shape = CIFAR, classes: int = 10) -> keras.Model:
    """Build 32 plain layers: 466,426 parameters, 464,154 of them trainable.

    Arguments, result and errors are those of `resnet20`, without the shortcut.
    """
    return _plain(32, input_shape, classes)


def plain44(input_shape: Shape = CIFAR, classes: int = 10) -> keras.Model:
    """Build 44 plain layers: 661,754 parameters, 658,586 of them trainable.

    Arguments, result and errors are those of `resnet20`, without the shortcut.
    """
    return _plain(44, input_shape, classes)


def plain56(input_shape: Shape = CIFAR, classes: int = 10) -> keras.Model:
    """Build 56 plain layers: 857,082 parameters, 853,018 of them trainable.

    Arguments, result and errors are those of `resnet20`, without the shortcut.
    """
    return _plain(56, input_shape, classes)


def plain110(input_shape: Shape = CIFAR, classes: int = 10) -> keras.Model:
    """Build 110 plain layers: 1,736,058 parameters, 1,727,962 of them trainable.

    Arguments, result and errors are those of `resnet20`, without the shortcut.
    """
    return _plain(110, input_shape, classes)


def _residual(depth: int, input_shape: Shape, classes: int, option: Shortcut) -> keras.Model:
    check_choice("shortcut", option, blocks.SHORTCUTS)
    unit = partial(residual_unit, option=option)
    return _network(f"resnet{depth}", UNITS[depth], unit, input_shape, classes)


def _plain(depth: int, input_shape: Shape, classes: int) -> keras.Model:
    return _network(f"plain{depth}", UNITS[depth], plain_unit, input_shape, classes)


def _network(
    name: str,
    units: int,
    unit: Callable[..., keras.KerasTensor],
    input_shape: Shape,
    classes: int,
) -> keras.Model:
    inputs = image_input(input_shape, classes, smallest=4)
    x = blocks.cifar_stem(inputs, 16, STYLE)
    for stage, filters, stride in STAGES:
        x = blocks.stage(x, units, stride, partial(unit, filters=filters), stage)
    return keras.Model(inputs, blocks.classifier(x, classes, STYLE), name=name)


def residual_unit(
    x: keras.KerasTensor, stride: int, name: str, filters: int, option: Shortcut
) -> keras.KerasTensor:
    """Add two convolutions to a shortcut: (batch, height, width, channels) keeps or halves.

    >>> residual_unit(keras.Input((32, 32, 16)), 2, "unit1", filters=32, option="A").shape
    (None, 16, 16, 32)
    """
    across = blocks.shortcut(x, filters, stride, option, STYLE, name)
    branch = blocks.basic_branch(x, filters, STYLE, name, stride)
    return blocks.residual_unit(across, branch, name)


def plain_unit(x: keras.KerasTensor, stride: int, name: str, filters: int) -> keras.KerasTensor:
    """Chain two convolutions, with nothing beside them.

    >>> plain_unit(keras.Input((32, 32, 16)), 2, "unit1", filters=32).shape
    (None, 16, 16, 32)
    """
    return blocks.relu(blocks.basic_branch(x, filters, STYLE, name, stride), f"{name}_relu")


BUILDERS: dict[str, Callable[..., keras.Model]] = {
    builder.__name__: builder
    for builder in (
        *(resnet20, resnet32, resnet44, resnet56, resnet110),
        *(plain20, plain32, plain44, plain56, plain110),
    )
}
