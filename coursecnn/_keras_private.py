"""What Keras and TensorFlow do not offer in public and this package needs, each in one function.

Nothing else in the package touches a private name of theirs. `tests/test_keras_private.py` tries
every function here against the installed versions, so that a release which moves a name says which
one. Where an answer can be done without, its absence has a meaning, said in the docstring; where it
cannot, the error is a `PrivateKerasError` that names what has gone, and the versions.
"""

import contextlib
from collections.abc import Iterable, Iterator
from copy import copy
from importlib import import_module
from typing import Any

import keras

__all__ = [
    "PrivateKerasError",
    "graph_of",
    "input_structure",
    "is_keras_own",
    "layer_of",
    "node_of",
    "nodes",
    "onednn_computes_bfloat16",
    "sublayers",
    "symbols_on_the_right",
    "undone_calls",
    "unlisted_variables",
]


class PrivateKerasError(RuntimeError):
    """A private name of Keras that this package cannot do without is not there any more."""


def _private(owner: Any, name: str) -> Any:
    """Read a private attribute.

    Raises:
        PrivateKerasError: It is not there.
    """
    try:
        return getattr(owner, name)
    except AttributeError:
        kind = owner.__name__ if isinstance(owner, type) else type(owner).__name__
        raise PrivateKerasError(
            f"this version of coursecnn reads {name!r} of Keras's {kind}, and Keras "
            f"{keras.__version__} has none: install another version of either"
        ) from None


def graph_of(model: Any) -> Any | None:
    """Return what holds the graph of a functional model or a built sequential one, else None."""
    inner = getattr(model, "_functional", model)
    return inner if isinstance(inner, keras.Function) else None


def nodes(function: Any) -> list[Any]:
    """List the calls in a graph, in the order of computation but for a layer used at two depths.

    A node has `operation`, `arguments` (with `fill_in`), `input_tensors`, `outputs`, `is_input`.
    Keras lists layers in public, not their calls: `layer.output` is that of the first call only.
    """
    by_depth = _private(function, "_nodes_by_depth")
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def node_of(tensor: Any) -> Any | None:
    """Return the call that made a symbolic tensor; None for one that no call made."""
    history = getattr(tensor, "_keras_history", None)
    if history is None or history.operation is None:
        return None
    return _private(history.operation, "_inbound_nodes")[history.node_index]


def layer_of(tensor: Any) -> Any:
    """Return the layer that made a symbolic tensor, such as that of `keras.Input`."""
    return _private(tensor, "_keras_history").operation


def input_structure(model: Any) -> Any:
    """Return a functional model's inputs as they were given: a tensor, a list, a dictionary."""
    return _private(graph_of(model), "_inputs_struct")


def sublayers(layer: Any) -> list[Any]:
    """List the layers that a layer holds; only a model says so in public."""
    return list(layer.layers if hasattr(layer, "layers") else getattr(layer, "_layers", []))


def is_keras_own(kind: type, method: str) -> bool:
    """Say whether a class has a method from Keras itself, and no class of a user overrides it."""
    owner = next((c for c in kind.__mro__ if method in vars(c)), object)
    return owner.__module__.partition(".")[0] == "keras"


@contextlib.contextmanager
def undone_calls(layers: Iterable[Any]) -> Iterator[None]:
    """Forget the calls that were made of these layers within the block, and the names given.

    A symbolic call writes itself into its layer and into those before it, and each operation takes
    a number from those of its type; a look at a model should leave no traces.
    """
    lists = [
        _private(layer, name) for layer in layers for name in ("_inbound_nodes", "_outbound_nodes")
    ]
    lengths = [len(found) for found in lists]
    with _restored("object_name_uids", {}):
        try:
            yield
        finally:
            for found, length in zip(lists, lengths, strict=True):
                del found[length:]


_OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
}


@contextlib.contextmanager
def symbols_on_the_right() -> Iterator[None]:
    """Let `weight * symbol` be what `symbol * weight` is, within the block.

    Python asks what is on the left, and there a weight, a tensor or a NumPy array refuses what has
    no values. Keras never meets this: it calls layers with tensors of the backend.
    """
    tensors = (keras.Variable, type(keras.ops.convert_to_tensor(0.0)))
    with contextlib.ExitStack() as stack:
        for kind in dict.fromkeys(tensors):
            for name, operation in _OPERATORS.items():
                operator = _symbolic(getattr(kind, f"__{name}__"), operation)
                stack.enter_context(_replaced(kind, f"__{name}__", operator))
        # NumPy leaves the operator to what says that it has no such arithmetic.
        stack.enter_context(_replaced(keras.KerasTensor, "__array_ufunc__", None))
        yield


def _symbolic(operator: Any, operation: str) -> Any:
    def applied(left: Any, right: Any, *more: Any) -> Any:
        if isinstance(right, keras.KerasTensor):
            return getattr(keras.ops, operation)(left, right)
        return operator(left, right, *more)

    return applied


@contextlib.contextmanager
def _replaced(kind: Any, name: str, value: Any) -> Iterator[None]:
    """Give a class another attribute within the block."""
    own, before = name in vars(kind), vars(kind).get(name)
    setattr(kind, name, value)
    try:
        yield
    finally:
        if own:
            setattr(kind, name, before)
        else:
            delattr(kind, name)


def unlisted_variables() -> contextlib.AbstractContextManager[None]:
    """Forget the weights that were made without memory within a block.

    Keras lists such weights, and allocates them all when it next leaves a stateless scope of its
    own, as it does to find the output shape of a custom layer. Its only public way to empty the
    list, `clear_session`, would forget the random state and the names in use as well.

    Raises:
        PrivateKerasError: The list is somewhere else.
    """
    return _restored("uninitialized_variables", [])


@contextlib.contextmanager
def _restored(name: str, nothing: Any) -> Iterator[None]:
    """Put a global value of Keras back after the block."""
    try:
        state = import_module("keras.src.backend.common.global_state")
    except ImportError:
        state = None
    read, write = (_private(state, f"{verb}_global_attribute") for verb in ("get", "set"))
    before = copy(read(name, nothing))
    try:
        yield
    finally:
        write(name, before)


def onednn_computes_bfloat16() -> bool:
    """Ask the library that TensorFlow convolves with on processors; False if it cannot be asked."""
    import tensorflow as tf

    try:
        library = import_module("tensorflow.python.util._pywrap_utils")
    except ImportError:
        return False
    ask = getattr(library, "IsDataTypeSupportedByOneDNNOnThisCPU", None)
    return ask is not None and bool(ask(tf.bfloat16))
