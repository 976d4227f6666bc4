"""The residual networks for small images and the later ones, against their papers and releases."""

import numpy as np
import pytest

from coursecnn.architectures import blocks, build, describe, stochastic_depth
from coursecnn.architectures.layers import GroupedConv2D
from coursecnn.architectures.stochastic_depth import StochasticDepth, survival
from coursecnn.backend import keras
from coursecnn.models.costs import layer_table, totals
from tests.outlines import outline

ops = keras.ops

COUNTS = [
    # name, module, parameters, trainable, MACs
    ("resnet20", "resnet_cifar", 271_098, 269_722, 40_551_040),
    ("resnet32", "resnet_cifar", 466_426, 464_154, 68_862_592),
    ("resnet44", "resnet_cifar", 661_754, 658_586, 97_174_144),
    ("resnet56", "resnet_cifar", 857_082, 853_018, 125_485_696),
    ("resnet110", "resnet_cifar", 1_736_058, 1_727_962, 252_887_680),
    ("plain20", "resnet_cifar", 271_098, 269_722, 40_551_040),
    ("plain32", "resnet_cifar", 466_426, 464_154, 68_862_592),
    ("plain44", "resnet_cifar", 661_754, 658_586, 97_174_144),
    ("plain56", "resnet_cifar", 857_082, 853_018, 125_485_696),
    ("plain110", "resnet_cifar", 1_736_058, 1_727_962, 252_887_680),
    ("preact_resnet164", "preact", 1_727_482, 1_703_258, 244_500_992),
    ("preact_resnet1001", "preact", 10_476_922, 10_327_706, 1_487_849_984),
    ("resnet50_v2", "preact", 25_594_792, 25_549_352, 3_857_973_248),
    ("resnet101_v2", "preact", 44_639_144, 44_541_480, 7_570_194_432),
    ("resnet152_v2", "preact", 60_328_872, 60_185_128, 11_282_415_616),
    ("wide_resnet_16_8", "wide_resnet", 10_968_570, 10_961_370, 1_548_145_664),
    ("wide_resnet_40_4", "wide_resnet", 8_959_994, 8_949_210, 1_298_582_016),
    ("wide_resnet_28_10", "wide_resnet", 36_497_146, 36_479_194, 5_243_328_768),
    ("wide_resnet_50_2", "wide_resnet", 68_951_464, 68_883_240, 11_398_021_120),
    ("resnext50_32x4d", "resnext", 25_097_128, 25_028_904, 4_230_479_872),
    ("resnext101_32x4d", "resnext", 44_315_560, 44_177_704, 7_969_996_800),
    ("resnext29_8x64d", "resnext", 34_484_170, 34_426_698, 5_387_266_048),
    ("stochastic_depth_110", "stochastic_depth", 1_740_106, 1_732_010, 252_887_680),
]


@pytest.mark.parametrize(("name", "module", "params", "trainable", "macs"), COUNTS)
def test_counts(name, module, params, trainable, macs):
    costs = totals(outline(name))
    assert (costs.params, costs.trainable, costs.macs) == (params, trainable, macs)
    assert describe(name).family == module


class Tally:
    """Layers of a paper's table, added up: weights, normalised channels and multiplications."""

    def __init__(self, size):
        self.size, self.weights, self.normalised, self.macs = size, 0, 0, 0

    def convolve(self, kernel, channels, filters, groups=1):
        weights = kernel**2 * channels * filters // groups
        self.weights += weights
        self.macs += weights * self.size**2
        return filters

    def normalise(self, channels):
        self.normalised += channels

    def totals(self, channels, classes):
        """(parameters, trainable, MACs), with a last layer that has biases."""
        trainable = self.weights + 2 * self.normalised + (channels + 1) * classes
        return trainable + 2 * self.normalised, trainable, self.macs + channels * classes


def basic_by_hand(n):
    """Section 4.2 of He et al. 2016: 6n + 2 layers, shortcuts without parameters."""
    tally = Tally(32)
    channels = tally.convolve(3, 3, 16)
    tally.normalise(channels)
    for filters in (16, 32, 64):
        for unit in range(2 * n):
            tally.size //= 2 if filters > 16 and unit == 0 else 1
            channels = tally.convolve(3, channels, filters)
            tally.normalise(filters)
    return tally.totals(64, 10)


