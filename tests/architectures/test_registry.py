"""Architectures by name, and the networks of the first lectures."""

import contextlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from coursecnn import architectures
from coursecnn.architectures import lectures
from coursecnn.backend import keras, without_weights

ROOT = Path(__file__).resolve().parents[2]


def test_families_do_not_share_a_name():
    counts = [len(family.BUILDERS) for family in architectures.FAMILIES]
    assert len(architectures.names()) == sum(counts)


@pytest.fixture(scope="module")
def collection():
    """Every architecture, counted in a fresh process: its rows, and the peak of bytes."""
    command = [sys.executable, "-m", "benchmarks.counting"]
    result = subprocess.run(command, capture_output=True, check=True, text=True, cwd=ROOT)
    return json.loads(result.stdout)


def test_the_whole_collection_is_counted_in_less_than_a_gigabyte(collection):
    assert list(collection["rows"]) == architectures.names()
    assert collection["peak"] < 1e9


@pytest.mark.parametrize("name", architectures.names())
def test_every_architecture_carries_its_name(name, collection):
    assert collection["rows"][name]["name"] == name


@pytest.mark.parametrize("name", architectures.names())
def test_no_layer_has_a_name_that_depends_on_what_was_built_before(name, collection):
    """Keras numbers the layers that nobody named, on and on from model to model."""
    assert collection["rows"][name]["unnamed"] == []


@pytest.mark.parametrize("name", architectures.names())
def test_accounting_has_the_parameters_that_keras_counts(name, collection):
    row = collection["rows"][name]
    assert row["totals"]["params"] == row["parameters"] >= row["totals"]["trainable"] > 0
    assert row["totals"]["macs"] > 0


# `mnist_tutorial_base` ends before the classes.
@pytest.mark.parametrize("name", [n for n in architectures.names() if not n.endswith("_base")])
def test_every_builder_takes_an_input_shape_and_a_number_of_classes_first(name):
    builder = next(f.BUILDERS[name] for f in architectures.FAMILIES if name in f.BUILDERS)
    assert list(inspect.signature(builder).parameters)[:2] == ["input_shape", "classes"]


def family_name(family):
    return family.__name__.rpartition(".")[2]


@pytest.fixture(scope="module", params=architectures.FAMILIES, ids=family_name)
def lightest(request, collection):
    """The architecture with the fewest layers of each family."""
    return min(request.param.BUILDERS, key=lambda name: collection["rows"][name]["layers"])


NEVER_DROPPED = {"stochastic_depth_110": {"last_survival": 1.0}}


@pytest.fixture(scope="module")
def small(lightest, collection):
    """It, with weights, for small images."""
    shape = smallest_input(lightest, collection["rows"][lightest]["input"])
    keras.utils.set_random_seed(0)
    return architectures.build(lightest, input_shape=shape, **NEVER_DROPPED.get(lightest, {}))


def smallest_input(name, shape):
    """The smallest of a few shapes that the architecture takes, to be run in little time."""
    for side in (16, 32, 64, 96, 128):
        with contextlib.suppress(ValueError), without_weights():
            architectures.build(name, input_shape=(side, side, shape[-1]))
            return (side, side, shape[-1])
    return shape


def images_for(model):
    shape = (4, *model.input_shape[1:])
    return np.random.default_rng(0).random(shape, dtype="float32")


def outputs_of(model):
    outputs = model(images_for(model), training=False)
    return [keras.ops.convert_to_numpy(o) for o in keras.tree.flatten(outputs)]


def test_a_saved_network_loads_again_and_gives_the_same_finite_numbers(small, tmp_path):
    small.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in small.layers]
    for expected, got in zip(outputs_of(small), outputs_of(loaded), strict=True):
        assert np.isfinite(expected).all()
        np.testing.assert_array_equal(got, expected)


def loss(_targets, outputs):
    return -keras.ops.log(keras.ops.abs(outputs) + 1e-3)


