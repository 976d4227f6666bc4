"""The drawings of the book. Matplotlib only: a figure shows what it is given and computes nothing.

- `use_style()`: fonts, sizes and colours of every figure; each chapter calls it once;
- `images(...)`: pictures or feature maps side by side;
- `matrix(...)`: a small matrix with its numbers written in;
- `sliding_window(...)`: a kernel at each of its positions, and the output that it fills;
- `connections(...)`: which unit sees which input, and which connections share a weight;
- `windows(...)`: where square windows lie on an image, with their stride and padding;
- `coverage(...)`: which pixels of a row some window reads, and which none;
- `activations(...)`: activation functions beside their derivatives;
- `paired(...)`: two measurements of each of several runs;
- `coloured_matrices(...)`: matrices under each other, their entries as colours;
- `shares(...)`: what share of each total every part has;
- `guesses(...)`: pictures, and what a network says to each;
- `learning_curves(...)`: runs by epoch, with bands and printed values;
- `beside_band(...)`: runs on a line, with their band and values to compare;
- `shape_walks(...)`: the shapes of an image on its way through networks, as blocks;
- `stacked_bars(...)`: totals, and the parts that they are made of;
- `runs_by_cost(...)`: what runs of several networks measured, against what these cost;
- `deep_filters(...)`: an input and the filters over it, channel by channel, with their outputs;
- `incidence(...)`: which columns read which rows, as a grid of squares;
- `framed(...)`: a picture with frames, such as what units of layers see;
- `reach(...)`: rows of units, and what each unit reads of the row below it;
- `ranked_bars(...)`: a bar for each name, under each other, perhaps made of parts;
- `bubbles(...)`: named discs of different areas;
- `rival_curves(...)`: runs of rival networks, epoch by epoch;
- `along_layers(...)`: a quantity of every layer of some networks;
- `rungs(...)`: steps from top to bottom, with what each measured and what it costs;
- `races(...)`: what rivals reach against what they spend.

Every function returns its `Figure`; a notebook cell shows it with `plt.show()`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import Any, cast

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

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


def images(
    pictures: Sequence[ArrayLike],
    titles: Sequence[str] = (),
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
    figure, axes = plt.subplots(
        rows, columns, figsize=(scale * columns, (scale + 0.25) * rows), squeeze=False
    )
    options = _signed_options(pictures) if signed else {}
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, picture, title in zip(
        axes.flat, pictures, [*titles, *[""] * len(pictures)], strict=False
    ):
        axis.imshow(picture, interpolation="nearest", **options)
        axis.set_title(title)
    return figure


def _signed_options(pictures: Sequence[ArrayLike]) -> dict[str, Any]:
    """One diverging colour scale, symmetric about zero, for all the pictures."""
    largest = max(float(np.abs(np.asarray(picture)).max()) for picture in pictures)
    return {"cmap": DIVERGING, "norm": Normalize(-largest, largest)}


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
    figure, axes = plt.subplots(1, len(shared), figsize=(3.0 * len(shared), 2.4), squeeze=False)
    for axis, layer, title in zip(axes.flat, shared, titles, strict=True):
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


def windows(size: int, panels: Mapping[str, Sequence[tuple[int, int]]], columns: int = 5) -> Figure:
    """Draw where the windows of square kernels lie on a square image.

    The image is blue, padding is grey. The first window is framed, and every window has a dot at
    its centre: as many dots as the output has pixels.

    Args:
        size: pixels of the image along one side.
        panels: for each title the first and last pixel of each window along one axis; pixels
            below 0 and from `size` on are padding.
        columns: the most panels in a row.

    >>> len(windows(5, {"stride 2": [(0, 2), (2, 4)]}).axes[0].patches)
    26
    """
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(1.9 * columns, 2.3 * rows), squeeze=False)
    low = min(0, *(intervals[0][0] for intervals in panels.values()))
    high = max(size, *(intervals[-1][1] + 1 for intervals in panels.values()))
    for axis in axes.flat:
        axis.set_axis_off()
        axis.set_aspect("equal")
        axis.set_xlim(low - 0.1, high + 0.1)
        axis.set_ylim(high + 0.1, low - 0.1)
    for axis, (title, intervals) in zip(axes.flat, panels.items(), strict=False):
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


def _pixel(axis: Axes, corner: tuple[float, float], inside: bool, read: bool) -> None:
    """Draw a pixel: of the image, of the padding (dashed), or one that is never read (hatched)."""
    column, row = corner
    if not inside:
        axis.add_patch(Rectangle(corner, 1, 1, fc="white", ec="0.6", ls="--"))
    elif read:
        axis.add_patch(Rectangle(corner, 1, 1, fc="#cfe3f1", ec="0.3"))
    else:
        axis.add_patch(Rectangle(corner, 1, 1, fc="#f6c9a8", ec="0.3", hatch="///"))
        axis.text(column + 0.5, row - 0.08, "never read", ha="center", va="bottom", fontsize=7)


def activations(
    y: ArrayLike, curves: Mapping[str, ArrayLike], slopes: Mapping[str, ArrayLike]
) -> Figure:
    """Draw activation functions beside their derivatives.

    Args:
        y: where they are evaluated.
        curves: each function's values, by name.
        slopes: each derivative's values, by the same names.

    >>> y = np.linspace(-2, 2, 5)
    >>> figure = activations(y, {"ReLU": np.maximum(y, 0)}, {"ReLU": y > 0})
    >>> [axis.get_title() for axis in figure.axes]
    ['g(y)', 'slope of g']
    """
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.0), sharex=True)
    for axis, lines, title in zip(axes, (curves, slopes), ("g(y)", "slope of g"), strict=True):
        for (name, values), style in zip(lines.items(), ("-", "--", ":"), strict=False):
            axis.plot(y, values, style, lw=2, label=name)
        axis.set_title(title)
        axis.set_xlabel("y")
    axes[0].legend()
    return figure


def paired(left: ArrayLike, right: ArrayLike, names: tuple[str, str], label: str) -> Figure:
    """Draw two measurements of each of several runs, the two of one run joined by a line.

    Args:
        left: one number per run.
        right: one number per run, in the same order.
        names: of the two measurements.
        label: what the numbers are.

    >>> paired([0.91, 0.92], [0.93, 0.92], ("average", "max"), "accuracy").axes[0].get_ylabel()
    'accuracy'
    """
    pairs = np.stack([np.asarray(left), np.asarray(right)])
    figure, axis = plt.subplots(figsize=(4.2, 3.2))
    axis.plot([0, 1], pairs, "o-", color="0.6", ms=5, lw=1)
    for place in (0, 1):
        mean = float(pairs[place].mean())
        axis.plot(place, mean, "D", color=COLOURS[1 - place], ms=9, zorder=3)
    axis.set_xticks([0, 1], names)
    axis.set_xlim(-0.4, 1.4)
    axis.set_ylabel(label)
    axis.grid(visible=False, axis="x")
    return figure


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
    figure, axes = plt.subplots(len(matrices), 1, figsize=size, squeeze=False)
    for axis, entries, title in zip(axes.flat, matrices, titles, strict=True):
        axis.pcolormesh(entries, edgecolors="0.8", linewidth=0.4, **_signed_options(matrices))
        axis.invert_yaxis()
        axis.set_aspect("equal")
        axis.set_axis_off()
        axis.set_title(title)
    return figure


def shares(names: Sequence[str], parts: Mapping[str, ArrayLike]) -> Figure:
    """Draw what share of each total every part has, as bars beside each other.

    Args:
        names: of the parts, from top to bottom.
        parts: for each total its name and one fraction for each part.

    >>> len(shares(["conv", "dense"], {"parameters": [0.1, 0.9]}).axes[0].containers)
    1
    """
    figure, axis = plt.subplots(figsize=(6.4, 0.5 * len(names) + 0.8))
    height = 0.8 / len(parts)
    for number, (total, fractions) in enumerate(parts.items()):
        places = np.arange(len(names)) + height * (number - (len(parts) - 1) / 2)
        percent = 100 * np.asarray(fractions, dtype=float)
        bars = axis.barh(places, percent, height, color=COLOURS[number], label=total)
        axis.bar_label(bars, fmt="%.1f %%", padding=3, fontsize=8)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.grid(visible=False, axis="y")
    axis.set_xlabel("share of the network's total (%)")
    axis.legend()
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


def learning_curves(
    runs: Mapping[str, ArrayLike],
    bands: Mapping[str, Sequence[tuple[float, float]]],
    printed: Mapping[str, Mapping[int, float]],
    logarithmic: Sequence[str] = (),
) -> Figure:
    """Draw what several runs measured in each epoch, where a further one is expected, and more.

    Args:
        runs: for each quantity its values, shape (runs, epochs).
        bands: for each quantity the low and high edge of every epoch's band.
        printed: for each quantity the values that somebody else printed, by epoch from 1.
        logarithmic: the quantities that are drawn on a logarithmic axis.

    >>> runs, bands = {"loss": [[0.5, 0.2], [0.6, 0.3]]}, {"loss": [(0.4, 0.7), (0.1, 0.4)]}
    >>> len(learning_curves(runs, bands, printed={"loss": {1: 0.55}}).axes)
    1
    >>> runs, bands = {"loss": [[0.5] * 20]}, {"loss": [(0.4, 0.6)] * 20}
    >>> learning_curves(runs, bands, printed={"loss": {20: 0.55}}).axes[0].get_xticks()[:3].tolist()
    [1, 3, 5]
    """
    figure, axes = plt.subplots(1, len(runs), figsize=(3.8 * len(runs), 3.2), squeeze=False)
    for axis, (quantity, values) in zip(axes.flat, runs.items(), strict=True):
        curves, edges = np.asarray(values), np.asarray(bands[quantity])
        epochs = np.arange(1, curves.shape[1] + 1)
        axis.fill_between(epochs, *edges.T, color=COLOURS[5], alpha=0.4, label="band")
        lines = axis.plot(epochs, curves.T, color=COLOURS[0], lw=1)
        lines[0].set_label(f"{len(curves)} runs")
        axis.plot(*zip(*printed[quantity].items(), strict=True), "X", c=COLOURS[1], label="printed")
        axis.set_xticks(epochs[:: -(-len(epochs) // 10)])  # ten numbers fit beside each other
        axis.set_xlabel("epoch")
        axis.set_ylabel(quantity)
        if quantity in logarithmic:
            axis.set_yscale("log")
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.yaxis.set_major_formatter("{x:g}")
            axis.yaxis.set_minor_locator(NullLocator())
    axes[0, 0].legend()
    return figure


def beside_band(
    values: ArrayLike, band: tuple[float, float], marks: Mapping[str, float], label: str
) -> Figure:
    """Draw several runs on one line, the band of a further run, and single values to compare.

    Args:
        values: one number for each run.
        band: low and high edge.
        marks: for each name the value to mark.
        label: what the numbers are.

    >>> beside_band([0.98, 0.99], (0.97, 1.0), {"lecture": 0.987}, "accuracy").axes[0].get_xlabel()
    'accuracy'
    """
    figure, axis = plt.subplots(figsize=(6.4, 1.9))
    low, high = band
    axis.axvspan(low, high, color=COLOURS[5], alpha=0.4, label="band")
    heights = np.linspace(-0.3, 0.3, np.size(values))
    axis.plot(values, heights, "o", color=COLOURS[0], label=f"{np.size(values)} runs")
    for number, (name, value) in enumerate(marks.items(), start=1):
        axis.axvline(value, color=COLOURS[number], ls=("--", ":")[number % 2], lw=2, label=name)
    axis.set_ylim(-0.8, 0.8)
    axis.set_yticks([])
    axis.spines.left.set_visible(False)
    axis.set_xlabel(label)
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def shape_walks(walks: Mapping[str, Sequence[tuple[str, tuple[int, ...]]]]) -> Figure:
    """Draw the shapes that an image takes on its way through networks, as blocks.

    A block is as high as the map's side, and a quarter as wide as the map is deep; a vector is a
    map of 1×1. The side stands above, the depth below.

    Args:
        walks: for each network the kind of each layer and the shape of what comes out of it,
            (height, width, channels) or (units,).

    >>> len(shape_walks({"small": [("input", (8, 8, 1)), ("dense", (10,))]}).axes[0].patches)
    2
    """
    kinds = list(dict.fromkeys(kind for walk in walks.values() for kind, _ in walk))
    colour = dict(zip(kinds, COLOURS, strict=False))
    figure, axes = plt.subplots(len(walks), 1, figsize=(7.4, 1.3 * len(walks)), sharex=True)
    for axis, (title, walk) in zip(np.atleast_1d(axes), walks.items(), strict=True):
        left = 0.0
        for kind, shape in walk:
            side, depth = shape[0] if len(shape) == 3 else 1, shape[-1]
            corner = (left, -side / 2)
            axis.add_patch(Rectangle(corner, depth / 4, side, fc=colour[kind], ec="black", lw=0.6))
            middle = left + depth / 8
            axis.text(middle, side / 2 + 1.5, side, ha="center", va="bottom", fontsize=7)
            axis.text(middle, -side / 2 - 1.5, depth, ha="center", va="top", fontsize=7)
            left += depth / 4 + 8
        axis.set_title(title, loc="left")
        axis.set_axis_off()
        axis.set_aspect("equal")
        axis.set_ylim(-25, 25)
        axis.autoscale_view(scaley=False)
    handles = [Rectangle((0, 0), 1, 1, fc=colour[kind], ec="black", lw=0.6) for kind in kinds]
    figure.legend(handles, kinds, loc="outside lower center", ncols=len(kinds))
    return figure


def stacked_bars(names: Sequence[str], panels: Mapping[str, Mapping[str, ArrayLike]]) -> Figure:
    """Draw totals as bars that are made of their parts, each with its total written at its end.

    Args:
        names: of the bars, from top to bottom.
        panels: for each total its parts, each with one number for each bar.

    >>> parts = {"conv": [14.7], "dense": [123.6]}
    >>> len(stacked_bars(["VGG16"], {"parameters": parts, "values": parts}).axes)
    2
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(7.6, 0.4 * len(names) + 1), sharey=True)
    for axis, (total, parts) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        ends = np.zeros(len(names))
        for number, (part, values) in enumerate(parts.items()):
            width = np.asarray(values, dtype=float)
            bars = axis.barh(names, width, left=ends, color=COLOURS[number], label=part)
            ends += width
        axis.bar_label(bars, [f"{end:,.0f}" for end in ends], padding=3, fontsize=8)
        axis.set_xlim(0, 1.35 * ends.max())
        axis.xaxis.set_major_locator(MaxNLocator(3))
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.set_xlabel(total)
        axis.grid(visible=False, axis="y")
    axes[0].invert_yaxis()
    axes[0].legend(loc="upper right")
    return figure


