"""The NumPy operations: worked cases, laws, SciPy, and gradients from central differences."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.signal

from coursecnn.convolution import (
    conv2d,
    conv2d_gradients,
    conv2d_loops,
    convolve2d,
    correlate2d,
    im2col,
    pool2d,
    pool2d_gradient,
    relu,
    toeplitz_matrix,
)
from coursecnn.geometry import DoesNotFit

BINARY_IMAGE = [
    [1, 1, 1, 0, 0],
    [0, 1, 1, 1, 0],
    [0, 0, 1, 1, 1],
    [0, 0, 1, 1, 0],
    [0, 1, 1, 0, 0],
]
CROSS = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]

# Kernel size, stride, padding, rounding: on an image of 7 by 8 pixels.
LAYOUTS = [
    (3, 1, 0, "exact"),
    (3, 1, "valid", "exact"),
    (3, 1, "same", "exact"),
    (2, 1, "same", "exact"),
    (3, 2, "same", "exact"),
    (1, 3, "same", "exact"),
    ((3, 2), (2, 3), 0, "exact"),
    ((2, 5), 1, (1, 2), "exact"),
    ((1, 4), (3, 2), ("valid", "same"), "exact"),
    (3, 2, 1, "floor"),
    (3, 3, 0, "floor"),
    (3, 2, 0, "ceil"),
]
layouts = pytest.mark.parametrize(("size", "stride", "padding", "rounding"), LAYOUTS)
modes = pytest.mark.parametrize("mode", ["max", "average"])


def positions(rows: int, columns: int) -> np.ndarray:
    """An image whose pixel (i, j) is 10 i + j: each value names its place."""
    return np.add.outer(10.0 * np.arange(rows), np.arange(columns))


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def central_differences(
    function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, upstream: np.ndarray
) -> np.ndarray:
    """The gradient of sum(function(x) * upstream), one number of x at a time."""
    gradient, step = np.empty_like(x), 1e-5
    for place in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[place] = step
        change = function(x + nudge) - function(x - nudge)
        gradient[place] = np.sum(change * upstream) / (2 * step)
    return gradient


class TestWorkedCases:
    def test_the_cross_slides_over_the_binary_image_in_nine_steps(self):
        expected = [[4, 3, 4], [2, 4, 3], [2, 3, 4]]
        np.testing.assert_array_equal(correlate2d(BINARY_IMAGE, CROSS), expected)

    def test_three_channels_and_a_bias_make_one_number(self):
        """The colour example of the lecture: 308 - 498 + 164 + 1 = -25."""
        channels = [
            [[0, 0, 0], [0, 156, 155], [0, 153, 154]],
            [[0, 0, 0], [0, 167, 166], [0, 164, 165]],
            [[0, 0, 0], [0, 163, 162], [0, 160, 161]],
        ]
        kernel = [
            [[-1, -1, 1], [0, 1, -1], [0, 1, 1]],
            [[1, 0, 0], [1, -1, -1], [1, 0, -1]],
            [[0, 1, 1], [0, 1, 0], [1, -1, 1]],
        ]
        partial = [correlate2d(c, k).item() for c, k in zip(channels, kernel, strict=True)]
        x = np.moveaxis(np.array(channels), 0, -1)[None]
        kernels = np.moveaxis(np.array(kernel), 0, -1)[..., None]
        assert partial == [308, -498, 164]
        assert conv2d(x, kernels, bias=[1]).item() == -25

    def test_correlation_reads_the_kernel_forwards_and_convolution_backwards(self):
        image, kernel = positions(2, 3), [[1, 2], [3, 4]]
        forwards = [0 * 1 + 1 * 2 + 10 * 3 + 11 * 4, 1 * 1 + 2 * 2 + 11 * 3 + 12 * 4]
        backwards = [0 * 4 + 1 * 3 + 10 * 2 + 11 * 1, 1 * 4 + 2 * 3 + 11 * 2 + 12 * 1]
        np.testing.assert_array_equal(correlate2d(image, kernel), [forwards])
        np.testing.assert_array_equal(convolve2d(image, kernel), [backwards])

    def test_max_pooling_keeps_the_last_pixel_of_growing_windows(self):
        x = positions(4, 6)[None, :, :, None]
        expected = [[11, 13, 15], [31, 33, 35]]
        np.testing.assert_array_equal(pool2d(x, size=2)[0, :, :, 0], expected)

    def test_average_pooling_keeps_the_centre_of_growing_windows(self):
        x = positions(4, 6)[None, :, :, None]
        expected = [[5.5, 7.5, 9.5], [25.5, 27.5, 29.5]]
        np.testing.assert_array_equal(pool2d(x, size=2, mode="average")[0, :, :, 0], expected)

    def test_overlapping_windows_share_pixels(self):
        x = positions(3, 5)[None, :, :, None]
        np.testing.assert_array_equal(pool2d(x, size=3, stride=2).ravel(), [22, 24])

    def test_relu_keeps_the_positive_and_the_shape(self):
        np.testing.assert_array_equal(relu([[-1.5, 0.0], [2.5, -0.1]]), [[0, 0], [2.5, 0]])


class TestSciPyAgrees:
    @pytest.mark.parametrize("kernel_shape", [(1, 1), (2, 3), (3, 2), (5, 5), (6, 7)])
    def test_on_one_channel(self, kernel_shape):
        image, kernel = noise(6, 7), noise(*kernel_shape, seed=1)
        correlated = scipy.signal.correlate2d(image, kernel, mode="valid")
        convolved = scipy.signal.convolve2d(image, kernel, mode="valid")
        np.testing.assert_allclose(correlate2d(image, kernel), correlated, atol=1e-12)
        np.testing.assert_allclose(convolve2d(image, kernel), convolved, atol=1e-12)

    @pytest.mark.parametrize("convolution", [conv2d, conv2d_loops])
    def test_on_three_channels_with_padding(self, convolution):
        x, kernels = noise(2, 6, 7, 3), noise(3, 3, 3, 4, seed=1)
        expected = [
            sum(
                scipy.signal.correlate2d(image[..., c], kernels[..., c, f], "same")
                for c in (0, 1, 2)
            )
            for image, f in product(x, range(4))
        ]
        expected = np.reshape(expected, (2, 4, 6, 7)).transpose(0, 2, 3, 1)
        np.testing.assert_allclose(convolution(x, kernels, padding="same"), expected, atol=1e-12)


class TestLaws:
    @layouts
    def test_the_matrix_product_is_the_loops(self, size, stride, padding, rounding):
        h, w = size if isinstance(size, tuple) else (size, size)
        x, kernels, bias = noise(2, 7, 8, 3), noise(h, w, 3, 4, seed=1), noise(4, seed=2)
        arguments = (x, kernels, bias, stride, padding, rounding)
        np.testing.assert_allclose(conv2d(*arguments), conv2d_loops(*arguments), atol=1e-12)

    @layouts
    def test_the_windows_times_the_kernels_are_the_convolution(
        self, size, stride, padding, rounding
    ):
        h, w = size if isinstance(size, tuple) else (size, size)
        x, kernels = noise(2, 7, 8, 3), noise(h, w, 3, 4, seed=1)
        out = conv2d(x, kernels, None, stride, padding, rounding)
        columns = im2col(x, size, stride, padding, rounding)
        flat = columns @ kernels.reshape(-1, 4)
        np.testing.assert_allclose(flat.reshape(out.shape), out, atol=1e-12)

    @layouts
    def test_the_toeplitz_matrix_times_the_image_is_the_correlation(
        self, size, stride, padding, rounding
    ):
        h, w = size if isinstance(size, tuple) else (size, size)
        image, kernel = noise(7, 8), noise(h, w, seed=1)
        matrix = toeplitz_matrix(kernel, (7, 8), stride, padding, rounding)
        x, kernels = image[None, :, :, None], kernel[:, :, None, None]
        expected = conv2d_loops(x, kernels, None, stride, padding, rounding)
        np.testing.assert_allclose(matrix @ image.ravel(), expected.ravel(), atol=1e-12)

    @layouts
    def test_the_gradient_is_the_transposed_toeplitz_matrix(self, size, stride, padding, rounding):
        h, w = size if isinstance(size, tuple) else (size, size)
        x, kernels = noise(1, 7, 8, 1), noise(h, w, 1, 1, seed=1)
        upstream = noise(*conv2d(x, kernels, None, stride, padding, rounding).shape, seed=2)
        matrix = toeplitz_matrix(kernels[:, :, 0, 0], (7, 8), stride, padding, rounding)
        dx, _, _ = conv2d_gradients(x, kernels, upstream, stride, padding, rounding)
        np.testing.assert_allclose(matrix.T @ upstream.ravel(), dx.ravel(), atol=1e-12)

    def test_convolution_is_correlation_with_the_flipped_kernel(self):
        image, kernel = noise(6, 7), noise(3, 2, seed=1)
        np.testing.assert_array_equal(
            convolve2d(image, kernel), correlate2d(image, kernel[::-1, ::-1])
        )

    def test_convolution_is_associative_and_correlation_is_not(self):
        """What the flip is good for."""
        image, first, second = noise(7, 7), noise(3, 3, seed=1), noise(2, 2, seed=2)
        both = scipy.signal.convolve2d(first, second, mode="full")
        twice = convolve2d(convolve2d(image, first), second)
        np.testing.assert_allclose(twice, convolve2d(image, both), atol=1e-12)
        both = scipy.signal.correlate2d(first, second, mode="full")
        twice = correlate2d(correlate2d(image, first), second)
        assert not np.allclose(twice, correlate2d(image, both))

    def test_convolution_is_linear_in_the_image_and_in_the_kernels(self):
        x, y = noise(2, 5, 5, 3), noise(2, 5, 5, 3, seed=1)
        k, m = noise(3, 3, 3, 4, seed=2), noise(3, 3, 3, 4, seed=3)
        np.testing.assert_allclose(conv2d(2 * x - y, k), 2 * conv2d(x, k) - conv2d(y, k))
        np.testing.assert_allclose(conv2d(x, 2 * k - m), 2 * conv2d(x, k) - conv2d(x, m))

    @pytest.mark.parametrize(("down", "right"), [(1, 0), (0, 1), (2, 3)])
    def test_a_shifted_image_gives_a_shifted_map(self, down, right):
        """Translation equivariance; the object stays away from the edges."""
        x, kernels = np.zeros((1, 12, 12, 2)), noise(3, 3, 2, 4, seed=1)
        x[:, 3:6, 3:6] = noise(1, 3, 3, 2)
        shifted = np.roll(x, (down, right), axis=(1, 2))
        expected = np.roll(conv2d(x, kernels), (down, right), axis=(1, 2))
        np.testing.assert_allclose(conv2d(shifted, kernels), expected, atol=1e-12)

    def test_with_a_stride_only_shifts_by_the_stride_are_equivariant(self):
        x, kernels = np.zeros((1, 13, 13, 1)), noise(3, 3, 1, 1, seed=1)
        x[:, 4:7, 4:7] = noise(1, 3, 3, 1)
        out = conv2d(x, kernels, stride=2)
        by_one, by_two = (conv2d(np.roll(x, n, axis=1), kernels, stride=2) for n in (1, 2))
        np.testing.assert_allclose(by_two, np.roll(out, 1, axis=1), atol=1e-12)
        assert not any(np.allclose(by_one, np.roll(out, n, axis=1)) for n in (0, 1))

    def test_a_stride_keeps_every_second_position(self):
        x, kernels = noise(2, 7, 9, 3), noise(3, 3, 3, 4, seed=1)
        np.testing.assert_allclose(conv2d(x, kernels, stride=2), conv2d(x, kernels)[:, ::2, ::2])

    @modes
    def test_a_window_of_one_pixel_changes_nothing(self, mode):
        x = noise(2, 3, 4, 2)
        np.testing.assert_array_equal(pool2d(x, size=1, mode=mode), x)

    @modes
    def test_pooling_treats_each_channel_alone(self, mode):
        x = noise(2, 4, 4, 3)
        alone = [pool2d(x[..., [c]], size=2, mode=mode) for c in range(3)]
        np.testing.assert_allclose(pool2d(x, size=2, mode=mode), np.concatenate(alone, axis=-1))

    def test_average_pooling_is_convolution_with_equal_weights(self):
        x = noise(2, 6, 6, 1)
        expected = conv2d(x, np.full((2, 2, 1, 1), 1 / 4), stride=2)
        np.testing.assert_allclose(pool2d(x, size=2, mode="average"), expected)


class TestToeplitzMatrix:
    def test_every_block_and_the_blocks_themselves_are_constant_along_diagonals(self):
        blocks = toeplitz_matrix(noise(3, 2), (5, 6)).reshape(3, 5, 5, 6)
        np.testing.assert_array_equal(blocks[1:, :, 1:], blocks[:-1, :, :-1])
        np.testing.assert_array_equal(blocks[:, 1:, :, 1:], blocks[:, :-1, :, :-1])

    def test_each_row_holds_the_kernel_and_nothing_else(self):
        matrix = toeplitz_matrix(CROSS, (5, 5))
        assert matrix.shape == (9, 25)
        assert [sorted(row[row != 0]) for row in matrix] == [[1.0] * 5] * 9

    def test_padding_cuts_the_kernel_at_the_edges(self):
        matrix = toeplitz_matrix(np.ones((3, 3)), (3, 3), padding=1)
        np.testing.assert_array_equal(matrix.sum(axis=1), [4, 6, 4, 6, 9, 6, 4, 6, 4])

    def test_flipping_the_kernel_transposes_the_matrix_of_a_same_convolution(self):
        kernel = noise(3, 3)
        there = toeplitz_matrix(kernel, (4, 5), padding="same")
        back = toeplitz_matrix(kernel[::-1, ::-1], (4, 5), padding="same")
        np.testing.assert_array_equal(back, there.T)


class TestIm2col:
    def test_rows_run_over_images_then_rows_then_columns(self):
        x = 100 * np.arange(2)[:, None, None] + positions(3, 4)
        columns = im2col(x[..., None], kernel_size=2)
        np.testing.assert_array_equal(
            columns[:, 0], [0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112]
        )
        np.testing.assert_array_equal(columns[4], [11, 12, 21, 22])

    def test_a_window_is_flattened_like_a_kernel_with_the_channels_last(self):
        x = np.stack([positions(2, 2), 100 + positions(2, 2)], axis=-1)[None]
        np.testing.assert_array_equal(im2col(x, 2), [[0, 100, 1, 101, 10, 110, 11, 111]])

    def test_padding_shows_as_zeros(self):
        x = 1 + positions(2, 2)[None, :, :, None]
        columns = im2col(x, kernel_size=3, padding=1)
        np.testing.assert_array_equal(columns[0], [0, 0, 0, 0, 1, 2, 0, 11, 12])


class TestPoolingAtTheEdges:
    def test_padding_never_wins_a_maximum(self):
        x = np.full((1, 4, 4, 1), -5.0)
        assert np.all(pool2d(x, size=2, padding=1) == -5)

    @pytest.mark.parametrize("padding", ["same", 1, (2, 1)])
    def test_padding_does_not_count_in_a_mean(self, padding):
        x = np.full((1, 5, 5, 1), 3.0)
        pooled = pool2d(x, 3, stride=2, padding=padding, mode="average", rounding="floor")
        np.testing.assert_allclose(pooled, 3)

    def test_what_does_not_fit_is_refused_and_can_be_floored_or_covered(self):
        x = positions(5, 5)[None, :, :, None]
        with pytest.raises(DoesNotFit, match="1 pixel is left over"):
            pool2d(x, size=2)
        floored, covered = (pool2d(x, 2, rounding=r)[0, :, :, 0] for r in ("floor", "ceil"))
        np.testing.assert_array_equal(floored, [[11, 13], [31, 33]])
        np.testing.assert_array_equal(covered, [[11, 13, 14], [31, 33, 34], [41, 43, 44]])

    def test_not_a_number_is_not_hidden(self):
        x = np.array([[1.0, np.nan], [2.0, 3.0]])[None, :, :, None]
        assert np.isnan(pool2d(x, 2)).all()
        assert np.isnan(pool2d(x, 2, mode="average")).all()


class TestGradients:
    @layouts
    def test_of_a_convolution_are_the_central_differences(self, size, stride, padding, rounding):
        h, w = size if isinstance(size, tuple) else (size, size)
        x, kernels, bias = noise(2, 7, 8, 2), noise(h, w, 2, 3, seed=1), noise(3, seed=2)
        how = (stride, padding, rounding)
        upstream = noise(*conv2d(x, kernels, bias, *how).shape, seed=3)
        gradients = conv2d_gradients(x, kernels, upstream, *how)
        functions = (
            lambda x: conv2d(x, kernels, bias, *how),
            lambda kernels: conv2d(x, kernels, bias, *how),
            lambda bias: conv2d(x, kernels, bias, *how),
        )
        for gradient, function, at in zip(gradients, functions, (x, kernels, bias), strict=True):
            expected = central_differences(function, at, upstream)
            np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)

    @modes
    @layouts
    def test_of_a_pooling_is_the_central_differences(self, size, stride, padding, rounding, mode):
        x, how = noise(1, 7, 8, 2), (size, stride, padding, mode, rounding)
        upstream = noise(*pool2d(x, *how).shape, seed=1)
        expected = central_differences(lambda x: pool2d(x, *how), x, upstream)
        actual = pool2d_gradient(x, upstream, *how)
        np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-7)

    def test_of_equal_maxima_the_first_in_reading_order_receives_all(self):
        x = np.array([[1, 7], [7, 7]])[None, :, :, None]
        gradient = pool2d_gradient(x, [[[[4.0]]]], size=2)
        np.testing.assert_array_equal(gradient[0, :, :, 0], [[0, 4], [0, 0]])

    def test_a_pixel_that_wins_in_two_windows_receives_from_both(self):
        x = np.array([[1, 9, 2]])[None, :, :, None]
        gradient = pool2d_gradient(x, [[[[3.0], [4.0]]]], size=(1, 2), stride=1)
        np.testing.assert_array_equal(gradient.ravel(), [0, 7, 0])

    def test_carry_their_names(self):
        x, kernels = noise(1, 3, 3, 1), noise(2, 2, 1, 5, seed=1)
        gradients = conv2d_gradients(x, kernels, np.ones((1, 2, 2, 5)))
        assert gradients.x.shape == x.shape
        assert gradients.kernels.shape == kernels.shape
        np.testing.assert_array_equal(gradients.bias, [4] * 5)


class TestNumberTypes:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_floats_keep_their_precision(self, dtype):
        x, kernels = noise(1, 4, 4, 2).astype(dtype), noise(3, 3, 2, 3).astype(dtype)
        results = [
            conv2d(x, kernels, bias=[1, 2, 3]),
            conv2d_loops(x, kernels, bias=[1, 2, 3]),
            *conv2d_gradients(x, kernels, np.ones((1, 2, 2, 3), dtype)),
            pool2d(x, 2),
            pool2d(x, 2, mode="average"),
            pool2d_gradient(x, x[:, :2, :2], 2),
            toeplitz_matrix(kernels[..., 0, 0], (4, 4)),
            relu(x),
        ]
        assert {result.dtype for result in results} == {np.dtype(dtype)}

    def test_bytes_do_not_wrap_around(self):
        image = np.full((2, 2), 200, np.uint8)
        assert correlate2d(image, np.ones((2, 2), np.uint8)).item() == 800
        assert pool2d(image[None, :, :, None], 2, mode="average").item() == 200

    def test_an_empty_batch_gives_an_empty_batch(self):
        x = np.empty((0, 4, 4, 2))
        assert conv2d(x, np.ones((3, 3, 2, 5))).shape == (0, 2, 2, 5)
        assert pool2d(x, 2).shape == (0, 2, 2, 2)

    def test_arguments_are_left_as_they_were(self):
        x, kernels, upstream = noise(1, 4, 4, 2), noise(3, 3, 2, 3), noise(1, 2, 2, 3)
        before = [array.copy() for array in (x, kernels, upstream)]
        conv2d(x, kernels, bias=upstream[0, 0, 0])
        conv2d_gradients(x, kernels, upstream)
        relu(pool2d(x, 2))
        for array, copy in zip((x, kernels, upstream), before, strict=True):
            np.testing.assert_array_equal(array, copy)


X, KERNELS = np.ones((1, 5, 5, 3)), np.ones((3, 3, 3, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: correlate2d(X, CROSS), r"image must have the axes \(rows, columns\), got shape"),
        (lambda: correlate2d(CROSS, X), "take one channel, or use conv2d"),
        (lambda: correlate2d([[1, 2]], CROSS), "use a smaller kernel"),
        (lambda: conv2d(CROSS, KERNELS), r"x\[None, :, :, None\] for one grey image"),
        (lambda: conv2d_loops(X[0], KERNELS), r"x\[None\] for one colour image"),
        (lambda: conv2d(X, CROSS), r"kernels must have .* got shape \(3, 3\): write kernels\[:"),
        (lambda: conv2d(X, KERNELS[:, :, :2]), r"x, which has 3 .* \(3, 3, 2, 2\): make it"),
        (lambda: conv2d(X, KERNELS, bias=[1]), r"bias must .* shape \(2,\), got shape \(1,\)"),
        (lambda: conv2d(X, KERNELS, stride=0), "stride must be a positive int .*, got 0"),
        (lambda: conv2d(X, KERNELS, stride=1.5), r"stride must be a positive int .*, got 1\.5"),
        (lambda: conv2d(X, KERNELS, stride=(1, 2, 3)), r"stride must .*, got \(1, 2, 3\)"),
        (lambda: conv2d(X, KERNELS, padding=-1), "padding must .*-1"),
        (lambda: conv2d(X, KERNELS, padding="full"), "padding must .*full"),
        (lambda: conv2d(X, KERNELS, padding=(1, 1, 1)), r"padding must .*, got \(1, 1, 1\)"),
        (lambda: conv2d(X, KERNELS, rounding="up"), "rounding must .*up"),
        (lambda: conv2d(X, KERNELS, stride=3), "stride=2.*padding="),
        (lambda: conv2d([["a"]], KERNELS), "x must hold real numbers, got dtype <U1"),
        (lambda: conv2d(X * 1j, KERNELS), "x must hold real numbers, got dtype complex128"),
        (lambda: im2col(X, kernel_size=0), "kernel_size must be a positive int .*, got 0"),
        (lambda: toeplitz_matrix(CROSS, (5, 5, 1)), r"image_shape must .*, got \(5, 5, 1\)"),
        (lambda: conv2d_gradients(X, KERNELS, X), r"upstream must .*\(1, 3, 3, 2\), got \(1, 5"),
        (lambda: pool2d(X, size="2"), "size must be a positive int .*, got '2'"),
        (lambda: pool2d(X, 3, mode="min"), 'mode must be "max" or "average", got \'min\''),
        (lambda: pool2d(X, 3, 1, padding=3), r"padding must be smaller than size=\(3, 3\).* got 3"),
        (lambda: pool2d_gradient(X, X, 3, 2), r"upstream must .*\(1, 2, 2, 3\), got \(1, 5"),
    ],
)
def test_a_bad_argument_is_named_with_its_value_and_the_fix(
    call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_sums_of_half_precision_do_not_overflow():
    ones = np.ones((1, 256, 256, 1), np.float16)
    kernel = np.ones((256, 256, 1, 1), np.float16)
    assert pool2d(ones, 256, mode="average").item() == 1
    assert conv2d(ones, kernel).item() == 256**2
    assert conv2d_loops(ones, kernel).item() == 256**2
    assert correlate2d(ones[0, :, :, 0], kernel[:, :, 0, 0]).item() == 256**2
    gradients = conv2d_gradients(ones, kernel[:1, :1], ones)
    assert gradients.kernels.item() == gradients.bias.item() == 256**2


def test_sums_of_half_precision_do_not_stall():
    """In float16 a sum of ones stays at 2048, for 2049 is not there."""
    x = np.ones((1, 3, 4096, 1), np.float16)
    upstream = np.ones((1, 3, 1, 1), np.float16)
    assert correlate2d(x[0, :1, :, 0], np.ones((1, 4096), np.float16)).item() == 4096
    np.testing.assert_array_equal(pool2d_gradient(x, upstream, (1, 4096), mode="average"), x / 4096)


def test_sizes_may_be_integers_of_numpy_and_lists():
    x, kernels = np.ones((1, 6, 6, 1)), np.ones((2, 2, 1, 1))
    plain = conv2d(x, kernels, stride=(2, 1), padding=(1, 0), rounding="floor")
    others = conv2d(x, kernels, stride=[np.int64(2), 1], padding=np.array([1, 0]), rounding="floor")
    np.testing.assert_array_equal(others, plain)
    np.testing.assert_array_equal(pool2d(x, np.int64(2)), pool2d(x, 2))
