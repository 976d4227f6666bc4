"""Occlusion, Grad-CAM and gradients, against answers that are known without them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.models.attribution import grad_cam, gradient, occlusion_map

SHAPE = (7, 9, 2)
CLASSES = 3
RNG = np.random.default_rng(0)
IMAGE = RNG.random(SHAPE)


def linear() -> keras.Model:
    """Scores that are sums of weights times pixels."""
    image = keras.Input(SHAPE)
    return keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.Flatten()(image)))


def pooled(activation: str | None = None, dropout: float = 0.0) -> keras.Model:
    """A convolution, the mean of each of its maps, and a dense layer: the network of CAM."""
    keras.utils.set_random_seed(1)
    image = keras.Input(SHAPE)
    maps = keras.layers.Conv2D(4, 3, activation="relu", name="maps")(image)
    maps = keras.layers.Dropout(dropout)(maps)
    means = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.Model(image, keras.layers.Dense(CLASSES, activation, name="scores")(means))


def said(model: keras.Model, image: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(image[np.newaxis].astype("float32")))[0]


def class_activation_map(model: keras.Model, image: np.ndarray, target: int) -> np.ndarray:
    """Zhou et al. (2016): the maps, weighted by the dense layer's weights for the class."""
    maps = said(keras.Model(model.input, model.get_layer("maps").output), image)
    weights = keras.ops.convert_to_numpy(model.get_layer("scores").kernel)[:, target]
    return maps @ weights


@pytest.mark.parametrize("target", range(CLASSES))
def test_hiding_a_pixel_from_a_linear_classifier_costs_what_its_weights_say(target):
    model = linear()
    weights = keras.ops.convert_to_numpy(model.layers[-1].kernel)[:, target].reshape(SHAPE)

    fall = occlusion_map(model, IMAGE, target, patch=1, stride=1, fill=0.25)

    expected = (weights * (IMAGE - 0.25)).sum(axis=-1)
    np.testing.assert_allclose(fall, expected, atol=1e-5)


@pytest.mark.parametrize(("patch", "stride"), [(1, 1), (3, 1), (3, 2), (3, 3), (4, 3), (7, 5)])
def test_occlusion_is_what_hiding_one_place_after_the_other_gives(patch, stride):
    model, target = pooled("softmax"), 1
    fall, hidden = np.zeros(SHAPE[:2]), np.zeros(SHAPE[:2])
    for row, column in product(range(SHAPE[0]), range(SHAPE[1])):
        at_place = [
            start % stride == 0 or start + patch == size
            for start, size in zip((row, column), SHAPE[:2], strict=True)
        ]
        if all(at_place) and row + patch <= SHAPE[0] and column + patch <= SHAPE[1]:
            copy = IMAGE.copy()
            copy[row : row + patch, column : column + patch, 0] = IMAGE[..., 0].mean()
            copy[row : row + patch, column : column + patch, 1] = IMAGE[..., 1].mean()
            change = said(model, IMAGE)[target] - said(model, copy)[target]
            fall[row : row + patch, column : column + patch] += change
            hidden[row : row + patch, column : column + patch] += 1

    found = occlusion_map(model, IMAGE, target, patch, stride)

    np.testing.assert_allclose(found, fall / hidden, atol=1e-6)


def test_occlusion_leaves_the_image_as_it_is():
    image = IMAGE.copy()
    occlusion_map(linear(), image, 0, patch=3, stride=3)
    np.testing.assert_array_equal(image, IMAGE)


@pytest.mark.parametrize("target", range(CLASSES))
@pytest.mark.parametrize("activation", [None, "softmax"])
def test_behind_a_mean_of_maps_grad_cam_is_the_class_activation_map(activation, target):
    """But for its negative part, and for the number of places, by which a mean divides."""
    model = pooled(activation)
    expected = np.maximum(class_activation_map(model, IMAGE, target), 0) / (5 * 7)

    np.testing.assert_allclose(grad_cam(model, IMAGE, target, "maps"), expected, atol=1e-7)


def test_a_softmax_that_is_a_layer_of_its_own_is_left_out_too():
    model = pooled()
    for part in (keras.layers.Softmax(), keras.layers.Activation("softmax")):
        longer = keras.Model(model.input, part(model.output))
        np.testing.assert_allclose(
            grad_cam(longer, IMAGE, 2, "maps"), grad_cam(model, IMAGE, 2, "maps"), atol=1e-12
        )


