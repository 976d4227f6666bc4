"""Convolution and pooling in NumPy, from nested loops to one matrix product.

================ ===============================================================
correlate2d      the definition: lay the kernel on the image, multiply, add up
convolve2d       the same with the kernel flipped: the convolution of mathematics
conv2d_loops     a convolutional layer as nested loops, to be read
im2col           every window of a batch as one row of a matrix
conv2d           a convolutional layer as one matrix product, to be used
toeplitz_matrix  the sparse matrix that a convolution is
conv2d_gradients what the loss tells the input, the kernels and the bias
pool2d           max or average pooling
pool2d_gradient  what the loss tells the input of a pooling
relu             max(x, 0)
================ ===============================================================

A "convolution" of a neural network is a cross-correlation: nothing is flipped. Arrays are laid
out as in Keras: images (batch, rows, columns, channels), kernels (rows, columns, channels,
filters). float32 stays float32; integers and booleans become float64. float16 becomes float32, in
which its sums are taken: of 65,520 ones the sum would be infinite.

`kernel_size`, `size` and `stride` are one number or (vertical, horizontal); `padding` is as in
`geometry.output_size`, or (vertical, horizontal). Where the windows do not cover the input
exactly, `geometry.DoesNotFit` is raised; pass rounding="floor" to drop the pixels after the
last window, as most frameworks do without a word.

>>> image = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
>>> kernel = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
>>> correlate2d(image, kernel)
array([[4., 3., 4.],
       [2., 4., 3.],
       [2., 3., 4.]])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from coursecnn._checks import as_int
from coursecnn.geometry import Padding, Paddings, Rounding, Sizes, output_size

__all__ = [
    "Conv2DGradients",
    "conv2d",
    "conv2d_gradients",
    "conv2d_loops",
    "convolve2d",
    "correlate2d",
    "im2col",
    "pool2d",
    "pool2d_gradient",
    "relu",
    "toeplitz_matrix",
]

Array: TypeAlias = NDArray[np.floating[Any]]
Mode: TypeAlias = Literal["max", "average"]


def correlate2d(image: ArrayLike, kernel: ArrayLike) -> Array:
    """Cross-correlate one channel with one kernel, from the definition.

    out[i, j] = sum over a, b of image[i + a, j + b] kernel[a, b], wherever the kernel lies wholly
    on the image.

    Args:
        image: Shape (H, W).
        kernel: Shape (h, w).

    Returns:
        Shape (H - h + 1, W - w + 1).

    Raises:
        ValueError: An argument does not have two axes, or the kernel is larger than the image.

    Examples:
        >>> image = [[10 * i + j for j in range(4)] for i in range(3)]
        >>> correlate2d(image, [[-1, 0, 1]])  # how fast it grows from left to right
        array([[2., 2.],
               [2., 2.],
               [2., 2.]])
    """
    image = _numbers("image", image, _PLANE)
    kernel = _numbers("kernel", kernel, _PLANE)
    rows, columns = (output_size(n, f) for n, f in zip(image.shape, kernel.shape, strict=True))
    out = np.zeros((rows, columns), np.result_type(image, kernel))
    for i in range(rows):
        for j in range(columns):
            for a in range(kernel.shape[0]):
                for b in range(kernel.shape[1]):
                    out[i, j] += image[i + a, j + b] * kernel[a, b]
    return out


def convolve2d(image: ArrayLike, kernel: ArrayLike) -> Array:
    """Convolve one channel with one kernel, as mathematics defines it: the kernel is flipped.

    out[i, j] = sum over a, b of image[i + h - 1 - a, j + w - 1 - b] kernel[a, b]. With a symmetric
    kernel, or one that is learned, the flip makes no difference.

    Args:
        image: Shape (H, W).
        kernel: Shape (h, w).

    Returns:
        Shape (H - h + 1, W - w + 1).

    Raises:
        ValueError: As `correlate2d`.

    Examples:
        >>> convolve2d([[0, 1, 2, 3]], [[-1, 0, 1]]), correlate2d([[0, 1, 2, 3]], [[-1, 0, 1]])
        (array([[-2., -2.]]), array([[2., 2.]]))
    """
    return correlate2d(image, _numbers("kernel", kernel, _PLANE)[::-1, ::-1])


def conv2d_loops(
    x: ArrayLike,
    kernels: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Paddings = 0,
    rounding: Rounding = "exact",
) -> Array:
    """Apply a convolutional layer, one window and one filter at a time.

    The result of `conv2d`, hundreds of times slower: for reading, and as the reference in tests.

    Args:
        x: Images, shape (N, H, W, C).
        kernels: Shape (h, w, C, F): each of the F kernels is as deep as its input.
        bias: One number for each filter, shape (F,); none by default.
        stride: Step of the window.
        padding: Zeros around each image.
        rounding: What to do where the windows do not fit.

    Returns:
        One map for each filter, shape (N, rows, columns, F).

    Raises:
        DoesNotFit: The windows do not cover the padded input exactly.
        ValueError: Shapes that do not go together, or any other bad argument.

    Examples:
        >>> x = np.ones((1, 3, 3, 2))
        >>> conv2d_loops(x, np.ones((3, 3, 2, 1)), padding="same")[0, :, :, 0]
        array([[ 8., 12.,  8.],
               [12., 18., 12.],
               [ 8., 12.,  8.]])
    """
    x, kernels, bias = _operands(x, kernels, bias)
    rows, columns = _axes(x, kernels.shape[:2], stride, padding, rounding)
    padded = _pad(x, rows, columns)
    shape = (len(x), rows.count, columns.count, kernels.shape[-1])
    out = np.empty(shape, np.result_type(x, kernels))
    for n in range(shape[0]):
        for i in range(shape[1]):
            for j in range(shape[2]):
                window = padded[n, rows.window(i), columns.window(j)]
                for f in range(shape[3]):
                    out[n, i, j, f] = np.sum(window * kernels[..., f])
    if bias is not None:
        out += bias
    return out


def im2col(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes = 1,
    padding: Paddings = 0,
    rounding: Rounding = "exact",
) -> Array:
    """Write every window of a batch as one row of a matrix.

    Windows overlap, so a pixel appears in up to h w rows: what is bought with this memory is that
    a convolution becomes one product of large matrices, which processors do best.

    Args:
        x: Images, shape (N, H, W, C).
        kernel_size: Size of the window, (h, w).
        stride: Step of the window.
        padding: Zeros around each image.
        rounding: What to do where the windows do not fit.

    Returns:
        Shape (N rows columns, h w C): row (n rows + i) columns + j is window (i, j) of image n,
        flattened in the order of `kernels.reshape(h * w * C, F)`.

    Raises:
        DoesNotFit: The windows do not cover the padded input exactly.
        ValueError: Any other bad argument.

    Examples:
        >>> x = np.array([[10 * i + j for j in range(3)] for i in range(3)])
        >>> im2col(x[None, :, :, None], kernel_size=2)
        array([[ 0.,  1., 10., 11.],
               [ 1.,  2., 11., 12.],
               [10., 11., 20., 21.],
               [11., 12., 21., 22.]])
    """
    x = _numbers("x", x, _IMAGES)
    kernel_size = _pair("kernel_size", kernel_size)
    windows = _windows(x, *_axes(x, kernel_size, stride, padding, rounding))
    # Rows, columns and channels of a window end up next to each other, so this copy moves whole
    # runs of w C numbers; were the channels first, it would move single numbers.
    return windows.reshape(-1, kernel_size[0] * kernel_size[1] * x.shape[-1])


def conv2d(
    x: ArrayLike,
    kernels: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Paddings = 0,
    rounding: Rounding = "exact",
) -> Array:
    """Apply a convolutional layer as one matrix product: windows times kernels.

    out = im2col(x, (h, w), ...) @ kernels.reshape(h * w * C, F) + bias, in the shape of the maps.

    Args:
        x: Images, shape (N, H, W, C).
        kernels: Shape (h, w, C, F): each of the F kernels is as deep as its input.
        bias: One number for each filter, shape (F,); none by default.
        stride: Step of the window.
        padding: Zeros around each image.
        rounding: What to do where the windows do not fit.

    Returns:
        One map for each filter, shape (N, rows, columns, F).

    Raises:
        DoesNotFit: The windows do not cover the padded input exactly.
        ValueError: Shapes that do not go together, or any other bad argument.

    Examples:
        >>> x = np.ones((1, 5, 5, 3))
        >>> conv2d(x, np.ones((3, 3, 3, 6)), bias=np.zeros(6), stride=2).shape
        (1, 2, 2, 6)
        >>> conv2d(x, np.ones((3, 3, 1, 6)))  # doctest: +NORMALIZE_WHITESPACE
        Traceback (most recent call last):
        ValueError: kernels must be as deep as x, which has 3 channels,
            got kernels of shape (3, 3, 1, 6): make it (3, 3, 3, 6)
    """
    x, kernels, bias = _operands(x, kernels, bias)
    rows, columns = _axes(x, kernels.shape[:2], stride, padding, rounding)
    filters = kernels.shape[-1]
    out = im2col(x, kernels.shape[:2], stride, padding, rounding) @ kernels.reshape(-1, filters)
    if bias is not None:
        out += bias
    return out.reshape(len(x), rows.count, columns.count, filters)


def toeplitz_matrix(
    kernel: ArrayLike,
    image_shape: tuple[int, int],
    stride: Sizes = 1,
    padding: Paddings = 0,
    rounding: Rounding = "exact",
) -> Array:
    """Write the cross-correlation with a kernel as a matrix T: out.ravel() = T @ image.ravel().

    Each row holds the same few weights, moved along, and is zero elsewhere: a fully connected layer
    with most connections cut and the others shared. With stride 1 T consists of Toeplitz blocks
    (constant along their diagonals), arranged in a Toeplitz pattern. It is stored densely here, to
    be looked at: it needs memory for H W numbers for each pixel of the output.

    Args:
        kernel: Shape (h, w).
        image_shape: (H, W).
        stride: Step of the window.
        padding: Zeros around the image; they are in no column, for they contribute nothing.
        rounding: What to do where the windows do not fit.

    Returns:
        Shape (rows columns, H W).

    Raises:
        DoesNotFit: The windows do not cover the padded input exactly.
        ValueError: Any other bad argument.

    Examples:
        >>> toeplitz_matrix([[1, 2]], image_shape=(2, 3))
        array([[1., 2., 0., 0., 0., 0.],
               [0., 1., 2., 0., 0., 0.],
               [0., 0., 0., 1., 2., 0.],
               [0., 0., 0., 0., 1., 2.]])
    """
    kernel = _numbers("kernel", kernel, _PLANE)
    height, width = _pair("image_shape", image_shape)
    image = np.zeros((1, height, width, 1))
    rows, columns = _axes(image, kernel.shape, stride, padding, rounding)
    padded = _pad(image, rows, columns)[0, :, :, 0]
    matrix = np.zeros((rows.count, columns.count, *padded.shape), kernel.dtype)
    for i in range(rows.count):
        for j in range(columns.count):
            matrix[i, j, rows.window(i), columns.window(j)] = kernel
    return matrix[:, :, rows.inside, columns.inside].reshape(-1, height * width)


class Conv2DGradients(NamedTuple):
    """The gradient of a loss for each argument of `conv2d`, in the argument's shape.

    >>> x, kernels = np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1))
    >>> gradients = conv2d_gradients(x, kernels, upstream=np.ones((1, 2, 2, 1)))
    >>> gradients.bias, gradients.kernels.shape
    (array([4.]), (2, 2, 1, 1))
    """

    x: Array
    kernels: Array
    bias: Array


def conv2d_gradients(
    x: ArrayLike,
    kernels: ArrayLike,
    upstream: ArrayLike,
    stride: Sizes = 1,
    padding: Paddings = 0,
    rounding: Rounding = "exact",
) -> Conv2DGradients:
    """Carry the gradient of a loss from the output of `conv2d` back to its arguments.

    Of out = windows @ kernels + bias, the gradients are windows^T @ upstream for the kernels, the
    sum of upstream for the bias, and upstream @ kernels^T for the windows; a pixel receives what
    all the windows that it is in receive.

    Args:
        x: As given to `conv2d`, shape (N, H, W, C).
        kernels: As given to `conv2d`, shape (h, w, C, F).
        upstream: Gradient of the loss for the output of `conv2d`, shape (N, rows, columns, F).
        stride: As given to `conv2d`.
        padding: As given to `conv2d`.
        rounding: As given to `conv2d`.

    Returns:
        The three gradients, in the shapes of x, kernels and (F,).

    Raises:
        DoesNotFit: The windows do not cover the padded input exactly.
        ValueError: `upstream` does not have the shape of the output, or as `conv2d`.

    Examples:
        >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
        >>> dx, dkernels, dbias = conv2d_gradients(x, np.ones((2, 2, 1, 1)), np.ones((1, 2, 2, 1)))
        >>> dx[0, :, :, 0]  # in how many windows each pixel is
        array([[1., 2., 1.],
               [2., 4., 2.],
               [1., 2., 1.]])
        >>> dkernels[:, :, 0, 0], dbias  # what each weight has met
        (array([[ 8., 12.],
               [20., 24.]]), array([4.]))
    """
    x, kernels, _ = _operands(x, kernels, None)
    rows, columns = _axes(x, kernels.shape[:2], stride, padding, rounding)
    filters = kernels.shape[-1]
    shape = (len(x), rows.count, columns.count, filters)
    flat_upstream = _upstream(upstream, shape).reshape(-1, filters)
    windows = im2col(x, kernels.shape[:2], stride, padding, rounding)
    window_gradients = flat_upstream @ kernels.reshape(-1, filters).T
    return Conv2DGradients(
        x=_fold(window_gradients.reshape(*shape[:3], *kernels.shape[:3]), rows, columns),
        kernels=(windows.T @ flat_upstream).reshape(kernels.shape),
        bias=flat_upstream.sum(axis=0),
    )


def pool2d(
    x: ArrayLike,
    size: Sizes,
    stride: Sizes | None = None,
    padding: Paddings = 0,
    mode: Mode = "max",
    rounding: Rounding = "exact",
) -> Array:
    """Keep the largest value, or the mean, of each window of each channel.

    Padding never takes part: for the maximum it is minus infinity, and a mean is over the pixels
    of the image that the window sees, as in Keras. (PyTorch and Caffe count padding zeros in the
    mean by default.)

    Args:
        x: Images, shape (N, H, W, C).
        size: Size of the window.
        stride: Step of the window; None, the default, for windows side by side.
        padding: Pixels around each image, fewer than `size`.
        mode: "max" or "average".
        rounding: What to do where the windows do not fit.

    Returns:
        Shape (N, rows, columns, C).

    Raises:
        DoesNotFit: The windows do not cover the padded input exactly.
        ValueError: Any other bad argument.

    Examples:
        >>> x = np.array([[10 * i + j for j in range(4)] for i in range(2)])[None, :, :, None]
        >>> pool2d(x, size=2).ravel(), pool2d(x, size=2, mode="average").ravel()
        (array([11., 13.]), array([5.5, 7.5]))
    """
    x = _numbers("x", x, _IMAGES)
    rows, columns = _pooling_axes(x, size, stride, padding, mode, rounding)
    if mode == "max":
        return np.asarray(_windows(x, rows, columns, padding_value=-np.inf).max(axis=(3, 4)))
    return np.asarray(_windows(x, rows, columns).sum(axis=(3, 4)) / _pixels_seen(x, rows, columns))


def pool2d_gradient(
    x: ArrayLike,
    upstream: ArrayLike,
    size: Sizes,
    stride: Sizes | None = None,
    padding: Paddings = 0,
    mode: Mode = "max",
    rounding: Rounding = "exact",
) -> Array:
    """Carry the gradient of a loss from the output of `pool2d` back to its input.

    The pixel that won the maximum receives the whole gradient of its window (of several equal
    ones the first, in reading order); under a mean all its pixels receive the same share.

    Args:
        x: As given to `pool2d`, shape (N, H, W, C).
        upstream: Gradient of the loss for the output of `pool2d`, shape (N, rows, columns, C).
        size: As given to `pool2d`.
        stride: As given to `pool2d`.
        padding: As given to `pool2d`.
        mode: As given to `pool2d`.
        rounding: As given to `pool2d`.

    Returns:
        The gradient for x, shape (N, H, W, C).

    Raises:
        DoesNotFit: The windows do not cover the padded input exactly.
        ValueError: `upstream` does not have the shape of the output, or as `pool2d`.

    Examples:
        >>> x = np.array([[1, 5], [3, 2]])[None, :, :, None]
        >>> upstream = np.full((1, 1, 1, 1), 8)
        >>> pool2d_gradient(x, upstream, size=2)[0, :, :, 0]
        array([[0., 8.],
               [0., 0.]])
        >>> pool2d_gradient(x, upstream, size=2, mode="average")[0, :, :, 0]
        array([[2., 2.],
               [2., 2.]])
    """
    x = _numbers("x", x, _IMAGES)
    rows, columns = _pooling_axes(x, size, stride, padding, mode, rounding)
    shape = (len(x), rows.count, columns.count, x.shape[-1])
    upstream = _upstream(upstream, shape)
    if mode == "max":
        winners = _first_maximum(_windows(x, rows, columns, padding_value=-np.inf))
        return _fold(upstream[:, :, :, None, None] * winners, rows, columns)
    means = (upstream / _pixels_seen(x, rows, columns))[:, :, :, None, None]
    windows = (*shape[:3], rows.kernel, columns.kernel, shape[-1])
    return _fold(np.broadcast_to(means, windows), rows, columns)


def relu(x: ArrayLike) -> Array:
    """Replace what is negative by zero.

    Args:
        x: Any shape.

    Returns:
        The same shape.

    Examples:
        >>> relu([-2, 0, 3])
        array([0., 0., 3.])
    """
    return np.asarray(np.maximum(_numbers("x", x), 0))


@dataclass(frozen=True)
class _Axis:
    """Where the windows lie along one axis of the padded input.

    Attributes:
        size: Pixels of the input.
        kernel: Pixels of a window.
        stride: Pixels from one window to the next.
        count: Number of windows.
        before: Padding before the first pixel.
        after: Padding after the last pixel that some window sees.
    """

    size: int
    kernel: int
    stride: int
    count: int
    before: int
    after: int

    @classmethod
    def cover(
        cls, size: int, kernel: int, stride: int, padding: Padding, rounding: Rounding
    ) -> _Axis:
        """Lay as many windows as `geometry.output_size` says."""
        count = output_size(size, kernel, stride, padding, rounding=rounding)
        missing = (count - 1) * stride + kernel - size
        if padding == "same":
            padding = max(missing, 0) // 2
        before = 0 if padding == "valid" else padding
        return cls(size, kernel, stride, count, before, max(missing - before, 0))

    @property
    def inside(self) -> slice:
        """The input's own pixels."""
        return slice(self.before, self.before + self.size)

    def window(self, index: int) -> slice:
        """The pixels under window `index`."""
        return slice(index * self.stride, index * self.stride + self.kernel)

    def under(self, tap: int) -> slice:
        """The pixels under number `tap` of all the windows."""
        return slice(tap, tap + (self.count - 1) * self.stride + 1, self.stride)


