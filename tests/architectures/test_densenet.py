"""DenseNet: counts against the tables of the paper, and what its layers read and write."""

import numpy as np
import pytest

from coursecnn.architectures import build, names
from coursecnn.architectures.densenet import (
    CIFAR,
    IMAGENET,
    Configuration,
    densenet_cifar,
)
from coursecnn.backend import keras
from coursecnn.models.costs import layer_table, totals
from tests.outlines import outline

TABLE = {**CIFAR, **IMAGENET}
SMALL = Configuration(growth=6, blocks=(3, 2), bottleneck=True, compression=0.5, stem=8)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def counted(growth, blocks, bottleneck, compression, stem, size, classes):
    """Parameters, trainable ones, and MACs, from the columns of the paper's table alone.

    Each unit is a batch normalisation (four numbers a channel, two of them learnt) of all maps so
    far, and a convolution without a bias.
    """
    learnt = statistics = macs = 0

    def unit(channels, filters, kernel):
        nonlocal learnt, statistics, macs
        learnt += 2 * channels + kernel * kernel * channels * filters
        statistics += 2 * channels
        macs += size * size * kernel * kernel * channels * filters

    kernel = 3 if size == 32 else 7
    size = size if kernel == 3 else size // 2
    learnt += kernel * kernel * 3 * stem
    macs += size * size * kernel * kernel * 3 * stem
    if kernel == 7:
        learnt, statistics, size = learnt + 2 * stem, statistics + 2 * stem, size // 2
    channels = stem
    for number, count in enumerate(blocks):
        if number:
            kept = int(compression * channels)
            unit(channels, kept, 1)
            channels, size = kept, size // 2
        for _ in range(count):
            if bottleneck:
                unit(channels, 4 * growth, 1)
            unit(4 * growth if bottleneck else channels, growth, 3)
            channels += growth
    learnt += 2 * channels + (channels + 1) * classes
    return learnt + statistics + 2 * channels, learnt, macs + channels * classes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size", "classes", "params", "trainable", "macs"),
    [
        ("densenet40_12", 32, 10, 1_037_818, 1_019_722, 264_812_928),
        ("densenet_bc_100_12", 32, 10, 793_150, 769_162, 287_929_692),
        ("densenet121", 224, 1000, 8_062_504, 7_978_856, 2_834_161_664),
        ("densenet169", 224, 1000, 14_307_880, 14_149_480, 3_359_843_328),
        ("densenet201", 224, 1000, 20_242_984, 20_013_928, 4_291_365_888),
        ("densenet161", 224, 1000, 28_900_936, 28_681_000, 7_727_907_072),
    ],
)
def test_counts_are_those_of_the_table(name, size, classes, params, trainable, macs):
    costs = totals(outline(name))
    assert (costs.params, costs.trainable, costs.macs) == (params, trainable, macs)
    row = TABLE[name]
    assert counted(
        row.growth, row.blocks, row.bottleneck, row.compression, row.stem, size, classes
    ) == (params, trainable, macs)


@pytest.mark.parametrize(
    ("name", "millions"), [("densenet40_12", 1.0), ("densenet_bc_100_12", 0.8)]
)
def test_cifar_networks_have_the_parameters_that_the_paper_prints(name, millions):
    """Table 2 of the paper."""
    assert round(totals(outline(name)).trainable / 1e6, 1) == millions


def test_the_wider_networks_of_the_paper_have_the_parameters_that_it_prints():
    """Table 2 again: the same rules give 7.0M, 27.2M, 15.3M and 25.6M."""
    rows = [
        (Configuration(12, (32,) * 3, 1.0, 16, bottleneck=False), 7.0),
        (Configuration(24, (32,) * 3, 1.0, 16, bottleneck=False), 27.2),
        (Configuration(24, (41,) * 3, 0.5, 48, bottleneck=True), 15.3),
        (Configuration(40, (31,) * 3, 0.5, 80, bottleneck=True), 25.6),
    ]
    for row, millions in rows:
        columns = (row.growth, row.blocks, row.bottleneck, row.compression, row.stem)
        assert round(counted(*columns, size=32, classes=10)[1] / 1e6, 1) == millions


@pytest.mark.parametrize("name", names(family="densenet"))
def test_the_depth_is_the_one_in_the_name(name):
    layers = outline(name).layers
    convolutions = sum(isinstance(layer, keras.layers.Conv2D) for layer in layers)
    assert convolutions + 1 == TABLE[name].depth
    assert str(TABLE[name].depth) in name


