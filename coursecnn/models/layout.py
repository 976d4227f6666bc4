"""Where to draw the nodes of a graph.

- `layout(graph)`: a row and a place in it for every node, and a way for every edge;
- `broken(graph, ...)`: a high graph in parts, to be drawn beside each other.

>>> nodes = [Node((name,), "other", name, ()) for name in ("fork", "left", "right", "join")]
>>> layout(Graph(tuple(nodes), ((0, 1), (0, 2), (1, 3), (2, 3)))).places
(0.5, 0.0, 1.0, 0.5)
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt
from operator import itemgetter

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from coursecnn.models.graph import Graph, Node, Repeat, depth_first

__all__ = ["Layout", "broken", "layout"]

NODE, WAY = 1.0, 0.3  # room that a node, and an edge that passes, take from left to right
STRAIGHT, WIDTH = 8.0, 0.01  # weights of a bent chain, and of a wide row, beside a fork off centre
GOLDEN = (5**0.5 - 1) / 2  # its multiples, without their whole parts, all differ
TOLERANCE = 1e-9


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


def broken(
    graph: Graph, heights: Sequence[float], *, limit: float, parts: int | None = None
) -> list[Graph]:
    """Break a graph into parts of like heights, where all that follows hangs on one node.

    Each part but the first begins with a node without a name, in place of the last one before.
    What is repeated stays in one piece; where there are too few such places, so are the parts.

    Args:
        graph: As `graph` gives it.
        heights: of each node, with the room between it and the next.
        limit: the height below which each part should stay, if that takes few of them.
        parts: how many are wanted, whatever their heights; or fewer.

    Examples:
        >>> nodes = tuple(Node((name,), "other", name, ()) for name in "abcd")
        >>> first, second = broken(Graph(nodes, ((0, 1), (1, 2), (2, 3))), [1, 1, 1, 1], limit=2)
        >>> [node.label for node in second.nodes], second.edges
        (['', 'c', 'd'], ((0, 1), (1, 2)))
    """
    order = depth_first(graph)
    rows = _rows(graph)
    tallest = [0.0] * (max(rows) + 1)
    for row, height in zip(rows, heights, strict=True):
        tallest[row] = max(tallest[row], height)
    ends = np.cumsum(tallest)
    cuts = [position for position in _cuts(graph, order) if position + 1 < len(order)]
    starts = [0]
    parts = parts or ceil(min(ends[-1] / limit, sqrt(ends[-1] / 2)))  # many are as high as wide
    share = ends[-1] / parts
    for part in range(1, parts):
        misses = {
            abs(ends[rows[order[cut]]] - part * share): cut for cut in cuts if cut >= starts[-1]
        }
        if misses and min(misses) < share / 2:
            starts.append(misses[min(misses)] + 1)
    return [
        _part(graph, order[start:stop], order[start - 1] if start else None)
        for start, stop in pairwise([*starts, len(order)])
    ]


def _cuts(graph: Graph, order: Sequence[int]) -> Iterator[int]:
    """List the places in an order of nodes after which only edges of the node there lead on."""
    place = {node: position for position, node in enumerate(order)}
    farthest = [0] * len(order)  # that an edge leads to from a place
    for a, b in graph.edges:
        farthest[place[a]] = max(farthest[place[a]], place[b])
    within = {
        position
        for repeat in graph.repeats
        for position in sorted(place[node] for node in repeat.nodes)[:-1]
    }
    reached = 0
    for position, far in enumerate(farthest):
        if reached <= position and position not in within and far:
            yield position
        reached = max(reached, far)


def _part(graph: Graph, chosen: Sequence[int], before: int | None) -> Graph:
    """Take some nodes out of a graph, after one without a name if others come before."""
    start = [] if before is None else [before]
    members = [*start, *sorted(chosen)]
    number = {node: position for position, node in enumerate(members)}
    nodes = [graph.nodes[node] for node in members]
    if before is not None:
        nodes[0] = Node((), "other", "", ())
    return Graph(
        tuple(nodes),
        tuple((number[a], number[b]) for a, b in graph.edges if a in number and b in set(chosen)),
        tuple(
            Repeat(tuple(number[node] for node in repeat.nodes), repeat.times)
            for repeat in graph.repeats
            if repeat.nodes[0] in set(chosen)
        ),
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
    return (
        (-rows[start], -number)
        if graph.nodes[end].label.splitlines()[:1] == ["add"]
        else (0, number)
    )


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
    """Find the places that follow the pulls best, and of these the leftmost.

    Minimise Σ |pull| + a little of each row's width, so that neighbours keep their distance. Where
    several answers are as good, each solver would give another: among them, minimise the sum of
    all places, each with a weight of its own, which leaves one.
    """
    total, bounds = sum(map(len, levels)), len(pulls)
    pull = _matrix(pulls, total)
    pairs = [pair for level in levels for pair in pairwise(level)]
    apart = _matrix([{left: 1.0, right: -1.0} for left, right in pairs], total)
    distances = [sum(NODE / 2 if item < real else WAY / 2 for item in pair) for pair in pairs]
    slack = -sparse.eye_array(bounds)  # after the places, one bound on each pull's size
    rules = sparse.block_array([[pull, slack], [-pull, slack], [apart, None]], format="csr")
    limits = np.array([*np.zeros(2 * bounds), *(-distance for distance in distances)])
    cost = np.concatenate([WIDTH * -apart.sum(axis=0), np.ones(bounds)])
    best = linprog(cost, A_ub=rules, b_ub=limits)
    order = np.concatenate([1 + np.arange(total, 0, -1) * GOLDEN % 1, np.zeros(bounds)])
    result = linprog(
        order,
        A_ub=sparse.vstack([rules, sparse.csr_array(cost[None])]),
        b_ub=[*limits, best.fun + TOLERANCE],
    )
    places = result.x[:total]
    return [float(place) for place in np.round(places - places.min(), 6)]


def _matrix(rows: Sequence[Mapping[int, float]], columns: int) -> sparse.csr_array:
    """Make a sparse matrix of rows that name their entries."""
    entries = [(row, column) for row, entry in enumerate(rows) for column in entry]
    values = [value for row in rows for value in row.values()]
    at = np.array(entries, dtype=int).reshape(-1, 2).T
    return sparse.csr_array((values, (at[0], at[1])), shape=(len(rows), columns))
