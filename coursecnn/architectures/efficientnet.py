"""EfficientNet: a network found by search, made larger in width, depth and image together.

- `efficientnet_b0`: the network of the paper;
- `efficientnet_lite0`: the same for telephones, with ReLU6 and without squeeze-and-excitation.

A unit is an inverted residual, "MBConv" in the paper: a 1×1 convolution that expands the channels,
a depthwise one, and a 1×1 convolution back to few channels, which is not activated. The shortcut
joins the narrow ends. `width` and `depth` multiply the channels and the units of a stage. With
larger images, they make B1 to B7 of B0, and Lite1 to Lite4 of Lite0.

Sources: M. Tan, Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", ICML 2019, arXiv:1905.11946, table 1 and section 4; and the authors' release,
github.com/tensorflow/tpu, folder models/official/efficientnet, files efficientnet_builder.py,
efficientnet_model.py and lite/efficientnet_lite_builder.py.

What the paper leaves open, and the release settles:

- the padding is TensorFlow's "same": where a stride meets an even side, all zeros are at the
  bottom and on the right;
- the squeeze has a quarter of the channels that the unit reads, not of its expanded ones;
- channels are rounded to a multiple of 8, and units up; Lite scales neither the stem nor the head,
  nor the units of the first and last stages;
- in training, the branch of the i-th of n units, counted from 0, is dropped for an image with
  probability 0.2 i/n, and divided by the remaining probability otherwise;
- kernels start normal with the fan-out, the last layer uniform within ±1/√classes, biases at zero;
  ε is 10⁻³.

The release subtracts the mean and divides by the standard deviation before the network. No
deviations.

>>> STAGES["stage4"].kernel, STAGES["stage4"].filters
(5, 40)
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from coursecnn._values import number
from coursecnn.architectures import blocks
from coursecnn.architectures._mobile import MobileStyle, inverted_residual, scaled_filters
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.architectures.se_resnet import squeeze_excitation
from coursecnn.backend import keras

__all__ = [
    "NETWORKS",
    "STAGES",
    "Stage",
    "Variant",
    "efficientnet_b0",
    "efficientnet_lite0",
]

layers = keras.layers
Tensor: TypeAlias = keras.KerasTensor

IMAGENET: Shape = (224, 224, 3)
STEM, HEAD = 32, 1280  # filters of the first and the last convolution
DROP = 0.2


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


@dataclass(frozen=True)
class Stage:
    """A row of table 1, without the size of its maps.

    Attributes:
        expansion: Channels of the depthwise convolution, for each that the unit reads.
        kernel: Height and width of the depthwise kernels.
        stride: Of the first unit's depthwise convolution.
        filters: Channels of the output.
        units: How many follow one another.

    >>> Stage(expansion=6, kernel=3, stride=2, filters=24, units=2).filters
    24
    """

    expansion: int
    kernel: int
    stride: int
    filters: int
    units: int


# Stages 2 to 8; the stem is the first, and the head the last.
STAGES = {
    "stage2": Stage(1, 3, 1, 16, 1),
    "stage3": Stage(6, 3, 2, 24, 2),
    "stage4": Stage(6, 5, 2, 40, 2),
    "stage5": Stage(6, 3, 2, 80, 3),
    "stage6": Stage(6, 5, 1, 112, 3),
    "stage7": Stage(6, 5, 2, 192, 4),
    "stage8": Stage(6, 3, 1, 320, 1),
}


@dataclass(frozen=True)
class Variant:
    """What B0 and Lite0 do differently.

    Attributes:
        style: Of the layers.
        squeezed: Share of a unit's channels that its squeeze has; 0 where it has none.
        fixed_ends: `width` leaves the stem and the head alone, `depth` the first and last stages.

    >>> B0.squeezed, LITE0.style.activation
    (0.25, 'relu6')
    """

    style: MobileStyle
    squeezed: float
    fixed_ends: bool


B0 = Variant(MobileStyle("silu", _normal, momentum=0.99), squeezed=0.25, fixed_ends=False)
LITE0 = Variant(MobileStyle("relu6", _normal, momentum=0.99), squeezed=0.0, fixed_ends=True)


def efficientnet_b0(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    width: float = 1.0,
    depth: float = 1.0,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the network of the paper: 5,330,564 parameters, 5,288,548 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        width: Factor of all channels.
        depth: Factor of the units in each stage.
        top: Whether the classifier is there; without it the model ends in the maps of the head,
            before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    network = partial(_network, B0, "efficientnet_b0", input_shape, classes, width, depth)
    return network(top=top, activation=classifier_activation)


def efficientnet_lite0(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    width: float = 1.0,
    depth: float = 1.0,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the network for telephones: 4,694,024 parameters, 4,652,008 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        width: Factor of the channels, but for the stem and the head.
        depth: Factor of the units in each stage, but for the first and the last.
        top: Whether the classifier is there; without it the model ends in the maps of the head,
            before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    network = partial(_network, LITE0, "efficientnet_lite0", input_shape, classes, width, depth)
    return network(top=top, activation=classifier_activation)


def _network(
    variant: Variant,
    name: str,
    input_shape: Shape,
    classes: int,
    width: float,
    depth: float,
    *,
    top: bool,
    activation: str | None,
) -> keras.Model:
    width = number("width", width, above=0)
    depth = number("depth", depth, above=0)
    inputs = image_input(input_shape, classes, smallest=32)
    stem, last = (
        filters if variant.fixed_ends else scaled_filters(filters, width)
        for filters in (STEM, HEAD)
    )
    x = variant.style.layer(inputs, stem, 3, "stem", stride=2)
    x = _stages(x, variant, width, depth)
    x = variant.style.layer(x, last, 1, "head")
    head = partial(_classifier, classes=classes)
    return classified(inputs, x, head, name=name, top=top, activation=activation)


def _stages(x: Tensor, variant: Variant, width: float, depth: float) -> Tensor:
    counts = {name: math.ceil(stage.units * depth) for name, stage in STAGES.items()}
    if variant.fixed_ends:
        counts |= {name: STAGES[name].units for name in ("stage2", "stage8")}
    units = [f"{stage}_unit{n}" for stage, count in counts.items() for n in range(1, count + 1)]
    drops = {unit: DROP * place / len(units) for place, unit in enumerate(units)}
    for name, stage in STAGES.items():
        filters = scaled_filters(stage.filters, width)
        unit = partial(_unit, filters=filters, stage=stage, variant=variant, drops=drops)
        x = blocks.stage(x, counts[name], stage.stride, unit, name)
    return x


def _unit(
    x: Tensor,
    stride: int,
    name: str,
    filters: int,
    stage: Stage,
    variant: Variant,
    drops: dict[str, float],
) -> Tensor:
    squeezed = max(1, int(x.shape[-1] * variant.squeezed))
    return inverted_residual(
        *(x, stride, name, filters, variant.style),
        expansion=stage.expansion,
        kernel=stage.kernel,
        gate=partial(_excited, squeezed=squeezed) if variant.squeezed else None,
        drop=drops[name],
    )


def _excited(x: Tensor, name: str, squeezed: int) -> Tensor:
    return squeeze_excitation(x, squeezed, name, activation=B0.style.activation, kernels=_normal)


def _classifier(x: Tensor, *, classes: int, activation: str | None) -> Tensor:
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(DROP, name="dropout")(x)
    uniform = keras.initializers.VarianceScaling(1 / 3, "fan_out", "uniform")
    return layers.Dense(classes, activation, kernel_initializer=uniform, name="predictions")(x)


NETWORKS = rows(
    "efficientnet",
    "Tan and Le, ICML 2019 (arXiv:1905.11946)",
    IMAGENET,
    1000,
    # name             builder             place                parameters  trainable   MACs
    ("efficientnet_b0", efficientnet_b0, "table 1", 5_330_564, 5_288_548, 385_814_752),
    ("efficientnet_lite0", efficientnet_lite0, "release, lite", 4_694_024, 4_652_008, 385_187_552),
)