def preactivation_by_hand(n):
    """The Torch release of He et al. 2016b: a normalisation before each convolution."""
    tally = Tally(32)
    channels = tally.convolve(3, 3, 16)
    for width in (16, 32, 64):
        for unit in range(n):
            tally.normalise(channels)
            tally.size //= 2 if width > 16 and unit == 0 else 1
            if unit == 0:
                tally.convolve(1, channels, 4 * width)
            tally.convolve(1, channels, width)
            tally.normalise(width)
            tally.convolve(3, width, width)
            tally.normalise(width)
            channels = tally.convolve(1, width, 4 * width)
    tally.normalise(channels)
    return tally.totals(256, 10)


def wide_by_hand(n, k):
    """The Torch release of Zagoruyko and Komodakis: 6n + 4 layers, k times as wide."""
    tally = Tally(32)
    channels = tally.convolve(3, 3, 16)
    for filters in (16 * k, 32 * k, 64 * k):
        for unit in range(n):
            tally.normalise(channels)
            tally.size //= 2 if filters > 16 * k and unit == 0 else 1
            if unit == 0:
                tally.convolve(1, channels, filters)
            channels = tally.convolve(3, channels, filters)
            tally.normalise(filters)
            tally.convolve(3, filters, filters)
    tally.normalise(channels)
    return tally.totals(64 * k, 10)


