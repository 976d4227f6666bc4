"""Drawings of networks, made from the models themselves.

- `block(model, first, last)`: the data flow of a small model, or of a part of a big one;
- `tower(model)`: a whole network at a glance, one block for each size of its maps.

What is drawn, and where, is found by `coursecnn.models.graph`; this module only draws it. Every
function returns its `Figure`; a notebook cell shows it with `plt.show()`. Both need no weights:
build a big model inside `backend.without_weights()`.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise
from math import log2

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path

from coursecnn.backend import keras
from coursecnn.figures import COLOURS
from coursecnn.models import graph as graphs
from coursecnn.models.costs import layer_table
from coursecnn.models.graph import Fold, Graph, Kind, Layout, Node

__all__ = ["block", "tower"]

EDGE_COLOURS: dict[Kind, str] = {
    "input": "0.4",
    "convolution": COLOURS[0],
    "dense": COLOURS[4],
    "pooling": COLOURS[2],
    "normalisation": COLOURS[5],
    "activation": COLOURS[3],
    "dropout": "0.4",
    "join": COLOURS[1],
    "other": "0.4",
}
FONT, LINE, CHARACTER = 10, 0.185, 0.076  # points; inches from line to line, and of a character
PADDING, GAP = 0.11, 0.14  # inches: around a label, between columns
FALL = 0.3  # inches from a row to the next, for the arrows
MARGIN = 0.08  # inches around everything
REACH = 0.36  # of a box: how far from its centre the outermost edges touch it

Point = tuple[float, float]


def block(
    model: keras.Model,
    first: str | None = None,
    last: str | None = None,
    title: str | None = None,
    fold: Fold = "all",
    shapes: bool = False,
    hide: Collection[str] = (),
) -> Figure:
    r"""Draw how the data flow through a model, from top to bottom, or through a part of it.

    A box is a layer: its colour is the kind of operation, its label says which and with what
    numbers; "3×3 conv, 64" has 64 filters. Branches stand side by side, shortcuts run beside.

    Args:
        model: A functional or sequential model, built. Its weights are not looked at.
        first: Name of the layer to begin with; the inputs if none is given.
        last: Name of the layer to end with; the outputs if none is given.
        title: What stands above.
        fold: "all" writes normalisations and activations into the box of the convolution or dense
            layer that they follow, and padding into that of the windows it is for; "padding" does
            only the latter; "none" draws a box for each layer. Details: `graphs.graph`.
        shapes: Write the shape of the output, height × width × channels, into each box.
        hide: Names of layers to leave out, such as one that only steers others.

    Raises:
        ValueError: There is no such layer, or no way from the first to the last.

    Examples:
        >>> from coursecnn.architectures import build
        >>> figure = block(build("mnist_tutorial"), last="pool2")
        >>> [text.get_text() for text in figure.axes[0].texts][:2]
        ['input\n28×28×1', '3×3 conv, 32\nReLU']
        >>> plt.close(figure)
    """
    graph = graphs.graph(model, first, last, fold, hide)
    labels = [_label(node, shapes) for node in graph.nodes]
    boxes = _Boxes(graph, labels, graphs.layout(graph))
    figure, axis = _canvas(boxes.width, boxes.height, title)
    for node, label, (x, y), height in zip(
        graph.nodes, labels, boxes.centres, boxes.heights, strict=True
    ):
        _box(axis, (x, y), (boxes.box, height), label, node.kind)
    for points in boxes.routes():
        _arrow(axis, points)
    return figure


def _label(node: Node, shapes: bool) -> str:
    if not shapes or node.kind == "input":
        return node.label
    return f"{node.label}\n" + "×".join(map(str, node.shape))


class _Boxes:
    """Sizes and centres of the boxes of a graph in inches, y upwards from the lower edge."""

    def __init__(self, graph: Graph, labels: Sequence[str], layout: Layout) -> None:
        """Measure the labels, and stack the rows."""
        self.graph, self.layout = graph, layout
        longest = max(len(line) for label in labels for line in label.splitlines())
        self.box = CHARACTER * longest + 2 * PADDING
        self.column = self.box + GAP
        self.heights = [LINE * len(label.splitlines()) + PADDING for label in labels]
        rows = range(max(layout.rows) + 1)
        tallest = [
            max(h for h, at in zip(self.heights, layout.rows, strict=True) if at == row)
            for row in rows
        ]
        self.height = sum(tallest) + FALL * (len(tallest) - 1)
        tops = [self.height - sum(tallest[:row]) - FALL * row for row in rows]
        self.bands = [(top, top - height) for top, height in zip(tops, tallest, strict=True)]
        self.centres = [
            (self._x(place), sum(self.bands[row]) / 2)
            for place, row in zip(layout.places, layout.rows, strict=True)
        ]
        ways = [self._x(place) + 0.05 for way in layout.ways for place in way]
        self.width = max([x + self.box / 2 for x, _ in self.centres] + ways)

    def _x(self, place: float) -> float:
        return place * self.column + self.box / 2

    def routes(self) -> list[list[Point]]:
        """List the points that each edge runs through, from box to box."""
        edges, ways = self.graph.edges, self.layout.ways
        lines = [
            [self.centres[a][0], *map(self._x, way), self.centres[b][0]]
            for (a, b), way in zip(edges, ways, strict=True)
        ]
        leaving, arriving = self._reach(0, lines), self._reach(1, lines)
        routes = []
        for (a, b), line in zip(edges, lines, strict=True):
            top = self.centres[a][1] - self.heights[a] / 2
            bottom = self.centres[b][1] + self.heights[b] / 2
            start = line[0] + leaving[a] * (line[1] - line[0])
            end = line[-1] + arriving[b] * (line[-2] - line[-1])
            passed = self.bands[self.layout.rows[a] + 1 : self.layout.rows[b]]
            between = [(x, y) for x, band in zip(line[1:-1], passed, strict=True) for y in band]
            routes.append([(start, top), *between, (end, bottom)])
        return routes

    def _reach(self, end: int, lines: Sequence[Sequence[float]]) -> dict[int, float]:
        """Scale the ways to a box's neighbours so that all edges touch it within its width."""
        farthest = dict.fromkeys(range(len(self.centres)), REACH * self.box)
        for edge, line in zip(self.graph.edges, lines, strict=True):
            here, there = (line[0], line[1]) if end == 0 else (line[-1], line[-2])
            farthest[edge[end]] = max(farthest[edge[end]], abs(there - here))
        return {node: REACH * self.box / far for node, far in farthest.items()}


