"""What networks with depthwise convolutions share: layers in a style, and the inverted residual.

- `MobileStyle`: how a release writes a convolution, a normalisation and an activation;
- `inverted_residual`: a unit that is wide in the middle, and joins its narrow ends;
- `scaled_filters`: channels that a factor of the width leaves.

All padding is TensorFlow's "same": where a stride meets an even side, a 3×3 window lies one pixel
further to the bottom and the right than with a border of zeros on each side.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from coursecnn.backend import keras

__all__ = ["MobileStyle", "inverted_residual", "scaled_filters"]

layers = keras.layers
Tensor: TypeAlias = keras.KerasTensor


@dataclass(frozen=True)
class MobileStyle:
    """How a release writes its layers; a name of a layer is the prefix of those that follow it.

    Attributes:
        activation: A name of `keras.activations`.
        kernels: Makes the initializer of the kernels, another one for each layer.
        momentum: How much of the moving averages stays at each step.
        epsilon: What a batch normalisation adds to the variance.

    >>> style = MobileStyle("relu6", keras.initializers.HeNormal, momentum=0.99)
    >>> style.layer(keras.Input((8, 8, 3)), 16, 3, "conv", stride=2).shape
    (None, 4, 4, 16)
    """

    activation: str
    kernels: Callable[[], keras.initializers.Initializer]
    momentum: float
    epsilon: float = 1e-3

    def convolution(
        self, x: Tensor, filters: int, kernel: int, name: str, *, stride: int = 1
    ) -> Tensor:
        """Convolve, without a bias."""
        return layers.Conv2D(
            *(filters, kernel, stride, "same"),
            use_bias=False,
            kernel_initializer=self.kernels(),
            name=name,
        )(x)

    def normalised(self, x: Tensor, name: str) -> Tensor:
        """Normalise each channel over the batch and the positions."""
        return layers.BatchNormalization(
            momentum=self.momentum, epsilon=self.epsilon, name=f"{name}_bn"
        )(x)

    def activated(self, x: Tensor, name: str) -> Tensor:
        """Normalise, and activate."""
        x = self.normalised(x, name)
        return layers.Activation(self.activation, name=f"{name}_{self.activation}")(x)

    def layer(self, x: Tensor, filters: int, kernel: int, name: str, *, stride: int = 1) -> Tensor:
        """Convolve, normalise, activate."""
        return self.activated(self.convolution(x, filters, kernel, name, stride=stride), name)

    def depthwise(self, x: Tensor, kernel: int, name: str, *, stride: int = 1) -> Tensor:
        """Convolve each channel by itself, normalise, activate."""
        x = layers.DepthwiseConv2D(
            *(kernel, stride, "same"),
            use_bias=False,
            depthwise_initializer=self.kernels(),
            name=name,
        )(x)
        return self.activated(x, name)


def inverted_residual(
    x: Tensor,
    stride: int,
    name: str,
    filters: int,
    style: MobileStyle,
    *,
    expansion: int,
    kernel: int = 3,
    gate: Callable[[Tensor, str], Tensor] | None = None,
    drop: float = 0.0,
) -> Tensor:
    """Expand the channels, convolve each by itself, and project them on few, without an activation.

    The input is added where the output has its shape.

    Args:
        x: Maps of (batch, height, width, channels).
        stride: Of the depthwise convolution.
        name: Prefix of the layers' names.
        filters: Channels of the output.
        style: Of the layers.
        expansion: Channels in the middle, for each of the input; at 1 nothing is expanded.
        kernel: Height and width of the depthwise kernels.
        gate: What becomes of the maps before they are projected, given them and the name.
        drop: How often an image's branch is dropped in training.

    >>> style = MobileStyle("relu6", keras.initializers.HeNormal, momentum=0.99)
    >>> x = keras.Input((56, 56, 24))
    >>> inverted_residual(x, 2, "unit", 32, style, expansion=6).shape
    (None, 28, 28, 32)
    """
    branch = x
    if expansion > 1:
        branch = style.layer(branch, expansion * x.shape[-1], 1, f"{name}_expand")
    branch = style.depthwise(branch, kernel, f"{name}_depthwise", stride=stride)
    if gate is not None:
        branch = gate(branch, name)
    branch = style.convolution(branch, filters, 1, f"{name}_project")
    branch = style.normalised(branch, f"{name}_project")
    if stride > 1 or filters != x.shape[-1]:
        return branch
    if drop:
        dropout = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")
        branch = dropout(branch)
    return layers.Add(name=f"{name}_add")([x, branch])


def scaled_filters(filters: int, width: float) -> int:
    """Multiply a number of channels, and round it to a multiple of 8, not down by a tenth or more.

    Args:
        filters: Channels at width 1.
        width: The factor, greater than 0.

    >>> [scaled_filters(320, width) for width in (1.0, 1.1, 1.4)]
    [320, 352, 448]
    """
    wanted = filters * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * wanted else rounded + 8