def aggregated_by_hand(size, stem, units, groups, d, classes, expansion=4):
    """The Torch releases with the stride on the 3×3: ResNeXt, and with one group WRN-50-2."""
    tally = Tally(size)
    channels = tally.convolve(stem, 3, 64)
    tally.normalise(channels)
    tally.size //= 2 if stem == 7 else 1  # the pooling
    for stage, count in enumerate(units):
        width = groups * d * 2**stage
        filters = 64 * 2**stage * expansion
        for unit in range(count):
            tally.convolve(1, channels, width)
            tally.size //= 2 if stage > 0 and unit == 0 else 1
            tally.convolve(3, width, width, groups)
            if unit == 0:
                tally.convolve(1, channels, filters)
                tally.normalise(filters)
            channels = tally.convolve(1, width, filters)
            tally.normalise(2 * width + filters)
    return tally.totals(channels, classes)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet20", basic_by_hand(3)),
        ("resnet32", basic_by_hand(5)),
        ("resnet44", basic_by_hand(7)),
        ("resnet56", basic_by_hand(9)),
        ("resnet110", basic_by_hand(18)),
        ("preact_resnet164", preactivation_by_hand(18)),
        ("preact_resnet1001", preactivation_by_hand(111)),
        ("wide_resnet_16_8", wide_by_hand(2, 8)),
        ("wide_resnet_40_4", wide_by_hand(6, 4)),
        ("wide_resnet_28_10", wide_by_hand(4, 10)),
        ("wide_resnet_50_2", aggregated_by_hand(112, 7, [3, 4, 6, 3], 1, 128, 1000)),
        ("resnext50_32x4d", aggregated_by_hand(112, 7, [3, 4, 6, 3], 32, 4, 1000)),
        ("resnext101_32x4d", aggregated_by_hand(112, 7, [3, 4, 23, 3], 32, 4, 1000)),
        ("resnext29_8x64d", aggregated_by_hand(32, 3, [3, 3, 3], 8, 64, 10)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_counts_are_those_of_the_paper_added_up_by_hand(name, expected):
    assert next(row[2:] for row in COUNTS if row[0] == name) == expected


@pytest.mark.slow
def test_second_version_lacks_the_normalisations_that_the_first_one_has_after_projections():
    """Elsewhere it has one for each: of a unit's input, not of its output."""
    for units, name in [((3, 4, 6, 3), 50), ((3, 4, 23, 3), 101), ((3, 8, 36, 3), 152)]:
        first, second = totals(outline(f"resnet{name}")), totals(outline(f"resnet{name}_v2"))
        outputs = [256 << stage for stage in range(4)]
        inputs = [64, *outputs[:3]]
        # All inputs but the first, which the stem normalises, and the last output of all.
        before = sum(i + (n - 1) * o for n, i, o in zip(units, inputs, outputs, strict=True))
        before += outputs[-1] - inputs[0]
        after = sum((n + 1) * o for n, o in zip(units, outputs, strict=True))
        assert first.trainable - second.trainable == 2 * (after - before)
        assert first.macs == second.macs


@pytest.mark.parametrize(
    ("name", "printed"),  # millions, as printed in tables 6, 4, 5 and 7 of the papers
    [
        *[("resnet20", 0.27), ("resnet32", 0.46), ("resnet44", 0.66), ("resnet56", 0.85)],
        *[("resnet110", 1.7), ("preact_resnet164", 1.7)],
        *[("wide_resnet_40_4", 8.9), ("wide_resnet_16_8", 11.0), ("wide_resnet_28_10", 36.5)],
        *[("resnext50_32x4d", 25.0), ("resnext29_8x64d", 34.4), ("wide_resnet_50_2", 68.9)],
    ],
)
def test_parameters_are_those_that_the_papers_print(name, printed):
    digits = len(str(printed).partition(".")[2])
    assert round(totals(outline(name)).trainable / 1e6, digits) == printed


@pytest.mark.slow
def test_of_1001_layers_the_paper_counts_the_convolutions_and_the_last_layer_only():
    """10.2 million are printed; with scales and offsets of the normalisations it is 10.3."""
    table = layer_table(outline("preact_resnet1001"))
    weights = table[table["type"] != "BatchNormalization"]["params"].sum()
    assert round(weights / 1e6, 1) == 10.2
    assert round(totals(outline("preact_resnet1001")).trainable / 1e6, 1) == 10.3


def test_map_sizes_are_those_of_the_papers():
    for name, channels in [("resnet20", 16), ("wide_resnet_28_10", 160), ("resnext29_8x64d", 256)]:
        shapes = layer_table(outline(name)).set_index("layer")["output_shape"]
        for stage, (side, wider) in enumerate([(32, 1), (16, 2), (8, 4)], start=2):
            assert shapes[f"conv{stage}_unit2_add"] == (side, side, wider * channels)


def test_plain_twin_is_the_same_network_without_additions():
    layers = [
        [layer.name for layer in outline(name).layers if layer.weights]
        for name in ("resnet56", "plain56")
    ]
    assert layers[0] == layers[1]
    assert not any(isinstance(layer, keras.layers.Add) for layer in outline("plain56").layers)


def shortcut_of(option, maps, filters, stride):
    image = keras.Input(maps.shape[1:])
    output = blocks.shortcut(image, filters, stride, option, blocks.Style(), "unit")
    return keras.Model(image, output)


def test_option_a_takes_every_second_pixel_and_appends_zeros():
    maps = np.random.default_rng(0).random((2, 7, 6, 3), dtype="float32")
    model = shortcut_of("A", maps, 5, 2)
    got = ops.convert_to_numpy(model(maps))
    assert not model.weights
    assert np.array_equal(got[..., :3], maps[:, ::2, ::2])
    assert got.shape[-1] == 5
    assert not got[..., 3:].any()


def test_options_a_and_b_leave_an_input_of_the_right_shape_alone():
    maps = np.zeros((1, 4, 4, 3))
    assert not shortcut_of("A", maps, 3, 1).weights
    assert not shortcut_of("B", maps, 3, 1).weights
    assert shortcut_of("C", maps, 3, 1).weights


def test_strided_convolution_is_centred_on_the_pixels_of_the_shortcut():
    """A kernel with a one in the middle copies the pixel that the subsampling keeps."""
    maps = np.random.default_rng(0).random((1, 8, 8, 1), dtype="float32")
    image = keras.Input((8, 8, 1))
    model = keras.Model(image, blocks.convolution(image, 1, 3, blocks.Style(), "conv", stride=2))
    middle = np.zeros((3, 3, 1, 1))
    middle[1, 1] = 1
    model.set_weights([middle])
    assert np.array_equal(ops.convert_to_numpy(model(maps)), maps[:, ::2, ::2])


@pytest.mark.parametrize("activated", [False, True])
def test_a_preactivation_unit_whose_branch_is_silent_changes_nothing(activated):
    """An identity mapping: negative values pass, which a ReLU after the addition would stop."""
    image = keras.Input((4, 4, 3))
    output = blocks.preactivation_unit(
        image, 3, lambda x, *_: 0 * x, blocks.Style(), "unit", activated=activated
    )
    maps = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("float32")
    assert np.array_equal(ops.convert_to_numpy(keras.Model(image, output)(maps)), maps)


def test_in_a_residual_network_the_shortcut_is_activated_after_each_addition():
    layer = outline("resnet20").get_layer("conv2_unit2_add")
    assert [tensor._keras_history[0].name for tensor in layer.input] == [
        "conv2_unit1_relu",
        "conv2_unit2_bn2",
    ]


def test_first_unit_of_a_preactivation_network_branches_off_after_the_first_activation():
    for name in ("preact_resnet164", "wide_resnet_16_8"):
        model = outline(name)
        for layer in ("conv2_unit1_conv1", "conv2_unit1_shortcut"):
            assert model.get_layer(layer).input._keras_history[0].name == "conv1_relu"
    model = outline("resnet50_v2")
    assert model.get_layer("conv2_unit1_conv1").input._keras_history[0].name == "pool1"


def test_dropout_stands_before_the_second_convolution_of_wide_units_if_asked_for():
    assert not any("dropout" in layer.name for layer in outline("wide_resnet_16_8").layers)
    model = outline("wide_resnet_16_8", dropout=0.3)
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in dropouts] == [0.3] * 6
    second = model.get_layer("conv3_unit1_conv2")
    assert second.input._keras_history[0].name == "conv3_unit1_dropout"


