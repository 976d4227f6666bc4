"""AlexNet: five convolutions, three dense layers, and the ideas that made it learn ImageNet.

- `alexnet`: the network of 2012, in two towers for two GPUs, which meet in conv3 and fc6;
- `alexnet_single_tower`: that of 2014 for one GPU, with fewer filters and no split.

Sources of `alexnet`: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep
Convolutional Neural Networks", NIPS 2012, sections 3.1 to 3.5, 4.2 and 5, figure 2. Of
`alexnet_single_tower`: Krizhevsky, "One weird trick for parallelizing convolutional neural
networks", 2014, section 5 (arXiv:1404.5997), and his release
https://github.com/akrizhevsky/cuda-convnet2, layers/layers-223-1gpu.cfg. What they leave open:

- the paper prints images of 224×224, from which windows of 11 with a stride of 4 make no whole
  number of columns: (224 - 11)/4 + 1 = 54.25. The author's program rounds up, to the 55 of the
  figure, with zeros after the last row and column; so do these builders. 227×227 is the size
  that fits, and the default of `alexnet`, as in Caffe and in the lecture;
- normalisation comes before pooling (section 3.5); the lecture, like CaffeNet, turns the two
  around, an argument here. It comes after the ReLU (section 3.3); in the release of 2014 the
  first one comes before it;
- each tower normalises its own channels, as in definitions for two GPUs (Caffe's single tower
  with groups normalises across). The constants are those of section 3.3; the program divides the
  printed alpha by the window of 5;
- the paper of 2014 lists 64, 192, 384, 384, 256 filters, which make 1.4 % more parameters than
  `alexnet` has; its "0.2 % more" fits the 256 filters in conv4 of the release: the default. The
  weights begin as in the release. It trains logistic units; the release also has a softmax.

No other deviations: dropout is rescaled in training instead of at test time, which is the same.

ZFNet has the same skeleton with other rows: `convolutions` and `dense_layers` serve both.

>>> [row.filters for row in ALEXNET], [row.filters for row in SINGLE_TOWER]
([96, 256, 384, 384, 256], [64, 192, 384, 256, 256])
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias

from coursecnn._checks import check_choice, check_count
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import (
    GroupedConv2D,
    LocalResponseNormalization,
    Shape,
    classified,
    completed,
    image_input,
)
from coursecnn.backend import keras

__all__ = [
    "ALEXNET",
    "NETWORKS",
    "SINGLE_TOWER",
    "Row",
    "alexnet",
    "alexnet_single_tower",
    "convolutions",
    "dense_layers",
    "table_of",
]

Padding: TypeAlias = Literal["valid", "same"]

DENSE = (4096, 4096)  # units of the layers before the classes
DROPOUT = 0.5
DEVIATION = 0.01  # standard deviation of the first weights, about zero


class Row(NamedTuple):
    """A convolution, its ReLU, and what follows: one column of the paper's figure.

    Attributes:
        filters: Those of all towers together.
        kernel: Side of the window.
        stride: Step of the window.
        padding: "same" keeps the size of the map.
        split: Whether a tower reads its own maps only.
        normalised: Whether a local response normalisation follows.
        pooled: Whether a 3×3 maximum pooling with stride 2 follows.
        bias: Value that the biases begin with.
        deviation: Standard deviation that the weights begin with.

    >>> Row(96, 11, 4, "valid", split=False, normalised=True, pooled=True, bias=0.0).filters
    96
    """

    filters: int
    kernel: int
    stride: int
    padding: Padding
    split: bool
    normalised: bool
    pooled: bool
    bias: float
    deviation: float = DEVIATION


def table_of(*lines: tuple[Any, ...]) -> tuple[Row, ...]:
    """Make rows of lines, so that a table may be read by its columns.

    >>> table_of((96, 11, 4, "valid", False, True, True, 0))[0].filters
    96
    """
    return tuple(Row(*line) for line in lines)


ALEXNET = table_of(
    # filters, kernel, stride, padding, split, normalised, pooled, bias
    (96, 11, 4, "valid", False, True, True, 0),
    (256, 5, 1, "same", True, True, True, 1),
    (384, 3, 1, "same", False, False, False, 0),
    (384, 3, 1, "same", True, False, False, 1),
    (256, 3, 1, "same", True, False, True, 1),
)
SINGLE_TOWER = table_of(
    # filters, kernel, stride, padding, split, normalised, pooled, bias, deviation
    (64, 11, 4, "valid", False, True, True, 0, 0.01),
    (192, 5, 1, "same", False, True, True, 1, 0.01),
    (384, 3, 1, "same", False, False, False, 0, 0.03),
    (256, 3, 1, "same", False, False, False, 1, 0.03),
    (256, 3, 1, "same", False, False, True, 1, 0.03),
)
SINGLE_TOWER_OUTPUT_BIAS = -7.0  # few of 1000 logistic units should answer; no matter to a softmax
CONV4 = 3  # the row that the paper and the release of 2014 disagree about
SMALLEST = 52  # pixels, from which the last pooling still has a whole window


def alexnet(
    input_shape: Shape = (227, 227, 3),
    classes: int = 1000,
    *,
    towers: Literal[1, 2] = 2,
    pool_first: bool = False,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the network of 2012: 60,965,224 parameters by default.

    Args:
        input_shape: (height, width, channels) of an image; 224×224 works as in the author's
            program, with the same maps and counts.
        classes: Number of outputs, a probability for each class.
        towers: 2 as in the paper; 1 joins what the GPUs kept apart (62,378,344 parameters).
        pool_first: Pool before the normalisation, as in CaffeNet and the lecture.
        top: Whether the classifier is there; without it the model ends in the maps of `pool5`.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: A side of the image is below 52 pixels, or another argument is not one of
            these.
    """
    check_choice("towers", towers, (1, 2))
    check_choice("pool_first", pool_first, (True, False))
    inputs = image_input(input_shape, classes, SMALLEST)
    x = convolutions(inputs, ALEXNET, towers, pool_first=pool_first)
    dense = partial(dense_layers, classes=classes, hidden_bias=1)
    return classified(inputs, x, dense, name="alexnet", top=top, activation=classifier_activation)


