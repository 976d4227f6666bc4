r"""Drawings of networks, made from the models themselves.

- `draw(model)`: how the data flow through a model, or through a part of it;
- `tower(model)`: a whole network at a glance, one block for each size of its maps;
- `save_svg(figure, path)`: a drawing as a file, the same each time.

What is drawn, and where, is found by `coursecnn.models.graph`, `layout` and `stages`; this module
only draws it. A drawing is a `Figure`; a notebook cell shows it with `plt.show()`. None needs
weights: build a big model inside `backend.without_weights()`.

A network of one's own is drawn like those of the course, and `coursecnn draw FILE.keras` does the
same from a terminal:

>>> image = keras.Input((32, 32, 3), name="image")
>>> x = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(image)
>>> x = keras.layers.Add()([x, keras.layers.SeparableConv2D(8, 3, padding="same")(x)])
>>> mine = keras.Model(image, keras.layers.Dense(10)(keras.layers.GlobalMaxPooling2D()(x)))
>>> figure = draw(mine, title="my network", shapes=True)
>>> for text in figure.axes[0].texts[:3]:
...     print(text.get_text().replace("\n", " | "))
input | 32×32×3
3×3 conv, 8 | ReLU | 32×32×8
3×3 separable | conv, 8 | 32×32×8
>>> save_svg(figure, "mine.svg")  # doctest: +SKIP
>>> plt.close(figure)
"""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import replace
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib import path as curves
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from coursecnn._checks import check_count
from coursecnn._files import write_atomically
from coursecnn._moved import refuse_attributes
from coursecnn.backend import keras
from coursecnn.models import graph as graphs
from coursecnn.models._canvas import CHARACTER, EDGE_COLOURS, FONT, LINE, Point, canvas, tint, write
from coursecnn.models.graph import Fold, Graph, Kind, Node, written
from coursecnn.models.layout import Layout, broken, layout
from coursecnn.models.towers import tower

__all__ = ["draw", "save_svg", "tower"]

__getattr__ = refuse_attributes(__name__, {"block": "draw"})

PADDING, GAP = 0.11, 0.14  # inches: around a label, between columns
FALL = 0.3  # inches from a row to the next, for the arrows
REACH = 0.36  # of a box: how far from its centre the outermost edges touch it
MANY = 60  # boxes from which on what is repeated is drawn once
TOO_MANY = 300  # boxes that are left then, and make a drawing that nobody can read
PAGE = 10.0  # inches: a higher drawing goes on in another column
GUTTER, TURN = 0.55, 0.2  # inches between such columns, and above them for the line that leads on
METADATA = "coursecnn-counted"  # names the element of a file that says what a model costs
FRAME, BADGE = 0.09, 0.4  # inches around what is repeated, and beside it for how often


def draw(
    model: keras.Model,
    first: str | None = None,
    last: str | None = None,
    *,
    title: str | None = None,
    fold: Fold = "all",
    shapes: bool = False,
    hide: Collection[str] = (),
    nested: bool = False,
    condense: bool | None = None,
    columns: int | None = None,
    input_shape: Any = None,
) -> Figure:
    r"""Draw how the data flow through a model, from top to bottom, or through a part of it.

    A box is a layer: its colour is the kind of operation, its label says which and with what
    numbers; "3×3 conv, 64" has 64 filters. Branches stand side by side, shortcuts run beside.
    Boxes with the same weights say so. In a large model a block that is repeated is drawn once,
    in a frame that says how often it is there; a high drawing goes on in a further column.

    Args:
        model: Functional; sequential; or subclassed, if it was built or an `input_shape` is given.
            Its weights are not looked at.
        first: Name of the layer to begin with; the inputs if none is given. Within a model inside,
            a path such as "backbone/conv1".
        last: Name of the layer to end with; the outputs if none is given.
        title: What stands above.
        fold: "all" writes normalisations and activations into the box of the convolution or dense
            layer that they follow, and padding into that of the windows it is for; "padding" does
            only the latter; "none" draws a box for each layer. Details: `graph.graph`.
        shapes: Write the shape of the output, such as height × width × channels, into each box.
        hide: Names of layers to leave out, such as one that only steers others.
        nested: Open the models in the model; else each is one box with its name.
        condense: Draw a block that is repeated only once; by default, if there are more than 60
            boxes. If more than 300 are left of a whole model, the default is `tower(model)`.
        columns: Into how many columns the drawing is broken at most; by default, as many as keep
            each below a page. It is broken only where all that follows hangs on one box.
        input_shape: Sizes without the batch where the model leaves them open: a shape, or, for
            several inputs, a list in their order or a dictionary by their names.

    Raises:
        ValueError: There is no such layer, or no way from the first to the last; the model has no
            graph; or `columns` is not a positive int.

    Examples:
        >>> from coursecnn.architectures import build
        >>> figure = draw(build("mnist_tutorial"), last="pool2")
        >>> [text.get_text() for text in figure.axes[0].texts][:2]
        ['input\n28×28×1', '3×3 conv, 32\nReLU']
        >>> plt.close(figure)
    """
    if columns is not None:
        check_count("columns", columns)
    graph = graphs.graph(
        model, first, last, fold=fold, hide=hide, nested=nested, input_shape=input_shape
    )
    if condense or (condense is None and len(graph.nodes) > MANY):
        graph = graphs.condensed(graph, shapes=shapes)
    if condense is None and first is last is None and len(graph.nodes) > TOO_MANY:
        return tower(model, title=title, input_shape=input_shape)
    graph = replace(graph, nodes=_labelled(graph.nodes, shapes=shapes))
    heights = [_high(node.label) + FALL for node in graph.nodes]
    parts = broken(graph, heights, limit=PAGE, parts=columns)
    box = max(_wide(node.label) for node in graph.nodes)
    return _drawing([_Boxes(part, layout(part), box) for part in parts], title)


