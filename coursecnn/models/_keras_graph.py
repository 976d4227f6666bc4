"""The calls of all layers in a Keras model: the one walk over Keras's graph in this package.

- `calls(model, ...)`: every use of every layer, models inside opened, with shapes and parents;
- `inside(call)`: the same of one layer;
- `evaluate(calls, values)`: compute them.

A list of calls is a graph: `parents` are places in the list, all before the call itself.
"""

import inspect
import operator
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from coursecnn import _keras_private
from coursecnn.backend import keras

__all__ = [
    "Call",
    "Shape",
    "Traced",
    "calls",
    "check_model",
    "evaluate",
    "inside",
    "own_sizes",
    "traced",
]

Shape: TypeAlias = tuple[int, ...]
Tensor: TypeAlias = Any  # keras.KerasTensor, which mypy cannot see

tree = keras.tree


@dataclass(frozen=True, eq=False)
class Call:
    """One use of one layer, or of an operation on tensors such as `a + b`.

    Attributes:
        path: The layer's name, after those of the models that hold it: "backbone/conv1".
        layer: The layer or `keras.Operation`.
        args: What it is called with; the symbolic tensors in it are outputs of other calls.
        kwargs: By name.
        inputs: The symbolic tensors among the arguments, in their order.
        outputs: The symbolic tensors that come out. At the top of a functional model they are the
            model's own, unless other sizes were asked for.
        parents: For each of the inputs the place of the call that made it.
        opened: The layers of one's own that were opened on the way here, with their paths.
    """

    path: str
    layer: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    parents: tuple[int, ...]
    opened: tuple[tuple[str, Any], ...] = ()

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """Of one image: the batch is left out."""
        return tuple(_of_one(tensor.shape) for tensor in self.inputs)

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """Of one image: the batch is left out."""
        return tuple(_of_one(tensor.shape) for tensor in self.outputs)


def _of_one(shape: Sequence[int | None]) -> Any:
    """Leave the batch out; where the images were merged with something else, there is none."""
    return tuple(shape[1:]) if shape and shape[0] in (1, None) else tuple(shape)


def calls(
    model: keras.Model,
    *,
    nested: bool = True,
    opens: Callable[[Any], bool] = lambda _: False,
    input_shape: Any = None,
    lenient: bool = False,
) -> list[Call]:
    """List every use of every layer, in the order of computation.

    Args:
        model: Functional; sequential; or subclassed, if it was built or an `input_shape` is given.
        nested: Open the models in the model; else each is one call.
        opens: Says which other layers are opened, by following their `call`. They must do
            everything with layers and `keras.ops`.
        input_shape: Sizes without the batch, where the model leaves them open: a shape, or, for
            several inputs, a list in their order or a dictionary by their names. All tensors then
            have a batch of 1.
        lenient: Leave a layer closed whose `call` cannot be followed; else it is an error.

    Raises:
        ValueError: The model has no graph and no size to make one for, or the size does not fit.

    Examples:
        >>> image = keras.Input((4, 4, 3), name="image")
        >>> inner = keras.Sequential([keras.layers.Conv2D(2, 3, name="conv")], name="inner")
        >>> for call in calls(keras.Model(image, keras.layers.Flatten(name="flat")(inner(image)))):
        ...     print(call.path, call.output_shapes, call.parents)
        image ((4, 4, 3),) ()
        inner/conv ((2, 2, 2),) (0,)
        flat ((8,),) (1,)
    """
    return traced(model, nested=nested, opens=opens, input_shape=input_shape, lenient=lenient).calls


@dataclass(frozen=True, eq=False)
class Traced:
    """A model's calls, and where they lead.

    Attributes:
        calls: As from `calls`.
        outputs: The tensors among theirs that are the model's outputs.
        opened: Models and layers that were opened, in order: path, layer, outputs.
    """

    calls: list[Call]
    outputs: list[Tensor]
    opened: list[tuple[str, Any, list[Tensor]]]


def traced(
    model: keras.Model,
    *,
    nested: bool = True,
    opens: Callable[[Any], bool] = lambda _: False,
    input_shape: Any = None,
    lenient: bool = False,
) -> Traced:
    """List the calls as `calls` does, and say which tensors come out."""
    check_model(model)
    walk = _Walk(nested, opens, lenient)
    graph = _graph(model)
    if graph is None and not model.built:
        _build(model, input_shape)
        graph = _graph(model)
    if graph is None:
        outputs = walk.subclassed(model, input_shape)
    else:
        outputs = walk.function(graph, "", _given(model, graph, input_shape))
    return Traced(walk.calls, outputs, walk.wholes)


