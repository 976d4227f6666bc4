"""ConvNeXt-T, against the paper and the authors' release."""

import numpy as np
import pytest

from coursecnn.architectures import build
from coursecnn.architectures.convnext import TINY, LayerScale
from coursecnn.backend import keras, without_weights
from coursecnn.models.costs import totals
from tests.outlines import outline


def by_hand():
    """Parameters and MACs, unit by unit and with what halves the maps between the stages."""
    parameters, macs, before, side = 0, 0, 3, 224
    for number, (units, filters) in enumerate([(3, 96), (3, 192), (9, 384), (3, 768)]):
        kernel = 4 if number == 0 else 2
        side //= kernel
        parameters += kernel**2 * before * filters + filters
        parameters += 2 * (filters if number == 0 else before)  # normalised after, or before
        macs += side**2 * kernel**2 * before * filters
        weights = 49 * filters + 2 * filters * 4 * filters
        parameters += units * (weights + filters + 2 * filters + 4 * filters + filters + filters)
        macs += units * side**2 * weights
        before = filters
    return parameters + 2 * 768 + 768 * 1000 + 1000, macs + 768 * 1000


def test_counts():
    costs = totals(outline("convnext_tiny"))
    assert (costs.params, costs.macs) == by_hand() == (28_589_128, 4_455_531_264)
    assert costs.trainable == costs.params


def test_the_paper_prints_29_million_parameters_and_4_5_billion_operations():
    costs = totals(outline("convnext_tiny"))
    assert (round(costs.params / 1e6), round(costs.macs / 1e9, 1)) == (29, 4.5)


def test_the_sizes_of_figure_and_table_9():
    model = outline("convnext_tiny")
    for (stage, row), side in zip(TINY.items(), (56, 28, 14, 7), strict=True):
        for unit in range(1, row.units + 1):
            shape = model.get_layer(f"{stage}_unit{unit}_add").output.shape
            assert shape == (None, side, side, row.filters)
    assert sum(row.units for row in TINY.values()) == 18


def test_a_unit_has_one_normalisation_and_one_activation():
    layers = [layer for layer in outline("convnext_tiny").layers if "stage3_unit5" in layer.name]
    parts = [layer.name.removeprefix("stage3_unit5_") for layer in layers]
    assert parts == ["depthwise", "depthwise_ln", "expand", "project", "scale", "drop", "add"]
    assert [layers[i].activation.__name__ for i in (0, 2, 3)] == ["linear", "gelu", "linear"]


def test_later_units_are_dropped_more_often():
    model = outline("convnext_tiny")
    rates = [layer.rate for layer in model.layers if layer.name.endswith("_drop")]
    np.testing.assert_allclose(rates, np.linspace(0, 0.1, 18)[1:])
    assert {layer.noise_shape for layer in model.layers if layer.name.endswith("_drop")} == {
        (None, 1, 1, 1)
    }


@pytest.mark.slow
def test_weights_begin_as_in_the_release():
    """So each unit passes on what it reads, to a millionth."""
    keras.utils.set_random_seed(0)
    model = build("convnext_tiny", input_shape=(32, 32, 3))
    (scale,) = model.get_layer("stage1_unit1_scale").get_weights()
    np.testing.assert_array_equal(scale, np.float32(1e-6))
    kernel, bias = model.get_layer("stage4_unit1_expand").get_weights()
    assert kernel.std() == pytest.approx(0.02, rel=0.01)
    assert not bias.any()


def test_each_channel_has_a_scale_of_its_own():
    layer = LayerScale()
    layer.build((None, 2, 2, 3))
    layer.set_weights([np.array([1.0, 10.0, 100.0])])
    found = keras.ops.convert_to_numpy(layer(np.ones((1, 2, 2, 3))))
    np.testing.assert_array_equal(found, np.broadcast_to([1, 10, 100], (1, 2, 2, 3)))


def test_the_smallest_image():
    with without_weights():
        assert build("convnext_tiny", input_shape=(32, 33, 1), classes=3).output_shape == (None, 3)
    with pytest.raises(ValueError, match="with 32×32 pixels or more"):
        build("convnext_tiny", input_shape=(31, 32, 3))
