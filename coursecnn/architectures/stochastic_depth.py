"""A residual network that drops whole units while it is trained.

- `stochastic_depth_110`: ResNet-110 for 32×32 images, with unit l of L alive with probability
  p_l = 1 - (l/L)(1 - p_L);
- `StochasticDepth`: the gate at the end of a branch;
- `survival`: that rule.

Source: G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Q. Weinberger, "Deep Networks with Stochastic Depth",
ECCV 2016, doi:10.1007/978-3-319-46493-0_39, arXiv:1603.09382, equations 2 (training), 4 (linear
decay) and 5 (test), p_L = 0.5; and the authors' release,
github.com/yueatsprograms/Stochastic_Depth, main.lua and ResidualDrop.lua. What the release settles:
one gate for a whole mini-batch; shortcuts that halve the map average 2×2 pixels and append
zeros, which section 4 of the paper says too; convolutions with biases, which are zero at first and
which the normalisations cancel (`conv_bias=False` leaves them out); kernels that start as in He et
al. (2015) with the fan-in; the scales and the last layer, biases too, left at the defaults of
Torch7, anywhere between 0 and 1, and within ±1/√n for n channels.

Deviation: a closed branch is computed and multiplied by zero, where the release skips it. Outputs
and gradients are the same; the moving averages of its normalisations follow the batch all the same,
and no time is saved.

>>> [float(survival(unit, 54)) for unit in (27, 54)]
[0.75, 0.5]
"""

from functools import partial
from typing import Any

from coursecnn._checks import check_share
from coursecnn.architectures import blocks
from coursecnn.architectures._registry import rows
from coursecnn.architectures.blocks import Style
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.architectures.resnet_cifar import CIFAR, STAGES, UNITS
from coursecnn.backend import keras

__all__ = ["NETWORKS", "StochasticDepth", "stochastic_depth_110", "survival"]


def stochastic_depth_110(
    input_shape: Shape = CIFAR,
    classes: int = 10,
    *,
    last_survival: float = 0.5,
    conv_bias: bool = True,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build it: 1,740,106 parameters, 1,732,010 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image; 4 divides height and width.
        classes: Number of outputs, a probability for each class.
        last_survival: p_L, the probability that the last unit is alive in a step of training; at
            1 nothing is ever dropped.
        conv_bias: Convolutions have biases, as in the release.
        top: Whether the classifier is there; without it the model ends in the maps of the last
            unit, before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    inputs = image_input(input_shape, classes, smallest=4)
    _check(input_shape, last_survival)
    style = Style(
        fan="fan_in", linear="torch", bias=conv_bias, gamma="uniform", linear_bias="torch"
    )
    units = UNITS[110]
    x = blocks.cifar_stem(inputs, 16, style)
    for number, (stage, filters, stride) in enumerate(STAGES):
        alive = {
            f"{stage}_unit{unit}": survival(number * units + unit, 3 * units, last_survival)
            for unit in range(1, units + 1)
        }
        unit = partial(_unit, filters=filters, style=style, alive=alive)
        x = blocks.stage(x, units, stride, unit, stage)
    head = partial(blocks.classifier, classes=classes, style=style)
    name = "stochastic_depth_110"
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


def _check(input_shape: Shape, last_survival: float) -> None:
    if any(size % 4 for size in input_shape[:2]):  # the averages would lose the last pixels
        raise ValueError(f"input_shape must have sides that 4 divides, got {input_shape!r}")
    check_share("last_survival", last_survival)


def survival(unit: int, units: int, last: float = 0.5) -> float:
    """Give the probability that a unit is alive: 1 - (l/L)(1 - p_L), equation 4.

    Args:
        unit: l, counted from 1 at the input.
        units: L.
        last: p_L, the probability of the last unit.
    """
    return 1 - unit / units * (1 - last)


@keras.saving.register_keras_serializable(package="coursecnn")
class StochasticDepth(keras.layers.Layer):
    """Gate a branch: open or closed for the whole batch in training, weighted at test.

    In training the output is the input with probability `survival`, and zero otherwise; else it
    is `survival` times the input. The shape stays, and there are no weights.

    Args:
        survival: Probability of being open, from 0 to 1.
        seed: Of the gate's draws; another one each time, if not told.
        **kwargs: Of every Keras layer, such as `name`.

    Raises:
        ValueError: The probability is none.

    >>> float(StochasticDepth(0.5)(keras.ops.ones((1, 1)))[0, 0])  # at test
    0.5
    """

    def __init__(self, survival: float, *, seed: int | None = None, **kwargs: Any) -> None:
        """Keep the probability, and start the generator of the draws."""
        super().__init__(**kwargs)
        check_share("survival", survival)
        self.survival = survival
        self.seed = seed
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, inputs: keras.KerasTensor, *, training: bool = False) -> keras.KerasTensor:
        """Open, close or weight the branch."""
        if not training:
            return inputs * self.survival
        is_open = keras.random.uniform((), seed=self.draws) < self.survival
        return inputs * keras.ops.cast(is_open, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments, for saving."""
        return {**super().get_config(), "survival": self.survival, "seed": self.seed}


def _unit(
    x: keras.KerasTensor,
    stride: int,
    name: str,
    filters: int,
    style: Style,
    alive: dict[str, float],
) -> keras.KerasTensor:
    branch = blocks.basic_branch(x, filters, style, name, stride=stride)
    branch = StochasticDepth(alive[name], name=f"{name}_gate")(branch)
    if stride > 1:
        x = keras.layers.AveragePooling2D(stride, name=f"{name}_shortcut_average")(x)
        x = blocks.PadChannels(filters, name=f"{name}_shortcut_pad")(x)
    return blocks.residual_unit(x, branch, name)


NETWORKS = rows(
    "stochastic_depth",
    "Huang et al., ECCV 2016 (arXiv:1603.09382)",
    CIFAR,
    10,
    *(
        (
            *("stochastic_depth_110", stochastic_depth_110, "table 1"),
            *(1_740_106, 1_732_010, 252_887_680),
        ),
    ),
)
