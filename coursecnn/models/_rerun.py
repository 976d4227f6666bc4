"""A Keras model as a list of calls that can be made again: in 64 bits, in part, differentiated.

- `Network.of(model, values, answers)`: the calls, in 64 bits where copies answer as the model does;
- `scores(traced, output)`: which calls to make otherwise, so that the last softmax is left out;
- `slopes(function, values, ...)`: the gradient of a function, on every backend of Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from coursecnn.models import _ask, _keras_graph, _kinds, _reads
from coursecnn.models._keras_graph import Call, Traced

if TYPE_CHECKING:  # whoever has a model has imported Keras
    from coursecnn.backend import keras

__all__ = ["CannotCopyError", "Network", "copied", "needed", "scores", "slopes", "traced"]

Array = npt.NDArray[np.floating[Any]]
Squash = Literal["softmax", "sigmoid"]

# How far 64 bits may be from what the model says itself, as a share of the largest answer.
TOLERANCES = {"float16": 0.05, "bfloat16": 0.1}
TOLERANCE = 1e-3


class CannotCopyError(ValueError):
    """A layer has no copy in 64 bits that computes the same."""


@dataclass(frozen=True, eq=False)
class Network:
    """The calls of a model, made with layers of one's own or with those of the model.

    Attributes:
        traced: The calls, and where they lead.
        inputs: The symbolic inputs by name.
        layers: By `id` of a layer, what is called in its place.
        dtype: In which it computes.
    """

    traced: Traced
    inputs: Mapping[str, Any]
    layers: Mapping[int, Any]
    dtype: str

    @classmethod
    def of(cls, model: keras.Model, values: Sequence[Array], answers: Sequence[Array]) -> Network:
        """The calls of a model that answers this to these inputs.

        In 64 bits where each layer has a copy; else in the model's own precision, with its own
        layers, which nothing here changes.

        Raises:
            ValueError: Its calls cannot be followed, or do not answer as the model does.
        """
        problems = []
        for followed in traced(model):
            for copies in (_copies, _none):
                try:
                    found = copies(model, followed)
                    if found.agrees(values, answers):
                        return found
                except Exception as error:  # whatever a user's layer may raise
                    problems.append(f"{type(error).__name__}: {str(error).splitlines()[0]}")
        raise ValueError(
            f"model must be one whose calls can be made one by one, got {model.name!r}"
            + (f", where that raised {problems[-1]}" if problems else ", which answers otherwise")
        )

    def agrees(self, values: Sequence[Array], answers: Sequence[Array]) -> bool:
        """Whether the calls answer as the model does."""
        found = self.run(values, self.traced.outputs)
        return all(
            mine.shape == theirs.shape and _is_near(mine, theirs)
            for mine, theirs in zip(map(_in_numpy, found), answers, strict=True)
        )

    def run(
        self,
        values: Sequence[Any],
        wanted: Sequence[Any],
        given: Mapping[int, Any] | None = None,
        instead: Mapping[int, Callable[[Any], Any]] | None = None,
    ) -> list[Any]:
        """Make the calls that lead to some tensors.

        Args:
            values: Of the inputs, in their order.
            wanted: Symbolic tensors.
            given: By `id` of a symbolic tensor, a value to go on from in place of its own.
            instead: By the place of a call, what makes another layer of its layer.
        """
        known = dict(zip(map(id, self.inputs.values()), map(self._taken, values), strict=True))
        known |= given or {}
        places = needed(self.traced.calls, wanted, known)
        calls = [self._made(place, instead or {}) for place in places]
        known = _keras_graph.evaluate(calls, known)
        return [known[id(tensor)] for tensor in wanted]

    def _taken(self, value: Any) -> Any:
        from coursecnn.backend import keras

        kind = keras.backend.standardize_dtype(getattr(value, "dtype", "float64"))
        return keras.ops.cast(value, self.dtype) if "float" in kind else value

    def _made(self, place: int, instead: Mapping[int, Callable[[Any], Any]]) -> Call:
        call = self.traced.calls[place]
        layer = self.layers.get(id(call.layer), call.layer)
        return replace(call, layer=instead[place](layer) if place in instead else layer)


def traced(model: keras.Model) -> Iterable[Traced]:
    """The calls of a model, first with the layers opened that nothing is known of."""
    first = _keras_graph.traced(model, opens=_is_unknown, lenient=True)
    yield first
    if any(_is_unknown(layer) for _, layer, _ in first.opened):
        yield _keras_graph.traced(model)


def _is_unknown(layer: Any) -> bool:
    from coursecnn.backend import keras

    return not (
        isinstance(layer, keras.Model | keras.layers.InputLayer | keras.layers.Lambda)
        or not isinstance(layer, keras.layers.Layer)
        or _reads.is_known(layer)
        or _kinds.row(layer) is not None
    )


def _is_near(mine: Array, theirs: Array) -> bool:
    tolerance = TOLERANCES.get(str(theirs.dtype), TOLERANCE)
    largest = np.abs(theirs.astype(float)).max(initial=0)
    return bool(np.allclose(mine, theirs.astype(float), rtol=tolerance, atol=tolerance * largest))


def _in_numpy(value: Any) -> Array:
    from coursecnn.backend import keras

    return np.asarray(keras.ops.convert_to_numpy(value))


def needed(calls: Sequence[Call], wanted: Sequence[Any], known: Mapping[int, Any]) -> list[int]:
    """The places of the calls that lead from what is known to what is wanted."""
    missing = {id(tensor) for tensor in wanted} - set(known)
    places = []
    for place in reversed(range(len(calls))):
        if any(id(tensor) in missing for tensor in calls[place].outputs):
            places.append(place)
            missing |= {id(tensor) for tensor in calls[place].inputs} - set(known)
    return places[::-1]


# Copies in 64 bits


def _none(model: keras.Model, followed: Traced) -> Network:
    """The model's own layers, in the precision in which it computes."""
    kinds = {str(tensor.dtype) for tensor in followed.outputs}
    dtype = "float64" if kinds == {"float64"} else "float32"
    return Network(followed, _ask.inputs(model, followed), {}, dtype)


