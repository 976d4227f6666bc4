"""A whole network at a glance: its stages as blocks under each other.

>>> from coursecnn.architectures import build
>>> figure = tower(build("resnet20"))
>>> [text.get_text() for text in figure.axes[0].texts][2:5]
['32×32×16', '7 conv, 3 additions', '7 batch norm, 7 ReLU, zero padding']
>>> figure.clear()
"""

import textwrap
from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Polygon, Rectangle
from matplotlib.path import Path

from coursecnn.backend import keras
from coursecnn.models._canvas import CHARACTER, EDGE_COLOURS, FONT, LINE, Point, canvas, tint, write
from coursecnn.models._kinds import Kind
from coursecnn.models.stages import Stage, routes, stages

__all__ = ["tower"]

HIGH, LONG, DEEP = 0.75, 1.3, 0.35  # inches of the largest block: rows, channels, columns
SHORT = 0.06  # inches that a block is long at least
DOTS, DOT = 5, 0.09  # of a vector: how many, and inches from one to the next
STRIPES = 12  # layers that are drawn one by one
RAIL = 0.13  # inches on the left for each line beside others
GAP = 0.16  # inches between blocks
TEXT = 34  # characters in a line beside a block
LEGEND: dict[Kind, str] = {
    **{kind: kind for kind in EDGE_COLOURS},
    "join": "addition, concatenation",
    "other": "enlargement",
}
SCALE = (
    "Each block is as high as its maps have rows, as deep as they have columns, and as long as "
    "there are channels, always as a square root on one scale. A row of dots is a vector of any "
    "length. The stripes are the layers, or their shares where there are many."
)


def tower(model: keras.Model, *, title: str | None = None, input_shape: Any = None) -> Figure:
    """Draw a whole network at a glance: a block for each size of its maps, the input on top.

    A block is as high as its maps have rows, as deep as they have columns, and as long as there
    are channels, each as a square root on one scale; a vector is a row of dots. The stripes are
    the layers in their order, coloured by kind; where there are too many, their shares. Lines on
    the left lead from stage to stage. Beside a block stand its shape and all its layers, counted.

    Args:
        model: Functional; sequential; or subclassed, if it was built or an `input_shape` is given.
            Its weights are not looked at. Models inside are opened.
        title: What stands above.
        input_shape: Sizes without the batch where the model leaves them open, as in `draw`.

    Raises:
        ValueError: The model has no graph, or its sizes are open and `input_shape` is not given.

    Examples:
        >>> from coursecnn.architectures import build
        >>> figure = tower(build("mnist_tutorial"))
        >>> [text.get_text() for text in figure.axes[0].texts][2:4]
        ['26×26×32', 'conv']
        >>> figure.clear()
    """
    found = stages(model, input_shape=input_shape)
    return _Tower(found, routes(model, input_shape=input_shape)).figure(title)


class _Tower:
    """Stages under each other, in inches from the lower left corner."""

    def __init__(self, found: Sequence[Stage], ways: Sequence[tuple[int, int]]) -> None:
        """Measure everything."""
        self.stages, self.levels = found, _levels(ways)
        self.texts = [_lines(stage) for stage in found]
        maps = [stage.shape for stage in found if not stage.is_vector]
        self.most = [max((shape[axis] for shape in maps), default=1) for axis in (0, -1)]
        self.sizes = [self._size(stage) for stage in found]
        self.rows = [
            max(high + deep, LINE * len(lines)) + GAP
            for (_, high, deep), lines in zip(self.sizes, self.texts, strict=True)
        ]
        self.left = RAIL * (max(self.levels.values(), default=0) + 0.5)
        self.beside = self.left + max(long + deep for long, _, deep in self.sizes) + 0.15
        longest = max(len(text) for lines in self.texts for text, _ in lines)
        self.width = self.beside + CHARACTER * longest

    def _size(self, stage: Stage) -> tuple[float, float, float]:
        """Say how long, how high and how deep a block is."""
        if stage.is_vector:
            return DOT * DOTS, DOT, 0.0
        sides = stage.shape[0], stage.shape[1] if len(stage.shape) > 2 else 1
        high, deep = (sqrt(side / self.most[0]) for side in sides)
        return max(SHORT, LONG * sqrt(stage.shape[-1] / self.most[1])), HIGH * high, DEEP * deep

    def figure(self, title: str | None) -> Figure:
        """Draw the stages, what leads from one to another, and what the drawing means."""
        kinds = [kind for kind in EDGE_COLOURS if any(kind in x.main for x in self.stages)]
        characters = int(self.width / (0.9 * CHARACTER))
        words = textwrap.wrap(SCALE, characters)
        foot = LINE * (len(_rows(kinds, characters)) + len(words))
        figure, axis = canvas(self.width, sum(self.rows) + foot, title)
        top, middles = sum(self.rows) + foot, []
        for stage, size, row, lines in zip(
            self.stages, self.sizes, self.rows, self.texts, strict=True
        ):
            block = _block(axis, (self.left, top - row / 2 - (size[1] + size[2]) / 2), size, stage)
            middles.append(block)
            _beside(axis, (self.beside, top - row / 2), lines)
            top -= row
        for (a, b), level in self.levels.items():
            _way(axis, (self.left, middles[a] - 0.03), middles[b] + 0.03, RAIL * level)
        _legend(axis, _rows(kinds, characters), words, foot)
        return figure


