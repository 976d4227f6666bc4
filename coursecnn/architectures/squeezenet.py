"""SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters.

- `squeezenet1_0`: the network of the paper;
- `squeezenet1_1`: the authors' later one, which costs less than half.

A Fire module squeezes its input into few maps with 1×1 kernels, and expands them again with 1×1
and 3×3 kernels side by side. There is no dense layer: the last convolution has a map for each
class, with a ReLU, and their averages go into the softmax.

Sources: F. N. Iandola, S. Han, M. W. Moskewicz, K. Ashraf, W. J. Dally, K. Keutzer, "SqueezeNet:
AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size", arXiv:1602.07360, section
3 and table 1; and the authors' release, github.com/forresti/SqueezeNet (before,
DeepScale/SqueezeNet), files SqueezeNet_v1.0/train_val.prototxt and SqueezeNet_v1.1 likewise.

Where table 1 and the release differ, the release decides, for its are the published weights, and
the published operations count what it does: SqueezeNet_v1.1/README.md has 1.72 GFLOPS for v1.0,
twice the multiply-accumulates here. (Its 0.72 for v1.1 is not what the released file does: 0.78.)

- images are 227×227. Table 1 prints 224×224 above an output of 111×111, which only 227 gives;
- the last 1×1 convolution of v1.0 has a border of zeros, and makes 15×15 values for a class; table
  1 prints 13×13. The authors call it a benign quirk (issue 14). `conv10_padding=0` leaves it out;
  the parameters stay, the multiplications are fewer.

Poolings have 3×3 windows, stride 2, and round up, as Caffe does. Dropout by half comes after the
last Fire module. Weights begin as Caffe's "xavier", those of the last convolution normal with a
standard deviation of 0.01, biases at zero. No deviations from the release.

>>> from coursecnn.models.costs import totals
>>> totals(squeezenet1_0()).params
1248424
"""

from dataclasses import dataclass
from functools import partial

from coursecnn._checks import check_choice
from coursecnn.architectures import _caffe
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import Shape, activated, classified, image_input
from coursecnn.backend import keras

__all__ = ["FIRES", "NETWORKS", "Fire", "Version", "fire_module", "squeezenet1_0", "squeezenet1_1"]

RELEASED: Shape = (227, 227, 3)


@dataclass(frozen=True)
class Fire:
    """A Fire module: numbers of filters, with the names of table 1.

    Attributes:
        s1x1: 1×1 filters that squeeze.
        e1x1: 1×1 filters that expand.
        e3x3: 3×3 filters that expand.

    >>> fire2 = Fire(s1x1=16, e1x1=64, e3x3=64)
    >>> fire2.e1x1 + fire2.e3x3
    128
    """

    s1x1: int
    e1x1: int
    e3x3: int


FIRES = {
    "fire2": Fire(16, 64, 64),
    "fire3": Fire(16, 64, 64),
    "fire4": Fire(32, 128, 128),
    "fire5": Fire(32, 128, 128),
    "fire6": Fire(48, 192, 192),
    "fire7": Fire(48, 192, 192),
    "fire8": Fire(64, 256, 256),
    "fire9": Fire(64, 256, 256),
}


@dataclass(frozen=True)
class Version:
    """What the two versions do differently; a pooling has the number of the layer before it.

    Attributes:
        filters: Of the first convolution.
        kernel: Height and width of its kernels.
        pooled: Fire modules that a pooling follows, besides the one after the first convolution.

    >>> Version(filters=96, kernel=7, pooled=("fire4", "fire8")).kernel
    7
    """

    filters: int
    kernel: int
    pooled: tuple[str, str]


V1_0 = Version(96, 7, ("fire4", "fire8"))
V1_1 = Version(64, 3, ("fire3", "fire5"))


def squeezenet1_0(
    input_shape: Shape = RELEASED,
    classes: int = 1000,
    *,
    conv10_padding: int = 1,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the network of the paper: 1,248,424 parameters, all trainable.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 29 pixels.
        classes: Number of outputs, a probability for each class.
        conv10_padding: Zeros around the maps before the last convolution: 1 as released, or 0 as
            in table 1.
        top: Whether the classifier is there; without it the model ends in the maps of
            `fire9_concat`.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The shape is too small, or an argument is not one of these.
    """
    check_choice("conv10_padding", conv10_padding, (0, 1))
    inputs = image_input(input_shape, classes, smallest=29)
    x = _fire_modules(inputs, V1_0)
    head = partial(_averages, classes=classes, padding=conv10_padding)
    name = "squeezenet1_0"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def squeezenet1_1(
    input_shape: Shape = RELEASED,
    classes: int = 1000,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the authors' cheaper network: 1,235,496 parameters, all trainable.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 25 pixels.
        classes: Number of outputs, a probability for each class.
        top: Whether the classifier is there; without it the model ends in the maps of
            `fire9_concat`.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The shape is too small, or an argument is not one of these.
    """
    inputs = image_input(input_shape, classes, smallest=25)
    x = _fire_modules(inputs, V1_1)
    head = partial(_averages, classes=classes, padding=0)
    name = "squeezenet1_1"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _fire_modules(x: keras.KerasTensor, version: Version) -> keras.KerasTensor:
    x = _caffe.convolution(x, version.filters, version.kernel, "conv1", stride=2)
    x = _caffe.max_pooling(x, "pool1")
    for module, row in FIRES.items():
        x = fire_module(x, row, module)
        if module in version.pooled:
            x = _caffe.max_pooling(x, module.replace("fire", "pool"))
    return x


def _averages(
    x: keras.KerasTensor, classes: int, padding: int, *, activation: str | None
) -> keras.KerasTensor:
    x = keras.layers.Dropout(0.5, name="drop9")(x)
    weights = _caffe.gaussian(0.01)
    x = _caffe.convolution(x, classes, 1, "conv10", padding=padding, weights=weights)
    x = keras.layers.GlobalAveragePooling2D(name="pool10")(x)
    return activated(x, activation=activation)


def fire_module(x: keras.KerasTensor, row: Fire, name: str) -> keras.KerasTensor:
    """Squeeze the channels, then expand them (figure 1).

    (batch, height, width, channels) becomes (batch, height, width, e1x1 + e3x3).

    >>> fire_module(keras.Input((55, 55, 96)), Fire(16, 64, 64), "fire2").shape
    (None, 55, 55, 128)
    """
    x = _caffe.convolution(x, row.s1x1, 1, f"{name}_squeeze1x1")
    expanded = [
        _caffe.convolution(x, row.e1x1, 1, f"{name}_expand1x1"),
        _caffe.convolution(x, row.e3x3, 3, f"{name}_expand3x3", padding=1),
    ]
    return keras.layers.Concatenate(name=f"{name}_concat")(expanded)


NETWORKS = rows(
    "squeezenet",
    "Iandola et al. 2016 (arXiv:1602.07360)",
    RELEASED,
    1000,
    # name           builder        place                 parameters  trainable  MACs
    ("squeezenet1_0", squeezenet1_0, "table 1", 1_248_424, 1_248_424, 861_339_936),
    ("squeezenet1_1", squeezenet1_1, "release, version 1.1", 1_235_496, 1_235_496, 387_747_520),
)
