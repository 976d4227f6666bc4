r"""The graph of a Keras model: what its layers are in plain words, and what leads to what.

- `graph(model, ...)`: the layers of a model, or of a part of it, as nodes and edges;
- `condensed(graph)`: the same with each block that is repeated only once.

Nothing here draws; `coursecnn.models.diagrams` does, where `coursecnn.models.layout` says.

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
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

from coursecnn import _keras_private
from coursecnn.backend import keras
from coursecnn.models import _kinds
from coursecnn.models._keras_graph import Call, Shape
from coursecnn.models._keras_graph import calls as calls_of
from coursecnn.models._kinds import Kind
from coursecnn.models._products import is_opened

__all__ = [
    "Fold",
    "Graph",
    "Kind",
    "Node",
    "Repeat",
    "condensed",
    "depth_first",
    "graph",
    "opened",
    "written",
]

Edge: TypeAlias = tuple[int, int]
Block: TypeAlias = tuple[int, int, int]  # where it begins, its length, how often it is there
Fold: TypeAlias = Literal["all", "padding", "none"]

LINE = 16  # characters in a line of a label
RATE = re.compile(r"(?<=dropout) [\d.e-]+|\s*survives: [\d.e-]+")
LONGEST = 64  # boxes of a block that is repeated
PADDING = (
    keras.layers.ZeroPadding1D,
    keras.layers.ZeroPadding2D,
    keras.layers.ZeroPadding3D,
)


@dataclass(frozen=True)
class Node:
    """A box of a drawing: a layer, and those that are folded into it.

    Attributes:
        names: of the layers, in the order of computation; those within a model as "model/layer".
        kind: of the layer that gives the box its colour.
        label: what the layers do, in lines of `LINE` characters at most.
        shapes: of what comes out, without the batch; one for each output.
        shared: a number that boxes with the same weights have in common; 0 for weights of its own.

    >>> Node(("conv1", "relu1"), "convolution", "conv 3×3", ((28, 28, 32),)).shapes
    ((28, 28, 32),)
    """

    names: tuple[str, ...]
    kind: Kind
    label: str
    shapes: tuple[Shape, ...]
    shared: int = 0


@dataclass(frozen=True)
class Repeat:
    """Nodes that stand for several blocks alike, one after the other.

    >>> Repeat(nodes=(3, 4, 5), times=35).times
    35
    """

    nodes: tuple[int, ...]
    times: int


@dataclass(frozen=True)
class Graph:
    """Nodes in the order of computation, edges between their numbers, and what is repeated.

    >>> first = Node(("image",), "input", "image", ((28, 28, 1),))
    >>> last = Node(("conv1",), "convolution", "conv 3×3", ((26, 26, 8),))
    >>> Graph((first, last), edges=((0, 1),)).edges
    ((0, 1),)
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    repeats: tuple[Repeat, ...] = ()


