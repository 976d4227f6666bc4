"""A wrong argument of the package is refused by its name, with its value, and never by Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from coursecnn import datasets, patterns, training
from coursecnn.backend import keras
from coursecnn.models import (
    attribution,
    conventions,
    costs,
    diagrams,
    memory,
    receptive,
    report,
    towers,
)
from coursecnn.models import stages as rooms
from coursecnn.training.recipe import Recipe

layers = keras.layers
IMAGE = np.ones((8, 8, 3))
SQUARES = np.arange(40 * 64, dtype=np.uint8).reshape(40, 8, 8)
SIDES = np.arange(40) % 2
OWN = Recipe("own", None, "mnist", epochs=1, validation_split=0)


def network(*more: Any, shape: Any = (8, 8, 3)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *more, layers.Flatten(), layers.Dense(2)])


def model() -> keras.Model:
    return network(layers.Conv2D(2, 3, name="conv"))


def own(**changes: Any) -> datasets.Dataset:
    parts = {"x_train": SQUARES, "y_train": SIDES, "x_eval": SQUARES, "y_eval": SIDES}
    return datasets.from_arrays("own", **{**parts, "classes": ["a", "b"], **changes})


def fit(recipe: Any = OWN, data: Any = None, **options: Any) -> Any:
    options = {"network": network(shape=(8, 8, 1)), **options}
    return training.fit(recipe, own() if data is None else data, progress=False, **options)


MODELS: dict[str, Callable[[Any], Any]] = {
    "totals": costs.totals,
    "layer_table": costs.layer_table,
    "memory": memory.memory,
    "compare": conventions.compare,
    "draw": diagrams.draw,
    "tower": towers.tower,
    "stages": rooms.stages,
    "receptive_field": receptive.receptive_field,
    "effective_field": lambda it: receptive.effective_field(it, "conv", IMAGE[None]),
    "grad_cam": lambda it: attribution.grad_cam(it, IMAGE, 0, "conv"),
    "occlusion_map": lambda it: attribution.occlusion_map(it, IMAGE, 0),
    "gradient": lambda it: attribution.gradient(it, IMAGE[None], np.ones((1, 2))),
    "activations": lambda it: attribution.activations(it, IMAGE, "conv"),
}


@pytest.mark.parametrize("given", ["vgg16", 3, None, [], layers.Dense(2)], ids=repr)
@pytest.mark.parametrize("ask", MODELS.values(), ids=MODELS)
def test_what_is_no_model_is_refused(ask, given):
    with pytest.raises(
        ValueError, match=rf"^model must be .*Keras.*, got a {type(given).__name__}"
    ):
        ask(given)


class Named(keras.Model):
    """Takes a dictionary of two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs["left"]) + self.dense(inputs["right"])


WRONG_SIZES = [(4,), [(4,), (4,)], {"left": (4,), "up": (4,)}, {"left": (4,), "right": (5,)}]


@pytest.mark.parametrize("shape", WRONG_SIZES, ids=repr)
def test_sizes_that_a_subclassed_model_cannot_be_called_with_are_refused(shape, recwarn):
    with pytest.raises(ValueError, match=r"input_shape must be what 'named.* can be called with"):
        costs.totals(Named(), input_shape=shape)
    assert not recwarn.list
    assert costs.totals(Named(), input_shape={"left": (4,), "right": (4,)}).macs == 16


class Looped(layers.Layer):
    """Nothing says what it multiplies."""

    def call(self, inputs: Any) -> Any:
        return keras.ops.map(lambda row: 2 * row, inputs)


class Told(Looped):
    """Says it in a way that nobody can ask."""

    def macs(self) -> int:
        return 3


