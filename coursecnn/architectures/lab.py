"""The network of the lecture's CIFAR-10 lab.

- `cifar10_lab`: two pairs of 3×3 convolutions and a dense layer, all normalised.

Source: the lecture on GoogLeNet, part "CIFAR-10", its listing and its model summary. Constants that
the listing does not set are Keras's, there and here. No deviations; the activations are ReLU
layers, where the lecture writes `Activation("relu")`.

>>> from coursecnn.accounting import totals
>>> totals(cifar10_lab()).trainable
1252266
"""

from coursecnn.architectures.layers import Shape, image_input
from coursecnn.backend import keras

__all__ = ["BUILDERS", "DENSE", "STAGES", "cifar10_lab"]

# Filters and padding of the convolutions; a 2×2 maximum pooling and dropout follow each stage.
STAGES = (
    ((32, "same"), (32, "valid")),
    ((64, "same"), (64, "valid")),
)
STAGE_DROPOUT = 0.25
DENSE = 512
DENSE_DROPOUT = 0.5


def cifar10_lab(input_shape: Shape = (32, 32, 3), classes: int = 10) -> keras.Model:
    """Build the lab's network: 1,253,674 parameters, 1,252,266 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 10 pixels.
        classes: Number of outputs, a probability for each class.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The shape is too small, or there are no classes.
    """
    inputs = image_input(input_shape, classes, smallest=10)
    x, number = inputs, 0
    for stage, convolutions in enumerate(STAGES, start=1):
        for filters, padding in convolutions:
            number += 1
            x = keras.layers.Conv2D(filters, 3, padding=padding, name=f"conv{number}")(x)
            x = _normalised(x, f"conv{number}")
        x = keras.layers.MaxPooling2D(2, name=f"pool{stage}")(x)
        x = keras.layers.Dropout(STAGE_DROPOUT, name=f"drop{stage}")(x)
    x = keras.layers.Dense(DENSE, name="dense1")(keras.layers.Flatten(name="flatten")(x))
    x = keras.layers.Dropout(DENSE_DROPOUT, name="drop_dense")(_normalised(x, "dense1"))
    outputs = keras.layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, outputs, name="cifar10_lab")


def _normalised(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization(name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


BUILDERS = {"cifar10_lab": cifar10_lab}
