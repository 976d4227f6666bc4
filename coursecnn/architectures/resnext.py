"""ResNeXt: bottlenecks whose 3×3 convolution runs in groups.

- `resnext50_32x4d`, `resnext101_32x4d`: for ImageNet, 32 groups of 4 channels at first;
- `resnext29_8x64d`: for 32×32 images, 8 groups of 64.

Source: S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He, "Aggregated Residual Transformations for Deep
Neural Networks", CVPR 2017, doi:10.1109/CVPR.2017.634, arXiv:1611.05431, table 1 and section 5; and
the authors' release, github.com/facebookresearch/ResNeXt, models/resnext.lua, blocks of form (c)
(figure 3: grouped convolution). It settles the stride on the 3×3 convolution, projections where the
shapes change (option B), no biases, kernels with n the fan-out, scales at 1, pooling with padding.

The paper's own small networks activate before the convolutions; the release activates after the
addition, and its README reports better results for it. The release is followed. No deviations.

>>> [channels * 4 // 64 for _, channels, _ in STAGES]  # in a group of 32×4d
[4, 8, 16, 32]
"""

from collections.abc import Iterable
from functools import partial

from coursecnn.architectures import blocks
from coursecnn.architectures.blocks import Style
from coursecnn.architectures.layers import Shape, image_input
from coursecnn.architectures.resnet import IMAGENET, STAGES, TABLE_1
from coursecnn.architectures.resnet_cifar import CIFAR
from coursecnn.backend import keras

__all__ = ["BUILDERS", "CIFAR_STAGES", "resnext29_8x64d", "resnext50_32x4d", "resnext101_32x4d"]

STYLE = Style(fan="fan_out", linear="torch")

# The stages for 32×32 images: name, width that `d` is relative to, stride of the first unit.
CIFAR_STAGES = (("conv2", 64, 1), ("conv3", 128, 2), ("conv4", 256, 2))
CIFAR_UNITS = 3  # of each stage: three layers a unit, 29 with the first and the last


def resnext50_32x4d(input_shape: Shape = IMAGENET, classes: int = 1000) -> keras.Model:
    """Build ResNeXt-50 (32×4d): 25,097,128 parameters, 25,028,904 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The images are too small, or there are no classes.
    """
    return _imagenet_network(50, 32, 4, input_shape, classes)


def resnext101_32x4d(input_shape: Shape = IMAGENET, classes: int = 1000) -> keras.Model:
    """Build ResNeXt-101 (32×4d): 44,315,560 parameters, 44,177,704 of them trainable.

    Arguments, result and errors are those of `resnext50_32x4d`.
    """
    return _imagenet_network(101, 32, 4, input_shape, classes)


def resnext29_8x64d(input_shape: Shape = CIFAR, classes: int = 10) -> keras.Model:
    """Build ResNeXt-29, 8×64d: 34,484,170 parameters, 34,426,698 of them trainable.

    Arguments, result and errors are those of `resnext50_32x4d`, but 4×4 pixels are enough.
    """
    inputs = image_input(input_shape, classes, smallest=4)
    x = blocks.cifar_stem(inputs, 64, STYLE)
    x = _stages(x, zip([CIFAR_UNITS] * 3, CIFAR_STAGES, strict=True), groups=8, width=64)
    return keras.Model(inputs, blocks.classifier(x, classes, STYLE), name="resnext29_8x64d")


def _imagenet_network(
    depth: int, groups: int, width: int, input_shape: Shape, classes: int
) -> keras.Model:
    inputs = image_input(input_shape, classes, smallest=32)
    x = blocks.imagenet_stem(inputs, STYLE, "padded")
    counts, _ = TABLE_1[f"resnet{depth}"]
    x = _stages(x, zip(counts, STAGES, strict=True), groups, width)
    outputs = blocks.classifier(x, classes, STYLE)
    return keras.Model(inputs, outputs, name=f"resnext{depth}_{groups}x{width}d")


def _stages(
    x: keras.KerasTensor,
    rows: Iterable[tuple[int, tuple[str, int, int]]],
    groups: int,
    width: int,
) -> keras.KerasTensor:
    """Chain stages; `width` is the channels of a group where the table says 64."""
    for units, (name, channels, stride) in rows:
        unit = partial(_unit, channels=channels, groups=groups, grouped=channels * width // 64)
        x = blocks.stage(x, units, stride, unit, name)
    return x


def _unit(
    x: keras.KerasTensor, stride: int, name: str, channels: int, groups: int, grouped: int
) -> keras.KerasTensor:
    filters = 4 * channels
    across = blocks.shortcut(x, filters, stride, "B", STYLE, name)
    branch = blocks.bottleneck_branch(
        x, groups * grouped, filters, STYLE, name, stride, "3x3", groups
    )
    return blocks.residual_unit(across, branch, name)


BUILDERS = {
    builder.__name__: builder for builder in (resnext50_32x4d, resnext101_32x4d, resnext29_8x64d)
}