def check_model(model: object) -> None:
    """Refuse what is no model of Keras.

    Raises:
        ValueError: It is something else, such as a name.

    >>> check_model("resnet50")
    Traceback (most recent call last):
    ValueError: model must be a Keras model, got a str
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"model must be a Keras model, got a {type(model).__name__}")


def own_sizes(model: keras.Model) -> Any:
    """Return a model's own sizes as an `input_shape`; None if it has none, or leaves one open.

    With them all is computed for a batch of 1, which a layer of one's own may ask for.
    """
    sizes = [tuple(tensor.shape[1:]) for tensor in getattr(model, "inputs", None) or ()]
    if not sizes or any(None in shape for shape in sizes):
        return None
    return sizes if len(sizes) > 1 else sizes[0]


def inside(call: Call, opens: Callable[[Any], bool] = lambda _: False) -> list[Call]:
    """List the calls within one: those in a model's graph, or else what its `call` does.

    Raises:
        ValueError: Its `call` does something that symbolic tensors cannot follow.
    """
    walk = _Walk(nested=True, opens=opens)
    walk.made.update(dict.fromkeys(map(id, call.inputs), -1))
    graph = _graph(call.layer)
    if graph is not None:
        walk.function(graph, f"{call.path}/", _arranged(call.layer, call.args, call.kwargs))
    else:
        walk.followed(call.layer, call.args, call.kwargs, call.path)
    return walk.calls


def evaluate(calls: Sequence[Call], values: dict[int, Any]) -> dict[int, Any]:
    """Compute calls in their order.

    Args:
        calls: As from `calls`, or some of them.
        values: By the `id` of a symbolic tensor what stands in for it: arrays for the inputs, and
            for whatever else is given. A call whose outputs are all given is not made.

    Returns:
        The values, with those of all outputs.
    """
    known = dict(values)
    for call in calls:
        if any(id(tensor) not in known for tensor in call.outputs):
            args, kwargs = tree.map_structure(
                lambda part: known[id(part)] if isinstance(part, keras.KerasTensor) else part,
                (call.args, dict(call.kwargs)),
            )
            results = tree.flatten(call.layer(*args, **kwargs))
            known.update(zip(map(id, call.outputs), results, strict=True))
    return known


def _graph(model: Any) -> Any | None:
    """Return the graph that calling a model follows."""
    if not isinstance(model, keras.Model | keras.Function):
        return None
    own = _keras_private.is_keras_own(type(model), "call")
    return _keras_private.graph_of(model) if own else None


@dataclass
class _Walk:
    """The calls that were found so far."""

    nested: bool
    opens: Callable[[Any], bool]
    lenient: bool = False
    calls: list[Call] = field(default_factory=list)
    made: dict[int, int] = field(default_factory=dict)  # by id of a tensor, the call it is from
    opened: tuple[tuple[str, Any], ...] = ()
    wholes: list[tuple[str, Any, list[Tensor]]] = field(default_factory=list)

    def function(self, graph: Any, prefix: str, given: Sequence[Tensor] | None) -> list[Tensor]:
        """Go through a graph, with other tensors for its inputs if some are given."""
        known = {} if given is None else dict(zip(map(id, graph.inputs), given, strict=True))
        own = given is None
        waiting = _keras_private.nodes(graph)
        while waiting:  # a layer used at two depths makes Keras list calls before their parents
            ready = [node for node in waiting if self._enter(node, known, prefix, own=own)]
            if not ready:
                break  # what is left hangs on nothing: Keras skips it, too
            done = set(map(id, ready))
            waiting = [node for node in waiting if id(node) not in done]
        return [known[id(tensor)] for tensor in graph.outputs]

    def _enter(
        self, node: Any, known: dict[int, Tensor], prefix: str, *, own: bool, name: str = ""
    ) -> bool:
        """Go through one call of a graph, if all that it takes is there."""
        if any(id(tensor) not in known for tensor in node.input_tensors):
            return False
        if node.is_input:
            if not prefix:
                outputs = [known.setdefault(id(tensor), tensor) for tensor in node.outputs]
                self._record(node.operation.name, node.operation, (), {}, outputs)
            return True
        args, kwargs = node.arguments.fill_in(known)
        outputs = self.call(node, args, kwargs, prefix + (name or node.operation.name), own=own)
        known.update(zip(map(id, node.outputs), outputs, strict=True))
        return True

    def call(self, node: Any, args: Any, kwargs: Any, path: str, *, own: bool) -> list[Tensor]:
        """Open what a node calls, or record it."""
        layer = node.operation
        graph = _graph(layer) if self.nested else None
        opened = None
        if graph is not None:
            opened = self.function(graph, f"{path}/", _arranged(layer, args, kwargs))
        elif self.opens(layer):
            opened = self._tried(layer, args, kwargs, path)
        if opened is not None:
            self.wholes.append((path, layer, opened))
            return opened
        outputs = node.outputs if own else _outputs(node, args, kwargs, path)
        return self._record(path, layer, args, kwargs, outputs)

    def _tried(self, layer: Any, args: Any, kwargs: Any, path: str) -> list[Tensor] | None:
        """Follow a layer; none, and no trace of it, if that fails and need not be."""
        calls, wholes, opened = len(self.calls), len(self.wholes), self.opened
        try:
            return self.followed(layer, args, kwargs, path)
        except ValueError:
            if not self.lenient:
                raise
        del self.calls[calls:], self.wholes[wholes:]
        self.opened = opened
        self.made = {key: place for key, place in self.made.items() if place < calls}
        return None

    def followed(self, layer: Any, args: Any, kwargs: Any, path: str) -> list[Tensor]:
        """Let a layer compute with symbolic tensors, and go through what it did."""
        before, self.opened = self.opened, (*self.opened, (path, layer))
        known: dict[int, Tensor] = {}

        def stand_in(part: Any) -> Any:
            if not isinstance(part, keras.KerasTensor):
                return part
            symbol = _symbol(part)
            known[id(symbol)] = part
            alive.append(symbol)
            return symbol

        alive: list[Tensor] = []
        held = list(_all_layers(layer))
        symbols, named = tree.map_structure(stand_in, (args, dict(kwargs)))
        with _keras_private.undone_calls(held):
            try:
                with _keras_private.symbols_on_the_right():
                    results = layer.call(*symbols, **named)
            except Exception as error:  # whatever a user's code may raise
                raise ValueError(
                    f"layer {path!r} of type {type(layer).__name__} cannot be followed: its call "
                    f"must use layers and keras.ops alone; it raised {type(error).__name__}: "
                    f"{_first_line(error)}"
                ) from error
            results = [x for x in tree.flatten(results) if isinstance(x, keras.KerasTensor)]
            names: Counter[str] = Counter()
            for node in _before(results, known):
                name = _numbered(node.operation, names)
                self._enter(node, known, f"{path}/", own=False, name=name)
        self.opened = before
        return [known[id(tensor)] for tensor in results]

    def subclassed(self, model: Any, input_shape: Any) -> list[Tensor]:
        """Follow a model that has no graph."""
        args, kwargs = _arguments(model, input_shape)
        for tensor in tree.flatten((args, kwargs)):
            layer = _keras_private.layer_of(tensor)
            self._record(layer.name, layer, (), {}, [tensor])
        paths = len(model.name) + 1
        first = len(self.calls)
        outputs = self.followed(model, args, kwargs, model.name)
        self.wholes = [(path[paths:], *rest) for path, *rest in self.wholes]
        self.calls[first:] = [replace(call, path=call.path[paths:]) for call in self.calls[first:]]
        return outputs

    def _record(
        self, path: str, layer: Any, args: Any, kwargs: Any, outputs: Sequence[Tensor]
    ) -> list[Tensor]:
        inputs = tuple(
            part for part in tree.flatten((args, kwargs)) if isinstance(part, keras.KerasTensor)
        )
        parents = tuple(self.made[id(tensor)] for tensor in inputs)
        self.made.update(dict.fromkeys(map(id, outputs), len(self.calls)))
        self.calls.append(
            Call(path, layer, tuple(args), kwargs, inputs, tuple(outputs), parents, self.opened)
        )
        return list(outputs)


def _numbered(operation: Any, names: Counter[str]) -> str:
    """Name an operation by how many of its type came before; Keras counts those of the process."""
    if isinstance(operation, keras.layers.Layer):
        return str(operation.name)
    name = re.sub(r"_\d+$", "", operation.name)
    names[name] += 1
    return name if names[name] == 1 else f"{name}_{names[name] - 1}"


def _symbol(tensor: Tensor) -> Tensor:
    return keras.KerasTensor(tensor.shape, dtype=tensor.dtype)


def _outputs(node: Any, args: Any, kwargs: Any, path: str) -> list[Tensor]:
    """Say what comes out of a node's layer for these arguments, and leave the layer as it is."""
    given = [part for part in tree.flatten((args, kwargs)) if isinstance(part, keras.KerasTensor)]
    if [tensor.shape for tensor in given] == [tensor.shape for tensor in node.input_tensors]:
        outputs = [_symbol(tensor) for tensor in node.outputs]
    else:
        outputs = _computed(node.operation, args, kwargs, given, path)
    if _has_open(outputs) and not _has_open(given):
        return _closed(node.operation, args, kwargs, given) or outputs
    return outputs


