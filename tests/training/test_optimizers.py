"""Gradient descent in which biases take larger steps."""

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.training.optimizers import BiasedSGD, build

SETTINGS = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}


def trained(optimizer, steps=3):
    """A kernel and a bias after some steps, each along the next of a few gradients."""
    variables = [keras.Variable(np.ones((2, 3), "float32")), keras.Variable(np.ones(3, "float32"))]
    optimizer.build(variables)
    generator = np.random.default_rng(0)
    for _ in range(steps):
        gradients = [generator.normal(size=v.shape).astype("float32") for v in variables]
        optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients])
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def test_kernels_move_as_by_keras():
    ours, _ = trained(BiasedSGD(0.1, bias_factor=5.0, **SETTINGS))
    keras_kernel, _ = trained(keras.optimizers.SGD(0.1, **SETTINGS))
    np.testing.assert_array_equal(ours, keras_kernel)


def test_biases_move_as_by_keras_at_a_larger_rate():
    settings = SETTINGS | {"weight_decay": None}
    _, ours = trained(BiasedSGD(0.1, bias_factor=5.0, **settings))
    _, keras_bias = trained(keras.optimizers.SGD(0.5, **settings))
    np.testing.assert_allclose(ours, keras_bias, rtol=1e-6)


def test_weight_decay_is_the_same_for_biases():
    """Along gradients of nothing only the decay moves."""
    bias = keras.Variable(np.ones(2, "float32"))
    optimizer = BiasedSGD(0.1, bias_factor=64.0, weight_decay=0.5)
    optimizer.build([bias])
    optimizer.apply([keras.ops.zeros(2)])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(bias), 1 - 0.1 * 0.5, rtol=1e-6)


def test_a_schedule_gives_the_rate_of_each_step():
    halving = keras.optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)
    bias = keras.Variable(np.zeros(1, "float32"))
    optimizer = BiasedSGD(halving, bias_factor=2.0)
    optimizer.build([bias])
    for _ in range(2):
        optimizer.apply([keras.ops.ones(1)])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(bias), -2 * (1 + 0.5))


def test_it_is_found_by_its_name_and_saved_with_its_factor():
    optimizer = build("coursecnn>BiasedSGD", {"bias_factor": 3.0})
    assert isinstance(optimizer, BiasedSGD)
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert copy.bias_factor == 3.0


def test_a_factor_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="bias_factor must be positive, got 0"):
        BiasedSGD(bias_factor=0)