def save_svg(figure: Figure, path: Path | str, *, counted: str | None = None) -> None:
    """Write a drawing as a vector file: for the same drawing the same bytes, and all or nothing.

    Args:
        figure: As `draw` and `tower` return it.
        path: The file; its folder is made if there is none.
        counted: What `report.counted` says of the model; it is kept in the file, where nobody sees
            it, and the book's architecture explorer reads it there.

    Raises:
        OSError: The file cannot be written.

    Examples:
        >>> import tempfile
        >>> from coursecnn.architectures import build
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_svg(draw(build("mnist_tutorial")), Path(folder) / "network.svg")
        ...     "<svg" in (Path(folder) / "network.svg").read_text("utf-8")
        True
    """
    content = io.BytesIO()
    without = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with plt.rc_context({"svg.hashsalt": "coursecnn", "svg.fonttype": "path"}):
        figure.savefig(content, format="svg", metadata=without)
    drawing = content.getvalue()
    if counted is not None:
        kept = f'<metadata id="{METADATA}">{escape(counted, quote=False)}</metadata>\n'
        end = drawing.rindex(b"</svg>")
        drawing = drawing[:end] + kept.encode() + drawing[end:]
    write_atomically(Path(path), drawing)


def _labelled(nodes: Sequence[Node], *, shapes: bool) -> tuple[Node, ...]:
    """Add to the labels which weights are shared, and, on demand, the shapes."""
    several = len({node.shared for node in nodes} - {0}) > 1
    labelled = []
    for node in nodes:
        lines = [node.label]
        if node.shared:
            lines.append(f"shared: {node.shared}" if several else "shared weights")
        if shapes and node.kind != "input":
            lines += map(written, node.shapes)
        labelled.append(replace(node, label="\n".join(lines)))
    return tuple(labelled)


def _wide(label: str) -> float:
    return CHARACTER * max(map(len, label.splitlines()), default=0) + 2 * PADDING


def _high(label: str) -> float:
    return LINE * len(label.splitlines()) + PADDING if label else 0.0


def _drawing(columns: Sequence[_Boxes], title: str | None) -> Figure:
    """Draw columns of boxes beside each other, and the lines that lead from one to the next."""
    around = TURN if len(columns) > 1 else 0.0
    tallest = max(boxes.height for boxes in columns) + around
    width = sum(boxes.width for boxes in columns) + GUTTER * (len(columns) - 1)
    figure, axis = canvas(width, tallest + around, title)
    left = 0.0
    for boxes in columns:
        boxes.left, boxes.bottom = left, tallest - boxes.height
        boxes.draw(axis)
        left += boxes.width + GUTTER
    for before, after in pairwise(columns):
        _turn(axis, before.end, after.left - GUTTER / 2, after.start, tallest + around)
    return figure


def _turn(axis: Axes, end: Point, gutter: float, start: Point, top: float) -> None:
    """Draw the line from the foot of a column to the head of the next."""
    low = end[1] - TURN
    corners = [end, (end[0], low), (gutter, low), (gutter, top), (start[0], top), start]
    axis.plot(*zip(*corners, strict=True), color="0.25", lw=1.3, solid_joinstyle="round")


