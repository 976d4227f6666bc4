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

    def build(self) -> keras.Model:
        """Make a model with one input: a chain with shortcuts, branches and models inside."""
        with without_weights():
            x = image = keras.Input((8,) * self.rank + (self.channels,))
            for step in self.steps:
                x = _step(x, step, self.rank)
            if self.has_head:
                x = layers.Dense(3, activation="softmax")(GLOBAL[self.rank - 1]()(x))
            return keras.Model(image, layers.Activation("linear")(x))


def plans() -> st.SearchStrategy[Plan]:
    """Plans of models of one to three dimensions."""
    steps = st.lists(st.sampled_from(STEPS), max_size=8).map(tuple)
    return st.builds(Plan, st.integers(1, 3), st.integers(1, 3), steps, st.booleans())


def _step(x: Any, step: str, rank: int) -> Any:
    at = rank - 1
    small = min(x.shape[1:-1]) < 2
    if step in ("strided", "pool", "unet") and (small or x.shape[1] % 2):
        step = "same"
    if step in ("upsample", "transposed") and x.shape[1] > 16:
        step = "pad"
    simple = {
        "same": lambda: CONV[at](4, 3, padding="same", activation="relu"),
        "strided": lambda: CONV[at](3, 3, strides=2, padding="same"),
        "pool": lambda: POOL[at](2),
        "upsample": lambda: UPSAMPLING[at](2),
        "transposed": lambda: TRANSPOSED[at](2, 2, strides=2),
        "pad": lambda: PADDING[at](1),
        "separable": lambda: SEPARABLE[at](4, 3, padding="same"),
        "depthwise": lambda: DEPTHWISE[at](kernel_size=3, padding="same"),
        "dense": lambda: layers.Dense(5),
        "relu": layers.ReLU,
        "linear": lambda: layers.Activation("linear"),
        "norm": layers.BatchNormalization,
        "dropout": lambda: layers.Dropout(0.2),
        "nested": lambda: keras.Sequential(
            [CONV[at](4, 3, padding="same"), layers.ReLU(), POOL[at](1)]
        ),
    }
    if step in simple:
        return simple[step]()(x)
    return _joined(x, step, at)


def _joined(x: Any, step: str, at: int) -> Any:
    channels = x.shape[-1]
    if step == "operation":
        return keras.ops.tanh(x) * 2
    if step == "residual":
        return layers.Add()([x, CONV[at](channels, 3, padding="same")(x)])
    if step == "branches":
        return layers.Concatenate()([CONV[at](2, 1)(x), CONV[at](3, 3, padding="same")(x)])
    if step == "squeeze":
        weights = layers.Dense(channels, "sigmoid")(GLOBAL[at](keepdims=True)(x))
        return layers.Multiply()([x, weights])
    below = UPSAMPLING[at](2)(CONV[at](3, 3, padding="same")(POOL[at](2)(x)))
    return layers.Concatenate()([below, x])
