"""VGG: nothing but 3×3 convolutions, in five stages that end in a pooling.

- `vgg`: columns A, B, D and E of the paper's table 1, by name `vgg11`, `vgg13`, `vgg16`, `vgg19`.

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
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.backend import keras

__all__ = ["DENSE", "FILTERS", "NETWORKS", "VGG", "vgg"]

IMAGENET: Shape = (224, 224, 3)
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


def vgg(
    depth: int,
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    initialisation: Initialisation = "glorot",
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build a column of table 1 with 11, 13, 16 or 19 layers with weights.

    Args:
        depth: Number of layers with weights.
        input_shape: (height, width, channels) of an image. Sides that are no multiple of 32
            lose the pixels that are left over at a pooling.
        classes: Number of outputs, a probability for each class.
        initialisation: Of the weights, "glorot" or "normal"; see the module.
        top: Whether the classifier is there; without it the model ends in the maps of `pool5`.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: A side of the image is below 32 pixels, or another argument is not one of
            these.

    >>> from coursecnn.backend import without_weights
    >>> with without_weights():
    ...     vgg(11, classes=10).output_shape, vgg(11, top=False).output_shape
    ((None, 10), (None, 7, 7, 512))
    """
    name = f"vgg{depth}"
    check_choice("depth", name, VGG)
    check_choice("initialisation", initialisation, INITIALISERS)
    inputs = image_input(input_shape, classes, smallest=2 ** len(FILTERS))
    x = _stages(inputs, VGG[name], initialisation)
    dense = partial(_dense_layers, classes=classes, initialisation=initialisation)
    return classified(inputs, x, dense, name=name, top=top, activation=classifier_activation)


def _dense_layers(
    x: keras.KerasTensor,
    classes: int,
    initialisation: Initialisation,
    *,
    activation: str | None,
) -> keras.KerasTensor:
    x = keras.layers.Flatten(name="flatten")(x)
    for number, units in enumerate(DENSE, start=6):
        kernel = INITIALISERS[initialisation]()
        x = keras.layers.Dense(units, "relu", kernel_initializer=kernel, name=f"fc{number}")(x)
        x = keras.layers.Dropout(DROPOUT, name=f"drop{number}")(x)
    kernel = INITIALISERS[initialisation]()
    return keras.layers.Dense(classes, activation, kernel_initializer=kernel, name="fc8")(x)


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


NETWORKS = rows(
    "vgg",
    "Simonyan and Zisserman, ICLR 2015 (arXiv:1409.1556), table 1",
    IMAGENET,
    1000,
    # name      builder           place       parameters   trainable    MACs
    ("vgg11", partial(vgg, 11), "column A", 132_863_336, 132_863_336, 7_609_090_048),
    ("vgg13", partial(vgg, 13), "column B", 133_047_848, 133_047_848, 11_308_466_176),
    ("vgg16", partial(vgg, 16), "column D", 138_357_544, 138_357_544, 15_470_264_320),
    ("vgg19", partial(vgg, 19), "column E", 143_667_240, 143_667_240, 19_632_062_464),
)
