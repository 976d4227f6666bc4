"""What the residual networks share, and DenseNet with them: convolutions, shortcuts, stages.

- `Style`: how a release writes a convolution and a batch normalisation;
- `convolution`, `normalisation`, `relu`, `classifier`: one layer each, of a style;
- `imagenet_stem`, `cifar_stem`: what comes before the first unit;
- `basic_branch`, `bottleneck_branch`: the residual functions of He et al. (2016, figure 5);
- `shortcut`, `PadChannels`: options A, B and C for what is added to them;
- `residual_unit`, `preactivation_unit`: the two ways to add and to activate;
- `stage`: units in a row, one of which may halve the map.

Names are stable and say where a layer stands: `conv3_unit1_conv2` is the second convolution of
the first unit of the stage that the papers call conv3_x.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from coursecnn.architectures.layers import GroupedConv2D, completed
from coursecnn.backend import keras

__all__ = [
    "FIRST_UNIT",
    "SHORTCUTS",
    "PadChannels",
    "Pooling",
    "Shortcut",
    "Stride",
    "Style",
    "basic_branch",
    "bottleneck_branch",
    "cifar_stem",
    "classifier",
    "convolution",
    "imagenet_stem",
    "normalisation",
    "preactivation_unit",
    "relu",
    "residual_unit",
    "shortcut",
    "stage",
]

Shortcut: TypeAlias = Literal["A", "B", "C"]
Stride: TypeAlias = Literal["1x1", "3x3"]
Pooling: TypeAlias = Literal["ceil", "padded"]
SHORTCUTS = get_args(Shortcut)
Tensor: TypeAlias = keras.KerasTensor
Branch: TypeAlias = Callable[[Tensor, int, str], Tensor]  # of a tensor, a stride, a name

FIRST_UNIT = "conv2_unit1"  # the name that `stage` gives to the unit after the stem


@dataclass(frozen=True)
class Style:
    """How a release writes a convolution, a batch normalisation and the last layer.

    Attributes:
        fan: The n in the standard deviation √(2/n) of normally distributed kernels: the products
            in one output ("fan_in", He et al. 2015, equation 10) or the outputs that one input
            is a product of ("fan_out", equation 14).
        linear: The last layer's weights: as the kernels ("he"), or uniform within ±1/√fan_in
            ("torch", the default of Torch7).
        bias: Convolutions add a bias, which a batch normalisation after them takes away again.
        gamma: The scales of a batch normalisation begin at 1 ("ones"), or anywhere between 0 and
            1 ("uniform", the default of Torch7).
        epsilon: What a batch normalisation adds to the variance.
        momentum: How much of the moving averages stays at each step; Torch7 writes 1 - 0.9.
        linear_bias: The last layer's biases: at zero ("zeros"), or as its weights in Torch7
            ("torch", where the release does not set them to zero).

    >>> Style(fan="fan_in").epsilon
    1e-05
    """

    fan: Literal["fan_in", "fan_out"] = "fan_out"
    linear: Literal["he", "torch"] = "torch"
    bias: bool = False
    gamma: Literal["ones", "uniform"] = "ones"
    epsilon: float = 1e-5
    momentum: float = 0.9
    linear_bias: Literal["zeros", "torch"] = "zeros"


def convolution(
    x: Tensor,
    filters: int,
    kernel: int,
    style: Style,
    name: str,
    *,
    stride: int = 1,
    groups: int = 1,
    bias: bool | None = None,
) -> Tensor:
    """Convolve with kernel // 2 zeros on each side, as Caffe and Torch do.

    With a stride, "same" padding would put the zero of an even map on the right only, and shift
    the windows by a pixel against the shortcut.

    >>> convolution(keras.Input((56, 56, 64)), 128, 3, Style(), "conv", stride=2).shape
    (None, 28, 28, 128)
    """
    padding = "same"
    if stride > 1 and kernel > 1:
        x = keras.layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
        padding = "valid"
    kind = keras.layers.Conv2D if groups == 1 else GroupedConv2D
    return kind(
        filters,
        kernel,
        stride,
        padding,
        groups=groups,
        use_bias=style.bias if bias is None else bias,
        kernel_initializer=keras.initializers.VarianceScaling(2.0, style.fan, "untruncated_normal"),
        name=name,
    )(x)


def normalisation(x: Tensor, style: Style, name: str) -> Tensor:
    """Normalise each channel over the batch and the positions.

    >>> normalisation(keras.Input((56, 56, 64)), Style(), "bn").shape
    (None, 56, 56, 64)
    """
    ones, uniform = keras.initializers.Ones, keras.initializers.RandomUniform
    return keras.layers.BatchNormalization(
        momentum=style.momentum,
        epsilon=style.epsilon,
        gamma_initializer=ones() if style.gamma == "ones" else uniform(0.0, 1.0),
        name=name,
    )(x)


def relu(x: Tensor, name: str) -> Tensor:
    """Set negative values to zero.

    >>> [float(value) for value in relu(keras.ops.convert_to_tensor([-1.0, 2.0]), "relu")]
    [0.0, 2.0]
    """
    return keras.layers.ReLU(name=name)(x)


def classifier(
    x: Tensor, classes: int, style: Style, *, activation: str | None = "softmax"
) -> Tensor:
    """Average each channel over all positions, and give a probability for each class.

    Args:
        x: Maps of (batch, height, width, channels).
        classes: Number of outputs.
        style: Of the weights at the beginning.
        activation: What becomes of the logits, a name of `keras.activations`; None for nothing.

    >>> classifier(keras.Input((7, 7, 512)), 1000, Style()).shape
    (None, 1000)
    """
    scale, distribution = (
        (2.0, "untruncated_normal") if style.linear == "he" else (1 / 3, "uniform")
    )
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    limit = x.shape[-1] ** -0.5
    uniform = keras.initializers.RandomUniform
    return keras.layers.Dense(
        classes,
        activation=activation,
        kernel_initializer=keras.initializers.VarianceScaling(scale, "fan_in", distribution),
        bias_initializer="zeros" if style.linear_bias == "zeros" else uniform(-limit, limit),
        name="predictions",
    )(x)


def imagenet_stem(
    x: Tensor, style: Style, pooling: Pooling, *, activated: bool = True, bias: bool | None = None
) -> Tensor:
    """Halve the map twice: 64 7×7 filters with stride 2, then 3×3 maximum pooling with stride 2.

    Args:
        x: Maps of (batch, height, width, channels).
        style: Of the convolution and the normalisation.
        pooling: "ceil" lets the last window hang over the edge (Caffe), "padded" adds a border of
            one pixel (Torch, Keras). Both make 56×56 of 112×112, one pixel apart.
        activated: Normalise and activate between the two. After a ReLU no value is less than the
            zeros of the border, so they never win; without one they may, as they do in Keras.
        bias: The convolution has one, or has not, whatever the style says.

    >>> imagenet_stem(keras.Input((224, 224, 3)), Style(), "padded").shape
    (None, 56, 56, 64)
    """
    x = convolution(x, 64, 7, style, "conv1", stride=2, bias=bias)
    if activated:
        x = relu(normalisation(x, style, "conv1_bn"), "conv1_relu")
    if pooling == "ceil":
        x = completed(x, 3, 2, "pool1")
    else:
        x = keras.layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return keras.layers.MaxPooling2D(3, 2, name="pool1")(x)


def cifar_stem(x: Tensor, filters: int, style: Style) -> Tensor:
    """Keep the size of the map: a 3×3 convolution, normalised and activated.

    >>> cifar_stem(keras.Input((32, 32, 3)), 16, Style()).shape
    (None, 32, 32, 16)
    """
    x = convolution(x, filters, 3, style, "conv1")
    return relu(normalisation(x, style, "conv1_bn"), "conv1_relu")


def basic_branch(x: Tensor, filters: int, style: Style, name: str, *, stride: int = 1) -> Tensor:
    """Two 3×3 convolutions, the first with the stride; the last ReLU is left to the unit.

    >>> basic_branch(keras.Input((56, 56, 64)), 128, Style(), "unit1", stride=2).shape
    (None, 28, 28, 128)
    """
    x = convolution(x, filters, 3, style, f"{name}_conv1", stride=stride)
    x = relu(normalisation(x, style, f"{name}_bn1"), f"{name}_relu1")
    x = convolution(x, filters, 3, style, f"{name}_conv2")
    return normalisation(x, style, f"{name}_bn2")


def bottleneck_branch(
    x: Tensor,
    width: int,
    filters: int,
    style: Style,
    name: str,
    *,
    stride: int = 1,
    stride_on: Stride = "1x1",
    groups: int = 1,
) -> Tensor:
    """A 1×1 convolution down to `width` channels, a 3×3 one, and a 1×1 one up to `filters`.

    Args:
        x: Maps of (batch, height, width, channels).
        width: Channels of the first two convolutions.
        filters: Channels of the last.
        style: Of convolutions and normalisations.
        name: Prefix of the layers' names.
        stride: 2 to halve the map.
        stride_on: Which convolution has the stride: the first "1x1" or the "3x3".
        groups: Groups of the 3×3 convolution.

    >>> bottleneck_branch(keras.Input((56, 56, 256)), 64, 256, Style(), "unit1").shape
    (None, 56, 56, 256)
    """
    strides = (stride, 1) if stride_on == "1x1" else (1, stride)
    x = convolution(x, width, 1, style, f"{name}_conv1", stride=strides[0])
    x = relu(normalisation(x, style, f"{name}_bn1"), f"{name}_relu1")
    x = convolution(x, width, 3, style, f"{name}_conv2", stride=strides[1], groups=groups)
    x = relu(normalisation(x, style, f"{name}_bn2"), f"{name}_relu2")
    x = convolution(x, filters, 1, style, f"{name}_conv3")
    return normalisation(x, style, f"{name}_bn3")


@keras.saving.register_keras_serializable(package="coursecnn")
class PadChannels(keras.layers.Layer):
    """Append channels of zeros, up to a number of channels.

    (batch, height, width, channels) becomes (batch, height, width, filters).

    >>> PadChannels(24)(keras.ops.ones((1, 8, 8, 16))).shape[-1]
    24
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        """Keep the number of channels to reach."""
        super().__init__(**kwargs)
        self.filters = filters

    def call(self, inputs: Tensor) -> Tensor:
        """Append the zeros."""
        missing = self.filters - inputs.shape[-1]
        return keras.ops.pad(inputs, ((0, 0), (0, 0), (0, 0), (0, missing)))

    def get_config(self) -> dict[str, Any]:
        """Describe the layer, for saving."""
        return {**super().get_config(), "filters": self.filters}