def test_grad_cam_agrees_with_steps_in_each_direction():
    """For a head that is no mere mean: the gradient by each value of the maps, by differences."""
    keras.utils.set_random_seed(2)
    image = keras.Input(SHAPE)
    maps = keras.layers.Conv2D(3, 3, strides=2, name="maps")(image)
    flat = keras.layers.Flatten()(keras.layers.Activation("tanh")(maps))
    scores = keras.layers.Dense(CLASSES, name="scores")(flat)
    model = keras.Model(image, scores)
    values = said(keras.Model(image, maps), IMAGE).astype(float)
    kernel, bias = (np.asarray(weight, float) for weight in model.get_layer("scores").get_weights())

    def score(of_maps):
        return np.tanh(of_maps).ravel() @ kernel[:, 1] + bias[1]

    slopes = np.zeros(values.shape)
    for index in np.ndindex(values.shape):
        step = np.zeros(values.shape)
        step[index] = 1e-5
        slopes[index] = (score(values + step) - score(values - step)) / 2e-5
    expected = np.maximum((values * slopes.mean(axis=(0, 1))).sum(axis=-1), 0)

    np.testing.assert_allclose(grad_cam(model, IMAGE, 1, "maps"), expected, atol=1e-5)


def test_asking_changes_no_weight_and_drops_nothing():
    model = pooled("softmax", dropout=0.5)
    before = [weight.copy() for weight in model.get_weights()]

    found = [grad_cam(model, IMAGE, 0, "maps") for _ in range(2)]

    np.testing.assert_array_equal(*found)
    plain = pooled()
    plain.set_weights(before)
    np.testing.assert_allclose(found[0], grad_cam(plain, IMAGE, 0, "maps"), atol=1e-12)
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
    assert model.trainable


def test_a_normalisation_keeps_its_averages():
    image = keras.Input((3, 3, 1))
    maps = keras.layers.BatchNormalization(name="maps")(image)
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(maps))
    model.layers[1].set_weights([np.array([v]) for v in (2.0, 1.0, 5.0, 4.0)])
    before = [weight.copy() for weight in model.get_weights()]
    pixels = np.arange(9.0).reshape(3, 3, 1)

    found = grad_cam(model, pixels, 0, "maps")

    normal = 2 * (pixels[..., 0] - 5) / np.sqrt(4 + 1e-3) + 1
    np.testing.assert_allclose(found, np.maximum(normal, 0) / 9, atol=1e-9)
    assert all(map(np.array_equal, model.get_weights(), before))


def test_the_gradient_of_a_mixture_is_that_of_its_outputs_mixed():
    model, direction = linear(), RNG.normal(size=(2, CLASSES))
    kernel = keras.ops.convert_to_numpy(model.layers[-1].kernel).astype(float)

    found = gradient(model, RNG.random((2, *SHAPE)), direction)

    np.testing.assert_allclose(found, (direction @ kernel.T).reshape(2, *SHAPE), atol=1e-12)


def branched() -> keras.Model:
    image = keras.Input(SHAPE)
    side = keras.layers.Conv2D(2, 3, padding="same", name="side")(image)
    both = keras.layers.Add(name="sum")([image, side])
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(both))


def dense() -> keras.Model:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="scores")])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: occlusion_map(linear(), IMAGE[1:], 0), r"image must have .* \(7, 9, 2\), got \(6"),
        (lambda: occlusion_map(linear(), IMAGE[0], 0), r"image must have the shape .*got \(9, 2\)"),
        (lambda: occlusion_map(linear(), IMAGE, 3), "target must be a class from 0 to 2, got 3"),
        (lambda: occlusion_map(linear(), IMAGE, -1), "target must be a class .*got -1"),
        (lambda: occlusion_map(linear(), IMAGE, 0, patch=8), "patch must be from 1 to .* 7, got 8"),
        (lambda: occlusion_map(linear(), IMAGE, 0, 3, stride=4), "stride must be .* 3, .* got 4"),
        (lambda: occlusion_map(linear(), IMAGE, 0, 3, stride=0), "stride must be .*got 0"),
        (lambda: grad_cam(pooled(), IMAGE, 3, "maps"), "target must be a class .*got 3"),
        (lambda: grad_cam(pooled(), IMAGE, 0, "scores"), "layer must be .*maps.*got 'scores'"),
        (lambda: grad_cam(pooled(), IMAGE, 0, "none"), "layer must be .*got 'none'"),
        (lambda: grad_cam(dense(), np.ones(4), 0, "scores"), "of which the model has none, got"),
        (lambda: grad_cam(branched(), IMAGE, 0, "side"), "all of the answer passes, got 'side'"),
    ],
)
def test_what_cannot_be_asked_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_layer_after_the_branches_can_be_asked():
    assert grad_cam(branched(), IMAGE, 0, "sum").shape == SHAPE[:2]
