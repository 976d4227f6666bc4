"""ConvNeXt: a residual network with what transformers had brought into fashion by 2020.

- `convnext_tiny`: the smallest of the paper, of about ResNet-50's cost;
- `LayerScale`: a factor for each channel, which begins close to zero.

A unit is a depthwise 7×7 convolution, a normalisation of the channels at each position, a 1×1
convolution to four times as many channels, GELU, and a 1×1 convolution back. Between the stages
stand a normalisation and a 2×2 convolution with stride 2, and before the first a 4×4 convolution
with stride 4.

Sources: Z. Liu, H. Mao, C.-Y. Wu, C. Feichtenhofer, T. Darrell, S. Xie, "A ConvNet for the 2020s",
CVPR 2022, arXiv:2201.03545, section 2, figure 4 and table 9; and the authors' release,
github.com/facebookresearch/ConvNeXt, file models/convnext.py. Its README trains this one with a
drop-path rate of 0.1: the branch of the i-th of n units, counted from 0, is dropped for an image
with probability 0.1 i/(n - 1), and divided by the remaining probability otherwise.

Kernels start normal with a standard deviation of 0.02 (the release cuts them at a hundred times
that), biases at zero, the scales of the branches at 10⁻⁶; ε is 10⁻⁶. No deviations from the
release.

>>> TINY["stage3"]
Stage(units=9, filters=384)
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.backend import keras

__all__ = ["NETWORKS", "TINY", "LayerScale", "Stage", "convnext_tiny"]

layers = keras.layers
Tensor: TypeAlias = keras.KerasTensor

IMAGENET: Shape = (224, 224, 3)
EXPANSION = 4
DROP = 0.1  # of the last unit's branch
EPSILON = SCALE = 1e-6


@dataclass(frozen=True)
class Stage:
    """Units of one size of maps.

    Attributes:
        units: How many follow one another.
        filters: Channels between them.

    >>> Stage(units=3, filters=96).filters
    96
    """

    units: int
    filters: int


TINY = {
    "stage1": Stage(3, 96),
    "stage2": Stage(3, 192),
    "stage3": Stage(9, 384),
    "stage4": Stage(3, 768),
}


def convnext_tiny(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build it: 28,589,128 parameters, all trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        top: Whether the classifier is there; without it the model ends in the maps of the last
            unit, before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    x = inputs = image_input(input_shape, classes, smallest=32)
    units = [f"{stage}_unit{n + 1}" for stage, row in TINY.items() for n in range(row.units)]
    drops = {unit: DROP * number / (len(units) - 1) for number, unit in enumerate(units)}
    for stage, row in TINY.items():
        x = _stem(x, row.filters) if x is inputs else _halved(x, row.filters, stage)
        for number in range(row.units):
            name = f"{stage}_unit{number + 1}"
            x = _unit(x, name, drops[name])
    head = partial(_classifier, classes=classes)
    name = "convnext_tiny"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _stem(x: Tensor, filters: int) -> Tensor:
    x = layers.Conv2D(filters, 4, 4, kernel_initializer=_normal(), name="stem")(x)
    return _normalised(x, "stem")


def _halved(x: Tensor, filters: int, stage: str) -> Tensor:
    name = f"{stage}_halve"
    x = _normalised(x, name)
    return layers.Conv2D(filters, 2, 2, kernel_initializer=_normal(), name=name)(x)


def _unit(x: Tensor, name: str, drop: float) -> Tensor:
    """Figure 4, on the right."""
    channels = x.shape[-1]
    branch = layers.DepthwiseConv2D(
        7, padding="same", depthwise_initializer=_normal(), name=f"{name}_depthwise"
    )(x)
    branch = _normalised(branch, f"{name}_depthwise")
    for part, filters, activation in (
        ("expand", EXPANSION * channels, "gelu"),
        ("project", channels, None),
    ):
        branch = layers.Conv2D(
            filters, 1, activation=activation, kernel_initializer=_normal(), name=f"{name}_{part}"
        )(branch)
    branch = LayerScale(name=f"{name}_scale")(branch)
    if drop:
        dropout = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")
        branch = dropout(branch)
    return layers.Add(name=f"{name}_add")([x, branch])


def _classifier(x: Tensor, *, classes: int, activation: str | None) -> Tensor:
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = _normalised(x, "pool")
    return layers.Dense(classes, activation, kernel_initializer=_normal(), name="predictions")(x)


def _normalised(x: Tensor, name: str) -> Tensor:
    """Normalise the channels at each position, over no other images and positions."""
    return layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_ln")(x)


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)


@keras.saving.register_keras_serializable(package="coursecnn")
class LayerScale(keras.layers.Layer):
    """Multiply each channel by a factor of its own, which is learned.

    (batch, ..., channels) keeps its shape.

    Source: H. Touvron et al., "Going deeper with Image Transformers", ICCV 2021, arXiv:2103.17239,
    section 2.

    >>> layer = LayerScale()
    >>> tuple(layer(keras.ops.ones((1, 2, 2, 8))).shape), layer.count_params()
    ((1, 2, 2, 8), 8)
    """

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the factors."""
        start = keras.initializers.Constant(SCALE)
        self.gamma = self.add_weight(input_shape[-1:], initializer=start, name="gamma")

    def call(self, inputs: Any) -> Any:
        """Multiply."""
        return inputs * self.gamma

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Keep the shape."""
        return input_shape


NETWORKS = rows(
    "convnext",
    "Liu et al., CVPR 2022 (arXiv:2201.03545)",
    IMAGENET,
    1000,
    # name           builder        place      parameters  trainable   MACs
    ("convnext_tiny", convnext_tiny, "table 9", 28_589_128, 28_589_128, 4_455_531_264),
)
