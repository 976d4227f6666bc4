"""LeNet-5: the network that read the digits on bank cheques, and what is taught of it today.

- `lenet5_1998`: sparse C3, trainable subsampling, distances to drawn digits as outputs;
- `lenet5`: full C3, plain average pooling, a softmax;
- `SparseConvolution`, `Subsampling`, `RadialBasisFunctions`: the layers that only 1998 had;
- `scaled_tanh`: its squashing function.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document
Recognition", Proceedings of the IEEE 86(11), 1998, section II.B, figures 2 and 3, table I,
appendix A (doi:10.1109/5.726791). What it leaves open, and where `lenet5_1998` departs from it:

- C1, S2, C3, S4, C5 and F6 all squash: section II.B has "units in layers up to F6" do so;
- weights begin uniform within ±2.4/fan-in (appendix A), for a subsampling with the four inputs
  it adds up; biases begin at zero, of which the paper does not speak;
- the digits are drawn for this course on the paper's grid of 7×12 pixels; the pixels of figure 3
  are not at hand in numbers. For more than ten classes, codes of -1 and +1 at random follow, the
  alternative that the section names;
- the outputs are penalties, small for the likely class, as in the paper. Its second loss function
  (equation 9) without the class for rubbish, j → ∞, is the cross-entropy of the softmax of the
  negative penalties: `probabilities=True`.

`lenet5` is the simplification of the lecture "Classic Convolutional Neural Networks": its table,
with its remark that a softmax has taken the place of the radial basis functions; weights begin as
Glorot and Bengio (2010) say.

>>> print(DIGITS[7])  # the code that F6 should give for a seven
#######
#######
.....##
.....##
....##.
....##.
...##..
...##..
...##..
..##...
..##...
..##...
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from coursecnn import geometry
from coursecnn._checks import check_choice
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.backend import keras

__all__ = [
    "C3_READS",
    "DIGITS",
    "NETWORKS",
    "RadialBasisFunctions",
    "SparseConvolution",
    "Subsampling",
    "lenet5",
    "lenet5_1998",
    "scaled_tanh",
]

ops = keras.ops
Activation: TypeAlias = Literal["tanh", "relu", "sigmoid"]
Pooling: TypeAlias = Literal["average", "max"]
Tensor: TypeAlias = keras.KerasTensor
BatchShape: TypeAlias = tuple[Any, ...]  # of numbers, and None for an open batch

# Table I: the maps of S2 that each of the 16 maps of C3 reads.
C3_READS = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)
KERNEL = 5  # side of all windows of C1, C3 and C5
C1, C3, C5, F6 = 6, 16, 120, 84  # maps, and units
SMALLEST, MULTIPLE = 32, 4  # pixels: C5 needs a whole window, S2 and S4 an even map
POOLINGS = {"average": keras.layers.AveragePooling2D, "max": keras.layers.MaxPooling2D}

# Ink and paper of the ten digits, side by side, each in 12 rows of 7 pixels.
_DRAWING = """
..###.. ...##.. ..###.. .#####. ....##. ####### ..####. ####### ..###.. ..###..
.#####. ..###.. .#####. ####### ...###. ####### .#####. ####### .#####. .#####.
##...## .####.. ##...## ##...## ..####. ##..... ##...## .....## ##...## ##...##
##...## ...##.. ##...## .....## ..####. ##..... ##..... .....## ##...## ##...##
##...## ...##.. .....## .....## .##.##. ##..... ##..... ....##. ##...## ##...##
##...## ...##.. .....## ..####. .##.##. ######. ##.###. ....##. .#####. ##..###
##...## ...##.. ....##. ..####. ##..##. ####### ####### ...##.. .#####. #######
##...## ...##.. ...##.. .....## ##..##. .....## ###..## ...##.. ##...## .###.##
##...## ...##.. ..##... .....## ####### .....## ##...## ...##.. ##...## .....##
##...## ...##.. .##.... ##...## ####### ##...## ##...## ..##... ##...## ##...##
.#####. .#####. ####### ####### ....##. ####### .#####. ..##... .#####. .#####.
..###.. .#####. ####### .#####. ....##. .#####. ..###.. ..##... ..###.. .####..
"""
DIGITS = tuple(
    "\n".join(rows)
    for rows in zip(*(line.split() for line in _DRAWING.strip().splitlines()), strict=True)
)


def lenet5_1998(
    input_shape: Shape = (32, 32, 1),
    classes: int = 10,
    *,
    padding: int = 0,
    probabilities: bool = False,
    top: bool = True,
) -> keras.Model:
    """Build the network of 1998: 60,000 trainable parameters, and 840 fixed ones.

    Args:
        input_shape: (height, width, channels) of an image, which the paper scales so that white
            is -0.1 and black is 1.175.
        classes: Number of outputs.
        padding: Pixels of zeros on each side; 2 for MNIST's images of 28×28.
        probabilities: Give the softmax of the negative penalties, which are the logits here,
            instead of the penalties.
        top: Whether F6 and the output are there; without them the model ends in the maps of C5.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes): the squared distance
        of F6 to the code of each class. The smallest is the answer.

    Raises:
        ValueError: A side of the padded image is below 32 pixels or no multiple of 4, or another
            argument is not one of these.
    """
    check_choice("probabilities", probabilities, (True, False))
    inputs, x = _field(input_shape, classes, padding)
    x = _convolution(C1, x.shape[-1] * KERNEL**2, "C1")(x)
    x = Subsampling(activation=scaled_tanh, name="S2")(x)
    x = SparseConvolution(C3_READS, KERNEL, activation=scaled_tanh, name="C3")(x)
    x = Subsampling(activation=scaled_tanh, name="S4")(x)
    x = _convolution(C5, C3 * KERNEL**2, "C5")(x)
    head = partial(_penalties if not probabilities else _likelihoods, classes=classes)
    return classified(inputs, x, head, name="lenet5_1998", top=top, activation=None)


def _penalties(x: Tensor, classes: int, *, activation: None) -> Tensor:  # noqa: ARG001 - none here
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(F6, scaled_tanh, kernel_initializer=_within(x.shape[-1]), name="F6")(x)
    return RadialBasisFunctions(_codes(classes), name="output")(x)


def _likelihoods(x: Tensor, classes: int, *, activation: None) -> Tensor:
    x = _penalties(x, classes, activation=activation)
    return keras.layers.Softmax(name="probabilities")(keras.layers.Rescaling(-1, name="minus")(x))


def lenet5(
    input_shape: Shape = (32, 32, 1),
    classes: int = 10,
    *,
    padding: int = 0,
    activation: Activation = "tanh",
    pooling: Pooling = "average",
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build today's simplification: 61,706 parameters by default.

    Args:
        input_shape: (height, width, channels) of an image.
        classes: Number of outputs, a probability for each class.
        padding: Pixels of zeros on each side; 2 for MNIST's images of 28×28.
        activation: Of all layers with weights but the last: "tanh", "relu" or "sigmoid".
        pooling: "average" as in 1998, or "max".
        top: Whether the classifier is there; without it the model ends in the maps of `C5`.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: A side of the padded image is below 32 pixels or no multiple of 4, or another
            argument is not one of these.
    """
    check_choice("activation", activation, get_args(Activation))
    check_choice("pooling", pooling, POOLINGS)
    inputs, x = _field(input_shape, classes, padding)
    x = keras.layers.Conv2D(C1, KERNEL, activation=activation, name="C1")(x)
    x = POOLINGS[pooling](2, name="S2")(x)
    x = keras.layers.Conv2D(C3, KERNEL, activation=activation, name="C3")(x)
    x = POOLINGS[pooling](2, name="S4")(x)
    x = keras.layers.Conv2D(C5, KERNEL, activation=activation, name="C5")(x)
    head = partial(_dense_layers, classes=classes, hidden=activation)
    return classified(inputs, x, head, name="lenet5", top=top, activation=classifier_activation)


