"""The images of a recipe, and images that nothing can be trained on."""

from dataclasses import replace

import pytest

from coursecnn import datasets, training
from coursecnn.backend import keras
from coursecnn.training.recipes import RECIPES
from tests.small_runs import TINY, fit_tiny, tiny_dataset


@pytest.fixture
def stand_in(monkeypatch):
    """MNIST without its files: the stand-in, 10,000 images to train on."""
    monkeypatch.setattr(datasets, "mnist", lambda: datasets.stand_in("mnist"))


@pytest.mark.usefixtures("stand_in")
def test_a_recipe_with_a_validation_set_is_not_evaluated_on_the_test_images():
    data = training.load_data(RECIPES["pooling_max"])
    assert (data.evaluated_on, len(data.x_train), len(data.x_eval)) == ("validation", 1000, 9000)


@pytest.mark.usefixtures("stand_in")
def test_a_recipe_without_one_is_evaluated_on_the_test_images():
    assert training.load_data(RECIPES["mnist"]).evaluated_on == "test"


def test_test_images_are_refused_where_a_recipe_compares():
    message = r"pooling_max is evaluated on a validation set, .* training\.load_data"
    with pytest.raises(ValueError, match=message):
        training.fit(RECIPES["pooling_max"], datasets.stand_in("mnist"), progress=False)


def test_another_dataset_than_the_recipe_names_is_refused():
    with pytest.raises(ValueError, match="recipe tiny trains on mnist, got cifar10"):
        fit_tiny(dataset=replace(tiny_dataset(), name="cifar10"))


def test_images_that_were_divided_by_255_and_cut_are_refused_before_anything_is_trained(
    monkeypatch,
):
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: pytest.fail("trained"))
    data = tiny_dataset()
    dark = replace(data, x_train=(data.x_train / 255).astype("uint8"))
    with pytest.raises(ValueError, match=r"x_train must hold bytes from 0 to 255, .*undo your own"):
        fit_tiny(dataset=dark)


def test_images_of_one_s_own_go_with_a_recipe_of_the_course():
    data = tiny_dataset()
    mine = datasets.from_arrays(
        "squares", data.x_train, data.y_train, data.x_eval, data.y_eval, classes=data.classes
    )

    assert fit_tiny(dataset=mine).run.curves == fit_tiny(dataset=data).run.curves
    with pytest.raises(ValueError, match=r"dataset\.split_validation\(0\.2\)"):
        fit_tiny(replace(TINY, validation_split=0.2), mine)