def runs_by_cost(
    runs: Mapping[str, ArrayLike], costs: Mapping[str, Mapping[str, float]], label: str
) -> Figure:
    """Draw what several runs of several networks measured, against what these networks cost.

    Args:
        runs: for each network one number per run.
        costs: for each kind of cost that of each network.
        label: what the numbers of the runs are.

    >>> costs = {"MACs": {"small": 1e6}, "parameters": {"small": 1e4}}
    >>> len(runs_by_cost({"small": [0.9, 0.91]}, costs, "accuracy").axes)
    2
    """
    size = (3.0 * len(costs) + 1.6, 3.3)
    figure, grid = plt.subplots(1, len(costs), figsize=size, sharey=True, squeeze=False)
    axes = grid[0]
    for axis, (kind, cost) in zip(axes, costs.items(), strict=True):
        for number, (name, values) in enumerate(runs.items()):
            points = np.full(np.size(values), cost[name])
            marker = "osD^v"[number % 5]
            axis.plot(points, values, marker, color=COLOURS[number], alpha=0.7, label=name)
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.tick_params(axis="x", labelsize=7)
        axis.set_xlabel(kind)
        axis.margins(x=0.15)
    axes[0].set_ylabel(label)
    axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
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


def ranked_bars(
    names: Sequence[str], parts: Mapping[str, ArrayLike], label: str, texts: Sequence[str]
) -> Figure:
    """Draw a bar for each name, under each other, narrow enough for a phone.

    Args:
        names: from top to bottom.
        parts: what each bar is made of, one number for each name; a single part needs no name.
        label: what the numbers are.
        texts: what is written at the end of each bar.

    >>> figure = ranked_bars(["VGG16", "ResNet-50"], {"": [138.4, 25.6]}, "million", ["138", "26"])
    >>> len(figure.axes[0].patches)
    2
    """
    legend_rows = (len(parts) + 1) // 2 if len(parts) > 1 else 0
    figure, axis = plt.subplots(figsize=(4.8, 0.27 * len(names) + 0.23 * legend_rows + 0.9))
    ends = np.zeros(len(names))
    for number, (part, values) in enumerate(parts.items()):
        width = np.asarray(values, dtype=float)
        bars = axis.barh(names, width, left=ends, color=COLOURS[number], label=part)
        ends += width
    axis.bar_label(bars, texts, padding=3)
    axis.set_xlim(0, 1.35 * ends.max())
    axis.locator_params(axis="x", nbins=5)
    axis.set_xlabel(label)
    axis.grid(visible=False, axis="y")
    axis.invert_yaxis()
    axis.margins(y=0.01)
    if legend_rows:
        figure.legend(loc="outside upper center", ncols=2)
    return figure


