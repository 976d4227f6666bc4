"""Network in Network, against the authors' definitions."""

import numpy as np
import pytest

from coursecnn.architectures import build
from coursecnn.backend import keras, without_weights
from coursecnn.models.costs import layer_table, totals

# NIN/cifar-10_def: size of the maps, kernel, channels in and out, of each convolution.
CIFAR10 = [
    *[(32, 5, 3, 192), (32, 1, 192, 160), (32, 1, 160, 96)],
    *[(16, 5, 96, 192), (16, 1, 192, 192), (16, 1, 192, 192)],
    *[(8, 3, 192, 192), (8, 1, 192, 192), (8, 1, 192, 10)],
]
# train_val.prototxt of the Caffe model zoo: (224 - 11)/4 + 1 is 54, then 27, 13 and 6.
IMAGENET = [
    *[(54, 11, 3, 96), (54, 1, 96, 96), (54, 1, 96, 96)],
    *[(27, 5, 96, 256), (27, 1, 256, 256), (27, 1, 256, 256)],
    *[(13, 3, 256, 384), (13, 1, 384, 384), (13, 1, 384, 384)],
    *[(6, 3, 384, 1024), (6, 1, 1024, 1024), (6, 1, 1024, 1000)],
]


def count(name, **overrides):
    """Build without allocating the weights."""
    with without_weights():
        return build(name, **overrides)


@pytest.mark.parametrize(
    ("name", "rows", "parameters", "macs"),
    [
        ("nin_cifar10", CIFAR10, 966_986, 222_486_528),
        ("nin_imagenet", IMAGENET, 7_595_176, 1_100_188_800),
    ],
)
def test_each_convolution_costs_what_the_authors_file_says(name, rows, parameters, macs):
    model = count(name)
    table = layer_table(model)
    table = table[table["type"] == "Conv2D"]

    assert list(table["params"]) == [k * k * c * f + f for _, k, c, f in rows]
    assert list(table["macs"]) == [n * n * k * k * c * f for n, k, c, f in rows]
    costs = totals(model)
    assert (costs.params, costs.trainable, costs.macs) == (parameters, parameters, macs)


def test_the_snapshot_of_the_imagenet_model_has_the_size_that_its_authors_name():
    """Their page says 29MB, which are 4 bytes for each parameter, and 2^20 bytes a megabyte."""
    assert round(4 * count("nin_imagenet").count_params() / 2**20) == 29


@pytest.mark.parametrize(
    ("name", "sides"), [("nin_cifar10", [16, 8]), ("nin_imagenet", [27, 13, 6])]
)
def test_poolings_round_up(name, sides):
    pools = [layer for layer in count(name).layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert [layer.output.shape[1] for layer in pools] == sides


@pytest.mark.parametrize(
    ("name", "dropped"), [("nin_cifar10", ["pool1", "pool2"]), ("nin_imagenet", ["pool3"])]
)
def test_half_of_the_values_is_dropped_after_these_poolings(name, dropped):
    layers = count(name).layers
    drops = [layer for layer in layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in drops] == [0.5] * len(dropped)
    assert [layers[layers.index(layer) - 1].name for layer in drops] == dropped


def test_there_is_no_dense_layer_and_the_class_maps_are_averaged():
    model = count("nin_cifar10")
    assert not any(isinstance(layer, keras.layers.Dense) for layer in model.layers)
    assert model.get_layer("cccp6").output.shape == (None, 8, 8, 10)
    assert model.get_layer("average").output.shape == (None, 10)


def test_the_output_is_the_softmax_of_the_averages_of_the_rectified_class_maps():
    model = build("nin_cifar10", input_shape=(12, 10, 3))
    images = np.random.default_rng(0).random((2, 12, 10, 3), dtype="float32")
    inner = keras.Model(model.input, model.get_layer("cccp6").output)

    maps = keras.ops.convert_to_numpy(inner(images))
    scores = np.exp(maps.mean(axis=(1, 2)))

    assert maps.min() >= 0
    found = keras.ops.convert_to_numpy(model(images))
    np.testing.assert_allclose(found, scores / scores.sum(axis=1, keepdims=True), rtol=1e-4)


def test_weights_begin_as_in_the_authors_files():
    model = build("nin_imagenet", input_shape=(55, 55, 3), classes=100)
    stds = {
        name: model.get_layer(name).kernel_initializer.stddev
        for name in ("conv1", "cccp1", "conv2", "conv3", "conv4", "cccp7", "cccp8")
    }
    assert stds == {
        "conv1": 0.01,
        "cccp1": 0.05,
        "conv2": 0.05,
        "conv3": 0.01,
        "conv4": 0.05,
        "cccp7": 0.05,
        "cccp8": 0.01,
    }
    first, second = (model.get_layer(name).get_weights() for name in ("cccp1", "cccp2"))
    assert not np.array_equal(first[0], second[0])
    assert not first[1].any()


@pytest.mark.parametrize("sides", [(16, 16), (10, 9), (7, 7)])
def test_the_second_pooling_of_the_model_zoo_averages_what_is_in_the_image(sides):
    """As Caffe does: the zeros after the last row and column do not count."""
    shape = tuple(2 * side for side in sides)  # the first pooling halves it
    model = build("nin_cifar10", input_shape=(*shape, 3), second_pooling="average")
    maps = np.random.default_rng(0).random((2, *sides, 192), dtype="float32")
    pool = keras.Model(model.get_layer("cccp4").output, model.get_layer("pool2").output)

    found = keras.ops.convert_to_numpy(pool(maps))

    for i, j in np.ndindex(found.shape[1:3]):
        window = maps[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        np.testing.assert_allclose(found[:, i, j], window.mean(axis=(1, 2)), rtol=1e-5)
    assert found.shape[1:3] == tuple(side // 2 for side in sides)


def test_the_model_zoo_s_version_has_the_same_costs_and_can_be_saved(tmp_path):
    model = build("nin_cifar10", second_pooling="average")
    assert totals(model).macs == totals(count("nin_cifar10")).macs
    images = np.random.default_rng(0).random((2, 32, 32, 3), dtype="float32")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(images), model(images), rtol=1e-5)


@pytest.mark.parametrize(("name", "smallest"), [("nin_cifar10", 6), ("nin_imagenet", 55)])
def test_the_smallest_image(name, smallest):
    model = count(name, input_shape=(smallest, smallest + 1, 1), classes=3)
    assert model.output_shape == (None, 3)
    with pytest.raises(ValueError, match=f"with {smallest}×{smallest} pixels or more"):
        count(name, input_shape=(smallest, smallest - 1, 3))


def test_the_second_pooling_is_checked():
    with pytest.raises(ValueError, match="second_pooling must be one of 'max', 'average', got 'l'"):
        count("nin_cifar10", second_pooling="l")
