"""Drawings of networks: what is on the paper."""

import xml.etree.ElementTree as ET

import matplotlib.pyplot as plt
import pytest

from coursecnn.architectures import build
from coursecnn.backend import keras, without_weights
from coursecnn.models import diagrams
from tests.drawings import require_room_for_all
from tests.networks import nested, twins, unet
from tests.outlines import outline

layers = keras.layers


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
    require_room_for_all(
        diagrams.draw(outline("googlenet"), "pool2", "inception_3b_output", title="two")
    )


def test_a_dollar_sign_begins_no_formula():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="x$")], name="a$b$")
    outer = keras.Sequential([keras.Input((3,)), model])
    for figure in (
        diagrams.draw(outer, title="for $5 or $x^$"),
        diagrams.tower(outer, title="$^$"),
    ):
        figure.canvas.draw()
    assert "a$b$" in diagrams.draw(outer).axes[0].texts[1].get_text()


def test_a_long_title_is_broken_where_the_figure_ends():
    figure = diagrams.draw(build("mnist_tutorial"), title="a network for handwritten digits " * 3)
    figure.canvas.draw()
    box = figure._suptitle.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width
    assert box.y0 > max(text.get_window_extent().y1 for text in figure.axes[0].texts)


def test_a_large_network_is_drawn_with_its_repetitions_once():
    texts = [text.get_text() for text in diagrams.draw(outline("resnet152")).axes[0].texts]
    assert [text for text in texts if text.startswith("×")] == ["×2", "×7", "×35", "×2"]
    assert len(texts) < 70


def test_condensing_is_left_out_or_done_on_demand():
    whole = diagrams.draw(outline("resnet20"), condense=False).axes[0]
    short = diagrams.draw(outline("resnet20"), condense=True).axes[0]
    assert len(whole.texts) == 44
    assert len(short.texts) < 44
    assert any(text.get_text() == "×2" for text in short.texts)


@pytest.mark.parametrize("name", ["resnet152", "squeezenet1_1", "densenet121", "googlenet"])
def test_all_of_a_large_drawing_lies_within_the_figure_and_no_box_on_another(name):
    figure = diagrams.draw(outline(name), title=name)
    require_room_for_all(figure)


def test_a_high_drawing_goes_on_in_further_columns():
    model = outline("squeezenet1_1")
    one, three = (diagrams.draw(model, columns=number) for number in (1, 3))
    assert three.get_figheight() < 0.5 * one.get_figheight()
    assert three.get_figwidth() > 2 * one.get_figwidth()
    assert len(one.axes[0].texts) == len(three.axes[0].texts)


def test_a_unet_is_not_broken():
    assert not diagrams.draw(unet()).axes[0].lines


@pytest.mark.parametrize("columns", [0, -1, 1.5, True])
def test_columns_must_be_a_number_of_them(columns):
    with pytest.raises(ValueError, match="columns must be a positive int, got"):
        diagrams.draw(build("mnist_tutorial"), columns=columns)


@pytest.mark.slow
def test_what_nobody_could_read_is_drawn_by_stages():
    with without_weights():
        model = keras.applications.NASNetMobile(weights=None)
    texts = [text.get_text() for text in diagrams.draw(model).axes[0].texts]
    assert texts[:2] == ["224×224×3", "input"]
    assert "vector of 1,000" in texts


def test_models_inside_are_one_box_or_open():
    closed, opened = diagrams.draw(nested()), diagrams.draw(nested(), nested=True)
    assert closed.axes[0].texts[1].get_text() == "b\nmodel, 2 layers"
    assert opened.axes[0].texts[1].get_text() == "3×3 conv, 4\nReLU"


def test_shared_weights_have_a_number_where_there_are_several():
    texts = [text.get_text() for text in diagrams.draw(twins()).axes[0].texts]
    assert sum(text.endswith("shared weights") for text in texts) == 2
    image = keras.Input((4,))
    first, second = (layers.Dense(4, name=name) for name in "ab")
    model = keras.Model(image, second(second(first(first(image)))))
    texts = [text.get_text() for text in diagrams.draw(model).axes[0].texts]
    assert [text.splitlines()[-1] for text in texts[1:]] == [f"shared: {n}" for n in (1, 1, 2, 2)]


def test_every_output_has_its_shape():
    inputs = keras.Input((6, 4))
    outputs = layers.LSTM(3, return_state=True, return_sequences=True)(inputs)
    figure = diagrams.draw(keras.Model(inputs, outputs[0] + 1), shapes=True)
    assert figure.axes[0].texts[1].get_text() == "LSTM, 3\n6×3\n3\n3"


# Files


def test_the_same_drawing_is_the_same_file_without_a_date(tmp_path):
    contents = []
    for name in ("one.svg", "two.svg"):
        diagrams.save_svg(diagrams.draw(build("resnet20"), title="$5"), tmp_path / name)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]
    assert b"dc:date" not in contents[0]
    assert b"Matplotlib v" not in contents[0]


def test_a_file_is_a_drawing_in_well_formed_svg(tmp_path):
    diagrams.save_svg(diagrams.draw(build("mnist_tutorial")), str(tmp_path / "new" / "a.svg"))
    root = ET.parse(tmp_path / "new" / "a.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.svg"]


def test_saving_leaves_the_settings_of_the_notebook_alone(tmp_path):
    before = dict(plt.rcParams)
    diagrams.save_svg(diagrams.draw(build("mnist_tutorial")), tmp_path / "a.svg")
    assert dict(plt.rcParams) == before
