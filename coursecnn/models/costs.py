"""What each layer of a Keras model costs: values to keep, parameters, multiplications.

- `layer_table(model)`: one row for each layer, as a pandas DataFrame;
- `totals(model)`: the sums;
- `register_macs(layer, rule)`: how to count a layer of one's own;
- `text(table)`: the table with a row of sums, for reading.

There is one convention, everywhere in the course (`coursecnn.models.conventions` states a count in
those of others):

- a MAC is one multiply-accumulate of a convolution, a dense layer, an attention, a recurrence or a
  product of tensors for one image, products with padding zeros included: 1 MAC = 2 FLOPs. A bias,
  a normalisation, a pooling, an activation, an addition have none, nor has a product element by
  element, nor what is computed of weights alone;
- values are the numbers in a layer's output for one image: what a forward pass has to keep if
  it frees nothing. The input is a layer too, and so is one that only reshapes. A layer that others
  work in (`TimeDistributed`, a recurrence, an attention) has theirs as well: the outputs at each
  step, gates and states, projections and weights of the attention;
- bytes are those of the values in the type in which the layer puts them out: 4 each in float32, 2
  in the mixed precisions. `coursecnn.models.memory` says how many must be kept at once.

Any Keras model will do: functional, sequential or subclassed; for one whose input size is open,
`input_shape` says it. Models inside are opened, and so are layers of one's own that hold layers:
they are followed with symbolic tensors. Where that fails, and for a layer whose products cannot be
seen (a loop, another library), the error says how to count it.

>>> from coursecnn.architectures import build
>>> totals(build("mnist_tutorial"))
Totals(params=93322, trainable=93322, macs=2794240, values=38394, bytes=153576)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import pandas as pd

from coursecnn.backend import keras
from coursecnn.models import _keras_graph, _kinds
from coursecnn.models._inner import inner
from coursecnn.models._keras_graph import Call
from coursecnn.models._products import is_known, is_opened, macs, register_macs

__all__ = ["Totals", "layer_table", "register_macs", "text", "totals"]

# Bytes of a number; a policy such as "mixed_float16" gives tensors of the first word's type.
BYTES = {
    **dict.fromkeys(("bool", "int8", "uint8", "float8_e4m3fn", "float8_e5m2"), 1),
    **dict.fromkeys(("int16", "uint16", "float16", "bfloat16"), 2),
    **dict.fromkeys(("int32", "uint32", "float32"), 4),
    **dict.fromkeys(("int64", "uint64", "float64", "complex64"), 8),
    "complex128": 16,
    "string": 0,  # a text has no fixed size
}


@dataclass(frozen=True)
class Totals:
    """The costs of a model; see the module's convention.

    Attributes:
        params: Numbers in all weights, those that training does not touch included.
        trainable: Numbers in the weights that training adjusts.
        macs: Multiply-accumulates for one image.
        values: Numbers in the outputs of all layers for one image.
        bytes: Memory of those values, each in its type.

    >>> Totals(params=10, trainable=8, macs=90, values=30, bytes=120).macs
    90
    """

    params: int
    trainable: int
    macs: int
    values: int
    bytes: int


def layer_table(
    model: keras.Model, *, input_shape: Any = None, types: bool = False
) -> pd.DataFrame:
    """List what each layer costs, in the order of computation.

    A row is one use of one layer. A model inside the model is opened, and its layers are named
    "model/layer"; so is a layer of one's own that holds layers. A layer that is used twice has two
    rows: both have values and MACs, only the first has the parameters, so that each column adds
    up to the model's total. Weights that an opened layer has beside those of its layers are in
    the row of the operation that takes them, or in a row of its own without values.

    Args:
        model: A Keras model; one that is not functional and was never built needs `input_shape`.
        input_shape: Of one image, (height, width, channels), where the model leaves sizes open;
            for several inputs a list of shapes in their order, or a dictionary by their names.
        types: Add the columns `kind`, what the layer is for, such as "convolution" or "pooling";
            `dtype` and `bytes`, of what comes out; and `param_bytes`.

    Returns:
        A table with the columns `layer`, `type`, `output_shape` (without the batch; one shape
        for each output if there are several), `values`, `params`, `macs`.

    Raises:
        TypeError: Nothing says how many MACs a layer takes.
        ValueError: The model has no graph of layers, or a size in it is open, or the input shape
            does not fit.

    Examples:
        >>> from coursecnn.architectures import build
        >>> layer_table(build("mnist_tutorial")).loc[:2, ["layer", "values", "params", "macs"]]
           layer  values  params    macs
        0  image     784       0       0
        1  conv1   21632     320  194688
        2  pool1    5408       0       0
    """
    rows = pd.DataFrame(list(_rows(counted_calls(model, input_shape))))
    return rows if types else rows.drop(columns=["kind", "dtype", "bytes", "param_bytes"])


def totals(model: keras.Model, *, input_shape: Any = None) -> Totals:
    """Add up the columns of `layer_table(model)`, and count the trainable parameters.

    Args:
        model: As in `layer_table`, with the same errors.
        input_shape: As there.
    """
    table = layer_table(model, input_shape=input_shape, types=True)
    sums = table[["params", "macs", "values", "bytes"]].sum()
    return Totals(
        params=int(sums["params"]),
        trainable=sum(prod(weight.shape) for weight in model.trainable_weights),
        macs=int(sums["macs"]),
        values=int(sums["values"]),
        bytes=int(sums["bytes"]),
    )


def text(table: pd.DataFrame) -> str:
    """Write a table for reading: thousands separated, and a row of sums at the end.

    >>> from coursecnn.architectures import build
    >>> print(text(layer_table(build("mnist_tutorial")).tail(2)))
    layer        type   output_shape  values  params    macs
    dense1       Dense          (64)      64  36,928  36,864
    predictions  Dense          (10)      10     650     640
    total                                 74  37,578  37,504
    """
    names = list(map(str, table))
    numbers = [name for name in names if pd.api.types.is_integer_dtype(table[name])]
    sums = {"layer": "total", **{name: table[name].sum() for name in numbers}}
    records: list[Any] = [*table.to_dict("records"), sums]
    cells = [[_cell(record.get(name, "")) for name in names] for record in records]
    rows = [names, *cells]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = ("layer", "type", "kind", "dtype")
    return "\n".join(
        "  ".join(
            cell.ljust(width) if name in left else cell.rjust(width)
            for name, cell, width in zip(names, row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _cell(value: Any) -> str:
    if isinstance(value, tuple):
        parts = [_cell(part) if isinstance(part, tuple) else str(part) for part in value]
        return f"({', '.join(parts)})"
    return value if isinstance(value, str) else f"{value:,}"


def counted_calls(model: keras.Model, input_shape: Any = None) -> list[Call]:
    """List the calls that have a row each, for one image.

    Where operations on tensors may mix the batch with other axes, all is computed for a batch of 1.

    Raises:
        ValueError: A size is open.
    """
    shape = _keras_graph.own_sizes(model) if input_shape is None else None
    if shape is None:
        found = _keras_graph.calls(model, opens=is_opened, input_shape=input_shape)
    else:
        try:
            found = _keras_graph.calls(model, opens=is_opened)
            is_plain = all(map(_is_plain, found))
        except ValueError:  # a layer of one's own may ask how large the batch is
            is_plain = False
        if not is_plain:
            found = _keras_graph.calls(model, opens=is_opened, input_shape=shape)
    for call in found:
        _check_sizes(call)
    return found


def _is_plain(call: Call) -> bool:
    """Say whether a call leaves the batch alone, and its sizes are known."""
    if any(None in shape for shape in call.output_shapes):
        return False
    return isinstance(call.layer, keras.layers.Layer) and is_known(call.layer)


def _check_sizes(call: Call) -> None:
    for shape in call.output_shapes:
        if None in shape:
            raise ValueError(
                f"model must have a fixed input size, got {shape} at layer {call.path!r}: give "
                f"input_shape"
            )


def _rows(calls: Sequence[Call]) -> Iterator[dict[str, Any]]:
    seen: set[int] = set()
    for call in calls:
        yield _row(call, _new(_weights(call), seen))
    for path, layer in dict.fromkeys(pair for call in calls for pair in call.opened):
        if rest := _new(layer.weights, seen):
            yield {
                "layer": path,
                "type": type(layer).__name__,
                "output_shape": (),
                "values": 0,
                "params": sum(prod(weight.shape) for weight in rest),
                "macs": 0,
                "kind": _kinds.kind(layer),
                "dtype": "",
                "bytes": 0,
                "param_bytes": byte_count(rest),
            }


def _row(call: Call, weights: Sequence[Any]) -> dict[str, Any]:
    """Account for one call, with the weights that no earlier row has."""
    shapes = call.output_shapes
    return {
        "layer": call.path,
        "type": type(call.layer).__name__,
        "output_shape": shapes[0] if len(shapes) == 1 else shapes,
        "values": sum(prod(shape) for shape in shapes) + inner(call).kept,
        "params": sum(prod(weight.shape) for weight in weights),
        "macs": macs(call),
        "kind": _kinds.kind(call.layer),
        "dtype": ", ".join(dict.fromkeys(_type(tensor) for tensor in call.outputs)),
        "bytes": kept_bytes(call),
        "param_bytes": byte_count(weights),
    }


def _weights(call: Call) -> list[Any]:
    """List the weights of a layer, or those that an operation takes as arguments."""
    if isinstance(call.layer, keras.layers.Layer):
        return list(call.layer.weights)
    parts = keras.tree.flatten((call.args, dict(call.kwargs)))
    return [part for part in parts if isinstance(part, keras.Variable)]


def _new(weights: Sequence[Any], seen: set[int]) -> list[Any]:
    """Keep the weights that were not counted yet, and remember them."""
    new = [weight for weight in weights if id(weight) not in seen]
    seen.update(map(id, new))
    return new


def _type(tensor: Any) -> str:
    return str(keras.backend.standardize_dtype(tensor.dtype))


def kept_bytes(call: Call) -> int:
    """Add up the bytes of a call's outputs, and of what it computes on the way, in their type."""
    return byte_count(call.outputs) + inner(call).kept * _width(call.outputs[0])


def working_bytes(call: Call) -> int:
    """Add up what a call holds at once beside its outputs, if nothing is kept for gradients."""
    return inner(call).working * _width(call.outputs[0])


def byte_count(tensors: Sequence[Any]) -> int:
    """Add up the bytes of tensors or weights, the batch as 1.

    Raises:
        ValueError: The numbers are of a type whose size is not known here, such as strings.
    """
    return sum(prod(size or 1 for size in tensor.shape) * _width(tensor) for tensor in tensors)


def _width(tensor: Any) -> int:
    kind = _type(tensor)
    if kind not in BYTES:
        raise ValueError(f"a value must be a number, got a tensor of type {kind!r}")
    return BYTES[kind]
