"""Counts in the conventions of others, against what those tools print."""

import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from coursecnn.architectures import build
from coursecnn.backend import keras, without_weights
from coursecnn.models.conventions import CONVENTIONS, compare, restate
from coursecnn.models.costs import layer_table, totals

TOOLS = json.loads(Path(__file__).with_name("resnet50_counts.json").read_text("utf-8"))
PROFILED = json.loads(Path(__file__).with_name("application_macs.json").read_text("utf-8"))
NAMES = ("torch", "fvcore", "thop", "ptflops", "ptflops 0.7", "torchinfo")
RELEASES = {
    "caffe": "stride on the first convolution",
    "torch": "stride on the second convolution",
}


@cache
def resnet50(release):
    """The course's network up to its scores; the tools were asked about one without a softmax."""
    with without_weights():
        model = build("resnet50", release=release)
        scores = keras.layers.Dense(1000)(model.layers[-1].input)
        return keras.Model(model.input, scores)


@pytest.mark.parametrize("tool", NAMES)
@pytest.mark.parametrize("release", RELEASES)
def test_resnet50_costs_what_the_tool_prints(tool, release):
    assert restate(resnet50(release), tool).count == TOOLS[RELEASES[release]][tool]


@pytest.mark.parametrize(
    ("release", "convention", "printed"),
    [
        ("caffe", "paper", 3.86),  # He et al. print 3.8, cut
        ("torch", "torchvision", 4.09),  # 4.089 in the weights' metadata
        ("torch", "fvcore", 4.11),
        ("torch", "ptflops", 4.12),
        ("torch", "ptflops 0.7", 4.13),
        ("torch", "thop", 4.13),
    ],
)
def test_every_figure_in_circulation_has_its_convention(release, convention, printed):
    assert round(restate(resnet50(release), convention).count / 1e9, 2) == printed


APPLICATIONS = PROFILED["applications"]
SAME = [name for name, row in APPLICATIONS.items() if row["restated"] == row["float_operations"]]


def test_the_profiler_is_met_or_nearly():
    assert {"VGG16", "MobileNet", "ResNet50V2"} <= set(SAME)
    for row in APPLICATIONS.values():
        assert row["restated"] == pytest.approx(row["float_operations"], rel=0.025)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=() if name in ("MobileNet", "EfficientNetB0") else pytest.mark.long
        )
        for name in APPLICATIONS
    ],
)
def test_an_application_is_restated_as_it_was(name):
    with without_weights():
        model = getattr(keras.applications, name)(weights=None)
    shape = tuple(size or 224 for size in model.input_shape[1:])
    assert restate(model, "tensorflow", input_shape=shape).count == APPLICATIONS[name]["restated"]


def test_parts_add_up_and_are_said():
    model = keras.Sequential(
        [keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 3, activation="relu", name="conv")]
    )
    found = restate(model, "ptflops")
    assert found.parts == {"products": 4 * 2 * 27, "biases": 8, "activated": 8}
    assert str(found) == "232 MACs (ptflops): products 216, biases 8, activated 8"


def test_a_comparison_has_every_convention():
    table = compare(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]))
    assert list(table["convention"]) == list(CONVENTIONS)
    counts = dict(zip(table["convention"], table["count"], strict=True))
    assert (counts["coursecnn"], counts["flops"], counts["torchinfo"]) == (12, 24, 15)


def test_a_table_and_totals_are_restated_where_products_alone_count():
    model = build("lenet5")
    table, sums = layer_table(model), totals(model)
    for name, known in CONVENTIONS.items():
        if set(known.prices) == {"products"}:
            expected = restate(model, name)
            assert restate(table, name) == restate(sums, name) == expected
            halves = (restate(part, name).count for part in (table[:4], table[4:]))
            assert sum(halves) == expected.count


JOINS = {
    "Concatenate": lambda a, b: keras.layers.Concatenate()([a, b]),
    "concatenate": lambda a, b: keras.ops.concatenate([a, b], -1),
    "stack": lambda a, b: keras.ops.stack([a, b], 1),
    "Dot": lambda a, b: keras.layers.Dot(axes=-1)([a, b]),
}


@pytest.mark.parametrize("name", JOINS)
def test_a_join_adds_nothing_that_is_not_a_product(name):
    inputs = [keras.Input((6,)), keras.Input((6,))]
    found = restate(keras.Model(inputs, JOINS[name](*inputs)), "tensorflow")
    assert found.parts == ({"products": 12} if name == "Dot" else {})


@pytest.mark.parametrize("name", ["thop", "torchinfo", "tensorflow"])
def test_what_a_table_does_not_hold_is_refused_with_the_way_out(name):
    message = f"for a table or totals, which do not hold the .* that {name!r} counts.*give the mod"
    with pytest.raises(ValueError, match=message):
        restate(layer_table(build("lenet5")), name)


@pytest.mark.parametrize("wrong", [None, 3, "resnet50", pd.DataFrame({"layer": []})])
def test_what_is_no_model_and_no_table_is_refused(wrong):
    with pytest.raises(TypeError, match="model must be a Keras model, a table from layer_table or"):
        restate(wrong, "flops")


def test_an_unknown_convention_is_refused():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match=r"convention must be one of 'coursecnn', .*, got 'mine'"):
        restate(model, "mine")
