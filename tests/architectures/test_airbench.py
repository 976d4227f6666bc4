"""The small fast networks: what stands where, what it costs, and what is learnt."""

import numpy as np
import pytest

from coursecnn.architectures import build
from coursecnn.architectures.airbench import MOMENTUM, PartialIdentity
from coursecnn.backend import keras
from coursecnn.models.costs import totals

IMAGES = np.random.default_rng(0).random((8, 32, 32, 3), dtype="float32")


@pytest.fixture(scope="module")
def fast():
    return build("cifar10_fast")


def test_the_order_of_the_layers(fast):
    kinds = [type(layer).__name__ for layer in fast.layers]
    stage = ["Conv2D", "MaxPooling2D", "BatchNormalization", "Activation"]
    stage += ["Conv2D", "BatchNormalization", "Activation"]
    head = ["GlobalMaxPooling2D", "Dense", "Rescaling", "Activation"]
    assert kinds == ["InputLayer", "Conv2D", "Activation", *stage, *stage, *head]


def test_products_per_image_and_parameters(fast):
    """Places times filters times numbers in a window; the stages work before they pool."""
    by_hand = 15**2 * 96 * 48 + 15**2 * 64 * 9 * 96 + 7**2 * 64 * 9 * 64
    by_hand += 7**2 * 128 * 9 * 64 + 3**2 * 128 * 9 * 128 + 128 * 10
    assert totals(fast).macs == by_hand == 20_225_792
    normalised = 64 + 64 + 128 + 128  # a shift for each map, and no scale
    kernels = 9 * (96 * 64 + 64 * 64 + 64 * 128 + 128 * 128) + 128 * 10
    assert totals(fast).trainable == kernels + normalised
    assert totals(fast).params == kernels + 3 * normalised + 48 * 96 + 96 == 320_480


def test_the_other_network_has_a_stage_more_and_small_patches():
    best = build("cifar10_best")
    convolutions = [layer for layer in best.layers if isinstance(layer, keras.layers.Conv2D)]
    shapes = [(*layer.kernel.shape[:2], layer.output.shape[1:]) for layer in convolutions]
    assert shapes == [
        (2, 2, (31, 31, 24)),
        (3, 3, (31, 31, 64)),
        (3, 3, (15, 15, 64)),
        (3, 3, (15, 15, 256)),
        (3, 3, (7, 7, 256)),
        (3, 3, (7, 7, 256)),
        (3, 3, (3, 3, 256)),
    ]


def test_settings_that_keras_would_choose_otherwise(fast):
    normalisations = [x for x in fast.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert {(x.momentum, x.scale, x.center) for x in normalisations} == {(MOMENTUM, False, True)}
    assert fast.get_layer("scale").scale == 1 / 9
    assert not fast.get_layer("conv1_1").use_bias


@pytest.mark.parametrize(("channels", "filters"), [(3, 5), (5, 3), (4, 4)])
def test_partial_identities_hand_on_what_they_see(channels, filters):
    layer = keras.layers.Conv2D(
        filters, 3, padding="same", use_bias=False, kernel_initializer=PartialIdentity(seed=0)
    )
    image = IMAGES[:, :, :, :1].repeat(channels, axis=3) * np.arange(1, channels + 1)
    seen = keras.ops.convert_to_numpy(layer(image.astype("float32")))
    copies = min(channels, filters)
    np.testing.assert_allclose(seen[..., :copies], image[..., :copies], rtol=1e-6)
    for drawn in range(copies, filters):
        assert not np.isclose(seen[..., [drawn]], image).all(axis=(0, 1, 2)).any()


def test_what_is_not_copied_is_drawn_within_its_bounds():
    drawn = keras.ops.convert_to_numpy(PartialIdentity(seed=1)((3, 3, 16, 80)))[..., 16:]
    bound = np.float32(1 / np.sqrt(9 * 16))
    assert 0.99 * bound < np.abs(drawn).max() <= bound
    np.testing.assert_allclose(drawn.std(), bound / np.sqrt(3), rtol=0.02)


def test_identities_and_draws_follow_the_option():
    centre = build("cifar10_fast").get_layer("conv1_2").kernel[1, 1]
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(centre), np.eye(64))
    other = build("cifar10_fast", identity=False).get_layer("conv1_2").kernel[1, 1]
    assert keras.ops.convert_to_numpy(other).max() < 0.5


@pytest.mark.slow
def test_a_step_changes_every_layer_but_the_frozen_one():
    keras.utils.set_random_seed(0)
    model = build("cifar10_fast")
    before = {weight.path: weight.numpy().copy() for weight in model.weights}
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(IMAGES, np.arange(8), verbose=0)
    same = {w.path for w in model.weights if np.array_equal(w.numpy(), before[w.path])}
    assert same == {"whitening/kernel", "whitening/bias"}


def test_the_first_layer_learns_where_it_is_not_frozen():
    assert {w.path for w in build("cifar10_fast", frozen=False).trainable_variables} >= {
        "whitening/kernel",
        "whitening/bias",
    }


def test_sixteen_bits_inside_answers_in_thirty_two():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build("cifar10_fast")
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("conv1_1").compute_dtype == "bfloat16"
    assert model.get_layer("conv1_1").kernel.dtype == "float32"
    assert model.output.dtype == "float32"
    probabilities = keras.ops.convert_to_numpy(model(IMAGES))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def test_a_saved_network_answers_as_before(tmp_path, fast):
    fast.save(tmp_path / "fast.keras")
    loaded = keras.models.load_model(tmp_path / "fast.keras")
    answers = (keras.ops.convert_to_numpy(model(IMAGES)) for model in (fast, loaded))
    np.testing.assert_allclose(*answers, rtol=1e-6)
    assert not loaded.get_layer("whitening").trainable


def test_other_shapes_classes_and_activations():
    model = build("cifar10_fast", input_shape=(16, 20, 1), classes=3, activation="gelu")
    assert model.get_layer("whitening").filters == 2 * 4 * 4
    assert model.output_shape == (None, 3)
    assert model.get_layer("conv2_2_activation").activation is keras.activations.gelu


@pytest.mark.parametrize(("name", "smallest"), [("cifar10_fast", 10), ("cifar10_best", 9)])
def test_the_smallest_images(name, smallest):
    model = build(name, input_shape=(smallest, smallest, 3))
    assert model.get_layer("maximum").input.shape[1:3] == (1, 1)
    with pytest.raises(ValueError, match=rf"{smallest}.*got \(32, {smallest - 1}, 3\)"):
        build(name, input_shape=(32, smallest - 1, 3))


def test_images_of_any_size_are_taken_where_they_are_asked_for():
    model = build("cifar10_fast", input_shape=(None, None, 3))
    for side in (24, 32):
        assert model(np.zeros((2, side, side + 1, 3), "float32")).shape == (2, 10)
    with pytest.raises(ValueError, match=r"got \(None, 32, 3\)"):
        build("cifar10_fast", input_shape=(None, 32, 3))


def test_no_classes_are_refused():
    with pytest.raises(ValueError, match=r"classes.*got 0"):
        build("cifar10_fast", classes=0)


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="gelo"):
        build("cifar10_fast", activation="gelo")
