"""What each layer of a Keras model costs: values to keep, parameters, multiplications.

- `layer_table(model)`: one row for each layer, as a pandas DataFrame;
- `totals(model)`: the sums.

There is one convention, everywhere in the course:

- a MAC is one multiply-accumulate of a convolution or dense layer for one image, products with
  padding zeros included: 1 MAC = 2 FLOPs. A bias, a normalisation, a pooling, an activation, an
  addition have none;
- values are the numbers in a layer's output for one image: what a forward pass has to keep if
  it frees nothing. The input is a layer too, and so is one that only reshapes;
- bytes are those of the values at 4 bytes each (float32); the parameters take as many each, once
  for all images.

>>> from coursecnn.architectures import build
>>> totals(build("mnist_tutorial"))
Totals(params=93322, trainable=93322, macs=2794240, values=38394, bytes=153576)
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple, TypeAlias

import pandas as pd

from coursecnn import geometry
from coursecnn.backend import keras

__all__ = ["Totals", "layer_table", "totals"]

Shape: TypeAlias = tuple[int, ...]

BYTES_PER_VALUE = 4  # float32


@dataclass(frozen=True)
class Totals:
    """The costs of a model; see the module's convention.

    Attributes:
        params: Numbers in all weights, those that training does not touch included.
        trainable: Numbers in the weights that training adjusts.
        macs: Multiply-accumulates for one image.
        values: Numbers in the outputs of all layers for one image.
        bytes: Memory of those values in float32.

    >>> Totals(params=10, trainable=8, macs=90, values=30, bytes=120).macs
    90
    """

    params: int
    trainable: int
    macs: int
    values: int
    bytes: int


def layer_table(model: keras.Model) -> pd.DataFrame:
    """List what each layer costs, in the order of computation.

    A row is one use of one layer. A model inside the model is opened, and its layers are named
    "model/layer". A layer that is used twice has two rows: both have values and MACs, only the
    first has the parameters, so that each column adds up to the model's total.

    Args:
        model: A functional or sequential model, built, channels-last, for a fixed input size.

    Returns:
        A table with the columns `layer`, `type`, `output_shape` (without the batch; one shape
        for each output if there are several), `values`, `params`, `macs`.

    Raises:
        TypeError: A layer has weights, and its MACs are not known here.
        ValueError: The model has no graph of layers, or a size in it is open.

    Examples:
        >>> from coursecnn.architectures import build
        >>> layer_table(build("mnist_tutorial")).loc[:2, ["layer", "values", "params", "macs"]]
           layer  values  params    macs
        0  image     784       0       0
        1  conv1   21632     320  194688
        2  pool1    5408       0       0
    """
    seen: set[int] = set()
    return pd.DataFrame([_row(use, seen) for use in _uses(model)])


def totals(model: keras.Model) -> Totals:
    """Add up the columns of `layer_table(model)`, and count the trainable parameters.

    Args:
        model: As in `layer_table`, with the same errors.
    """
    table = layer_table(model)
    values = int(table["values"].sum())
    return Totals(
        params=int(table["params"].sum()),
        trainable=sum(prod(weight.shape) for weight in model.trainable_weights),
        macs=int(table["macs"].sum()),
        values=values,
        bytes=BYTES_PER_VALUE * values,
    )


class _Use(NamedTuple):
    """One call of one layer: shapes are without the batch."""

    name: str
    layer: Any
    input_shapes: list[Shape]
    output_shapes: list[Shape]


def _uses(model: keras.Model, prefix: str = "") -> Iterator[_Use]:
    """Walk the calls of all layers, inner models opened, in the order of computation."""
    # Keras has no public way to list the calls of a layer: `layer.output` refuses a shared one.
    # Its own `summary` walks the same attribute.
    graph = getattr(model, "_functional", model)
    if not hasattr(graph, "_nodes_by_depth"):
        raise ValueError(
            f"model must be functional, or sequential and built, got {model.name!r} of type "
            f"{type(model).__name__}"
        )
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            layer, name = node.operation, prefix + node.operation.name
            if isinstance(layer, keras.Model):
                yield from _uses(layer, prefix=f"{name}/")
            elif not (prefix and isinstance(layer, keras.layers.InputLayer)):
                yield _Use(
                    name, layer, _shapes(name, node.input_tensors), _shapes(name, node.outputs)
                )


def _shapes(name: str, tensors: list[Any]) -> list[Shape]:
    shapes = [tuple(tensor.shape[1:]) for tensor in tensors]
    for shape in shapes:
        if None in shape:
            raise ValueError(f"model must have a fixed input size, got {shape} at layer {name!r}")
    return shapes


def _row(use: _Use, seen: set[int]) -> dict[str, Any]:
    """Account for one use; `seen` holds the weights that earlier rows counted."""
    weights = getattr(use.layer, "weights", [])
    new = [weight for weight in weights if id(weight) not in seen]
    seen.update(id(weight) for weight in new)
    shapes = use.output_shapes
    return {
        "layer": use.name,
        "type": type(use.layer).__name__,
        "output_shape": shapes[0] if len(shapes) == 1 else tuple(shapes),
        "values": sum(prod(shape) for shape in shapes),
        "params": sum(prod(weight.shape) for weight in new),
        "macs": _macs(use) if weights else 0,
    }


def _macs(use: _Use) -> int:
    """Count the MACs of a layer with weights."""
    if getattr(use.layer, "data_format", "channels_last") != "channels_last":
        raise ValueError(f"model must be channels-last, got a channels-first layer {use.name!r}")
    if hasattr(use.layer, "macs"):  # a layer of this course that counts its own
        return int(use.layer.macs(use.input_shapes[0]))
    for kind in type(use.layer).__mro__:
        if kind in _RULES:
            return _RULES[kind](use.layer, use.input_shapes[0])
    raise TypeError(
        f"the MACs of layer {use.name!r} of type {type(use.layer).__name__} are not known, and it "
        f"has weights: give it a method macs(input_shape), or a rule in coursecnn.models.costs"
    )


def _convolution(layer: Any, filters: int, groups: int) -> geometry.Convolution:
    """Translate a Keras layer that slides a kernel into its arithmetic."""
    return geometry.Convolution(
        filters=filters,
        kernel=layer.kernel_size,
        stride=layer.strides,
        padding=layer.padding,
        dilation=layer.dilation_rate,
        groups=groups,
        rounding="floor",
    )


def _conv2d(layer: Any, input_shape: Shape) -> int:
    return _convolution(layer, layer.filters, layer.groups).macs(input_shape)


def _depthwise(layer: Any, input_shape: Shape) -> int:
    channels = input_shape[-1]
    return _convolution(layer, channels * layer.depth_multiplier, channels).macs(input_shape)


def _separable(layer: Any, input_shape: Shape) -> int:
    channels = input_shape[-1]
    depthwise = _convolution(layer, channels * layer.depth_multiplier, channels)
    pointwise = geometry.Convolution(layer.filters, kernel=1)
    return depthwise.macs(input_shape) + pointwise.macs(depthwise.output_shape(input_shape))


def _dense(layer: Any, input_shape: Shape) -> int:
    # Keras applies the layer along the last axis, at each position of the others.
    *positions, features = input_shape
    return prod(positions) * geometry.Dense(layer.units).macs((features,))


def _none(_layer: Any, _input_shape: Shape) -> int:
    return 0


# How to count the MACs of a layer with weights, subclasses included. Whatever is missing here is
# an error, not a silent zero.
_RULES: dict[type, Callable[[Any, Shape], int]] = {
    keras.layers.Conv2D: _conv2d,
    keras.layers.DepthwiseConv2D: _depthwise,
    keras.layers.SeparableConv2D: _separable,
    keras.layers.Dense: _dense,
    keras.layers.BatchNormalization: _none,
    keras.layers.GroupNormalization: _none,
    keras.layers.LayerNormalization: _none,
    keras.layers.Normalization: _none,
    keras.layers.PReLU: _none,
}
