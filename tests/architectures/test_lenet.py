"""LeNet-5 against the paper's numbers, and its layers against their definitions."""

import numpy as np
import pytest

from coursecnn import convolution
from coursecnn.architectures import lenet
from coursecnn.backend import keras
from coursecnn.models.costs import layer_table, totals


def random(*shape):
    """Numbers of both signs, the same each time."""
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def values(tensor):
    return keras.ops.convert_to_numpy(tensor)


# Section II.B: layer, trainable parameters, connections. A connection is a product or a bias, so
# that a layer has its MACs and one more for each of its units; S2 and S4 have five for each unit.
PAPER = [
    ("C1", 156, 122_304),
    ("S2", 12, 5_880),
    ("C3", 1_516, 151_600),
    ("S4", 32, 2_000),
    ("C5", 48_120, 48_120),
    ("F6", 10_164, 10_164),
]


@pytest.mark.parametrize(("layer", "parameters", "connections"), PAPER)
def test_layers_of_1998_have_the_parameters_and_connections_of_the_paper(
    layer, parameters, connections
):
    row = layer_table(lenet.lenet5_1998()).set_index("layer").loc[layer]
    assert row["params"] == parameters
    products = 4 * row["values"] if layer in ("S2", "S4") else row["macs"]
    assert products + row["values"] == connections


def test_lenet5_of_1998_has_the_60000_trainable_parameters_of_the_paper():
    costs = totals(lenet.lenet5_1998())
    assert costs.trainable == sum(parameters for _, parameters, _ in PAPER) == 60_000
    assert costs.params == 60_000 + 84 * 10  # the codes of the digits do not learn
    # "340,908 connections", the 84 · 10 of the output with them.
    assert sum(connections for _, _, connections in PAPER) + 84 * 10 == 340_908
    convolutions = 28 * 28 * 6 * 25 + 10 * 10 * 60 * 25 + 16 * 25 * 120
    assert costs.macs == convolutions + 120 * 84 + 84 * 10 == 326_520


def test_lenet5_of_today_has_61706_parameters():
    costs = totals(lenet.lenet5())
    # As in 1998, but all 16 · 6 pairs of C3, no subsampling weights, and a dense output.
    assert costs.params == costs.trainable == 60_000 - 12 - 32 + 25 * (96 - 60) + 85 * 10
    assert costs.params == 61_706
    assert costs.macs == 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 48_000 + 10_080 + 840 == 416_520


@pytest.mark.parametrize("build", [lenet.lenet5_1998, lenet.lenet5])
def test_maps_have_the_sizes_of_figure_2(build):
    shapes = layer_table(build()).set_index("layer")["output_shape"]
    assert list(shapes.loc[["C1", "S2", "C3", "S4"]]) == [
        *((28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16))
    ]
    assert list(shapes.loc[["C5", "F6", "output"]]) == [(1, 1, 120), (84,), (10,)]


def test_each_map_of_s2_is_read_by_ten_maps_of_c3():
    """Every row of table I has ten crosses; its columns have three, four and six."""
    reads = [s2_map for maps in lenet.C3_READS for s2_map in maps]
    assert [reads.count(s2_map) for s2_map in range(6)] == [10] * 6
    assert [len(maps) for maps in lenet.C3_READS] == [3] * 6 + [4] * 9 + [6]
    assert len(set(lenet.C3_READS)) == 16


def test_sparse_convolution_is_a_convolution_whose_missing_kernels_are_zero():
    layer, images = lenet.SparseConvolution(lenet.C3_READS, 5), random(2, 9, 8, 6)
    layer.build(images.shape)
    weights, bias = random(25, 60), random(16)
    layer.set_weights([weights, bias])
    full, connections = np.zeros((5, 5, 6, 16)), iter(weights.T)
    for out, maps in enumerate(lenet.C3_READS):
        for map_in in maps:
            full[:, :, map_in, out] = next(connections).reshape(5, 5)
    expected = convolution.conv2d(images, full, bias)
    np.testing.assert_allclose(values(layer(images)), expected, atol=1e-4)


def test_first_weights_lie_within_two_point_four_by_the_fan_in():
    model = lenet.lenet5_1998()
    limits = {"C1": 2.4 / 25, "C5": 2.4 / 400, "F6": 2.4 / 120, "S2": 2.4 / 4}
    for name, limit in limits.items():
        weights, bias = model.get_layer(name).get_weights()
        assert abs(weights).max() <= limit
        assert weights.size < 100 or abs(weights).max() > limit / 2  # not narrower by a mistake
        assert not bias.any()
    sparse = abs(model.get_layer("C3").get_weights()[0])
    assert 2.4 / 100 < sparse[:, :18].max() <= 2.4 / 75  # columns of the maps that read three
    assert 2.4 / 200 < sparse[:, -6:].max() <= 2.4 / 150  # and of the one that reads six


def test_subsampling_scales_the_sum_of_four_and_adds_a_bias():
    layer, images = lenet.Subsampling(), random(2, 4, 6, 3)
    layer.build(images.shape)
    layer.set_weights([np.array([1.0, 2.0, -1.0]), np.array([0.5, 0.0, 0.0])])
    sums = images.reshape(2, 2, 2, 3, 2, 3).sum(axis=(2, 4))
    expected = sums * [1, 2, -1] + [0.5, 0, 0]
    np.testing.assert_allclose(values(layer(images)), expected, atol=1e-5)