def _computed(layer: Any, args: Any, kwargs: Any, given: Sequence[Tensor], path: str) -> list[Any]:
    """Ask a layer what comes out of it."""
    try:
        return list(tree.flatten(layer.compute_output_spec(*args, **kwargs)))
    except Exception as error:  # Keras raises what the operation raised
        shapes = ", ".join(str(_of_one(tensor.shape)) for tensor in given)
        raise ValueError(
            f"layer {path!r} does not take what comes to it, {shapes}: {_first_line(error)}"
        ) from error


def _has_open(tensors: Sequence[Tensor]) -> bool:
    return any(None in tensor.shape[1:] for tensor in tensors)


def _closed(layer: Any, args: Any, kwargs: Any, given: Sequence[Tensor]) -> list[Tensor] | None:
    """Follow a layer that leaves sizes open though its inputs have none, as `EinsumDense` does."""
    walk = _Walk(nested=False, opens=lambda _: False)
    walk.made.update(dict.fromkeys(map(id, given), -1))
    try:
        return walk.followed(layer, args, kwargs, layer.name)
    except ValueError:
        return None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "no message")


def _before(results: Sequence[Tensor], known: Mapping[int, Tensor]) -> Iterator[Any]:
    """List the calls between known tensors and the results, each after those it depends on."""
    waiting = [(_keras_private.node_of(tensor), False) for tensor in reversed(results)]
    met: set[int] = set()
    while waiting:
        node, complete = waiting.pop()
        if node is None or (not complete and id(node) in met):
            continue
        if complete:
            yield node
            continue
        met.add(id(node))
        waiting.append((node, True))
        waiting.extend(
            (_keras_private.node_of(tensor), False)
            for tensor in reversed(node.input_tensors)
            if id(tensor) not in known
        )