@pytest.mark.parametrize(
    ("gamma", "low", "high"), [("ones", 1, 1), ("uniform", 0, 1)], ids=["ones", "uniform"]
)
def test_scales_of_normalisations_start_as_the_release_starts_them(gamma, low, high):
    image = keras.Input((2, 2, 500))
    model = keras.Model(image, blocks.normalisation(image, blocks.Style(gamma=gamma), "bn"))
    scales = model.get_weights()[0]
    assert low <= scales.min() <= low + 0.05
    assert high - 0.05 <= scales.max() <= high


@pytest.mark.parametrize("stride", [1, 2])
def test_a_grouped_convolution_is_the_one_of_keras(stride):
    """Form (b) of figure 3, a convolution for each path, equals form (c), one in groups."""
    arguments = {"groups": 4, "strides": stride, "padding": "same", "use_bias": True}
    ours, theirs = GroupedConv2D(8, 3, **arguments), keras.layers.Conv2D(8, 3, **arguments)
    maps = np.random.default_rng(0).normal(size=(2, 6, 6, 16)).astype("float32")
    for layer in (ours, theirs):
        layer.build(maps.shape)
    theirs.set_weights([*ours.get_weights()[:1], np.arange(8.0)])
    ours.set_weights(theirs.get_weights())
    expected, got = (ops.convert_to_numpy(layer(maps)) for layer in (theirs, ours))
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


