"""How many multiply-accumulates each kind of layer and operation takes for one image.

A rule takes a call, and a function that counts any other call, for what a layer holds. Products
with padding zeros are counted, and those that a transposed convolution throws away at the border.
What is computed of weights alone (the sum of a matrix and its low-rank update, a spectral norm) is
the same for every image and not counted; nor is anything element by element.
"""

import inspect
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np

from coursecnn.backend import keras
from coursecnn.models._keras_graph import Call, Shape

__all__ = ["Count", "Rule"]

Count: TypeAlias = Callable[[Call], int]
Rule: TypeAlias = Callable[[Call, Count], int]


# Sizes and arguments


def _shape(tensor: Any) -> Shape:
    """Give the sizes of one image's tensor, the batch as 1."""
    first, *others = tensor.shape or (1,)
    sizes = (1 if first is None else first, *others)
    if None in sizes:
        raise ValueError(f"a size of {tuple(tensor.shape)} is open: give input_shape")
    return tuple(map(int, sizes)) if tuple(tensor.shape) else ()


def _argument(call: Call, name: str) -> Any:
    """Find an argument by its name in the signature."""
    bound = inspect.signature(call.layer.call).bind_partial(*call.args, **call.kwargs)
    bound.apply_defaults()
    return bound.arguments.get(name)


def _spatial(layer: Any, tensor: Any) -> int:
    """Count the positions of maps, wherever the channels are."""
    _, *sizes = _shape(tensor)
    return prod(sizes[1:] if layer.data_format == "channels_first" else sizes[:-1])


def _channels(layer: Any, tensor: Any) -> int:
    return _shape(tensor)[1 if layer.data_format == "channels_first" else -1]


def _applied(count: Count, layer: Any, *tensors: Any) -> int:
    """Count another layer, or a model, on tensors of these shapes."""
    argument = tensors[0] if len(tensors) == 1 else list(tensors)
    outputs = tuple(keras.tree.flatten(layer.compute_output_spec(argument)))
    return count(Call(layer.name, layer, (argument,), {}, tensors, outputs, ()))


# Rules for layers


def none(_call: Call, _count: Count) -> int:
    """Count nothing: values move about, or change each alone."""
    return 0


def refused(call: Call, _count: Count) -> int:
    """Refuse a layer whose products cannot be known here.

    Raises:
        TypeError: Always.
    """
    raise unknown(call, "")


def unknown(call: Call, reason: str) -> TypeError:
    """Make the error of a layer that nobody can count."""
    return TypeError(
        f"the MACs of layer {call.path!r} of type {type(call.layer).__name__} are not known: say "
        f"them with register_macs, or with a method macs(input_shape) of the layer{reason}"
    )


def conv(call: Call, _count: Count) -> int:
    """Count a window for each place and each filter."""
    layer = call.layer
    per_output = prod(layer.kernel_size) * _channels(layer, call.inputs[0]) // layer.groups
    return _spatial(layer, call.outputs[0]) * layer.filters * per_output


def conv_transpose(call: Call, _count: Count) -> int:
    """Count a window for each place of the input."""
    layer, maps = call.layer, call.inputs[0]
    per_input = prod(layer.kernel_size) * layer.filters
    return _spatial(layer, maps) * _channels(layer, maps) * per_input


def depthwise(call: Call, _count: Count) -> int:
    """Count a window for each place and each map."""
    layer = call.layer
    maps = _channels(layer, call.inputs[0]) * layer.depth_multiplier
    return _spatial(layer, call.outputs[0]) * maps * prod(layer.kernel_size)


def separable(call: Call, _count: Count) -> int:
    """Count the windows of each map, and the filters over all maps."""
    layer = call.layer
    maps = _channels(layer, call.inputs[0]) * layer.depth_multiplier
    return depthwise(call, _count) + _spatial(layer, call.outputs[0]) * maps * layer.filters


def dense(call: Call, _count: Count) -> int:
    """Count a row of weights for each unit, at each position."""
    # Keras applies the layer along the last axis, at each position of the others.
    return prod(_shape(call.inputs[0])) * int(call.layer.units)


def einsum_dense(call: Call, _count: Count) -> int:
    """Count a sum over the indices of the layer's equation."""
    return _einsum(call.layer.equation, [_shape(call.inputs[0]), tuple(call.layer.kernel.shape)])


