"""A residual network whose units weigh their channels: squeeze-and-excitation.

- `se_resnet50`: ResNet-50 with a gate at the end of each branch;
- `squeeze_excitation`: the gate: averages of the maps, two small layers, a factor for each channel.

Sources: J. Hu, L. Shen, G. Sun, "Squeeze-and-Excitation Networks", CVPR 2018, arXiv:1709.01507,
sections 3 and 4 and table 1; and the authors' release, github.com/hujie-frank/SENet, file
models/SE-ResNet-50.prototxt.

What the release settles: the stride is on the first 1×1 convolution, the first pooling rounds up,
and convolutions have no bias, as in the authors' ResNet; the two layers of the gate have one. The
reduction is 16 everywhere.

The release says nothing of starting values: kernels, those of the gate too, and the last layer
start as in `resnet`. No other deviations.

>>> squeeze_excitation(keras.Input((56, 56, 256)), 16, "unit").shape
(None, 56, 56, 256)
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from coursecnn._checks import check_count
from coursecnn.architectures import blocks
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.architectures.resnet import IMAGENET, RELEASES, STAGES, TABLE_1
from coursecnn.backend import keras

__all__ = ["NETWORKS", "REDUCTION", "se_resnet50", "squeeze_excitation"]

layers = keras.layers
Tensor: TypeAlias = keras.KerasTensor

REDUCTION = 16
RELEASE = RELEASES["caffe"]


def se_resnet50(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    reduction: int = REDUCTION,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build it: 28,141,144 parameters, 28,088,024 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        reduction: How many channels share one in the middle of a gate, r in the paper.
        top: Whether the classifier is there; without it the model ends in the maps of the last
            unit, before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    check_count("reduction", reduction)
    inputs = image_input(input_shape, classes, smallest=32)
    x = blocks.imagenet_stem(inputs, RELEASE.style, RELEASE.pooling)
    counts, expansion = TABLE_1["resnet50"]
    for units, (stage, width, stride) in zip(counts, STAGES, strict=True):
        unit = partial(_unit, width=width, filters=expansion * width, reduction=reduction)
        x = blocks.stage(x, units, stride, unit, stage)
    head = partial(blocks.classifier, classes=classes, style=RELEASE.style)
    name = "se_resnet50"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _unit(x: Tensor, stride: int, name: str, width: int, filters: int, reduction: int) -> Tensor:
    across = blocks.shortcut(x, filters, stride, "B", RELEASE.style, name)
    branch = blocks.bottleneck_branch(x, width, filters, RELEASE.style, name, stride=stride)
    branch = squeeze_excitation(branch, max(1, filters // reduction), name)
    return blocks.residual_unit(across, branch, name)


def _he_normal() -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal")


def squeeze_excitation(
    x: Tensor,
    squeezed: int,
    name: str,
    *,
    activation: str = "relu",
    kernels: Callable[[], keras.initializers.Initializer] = _he_normal,
) -> Tensor:
    """Weigh each channel by what the averages of all channels say (section 3).

    (batch, height, width, channels) keeps its shape.

    Args:
        x: Maps.
        squeezed: Channels between the two layers.
        name: Prefix of the layers' names.
        activation: Between the two layers; a sigmoid follows the second.
        kernels: Makes the initializer of their kernels.
    """
    weights = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    for part, filters, follows in (
        ("reduce", squeezed, activation),
        ("excite", x.shape[-1], "sigmoid"),
    ):
        weights = layers.Conv2D(
            filters, 1, activation=follows, kernel_initializer=kernels(), name=f"{name}_{part}"
        )(weights)
    return layers.Multiply(name=f"{name}_scale")([x, weights])


NETWORKS = rows(
    "se_resnet",
    "Hu et al., CVPR 2018 (arXiv:1709.01507)",
    IMAGENET,
    1000,
    # name         builder      place      parameters  trainable   MACs
    ("se_resnet50", se_resnet50, "table 1", 28_141_144, 28_088_024, 3_860_488_192),
)
