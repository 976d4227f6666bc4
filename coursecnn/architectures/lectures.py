"""The networks that the lectures themselves print or describe.

- `mnist_tutorial`: three convolutions and two dense layers for handwritten digits;
- `mnist_tutorial_base`: its convolutional base alone, without the classifier;
- `pattern`, by name `pattern_linear`, `pattern_one_convolution`, `pattern_convolution_pooling` and
  `pattern_deep_blocks`: the four architecture patterns of the first lecture, for small colour
  images, with the sizes of `coursecnn.patterns`, since the lecture gives none;
- `cifar10_lab`: two pairs of 3×3 convolutions and a dense layer, all normalised.

Source: the lectures "Review: CNN Architecture" (patterns), "A first CNN on MNIST" and, for the lab,
the lecture on GoogLeNet, part "CIFAR-10", its listing and its model summary. Constants that the
listings do not set are those of Keras, there and here. No deviations; the lab's activations are
ReLU layers, where the lecture writes `Activation("relu")`.

>>> from coursecnn.models import totals
>>> totals(cifar10_lab()).trainable
1252266
"""

from functools import partial
from typing import Literal, TypeAlias

from coursecnn import patterns
from coursecnn._checks import check_choice
from coursecnn._values import integer
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.backend import keras

__all__ = [
    "DENSE",
    "NETWORKS",
    "PATTERNS",
    "STAGES",
    "cifar10_lab",
    "mnist_tutorial",
    "mnist_tutorial_base",
    "pattern",
]

Pooling: TypeAlias = Literal["max", "average"]

# A number is a 3×3 convolution with so many filters, without padding, and a ReLU; "pool" is a
# 2×2 pooling, of the maximum in the lecture. The last pooling meets 11 rows, and drops one.
MNIST_BASE: tuple[int | str, ...] = (32, "pool", 64, "pool", 64)
MNIST_HEAD = (64,)  # units of the dense layers with a ReLU before the softmax
SMALLEST = 18  # pixels, from which the last convolution still has a whole window
POOLINGS = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}


