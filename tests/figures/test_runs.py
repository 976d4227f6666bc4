"""The drawings of chapters 16 and 17: what is drawn is what was given."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from coursecnn import figures

RUNS = {"start": [60.0, 62.0], "better": [70.0, 74.0], "left": [69.0, 71.0]}
COSTS = {"start": 1.0, "better": 0.4, "left": 0.5}


def test_a_rung_has_its_runs_and_their_mean_in_a_row():
    measured, _ = figures.rungs(RUNS, COSTS, ("accuracy", "time")).axes
    points, means = measured.lines[::2], measured.lines[1::2]
    assert [list(line.get_xdata()) for line in points] == list(RUNS.values())
    assert [line.get_xdata()[0] for line in means] == [61, 72, 70]
    assert [line.get_ydata()[0] for line in points] == [0, 1, 2]


def test_steps_are_named_from_top_to_bottom_and_cost_what_they_cost():
    measured, cost = figures.rungs(RUNS, COSTS, ("accuracy", "time")).axes
    assert [label.get_text() for label in measured.get_yticklabels()] == list(RUNS)
    assert measured.yaxis_inverted()
    assert [bar.get_width() for bar in cost.patches] == list(COSTS.values())


def test_steps_that_led_nowhere_are_outlines():
    _, cost = figures.rungs(RUNS, COSTS, ("accuracy", "time"), hollow=["left"]).axes
    assert [bar.get_facecolor()[3] for bar in cost.patches] == [1, 1, 0]
    assert {bar.get_edgecolor() for bar in cost.patches} == {to_rgba(figures.COLOURS[0])}


def test_a_race_shows_means_within_all_that_was_measured():
    runs = [[50.0, 60.0], [40.0, 70.0]]
    (axis,) = figures.races({"s": {"slow": ([10, 20], runs)}}, "accuracy", ("goal", 65)).axes
    np.testing.assert_array_equal(axis.lines[0].get_xydata(), [[10, 45], [20, 65]])
    corners = axis.collections[0].get_paths()[0].vertices
    assert {tuple(corner) for corner in corners} == {(10, 40), (10, 50), (20, 60), (20, 70)}
    assert set(axis.lines[1].get_ydata()) == {65}


def test_each_cost_has_its_panel():
    rivals = {"slow": ([1], [[0.5]])}
    figure = figures.races({"epochs": rivals, "seconds": rivals}, "accuracy", ("goal", 0.6))
    assert [axis.get_xlabel() for axis in figure.axes] == ["epochs", "seconds"]


def test_bars_of_a_ranking_meet_where_means_are_not_further_apart_than_the_critical_difference():
    runs = {"best": [0.9, 0.92], "next": [0.88, 0.9], "last": [0.8, 0.82]}
    (axis,) = figures.ranking(runs, critical=0.03, label="accuracy").axes
    (best, near, last) = ((bar.get_x(), bar.get_x() + bar.get_width()) for bar in axis.patches)
    assert [axis.get_yticks().tolist(), axis.yaxis_inverted()] == [[0, 1, 2], True]
    assert near[1] > best[0] > last[1]
    assert best == pytest.approx((0.91 - 0.015, 0.91 + 0.015))


MEANS = {"best": 90.0, "next": 89.8, "third": 88.1, "last": 88.0}
GROUPS = [("best", "next"), ("third", "last")]


@pytest.mark.parametrize("sign", [1, -1], ids=["accuracies", "places"])
def test_the_ends_of_a_bar_are_the_means_of_those_that_are_not_told_apart(sign):
    means = {name: sign * mean for name, mean in MEANS.items()}
    (axis,) = figures.critical_difference(means, 0.5, [*GROUPS, ("last",)], "mean").axes
    ruler, *lines = axis.lines
    bars, names = lines[:2], lines[2:]

    assert np.ptp(ruler.get_xdata()) == pytest.approx(0.5)
    assert [list(bar.get_xdata()) for bar in bars] == [
        [means[name] for name in group] for group in GROUPS
    ]
    assert sorted(line.get_xdata()[0] for line in names) == sorted(means.values())
    labels = {text.get_text(): text.get_position()[0] for text in axis.texts[1:]}
    assert set(labels) == set(MEANS)
    assert labels["best"] * sign > labels["last"] * sign, "the best is at its end of the axis"


def test_each_name_has_a_line_of_its_own_under_the_last_bar():
    (axis,) = figures.critical_difference(MEANS, 0.5, GROUPS, "mean").axes
    _, *lines = axis.lines
    bars, names = lines[:2], lines[2:]
    ends = [tuple(line.get_xydata()[-1]) for line in names]
    assert len(set(ends)) == len(MEANS)
    assert max(height for _, height in ends) < min(bar.get_ydata()[0] for bar in bars)
