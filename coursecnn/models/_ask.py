"""What a question about a model means: which of its layers, inputs and outputs.

- `find(traced, layer, call)`: a layer and its output, by name, by path, or by the layer itself;
- `inputs(model, traced)`: the symbolic inputs by name, in the order of the model;
- `pick(what, names, chosen)`: one of several by number or by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from coursecnn._checks import as_int
from coursecnn.models._channels import Channels
from coursecnn.models._keras_graph import Traced

if TYPE_CHECKING:  # whoever has a model has imported Keras
    from coursecnn.backend import keras

__all__ = ["Found", "find", "inputs", "pick", "spatial"]


class Found(NamedTuple):
    """A use of a layer.

    Attributes:
        path: Of the layer.
        layer: The layer itself.
        output: The tensor that came out.
        depth: The axis of its channels, the batch aside.
    """

    path: str
    layer: Any
    output: Any
    depth: int


def find(traced: Traced, layer: Any, call: int | None = None) -> Found:
    """Find a use of a layer.

    Args:
        traced: The model's calls.
        layer: Its name, its path, or the layer itself, a model in the model included.
        call: Which use of it, counted from 0, if there are several.

    Raises:
        ValueError: There is no such layer or use, or there are several.
    """
    uses = [(c.path, c.layer, c.outputs) for c in traced.calls] + list(traced.opened)
    found = [use for use in uses if use[1] is layer or use[0] == layer]
    if not found and isinstance(layer, str):
        found = [use for use in uses if use[0].rpartition("/")[2] == layer]
    if not found:
        raise ValueError(f"layer must be one of {_listed(traced)}, got {_named(layer)}")
    paths = list(dict.fromkeys(path for path, _, _ in found))
    if len(paths) > 1 and isinstance(layer, str):
        raise ValueError(f"layer must be one of {', '.join(map(repr, paths))}, got {layer!r}")
    path, itself, outputs = found[_use(paths[0], len(found), call)]
    return Found(path, itself, outputs[0], Channels.of(traced.calls).axis(outputs[0]))


def _use(path: str, count: int, call: int | None) -> int:
    """The number of a use."""
    number = as_int(call)
    if call is None and count > 1:
        raise ValueError(
            f"call must say which of the {count} uses of {path!r} is meant, from 0 to {count - 1}, "
            "got None"
        )
    if call is not None and (number is None or not 0 <= number < count):
        raise ValueError(f"call must be a use of {path!r} from 0 to {count - 1}, got {call!r}")
    return number or 0


def spatial(traced: Traced) -> list[str]:
    """The layers with rows and columns, by their paths."""
    from coursecnn.backend import keras

    paths = [
        call.path
        for call in traced.calls
        if not isinstance(call.layer, keras.layers.InputLayer)
        and isinstance(call.layer, keras.layers.Layer)
        and len(call.outputs[0].shape) == 4
    ]
    return list(dict.fromkeys(paths))


def inputs(model: keras.Model, traced: Traced) -> dict[str, Any]:
    """The symbolic inputs among the calls, by name, in the order of the model."""
    from coursecnn.backend import keras

    found = {
        call.path: call.outputs[0]
        for call in traced.calls
        if isinstance(call.layer, keras.layers.InputLayer)
    }
    names = [tensor.name for tensor in getattr(model, "inputs", None) or []]
    in_order = [name for name in names if name in found]
    return {name: found[name] for name in (in_order if len(in_order) == len(found) else found)}


def pick(what: str, names: Sequence[str], chosen: Any) -> int:
    """Pick one of several by its number or its name; None for the only one.

    Raises:
        ValueError: There is no such one, or several.
    """
    number = as_int(chosen)
    if chosen is None and len(names) == 1:
        return 0
    if isinstance(chosen, str) and list(names).count(chosen) == 1:
        return list(names).index(chosen)
    if number is not None and 0 <= number < len(names):
        return number
    listed = ", ".join(map(repr, names))
    raise ValueError(
        f"{what} must be one of {listed}, or a number from 0 to {len(names) - 1}, got {chosen!r}"
    )


def _listed(traced: Traced) -> str:
    paths = list(dict.fromkeys(call.path for call in traced.calls))
    few = paths if len(paths) <= 8 else [*paths[:3], "...", *paths[-4:]]
    return ", ".join(few)


def _named(layer: Any) -> str:
    return repr(layer) if isinstance(layer, str) else f"{getattr(layer, 'name', layer)!r}"