def graph(
    model: keras.Model,
    first: str | None = None,
    last: str | None = None,
    *,
    fold: Fold = "all",
    hide: Collection[str] = (),
    nested: bool = False,
    input_shape: Any = None,
) -> Graph:
    r"""Read the layers of a model, or those on the ways from one layer to another.

    Args:
        model: Functional; sequential; or subclassed, if it was built or an `input_shape` is given.
        first: Name or path of the layer to begin with; the inputs if none is given.
        last: Name or path of the layer to end with; the outputs if none is given.
        fold: "all" writes normalisations, activations and dropout that directly follow a
            convolution into its box, the first two also into that of a dense layer, activations
            into that of a normalisation, and padding into that of the windows it is for.
            "padding" does only the last of these. "none" gives each layer a box of its own.
        hide: Names of layers to leave out, with their edges, such as one that only steers others.
        nested: Open the models in the model, and layers of one's own that hold layers; else each
            is one box with its name.
        input_shape: Sizes without the batch where the model leaves them open: a shape, or, for
            several inputs, a list in their order or a dictionary by their names.

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
    calls = opened(model, nested=nested, input_shape=input_shape)
    names = [call.path for call in calls]
    for name in hide:
        _find(names, name, "hide", nested=nested)
    edges = [(parent, child) for child, call in enumerate(calls) for parent in call.parents]
    begin = None if first is None else _find(names, first, "first", nested=nested)[0]
    end = None if last is None else _find(names, last, "last", nested=nested)[-1]
    chosen = _between(edges, begin, end, len(calls))
    if not chosen:
        raise ValueError(
            f"last must come after first, and no way leads from {first!r} to {last!r} in "
            f"{model.name!r}"
        )
    chosen = [call for call in chosen if names[call] not in hide]
    number = {call: position for position, call in enumerate(chosen)}
    kept = [(number[a], number[b]) for a, b in edges if a in number and b in number]
    return _folded([calls[call] for call in chosen], kept, fold, _outputs(model))


def opened(model: keras.Model, *, nested: bool, input_shape: Any = None) -> list[Call]:
    """List the calls of all layers in the order of computation.

    Raises:
        ValueError: It is no model, or has no graph and no size to make one for.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="last")])
    >>> opened(model, nested=False)[-1].path
    'last'
    """
    if nested:  # a layer that cannot be followed stays closed
        return calls_of(model, opens=is_opened, input_shape=input_shape, lenient=True)
    return calls_of(model, nested=False, input_shape=input_shape)


def _outputs(model: keras.Model) -> dict[int, str]:
    """Name the outputs of a model that has several, by the `id` of their tensors."""
    function = _keras_private.graph_of(model)
    if function is None or len(function.outputs) < 2:
        return {}
    names = getattr(model, "output_names", None) or map(str, range(1, len(function.outputs) + 1))
    return dict(zip(map(id, function.outputs), names, strict=False))


def _find(names: Sequence[str], name: str, argument: str, *, nested: bool) -> list[int]:
    """List the calls of a layer, given by its path or by the end of its path."""
    exact = [number for number, path in enumerate(names) if path == name]
    found = exact or [number for number, path in enumerate(names) if path.endswith(f"/{name}")]
    if found and len({names[number] for number in found}) == 1:
        return found
    if found:
        paths = ", ".join(dict.fromkeys(names[number] for number in found))
        raise ValueError(f"{argument} must name one layer, got {name!r}, which may be {paths}")
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:3]
    hint = "" if nested or "/" not in name else "; nested=True opens the models inside"
    raise ValueError(
        f"{argument} must be the name of a layer of the model, such as "
        f"{', '.join(close)}; got {name!r}{hint}"
    )


def _between(edges: Sequence[Edge], first: int | None, last: int | None, total: int) -> list[int]:
    """List the nodes that `first` leads to and that lead to `last`, both included."""
    below = _reachable(edges, first) if first is not None else set(range(total))
    above = _reachable([(b, a) for a, b in edges], last) if last is not None else set(range(total))
    return sorted(below & above)


def _reachable(edges: Sequence[Edge], start: int) -> set[int]:
    next_to = _neighbours(edges)
    found, waiting = {start}, [start]
    while waiting:
        new = set(next_to[waiting.pop()]) - found
        found |= new
        waiting.extend(new)
    return found


def _neighbours(edges: Iterable[Edge]) -> dict[int, list[int]]:
    next_to: dict[int, list[int]] = defaultdict(list)
    for a, b in edges:
        next_to[a].append(b)
    return next_to


def _folded(
    calls: Sequence[Call], edges: Sequence[Edge], fold: Fold, outputs: dict[int, str]
) -> Graph:
    """Make a node of every call, then merge the ends of every edge that is to be folded."""
    kinds = [_kinds.kind(call.layer) for call in calls]
    marks = [[outputs[id(x)] for x in call.outputs if id(x) in outputs] for call in calls]
    marks = marks if sum(map(len, marks)) > 1 else [[] for _ in calls]
    leaving, arriving = Counter(a for a, _ in edges), Counter(b for _, b in edges)
    box = list(range(len(calls)))  # of each call, the first call in the same box
    head = kinds.copy()  # of each box, the kind of the layer that has the say
    for a, b in sorted(edges, key=lambda edge: edge[1]):
        alone = leaving[a] == arriving[b] == 1 and not marks[a]
        if alone and _folds(calls[a].layer, head[box[a]], kinds[b], fold):
            box[b] = box[a]
            head[box[a]] = kinds[b] if head[box[a]] == "other" else head[box[a]]
    members: dict[int, list[int]] = defaultdict(list)
    for call, start in enumerate(box):
        members[start].append(call)
    named = kinds.count("input") > 1
    boxes = [[calls[call] for call in group] for group in members.values()]
    nodes = [
        _node(group, head[start], marks[members[start][-1]], named=named)
        for group, start in zip(boxes, members, strict=True)
    ]
    nodes = [replace(x, shared=n) for x, n in zip(nodes, _shared(boxes), strict=True)]
    number = {start: position for position, start in enumerate(members)}
    links = [(number[box[a]], number[box[b]]) for a, b in edges if box[a] != box[b]]
    return Graph(tuple(nodes), tuple(dict.fromkeys(links)))


def _folds(layer: Any, head: Kind, kind: Kind, fold: Fold) -> bool:
    """Say whether a layer of some kind joins the box of the one before it."""
    if fold == "none":
        return False
    if isinstance(layer, PADDING):
        return kind in ("convolution", "pooling")
    weighted = head in ("convolution", "dense")
    folded = {
        "normalisation": weighted,
        "activation": weighted or head == "normalisation",
        "dropout": head == "convolution",
    }
    return fold == "all" and folded.get(kind, False)


def _node(calls: Sequence[Call], kind: Kind, outputs: Sequence[str], *, named: bool) -> Node:
    shown = [call for call in calls if not isinstance(call.layer, PADDING)] or calls
    words = [word for call in shown for word in _words(call.layer)]
    words = [word for word in words if word != "linear"] or ["linear"]  # it changes nothing
    shapes = calls[-1].output_shapes
    if kind == "input":
        words += [calls[0].path] * named + [written(shapes[0])]
    words += [f"output: {name}" for name in outputs]
    return Node(tuple(call.path for call in calls), kind, _lines(words), shapes)


def _words(layer: Any) -> list[str]:
    """Say what a layer does; a model that stays closed is known by its name."""
    if isinstance(layer, keras.Model):
        number = len(layer.layers)
        return [layer.name, f"model, {number} layer{'s' * (number != 1)}"]
    return _kinds.words(layer)


def _shared(boxes: Sequence[Sequence[Call]]) -> list[int]:
    """Number the boxes whose weights others have, too, each set of weights alike."""
    keys = [
        tuple(id(call.layer) for call in calls if getattr(call.layer, "weights", None))
        for calls in boxes
    ]
    uses = Counter(keys)
    several = [key for key in uses if key and uses[key] > 1]
    return [several.index(key) + 1 if key in several else 0 for key in keys]


def written(shape: Shape) -> str:
    """Write a shape; a size that is open is a question mark.

    >>> written((28, 28, 1)), written((None, 8))
    ('28×28×1', '?×8')
    """
    return "×".join("?" if size is None else str(size) for size in shape) or "one number"


def _lines(words: Sequence[str]) -> str:
    """Put the first words on a line of their own, and the others on as few lines as hold them."""
    title, *rest = words
    lines = _wrapped(title)
    open_line = ""
    for word in rest:
        if open_line and len(f"{open_line}, {word}") <= LINE:
            open_line = f"{open_line}, {word}"
        else:
            *full, last = _wrapped(word)
            lines += [open_line] * bool(open_line) + full
            open_line = last
    return "\n".join([*lines, open_line] if open_line else lines)


def _wrapped(text: str) -> list[str]:
    """Break a text into lines, at spaces or else at signs within names, or else anywhere."""
    lines = [""]
    for piece in re.findall(rf"[^ _/\-]{{0,{LINE - 1}}}[ _/\-]|.{{1,{LINE}}}", text):
        if len(lines[-1] + piece.rstrip()) <= LINE:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.strip() for line in lines if line.strip()] or [""]


def condensed(graph: Graph, *, shapes: bool = False) -> Graph:
    """Draw each block that is repeated only once.

    A block is repeated if boxes with the same labels follow at once, joined in the same way, each
    block by one edge or several from the last box of the block before. Rates of dropout may differ;
    they are then left out. Blocks that also read the block before the last, as NASNet's cells do,
    are not taken together: each of them begins before the one before has ended, so none could be
    framed without a part of another.

    Args:
        graph: As `graph` gives it.
        shapes: Take only blocks with outputs of the same shapes together.

    Returns:
        A graph of the first block of each repetition and of all else.

    Examples:
        >>> first, *others = [Node((name,), "other", name[:4], ()) for name in (
        ...     "input", "conv1", "conv2", "conv3", "conv4")]
        >>> short = condensed(Graph((first, *others), ((0, 1), (1, 2), (2, 3), (3, 4))))
        >>> len(short.nodes), short.repeats
        (2, (Repeat(nodes=(1,), times=4),))
    """
    order = depth_first(graph)
    place = {node: position for position, node in enumerate(order)}
    links = [(place[a], place[b]) for a, b in graph.edges]
    sequence = _Sequence([graph.nodes[node] for node in order], links, shapes=shapes)
    stands_for = dict(enumerate(range(len(order))))  # of each place, the one that is drawn
    blocks = sequence.repetitions()
    for start, length, times in blocks:
        for position in range(start, start + length * times):
            stands_for[position] = start + (position - start) % length
    kept = sorted(order[drawn] for drawn in set(stands_for.values()))
    number = {place[node]: position for position, node in enumerate(kept)}
    edges = [
        (number[stands_for[a]], number[b])
        for a, b in links
        if stands_for[b] == b  # not in a copy
    ]
    repeats = [
        Repeat(tuple(sorted(number[start + step] for step in range(length))), times)
        for start, length, times in blocks
    ]
    copies: dict[int, set[str]] = defaultdict(set)
    for position, drawn in stands_for.items():
        copies[number[drawn]].add(graph.nodes[order[position]].label)
    nodes = [
        node if len(copies[at]) == 1 else replace(node, label=_without_rates(node.label))
        for at, node in enumerate(graph.nodes[node] for node in kept)
    ]
    return Graph(tuple(nodes), tuple(dict.fromkeys(edges)), tuple(repeats))


def _without_rates(label: str) -> str:
    """Leave out what grows from block to block in networks with stochastic depth."""
    return RATE.sub("", label)


def depth_first(graph: Graph) -> list[int]:
    """Order the nodes such that each branch is finished before the next begins.

    >>> nodes = tuple(Node((name,), "other", name, ()) for name in "abcd")
    >>> depth_first(Graph(nodes, ((0, 1), (0, 2), (1, 3))))
    [0, 1, 3, 2]
    """
    missing = Counter(b for _, b in graph.edges)
    below = _neighbours(graph.edges)
    waiting = [node for node in reversed(range(len(graph.nodes))) if not missing[node]]
    order = []
    while waiting:
        node = waiting.pop()
        order.append(node)
        for child in reversed(below[node]):
            missing[child] -= 1
            if not missing[child]:
                waiting.append(child)
    return order


class _Sequence:
    """Nodes in a row, with edges from left to right, in which repetitions are looked for."""

    def __init__(self, nodes: Sequence[Node], edges: Sequence[Edge], *, shapes: bool) -> None:
        """Give nodes that do the same to neighbours at the same distances the same mark."""
        self.above = _neighbours((b, a) for a, b in edges)
        self.below = _neighbours(edges)
        self.marks = [
            (
                _without_rates(node.label),
                node.shapes if shapes else None,
                bool(node.shared),
                self._offsets(number),
            )
            for number, node in enumerate(nodes)
        ]

    def _offsets(self, number: int) -> tuple[int, ...]:
        return tuple(number - parent for parent in self.above[number])

    def repetitions(self) -> list[Block]:
        """List the repetitions, from the first node to the last."""
        found: list[Block] = []
        start = 0
        while start < len(self.marks):
            blocks = [self._block(start, length) for length in range(1, LONGEST + 1)]
            best = max(filter(None, blocks), key=lambda block: block[1] * block[2], default=None)
            if best is None:
                start += 1
            else:
                start, length, times = self._begun(*best)
                found.append((start, length, times))
                start += length * times
        return found

    def _block(self, start: int, length: int) -> Block | None:
        """Return a repetition of this length that begins here, if it saves two boxes or more."""
        times = self._times(start, length)
        return (start, length, times) if length * (times - 1) > 1 else None

    def _begun(self, start: int, length: int, times: int) -> Block:
        """Begin the blocks after a fork, if there is one: a shortcut lies within its block."""
        starts = [
            start + step for step in range(length) if self._times(start + step, length) == times
        ]
        return max(starts, key=lambda at: len(self.below[at - 1])), length, times

    def _times(self, start: int, length: int) -> int:
        """Count how often a block is there."""
        block, times = self.marks[start : start + length], 1
        if block != self.marks[start + length : start + 2 * length]:
            return 1
        if not self._closed(start, length):
            return 1
        while self.marks[start + times * length : start + (times + 1) * length] == block:
            before = start + (times - 1) * length
            if not self._closed(before + length, length) or not self._leads_on(before, length):
                break
            times += 1
        return times

    def _closed(self, start: int, length: int) -> bool:
        """Say whether edges enter a block from the node before alone, and leave from its end."""
        block = range(start, start + length)
        return all(a in block or a == start - 1 for b in block for a in self.above[b]) and all(
            b in block for a in block[:-1] for b in self.below[a]
        )

    def _leads_on(self, start: int, length: int) -> bool:
        """Say whether what comes out of a block goes into the next block alone."""
        following = range(start + length, start + 2 * length)
        return all(b in following for b in self.below[start + length - 1])
