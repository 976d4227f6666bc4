"""FractalNet: a few columns of different depth, joined again and again, and no shortcut.

- `fractalnet`: any number of columns; by name `fractalnet20`, the three columns of the paper's
  first table, whose deepest has 20 layers; and `fractalnet40`, four narrow columns with 40 layers
  from its table of ultra-deep networks, for the 100 classes of CIFAR-100;
- `column`: the plain network that one column of a fractal network is;
- `ActiveColumns`, `Join`: the layers of drop-path.

The expansion rule: a fractal of one column is a convolution, and a fractal of one column more is
a convolution beside two such fractals in a row. Where columns meet, the mean of those that are
present goes on.

Drop-path, in training only: half of the mini-batches see a network with a single column, drawn
anew (global); in the other half each join drops each of its inputs with probability 0.15, but
never all (local). The mean is over the inputs that stay, so nothing is rescaled at inference, when
the whole network is active.

Sources: Larsson, Maire, Shakhnarovich, "FractalNet: Ultra-Deep Neural Networks without
Residuals", ICLR 2017, sections 3 and 4 (arXiv:1605.07648), and the authors' release
https://github.com/gustavla/fractalnet: generation/fractalnet.py and generation/globals.crox for
the network, caffe/src/caffe/layers/fractal_join_layer.cpp for the join. What the paper leaves
open, or the two say differently:

- a subnetwork is drawn for a mini-batch, not for an image, as the paper says and the join of the
  release does. The release has local drops only, and on demand trains the single columns beside the
  network, with tied weights; here the paper's mixture is drawn, all columns equally likely;
- at the end of a block the authors' network pools each column, then joins, as the paper's text
  says; its figure 1 joins, then pools, as does `pool_first=False`;
- a unit is convolution, dropout, batch normalisation, ReLU, in this order;
- the convolution has a bias, and the normalisation neither scale nor shift. With `affine=True` it
  is the other way round, as in most other code. (The first block has no dropout between the two:
  there the normalisation takes the bias away again, and nothing is learnt by it.);
- "Xavier initialisation" is Caffe's: uniform with variance 1/n, n the incoming connections;
- the table of ultra-deep networks names columns, depth and parameters; the shares of dropout are
  taken over from the other networks.

The authors' release builds `fractalnet20`. The 38.6M parameters that Huang et al. (2017, table 2)
print for it follow neither from the paper's description nor from the release. Four columns of the
same width, `build("fractalnet40", blocks=BLOCKS, classes=10)`, have 76,128,714 parameters, and no
published result.

Deviation: the running averages of the normalisations move by 1 % at each step, Caffe's by 0.1 %
with a correction for the beginning that Keras does not have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from coursecnn._checks import check_count, check_share
from coursecnn.architectures import _caffe
from coursecnn.architectures._registry import rows
from coursecnn.architectures.layers import Shape, classified, completed, image_input
from coursecnn.backend import keras

__all__ = [
    "BLOCKS",
    "COLUMNS",
    "NARROW",
    "NETWORKS",
    "ActiveColumns",
    "Join",
    "column",
    "fractalnet",
]

layers, ops = keras.layers, keras.ops
Tensor: TypeAlias = keras.KerasTensor

# Section 4 of the paper; FILTERS and DROPOUTS of the release.
BLOCKS = (
    # filters, dropout
    (64, 0.0),
    (128, 0.1),
    (256, 0.2),
    (512, 0.3),
    (512, 0.4),
)
# The table of ultra-deep networks, of up to six columns and 160 layers.
NARROW = tuple(
    (filters, dropout) for filters, (_, dropout) in zip((16, 32, 64, 128, 128), BLOCKS, strict=True)
)
COLUMNS = {"fractalnet20": 3, "fractalnet40": 4}


@keras.saving.register_keras_serializable(package="coursecnn")
class ActiveColumns(keras.layers.Layer):
    """Draw which columns of the network a mini-batch may use: all, or a single one.

    The output has shape (1, columns): ones, or a single one among zeros. At inference it is ones.
    The input, the images, only ties the layer to the network.

    Args:
        columns: Columns of the network.
        global_share: Share of the mini-batches that use a single column.
        seed: Of the draws; None for a fresh one.
        **kwargs: Of every Keras layer, such as `name`.

    Raises:
        ValueError: The share is not between 0 and 1.

    >>> tuple(ActiveColumns(3)(keras.ops.ones((1, 32, 32, 3))).shape)
    (1, 3)
    """

    def __init__(
        self, columns: int, *, global_share: float = 0.5, seed: int | None = None, **kwargs: Any
    ) -> None:
        """Keep the chances, and start the draws."""
        super().__init__(**kwargs)
        check_share("global_share", global_share)
        self.columns, self.global_share, self.seed = columns, global_share, seed
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, images: Any, *, training: bool = False) -> Any:  # noqa: ARG002 - see the class
        """Draw the columns of this mini-batch."""
        everything = ops.ones((1, self.columns))
        if not training:
            return everything
        chosen = keras.random.randint((1,), 0, self.columns, seed=self.draws)
        single = keras.random.uniform((1, 1), seed=self.draws) < self.global_share
        return ops.where(single, ops.one_hot(chosen, self.columns), everything)

    def get_config(self) -> dict[str, Any]:
        """Describe the layer, for saving."""
        own = {name: getattr(self, name) for name in ("columns", "global_share", "seed")}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="coursecnn")
class Join(keras.layers.Layer):
    """The mean of several maps, or, in training, of those that drop-path keeps.

    Called with a list: maps of equal shape, those of the network's deepest columns, the shallowest
    first; and at its end the output of `ActiveColumns`. The result has the shape of a map.

    Where a single column is active, the join keeps that column's map. A join that this column
    does not pass keeps all: a later join drops its result anyway, and what lies between gets maps
    to normalise that are not all zero.

    Args:
        drop: Chance of each map to be dropped where all columns are active. If the draw would
            drop all, one stays, each with the same chance.
        seed: Of the draws; None for a fresh one.
        **kwargs: Of every Keras layer, such as `name`.

    Raises:
        ValueError: The chance is not between 0 and 1.

    >>> left, right = keras.ops.zeros((1, 2, 2, 1)), keras.ops.ones((1, 2, 2, 1))
    >>> float(Join()([left, right, keras.ops.ones((1, 2))])[0, 0, 0, 0])
    0.5
    """

    def __init__(self, *, drop: float = 0.15, seed: int | None = None, **kwargs: Any) -> None:
        """Keep the chance, and start the draws."""
        super().__init__(**kwargs)
        check_share("drop", drop)
        self.drop, self.seed = drop, seed
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, inputs: list[Any], *, training: bool = False) -> Any:
        """Average the maps that stay."""
        *maps, active = inputs
        if not training:
            return sum(maps) / len(maps)
        kept = ops.cast(self._kept(active[0], len(maps)), maps[0].dtype)
        return sum(kept[i] * value for i, value in enumerate(maps)) / ops.sum(kept)

    def _kept(self, active: Any, count: int) -> Any:
        """Give 1 for each map that stays, 0 for each that is dropped."""
        passing = active[-count:]
        alone = ops.where(ops.any(passing > 0), passing, ops.ones(count))
        return ops.where(ops.sum(active) < 2, alone, self._local(count))

    def _local(self, count: int) -> Any:
        stays = keras.random.uniform((count,), seed=self.draws) >= self.drop
        last = ops.one_hot(keras.random.randint((), 0, count, seed=self.draws), count)
        return ops.where(ops.any(stays), ops.cast(stays, last.dtype), last)

    def get_config(self) -> dict[str, Any]:
        """Describe the layer, for saving."""
        return {**super().get_config(), "drop": self.drop, "seed": self.seed}


_DROP_PATH = (ActiveColumns, Join)


def fractalnet(
    columns: int,
    input_shape: Shape = (32, 32, 3),
    classes: int = 10,
    *,
    blocks: Sequence[tuple[int, float]] = BLOCKS,
    local_drop: float = 0.15,
    global_share: float = 0.5,
    pool_first: bool = True,
    affine: bool = False,
    top: bool = True,
    classifier_activation: str | None = "softmax",
    name: str = "fractalnet",
) -> keras.Model:
    """Build a fractal network; its deepest column has 2^(columns - 1) layers in each block.

    Args:
        columns: Columns side by side.
        input_shape: (height, width, channels) of an image. Each block halves height and width,
            and rounds up, as Caffe does.
        classes: Number of outputs, a probability for each class.
        blocks: Filters and dropout of each block, such as `BLOCKS` or `NARROW`.
        local_drop: Chance of each input of a join to be dropped where all columns are active.
        global_share: Share of the mini-batches that use a single column.
        pool_first: Pool each column before the last join of a block, not its result.
        affine: The batch normalisations learn a scale and a shift, the convolutions no bias.
        top: Whether the classifier is there; without it the model ends in the output of the
            last block.
        classifier_activation: Of the outputs; None for logits.
        name: Of the model.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not what it must be.

    >>> fractalnet(2, blocks=[(4, 0.0), (8, 0.0)]).count_params()
    6750
    """
    check_count("columns", columns)
    check_share("local_drop", local_drop)
    image = image_input(input_shape, classes, smallest=1)
    active = ActiveColumns(columns, global_share=global_share, name="active_columns")(image)
    x = image
    for number, (filters, dropout) in enumerate(blocks, start=1):
        block = _Block(f"block{number}", columns, filters, dropout, local_drop, affine, active)
        x = block.pooled(x) if pool_first else block.joined(x)
    head = partial(_classifier, classes=classes)
    return classified(image, x, head, name=name, top=top, activation=classifier_activation)


def _classifier(x: Tensor, classes: int, *, activation: str | None) -> Tensor:
    x = layers.Flatten(name="flatten")(x)
    return layers.Dense(classes, activation, kernel_initializer=_caffe.XAVIER, name="predictions")(
        x
    )


def column(model: keras.Model, number: int) -> keras.Model:
    """Take one column out of a fractal network, as a plain network with the same weights.

    It shares its layers with `model`: what one learns, the other knows. The paper trains the deep
    column beside its siblings, and then uses it without them.

    Args:
        model: A network that `fractalnet` built.
        number: Of the column: 1 for the shallowest, with one layer in each block.

    Raises:
        ValueError: The network has no such column.

    >>> model = fractalnet(2, blocks=[(4, 0.0), (8, 0.0)])
    >>> len(column(model, 1).trainable_weights) < len(model.trainable_weights)
    True
    """
    mine = f"_column{number}_"
    plain = [layer for layer in model.layers if not isinstance(layer, _DROP_PATH)]
    if not any(mine in layer.name for layer in plain):
        raise ValueError(f"number must be that of a column of {model.name}, got {number!r}")
    image, *rest = plain
    x = inputs = keras.Input(model.input_shape[1:], name=image.name)
    for layer in rest:
        if mine in layer.name or "_column" not in layer.name:
            x = layer(x)
    return keras.Model(inputs, x, name=f"{model.name}_column{number}")


@dataclass(frozen=True)
class _Block:
    """One block: the same number of columns, filters and dropout throughout."""

    name: str
    columns: int
    filters: int
    dropout: float
    local_drop: float
    affine: bool
    active: Tensor

    def pooled(self, x: Tensor) -> Tensor:
        """Pool each column, then join them (the release)."""
        ends = [
            _pooled(end, f"{self.name}_column{number}_pool")
            for number, end in enumerate(self.fractal(x, self.columns), start=1)
        ]
        return self.join(ends, after=2 ** (self.columns - 1))

    def joined(self, x: Tensor) -> Tensor:
        """Join the columns, then pool (the paper's figure)."""
        x = self.join(self.fractal(x, self.columns), after=2 ** (self.columns - 1))
        return _pooled(x, f"{self.name}_pool")

    def fractal(self, x: Tensor, width: int, place: int = 0) -> list[Tensor]:
        """Expand the `place`-th fractal of `width` columns: their ends, the shallowest first."""
        beside = self.unit(x, f"{self.name}_column{self.columns - width + 1}_unit{place + 1}")
        if width == 1:
            return [beside]
        half = self.fractal(x, width - 1, 2 * place)
        between = self.join(half, after=(2 * place + 1) * 2 ** (width - 2))
        return [beside, *self.fractal(between, width - 1, 2 * place + 1)]

    def join(self, ends: list[Tensor], after: int) -> Tensor:
        """Average columns that meet after so many layers of the deepest one."""
        if len(ends) == 1:
            return ends[0]
        return Join(drop=self.local_drop, name=f"{self.name}_join{after}")([*ends, self.active])

    def unit(self, x: Tensor, name: str) -> Tensor:
        """Convolve, drop, normalise, activate."""
        x = layers.Conv2D(
            self.filters,
            3,
            padding="same",
            use_bias=not self.affine,
            kernel_initializer=_caffe.XAVIER,
            name=f"{name}_conv",
        )(x)
        if self.dropout:
            x = layers.Dropout(self.dropout, name=f"{name}_dropout")(x)
        x = layers.BatchNormalization(
            epsilon=1e-5, center=self.affine, scale=self.affine, name=f"{name}_bn"
        )(x)
        return layers.ReLU(name=f"{name}_relu")(x)


def _pooled(x: Tensor, name: str) -> Tensor:
    return layers.MaxPooling2D(2, name=name)(completed(x, 2, 2, name))


PAPER = "Larsson, Maire and Shakhnarovich, ICLR 2017 (arXiv:1605.07648)"
NETWORKS = (
    *rows(
        "fractalnet",
        f"{PAPER}, table 1",
        (32, 32, 3),
        10,
        (
            *("fractalnet20", partial(fractalnet, 3, name="fractalnet20"), "20 layers"),
            *(33_734_922, 33_714_314, 845_222_912),
        ),
    ),
    *rows(
        "fractalnet",
        f"{PAPER}, table of ultra-deep networks",
        (32, 32, 3),
        100,
        (
            "fractalnet40",
            partial(fractalnet, 4, classes=100, blocks=NARROW, name="fractalnet40"),
            "40 layers",
            *(4_784_340, 4_773_300, 128_594_432),
        ),
    ),
)