class TestStochasticDepth:
    BRANCH = np.arange(1.0, 13.0, dtype="float32").reshape(3, 2, 2, 1)

    def outcomes(self, probability, draws, seed=0):
        """Which of so many draws in training left the branch open."""
        gate = StochasticDepth(probability, seed=seed)
        outputs = [ops.convert_to_numpy(gate(self.BRANCH, training=True)) for _ in range(draws)]
        for output in outputs:  # all of the batch or nothing, and not rescaled
            assert np.array_equal(output, self.BRANCH) or not output.any()
        return np.array([output.any() for output in outputs])

    @pytest.mark.slow
    def test_in_training_a_branch_is_open_with_its_probability(self):
        draws = 1000
        spread = np.sqrt(0.7 * 0.3 / draws)
        assert abs(self.outcomes(0.7, draws).mean() - 0.7) < 4 * spread

    def test_draws_differ_from_step_to_step_and_repeat_with_the_seed(self):
        first, again, other = (self.outcomes(0.5, 50, seed) for seed in (1, 1, 2))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)

    @pytest.mark.parametrize("probability", [0.0, 1.0])
    def test_at_the_extremes_nothing_is_left_to_chance(self, probability):
        assert set(self.outcomes(probability, 100)) == {bool(probability)}

    @pytest.mark.parametrize("probability", [0.0, 0.7, 1.0])
    def test_at_test_a_branch_counts_with_its_probability(self, probability):
        output = ops.convert_to_numpy(StochasticDepth(probability)(self.BRANCH, training=False))
        np.testing.assert_allclose(output, np.float32(probability) * self.BRANCH)

    @pytest.mark.parametrize("probability", [-0.1, 1.1, None])
    def test_what_is_no_probability_is_refused(self, probability):
        with pytest.raises(ValueError, match=f"survival must be .* from 0 to 1, got {probability}"):
            StochasticDepth(probability)

    def test_probabilities_fall_linearly_from_the_first_unit_to_the_last(self):
        model = outline("stochastic_depth_110")
        gates = [layer for layer in model.layers if isinstance(layer, StochasticDepth)]
        assert len(gates) == 54
        expected = 1 - np.arange(1, 55) / 54 * 0.5
        np.testing.assert_allclose([gate.survival for gate in gates], expected)
        assert gates[-1].survival == 0.5

    def test_the_papers_example_of_a_rule(self):
        """Section 3 of the paper: about 40 of 54 units are alive on average with p_L = 0.5."""
        assert sum(survival(unit, 54) for unit in range(1, 55)) == pytest.approx(40.25)

    @pytest.mark.slow
    def test_a_closed_unit_passes_its_input_on(self):
        """With p_L = 0 the last unit is never alive; its input is not negative already."""
        model = stochastic_depth.stochastic_depth_110((8, 8, 3), last_survival=0.0)
        ends = [model.get_layer(f"conv4_unit{number}_relu").output for number in (17, 18)]
        unit = keras.Model(*ends)
        maps = np.random.default_rng(0).random((2, 2, 2, 64), dtype="float32")
        for training in (True, False):
            assert np.array_equal(ops.convert_to_numpy(unit(maps, training=training)), maps)

    def test_shortcuts_that_halve_the_map_average_and_append_zeros(self):
        layers = {layer.name: layer for layer in outline("stochastic_depth_110").layers}
        for stage, filters in [("conv3", 32), ("conv4", 64)]:
            average = layers[f"{stage}_unit1_shortcut_average"]
            assert (average.pool_size, average.strides) == ((2, 2), (2, 2))
            assert layers[f"{stage}_unit1_shortcut_pad"].filters == filters

    @pytest.mark.slow
    def test_without_biases_it_has_the_parameters_of_the_residual_network(self):
        bare = outline("stochastic_depth_110", conv_bias=False)
        assert bare.count_params() == outline("resnet110").count_params()

    @pytest.mark.slow
    def test_biases_of_the_last_layer_start_as_torch_starts_them(self):
        """The release leaves nn.Linear alone: uniform within ±1/√n, weights and biases."""
        model = stochastic_depth.stochastic_depth_110((4, 4, 1), classes=1000)
        for weights in model.get_layer("predictions").get_weights():
            assert 0.95 / 8 < np.abs(weights).max() <= 1 / 8
            assert abs(weights.mean()) < 0.02

    def test_odd_sizes_are_refused(self):
        with pytest.raises(ValueError, match="input_shape must have sides that 4 divides"):
            outline("stochastic_depth_110", input_shape=(33, 32, 3))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("resnet20", {"input_shape": (3, 32, 3)}, r"with 4×4 pixels or more, got \(3, 32, 3\)"),
        ("plain20", {"classes": -1}, "classes must be a positive int, got -1"),
        ("resnet20", {"shortcut": "a"}, "shortcut must be one of 'A', 'B', 'C', got 'a'"),
        ("preact_resnet164", {"input_shape": (32, 32, 0)}, r"got \(32, 32, 0\)"),
        ("wide_resnet_16_8", {"dropout": 1}, "dropout must be a number from 0 to below 1, got 1"),
        ("wide_resnet_16_8", {"dropout": "0.3"}, "dropout must be a number .*, got '0.3'"),
        ("wide_resnet_50_2", {"input_shape": (31, 32, 3)}, "with 32×32 pixels or more"),
        ("resnext50_32x4d", {"classes": 1.5}, "classes must be a positive int, got 1.5"),
        ("resnext29_8x64d", {"input_shape": (32, 32)}, r"got \(32, 32\)"),
        (
            "stochastic_depth_110",
            {"last_survival": 2},
            "last_survival must be a number from 0 to 1, got 2",
        ),
    ],
)
def test_what_the_architecture_cannot_take_is_refused(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(name, **arguments)
