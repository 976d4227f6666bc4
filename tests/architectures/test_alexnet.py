"""AlexNet and ZFNet against their papers, and what is special about them as behaviour."""

from functools import cache

import numpy as np
import pytest

from coursecnn.architectures import alexnet, build, zfnet
from coursecnn.architectures.layers import GroupedConv2D, LocalResponseNormalization, completed
from coursecnn.backend import keras
from coursecnn.models.costs import layer_table, totals
from tests.outlines import outline

SMALL = (52, 52, 3)
FIRST_ROWS = alexnet.ALEXNET[:2]


def random(*shape):
    """Numbers of both signs, the same each time."""
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def values(tensor):
    return keras.ops.convert_to_numpy(tensor)


def trunk(rows=alexnet.ALEXNET, shape=SMALL, **keywords):
    """Build the convolutions alone: the dense layers hold most of the weights."""
    image = keras.Input(shape, name="image")
    return keras.Model(image, alexnet.convolutions(image, rows, **keywords))


# Name, then for each convolution (rows of its map, filters, kernel, channels that a filter sees).
# AlexNet: figure 2 and section 3.5, 48 kernels of 5×5 for each half of conv2, and so on. The
# single tower: the released file. ZFNet: figure 3 and table 2.
PAPERS = {
    "alexnet": [
        *((55, 96, 11, 3), (27, 256, 5, 48), (13, 384, 3, 256)),
        *((13, 384, 3, 192), (13, 256, 3, 192)),
    ],
    "alexnet_single_tower": [
        *((55, 64, 11, 3), (27, 192, 5, 64), (13, 384, 3, 192)),
        *((13, 256, 3, 384), (13, 256, 3, 256)),
    ],
    "zfnet": [
        *((110, 96, 7, 3), (26, 256, 5, 96), (13, 384, 3, 256)),
        *((13, 384, 3, 384), (13, 256, 3, 384)),
    ],
    "zfnet_512": [
        *((110, 96, 7, 3), (26, 256, 5, 96), (13, 512, 3, 256)),
        *((13, 1024, 3, 512), (13, 512, 3, 1024)),
    ],
}
COUNTS = {
    "alexnet": (60_965_224, 724_406_816),
    "alexnet_single_tower": (61_100_840, 714_188_480),
    "zfnet": (62_357_608, 1_168_032_896),
    "zfnet_512": (107_627_624, 2_476_704_896),
}


def costs_of(convolutions):
    """Count parameters and MACs from the rows of a paper."""
    params = sum((kernel**2 * seen + 1) * filters for _, filters, kernel, seen in convolutions)
    macs = sum(size**2 * filters * k**2 * seen for size, filters, k, seen in convolutions)
    last = 6 * 6 * convolutions[-1][1]
    for inputs, units in [(last, 4096), (4096, 4096), (4096, 1000)]:
        params, macs = params + (inputs + 1) * units, macs + inputs * units
    return params, macs


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_those_of_the_paper(name):
    costs = totals(outline(name))
    assert (costs.params, costs.macs) == COUNTS[name] == costs_of(PAPERS[name])
    assert costs.trainable == costs.params


@pytest.mark.parametrize("name", COUNTS)
def test_maps_have_the_sizes_of_the_paper(name):
    table = layer_table(outline(name)).set_index("layer")["output_shape"]
    shapes = [table[f"conv{number}"] for number in range(1, 6)]
    assert shapes == [(size, size, filters) for size, filters, _, _ in PAPERS[name]]
    assert table["pool5"][:2] == (6, 6)


def test_the_lecture_s_table_of_alexnet_has_one_tower_and_pools_first():
    model = outline("alexnet", towers=1, pool_first=True)
    assert model.count_params() == 62_378_344
    table = layer_table(model)[["layer", "output_shape"]].itertuples(index=False, name=None)
    assert list(table)[1:7] == [
        *(("conv1", (55, 55, 96)), ("pool1", (27, 27, 96)), ("norm1", (27, 27, 96))),
        *(("conv2", (27, 27, 256)), ("pool2", (13, 13, 256)), ("norm2", (13, 13, 256))),
    ]


def test_the_paper_s_order_is_normalise_then_pool():
    names = [layer.name for layer in outline("alexnet").layers]
    assert names.index("conv1") < names.index("norm1") < names.index("pool1")
    assert names.index("conv2") < names.index("norm2") < names.index("pool2")


def test_only_256_filters_in_conv4_make_0_2_percent_more_parameters_than_two_towers():
    two_towers = outline("alexnet").count_params()
    released = outline("alexnet_single_tower").count_params()
    printed = outline("alexnet_single_tower", conv4_filters=384).count_params()
    assert round(100 * (released / two_towers - 1), 1) == 0.2
    assert printed == 61_838_248
    assert round(100 * (printed / two_towers - 1), 1) == 1.4


