"""EfficientNet, against table 1 of the paper, the authors' release, and Keras's B0 to B7."""

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from coursecnn.architectures import build, efficientnet
from coursecnn.architectures._mobile import scaled_filters
from coursecnn.architectures.efficientnet import STAGES
from coursecnn.backend import keras, without_weights
from coursecnn.evidence.ledger import Verdict, parse_printed
from coursecnn.models.costs import layer_table, totals
from tests.outlines import outline

COUNTED = Path(__file__).parents[1] / "models" / "application_macs.json"
KERAS = json.loads(COUNTED.read_text("utf-8"))["applications"]

# Table 1: resolution and channels of what goes in, layers. (The strides follow from the sizes.)
TABLE_1 = {
    "stage2": (112, 32, 1),
    "stage3": (112, 16, 2),
    "stage4": (56, 24, 2),
    "stage5": (28, 40, 3),
    "stage6": (14, 80, 3),
    "stage7": (14, 112, 4),
    "stage8": (7, 192, 1),
}

# lite/efficientnet_lite_builder.py and its test; README.md of the folder: width, depth, side,
# trainable parameters, MAdds.
LITE = {
    "lite0": (1.0, 1.0, 224, 4_652_008, "407M"),
    "lite1": (1.0, 1.1, 240, 5_416_680, "631M"),
    "lite2": (1.1, 1.2, 260, 6_092_072, "899M"),
    "lite3": (1.2, 1.4, 280, 8_197_096, "1.44B"),
    "lite4": (1.4, 1.8, 300, 13_006_568, "2.64B"),
}

# efficientnet_builder.py: width, depth, side.
SCALED = {
    "EfficientNetB0": (1.0, 1.0, 224),
    "EfficientNetB1": (1.0, 1.1, 240),
    "EfficientNetB2": (1.1, 1.2, 260),
    "EfficientNetB3": (1.2, 1.4, 300),
    "EfficientNetB4": (1.4, 1.8, 380),
    "EfficientNetB5": (1.6, 2.2, 456),
    "EfficientNetB6": (1.8, 2.6, 528),
    "EfficientNetB7": (2.0, 3.1, 600),
}


@cache
def scaled(name, width, depth, side):
    with without_weights():
        return build(name, input_shape=(side, side, 3), width=width, depth=depth)


@pytest.mark.parametrize("name", ["efficientnet_b0", "efficientnet_lite0"])
def test_each_row_of_table_1(name):
    model = outline(name)
    for stage, (side, channels, units) in TABLE_1.items():
        names = [layer.name for layer in model.layers if layer.name.startswith(stage)]
        assert model.get_layer(names[0]).input.shape == (None, side, side, channels)
        assert sum(layer.endswith("_project") for layer in names) == units == STAGES[stage].units
    assert model.get_layer("stem").input.shape[1] == 224
    assert model.get_layer("head").output.shape == (None, 7, 7, 1280)


