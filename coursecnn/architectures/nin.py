"""Network in Network: small perceptrons slide over the image, and no dense layer follows.

- `nin_cifar10`: three mlpconv layers, for 32×32 images;
- `nin_imagenet`: four of them, for 224×224 images.

An mlpconv layer is a convolution followed by two 1×1 convolutions ("cccp", cascaded cross-channel
parametric pooling, in the authors' files), each with a ReLU. The last one has a map for each
class, ReLU included; its averages over the whole image go into the softmax.

Sources: M. Lin, Q. Chen, S. Yan, "Network In Network", ICLR 2014, arXiv:1312.4400, sections 3 and
4.1. The paper prints no widths; they are those of the authors' releases:

- CIFAR-10: github.com/mavenlin/cuda-convnet, file NIN/cifar-10_def, to which the paper refers;
- ImageNet, which is not in the paper: "Network in Network Imagenet Model" of the Caffe model zoo,
  gist mavenlin/d802a5849de39225bcc6, file train_val.prototxt.

What they leave open, or say differently:

- all maximum poolings have 3×3 windows, stride 2, and round up, as cuda-convnet and Caffe do:
  32 pixels become 16 and 8, and 54 become 27, 13 and 6;
- for CIFAR-10, paper and release take the maximum in both poolings. The later definition for
  Caffe (gist mavenlin/e56253735ef32c3c296d) averages in the second: `second_pooling="average"`;
- the ImageNet definition crops 224×224, although its 11×11 kernels with stride 4 fit 227×227.
  Here they round down, and the last pixel row and column are not seen.

Deviation: the last average is over the whole map, whatever its size. The releases write windows of
8×8 and 6×6, which is the same for the images that they are for.

>>> from coursecnn.models.costs import totals
>>> totals(nin_cifar10()).params
966986
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

from coursecnn._checks import check_choice
from coursecnn.architectures import _caffe
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import Shape, activated, classified, completed, image_input
from coursecnn.backend import keras

__all__ = [
    "CIFAR10",
    "IMAGENET",
    "NETWORKS",
    "CompletedAverage2D",
    "Mlpconv",
    "nin_cifar10",
    "nin_imagenet",
]

Pooling: TypeAlias = Literal["max", "average"]


@dataclass(frozen=True)
class Mlpconv:
    """An mlpconv layer, and what follows it.

    Attributes:
        filters: Maps of the convolution.
        kernel: Height and width of its kernels.
        stride: Step of its kernels.
        padding: Zeros on each side.
        hidden: Maps of the first 1×1 convolution.
        outputs: Maps of the second; None for one per class, which belongs to the classifier.
        std: Standard deviations of the three convolutions' first weights.
        pooled: A pooling follows.
        dropout: Share of the values that are dropped after it in training.

    >>> CIFAR10[0].kernel, CIFAR10[0].filters
    (5, 192)
    """

    filters: int
    kernel: int
    stride: int
    padding: int
    hidden: int
    outputs: int | None
    std: tuple[float, float, float]
    pooled: bool
    dropout: float


EQUAL = (0.05, 0.05, 0.05)

CIFAR10 = (
    # filters, kernel, stride, padding, hidden, outputs, std, pooled, dropout
    Mlpconv(192, 5, 1, 2, 160, 96, EQUAL, pooled=True, dropout=0.5),
    Mlpconv(192, 5, 1, 2, 192, 192, EQUAL, pooled=True, dropout=0.5),
    Mlpconv(192, 3, 1, 1, 192, None, EQUAL, pooled=False, dropout=0.0),
)

IMAGENET = (
    Mlpconv(96, 11, 4, 0, 96, 96, (0.01, 0.05, 0.05), pooled=True, dropout=0.0),
    Mlpconv(256, 5, 1, 2, 256, 256, EQUAL, pooled=True, dropout=0.0),
    Mlpconv(384, 3, 1, 1, 384, 384, (0.01, 0.05, 0.05), pooled=True, dropout=0.5),
    Mlpconv(1024, 3, 1, 1, 1024, None, (0.05, 0.05, 0.01), pooled=False, dropout=0.0),
)


def nin_cifar10(
    input_shape: Shape = (32, 32, 3),
    classes: int = 10,
    *,
    second_pooling: Pooling = "max",
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the network for CIFAR-10: 966,986 parameters, all trainable.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 6 pixels.
        classes: Number of outputs, a probability for each class.
        second_pooling: "max", as in the paper, or "average", as in the Caffe model zoo.
        top: Whether the classifier is there; without it the model ends in the maps of `cccp5`,
            which the classes' maps are made of.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The shape is too small, or an argument is not one of these.
    """
    check_choice("second_pooling", second_pooling, ("max", "average"))
    inputs = image_input(input_shape, classes, smallest=6)
    x = _layers(inputs, CIFAR10, ("max", second_pooling))
    head = partial(_averages, classes=classes, table=CIFAR10)
    name = "nin_cifar10"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def nin_imagenet(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the network for ImageNet: 7,595,176 parameters, all trainable.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 55 pixels.
        classes: Number of outputs, a probability for each class.
        top: Whether the classifier is there; without it the model ends in the maps of `cccp7`.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The shape is too small, or an argument is not one of these.
    """
    inputs = image_input(input_shape, classes, smallest=55)
    x = _layers(inputs, IMAGENET, ("max", "max", "max"))
    head = partial(_averages, classes=classes, table=IMAGENET)
    name = "nin_imagenet"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _layers(
    x: keras.KerasTensor, table: tuple[Mlpconv, ...], poolings: tuple[Pooling, ...]
) -> keras.KerasTensor:
    """All mlpconv layers, but for the convolution that makes a map for each class."""
    for number, row in enumerate(table, start=1):
        x = _mlpconv(x, row, number)
        if row.pooled:
            x = _pooling(x, poolings[number - 1], f"pool{number}")
        if row.dropout:
            x = keras.layers.Dropout(row.dropout, name=f"drop{number}")(x)
    return x


def _averages(
    x: keras.KerasTensor, classes: int, table: tuple[Mlpconv, ...], *, activation: str | None
) -> keras.KerasTensor:
    weights = _caffe.gaussian(table[-1].std[-1])
    x = _caffe.convolution(x, classes, 1, f"cccp{2 * len(table)}", weights=weights)
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    return activated(x, activation=activation)


def _mlpconv(x: keras.KerasTensor, row: Mlpconv, number: int) -> keras.KerasTensor:
    std, inner = (_caffe.gaussian(std) for std in row.std[:2])
    x = _caffe.convolution(
        x,
        row.filters,
        row.kernel,
        f"conv{number}",
        stride=row.stride,
        padding=row.padding,
        weights=std,
    )
    x = _caffe.convolution(x, row.hidden, 1, f"cccp{2 * number - 1}", weights=inner)
    if row.outputs is None:
        return x
    outer = _caffe.gaussian(row.std[2])
    return _caffe.convolution(x, row.outputs, 1, f"cccp{2 * number}", weights=outer)


def _pooling(x: keras.KerasTensor, pooling: Pooling, name: str) -> keras.KerasTensor:
    if pooling == "max":
        return _caffe.max_pooling(x, name)
    height, width = x.shape[1:3]
    return CompletedAverage2D(height, width, name=name)(completed(x, 3, 2, name))


@keras.saving.register_keras_serializable(package="coursecnn")
class CompletedAverage2D(keras.layers.Layer):
    """Average 3×3 windows with stride 2, where zeros complete the last windows.

    As in Caffe, an average is over the pixels of the window that lie in the image, not over the
    zeros after its last row and column.

    Args:
        height: Rows of the image without the zeros.
        width: Columns of it.
        **kwargs: Of every Keras layer, such as `name`.

    >>> tuple(CompletedAverage2D(4, 4)(keras.ops.ones((1, 5, 5, 1))).shape)
    (1, 2, 2, 1)
    """

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        """Keep the size."""
        super().__init__(**kwargs)
        self.height, self.width = height, width

    def call(self, inputs: Any) -> Any:
        """Pool maps of (batch, completed height, completed width, channels)."""
        ones = keras.ops.ones((1, self.height, self.width, 1), inputs.dtype)
        beyond = [(0, inputs.shape[axis] - ones.shape[axis]) for axis in (1, 2)]
        inside = keras.ops.pad(ones, [(0, 0), *beyond, (0, 0)])
        return self._average(inputs) / self._average(inside)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments, for saving."""
        return {**super().get_config(), "height": self.height, "width": self.width}

    def _average(self, maps: Any) -> Any:
        return keras.ops.average_pool(maps, 3, 2, data_format="channels_last")


NETWORKS = (
    *rows(
        "nin",
        "Lin, Chen and Yan, ICLR 2014 (arXiv:1312.4400), section 4",
        (32, 32, 3),
        10,
        # name         builder      place                    parameters  trainable  MACs
        ("nin_cifar10", nin_cifar10, "release NIN/cifar-10_def", 966_986, 966_986, 222_486_528),
    ),
    *rows(
        "nin",
        "Network in Network Imagenet Model of the Caffe model zoo",
        (224, 224, 3),
        1000,
        ("nin_imagenet", nin_imagenet, "", 7_595_176, 7_595_176, 1_100_188_800),
    ),
)
