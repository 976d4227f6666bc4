"""The arms of the league: what they cost, and that they differ in what they say."""

from itertools import chain

import numpy as np
import pytest

from benchmarks import league as plan
from coursecnn.architectures.league import ARMS, EQUAL, PAIRS, league
from coursecnn.backend import keras, without_weights
from coursecnn.evidence import records
from coursecnn.models import costs


def outline(arm, **options):
    with without_weights():
        return league(arm=arm, **options)


def convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_is_a_network_of_the_frame(arm):
    model = outline(arm, classes=7)
    assert model.output_shape == (None, 7)
    assert outline(arm, top=False).output_shape[1:3] == (4, 4)
    assert model.layers[1].name == "stem_conv"
    assert ARMS[arm].idea
    assert ARMS[arm].source


@pytest.mark.parametrize("arm", EQUAL)
def test_equal_arms_multiply_ten_million_times_within_five_per_cent(arm):
    assert abs(costs.totals(outline(arm)).macs / 10e6 - 1) < 0.05


def test_counts_agree_with_those_made_by_hand():
    """The frame with two 3×3 convolutions of 28, 56 and 112 filters on 16×16, 8×8 and 4×4 maps."""
    stem = 1024 * 27 * 28
    stages = 9 * (256 * 28 * 56 + 64 * (28 + 56) * 56 + 16 * (56 + 112) * 112)
    assert costs.totals(outline("plain")).macs == stem + stages + 112 * 10


def test_the_others_differ_from_their_shallow_twins_in_depth_alone():
    for shallow, deep in (("plain20", "plain56"), ("residual20", "residual56")):
        assert (ARMS[shallow].unit, ARMS[shallow].filters) == (ARMS[deep].unit, ARMS[deep].filters)
        depths = [len(convolutions(outline(arm))) + 1 for arm in (shallow, deep)]
        assert depths == [int(arm[-2:]) for arm in (shallow, deep)]


def test_each_arm_is_in_a_pair_and_each_pair_is_asked_once():
    assert {arm for pair in PAIRS for arm in (pair.new, pair.old)} == set(ARMS)
    assert len({frozenset((pair.new, pair.old)) for pair in PAIRS}) == len(PAIRS)
    assert len({pair.idea for pair in PAIRS}) == len(PAIRS)


def test_pairs_cost_the_same_unless_they_say_so():
    for new, old, idea in PAIRS:
        same = (new in EQUAL) == (old in EQUAL)
        assert same == (not idea.endswith("(costs more)"))


TWINS = (
    ("plain20", "residual20"),
    ("plain", "average_pooling"),
    ("unnormalised", "tanh"),
    ("deep", "stochastic_depth"),
    ("fractal", "drop_path"),
    ("preactivation", "chain"),
)


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_twins_have_the_same_weights(one, other):
    shapes = [
        sorted(tuple(weight.shape) for weight in outline(arm).trainable_weights)
        for arm in (one, other)
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.slow
def test_dropped_columns_are_all_there_when_it_counts():
    whole, dropping = league(arm="fractal"), league(arm="drop_path")
    for layer in whole.layers:
        if layer.weights:
            dropping.get_layer(layer.name).set_weights(layer.get_weights())
    images = np.random.default_rng(0).random((2, 32, 32, 3), dtype="float32")
    np.testing.assert_allclose(whole(images), dropping(images), atol=1e-5)
    assert not np.allclose(whole(images, training=True), dropping(images, training=True))


def test_the_plan_asks_each_arm_once_and_keeps_its_seeds_side_by_side():
    asked = list(chain.from_iterable(plan.QUESTIONS.values()))
    assert sorted(asked) == sorted(ARMS)
    runs = [run for run in plan.plan() if run.seed in plan.SEEDS]
    assert len(runs) == len(set(runs_of(runs))) == len(ARMS) * len(plan.SEEDS)
    for arms in plan.QUESTIONS.values():
        own = [run.seed for run in runs if run.recipe.architecture_options["arm"] in arms]
        assert own == [seed for seed in plan.SEEDS for _ in arms]


def runs_of(runs):
    return [(run.recipe.name, run.seed) for run in runs]


def test_what_is_recorded_is_not_planned_again(tmp_path):
    first, *_ = plan.plan()
    assert plan.is_missing(first, tmp_path)
    shipped = records.SHIPPED / f"{first.recipe.name}.json"
    (tmp_path / shipped.name).write_bytes(shipped.read_bytes())
    assert not plan.is_missing(first, tmp_path)