class _Boxes:
    """Sizes and centres of the boxes of a graph in inches, y upwards from the lower edge."""

    def __init__(self, graph: Graph, layout: Layout, box: float) -> None:
        """Measure the labels, and stack the rows."""
        self.graph, self.layout, self.box = graph, layout, box
        self.left = self.bottom = 0.0
        self.inset = FRAME if graph.repeats else 0.0
        self.heights = [_high(node.label) for node in graph.nodes]
        rows = range(max(layout.rows) + 1)
        tallest = [
            max(h for h, at in zip(self.heights, layout.rows, strict=True) if at == row)
            for row in rows
        ]
        self.height = sum(tallest) + FALL * (len(tallest) - 1)
        tops = [self.height - sum(tallest[:row]) - FALL * row for row in rows]
        self._bands = [(top, top - height) for top, height in zip(tops, tallest, strict=True)]
        ends = [self._x(place) + box / 2 for place in layout.places]
        ways = [self._x(place) + 0.05 for way in layout.ways for place in way]
        self.width = max(ends + ways) + (FRAME + BADGE) * bool(graph.repeats)

    def _x(self, place: float) -> float:
        return self.left + self.inset + place * (self.box + GAP) + self.box / 2

    def _band(self, row: int) -> tuple[float, float]:
        """Return the top and the bottom of a row."""
        top, bottom = self._bands[row]
        return top + self.bottom, bottom + self.bottom

    @property
    def centres(self) -> list[Point]:
        """The centre of each box."""
        return [
            (self._x(place), sum(self._band(row)) / 2)
            for place, row in zip(self.layout.places, self.layout.rows, strict=True)
        ]

    @property
    def start(self) -> Point:
        """Where the line from the column before comes in."""
        return self.centres[0]

    @property
    def end(self) -> Point:
        """Where the line to the next column goes out: below the last box."""
        x, y = self.centres[-1]
        return x, y - self.heights[-1] / 2

    def draw(self, axis: Axes) -> None:
        """Draw the boxes, their arrows, and frames around what is repeated."""
        boxes = zip(self.graph.nodes, self.centres, self.heights, strict=True)
        for node, centre, height in boxes:
            if node.label:
                _box(axis, centre, (self.box, height), node.label, node.kind)
        for points in self.routes():
            _arrow(axis, points)
        for repeat in self.graph.repeats:
            _frame(axis, *self._span(repeat.nodes), repeat.times)

    def _span(self, nodes: Collection[int]) -> tuple[Point, Point]:
        """Find the lower left and the upper right corner around some nodes and their edges."""
        xs, ys = [], []
        for node in nodes:
            x, y = self.centres[node]
            xs += [x - self.box / 2, x + self.box / 2]
            ys += [y - self.heights[node] / 2, y + self.heights[node] / 2]
        for (_, end), way in zip(self.graph.edges, self.layout.ways, strict=True):
            xs += [self._x(place) for place in way if end in nodes]
        return (min(xs) - FRAME, min(ys) - FRAME), (max(xs) + FRAME, max(ys) + FRAME)

    def routes(self) -> list[list[Point]]:
        """List the points that each edge runs through, from box to box."""
        edges, ways = self.graph.edges, self.layout.ways
        lines = [
            [self.centres[a][0], *map(self._x, way), self.centres[b][0]]
            for (a, b), way in zip(edges, ways, strict=True)
        ]
        centres = self.centres
        leaving, arriving = self._reach(0, lines), self._reach(1, lines)
        routes = []
        for (a, b), line in zip(edges, lines, strict=True):
            top = centres[a][1] - self.heights[a] / 2
            bottom = centres[b][1] + self.heights[b] / 2
            start = line[0] + leaving[a] * (line[1] - line[0])
            end = line[-1] + arriving[b] * (line[-2] - line[-1])
            passed = range(self.layout.rows[a] + 1, self.layout.rows[b])
            bands = zip(line[1:-1], map(self._band, passed), strict=True)
            between = [(x, y) for x, band in bands for y in band]
            routes.append([(start, top), *between, (end, bottom)])
        return routes

    def _reach(self, end: int, lines: Sequence[Sequence[float]]) -> dict[int, float]:
        """Scale the ways to a box's neighbours so that all edges touch it within its width."""
        farthest = dict.fromkeys(range(len(self.centres)), REACH * self.box)
        for edge, line in zip(self.graph.edges, lines, strict=True):
            here, there = (line[0], line[1]) if end == 0 else (line[-1], line[-2])
            farthest[edge[end]] = max(farthest[edge[end]], abs(there - here))
        return {
            node: REACH * self.box / far if self.graph.nodes[node].label else 0.0
            for node, far in farthest.items()
        }


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
            fc=tint(EDGE_COLOURS[kind]),
            ec=EDGE_COLOURS[kind],
            lw=1.3,
        )
    )
    write(axis, (x, y), label, ha="center", va="center", linespacing=1.25)


def _arrow(axis: Axes, points: Sequence[Point]) -> None:
    """Draw a smooth line through points, upright at each of them, with a head at its end."""
    vertices, codes = [points[0]], [curves.Path.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        vertices += [(x0, middle), (x1, middle), (x1, y1)]
        codes += [curves.Path.CURVE4] * 3
    axis.add_patch(
        FancyArrowPatch(
            path=curves.Path(vertices, codes),
            arrowstyle="-|>",
            mutation_scale=11,
            color="0.25",
            lw=1.3,
            shrinkA=0,
            shrinkB=0,
        )
    )


def _frame(axis: Axes, low: Point, high: Point, times: int) -> None:
    """Draw a frame, and how often what is in it is there."""
    width, height = high[0] - low[0], high[1] - low[1]
    style = "round,pad=0,rounding_size=0.06"
    frame = FancyBboxPatch(low, width, height, boxstyle=style, fc="none", ec="0.25", ls="--")
    axis.add_patch(frame)
    x, y = high[0] + 0.04, (low[1] + high[1]) / 2
    write(axis, (x, y), f"×{times}", va="center", fontsize=FONT + 1, weight="bold")