RULES = [lambda _: 3, lambda *_, more: more, lambda *_: 1 // 0, None]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_raises_is_named(rule, monkeypatch):
    monkeypatch.setattr("coursecnn.models._products._REGISTERED", {Looped: rule} if rule else {})
    asked = keras.Sequential([keras.Input((3, 4)), Looped() if rule else Told()])
    with pytest.raises(
        TypeError, match=r"^the rule for the MACs of layer '\w+' must take .*raised"
    ):
        costs.totals(asked)


CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "one image for a batch": (
        lambda: receptive.effective_field(model(), "conv", IMAGE),
        r"images must have the shape \('batch', 8, 8, 3\), got \(8, 8, 3\)",
    ),
    "a batch of another size": (
        lambda: receptive.effective_field(model(), "conv", IMAGE[None, :7]),
        r"images must have the shape .*, got \(1, 7, 8, 3\)",
    ),
    "the name of an image": (
        lambda: attribution.grad_cam(model(), "cat.jpg", 0, "conv"),
        "image must hold numbers, got 'cat.jpg'",
    ),
    "an image that is not finite": (
        lambda: attribution.grad_cam(model(), np.nan * IMAGE, 0, "conv"),
        "image must hold finite numbers",
    ),
    "a colour of two channels": (
        lambda: attribution.occlusion_map(model(), IMAGE, 0, fill=[0, 1]),
        r"fill must be a number, or one for each of the 3 channels, got \[0, 1\]",
    ),
    "the name of a colour": (
        lambda: attribution.occlusion_map(model(), IMAGE, 0, fill="grey"),
        "fill must hold numbers, got 'grey'",
    ),
    "a word for a truth value": (
        lambda: memory.memory(model(), training="no"),
        "training must be True or False, got 'no'",
    ),
    "a number of classes": (lambda: own(classes=2), "classes must be a list of names, got 2"),
    "a word for a seed": (
        lambda: own().split_validation(8, seed="x"),
        "seed must be an int from 0 to 4294967295, got 'x'",
    ),
    "a pattern that is a number": (
        lambda: patterns.build(5, input_shape=(8, 8, 3), classes=2),
        "pattern must be a text such as 'INPUT -> CONV -> FC', got 5",
    ),
    "a pattern of too many layers": (
        lambda: patterns.build("INPUT -> [CONV*9999]*9999 -> FC", (8, 8, 3), 2),
        r"counts must make at most 10,000 layers, got 99,980,002 in",
    ),
    "the name of a recipe": (lambda: fit("lab"), "recipe must be a Recipe, .*, got str"),
    "arrays for a dataset": (
        lambda: fit(data=(SQUARES, SIDES)),
        "dataset must be a Dataset, .*, got tuple",
    ),
    "one callback": (
        lambda: fit(callbacks=keras.callbacks.Callback()),
        "callbacks must be a list of Keras's callbacks, got <",
    ),
    "the name of a callback": (
        lambda: fit(callbacks=["EarlyStopping"]),
        r"callbacks must be a list of Keras's callbacks, got \['EarlyStopping'\]",
    ),
    "a builder that wants an argument": (
        lambda: fit(network=lambda classes: network(classes)),
        "network must be a Keras model, or a function without arguments that builds one",
    ),
    "a text to evaluate": (
        lambda: training.evaluate(OWN, "vgg16", own()),
        "network must be a Keras model, .* got str",
    ),
    "views that the images are too small for": (
        lambda: training.evaluate(replace(OWN, tta_translate=8), network(shape=(8, 8, 1)), own()),
        "tta_translate must be smaller than the images' 8 pixels, got 8 in recipe own",
    ),
    **{
        f"{field} as large as the images": (
            lambda field=field: fit(replace(OWN, **{field: 8})),
            f"{field} must be smaller than the images' 8 pixels, got 8 in recipe own",
        )
        for field in ("translate", "cutout")
    },
    "first epochs that are no smaller": (
        lambda: fit(replace(OWN, progressive_epochs=1, progressive_size=8)),
        "progressive_size must be smaller than the images' 8 pixels",
    ),
    "a model that nobody has": (lambda: report.find("vgg17"), "model must be .*, got 'vgg17'"),
}


@pytest.mark.parametrize(("call", "message"), CALLS.values(), ids=CALLS)
def test_a_wrong_argument_is_named_with_its_value(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_a_subclassed_network_is_trained_as_any_other():
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.flatten, self.dense = layers.Flatten(), layers.Dense(2, activation="softmax")

        def call(self, images: Any) -> Any:
            return self.dense(self.flatten(images))

    assert set(fit(network=Own).run.metrics) == {"test_accuracy", "test_loss"}
    with pytest.raises(ValueError, match=r"a probability for each class, \(None, 3\), got"):
        fit(data=own(classes=["a", "b", "c"]), network=Own)