def _copies(model: keras.Model, followed: Traced) -> Network:
    """A copy of each layer."""
    layers = copied(followed.calls)
    for layer in layers.values():
        layer.trainable = False
    return Network(followed, _ask.inputs(model, followed), layers, "float64")


def copied(calls: Sequence[Call], *, with_weights: bool = True) -> dict[int, Any]:
    """Copy the layers of calls into 64 bits.

    Args:
        calls: Of a model.
        with_weights: Whether the copies get the weights of the layers.

    Returns:
        The copies, by the `id` of the layers.

    Raises:
        CannotCopyError: A layer does not say how it is made again.
    """
    from coursecnn.backend import keras

    unique = {id(call.layer): call for call in calls if isinstance(call.layer, keras.layers.Layer)}
    inputs = keras.layers.InputLayer
    return {
        key: _copy(call, with_weights=with_weights)
        for key, call in unique.items()
        if not isinstance(call.layer, inputs)
    }


def _copy(call: Call, *, with_weights: bool) -> Any:
    layer = call.layer
    try:
        copy = _made_again(layer)
        if with_weights:
            copy.set_weights(layer.get_weights())
    except Exception as error:  # whatever a user's layer may raise
        raise CannotCopyError(
            f"layer {call.path!r} of type {type(layer).__name__} has no copy in 64 bits: "
            f"{type(error).__name__}"
        ) from error
    if any("float" in str(w.dtype) and w.dtype != "float64" for w in copy.weights):
        raise CannotCopyError(f"layer {call.path!r} has no copy in 64 bits: it fixes its dtype")
    return copy


def _made_again(layer: Any) -> Any:
    """Make a layer of the same kind in 64 bits, with new weights."""
    from coursecnn.backend import keras

    config, built = {**layer.get_config(), "dtype": "float64"}, layer.get_build_config()
    turns = config.get("data_format") == "channels_first" and not isinstance(
        layer, keras.layers.Flatten | keras.layers.RNN
    )
    if turns:  # processors convolve and pool with the channels last alone, in 64 bits
        config["data_format"] = "channels_last"
    copy = type(layer).from_config(config)
    if layer.weights and turns:
        batch, channels, *sizes = built["input_shape"]
        copy.build((batch, *sizes, channels))
    elif layer.weights:
        copy.build_from_config(built)
    return _turned(copy) if turns else copy


def _turned(layer: Any) -> Any:
    """A layer with the channels last, for maps that have them first."""
    from coursecnn.backend import keras

    class Turned(keras.layers.Wrapper):
        def build(self, _shape: Any = None) -> None:
            self.built = True

        def call(self, maps: Any, **options: Any) -> Any:
            made = self.layer(keras.ops.moveaxis(maps, 1, -1), **options)
            same = len(made.shape) == len(maps.shape)
            return keras.ops.moveaxis(made, -1, 1) if same else made

    return Turned(layer, dtype="float64")


# The last softmax