def macs_by_hand(squeezed):
    """Multiply the numbers of table 1, with a squeeze to a quarter of a unit's input or without."""
    macs, channels, side = 112**2 * 27 * 32, 32, 112
    for row in STAGES.values():
        for unit in range(row.units):
            expanded = row.expansion * channels
            macs += side**2 * channels * expanded * (row.expansion > 1)
            side //= row.stride if unit == 0 else 1
            macs += side**2 * expanded * (row.kernel**2 + row.filters)
            macs += 2 * expanded * (channels // 4) * squeezed
            channels = row.filters
    return macs + side**2 * channels * 1280 + 1280 * 1000


@pytest.mark.parametrize(
    ("name", "squeezed", "macs"),
    [("efficientnet_b0", True, 385_814_752), ("efficientnet_lite0", False, 385_187_552)],
)
def test_multiplications(name, squeezed, macs):
    assert totals(outline(name)).macs == macs_by_hand(squeezed) == macs


@pytest.mark.parametrize("variant", LITE)
def test_parameters_that_the_test_of_the_release_expects(variant):
    width, depth, side, trainable, _ = LITE[variant]
    assert totals(scaled("efficientnet_lite0", width, depth, side)).trainable == trainable


@pytest.mark.parametrize("variant", LITE)
def test_multiplications_that_the_release_prints_are_more(variant):
    """With three operations for a normalised value and one for a sum, all but Lite0's follow."""
    width, depth, side, _, printed = LITE[variant]
    model = scaled("efficientnet_lite0", width, depth, side)
    table = layer_table(model)
    values = {
        kind: sum(math.prod(shape) for shape in rows["output_shape"])
        for kind, rows in table.groupby("type")
    }
    number, macs = parse_printed(printed), int(table["macs"].sum())
    more = macs + 3 * values["BatchNormalization"] + values["Add"]

    assert macs < number.low
    rounds = number.low <= more <= number.high
    expected = Verdict.ERRATUM if variant == "lite0" else Verdict.ROUNDS
    assert (Verdict.ROUNDS if rounds else Verdict.ERRATUM) == expected


@pytest.mark.parametrize(
    "variant",
    [pytest.param(name, marks=[pytest.mark.long] * (name[-1] in "34567")) for name in SCALED],
)
def test_scaled_networks_have_the_counts_of_keras(variant):
    """Keras's have a normalisation of the pixels more, with 7 numbers."""
    costs = totals(scaled("efficientnet_b0", *SCALED[variant]))
    keras_counts = KERAS[variant]
    assert costs.params == keras_counts["parameters"] - 7
    assert costs.macs == keras_counts["macs"]


def test_the_paper_prints_5_3_million_parameters_and_0_39_billion_operations():
    costs = totals(outline("efficientnet_b0"))
    assert (round(costs.trainable / 1e6, 1), round(costs.macs / 1e9, 2)) == (5.3, 0.39)


@pytest.mark.parametrize(
    ("filters", "width", "scaled"),
    [
        (32, 1.0, 32),
        (16, 0.5, 8),
        (24, 1.1, 24),
        (80, 1.1, 88),
        (24, 0.8, 24),  # 16 would be less than nine tenths of 19.2
        (3, 1.0, 8),
    ],
)
def test_channels_are_multiples_of_8(filters, width, scaled):
    assert scaled_filters(filters, width) == scaled


@pytest.mark.slow
def test_lite_scales_neither_its_ends_nor_their_units():
    lite, b0 = (scaled(name, 1.4, 1.8, 64) for name in ("efficientnet_lite0", "efficientnet_b0"))
    ends = [lite.get_layer(end).filters for end in ("stem", "head")]
    assert ends == [32, 1280]
    assert [b0.get_layer(end).filters for end in ("stem", "head")] == [48, 1792]
    for stage, units in (("stage2", 1), ("stage3", 4), ("stage8", 1)):
        assert (
            sum(
                layer.name.endswith("_project")
                for layer in lite.layers
                if layer.name.startswith(stage)
            )
            == units
        )


def test_a_shortcut_is_where_a_unit_keeps_the_shape():
    model = outline("efficientnet_lite0")
    added = [layer.name for layer in model.layers if layer.name.endswith("_add")]
    assert added == [
        f"{stage}_unit{unit}_add"
        for stage, row in STAGES.items()
        for unit in range(2, row.units + 1)
    ]
    first = model.get_layer("stage3_unit2_add").input[0]
    assert first is model.get_layer("stage3_unit1_project_bn").output, "no activation follows"


def test_later_units_are_dropped_more_often():
    drops = {
        layer.name.removesuffix("_drop"): layer.rate
        for layer in outline("efficientnet_b0").layers
        if layer.name.endswith("_drop")
    }
    assert drops["stage3_unit2"] == pytest.approx(0.2 * 2 / 16)
    assert drops["stage7_unit4"] == pytest.approx(0.2 * 14 / 16)
    assert list(drops.values()) == sorted(drops.values())


def test_a_branch_is_dropped_for_a_whole_image_and_scaled_for_the_others():
    layer = keras.models.clone_model(
        keras.Sequential([outline("efficientnet_b0").get_layer("stage7_unit4_drop")])
    ).layers[0]
    keras.utils.set_random_seed(0)
    kept = keras.ops.convert_to_numpy(layer(np.ones((400, 2, 2, 3)), training=True))
    shares = kept.reshape(400, -1)
    assert np.ptp(shares, axis=1).max() == 0
    assert set(np.unique(shares.round(4))) == {0.0, np.float32(1 / (1 - 0.175)).round(4)}
    assert np.mean(shares == 0) == pytest.approx(0.175, abs=0.06)


def test_a_squeeze_has_a_quarter_of_the_units_input():
    model = outline("efficientnet_b0")
    for stage, unit, filters in (("stage2", 1, 8), ("stage3", 1, 4), ("stage8", 1, 48)):
        assert model.get_layer(f"{stage}_unit{unit}_reduce").filters == filters
    assert not [layer for layer in outline("efficientnet_lite0").layers if "squeeze" in layer.name]


@pytest.mark.slow
def test_weights_begin_as_in_the_release():
    keras.utils.set_random_seed(0)
    model = build("efficientnet_b0", input_shape=(32, 32, 3))
    stem, depthwise = (
        model.get_layer(name).get_weights()[0] for name in ("stem", "stage7_unit2_depthwise")
    )
    assert stem.std() == pytest.approx(math.sqrt(2 / (9 * 32)), rel=0.1)
    assert depthwise.std() == pytest.approx(math.sqrt(2 / 25), rel=0.02)
    kernel, bias = model.get_layer("predictions").get_weights()
    assert 0.99 / math.sqrt(1000) < np.abs(kernel).max() <= np.float32(1 / math.sqrt(1000))
    assert not bias.any()


@pytest.mark.parametrize("name", ["width", "depth"])
@pytest.mark.parametrize("factor", [0, -1.0, True, "wide", float("nan"), float("inf")])
def test_factors_are_checked(name, factor):
    with pytest.raises(ValueError, match=f"{name} must be a finite number, above 0, got"):
        efficientnet.efficientnet_b0(**{name: factor})


def test_the_smallest_image():
    with without_weights():
        assert build("efficientnet_b0", input_shape=(32, 33, 1), classes=3).output_shape == (
            None,
            3,
        )
    with pytest.raises(ValueError, match="with 32×32 pixels or more"):
        build("efficientnet_lite0", input_shape=(31, 32, 3))