@cache
def noticed(towers):
    """Turn the second half of conv1's filters off: which channels of each layer notice?"""
    keras.utils.set_random_seed(0)
    model, images = trunk(towers=towers), random(1, *SMALL)
    for layer in model.layers:
        if layer.weights:  # larger weights, so that no difference is lost in rounding
            layer.kernel.assign(5 * layer.kernel)
    outputs = {layer.name: layer.output for layer in model.layers}
    every = keras.Model(model.input, outputs)
    before = every(images)
    kernel = model.get_layer("conv1").kernel
    kernel.assign(kernel * (np.arange(96) < 48))
    after = every(images)
    return {
        name: (values(before[name]) != values(after[name])).any(axis=(0, 1, 2)) for name in outputs
    }


@pytest.mark.parametrize(("layer", "channels"), [("norm1", 96), ("conv2", 256), ("norm2", 256)])
def test_the_towers_do_not_see_each_other_before_conv3(layer, channels):
    assert not noticed(towers=2)[layer][: channels // 2].any()
    assert noticed(towers=2)[layer][channels // 2 :].mean() > 0.9


def test_conv3_reads_both_towers():
    assert noticed(towers=2)["conv3"].mean() > 0.8


def test_one_tower_mixes_all_maps_from_conv2_on():
    assert noticed(towers=1)["conv2"].mean() > 0.9


def test_an_image_of_224_is_completed_with_zeros_to_227():
    model = trunk(FIRST_ROWS, (227, 227, 3))
    narrow = trunk(FIRST_ROWS, (224, 224, 3))
    narrow.set_weights(model.get_weights())
    image = random(1, 224, 224, 3)
    wide = np.pad(image, ((0, 0), (0, 3), (0, 3), (0, 0)))
    np.testing.assert_allclose(values(narrow(image)), values(model(wide)), rtol=1e-5)


def test_windows_that_fit_need_no_zeros():
    tensor = keras.Input((55, 27, 2))
    assert completed(tensor, 3, 2, "pool") is tensor


def test_a_completed_pooling_keeps_what_a_plain_one_drops():
    tensor = keras.Input((4, 5, 1))
    model = keras.Model(tensor, keras.layers.MaxPooling2D(3, 2)(completed(tensor, 3, 2, "pool")))
    rows = np.arange(20, dtype="float32").reshape(1, 4, 5, 1)
    np.testing.assert_array_equal(values(model(rows))[0, ..., 0], [[12, 14], [17, 19]])


class TestLocalResponseNormalization:
    @pytest.mark.parametrize(("size", "groups"), [(5, 1), (5, 2), (3, 4), (1, 1)])
    def test_divides_by_the_sum_over_neighbouring_channels(self, size, groups):
        """The formula of section 3.3, with its constants, one channel at a time."""
        a, width = random(2, 3, 3, 8) * 30, 8 // groups
        expected = np.empty_like(a)
        for i in range(8):
            group = range(i // width * width, (i // width + 1) * width)
            window = [j for j in group if abs(i - j) <= size // 2]
            activity = (a[..., window] ** 2).sum(axis=-1)
            expected[..., i] = a[..., i] / (2 + 1e-4 * activity) ** 0.75
        layer = LocalResponseNormalization(size=size, groups=groups)
        np.testing.assert_allclose(values(layer(a)), expected, rtol=1e-5)

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    def test_large_activations_survive_mixed_precision(self, policy):
        """In 16 bits, the square of 256 is infinite: the quotient would be zero."""
        a = 300 * random(1, 2, 2, 8)
        exact = values(LocalResponseNormalization()(a))
        rounded = LocalResponseNormalization(dtype=policy)(a)
        assert keras.backend.standardize_dtype(rounded.dtype) == policy.removeprefix("mixed_")
        np.testing.assert_allclose(values(keras.ops.cast(rounded, "float32")), exact, rtol=0.02)

    def test_has_the_constants_of_section_3_3(self):
        layer = outline("alexnet").get_layer("norm1")
        assert (layer.size, layer.alpha, layer.beta, layer.k) == (5, 1e-4, 0.75, 2)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"size": 4}, "size must be odd and positive, such as 5, got 4"),
            ({"size": -1}, "got -1"),
            ({"size": "5"}, "size must be odd and positive, such as 5, got '5'"),
            ({"groups": 0}, "groups must be a positive int, got 0"),
        ],
    )
    def test_refuses_what_has_no_middle(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            LocalResponseNormalization(**arguments)

    def test_refuses_groups_that_do_not_divide_the_channels(self):
        with pytest.raises(ValueError, match="groups must divide the 8 channels, got 3"):
            LocalResponseNormalization(groups=3)(random(1, 2, 2, 8))


@pytest.mark.parametrize("name", ["alexnet", "zfnet"])
def test_the_hidden_dense_layers_drop_half_of_their_units(name):
    layers = {layer.name: layer for layer in outline(name).layers}
    assert layers["drop6"].rate == layers["drop7"].rate == 0.5
    assert list(layers)[-5:] == ["fc6", "drop6", "fc7", "drop7", "fc8"]


def beginnings(model):
    """Standard deviation of the first weights and value of the first biases, layer by layer."""
    layers = [layer for layer in model.layers if layer.weights]
    deviations = [layer.kernel_initializer.stddev for layer in layers]
    return deviations, [layer.bias_initializer.value for layer in layers]


@pytest.mark.parametrize(
    ("name", "deviations", "biases"),
    [
        ("alexnet", [0.01] * 8, [0, 1, 0, 1, 1, 1, 1, 0]),
        (
            "alexnet_single_tower",
            [0.01, 0.01, 0.03, 0.03, 0.03, 0.01, 0.01, 0.01],
            [0, 1, 0, 1, 1, 1, 1, -7],
        ),
        ("zfnet", [0.01] * 8, [0] * 8),
    ],
)
def test_weights_begin_as_the_source_says(name, deviations, biases):
    assert beginnings(outline(name)) == (deviations, biases)


def test_zfnet_scales_filters_back_whose_root_mean_square_passes_a_tenth():
    model = trunk(zfnet.ZFNET[:2], largest_rms=zfnet.LARGEST_RMS)
    for name in ("conv1", "conv2"):
        layer = model.get_layer(name)
        kernel = random(*layer.kernel.shape) * np.where(np.arange(layer.filters) % 2, 0.05, 1)
        renormalised = values(layer.kernel_constraint(kernel))
        rms = np.sqrt((renormalised**2).mean(axis=(0, 1, 2)))
        np.testing.assert_allclose(rms[::2], 0.1, rtol=1e-4)
        np.testing.assert_allclose(renormalised[..., 1::2], kernel[..., 1::2], rtol=1e-4)


def test_every_zfnet_has_that_constraint_in_its_convolutions_only():
    layers = [layer for layer in outline("zfnet_512").layers if layer.weights]
    assert [layer.kernel_constraint is not None for layer in layers] == [True] * 5 + [False] * 3


def test_logistic_units_are_there_for_the_asking():
    model = outline("alexnet_single_tower", classifier_activation="sigmoid")
    assert model.get_layer("fc8").activation is keras.activations.sigmoid


def test_saved_and_loaded_convolutions_answer_the_same(tmp_path):
    model, images = trunk(FIRST_ROWS, towers=2, largest_rms=0.1), random(1, *SMALL)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(values(loaded(images)), values(model(images)))


@pytest.mark.parametrize(
    ("name", "smallest"),
    [("alexnet", 52), ("alexnet_single_tower", 52), ("zfnet", 60), ("zfnet_512", 60)],
)
def test_the_smallest_image_leaves_one_whole_window_for_the_last_pooling(name, smallest):
    model = outline(name, input_shape=(smallest, smallest, 1), classes=7)
    shapes = layer_table(model).set_index("layer")["output_shape"]
    assert shapes["conv5"][:2] == (3, 3)
    assert model.output_shape == (None, 7)
    with pytest.raises(ValueError, match=rf"with {smallest}×{smallest} pixels or more, got"):
        build(name, input_shape=(smallest, smallest - 1, 3))


def test_the_towers_convolve_one_after_the_other():
    """Keras's own groups take a hundred times as long to learn on a CPU."""
    split = [row.split for row in alexnet.ALEXNET]
    kinds = [type(trunk(towers=2).get_layer(f"conv{number}")) for number in range(1, 6)]
    assert [kind is GroupedConv2D for kind in kinds] == split


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("alexnet", {"towers": 3}, "towers must be one of 1, 2, got 3"),
        ("alexnet", {"pool_first": "no"}, "pool_first must be one of True, False, got 'no'"),
        (
            "alexnet_single_tower",
            {"classifier_activation": "softmx"},
            "classifier_activation must be None or a name of keras.activations, got 'softmx'",
        ),
        ("alexnet_single_tower", {"conv4_filters": 0}, "conv4_filters must be a positive int, got"),
    ],
)
def test_what_the_networks_do_not_have_is_refused(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(name, **arguments)
