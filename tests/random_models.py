"""Random Keras models of one, two and three dimensions, for laws that hold for all."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import strategies as st

from coursecnn.backend import keras, without_weights

layers = keras.layers

CONV = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
POOL = (layers.MaxPooling1D, layers.AveragePooling2D, layers.MaxPooling3D)
GLOBAL = (layers.GlobalMaxPooling1D, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling3D)
UPSAMPLING = (layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D)
PADDING = (layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D, layers.Conv3D)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D, partial(layers.Conv3D, 4))

STEPS = (
    *("same", "strided", "pool", "upsample", "transposed", "pad", "separable", "depthwise"),
    *("dense", "relu", "linear", "norm", "dropout", "operation"),
    *("residual", "branches", "squeeze", "nested", "unet"),
)


@dataclass(frozen=True)
class Plan:
    """What to build; a plan is drawn, and not a model, whose weights would be random, too."""

    rank: int
    channels: int
    steps: tuple[str, ...]
    has_head: bool
    first: bool = False  # whether the channels come first

    def build(self) -> keras.Model:
        """Make a model with one input: a chain with shortcuts, branches and models inside."""
        with without_weights():
            size, form = (8,) * self.rank, _Form(self.first)
            shape = (self.channels, *size) if self.first else (*size, self.channels)
            x = image = keras.Input(shape)
            for step in self.steps:
                x = _step(x, step, self.rank, form)
            if self.has_head:
                x = layers.Dense(3, activation="softmax")(form(GLOBAL[self.rank - 1])(x))
            return keras.Model(image, layers.Activation("linear")(x))


@dataclass(frozen=True)
class _Form:
    """Where the channels are."""

    first: bool

    @property
    def axis(self) -> int:
        return 1 if self.first else -1

    def __call__(self, kind: Any, *arguments: Any, **named: Any) -> Any:
        """Make a layer of this form."""
        form = {"data_format": "channels_first"} if self.first else {}
        return kind(*arguments, **named, **form)

    def sizes(self, x: Any) -> tuple[int, ...]:
        """The rows, columns and so on of maps."""
        return tuple(x.shape[2:] if self.first else x.shape[1:-1])


ONE_FORM = ("dense", "squeeze")  # of which the layers work along the last axis


def plans(*, twins: bool = False) -> st.SearchStrategy[Plan]:
    """Plans of models of one to three dimensions; with `twins`, of those that have both forms."""
    known = [step for step in STEPS if not twins or step not in ONE_FORM]
    # A layer that says where the channels are comes first where that is asked.
    begin = ("same",) if twins else ()
    steps = st.lists(st.sampled_from(known), max_size=8).map(lambda more: (*begin, *more))
    ranks = st.integers(2 if twins else 1, 3)
    return st.builds(Plan, ranks, st.integers(1, 3), steps, st.booleans())


def _step(x: Any, step: str, rank: int, form: _Form) -> Any:
    at = rank - 1
    sizes = form.sizes(x)
    if step in ("strided", "pool", "unet") and (min(sizes) < 2 or sizes[0] % 2):
        step = "same"
    if step in ("upsample", "transposed") and sizes[0] > 16:
        step = "pad"
    simple = {
        "same": lambda: form(CONV[at], 4, 3, padding="same", activation="relu"),
        "strided": lambda: form(CONV[at], 3, 3, strides=2, padding="same"),
        "pool": lambda: form(POOL[at], 2),
        "upsample": lambda: form(UPSAMPLING[at], 2),
        "transposed": lambda: form(TRANSPOSED[at], 2, 2, strides=2),
        "pad": lambda: form(PADDING[at], 1),
        "separable": lambda: form(SEPARABLE[at], 4, 3, padding="same"),
        "depthwise": lambda: form(DEPTHWISE[at], kernel_size=3, padding="same"),
        "dense": lambda: layers.Dense(5),
        "relu": layers.ReLU,
        "linear": lambda: layers.Activation("linear"),
        "norm": lambda: layers.BatchNormalization(axis=form.axis),
        "dropout": lambda: layers.Dropout(0.2),
        "nested": lambda: keras.Sequential(
            [form(CONV[at], 4, 3, padding="same"), layers.ReLU(), form(POOL[at], 1)]
        ),
    }
    if step in simple:
        return simple[step]()(x)
    return _joined(x, step, at, form)


def _joined(x: Any, step: str, at: int, form: _Form) -> Any:
    channels = x.shape[form.axis]
    if step == "operation":
        return keras.ops.tanh(x) * 2
    if step == "residual":
        return layers.Add()([x, form(CONV[at], channels, 3, padding="same")(x)])
    join = layers.Concatenate(axis=form.axis)
    if step == "branches":
        return join([form(CONV[at], 2, 1)(x), form(CONV[at], 3, 3, padding="same")(x)])
    if step == "squeeze":
        weights = layers.Dense(channels, "sigmoid")(GLOBAL[at](keepdims=True)(x))
        return layers.Multiply()([x, weights])
    below = form(CONV[at], 3, 3, padding="same")(form(POOL[at], 2)(x))
    return join([form(UPSAMPLING[at], 2)(below), x])
