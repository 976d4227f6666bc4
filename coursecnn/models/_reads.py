"""Which inputs an output of a layer reads: the rules from which receptive fields follow.

- `reads(call, number)`: how the output of a call reads one of its inputs, axis by axis;
- `Reads`, `Steps`: the answer;
- `is_known(layer)`: whether there is a rule for a type of layer;
- `is_moving(layer)`: whether a layer only moves values about;
- `operation_name(layer)`: what an operation on tensors is called.

All axes but the batch are alike here, channels too. What is counted is what the arithmetic reads,
whatever the weights: a weight of zero reads as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import gcd, prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from coursecnn._keras_private import is_keras_own
from coursecnn.backend import keras
from coursecnn.models._keras_graph import Call

__all__ = ["ONE", "Reads", "Steps", "is_known", "is_moving", "operation_name", "reads"]

Shape: TypeAlias = tuple[int, ...]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Steps:
    """How positions of an output read positions of an input, along one axis.

    Position j = T q + r, where T is the number of `taps`, reads `advance` q + t for t in taps[r].

    Attributes:
        advance: Positions of the input that T of the output move on.
        taps: For each of T positions in turn what it reads.
        until: It reads all that lies before, too, as a recurrent layer does.

    >>> Steps(advance=2, taps=((-1, 0, 1),)).matrix(2, 4).astype(int)
    array([[1, 1, 0, 0],
           [0, 1, 1, 1]])
    """

    advance: int
    taps: tuple[tuple[int, ...], ...]
    until: bool = False

    def matrix(self, rows: int, columns: int) -> Mask:
        """Say for each position of the output, a row, which of the input it reads."""
        found = np.zeros((rows, columns), bool)
        positions = np.arange(rows)
        for place, taps in enumerate(self.taps):
            chosen = positions[place :: len(self.taps)]
            for tap in taps:
                read = self.advance * (chosen // len(self.taps)) + tap
                inside = (read >= 0) & (read < columns)
                found[chosen[inside], read[inside]] = True
        return np.flip(np.maximum.accumulate(np.flip(found, 1), 1), 1) if self.until else found


ONE = Steps(1, ((0,),))


@dataclass(frozen=True, eq=False)
class Reads:
    """How the output of a call reads one of its inputs.

    Attributes:
        output_shape: Without the batch.
        input_shape: Without the batch.
        axes: By axes of the output the axis of the input that it walks along, and how. Along the
            other axes of the input everything is read.
        source: For layers that only move values: for each output the number of the input that it
            is, counted from 1; 0 where it is none.
        is_assumed: There is no rule: everything is taken to be read.
    """

    output_shape: Shape
    input_shape: Shape
    axes: Mapping[int, tuple[int, Steps]] = field(default_factory=dict)
    source: npt.NDArray[np.int64] | None = None
    is_assumed: bool = False

    def back(self, mask: Mask) -> Mask:
        """Mark what the marked outputs read. Axes of length 1 stand for all of their positions."""
        if self.source is not None:
            marks = np.zeros(prod(self.input_shape) + 1, bool)
            marks[self.source[np.broadcast_to(mask, self.output_shape)]] = True
            return marks[1:].reshape(self.input_shape)
        walked = sorted(self.axes)
        gone = tuple(a for a in range(mask.ndim) if a not in self.axes)
        mask = np.asarray(mask.any(axis=gone))
        for place, axis in enumerate(walked):
            mask = self._along(mask, place, axis)
        order = np.argsort([self.axes[axis][0] for axis in walked], kind="stable")
        taken = {self.axes[axis][0] for axis in walked}
        others = tuple(a for a in range(len(self.input_shape)) if a not in taken)
        return np.expand_dims(mask.transpose(order), others)

    def _along(self, mask: Mask, place: int, axis: int) -> Mask:
        into, steps = self.axes[axis]
        rows, columns = self.output_shape[axis], self.input_shape[into]
        if steps == ONE and rows == columns:
            return mask
        whole = np.broadcast_to(mask, [rows if a == place else n for a, n in enumerate(mask.shape)])
        matrix = steps.matrix(rows, columns).astype(np.float32)
        found = np.tensordot(whole.astype(np.float32), matrix, (place, 0)) > 0
        return np.moveaxis(found, -1, place)


Rule: TypeAlias = Callable[[Call, int], Reads | None]


def reads(call: Call, number: int, output: int = 0) -> Reads:
    """Say how an output of a call reads an input.

    Args:
        call: Of a layer or an operation.
        number: Of the input, among the call's inputs.
        output: Of the output.
    """
    rule = _rule(call.layer)
    known = rule(call, number) if rule and (output == 0 or rule is _moved) else None
    if rule is _moved and output:
        known = _moved(call, number, output)
    shapes = _shape(call.outputs[output]), _shape(call.inputs[number])
    return known or Reads(*shapes, is_assumed=True)


def is_known(layer: Any) -> bool:
    """Say whether there is a rule for a layer or an operation."""
    return _rule(layer) is not None


def is_moving(layer: Any) -> bool:
    """Say whether a layer or an operation only moves values about.

    >>> is_moving(keras.layers.Permute((2, 1))), is_moving(keras.layers.ReLU())
    (True, False)
    """
    return _rule(layer) is _moved


def operation_name(layer: Any) -> str:
    """Name an operation on tensors as `keras.ops` does, without underscores; a layer has none.

    >>> operation_name(keras.layers.ReLU())
    ''
    """
    own = not isinstance(layer, keras.layers.Layer) and is_keras_own(type(layer), "call")
    return type(layer).__name__.lower() if own else ""


def _rule(layer: Any) -> Rule | None:
    for kind in type(layer).__mro__:
        if kind in _LAYERS:
            return _LAYERS[kind]
        if kind.__module__.startswith("coursecnn.") and kind.__name__ in _OURS:
            return _OURS[kind.__name__]
    return _OPERATIONS.get(operation_name(layer))


def _shape(tensor: Any) -> Shape:
    return tuple(tensor.shape[1:])


def _made(call: Call, number: int, axes: Mapping[int, tuple[int, Steps]]) -> Reads:
    return Reads(_shape(call.outputs[0]), _shape(call.inputs[number]), axes)


def _pairs(value: Any, count: int) -> tuple[Any, ...]:
    return (
        tuple(value)
        if isinstance(value, Sequence) and not isinstance(value, str)
        else (value,) * count
    )


# Windows


def _spatial(data_format: str, rank: int) -> tuple[range, int]:
    """The axes with positions, and that of the channels."""
    return (range(1, rank), 0) if data_format == "channels_first" else (range(rank - 1), rank - 1)


@dataclass(frozen=True)
class _Window:
    """What a layer or an operation slides along each axis."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: str
    data_format: str

    @classmethod
    def of(cls, layer: Any, kernel: Any, strides: Any, data_format: Any = None) -> _Window:
        count = len(kernel)
        return cls(
            kernel,
            _pairs(strides, count),
            _pairs(getattr(layer, "dilation_rate", 1), count),
            layer.padding,
            data_format or layer.data_format or keras.config.image_data_format(),
        )

    def steps(self, axis: int, size: int, out: int) -> Steps:
        """How the window reads an axis of a size."""
        stride, dilation = self.strides[axis], self.dilation[axis]
        extent = (self.kernel[axis] - 1) * dilation + 1
        before = {"valid": 0, "causal": extent - 1}.get(
            self.padding, max((out - 1) * stride + extent - size, 0) // 2
        )
        taps = range(-before, extent - before, dilation)
        return Steps(stride, (tuple(taps),))

    def transposed(self, axis: int, size: int, out: int) -> Steps:
        """How a transposed convolution reads it: input i goes to the outputs under window i."""
        stride, dilation = self.strides[axis], self.dilation[axis]
        extent = (self.kernel[axis] - 1) * dilation + 1
        cut = 0 if self.padding == "valid" else max((size - 1) * stride + extent - out, 0) // 2
        offsets = [tap * dilation - cut for tap in range(self.kernel[axis])]
        taps = [
            tuple(sorted((r - o) // stride for o in offsets if (r - o) % stride == 0))
            for r in range(stride)
        ]
        return Steps(1, tuple(taps))


def _slid(
    call: Call, number: int, window: _Window, channels: Steps | None, *, transposed: bool = False
) -> Reads:
    before, after = _shape(call.inputs[number]), _shape(call.outputs[0])
    places, depth = _spatial(window.data_format, len(after))
    walk = window.transposed if transposed else window.steps
    axes = {a: (a, walk(n, before[a], after[a])) for n, a in enumerate(places)}
    if channels is not None:
        axes[depth] = (depth, channels)
    return _made(call, number, axes)


def _windowed(size: str) -> Rule:
    """The rule of a convolution, whose outputs read all channels."""
    return lambda call, number: _slid(
        call, number, _Window.of(call.layer, getattr(call.layer, size), call.layer.strides), None
    )


def _transposed(call: Call, number: int) -> Reads:
    window = _Window.of(call.layer, call.layer.kernel_size, call.layer.strides)
    return _slid(call, number, window, None, transposed=True)


def _depthwise(call: Call, number: int) -> Reads:
    window = _Window.of(call.layer, call.layer.kernel_size, call.layer.strides)
    return _slid(call, number, window, Steps(1, ((0,),) * call.layer.depth_multiplier))


def _pooled(call: Call, number: int) -> Reads:
    window = _Window.of(call.layer, call.layer.pool_size, call.layer.strides)
    return _slid(call, number, window, ONE)


def _conv_operation(call: Call, number: int) -> Reads | None:
    """`ops.conv` and its like, whose kernel is an argument."""
    operation, rank = call.layer, len(_shape(call.inputs[0])) - 1
    kernel = next((x for x in (*call.args[1:], *call.kwargs.values()) if hasattr(x, "shape")), None)
    if number or kernel is None:
        return None  # the kernel itself was computed
    window = _Window.of(operation, tuple(kernel.shape[:rank]), operation.strides)
    return _slid(call, number, window, None, transposed=type(operation).__name__ == "ConvTranspose")


def _pool_operation(call: Call, number: int) -> Reads:
    operation, rank = call.layer, len(_shape(call.inputs[0])) - 1
    size = _pairs(operation.pool_size, rank)
    strides = size if operation.strides is None else operation.strides
    return _slid(call, number, _Window.of(operation, size, strides), ONE)


def _adapted(call: Call, number: int) -> Reads:
    """Windows that share an axis out, as evenly as it goes."""
    after, before = _shape(call.outputs[0]), _shape(call.inputs[number])
    places, depth = _spatial(call.layer.data_format, len(before))
    axes = {a: (a, _shared_out(before[a], after[a])) for a in places}
    return _made(call, number, {**axes, depth: (depth, ONE)})


def _shared_out(size: int, parts: int) -> Steps:
    period = parts // gcd(size, parts)
    bounds = [(r * size // parts, -(-(r + 1) * size // parts)) for r in range(period)]
    return Steps(size * period // parts, tuple(tuple(range(*bound)) for bound in bounds))


def _subsampled(kernel: int, *, mixes: bool, stride: int | None = None) -> Rule:
    """The rule of a layer of this package with a fixed window."""
    window = _Window((kernel,) * 2, (stride or kernel,) * 2, (1, 1), "valid", "channels_last")
    return lambda call, number: _slid(call, number, window, None if mixes else ONE)


# Position by position


def _pointwise(call: Call, number: int) -> Reads:
    """Each position reads its own; axes of length 1, and missing ones, serve all positions."""
    after, before = _shape(call.outputs[0]), _shape(call.inputs[number])
    missing = len(after) - len(before)
    axes = {a + missing: (a, ONE) for a, n in enumerate(before) if n == after[a + missing]}
    return _made(call, number, axes)


def _mixing(*axes: int) -> Rule:
    """Position by position, but for some axes, of which everything is read."""
    return lambda call, number: _without(call, number, axes)


def _without(call: Call, number: int, mixed: Any) -> Reads:
    rank = len(_shape(call.outputs[0]))
    if mixed is None:
        return _made(call, number, {})
    gone = {a % (rank + 1) - 1 if a >= 0 else rank + a for a in _axes(mixed)}
    known = _pointwise(call, number)
    return _made(call, number, {a: way for a, way in known.axes.items() if a not in gone})


def _axes(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, Sequence) else (value,)


def _normalised(call: Call, number: int) -> Reads:
    """What a normalisation reads: all along the axes that it takes means of."""
    return _without(call, number, call.layer.axis)


def _activated(call: Call, number: int) -> Reads:
    """An activation value by value, or one that may be a softmax along the last axis."""
    function = call.layer.activation
    name = str(getattr(function, "__name__", ""))
    is_known = name and getattr(keras.activations, name, None) is function
    if is_known and name not in ("softmax", "log_softmax", "sparsemax", "glu"):
        return _pointwise(call, number)
    return _without(call, number, -1)


def _attended(call: Call, number: int) -> Reads:
    """The query position by position, and all keys and values."""
    return _without(call, number, -1) if number == 0 else _made(call, number, {})


def _recurrent(call: Call, number: int) -> Reads:
    """All steps up to its own; those after it, too, if the layer runs backwards or both ways."""
    layer = call.layer
    one_way = getattr(layer, "return_sequences", False) and not getattr(layer, "go_backwards", True)
    if number or not one_way:
        return _made(call, number, {})
    return _made(call, number, {0: (0, Steps(1, ((0,),), until=True))})


def _at_each_step(call: Call, number: int) -> Reads | None:
    """A wrapped layer at each position of the first axis."""
    inner = Call(
        call.path, call.layer.layer, call.args, call.kwargs,
        tuple(_Inner(x.shape) for x in call.inputs),
        tuple(_Inner(x.shape) for x in call.outputs), call.parents,
    )  # fmt: skip
    if _rule(inner.layer) in (None, _moved):
        return None
    known = reads(inner, number)
    axes = {a + 1: (b + 1, steps) for a, (b, steps) in known.axes.items()}
    return _made(call, number, {0: (0, ONE), **axes})


class _Inner:
    """A tensor of which each position of the first axis counts as one image."""

    def __init__(self, shape: Sequence[int | None]) -> None:
        self.shape = (None, *shape[2:])


def _wrapped(call: Call, number: int) -> Reads | None:
    inner = Call(call.path, call.layer.layer, call.args, call.kwargs, call.inputs, call.outputs, ())
    return reads(inner, number) if _rule(inner.layer) else None


# Over axes, and from one tensor to another


def _reduced(call: Call, number: int) -> Reads:
    """Everything along some axes; the others stay, whether or not the reduced ones do."""
    operation, before = call.layer, _shape(call.inputs[number])
    rank = len(before) + 1
    axis = getattr(operation, "axis", None)
    gone = {a % rank - 1 for a in (range(rank) if axis is None else _axes(axis))}
    kept = [a for a in range(len(before)) if a not in gone]
    keeps = getattr(operation, "keepdims", False)
    return _made(call, number, {a if keeps else n: (a, ONE) for n, a in enumerate(kept)})


def _pooled_whole(call: Call, number: int) -> Reads:
    """The channels of a global pooling stay; of the positions it reads all."""
    after, before = _shape(call.outputs[0]), _shape(call.inputs[number])
    depth = _spatial(call.layer.data_format, len(before))[1]
    return _made(call, number, {depth if len(after) == len(before) else 0: (depth, ONE)})


def _concatenated(call: Call, number: int) -> Reads:
    rank, axis = len(_shape(call.outputs[0])), call.layer.axis
    axis = axis - 1 if axis > 0 else rank + axis
    parts = [
        part
        for part in keras.tree.flatten((call.args, dict(call.kwargs)))
        if hasattr(part, "shape")
    ]
    symbolic = [n for n, part in enumerate(parts) if isinstance(part, keras.KerasTensor)]
    offset = sum(part.shape[axis + 1] for part in parts[: symbolic[number]])
    axes = dict.fromkeys(range(rank), ONE) | {axis: Steps(1, ((-offset,),))}
    return _made(call, number, {a: (a, steps) for a, steps in axes.items()})


def _multiplied(call: Call, number: int) -> Reads:
    """A matrix product: the left one row by row, the right one column by column."""
    after, before = len(_shape(call.outputs[0])), len(_shape(call.inputs[number]))
    missing = after - before
    gone = before - 1 if number == 0 else before - 2
    return _made(call, number, {a + missing: (a, ONE) for a in range(before) if a != gone})


def _summed(call: Call, number: int) -> Reads | None:
    """What letters an Einstein sum keeps, position by position."""
    equation = getattr(call.layer, "equation", None) or call.layer.subscripts
    left, _, right = equation.replace(" ", "").partition("->")
    letters = left.split(",")[number]
    if "." in equation or not right:
        return _without(call, number, -1) if len(call.inputs) == 1 else None
    axes = {right.index(x) - 1: (n - 1, ONE) for n, x in enumerate(letters) if x in right and n}
    return _made(call, number, {a: way for a, way in axes.items() if a >= 0})


def _upsampled(call: Call, number: int) -> Reads | None:
    layer = call.layer
    after = _shape(call.outputs[0])
    places, depth = _spatial(getattr(layer, "data_format", "channels_last"), len(after))
    sizes = _pairs(layer.size, len(places))
    kinds = {"nearest": _nearest, "bilinear": _bilinear}
    steps = kinds.get(getattr(layer, "interpolation", "nearest"))
    if steps is None:
        return None
    axes = {a: (a, steps(sizes[n])) for n, a in enumerate(places)}
    return _made(call, number, {**axes, depth: (depth, ONE)})


def _nearest(factor: int) -> Steps:
    return Steps(1, ((0,),) * factor)


def _bilinear(factor: int) -> Steps:
    """Between the centres of two pixels both count; on one, that alone."""
    twice = [2 * r + 1 - factor for r in range(factor)]  # of the distance, in units of 2 factor
    between = [(t // (2 * factor), t // (2 * factor) + 1) if t else (0,) for t in twice]
    return Steps(1, tuple(between))


def _moved(call: Call, number: int, output: int = 0) -> Reads | None:
    """What only moves values is asked where it moves them: it is given their numbers."""
    before = _shape(call.inputs[number])
    numbers = np.arange(1, prod(before) + 1, dtype=np.int32).reshape(1, *before)
    stand_ins = {id(tensor): np.zeros((1, *_shape(tensor)), np.int32) for tensor in call.inputs} | {
        id(call.inputs[number]): numbers
    }
    try:
        args, kwargs = keras.tree.map_structure(
            lambda part: stand_ins.get(id(part), part), (call.args, dict(call.kwargs))
        )
        results = keras.tree.flatten(call.layer(*args, **kwargs))
    except Exception:  # whatever it raises, it cannot be asked
        return None
    after = _shape(call.outputs[output])
    source = np.asarray(keras.ops.convert_to_numpy(results[output]), np.int64)
    if source.size != prod(after):
        return None
    source = source.reshape(after)
    return Reads(after, before, _walks(source, before), source)


def _walks(source: npt.NDArray[np.int64], before: Shape) -> dict[int, tuple[int, Steps]]:
    """The axes that stay axes when values are moved, and how the output walks along them."""
    found: dict[int, tuple[int, Steps]] = {}
    places = np.unravel_index(np.maximum(source - 1, 0), before)
    for into, place in enumerate(places):
        for axis in range(source.ndim):
            if axis not in found and before[into] > 1:
                steps = _walk(np.moveaxis(np.where(source > 0, place, -1), axis, 0))
                if steps is not None:
                    found[axis] = (into, steps)
                    break
    return found


def _walk(places: npt.NDArray[np.int64]) -> Steps | None:
    """Positions along one axis as steps, if they do not depend on the other axes."""
    rows = places.reshape(len(places), -1)
    line = rows.max(axis=1)
    inside = np.flatnonzero(line >= 0)
    if len(inside) < 2 or not ((rows == line[:, None]) | (rows < 0)).all():
        return None
    for period in range(1, min(8, len(inside) - 1) + 1):
        moves = line[inside[period:]] - line[inside[:-period]]
        if len(set(moves.tolist())) == 1 and moves[0] != 0:
            return _steps(int(moves[0]), line, inside, period)
    return None


def _steps(
    advance: int, line: npt.NDArray[np.int64], inside: npt.NDArray[np.int64], period: int
) -> Steps:
    """Steps through known positions, carried on to where there are none."""
    first = int(inside[0])
    taps = []
    for place in range(period):
        at = first + (place - first) % period
        taps.append(int(line[at]) - advance * (at // period))
    return Steps(advance, tuple((tap,) for tap in taps))


def _everything(call: Call, number: int) -> Reads:
    return _made(call, number, {})


def _by_class(*rows: tuple[str, Rule]) -> dict[type, Rule]:
    return {
        getattr(keras.layers, name): rule
        for names, rule in rows
        for name in names.split()
        if hasattr(keras.layers, name)
    }


_LAYERS: dict[type, Rule] = _by_class(
    ("Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D", _windowed("kernel_size")),
    ("Conv1DTranspose Conv2DTranspose Conv3DTranspose", _transposed),
    ("DepthwiseConv1D DepthwiseConv2D", _depthwise),
    ("MaxPooling1D MaxPooling2D MaxPooling3D", _pooled),
    ("AveragePooling1D AveragePooling2D AveragePooling3D", _pooled),
    ("AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D", _adapted),
    ("AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D", _adapted),
    ("GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D", _pooled_whole),
    ("GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D", _pooled_whole),
    ("UpSampling1D UpSampling2D UpSampling3D", _upsampled),
    ("Dense", _mixing(-1)),
    ("EinsumDense", _summed),
    ("Embedding", _pointwise),
    ("Attention AdditiveAttention MultiHeadAttention GroupQueryAttention", _attended),
    ("RNN SimpleRNN LSTM GRU", _recurrent),
    ("Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D Dot", _everything),
    ("TimeDistributed", _at_each_step),
    ("SpectralNormalization", _wrapped),
    ("BatchNormalization Normalization Rescaling Identity Masking", _pointwise),
    ("LayerNormalization UnitNormalization RMSNormalization Softmax", _normalised),
    ("GroupNormalization", _everything),
    ("ReLU LeakyReLU PReLU ELU", _pointwise),
    ("Activation", _activated),
    ("Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D AlphaDropout", _pointwise),
    ("GaussianDropout GaussianNoise ActivityRegularization", _pointwise),
    ("Add Subtract Multiply Average Maximum Minimum", _pointwise),
    ("Concatenate", _concatenated),
    ("Flatten Reshape Permute RepeatVector", _moved),
    ("ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D", _moved),
)

_OURS: dict[str, Rule] = {
    "CompletedAverage2D": _subsampled(3, mixes=False, stride=2),
    "Join": _pointwise,
    "LayerScale": _pointwise,
    "LocalResponseNormalization": _mixing(-1),
    "PadChannels": _moved,
    "RadialBasisFunctions": _mixing(-1),
    "StochasticDepth": _pointwise,
    "Subsampling": _subsampled(2, mixes=False),
    "SparseConvolution": lambda call, number: _slid(
        call,
        number,
        _Window((call.layer.kernel_size,) * 2, (1, 1), (1, 1), "valid", "channels_last"),
        None,
    ),
}

_POINTWISE = """
    abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh batch_norm
    bitwise_and bitwise_invert bitwise_not bitwise_or bitwise_xor cast cbrt ceil celu clip conj copy
    cos cosh deg2rad divide divide_no_nan elu equal erf erfc erfinv exp exp2 expm1 fabs floor
    floor_divide fmax fmin fmod gelu greater greater_equal hard_shrink hard_sigmoid hard_silu
    hard_swish hard_tanh heaviside hypot identity imag isfinite isinf isnan leaky_relu less
    less_equal log log10 log1p log2 log_sigmoid logaddexp logaddexp2 logical_and logical_not
    logical_or logical_xor maximum minimum mod multiply nan_to_num negative not_equal ones_like
    polar power rad2deg real reciprocal relu relu6 round rsqrt saturate_cast selu sigmoid sign silu
    sin sinc sinh soft_shrink softplus softsign sparse_plus sparse_sigmoid sqrt square squareplus
    stop_gradient subtract swish tan tanh tanh_shrink threshold true_divide trunc where zeros_like
"""
_REDUCING = """
    all amax amin any argmax argmin average count_nonzero logsumexp max mean median min moments prod
    quantile std sum var nanmax nanmean nanmin nansum
"""
_MOVING = """
    array_split broadcast_to depth_to_space diagonal dsplit dstack expand_dims flip fliplr flipud
    get_item hsplit hstack moveaxis pad ravel rearrange repeat reshape roll rot90 slice
    space_to_depth split squeeze stack swapaxes take tile transpose unstack vsplit vstack
"""
_OPERATIONS: dict[str, Rule] = {
    name.replace("_", ""): rule
    for names, rule in (
        (_POINTWISE, _pointwise),
        (_REDUCING, _reduced),
        (_MOVING, _moved),
        ("softmax log_softmax cumsum cumprod normalize sparsemax sort argsort", _normalised),
        ("glu layer_norm rms_norm", _everything),
        ("conv depthwise_conv separable_conv conv_transpose", _conv_operation),
        ("max_pool average_pool", _pool_operation),
        ("concatenate", _concatenated),
        ("matmul", _multiplied),
        ("einsum", _summed),
    )
    for name in names.split()
}