def test_every_trainable_weight_gets_a_gradient(small):
    """A weight that the loss does not depend on would not move in a step of training.

    Lion takes the sign of a gradient, so that a small one moves a weight as far as a large one.
    What a step drops, another one may not, so there are a few, each from the same weights.
    """
    expected = {weight.path for weight in small.trainable_weights}
    before, moved = small.get_weights(), set()
    targets = [np.zeros((4, *output.shape[1:])) for output in small.outputs]
    small.compile(keras.optimizers.Lion(0.1), loss=[loss] * len(targets), run_eagerly=True)
    for _ in range(8):
        small.train_on_batch(images_for(small), targets)
        after = zip(small.weights, before, small.get_weights(), strict=True)
        moved |= {w.path for w, old, new in after if not np.array_equal(old, new)}
        small.set_weights(before)
        if expected <= moved:
            break
    assert expected <= moved


def test_images_and_classes_can_be_others(lightest, collection):
    height, width, channels = collection["rows"][lightest]["input"]
    shape = (height + 32, width + 64, channels)
    arguments = {} if lightest.endswith("_base") else {"classes": 7}
    with without_weights():
        model = architectures.build(lightest, input_shape=shape, **arguments)
    assert model.input_shape == (None, *shape)
    assert {output.shape[1:] for output in model.outputs} == {(7,)} or not arguments


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"such as mnist_tutorial, .*got 'mnist_tutoral'"):
        architectures.build("mnist_tutoral")


def test_a_name_like_no_other_is_answered_with_all():
    with pytest.raises(ValueError, match=", ".join(architectures.names())):
        architectures.build("?")


def test_unknown_override_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        architectures.build("mnist_tutorial", depth=3)


class TestMnistTutorial:
    def test_base_has_55744_parameters(self):
        base = lectures.mnist_tutorial_base()
        assert base.count_params() == 55_744
        assert base.output_shape == (None, 3, 3, 64)

    def test_whole_network_has_93322_parameters(self):
        model = lectures.mnist_tutorial()
        assert model.count_params() == 93_322
        assert model.output_shape == (None, 10)

    def test_begins_with_its_base(self):
        names = [layer.name for layer in lectures.mnist_tutorial_base().layers]
        assert names == ["image", "conv1", "pool1", "conv2", "pool2", "conv3"]
        whole = [layer.name for layer in lectures.mnist_tutorial().layers]
        assert whole == [*names, "flatten", "dense1", "predictions"]

    def test_gives_probabilities(self):
        images = np.random.default_rng(0).random((4, 28, 28, 1), dtype="float32")
        outputs = keras.ops.convert_to_numpy(lectures.mnist_tutorial()(images))
        np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)

    @pytest.mark.parametrize("name", ["mnist_tutorial", "mnist_tutorial_base"])
    def test_takes_no_image_that_the_last_convolution_has_no_window_for(self, name):
        assert lectures.mnist_tutorial_base((18, 20, 1)).output_shape == (None, 1, 1, 64)
        message = r"input_shape must be .* with 18×18 pixels or more, got \(17, 20, 1\)"
        with pytest.raises(ValueError, match=message):
            architectures.build(name, input_shape=(17, 20, 1))

    def test_takes_no_network_without_classes(self):
        with pytest.raises(ValueError, match="classes must be a positive int, got 0"):
            lectures.mnist_tutorial(classes=0)

    def test_takes_other_images_and_classes(self):
        model = architectures.build("mnist_tutorial", input_shape=(32, 32, 3), classes=7)
        assert model.output_shape == (None, 7)
        assert model.count_params() == 896 + 18_496 + 36_928 + (1_024 + 1) * 64 + 65 * 7


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("pattern_linear", 3_072 * 10 + 10),
        ("pattern_one_convolution", 896 + 32_768 * 10 + 10),
        ("pattern_convolution_pooling", 896 + 18_496 + 4_096 * 128 + 128 + 1_290),
        ("pattern_deep_blocks", 287_008 + 2_048 * 128 + 128 + 16_512 + 1_290),
    ],
)
def test_lecture_patterns_have_the_parameters_counted_by_hand(name, parameters):
    assert architectures.build(name).count_params() == parameters
