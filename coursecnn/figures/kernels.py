"""Which inputs a unit reads: kernels on their way over images, windows, connections."""

from collections.abc import Mapping, Sequence
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from coursecnn.figures.pictures import matrix
from coursecnn.figures.style import COLOURS, panels

__all__ = ["connections", "coverage", "incidence", "reach", "sliding_window", "windows"]


def sliding_window(
    image: ArrayLike, kernel_size: int, output: ArrayLike, stride: int = 1
) -> Figure:
    """Draw every step of a kernel over an image: the window framed, the output filled so far.

    Args:
        image: shape (rows, columns), padding included.
        kernel_size: height and width of the window.
        output: shape (steps down, steps across), what the steps give.
        stride: pixels from one step to the next.

    >>> len(sliding_window(np.eye(3), kernel_size=2, output=np.ones((2, 2))).axes)
    8
    """
    result = np.asarray(output, dtype=float)
    down, across = result.shape
    figure, axes = plt.subplots(
        down, 2 * across, figsize=(3.1 * across, 1.75 * down), squeeze=False
    )
    filled: NDArray[np.float64] = np.full_like(result, np.nan)
    for step, (row, column) in enumerate(np.ndindex(down, across), start=1):
        filled[row, column] = result[row, column]
        left, right = axes[row, 2 * column], axes[row, 2 * column + 1]
        window = (row * stride, column * stride, kernel_size, kernel_size)
        matrix(image, left, title=f"step {step}", window=window)
        matrix(filled, right, window=(row, column, 1, 1), colour=COLOURS[1])
    return figure


def connections(shared: Sequence[ArrayLike], titles: Sequence[str]) -> Figure:
    """Draw layers of units above their inputs; connections that share a weight share a colour.

    A weight that only one connection has is drawn in grey.

    Args:
        shared: for each layer, an integer array of shape (units, inputs): the number of the weight
            on that connection, or -1 where there is none.
        titles: one for each layer.

    >>> len(connections([np.array([[0, 1, -1], [-1, 0, 1]])], ["shared"]).axes)
    1
    """
    figure, axes = panels(1, len(shared), size=(3.0 * len(shared), 2.4))
    for axis, layer, title in zip(axes, shared, titles, strict=True):
        weights = np.asarray(layer)
        units, inputs = weights.shape
        below, above = np.arange(inputs), np.linspace(0, inputs - 1, units + 2)[1:-1]
        for (unit, pixel), weight in np.ndenumerate(weights):
            if weight >= 0:
                alone = np.count_nonzero(weights == weight) == 1
                colour = "0.6" if alone else COLOURS[int(weight) % len(COLOURS)]
                axis.plot([below[pixel], above[unit]], [0, 1], color=colour, lw=1.3, zorder=1)
        axis.scatter(below, np.zeros(inputs), s=90, fc="white", ec="0.2", zorder=2)
        axis.scatter(above, np.ones(units), s=90, fc="0.85", ec="0.2", zorder=2)
        axis.set_title(title)
        axis.set_axis_off()
        axis.set_ylim(-0.15, 1.15)
    return figure


