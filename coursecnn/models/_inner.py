"""What a layer computes on the way to its output, and holds: numbers that no other row shows.

- `inner(call)`: how many numbers there are in all, and how many at once where nothing is kept.

A convolution with an activation is one value for each output: what lies between is not counted.
Counted are what the layers within a layer put out (those of a model in `TimeDistributed`), the
gates and states of each step of a recurrence, and of an attention its projections, its weights and
what they sum up. A layer that never builds the weights of its attention, as a fused kernel, holds
fewer.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple, TypeAlias

from coursecnn.backend import keras
from coursecnn.models import _keras_graph
from coursecnn.models._keras_graph import Call
from coursecnn.models._products import is_opened

__all__ = ["NOTHING", "Inner", "inner"]

layers = keras.layers


class Inner(NamedTuple):
    """Numbers beside those of the output, for one image.

    Attributes:
        kept: All of them, which training keeps for the gradients.
        working: Those that are there at once if each is freed after its last use.
    """

    kept: int
    working: int


NOTHING = Inner(0, 0)
Rule: TypeAlias = Callable[[Call], Inner]


def inner(call: Call) -> Inner:
    """Count what a call computes on the way.

    >>> series = keras.Input((5, 3))
    >>> model = keras.Model(series, layers.LSTM(4)(series))
    >>> inner(_keras_graph.calls(model)[-1])  # 4 gates and 2 states in 5 steps, but the last state
    Inner(kept=116, working=24)
    """
    if is_opened(call.layer):
        return _opened(call)
    rule = next((_RULES[kind] for kind in type(call.layer).__mro__ if kind in _RULES), None)
    return rule(call) if rule else NOTHING


def _count(tensor: Any) -> int:
    """How many numbers there are in a tensor, for one image."""
    return prod(size or 1 for size in tensor.shape)


def _made(layer: Any, tensor: Any) -> int:
    """How many numbers a layer makes of a tensor, those on its way included."""
    outputs = tuple(keras.tree.flatten(layer.compute_output_spec(tensor)))
    call = Call(layer.name, layer, (tensor,), {}, (tensor,), outputs, ())
    return inner(call).kept + sum(map(_count, outputs))


def _opened(call: Call) -> Inner:
    """What the layers of a model, or of a layer of one's own, make, but for what comes out."""
    inside = _keras_graph.inside(call, is_opened)
    made = sum(inner(one).kept + sum(map(_count, one.outputs)) for one in inside)
    beside = max(made - sum(map(_count, call.outputs)), 0)
    return Inner(beside, beside)


def _wrapped(call: Call) -> Inner:
    return inner(Call(call.path, call.layer.layer, call.args, call.kwargs, call.inputs,
                      call.outputs, ()))  # fmt: skip


def _at_each_step(call: Call) -> Inner:
    """What the layer inside makes on its way, again and again."""
    batch, steps, *sizes = call.inputs[0].shape
    one = keras.KerasTensor((batch, *sizes), dtype=call.inputs[0].dtype)
    layer = call.layer.layer
    beside = _made(layer, one) - _count(layer.compute_output_spec(one))
    return Inner(steps * beside, beside)


def _recurrent(gates: int, states: int) -> Rule:
    """The rule of a recurrence with so many gates and states, each of the size of its output."""

    def rule(call: Call) -> Inner:
        size = _count(call.outputs[0])
        steps = call.inputs[0].shape[1] or 1
        size = size // steps if call.layer.return_sequences else size
        return _repeated(call, (gates + states) * size)

    return rule


def _repeated(call: Call, each: int) -> Inner:
    """The same at each step, without what is put out."""
    steps = call.inputs[0].shape[1] or 1
    return Inner(max(steps * each - sum(map(_count, call.outputs)), 0), each)


def _cells(call: Call) -> Inner:
    """Cells of any kind, one over the other: of one's own, the states."""
    cell = call.layer.cell
    held = getattr(cell, "cells", [cell])
    return _repeated(call, sum(map(_each_step, held)))


def _each_step(cell: Any) -> int:
    sizes = keras.tree.flatten(cell.state_size)
    gates = next((n for kind, n in _GATES.items() if isinstance(cell, kind)), 0)
    return gates * sizes[0] + sum(sizes)


def _both_ways(call: Call) -> Inner:
    """What both directions put out, if that is merged, and make on their way."""
    directions = (call.layer.forward_layer, call.layer.backward_layer)
    made = sum(_made(layer, call.inputs[0]) for layer in directions)
    return Inner(made - sum(map(_count, call.outputs)) * (call.layer.merge_mode in _JOINED), made)


def _attention(call: Call) -> Inner:
    """The weights of each query for each key."""
    query, key = (tensor.shape[1] or 1 for tensor in call.inputs[:2])
    return Inner(query * key, query * key)


def _additive(call: Call) -> Inner:
    """Besides, the sums of each query and each key."""
    query, value = call.inputs[:2]
    pairs = (query.shape[1] or 1) * (value.shape[1] or 1)
    made = pairs * (query.shape[-1] + 1)
    return Inner(made, made)


def _scores(call: Call) -> Inner:
    """The weights of each head; the axes are (batch, positions, heads, features)."""
    query, key = call.inputs[0], call.inputs[min(1, len(call.inputs) - 1)]
    weights = _count(query) // query.shape[-1] * (key.shape[1] or 1)
    return Inner(weights, weights)


def _heads(call: Call) -> Inner:
    """What is projected, the weights, and what they sum up: the operations of the layer."""
    inside = _keras_graph.inside(call)
    made = sum(_scores(one).kept if _is_scores(one) else 0 for one in inside)
    made += sum(_count(tensor) for one in inside[:-1] for tensor in one.outputs)
    return Inner(made, made)


def _is_scores(call: Call) -> bool:
    return type(call.layer).__name__ == "DotProductAttention"


_JOINED = ("concat", None)  # where both directions are put out as they are
_GATES = {layers.LSTMCell: 4, layers.GRUCell: 4}
_TABLE: tuple[tuple[str, Rule], ...] = (
    ("TimeDistributed", _at_each_step),
    ("Bidirectional", _both_ways),
    ("Wrapper", _wrapped),
    ("SimpleRNN", _recurrent(0, 1)),
    ("LSTM ConvLSTM1D ConvLSTM2D ConvLSTM3D", _recurrent(4, 2)),
    ("GRU", _recurrent(4, 1)),  # one of its products is multiplied once more
    ("RNN", _cells),
    ("Attention", _attention),
    ("AdditiveAttention", _additive),
    ("MultiHeadAttention GroupQueryAttention", _heads),
)
_RULES: dict[type, Rule] = {keras.Model: _opened} | {
    getattr(layers, name): rule
    for names, rule in _TABLE
    for name in names.split()
    if hasattr(layers, name)  # some are new
}
