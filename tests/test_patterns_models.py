"""The Keras models of the architecture patterns."""

import sys
from dataclasses import replace
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursecnn.backend import keras
from coursecnn.patterns import PatternError, build, layers, parse

CS231N = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"


def rows(model):
    """Name, output shape without the batch, and parameters of each layer of a model."""
    return [(layer.name, layer.output.shape[1:], layer.count_params()) for layer in model.layers]


def test_the_lecture_s_linear_classifier_is_one_matrix_and_a_bias():
    assert rows(build("INPUT -> FC", (28, 28, 1), classes=10)) == [
        ("input", (28, 28, 1), 0),
        ("flatten", (784,), 0),
        ("scores", (10,), 784 * 10 + 10),
    ]


def test_the_lecture_s_two_convolution_and_pooling_pairs():
    model = build("INPUT -> [CONV -> POOL]*2 -> FC -> FC", (28, 28, 1), classes=10)

    assert rows(model) == [
        ("input", (28, 28, 1), 0),
        ("conv1_1", (28, 28, 32), 3 * 3 * 1 * 32 + 32),
        ("pool1", (14, 14, 32), 0),
        ("conv2_1", (14, 14, 64), 3 * 3 * 32 * 64 + 64),
        ("pool2", (7, 7, 64), 0),
        ("flatten", (7 * 7 * 64,), 0),
        ("fc1", (128,), 7 * 7 * 64 * 128 + 128),
        ("scores", (10,), 128 * 10 + 10),
    ]


def test_the_lecture_s_three_blocks():
    model = build("INPUT -> [CONV -> CONV -> POOL]*3 -> FC*2 -> FC", (32, 32, 3), classes=10)

    shapes = {name: shape for name, shape, _ in rows(model)}
    assert shapes["conv3_2"] == (8, 8, 128)
    assert shapes["pool3"] == (4, 4, 128)
    assert shapes["flatten"] == (2048,)
    assert [shapes["fc1"], shapes["fc2"], shapes["scores"]] == [(128,), (128,), (10,)]


def test_all_layers_have_a_relu_but_the_last_which_has_a_softmax():
    model = build("INPUT -> [CONV -> POOL]*2 -> FC -> FC", (8, 8, 1), classes=3)

    activations = {
        layer.name: layer.activation.__name__
        for layer in model.layers
        if hasattr(layer, "activation")
    }
    assert activations == {
        **dict.fromkeys(["conv1_1", "conv2_1", "fc1"], "relu"),
        "scores": "softmax",
    }


def test_pooling_takes_the_maximum():
    model = build("INPUT -> POOL -> FC", (2, 4, 1), classes=2)
    pool = keras.Model(model.inputs, model.get_layer("pool1").output)

    image = np.array([[1, 2, 5, 6], [4, 3, 8, 7]], "float32").reshape(1, 2, 4, 1)
    assert pool.predict(image, verbose=0).tolist() == [[[[4], [8]]]]


def test_what_does_not_fill_a_window_is_dropped():
    model = build("INPUT -> CONV(2, 3x3, stride 2, valid) -> POOL(2x3) -> FC", (28, 30, 1), 10)

    assert model.get_layer("conv1_1").output.shape == (None, 13, 14, 2)
    assert model.get_layer("pool1").output.shape == (None, 6, 4, 2)


def test_a_written_relu_changes_nothing():
    written = build(CS231N, (8, 8, 1), 10, keep=[True], N=1, M=2, K=1)
    implied = build("INPUT -> [CONV -> POOL]*2 -> FC -> FC", (8, 8, 1), 10)

    assert written.get_config() == implied.get_config()


def test_a_pattern_and_its_text_build_the_same():
    pattern = parse("INPUT -> CONV -> FC")

    first, second = build(pattern, (8, 8, 1), 10), build(str(pattern), (8, 8, 1), 10)
    assert first.get_config() == second.get_config()


