"""Residual networks for ImageNet, against table 1 of the paper and the counts of Keras."""

import numpy as np
import pytest

from coursecnn import geometry
from coursecnn.architectures import blocks, preact, resnet
from coursecnn.backend import keras
from coursecnn.models.costs import layer_table, totals
from tests.outlines import outline

ops = keras.ops

# Table 1 of He et al. 2016, typed once more: units in conv2_x to conv5_x, outputs in widths.
PAPER = {
    18: ([2, 2, 2, 2], 1),
    34: ([3, 4, 6, 3], 1),
    50: ([3, 4, 6, 3], 4),
    101: ([3, 4, 23, 3], 4),
    152: ([3, 8, 36, 3], 4),
}

COUNTS = [
    # name, parameters, trainable, MACs, the paper's "FLOPs" (two digits, some cut off)
    ("resnet18", 11_699_112, 11_689_512, 1_814_073_344, 1.8e9),
    ("resnet34", 21_814_696, 21_797_672, 3_663_761_408, 3.6e9),
    ("resnet50", 25_610_152, 25_557_032, 3_857_973_248, 3.8e9),
    ("resnet101", 44_654_504, 44_549_160, 7_570_194_432, 7.6e9),
    ("resnet152", 60_344_232, 60_192_808, 11_282_415_616, 11.3e9),
]


def by_hand(depth):
    """Count (trainable, parameters, MACs) from table 1, layer by layer, and nothing else."""
    weights = macs = normalised = 0

    def convolve(kernel, channels, filters, size):
        nonlocal weights, macs, normalised
        weights += kernel**2 * channels * filters
        macs += size**2 * kernel**2 * channels * filters
        normalised += filters

    units, expansion = PAPER[depth]
    convolve(7, 3, 64, 112)
    size, channels = 56, 64
    for stage, (count, width) in enumerate(zip(units, [64, 128, 256, 512], strict=True)):
        for unit in range(count):
            size //= 2 if stage > 0 and unit == 0 else 1
            filters = expansion * width
            if filters != channels:
                convolve(1, channels, filters, size)
            if expansion == 1:
                convolve(3, channels, width, size)
                convolve(3, width, width, size)
            else:
                convolve(1, channels, width, size)  # the stride is here: a quarter of the pixels
                convolve(3, width, width, size)
                convolve(1, width, filters, size)
            channels = filters
    trainable = weights + 2 * normalised + 1000 * (channels + 1)
    return trainable, trainable + 2 * normalised, macs + 1000 * channels


@pytest.mark.parametrize(("name", "params", "trainable", "macs", "published"), COUNTS)
def test_counts_are_those_of_table_1(name, params, trainable, macs, published):
    costs = totals(outline(name))
    assert (costs.trainable, costs.params, costs.macs) == (trainable, params, macs)
    assert (trainable, params, macs) == by_hand(int(name.removeprefix("resnet")))
    assert macs == pytest.approx(published, rel=0.02)


def test_output_sizes_are_those_of_table_1():
    shapes = layer_table(outline("resnet50")).set_index("layer")["output_shape"]
    assert shapes["conv1"] == (112, 112, 64)
    assert shapes["pool1"] == (56, 56, 64)
    assert shapes["conv2_unit3_relu"] == (56, 56, 256)
    assert shapes["conv3_unit4_relu"] == (28, 28, 512)
    assert shapes["conv4_unit6_relu"] == (14, 14, 1024)
    assert shapes["conv5_unit3_relu"] == (7, 7, 2048)


@pytest.mark.parametrize("name", [row[0] for row in COUNTS])
def test_depth_is_the_number_of_layers_with_weights_on_the_longest_path(name):
    layers = [
        type(layer).__name__ for layer in outline(name).layers if "shortcut" not in layer.name
    ]
    assert layers.count("Conv2D") + layers.count("Dense") == int(name.removeprefix("resnet"))


@pytest.mark.parametrize(("release", "strided"), [("caffe", "conv1"), ("torch", "conv2")])
def test_release_says_which_convolution_of_a_bottleneck_has_the_stride(release, strided):
    model = outline("resnet50", release=release)
    for stage in ("conv3", "conv4", "conv5"):
        strides = {c: model.get_layer(f"{stage}_unit1_{c}").strides[0] for c in ("conv1", "conv2")}
        assert strides == {"conv1": 1, "conv2": 1} | {strided: 2}


