"""What the networks released for Caffe share."""

import numpy as np
import pytest

from coursecnn.architectures._caffe import XAVIER, convolution, gaussian, max_pooling
from coursecnn.backend import keras


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "padding", "out"),
    [(8, 3, 1, 1, 8), (8, 7, 2, 3, 4), (8, 1, 1, 1, 10), (9, 3, 2, 0, 4)],
)
def test_padding_is_the_same_on_all_sides(side, kernel, stride, padding, out):
    """Ones convolved with ones count the pixels in each window, and so locate the zeros."""
    image = keras.Input((side, side, 1))
    maps = convolution(image, 1, kernel, "conv", stride=stride, padding=padding, weights="ones")
    counts = keras.ops.convert_to_numpy(keras.Model(image, maps)(np.ones((1, side, side, 1))))

    starts = np.arange(out) * stride - padding
    inside = np.minimum(starts + kernel, side) - np.maximum(starts, 0)
    np.testing.assert_allclose(counts[0, :, :, 0], np.outer(inside, inside))


def test_a_convolution_is_rectified_and_begins_with_its_bias():
    image = keras.Input((3, 3, 1))
    maps = keras.Model(image, convolution(image, 2, 3, "conv", weights="zeros", bias=0.2))
    np.testing.assert_allclose(maps(np.ones((1, 3, 3, 1))), np.full((1, 1, 1, 2), 0.2))
    maps.get_layer("conv").set_weights([np.ones((3, 3, 1, 2)), np.array([-10.0, -8.0])])
    np.testing.assert_allclose(maps(np.ones((1, 3, 3, 1))), [[[[0, 1]]]])


@pytest.mark.parametrize("sides", [(8, 8), (9, 8), (7, 10)])
def test_a_window_that_hangs_over_keeps_the_maximum_of_what_it_holds(sides):
    maps = np.random.default_rng(0).random((2, *sides, 3), dtype="float32")
    image = keras.Input((*sides, 3))
    found = keras.ops.convert_to_numpy(keras.Model(image, max_pooling(image, "pool"))(maps))

    rows, columns = (-(-(side - 3) // 2) + 1 for side in sides)
    assert found.shape == (2, rows, columns, 3)
    for i, j in np.ndindex(rows, columns):
        window = maps[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        np.testing.assert_array_equal(found[:, i, j], window.max(axis=(1, 2)))


def test_fillers_draw_what_caffe_draws():
    keras.utils.set_random_seed(0)
    xavier = keras.ops.convert_to_numpy(keras.initializers.get(XAVIER)((5, 5, 30, 40)))
    assert np.abs(xavier).max() <= np.float32(np.sqrt(3 / (5 * 5 * 30)))
    assert xavier.std() == pytest.approx(np.sqrt(1 / (5 * 5 * 30)), rel=0.02)
    normal = keras.ops.convert_to_numpy(gaussian(0.05)((5, 5, 30, 40)))
    assert normal.std() == pytest.approx(0.05, rel=0.02)
    assert np.abs(normal).max() > 0.15  # not cut off at two standard deviations
