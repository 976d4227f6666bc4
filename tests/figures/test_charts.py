"""The charts of what networks are made of and cost: what is drawn is what was given."""

from itertools import combinations

import numpy as np
from matplotlib.text import Text

from coursecnn import figures


def test_the_parts_of_a_bar_lie_end_to_end():
    (axis,) = figures.stacked_bars(["VGG16"], {"parameters": {"conv": [15], "dense": [124]}}).axes
    assert [(bar.get_x(), bar.get_width()) for bar in axis.patches] == [(0, 15), (15, 124)]
    assert [text.get_text() for text in axis.texts] == ["139"]


def test_a_shape_is_as_high_as_its_map_and_a_quarter_as_wide_as_it_is_deep():
    walk = [("input", (8, 8, 1)), ("dense", (10,))]
    (axis,) = figures.shape_walks({"small": walk}).axes
    sizes = [(block.get_width(), block.get_height()) for block in axis.patches]
    assert sizes == [(0.25, 8), (2.5, 1)]
    assert [text.get_text() for text in axis.texts] == ["8", "1", "1", "10"]


def test_the_area_of_a_disc_is_the_one_that_was_given():
    places = {"VGG16": (15.5, 71.3), "AlexNet": (0.7, 57.0)}
    areas = {"VGG16": 300, "AlexNet": 100}
    figure = figures.bubbles(places, areas, dict.fromkeys(places, "classic"), ("MACs", "top-1"))
    drawn = {
        tuple(disc.get_offsets()[0]): disc.get_sizes()[0] for disc in figure.axes[0].collections
    }
    assert drawn == {places[name]: area for name, area in areas.items()}


def test_names_cover_neither_each_other_nor_any_point():
    draws = np.random.default_rng(0)
    places = {f"network {n}": tuple(draws.normal(size=2)) for n in range(30)}
    places["a close neighbour"] = places["network 0"]
    figure = figures.named_points(places, ("time", "accuracy"))
    (axis,) = figure.axes
    boxes = {text.get_text(): Text.get_window_extent(text) for text in axis.texts}
    assert set(boxes) == set(places)
    for (name, box), (other, beside) in combinations(boxes.items(), 2):
        assert not box.overlaps(beside), (name, other)
    for dot in axis.transData.transform(list(places.values())):
        assert not any(box.contains(*dot) for box in boxes.values())
    assert all(
        axis.bbox.contains(*box.min) and axis.bbox.contains(*box.max) for box in boxes.values()
    )


def test_at_most_six_powers_of_ten_are_written():
    (axis,) = figures.along_layers({"plain": np.logspace(-20, 0, 30)}, "gradient").axes
    ticks = np.log10(axis.get_yticks())
    np.testing.assert_allclose(ticks, ticks.round())
    assert len(ticks) <= 6