def windows(
    size: int, layouts: Mapping[str, Sequence[tuple[int, int]]], columns: int = 5
) -> Figure:
    """Draw where the windows of square kernels lie on a square image.

    The image is blue, padding is grey. The first window is framed, and every window has a dot at
    its centre: as many dots as the output has pixels.

    Args:
        size: pixels of the image along one side.
        layouts: for each title the first and last pixel of each window along one axis; pixels
            below 0 and from `size` on are padding.
        columns: the most panels in a row.

    >>> len(windows(5, {"stride 2": [(0, 2), (2, 4)]}).axes[0].patches)
    26
    """
    columns = min(columns, len(layouts))
    rows = -(-len(layouts) // columns)
    figure, axes = panels(rows, columns, size=(1.9 * columns, 2.3 * rows))
    low = min(0, *(intervals[0][0] for intervals in layouts.values()))
    high = max(size, *(intervals[-1][1] + 1 for intervals in layouts.values()))
    for axis in axes:
        axis.set_axis_off()
        axis.set_aspect("equal")
        axis.set_xlim(low - 0.1, high + 0.1)
        axis.set_ylim(high + 0.1, low - 0.1)
    for axis, (title, intervals) in zip(axes, layouts.items(), strict=False):
        axis.set_title(title)
        reach = range(min(0, intervals[0][0]), max(size, intervals[-1][1] + 1))
        for column, row in product(reach, reach):
            inside = row in range(size) and column in range(size)
            colour = "#cfe3f1" if inside else "0.93"
            axis.add_patch(Rectangle((column, row), 1, 1, fc=colour, ec="white"))
        first, side = intervals[0][0], intervals[0][1] - intervals[0][0] + 1
        frame = Rectangle((first, first), side, side, fill=False, ec=COLOURS[1], lw=2)
        axis.add_patch(frame)
        centres = [(first + last + 1) / 2 for first, last in intervals]
        across, down = np.meshgrid(centres, centres)
        axis.plot(across, down, "o", color=COLOURS[1], ms=4)
    return figure


def coverage(size: int, rows: Mapping[str, Sequence[tuple[int, int]]]) -> Figure:
    """Draw one row of pixels for each way of laying windows on it, and what they never read.

    Args:
        size: pixels of the row.
        rows: for each title the first and last pixel of each window; pixels below 0 and from
            `size` on are padding, or lie beyond the edge.

    >>> len(coverage(6, {"stride 2": [(0, 2), (2, 4)]}).axes)
    1
    """
    figure, axis = plt.subplots(figsize=(6.4, 0.95 * len(rows) + 0.4))
    for level, (title, intervals) in enumerate(rows.items()):
        top = 2.2 * level
        axis.text(-2.2, top + 0.5, title, ha="right", va="center")
        read = {pixel for first, last in intervals for pixel in range(first, last + 1)}
        for pixel in sorted(read | set(range(size))):
            _pixel(axis, (pixel, top), inside=0 <= pixel < size, read=pixel in read)
        for number, (first, last) in enumerate(intervals):
            height = top + 1.22 + 0.22 * (number % 2)
            axis.plot([first + 0.1, last + 0.9], [height, height], color=COLOURS[0], lw=3)
    axis.set_axis_off()
    axis.set_aspect("equal")
    axis.invert_yaxis()
    axis.autoscale_view()
    return figure


def _pixel(axis: Axes, corner: tuple[float, float], *, inside: bool, read: bool) -> None:
    """Draw a pixel: of the image, of the padding (dashed), or one that is never read (hatched)."""
    column, row = corner
    if not inside:
        axis.add_patch(Rectangle(corner, 1, 1, fc="white", ec="0.6", ls="--"))
    elif read:
        axis.add_patch(Rectangle(corner, 1, 1, fc="#cfe3f1", ec="0.3"))
    else:
        axis.add_patch(Rectangle(corner, 1, 1, fc="#f6c9a8", ec="0.3", hatch="///"))
        axis.text(column + 0.5, row - 0.08, "never read", ha="center", va="bottom", fontsize=7)


def incidence(reads: Sequence[Sequence[int]], rows: int, labels: tuple[str, str]) -> Figure:
    """Draw which rows each column reads, as filled squares in a grid.

    Args:
        reads: for each column the numbers of its rows.
        rows: how many there are.
        labels: what a column is, and what a row is.

    >>> len(incidence([[0, 1], [1, 2]], rows=3, labels=("output", "input")).axes[0].patches)
    6
    """
    figure, axis = plt.subplots(figsize=(0.34 * len(reads) + 0.9, 0.34 * rows + 0.9))
    for column, row in product(range(len(reads)), range(rows)):
        colour = COLOURS[0] if row in reads[column] else "white"
        axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fc=colour, ec="0.6"))
    axis.set_xticks(range(len(reads)))
    axis.set_yticks(range(rows))
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    axis.grid(visible=False)
    axis.set_aspect("equal")
    axis.set_xlim(-0.5, len(reads) - 0.5)
    axis.set_ylim(rows - 0.5, -0.5)
    return figure


def reach(rows: Mapping[str, int], kernel: int) -> Figure:
    """Draw rows of units under each other, and what each unit reads of the row below it.

    Args:
        rows: from top to bottom, for each title the number of its units, centred.
        kernel: how many neighbouring units one unit reads.

    >>> len(reach({"conv2": 1, "conv1": 3, "input": 5}, kernel=3).axes)
    1
    """
    figure, axis = plt.subplots(figsize=(5.4, 0.9 * len(rows)))
    sizes = list(rows.values())
    for level, size in enumerate(sizes):
        places = np.arange(size) - (size - 1) / 2
        for place in places if level + 1 < len(sizes) else ():
            for step in np.arange(kernel) - (kernel - 1) / 2:
                axis.plot([place, place + step], [-level, -level - 1], color="0.7", lw=1.2)
        colour = COLOURS[0] if level + 1 < len(sizes) else COLOURS[1]
        axis.plot(places, np.full(size, -level), "o", color=colour, ms=13)
    axis.set_yticks(-np.arange(len(sizes)), [f"{title}: {size}" for title, size in rows.items()])
    axis.set_xticks([])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.grid(visible=False)
    axis.margins(0.08, 0.14)
    return figure
