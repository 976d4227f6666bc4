"""The geometry calculator: the shape and the price of a layer, drawn.

- `GeometryCalculator(layer, input_shape)`: what a notebook cell shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import Any

from coursecnn._checks import as_plain
from coursecnn.geometry import Convolution
from coursecnn.interactive import page
from coursecnn.interactive.page import Field

FIELDS = (
    Field("size", "N, input size", 1, 1024),
    Field("kernel", "k, kernel taps", 1, 16),
    Field("padding", "P, padding", 0, 16),
    Field("stride", "S, stride", 1, 16),
    Field("dilation", "d, dilation", 1, 8),
    Field("channels", "C, input channels", 1, 1024),
    Field("filters", "K, filters", 1, 1024),
    Field("extra", "A, output padding", 0, 15),
)


@dataclass(frozen=True)
class GeometryCalculator:
    """A convolution over a square image, whose numbers the reader can change.

    In the page it can become a transposed convolution, or a pooling. Where the windows do not fit,
    the page says what is left over and what would fit, and counts on with what most frameworks do:
    the pixels after the last window are left out, unless a pooling is to round up.

    Attributes:
        layer: what to begin with: the same both ways, no "same", and a bias.
        input_shape: (N, N, C).

    Raises:
        ValueError: a number is none of `FIELDS`, or the kernel exceeds the padded input.

    Examples:
        >>> GeometryCalculator(Convolution(16, kernel=3, stride=2), input_shape=(8, 8, 3))
        Geometry calculator
        8×8×3 -> 3×3×16, 448 parameters, 3,888 MACs
    """

    layer: Convolution
    input_shape: tuple[int, int, int]

    def __post_init__(self) -> None:
        if not self.layer.bias:
            raise ValueError(f"layer must have a bias, got {self.layer}")
        shape = as_plain(self.input_shape)
        if not isinstance(shape, tuple) or len(shape) != 3 or shape[0] != shape[1]:
            raise ValueError(f"input_shape must be (N, N, C), got {self.input_shape!r}")
        object.__setattr__(self, "input_shape", shape)
        object.__setattr__(self, "layer", _squared(self.layer))
        page.check_fields(FIELDS, self._setting())
        self._rounded().output_shape(self.input_shape)

    def __repr__(self) -> str:
        return f"Geometry calculator\n{self._summary()}"

    def _repr_html_(self) -> str:
        setting = self._setting()
        fields = [{**field._asdict(), "value": setting[field.name]} for field in FIELDS]
        listed = "".join(f"<li>{escape(f.label)}: {setting[f.name]}" for f in FIELDS)
        static = f"<ul>{listed}</ul><p>{escape(self._summary())}</p>"
        data = {"fields": fields, "groups": self.layer.groups}
        return page.fragment("calculator.js", "Geometry calculator", data, static)

    def _summary(self) -> str:
        layer, shape = self._rounded(), self.input_shape
        shapes = " -> ".join("×".join(map(str, s)) for s in (shape, layer.output_shape(shape)))
        return f"{shapes}, {layer.parameters(shape):,} parameters, {layer.macs(shape):,} MACs"

    def _setting(self) -> dict[str, object]:
        names = ("kernel", "padding", "stride", "dilation", "filters")
        numbers: dict[str, object] = {name: getattr(self.layer, name) for name in names}
        size, _, channels = self.input_shape
        return {**numbers, "size": size, "channels": channels, "extra": 0}

    def _rounded(self) -> Convolution:
        return replace(self.layer, rounding="floor")


def _squared(layer: Convolution) -> Convolution:
    """The layer with one number for both axes where both are the same, and 0 for "valid"."""
    names = ("kernel", "stride", "padding", "dilation")
    settings = {name: getattr(layer, name) for name in names}
    same: dict[str, Any] = {
        n: v[0] for n, v in settings.items() if isinstance(v, tuple) and v[0] == v[1]
    }
    padding: dict[str, Any] = {"padding": 0} if layer.padding == "valid" else {}
    return replace(layer, **same, **padding)
