"""GoogLeNet: Inception modules, and classifiers on the way that help to train them.

- `googlenet`: the network as it classifies;
- `googlenet_aux`: the same with its two auxiliary classifiers, as it is trained;
- `compile_auxiliary`: weigh the three losses as the paper does;
- `without_auxiliary`: what remains of a trained network.

Source: C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke,
A. Rabinovich, "Going Deeper with Convolutions", CVPR 2015, doi:10.1109/CVPR.2015.7298594,
arXiv:1409.4842: table 1 (widths), section 5 (auxiliary classifiers), figure 3 (the order of
pooling and normalisation). The authors released no definition. What the paper leaves open follows
the replication for Caffe that their first author helped with, github.com/BVLC/caffe, file
models/bvlc_googlenet/train_val.prototxt:

- poolings with stride 2 have 3×3 windows and round up: 112 pixels become 56, 28, 14 and 7;
- local response normalisation over 5 channels with alpha 0.0001, which Caffe divides by 5, beta
  0.75 and k 1, after the first pooling and before the second;
- weights begin as Caffe's "xavier", biases at 0.2, those before a softmax at 0. (Its readme says
  that the original began with normally distributed weights, not with which.)

Two of the paper's numbers are not followed. Row one of table 1 counts 2.7K parameters and 34M
operations, which a full 7×7 convolution does not have (it has 9.4K and 118M). They are those of a
depthwise separable one with 8 maps for each colour, as in Google's later Inception v2; but the
paper, its figure and the replication say convolution. And most entries of the parameter column,
and the operations of 5a, do not follow from the widths beside them, which are those of the
replication too; the tests of this module give a verdict on each row.

Deviation: the last average is over the whole map, whatever its size; the paper writes 7×7, which
is the same for its images. On other images, the 5×5 averages of the auxiliary classifiers leave out
the last rows and columns that fill no window. A widespread version puts 3×3 kernels in place of
the 5×5 ones, and batch normalisation after each convolution; neither is here.

>>> from coursecnn.models.costs import totals
>>> from coursecnn.backend import without_weights
>>> with without_weights():
...     totals(googlenet()).params
6998552
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from coursecnn.architectures import _caffe
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import (
    LocalResponseNormalization,
    Shape,
    classified,
    image_input,
)
from coursecnn.backend import keras

__all__ = [
    "AUXILIARY",
    "INCEPTIONS",
    "LOSS_WEIGHTS",
    "NETWORKS",
    "Inception",
    "compile_auxiliary",
    "googlenet",
    "googlenet_aux",
    "inception_module",
    "without_auxiliary",
]

IMAGENET: Shape = (224, 224, 3)
BIAS = 0.2


@dataclass(frozen=True)
class Inception:
    """A row of table 1: how many filters each part of a module has.

    Attributes:
        one: 1×1 filters that go straight to the output.
        reduce3: 1×1 filters before the 3×3 ones.
        three: 3×3 filters.
        reduce5: 1×1 filters before the 5×5 ones.
        five: 5×5 filters.
        projection: 1×1 filters after the maximum pooling.

    >>> row = Inception(one=64, reduce3=96, three=128, reduce5=16, five=32, projection=32)
    >>> row.one + row.three + row.five + row.projection
    256
    """

    one: int
    reduce3: int
    three: int
    reduce5: int
    five: int
    projection: int


INCEPTIONS = {
    #               #1×1  #3×3  #3×3  #5×5  #5×5  pool
    #                    reduce      reduce       proj
    "3a": Inception(64, 96, 128, 16, 32, 32),
    "3b": Inception(128, 128, 192, 32, 96, 64),
    "4a": Inception(192, 96, 208, 16, 48, 64),
    "4b": Inception(160, 112, 224, 24, 64, 64),
    "4c": Inception(128, 128, 256, 24, 64, 64),
    "4d": Inception(112, 144, 288, 32, 64, 64),
    "4e": Inception(256, 160, 320, 32, 128, 128),
    "5a": Inception(256, 160, 320, 32, 128, 128),
    "5b": Inception(384, 192, 384, 48, 128, 128),
}
POOLED = ("3b", "4e")  # modules that a pooling follows
AUXILIARY = ("4a", "4d")  # modules that an auxiliary classifier looks at
LOSS_WEIGHTS = (1.0, 0.3, 0.3)  # of the network's loss and the two auxiliary ones


def googlenet(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the network as it classifies: 6,998,552 parameters, all trainable.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 47 pixels.
        classes: Number of outputs, a probability for each class.
        top: Whether the classifier is there; without it the model ends in the maps of
            `inception_5b_output`.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The shape is too small, or an argument is not one of these.
    """
    inputs = image_input(input_shape, classes, smallest=47)
    x, _ = _trunk(inputs)
    head = partial(_main, classes=classes)
    return classified(inputs, x, head, name="googlenet", top=top, activation=classifier_activation)


