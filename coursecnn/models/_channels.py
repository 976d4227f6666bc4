"""On which axis of each tensor the channels are: the last, as usual, or another one.

- `Channels.of(calls)`: what the layers of a network say about it;
- `axis(tensor)`, `places(tensor)`, `shape(tensor)`: the axis, the others, and the shape with the
  channels last.

Layers with a `data_format` say where the channels are. Others pass the axis on, forwards and
backwards; a layer that moves values is asked where it moves the axis to.

>>> from coursecnn.models import _keras_graph
>>> image = keras.Input((3, 8, 9))
>>> maps = keras.layers.ReLU()(keras.layers.Conv2D(4, 3, data_format="channels_first")(image))
>>> Channels.of(_keras_graph.calls(keras.Model(image, maps))).shape(maps)
(6, 7, 4)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coursecnn.backend import keras
from coursecnn.models import _reads
from coursecnn.models._keras_graph import Call, Shape

__all__ = ["Channels"]

FIRST = "channels_first"


@dataclass(frozen=True)
class Channels:
    """The axes of channels that are not the last.

    Attributes:
        axes: By the `id` of a tensor the axis, the batch aside.
    """

    axes: Mapping[int, int]

    @classmethod
    def of(cls, calls: Sequence[Call]) -> Channels:
        """Find them in a network."""
        axes: dict[int, int] = {}
        for call in calls:
            axes |= dict(_said(call))
        if not any(_format(call.layer) == FIRST for call in calls):
            return cls({})
        links = [link for call in calls for link in _links(call)]
        before = -1
        while len(axes) > before:
            before = len(axes)
            for one, other, moves in (*links, *_turned(links)):
                if one in axes and other not in axes and axes[one] in moves:
                    axes[other] = moves[axes[one]]
        return cls(axes)

    def axis(self, tensor: Any) -> int:
        """The axis of a tensor's channels, the batch aside."""
        return self.axes.get(id(tensor), max(len(tensor.shape) - 2, 0))

    def places(self, tensor: Any) -> list[int]:
        """The axes of a tensor that are not its channels, the batch aside."""
        return [axis for axis in range(len(tensor.shape) - 1) if axis != self.axis(tensor)]

    def shape(self, tensor: Any) -> Shape:
        """The shape of a tensor without the batch, its channels last."""
        sizes = tuple(tensor.shape[1:])
        depth = sizes[self.axis(tensor) :][:1]
        return tuple(sizes[axis] for axis in self.places(tensor)) + depth


def _format(layer: Any) -> str | None:
    """The data format of a layer, or of the layer that it wraps."""
    inner = layer
    while isinstance(inner, keras.layers.Wrapper):
        inner = inner.layer
    if not hasattr(inner, "data_format"):
        return None
    return str(inner.data_format or keras.config.image_data_format())


def _said(call: Call) -> Iterator[tuple[int, int]]:
    """The axes that a layer's format gives to what comes in and out."""
    form = _format(call.layer)
    steps = isinstance(call.layer, _IN_STEPS)  # time comes before the channels
    for tensor in (*call.inputs[:1], *call.outputs[:1]) if form else ():
        rank = len(tensor.shape) - 1
        if rank > 1:
            series = steps and rank == len(call.inputs[0].shape) - 1
            yield id(tensor), (1 if series else 0) if form == FIRST else rank - 1


_IN_STEPS = (
    keras.layers.ConvLSTM1D,
    keras.layers.ConvLSTM2D,
    keras.layers.ConvLSTM3D,
    keras.layers.TimeDistributed,
)


def _links(call: Call) -> Iterator[tuple[int, int, Mapping[int, int]]]:
    """For an input and an output of a call, where the axes of the one are in the other."""
    if _format(call.layer) is not None:
        return
    for number, before in enumerate(call.inputs):
        for after in call.outputs:
            moves: Mapping[int, int] = {}
            if _reads.is_moving(call.layer):
                walks = _reads.reads(call, number).axes.items()
                moves = {into: axis for axis, (into, _) in walks}
            elif len(before.shape) == len(after.shape):
                moves = {axis: axis for axis in range(len(before.shape) - 1)}
            yield id(before), id(after), moves


def _turned(
    links: Sequence[tuple[int, int, Mapping[int, int]]],
) -> Iterator[tuple[int, int, Mapping[int, int]]]:
    for one, other, moves in links:
        yield other, one, {there: here for here, there in moves.items()}
