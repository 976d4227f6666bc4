"""One network in many forms, whose explanation is known in closed form.

A convolution, the mean of each of its maps, a dense layer: Grad-CAM at the convolution is the class
activation map, whatever the network is made of and whatever follows the scores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from coursecnn.backend import keras

layers, ops = keras.layers, keras.ops
SHAPE = (7, 9, 2)
CLASSES = 3
IMAGE = np.random.default_rng(0).random(SHAPE)


def convolution() -> Any:
    return layers.Conv2D(4, 3, activation="relu", name="maps")


def mean() -> Any:
    return layers.GlobalAveragePooling2D()


def dense(activation: Any = None, units: int = CLASSES) -> Any:
    return layers.Dense(units, activation, name="scores")


def functional(head: Callable[[Any], Any] = lambda x: x, units: int = CLASSES) -> keras.Model:
    """The network, and something after its scores."""
    image = keras.Input(SHAPE, name="image")
    return keras.Model(image, head(dense(units=units)(mean()(convolution()(image)))))


def sequential() -> keras.Model:
    return keras.Sequential([keras.Input(SHAPE), convolution(), mean(), dense("softmax")])


def sequential_built() -> keras.Model:
    model = keras.Sequential([convolution(), mean(), dense("softmax")])
    model.build((None, *SHAPE))
    return model


def sequential_fitted() -> keras.Model:
    model = keras.Sequential([convolution(), mean(), dense("softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(IMAGE[None].astype("float32"), np.zeros(1), verbose=0)
    return model


def nested() -> keras.Model:
    """A base and a head, each a model."""
    image = keras.Input(SHAPE, name="image")
    base = keras.Sequential([keras.Input(SHAPE), convolution()], name="backbone")
    head = keras.Sequential([keras.Input((5, 7, 4)), mean(), dense("softmax")], name="head")
    return keras.Model(image, head(base(image)))


def nested_twice() -> keras.Model:
    inner = keras.Sequential([keras.Input(SHAPE), convolution()], name="inner")
    middle_image = keras.Input(SHAPE)
    middle = keras.Model(middle_image, mean()(inner(middle_image)), name="middle")
    image = keras.Input(SHAPE, name="image")
    return keras.Model(image, dense()(middle(image)))


def two_inputs() -> keras.Model:
    image, size = keras.Input(SHAPE, name="image"), keras.Input((2,), name="size")
    scores = dense()(mean()(convolution()(image)))
    more = layers.Dense(CLASSES, name="of_size")(size)
    return keras.Model([image, size], layers.Softmax()(scores + more))


def two_outputs() -> keras.Model:
    image = keras.Input(SHAPE, name="image")
    means = mean()(convolution()(image))
    other = layers.Dense(2, name="other")(means)
    return keras.Model(image, [other, dense("softmax")(means)])


def dictionary_of_outputs() -> keras.Model:
    image = keras.Input(SHAPE, name="image")
    means = mean()(convolution()(image))
    other = layers.Dense(2, name="other")(means)
    return keras.Model(image, {"first": other, "scores": dense("softmax")(means)})


@keras.saving.register_keras_serializable(package="tests")
class Halved(layers.Layer):
    """A layer of one's own without a config that says how it is made."""

    def __init__(self, factor: float, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return x * self.factor


class Head(layers.Layer):
    """A layer of one's own that holds layers, and ends in a softmax."""

    def __init__(self) -> None:
        super().__init__(name="head")
        self.mean, self.dense = mean(), dense()

    def call(self, maps: Any) -> Any:
        return ops.softmax(self.dense(self.mean(maps)))


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.maps, self.mean, self.scores = convolution(), mean(), dense()

    def call(self, image: Any) -> Any:
        return ops.softmax(self.scores(self.mean(self.maps(image))))


def subclassed() -> keras.Model:
    model = Subclassed()
    model(IMAGE[None].astype("float32"))
    return model


def own_head() -> keras.Model:
    image = keras.Input(SHAPE, name="image")
    return keras.Model(image, Head()(convolution()(image)))


def own_activation() -> keras.Model:
    """An activation that Keras cannot write into a config."""
    image = keras.Input(SHAPE, name="image")
    return keras.Model(image, dense(lambda x: ops.softmax(x))(mean()(convolution()(image))))


def scaled() -> keras.Model:
    """Operations on tensors, which change nothing in the end."""
    image = keras.Input(SHAPE, name="image")
    maps = convolution()(image / 2 * 2)
    return keras.Model(image, dense("softmax")(mean()(ops.minimum(maps, 99) * 2 / 2)))


def own_layer() -> keras.Model:
    image = keras.Input(SHAPE, name="image")
    maps = convolution()(Halved(0.5)(layers.Lambda(lambda x: 2 * x)(image)))
    return keras.Model(image, dense("softmax")(mean()(maps)))


# What may follow the scores: none of it changes what they are.
ENDINGS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda x: x,
    "Softmax": layers.Softmax(),
    "Activation": layers.Activation("softmax"),
    "ops.softmax": ops.softmax,
    "log_softmax": layers.Activation("log_softmax"),
    "ops.log_softmax": ops.log_softmax,
    "Lambda": layers.Lambda(lambda x: ops.softmax(x)),
    "softmax, cast": lambda x: layers.Activation("linear", dtype="float32")(ops.softmax(x)),
    "softmax, ops.cast": lambda x: ops.cast(ops.softmax(x), "float32"),
    "softmax, Identity": lambda x: layers.Identity()(layers.Softmax()(x)),
    "softmax, Reshape": lambda x: layers.Reshape((1, CLASSES))(layers.Softmax()(x)),
    "Reshape, softmax": lambda x: layers.Softmax()(layers.Reshape((1, CLASSES))(x)),
    "softmax, Dropout": lambda x: layers.Dropout(0.5)(layers.Softmax()(x)),
    "sigmoids": layers.Activation("sigmoid"),
    "ops.sigmoid": ops.sigmoid,
    "softmax in a model": lambda x: keras.Sequential([keras.Input((CLASSES,)), layers.Softmax()])(
        x
    ),
    "softmax in parts": lambda x: layers.Concatenate()(
        [ops.sigmoid(x[:, :1]), ops.sigmoid(x[:, 1:])]
    ),
}

