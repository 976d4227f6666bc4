"""VGG: nothing but 3×3 convolutions, in five stages that end in a pooling.

- `vgg11`, `vgg13`, `vgg16`, `vgg19`: columns A, B, D and E of the paper's table 1.

Sources: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", ICLR 2015, sections 2.1 and 3.1, table 1 (arXiv:1409.1556); layers are named as in
the authors' release (VGG_ILSVRC_16_layers and 19_layers, for Caffe). What the paper leaves open:

- two initialisations. For the competition, column A began with normally distributed weights of
  variance 10^-2 and zero biases, and the deeper columns with layers of the trained A; later the
  authors found that the random procedure of Glorot and Bengio (2010) needs no such start. A
  fresh model has no trained A, so Glorot's is the default, and `initialisation="normal"` gives
  the other.

Not here: column A-LRN, which the paper found no better than A, and column C.

>>> sum(VGG["vgg16"]) + len(DENSE) + 1  # layers with weights
16
"""

from functools import partial
from typing import Literal, TypeAlias

from coursecnn._checks import check_choice
from coursecnn.architectures.layers import Shape, image_input
from coursecnn.backend import keras

__all__ = ["BUILDERS", "DENSE", "FILTERS", "VGG", "vgg11", "vgg13", "vgg16", "vgg19"]

Initialisation: TypeAlias = Literal["glorot", "normal"]

# Convolutions in each of the five stages: columns A, B, D and E.
VGG = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
FILTERS = (64, 128, 256, 512, 512)  # of each convolution of a stage
DENSE = (4096, 4096)  # units of the layers before the classes, each with dropout
DROPOUT = 0.5
INITIALISERS = {
    "glorot": keras.initializers.GlorotUniform,
    "normal": partial(keras.initializers.RandomNormal, stddev=0.1),
}


def vgg11(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    initialisation: Initialisation = "glorot",
) -> keras.Model:
    """Build column A, 11 layers with weights: 132,863,336 parameters by default.

    Args:
        input_shape: (height, width, channels) of an image. Sides that are no multiple of 32
            lose the pixels that are left over at a pooling.
        classes: Number of outputs, a probability for each class.
        initialisation: Of the weights, "glorot" or "normal"; see the module.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: A side of the image is below 32 pixels, the classes are no number, or the
            initialisation is another.
    """
    return _build("vgg11", input_shape, classes, initialisation)


def vgg13(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    initialisation: Initialisation = "glorot",
) -> keras.Model:
    """Build column B, 13 layers with weights: 133,047,848 parameters; else as `vgg11`."""
    return _build("vgg13", input_shape, classes, initialisation)


def vgg16(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    initialisation: Initialisation = "glorot",
) -> keras.Model:
    """Build column D, 16 layers with weights: 138,357,544 parameters; else as `vgg11`."""
    return _build("vgg16", input_shape, classes, initialisation)


def vgg19(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    initialisation: Initialisation = "glorot",
) -> keras.Model:
    """Build column E, 19 layers with weights: 143,667,240 parameters; else as `vgg11`."""
    return _build("vgg19", input_shape, classes, initialisation)


def _build(
    name: str, input_shape: Shape, classes: int, initialisation: Initialisation
) -> keras.Model:
    check_choice("initialisation", initialisation, INITIALISERS)
    inputs = image_input(input_shape, classes, smallest=2 ** len(FILTERS))
    x = _stages(inputs, VGG[name], initialisation)
    x = keras.layers.Flatten(name="flatten")(x)
    for number, units in enumerate(DENSE, start=6):
        kernel = INITIALISERS[initialisation]()
        x = keras.layers.Dense(units, "relu", kernel_initializer=kernel, name=f"fc{number}")(x)
        x = keras.layers.Dropout(DROPOUT, name=f"drop{number}")(x)
    kernel = INITIALISERS[initialisation]()
    outputs = keras.layers.Dense(classes, "softmax", kernel_initializer=kernel, name="fc8")(x)
    return keras.Model(inputs, outputs, name=name)


def _stages(
    x: keras.KerasTensor, convolutions: tuple[int, ...], initialisation: Initialisation
) -> keras.KerasTensor:
    for stage, (count, filters) in enumerate(zip(convolutions, FILTERS, strict=True), start=1):
        for number in range(1, count + 1):
            x = keras.layers.Conv2D(
                filters,
                kernel_size=3,
                padding="same",
                activation="relu",
                kernel_initializer=INITIALISERS[initialisation](),
                name=f"conv{stage}_{number}",
            )(x)
        x = keras.layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    return x


BUILDERS = {"vgg11": vgg11, "vgg13": vgg13, "vgg16": vgg16, "vgg19": vgg19}
