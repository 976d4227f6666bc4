"""The network of the CIFAR-10 lab, against the lecture's model summary."""

import numpy as np
import pytest

from coursecnn import datasets, training
from coursecnn.architectures import build
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


def test_too_small_an_image_is_refused():
    with pytest.raises(ValueError, match=r"with 10×10 pixels or more, got \(9, 32, 3\)"):
        build("cifar10_lab", input_shape=(9, 32, 3))


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
