"""The NumPy operations against Keras: values, and gradients by TensorFlow's tape."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.convolution import conv2d, conv2d_gradients, pool2d, pool2d_gradient, relu

KERAS_POOL = {"max": keras.ops.max_pool, "average": keras.ops.average_pool}

sizes = pytest.mark.parametrize("size", [1, 2, 3, (2, 3), (5, 4)])
strides = pytest.mark.parametrize("stride", [1, 2, 3, (1, 2)])
paddings = pytest.mark.parametrize("padding", ["valid", "same"])
modes = pytest.mark.parametrize("mode", ["max", "average"])


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def kernels_of(size: int | tuple[int, int], channels: int, filters: int) -> np.ndarray:
    height, width = size if isinstance(size, tuple) else (size, size)
    return noise(height, width, channels, filters, seed=1)


def run_taped(
    layer: Callable[..., Any], *arguments: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Run a layer; return its output, a random upstream gradient and those of the arguments."""
    import tensorflow as tf  # after coursecnn.backend, which starts it quietly

    tensors = [tf.constant(argument) for argument in arguments]
    with tf.GradientTape() as tape:
        for tensor in tensors:
            tape.watch(tensor)
        out = layer(*tensors)
    upstream = noise(*out.shape, seed=2)
    gradients = tape.gradient(out, tensors, output_gradients=tf.constant(upstream))
    return out.numpy(), upstream, [gradient.numpy() for gradient in gradients]


@sizes
@strides
@paddings
def test_a_convolution_and_its_gradients_are_those_of_keras(size, stride, padding):
    x, kernels, bias = noise(2, 8, 9, 3), kernels_of(size, 3, 4), noise(4, seed=3)
    layer = partial(keras.ops.conv, strides=stride, padding=padding)
    expected, upstream, gradients = run_taped(
        lambda x, kernels, bias: layer(x, kernels) + bias, x, kernels, bias
    )
    out = conv2d(x, kernels, bias, stride, padding, rounding="floor")
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-9)
    actual = conv2d_gradients(x, kernels, upstream, stride, padding, rounding="floor")
    for ours, theirs in zip(actual, gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@sizes
@strides
@paddings
@modes
def test_a_pooling_and_its_gradient_are_those_of_keras(size, stride, padding, mode):
    x = noise(2, 8, 9, 3)
    layer = partial(KERAS_POOL[mode], pool_size=size, strides=stride, padding=padding)
    expected, upstream, (gradient,) = run_taped(layer, x)
    out = pool2d(x, size, stride, padding, mode, rounding="floor")
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-9)
    actual = pool2d_gradient(x, upstream, size, stride, padding, mode, rounding="floor")
    np.testing.assert_allclose(actual, gradient, rtol=1e-9, atol=1e-9)


def test_of_equal_maxima_keras_too_chooses_the_first():
    x = np.zeros((1, 4, 4, 1))
    _, upstream, (gradient,) = run_taped(partial(keras.ops.max_pool, pool_size=2), x)
    np.testing.assert_array_equal(pool2d_gradient(x, upstream, size=2), gradient)


def test_a_small_network_of_keras_layers_is_rebuilt_from_its_weights():
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(4, 3, activation="relu", bias_initializer="random_normal"),
            layers.MaxPooling2D(2),
            layers.Conv2D(5, 3, padding="same", bias_initializer="random_normal"),
            layers.AveragePooling2D(3, strides=2, padding="same"),
        ]
    )
    x = noise(2, 12, 12, 3).astype(np.float32)
    kernels, bias, deeper_kernels, deeper_bias = model.get_weights()
    out = pool2d(relu(conv2d(x, kernels, bias)), size=2)
    out = conv2d(out, deeper_kernels, deeper_bias, padding="same")
    out = pool2d(out, size=3, stride=2, padding="same", mode="average")
    np.testing.assert_allclose(out, model(x).numpy(), rtol=1e-4, atol=1e-5)
