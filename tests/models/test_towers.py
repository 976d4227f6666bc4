"""A whole network as blocks under each other: what is drawn is what the stages say."""

import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Polygon, Rectangle

from coursecnn.models import diagrams, stages, towers
from coursecnn.models._canvas import EDGE_COLOURS, tint
from tests.drawings import require_room_for_all
from tests.networks import unet
from tests.outlines import outline


def test_a_tower_has_a_block_for_each_stage():
    texts = [text.get_text() for text in diagrams.tower(outline("vgg16")).axes[0].texts]
    assert texts[:4] == ["224×224×3", "input", "224×224×64", "2 conv"]
    assert {"vector of 1,000", "3 dense"} <= set(texts)


def test_the_text_beside_the_blocks_is_that_of_the_stages():
    model = outline("resnet152")
    texts = " ".join(text.get_text() for text in diagrams.tower(model).axes[0].texts)
    for stage in stages.stages(model):
        assert stage.size in texts
        assert all(part in texts for part in stage.text.split(", "))
        assert all(part in texts for part in stage.rest.split(", "))


def test_layers_are_stripes_in_their_colours_while_they_are_few():
    axis = diagrams.tower(unet()).axes[0]
    colours = [patch.get_facecolor()[:3] for patch in axis.patches if isinstance(patch, Rectangle)]
    wanted = ["input", "convolution", "pooling", "convolution", "pooling", "convolution"]
    wanted += 2 * ["convolution", "join", "convolution"]
    assert colours[:11] == [pytest.approx(tint(EDGE_COLOURS[kind], 0.6)) for kind in wanted[:11]]


def test_many_layers_are_their_shares():
    stripes = towers._stripes(["convolution"] * 15 + ["join"] * 5)
    assert stripes == [(0, 0.75, "convolution"), (0.75, 0.25, "join")]


def test_a_map_has_two_sides_and_a_vector_has_dots():
    axis = diagrams.tower(outline("vgg16")).axes[0]
    assert (
        sum(
            isinstance(patch, Polygon)
            and patch.get_xy().shape[0] == 5
            and not isinstance(patch, Rectangle)
            for patch in axis.patches
        )
        == 2 * 7
    )
    dots = [patch for patch in axis.patches if isinstance(patch, Circle)]
    assert len(dots) == towers.DOTS
    assert {dot.get_edgecolor()[:3] for dot in dots} == {to_rgb(EDGE_COLOURS["dense"])}


def test_the_figure_says_what_its_sizes_and_colours_mean():
    texts = [text.get_text() for text in diagrams.tower(outline("vgg16")).axes[0].texts]
    assert {"convolution", "dense", "pooling"} <= set(texts)
    assert "as long as there are channels" in " ".join(texts)


def test_a_line_over_other_lines_runs_outside_them():
    levels = towers._levels([(0, 1), (1, 2), (1, 5), (2, 3), (2, 4), (3, 4), (4, 5)])
    assert levels[1, 5] > levels[2, 4] > levels[2, 3] == levels[0, 1] == 1


@pytest.mark.parametrize("name", ["vgg16", "resnet152", "googlenet_aux", "lenet5"])
def test_everything_lies_within_the_figure_and_no_text_on_another(name):
    figure = diagrams.tower(outline(name), title=name)
    require_room_for_all(figure)
