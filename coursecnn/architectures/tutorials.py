"""The networks that the first lectures build step by step.

- `mnist_tutorial`: three convolutions and two dense layers for handwritten digits;
- `mnist_tutorial_base`: its convolutional base alone, without the classifier.

Source: the lecture "A first CNN on MNIST". No deviations.
"""

from typing import Literal, TypeAlias

from coursecnn.architectures.checks import check_choice
from coursecnn.architectures.layers import Shape, image_input
from coursecnn.backend import keras

__all__ = ["BUILDERS", "mnist_tutorial", "mnist_tutorial_base"]

Pooling: TypeAlias = Literal["max", "average"]

# A number is a 3×3 convolution with so many filters, without padding, and a ReLU; "pool" is a
# 2×2 pooling, of the maximum in the lecture. The last pooling meets 11 rows, and drops one.
MNIST_BASE: tuple[int | str, ...] = (32, "pool", 64, "pool", 64)
MNIST_HEAD = (64,)  # units of the dense layers with a ReLU before the softmax
SMALLEST = 18  # pixels, from which the last convolution still has a whole window
POOLINGS = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}


def mnist_tutorial(
    input_shape: Shape = (28, 28, 1), classes: int = 10, pooling: Pooling = "max"
) -> keras.Model:
    """Build the lecture's first CNN: 93,322 parameters with the default shape and classes.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 18 pixels.
        classes: Number of outputs, a probability for each class.
        pooling: What both poolings keep of a window; the lecture keeps the maximum.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The shape is too small, or an argument is not one of these.
    """
    check_choice("pooling", pooling, POOLINGS)
    inputs = image_input(input_shape, classes, SMALLEST)
    x = keras.layers.Flatten(name="flatten")(_convolutional_base(inputs, pooling))
    for number, units in enumerate(MNIST_HEAD, start=1):
        x = keras.layers.Dense(units, activation="relu", name=f"dense{number}")(x)
    outputs = keras.layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, outputs, name="mnist_tutorial")


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


BUILDERS = {
    "mnist_tutorial_base": mnist_tutorial_base,
    "mnist_tutorial": mnist_tutorial,
}