def scores(followed: Traced, output: Any) -> tuple[dict[int, Callable[[Any], Any]], set[Squash]]:
    """Find the softmax or sigmoid through which an output goes last, however it is written.

    Of an average of several, as an ensemble gives, each of them is found: without them the average
    is that of the scores.

    Returns:
        By the place of a call, what makes of its layer one without; and what was found.
    """
    made = {id(tensor): n for n, call in enumerate(followed.calls) for tensor in call.outputs}
    instead: dict[int, Callable[[Any], Any]] = {}
    found: set[Squash] = set()
    waiting = [output]
    while waiting:
        place = made[id(waiting.pop())]
        call = followed.calls[place]
        own, whole = _squash(call)
        if own or whole in ("softmax", "sigmoid"):
            instead[place] = _without_activation if own else _nothing
            found.add(own or whole)  # type: ignore[arg-type]
        elif whole == "same" or _passes(call):
            waiting += call.inputs
        else:
            waiting += _averaged(followed.calls, made, call.outputs[0])
    return instead, found


def _squash(call: Call) -> tuple[Squash | None, Squash | Literal["same"] | None]:
    """What the activation of a call does, or else the call as a whole."""
    own = _activation(call)
    return own, None if own else _behaviour(call)


def _averaged(calls: Sequence[Call], made: Mapping[int, int], output: Any) -> list[Any]:
    """The outputs of softmaxes or sigmoids whose weighted average a tensor is; none if it is not.

    What lies between is asked, not read: where one of them is 1 and the others are 0, there must
    be its weight everywhere, and where they are random, what the weights make of them.
    """
    leaves: list[Any] = []
    between: set[int] = set()
    waiting = [output]
    while waiting:
        tensor = waiting.pop()
        place = made[id(tensor)]
        call = calls[place]
        own, whole = _squash(call)
        if own or whole in ("softmax", "sigmoid"):
            leaves += [] if any(tensor is leaf for leaf in leaves) else [tensor]
        elif not call.inputs or getattr(call.layer, "weights", None):
            return []
        else:
            between.add(place)
            waiting += call.inputs
    shapes = {tuple(leaf.shape[1:]) for leaf in (*leaves, output)}
    if len(leaves) < 2 or len(shapes) > 1:
        return []

    def asked(values: Sequence[Array]) -> Array:
        from coursecnn.backend import keras

        tensors = map(keras.ops.convert_to_tensor, values)
        known = dict(zip(map(id, leaves), tensors, strict=True))
        return _in_numpy(
            _keras_graph.evaluate([calls[place] for place in sorted(between)], known)[id(output)]
        )

    shape = tuple(size or 3 for size in shapes.pop())
    return leaves if _is_average(asked, len(leaves), (2, *shape)) else []


def _is_average(
    function: Callable[[Sequence[Array]], Array], count: int, shape: tuple[int, ...]
) -> bool:
    """Whether a function of several arrays gives a weighted average of them."""
    ones, zeros = np.ones(shape, "float32"), np.zeros(shape, "float32")
    values = np.random.default_rng(0).random((count, *shape)).astype("float32")
    try:
        parts = [
            function([ones if n == place else zeros for n in range(count)])
            for place in range(count)
        ]
        answer = function(list(values))
    except Exception:  # whatever it raises, it is none
        return False
    weights = np.array([np.mean(part) for part in parts])
    return bool(
        all(part.shape == shape for part in parts)
        and all(np.allclose(part, weight) for part, weight in zip(parts, weights, strict=True))
        and np.isclose(weights.sum(), 1)
        and np.allclose(answer, np.tensordot(weights, values, 1), atol=1e-5)
    )


_PASSING_OPERATIONS = """
    cast concatenate expanddims getitem identity moveaxis ravel reshape saturatecast split
    squeeze stack swapaxes transpose unstack
"""
_PASSING_LAYERS = """
    Concatenate Dropout Flatten Identity Permute RepeatVector Reshape Cropping2D UpSampling2D
    Resizing ActivityRegularization
"""


def _passes(call: Call) -> bool:
    """Whether a call only hands values on."""
    from coursecnn.backend import keras

    layers = tuple(getattr(keras.layers, name) for name in _PASSING_LAYERS.split())
    return isinstance(call.layer, layers) or (
        _reads.operation_name(call.layer) in _PASSING_OPERATIONS.split()
    )


def _holder(layer: Any) -> Any:
    """The layer whose activation comes last: that in a wrapper, or itself."""
    from coursecnn.backend import keras

    return _holder(layer.layer) if isinstance(layer, keras.layers.Wrapper) else layer


