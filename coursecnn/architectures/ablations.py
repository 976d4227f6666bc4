"""Small networks in pairs, each for one question: what did this idea buy?

- `inception`: modules with and without bottlenecks (GoogLeNet, figure 2);
- `degradation`: plain against residual, shallow against deep (ResNet, section 4.2);
- `order`: activation before the convolutions (identity mappings, section 4), against the
  residual side of `degradation`, which activates after the sum;
- `shape`: deep and thin against shallow and wide (Wide ResNet, section 3).

Each builder but `order` makes both sides, and nothing differs between them but what the question
is about.
Every one takes `input_shape`, (height, width, channels) of an image with sides of at least 8
pixels, and `classes`; it returns a model from (batch, height, width, channels) to
(batch, classes), a probability for each class; and it raises ValueError where an argument is not
one of these. `top=False` leaves the classifier away: the model then ends in the maps before they
are averaged or flattened. `classifier_activation=None` gives logits.

The networks are of this course. They are small, so that two processor cores train them often
enough to tell an effect from noise; the residual ones look at images of half the height and width.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal, TypeAlias

from coursecnn._checks import as_int, check_choice, check_count
from coursecnn.architectures import _caffe, blocks
from coursecnn.architectures._registry import rows
from coursecnn.architectures.googlenet import Inception, inception_module
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.architectures.resnet_cifar import STYLE, plain_unit, residual_unit
from coursecnn.backend import keras

__all__ = [
    "NETWORKS",
    "degradation",
    "inception",
    "order",
    "shape",
]

layers = keras.layers
Tensor: TypeAlias = keras.KerasTensor
Unit: TypeAlias = Callable[..., Tensor]  # of a tensor, a stride, a name, and `filters`

CIFAR: Shape = (32, 32, 3)
SMALLEST = 8

# A third of GoogLeNet's module 3a, after 32 channels.
MODULE = Inception(one=16, reduce3=8, three=24, reduce5=8, five=12, projection=8)
# Filters of the stages that halve the map: thin, and the width that multiplies as much with one
# unit in each as the thin ones with six.
THIN, WIDE = (8, 16, 32), (20, 40, 80)


def inception(
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    bottleneck: bool = True,
    modules: int = 1,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build `modules` Inception modules on either side of a pooling, naive or with bottlenecks."""
    check_choice("bottleneck", bottleneck, (True, False))
    check_count("modules", modules)
    inputs = image_input(input_shape, classes, SMALLEST)
    x = _stem(inputs, 32)
    module = inception_module if bottleneck else _naive_module
    for stage in (2, 3):
        for number in range(1, modules + 1):
            x = module(x, MODULE, f"inception{stage}_{number}")
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    head = partial(_averaged, classes=classes)
    name = "ablation_inception"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def degradation(
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    depth: int = 20,
    shortcuts: bool = True,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the 6n + 2 layers of the paper's CIFAR-10 networks, half as wide, plain or residual."""
    check_choice("shortcuts", shortcuts, (True, False))
    unit = partial(residual_unit, option="A") if shortcuts else plain_unit
    inputs, x = _half_size(input_shape, classes)
    x = blocks.cifar_stem(x, THIN[0], STYLE)
    x = _stages(x, _units(depth), THIN, unit)
    name, head = "ablation_degradation", partial(blocks.classifier, classes=classes, style=STYLE)
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def order(
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    depth: int = 20,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the residual layers of `degradation`, activated before their convolutions."""
    inputs, x = _half_size(input_shape, classes)
    x = _preactivated(x, _units(depth), THIN)
    name, head = "ablation_order", partial(blocks.classifier, classes=classes, style=STYLE)
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def shape(
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    form: Literal["deep", "wide"] = "wide",
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build six thin residual units in each stage, or one wide unit that multiplies as much."""
    check_choice("form", form, ("deep", "wide"))
    inputs, x = _half_size(input_shape, classes)
    units, widths = (6, THIN) if form == "deep" else (1, WIDE)
    x = _preactivated(x, units, widths)
    name, head = "ablation_shape", partial(blocks.classifier, classes=classes, style=STYLE)
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _stem(x: Tensor, filters: int) -> Tensor:
    convolution = layers.Conv2D(
        filters,
        3,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name="conv1",
    )
    return layers.MaxPooling2D(2, name="pool1")(convolution(x))


def _averaged(x: Tensor, classes: int, *, activation: str | None) -> Tensor:
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return layers.Dense(classes, activation, name="predictions")(x)


def _naive_module(x: Tensor, row: Inception, name: str) -> Tensor:
    """Figure 2a: every size reads all channels, and the pooling keeps them all."""
    branches = [
        _caffe.convolution(x, row.one, 1, f"{name}_1x1"),
        _caffe.convolution(x, row.three, 3, f"{name}_3x3", padding=1),
        _caffe.convolution(x, row.five, 5, f"{name}_5x5", padding=2),
        layers.MaxPooling2D(3, 1, "same", name=f"{name}_pool")(x),
    ]
    return layers.Concatenate(name=f"{name}_output")(branches)


def _half_size(input_shape: Shape, classes: int) -> tuple[Tensor, Tensor]:
    inputs = image_input(input_shape, classes, SMALLEST)
    return inputs, layers.AveragePooling2D(2, name="half_size")(inputs)


def _units(depth: int) -> int:
    """Residual units in each of three stages, n in 6n + 2 layers."""
    number = as_int(depth) or 0
    if number < 8 or (number - 2) % 6:
        raise ValueError(f"depth must be 6n + 2 layers, such as 20 or 56, got {depth!r}")
    return (number - 2) // 6


def _preactivated(x: Tensor, units: int, widths: tuple[int, ...]) -> Tensor:
    x = blocks.cifar_stem(x, widths[0], STYLE)
    x = _stages(x, units, widths, _preactivation_unit)
    return blocks.relu(blocks.normalisation(x, STYLE, "bn"), "relu")


def _stages(x: Tensor, units: int, widths: tuple[int, ...], unit: Unit) -> Tensor:
    for number, filters in enumerate(widths, start=2):
        stride = 1 if number == 2 else 2
        x = blocks.stage(x, units, stride, partial(unit, filters=filters), f"conv{number}")
    return x


def _preactivation_unit(x: Tensor, stride: int, name: str, filters: int) -> Tensor:
    branch = partial(_preactivation_branch, filters=filters)
    activated = name == blocks.FIRST_UNIT
    return blocks.preactivation_unit(
        x, filters, branch, STYLE, name, stride=stride, activated=activated
    )


def _preactivation_branch(x: Tensor, stride: int, name: str, filters: int) -> Tensor:
    x = blocks.convolution(x, filters, 3, STYLE, f"{name}_conv1", stride=stride)
    x = blocks.relu(blocks.normalisation(x, STYLE, f"{name}_bn2"), f"{name}_relu2")
    return blocks.convolution(x, filters, 3, STYLE, f"{name}_conv2")


NETWORKS = rows(
    "ablations",
    "An ablation of this course",
    CIFAR,
    10,
    # name                     builder      after                       parameters, trainable, MACs
    ("ablation_inception", inception, "GoogLeNet, figure 2", 13_594, 13_594, 2_687_576),
    ("ablation_degradation", degradation, "ResNet, section 4.2", 68_738, 68_050, 2_562_368),
    ("ablation_order", order, "identity mappings, section 4", 69_378, 68_690, 2_578_752),
    ("ablation_shape", shape, "Wide ResNet, section 3", 121_750, 121_150, 4_849_440),
)
