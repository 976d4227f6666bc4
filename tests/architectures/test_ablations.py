"""Both sides of each comparison: what they share, and what they do not."""

import pytest

from coursecnn.models import costs
from coursecnn.training.recipes import ABLATIONS
from tests.outlines import outline


def side(recipe):
    """Return the network of a recipe, to be counted and looked at."""
    architecture, options = ABLATIONS[recipe]
    return outline(architecture, **options)


def totals(recipe):
    return costs.totals(side(recipe))


def types(recipe):
    return [type(layer).__name__ for layer in side(recipe).layers]


def test_bottlenecks_save_two_thirds_of_the_multiplications_or_buy_three_times_the_modules():
    naive, bottleneck = totals("inception_naive").macs, totals("inception_bottleneck").macs
    assert 3 * bottleneck < naive
    assert 0.8 * naive < totals("inception_bottleneck_deep").macs < naive


@pytest.mark.parametrize("depth", [20, 44])
def test_shortcuts_add_no_parameters(depth):
    plain, residual = f"degradation_plain{depth}", f"degradation_residual{depth}"
    assert totals(plain).params == totals(residual).params
    assert totals(plain).macs == totals(residual).macs
    assert "Add" not in types(plain)
    assert types(residual).count("Add") == (depth - 2) // 2


def test_preactivation_changes_the_order_and_not_the_convolutions():
    before, behind = types("order_preactivation"), types("degradation_residual44")
    assert before.count("Add") == behind.count("Add")
    assert before[-5:-2] == ["Add", "BatchNormalization", "ReLU"]
    assert behind[-4:-2] == ["Add", "ReLU"]


def test_the_wide_network_multiplies_no_more_than_the_deep_one():
    assert 0.9 * totals("shape_deep").macs < totals("shape_wide").macs <= totals("shape_deep").macs


@pytest.mark.parametrize(
    ("architecture", "options", "message"),
    [
        ("degradation", {"depth": 21}, "depth must be 6n . 2 layers, such as 20 or 56, got 21"),
        ("inception", {"modules": 0}, "modules must be a positive int, got 0"),
        ("inception", {"bottleneck": "yes"}, "bottleneck must be one of True, False, got 'yes'"),
    ],
)
def test_a_side_that_does_not_exist_is_refused(architecture, options, message):
    with pytest.raises(ValueError, match=message):
        outline(f"ablation_{architecture}", **options)