def _levels(ways: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Say how far to the left a line runs: farther than those within it."""
    levels: dict[tuple[int, int], int] = {}
    for a, b in sorted(ways, key=lambda way: way[1] - way[0]):
        within = [level for (c, d), level in levels.items() if c < b and d > a]
        levels[a, b] = 1 + max(within, default=0)
    return levels


def _lines(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    """List what stands beside a block, line by line, with the style of each."""
    return [
        (stage.size, {"weight": "bold"}),
        *((line, {}) for line in _wrapped(stage.text)),
        *((line, {"color": "0.4"}) for line in _wrapped(stage.rest)),
    ]


def _wrapped(text: str) -> list[str]:
    """Break a list after its commas alone."""
    bound = text.replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in textwrap.wrap(bound, TEXT)]


def _beside(axis: Axes, at: Point, lines: Sequence[tuple[str, dict[str, Any]]]) -> None:
    x, y = at
    for number, (line, style) in enumerate(lines):
        write(axis, (x, y + LINE * ((len(lines) - 1) / 2 - number)), line, va="center", **style)


def _block(axis: Axes, corner: Point, size: tuple[float, float, float], stage: Stage) -> float:
    """Draw a block, its lower left corner given, and say how high the middle of its front is."""
    (x, y), (long, high, deep) = corner, size
    if stage.is_vector:
        for number in range(min(DOTS, stage.shape[-1] if stage.shape else 1)):
            colour = EDGE_COLOURS[stage.main[-1]]
            centre = (x + DOT * (number + 0.5), y + DOT / 2)
            axis.add_patch(Circle(centre, 0.4 * DOT, fc=tint(colour, 0.5), ec=colour))
        return y + DOT / 2
    sides = (
        (
            (x, y + high),
            (x + long, y + high),
            (x + long + deep, y + high + deep),
            (x + deep, y + high + deep),
        ),
        (
            (x + long, y),
            (x + long, y + high),
            (x + long + deep, y + high + deep),
            (x + long + deep, y + deep),
        ),
    )
    for points, grey in zip(sides, ("0.93", "0.85"), strict=True):
        axis.add_patch(Polygon(points, fc=grey, ec="0.4", lw=0.8))
    for start, share, kind in _stripes(stage.main):
        at = (x + long * start, y)
        colour = EDGE_COLOURS[kind]
        axis.add_patch(Rectangle(at, long * share, high, fc=tint(colour, 0.6), ec=colour, lw=0.8))
    return y + high / 2


def _stripes(kinds: Sequence[Kind]) -> list[tuple[float, float, Kind]]:
    """List where each layer's stripe begins, and its share; many layers are put together."""
    shares = [(kind, 1) for kind in kinds]
    if len(kinds) > STRIPES:
        shares = list(Counter(kinds).items())
    ends, stripes = 0, []
    for kind, count in shares:
        stripes.append((ends / len(kinds), count / len(kinds), kind))
        ends += count
    return stripes


def _way(axis: Axes, start: Point, end: float, out: float) -> None:
    """Draw a line that leaves a block to the left and comes back to another, lower or higher."""
    x, y = start
    corners = [(x, y), (x - out, y), (x - out, end), (x, end)]
    axis.add_patch(
        FancyArrowPatch(
            path=Path(corners),
            arrowstyle="-|>",
            mutation_scale=7,
            color="0.25",
            lw=0.9,
            shrinkA=0,
            shrinkB=0,
        )
    )


def _rows(kinds: Sequence[Kind], characters: int) -> list[list[Kind]]:
    """Put the legend's entries on lines."""
    rows: list[list[Kind]] = [[]]
    used = 0
    for kind in kinds:
        used += len(LEGEND[kind]) + 4
        if rows[-1] and used > characters:
            rows.append([])
            used = len(LEGEND[kind]) + 4
        rows[-1].append(kind)
    return rows


def _legend(axis: Axes, rows: Sequence[Sequence[Kind]], words: Sequence[str], top: float) -> None:
    y = top - LINE / 2
    for row in rows:
        x = 0.0
        for kind in row:
            colour = EDGE_COLOURS[kind]
            axis.add_patch(Rectangle((x, y - 0.05), 0.12, 0.1, fc=tint(colour, 0.6), ec=colour))
            write(axis, (x + 0.17, y), LEGEND[kind], va="center", fontsize=FONT - 1)
            x += CHARACTER * (len(LEGEND[kind]) + 4)
        y -= LINE
    for line in words:
        write(axis, (0, y), line, va="center", fontsize=FONT - 1, color="0.4")
        y -= LINE