def reversible(call: Call, _count: Count) -> int:
    """Count the way back from vectors to words."""
    back = _argument(call, "reverse")
    return prod(_shape(call.inputs[0])) * int(call.layer.input_dim) if back else 0


def dot_layer(call: Call, _count: Count) -> int:
    """Count a sum for each output."""
    axes = call.layer.axes
    axis = axes if isinstance(axes, int) else axes[0]
    return prod(_shape(call.outputs[0])) * _shape(call.inputs[0])[axis]


def additive_attention(call: Call, _count: Count) -> int:
    """Count the scores, if they are weighted, and the weighted values."""
    (_, queries, size), (_, keys, depth) = map(_shape, call.inputs[:2])
    scores = queries * keys * size if call.layer.use_scale else 0
    return scores + queries * keys * depth


def recurrent(gates: int) -> Rule:
    """Count input and state, each times a matrix for every gate, at each step."""

    def rule(call: Call, _count: Count) -> int:
        *others, features = _shape(call.inputs[0])
        units = int(call.layer.units)
        return prod(others) * gates * units * (features + units)

    return rule


def conv_lstm(call: Call, _count: Count) -> int:
    """Count the windows of input and state for four gates, at each step."""
    layer = call.layer
    _, steps, *maps = _shape(call.inputs[0])
    sides = maps[1:] if layer.data_format == "channels_first" else maps[:-1]
    channels = maps[0 if layer.data_format == "channels_first" else -1]
    windows = zip(sides, layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
    positions = prod(_windows(*window, layer.padding) for window in windows)
    gates = 4 * layer.filters
    return steps * positions * prod(layer.kernel_size) * gates * (channels + layer.filters)


def _windows(side: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    reach = 0 if padding == "same" else (kernel - 1) * dilation
    return (side - reach - 1) // stride + 1


def rnn(call: Call, count: Count) -> int:
    """Count a cell of any kind, and repeat it for each step."""
    cell, series = call.layer.cell, call.inputs[0]
    batch, steps, *features = _shape(series)
    step = keras.KerasTensor((batch, *features), dtype=series.dtype)
    states = keras.tree.map_structure(
        lambda size: keras.KerasTensor((batch, size), dtype=step.dtype), cell.state_size
    )
    args = (step, list(states) if isinstance(states, list | tuple) else [states])
    inputs = tuple(keras.tree.flatten(args))
    return steps * count(Call(f"{call.path}/{cell.name}", cell, args, {}, inputs, (), ()))


def bidirectional(call: Call, count: Count) -> int:
    """Count both directions."""
    return sum(
        _applied(count, layer, call.inputs[0])
        for layer in (call.layer.forward_layer, call.layer.backward_layer)
    )


def time_distributed(call: Call, count: Count) -> int:
    """Count the layer inside for each step."""
    batch, steps, *sizes = _shape(call.inputs[0])
    one = keras.KerasTensor((batch, *sizes), dtype=call.inputs[0].dtype)
    return steps * _applied(count, call.layer.layer, one)


def wrapped(call: Call, count: Count) -> int:
    """Count the layer inside."""
    return _applied(count, call.layer.layer, *call.inputs)


# Rules for operations on tensors


def _sizes(operand: Any) -> Shape:
    return _shape(operand) if isinstance(operand, keras.KerasTensor) else tuple(operand.shape)


def _operands(call: Call) -> list[Shape]:
    """Give the shapes of the arguments in order, arrays and weights included."""
    parts = keras.tree.flatten((call.args, dict(call.kwargs)))
    return [_sizes(part) for part in parts if hasattr(part, "shape")]


def matmul(call: Call, _count: Count) -> int:
    """Count a sum for each output."""
    shapes = _operands(call)
    if () in shapes:  # a number times a tensor
        return 0
    return prod(_shape(call.outputs[0])) * shapes[0][-1]


def vdot(call: Call, _count: Count) -> int:
    """Count one sum over everything."""
    return prod(_operands(call)[0])


def tensordot(call: Call, _count: Count) -> int:
    """Count a sum over the axes that go away."""
    shape, axes = _operands(call)[0], call.layer.axes
    if isinstance(axes, int):
        if axes == 0:  # all pairs, and nothing to add up
            return 0
        summed = prod(shape[len(shape) - axes :])
    else:
        first = axes[0] if isinstance(axes[0], tuple | list) else [axes[0]]
        summed = prod(shape[axis] for axis in first)
    return prod(_shape(call.outputs[0])) * summed


def einsum_op(call: Call, _count: Count) -> int:
    """Count a sum over the indices of an equation."""
    return _einsum(call.layer.subscripts, _operands(call))


def conv_op(call: Call, _count: Count) -> int:
    """Count a window for each output."""
    kernel = _operands(call)[1]
    return prod(_shape(call.outputs[0])) * prod(kernel[:-1])


def depthwise_op(call: Call, _count: Count) -> int:
    """Count a window of one map for each output."""
    kernel = _operands(call)[1]
    return prod(_shape(call.outputs[0])) * prod(kernel[:-2])


def separable_op(call: Call, _count: Count) -> int:
    """Count the windows of each map, and the filters over all maps."""
    _, depthwise, pointwise = _operands(call)
    positions = prod(_shape(call.outputs[0])) // pointwise[-1]
    return positions * (prod(depthwise) + prod(pointwise))


def conv_transpose_op(call: Call, _count: Count) -> int:
    """Count a window for each input."""
    maps, kernel = _operands(call)[:2]
    return prod(maps) * prod(kernel[:-1])


def attention_op(call: Call, _count: Count) -> int:
    """Count the scores and the weighted values."""
    query, key, value = _operands(call)[:3]
    # (batch, positions, heads, size); keys and values may have fewer heads, shared by groups.
    return prod(query) * key[1] + prod(query[:-1]) * key[1] * value[-1]


def _einsum(equation: str, shapes: Sequence[Shape]) -> int:
    """Count the products of a sum over indices: operands are joined two by two.

    >>> _einsum("abc,cde->abde", [(1, 5, 3), (3, 2, 4)])  # a matrix product of 5×3 and 3×8
    120
    >>> _einsum("bij,bj->bij", [(1, 5, 3), (1, 3)])  # nothing is summed: element by element
    0
    """
    terms, wanted = _indices(equation, shapes)
    size = {
        index: max(shape[place] for term, shape in zip(terms, shapes, strict=True)
                   for place, other in enumerate(term) if other == index)
        for index in {index for term in terms for index in term}
    }  # fmt: skip
    total = 0
    for pair in _order(terms, shapes, wanted):
        chosen = [terms[place] for place in pair]
        terms = [term for place, term in enumerate(terms) if place not in pair]
        both = set().union(*chosen)
        kept = both & (set(wanted).union(*terms))
        if len(chosen) > 1 and both - kept:
            total += prod(size[index] for index in both)
        terms.append("".join(sorted(kept)))
    return total


def _indices(equation: str, shapes: Sequence[Shape]) -> tuple[list[str], str]:
    """Read an equation; letters that it does not use stand for the axes of its dots."""
    left, arrow, wanted = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    free = [letter for letter in map(chr, range(0x100, 0x140)) if letter not in equation]
    dots = "".join(free)
    ranks = [
        len(shape) - len(term.replace("...", "")) for term, shape in zip(terms, shapes, strict=True)
    ]
    most = max((rank for term, rank in zip(terms, ranks, strict=True) if "..." in term), default=0)
    terms = [
        term.replace("...", dots[most - rank : most])
        for term, rank in zip(terms, ranks, strict=True)
    ]
    if not arrow:
        letters = "".join(terms)
        once = sorted(letter for letter in set(letters) if letters.count(letter) == 1)
        return terms, "".join(once)
    return terms, wanted.replace("...", dots[:most])


def _order(terms: Sequence[str], shapes: Sequence[Shape], wanted: str) -> list[tuple[int, ...]]:
    """Choose which operands are joined first, as `einsum` does."""
    if len(terms) < 3:
        return [tuple(range(len(terms)))]
    letters = {index: chr(97 + place) for place, index in enumerate(sorted(set("".join(terms))))}
    plain = ",".join("".join(letters[index] for index in term) for term in terms)
    operands = [np.broadcast_to(np.float32(0), shape) for shape in shapes]
    target = "".join(letters[index] for index in wanted)
    path, _ = np.einsum_path(f"{plain}->{target}", *operands, optimize="greedy")
    return [tuple(step) for step in path[1:]]