def mnist_tutorial(
    input_shape: Shape = (28, 28, 1),
    classes: int = 10,
    *,
    pooling: Pooling = "max",
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the lecture's first CNN: 93,322 parameters with the default shape and classes.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 18 pixels.
        classes: Number of outputs, a probability for each class.
        pooling: What both poolings keep of a window; the lecture keeps the maximum.
        top: Whether the classifier is there; without it the model ends in the maps of `conv3`.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The shape is too small, or an argument is not one of these.
    """
    check_choice("pooling", pooling, POOLINGS)
    inputs = image_input(input_shape, classes, SMALLEST)
    maps = _convolutional_base(inputs, pooling)
    head = partial(_dense_layers, classes=classes)
    name = "mnist_tutorial"
    return classified(inputs, maps, head, name=name, top=top, activation=classifier_activation)


def _dense_layers(
    x: keras.KerasTensor, classes: int, *, activation: str | None
) -> keras.KerasTensor:
    x = keras.layers.Flatten(name="flatten")(x)
    for number, units in enumerate(MNIST_HEAD, start=1):
        x = keras.layers.Dense(units, activation="relu", name=f"dense{number}")(x)
    return keras.layers.Dense(classes, activation, name="predictions")(x)


def mnist_tutorial_base(input_shape: Shape = (28, 28, 1)) -> keras.Model:
    """Build the layers of `mnist_tutorial` before its classifier: 55,744 parameters.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 18 pixels.

    Returns:
        A model from (batch, height, width, channels) to the maps of the last convolution,
        (batch, 3, 3, 64) for the default shape.

    Raises:
        ValueError: The shape is too small.
    """
    inputs = image_input(input_shape, classes=1, smallest=SMALLEST)
    return keras.Model(inputs, _convolutional_base(inputs, "max"), name="mnist_tutorial_base")


def _convolutional_base(x: keras.KerasTensor, pooling: Pooling) -> keras.KerasTensor:
    stage = 1
    for row in MNIST_BASE:
        if row == "pool":
            x = POOLINGS[pooling](2, name=f"pool{stage}")(x)
            stage += 1
        else:
            x = keras.layers.Conv2D(row, 3, activation="relu", name=f"conv{stage}")(x)
    return x


PATTERNS = {
    "linear": "INPUT -> FC",
    "one_convolution": "INPUT -> CONV -> FC",
    "convolution_pooling": "INPUT -> [CONV -> POOL]*2 -> FC -> FC",
    "deep_blocks": "INPUT -> [CONV -> CONV -> POOL]*3 -> FC*2 -> FC",
}


def pattern(
    name: str,
    input_shape: Shape = (32, 32, 3),
    classes: int = 10,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build an architecture pattern of the first lecture.

    Args:
        name: One of `PATTERNS`.
        input_shape: (height, width, channels) of an image.
        classes: Number of outputs, a probability for each class.
        top: Whether the classifier is there; without it the model ends in what the first FC
            reads, before it is flattened.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these, or a window does not fit into its map.

    >>> pattern("one_convolution", classes=2).count_params()
    66434
    """
    check_choice("name", name, PATTERNS)
    model = patterns.build(
        PATTERNS[name],
        input_shape,
        classes,
        top=top,
        classifier_activation=classifier_activation,
    )
    return keras.Model(model.input, model.output, name=f"pattern_{name}")


# Filters and padding of the convolutions; a 2×2 maximum pooling and dropout follow each stage.
STAGES = (
    ((32, "same"), (32, "valid")),
    ((64, "same"), (64, "valid")),
)
STAGE_DROPOUT = 0.25
DENSE = 512
DENSE_DROPOUT = 0.5


def cifar10_lab(
    input_shape: Shape = (32, 32, 3),
    classes: int = 10,
    *,
    narrower: int = 1,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the lab's network: 1,253,674 parameters, 1,252,266 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 10 pixels.
        classes: Number of outputs, a probability for each class.
        narrower: What the numbers of filters and units are divided by, rounded down: 2 for a
            network of half the width.
        top: Whether the classifier is there; without it the model ends in the maps of `drop2`.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The shape is too small, or an argument is not one of these.

    >>> cifar10_lab(narrower=2).get_layer("conv4").filters
    32
    """
    integer("narrower", narrower, 1, STAGES[0][0][0])
    inputs = image_input(input_shape, classes, smallest=10)
    x, number = inputs, 0
    for stage, convolutions in enumerate(STAGES, start=1):
        for filters, padding in convolutions:
            number += 1
            x = keras.layers.Conv2D(filters // narrower, 3, padding=padding, name=f"conv{number}")(
                x
            )
            x = _normalised(x, f"conv{number}")
        x = keras.layers.MaxPooling2D(2, name=f"pool{stage}")(x)
        x = keras.layers.Dropout(STAGE_DROPOUT, name=f"drop{stage}")(x)
    name, head = "cifar10_lab", partial(_lab_head, classes=classes, units=DENSE // narrower)
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _lab_head(
    x: keras.KerasTensor, classes: int, *, units: int, activation: str | None
) -> keras.KerasTensor:
    x = keras.layers.Dense(units, name="dense1")(keras.layers.Flatten(name="flatten")(x))
    x = keras.layers.Dropout(DENSE_DROPOUT, name="drop_dense")(_normalised(x, "dense1"))
    return keras.layers.Dense(classes, activation, name="predictions")(x)


def _normalised(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization(name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


NETWORKS = (
    *rows(
        "lectures",
        'Lecture "A first CNN on MNIST"',
        (28, 28, 1),
        None,
        ("mnist_tutorial_base", mnist_tutorial_base, "first summary", 55_744, 55_744, 2_756_736),
    ),
    *rows(
        "lectures",
        'Lecture "A first CNN on MNIST"',
        (28, 28, 1),
        10,
        ("mnist_tutorial", mnist_tutorial, "second summary", 93_322, 93_322, 2_794_240),
    ),
    *rows(
        "lectures",
        'Lecture "Review: CNN Architecture"',
        (32, 32, 3),
        10,
        *(
            (f"pattern_{name}", partial(pattern, name), PATTERNS[name], count, count, macs)
            for name, count, macs in (
                ("linear", 30_730, 30_720),
                ("one_convolution", 328_586, 1_212_416),
                ("convolution_pooling", 545_098, 6_128_896),
                ("deep_blocks", 567_082, 38_913_280),
            )
        ),
    ),
    *rows(
        "lectures",
        "Lecture on GoogLeNet",
        (32, 32, 3),
        10,
        ("cifar10_lab", cifar10_lab, 'part "CIFAR-10"', 1_253_674, 1_252_266, 20_741_120),
    ),
)
