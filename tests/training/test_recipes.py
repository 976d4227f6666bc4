"""The recipes as data: each can be built and loaded, and none that compares sees test images."""

from dataclasses import replace

import pytest

from coursecnn import architectures, datasets, training
from coursecnn.training.recipes import ABLATIONS, RECIPES


@pytest.fixture
def stand_in(monkeypatch):
    """MNIST without its files: the stand-in, 10,000 images to train on."""
    monkeypatch.setattr(datasets, "mnist", lambda: datasets.stand_in("mnist"))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_network_of_a_recipe_can_be_built(recipe):
    assert (
        architectures.build(recipe.architecture, **recipe.architecture_options).count_params() > 0
    )


def test_the_recipes_that_compare_the_poolings_differ_in_nothing_else():
    longest, mean = RECIPES["pooling_max"], RECIPES["pooling_average"]
    assert replace(longest, name=mean.name, architecture_options=mean.architecture_options) == mean
    assert (longest.architecture_options, mean.architecture_options) == (
        {"pooling": "max"},
        {"pooling": "average"},
    )


@pytest.mark.usefixtures("stand_in")
def test_a_recipe_that_holds_images_out_is_not_judged_on_the_test_images():
    data = training.load_data(RECIPES["pooling_max"])
    assert data.evaluated_on == "validation"
    assert (len(data.x_train), len(data.x_eval)) == (1000, 9000)


@pytest.mark.usefixtures("stand_in")
def test_a_recipe_that_holds_nothing_out_is_judged_on_the_test_images():
    assert training.load_data(RECIPES["mnist"]).evaluated_on == "test"


def test_test_images_are_refused_where_a_recipe_compares():
    with pytest.raises(ValueError, match=r"pooling_max is judged on held-out .* training\.load"):
        training.fit(RECIPES["pooling_max"], datasets.stand_in("mnist"), progress=False)


def test_an_unknown_pooling_is_refused_by_name():
    with pytest.raises(ValueError, match="pooling must be one of 'max', 'average', got 'median'"):
        architectures.build("mnist_tutorial", pooling="median")


def test_the_metrics_say_on_which_images_they_were_measured(monkeypatch):
    layers = training.fitting.keras.layers
    monkeypatch.setattr(
        training.fitting.architectures,
        "build",
        lambda _name, **_: training.fitting.keras.Sequential([layers.Flatten(), layers.Dense(10)]),
    )
    few = replace(RECIPES["pooling_max"], epochs=1)
    run = training.fit(few, datasets.stand_in("mnist").split_validation(0.99), progress=False)
    assert set(run.metrics) == {"validation_accuracy", "validation_loss"}


@pytest.mark.parametrize(
    ("device", "wanted", "epochs"),
    [
        ("CPU: slow", "", 1),
        ("CPU: slow", "0", 1),
        ("CPU: slow", "1", 5),
        ("GPU: fast", "0", 5),
    ],
)
def test_a_gpu_or_the_reader_decides_for_the_whole_recipe(monkeypatch, device, wanted, epochs):
    monkeypatch.setattr(training.fitting.backend, "device", lambda: device)
    monkeypatch.setenv("COURSECNN_FULL", wanted)
    assert training.affordable_epochs(RECIPES["mnist"]) == epochs


def test_without_a_wish_a_processor_measures_the_first_epoch(monkeypatch):
    monkeypatch.setattr(training.fitting.backend, "device", lambda: "CPU: slow")
    monkeypatch.delenv("COURSECNN_FULL", raising=False)
    assert training.affordable_epochs(RECIPES["mnist"]) == 1


@pytest.mark.parametrize("name", ABLATIONS)
def test_both_sides_of_a_comparison_are_trained_alike(name):
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
