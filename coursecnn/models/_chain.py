"""A Keras model that is a plain chain, as layers of `coursecnn.geometry`.

- `chain(model, layer)`: its convolutions and poolings by name, and the side of its image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from coursecnn.geometry import Convolution, Pooling
from coursecnn.models import _ask, _keras_graph, _reads
from coursecnn.models._channels import Channels
from coursecnn.models._keras_graph import Call
from coursecnn.models._reads import ONE, Steps

if TYPE_CHECKING:  # what has a model has imported Keras
    from coursecnn.backend import keras

__all__ = ["chain"]

Layers = dict[str, Convolution | Pooling]


def chain(model: keras.Model, layer: Any = None, input_shape: Any = None) -> tuple[Layers, int]:
    """Take a model apart, up to a layer or to the first that sees everything.

    Zeros that a layer of their own puts around the maps go to the padding of the next window.

    Returns:
        The layers that have windows, by path, and rows of the image.

    Raises:
        ValueError: The model has branches, is not square, or pads more on one side.
    """
    traced = _keras_graph.traced(model, input_shape=input_shape)
    last = None if layer is None else _ask.find(traced, layer).output
    first, *calls = _up_to(traced.calls, last)
    channels = Channels.of(traced.calls)
    sizes = channels.shape(first.outputs[0])
    if len(sizes) != 3 or sizes[0] != sizes[1] or None in sizes:
        raise ValueError(f"model must have one square image of a fixed size, got {sizes}")
    layers: Layers = {}
    zeros, before = 0, first
    for call in calls:
        if len(call.inputs) != 1 or call.inputs[0] is not before.outputs[0]:
            raise ValueError(f"model must be a plain chain, but {call.path!r} joins branches")
        steps = _square_steps(call, channels)
        if steps is None:
            if last is None:
                break
            raise ValueError(f"model must have local layers alone, but {call.path!r} is not local")
        sides = channels.shape(call.inputs[0])[0], channels.shape(call.outputs[0])[0]
        zeros = _add(layers, call, steps, zeros, sides)
        before = call
    return layers, sizes[0]


def _up_to(calls: Sequence[Call], last: Any) -> list[Call]:
    """The calls up to the one that makes a tensor."""
    found = []
    for call in calls:
        found.append(call)
        if last is not None and any(last is tensor for tensor in call.outputs):
            break
    return found


def _square_steps(call: Call, channels: Channels) -> Steps | None:
    """How a layer reads rows and columns, if it does so alike; None if it sees everything."""
    read = _reads.reads(call, 0)
    places = channels.places(call.inputs[0])
    ways = [read.axes.get(axis) for axis in channels.places(call.outputs[0])]
    local = len(ways) == 2 and all(w and w[0] == n for n, w in zip(places, ways, strict=False))
    if not local or ways[0] is None or ways[1] is None:
        return None
    steps = ways[0][1]
    if steps != ways[1][1] or len(steps.taps) > 1:
        raise ValueError(f"model must have square windows alone, but {call.path!r} has others")
    return steps


def _add(layers: Layers, call: Call, steps: Steps, zeros: int, sides: tuple[int, int]) -> int:
    """Add what a call does, and return the zeros that wait for the next window."""
    size, count = sides
    taps = steps.taps[0]
    if len(taps) == 1 and steps.advance == 1:
        if steps == ONE and size == count:
            return zeros
        if 2 * -taps[0] != count - size or taps[0] > 0:
            raise ValueError(
                f"model must pad as much before as after, and cut nothing off, unlike {call.path!r}"
            )
        return zeros - taps[0]
    dilation = taps[1] - taps[0] if len(taps) > 1 else 1
    padding, inner = zeros - taps[0], size - 2 * zeros
    for rounding in ("floor", "ceil"):
        layer = Convolution(
            1,
            len(taps),
            steps.advance,
            padding,
            dilation,
            rounding=rounding,
        )
        try:
            fits = layer.output_shape((inner, inner, 1))[0] == count
        except ValueError:
            fits = False
        if fits:
            layers[call.path] = layer
            return 0
    raise ValueError(f"model must pad as much before as after, unlike {call.path!r}")
