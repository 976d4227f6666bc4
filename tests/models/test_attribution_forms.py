"""Every form of model gives the explanation that is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.models.attribution import activations, grad_cam, gradient, occlusion_map
from tests.models.forms import CLASSES, ENDINGS, FORMS, IMAGE, SHAPE, cam, functional, layer_called

layers, ops = keras.layers, keras.ops


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(1)


@pytest.mark.parametrize("form", FORMS)
def test_grad_cam_is_the_class_activation_map(form):
    make, layer, image, options = FORMS[form]
    model = make()
    for target in range(CLASSES):
        found = grad_cam(model, image, target, layer, **options)
        np.testing.assert_allclose(found, cam(model, target), atol=1e-6, err_msg=str(target))


@pytest.mark.parametrize("form", [form for form in FORMS if form != "nested, the whole base"])
def test_a_layer_can_be_passed_itself(form):
    make, _, image, options = FORMS[form]
    model = make()
    found = grad_cam(model, image, 1, layer_called(model, "maps"), **options)
    np.testing.assert_allclose(found, cam(model, 1), atol=1e-6)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_follows_the_scores_changes_nothing(ending):
    model = functional(ENDINGS[ending])
    for target in range(CLASSES):
        found = grad_cam(model, IMAGE, target, "maps")
        np.testing.assert_allclose(found, cam(model, target), atol=1e-6, err_msg=str(target))


AVERAGES = {
    # How two outputs are joined, and how much each counts.
    "Average": (layers.Average(), (0.5, 0.5)),
    "a sum, halved": (lambda pair: (pair[0] + pair[1]) / 2, (0.5, 0.5)),
    "ops.mean": (lambda pair: ops.mean(ops.stack(pair, axis=1), axis=1), (0.5, 0.5)),
    "weighted": (lambda pair: 0.25 * pair[0] + 0.75 * pair[1], (0.25, 0.75)),
    "Lambda": (layers.Lambda(lambda pair: 0.1 * pair[0] + 0.9 * pair[1]), (0.1, 0.9)),
    "a cast after it": (lambda pair: ops.cast(layers.Average()(pair), "float32"), (0.5, 0.5)),
}
NO_AVERAGES = {
    "Add": layers.Add(),
    "Multiply": layers.Multiply(),
    "Maximum": layers.Maximum(),
    "the first alone is used twice": lambda pair: pair[0] * pair[0] + 0 * pair[1],
}


def ensemble(join, activation="softmax"):
    """Two heads over the same maps, and what joins their answers."""
    image = keras.Input(SHAPE, name="image")
    means = layers.GlobalAveragePooling2D()(
        layers.Conv2D(4, 3, activation="relu", name="maps")(image)
    )
    heads = [layers.Dense(CLASSES, activation, name=name)(means) for name in ("one", "two")]
    return keras.Model(image, join(heads))


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("name", AVERAGES)
def test_of_an_average_of_answers_the_average_of_scores_is_explained(name, activation):
    join, weights = AVERAGES[name]
    model = ensemble(join, activation)
    maps = ops.convert_to_numpy(layer_called(model, "maps")(IMAGE[None].astype("float32")))[0]
    for target in range(CLASSES):
        kernel = sum(
            weight * ops.convert_to_numpy(layer_called(model, head).kernel)[:, target]
            for weight, head in zip(weights, ("one", "two"), strict=True)
        )
        whole = maps @ kernel
        expected = np.maximum(whole, 0) / whole.size
        found = grad_cam(model, IMAGE, target, "maps")
        np.testing.assert_allclose(found, expected, atol=1e-6, err_msg=str(target))


@pytest.mark.parametrize("name", NO_AVERAGES)
def test_what_is_no_average_is_asked_as_it_is(name):
    model = ensemble(NO_AVERAGES[name])
    image = IMAGE[None].astype("float32")
    maps = ops.convert_to_numpy(layer_called(model, "maps")(image))
    slopes = gradient(
        keras.Model(model.get_layer("maps").output, model.output), maps, np.eye(CLASSES)[[1]]
    )
    expected = np.maximum((slopes.mean(axis=(1, 2)) * maps[0]).sum(axis=-1), 0)
    np.testing.assert_allclose(grad_cam(model, IMAGE, 1, "maps"), expected, atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_asking_leaves_the_model_as_it_is(form):
    make, layer, image, options = FORMS[form]
    model = make()
    before = [weight.copy() for weight in model.get_weights()]
    answers = model_answers(model, image)
    grad_cam(model, image, 0, layer, **options)
    assert all(map(np.array_equal, model.get_weights(), before))
    assert all(map(np.array_equal, model_answers(model, image), answers))


def model_answers(model, image):
    def batched(part):
        return np.asarray(part, "float32")[None]

    given = (
        {name: batched(part) for name, part in image.items()}
        if isinstance(image, dict)
        else [batched(part) for part in image]
        if isinstance(image, list)
        else batched(image)
    )
    return [keras.ops.convert_to_numpy(x) for x in keras.tree.flatten(model(given))]


def with_image(given, image):
    """What a form of model takes, with another image."""
    if isinstance(given, dict):
        return {**given, "image": image}
    return [image, *given[1:]] if isinstance(given, list) else image


@pytest.mark.parametrize("form", FORMS)
def test_occlusion_is_what_hiding_costs(form):
    make, _, given, options = FORMS[form]
    model = make()
    number = 1 if options else 0
    hidden = IMAGE.copy()
    hidden[:, :7] = 0.5
    before, after = (
        model_answers(model, with_image(given, image))[number] for image in (IMAGE, hidden)
    )

    found = occlusion_map(model, given, 2, patch=7, stride=7, fill=0.5, **options)

    np.testing.assert_allclose(found[0, 0], (before - after)[0, 2], atol=1e-6)


def linear(make):
    """Scores that are sums of weights times pixels, and these weights."""
    model = make()
    return model, ops.convert_to_numpy(layer_called(model, "linear").kernel).reshape(*SHAPE, -1)


def linear_functional():
    image = keras.Input(SHAPE)
    return keras.Model(image, layers.Dense(CLASSES, name="linear")(layers.Flatten()(image)))


def linear_sequential():
    return keras.Sequential(
        [keras.Input(SHAPE), layers.Flatten(), layers.Dense(CLASSES, name="linear")]
    )


def linear_lazy():
    model = keras.Sequential([layers.Flatten(), layers.Dense(CLASSES, name="linear")])
    model.build((None, *SHAPE))
    return model


def linear_nested():
    image = keras.Input(SHAPE)
    return keras.Model(image, linear_sequential()(image))


def linear_operations():
    image = keras.Input(SHAPE)
    flat = ops.reshape(image * 2, (-1, int(np.prod(SHAPE))))
    return keras.Model(image, layers.Dense(CLASSES, lambda x: x, name="linear")(flat / 2))


class LinearModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.dense = layers.Flatten(), layers.Dense(CLASSES, name="linear")

    def call(self, image):
        return self.dense(self.flat(image))


def linear_subclassed():
    model = LinearModel()
    model(IMAGE[None].astype("float32"))
    return model


LINEAR = [
    linear_functional,
    linear_sequential,
    linear_lazy,
    linear_nested,
    linear_operations,
    linear_subclassed,
]


@pytest.mark.parametrize("make", LINEAR)
def test_the_gradient_of_a_linear_model_is_its_weights(make):
    model, weights = linear(make)
    direction = np.random.default_rng(1).normal(size=(2, CLASSES))
    found = gradient(model, np.stack([IMAGE, IMAGE / 2]), direction)
    np.testing.assert_allclose(found, np.moveaxis(weights @ direction.T, -1, 0), atol=1e-5)


@pytest.mark.parametrize("make", LINEAR)
def test_occlusion_of_a_linear_model_adds_up_its_weights(make):
    model, weights = linear(make)
    found = occlusion_map(model, IMAGE, 1, patch=1, stride=1, fill=0.25)
    np.testing.assert_allclose(found, (weights[..., 1] * (IMAGE - 0.25)).sum(-1), atol=1e-5)


def test_gradients_of_several_inputs_and_outputs_come_in_their_form():
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    model = keras.Model([a, b], [a * 2, layers.Concatenate()([a, b])])
    values, ways = [np.ones((1, 2)), np.ones((1, 3))], [np.ones((1, 2)), np.arange(5.0)[None]]

    found = gradient(model, values, ways)
    named = gradient(model, {"b": values[1], "a": values[0]}, ways)

    assert [part.tolist() for part in found] == [[[2, 3]], [[2, 3, 4]]]
    assert {name: part.tolist() for name, part in named.items()} == {
        "a": [[2, 3]],
        "b": [[2, 3, 4]],
    }


@pytest.mark.parametrize("ending", [layers.Activation("sigmoid"), ops.sigmoid])
def test_of_one_sigmoid_unit_both_classes_can_be_asked(ending):
    model = functional(ending, units=1)
    maps = ops.convert_to_numpy(layer_called(model, "maps")(IMAGE[None].astype("float32")))[0]
    score = maps @ ops.convert_to_numpy(layer_called(model, "scores").kernel)[:, 0]

    for target, sign in ((1, 1), (0, -1)):
        found = grad_cam(model, IMAGE, target, "maps")
        np.testing.assert_allclose(found, np.maximum(sign * score, 0) / score.size, atol=1e-6)

    falls = [occlusion_map(model, IMAGE, target, 3, 3) for target in (0, 1)]
    np.testing.assert_allclose(falls[0], -falls[1], atol=1e-7)
    with pytest.raises(ValueError, match="target must be a class from 0 to 1, got 2"):
        grad_cam(model, IMAGE, 2, "maps")


def test_of_one_linear_unit_there_is_one_score():
    model = functional(units=1)
    with pytest.raises(ValueError, match="target must be a class from 0 to 0, got 1"):
        grad_cam(model, IMAGE, 1, "maps")
    assert grad_cam(model, IMAGE, 0, "maps").shape == (5, 7)


def segmentation(activation="softmax"):
    image = keras.Input(SHAPE, name="image")
    maps = layers.Conv2D(4, 1, activation="relu", name="maps")(image)
    return keras.Model(image, layers.Conv2D(CLASSES, 1, activation=activation, name="scores")(maps))


@pytest.mark.parametrize("activation", ["softmax", None])
def test_a_place_of_a_segmentation_can_be_asked(activation):
    model = segmentation(activation)
    maps = ops.convert_to_numpy(layer_called(model, "maps")(IMAGE[None].astype("float32")))[0]
    kernel = ops.convert_to_numpy(layer_called(model, "scores").kernel)[0, 0]
    expected = np.maximum(maps @ kernel[:, 2], 0) / maps[..., 0].size

    np.testing.assert_allclose(grad_cam(model, IMAGE, (3, 4, 2), "maps"), expected, atol=1e-6)

    fall = occlusion_map(model, IMAGE, (3, 4, 2), patch=1, stride=1)
    assert np.flatnonzero(fall.round(9)).tolist() == [3 * SHAPE[1] + 4]
    for target in (2, (3, 4), (3, 4, 3), (7, 0, 0), (0, 0, True)):
        with pytest.raises(ValueError, match=r"target must be a tuple, .* below \(7, 9, 3\), got"):
            grad_cam(model, IMAGE, target, "maps")


@pytest.mark.parametrize("target", [np.int64(1), np.array(1), np.flatnonzero([0, 1])[0]])
def test_a_target_may_be_an_integer_of_numpy(target):
    model = functional()
    np.testing.assert_array_equal(
        grad_cam(model, IMAGE, target, "maps"), grad_cam(model, IMAGE, 1, "maps")
    )


@pytest.mark.parametrize("target", [3.0, 1.0, True, np.True_, None, "1", -1, 3, (0, 1)])
def test_any_other_target_is_refused(target):
    for ask in (
        lambda: grad_cam(functional(), IMAGE, target, "maps"),
        lambda: occlusion_map(functional(), IMAGE, target, 3, 3),
    ):
        with pytest.raises(ValueError, match="target must be a class from 0 to 2, got"):
            ask()


def shared():
    """A convolution that is used twice in a chain."""
    image = keras.Input(SHAPE)
    twice = layers.Conv2D(2, 3, padding="same", name="maps")
    first = twice(image)
    return keras.Model(image, dense_on_mean(twice(layers.ReLU(name="between")(first))))


def dense_on_mean(maps):
    return layers.Dense(CLASSES, name="scores")(layers.GlobalAveragePooling2D()(maps))


def test_of_a_shared_layer_the_use_is_said():
    model = shared()
    layer = model.get_layer("maps")
    with pytest.raises(ValueError, match="call must say which of the 2 uses of 'maps' is meant"):
        grad_cam(model, IMAGE, 0, "maps")
    with pytest.raises(ValueError, match="call must be a use of 'maps' from 0 to 1, got 2"):
        grad_cam(model, IMAGE, 0, "maps", call=2)

    last = grad_cam(model, IMAGE, 0, "maps", call=1)
    first = grad_cam(model, IMAGE, 0, layer, call=0)

    x = ops.convert_to_tensor(IMAGE[None].astype("float32"))
    one = ops.convert_to_numpy(layer(x))[0]
    two = ops.convert_to_numpy(layer(ops.relu(layer(x))))[0]
    kernel = ops.convert_to_numpy(model.get_layer("scores").kernel)[:, 0]
    np.testing.assert_allclose(last, np.maximum(two @ kernel, 0) / 63, atol=1e-6)
    np.testing.assert_allclose(activations(model, IMAGE, "maps", call=0), one, atol=1e-6)
    assert not np.allclose(first, last)


REFUSED = {
    "a layer of neither output": (
        lambda: grad_cam(FORMS["two outputs"][0](), IMAGE, 0, "nowhere", output=0),
        "layer must be one with rows and columns, such as maps, got 'nowhere'",
    ),
    "no output": (
        lambda: grad_cam(FORMS["two outputs"][0](), IMAGE, 0, "maps"),
        "output must be one of 'other', 'scores', or a number from 0 to 1, got None",
    ),
    "one image for two inputs": (
        lambda: grad_cam(FORMS["two inputs"][0](), IMAGE, 0, "maps"),
        "image must be a list of 2 arrays or a dictionary, for 'image', 'size', got ndarray",
    ),
    "a wrong name": (
        lambda: grad_cam(FORMS["two inputs"][0](), {"image": IMAGE, "b": IMAGE}, 0, "maps"),
        r"image must be given for 'image', 'size', got \['b', 'image'\]",
    ),
    "a wrong shape of one": (
        lambda: grad_cam(FORMS["two inputs"][0](), [IMAGE, np.ones(3)], 0, "maps"),
        r"image must have the shape \(2,\) for the input 'size', got \(3,\)",
    ),
    "an input without rows": (
        lambda: occlusion_map(FORMS["two inputs"][0](), [IMAGE, np.ones(2)], 0, input="size"),
        r"input must be one with images .* got 'size' with \(2,\)",
    ),
    "a model that cannot be followed": (
        lambda: grad_cam(Unfollowed(), IMAGE, 0, "maps"),
        "layer 'unfollowed' of type Unfollowed cannot be followed: its call must use layers",
    ),
    "whole numbers": (
        lambda: gradient(words_model(), np.zeros((1, 4), int), np.ones((1, 4, 2))),
        "inputs must be real numbers to differentiate, got 'words' of int",
    ),
    "a direction of another shape": (
        lambda: gradient(linear_functional(), IMAGE[None], np.ones((1, 2))),
        r"direction must have the shape \(1, 3\) of the output .*, got \(1, 2\)",
    ),
}


class Unfollowed(keras.Model):
    """A model that looks at the values, which a symbolic tensor does not have."""

    def call(self, image):
        if float(ops.sum(image)) > 0:
            return ops.mean(image, axis=(1, 2))
        return ops.max(image, axis=(1, 2))


def words_model():
    words = keras.Input((4,), dtype="int32", name="words")
    return keras.Model(words, layers.Embedding(5, 2)(words))


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_asked_is_refused_in_words(case):
    call, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        call()


def test_the_precision_is_said_by_the_result():
    assert grad_cam(functional(), IMAGE, 0, "maps").dtype == "float64"
    assert grad_cam(FORMS["own activation"][0](), IMAGE, 0, "maps").dtype == "float32"
