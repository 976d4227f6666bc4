"""Drawings of networks: what is on the paper."""

import matplotlib.pyplot as plt
import pytest

from coursecnn.architectures import build
from coursecnn.backend import keras
from coursecnn.models import diagrams
from tests.outlines import outline

layers = keras.layers


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_a_drawing_writes_every_label_into_its_box():
    figure = diagrams.draw(outline("squeezenet1_0"), "pool1", "fire2_concat", title="Fire")
    figure.canvas.draw()
    (axis,) = figure.axes
    boxes = [patch.get_window_extent() for patch in axis.patches[:5]]
    for text, box in zip(axis.texts, boxes, strict=True):
        inside = text.get_window_extent()
        assert box.x0 < inside.x0 < inside.x1 < box.x1
        assert box.y0 < inside.y0 < inside.y1 < box.y1
    assert figure.get_suptitle() == "Fire"


def test_a_drawing_shows_shapes_on_demand():
    figure = diagrams.draw(build("mnist_tutorial"), last="conv1", shapes=True)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["input\n28×28×1", "3×3 conv, 32\nReLU\n26×26×32"]


def test_four_branches_are_narrow_enough_for_a_phone():
    """Shrunk to 360 pixels, letters of 10 points are still 9 pixels high or more."""
    figure = diagrams.draw(outline("googlenet"), "pool2", "inception_3a_output")
    assert 10 / 72 / figure.get_figwidth() * 360 >= 9


def test_everything_drawn_lies_within_the_figure():
    figure = diagrams.draw(outline("googlenet"), "pool2", "inception_3b_output", title="two")
    figure.canvas.draw()
    drawn = figure.axes[0].get_tightbbox().bounds
    assert drawn[0] >= 0
    assert drawn[1] >= 0
    assert drawn[0] + drawn[2] <= figure.bbox.width
    assert drawn[1] + drawn[3] <= figure.bbox.height