def test_scaled_tanh_takes_one_to_one():
    expected = [-1.0, 0.0, 1.0, 1.7159]
    squashed = lenet.scaled_tanh(keras.ops.array([-1.0, 0.0, 1.0, 100.0]))
    np.testing.assert_allclose(values(squashed), expected, atol=1e-5)


def test_outputs_are_squared_distances_to_the_codes():
    model = lenet.lenet5_1998()
    features = keras.Model(model.input, model.get_layer("F6").output)
    images = random(3, 32, 32, 1)
    codes = model.get_layer("output").get_weights()[0]
    expected = [[((x - code) ** 2).sum() for code in codes] for x in values(features(images))]
    np.testing.assert_allclose(values(model(images)), expected, rtol=1e-5)


def test_the_code_of_a_digit_is_its_own_nearest():
    layer = lenet.lenet5_1998().get_layer("output")
    codes = layer.get_weights()[0]
    assert codes.shape == (10, 84)
    assert set(np.unique(codes)) == {-1, 1}
    distances = values(layer(codes))
    assert (distances.argmin(axis=1) == range(10)).all()
    assert np.partition(distances, 1)[:, 1].min() >= 4 * 8  # the next one differs in 8 pixels


def test_digits_are_drawn_in_12_rows_of_7_pixels():
    assert len(lenet.DIGITS) == 10
    assert all([len(row) for row in digit.split("\n")] == [7] * 12 for digit in lenet.DIGITS)


@pytest.mark.parametrize("classes", [3, 26])
def test_other_class_counts_have_other_codes(classes):
    codes = lenet.lenet5_1998(classes=classes).get_layer("output").get_weights()[0]
    assert codes.shape == (classes, 84)
    assert len(np.unique(codes, axis=0)) == classes


def test_probabilities_are_largest_where_the_penalty_is_smallest():
    model, images = lenet.lenet5_1998(probabilities=True), random(4, 32, 32, 1)
    penalties = keras.Model(model.input, model.get_layer("output").output)(images)
    unnormalised = np.exp(values(penalties).min() - values(penalties))
    expected = unnormalised / unnormalised.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(values(model(images)), expected, rtol=1e-3)


def test_training_moves_every_trainable_weight_and_no_code():
    model = lenet.lenet5_1998(probabilities=True)
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    model.train_on_batch(random(10, 32, 32, 1), np.arange(10))
    pairs = zip(model.weights, before, model.get_weights(), strict=True)
    moved = {weight.path for weight, old, new in pairs if (old != new).any()}
    assert moved == {weight.path for weight in model.trainable_weights}


@pytest.mark.parametrize("build", [lenet.lenet5_1998, lenet.lenet5])
def test_saved_and_loaded_network_answers_the_same(build, tmp_path):
    model, images = build(), random(2, 32, 32, 1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(values(loaded(images)), values(model(images)))


@pytest.mark.parametrize("build", [lenet.lenet5_1998, lenet.lenet5])
def test_mnist_images_take_a_padding_of_two(build):
    model = build((28, 28, 1), padding=2)
    assert model.input_shape == (None, 28, 28, 1)
    assert model.count_params() == build().count_params()
    assert totals(model).macs == totals(build()).macs


def test_lenet5_has_the_pooling_and_activation_of_the_lecture_unless_asked():
    assert isinstance(lenet.lenet5().get_layer("S2"), keras.layers.AveragePooling2D)
    assert lenet.lenet5().get_layer("C1").activation is keras.activations.tanh
    other = lenet.lenet5(pooling="max", activation="relu")
    assert isinstance(other.get_layer("S4"), keras.layers.MaxPooling2D)
    assert other.get_layer("F6").activation is keras.activations.relu


@pytest.mark.parametrize("build", [lenet.lenet5_1998, lenet.lenet5])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (28, 28, 1)}, r"28×28 needs padding=2\), got \(28, 28, 1\) and padding=0"),
        ({"input_shape": (32, 34, 1)}, r"in multiples of 4, .*got \(32, 34, 1\)"),
        ({"padding": -1}, "padding must be an int from 0 on, such as 2, got -1"),
        ({"padding": "same"}, "padding must be an int from 0 on, such as 2, got 'same'"),
        ({"padding": 2.0}, "padding must be an int from 0 on, such as 2, got 2.0"),
        ({"input_shape": (32, 32)}, r"input_shape must be \(height, width, channels\)"),
        ({"classes": 0}, "classes must be a positive int, got 0"),
    ],
)
def test_what_the_windows_do_not_cover_is_refused(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (lenet.lenet5, {"pooling": "median"}, "pooling must be one of 'average', 'max', got"),
        (
            lenet.lenet5,
            {"activation": "tan"},
            "activation must be one of 'tanh', 'relu', 'sigmoid'",
        ),
        (lenet.lenet5, {"activation": None}, "activation must be one of .*, got None"),
        (lenet.lenet5_1998, {"probabilities": "no"}, "probabilities must be one of True, False"),
    ],
)
def test_another_choice_is_refused(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)