def _all_layers(layer: Any) -> Iterator[Any]:
    """List a layer and all that it holds, down to the last."""
    met: set[int] = set()
    waiting = [layer]
    while waiting:
        held = waiting.pop()
        if id(held) not in met:
            met.add(id(held))
            yield held
            waiting.extend(_keras_private.sublayers(held))
            graph = _keras_private.graph_of(held)
            waiting.extend(graph.operations if graph is not None and graph is not held else ())


def _arranged(model: Any, args: Any, kwargs: Any) -> list[Tensor]:
    """Bring what a model inside is called with into the order of its inputs."""
    given = args[0] if args else next(iter(kwargs.values()))
    structure = _keras_private.input_structure(model)
    if isinstance(given, dict):
        names = structure if isinstance(structure, dict) else [x.name for x in model.inputs]
        given = [given[name] for name in (sorted(names) if isinstance(names, dict) else names)]
    return list(tree.flatten(given))


def _given(model: Any, graph: Any, input_shape: Any) -> list[Tensor] | None:
    """Make tensors of the wanted sizes, with a batch of one.

    None if no sizes are wanted, unless the model itself fixes a larger batch, as a stateful one.
    """
    if input_shape is None:
        if all(tensor.shape[0] in (None, 1) for tensor in graph.inputs):
            return None
        return [
            keras.KerasTensor((1, *tensor.shape[1:]), dtype=tensor.dtype) for tensor in graph.inputs
        ]
    names = [_keras_private.layer_of(tensor).name for tensor in graph.inputs]
    shapes = _listed(input_shape, names)
    for name, shape, tensor in zip(names, shapes, graph.inputs, strict=True):
        own = tuple(tensor.shape[1:])
        fits = all(size in (None, asked) for size, asked in zip(own, shape, strict=False))
        if len(own) != len(shape) or not fits:
            raise ValueError(
                f"input_shape must fit the input {name!r} of {model.name!r}, {own}, got {shape}"
            )
    pairs = zip(shapes, graph.inputs, strict=True)
    return [keras.KerasTensor((1, *shape), dtype=tensor.dtype) for shape, tensor in pairs]


