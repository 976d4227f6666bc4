"""Residual networks for 32×32 images, with 20 to 110 layers, and the same without shortcuts.

- `resnet`, by name `resnet20`, `resnet32`, `resnet44`, `resnet56`, `resnet110`;
- `plain`, by name `plain20`, `plain32`, `plain44`, `plain56`, `plain110`: their plain twins.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
doi:10.1109/CVPR.2016.90, arXiv:1512.03385, section 4.2: 6n + 2 layers with weights, 2n for each of
three sizes of the map, and shortcuts of option A, which add no parameters: a network and its twin
have the same. The authors released no definition of these networks; as in their release of the
ImageNet ones, convolutions have no bias, ε is 10⁻⁵, and kernels start as in He et al. (2015) with
the fan-in. Channels of zeros are appended, as in github.com/facebook/fb.resnet.torch.

The momentum of the moving averages, 0.9, is that of Torch; the paper names none. No other
deviations.
"""

from collections.abc import Callable
from functools import partial

from coursecnn._checks import check_choice
from coursecnn.architectures import blocks
from coursecnn.architectures._registry import rows
from coursecnn.architectures.blocks import Shortcut, Style
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.backend import keras

__all__ = ["NETWORKS", "STAGES", "UNITS", "plain", "plain_unit", "residual_unit", "resnet"]

CIFAR: Shape = (32, 32, 3)
STYLE = Style(fan="fan_in", linear="he")

# The table of section 4.2: channels, and stride of the first unit, of the maps of 32, 16, 8 rows.
STAGES = (("conv2", 16, 1), ("conv3", 32, 2), ("conv4", 64, 2))

# n, the units of each stage: two layers a unit, one before the first and one after the last.
UNITS = {20: 3, 32: 5, 44: 7, 56: 9, 110: 18}


def resnet(
    depth: int,
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    shortcut: Shortcut = "A",
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build 20, 32, 44, 56 or 110 layers with shortcuts.

    Args:
        depth: Number of layers.
        input_shape: (height, width, channels) of an image, at least 4×4 pixels.
        classes: Number of outputs, a probability for each class.
        shortcut: Option "A" (zeros, as in the paper), "B" (projections where the shapes change)
            or "C" (projections everywhere).
        top: Whether the classifier is there; without it the model ends in the maps of the last
            unit, before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.

    >>> resnet(20).count_params()
    271098
    """
    check_choice("shortcut", shortcut, blocks.SHORTCUTS)
    inputs, x = _stages(depth, partial(residual_unit, option=shortcut), input_shape, classes)
    head = partial(blocks.classifier, classes=classes, style=STYLE)
    name = f"resnet{depth}"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def plain(
    depth: int,
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build 20, 32, 44, 56 or 110 plain layers.

    Arguments, result and errors are those of `resnet`, without the shortcut.

    >>> plain(20).count_params()
    271098
    """
    inputs, x = _stages(depth, plain_unit, input_shape, classes)
    head = partial(blocks.classifier, classes=classes, style=STYLE)
    name = f"plain{depth}"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _stages(
    depth: int, unit: Callable[..., keras.KerasTensor], input_shape: Shape, classes: int
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Make the image and the maps of the last unit."""
    check_choice("depth", depth, UNITS)
    inputs = image_input(input_shape, classes, smallest=4)
    x = blocks.cifar_stem(inputs, 16, STYLE)
    for stage, filters, stride in STAGES:
        x = blocks.stage(x, UNITS[depth], stride, partial(unit, filters=filters), stage)
    return inputs, x


def residual_unit(
    x: keras.KerasTensor, stride: int, name: str, filters: int, option: Shortcut
) -> keras.KerasTensor:
    """Add two convolutions to a shortcut: (batch, height, width, channels) keeps or halves.

    >>> residual_unit(keras.Input((32, 32, 16)), 2, "unit1", filters=32, option="A").shape
    (None, 16, 16, 32)
    """
    across = blocks.shortcut(x, filters, stride, option, STYLE, name)
    branch = blocks.basic_branch(x, filters, STYLE, name, stride=stride)
    return blocks.residual_unit(across, branch, name)


def plain_unit(x: keras.KerasTensor, stride: int, name: str, filters: int) -> keras.KerasTensor:
    """Chain two convolutions, with nothing beside them.

    >>> plain_unit(keras.Input((32, 32, 16)), 2, "unit1", filters=32).shape
    (None, 16, 16, 32)
    """
    return blocks.relu(blocks.basic_branch(x, filters, STYLE, name, stride=stride), f"{name}_relu")


# Depth, parameters, trainable ones, and MACs: a network and its plain twin have the same.
COUNTS = (
    (20, 271_098, 269_722, 40_551_040),
    (32, 466_426, 464_154, 68_862_592),
    (44, 661_754, 658_586, 97_174_144),
    (56, 857_082, 853_018, 125_485_696),
    (110, 1_736_058, 1_727_962, 252_887_680),
)
NETWORKS = rows(
    "resnet_cifar",
    "He et al., CVPR 2016 (arXiv:1512.03385), section 4.2",
    CIFAR,
    10,
    *(
        (f"resnet{depth}", partial(resnet, depth), f"ResNet-{depth}", parameters, trainable, macs)
        for depth, parameters, trainable, macs in COUNTS
    ),
    *(
        (f"plain{depth}", partial(plain, depth), f"plain-{depth}", parameters, trainable, macs)
        for depth, parameters, trainable, macs in COUNTS
    ),
)
