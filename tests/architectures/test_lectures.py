"""The lectures' networks: their first CNN, their patterns, and the lab against its summary."""

import numpy as np
import pytest

from coursecnn import architectures, datasets, training
from coursecnn.architectures import build, lectures
from coursecnn.backend import keras
from coursecnn.evidence import records
from coursecnn.models.costs import layer_table, totals
from coursecnn.training.recipes import RECIPES

# The lecture's summary: type, output shape, parameters.
SUMMARY = [
    ("Conv2D", (32, 32, 32), 896),
    ("BatchNormalization", (32, 32, 32), 128),
    ("ReLU", (32, 32, 32), 0),
    ("Conv2D", (30, 30, 32), 9_248),
    ("BatchNormalization", (30, 30, 32), 128),
    ("ReLU", (30, 30, 32), 0),
    ("MaxPooling2D", (15, 15, 32), 0),
    ("Dropout", (15, 15, 32), 0),
    ("Conv2D", (15, 15, 64), 18_496),
    ("BatchNormalization", (15, 15, 64), 256),
    ("ReLU", (15, 15, 64), 0),
    ("Conv2D", (13, 13, 64), 36_928),
    ("BatchNormalization", (13, 13, 64), 256),
    ("ReLU", (13, 13, 64), 0),
    ("MaxPooling2D", (6, 6, 64), 0),
    ("Dropout", (6, 6, 64), 0),
    ("Flatten", (2304,), 0),
    ("Dense", (512,), 1_180_160),
    ("BatchNormalization", (512,), 2_048),
    ("ReLU", (512,), 0),
    ("Dropout", (512,), 0),
    ("Dense", (10,), 5_130),
]


@pytest.fixture(scope="module")
def model():
    return build("cifar10_lab")


def test_each_row_of_the_lecture_s_summary(model):
    table = layer_table(model)[["type", "output_shape", "params"]].iloc[1:]
    assert list(table.itertuples(index=False, name=None)) == SUMMARY


def test_totals(model):
    costs = totals(model)
    assert costs.params == sum(row[2] for row in SUMMARY) == 1_253_674
    assert costs.trainable == 1_252_266
    # Moving averages: 2 for each of 32 + 32 + 64 + 64 maps and 512 units.
    assert costs.params - costs.trainable == 2 * (32 + 32 + 64 + 64 + 512) == 1_408
    # Positions times filters times products in one, convolution by convolution.
    by_hand = 32**2 * 32 * 27 + 30**2 * 32 * 288 + 15**2 * 64 * 288 + 13**2 * 64 * 576
    assert costs.macs == by_hand + 2_304 * 512 + 512 * 10 == 20_741_120


def test_dropout_rates(model):
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.25, 0.25, 0.5]


def test_dropout_and_batch_statistics_work_in_training_only(model):
    images = np.random.default_rng(0).random((8, 32, 32, 3), dtype="float32")
    calm, again = (keras.ops.convert_to_numpy(model(images)) for _ in range(2))
    busy = keras.ops.convert_to_numpy(model(images, training=True))

    np.testing.assert_array_equal(calm, again)
    assert not np.allclose(calm, busy)
    np.testing.assert_allclose(calm.sum(axis=1), 1, rtol=1e-5)


def test_other_images_and_classes():
    model = build("cifar10_lab", input_shape=(10, 12, 1), classes=3)
    assert model.output_shape == (None, 3)
    assert model.get_layer("pool2").output.shape == (None, 1, 1, 64)


def test_a_narrower_network_has_fewer_of_everything_but_layers(model):
    narrow = build("cifar10_lab", narrower=4)
    assert [type(layer) for layer in narrow.layers] == [type(layer) for layer in model.layers]
    widths = {name: narrow.get_layer(name).filters for name in ("conv1", "conv4")}
    assert widths == {"conv1": 8, "conv4": 16}
    assert narrow.get_layer("dense1").units == 128
    assert narrow.count_params() == 80_146


@pytest.mark.parametrize("narrower", [0, 33, 1.5])
def test_a_network_cannot_be_narrower_than_one_filter(narrower):
    with pytest.raises(ValueError, match="narrower must be an int from 1 to 32, got"):
        build("cifar10_lab", narrower=narrower)


def test_too_small_an_image_is_refused():
    with pytest.raises(ValueError, match=r"with 10×10 pixels or more, got \(9, 32, 3\)"):
        build("cifar10_lab", input_shape=(9, 32, 3))


@pytest.mark.long  # chapter 15 prints both side by side
def test_the_weights_that_were_kept_have_the_recorded_accuracy():
    data, recipe = datasets.cifar10(), RECIPES["lab"]
    if not data.provenance.official:
        pytest.skip(
            f"the accuracy is that on the official images, here is {data.provenance.source}"
        )
    network = training.load_trained(recipe)

    answers = network.predict(data.x_test / np.float32(255), batch_size=500, verbose=0)

    accuracy = (answers.argmax(axis=1) == data.y_test).mean()
    recorded = records.read(recipe.name).values("test_accuracy")[0]
    assert accuracy == pytest.approx(recorded, abs=5e-4)


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
