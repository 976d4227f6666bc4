r"""The graph of a Keras model: what its layers are in plain words, and where to draw them.

- `graph(model, ...)`: the layers of a model, or of a part of it, as nodes and edges;
- `layout(graph)`: a row and a place in it for every node, and a way for every edge;
- `stages(table)`: a whole network in a few lines, one for each size of its maps.

Nothing here draws; `coursecnn.models.diagrams` does.

>>> from coursecnn.architectures import build
>>> squeezenet = build("squeezenet1_1", input_shape=(64, 64, 3))
>>> fire = graph(squeezenet, "fire2_squeeze1x1", "fire2_concat")
>>> [node.label for node in fire.nodes]
['1×1 conv, 16\nReLU', '1×1 conv, 64\nReLU', '3×3 conv, 64\nReLU', 'concatenate']
>>> fire.edges
((0, 1), (0, 2), (1, 3), (2, 3))
"""

import difflib
import re
import textwrap
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from coursecnn.backend import keras

__all__ = ["Fold", "Graph", "Kind", "Layout", "Node", "Stage", "graph", "layout", "stages"]

Shape: TypeAlias = tuple[int, ...]
Edge: TypeAlias = tuple[int, int]
Fold: TypeAlias = Literal["all", "padding", "none"]
Kind: TypeAlias = Literal[
    "input",
    "convolution",
    "dense",
    "pooling",
    "normalisation",
    "activation",
    "dropout",
    "join",
    "other",
]
Words: TypeAlias = list[str]

LINE = 16  # characters in a line of a label
NODE, WAY = 1.0, 0.3  # room that a node, and an edge that passes, take from left to right
STRAIGHT, WIDTH = 8.0, 0.01  # weights of a bent chain, and of a wide row, beside a fork off centre

# What a layer of a given class is. A class that is missing is "other", unless a parent is here.
KINDS: dict[str, Kind] = {
    "InputLayer": "input",
    "BaseConv": "convolution",
    "BaseDepthwiseConv": "convolution",
    "BaseSeparableConv": "convolution",
    "SparseConvolution": "convolution",
    "Dense": "dense",
    "RadialBasisFunctions": "dense",
    "BasePooling": "pooling",
    "BaseGlobalPooling": "pooling",
    "Subsampling": "pooling",
    "BatchNormalization": "normalisation",
    "LayerNormalization": "normalisation",
    "GroupNormalization": "normalisation",
    "LocalResponseNormalization": "normalisation",
    "Activation": "activation",
    "ReLU": "activation",
    "LeakyReLU": "activation",
    "PReLU": "activation",
    "ELU": "activation",
    "Softmax": "activation",
    "Dropout": "dropout",
    "Merge": "join",
    "Join": "join",
}


@dataclass(frozen=True)
class Node:
    """A box of a drawing: a layer, and those that are folded into it.

    Attributes:
        names: of the layers, in the order of computation.
        kind: of the layer that gives the box its colour.
        label: what the layers do, in lines of `LINE` characters at most.
        shape: of what comes out, without the batch.

    >>> Node(("conv1", "relu1"), "convolution", "conv 3×3", (28, 28, 32)).shape
    (28, 28, 32)
    """

    names: tuple[str, ...]
    kind: Kind
    label: str
    shape: Shape


