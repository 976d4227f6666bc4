"""Pictures, feature maps and matrices, with what belongs to their pixels."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from coursecnn.figures.style import COLOURS, DIVERGING, panels

__all__ = ["coloured_matrices", "deep_filters", "framed", "guesses", "images", "matrix"]


def images(
    pictures: Sequence[ArrayLike],
    titles: Sequence[str] = (),
    *,
    columns: int = 4,
    signed: bool = False,
    scale: float = 1.7,
) -> Figure:
    """Show pictures side by side.

    Args:
        pictures: arrays of shape (height, width) or (height, width, 3).
        titles: one for each picture, or none.
        columns: the most pictures in a row.
        signed: colour negative and positive values apart, with one scale for all pictures.
        scale: width and height of a picture, in inches. A tenth is a whole number of pixels, which
            all releases of Matplotlib round alike.

    >>> len(images([np.eye(3), np.zeros((3, 3))], titles=["one", "two"]).axes)
    2
    """
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    figure, axes = panels(rows, columns, size=(scale * columns, (scale + 0.25) * rows))
    options = _signed_options(pictures) if signed else {}
    for axis in axes:
        axis.set_axis_off()
    for axis, picture, title in zip(axes, pictures, [*titles, *[""] * len(pictures)], strict=False):
        axis.imshow(picture, interpolation="nearest", **options)
        axis.set_title(title)
    return figure


def matrix(
    values: ArrayLike,
    axis: Axes | None = None,
    title: str = "",
    window: tuple[int, int, int, int] | None = None,
    colour: str = COLOURS[0],
) -> Figure:
    """Draw a small matrix with its numbers written in; cells that are NaN stay empty.

    Args:
        values: the matrix, shape (rows, columns).
        axis: where to draw; a new figure if none is given.
        title: what the matrix is.
        window: (row, column, height, width) of a part to frame.
        colour: of the frame.

    >>> [text.get_text() for text in matrix([[1, 2], [3, np.nan]]).axes[0].texts]
    ['1', '2', '3']
    """
    table = np.asarray(values, dtype=float)
    if axis is None:
        _, axis = plt.subplots(figsize=(0.42 * table.shape[1] + 0.4, 0.42 * table.shape[0] + 0.5))
    axis.set_title(title)
    axis.set_axis_off()
    axis.set_aspect("equal")
    axis.set_xlim(-0.55, table.shape[1] - 0.45)
    axis.set_ylim(table.shape[0] - 0.45, -0.55)
    for (row, column), value in np.ndenumerate(table):
        axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec="0.75", lw=0.8))
        if not np.isnan(value):
            axis.text(column, row, f"{value:g}".replace("-", "−"), ha="center", va="center")
    if window is not None:
        row, column, height, width = window
        corner = (column - 0.5, row - 0.5)
        axis.add_patch(Rectangle(corner, width, height, fc=colour, alpha=0.15))
        axis.add_patch(Rectangle(corner, width, height, fill=False, ec=colour, lw=2))
    return cast(Figure, axis.get_figure())  # an axis that was just drawn on belongs to one


def coloured_matrices(matrices: Sequence[ArrayLike], titles: Sequence[str]) -> Figure:
    """Draw matrices under each other, their entries as colours on one scale; zero is white.

    Args:
        matrices: each of shape (rows, columns), all of the same size.
        titles: one for each matrix.

    >>> len(coloured_matrices([np.eye(2), -np.eye(2)], ["plus", "minus"]).axes) >= 2
    True
    """
    rows, columns = np.asarray(matrices[0]).shape
    size = (0.22 * columns + 0.2, (0.22 * rows + 0.4) * len(matrices))
    figure, axes = panels(len(matrices), 1, size=size)
    for axis, entries, title in zip(axes, matrices, titles, strict=True):
        axis.pcolormesh(entries, edgecolors="0.8", linewidth=0.4, **_signed_options(matrices))
        axis.invert_yaxis()
        axis.set_aspect("equal")
        axis.set_axis_off()
        axis.set_title(title)
    return figure


def guesses(pictures: Sequence[ArrayLike], probabilities: ArrayLike) -> Figure:
    """Draw pictures, and below each one the probability that a network gives to each class.

    Args:
        pictures: arrays of shape (height, width).
        probabilities: shape (pictures, classes).

    >>> len(guesses([np.eye(3)], [[0.2, 0.8]]).axes)
    2
    """
    table = np.asarray(probabilities)
    figure, axes = plt.subplots(
        2, len(pictures), figsize=(1.8 * len(pictures), 3.2), sharey="row", squeeze=False
    )
    for above, below, picture, row in zip(*axes, pictures, table, strict=True):
        above.imshow(picture, interpolation="nearest")
        above.set_axis_off()
        below.bar(range(len(row)), row)
        below.set_xticks(range(len(row)), range(len(row)), fontsize=7)
        below.grid(visible=False, axis="x")
        below.set_xlabel("class")
    axes[1, 0].set_ylabel("probability")
    return figure


def framed(picture: ArrayLike, intervals: Mapping[str, tuple[int, int]]) -> Figure:
    """Draw a picture with square frames on its diagonal, such as what units of layers see.

    Args:
        picture: array of shape (height, width).
        intervals: for each name the first and the last pixel inside, along both axes.

    >>> len(framed(np.eye(9), {"conv1": (0, 2), "conv2": (0, 4)}).axes[0].patches)
    2
    """
    figure, axis = plt.subplots(figsize=(4.6, 3.4))
    axis.imshow(picture, interpolation="nearest", alpha=0.6)
    for number, (name, (first, last)) in enumerate(intervals.items()):
        corner, side = (first - 0.5, first - 0.5), last - first + 1
        axis.add_patch(
            Rectangle(corner, side, side, fill=False, ec=COLOURS[number], lw=3, label=name)
        )
    axis.set_xlim(-1.5, np.shape(picture)[1] + 0.5)
    axis.set_ylim(np.shape(picture)[0] + 0.5, -1.5)
    axis.set_axis_off()
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def deep_filters(
    volume: ArrayLike,
    filters: Sequence[ArrayLike],
    outputs: Sequence[ArrayLike],
    before: Sequence[ArrayLike] = (),
) -> Figure:
    """Draw the channels of an input above those of each filter, and what each filter gives.

    Args:
        volume: the input, shape (rows, columns, channels); NaN stays empty.
        filters: each of shape (channels, rows, columns); NaN stays empty.
        outputs: one map for each filter.
        before: the filters of an earlier figure: what was empty there is written in colour.

    >>> len(deep_filters(np.ones((3, 3, 2)), [np.ones((2, 2, 2))], [np.ones((2, 2))]).axes)
    6
    """
    channels = np.moveaxis(np.asarray(volume, dtype=float), 2, 0)
    heights = [channels.shape[1], *(1.3 * np.asarray(kernels).shape[1] for kernels in filters)]
    size = (1.9 * (len(channels) + 1), 0.36 * sum(heights))
    figure, axes = plt.subplots(
        len(heights), len(channels) + 1, figsize=size, height_ratios=heights, squeeze=False
    )
    axes[0, -1].set_axis_off()
    for number, channel in enumerate(channels):
        matrix(channel, axes[0, number], title=f"input, channel {number}")
    for row, (kernels, output) in enumerate(zip(filters, outputs, strict=True)):
        for number, kernel in enumerate(np.asarray(kernels)):
            axis = axes[row + 1, number]
            matrix(kernel, axis, title=f"W{row}, channel {number}")
            if before:
                _colour_texts(axis, np.isnan(np.asarray(before[row])[number]))
        matrix(output, axes[row + 1, -1], title=f"output {row}")
    return figure


def _colour_texts(axis: Axes, chosen: NDArray[np.bool_]) -> None:
    """Write some numbers of a matrix in colour."""
    for text in axis.texts:
        column, row = text.get_position()
        if chosen[int(row), int(column)]:
            text.set(color=COLOURS[1], weight="bold")


def _signed_options(pictures: Sequence[ArrayLike]) -> dict[str, Any]:
    """One diverging colour scale, symmetric about zero, for all the pictures."""
    largest = max(float(np.abs(np.asarray(picture)).max()) for picture in pictures)
    return {"cmap": DIVERGING, "norm": Normalize(-largest, largest)}
