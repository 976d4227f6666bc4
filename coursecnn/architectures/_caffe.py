"""What the networks that were released as Caffe definitions share.

- `convolution`: zeros on all four sides, and weights drawn as Caffe's fillers draw them;
- `gaussian`: the filler of that name; `XAVIER`: the other;
- `max_pooling`: 3×3 windows with stride 2, the last of which may hang over the edge.

>>> max_pooling(keras.Input((112, 112, 64)), "pool").shape
(None, 56, 56, 64)
"""

from typing import Any

from coursecnn.architectures.layers import completed
from coursecnn.backend import keras

__all__ = ["XAVIER", "convolution", "gaussian", "max_pooling"]

# Caffe's "xavier" is uniform within ±√(3/n), where n counts the products in one output. Keras
# calls that Lecun's; its own "glorot" averages n with the other direction.
XAVIER = "lecun_uniform"


def gaussian(std: float) -> Any:
    """Draw weights from a normal distribution around zero with this standard deviation.

    >>> gaussian(0.01).stddev
    0.01
    """
    return keras.initializers.RandomNormal(stddev=std)


def convolution(
    x: keras.KerasTensor,
    filters: int,
    kernel: int,
    name: str,
    *,
    stride: int = 1,
    padding: int = 0,
    weights: Any = XAVIER,
    bias: float = 0.0,
) -> keras.KerasTensor:
    """Convolve, add a bias, and set negative values to zero.

    Args:
        x: Maps of (batch, height, width, channels).
        filters: Number of kernels.
        kernel: Height and width of a kernel.
        name: Of the layer; that of the zeros before it, if they need one, ends in `_pad`.
        stride: Step of the kernel.
        padding: Zeros on each of the four sides. With a stride, Keras's "same" would put more of
            them after the last pixel than before the first.
        weights: Where the kernels begin, an initializer or its name.
        bias: Where the biases begin.

    Returns:
        Maps of (batch, height', width', filters).

    >>> convolution(keras.Input((27, 27, 96)), 256, 5, "conv2", padding=2).shape
    (None, 27, 27, 256)
    """
    same = stride == 1 and 2 * padding == kernel - 1
    if padding and not same:
        x = keras.layers.ZeroPadding2D(padding, name=f"{name}_pad")(x)
    return keras.layers.Conv2D(
        filters,
        kernel,
        stride,
        "same" if same else "valid",
        activation="relu",
        kernel_initializer=weights,
        bias_initializer=keras.initializers.Constant(bias),
        name=name,
    )(x)


def max_pooling(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Halve maps that are not negative: maxima of 3×3 windows with stride 2, rounded up.

    (batch, height, width, channels) becomes (batch, ⌈(height - 3)/2⌉ + 1, ..., channels).
    """
    return keras.layers.MaxPooling2D(3, 2, name=name)(completed(x, 3, 2, name))
