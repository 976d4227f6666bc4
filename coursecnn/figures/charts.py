"""Bars, curves and discs: functions, and what networks are made of and cost."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from coursecnn.figures.style import COLOURS, log_axis, panels

Array: TypeAlias = NDArray[np.float64]

__all__ = [
    "activations",
    "along_layers",
    "bubbles",
    "named_points",
    "ranked_bars",
    "shape_walks",
    "shares",
    "stacked_bars",
]


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
    figure, axes = panels(1, 2, size=(7.2, 3.0), sharex=True)
    for axis, lines, title in zip(axes, (curves, slopes), ("g(y)", "slope of g"), strict=True):
        for (name, values), style in zip(lines.items(), ("-", "--", ":"), strict=False):
            axis.plot(y, values, style, lw=2, label=name)
        axis.set_title(title)
        axis.set_xlabel("y")
    axes[0].legend()
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


def stacked_bars(names: Sequence[str], totals: Mapping[str, Mapping[str, ArrayLike]]) -> Figure:
    """Draw totals as bars that are made of their parts, each with its total written at its end.

    Args:
        names: of the bars, from top to bottom.
        totals: for each total its parts, each with one number for each bar.

    >>> parts = {"conv": [14.7], "dense": [123.6]}
    >>> len(stacked_bars(["VGG16"], {"parameters": parts, "values": parts}).axes)
    2
    """
    size = (7.6, 0.4 * len(names) + 1)
    figure, axes = panels(1, len(totals), size=size, sharey=True)
    for axis, (total, parts) in zip(axes, totals.items(), strict=True):
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
    figure, axes = panels(len(walks), 1, size=(7.4, 1.3 * len(walks)), sharex=True)
    for axis, (title, walk) in zip(axes, walks.items(), strict=True):
        left = 0.0
        for kind, shape in walk:
            side, depth = shape[0] if len(shape) == 3 else 1, shape[-1]
            corner = (left, -side / 2)
            axis.add_patch(Rectangle(corner, depth / 4, side, fc=colour[kind], ec="black", lw=0.6))
            middle = left + depth / 8
            axis.text(middle, side / 2 + 1.5, str(side), ha="center", va="bottom", fontsize=7)
            axis.text(middle, -side / 2 - 1.5, str(depth), ha="center", va="top", fontsize=7)
            left += depth / 4 + 8
        axis.set_title(title, loc="left")
        axis.set_axis_off()
        axis.set_aspect("equal")
        axis.set_ylim(-25, 25)
        axis.autoscale_view(scaley=False)
    handles = [Rectangle((0, 0), 1, 1, fc=colour[kind], ec="black", lw=0.6) for kind in kinds]
    figure.legend(handles, kinds, loc="outside lower center", ncols=len(kinds))
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
    log_axis(axis.xaxis, subs=(1, 2, 5), formatter=EngFormatter(sep=""))
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    axis.margins(0.16, 0.08)
    return figure


def named_points(
    places: Mapping[str, tuple[float, float]],
    labels: tuple[str, str],
    marked: Collection[str] = (),
) -> Figure:
    """Draw named points, and write each name where it covers no point and no other name.

    A name that finds no room beside its point moves away from it, at the end of a thin line.

    Args:
        places: for each name where its point lies, (x, y).
        labels: of the two axes.
        marked: names that are drawn in another colour, the point larger.

    >>> figure = named_points({"a": (1, 2), "b": (2, 3)}, ("time", "accuracy"), marked=("a",))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['a', 'b']
    """
    figure, axis = plt.subplots(figsize=(6.8, 4.8))
    axis.margins(0.12, 0.1)
    for name, place in places.items():
        colour, width = (COLOURS[1], 6) if name in marked else (COLOURS[0], 4)
        axis.plot(*place, "o", color=colour, ms=width)
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    figure.draw_without_rendering()  # from here on nothing moves
    figure.set_layout_engine("none")
    dots = axis.transData.transform(list(places.values()))
    taken = np.hstack([dots - 5, dots + 5])
    for name, dot in zip(places, dots, strict=True):
        text = axis.annotate(
            name,
            places[name],
            xytext=(0, 0),
            textcoords="offset pixels",
            va="center",
            ha="center",
            fontsize=7,
            arrowprops={"arrowstyle": "-", "color": "0.5", "lw": 0.5, "shrinkA": 0, "shrinkB": 3},
        )
        size = np.asarray(text.get_window_extent().size) + 2
        box = _free(dot, size, taken, np.asarray(axis.bbox.extents))
        taken = np.vstack([taken, box])
        text.set_position((box[:2] + box[2:]) / 2 - dot)
    return figure


def _free(dot: Array, size: Array, taken: Array, frame: Array) -> Array:
    """The nearest box of this size to a dot that lies in the frame and covers nothing taken.

    If there is none, the one that covers least. Boxes are rows of left, bottom, right and top.
    """
    gaps, angles = np.meshgrid(
        np.arange(6, 100, 4), np.radians(np.arange(0, 360, 15)), indexing="ij"
    )
    towards = np.stack([np.cos(angles), np.sin(angles)], axis=-1).reshape(-1, 2)
    middles = dot + towards * (gaps.reshape(-1, 1) + size / 2)
    boxes = np.hstack([middles - size / 2, middles + size / 2])
    covered = _common(boxes[:, None], taken).sum(axis=1) + size.prod() - _common(boxes, frame)
    return np.asarray(boxes[covered.round(3).argmin()])  # the first of the least is the nearest


def _common(one: Array, other: Array) -> Array:
    """The area that boxes share."""
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    return np.asarray(sides.clip(0).prod(axis=-1))


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