def test_every_weight_learns():
    keras.utils.set_random_seed(0)
    model = build("INPUT -> [CONV(4) -> CONV(4) -> POOL]*2 -> FC(8) -> FC", (8, 8, 1), classes=3)
    before = [np.array(weight) for weight in model.get_weights()]
    model.compile("sgd", "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).random((16, 8, 8, 1), "float32")
    model.train_on_batch(images, np.arange(16) % 3)

    changed = [np.any(a != b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert len(changed) == 12
    assert all(changed)


def fits(described, shape):
    """Whether each window is at most as large as the map it slides over."""
    for layer in described:
        try:
            shape = layer.output_shape(shape)
        except ValueError:
            return False
    return True


convs = st.builds(
    "CONV({}, {}x{}, stride {}, {})".format,
    *[st.integers(1, 4)] * 4,
    st.sampled_from(["same", "valid"]),
)
pools = st.builds("POOL({}x{}, stride {})".format, *[st.integers(1, 3)] * 3)
chains = st.lists(convs | pools, min_size=1, max_size=4).map(" -> ".join)


@settings(max_examples=25, deadline=None)
@given(chains, st.integers(1, 2), st.tuples(*[st.integers(4, 40)] * 2, st.integers(1, 3)))
def test_keras_agrees_with_the_described_layers(chain, rounds, input_shape):
    """Shapes and parameters agree layer by layer; what does not fit is refused before Keras."""
    text = f"INPUT -> [{chain}]*{rounds} -> FC(5) -> FC"
    named = layers(text, classes=2)
    if not fits(named.values(), input_shape):
        with pytest.raises(ValueError, match="is left of input_shape"):
            build(text, input_shape, classes=2)
        return
    model, shape = build(text, input_shape, classes=2), input_shape
    for name, layer in named.items():
        built = model.get_layer(name)
        assert built.count_params() == layer.parameters(shape)
        shape = layer.output_shape(shape)
        assert built.output.shape == (None, *shape)


def test_the_description_can_disagree():
    """What the test above compares does tell a wrong layer from the right one."""
    text = "INPUT -> CONV -> FC"
    layer = layers(text, classes=10)["conv1_1"]
    built = build(text, (8, 8, 1), 10).get_layer("conv1_1")

    assert built.count_params() != replace(layer, kernel=5).parameters((8, 8, 1))
    assert prod(built.output.shape[1:]) != prod(replace(layer, stride=2).output_shape((8, 8, 1)))


def test_pooling_a_single_pixel_names_the_layer():
    with pytest.raises(
        ValueError,
        match=r"pool5 has a window of 2x2, but only a map of 1x1 is left of "
        r"input_shape=\(28, 28, 1\): use fewer POOLs or a larger image",
    ):
        build("INPUT -> [CONV -> POOL]*5 -> FC", (28, 28, 1), classes=10)


def test_a_convolution_too_large_for_its_map_names_the_layer():
    with pytest.raises(ValueError, match="conv2_1 has a window of 5x5, but only a map of 4x4 is"):
        build("INPUT -> [CONV(6, 5x5, valid) -> POOL]*2 -> FC", (12, 12, 1), classes=10)


@pytest.mark.parametrize("shape", [(28, 28), (28, 0, 1), (28, 28, 1.0), (None, None, 3)])
def test_an_input_that_is_no_image_is_refused(shape):
    with pytest.raises(ValueError, match=r"input_shape must be \(height, width, channels\) in pos"):
        build("INPUT -> FC", shape, classes=10)


def test_an_error_in_the_text_is_the_parser_s():
    with pytest.raises(PatternError, match="unknown layer 'POLL': did you mean POOL"):
        build("INPUT -> POLL -> FC", (8, 8, 1), classes=10)


def test_keras_has_the_name_that_the_test_without_keras_looks_for():
    assert "keras" in sys.modules


def test_a_list_is_a_shape():
    model = build("INPUT -> CONV -> POOL -> FC", [8, np.int64(8), 1], classes=3)
    assert model.input_shape == (None, 8, 8, 1)
