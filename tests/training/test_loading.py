"""The images of a recipe, and images that nothing can be trained on."""

from dataclasses import replace

import numpy as np
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


DATA = tiny_dataset()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"x_train": DATA.x_train / 255},
            r"x_train must hold bytes, .* got float64 from 0.* to .*undo your own division",
        ),
        (
            {"x_train": (DATA.x_train / 255).astype("uint8")},
            "x_train must hold bytes, .* got uint8 from 0 to 0",
        ),
        ({"x_eval": DATA.x_eval.astype("float32")}, "x_eval must hold bytes, .* got float32"),
        ({"x_train": DATA.x_train[:0], "y_train": DATA.y_train[:0]}, "x_train .* at least one"),
        ({"x_eval": DATA.x_eval[:0], "y_eval": DATA.y_eval[:0]}, "x_eval .* at least one image"),
        ({"x_train": DATA.x_train[..., 0]}, r"x_train .* \(count, height, width, channels\), got"),
        ({"x_eval": DATA.x_eval[:, :4]}, r"x_eval must hold images like those of x_train"),
        ({"y_train": DATA.y_train[:5]}, r"y_train must hold a label per image, shape \(30,\)"),
        ({"y_train": DATA.y_train[:, None]}, r"got \(30, 1\); use labels\.ravel\(\)"),
        ({"y_train": DATA.y_train + 1}, "y_train must hold ints from 0 to 1, .*uint8 from 1 to 2"),
        ({"y_eval": DATA.y_eval.astype(float)}, "y_eval must hold ints from 0 to 1, .* float64"),
    ],
)
def test_images_and_labels_that_cannot_be_trained_on_are_refused_with_the_cure(
    change, message, monkeypatch
):
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(ValueError, match=message):
        fit_tiny(dataset=replace(DATA, **change))


def test_the_cure_is_one():
    cured = (255 * (DATA.x_train / 255)).round().astype("uint8")
    np.testing.assert_array_equal(cured, DATA.x_train)


def test_labels_of_another_integer_type_are_labels():
    wide = replace(DATA, y_train=DATA.y_train.astype("int64"))

    assert fit_tiny(TINY, wide).run.curves == fit_tiny(TINY, DATA).run.curves
