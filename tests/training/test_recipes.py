"""The recipes as data: each can be built, and none that compares sees test images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coursecnn import architectures
from coursecnn.backend import without_weights
from coursecnn.evidence import records
from coursecnn.training.recipes import ABLATIONS, LADDER, LEAGUE, OWN_RATES, PILOT, RECIPES, Recipe

# The league is recorded run by run, in the order of `benchmarks.league`; a part of it is there.
PLANNED = {recipe.name for recipe in (*LEAGUE.values(), *PILOT.values())}
FEW = ("best", "ladder_", "lenet5", "lab", *ABLATIONS)  # whose runs take minutes


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_network_of_a_recipe_can_be_built(recipe):
    with without_weights():
        network = architectures.build(recipe.architecture, **recipe.architecture_options)
    assert network.count_params() > 0


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_filed_under_its_own_name(name):
    assert RECIPES[name].name == name


@pytest.mark.parametrize("name", sorted(PLANNED))
def test_what_is_recorded_of_the_league_was_made_with_its_recipe(name):
    if (records.SHIPPED / f"{name}.json").exists():
        record = records.read(name)
        assert Recipe.from_json(record.recipe) == RECIPES[name]
        assert record.data.official


@pytest.mark.parametrize("name", sorted(RECIPES.keys() - PLANNED))
def test_every_recipe_has_a_record_that_was_made_with_it(name):
    record = records.read(name)

    assert Recipe.from_json(record.recipe) == RECIPES[name]
    assert record.data.official
    # Three of those: the fewest that give a spread worth printing.
    assert len(record.runs) >= (3 if name.startswith(FEW) else 5)


def test_no_record_is_shipped_that_nothing_can_repeat():
    shipped = {path.stem for path in records.SHIPPED.glob("*.json")}
    times = {"best_time", "counting_time", "epoch_time", "float32_time", "forward_time"}
    times |= {"batch_time", "mirror", "race_time", "scaling", "transfer"}
    assert shipped - times - PLANNED == set(RECIPES) - PLANNED
    benchmarks = Path(__file__).parents[2] / "benchmarks"
    assert times <= {path.stem for path in benchmarks.glob("*.py")}


def test_the_recipes_that_compare_the_poolings_differ_in_nothing_else():
    longest, mean = RECIPES["pooling_max"], RECIPES["pooling_average"]
    options = mean.architecture_options
    assert replace(longest, name=mean.name, architecture_options=options) == mean
    assert longest.architecture_options == {"pooling": "max"}
    assert options == {"pooling": "average"}


@pytest.mark.parametrize("name", ABLATIONS)
def test_both_sides_of_an_ablation_are_trained_alike(name):
    recipe = RECIPES[name]
    question = name.partition("_")[0]
    sides = [RECIPES[other] for other in ABLATIONS if other.startswith(question)]
    for side in [*sides, *([RECIPES["degradation_residual44"]] if question == "order" else [])]:
        same = {
            "name": name,
            "architecture": recipe.architecture,
            "architecture_options": recipe.architecture_options,
        }
        assert replace(side, **same) == recipe
    assert len(sides) > 1 or question == "order"
    assert recipe.validation_split > 0


def test_the_ladder_leads_from_the_lecture_to_the_fast_recipe():
    rungs = [RECIPES[f"ladder_{name}"] for name in LADDER]
    lab, fast = RECIPES["lab"], RECIPES["fast"]

    first, last = rungs[0], [rungs[i] for i, rung in enumerate(LADDER.values()) if rung.kept][-1]
    end = {"validation_split": 0.0, "evaluate_every_epoch": True}
    assert replace(first, name="lab", epochs=20, **end) == lab
    assert replace(last, name="fast", **end) == fast
    assert all(rung.validation_split > 0 and not rung.evaluate_every_epoch for rung in rungs)


def test_each_rung_changes_what_it_says_and_nothing_else():
    below = None
    for name, rung in LADDER.items():
        recipe = RECIPES[f"ladder_{name}"]
        if below is not None:
            assert replace(below, name=recipe.name, **rung.changes) == recipe
            assert recipe != replace(below, name=recipe.name), "it changes nothing"
        below = recipe if rung.kept else below


def test_the_arms_of_the_league_are_trained_alike():
    """But for the rate of those that diverge at the others' rate."""
    plain = LEAGUE["plain"]
    for arm, recipe in LEAGUE.items():
        own = {"name": plain.name, "architecture_options": plain.architecture_options}
        if arm in OWN_RATES:
            own["learning_rate"] = plain.learning_rate
        assert replace(recipe, **own) == plain
        assert recipe.architecture_options == {"arm": arm}
    assert plain.validation_split > 0


def test_the_pilot_tries_rates_and_changes_nothing_else_but_the_epochs():
    for (arm, rate), recipe in PILOT.items():
        same = {"name": recipe.name, "epochs": recipe.epochs, "learning_rate": rate}
        assert replace(LEAGUE[arm], **same) == recipe


def best_rate(*arms):
    """The rate with the best mean of these arms in the recorded pilot."""
    rates = {rate for arm, rate in PILOT if arm == arms[0]}

    def mean(rate):
        found = [records.read(PILOT[arm, rate].name).values("validation_accuracy") for arm in arms]
        return np.mean(found)

    return max(rates, key=mean)


@pytest.mark.skipif(
    not all((records.SHIPPED / f"{recipe.name}.json").exists() for recipe in PILOT.values()),
    reason="the pilot is not recorded yet",
)
def test_the_rates_of_the_league_are_those_that_the_pilot_found_best():
    assert LEAGUE["plain"].learning_rate == best_rate("plain", "residual20")
    assert {arm: best_rate(arm) for arm in OWN_RATES} == OWN_RATES