def _canvas(width: float, height: float, title: str | None) -> tuple[Figure, Axes]:
    """Make a figure whose axes are in inches."""
    above = 0.3 if title else 0.0
    size = (width + 2 * MARGIN, height + 2 * MARGIN + above)
    figure = plt.figure(figsize=size, layout="none", facecolor="white")
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_axis_off()
    axis.set_xlim(-MARGIN, width + MARGIN)
    axis.set_ylim(-MARGIN, height + MARGIN + above)
    if title:
        figure.suptitle(title, y=1 - 0.05 / size[1], va="top", fontsize=FONT + 1)
    return figure, axis


def _tint(colour: str, amount: float = 0.2) -> tuple[float, ...]:
    return tuple(1 - amount * (1 - part) for part in to_rgb(colour))


def _box(axis: Axes, centre: Point, size: tuple[float, float], label: str, kind: Kind) -> None:
    """Draw a box and its label; joins have round ends, which says the same as their colour."""
    (x, y), (width, height) = centre, size
    rounding = height / 2 if kind == "join" else 0.06
    axis.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle=f"round,pad=0,rounding_size={rounding}",
            fc=_tint(EDGE_COLOURS[kind]),
            ec=EDGE_COLOURS[kind],
            lw=1.3,
        )
    )
    axis.text(x, y, label, ha="center", va="center", fontsize=FONT, color="black", linespacing=1.25)


def _arrow(axis: Axes, points: Sequence[Point]) -> None:
    """Draw a smooth line through points, upright at each of them, with a head at its end."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        vertices += [(x0, middle), (x1, middle), (x1, y1)]
        codes += [Path.CURVE4] * 3
    axis.add_patch(
        FancyArrowPatch(
            path=Path(vertices, codes),
            arrowstyle="-|>",
            mutation_scale=11,
            color="0.25",
            lw=1.3,
            shrinkA=0,
            shrinkB=0,
        )
    )


def tower(model: keras.Model | pd.DataFrame, title: str | None = None) -> Figure:
    """Draw a whole network at a glance: one block for each size of its maps, the input on top.

    A block is higher the larger the maps are, and wider the more channels there are; its width
    grows by the same step each time the channels double. Beside it stand the shape of its last
    map and what happens at this size, pooling to it included.

    Args:
        model: A functional or sequential model, built; or the table that `accounting.layer_table`
            makes of it.
        title: What stands above.

    Examples:
        >>> from coursecnn.architectures import build
        >>> figure = tower(build("mnist_tutorial"))
        >>> [text.get_text() for text in figure.axes[0].texts][2:4]
        ['26×26×32', 'conv']
        >>> plt.close(figure)
    """
    stages = graphs.stages(model if isinstance(model, pd.DataFrame) else layer_table(model))
    largest = max(stage.shape[0] for stage in stages)
    widths = [0.14 * (1 + log2(stage.shape[2])) for stage in stages]
    heights = [0.08 + 0.8 * stage.shape[0] / largest for stage in stages]
    left = max(widths)
    rows = [max(height, 2 * LINE) + 0.12 for height in heights]
    texts = [part for stage in stages for part in ("×".join(map(str, stage.shape)), stage.text)]
    figure, axis = _canvas(left + 0.15 + CHARACTER * max(map(len, texts)), sum(rows), title)
    top = sum(rows)
    for stage, width, height, row in zip(stages, widths, heights, rows, strict=True):
        y = top - row / 2
        corner = ((left - width) / 2, y - height / 2)
        axis.add_patch(
            Rectangle(corner, width, height, fc=_tint(COLOURS[0], 0.3), ec=COLOURS[0], lw=1.3)
        )
        _beside(axis, (left + 0.12, y), "×".join(map(str, stage.shape)), stage.text)
        top -= row
    return figure


def _beside(axis: Axes, at: Point, title: str, text: str) -> None:
    x, y = at
    axis.text(x, y + 0.01, title, va="bottom", fontsize=FONT, weight="bold", color="black")
    axis.text(x, y - 0.02, text, va="top", fontsize=FONT, color="black")