def bubbles(
    places: Mapping[str, tuple[float, float]],
    areas: Mapping[str, float],
    families: Mapping[str, str],
    labels: tuple[str, str],
    hollow: Sequence[str] = (),
    corners: Mapping[str, tuple[int, int]] = MappingProxyType({}),
) -> Figure:
    """Draw named discs of different areas, the horizontal axis logarithmic.

    Args:
        places: for each name where its disc lies, (x, y).
        areas: for each name that of its disc, in square points.
        families: for each name what its colour stands for.
        labels: of the two axes.
        hollow: names whose discs are drawn as rings.
        corners: where a name stands beside its disc, (right, up) in -1, 0, 1; the default is
            to the right. Names that are missing from `places` may stand here.

    >>> places, families = {"VGG16": (15.5, 71.3)}, {"VGG16": "VGG"}
    >>> figure = bubbles(places, {"VGG16": 300}, families, ("GMACs", "top-1"))
    >>> figure.axes[0].get_xscale()
    'log'
    """
    figure, axis = plt.subplots(figsize=(5.0, 6.0))
    colours = dict(zip(dict.fromkeys(families[name] for name in places), COLOURS, strict=False))
    for name in sorted(places, key=lambda name: -areas[name]):  # the small ones on top
        (x, y), colour = places[name], colours[families[name]]
        face = "none" if name in hollow else colour
        axis.scatter(x, y, s=areas[name], fc=face, ec=colour, alpha=0.75, lw=1.8, zorder=2)
        right, up = corners.get(name, (1, 0))
        gap = np.sqrt(areas[name] / np.pi) + 3
        axis.annotate(
            name,
            (x, y),
            xytext=(right * gap, up * gap),
            textcoords="offset points",
            ha={-1: "right", 0: "center", 1: "left"}[right],
            va={-1: "top", 0: "center", 1: "bottom"}[up],
            zorder=3,
        )
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    axis.margins(0.16, 0.08)
    return figure