def _dense_layers(x: Tensor, classes: int, hidden: Activation, *, activation: str | None) -> Tensor:
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(F6, hidden, name="F6")(x)
    return keras.layers.Dense(classes, activation, name="output")(x)


def scaled_tanh(x: Tensor) -> Tensor:
    """Squash: 1.7159 tanh(2x/3), which takes 1 to 1 and -1 to -1 (appendix A of the paper).

    >>> round(float(scaled_tanh(1.0)), 3)
    1.0
    """
    return 1.7159 * ops.tanh(2 / 3 * x)


keras.saving.register_keras_serializable(package="coursecnn")(scaled_tanh)


@keras.saving.register_keras_serializable(package="coursecnn")
class Subsampling(keras.layers.Layer):
    """Add up each 2×2 square, scale the sum, add a bias: two parameters for each map.

    (batch, height, width, channels) becomes (batch, height / 2, width / 2, channels).

    Args:
        activation: What follows.
        **kwargs: Of every Keras layer, such as `name`.

    >>> layer = Subsampling()
    >>> tuple(layer(keras.ops.ones((1, 28, 28, 6))).shape), layer.count_params()
    ((1, 14, 14, 6), 12)
    """

    def __init__(self, *, activation: Any = None, **kwargs: Any) -> None:
        """Keep the activation."""
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make a coefficient and a bias for each map."""
        maps = input_shape[-1:]
        self.coefficient = self.add_weight(name="coefficient", shape=maps, initializer=_within(4))
        self.bias = self.add_weight(name="bias", shape=maps, initializer="zeros")

    def call(self, inputs: Tensor) -> Tensor:
        """Subsample maps of (batch, height, width, channels)."""
        sums = 4 * ops.average_pool(inputs, 2, 2, data_format="channels_last")
        return self.activation(self.coefficient * sums + self.bias)

    def compute_output_shape(self, input_shape: BatchShape) -> BatchShape:
        """Halve the sides."""
        batch, height, width, channels = input_shape
        return (batch, height // 2, width // 2, channels)

    def macs(self, _input_shape: tuple[int, ...]) -> int:
        """Count none, as for every pooling."""
        return 0

    def get_config(self) -> dict[str, Any]:
        """Give the arguments, for saving."""
        return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}


@keras.saving.register_keras_serializable(package="coursecnn")
class SparseConvolution(keras.layers.Layer):
    """Convolve without padding, where each output map reads some of the input maps only.

    (batch, height, width, channels) becomes (batch, height - F + 1, width - F + 1, maps), with
    F · F weights for each connection of two maps and a bias for each output map.

    Args:
        reads: The numbers of the input maps that each output map reads.
        kernel_size: Side of the window, F.
        activation: What follows.
        **kwargs: Of every Keras layer, such as `name`.

    >>> layer = SparseConvolution([[0, 1], [1, 2]], kernel_size=5)
    >>> tuple(layer(keras.ops.ones((1, 14, 14, 3))).shape), layer.count_params()
    ((1, 10, 10, 2), 102)
    """

    def __init__(
        self,
        reads: Sequence[Sequence[int]],
        kernel_size: int,
        *,
        activation: Any = None,
        **kwargs: Any,
    ) -> None:
        """Keep the table, and list its connections."""
        super().__init__(**kwargs)
        self.reads = [list(maps) for maps in reads]
        self.kernel_size = kernel_size
        self.activation = keras.activations.get(activation)
        self.connections = [(map_in, out) for out, maps in enumerate(reads) for map_in in maps]

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the weights, and the matrix that spreads them over a full kernel."""
        area, channels, maps = self.kernel_size**2, input_shape[-1], len(self.reads)
        limits = np.array([2.4 / (area * len(self.reads[out])) for _, out in self.connections])
        self.kernel = self.add_weight(
            name="kernel",
            shape=(area, len(limits)),
            initializer=lambda shape, dtype: (
                keras.random.uniform(shape, -1, 1, dtype) * ops.cast(limits, dtype)
            ),
        )
        self.bias = self.add_weight(name="bias", shape=(maps,), initializer="zeros")
        places = [map_in * maps + out for map_in, out in self.connections]
        self.spread = np.eye(channels * maps, dtype="float32")[places]

    def call(self, inputs: Tensor) -> Tensor:
        """Convolve maps of (batch, height, width, channels)."""
        full = ops.matmul(self.kernel, ops.cast(self.spread, self.compute_dtype))
        shape = (self.kernel_size, self.kernel_size, inputs.shape[-1], len(self.reads))
        maps = ops.conv(inputs, ops.reshape(full, shape), data_format="channels_last")
        return self.activation(maps + self.bias)

    def compute_output_shape(self, input_shape: BatchShape) -> BatchShape:
        """Leave out the windows that would hang over."""
        batch, *sides, _ = input_shape
        height, width = (side - self.kernel_size + 1 for side in sides)
        return (batch, height, width, len(self.reads))

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Count the products of the connections that exist."""
        one_connection = geometry.Convolution(1, self.kernel_size)
        return len(self.connections) * one_connection.macs((*input_shape[:2], 1))

    def get_config(self) -> dict[str, Any]:
        """Give the arguments, for saving."""
        return {
            **super().get_config(),
            "reads": self.reads,
            "kernel_size": self.kernel_size,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable(package="coursecnn")
class RadialBasisFunctions(keras.layers.Layer):
    """Measure how far a vector is from a code for each class: Σ (x[j] - w[i, j])².

    (batch, n) becomes (batch, classes). The codes are weights that training leaves alone.

    Args:
        codes: The codes w, of shape (classes, n).
        **kwargs: Of every Keras layer, such as `name`.

    >>> layer = RadialBasisFunctions([[1.0, -1.0], [1.0, 1.0]])
    >>> keras.ops.convert_to_numpy(layer(keras.ops.ones((1, 2)))).tolist()
    [[4.0, 0.0]]
    """

    def __init__(self, codes: Any, **kwargs: Any) -> None:
        """Keep the codes."""
        super().__init__(**kwargs)
        self.codes = np.asarray(codes, dtype="float32")

    def build(self, _input_shape: tuple[int, ...]) -> None:
        """Put the codes into a fixed weight."""
        self.prototypes = self.add_weight(
            name="prototypes",
            shape=self.codes.shape,
            initializer=lambda _, dtype: ops.convert_to_tensor(self.codes, dtype),
            trainable=False,
        )

    def call(self, inputs: Tensor) -> Tensor:
        """Give the penalties for vectors of (batch, n)."""
        return ops.sum(ops.square(ops.expand_dims(inputs, 1) - self.prototypes), axis=-1)

    def compute_output_shape(self, input_shape: BatchShape) -> BatchShape:
        """Give one penalty for each code."""
        return (input_shape[0], len(self.codes))

    def macs(self, _input_shape: tuple[int, ...]) -> int:
        """Count a square for each connection: it is a dense layer of differences."""
        return int(self.codes.size)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments, for saving."""
        return {**super().get_config(), "codes": self.codes.tolist()}


