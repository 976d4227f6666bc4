"""ResNeXt: bottlenecks whose 3×3 convolution runs in groups.

- `resnext`, by name `resnext50_32x4d` and `resnext101_32x4d`: for ImageNet, 32 groups of 4 channels
  at first;
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

from coursecnn._checks import check_choice
from coursecnn.architectures import blocks
from coursecnn.architectures._registry import rows
from coursecnn.architectures.blocks import Style
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.architectures.resnet import IMAGENET, STAGES, TABLE_1
from coursecnn.architectures.resnet_cifar import CIFAR
from coursecnn.backend import keras

__all__ = ["CIFAR_STAGES", "IMAGENET_DEPTHS", "NETWORKS", "resnext", "resnext29_8x64d"]

STYLE = Style(fan="fan_out", linear="torch")

# The stages for 32×32 images: name, width that `d` is relative to, stride of the first unit.
CIFAR_STAGES = (("conv2", 64, 1), ("conv3", 128, 2), ("conv4", 256, 2))
IMAGENET_DEPTHS = (50, 101)
CIFAR_UNITS = 3  # of each stage: three layers a unit, 29 with the first and the last


def resnext(
    depth: int,
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build 50 or 101 layers for ImageNet, of 32 groups of 4 channels at first (32×4d).

    Args:
        depth: Number of layers.
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        top: Whether the classifier is there; without it the model ends in the maps of the last
            unit, before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The images are too small, or another argument is not one of these.

    >>> from coursecnn.backend import without_weights
    >>> with without_weights():
    ...     resnext(50).count_params()
    25097128
    """
    check_choice("depth", depth, IMAGENET_DEPTHS)
    inputs = image_input(input_shape, classes, smallest=32)
    x = blocks.imagenet_stem(inputs, STYLE, "padded")
    counts, _ = TABLE_1[f"resnet{depth}"]
    x = _stages(x, zip(counts, STAGES, strict=True), groups=32, width=4)
    head = partial(blocks.classifier, classes=classes, style=STYLE)
    name = f"resnext{depth}_32x4d"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def resnext29_8x64d(
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build ResNeXt-29, 8×64d: 34,484,170 parameters, 34,426,698 of them trainable.

    Arguments, result and errors are those of `resnext`, but 4×4 pixels are enough.
    """
    inputs = image_input(input_shape, classes, smallest=4)
    x = blocks.cifar_stem(inputs, 64, STYLE)
    x = _stages(x, zip([CIFAR_UNITS] * 3, CIFAR_STAGES, strict=True), groups=8, width=64)
    head = partial(blocks.classifier, classes=classes, style=STYLE)
    name = "resnext29_8x64d"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


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
        x, groups * grouped, filters, STYLE, name, stride=stride, stride_on="3x3", groups=groups
    )
    return blocks.residual_unit(across, branch, name)


NETWORKS = (
    *rows(
        "resnext",
        "Xie et al., CVPR 2017 (arXiv:1611.05431)",
        IMAGENET,
        1000,
        # name               builder               place      parameters  trainable   MACs
        ("resnext50_32x4d", partial(resnext, 50), "table 1", 25_097_128, 25_028_904, 4_230_479_872),
        (
            "resnext101_32x4d",
            partial(resnext, 101),
            "table 3",
            44_315_560,
            44_177_704,
            7_969_996_800,
        ),
    ),
    *rows(
        "resnext",
        "Xie et al., CVPR 2017 (arXiv:1611.05431)",
        CIFAR,
        10,
        ("resnext29_8x64d", resnext29_8x64d, "table 7", 34_484_170, 34_426_698, 5_387_266_048),
    ),
)
