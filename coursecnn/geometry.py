"""The arithmetic of convolutional networks, in integers: shapes, parameters, multiplications.

==================== ===========================================================
output_size          how many windows fit along one axis: O = (N - F + 2P)/S + 1
DoesNotFit           the error when that quotient is not whole
Convolution          shape, parameters and MACs of a layer, grouped ones too
Pooling              the same for max or average pooling
LocallyConnected     the same for a convolution that does not share its weights
Dense                the same for a fully connected layer
receptive_field      which input pixels a unit of a stack of layers sees
==================== ===========================================================

The letters are the lecture's: N the size of the input, F of the kernel, P the padding on each
side, S the stride, O the size of the output. Shapes are channels-last, without the batch.

A MAC is one multiply-accumulate of a convolution or dense layer, products with padding zeros
included, the addition of a bias not: 1 MAC = 2 FLOPs.

>>> output_size(227, kernel=11, stride=4)
55
>>> conv1 = Convolution(96, kernel=11, stride=4)
>>> conv1.output_shape((227, 227, 3)), conv1.parameters((227, 227, 3))
((55, 55, 96), 34944)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal, TypeAlias

from coursecnn._checks import as_int, as_plain, check_count

__all__ = [
    "Convolution",
    "Dense",
    "DoesNotFit",
    "Layer",
    "LocallyConnected",
    "Pooling",
    "ReceptiveField",
    "output_size",
    "receptive_field",
]

Shape: TypeAlias = tuple[int, ...]
Sizes: TypeAlias = int | tuple[int, int]
Padding: TypeAlias = int | Literal["same", "valid"]
Paddings: TypeAlias = Padding | tuple[int, int]
Rounding: TypeAlias = Literal["exact", "floor", "ceil"]


class DoesNotFit(ValueError):  # noqa: N818 - the name is the sentence the lecture uses
    """The windows do not cover the input exactly: (N - F + 2P)/S is not whole.

    Attributes:
        size: Pixels of the input along the axis, N.
        kernel: Taps of the kernel, before dilation.
        stride: Step of the window, S.
        padding: Zeros on each side, P.
        dilation: Distance between neighbouring taps.
        left_over: Pixels of the padded input after the last whole window.
        fits: Nearby settings that do fit, each a single change, as keyword arguments of
            `output_size`: for example `({"stride": 2}, {"padding": 1})`.

    >>> try:
    ...     output_size(224, kernel=11, stride=4)
    ... except DoesNotFit as error:
    ...     (error.size, error.kernel, error.stride)
    (224, 11, 4)
    """

    def __init__(self, size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
        """Keep the settings, and find the nearby ones that fit."""
        super().__init__(size, kernel, stride, padding, dilation)
        self.size = size
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.left_over = self._span() % stride
        self.fits = (*self._fitting_strides(), *self._fitting_paddings(), *self._fitting_sizes())

    def __str__(self) -> str:
        extent = _extent(self.kernel, self.dilation)
        pixels = "pixel is" if self.left_over == 1 else "pixels are"
        options = " or ".join(f"{name}={value}" for fit in self.fits for name, value in fit.items())
        return (
            f"(N - F + 2P)/S + 1 = ({self.size} - {extent} + 2*{self.padding})/{self.stride} + 1 "
            f"is not whole: {self.left_over} {pixels} left over. Use {options}, "
            f'or accept {self._span() // self.stride + 1} with rounding="floor"'
        )

    def _span(self) -> int:
        return self.size - _extent(self.kernel, self.dilation) + 2 * self.padding

    def _fitting_strides(self) -> list[dict[str, int]]:
        divisors = [s for s in range(1, self._span() + 1) if self._span() % s == 0]
        smaller = [s for s in divisors if s < self.stride][-1:]
        larger = [s for s in divisors if s > self.stride][:1]
        return [{"stride": s} for s in smaller + larger]

    def _fitting_paddings(self) -> list[dict[str, int]]:
        # From the kernel's extent on, a window would see nothing but padding.
        candidates = range(self.padding + 1, _extent(self.kernel, self.dilation))
        fitting = [
            p for p in candidates if (self._span() + 2 * (p - self.padding)) % self.stride == 0
        ]
        return [{"padding": p} for p in fitting[:1]]

    def _fitting_sizes(self) -> list[dict[str, int]]:
        smaller = self.size - self.left_over
        return [{"size": s} for s in (smaller, smaller + self.stride) if s > 0]


def output_size(
    size: int,
    kernel: int,
    stride: int = 1,
    padding: Padding = 0,
    dilation: int = 1,
    rounding: Rounding = "exact",
) -> int:
    """Count the positions of a window along one axis: O = (N - F + 2P)/S + 1.

    Args:
        size: Pixels of the input along the axis, N.
        kernel: Taps of the kernel. With dilation d it extends over F = d (kernel - 1) + 1 pixels.
        stride: Step of the window in pixels, S.
        padding: Zeros on each side, P; or "valid" for none; or "same" for as many as it takes to
            have O = N/S, rounded up, whatever the kernel (the rule of Keras).
        dilation: Distance between neighbouring taps in pixels; 1 is an ordinary kernel.
        rounding: What to do where (N - F + 2P)/S is not whole: "exact" refuses, "floor" drops the
            pixels after the last whole window (Keras and most frameworks), "ceil" lets one more
            window hang over the edge if it begins before the right padding (PyTorch's
            `ceil_mode`, and pooling in Caffe; see below).

    Returns:
        O, the size of the output along the axis.

    Raises:
        DoesNotFit: The quotient is not whole and `rounding` is "exact".
        ValueError: An argument is not what it must be, or the kernel exceeds the padded input
            ("ceil": by a stride or more).

    "ceil" is the rule of PyTorch, `pooling_output_shape_pad_lr` in aten/src/ATen/native/Pool.h:
    (N - F + 2P)/S rounded up, and one window less where the last would begin after the input.
    Caffe (src/caffe/layers/pooling_layer.cpp) gives the same, but takes that window away only
    where there is padding: without, a stride larger than the window can give it one more, empty.

    Examples:
        >>> output_size(5, kernel=3)
        3
        >>> output_size(2, kernel=3, stride=2, rounding="ceil")
        1
        >>> output_size(7, kernel=3, stride=2)
        3
        >>> output_size(5, kernel=3, padding=2)
        7
        >>> output_size(5, kernel=3, stride=2, padding="same")
        3
        >>> output_size(7, kernel=3, dilation=3)
        1
        >>> output_size(7, kernel=3, stride=3)  # doctest: +NORMALIZE_WHITESPACE
        Traceback (most recent call last):
        coursecnn.geometry.DoesNotFit: (N - F + 2P)/S + 1 = (7 - 3 + 2*0)/3 + 1 is not whole:
            1 pixel is left over. Use stride=2 or stride=4 or padding=1 or size=6 or size=9,
            or accept 2 with rounding="floor"
        >>> output_size(7, kernel=3, stride=3, rounding="floor")
        2
    """
    return _Window(kernel, stride, padding, dilation, rounding).positions(size)


@dataclass(frozen=True)
class Convolution:
    """A convolution layer; with `groups` equal to the input's channels, a depthwise one.

    Attributes:
        filters: Number of kernels, which is the number of output channels.
        kernel: Taps of a kernel, one number or (height, width).
        stride: Step of the window, one number or (vertical, horizontal).
        padding: As in `output_size`, or (vertical, horizontal).
        dilation: Distance between neighbouring taps, one number or (vertical, horizontal).
        groups: Each group of filters sees its own share, 1/groups, of the input channels.
        bias: Whether each filter adds a learned number.
        rounding: As in `output_size`.

    Examples:
        >>> Convolution(64, kernel=3, padding="same").macs((224, 224, 3))
        86704128
        >>> Convolution(256, kernel=5, padding=2, groups=2).parameters((27, 27, 96))
        307456
    """

    filters: int
    kernel: Sizes
    stride: Sizes = 1
    padding: Paddings = 0
    dilation: Sizes = 1
    groups: int = 1
    bias: bool = True
    rounding: Rounding = "exact"

    def __post_init__(self) -> None:
        _settle(self, counts=("filters", "groups"))
        _settle(self, pairs=("kernel", "stride", "padding", "dilation"))
        _check_flag(bias=self.bias)
        self._windows()
        if self.filters % self.groups:
            raise ValueError(f"groups must divide filters={self.filters}, got {self.groups}")

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (height, width, filters) for an input of (height, width, channels)."""
        rows, columns, channels = _grid(self._windows(), input_shape)
        if channels % self.groups:
            raise ValueError(
                f"groups must divide the {channels} channels of the input, got {self.groups}"
            )
        return rows, columns, self.filters

    def parameters(self, input_shape: Shape) -> int:
        """Count the weights of all kernels, and the biases."""
        return self.filters * (self._weights_per_filter(input_shape) + self.bias)

    def macs(self, input_shape: Shape) -> int:
        """Count the multiply-accumulates for one image."""
        return prod(self.output_shape(input_shape)) * self._weights_per_filter(input_shape)

    def _weights_per_filter(self, input_shape: Shape) -> int:
        self.output_shape(input_shape)  # refuses an input that the layer cannot take
        channels = _image(input_shape)[2]
        return prod(_pair("kernel", self.kernel)) * channels // self.groups

    def _windows(self) -> tuple[_Window, _Window]:
        return _slide(self.kernel, self.stride, self.padding, self.dilation, self.rounding)


