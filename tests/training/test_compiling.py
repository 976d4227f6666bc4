"""A recipe's network, ready to train: schedule, loss, whitening, precision."""

import math
from dataclasses import replace

import numpy as np
import pytest

from coursecnn import backend, training
from coursecnn.backend import keras
from coursecnn.training.compiling import compiled
from coursecnn.training.whitening import whitening
from tests.small_runs import RICH, TINY, build_tiny, tiny_dataset


def rates(recipe, steps):
    rate = training.learning_rate(recipe, images=30)  # four steps of eight make an epoch
    return [rate(step) for step in range(steps)]


def test_a_linear_schedule_falls_from_the_learning_rate_to_nothing():
    falling = replace(TINY, schedule="linear", learning_rate=0.12)

    np.testing.assert_allclose(rates(falling, 13), np.linspace(0.12, 0, 13), atol=1e-8)


def test_one_cycle_climbs_for_a_quarter_and_falls_along_a_cosine():
    recipe = replace(TINY, epochs=4, schedule="one_cycle", learning_rate=0.8)

    expected = [0.2 * step for step in range(4)]
    expected += [0.4 * (1 + math.cos(math.pi * step / 12)) for step in range(13)]
    np.testing.assert_allclose(rates(recipe, 17), expected, atol=1e-6)


def test_a_constant_learning_rate_is_constant():
    assert rates(replace(TINY, learning_rate=0.3), 5) == [0.3] * 5


def test_the_optimizer_gets_its_options():
    optimizer = compiled(RICH, tiny_dataset(), build_tiny).optimizer

    assert (optimizer.momentum, optimizer.nesterov, optimizer.weight_decay) == (0.9, True, 5e-4)


def test_smoothed_labels_give_a_share_to_each_class():
    model = compiled(RICH, tiny_dataset(), build_tiny)
    labels = np.array([[0], [1]])
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7]], dtype="float32")

    loss = float(model.loss(labels, probabilities))

    # A fifth of each label is spread over both classes: 0.9 stays, 0.1 goes to the other one.
    each = -0.9 * np.log([0.9, 0.7]) - 0.1 * np.log([0.1, 0.3])
    assert loss == pytest.approx(each.mean(), rel=1e-6)


def test_whitening_is_set_before_the_first_step():
    def build():
        return keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                keras.layers.Conv2D(8, 2, trainable=False, name="whitening"),
                keras.layers.Flatten(),
                keras.layers.Dense(2, activation="softmax"),
            ]
        )

    data = tiny_dataset()
    model = compiled(replace(TINY, whiten=True), data, build)

    for got, expected in zip(
        model.layers[-1].get_layer("whitening").get_weights(),
        whitening(data.x_train, 2),
        strict=True,
    ):
        np.testing.assert_array_equal(got, expected)
    with pytest.raises(ValueError, match="network must have a layer called 'whitening'"):
        compiled(replace(TINY, whiten=True), data, build_tiny)


def test_bfloat16_is_for_the_network_alone(monkeypatch):
    monkeypatch.setattr(backend, "has_bfloat16", lambda: True)
    model = compiled(replace(TINY, precision="mixed_bfloat16"), tiny_dataset(), build_tiny)

    assert {layer.compute_dtype for layer in model.layers[-1].layers} == {"bfloat16"}
    assert {str(weight.dtype) for weight in model.trainable_variables} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"  # as before
