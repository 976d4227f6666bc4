"""How the figures of the course look: fonts, sizes, colours, and the axes that several share.

- `use_style()`: fonts, sizes and colours of every figure; each chapter calls it once;
- `COLOURS`, `DIVERGING`: palettes that colour-blind readers can tell apart.
"""

from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, LogLocator, NullLocator

__all__ = ["COLOURS", "DIVERGING", "log_axis", "panels", "use_style"]

# Okabe and Ito's palette: eight colours that colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
# Purple below zero, white at zero, orange above: safe for colour-blind readers.
DIVERGING = "PuOr_r"


def use_style() -> None:
    """Set the style of every figure of the course.

    >>> with plt.rc_context():
    ...     use_style()
    ...     plt.rcParams["axes.grid"]
    True
    """
    plt.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.grid": True,
            "axes.prop_cycle": cycler(color=COLOURS),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlesize": 10,
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "figure.figsize": (6.4, 3.6),
            "font.size": 10,
            "grid.alpha": 0.3,
            "image.cmap": "gray",
            "legend.frameon": False,
            "savefig.facecolor": "white",
        }
    )


def panels(
    rows: int, columns: int, *, size: tuple[float, float], **options: Any
) -> tuple[Figure, list[Axes]]:
    """Make a figure with axes in rows and columns, and list the axes row by row.

    Args:
        rows: from top to bottom.
        columns: from left to right.
        size: of the figure, in inches: width, height.
        options: as `plt.subplots` takes them, such as `sharex`.

    >>> figure, axes = panels(1, 1, size=(2, 2))
    >>> len(axes)
    1
    """
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, **options)
    return figure, list(axes.flat)


def log_axis(axis: Axis, *, subs: tuple[int, ...], formatter: Formatter | str) -> None:
    """Make an axis logarithmic, with numbers at these multiples of the powers of ten.

    >>> _, (axes,) = panels(1, 1, size=(2, 2))
    >>> log_axis(axes.xaxis, subs=(1, 3), formatter="{x:g}")
    >>> axes.get_xscale()
    'log'
    """
    axes = axis.axes
    (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(formatter)
    axis.set_minor_locator(NullLocator())