def shortcut(
    x: Tensor, filters: int, stride: int, option: Shortcut, style: Style, name: str
) -> Tensor:
    """What a residual unit adds to its branch (He et al. 2016, section 3.3 and table 3).

    Args:
        x: Maps of (batch, height, width, channels).
        filters: Channels of the branch.
        stride: Stride of the branch.
        option: "A": the input, every `stride`-th pixel of it, and zeros for missing channels.
            "B": the same as long as the shapes agree, and a 1×1 convolution where they do not.
            "C": always a convolution.
        style: Of the convolution and its normalisation.
        name: Prefix of the layers' names.

    >>> shortcut(keras.Input((56, 56, 64)), 128, 2, "A", Style(), "unit1").shape
    (None, 28, 28, 128)
    """
    same = stride == 1 and x.shape[-1] == filters
    if option == "C" or (option == "B" and not same):
        x = convolution(x, filters, 1, style, f"{name}_shortcut", stride=stride)
        return normalisation(x, style, f"{name}_shortcut_bn")
    if stride > 1:
        x = keras.layers.MaxPooling2D(1, stride, name=f"{name}_shortcut_subsample")(x)
    if x.shape[-1] != filters:
        x = PadChannels(filters, name=f"{name}_shortcut_pad")(x)
    return x