@dataclass(frozen=True)
class Pooling:
    """A max or average pooling layer: it works on each channel alone and learns nothing.

    Attributes:
        kernel: Size of the window, one number or (height, width).
        stride: Step of the window; None, the default, for windows side by side.
        padding: As in `output_size`, or (vertical, horizontal); smaller than the kernel.
        rounding: As in `output_size`.

    Examples:
        >>> Pooling(3, stride=2).output_shape((55, 55, 96))
        (27, 27, 96)
    """

    kernel: Sizes
    stride: Sizes | None = None
    padding: Paddings = 0
    rounding: Rounding = "exact"

    def __post_init__(self) -> None:
        _settle(self, pairs=("kernel", "stride", "padding"))
        if any(isinstance(w.padding, int) and w.padding >= w.kernel for w in self._windows()):
            raise ValueError(
                f"padding must be smaller than kernel={self.kernel!r}, or a window would see "
                f"no pixel, got {self.padding!r}"
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (height, width, channels) for an input of (height, width, channels)."""
        return _grid(self._windows(), input_shape)

    def parameters(self, input_shape: Shape) -> int:
        """Return 0: pooling learns nothing."""
        self.output_shape(input_shape)  # refuses an input that the layer cannot take
        return 0

    def macs(self, input_shape: Shape) -> int:
        """Return 0: comparing and averaging are no MACs of a convolution or dense layer."""
        self.output_shape(input_shape)
        return 0

    def _windows(self) -> tuple[_Window, _Window]:
        stride = self.kernel if self.stride is None else self.stride
        return _slide(self.kernel, stride, self.padding, 1, self.rounding)


@dataclass(frozen=True)
class LocallyConnected:
    """A convolution that does not share: each position of the output has kernels of its own.

    Attributes:
        filters: Number of kernels, and of biases, at each position.
        kernel: Taps of a kernel, one number or (height, width).
        stride: Step of the window, one number or (vertical, horizontal).
        padding: As in `output_size`, or (vertical, horizontal).
        bias: Whether each unit adds a learned number.
        rounding: As in `output_size`.

    Examples:
        >>> LocallyConnected(1, kernel=3).parameters((5, 5, 1))
        90
        >>> Convolution(1, kernel=3).parameters((5, 5, 1))
        10
    """

    filters: int
    kernel: Sizes
    stride: Sizes = 1
    padding: Paddings = 0
    bias: bool = True
    rounding: Rounding = "exact"

    def __post_init__(self) -> None:
        _settle(self, counts=("filters",), pairs=("kernel", "stride", "padding"))
        _check_flag(bias=self.bias)
        self._windows()

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (height, width, filters) for an input of (height, width, channels)."""
        return (*_grid(self._windows(), input_shape)[:2], self.filters)

    def parameters(self, input_shape: Shape) -> int:
        """Count the weights of all kernels at all positions, and the biases."""
        units = prod(self.output_shape(input_shape))
        return self.macs(input_shape) + units * self.bias

    def macs(self, input_shape: Shape) -> int:
        """Count the multiply-accumulates for one image: each weight is used once."""
        weights = prod(_pair("kernel", self.kernel)) * _image(input_shape)[2]
        return prod(self.output_shape(input_shape)) * weights

    def _windows(self) -> tuple[_Window, _Window]:
        return _slide(self.kernel, self.stride, self.padding, 1, self.rounding)


@dataclass(frozen=True)
class Dense:
    """A fully connected layer; an image is flattened first.

    Attributes:
        units: Number of outputs.
        bias: Whether each unit adds a learned number.

    Examples:
        >>> Dense(64).parameters((3, 3, 64))
        36928
    """

    units: int
    bias: bool = True

    def __post_init__(self) -> None:
        _settle(self, counts=("units",))
        _check_flag(bias=self.bias)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (units,) for an input of (n,) or (height, width, channels)."""
        _shape(input_shape, "(n,) or (height, width, channels)", ranks=(1, 3))
        return (self.units,)

    def parameters(self, input_shape: Shape) -> int:
        """Count the weights, and the biases."""
        return self.macs(input_shape) + self.units * self.bias

    def macs(self, input_shape: Shape) -> int:
        """Count the multiply-accumulates for one image: each weight is used once."""
        return prod(self.output_shape(input_shape)) * prod(as_plain(input_shape))


Layer: TypeAlias = Convolution | Pooling | LocallyConnected | Dense


@dataclass(frozen=True)
class ReceptiveField:
    """The input pixels that the units of a layer see, along one axis.

    Attributes:
        size: Pixels from the first to the last that a unit sees, both included.
        jump: Pixels between the fields of neighbouring units: the product of the strides.
        start: First pixel that unit 0 sees; pixel 0 is the first of the image, so a negative
            number lies in the padding.
        holes: Pixels between the first and the last that a unit does not see, as distances from
            the first: what dilation, or a stride larger than the window, leaves out.

    >>> ReceptiveField(size=7, jump=2, start=-3).interval(1)
    (-1, 5)
    """

    size: int
    jump: int
    start: int
    holes: tuple[int, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        parts: dict[str, Any] = {"size": self.size, "jump": self.jump, "start": self.start}
        parts |= {"holes": self.holes} if self.holes else {}
        parts |= {"unseen": self.unseen} if self.unseen else {}
        return f"ReceptiveField({', '.join(f'{name}={value}' for name, value in parts.items())})"

    @property
    def unseen(self) -> tuple[int, ...]:
        """Pixels that no unit at all sees, as distances from `start`; they recur every `jump`.

        >>> receptive_field([Pooling(2, stride=3)]).unseen
        (2,)
        """
        seen = {offset % self.jump for offset in range(self.size) if offset not in self.holes}
        return tuple(sorted(set(range(self.jump)) - seen))

    def interval(self, index: int) -> tuple[int, int]:
        """Return the first and the last pixel that unit `index` sees, padding included."""
        first = self.start + index * self.jump
        return first, first + self.size - 1

    def centre(self, index: int) -> float:
        """Return the middle of that interval; between two pixels where the size is even."""
        first, last = self.interval(index)
        return (first + last) / 2


def receptive_field(
    layers: Sequence[Layer], input_size: int | None = None, axis: Literal[0, 1] = 0
) -> ReceptiveField:
    """Follow the receptive field of a unit through a stack of layers.

    From layer to layer, with F the kernel's extent and P the zeros before the first pixel:
    `size += (F - 1) jump`, then `start -= P jump`, then `jump *= S`. No layers see one pixel.

    Args:
        layers: Convolutions, poolings and locally connected layers, from the input upwards.
        input_size: Pixels of the input along the axis. Only needed where a layer has padding
            "same" and a stride above 1, for then the padding depends on it.
        axis: 0 for the rows, 1 for the columns.

    Returns:
        The field of a unit of the last layer, with the pixels that it skips.

    Raises:
        ValueError: A layer is dense (it sees everything) or of another library, or `input_size`
            is missing, or a layer does not fit its input.

    Examples:
        >>> three = receptive_field([Convolution(8, kernel=3)] * 3)
        >>> three.size
        7
        >>> three.interval(10), three.centre(10)
        ((10, 16), 13.0)
        >>> receptive_field([Convolution(8, kernel=7, padding=3), Pooling(2), Pooling(2)])
        ReceptiveField(size=10, jump=4, start=-3)
        >>> receptive_field([Convolution(8, kernel=3, dilation=2), Pooling(1, stride=3)])
        ReceptiveField(size=5, jump=3, start=0, holes=(1, 3))
    """
    if axis not in (0, 1):
        raise ValueError(f"axis must be 0 (rows) or 1 (columns), got {axis!r}")
    size, jump, start, seen = 1, 1, 0, {0}
    pixels = input_size
    for layer in layers if isinstance(layers, Iterable) else [layers]:
        window = _window(layer, axis)
        size += (window.extent - 1) * jump
        seen = {pixel + tap * jump for pixel in seen for tap in window.taps}
        start -= window.zeros_before(pixels) * jump
        jump *= window.stride
        pixels = None if pixels is None else window.positions(pixels)
    return ReceptiveField(size, jump, start, tuple(p for p in range(size) if p not in seen))


def _window(layer: Layer, axis: Literal[0, 1]) -> _Window:
    """The window of a layer along an axis."""
    if isinstance(layer, Dense):
        raise ValueError(f"layers must not be dense, for such a unit sees all, got {layer!r}")
    if not isinstance(layer, Convolution | Pooling | LocallyConnected):
        raise ValueError(
            "layers must be a Convolution, Pooling or LocallyConnected of coursecnn.geometry, got "
            f"{layer!r}: for a Keras model use coursecnn.models.receptive.receptive_field(model)"
        )
    return layer._windows()[axis]


@dataclass(frozen=True)
class _Window:
    """A window that slides along one axis."""

    kernel: int
    stride: int
    padding: Padding
    dilation: int
    rounding: Rounding

    def __post_init__(self) -> None:
        _settle(self, counts=("kernel", "stride", "dilation"), pairs=("padding",))
        zeros = as_int(self.padding)
        if self.padding not in ("same", "valid") and (zeros is None or zeros < 0):
            raise ValueError(
                f'padding must be an int of at least 0, "same" or "valid", got {self.padding!r}'
            )
        if self.rounding not in ("exact", "floor", "ceil"):
            raise ValueError(f'rounding must be "exact", "floor" or "ceil", got {self.rounding!r}')

    @property
    def extent(self) -> int:
        """Pixels from the first to the last tap."""
        return _extent(self.kernel, self.dilation)

    @property
    def taps(self) -> range:
        """Where its taps lie, from the first."""
        return range(0, self.extent, self.dilation)

    def positions(self, size: int) -> int:
        """Count the positions of the window along `size` pixels."""
        size = check_count("size", size)
        if self.padding == "same":
            return -(-size // self.stride)
        zeros = self.zeros_before(size)
        span = size - self.extent + 2 * zeros
        if span < 0 and not (self.rounding == "ceil" and span > -self.stride):
            raise ValueError(
                f"kernel must extend over at most the padded input, {size + 2 * zeros}, got "
                f"{self.extent} (kernel={self.kernel}, dilation={self.dilation}): "
                f"use a smaller kernel or more padding"
            )
        if self.rounding == "exact" and span % self.stride:
            raise DoesNotFit(size, self.kernel, self.stride, zeros, self.dilation)
        if self.rounding == "ceil":
            # A window that began in the right padding would see no pixel of the input.
            return min(-(-span // self.stride), (size + zeros - 1) // self.stride) + 1
        return span // self.stride + 1

    def zeros_before(self, size: int | None) -> int:
        """Count the zeros before the first pixel; "same" puts the odd one after the last."""
        if isinstance(self.padding, int):
            return self.padding
        if self.padding == "valid":
            return 0
        if self.stride == 1:
            return (self.extent - 1) // 2
        if size is None:
            raise ValueError(
                'input_size must be given where a layer has padding="same" and a stride above 1, '
                "got None"
            )
        return max((self.positions(size) - 1) * self.stride + self.extent - size, 0) // 2


def _slide(
    kernel: Sizes, stride: Sizes, padding: Paddings, dilation: Sizes, rounding: Rounding
) -> tuple[_Window, _Window]:
    """Return the vertical and the horizontal window, with every argument checked."""
    kernels, strides = _pair("kernel", kernel), _pair("stride", stride)
    paddings: tuple[Padding, Padding] = _pair("padding", padding)
    dilations = _pair("dilation", dilation)
    return (
        _Window(kernels[0], strides[0], paddings[0], dilations[0], rounding),
        _Window(kernels[1], strides[1], paddings[1], dilations[1], rounding),
    )


def _image(input_shape: Iterable[int]) -> tuple[int, int, int]:
    rows, columns, channels = _shape(input_shape, "(height, width, channels)", ranks=(3,))
    return rows, columns, channels


def _grid(windows: tuple[_Window, _Window], input_shape: Iterable[int]) -> tuple[int, int, int]:
    """Count the positions of the windows down and across an image, and keep its channels."""
    *sizes, channels = _image(input_shape)
    counts = []
    for axis, window, size in zip(("height", "width"), windows, sizes, strict=True):
        try:
            counts.append(window.positions(size))
        except ValueError as error:
            error.add_note(f"This is the {axis} of input_shape={input_shape!r}.")
            raise
    return counts[0], counts[1], channels


def _extent(kernel: int, dilation: int) -> int:
    return dilation * (kernel - 1) + 1


def _settle(layer: Layer | _Window, counts: Iterable[str] = (), pairs: Iterable[str] = ()) -> None:
    """Make NumPy's integers ints and lists pairs, so that equal layers are equal and hashable."""
    for name in counts:
        object.__setattr__(layer, name, check_count(name, getattr(layer, name)))
    for name in pairs:
        object.__setattr__(layer, name, as_plain(getattr(layer, name)))


def _pair(name: str, value: Any) -> tuple[Any, Any]:
    """Repeat a single value for both axes."""
    plain = as_plain(value)
    if not isinstance(plain, tuple):
        return plain, plain
    if len(plain) != 2:
        raise ValueError(f"{name} must be one value or a pair (height, width), got {value!r}")
    return plain[0], plain[1]


def _check_flag(**arguments: object) -> None:
    for name, value in arguments.items():
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be True or False, got {value!r}")


def _shape(input_shape: Iterable[int], form: str, ranks: tuple[int, ...]) -> Shape:
    """Read a shape in ints, from a tuple, a list or an array."""
    plain = as_plain(input_shape)
    if not isinstance(plain, tuple) or len(plain) not in ranks or not all(map(_is_size, plain)):
        raise ValueError(f"input_shape must be {form} in positive ints, got {input_shape!r}")
    return plain


def _is_size(value: object) -> bool:
    number = as_int(value)
    return number is not None and number >= 1