def alexnet_single_tower(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    *,
    conv4_filters: int = 256,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the network of 2014 for one GPU: 61,100,840 parameters by default.

    Args:
        input_shape: (height, width, channels) of an image.
        classes: Number of outputs.
        conv4_filters: 256 as in the release; the paper's 384 make 61,838,248 parameters.
        top: As in `alexnet`.
        classifier_activation: "softmax", the paper's independent logistic units, "sigmoid", or
            None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: A side of the image is below 52 pixels, or another argument is not one of
            these.
    """
    check_count("conv4_filters", conv4_filters)
    table = list(SINGLE_TOWER)
    table[CONV4] = table[CONV4]._replace(filters=conv4_filters)
    inputs = image_input(input_shape, classes, SMALLEST)
    x = convolutions(inputs, table)
    output_bias = SINGLE_TOWER_OUTPUT_BIAS
    dense = partial(dense_layers, classes=classes, hidden_bias=1, output_bias=output_bias)
    name = "alexnet_single_tower"
    return classified(inputs, x, dense, name=name, top=top, activation=classifier_activation)


def convolutions(
    x: keras.KerasTensor,
    table: Sequence[Row],
    towers: int = 1,
    *,
    pool_first: bool = False,
    largest_rms: float | None = None,
) -> keras.KerasTensor:
    """Chain the rows of a table as conv1, norm1, pool1, conv2, ...

    Args:
        x: Maps of (batch, height, width, channels).
        table: Its rows.
        towers: Groups of the rows that are split, and of all normalisations.
        pool_first: Pool before a normalisation.
        largest_rms: What training lets the root mean square of a filter's weights grow to.

    >>> row = Row(96, 11, 4, "valid", split=False, normalised=True, pooled=True, bias=0.0)
    >>> convolutions(keras.Input((227, 227, 3)), [row]).shape
    (None, 27, 27, 96)
    """
    for number, row in enumerate(table, start=1):
        x = _convolution(x, row, towers if row.split else 1, largest_rms, f"conv{number}")
        if row.pooled and pool_first:
            x = _pooling(x, f"pool{number}")
        if row.normalised:
            x = LocalResponseNormalization(groups=towers, name=f"norm{number}")(x)
        if row.pooled and not pool_first:
            x = _pooling(x, f"pool{number}")
    return x


def _convolution(
    x: keras.KerasTensor, row: Row, groups: int, largest_rms: float | None, name: str
) -> keras.KerasTensor:
    if row.padding == "valid":
        x = completed(x, row.kernel, row.stride, name)
    products = row.kernel**2 * x.shape[-1] // groups
    norm = None
    if largest_rms is not None:
        norm = keras.constraints.MaxNorm(largest_rms * products**0.5, axis=(0, 1, 2))
    kind = keras.layers.Conv2D if groups == 1 else GroupedConv2D
    return kind(
        row.filters,
        row.kernel,
        row.stride,
        row.padding,
        groups=groups,
        activation="relu",
        kernel_initializer=keras.initializers.RandomNormal(stddev=row.deviation),
        bias_initializer=keras.initializers.Constant(row.bias),
        kernel_constraint=norm,
        name=name,
    )(x)


def _pooling(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = completed(x, 3, 2, name)
    return keras.layers.MaxPooling2D(3, 2, name=name)(x)


def dense_layers(
    x: keras.KerasTensor,
    classes: int,
    hidden_bias: float,
    *,
    output_bias: float = 0.0,
    activation: str | None = "softmax",
) -> keras.KerasTensor:
    """Flatten, and chain fc6 and fc7, each with dropout, and fc8.

    Args:
        x: Maps of (batch, height, width, channels).
        classes: Units of fc8.
        hidden_bias: Value that the biases of fc6 and fc7 begin with.
        output_bias: The same for fc8.
        activation: Of fc8; None for logits.

    >>> dense_layers(keras.Input((6, 6, 4)), classes=10, hidden_bias=1.0).shape
    (None, 10)
    """
    x = keras.layers.Flatten(name="flatten")(x)
    for number, units in enumerate(DENSE, start=6):
        x = _dense(units, "relu", hidden_bias, f"fc{number}")(x)
        x = keras.layers.Dropout(DROPOUT, name=f"drop{number}")(x)
    return _dense(classes, activation, output_bias, "fc8")(x)


def _dense(units: int, activation: str | None, bias: float, name: str) -> keras.layers.Dense:
    return keras.layers.Dense(
        units,
        activation,
        kernel_initializer=keras.initializers.RandomNormal(stddev=DEVIATION),
        bias_initializer=keras.initializers.Constant(bias),
        name=name,
    )


NETWORKS = (
    *rows(
        "alexnet",
        "Krizhevsky, Sutskever and Hinton, NIPS 2012",
        (227, 227, 3),
        1000,
        # name     builder  place                       parameters  trainable   MACs
        ("alexnet", alexnet, "section 3.5 and figure 2", 60_965_224, 60_965_224, 724_406_816),
    ),
    *rows(
        "alexnet",
        "Krizhevsky 2014 (arXiv:1404.5997), section 5, and cuda-convnet2",
        (224, 224, 3),
        1000,
        (
            *("alexnet_single_tower", alexnet_single_tower, "layers-223-1gpu.cfg"),
            *(61_100_840, 61_100_840, 714_188_480),
        ),
    ),
)