def _field(input_shape: Shape, classes: int, padding: int) -> tuple[Tensor, Tensor]:
    """Make the input and its padded version, or refuse what the windows do not cover."""
    if not isinstance(padding, int) or padding < 0:
        raise ValueError(f"padding must be an int from 0 on, such as 2, got {padding!r}")
    inputs = image_input(input_shape, classes, smallest=1)
    sides = [size + 2 * padding for size in input_shape[:2]]
    if any(side < SMALLEST or side % MULTIPLE for side in sides):
        raise ValueError(
            f"input_shape must have {SMALLEST} pixels a side or more, in multiples of {MULTIPLE}, "
            f"padding included (28×28 needs padding=2), got {input_shape!r} and padding={padding!r}"
        )
    if padding == 0:
        return inputs, inputs
    return inputs, keras.layers.ZeroPadding2D(padding, name="padding")(inputs)


def _convolution(filters: int, fan_in: int, name: str) -> keras.layers.Conv2D:
    initial = _within(fan_in)
    return keras.layers.Conv2D(
        filters, KERNEL, activation=scaled_tanh, kernel_initializer=initial, name=name
    )


def _within(fan_in: int) -> keras.initializers.Initializer:
    """Draw weights as the paper does: uniformly within ±2.4 by the inputs of the unit."""
    return keras.initializers.RandomUniform(-2.4 / fan_in, 2.4 / fan_in)


def _codes(classes: int) -> npt.NDArray[np.float32]:
    """Turn the drawn digits into rows of -1 and +1, and append random rows if need be."""
    drawn = [[1 if pixel == "#" else -1 for pixel in digit if pixel != "\n"] for digit in DIGITS]
    more = np.random.default_rng(1998).choice([-1, 1], (max(0, classes - len(drawn)), F6))
    return np.concatenate([np.array(drawn), more])[:classes].astype("float32")


NETWORKS = (
    *rows(
        "lenet",
        "LeCun, Bottou, Bengio and Haffner, Proceedings of the IEEE 86(11), 1998",
        (32, 32, 1),
        10,
        # name         builder      place           parameters, trainable, MACs
        ("lenet5_1998", lenet5_1998, "section II.B", 60_840, 60_000, 326_520),
    ),
    *rows(
        "lenet",
        'Lecture "Classic Convolutional Neural Networks"',
        (32, 32, 1),
        10,
        ("lenet5", lenet5, "table of LeNet-5", 61_706, 61_706, 416_520),
    ),
)
