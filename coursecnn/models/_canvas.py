"""The paper that drawings of networks share: a figure in inches, its colours, its texts."""

import textwrap
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from coursecnn.figures import COLOURS
from coursecnn.models._kinds import Kind

__all__ = [
    "CHARACTER",
    "EDGE_COLOURS",
    "FONT",
    "LINE",
    "MARGIN",
    "Point",
    "canvas",
    "tint",
    "write",
]

Point = tuple[float, float]

EDGE_COLOURS: dict[Kind, str] = {
    "input": "0.4",
    "convolution": COLOURS[0],
    "dense": COLOURS[4],
    "attention": "#882255",
    "recurrent": "#44AA99",
    "embedding": COLOURS[4],
    "pooling": COLOURS[2],
    "normalisation": COLOURS[5],
    "activation": COLOURS[3],
    "dropout": "0.4",
    "join": COLOURS[1],
    "other": "0.4",
}
FONT, LINE, CHARACTER = 10, 0.185, 0.076  # points; inches from line to line, and of a character
MARGIN = 0.08  # inches around everything
TITLE = 0.3  # inches of a title's only line, with the room below it


def canvas(width: float, height: float, title: str | None) -> tuple[Figure, Axes]:
    """Make a figure whose axes are in inches, its title broken where the figure ends.

    >>> figure, axis = canvas(3, 2, title=None)
    >>> axis.get_xlim() == (-MARGIN, 3 + MARGIN)
    True
    >>> plt.close(figure)
    """
    lines = textwrap.wrap(title, max(8, int(width / (1.1 * CHARACTER)))) if title else []
    above = TITLE + LINE * (len(lines) - 1) if lines else 0.0
    size = (width + 2 * MARGIN, height + 2 * MARGIN + above)
    figure = plt.figure(figsize=size, layout="none", facecolor="white")
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_axis_off()
    axis.set_xlim(-MARGIN, width + MARGIN)
    axis.set_ylim(-MARGIN, height + MARGIN + above)
    if lines:
        text, place = "\n".join(lines), 1 - 0.05 / size[1]
        figure.suptitle(text, y=place, va="top", fontsize=FONT + 1, parse_math=False)
    return figure, axis


def write(axis: Axes, at: Point, text: str, **options: Any) -> Text:
    """Write as it is spelled: a dollar sign begins no formula.

    >>> figure, axis = canvas(3, 2, title=None)
    >>> write(axis, (1, 1), "$x").get_parse_math()
    False
    >>> plt.close(figure)
    """
    options = {"fontsize": FONT, "color": "black", **options}
    return axis.text(*at, text, parse_math=False, **options)


def tint(colour: str, amount: float = 0.2) -> tuple[float, ...]:
    """Mix a colour with white.

    >>> tint("black", 0.25)
    (0.75, 0.75, 0.75)
    """
    return tuple(1 - amount * (1 - part) for part in to_rgb(colour))
