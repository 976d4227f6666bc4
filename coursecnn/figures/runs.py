"""What the runs of networks measured, by epoch, by cost and beside what was expected."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator
from numpy.typing import ArrayLike

from coursecnn.figures.style import COLOURS, log_axis, panels

__all__ = [
    "beside_band",
    "critical_difference",
    "learning_curves",
    "paired",
    "races",
    "ranking",
    "rival_curves",
    "rungs",
    "runs_by_cost",
]

ABOVE = 1.8  # the height over the axis of a critical-difference drawing, for names and a ruler


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
    figure, axes = panels(1, len(runs), size=(3.8 * len(runs), 3.2))
    for axis, (quantity, values) in zip(axes, runs.items(), strict=True):
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
            log_axis(axis.yaxis, subs=(1, 2, 5), formatter="{x:g}")
    axes[0].legend()
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
    figure, axes = panels(1, len(costs), size=size, sharey=True)
    for axis, (kind, cost) in zip(axes, costs.items(), strict=True):
        for number, (name, values) in enumerate(runs.items()):
            points = np.full(np.size(values), cost[name])
            marker = "osD^v"[number % 5]
            axis.plot(points, values, marker, color=COLOURS[number], alpha=0.7, label=name)
        log_axis(axis.xaxis, subs=(1, 3), formatter=EngFormatter(sep=""))
        axis.tick_params(axis="x", labelsize=7)
        axis.set_xlabel(kind)
        axis.margins(x=0.15)
    axes[0].set_ylabel(label)
    axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def rival_curves(quantities: Mapping[str, Mapping[str, ArrayLike]], label: str) -> Figure:
    """Draw what the runs of rival networks measured in each epoch, the panels under each other.

    Thin lines are runs, thick ones their means.

    Args:
        quantities: for each title the rivals, each with its values, shape (runs, epochs).
        label: what the values are.

    >>> len(rival_curves({"loss": {"plain": [[0.9, 0.5]], "residual": [[0.8, 0.3]]}}, "loss").axes)
    1
    """
    size = (4.6, 2.6 * len(quantities) + 0.3)
    figure, axes = panels(len(quantities), 1, size=size, sharex=True, sharey=True)
    for axis, (title, rivals) in zip(axes, quantities.items(), strict=True):
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
    figure, axes = panels(1, 2, size=size, sharey=True, width_ratios=[3, 2])
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


def ranking(runs: Mapping[str, ArrayLike], critical: float, label: str) -> Figure:
    """Draw what the runs of many networks measured, and which means can be told apart.

    Circles are runs. A bar reaches from the mean half the critical difference to both sides: where
    two bars do not meet, the networks differ.

    Args:
        runs: for each network one number per run; drawn in this order from top to bottom.
        critical: means that are further apart than this differ.
        label: what the numbers are.

    >>> figure = ranking({"wide": [0.9, 0.91], "deep": [0.8, 0.82]}, 0.03, "accuracy")
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['wide', 'deep']
    """
    figure, axis = plt.subplots(figsize=(5.6, 0.3 * len(runs) + 0.9))
    for place, values in enumerate(runs.values()):
        points = np.asarray(values, dtype=float)
        mean = points.mean()
        axis.plot(points, np.full(points.size, place), "o", mec="0.5", mfc="none", ms=4, zorder=3)
        axis.barh(place, critical, left=mean - critical / 2, height=0.55, color=COLOURS[5])
        axis.plot(mean, place, "|", color=COLOURS[1], ms=12, mew=2.5, zorder=4)
    axis.set_yticks(range(len(runs)), list(runs))
    axis.invert_yaxis()
    axis.set_xlabel(label)
    return figure


def critical_difference(
    means: Mapping[str, float], critical: float, groups: Sequence[Sequence[str]], label: str
) -> Figure:
    """Draw many means on one axis, and bars under those that cannot be told apart.

    The names stand left and right of the axis, each with a line to its mean; a short ruler above
    the axis is as long as the critical difference.

    Args:
        means: of each network, the best first: the best is drawn at the right end if its number
            is the largest, at the left end if it is the smallest, as with places.
        critical: means that are further apart than this differ.
        groups: the sets of networks that are not told apart; those of one network are not drawn.
        label: what the means are of.

    Source: Demšar, Statistical comparisons of classifiers over multiple data sets, Journal of
    Machine Learning Research 7, 2006, figure 1.

    >>> means, groups = {"a": 90.0, "b": 89.8, "c": 88.0}, [("a", "b"), ("c",)]
    >>> figure = critical_difference(means, 0.5, groups, "accuracy (%)")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['critical difference 0.50', 'c', 'b', 'a']
    """
    bars = [group for group in groups if len(group) > 1]
    ordered = sorted(means, key=lambda name: means[name])
    low, high = means[ordered[0]], means[ordered[-1]]
    wide = max(high - low, critical)
    half = len(ordered) // 2
    first = -0.35 * (len(bars) + 1)  # under the last bar
    last = first - 0.6 * (len(means) - half)
    figure, axis = plt.subplots(figsize=(6.8, 0.4 + 0.37 * (ABOVE - last)))
    axis.set_ylim(last, ABOVE)
    axis.plot([low, low + critical], [1, 1], color=COLOURS[1], lw=2.5, solid_capstyle="butt")
    axis.text(low, 1.15, f"critical difference {critical:.2f}", fontsize=8)
    for row, group in enumerate(bars, start=1):
        ends = [means[group[0]], means[group[-1]]]
        axis.plot(ends, [-0.35 * row] * 2, color=COLOURS[0], lw=4, solid_capstyle="round")
    for place, name in enumerate(ordered):
        left = place < half
        level = first - 0.6 * (place if left else len(ordered) - 1 - place)
        end = low - 0.06 * wide if left else high + 0.06 * wide
        axis.plot([means[name], means[name], end], [0, level, level], color="0.35", lw=0.8)
        side = "right" if left else "left"
        axis.text(end, level, name, ha=side, va="center", fontsize=8)
    _scale_at_zero(axis, low, high, wide)
    axis.set_title(label)
    return figure


def _scale_at_zero(axis: Axes, low: float, high: float, wide: float) -> None:
    """Number the line at the height of zero, from about `low` to about `high`."""
    ticks = np.asarray(MaxNLocator(8).tick_values(low, high))
    ticks = ticks[(ticks > low - 0.1 * wide) & (ticks < high + 0.1 * wide)]
    axis.set_xticks(ticks)
    axis.xaxis.tick_top()
    for side in ("bottom", "top"):
        axis.spines[side].set_position(("data", 0))
        axis.spines[side].set_bounds(min(low, *ticks), max(high, *ticks))
    axis.spines.left.set_visible(False)
    axis.set_yticks([])
    axis.grid(visible=False)
    axis.set_xlim(low - 0.45 * wide, high + 0.45 * wide)


def races(
    kinds: Mapping[str, Mapping[str, tuple[ArrayLike, ArrayLike]]],
    label: str,
    goal: tuple[str, float],
) -> Figure:
    """Draw what rivals reach against what they spend, the panels under each other.

    Lines are means over the runs; around them lies all that the runs measured.

    Args:
        kinds: for each kind of cost the rivals, each with its costs, one for each epoch, and what
            its runs measured then, shape (runs, epochs).
        label: what was measured.
        goal: name and value of a level to reach.

    >>> rivals = {"slow": ([1, 2], [[0.5, 0.6], [0.4, 0.7]])}
    >>> races({"epochs": rivals}, "accuracy", ("goal", 0.6)).axes[0].get_xscale()
    'log'
    """
    figure, axes = panels(len(kinds), 1, size=(4.8, 3.0 * len(kinds)), sharey=True)
    for axis, (cost, rivals) in zip(axes, kinds.items(), strict=True):
        for number, (name, (spent, values)) in enumerate(rivals.items()):
            reached, colour = np.asarray(values), COLOURS[number]
            edges = reached.min(axis=0), reached.max(axis=0)
            axis.fill_between(spent, *edges, color=colour, alpha=0.25, lw=0)
            style = ("o-", "s--", "^:")[number % 3]
            axis.plot(spent, reached.mean(axis=0), style, color=colour, ms=4, lw=2, label=name)
        axis.axhline(goal[1], color="black", ls=":", label=goal[0])
        log_axis(axis.xaxis, subs=(1, 2, 5), formatter="{x:g}")
        axis.set_xlabel(cost)
        axis.set_ylabel(label)
    axes[0].legend(loc="lower right")
    return figure