def _axes(
    x: Array, kernel_size: tuple[int, ...], stride: Sizes, padding: Any, rounding: Rounding
) -> tuple[_Axis, _Axis]:
    steps = _pair("stride", stride)
    zeros = padding if np.ndim(padding) else (padding, padding)
    if len(zeros) != 2:
        raise ValueError(f"padding must be one value or (vertical, horizontal), got {padding!r}")
    rows, columns = (
        _Axis.cover(x.shape[1 + k], kernel_size[k], steps[k], zeros[k], rounding) for k in (0, 1)
    )
    return rows, columns


def _pooling_axes(
    x: Array, size: Sizes, stride: Sizes | None, padding: Paddings, mode: Mode, rounding: Rounding
) -> tuple[_Axis, _Axis]:
    if mode not in ("max", "average"):
        raise ValueError(f'mode must be "max" or "average", got {mode!r}')
    size = _pair("size", size)
    axes = _axes(x, size, size if stride is None else stride, padding, rounding)
    if any(axis.before >= axis.kernel for axis in axes):
        raise ValueError(
            f"padding must be smaller than size={size}, or a window would see no pixel, "
            f"got {padding!r}"
        )
    return axes


def _pad(x: Array, rows: _Axis, columns: _Axis, value: float = 0.0) -> Array:
    widths = ((0, 0), (rows.before, rows.after), (columns.before, columns.after), (0, 0))
    return np.pad(x, widths, constant_values=value)


