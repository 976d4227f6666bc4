"""How many multiply-accumulates a call takes for one image.

`macs(call)` asks, in this order,

1. the rules that were registered with `register_macs`;
2. the layer's own method `macs(input_shape)`;
3. the table of layers and operations, `coursecnn.models._kinds`;
4. what the layer does, followed with symbolic tensors.

What none of them knows is an error, not a zero.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from coursecnn import _keras_private
from coursecnn.backend import keras
from coursecnn.models import _keras_graph, _kinds
from coursecnn.models._keras_graph import Call
from coursecnn.models._rules import unknown

__all__ = ["is_known", "is_opened", "macs", "register_macs"]

UserRule: TypeAlias = Callable[[Any, Any], int]

_REGISTERED: dict[type | str, UserRule] = {}


def register_macs(layer: type | str, rule: UserRule) -> None:
    """Say how to count the multiply-accumulates of a kind of layer, before any other rule.

    Args:
        layer: A class, for its subclasses, too, or the name of a class.
        rule: Takes the layer and the shape of its input without the batch (a list of shapes if it
            has several inputs), and gives the MACs for one image.

    Raises:
        TypeError: The layer is no class and no name, or the rule cannot be called.

    Examples:
        >>> class Twice(keras.layers.Layer):
        ...     def call(self, inputs):
        ...         return 2 * inputs
        >>> register_macs(Twice, lambda layer, shape: 2 * shape[-1])
        >>> from coursecnn.models import totals
        >>> totals(keras.Sequential([keras.Input((3,)), Twice()])).macs
        6
    """
    if not isinstance(layer, type | str):
        raise TypeError(f"layer must be a class or the name of one, got {layer!r}")
    if not callable(rule):
        raise TypeError(f"rule must take a layer and its input shape, got {rule!r}")
    _REGISTERED[layer] = rule


def macs(call: Call) -> int:
    """Count the multiply-accumulates of one call for one image.

    Raises:
        TypeError: Nothing says how.
        ValueError: A size is open.
    """
    told = _told(call)
    if told is not None:
        return told
    known = _row(call.layer)
    return int(known.macs(call, macs)) if known and known.macs else _followed(call)


def is_known(layer: Any) -> bool:
    """Say whether a layer is counted as one, and not by the layers that it holds."""
    return bool(_registered(layer)) or hasattr(layer, "macs") or _row(layer) is not None


def is_opened(layer: Any) -> bool:
    """Say whether a layer is unknown and holds layers, so that these are counted one by one."""
    is_layer = isinstance(layer, keras.layers.Layer)
    return is_layer and not is_known(layer) and bool(_keras_private.sublayers(layer))


def _registered(layer: Any) -> UserRule | None:
    for kind in type(layer).__mro__:
        if rule := _REGISTERED.get(kind) or _REGISTERED.get(kind.__name__):
            return rule
    return None


def _told(call: Call) -> int | None:
    """Ask what a user says about a layer."""
    shapes = call.input_shapes
    shape: Any = shapes[0] if len(shapes) == 1 else list(shapes)
    if rule := _registered(call.layer):
        return _checked(call, rule, call.layer, shape)
    own = getattr(call.layer, "macs", None)
    return _checked(call, own, shape) if own else None


def _checked(call: Call, rule: Callable[..., Any], *arguments: Any) -> int:
    try:
        count = rule(*arguments)
    except Exception as error:  # whatever a user's rule may raise
        taken = ", ".join(["the layer", "its input shape"][-len(arguments) :])
        raise TypeError(
            f"the rule for the MACs of layer {call.path!r} must take {taken}, and give an int; it "
            f"raised {type(error).__name__}: {error}"
        ) from error
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 0:
        raise TypeError(f"the MACs of layer {call.path!r} must be an int from 0 on, got {count!r}")
    return int(count)


def _row(layer: Any) -> _kinds.Row | None:
    """Find the row of a layer; a user's type that computes in its own way has none."""
    kind = type(layer)
    own = kind.__module__.startswith("coursecnn.") or _keras_private.is_keras_own(kind, "call")
    return _kinds.row(layer) if own else None


def _followed(call: Call) -> int:
    """Add up what a layer does."""
    try:
        inner = _keras_graph.inside(call, is_opened)
    except ValueError as error:
        raise unknown(call, f"; {error}") from error
    return sum(map(macs, inner))
