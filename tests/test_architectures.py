"""Architectures by name, and the networks of the first lectures."""

import numpy as np
import pytest

from coursecnn import architectures
from coursecnn.architectures import tutorials
from coursecnn.backend import keras


def test_families_do_not_share_a_name():
    counts = [len(family.BUILDERS) for family in architectures.FAMILIES]
    assert len(architectures.names()) == sum(counts)


@pytest.mark.parametrize("name", architectures.names())
def test_every_architecture_is_built_and_carries_its_name(name):
    assert architectures.build(name).name == name


@pytest.mark.parametrize("name", architectures.names())
def test_layer_names_are_the_same_each_time(name):
    first, second = (architectures.build(name) for _ in range(2))
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]


@pytest.mark.parametrize("name", architectures.names())
def test_every_weight_gets_a_gradient(name):
    """A weight that the loss does not depend on would not move in one step of training."""
    model = architectures.build(name)
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(1.0), loss=lambda _, outputs: -keras.ops.log(outputs + 1e-3))
    images = np.random.default_rng(0).random((8, *model.input_shape[1:]), dtype="float32")
    model.train_on_batch(images, np.zeros((8, *model.output_shape[1:])))
    moved = [not np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True)]
    assert all(moved), [w.path for w, ok in zip(model.weights, moved, strict=True) if not ok]


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
        base = tutorials.mnist_tutorial_base()
        assert base.count_params() == 55_744
        assert base.output_shape == (None, 3, 3, 64)

    def test_whole_network_has_93322_parameters(self):
        model = tutorials.mnist_tutorial()
        assert model.count_params() == 93_322
        assert model.output_shape == (None, 10)

    def test_begins_with_its_base(self):
        names = [layer.name for layer in tutorials.mnist_tutorial_base().layers]
        assert names == ["image", "conv1", "pool1", "conv2", "pool2", "conv3"]
        whole = [layer.name for layer in tutorials.mnist_tutorial().layers]
        assert whole == [*names, "flatten", "dense1", "predictions"]

    def test_gives_probabilities(self):
        images = np.random.default_rng(0).random((4, 28, 28, 1), dtype="float32")
        outputs = keras.ops.convert_to_numpy(tutorials.mnist_tutorial()(images))
        np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)

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