def _windows(x: Array, rows: _Axis, columns: _Axis, padding_value: float = 0.0) -> Array:
    """View the padded images as their windows: (N, rows, columns, h, w, C), nothing repeated."""
    padded = _pad(x, rows, columns, padding_value)
    views = sliding_window_view(padded, (rows.kernel, columns.kernel), axis=(1, 2))
    return views[:, :: rows.stride, :: columns.stride].transpose(0, 1, 2, 4, 5, 3)


def _fold(windows: Array, rows: _Axis, columns: _Axis) -> Array:
    """Add each number of the windows to the pixel that it lies on: the transpose of `_windows`."""
    batch, channels = windows.shape[0], windows.shape[-1]
    height, width = (axis.before + axis.size + axis.after for axis in (rows, columns))
    padded = np.zeros((batch, height, width, channels), windows.dtype)
    for a in range(rows.kernel):
        for b in range(columns.kernel):
            padded[:, rows.under(a), columns.under(b)] += windows[:, :, :, a, b]
    return padded[:, rows.inside, columns.inside]


def _pixels_seen(x: Array, rows: _Axis, columns: _Axis) -> Array:
    """Count the pixels of an image in each window, padding not included: (1, rows, columns, 1)."""
    ones = np.ones((1, *x.shape[1:3], 1), x.dtype)
    return np.asarray(_windows(ones, rows, columns).sum(axis=(3, 4)))


