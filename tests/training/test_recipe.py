"""A recipe refuses what it cannot have, by the field's name, and cannot be changed."""

import copy
import json
import pickle
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursecnn.training.recipes import RECIPES, Recipe

GOOD = RECIPES["best"]
COUNTS = ("epochs", "batch_size", "progressive_size")
DISTANCES = ("translate", "cutout", "progressive_epochs", "tta_translate")
FLAGS = ("whiten", "alternating_flip", "evaluate_every_epoch", "tta_flip")
CHOICES = ("dataset", "optimizer", "schedule", "loss", "precision")
FRACTIONS = ("label_smoothing", "validation_split")
MAPPINGS = ("optimizer_options", "architecture_options")

not_finite = st.sampled_from([float("nan"), float("inf"), -float("inf")])
texts = st.text(max_size=8)
others = st.one_of(st.binary(max_size=3), st.lists(st.integers(), max_size=2), st.just(object()))
no_int = st.one_of(st.floats(), st.booleans(), texts, st.none(), others)
no_number = st.one_of(not_finite, st.booleans(), texts, st.none(), others)
no_text = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), others)
names = texts.filter(lambda text: not text[:1].isalnum() or "/" in text or " " in text)

WRONG = {
    **dict.fromkeys(COUNTS, st.one_of(no_int, st.integers(max_value=0))),
    **dict.fromkeys(DISTANCES, st.one_of(no_int, st.integers(max_value=-1))),
    **dict.fromkeys(FLAGS, st.one_of(st.integers(), st.floats(), texts, st.none(), others)),
    **dict.fromkeys(CHOICES, st.one_of(no_text, texts)),
    **dict.fromkeys(
        FRACTIONS, st.one_of(no_number, st.floats(min_value=1), st.floats(max_value=-1e-9))
    ),
    **dict.fromkeys(MAPPINGS, st.one_of(no_text, texts)),
    "name": st.one_of(no_text, names),
    "architecture": st.one_of(no_text.filter(lambda value: value is not None), texts),
    "learning_rate": st.one_of(no_number, st.floats(max_value=0)),
}


def test_every_field_is_checked():
    assert set(WRONG) == {field.name for field in fields(Recipe)}


@given(st.data())
def test_any_field_of_a_wrong_type_or_range_is_refused_by_its_name(data):
    field = data.draw(st.sampled_from(sorted(WRONG)))
    value = data.draw(WRONG[field])

    with pytest.raises(ValueError, match=rf"^{field}.* must be .*got "):
        replace(GOOD, **{field: value})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schedule": "cosine"}, "'constant', 'linear', 'one_cycle', got 'cosine'"),
        ({"precision": "float46"}, "'float32', 'mixed_bfloat16', got 'float46'"),
        ({"dataset": "fashion"}, "'mnist', 'cifar10', got 'fashion'"),
        ({"optimizer": "adamm"}, "'adadelta', .*'adam', .*'sgd', got 'adamm'"),
        ({"architecture": "lenet6"}, r"architectures\.names\(\), such as lenet5, .*got 'lenet6'"),
        ({"alternating_flip": "no"}, "alternating_flip must be True or False, got 'no'"),
        ({"label_smoothing": 1.5}, "label_smoothing must be .*at least 0, below 1, got 1.5"),
        ({"name": "../../etc"}, "name must be letters, digits"),
        ({"optimizer_options": {"speed": 1}}, "settings of coursecnn>BiasedSGD, .*got speed"),
        ({"optimizer_options": {"learning_rate": 1}}, "without the learning rate, got learning_"),
        ({"optimizer_options": {"momentum": float("nan")}}, r"optimizer_options\['momentum'\]"),
        ({"architecture_options": {1: 2}}, "each key of architecture_options must be a text"),
        ({"loss": "mse"}, "loss must be one of 'sparse_categorical_crossentropy', got 'mse'"),
    ],
)
def test_a_refusal_says_what_is_allowed(fields, message):
    with pytest.raises(ValueError, match=message):
        replace(GOOD, **fields)


def test_numpy_s_numbers_are_kept_as_python_s():
    recipe = replace(
        GOOD,
        epochs=np.int64(3),
        learning_rate=np.float32(0.5),
        tta_flip=np.bool_(False),
        optimizer_options={"momentum": np.float64(0.5)},
        architecture_options={"input_shape": [np.int32(32), 32, 3]},
    )

    assert (recipe.epochs, recipe.learning_rate, recipe.tta_flip) == (3, 0.5, False)
    kept = (
        recipe.epochs,
        recipe.learning_rate,
        recipe.tta_flip,
        *recipe.optimizer_options.values(),
    )
    assert [type(value) for value in kept] == [int, float, bool, float]
    assert recipe.architecture_options == {"input_shape": (32, 32, 3)}
    json.dumps(asdict(recipe))


@pytest.mark.parametrize(
    "change",
    [
        lambda options: options.__setitem__("momentum", 0.0),
        lambda options: options.pop("momentum"),
        lambda options: options.update(momentum=0.0),
        lambda options: options.clear(),
        lambda options: options.setdefault("other", 1),
        lambda options: options.__ior__({"momentum": 0.0}),
        lambda options: options.__delitem__("momentum"),
        lambda options: options.popitem(),
    ],
)
def test_the_options_of_a_shipped_recipe_cannot_be_changed(change):
    before = asdict(GOOD)
    with pytest.raises(TypeError, match="this mapping cannot be changed"):
        change(GOOD.optimizer_options)
    assert asdict(GOOD) == before


def test_what_a_recipe_was_made_of_may_change_afterwards():
    options = {"momentum": 0.9}
    recipe = replace(GOOD, optimizer_options=options)
    options["momentum"] = 0.0

    assert recipe.optimizer_options == {"momentum": 0.9}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_can_be_hashed_copied_pickled_and_written_as_json(recipe):
    assert len({recipe, copy.deepcopy(recipe), pickle.loads(pickle.dumps(recipe))}) == 1
    assert Recipe.from_json(json.loads(json.dumps(recipe.as_json()))) == recipe


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"mood": 1}, "recipe: unknown field mood; a newer coursecnn may know it"),
        ({"watched": True}, "recipe: unknown field watched"),
        ({"epochs": "5"}, "epochs must be a positive int, got '5'"),
    ],
)
def test_a_recipe_of_a_file_is_checked_too(content, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_json(GOOD.as_json() | content)
    with pytest.raises(ValueError, match="recipe: missing field dataset, epochs"):
        Recipe.from_json({"name": "mine", "architecture": None})


@pytest.mark.parametrize(
    ("old", "new"),
    [("watched", "evaluate_every_epoch"), ("mirrored", "alternating_flip"), ("held_out", "val")],
)
def test_the_old_name_of_a_field_is_answered_with_the_new_one(old, new):
    message = f"Recipe has no field '{old}': it is '{new}.*since coursecnn 0.2"
    with pytest.raises(TypeError, match=message):
        Recipe("mine", None, "mnist", epochs=1, **{old: 1})
    with pytest.raises(TypeError, match=message):
        replace(GOOD, **{old: 1})
    with pytest.raises(AttributeError, match=message):
        getattr(GOOD, old)
    with pytest.raises(AttributeError, match="'Recipe' object has no attribute 'mood'"):
        GOOD.mood  # noqa: B018