@dataclass(frozen=True)
class Graph:
    """Nodes in the order of computation, and edges between their numbers.

    >>> first = Node(("image",), "input", "image", (28, 28, 1))
    >>> last = Node(("conv1",), "convolution", "conv 3×3", (26, 26, 8))
    >>> Graph((first, last), edges=((0, 1),)).edges
    ((0, 1),)
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Layout:
    """Where to draw the nodes of a graph.

    Attributes:
        rows: for each node its row, from 0 at the top: the longest way from the start.
        places: for each node its place from left to right; two nodes of one row are at least
            1 apart.
        ways: for each edge its places in the rows between its two ends.

    >>> Layout(rows=(0, 1), places=(0.0, 0.0), ways=((),)).rows
    (0, 1)
    """

    rows: tuple[int, ...]
    places: tuple[float, ...]
    ways: tuple[tuple[float, ...], ...]


def graph(
    model: keras.Model,
    first: str | None = None,
    last: str | None = None,
    fold: Fold = "all",
    hide: Collection[str] = (),
) -> Graph:
    r"""Read the layers of a model, or those on the ways from one layer to another.

    Args:
        model: A functional or sequential model, built.
        first: Name of the layer to begin with; the inputs if none is given.
        last: Name of the layer to end with; the outputs if none is given.
        fold: "all" writes normalisations, activations and dropout that directly follow a
            convolution into its box, the first two also into that of a dense layer, activations
            into that of a normalisation, and padding into that of the windows it is for.
            "padding" does only the last of these. "none" gives each layer a box of its own.
        hide: Names of layers to leave out, with their edges, such as one that only steers others.

    Raises:
        ValueError: There is no such layer, no way between the two, no graph in the model, or no
            such way to fold.

    Examples:
        >>> from coursecnn.architectures import build
        >>> for node in graph(build("cifar10_lab"), "pool1", "conv4").nodes:
        ...     print(node.names, repr(node.label))
        ('pool1',) 'max pool 2×2\nstride 2'
        ('drop1',) 'dropout 0.25'
        ('conv3', 'conv3_bn', 'conv3_relu') '3×3 conv, 64\nbatch norm, ReLU'
        ('conv4',) '3×3 conv, 64'
    """
    if fold not in get_args(Fold):
        raise ValueError(f"fold must be one of {', '.join(get_args(Fold))}, got {fold!r}")
    calls = _calls(model)
    names = [call.operation.name for call in calls]
    for name in hide:
        _find(names, name, "hide")
    numbers = {id(call): number for number, call in enumerate(calls)}
    edges = [
        (numbers[id(parent)], child)
        for child, call in enumerate(calls)
        for parent in _parents(call)
        if id(parent) in numbers
    ]
    chosen = _between(edges, _find(names, first, "first"), _find(names, last, "last"), len(calls))
    if not chosen:
        raise ValueError(
            f"last must come behind first, and no way leads from {first!r} to {last!r} in "
            f"{model.name!r}"
        )
    chosen = [call for call in chosen if names[call] not in hide]
    number = {call: position for position, call in enumerate(chosen)}
    kept = [(number[a], number[b]) for a, b in edges if a in number and b in number]
    return _folded([calls[call] for call in chosen], kept, fold)


def _calls(model: keras.Model) -> list[Any]:
    """List the calls of all layers in the order of computation."""
    inner = getattr(model, "_functional", model)  # as in accounting: Keras has no public way
    if not hasattr(inner, "_nodes_by_depth"):
        raise ValueError(
            f"model must be functional, or sequential and built, got {model.name!r} of type "
            f"{type(model).__name__}"
        )
    depths = sorted(inner._nodes_by_depth, reverse=True)
    return [call for depth in depths for call in inner._nodes_by_depth[depth]]


def _parents(call: Any) -> list[Any]:
    """List the calls whose outputs a call takes, in the order in which it takes them."""
    histories = [tensor._keras_history for tensor in call.input_tensors]
    return [history.operation._inbound_nodes[history.node_index] for history in histories]


def _find(names: Sequence[str], name: str | None, argument: str) -> int | None:
    if name is None or name in names:
        return None if name is None else names.index(name)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    raise ValueError(
        f"{argument} must be the name of a layer of the model, such as "
        f"{', '.join(close or names[:3])}; got {name!r}"
    )


def _between(edges: Sequence[Edge], first: int | None, last: int | None, total: int) -> list[int]:
    """List the nodes that `first` leads to and that lead to `last`, both included."""
    below = _reachable(edges, first) if first is not None else set(range(total))
    above = _reachable([(b, a) for a, b in edges], last) if last is not None else set(range(total))
    return sorted(below & above)


def _reachable(edges: Sequence[Edge], start: int) -> set[int]:
    next_to: dict[int, list[int]] = defaultdict(list)
    for a, b in edges:
        next_to[a].append(b)
    found, waiting = {start}, [start]
    while waiting:
        new = set(next_to[waiting.pop()]) - found
        found |= new
        waiting.extend(new)
    return found


def _folded(calls: Sequence[Any], edges: Sequence[Edge], fold: Fold) -> Graph:
    """Make a node of every call, then merge the ends of every edge that is to be folded."""
    kinds = [_kind(call.operation) for call in calls]
    leaving, arriving = Counter(a for a, _ in edges), Counter(b for _, b in edges)
    box = list(range(len(calls)))  # of each call, the first call in the same box
    head = kinds.copy()  # of each box, the kind of the layer that has the say
    for a, b in sorted(edges, key=lambda edge: edge[1]):
        alone = leaving[a] == arriving[b] == 1
        if alone and _folds(calls[a].operation, head[box[a]], kinds[b], fold):
            box[b] = box[a]
            head[box[a]] = kinds[b] if head[box[a]] == "other" else head[box[a]]
    members: dict[int, list[Any]] = defaultdict(list)
    for call, start in zip(calls, box, strict=True):
        members[start].append(call)
    nodes = [_node(group, head[start]) for start, group in members.items()]
    number = {start: position for position, start in enumerate(members)}
    links = [(number[box[a]], number[box[b]]) for a, b in edges if box[a] != box[b]]
    return Graph(tuple(nodes), tuple(links))


def _folds(layer: Any, head: Kind, kind: Kind, fold: Fold) -> bool:
    """Say whether a layer of some kind joins the box of the one before it."""
    if fold == "none":
        return False
    if isinstance(layer, keras.layers.ZeroPadding2D):
        return kind in ("convolution", "pooling")
    weighted = head in ("convolution", "dense")
    folded = {
        "normalisation": weighted,
        "activation": weighted or head == "normalisation",
        "dropout": head == "convolution",
    }
    return fold == "all" and folded.get(kind, False)


def _node(calls: Sequence[Any], kind: Kind) -> Node:
    layers = [call.operation for call in calls]
    shown = [layer for layer in layers if not isinstance(layer, keras.layers.ZeroPadding2D)]
    words = [word for layer in shown or layers for word in _words(layer)]
    shape = tuple(calls[-1].outputs[0].shape[1:])
    if kind == "input":
        words.append(_shape(shape))
    return Node(tuple(layer.name for layer in layers), kind, _lines(words), shape)


def _kind(layer: Any) -> Kind:
    return next((KINDS[c.__name__] for c in type(layer).__mro__ if c.__name__ in KINDS), "other")


def _lines(words: Sequence[str]) -> str:
    """Put the first words on a line of their own, and the others on as few lines as hold them."""
    title, *rest = words
    lines = textwrap.wrap(title, LINE)
    open_line = ""
    for word in rest:
        if open_line and len(f"{open_line}, {word}") <= LINE:
            open_line = f"{open_line}, {word}"
        else:
            lines += [open_line] if open_line else []
            open_line = word
    return "\n".join([*lines, open_line] if open_line else lines)


def _words(layer: Any) -> Words:
    """Say what a layer does: its operation, then its settings and what is done behind it."""
    for parent in type(layer).__mro__:
        if parent.__name__ in WORDS:
            return [*WORDS[parent.__name__](layer), *_activation(layer)]
    name = type(layer).__name__
    return [re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower(), *_activation(layer)]


ACTIVATIONS = {"relu": "ReLU", "elu": "ELU", "scaled_tanh": "scaled tanh"}


def _activation(layer: Any) -> Words:
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return [] if name == "linear" else [ACTIVATIONS.get(name, name)]


def _size(window: Any) -> str:
    return "×".join(map(str, window)) if isinstance(window, tuple | list) else f"{window}×{window}"


def _shape(shape: Shape) -> str:
    return "×".join(map(str, shape))


def _stride(layer: Any) -> Words:
    strides = tuple(layer.strides)
    if set(strides) == {1}:
        return []
    return [f"stride {strides[0] if len(set(strides)) == 1 else _size(strides)}"]


def _conv(layer: Any) -> Words:
    groups = [f"{layer.groups} groups"] if getattr(layer, "groups", 1) > 1 else []
    return [f"{_size(layer.kernel_size)} conv, {layer.filters}", *_stride(layer), *groups]


def _pool(layer: Any) -> Words:
    if set(layer.pool_size) == {1}:  # a window of one pixel only leaves pixels out
        return ["subsample", *_stride(layer)]
    mode = "max" if isinstance(layer, keras.layers.MaxPooling2D) else "average"
    return [f"{mode} pool {_size(layer.pool_size)}", *_stride(layer)]


# The words for a layer of a given class; its activation is appended.
WORDS: dict[str, Callable[[Any], Words]] = {
    "InputLayer": lambda _: ["input"],
    "BaseConv": _conv,
    "SparseConvolution": lambda layer: [
        f"{_size(layer.kernel_size)} conv, {len(layer.reads)}",
        "sparse",
    ],
    "BaseDepthwiseConv": lambda layer: [f"{_size(layer.kernel_size)} depthwise", *_stride(layer)],
    "Dense": lambda layer: [f"dense, {layer.units}"],
    "RadialBasisFunctions": lambda layer: ["radial basis functions", f"{len(layer.codes)} codes"],
    "BasePooling": _pool,
    "Subsampling": lambda _: ["subsample 2×2", "stride 2"],
    "GlobalAveragePooling2D": lambda _: ["global average pool"],
    "GlobalMaxPooling2D": lambda _: ["global max pool"],
    "BatchNormalization": lambda _: ["batch norm"],
    "LocalResponseNormalization": lambda _: ["response norm"],
    "ReLU": lambda _: ["ReLU"],
    "Activation": lambda _: [],
    "Dropout": lambda layer: [f"dropout {layer.rate:g}"],
    "ZeroPadding2D": lambda _: ["zero padding"],
    "PadChannels": lambda layer: [f"zeros up to {layer.filters} channels"],
    "StochasticDepth": lambda layer: ["all or nothing", f"survives: {layer.survival:.3g}"],
    "Join": lambda _: ["mean"],
}


def layout(graph: Graph) -> Layout:
    """Give every node a row and a place, so that edges run downwards and rarely cross.

    A node's row is the longest way to it. An edge over several rows has a place in each of them,
    so that it runs beside the nodes there. The order in a row is that in which a walk upwards
    from the outputs meets the nodes, the inputs of a join from first to last; so the branches of
    a block stand side by side in the order in which they are joined, without a crossing. An
    addition has no order: what has the longest way comes first, so a shortcut runs on the right.

    Args:
        graph: As `graph` gives it.

    Examples:
        >>> nodes = [Node((), "other", label, ()) for label in ("from", "this", "that", "add")]
        >>> layout(Graph(tuple(nodes), ((0, 1), (1, 2), (0, 3), (2, 3))))
        Layout(rows=(0, 1, 2, 3), places=(0.0, 0.0, 0.0, 0.0), ways=((), (), (0.65, 0.65), ()))
    """
    rows = _rows(graph)
    ways = _ways(graph, rows)
    levels: list[list[int]] = [[] for _ in range(max(rows) + 1)]
    for item, row in _order(graph, rows, ways):
        levels[row].append(item)
    places = _places(levels, _pulls(graph, ways), len(rows))
    return Layout(
        rows=tuple(rows),
        places=tuple(places[: len(rows)]),
        ways=tuple(tuple(places[item] for item in way) for way in ways),
    )


def _rows(graph: Graph) -> list[int]:
    rows = [0] * len(graph.nodes)
    for a, b in sorted(graph.edges, key=lambda edge: edge[1]):  # nodes come in computing order
        rows[b] = max(rows[b], rows[a] + 1)
    return rows


def _ways(graph: Graph, rows: Sequence[int]) -> list[range]:
    """Number a point for every row that an edge passes, from the number of nodes on."""
    ways, number = [], len(rows)
    for a, b in graph.edges:
        ways.append(range(number, number + rows[b] - rows[a] - 1))
        number = ways[-1].stop
    return ways


def _order(graph: Graph, rows: Sequence[int], ways: Sequence[range]) -> Iterator[tuple[int, int]]:
    """Walk upwards from the outputs, depth first, and give what is met with its row."""
    above: dict[int, list[int]] = defaultdict(list)
    row = dict(enumerate(rows))
    turns = [_turn(graph, rows, number) for number in range(len(graph.edges))]
    for _, (a, b), way in sorted(zip(turns, graph.edges, ways, strict=True), key=itemgetter(0)):
        row.update(zip(way, range(rows[a] + 1, rows[b]), strict=True))
        for upper, lower in pairwise([a, *way, b]):
            above[lower].append(upper)
    starts = {a for a, _ in graph.edges}
    waiting = [node for node in reversed(range(len(rows))) if node not in starts]
    met: set[int] = set()
    while waiting:
        item = waiting.pop()
        if item not in met:
            met.add(item)
            waiting.extend(reversed(above[item]))
            yield item, row[item]


def _turn(graph: Graph, rows: Sequence[int], number: int) -> tuple[int, int]:
    """Sort the edges into an addition, long ways first, shortcuts last; others keep their order."""
    start, end = graph.edges[number]
    return (-rows[start], -number) if graph.nodes[end].label == "add" else (0, number)


def _pulls(graph: Graph, ways: Sequence[range]) -> list[dict[int, float]]:
    """List sums that should be zero: chains run straight, forks and joins are in the middle."""
    above: dict[int, list[int]] = defaultdict(list)
    below: dict[int, list[int]] = defaultdict(list)
    for (a, b), way in zip(graph.edges, ways, strict=True):
        for upper, lower in pairwise([a, *way, b]):
            above[lower].append(upper)
            below[upper].append(lower)
    straight = [
        {a: STRAIGHT, b[0]: -STRAIGHT} for a, b in below.items() if len(b) == len(above[b[0]]) == 1
    ]
    # The way of an edge that leaves a fork is a shortcut: it runs beside, and pulls at nothing.
    edges = zip(graph.edges, ways, strict=True)
    beside = {point for (a, _), way in edges if len(below[a]) > 1 for point in way}
    middle = []
    for side in (above, below):
        for item, others in side.items():
            near = [other for other in others if other not in beside]
            if len(others) > 1 and near:
                middle.append({item: 1.0, **{other: -1 / len(near) for other in near}})
    return straight + middle


def _places(
    levels: Sequence[Sequence[int]], pulls: Sequence[dict[int, float]], real: int
) -> list[float]:
    """Find the places that follow the pulls best, as a linear program.

    Minimise Σ |pull| + a little of each row's width, so that neighbours keep their distance.
    """
    total = sum(map(len, levels))
    pull = np.zeros((len(pulls), total))
    for row, weights in zip(pull, pulls, strict=True):
        row[list(weights)] = list(weights.values())
    pairs = [pair for level in levels for pair in pairwise(level)]
    apart = np.zeros((len(pairs), total + len(pulls)))
    for row, (left, right) in zip(apart, pairs, strict=True):
        row[[left, right]] = 1, -1
    distances = [sum(NODE / 2 if item < real else WAY / 2 for item in pair) for pair in pairs]
    width = WIDTH * -apart[:, :total].sum(axis=0)
    slack = -np.eye(len(pulls))  # behind the places, one bound on each pull's size
    result = linprog(
        [*width, *np.ones(len(pulls))],
        A_ub=np.vstack([np.hstack([pull, slack]), np.hstack([-pull, slack]), apart]),
        b_ub=[*np.zeros(2 * len(pulls)), *(-distance for distance in distances)],
    )
    places = result.x[:total]
    return [float(place) for place in np.round(places - places.min(), 6)]


@dataclass(frozen=True)
class Stage:
    """The layers of a network whose maps have one size.

    Attributes:
        shape: of the last of these maps, (height, width, channels); a vector is a map of 1×1.
        text: what happens at this size, in a few words.

    >>> Stage(shape=(28, 28, 512), text="4 × conv 3×3").shape
    (28, 28, 512)
    """

    shape: tuple[int, int, int]
    text: str


# How a stage calls its layers. What is missing, such as an activation, changes no shape.
COUNTED = {
    "InputLayer": "input",
    "Conv2D": "conv",
    "GroupedConv2D": "conv",
    "SparseConvolution": "conv",
    "MaxPooling2D": "max pool",
    "AveragePooling2D": "average pool",
    "Subsampling": "subsample",
    "GlobalAveragePooling2D": "global average",
    "Add": "addition",
    "Concatenate": "join",
    "Join": "join",
    "Dense": "dense",
    "RadialBasisFunctions": "radial basis",
}


def stages(table: pd.DataFrame) -> tuple[Stage, ...]:
    """Sum a network up: one entry for each size of its maps, the input first.

    Args:
        table: As `accounting.layer_table` gives it.

    Examples:
        >>> from coursecnn.models.costs import layer_table
        >>> from coursecnn.architectures import build
        >>> for stage in stages(layer_table(build("resnet20"))):
        ...     print(stage.shape, stage.text)
        (32, 32, 3) input
        (32, 32, 16) 7 conv, 3 additions
        (16, 16, 32) 6 conv, max pool, 3 additions
        (8, 8, 64) 6 conv, max pool, 3 additions
        (1, 1, 10) global average, dense
    """
    counted = table[table["type"].isin(COUNTED)]
    sizes = [(1, 1) if len(shape) == 1 else shape[:2] for shape in counted["output_shape"]]
    inputs = counted["type"].eq("InputLayer")
    groups = counted.groupby([~inputs, pd.Series(sizes, index=counted.index)], sort=False)
    return tuple(_stage(rows) for _, rows in groups)


def _stage(rows: pd.DataFrame) -> Stage:
    counts = Counter(COUNTED[kind] for kind in rows["type"])
    parts = [_counted(name, count) for name, count in counts.items()]
    *size, channels = rows["output_shape"].iloc[-1]
    height, width = size or (1, 1)
    return Stage((height, width, channels), ", ".join(parts))


def _counted(name: str, count: int) -> str:
    if count == 1:
        return name
    return f"{count} {name}" if name in ("conv", "dense") else f"{count} {name}s"