def _activation(call: Call) -> Squash | None:
    """What the activation of a layer with weights does, if it is one of these."""
    layer = _holder(call.layer)
    activation = getattr(layer, "activation", None)
    if not callable(activation) or not layer.weights:
        return None
    rank = len(call.outputs[0].shape)
    kind = _kind(activation, (2,) * max(rank - 2, 0) + (3,))
    return kind if kind in ("softmax", "sigmoid") else None


def _behaviour(call: Call) -> Squash | Literal["same"] | None:
    """What a call without weights does to its one input."""
    if len(call.inputs) != 1 or getattr(call.layer, "weights", None):
        return None
    before, after = call.inputs[0].shape[1:], call.outputs[0].shape[1:]
    if tuple(before) != tuple(after) or len(call.outputs) != 1:
        return None

    def asked(values: Any) -> Any:
        return _keras_graph.evaluate([call], {id(call.inputs[0]): values})[id(call.outputs[0])]

    return _kind(asked, tuple(size or 3 for size in before))


def _kind(function: Callable[[Any], Any], shape: tuple[int, ...]) -> Any:
    """Compare what a function does with what a softmax or a sigmoid does."""
    from coursecnn.backend import keras

    values = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    try:
        answers = _in_numpy(function(keras.ops.convert_to_tensor(values))).astype(float)
    except Exception:  # whatever it raises, it is none of these
        return None
    if answers.shape != values.shape:
        return None
    for name, expected in _known_kinds(values.astype(float)):
        if np.allclose(answers, expected, atol=0.01):
            return name
    return None


def _known_kinds(values: Array) -> Iterable[tuple[str, Array]]:
    """What each kind makes of some values, and the logarithm of it."""
    yield "same", values
    sigmoid = 1 / (1 + np.exp(-values))
    yield "sigmoid", sigmoid
    yield "sigmoid", np.log(sigmoid)
    for axis in range(1, values.ndim):
        powers = np.exp(values)
        shares = powers / powers.sum(axis=axis, keepdims=True)
        yield "softmax", shares
        yield "softmax", np.log(shares)


def _nothing(_layer: Any) -> Callable[..., Any]:
    """In place of a layer, its input as it is."""
    from coursecnn.backend import keras

    return lambda *args, **kwargs: keras.tree.flatten((args, kwargs))[0]


def _without_activation(layer: Any) -> Any:
    """A layer with the same weights and no activation; the layer itself stays as it is."""
    from coursecnn.backend import keras

    view = object.__new__(type(layer))
    view.__dict__.update(layer.__dict__)
    if isinstance(layer, keras.layers.Wrapper):
        view.__dict__["layer"] = _without_activation(layer.layer)
    else:
        view.__dict__["activation"] = keras.activations.linear
    return view


# Gradients


def slopes(
    function: Callable[[Sequence[Any]], Any], values: Sequence[Array], dtype: str
) -> list[Array]:
    """Differentiate a function of several arrays.

    A step of gradient descent with rate 1 subtracts the gradient from weights that are added to
    the arrays and begin at 0: every backend of Keras can take such a step.

    Args:
        function: Takes tensors, and gives one that is added up.
        values: Where to differentiate.
        dtype: In which to compute.

    Returns:
        The gradients, in the shapes of the values.
    """
    from coursecnn.backend import keras

    class Frozen(keras.layers.Layer):
        def call(self, *parts: Any, training: bool = False) -> Any:  # noqa: ARG002 - see below
            total = keras.ops.sum(function(parts))
            return keras.ops.reshape(total, (1, 1))

    class Shifted(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__(dtype=dtype)
            self.shifts = [
                self.add_weight(shape=value.shape, initializer="zeros") for value in values
            ]
            self.frozen = Frozen(dtype=dtype)

        def call(self, _start: Any) -> Any:
            parts = [
                keras.ops.convert_to_tensor(value, dtype) + shift
                for value, shift in zip(values, self.shifts, strict=True)
            ]
            # A layer that is told so tells all that it calls: dropout is off, averages stay.
            return self.frozen(*parts, training=False)

        def compute_output_shape(self, _shape: Any) -> Any:
            return (1, 1)

    class Total(keras.losses.Loss):
        def call(self, _truth: Any, total: Any) -> Any:
            return total

    shifted = Shifted()
    start = keras.Input(batch_shape=(1, 1), dtype=dtype)
    step = keras.Model(start, shifted(start))
    step.compile(keras.optimizers.SGD(1.0), Total(reduction="sum", dtype=dtype), run_eagerly=True)
    step.train_on_batch(np.zeros((1, 1), dtype), np.zeros((1, 1), dtype))
    return [-_in_numpy(shift) for shift in shifted.shifts]
