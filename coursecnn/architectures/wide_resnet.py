"""Wide residual networks: fewer layers, more channels.

- `wide_resnet`, by name `wide_resnet_16_8`, `wide_resnet_40_4` and `wide_resnet_28_10`: for 32×32
  images, depth and width;
- `wide_resnet_50_2`: for ImageNet, ResNet-50 with bottlenecks of twice the width.

Source: S. Zagoruyko, N. Komodakis, "Wide Residual Networks", BMVC 2016, doi:10.5244/C.30.87,
arXiv:1605.07146, table 1 and section 3; and the authors' release,
github.com/szagoruyko/wide-residual-networks, models/wide-resnet.lua for the first three and
pretrained/wide-resnet.lua for the last. What they settle:

- the small networks activate before each convolution, project the activated input without a
  normalisation, have no biases, and start kernels with the fan-out; dropout, off by default, comes
  before a unit's second convolution;
- they leave the scales of a normalisation at the default of Torch7, anywhere between 0 and 1;
- the ImageNet network is not of the pre-activation kind: it activates after the addition, has the
  stride on the 3×3 convolution, and starts kernels with the fan-in, scales at 1.

No deviations.
"""

from functools import partial

from coursecnn._checks import check_count, check_share
from coursecnn.architectures import blocks
from coursecnn.architectures._registry import rows
from coursecnn.architectures.blocks import Style
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.architectures.resnet import IMAGENET, STAGES, TABLE_1
from coursecnn.architectures.resnet_cifar import CIFAR
from coursecnn.architectures.resnet_cifar import STAGES as CIFAR_STAGES
from coursecnn.backend import keras

__all__ = ["NETWORKS", "wide_resnet", "wide_resnet_50_2"]

STYLE = Style(fan="fan_out", linear="torch", gamma="uniform")
IMAGENET_STYLE = Style(fan="fan_in", linear="torch")
IMAGENET_EXPANSION = 2  # a bottleneck's output, in widths of its 3×3 convolution


def wide_resnet(
    depth: int,
    widening: int,
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    dropout: float = 0.0,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build a network for small images, such as WRN-28-10.

    Args:
        depth: Number of layers, 6n + 4; the paper counts projections too.
        widening: How many times the 16, 32 and 64 channels of the stages.
        input_shape: (height, width, channels) of an image, at least 4×4 pixels.
        classes: Number of outputs, a probability for each class.
        dropout: Which part of the values to drop before a unit's second convolution; the
            paper also reports 0.3 (section 3.3).
        top: Whether the classifier is there; without it the model ends in the last
            activation, before its average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.

    >>> from coursecnn.backend import without_weights
    >>> with without_weights():
    ...     wide_resnet(16, 8).count_params()
    10968570
    """
    check_count("widening", widening)
    check_share("dropout", dropout, below_one=True)
    units = _units(depth)
    inputs = image_input(input_shape, classes, smallest=4)
    x = blocks.cifar_stem(inputs, 16, STYLE)
    for stage, filters, stride in CIFAR_STAGES:
        unit = partial(_wide_unit, filters=widening * filters, dropout=dropout)
        x = blocks.stage(x, units, stride, unit, stage)
    x = blocks.relu(blocks.normalisation(x, STYLE, "bn"), "relu")
    head = partial(blocks.classifier, classes=classes, style=STYLE)
    name = f"wide_resnet_{depth}_{widening}"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _units(depth: int) -> int:
    """Units in each of three stages: two layers a unit."""
    check_count("depth", depth)
    if depth < 10 or (depth - 4) % 6:
        raise ValueError(f"depth must be 6n + 4 layers, such as 16 or 28, got {depth!r}")
    return (depth - 4) // 6


def wide_resnet_50_2(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build WRN-50-2-bottleneck: 68,951,464 parameters, 68,883,240 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        top: Whether the classifier is there; without it the model ends in the maps of the
            last unit, before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The images are too small, or another argument is not one of these.
    """
    inputs = image_input(input_shape, classes, smallest=32)
    x = blocks.imagenet_stem(inputs, IMAGENET_STYLE, "padded")
    counts, _ = TABLE_1["resnet50"]
    for units, (stage, width, stride) in zip(counts, STAGES, strict=True):
        x = blocks.stage(x, units, stride, partial(_wide_bottleneck, width=2 * width), stage)
    head = partial(blocks.classifier, classes=classes, style=IMAGENET_STYLE)
    name = "wide_resnet_50_2"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _wide_bottleneck(x: keras.KerasTensor, stride: int, name: str, width: int) -> keras.KerasTensor:
    filters = IMAGENET_EXPANSION * width
    across = blocks.shortcut(x, filters, stride, "B", IMAGENET_STYLE, name)
    branch = blocks.bottleneck_branch(
        x, width, filters, IMAGENET_STYLE, name, stride=stride, stride_on="3x3"
    )
    return blocks.residual_unit(across, branch, name)


def _wide_unit(
    x: keras.KerasTensor, stride: int, name: str, filters: int, dropout: float
) -> keras.KerasTensor:
    branch = partial(_wide_branch, filters=filters, dropout=dropout)
    activated = name == blocks.FIRST_UNIT
    return blocks.preactivation_unit(
        x, filters, branch, STYLE, name, stride=stride, activated=activated
    )


def _wide_branch(
    x: keras.KerasTensor, stride: int, name: str, filters: int, dropout: float
) -> keras.KerasTensor:
    x = blocks.convolution(x, filters, 3, STYLE, f"{name}_conv1", stride=stride)
    x = blocks.relu(blocks.normalisation(x, STYLE, f"{name}_bn2"), f"{name}_relu2")
    if dropout:
        x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return blocks.convolution(x, filters, 3, STYLE, f"{name}_conv2")


NETWORKS = (
    *rows(
        "wide_resnet",
        "Zagoruyko and Komodakis, BMVC 2016 (arXiv:1605.07146)",
        CIFAR,
        10,
        *(
            (
                f"wide_resnet_{depth}_{k}",
                partial(wide_resnet, depth, k),
                "table 5",
                parameters,
                trainable,
                macs,
            )
            for depth, k, parameters, trainable, macs in (
                (16, 8, 10_968_570, 10_961_370, 1_548_145_664),
                (40, 4, 8_959_994, 8_949_210, 1_298_582_016),
                (28, 10, 36_497_146, 36_479_194, 5_243_328_768),
            )
        ),
    ),
    *rows(
        "wide_resnet",
        "Zagoruyko and Komodakis, BMVC 2016 (arXiv:1605.07146)",
        IMAGENET,
        1000,
        ("wide_resnet_50_2", wide_resnet_50_2, "table 8", 68_951_464, 68_883_240, 11_398_021_120),
    ),
)
