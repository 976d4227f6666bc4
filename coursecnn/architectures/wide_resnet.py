"""Wide residual networks: fewer layers, more channels.

- `wide_resnet_16_8`, `wide_resnet_40_4`, `wide_resnet_28_10`: for 32×32 images, depth and width;
- `wide_resnet_50_2`: for ImageNet, ResNet-50 with bottlenecks of twice the width.

Source: S. Zagoruyko, N. Komodakis, "Wide Residual Networks", BMVC 2016, doi:10.5244/C.30.87,
arXiv:1605.07146, table 1 and section 3; and the authors' release,
github.com/szagoruyko/wide-residual-networks, models/wide-resnet.lua for the first three and
pretrained/wide-resnet.lua for the last. What they settle:

- the small networks activate before each convolution, project the activated input without a
  normalisation, have no biases, and start kernels with the fan-out; dropout, off by default, stands
  before a unit's second convolution;
- they leave the scales of a normalisation at the default of Torch7, anywhere between 0 and 1;
- the ImageNet network is not of the pre-activation kind: it activates after the addition, has the
  stride on the 3×3 convolution, and starts kernels with the fan-in, scales at 1.

No deviations.

>>> wide_resnet_16_8().count_params()
10968570
"""

from functools import partial

from coursecnn._checks import check_share
from coursecnn.architectures import blocks
from coursecnn.architectures.blocks import Style
from coursecnn.architectures.layers import Shape, image_input
from coursecnn.architectures.resnet import IMAGENET, STAGES, TABLE_1
from coursecnn.architectures.resnet_cifar import CIFAR
from coursecnn.architectures.resnet_cifar import STAGES as CIFAR_STAGES
from coursecnn.backend import keras

__all__ = [
    "BUILDERS",
    "wide_resnet_16_8",
    "wide_resnet_28_10",
    "wide_resnet_40_4",
    "wide_resnet_50_2",
]

STYLE = Style(fan="fan_out", linear="torch", gamma="uniform")
IMAGENET_STYLE = Style(fan="fan_in", linear="torch")
IMAGENET_EXPANSION = 2  # a bottleneck's output, in widths of its 3×3 convolution


def wide_resnet_16_8(
    input_shape: Shape = CIFAR, classes: int = 10, dropout: float = 0.0
) -> keras.Model:
    """Build WRN-16-8: 10,968,570 parameters, 10,961,370 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 4×4 pixels.
        classes: Number of outputs, a probability for each class.
        dropout: Which part of the values to drop in front of a unit's second convolution; the
            paper also reports 0.3 (section 3.3).

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    return _cifar_network(16, 8, input_shape, classes, dropout)


def wide_resnet_40_4(
    input_shape: Shape = CIFAR, classes: int = 10, dropout: float = 0.0
) -> keras.Model:
    """Build WRN-40-4: 8,959,994 parameters, 8,949,210 of them trainable.

    Arguments, result and errors are those of `wide_resnet_16_8`.
    """
    return _cifar_network(40, 4, input_shape, classes, dropout)


def wide_resnet_28_10(
    input_shape: Shape = CIFAR, classes: int = 10, dropout: float = 0.0
) -> keras.Model:
    """Build WRN-28-10: 36,497,146 parameters, 36,479,194 of them trainable.

    Arguments, result and errors are those of `wide_resnet_16_8`.
    """
    return _cifar_network(28, 10, input_shape, classes, dropout)


def wide_resnet_50_2(input_shape: Shape = IMAGENET, classes: int = 1000) -> keras.Model:
    """Build WRN-50-2-bottleneck: 68,951,464 parameters, 68,883,240 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The images are too small, or there are no classes.
    """
    inputs = image_input(input_shape, classes, smallest=32)
    x = blocks.imagenet_stem(inputs, IMAGENET_STYLE, "padded")
    counts, _ = TABLE_1["resnet50"]
    for units, (stage, width, stride) in zip(counts, STAGES, strict=True):
        x = blocks.stage(x, units, stride, partial(_wide_bottleneck, width=2 * width), stage)
    outputs = blocks.classifier(x, classes, IMAGENET_STYLE)
    return keras.Model(inputs, outputs, name="wide_resnet_50_2")


def _wide_bottleneck(x: keras.KerasTensor, stride: int, name: str, width: int) -> keras.KerasTensor:
    filters = IMAGENET_EXPANSION * width
    across = blocks.shortcut(x, filters, stride, "B", IMAGENET_STYLE, name)
    branch = blocks.bottleneck_branch(x, width, filters, IMAGENET_STYLE, name, stride, "3x3")
    return blocks.residual_unit(across, branch, name)


def _cifar_network(
    depth: int, widening: int, input_shape: Shape, classes: int, dropout: float
) -> keras.Model:
    inputs = image_input(input_shape, classes, smallest=4)
    check_share("dropout", dropout, below_one=True)
    units = (depth - 4) // 6  # two layers a unit in three stages; the paper counts projections too
    x = blocks.cifar_stem(inputs, 16, STYLE)
    for stage, filters, stride in CIFAR_STAGES:
        unit = partial(_wide_unit, filters=widening * filters, dropout=dropout)
        x = blocks.stage(x, units, stride, unit, stage)
    x = blocks.relu(blocks.normalisation(x, STYLE, "bn"), "relu")
    outputs = blocks.classifier(x, classes, STYLE)
    return keras.Model(inputs, outputs, name=f"wide_resnet_{depth}_{widening}")


def _wide_unit(
    x: keras.KerasTensor, stride: int, name: str, filters: int, dropout: float
) -> keras.KerasTensor:
    branch = partial(_wide_branch, filters=filters, dropout=dropout)
    activated = name == blocks.FIRST_UNIT
    return blocks.preactivation_unit(x, filters, branch, STYLE, name, stride, activated)


def _wide_branch(
    x: keras.KerasTensor, stride: int, name: str, filters: int, dropout: float
) -> keras.KerasTensor:
    x = blocks.convolution(x, filters, 3, STYLE, f"{name}_conv1", stride)
    x = blocks.relu(blocks.normalisation(x, STYLE, f"{name}_bn2"), f"{name}_relu2")
    if dropout:
        x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return blocks.convolution(x, filters, 3, STYLE, f"{name}_conv2")


BUILDERS = {
    builder.__name__: builder
    for builder in (wide_resnet_16_8, wide_resnet_40_4, wide_resnet_28_10, wide_resnet_50_2)
}
