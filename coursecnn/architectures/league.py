"""Networks of one frame and one cost, which differ in one idea each: the arms of the league.

The frame: a 3×3 convolution; three stages of units, with the maps halved before each; the average
of each map; a dense layer. What an arm changes in it is a row of `ARMS`.

>>> ARMS["residual20"].units, ARMS["residual20"].filters
(3, (16, 32, 64))
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, TypeAlias

from coursecnn._checks import check_choice
from coursecnn.architectures import blocks, stochastic_depth
from coursecnn.architectures._mobile import MobileStyle, inverted_residual
from coursecnn.architectures._registry import rows
from coursecnn.architectures.blocks import PadChannels, Style
from coursecnn.architectures.fractalnet import ActiveColumns, Join
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.backend import keras

__all__ = ["ARMS", "EQUAL", "NETWORKS", "PAIRS", "Arm", "Pair", "league"]

layers = keras.layers
Tensor: TypeAlias = keras.KerasTensor
Unit: TypeAlias = Callable[[Tensor, int, "Arm", str], Tensor]  # of maps, filters, arm, and a name

CIFAR: Shape = (32, 32, 3)
SMALLEST = 8
STYLE = Style(fan="fan_in")
BIASED = Style(fan="fan_in", bias=True)
MOBILE = MobileStyle("relu", keras.initializers.HeNormal, STYLE.momentum, STYLE.epsilon)
HIDDEN = 64  # units of the dense layer in the dense head
EXPANSION = 4  # of an inverted residual: channels in the middle for one at its ends


@dataclass(frozen=True)
class Arm:
    """How a network of the league is made.

    Attributes:
        unit: makes a unit of maps.
        filters: of the units of each of the three stages.
        units: in each stage.
        idea: what the arm does, in a few words.
        source: the paper that the idea is from, or that it is a control of this course.
        stem: filters of the first convolution; None for as many as the first units have.
        opened: whether the units end in maps that are not activated, so that a normalisation and
            an activation follow the last one.
        normalised: whether a batch normalisation follows each convolution.
        activation: a name of `keras.activations`.
        pooling: what halves the maps.
        head: what follows the last stage: averages, or the maps and a hidden dense layer.

    >>> ARMS["tanh"].activation
    'tanh'
    """

    unit: Unit
    filters: tuple[int, int, int]
    units: int
    idea: str
    source: str
    stem: int | None = None
    opened: bool = False
    normalised: bool = True
    activation: str = "relu"
    pooling: Literal["max", "average"] = "max"
    head: Literal["average", "dense"] = "average"

    def convolution(
        self, x: Tensor, filters: int, kernel: int, name: str, *, groups: int = 1
    ) -> Tensor:
        """Convolve; with a bias only where no normalisation takes it away."""
        style = STYLE if self.normalised else BIASED
        return blocks.convolution(x, filters, kernel, style, f"{name}_conv", groups=groups)

    def activated(self, x: Tensor, name: str, *, normalised: bool = True) -> Tensor:
        """Normalise, unless told not to, and activate."""
        if normalised and self.normalised:
            x = blocks.normalisation(x, STYLE, f"{name}_bn")
        return layers.Activation(self.activation, name=f"{name}_{self.activation}")(x)

    def layer(self, x: Tensor, filters: int, kernel: int, name: str, *, groups: int = 1) -> Tensor:
        """Convolve, normalise, activate."""
        return self.activated(self.convolution(x, filters, kernel, name, groups=groups), name)

    def before(self, x: Tensor, filters: int, kernel: int, name: str) -> Tensor:
        """Normalise, activate, convolve."""
        return self.convolution(self.activated(x, name), filters, kernel, name)


def league(
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    arm: str = "plain",
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build a network of the league.

    Args:
        input_shape: (height, width, channels) of an image, with sides of at least 8 pixels.
        classes: Number of outputs, a probability for each class.
        arm: One of `ARMS`.
        top: Whether the classifier is there; without it the model ends in the maps of the last
            stage.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    check_choice("arm", arm, tuple(ARMS))
    row = ARMS[arm]
    inputs = image_input(input_shape, classes, SMALLEST)
    x = row.layer(inputs, row.stem or row.filters[0], 3, "stem")
    for stage, filters in enumerate(row.filters, start=1):
        x = _pooled(x, row, f"pool{stage}")
        for number in range(1, row.units + 1):
            x = row.unit(x, filters, row, f"stage{stage}_unit{number}")
    if row.opened:
        x = row.activated(x, "last")
    head = partial(_head, classes=classes, row=row)
    return classified(inputs, x, head, name="league", top=top, activation=classifier_activation)


def _pooled(x: Tensor, row: Arm, name: str) -> Tensor:
    kind = layers.MaxPooling2D if row.pooling == "max" else layers.AveragePooling2D
    return kind(2, name=name)(x)


def _head(x: Tensor, classes: int, row: Arm, *, activation: str | None) -> Tensor:
    if row.head == "average":
        return blocks.classifier(x, classes, STYLE, activation=activation)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(HIDDEN, row.activation, kernel_initializer="he_normal", name="hidden")(x)
    return layers.Dense(classes, activation, name="predictions")(x)


# Units: of maps, filters, the arm, and a name.


def _layers(
    x: Tensor, filters: int, row: Arm, name: str, kernels: tuple[int, ...] = (3, 3)
) -> Tensor:
    for number, kernel in enumerate(kernels, start=1):
        x = row.layer(x, filters, kernel, f"{name}_{number}")
    return x


def _naive_inception(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    """Figure 2a of GoogLeNet: every size reads all channels, and the pooling keeps them all."""
    branches = [
        row.layer(x, filters // 4, 1, f"{name}_1x1"),
        row.layer(x, filters // 2, 3, f"{name}_3x3"),
        row.layer(x, filters // 8, 5, f"{name}_5x5"),
        layers.MaxPooling2D(3, 1, "same", name=f"{name}_pool")(x),
    ]
    return layers.Concatenate(name=f"{name}_joined")(branches)


def _inception(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    """Figure 2b, with about the proportions of module 3a."""
    three = row.layer(x, filters * 3 // 8, 1, f"{name}_3x3_reduce")
    five = row.layer(x, filters // 16, 1, f"{name}_5x5_reduce")
    pooled = layers.MaxPooling2D(3, 1, "same", name=f"{name}_pool")(x)
    branches = [
        row.layer(x, filters // 4, 1, f"{name}_1x1"),
        row.layer(three, filters // 2, 3, f"{name}_3x3"),
        row.layer(five, filters // 8, 5, f"{name}_5x5"),
        row.layer(pooled, filters // 8, 1, f"{name}_projection"),
    ]
    return layers.Concatenate(name=f"{name}_joined")(branches)


def _fire(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    x = row.layer(x, filters // 8, 1, f"{name}_squeeze")
    expanded = [
        row.layer(x, filters // 2, 1, f"{name}_expand1x1"),
        row.layer(x, filters // 2, 3, f"{name}_expand3x3"),
    ]
    return layers.Concatenate(name=f"{name}_joined")(expanded)


def _added(x: Tensor, branch: Tensor, name: str) -> Tensor:
    """Add a branch to its input, with channels of zeros where the branch has more."""
    if x.shape[-1] != branch.shape[-1]:
        x = PadChannels(branch.shape[-1], name=f"{name}_pad")(x)
    return layers.Add(name=f"{name}_add")([x, branch])


def _joined(x: Tensor, branch: Tensor, row: Arm, name: str) -> Tensor:
    """Add a branch to its input, and activate the sum."""
    return row.activated(_added(x, branch, name), name, normalised=False)


def _residual(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    return _joined(x, blocks.basic_branch(x, filters, STYLE, name), row, name)


def _normalised_sum(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    branch = row.layer(x, filters, 3, f"{name}_1")
    return row.activated(_added(x, row.convolution(branch, filters, 3, f"{name}_2"), name), name)


def _activated_branch(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    return _added(x, _layers(x, filters, row, name), name)


def _activation_first(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    """ReLU before each convolution, the normalisation after it."""
    branch = x
    for number in (1, 2):
        label = f"{name}_{number}"
        branch = row.activated(branch, label, normalised=False)
        branch = row.convolution(branch, filters, 3, label)
        branch = blocks.normalisation(branch, STYLE, f"{label}_bn")
    return _added(x, branch, name)


def _preactivation(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    branch = row.before(x, filters, 3, f"{name}_1")
    return _added(x, row.before(branch, filters, 3, f"{name}_2"), name)


def _stochastic_depth(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    """Drop branches with the probabilities of the paper: the later, the more often."""
    stage, unit = map(int, re.findall(r"\d+", name))
    alive = stochastic_depth.survival((stage - 1) * row.units + unit, 3 * row.units)
    branch = row.before(row.before(x, filters, 3, f"{name}_1"), filters, 3, f"{name}_2")
    gate = stochastic_depth.StochasticDepth(alive, name=f"{name}_gate")
    return _added(x, gate(branch), name)


def _bottleneck(
    x: Tensor, filters: int, row: Arm, name: str, *, width: int = 4, groups: int = 1
) -> Tensor:
    branch = blocks.bottleneck_branch(x, filters // width, filters, STYLE, name, groups=groups)
    return _joined(x, branch, row, name)


def _squeeze_excitation(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    branch = blocks.basic_branch(x, filters, STYLE, name)
    weights = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(branch)
    weights = layers.Dense(filters // 4, "relu", name=f"{name}_excite1")(weights)
    weights = layers.Dense(filters, "sigmoid", name=f"{name}_excite2")(weights)
    branch = layers.Multiply(name=f"{name}_scale")([branch, weights])
    return _joined(x, branch, row, name)


def _dense_unit(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    return layers.Concatenate(name=f"{name}_joined")([x, row.before(x, filters, 3, name)])


def _chain(x: Tensor, filters: int, row: Arm, name: str) -> Tensor:
    return row.before(x, filters, 3, name)


def _separable(x: Tensor, filters: int, _: Arm, name: str) -> Tensor:
    x = MOBILE.depthwise(x, 3, f"{name}_depthwise")
    return MOBILE.layer(x, filters, 1, f"{name}_pointwise")


def _inverted(x: Tensor, filters: int, _: Arm, name: str) -> Tensor:
    return inverted_residual(x, 1, name, filters, MOBILE, expansion=EXPANSION)


def _fractal(x: Tensor, filters: int, row: Arm, name: str, *, drop: float = 0.0) -> Tensor:
    """Three columns of one, two and four layers, whose means go on where they meet."""
    columns = _columns(x, filters, row, name, 3, drop)
    return _averaged(columns, f"{name}_join", drop)


def _columns(x: Tensor, filters: int, row: Arm, name: str, width: int, drop: float) -> list[Tensor]:
    beside = row.layer(x, filters, 3, f"{name}_{width}")
    if width == 1:
        return [beside]
    half = _columns(x, filters, row, f"{name}a", width - 1, drop)
    between = _averaged(half, f"{name}a_join{width}", drop)
    return [beside, *_columns(between, filters, row, f"{name}b", width - 1, drop)]


def _averaged(columns: list[Tensor], name: str, drop: float) -> Tensor:
    if len(columns) == 1:
        return columns[0]
    if not drop:
        return layers.Average(name=name)(columns)
    everything = ActiveColumns(3, global_share=0.0, name=f"{name}_columns")(columns[0])
    return Join(drop=drop, name=name)([*columns, everything])


_LENGTHENED = partial(_layers, kernels=(3, 3, 3))
_SEVEN = partial(_layers, kernels=(7,))
_CARDINALITY = partial(_bottleneck, width=2, groups=8)
_DROP_PATH = partial(_fractal, drop=0.15)

ALEXNET = "Krizhevsky et al. 2012"
VGG = "Simonyan and Zisserman 2015"
RESNET = "He et al. 2016"
ORDERS = "He et al. 2016, identity mappings"

ARMS: dict[str, Arm] = {
    "plain": Arm(_layers, (28, 56, 112), 1, "two 3×3 convolutions a stage", VGG),
    "average_pooling": Arm(
        *(_layers, (28, 56, 112), 1, "averages halve the maps, not maxima", "LeCun et al. 1998"),
        pooling="average",
    ),
    "dense_head": Arm(
        *(_layers, (28, 56, 112), 1, "the maps go into dense layers, not averages", ALEXNET),
        head="dense",
    ),
    "unnormalised": Arm(
        *(_layers, (28, 56, 112), 1, "no batch normalisation", "Ioffe and Szegedy 2015"),
        normalised=False,
    ),
    "tanh": Arm(
        *(_layers, (28, 56, 112), 1, "tanh for ReLU, nothing normalised", ALEXNET),
        normalised=False,
        activation="tanh",
    ),
    "kernels_3x3": Arm(_LENGTHENED, (22, 46, 92), 1, "three 3×3 convolutions a stage", VGG),
    "kernels_7x7": Arm(_SEVEN, (20, 40, 76), 1, "one 7×7 convolution a stage", VGG),
    "plain20": Arm(_layers, (16, 32, 64), 3, "20 layers, no shortcuts", RESNET),
    "residual20": Arm(_residual, (16, 32, 64), 3, "20 layers, shortcuts", RESNET),
    "order_normalised_sum": Arm(
        _normalised_sum, (16, 32, 64), 3, "the sum is normalised", f"{ORDERS}, figure 4b"
    ),
    "order_activated_branch": Arm(
        *(_activated_branch, (16, 32, 64), 3, "the branch is activated", f"{ORDERS}, figure 4c"),
        opened=True,
    ),
    "order_relu_first": Arm(
        *(_activation_first, (16, 32, 64), 3, "ReLU before the convolutions"),
        f"{ORDERS}, figure 4d",
        opened=True,
    ),
    "preactivation": Arm(
        *(_preactivation, (16, 32, 64), 3, "normalisation and ReLU before the convolutions"),
        f"{ORDERS}, figure 4e",
        opened=True,
    ),
    "wide": Arm(
        *(_preactivation, (28, 56, 112), 1, "one wide residual unit a stage"),
        "Zagoruyko and Komodakis 2016",
        opened=True,
    ),
    "deep": Arm(
        *(_preactivation, (12, 22, 42), 6, "six thin residual units a stage"),
        "Zagoruyko and Komodakis 2016",
        opened=True,
    ),
    "stochastic_depth": Arm(
        *(_stochastic_depth, (12, 22, 42), 6, "branches are dropped in training"),
        "Huang et al. 2016",
        opened=True,
    ),
    "dense": Arm(
        *(_dense_unit, (8, 10, 16), 6, "a layer reads all maps before it"),
        "Huang et al. 2017",
        stem=16,
        opened=True,
    ),
    "chain": Arm(
        *(_chain, (16, 32, 64), 6, "as many layers, each reads the last one"),
        "a control of this course",
        opened=True,
    ),
    "fractal": Arm(
        _fractal, (16, 32, 56), 1, "columns of 1, 2 and 4 layers", "Larsson et al. 2017"
    ),
    "drop_path": Arm(
        *(_DROP_PATH, (16, 32, 56), 1, "columns are dropped in training", "Larsson et al. 2017"),
    ),
    "squeeze_excitation": Arm(
        _squeeze_excitation,
        (16, 32, 64),
        3,
        "maps are weighted by their averages",
        "Hu et al. 2018",
    ),
    "inception_naive": Arm(
        _naive_inception, (24, 40, 72), 2, "1×1, 3×3, 5×5 side by side", "Szegedy et al. 2015"
    ),
    "inception": Arm(
        _inception, (48, 96, 192), 2, "the same, with bottlenecks", "Szegedy et al. 2015"
    ),
    "fire": Arm(_fire, (72, 136, 256), 3, "squeezed, then expanded", "Iandola et al. 2016"),
    "separable": Arm(
        *(_separable, (64, 128, 232), 3, "depthwise, then pointwise", "Howard et al. 2017"),
    ),
    "bottleneck": Arm(_bottleneck, (60, 120, 240), 3, "1×1, 3×3, 1×1", RESNET),
    "cardinality": Arm(
        _CARDINALITY, (48, 112, 240), 3, "the 3×3 in eight groups", "Xie et al. 2017"
    ),
    "inverted": Arm(
        *(_inverted, (24, 48, 88), 3, "wide in the middle, depthwise", "Sandler et al. 2018"),
        opened=True,
    ),
    "plain56": Arm(_layers, (16, 32, 64), 9, "56 layers, no shortcuts", RESNET),
    "residual56": Arm(_residual, (16, 32, 64), 9, "56 layers, shortcuts", RESNET),
}
# Those that cost the same; in the others depth is what differs.
EQUAL = tuple(arm for arm in ARMS if not arm.endswith("56"))


class Pair(NamedTuple):
    """Two arms, and the idea that the first one has and the second lacks.

    >>> PAIRS[3]
    Pair(new='unnormalised', old='tanh', idea='ReLU, not tanh')
    """

    new: str
    old: str
    idea: str


# The questions of the league. All are asked, whatever comes out: their number is that of the
# comparisons, for which intervals are widened.
PAIRS = (
    Pair("plain", "average_pooling", "max pooling, not average pooling, halves the maps"),
    Pair("plain", "dense_head", "global average pooling, not a hidden dense layer"),
    Pair("plain", "unnormalised", "batch normalisation"),
    Pair("unnormalised", "tanh", "ReLU, not tanh"),
    Pair("residual20", "plain20", "shortcuts, in 20 layers"),
    Pair("preactivation", "residual20", "pre-activation: normalisation and ReLU first"),
    Pair("kernels_3x3", "kernels_7x7", "three 3×3 convolutions, not one of 7×7"),
    Pair("wide", "deep", "one wide residual unit a stage, not six thin ones"),
    Pair("dense", "chain", "dense connections: a layer reads all before it"),
    Pair("stochastic_depth", "deep", "stochastic depth: branches dropped in training"),
    Pair("squeeze_excitation", "residual20", "squeeze-and-excitation: maps weighted by averages"),
    Pair("order_normalised_sum", "residual20", "normalisation after the sum, not before it"),
    Pair("order_activated_branch", "residual20", "ReLU on the branch, not on the sum"),
    Pair("order_relu_first", "residual20", "ReLU before each convolution, normalisation after it"),
    Pair("fractal", "plain20", "fractal columns of 1, 2 and 4 layers, not one of 6"),
    Pair("drop_path", "fractal", "drop-path: columns dropped in training"),
    Pair("inception", "inception_naive", "Inception modules with bottlenecks, not without"),
    Pair("inception", "plain", "Inception modules, not two 3×3 convolutions"),
    Pair("fire", "plain", "Fire modules, not two 3×3 convolutions"),
    Pair("separable", "plain", "depthwise separable convolutions, not full ones"),
    Pair("inverted", "separable", "inverted residuals, not separable convolutions alone"),
    Pair("bottleneck", "residual20", "residual bottlenecks, not two 3×3 convolutions"),
    Pair("cardinality", "bottleneck", "cardinality: the 3×3 in eight groups"),
    Pair("residual56", "plain56", "shortcuts, in 56 layers"),
    Pair("plain56", "plain20", "56 layers, not 20, without shortcuts (costs more)"),
    Pair("residual56", "residual20", "56 layers, not 20, with shortcuts (costs more)"),
)

NETWORKS = rows(
    "league",
    "The league of this course",
    CIFAR,
    10,
    # name     builder  place           parameters, trainable, MACs
    ("league", league, "its plain arm", 229_358, 228_518, 9_806_944),
)