def _listed(input_shape: Any, names: Sequence[str]) -> list[Shape]:
    """Read one shape for each input."""
    if isinstance(input_shape, Mapping):
        if set(input_shape) != set(names):
            raise ValueError(
                f"input_shape must have a shape for each of {', '.join(map(repr, names))}, got "
                f"{input_shape!r}"
            )
        return [_sizes(input_shape[name]) for name in names]
    several = _is_list_of_shapes(input_shape)
    shapes = [_sizes(shape) for shape in (input_shape if several else [input_shape])]
    if len(shapes) != len(names):
        raise ValueError(
            f"input_shape must have a shape for each of {', '.join(map(repr, names))}, got "
            f"{input_shape!r}"
        )
    return shapes


def _is_list_of_shapes(value: Any) -> bool:
    return isinstance(value, tuple | list) and any(isinstance(x, tuple | list) for x in value)


def _sizes(shape: Any) -> Shape:
    """Read the sizes of one input: positive integers, those of NumPy included.

    Raises:
        ValueError: It is something else.
    """
    try:
        sizes = tuple(operator.index(size) for size in shape)
    except TypeError:
        sizes = (0,)
    if any(isinstance(size, bool) or size < 1 for size in sizes):
        raise ValueError(
            f"input_shape must hold positive ints, without the batch, such as (224, 224, 3), got "
            f"{shape!r}"
        )
    return sizes


def _arguments(model: Any, input_shape: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Make symbolic inputs for a model without a graph, of the size asked for or built for."""
    if input_shape is None:
        return _built_for(model)
    parameters = list(inspect.signature(model.call).parameters.values())
    if isinstance(input_shape, Mapping):
        inputs = {name: keras.Input(_sizes(shape), batch_size=1, name=name)
                  for name, shape in input_shape.items()}  # fmt: skip
        names = {parameter.name for parameter in parameters}
        return ((), inputs) if set(inputs) <= names else ((inputs,), {})
    if _is_list_of_shapes(input_shape):
        several = [keras.Input(_sizes(shape), batch_size=1) for shape in input_shape]
        wanted = sum(parameter.default is parameter.empty for parameter in parameters)
        return (tuple(several), {}) if wanted == len(several) > 1 else ((several,), {})
    return (keras.Input(_sizes(input_shape), batch_size=1),), {}


def _built_for(model: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Make symbolic inputs of the size that a model without a graph was built for."""
    config = model.get_build_config() or {}
    shapes = config.get("shapes_dict") or {"": config.get("input_shape")}
    flat = [shape for shape in shapes.values() if shape is not None]
    if not flat:
        raise ValueError(
            f"model must be functional, or sequential and built, or input_shape be given, got "
            f"{model.name!r} of type {type(model).__name__}"
        )
    inputs = {
        name.removesuffix("_shape"): tree.map_shape_structure(
            lambda shape: keras.Input(_known(model, shape[1:]), batch_size=1), shape
        )
        for name, shape in shapes.items()
    }
    return ((inputs[""],), {}) if "" in inputs else ((), inputs)


def _known(model: Any, sizes: Shape) -> Shape:
    if None in sizes:
        raise ValueError(
            f"model must have a fixed input size, got {sizes} in {model.name!r}: give input_shape"
        )
    return sizes


def _build(model: Any, input_shape: Any) -> None:
    """Call a model that was never called, so that it makes its weights."""
    args, kwargs = _arguments(model, input_shape)
    with _keras_private.undone_calls(list(_all_layers(model))), warnings.catch_warnings():
        # Keras warns of what it then raises.
        warnings.filterwarnings("ignore", "[^$]*unbuilt state", UserWarning)
        try:
            model(*args, **kwargs)
        except Exception as error:  # whatever a user's code may raise
            raise ValueError(
                f"input_shape must be what {model.name!r} of type {type(model).__name__} can be "
                f"called with, got {input_shape!r}, with which its call raised "
                f"{type(error).__name__}"
            ) from error
