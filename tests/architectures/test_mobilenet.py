"""MobileNets, against the tables of their papers and the counts that the release prints."""

import math

import numpy as np
import pytest

from coursecnn.architectures import build, mobilenet
from coursecnn.backend import keras, without_weights
from coursecnn.evidence.ledger import Verdict, parse_printed
from coursecnn.models.costs import layer_table, totals
from tests.outlines import outline

# The docstring of the release's mobilenet_v1.py: weights and MACs of each layer; some of them.
RELEASED = {
    "stem": (864, 10_838_016),
    "unit1_depthwise": (288, 3_612_672),
    "unit1_pointwise": (2_048, 25_690_112),
    "unit2_depthwise": (576, 1_806_336),
    "unit2_pointwise": (8_192, 25_690_112),
    "unit4_depthwise": (1_152, 903_168),
    "unit6_pointwise": (131_072, 25_690_112),
    "unit11_pointwise": (262_144, 51_380_224),
    "unit12_depthwise": (4_608, 225_792),
    "unit13_depthwise": (9_216, 451_584),
    "unit13_pointwise": (1_048_576, 51_380_224),
}


def bodies(model):
    """Weights and MACs of each convolution, without normalisations."""
    table = layer_table(model)
    rows = table[table["type"].str.contains("Conv2D")].set_index("layer")
    return {name: (int(row["params"]), int(row["macs"])) for name, row in rows.iterrows()}


def test_layers_of_the_first_cost_what_the_release_prints():
    found = bodies(outline("mobilenet_v1"))
    assert {name: found[name] for name in RELEASED} == RELEASED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "side", "weights", "macs"),
    [(1.0, 224, 3_185_088, 567_716_352), (0.75, 128, 1_800_144, 106_002_432)],
)
def test_the_totals_that_the_release_prints(width, side, weights, macs):
    """Also at three quarters of the width, for images of 128×128."""
    with without_weights():
        model = build("mobilenet_v1", input_shape=(side, side, 3), width=width)
    found = bodies(model).values()
    assert (sum(row[0] for row in found), sum(row[1] for row in found)) == (weights, macs)


@pytest.mark.parametrize(
    ("width", "side", "macs", "parameters", "verdict"),
    [
        (1.0, 224, "569M", "4.2M", Verdict.ROUNDS),
        (0.75, 224, "325M", "2.6M", Verdict.ROUNDS),
        (0.5, 224, "149M", "1.3M", Verdict.ROUNDS),
        (0.25, 224, "41M", "0.5M", Verdict.ROUNDS),
        (1.0, 192, "418M", "4.2M", Verdict.ROUNDS),
        (1.0, 160, "290M", "4.2M", Verdict.ERRATUM),  # 290.7
        (1.0, 128, "186M", "4.2M", Verdict.ROUNDS),
    ],
)
def test_tables_6_and_7_of_the_first_paper(width, side, macs, parameters, verdict):
    with without_weights():
        costs = totals(build("mobilenet_v1", input_shape=(side, side, 3), width=width))
    assert rounds(parameters, costs.trainable) == Verdict.ROUNDS
    assert rounds(macs, costs.macs) == verdict


def rounds(printed, found):
    """Whether what was found rounds to what is printed."""
    number = parse_printed(printed)
    return Verdict.ROUNDS if number.low <= found <= number.high else Verdict.ERRATUM


# Table 2 of the second paper: what goes into a row of the table.
TABLE_2 = {
    "bottleneck1": (112, 32),
    "bottleneck2": (112, 16),
    "bottleneck3": (56, 24),
    "bottleneck4": (28, 32),
    "bottleneck5": (14, 64),
    "bottleneck6": (14, 96),
    "bottleneck7": (7, 160),
    "head": (7, 320),
}


def test_each_row_of_table_2():
    model = outline("mobilenet_v2")
    for row, (side, channels) in TABLE_2.items():
        first = next(layer for layer in model.layers if layer.name.startswith(row))
        assert first.input.shape == (None, side, side, channels), row
    for row, numbers in mobilenet.V2.items():
        units = [layer for layer in model.layers if layer.name.startswith(row)]
        assert sum(layer.name.endswith("_project") for layer in units) == numbers.units


def macs_of_the_second():
    macs, side, channels = 112**2 * 27 * 32, 112, 32
    for expansion, filters, units, stride in (
        *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
        *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
    ):
        for unit in range(units):
            middle = expansion * channels
            macs += side**2 * channels * middle * (expansion > 1)
            side //= stride if unit == 0 else 1
            macs += side**2 * middle * (9 + filters)
            channels = filters
    return macs + side**2 * 320 * 1280 + 1280 * 1000


def test_the_second_costs_what_its_table_and_its_abstract_say():
    costs = totals(outline("mobilenet_v2"))
    assert costs.macs == macs_of_the_second() == 300_774_272
    assert (round(costs.macs / 1e6), round(costs.trainable / 1e6, 1)) == (301, 3.5)


def test_a_projection_is_not_activated_and_a_shortcut_joins_the_narrow_ends():
    model = outline("mobilenet_v2")
    narrow, branch = model.get_layer("bottleneck3_unit2_add").input
    assert narrow is model.get_layer("bottleneck3_unit1_project_bn").output
    assert branch is model.get_layer("bottleneck3_unit2_project_bn").output
    assert sum(layer.name.endswith("_add") for layer in model.layers) == 10


@pytest.mark.parametrize(("width", "head"), [(0.35, 1280), (1.0, 1280), (1.4, 1792)])
def test_the_last_convolution_of_the_second_does_not_shrink(width, head):
    with without_weights():
        model = build("mobilenet_v2", width=width)
    assert model.get_layer("head").filters == head
    narrow = [layer.filters for layer in model.layers if layer.name.endswith("_project")]
    assert all(filters % 8 == 0 for filters in narrow)


@pytest.mark.parametrize(("name", "dropped"), [("mobilenet_v1", 0.001), ("mobilenet_v2", 0.2)])
def test_the_averages_are_dropped_as_in_the_release(name, dropped):
    assert outline(name).get_layer("dropout").rate == dropped


def test_weights_begin_as_in_the_release():
    keras.utils.set_random_seed(0)
    model = build("mobilenet_v1", input_shape=(32, 32, 3))
    (kernel,) = model.get_layer("unit13_pointwise").get_weights()
    assert np.abs(kernel).max() <= 0.18
    # A normal distribution that is cut at two standard deviations keeps 0.88 of them.
    assert kernel.std() == pytest.approx(0.09 * 0.8796, rel=0.01)


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2"])
@pytest.mark.parametrize("width", [0, -1, math.nan, "1"])
def test_the_width_is_checked(name, width):
    with pytest.raises(ValueError, match="width must be a finite number, above 0, got"):
        build(name, width=width)