def test_stride_on_the_3x3_costs_multiplications_and_no_parameters():
    caffe, torch = (totals(outline("resnet50", release=name)) for name in ("caffe", "torch"))
    assert torch.params == caffe.params
    assert torch.macs == 4_089_184_256  # the 4.1 billion of the Torch release's README


def test_options_of_the_shortcut_differ_by_their_projections():
    a, b, c = (totals(outline("resnet34", shortcut=option)) for option in "ABC")
    # Weights and normalisation of 1×1 convolutions where the shapes change, and everywhere.
    changes = [(64, 128), (128, 256), (256, 512)]
    same = [64] * 3 + [128] * 3 + [256] * 5 + [512] * 2
    assert b.trainable - a.trainable == sum(i * o + 2 * o for i, o in changes)
    assert c.trainable - b.trainable == sum(n * n + 2 * n for n in same)


@pytest.mark.parametrize("size", [32, 33, 34, 35])
def test_first_pooling_rounds_up_as_caffe_does(size):
    image = keras.Input((size, size, 3))
    stem = keras.Model(image, blocks.imagenet_stem(image, blocks.Style(), "ceil"))
    convolved = geometry.output_size(size, 7, 2, 3, rounding="floor")
    assert stem.output_shape[1] == geometry.output_size(convolved, 3, 2, rounding="ceil")


@pytest.mark.parametrize(("pooling", "first"), [("ceil", 2), ("padded", 1)])
def test_first_window_of_the_pooling_begins_at_the_edge_or_before_it(pooling, first):
    """Of maps that rise from left to right, a window keeps its last column."""
    image = keras.Input((32, 32, 1))
    stem = keras.Model(image, blocks.imagenet_stem(image, blocks.Style(), pooling))
    pool = keras.Model(stem.get_layer("conv1_relu").output, stem.output)
    maps = np.broadcast_to(np.arange(16.0)[:, None], (1, 16, 16, 64))
    pooled = ops.convert_to_numpy(pool(maps))[0, 0, :, 0]
    assert pooled.tolist() == [min(first + 2 * index, 15) for index in range(8)]


@pytest.mark.parametrize(("fan", "receptive"), [("fan_in", 9 * 8), ("fan_out", 9 * 32)])
def test_kernels_start_normally_distributed_with_variance_2_over_n(fan, receptive):
    keras.utils.set_random_seed(0)
    image = keras.Input((4, 4, 8))
    model = keras.Model(image, blocks.convolution(image, 32, 3, blocks.Style(fan=fan), "conv"))
    kernel = model.get_weights()[0]
    assert kernel.std() == pytest.approx(np.sqrt(2 / receptive), rel=0.05)
    assert np.abs(kernel).max() > 2.5 * kernel.std()  # He's normal is not cut off, Keras's is


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters"),  # as Keras counts its own
    [
        ("resnet50", 25_636_712),
        ("resnet101", 44_707_176),
        ("resnet152", 60_419_944),
        ("resnet50_v2", 25_613_800),
        ("resnet101_v2", 44_675_560),
        ("resnet152_v2", 60_380_648),
    ],
)
def test_structure_of_keras_has_the_parameters_of_keras(name, parameters):
    assert outline(name, release="keras").count_params() == parameters


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (224, 31, 3)}, r"with 32×32 pixels or more, got \(224, 31, 3\)"),
        ({"input_shape": (224, 224)}, r"input_shape must be .*got \(224, 224\)"),
        ({"input_shape": (None, None, 3)}, r"input_shape must be .*got \(None, None, 3\)"),
        ({"classes": 0}, "classes must be a positive int, got 0"),
        ({"release": "tf"}, "release must be one of 'caffe', 'torch', 'keras', got 'tf'"),
        ({"shortcut": "D"}, "shortcut must be one of 'A', 'B', 'C', got 'D'"),
    ],
    ids=str,
)
def test_what_the_architecture_cannot_take_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        resnet.resnet(18, **arguments)


def test_unknown_release_of_the_second_version_is_refused():
    with pytest.raises(ValueError, match="release must be one of 'paper', 'keras', got 'caffe'"):
        preact.resnet_v2(50, release="caffe")
