"""MobileNets: convolutions taken apart, so that telephones can afford them.

- `mobilenet_v1`: a depthwise and a 1×1 convolution in the place of each 3×3 one;
- `mobilenet_v2`: inverted residuals, which are wide in the middle and narrow where they are joined.

Sources: A. G. Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
Applications", arXiv:1704.04861, table 1; M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen,
"MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, arXiv:1801.04381, table 2; and
the authors' release, github.com/tensorflow/models, folder research/slim/nets, files
mobilenet_v1.py, mobilenet/mobilenet_v2.py and mobilenet/mobilenet.py.

What the papers leave open, and the release settles:

- the activation of the first is ReLU6, too; the paper says ReLU;
- the last depthwise convolution of the first has stride 1. Table 1 prints stride 2, and maps that
  do not shrink;
- the padding is TensorFlow's "same": where a stride meets an even side, all zeros are at the
  bottom and on the right;
- `width` leaves whole numbers of at least 8 channels in the first, and multiples of 8 in the
  second, whose last convolution never has less than 1280 (`finegrain_classification_mode`);
- kernels start normal, cut at two standard deviations of 0.09, biases at zero; ε is 10⁻³; a
  thousandth of the averages is dropped before the last layer of the first, a fifth of the second.

The release writes the last layer as a 1×1 convolution. No other deviations.

>>> V2["bottleneck3"]
Bottleneck(expansion=6, filters=32, units=3, stride=2)
"""

from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from coursecnn._values import number
from coursecnn.architectures import blocks
from coursecnn.architectures._mobile import MobileStyle, inverted_residual, scaled_filters
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.backend import keras

__all__ = ["NETWORKS", "V1", "V2", "Bottleneck", "mobilenet_v1", "mobilenet_v2"]

layers = keras.layers
Tensor: TypeAlias = keras.KerasTensor

IMAGENET: Shape = (224, 224, 3)
STEM, HEAD = 32, 1280  # filters of the first convolution, and of V2's last

# Table 1 of the first paper: stride of the depthwise convolution, filters of the 1×1 after it.
V1 = (
    *((1, 64), (2, 128), (1, 128), (2, 256), (1, 256)),
    *((2, 512), (1, 512), (1, 512), (1, 512), (1, 512), (1, 512)),
    *((2, 1024), (1, 1024)),
)


@dataclass(frozen=True)
class Bottleneck:
    """A row of table 2 of the second paper, where the numbers are called t, c, n and s.

    Attributes:
        expansion: Channels in the middle, for each that a unit reads.
        filters: Channels of the output.
        units: How many follow one another.
        stride: Of the first unit.

    >>> Bottleneck(expansion=6, filters=24, units=2, stride=2).filters
    24
    """

    expansion: int
    filters: int
    units: int
    stride: int


V2 = {
    "bottleneck1": Bottleneck(1, 16, 1, 1),
    "bottleneck2": Bottleneck(6, 24, 2, 2),
    "bottleneck3": Bottleneck(6, 32, 3, 2),
    "bottleneck4": Bottleneck(6, 64, 4, 2),
    "bottleneck5": Bottleneck(6, 96, 3, 1),
    "bottleneck6": Bottleneck(6, 160, 3, 2),
    "bottleneck7": Bottleneck(6, 320, 1, 1),
}


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.TruncatedNormal(stddev=0.09)


STYLE_V1 = MobileStyle("relu6", _normal, momentum=0.9997)
STYLE_V2 = MobileStyle("relu6", _normal, momentum=0.997)


def mobilenet_v1(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    width: float = 1.0,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the first network: 4,253,864 parameters, 4,231,976 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        width: Factor of all channels, α in the paper.
        top: Whether the classifier is there; without it the model ends in the maps of the last
            unit, before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    width = number("width", width, above=0)
    inputs = image_input(input_shape, classes, smallest=32)
    x = STYLE_V1.layer(inputs, max(8, int(STEM * width)), 3, "stem", stride=2)
    for place, (stride, filters) in enumerate(V1, start=1):
        x = STYLE_V1.depthwise(x, 3, f"unit{place}_depthwise", stride=stride)
        x = STYLE_V1.layer(x, max(8, int(filters * width)), 1, f"unit{place}_pointwise")
    head = partial(_classifier, classes=classes, drop=0.001)
    name = "mobilenet_v1"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def mobilenet_v2(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    width: float = 1.0,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the second network: 3,538,984 parameters, 3,504,872 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        width: Factor of all channels; those of the last convolution do not become fewer.
        top: Whether the classifier is there; without it the model ends in the maps of the last
            convolution, before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    width = number("width", width, above=0)
    inputs = image_input(input_shape, classes, smallest=32)
    x = STYLE_V2.layer(inputs, scaled_filters(STEM, width), 3, "stem", stride=2)
    for stage, row in V2.items():
        filters = scaled_filters(row.filters, width)
        unit = partial(inverted_residual, filters=filters, style=STYLE_V2, expansion=row.expansion)
        x = blocks.stage(x, row.units, row.stride, unit, stage)
    x = STYLE_V2.layer(x, scaled_filters(HEAD, max(1.0, width)), 1, "head")
    head = partial(_classifier, classes=classes, drop=0.2)
    name = "mobilenet_v2"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _classifier(x: Tensor, *, classes: int, drop: float, activation: str | None) -> Tensor:
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(drop, name="dropout")(x)
    return layers.Dense(classes, activation, kernel_initializer=_normal(), name="predictions")(x)


NETWORKS = (
    *rows(
        "mobilenet",
        "Howard et al. 2017 (arXiv:1704.04861)",
        IMAGENET,
        1000,
        # name          builder       place      parameters trainable  MACs
        ("mobilenet_v1", mobilenet_v1, "table 1", 4_253_864, 4_231_976, 568_740_352),
    ),
    *rows(
        "mobilenet",
        "Sandler et al., CVPR 2018 (arXiv:1801.04381)",
        IMAGENET,
        1000,
        ("mobilenet_v2", mobilenet_v2, "table 2", 3_538_984, 3_504_872, 300_774_272),
    ),
)