def test_torch_begins_densenet40_with_24_maps_instead_of_16():
    assert totals(outline("densenet40_12", stem=24)).trainable == 1_059_298


def test_blocks_of_densenet121_have_the_sizes_of_table_1():
    table = layer_table(outline("densenet121")).set_index("layer")
    names = ["conv1", "pool1", *(f"transition{number}_pool" for number in (1, 2, 3)), "last_relu"]
    assert list(table.loc[names, "output_shape"]) == [
        (112, 112, 64),
        (56, 56, 64),
        (28, 28, 128),
        (14, 14, 256),
        (7, 7, 512),
        (7, 7, 1024),
    ]


def test_a_layer_appends_its_maps_to_those_that_it_read():
    model = densenet_cifar(SMALL, (4, 4, 3))
    concat = model.get_layer("block1_layer3_concat")
    before, new = concat.input
    assert (before.shape[-1], new.shape[-1]) == (8 + 2 * 6, 6)
    tap = keras.Model(model.input, [before, concat.output])
    read, appended = tap(np.random.default_rng(0).random((2, 4, 4, 3), dtype="float32"))
    np.testing.assert_array_equal(numpy(appended)[..., : 8 + 2 * 6], numpy(read))


@pytest.mark.slow
def test_every_weight_learns():
    model = densenet_cifar(SMALL, (8, 8, 3), classes=4)
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    before = model.get_weights()
    images = np.random.default_rng(0).random((4, 8, 8, 3), dtype="float32")
    model.train_on_batch(images, np.arange(4))
    pairs = zip(model.weights, before, model.get_weights(), strict=True)
    assert not [weight.path for weight, old, new in pairs if np.array_equal(old, new)]


def test_dropout_comes_after_each_convolution_but_the_first():
    model = outline("densenet_bc_100_12", dropout=0.2)
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.2] * (100 - 2)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            assert isinstance(layer.input._keras_history[0], keras.layers.Conv2D)


def test_dropout_is_off_unless_asked_for_and_at_inference():
    assert not any("dropout" in layer.name for layer in outline("densenet121").layers)
    model = densenet_cifar(SMALL, (4, 4, 3), dropout=0.5)
    images = np.ones((2, 4, 4, 3), "float32")
    np.testing.assert_array_equal(numpy(model(images)), numpy(model(images)))
    first, second = (numpy(model(images, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)


def test_normalisations_have_the_constants_of_torch():
    model = outline("densenet121")
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert {(norm.epsilon, norm.momentum) for norm in norms} == {(1e-5, 0.9)}
    assert not any(x.use_bias for x in model.layers if isinstance(x, keras.layers.Conv2D))


def test_kernels_begin_with_the_variance_of_the_release():
    """2/n, n the connections that leave an input: 3 · 3 · 48 for a layer of this network."""
    row = Configuration(growth=48, blocks=(1,), bottleneck=False, compression=1.0, stem=64)
    (kernel,) = densenet_cifar(row, (4, 4, 3)).get_layer("block1_layer1_conv").get_weights()
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 48)), rel=0.03)


@pytest.mark.parametrize(("name", "smallest"), [("densenet_bc_100_12", 4), ("densenet161", 29)])
def test_the_smallest_image_leaves_one_pixel(name, smallest):
    model = outline(name, input_shape=(smallest, smallest, 3))
    assert model.get_layer("last_relu").output.shape[1:3] == (1, 1)
    too_small = (smallest, smallest - 1, 3)
    with pytest.raises(ValueError, match=f"{smallest}×{smallest} pixels or more, got"):
        build(name, input_shape=too_small)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"input_shape": (224, 224)}, r"input_shape must be \(height, width, channels\)"),
        ({"classes": 0}, "classes must be a positive int, got 0"),
        ({"dropout": 1}, "dropout must be a number from 0 to below 1, got 1"),
        ({"dropout": -0.2}, "dropout must be a number from 0 to below 1, got -0.2"),
        ({"dropout": None}, "dropout must be a number from 0 to below 1, got None"),
    ],
    ids=str,
)
def test_what_the_network_cannot_take_is_refused(overrides, message):
    with pytest.raises(ValueError, match=message):
        outline("densenet121", **overrides)


@pytest.mark.parametrize("stem", [0, 16.5, "16"])
def test_a_stem_without_a_number_of_maps_is_refused(stem):
    with pytest.raises(ValueError, match=f"stem must be a positive int, got {stem!r}"):
        outline("densenet40_12", stem=stem)