# By name: how the model is made, how its layer is called, what it takes, further arguments.
FORMS: dict[str, tuple[Callable[[], keras.Model], str, Any, dict[str, Any]]] = {
    "functional": (functional, "maps", IMAGE, {}),
    "sequential": (sequential, "maps", IMAGE, {}),
    "sequential, built": (sequential_built, "maps", IMAGE, {}),
    "sequential, fitted": (sequential_fitted, "maps", IMAGE, {}),
    "nested, by path": (nested, "backbone/maps", IMAGE, {}),
    "nested, by name": (nested, "maps", IMAGE, {}),
    "nested, the whole base": (nested, "backbone", IMAGE, {}),
    "nested twice": (nested_twice, "middle/inner/maps", IMAGE, {}),
    "two inputs": (two_inputs, "maps", [IMAGE, np.ones(2)], {}),
    "two inputs by name": (two_inputs, "maps", {"size": np.ones(2), "image": IMAGE}, {}),
    "two outputs": (two_outputs, "maps", IMAGE, {"output": 1}),
    "two outputs by name": (two_outputs, "maps", IMAGE, {"output": "scores"}),
    "dictionary of outputs": (dictionary_of_outputs, "maps", IMAGE, {"output": "scores"}),
    "subclassed": (subclassed, "maps", IMAGE, {}),
    "own head": (own_head, "maps", IMAGE, {}),
    "own activation": (own_activation, "maps", IMAGE, {}),
    "operations": (scaled, "maps", IMAGE, {}),
    "own layers": (own_layer, "maps", IMAGE, {}),
}


def layer_called(model: keras.Model, name: str) -> Any:
    """A layer, wherever in a model it lies."""
    waiting = [model]
    while waiting:
        layer = waiting.pop()
        if layer.name == name:
            return layer
        waiting += getattr(layer, "layers", []) or getattr(layer, "_layers", [])
    raise LookupError(name)


def cam(model: keras.Model, target: int) -> np.ndarray:
    """The class activation map of Zhou et al. (2016), cut off at 0, as a mean over places."""
    maps = layer_called(model, "maps")(IMAGE[None].astype("float32"))
    kernel = keras.ops.convert_to_numpy(layer_called(model, "scores").kernel)[:, target]
    whole = keras.ops.convert_to_numpy(maps)[0] @ kernel
    return np.maximum(whole, 0) / whole.size