def residual_unit(x: Tensor, branch: Tensor, name: str) -> Tensor:
    """Add a branch to its shortcut, then activate (He et al. 2016, figure 2).

    >>> x = keras.Input((56, 56, 64))
    >>> residual_unit(x, basic_branch(x, 64, Style(), "unit1"), "unit1").shape
    (None, 56, 56, 64)
    """
    return relu(_add(x, branch, name), f"{name}_relu")


def preactivation_unit(
    x: Tensor,
    filters: int,
    branch: Branch,
    style: Style,
    name: str,
    *,
    stride: int = 1,
    activated: bool = False,
    bias: bool = False,
) -> Tensor:
    """Normalise and activate, then branch off; nothing follows the addition.

    The shortcut is the raw input as long as the channels stay, and a projection of the activated
    input, without a normalisation of its own, where they change.

    Args:
        x: Maps of (batch, height, width, channels).
        filters: Channels of the branch.
        branch: Computes the branch from the activated maps, the stride and the name.
        style: Of convolutions and normalisations.
        name: Prefix of the layers' names.
        stride: 2 to halve the map.
        activated: The maps are, as those of the first unit after a stem.
        bias: A projection has one.

    >>> def branch(x, stride, name):
    ...     return basic_branch(x, 64, Style(), name, stride=stride)
    >>> preactivation_unit(keras.Input((56, 56, 64)), 64, branch, Style(), "unit1").shape
    (None, 56, 56, 64)
    """
    active = x
    if not activated:
        active = relu(normalisation(x, style, f"{name}_bn1"), f"{name}_relu1")
    if x.shape[-1] != filters:
        x = convolution(active, filters, 1, style, f"{name}_shortcut", stride=stride, bias=bias)
    elif stride > 1:
        x = keras.layers.MaxPooling2D(1, stride, name=f"{name}_shortcut_subsample")(x)
    return _add(x, branch(active, stride, name), name)


def _add(x: Tensor, branch: Tensor, name: str) -> Tensor:
    # The shortcut comes first: Keras follows the inputs of each layer, first input first, by
    # recursion. Along the shortcuts 1001 layers are 333 calls deep, along the branches thousands.
    return keras.layers.Add(name=f"{name}_add")([x, branch])


def stage(
    x: Tensor, units: int, stride: int, unit: Branch, name: str, *, strided: int = 1
) -> Tensor:
    """Chain units, of which one, counted from 1, has the stride: the first, if not told.

    >>> def unit(x, stride, name):
    ...     return relu(convolution(x, 32, 3, Style(), name, stride=stride), f"{name}_relu")
    >>> stage(keras.Input((56, 56, 64)), 3, 2, unit, "conv3").shape
    (None, 28, 28, 32)
    """
    for number in range(1, units + 1):
        x = unit(x, stride if number == strided else 1, f"{name}_unit{number}")
    return x
