"""The receptive field of a unit of a Keras model: which pixels reach it, and how much they count.

- `receptive_field(model, layer)`: the pixels that can reach the units of a layer, for any graph;
- `LayerField`, `AxisField`: the answer, as a whole and along one axis;
- `effective_field(model, layer, images)`: how much each pixel counts, by the gradient of a unit;
- `effective_width(squares)`: the side of the square in the middle that holds most of it.

>>> from coursecnn.backend import keras
>>> image = keras.Input((32, 32, 3))
>>> maps = keras.layers.Conv2D(8, 3, padding="same", name="conv")(image)
>>> model = keras.Model(image, keras.layers.MaxPooling2D(2, name="pool")(maps))
>>> receptive_field(model, "pool")
receptive field of pool, 16×16×8, in 32×32 pixels
rows, columns: 4 pixels, stride 2, unit 0 from pixel -1
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import gcd, lcm
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from coursecnn._checks import as_int
from coursecnn.models import _ask, _keras_graph, _reads, _rerun
from coursecnn.models._channels import Channels
from coursecnn.models._keras_graph import Call, Traced
from coursecnn.models._reads import Reads, Steps

if TYPE_CHECKING:  # whoever has a model has imported Keras
    from coursecnn.backend import keras

__all__ = [
    "AxisField",
    "LayerField",
    "effective_field",
    "effective_width",
    "receptive_field",
]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Shape: TypeAlias = tuple[int, ...]
Pixels: TypeAlias = tuple[int, int]  # the first of a set of pixels, and a bit for each from there

SHARE = 0.95  # of the squares: what lies within two standard deviations of a bell curve
NAMES = {1: ("positions",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}


@dataclass(frozen=True)
class AxisField:
    """The input pixels that the units of a layer see, along one axis of the input.

    What the units in the middle see: at the borders it is cut off, and where zeros pad the maps in
    between, a unit there may see less. `LayerField.pixels` says what a single unit sees.

    Attributes:
        pixels: Of the input, along the axis.
        size: Pixels from the first to the last that a unit sees, both included; the most, where
            units differ in turn, as after an upsampling; None where they differ without end, or an
            axis was cut into parts.
        stride: Pixels between the fields of neighbouring units, a fraction where the layer is finer
            than the input; 0 where all units see the same; None as `size`.
        start: The first pixel that unit 0 sees; a negative one lies in the padding.
        holes: Pixels between the first and the last that unit 0 does not see, as distances from
            the first.
        unseen: Pixels that no unit sees, as distances from `start`; they recur.
        is_whole: Each unit sees all pixels.
        misalignment: Pixels between the centres of the fields of branches that were joined on the
            way, at most; 0 where they are aligned; None where their strides differ.

    >>> AxisField(pixels=32, size=7, stride=2, start=-3).interval(4)
    (5, 11)
    """

    pixels: int
    size: int | None
    stride: Fraction | int | None
    start: int | None
    holes: tuple[int, ...] = ()
    unseen: tuple[int, ...] = ()
    is_whole: bool = False
    misalignment: float | None = 0

    def interval(self, unit: int) -> tuple[int, int]:
        """Return the first and the last pixel that a unit in the middle sees, padding included.

        Raises:
            ValueError: The units differ: ask `LayerField.pixels`.
        """
        if self.size is None or self.start is None or self.stride is None:
            raise ValueError("interval needs units that all see as much, use LayerField.pixels")
        first = self.start + self.stride * unit
        if first.denominator != 1:
            raise ValueError(
                f"interval needs a unit whose field begins at a pixel, use LayerField.pixels, "
                f"got {unit} with stride {self.stride}"
            )
        return int(first), int(first) + self.size - 1

    def centre(self, unit: int) -> float:
        """Return the middle of that interval; between two pixels where the size is even."""
        first, last = self.interval(unit)
        return (first + last) / 2

    def __str__(self) -> str:
        if self.is_whole:
            return f"all {self.pixels} pixels"
        if self.size is None:
            return (
                "differs from unit to unit, as branches of different strides are joined, or an "
                "axis was cut into parts"
            )
        parts = [f"{self.size} pixels", f"stride {self.stride}", f"unit 0 from pixel {self.start}"]
        parts += [f"without {_listed(self.holes)} of them"] if self.holes else []
        parts += [f"no unit sees {_listed(self.unseen)} from there"] if self.unseen else []
        apart = self.misalignment
        parts += ["branches of different strides"] if apart is None else []
        parts += [f"branches up to {apart:g} pixels apart"] if apart else []
        return ", ".join(parts)


def _listed(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - 4} more" if len(numbers) > 4 else ""
    return ", ".join(f"+{number}" for number in numbers[:4]) + more


@dataclass(frozen=True, eq=False, repr=False)
class LayerField:
    """The input pixels that the units of a layer see.

    Attributes:
        layer: Its path.
        output_shape: Of the layer, without the batch.
        input_shape: Of the model's input, without the batch.
        axes: The field along each axis of the input but that of its channels.
        assumed: Layers for which there is no rule, and of which everything was taken to be read.

    >>> from coursecnn.backend import keras
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, (1, 3))])
    >>> receptive_field(model).columns.size
    3
    """

    layer: str
    output_shape: tuple[int, ...]
    input_shape: tuple[int, ...]
    axes: tuple[AxisField, ...]
    assumed: tuple[str, ...]
    _trace: _Trace

    @property
    def rows(self) -> AxisField:
        """The field along the first axis."""
        return self.axes[0]

    @property
    def columns(self) -> AxisField:
        """The field along the last axis."""
        return self.axes[-1]

    def pixels(self, *unit: int) -> Mask:
        """Mark the pixels that a single unit sees, borders and branches and all.

        Args:
            unit: Its place in the layer, without the channel, for all channels there together; or
                with the channel, for that alone. Nothing at all for a layer without places.

        Returns:
            True where a pixel reaches the unit, of the shape of the input without its channels.

        Raises:
            ValueError: There is no such unit.

        Examples:
            >>> from coursecnn.backend import keras
            >>> x = keras.Input((5, 5, 1))
            >>> across = keras.layers.Conv2D(1, (1, 3), padding="same")(x)
            >>> down = keras.layers.Conv2D(1, (3, 1), padding="same")(x)
            >>> model = keras.Model(x, keras.layers.Add()([across, down]))
            >>> receptive_field(model).pixels(1, 0).astype(int)
            array([[1, 0, 0, 0, 0],
                   [1, 1, 0, 0, 0],
                   [1, 0, 0, 0, 0],
                   [0, 0, 0, 0, 0],
                   [0, 0, 0, 0, 0]])
        """
        return self._trace.back(unit)

    def __repr__(self) -> str:
        after = "×".join(map(str, self.output_shape))
        pixels = "×".join(str(axis.pixels) for axis in self.axes)
        names = NAMES.get(len(self.axes), tuple(f"axis {n}" for n in range(len(self.axes))))
        said: dict[str, list[str]] = {}
        for name, axis in zip(names, self.axes, strict=True):
            said.setdefault(str(axis), []).append(name)
        lines = [f"{', '.join(axes)}: {field}" for field, axes in said.items()]
        if self.assumed:
            lines.append(f"without a rule, taken to read everything: {', '.join(self.assumed)}")
        return "\n".join([f"receptive field of {self.layer}, {after}, in {pixels} pixels", *lines])


def receptive_field(
    model: keras.Model,
    layer: Any = None,
    *,
    call: int | None = None,
    input: int | str | None = None,  # noqa: A002 - the word of Keras
    input_shape: Any = None,
) -> LayerField:
    """Follow which input pixels reach the units of a layer, through any graph.

    Every branch counts, also models inside the model and layers of one's own that are made of
    layers and `keras.ops`. A pixel reaches a unit if the arithmetic reads it, whatever the weights.
    Layers that are not local see everything: a dense layer after Flatten, attention, a global mean,
    and whatever is multiplied by one (squeeze and excitation).

    Args:
        model: Functional; sequential; or subclassed, with an `input_shape`.
        layer: Its name, its path through nested models ("backbone/conv1"), or the layer itself;
            None for the model's first output.
        call: Which use of the layer, counted from 0, if it is used more than once.
        input: Which input of the model, its number or name, if there are several.
        input_shape: Sizes without the batch, where the model leaves them open; as in
            `coursecnn.models.costs.layer_table`.

    Returns:
        The field: along each axis, and of each single unit.

    Raises:
        ValueError: There is no such layer, call or input, its sizes are open, it has no axis beside
            its channels, or the layer does not depend on it.

    Source: A. Araujo, W. Norris, J. Sim, "Computing Receptive Fields of Convolutional Neural
    Networks", Distill 2019, for plain chains and for aligned branches.

    Examples:
        >>> from coursecnn.backend import keras
        >>> x = keras.Input((64, 64, 3))
        >>> y = keras.layers.Conv2D(8, 3, dilation_rate=2, padding="same", name="wide")(x)
        >>> y = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="half")(y)
        >>> model = keras.Model(x, keras.layers.GlobalAveragePooling2D(name="mean")(y))
        >>> receptive_field(model, "half")
        receptive field of half, 32×32×8, in 64×64 pixels
        rows, columns: 7 pixels, stride 2, unit 0 from pixel -2
        >>> receptive_field(model, "wide").rows.holes
        (1, 3)
        >>> receptive_field(model).rows.is_whole
        True
    """
    traced = _opened(model, input_shape)
    inputs = _ask.inputs(model, traced)
    start = list(inputs.values())[_ask.pick("input", list(inputs), input)]
    path, tensor = _asked(traced, layer, call)
    trace = _Trace(traced.calls, start, tensor)
    _check_asked(trace, path)
    axes = trace.axes()
    return LayerField(path, tuple(tensor.shape[1:]), trace.sizes, axes, trace.assumed, trace)


def _check_asked(trace: _Trace, path: str) -> None:
    shapes = [trace.sizes, *(tuple(x.shape[1:]) for call in trace.calls for x in call.outputs)]
    if any(None in shape for shape in shapes):
        raise ValueError(
            f"input_shape must be given where a model leaves sizes open, as in {trace.sizes}"
        )
    if not trace.pixels:
        raise ValueError(f"model must have an input with rows, got one of {trace.sizes}")
    if not trace.calls and trace.start is not trace.target:
        raise ValueError(f"layer must depend on the input that is asked about, got {path!r}")


def _opened(model: keras.Model, input_shape: Any) -> Traced:
    """The calls of a model, with layers opened for which there is no rule, if that can be."""
    traced = _keras_graph.traced(model, opens=_is_unknown, input_shape=input_shape, lenient=True)
    sizes = _keras_graph.own_sizes(model) if input_shape is None else None
    if sizes is None or not any(map(_is_left_open, traced.calls)):
        return traced
    return _keras_graph.traced(model, opens=_is_unknown, input_shape=sizes, lenient=True)


def _is_left_open(call: Call) -> bool:
    """Say whether more would be known of a call if the batch were."""
    is_open = any(None in tensor.shape[1:] for tensor in call.outputs)
    return is_open or bool(call.opened) or _is_unknown(call.layer)


def _is_unknown(layer: Any) -> bool:
    from coursecnn.backend import keras

    return isinstance(layer, keras.layers.Layer) and not (
        _reads.is_known(layer) or isinstance(layer, keras.layers.InputLayer)
    )


def _asked(traced: Traced, layer: Any, call: int | None) -> tuple[str, Any]:
    """The path and the output of a layer, or of the model."""
    if layer is not None:
        found = _ask.find(traced, layer, call)
        return found.path, found.output
    output = traced.outputs[0]
    made = (c.path for c in traced.calls if any(output is tensor for tensor in c.outputs))
    return next(made), output


@dataclass(frozen=True)
class _Turns:
    """The pixels that units see along an axis: the field of unit i + T is that of i, moved on.

    Attributes:
        advance: Pixels that T units move on, where T is the number of `phases`.
        phases: What units 0 to T - 1 see.
    """

    advance: int
    phases: tuple[Pixels, ...]

    @property
    def rate(self) -> Fraction:
        """Pixels from unit to unit, on average."""
        return Fraction(self.advance, len(self.phases))

    def unit(self, index: int) -> Pixels:
        """What one unit sees."""
        turns, phase = divmod(index, len(self.phases))
        first, bits = self.phases[phase]
        return first + turns * self.advance, bits

    def through(self, steps: Steps) -> _Turns:
        """What units see that read these units."""
        period = len(steps.taps)
        rounds = len(self.phases) // gcd(len(self.phases), steps.advance)
        advance = self.advance * steps.advance * rounds // len(self.phases)
        return _Turns(advance, tuple(
            _union(self.unit(steps.advance * (unit // period) + tap)
                   for tap in steps.taps[unit % period])
            for unit in range(period * rounds)
        )).shortened()  # fmt: skip

    def shortened(self) -> _Turns:
        """The same in as few phases as there can be."""
        count = len(self.phases)
        for period in (p for p in range(1, count) if count % p == 0):
            advance, rest = divmod(self.advance * period, count)
            short = _Turns(advance, self.phases[:period])
            if not rest and all(short.unit(n) == self.phases[n] for n in range(count)):
                return short
        return self

    def all(self, units: int, pixels: int) -> _Turns:
        """What all units see together, within the image."""
        first, bits = _union(self.unit(index) for index in range(units))
        bits = bits >> -first if first < 0 else bits << first
        return _Turns(0, (_pixels(0, bits & ((1 << pixels) - 1)),))

    def joined(self, other: _Turns) -> _Turns:
        """What units see that read both, which have the same rate."""
        count = lcm(len(self.phases), len(other.phases))
        both = (_union([self.unit(n), other.unit(n)]) for n in range(count))
        return _Turns(self.advance * count // len(self.phases), tuple(both)).shortened()

    def apart(self, other: _Turns) -> float:
        """How far apart the centres are, at most."""
        count = lcm(len(self.phases), len(other.phases))
        return max(abs(_centre(self.unit(n)) - _centre(other.unit(n))) for n in range(count))


def _pixels(first: int, bits: int) -> Pixels:
    """A set of pixels, so that equal sets are equal."""
    empty = (bits & -bits).bit_length() - 1 if bits else 0
    return (first + empty, bits >> empty) if bits else (0, 0)


def _union(sets: Iterable[Pixels]) -> Pixels:
    filled = [part for part in sets if part[1]]
    first = min((start for start, _ in filled), default=0)
    bits = 0
    for start, part in filled:
        bits |= part << (start - first)
    return _pixels(first, bits)


def _centre(pixels: Pixels) -> float:
    return pixels[0] + (pixels[1].bit_length() - 1) / 2


def _offsets(pixels: Pixels) -> list[int]:
    """The pixels of a set as distances from the first."""
    return [n for n in range(pixels[1].bit_length()) if pixels[1] >> n & 1]


class _Part(NamedTuple):
    """How the units of a tensor see the pixels along one axis of the input.

    Attributes:
        axis: Of the input.
        along: The axis of the tensor along which the field moves; None if all units see the same.
        turns: What they see; None if it is no regular pattern.
    """

    axis: int
    along: int | None
    turns: _Turns | None


@dataclass(frozen=True)
class _State:
    """How the units of a tensor see the input.

    Attributes:
        parts: For each axis of the input one or, where branches differ without end, more.
        apart: For each axis of the input how far the centres of joined branches lie apart, None for
            branches with different strides.
    """

    parts: tuple[_Part, ...]
    apart: tuple[float | None, ...]

    def through(self, reads: Reads, sizes: Shape) -> _State:
        """What units see that read these."""
        walks = {into: (axis, steps) for axis, (into, steps) in reads.axes.items()}
        parts = (_through(part, walks, reads.input_shape, sizes) for part in self.parts)
        return _State(tuple(dict.fromkeys(parts)), self.apart)


def _through(
    part: _Part, walks: Mapping[int, tuple[int, Steps]], shape: Shape, sizes: Shape
) -> _Part:
    if part.along is None:
        return part
    if part.along in walks:
        axis, steps = walks[part.along]
        turns = None if part.turns is None or steps.until else part.turns.through(steps)
        return _Part(part.axis, axis, turns)
    size = sizes[part.axis]
    everything = _Turns(0, (_pixels(0, (1 << size) - 1),))
    seen = everything if part.turns is None else part.turns.all(shape[part.along], size)
    return _Part(part.axis, None, seen)


def _merged(states: Sequence[_State], sizes: Shape) -> _State:
    """What units see that read several tensors."""
    if len(states) == 1:
        return states[0]
    parts, apart = [], []
    for axis, size in enumerate(sizes):
        branches = list(dict.fromkeys(p for s in states for p in s.parts if p.axis == axis))
        parts += _united(branches, size)
        apart.append(_most([s.apart[axis] for s in states] + _distances(branches)))
    return _State(tuple(parts), tuple(apart))


def _united(branches: Sequence[_Part], size: int) -> list[_Part]:
    """Join the parts along one axis of the input that move alike."""
    whole = [part for part in branches if _is_whole(part, size)]
    if whole:
        return whole[:1]
    united: dict[Any, _Part] = {}
    for part in branches:
        key = (part.along, part.turns and part.turns.rate)
        before = united.get(key)
        if before is not None and before.turns is not None and part.turns is not None:
            part = part._replace(turns=before.turns.joined(part.turns))
        united[key] = part
    return list(united.values())


def _is_whole(part: _Part, size: int) -> bool:
    return part.along is None and part.turns == _Turns(0, (_pixels(0, (1 << size) - 1),))


def _distances(branches: Sequence[_Part]) -> list[float | None]:
    """How far apart the centres of branches lie that move; None for different strides."""
    turns = [p.turns for p in branches if p.along is not None and p.turns is not None]
    return [a.apart(b) if a.rate == b.rate else None for a, b in combinations(turns, 2)]


def _most(distances: Sequence[float | None]) -> float | None:
    return None if None in distances else max((d for d in distances if d is not None), default=0)


class _Trace:
    """The way from an input of a model to a tensor in it."""

    def __init__(self, calls: Sequence[Call], start: Any, target: Any) -> None:
        """Keep the calls in between, those that read the input and are read on the way."""
        self.start, self.target = start, target
        reached, needed = {id(start)}, {id(target)}
        forwards = [c for c in calls if _touch(c.inputs, c.outputs, reached)]
        between = [c for c in reversed(forwards) if _touch(c.outputs, c.inputs, needed)]
        self.calls, self.reached = between[::-1], reached
        self.channels = Channels.of(calls)
        self._reads: dict[tuple[int, int, int], Reads] = {}

    @property
    def sizes(self) -> Shape:
        """The input's shape, without the batch."""
        return tuple(self.start.shape[1:])

    @property
    def assumed(self) -> tuple[str, ...]:
        """The calls for which there is no rule."""
        paths = (self.calls[place].path for (place, _, _), r in self._reads.items() if r.is_assumed)
        return tuple(dict.fromkeys(paths))

    def reads(self, place: int, number: int, output: int) -> Reads:
        """How a call reads an input."""
        key = (place, number, output)
        if key not in self._reads:
            self._reads[key] = _reads.reads(self.calls[place], number, output)
        return self._reads[key]

    @property
    def pixels(self) -> list[int]:
        """The axes of the input that are not its channels; all, if it gets channels later."""
        first = (c for c in self.calls if any(tensor is self.start for tensor in c.inputs))
        grey = any(len(call.outputs[0].shape) > len(self.start.shape) for call in first)
        return list(range(len(self.sizes))) if grey else self.channels.places(self.start)

    def axes(self) -> tuple[AxisField, ...]:
        """The field along each axis of the input."""
        state = self._states()[id(self.target)]
        fields = tuple(_axis_field(axis, self.sizes[axis], state) for axis in self.pixels)
        if not any(field.is_whole for field in fields) or not any(map(_cuts, self._reads.values())):
            return fields
        # Along a cut axis no step is known; that everything is seen is true only if one unit does.
        shape = tuple(self.target.shape[1:])
        seen = self.back([shape[place] // 2 for place in self.channels.places(self.target)])
        others = [tuple(a for a in range(seen.ndim) if a != axis) for axis in range(seen.ndim)]
        return tuple(
            field
            if not field.is_whole or seen.any(axis=rest).all()
            else AxisField(field.pixels, None, None, None)
            for field, rest in zip(fields, others, strict=True)
        )

    def _states(self) -> dict[int, _State]:
        """How the units of each tensor on the way see the input."""
        one = _Turns(1, ((0, 1),))
        whole = tuple(_Part(axis, axis, one) for axis in range(len(self.sizes)))
        states = {id(self.start): _State(whole, (0,) * len(self.sizes))}
        for place, call in enumerate(self.calls):
            for output, tensor in enumerate(call.outputs):
                read = [
                    states[id(x)].through(self.reads(place, number, output), self.sizes)
                    for number, x in enumerate(call.inputs)
                    if id(x) in states
                ]
                states[id(tensor)] = _merged(read, self.sizes)
        return states

    def back(self, unit: Sequence[int]) -> Mask:
        """The pixels that a unit sees."""
        masks = {id(self.target): self._marked(unit)}
        for place in reversed(range(len(self.calls))):
            call = self.calls[place]
            for output, tensor in enumerate(call.outputs):
                mask = masks.get(id(tensor))
                for number, x in enumerate(call.inputs):
                    if mask is not None and id(x) in self.reached:
                        seen = self.reads(place, number, output).back(mask)
                        masks[id(x)] = seen | masks.get(id(x), np.zeros(1, bool))
        found = np.broadcast_to(masks[id(self.start)], self.sizes)
        others = set(range(len(self.sizes))) - set(self.pixels)
        return np.asarray(found.any(axis=tuple(others)))

    def _marked(self, unit: Sequence[int]) -> Mask:
        """A mark at one unit of the target, or at all its channels."""
        shape = tuple(self.target.shape[1:])
        places = self.channels.places(self.target)
        others = [axis for axis in range(len(shape)) if axis not in places]
        axes = places if len(unit) == len(places) else places + others
        limits = [shape[axis] for axis in axes]
        numbers = [as_int(number) for number in unit]
        fits = len(numbers) == len(limits) and all(
            n is not None and 0 <= n < limit for n, limit in zip(numbers, limits, strict=True)
        )
        if not fits:
            raise ValueError(
                f"unit must be a place in {tuple(shape[a] for a in places)}, with or without a "
                f"channel after it, got {tuple(unit)}"
            )
        mask = np.zeros(shape, bool)
        index: list[Any] = [slice(None)] * len(shape)
        for axis, number in zip(axes, numbers, strict=True):
            index[axis] = number
        mask[tuple(index)] = True
        return mask


def _cuts(read: Reads) -> bool:
    """Say whether a layer that moves values cuts an axis into parts, or mixes several."""
    walked = {axis for axis, _ in read.axes.values()}
    long = {axis for axis, size in enumerate(read.input_shape) if size > 1}
    return read.source is not None and not long <= walked


def _touch(read: Sequence[Any], made: Sequence[Any], known: set[int]) -> bool:
    """Add what a call makes, if it reads something known."""
    touches = any(id(tensor) in known for tensor in read)
    known.update(map(id, made) if touches else ())
    return touches


def _axis_field(axis: int, pixels: int, state: _State) -> AxisField:
    """Say what the units see along one axis."""
    parts = [part for part in state.parts if part.axis == axis]
    apart = state.apart[axis]
    if len(parts) != 1 or parts[0].turns is None:
        return AxisField(pixels, None, None, None, misalignment=apart)
    turns = parts[0].turns
    first, bits = turns.phases[0]
    rate = turns.rate
    seen = set(_offsets((first, bits)))
    return AxisField(
        pixels=pixels,
        size=max(part[1].bit_length() for part in turns.phases),
        stride=int(rate) if rate.denominator == 1 else rate,
        start=first,
        holes=tuple(n for n in range(bits.bit_length()) if n not in seen),
        unseen=_unseen(turns),
        is_whole=_is_whole(parts[0], pixels),
        misalignment=apart,
    )


def _unseen(turns: _Turns) -> tuple[int, ...]:
    """The pixels that no unit sees, as distances from where unit 0 begins to see."""
    start, recurs = turns.phases[0][0], abs(turns.advance)
    if not recurs:
        return ()
    seen = {(f - start + n) % recurs for f, bits in turns.phases for n in _offsets((f, bits))}
    return tuple(sorted(set(range(recurs)) - seen))


def effective_field(
    model: keras.Model,
    layer: Any,
    images: npt.ArrayLike,
    seed: int | None = 0,
    *,
    call: int | None = None,
) -> Array:
    """Measure how much each pixel moves the middle unit of a map: the squared gradient.

    The unit is a random mixture of the channels at the middle of the map, position (rows // 2,
    columns // 2). The squares are averaged over the images and added up over their channels.

    Everything is computed in 64 bits, and with weights that NumPy draws, so that all machines
    find the same numbers to many digits. A batch normalisation uses its moving averages.

    Args:
        model: Any model with one input that `receptive_field` can follow; with a seed, one that
            was built without its weights will do.
        layer: The layer whose middle unit is asked: its name, its path, or the layer itself.
        images: Shape (batch, height, width, channels), or as the model takes them.
        seed: Of He's normal distribution, from which the kernels are drawn, without biases; None
            for the weights that the model has.
        call: Which use of the layer is meant, if there are several.

    Returns:
        The squares, shape (height, width).

    Raises:
        ValueError: The model has no such layer, its output has no rows and columns, or the images
            are not those of its only input.

    Source: W. Luo, Y. Li, R. Urtasun, R. Zemel, "Understanding the Effective Receptive Field in
    Deep Convolutional Neural Networks", NIPS 2016, arXiv:1701.04128.

    Examples:
        >>> from coursecnn.backend import keras
        >>> image = keras.Input((5, 5, 1))
        >>> model = keras.Model(image, keras.layers.Conv2D(4, 3, name="conv")(image))
        >>> (effective_field(model, "conv", np.ones((1, 5, 5, 1))) > 0).astype(int)
        array([[0, 0, 0, 0, 0],
               [0, 1, 1, 1, 0],
               [0, 1, 1, 1, 0],
               [0, 1, 1, 1, 0],
               [0, 0, 0, 0, 0]])
    """
    rng = np.random.default_rng(seed)
    traced = _keras_graph.traced(model)
    pixels = _batch(images, list(_ask.inputs(model, traced).values()))
    found = _ask.find(traced, layer, call)
    if len(found.output.shape) != 4:
        raise ValueError(
            f"layer must have an output of (batch, rows, columns, channels), got {found.path!r} "
            f"with {found.output.shape}"
        )
    network = _trunk(model, traced, found, rng if seed is not None else None)
    direction = np.zeros((len(pixels), *np.shape(network.run([pixels[:1]], [found.output])[0])[1:]))
    view = np.moveaxis(direction, 1 + found.depth, -1)
    _, rows, columns, units = view.shape
    view[:, rows // 2, columns // 2] = rng.normal(size=(len(pixels), units))

    def mixture(parts: Sequence[Any]) -> Any:
        return network.run(parts, [found.output])[0] * direction.astype(network.dtype)

    (slopes,) = _rerun.slopes(mixture, [pixels], network.dtype)
    (image,) = network.inputs.values()
    depth = Channels.of(traced.calls).axis(image)
    return np.asarray(np.square(slopes).mean(axis=0).sum(axis=depth), dtype=float)


def _batch(images: npt.ArrayLike, inputs: Sequence[Any]) -> Array:
    """Read a batch of images for a model's only input."""
    if len(inputs) != 1:
        raise ValueError(f"model must have one input, got {len(inputs)}")
    pixels = np.asarray(images, dtype=float)
    wanted = tuple(inputs[0].shape[1:])
    is_batch = pixels.ndim == len(wanted) + 1 and len(pixels) > 0
    if not is_batch or any(
        own not in (None, size) for own, size in zip(wanted, pixels.shape[1:], strict=True)
    ):
        raise ValueError(f"images must have the shape {('batch', *wanted)}, got {pixels.shape}")
    return pixels


def effective_width(squares: npt.ArrayLike, share: float = SHARE) -> int:
    """The side of the smallest square in the middle of a field that holds most of it.

    Args:
        squares: Squared gradients, or numbers of paths, shape (size, size).
        share: How much of their sum.

    Returns:
        Pixels; as even or odd as the size.

    Examples:
        >>> effective_width([[1, 1, 1], [1, 192, 1], [1, 1, 1]])
        1
    """
    field = np.asarray(squares, dtype=float)
    size = len(field)
    inside = (field[i : size - i, i : size - i].sum() for i in range((size + 1) // 2))
    enough = sum(part >= share * field.sum() for part in inside)
    return size - 2 * (int(enough) - 1)


def _trunk(
    model: keras.Model, traced: Traced, found: _ask.Found, rng: np.random.Generator | None
) -> _rerun.Network:
    """The calls up to a layer, in 64 bits if they can be, with the model's weights or with others.

    Raises:
        ValueError: Other weights are wanted, and a layer has no copy that could take them.
    """
    places = _rerun.needed(traced.calls, [found.output], {})
    calls = [traced.calls[place] for place in places]
    inputs = _ask.inputs(model, traced)
    try:
        copies = _rerun.copied(calls, with_weights=rng is None)
    except _rerun.CannotCopyError as error:
        if rng is not None:
            raise ValueError(f"seed must be None, for {error}, got a seed") from error
        return _rerun.Network(traced, inputs, {}, "float32")
    if rng is not None:
        for layer in _in_order(model, found, calls):
            for weight in copies[id(layer)].trainable_weights if id(layer) in copies else ():
                weight.assign(_drawn(rng, tuple(weight.shape), weight.name))
    for copy in copies.values():
        copy.trainable = False
    return _rerun.Network(traced, inputs, copies, "float64")


def _in_order(model: keras.Model, found: _ask.Found, calls: Sequence[Call]) -> list[Any]:
    """The layers in the order in which their weights are drawn: that of a model that ends there."""
    from coursecnn.backend import keras

    own = [call.layer for call in calls]
    if "/" not in found.path and getattr(model, "inputs", None):
        own = keras.Model(model.inputs, found.output).layers
    return list({id(layer): layer for layer in own}.values())


def _drawn(rng: np.random.Generator, shape: tuple[int, ...], name: str) -> Array:
    """He's normal distribution for a kernel, 1 for a scale, 0 for a shift or a bias."""
    if len(shape) == 1:
        return np.full(shape, float(name == "gamma"))
    return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
