"""Small networks that learn CIFAR-10 fast: a whitened view of the image, then pairs of layers.

- `cifar10_fast`: two stages after filters of 4×4 pixels, two pixels apart;
- `cifar10_best`: three wide stages after filters of 2×2 pixels;
- `PartialIdentity`: kernels that at first hand on what they see.

Source: Jordan, "94 % on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024 (arXiv:2404.00498),
section 3.1 and its release, `airbench94.py`: the order of the layers, the whitening, the partial
identities, the factor 1/9 and the moving averages. It descends from hlb-CIFAR10 (Balsam, 2023,
github.com/tysam-code/hlb-CIFAR10), and that from Page, "How to Train Your ResNet", 2018: whitening
and factor are Page's, identities, both signs and quick averages hlb-CIFAR10's. Deviations: ReLU in
place of GELU, which takes a third of the time on a processor; the mean is subtracted before the
whitening, in place of one mean and deviation per colour; and `cifar10_fast` has another table, so
it is small enough for two cores.

>>> build("cifar10_fast").count_params()
320480
"""

from functools import partial
from typing import Any, NamedTuple

from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import AnySize, Shape, classified, image_input
from coursecnn.backend import keras

__all__ = ["NETWORKS", "TABLES", "PartialIdentity", "Table", "build"]


class Table(NamedTuple):
    """The sizes of a network.

    Attributes:
        patch: Side of the filters that whiten, in pixels; there are two for each number in a patch.
        stride: Pixels from one patch to the next.
        widths: Filters of both convolutions of each stage; a stage halves the map.

    >>> TABLES["cifar10_fast"]
    Table(patch=4, stride=2, widths=(64, 128))
    """

    patch: int
    stride: int
    widths: tuple[int, ...]


TABLES = {
    "cifar10_fast": Table(patch=4, stride=2, widths=(64, 128)),
    "cifar10_best": Table(patch=2, stride=1, widths=(64, 256, 256)),
}
# What is left of a moving average at each step. Keras's 0.99 would still remember the first of the
# few hundred steps that these networks are trained for.
MOMENTUM = 0.6
LOGIT_SCALE = 1 / 9  # small logits at the start, so that a large learning rate does no harm


@keras.saving.register_keras_serializable(package="coursecnn")
class PartialIdentity(keras.initializers.Initializer):
    """Kernels of which the first filters copy one channel each, and the others are drawn.

    Those that are drawn are uniform within ±1/√fan_in, where fan_in counts the products in one
    output. A stage of such kernels begins by handing on what it sees.

    Args:
        seed: Of the drawn ones; none for another draw each time, after `set_random_seed` a
            repeatable one.

    >>> kernel = PartialIdentity()((3, 3, 2, 4))
    >>> [[float(kernel[1, 1, i, o]) for o in range(2)] for i in range(2)]
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, *, seed: int | None = None) -> None:
        """Keep the seed."""
        self.seed = seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Draw a kernel of shape (rows, columns, channels, filters), rows and columns odd."""
        rows, columns, channels, filters = shape
        copies = min(channels, filters)
        torch_default = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform", self.seed)
        drawn = torch_default(shape, dtype)[..., copies:]
        middle = keras.ops.pad(
            keras.ops.eye(channels, copies, dtype=drawn.dtype)[None, None],
            [(rows // 2, rows // 2), (columns // 2, columns // 2), (0, 0), (0, 0)],
        )
        return keras.ops.concatenate([middle, drawn], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments, for saving."""
        return {"seed": self.seed}


def build(
    name: str,
    input_shape: Shape | AnySize = (32, 32, 3),
    classes: int = 10,
    *,
    frozen: bool = True,
    identity: bool = True,
    activation: str = "relu",
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build a network of `TABLES`.

    Its first layer is called `whitening`. `coursecnn.training.whitening` computes what belongs
    there from the images; until that is set, the layer is drawn at random.

    Args:
        name: One of `TABLES`.
        input_shape: (height, width, channels) of an image; (None, None, channels) for images of
            any size.
        classes: Number of outputs, a probability for each class.
        frozen: Whether the first layer stays as it is in training.
        identity: Whether the kernels are a `PartialIdentity` at first, or drawn (Glorot).
        activation: Of the convolutions, a name of `keras.activations`.
        top: Whether the classifier is there; without it the model ends in the maps of the last
            stage, before the maximum of each.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes). Its last layers compute
        in 32 bits, whatever the others do.

    Raises:
        ValueError: The shape is too small, or an argument is not one of these.

    >>> build("cifar10_fast", classes=3).output_shape
    (None, 3)
    """
    table = TABLES[name]
    smallest = table.stride * (2 ** len(table.widths) - 1) + table.patch
    inputs = image_input(input_shape, classes, smallest, any_size=True)
    x = keras.layers.Conv2D(
        2 * table.patch**2 * input_shape[-1],
        table.patch,
        strides=table.stride,
        trainable=not frozen,
        name="whitening",
    )(inputs)
    x = keras.layers.Activation(activation, name="whitening_activation")(x)
    kernels = PartialIdentity() if identity else "glorot_uniform"
    for stage, width in enumerate(table.widths, start=1):
        for number in (1, 2):
            label = f"conv{stage}_{number}"
            x = keras.layers.Conv2D(
                width, 3, padding="same", use_bias=False, kernel_initializer=kernels, name=label
            )(x)
            if number == 1:
                # Before the normalisation, which then has a quarter of the values to go through.
                x = keras.layers.MaxPooling2D(2, name=f"pool{stage}")(x)
            x = keras.layers.BatchNormalization(momentum=MOMENTUM, scale=False, name=f"{label}_bn")(
                x
            )
            x = keras.layers.Activation(activation, name=f"{label}_activation")(x)
    head = partial(_head, classes=classes)
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _head(x: keras.KerasTensor, classes: int, *, activation: str | None) -> keras.KerasTensor:
    x = keras.layers.GlobalMaxPooling2D(name="maximum")(x)
    x = keras.layers.Dense(classes, use_bias=False, dtype="float32", name="logits")(x)
    x = keras.layers.Rescaling(LOGIT_SCALE, dtype="float32", name="scale")(x)
    if activation is None:
        return x
    return keras.layers.Activation(activation, dtype="float32", name="predictions")(x)


NETWORKS = rows(
    "airbench",
    "after Jordan 2024 (arXiv:2404.00498), section 3.1",
    (32, 32, 3),
    10,
    # name          builder                        place               parameters, trainable, MACs
    ("cifar10_fast", partial(build, "cifar10_fast"), "smaller", 320_480, 315_008, 20_225_792),
    (
        "cifar10_best",
        partial(build, "cifar10_best"),
        "with ReLU",
        1_973_944,
        1_971_328,
        118_147_360,
    ),
)