def googlenet_aux(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the network as it is trained: 13,378,280 parameters, all trainable.

    Train it with `compile_auxiliary(model, optimizer)` and `model.fit(images, [labels] * 3)`, and
    classify with `without_auxiliary(model)`.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 79 pixels.
        classes: Number of outputs, a probability for each class.
        top: Whether the classifiers are there, all three; without them, this is `googlenet`.
        classifier_activation: Of all three outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to three times (batch, classes): the
        network's probabilities, then those of the classifiers after modules 4a and 4d.

    Raises:
        ValueError: The shape is too small, or an argument is not one of these.
    """
    inputs = image_input(input_shape, classes, smallest=79)
    x, modules = _trunk(inputs)

    def heads(x: keras.KerasTensor, *, activation: str | None) -> list[keras.KerasTensor]:
        return [
            _main(x, classes, activation=activation),
            *(
                _auxiliary(modules[module], classes, f"auxiliary{number}", activation)
                for number, module in enumerate(AUXILIARY, start=1)
            ),
        ]

    name = "googlenet_aux"
    return classified(inputs, x, heads, name=name, top=top, activation=classifier_activation)


def compile_auxiliary(
    model: keras.Model,
    optimizer: Any = "sgd",
    loss: Any = "sparse_categorical_crossentropy",
    metrics: Sequence[Any] = ("accuracy",),
) -> None:
    """Set a model of `googlenet_aux` up for training: loss + 0.3 (auxiliary1 + auxiliary2).

    Args:
        model: The model. It is then trained on three times the same labels,
            `model.fit(images, [labels] * 3)`.
        optimizer: A Keras optimizer, or its name.
        loss: A Keras loss, or its name, for each of the three outputs.
        metrics: Keras metrics of the network's own output; the auxiliary ones have none.

    Raises:
        ValueError: The model has no auxiliary classifiers.

    >>> from coursecnn.backend import without_weights
    >>> with without_weights():
    ...     model = googlenet_aux(classes=10)
    >>> compile_auxiliary(model)
    >>> len(model.outputs)
    3
    """
    _check_auxiliary(model)
    model.compile(
        optimizer,
        loss=[loss] * len(LOSS_WEIGHTS),
        loss_weights=list(LOSS_WEIGHTS),
        metrics=[list(metrics), [], []],
    )


def without_auxiliary(model: keras.Model) -> keras.Model:
    """Leave the auxiliary classifiers away, as the paper does at inference.

    Args:
        model: A model of `googlenet_aux`.

    Returns:
        The model of `googlenet`, which shares its weights.

    Raises:
        ValueError: The model has no auxiliary classifiers.

    >>> from coursecnn.backend import without_weights
    >>> with without_weights():
    ...     model = googlenet_aux(classes=10)
    ...     alone = without_auxiliary(model)
    >>> len(model.outputs), len(alone.outputs)
    (3, 1)
    """
    _check_auxiliary(model)
    return keras.Model(model.input, model.outputs[0], name="googlenet")


def _check_auxiliary(model: keras.Model) -> None:
    if len(model.outputs) != len(LOSS_WEIGHTS):
        raise ValueError(
            f"model must have the three outputs of googlenet_aux, got {len(model.outputs)} "
            f"of {model.name!r}"
        )


def _trunk(
    inputs: keras.KerasTensor,
) -> tuple[keras.KerasTensor, dict[str, keras.KerasTensor]]:
    """Build from the image to the last module; return all modules' outputs too."""
    x = _stem(inputs)
    modules = {}
    for module, row in INCEPTIONS.items():
        x = modules[module] = inception_module(x, row, f"inception_{module}")
        if module in POOLED:
            x = _caffe.max_pooling(x, f"pool{module[0]}")
    return x, modules


def _main(x: keras.KerasTensor, classes: int, *, activation: str | None) -> keras.KerasTensor:
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    x = keras.layers.Dropout(0.4, name="drop")(x)
    return _classifier(x, classes, "predictions", activation)


def _stem(x: keras.KerasTensor) -> keras.KerasTensor:
    x = _caffe.convolution(x, 64, 7, "conv1_7x7", stride=2, padding=3, bias=BIAS)
    x = _caffe.max_pooling(x, "pool1")
    x = _normalised(x, "norm1")
    x = _caffe.convolution(x, 64, 1, "conv2_3x3_reduce", bias=BIAS)
    x = _caffe.convolution(x, 192, 3, "conv2_3x3", padding=1, bias=BIAS)
    x = _normalised(x, "norm2")
    return _caffe.max_pooling(x, "pool2")


def _normalised(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return LocalResponseNormalization(size=5, alpha=1e-4 / 5, beta=0.75, k=1.0, name=name)(x)


def inception_module(x: keras.KerasTensor, row: Inception, name: str) -> keras.KerasTensor:
    """Look at four sizes side by side (figure 2b): 1×1, 3×3, 5×5 and pooling.

    (batch, height, width, channels) becomes (batch, height, width, one + three + five +
    projection).

    >>> row = Inception(one=64, reduce3=96, three=128, reduce5=16, five=32, projection=32)
    >>> inception_module(keras.Input((28, 28, 192)), row, "inception3a").shape
    (None, 28, 28, 256)
    """

    def convolution(
        x: keras.KerasTensor, filters: int, kernel: int, branch: str
    ) -> keras.KerasTensor:
        return _caffe.convolution(
            x, filters, kernel, f"{name}_{branch}", padding=kernel // 2, bias=BIAS
        )

    three = convolution(x, row.reduce3, 1, "3x3_reduce")
    five = convolution(x, row.reduce5, 1, "5x5_reduce")
    pooled = keras.layers.MaxPooling2D(3, 1, "same", name=f"{name}_pool")(x)
    branches = [
        convolution(x, row.one, 1, "1x1"),
        convolution(three, row.three, 3, "3x3"),
        convolution(five, row.five, 5, "5x5"),
        convolution(pooled, row.projection, 1, "pool_proj"),
    ]
    return keras.layers.Concatenate(name=f"{name}_output")(branches)


def _auxiliary(
    x: keras.KerasTensor, classes: int, name: str, activation: str | None
) -> keras.KerasTensor:
    """Classify from a module's output (section 5): 4×4×512 or 4×4×528 values after the pooling."""
    x = keras.layers.AveragePooling2D(5, 3, name=f"{name}_pool")(x)
    x = _caffe.convolution(x, 128, 1, f"{name}_conv", bias=BIAS)
    x = keras.layers.Flatten(name=f"{name}_flatten")(x)
    x = keras.layers.Dense(
        1024,
        activation="relu",
        kernel_initializer=_caffe.XAVIER,
        bias_initializer=keras.initializers.Constant(BIAS),
        name=f"{name}_dense",
    )(x)
    x = keras.layers.Dropout(0.7, name=f"{name}_drop")(x)
    return _classifier(x, classes, name, activation)


def _classifier(
    x: keras.KerasTensor, classes: int, name: str, activation: str | None
) -> keras.KerasTensor:
    return keras.layers.Dense(classes, activation, kernel_initializer=_caffe.XAVIER, name=name)(x)


NETWORKS = rows(
    "googlenet",
    "Szegedy et al., CVPR 2015 (arXiv:1409.4842)",
    IMAGENET,
    1000,
    # name           builder        place      parameters  trainable   MACs
    ("googlenet", googlenet, "table 1", 6_998_552, 6_998_552, 1_582_671_872),
    ("googlenet_aux", googlenet_aux, "section 5", 13_378_280, 13_378_280, 1_591_044_096),
)
