"""Layers that several families share and Keras does not have.

- `LocalResponseNormalization`: a unit competes with its neighbours among the channels;
- `GroupedConv2D`: a convolution whose channels are in groups, computed group by group;
- `image_input`: the input of a network that takes images from a smallest size on;
- `completed`: zeros after the last row and column, so that windows with a stride cover the rest;
- `classified`: the model of inputs and maps, with its classifier or without;
- `activated`: the activation of logits, where it is a layer of its own.

>>> from coursecnn.backend import keras
>>> row = keras.ops.ones((1, 1, 1, 4))  # windows of 3 channels; the first and the last see 2
>>> layer = LocalResponseNormalization(size=3, alpha=1.0, beta=1.0, k=1.0)
>>> [round(float(value), 3) for value in keras.ops.ravel(layer(row))]
[0.333, 0.25, 0.25, 0.333]
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from coursecnn._checks import check_activation, check_choice, check_count
from coursecnn.backend import keras

__all__ = [
    "AnySize",
    "Classifier",
    "GroupedConv2D",
    "LocalResponseNormalization",
    "Shape",
    "activated",
    "classified",
    "completed",
    "image_input",
]

ops = keras.ops
Shape: TypeAlias = tuple[int, int, int]
AnySize: TypeAlias = tuple[None, None, int]
Classifier: TypeAlias = Callable[..., Any]  # of maps, and of `activation`, None for logits


@keras.saving.register_keras_serializable(package="coursecnn")
class LocalResponseNormalization(keras.layers.Layer):
    """Divide each unit by the activity of the units around it, at its place in the image.

    b[i] = a[i] / (k + alpha · Σ a[j]²)^beta, where j runs over the `size` channels around i, those
    beyond the first and the last left out. The shape stays, and there are no weights.

    The defaults are the constants of AlexNet. Caffe divides its `alpha` by its `local_size`, and
    its k is 1: what a prototxt calls `local_size: 5  alpha: 0.0001  beta: 0.75` is here
    `LocalResponseNormalization(size=5, alpha=1e-4 / 5, beta=0.75, k=1.0)`.

    Source: Krizhevsky, Sutskever, Hinton 2012, section 3.3.

    Args:
        size: Channels in a window, n in the paper: odd, so that the unit is in its middle.
        alpha: Weight of the sum.
        beta: Exponent.
        k: What is added, so that a silent neighbourhood divides by k^beta.
        groups: Equal parts of the channels that do not see each other, as on two GPUs.
        **kwargs: Of every Keras layer, such as `name`.

    Raises:
        ValueError: The size is not odd and positive, or the channels do not divide into groups.
    """

    def __init__(
        self,
        *,
        size: int = 5,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 2.0,
        groups: int = 1,
        **kwargs: Any,
    ) -> None:
        """Keep the constants."""
        super().__init__(**kwargs)
        if not isinstance(size, int) or size < 1 or size % 2 == 0:
            raise ValueError(f"size must be odd and positive, such as 5, got {size!r}")
        check_count("groups", groups)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k
        self.groups = groups

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Check the channels; there is nothing to make."""
        if input_shape[-1] % self.groups:
            raise ValueError(
                f"groups must divide the {input_shape[-1]} channels, got {self.groups!r}"
            )

    def call(self, inputs: Any) -> Any:
        """Normalise maps of shape (batch, ..., channels).

        The sums have 32 bits at least: in a half, the square of 256 is infinite.
        """
        x = ops.cast(inputs, keras.backend.result_type(self.compute_dtype, "float32"))
        groups = ops.split(ops.square(x), self.groups, axis=-1)
        activity = ops.concatenate([self._window_sums(group) for group in groups], axis=-1)
        normalised = x * ops.power(self.k + self.alpha * activity, -self.beta)
        return ops.cast(normalised, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Keep the shape."""
        return input_shape

    def _window_sums(self, squares: Any) -> Any:
        beside = [(0, 0)] * (len(squares.shape) - 1)
        padded = ops.pad(squares, [*beside, (self.size // 2, self.size // 2)])
        channels = squares.shape[-1]
        return sum(padded[..., first : first + channels] for first in range(self.size))

    def get_config(self) -> dict[str, Any]:
        """Give the arguments, for saving."""
        own = {name: getattr(self, name) for name in ("size", "alpha", "beta", "k", "groups")}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="coursecnn")
class GroupedConv2D(keras.layers.Conv2D):
    """Convolve each group of channels with its own kernels, one group after the other.

    Arguments, weights and result are those of `keras.layers.Conv2D` with `groups`. On TensorFlow,
    Keras has that one compiled by XLA, anew at each eager call, and on a CPU its gradient then
    takes about a hundred times as long.

    >>> layer = GroupedConv2D(8, 3, groups=2, use_bias=False)
    >>> tuple(layer(keras.ops.ones((1, 5, 5, 4))).shape), layer.count_params()
    ((1, 3, 3, 8), 144)
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve each group of the maps with its part of the kernel, and join the results."""
        pairs = zip(
            ops.split(inputs, self.groups, axis=-1),
            ops.split(kernel, self.groups, axis=-1),
            strict=True,
        )
        maps = [
            ops.conv(x, k, self.strides, self.padding, None, self.dilation_rate) for x, k in pairs
        ]
        return ops.concatenate(maps, axis=-1)


def image_input(
    input_shape: Shape | AnySize, classes: int, smallest: int, *, any_size: bool = False
) -> keras.KerasTensor:
    """Make the input layer `image`, and refuse what a network cannot take.

    Args:
        input_shape: (height, width, channels) of an image.
        classes: Number of outputs.
        smallest: Pixels that a side must have.
        any_size: Whether (None, None, channels) will do, for images of any size.

    Raises:
        ValueError: A side is too small or open, or the channels or the classes are no number.

    >>> image_input((32, 32, 3), classes=10, smallest=8).shape
    (None, 32, 32, 3)
    """
    shape: Any = input_shape
    if any_size and isinstance(shape, tuple | list) and tuple(shape[:2]) == (None, None):
        shape = (smallest, smallest, *shape[2:])
    sizes = isinstance(shape, tuple | list) and [type(size) for size in shape]
    if sizes != [int, int, int] or min(shape[:2]) < smallest or shape[2] < 1:
        raise ValueError(
            f"input_shape must be (height, width, channels) with {smallest}×{smallest} pixels or "
            f"more, got {input_shape!r}"
        )
    check_count("classes", classes)
    return keras.Input(input_shape, name="image")


def completed(x: keras.KerasTensor, kernel: int, stride: int, name: str) -> keras.KerasTensor:
    """Append zeros where the last window of a convolution or pooling would hang over the edge.

    This is how cuda-convnet convolves and pools, and Caffe pools: O = ⌈(N - F)/S⌉ + 1. After a
    ReLU, zeros never win against what is in the window.

    Args:
        x: Maps of (batch, height, width, channels).
        kernel: Side of the window, F.
        stride: Step of the window, S.
        name: Of the layer that the windows belong to; the padding is called `{name}_pad`.

    Returns:
        The maps, with up to `stride` - 1 more rows at the bottom and columns at the right; the
        very same tensor if no window hangs over.

    >>> completed(keras.Input((112, 112, 64)), 3, 2, "pool1").shape
    (None, 113, 113, 64)
    """
    missing = [(kernel - size) % stride for size in x.shape[1:3]]
    if not any(missing):
        return x
    border = tuple((0, extra) for extra in missing)
    return keras.layers.ZeroPadding2D(border, name=f"{name}_pad")(x)


def classified(
    inputs: keras.KerasTensor,
    maps: keras.KerasTensor,
    classifier: Classifier,
    *,
    name: str,
    top: bool,
    activation: str | None,
) -> keras.Model:
    """Make the model of a network that ends in a classifier, or of its maps alone.

    The layers have the same names either way, and those before the classifier the same weights.

    Args:
        inputs: The input of the network.
        maps: What the classifier reads, (batch, height, width, channels).
        classifier: Computes the outputs from the maps and the activation.
        name: Of the model.
        top: Whether the classifier is there; if not, the model ends in the maps.
        activation: What becomes of the logits, a name of `keras.activations`; None for nothing.

    Raises:
        ValueError: `top` is no bool, or the activation is unknown.

    >>> image = keras.Input((8, 8, 3))
    >>> headless = classified(image, image, activated, name="none", top=False, activation=None)
    >>> headless.output_shape
    (None, 8, 8, 3)
    """
    check_choice("top", top, (True, False))
    check_activation("classifier_activation", activation)
    return keras.Model(inputs, classifier(maps, activation=activation) if top else maps, name=name)


def activated(x: keras.KerasTensor, *, activation: str | None) -> keras.KerasTensor:
    """Activate logits that no layer with weights makes, in a layer called `predictions`.

    Args:
        x: The logits, (batch, classes).
        activation: A name of `keras.activations`; None leaves the logits as they are.

    >>> activated(keras.Input((10,)), activation="softmax").shape
    (None, 10)
    """
    if activation is None:
        return x
    if activation == "softmax":
        return keras.layers.Softmax(name="predictions")(x)
    return keras.layers.Activation(activation, name="predictions")(x)