def _first_maximum(windows: Array) -> NDArray[np.bool_]:
    """Mark the largest number of each window and channel, the first of several equal ones."""
    batch, rows, columns, height, width, channels = windows.shape
    flat = windows.reshape(batch, rows, columns, height * width, channels)
    positions = np.arange(height * width)[:, None]
    marks = positions == flat.argmax(axis=3)[:, :, :, None]
    return marks.reshape(windows.shape)


class _Layout(NamedTuple):
    """What an argument's axes mean, and what to do when they are not there."""

    axes: tuple[str, ...]
    fix: str


_PLANE = _Layout(("rows", "columns"), "take one channel, or use conv2d")
_IMAGES = _Layout(
    ("batch", "rows", "columns", "channels"),
    "write x[None, :, :, None] for one grey image, x[None] for one colour image",
)
_KERNELS = _Layout(
    ("rows", "columns", "channels", "filters"),
    "write kernels[:, :, None, None] for one flat kernel, kernels[..., None] for one deep kernel",
)


def _numbers(name: str, value: ArrayLike, layout: _Layout | None = None) -> Array:
    """Convert an argument to a float array with the axes of `layout`."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if layout is not None and array.ndim != len(layout.axes):
        raise ValueError(
            f"{name} must have the axes ({', '.join(layout.axes)}), "
            f"got shape {array.shape}: {layout.fix}"
        )
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _operands(
    x: ArrayLike, kernels: ArrayLike, bias: ArrayLike | None
) -> tuple[Array, Array, Array | None]:
    """Convert the arguments of a convolutional layer and check that they go together."""
    x = _numbers("x", x, _IMAGES)
    kernels = _numbers("kernels", kernels, _KERNELS)
    height, width, depth, filters = kernels.shape
    if depth != x.shape[-1]:
        raise ValueError(
            f"kernels must be as deep as x, which has {x.shape[-1]} channels, got kernels of shape "
            f"{kernels.shape}: make it {(height, width, x.shape[-1], filters)}"
        )
    if bias is None:
        return x, kernels, None
    bias = _numbers("bias", bias)
    if bias.shape != (filters,):
        raise ValueError(
            f"bias must have one number for each filter, shape ({filters},), got shape {bias.shape}"
        )
    return x, kernels, bias


def _upstream(value: ArrayLike, shape: tuple[int, ...]) -> Array:
    upstream = _numbers("upstream", value)
    if upstream.shape != shape:
        raise ValueError(
            f"upstream must have the shape of the output, {shape}, got {upstream.shape}: "
            f"pass the same stride and padding as forwards"
        )
    return upstream


def _pair(name: str, value: Any) -> tuple[int, int]:
    """Read one positive int, for both axes, or two of them."""
    sizes = [as_int(part) for part in (value if np.ndim(value) == 1 else (value, value))]
    whole = [size for size in sizes if size is not None and size > 0]
    if len(sizes) != 2 or len(whole) != 2:
        raise ValueError(
            f"{name} must be a positive int or (vertical, horizontal) of them, got {value!r}"
        )
    return whole[0], whole[1]
