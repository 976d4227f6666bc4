"""The receptive field explorer: which pixels reach a unit, and how much each of them counts.

- `ReceptiveFieldExplorer(stacks)`: what a notebook cell shows;
- `Stack(...)`: the layers of a network, from its image to a unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from coursecnn._checks import check_count
from coursecnn.geometry import Convolution, Pooling, ReceptiveField, receptive_field
from coursecnn.interactive import page
from coursecnn.interactive.snapshot import Snapshot
from coursecnn.models.receptive import SHARE, effective_width

MOST_LAYERS = 24  # lines of one drawing
WIDEST_MEASURED = 128  # a measured field is part of its page: 128 x 128 pixels are 22 kB


@dataclass(frozen=True, eq=False)
class Stack:
    """Square layers in a row on a square image, and what was measured on them.

    Attributes:
        layers: By name, from the image upwards; paddings are numbers or "valid", not "same".
        pixels: Rows, and columns, of the image.
        measured: For some of the layers the squared gradients of a unit by the pixels of its
            field, shape (size, size), as `effective_field` finds them.

    Raises:
        ValueError: A layer is not square or does not fit, there are none or too many, or what was
            measured is not of the field's shape.

    Examples:
        >>> stack = Stack({"conv": Convolution(1, kernel=3), "pool": Pooling(2)}, pixels=32)
        >>> stack.units("pool"), stack.field("pool").size
        (15, 4)
    """

    layers: Mapping[str, Convolution | Pooling]
    pixels: int
    measured: Mapping[str, npt.ArrayLike] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", check_count("pixels", self.pixels))
        if not 1 <= len(self.layers) <= MOST_LAYERS:
            raise ValueError(f"layers must be 1 to {MOST_LAYERS}, got {len(self.layers)}")
        for name, layer in self.layers.items():
            numbers = [v for v in vars(layer).values() if v is not None]
            pairs = [value for value in numbers if isinstance(value, tuple)]
            if any(pair[0] != pair[1] for pair in pairs) or "same" in numbers:
                raise ValueError(f"layers must be square and padded by a number, got {layer}")
            self.units(name)
        for name, squares in self.measured.items():
            page.check_finite(f"measured[{name!r}]", squares)
            size = self.field(name).size
            if np.shape(squares) != (size, size) or size > WIDEST_MEASURED:
                raise ValueError(
                    f"measured must have the shape of the field, {(size, size)}, at most "
                    f"{WIDEST_MEASURED} a side, got {np.shape(squares)} for {name!r}"
                )
            if np.min(squares) < 0 or not np.max(squares) > 0:
                raise ValueError(
                    f"measured must be squares, and not all 0, got {np.min(squares):g} to "
                    f"{np.max(squares):g} for {name!r}"
                )

    @classmethod
    def from_model(
        cls,
        model: Any,
        layer: Any = None,
        *,
        input_shape: Any = None,
        measured: Mapping[str, npt.ArrayLike] | None = None,
    ) -> Stack:
        """Take the convolutions and poolings of a Keras model that is a plain chain.

        Layers that work on each position alone, such as a ReLU or a batch normalisation, are
        passed over. The chain ends before the first layer that sees everything.

        Args:
            model: Functional or sequential, on a square image.
            layer: The last layer to show, its name, path, or the layer itself.
            input_shape: (height, width, channels), where the model leaves them open.
            measured: As of the stack.

        Raises:
            ValueError: The model is no such chain; says why.

        Examples:
            >>> from coursecnn.architectures import build
            >>> print(Stack.from_model(build("vgg16"), "pool1"))
            3 layers over 224 pixels, a unit of pool1 sees 6
        """
        from coursecnn.models._chain import chain

        layers, pixels = chain(model, layer, input_shape)
        return cls(layers, pixels, measured or {})

    def field(self, name: str) -> ReceptiveField:
        """The field of a unit of a layer."""
        return receptive_field(self._up_to(name))

    def units(self, name: str) -> int:
        """How many rows of units a layer has."""
        shape: tuple[int, ...] = (self.pixels, self.pixels, 1)
        for layer in self._up_to(name):
            shape = layer.output_shape(shape)
        return shape[0]

    def _up_to(self, name: str) -> list[Convolution | Pooling]:
        names = list(self.layers)
        if name not in names:
            raise ValueError(f"name must be one of {names}, got {name!r}")
        return list(self.layers.values())[: names.index(name) + 1]

    def __str__(self) -> str:
        last = list(self.layers)[-1]
        return (
            f"{len(self.layers)} layers over {self.pixels} pixels, a unit of {last} sees "
            f"{self.field(last).size}"
        )


class ReceptiveFieldExplorer:
    """Stacks of layers, of which the reader picks a unit to see the pixels that reach it.

    Beside the theoretical field, which is all pixels that reach the unit, the page shows how much
    they count. Expected: the number of paths from each pixel. For weights that are drawn
    independently around zero, it is proportional to the mean of the squared gradient, exactly so
    without ReLUs; shortcuts are not counted. Measured: what the stack brings with it.

    Kernels, strides, paddings and dilations can be changed, layers and poolings added and removed.
    A unit may also be pointed at in its map, which shows what it sees of a photograph.

    Args:
        stacks: By name, each a `Stack` or a Keras model, of which `Stack.from_model` makes one; the
            first is shown at the beginning.
        photograph: What the layers look at, such as one of `snapshots()`, scaled from its square to
            as many pixels as they read; without one, the image is grey.

    Examples:
        >>> layer = Convolution(1, kernel=3, padding=1)
        >>> ReceptiveFieldExplorer({"two": Stack({"conv1": layer, "conv2": layer}, pixels=32)})
        Receptive field explorer
        two: 2 layers over 32 pixels, a unit of conv2 sees 5
    """

    def __init__(
        self, stacks: Mapping[str, Stack | Any], *, photograph: Snapshot | None = None
    ) -> None:
        """Keep the stacks and the photograph.

        Raises:
            ValueError: There is none, a model is no plain chain of square layers, or the photograph
                is too large or its square not inside.
        """
        if not stacks:
            raise ValueError(f"stacks must hold at least one Stack, got {stacks!r}")
        self.stacks: dict[str, Stack] = {
            name: stack if isinstance(stack, Stack) else Stack.from_model(stack)
            for name, stack in stacks.items()
        }
        self._photograph = None
        if photograph is not None:
            photograph.check()
            self._photograph = photograph.plain()

    def __repr__(self) -> str:
        lines = [f"{name}: {stack}" for name, stack in self.stacks.items()]
        return "\n".join(["Receptive field explorer", *lines])

    def _repr_html_(self) -> str:
        stacks = [_plain(name, stack) for name, stack in self.stacks.items()]
        data = {"stacks": stacks, "share": SHARE, "photograph": self._photograph}
        static = "".join(_static(name, stack) for name, stack in self.stacks.items())
        return page.fragment("receptive.js", "Receptive field explorer", data, static)


def _plain(name: str, stack: Stack) -> dict[str, Any]:
    layers = [
        {
            "name": layer_name,
            "pools": isinstance(layer, Pooling),
            "kernel": _one(layer.kernel),
            "stride": _one(layer.kernel if layer.stride is None else layer.stride),
            "padding": 0 if layer.padding == "valid" else _one(layer.padding),
            "dilation": _one(getattr(layer, "dilation", 1)),
            "rounding": "ceil" if layer.rounding == "ceil" else "floor",
        }
        for layer_name, layer in stack.layers.items()
    ]
    measured = [
        {"layer": layer, "width": effective_width(squares), **_in_8_bits(squares)}
        for layer, squares in stack.measured.items()
    ]
    return {"name": name, "pixels": stack.pixels, "layers": layers, "measured": measured}


def _one(value: Any) -> int:
    """A size that is the same both ways, as one number."""
    return int(value[0] if isinstance(value, tuple) else value)


def _in_8_bits(squares: npt.ArrayLike) -> dict[str, Any]:
    """The size of the gradients, 255 for the largest."""
    sizes = np.sqrt(np.asarray(squares, dtype=float))
    levels = (255 * sizes / sizes.max()).round().astype(np.uint8)
    return {"shape": list(levels.shape), "bytes": page.in_base64(levels.tobytes())}


def _static(name: str, stack: Stack) -> str:
    """The layers of a stack and their fields."""
    titles = ("layer", "kernel", "stride", "units", "field in pixels", "pixels to the next field")
    head = "".join(f"<th scope=col>{title}" for title in titles)
    rows = "".join(
        f"<tr><th scope=row>{escape(row['name'])}"
        f"<td>{row['kernel']}<td>{row['stride']}<td>{stack.units(row['name'])}"
        f"<td>{stack.field(row['name']).size}<td>{stack.field(row['name']).jump}"
        for row in _plain(name, stack)["layers"]
    )
    return f"<table><caption>{escape(f'{name}: {stack}')}</caption><tr>{head}{rows}</table>"