def rival_curves(panels: Mapping[str, Mapping[str, ArrayLike]], label: str) -> Figure:
    """Draw what the runs of rival networks measured in each epoch, the panels under each other.

    Thin lines are runs, thick ones their means.

    Args:
        panels: for each title the rivals, each with its values, shape (runs, epochs).
        label: what the values are.

    >>> len(rival_curves({"loss": {"plain": [[0.9, 0.5]], "residual": [[0.8, 0.3]]}}, "loss").axes)
    1
    """
    size = (4.6, 2.6 * len(panels) + 0.3)
    figure, axes = plt.subplots(len(panels), 1, figsize=size, sharex=True, sharey=True)
    for axis, (title, rivals) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for number, (name, values) in enumerate(rivals.items()):
            runs, colour = np.asarray(values), COLOURS[number]
            epochs = np.arange(1, runs.shape[1] + 1)
            axis.plot(epochs, runs.T, color=colour, lw=0.8, alpha=0.5)
            style = ("-", "--", ":")[number % 3]
            axis.plot(epochs, runs.mean(axis=0), style, color=colour, lw=3, label=name)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_title(title)
        axis.set_ylabel(label)
        axis.legend()
    axis.set_xlabel("epoch")
    return figure


def along_layers(lines: Mapping[str, ArrayLike], label: str) -> Figure:
    """Draw a positive quantity of every layer of some networks, on a logarithmic axis.

    Args:
        lines: for each network one number for each layer, the first layer first.
        label: what the numbers are.

    >>> along_layers({"plain": [1.0, 0.1], "residual": [1.0, 0.9]}, "gradient").axes[0].get_yscale()
    'log'
    """
    figure, axis = plt.subplots(figsize=(4.8, 4.4))
    for number, (name, values) in enumerate(lines.items()):
        heights = np.asarray(values)
        places = np.arange(1, len(heights) + 1)
        marker = "os^Dv"[number % 5]
        axis.plot(places, heights, f"{marker}-", color=COLOURS[number], ms=3.5, lw=1.5, label=name)
    axis.set_yscale("log")
    axis.set_yticks(_decades(np.concatenate([np.ravel(values) for values in lines.values()])))
    axis.minorticks_off()
    axis.set_xlabel("layer, from the image on")
    axis.set_ylabel(label)
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def _decades(values: NDArray[Any]) -> NDArray[Any]:
    """Up to six powers of ten around the values; Matplotlib's own choice changes by release."""
    low, high = np.log10([values.min(), values.max()])
    exponents = np.arange(np.floor(low), np.ceil(high) + 1)
    return 10.0 ** exponents[:: max(1, -(-len(exponents) // 6))]


def rungs(
    runs: Mapping[str, ArrayLike],
    costs: Mapping[str, float],
    labels: tuple[str, str],
    hollow: Sequence[str] = (),
) -> Figure:
    """Draw steps from top to bottom: what the runs of each measured, and beside it what it costs.

    Circles are runs, the short thick line is their mean.

    Args:
        runs: for each step one number per run.
        costs: for each step a number.
        labels: what the numbers of the runs are, and what the costs are.
        hollow: steps that led nowhere, drawn as outlines.

    >>> figure = rungs({"start": [60.0, 61.0]}, {"start": 1.0}, ("accuracy", "time"))
    >>> [axis.get_xlabel() for axis in figure.axes]
    ['accuracy', 'time']
    """
    size = (5.6, 0.36 * len(runs) + 0.9)
    figure, axes = plt.subplots(1, 2, figsize=size, sharey=True, width_ratios=[3, 2])
    for place, (name, values) in enumerate(runs.items()):
        face = "none" if name in hollow else COLOURS[0]
        points = np.asarray(values, dtype=float)
        heights = np.full(points.size, place)
        axes[0].plot(points, heights, "o", mec=COLOURS[0], mfc=face, ms=5)
        axes[0].plot(points.mean(), place, "|", color=COLOURS[1], ms=15, mew=2.5)
        bar = axes[1].barh(place, costs[name], height=0.6, fc=face, ec=COLOURS[0])
        axes[1].bar_label(bar, [f"{costs[name]:.2f}"], padding=3, fontsize=8)
    axes[0].set_yticks(range(len(runs)), list(runs))
    axes[0].invert_yaxis()
    axes[1].set_xlim(0, 1.3 * max(costs.values()))
    for axis, label in zip(axes, labels, strict=True):
        axis.set_xlabel(label)
    axes[1].grid(visible=False, axis="y")
    return figure


def races(
    panels: Mapping[str, Mapping[str, tuple[ArrayLike, ArrayLike]]],
    label: str,
    goal: tuple[str, float],
) -> Figure:
    """Draw what rivals reach against what they spend, the panels under each other.

    Lines are means over the runs; around them lies all that the runs measured.

    Args:
        panels: for each kind of cost the rivals, each with its costs, one for each epoch, and what
            its runs measured then, shape (runs, epochs).
        label: what was measured.
        goal: name and value of a level to reach.

    >>> rivals = {"slow": ([1, 2], [[0.5, 0.6], [0.4, 0.7]])}
    >>> races({"epochs": rivals}, "accuracy", ("goal", 0.6)).axes[0].get_xscale()
    'log'
    """
    figure, axes = plt.subplots(len(panels), 1, figsize=(4.8, 3.0 * len(panels)), sharey=True)
    for axis, (cost, rivals) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for number, (name, (spent, values)) in enumerate(rivals.items()):
            reached, colour = np.asarray(values), COLOURS[number]
            edges = reached.min(axis=0), reached.max(axis=0)
            axis.fill_between(spent, *edges, color=colour, alpha=0.25, lw=0)
            style = ("o-", "s--", "^:")[number % 3]
            axis.plot(spent, reached.mean(axis=0), style, color=colour, ms=4, lw=2, label=name)
        axis.axhline(goal[1], color="black", ls=":", label=goal[0])
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xlabel(cost)
        axis.set_ylabel(label)
    np.atleast_1d(axes)[0].legend(loc="lower right")
    return figure
