"""Rounding up, against PyTorch and Caffe: numbers of windows that these count."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from coursecnn.convolution import pool2d
from coursecnn.geometry import Pooling, output_size

# By (kernel, stride, padding) the outputs for inputs of 1 to 8 pixels, "-" where there is none:
# torch.nn.functional.max_pool1d and avg_pool1d of PyTorch 2.13.0 (CPU) with ceil_mode=True, which
# agree. `test_as_the_pytorch_that_is_installed` counts them again where PyTorch is there.
PYTORCH = {
    (1, 1, 0): "12345678",
    (1, 2, 0): "11223344",
    (1, 3, 0): "11122233",
    (1, 4, 0): "11112222",
    (1, 5, 0): "11111222",
    (2, 1, 0): "-1234567",
    (2, 1, 1): "23456789",
    (2, 2, 0): "11223344",
    (2, 2, 1): "12233445",
    (2, 3, 0): "11122233",
    (2, 3, 1): "11222333",
    (2, 4, 0): "11112222",
    (2, 4, 1): "11122223",
    (2, 5, 0): "11111222",
    (2, 5, 1): "11112222",
    (3, 1, 0): "--123456",
    (3, 1, 1): "12345678",
    (3, 2, 0): "-1122334",
    (3, 2, 1): "12233445",
    (3, 3, 0): "11122233",
    (3, 3, 1): "11222333",
    (3, 4, 0): "11112222",
    (3, 4, 1): "11122223",
    (3, 5, 0): "11111222",
    (3, 5, 1): "11112222",
    (4, 1, 0): "---12345",
    (4, 1, 1): "-1234567",
    (4, 1, 2): "23456789",
    (4, 2, 0): "--112233",
    (4, 2, 1): "11223344",
    (4, 2, 2): "22334455",
    (4, 3, 0): "-1112223",
    (4, 3, 1): "11222333",
    (4, 3, 2): "12223334",
    (4, 4, 0): "11112222",
    (4, 4, 1): "11122223",
    (4, 4, 2): "11222233",
    (4, 5, 0): "11111222",
    (4, 5, 1): "11112222",
    (4, 5, 2): "11122222",
}
SIZES = range(1, 9)


def outputs(kernel, stride, padding):
    """What `output_size` says, in the form of the table."""
    found = ""
    for size in SIZES:
        try:
            found += str(output_size(size, kernel, stride, padding, rounding="ceil"))
        except ValueError:
            found += "-"
    return found


@pytest.mark.parametrize("window", PYTORCH, ids=str)
def test_rounding_up_counts_the_windows_of_pytorch(window):
    assert outputs(*window) == PYTORCH[window]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "expected"),
    [
        (2, 3, 2, 0, 1),  # a window larger than the map: ceil(-1/2) + 1
        (1, 3, 3, 0, 1),  # ceil(-2/3) + 1
        (112, 3, 2, 0, 56),  # GoogLeNet's first pooling: ceil(109/2) + 1
        (7, 2, 2, 0, 4),  # ceil(5/2) + 1
        (5, 1, 3, 0, 2),  # ceil(4/3) + 1 = 3, whose last window would start after the input
        (6, 2, 4, 1, 2),  # ceil(6/4) + 1 = 3, whose last window would start in the padding
    ],
)
def test_rounding_up_by_hand(size, kernel, stride, padding, expected):
    assert output_size(size, kernel, stride, padding, rounding="ceil") == expected


@pytest.mark.parametrize(("size", "kernel", "stride"), [(1, 3, 2), (2, 4, 2), (1, 9, 8)])
def test_a_window_that_is_a_stride_too_large_is_refused(size, kernel, stride):
    with pytest.raises(ValueError, match=f"at most the padded input, {size}, got {kernel}"):
        output_size(size, kernel, stride, rounding="ceil")


def test_where_there_is_padding_caffe_counts_the_same():
    """Without, it keeps a last window that starts after the input: a stride above the kernel."""
    for (kernel, stride, padding), expected in PYTORCH.items():
        for size, ours in zip(SIZES, expected, strict=True):
            count = -((kernel - size - 2 * padding) // stride) + 1
            if padding and (count - 1) * stride >= size + padding:
                count -= 1
            if ours != "-" and (padding or stride <= kernel):
                assert count == int(ours)


@pytest.mark.parametrize("mode", ["max", "average"])
def test_a_window_larger_than_the_map_pools_what_there_is(mode):
    x = np.arange(1.0, 5.0).reshape(1, 2, 2, 1)
    assert Pooling(3, stride=2, rounding="ceil").output_shape((2, 2, 1)) == (1, 1, 1)
    found = pool2d(x, 3, stride=2, mode=mode, rounding="ceil")
    np.testing.assert_array_equal(found, [[[[4.0 if mode == "max" else 2.5]]]])


def test_as_the_pytorch_that_is_installed():
    torch = pytest.importorskip("torch")
    for kernel, stride, size in product(range(1, 6), range(1, 7), range(1, 12)):
        for padding in range(kernel // 2 + 1):
            try:
                layer = torch.nn.MaxPool1d(kernel, stride, padding, ceil_mode=True)
                expected = layer(torch.zeros(1, 1, size)).shape[-1]
            except RuntimeError:
                with pytest.raises(ValueError, match="kernel must extend"):
                    output_size(size, kernel, stride, padding, rounding="ceil")
            else:
                assert output_size(size, kernel, stride, padding, rounding="ceil") == expected
