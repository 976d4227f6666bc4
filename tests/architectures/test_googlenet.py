"""GoogLeNet, against table 1 of the paper, row by row, and the replication for Caffe."""

from decimal import Decimal
from functools import cache

import numpy as np
import pytest

from coursecnn.architectures import build
from coursecnn.architectures.googlenet import (
    INCEPTIONS,
    LOSS_WEIGHTS,
    compile_auxiliary,
    without_auxiliary,
)
from coursecnn.backend import keras, without_weights
from coursecnn.evidence.ledger import parse_printed
from coursecnn.models.costs import layer_table, totals

SMALL = (79, 79, 3)  # the smallest image that the auxiliary classifiers take
CLASSES = 3


@cache
def count(name):
    """Build without allocating the weights."""
    with without_weights():
        return build(name)


@pytest.fixture(scope="module")
def trained():
    """A small network with auxiliary classifiers, for tests that leave its weights as they are."""
    return build("googlenet_aux", input_shape=SMALL, classes=CLASSES)


def images(number):
    return np.random.default_rng(0).random((number, *SMALL), dtype="float32")


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


# Table 1 of the paper, recomputed. Its "ops" are multiply-accumulates, in millions. Its "params"
# are weights without biases, in units of 1024: the rows that fit do so that way only.
#
#   row           printed   weights      verdict     printed   multiplications   verdict
TABLE_1 = [
    ("conv1", "2.7K", 9_408, "differs", "34M", 118_013_952, "differs"),
    ("conv2", "112K", 114_688, "rounds", "360M", 359_661_568, "rounds"),
    ("inception_3a", "159K", 163_328, "rounds", "128M", 128_049_152, "rounds"),
    ("inception_3b", "380K", 388_096, "differs", "304M", 304_267_264, "rounds"),
    ("inception_4a", "364K", 375_552, "differs", "73M", 73_608_192, "cut off"),
    ("inception_4b", "437K", 448_512, "differs", "88M", 87_908_352, "rounds"),
    ("inception_4c", "463K", 509_440, "differs", "100M", 99_850_240, "rounds"),
    ("inception_4d", "580K", 604_672, "differs", "119M", 118_515_712, "rounds"),
    ("inception_4e", "840K", 867_328, "differs", "170M", 169_996_288, "rounds"),
    ("inception_5a", "1072K", 1_042_432, "differs", "54M", 51_079_168, "differs"),
    ("inception_5b", "1388K", 1_442_816, "differs", "71M", 70_697_984, "rounds"),
    ("predictions", "1000K", 1_024_000, "rounds", "1M", 1_024_000, "rounds"),
]
BINARY = Decimal(1024) / 1000  # what a K of 1024 is to the K that the ledger reads

# Places of a module's output: 28×28, 14×14 or 7×7.
POSITIONS = {"3": 784, "4": 196, "5": 49}


def verdict(number, printed, scale=Decimal(1)):
    """Say how a number stands to a printed one."""
    printed = parse_printed(printed)
    if printed.low * scale <= number <= printed.high * scale:
        return "rounds"
    if printed.value * scale <= number < (printed.value + printed.step) * scale:
        return "cut off"
    return "differs"


@cache
def recomputed():
    """Sum weights without biases, and multiplications, over the layers of each row."""
    table = layer_table(count("googlenet"))
    table["row"] = table["layer"].str.extract(r"^(inception_\d\w|[a-z]+\d?)", expand=False)
    table["weights"] = table["params"] - table["params"].gt(0) * table["output_shape"].str[-1]
    return table.groupby("row")[["weights", "macs"]].sum()


@pytest.mark.parametrize(
    ("row", "params", "weights", "params_verdict", "ops", "macs", "ops_verdict"),
    TABLE_1,
    ids=[row[0] for row in TABLE_1],
)
def test_each_row_of_table_1(row, params, weights, params_verdict, ops, macs, ops_verdict):
    assert tuple(recomputed().loc[row]) == (weights, macs)
    assert verdict(weights, params, BINARY) == params_verdict
    assert verdict(macs, ops) == ops_verdict


def test_no_printed_parameters_fit_a_k_of_1000():
    assert {verdict(weights, params) for _, params, weights, *_ in TABLE_1} == {"differs"}


def test_the_first_row_is_that_of_a_separable_convolution():
    """8 maps of 7×7 for each of 3 colours, mixed into 64: a quarter of the printed layer's work.

    Google's later release of Inception v2 (TF-slim) begins with that layer.
    """
    weights = 7 * 7 * 3 * 8 + 3 * 8 * 64
    assert weights == 2_712
    assert verdict(weights, "2.7K") == "rounds"
    assert verdict(112 * 112 * weights, "34M") == "rounds"


@pytest.mark.parametrize(("module", "agree"), [
    ("3a", True), ("4a", True), ("4b", True), ("5a", True),
    ("3b", False), ("4c", False), ("4d", False), ("4e", False), ("5b", False),
])  # fmt: skip
def test_which_printed_parameters_explain_the_printed_operations(module, agree):
    """Each weight of a module multiplies once per position, so each column follows from the other.

    In 4a and 5a the two columns agree with each other, and not with the printed widths: both
    belong to other widths. In 3b, 4c, 4d, 4e and 5b the operations fit the widths, and the
    parameters alone are off. In 4b they are off too, by 1K of 438K, which is too little to show in
    the operations.
    """
    row = next(row for row in TABLE_1 if row[0] == f"inception_{module}")
    low, high = (
        bound * BINARY * POSITIONS[module[0]]
        for bound in (parse_printed(row[1]).low, parse_printed(row[1]).high)
    )
    ops = parse_printed(row[4])
    assert (low <= ops.high and ops.low <= high) == agree


def test_the_operations_add_up_to_the_paper_s_budget():
    """Section 1: 1.5 billion multiply-adds; the table's own rows give it, with its first row."""
    printed = sum(parse_printed(row[4]).value for row in TABLE_1)
    assert printed == 1_502_000_000
    assert verdict(int(printed), "1.5B") == "rounds"


def test_totals():
    """Weights of the rows, and a bias for each filter and class."""
    biases = 64 + 64 + 192 + 1000
    for row in INCEPTIONS.values():
        biases += row.one + row.reduce3 + row.three + row.reduce5 + row.five + row.projection
    costs = totals(count("googlenet"))
    assert costs.params == costs.trainable == sum(row[2] for row in TABLE_1) + biases == 6_998_552
    assert costs.macs == sum(row[5] for row in TABLE_1) == 1_582_671_872


def test_totals_with_the_auxiliary_classifiers():
    """Section 5: 4×4 averages, 128 1×1 filters, 1024 units, 1000 classes."""
    params = macs = 0
    for channels in (512, 528):
        params += 128 * (channels + 1) + 1024 * (4 * 4 * 128 + 1) + 1000 * (1024 + 1)
        macs += 4 * 4 * 128 * channels + 1024 * 4 * 4 * 128 + 1000 * 1024
    plain, costs = totals(count("googlenet")), totals(count("googlenet_aux"))
    assert costs.params == costs.trainable == plain.params + params == 13_378_280
    assert costs.macs == plain.macs + macs == 1_591_044_096


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("conv1_7x7", (112, 112, 64)),
        ("pool1", (56, 56, 64)),
        ("conv2_3x3", (56, 56, 192)),
        ("pool2", (28, 28, 192)),
        ("inception_3a_output", (28, 28, 256)),
        ("inception_3b_output", (28, 28, 480)),
        ("pool3", (14, 14, 480)),
        ("inception_4a_output", (14, 14, 512)),
        ("inception_4b_output", (14, 14, 512)),
        ("inception_4c_output", (14, 14, 512)),
        ("inception_4d_output", (14, 14, 528)),
        ("inception_4e_output", (14, 14, 832)),
        ("pool4", (7, 7, 832)),
        ("inception_5a_output", (7, 7, 832)),
        ("inception_5b_output", (7, 7, 1024)),
        ("average", (1024,)),
        ("auxiliary1_pool", (4, 4, 512)),
        ("auxiliary2_pool", (4, 4, 528)),
    ],
)
def test_output_sizes_of_table_1_and_section_5(layer, shape):
    assert count("googlenet_aux").get_layer(layer).output.shape == (None, *shape)


def test_normalisation_stands_where_figure_3_has_it_with_caffe_s_constants():
    layers = [layer.name for layer in count("googlenet").layers if "pad" not in layer.name]
    assert layers[2:7] == ["pool1", "norm1", "conv2_3x3_reduce", "conv2_3x3", "norm2"]
    assert layers[7] == "pool2"
    for name in ("norm1", "norm2"):
        layer = count("googlenet").get_layer(name)
        constants = (layer.size, layer.alpha, layer.beta, layer.k)
        assert constants == (5, pytest.approx(0.0001 / 5), 0.75, 1)


def test_a_module_looks_at_its_input_in_four_ways():
    model = count("googlenet")
    start = model.get_layer("pool2").output
    first = ("1x1", "3x3_reduce", "5x5_reduce", "pool")
    last = ("1x1", "3x3", "5x5", "pool_proj")
    assert all(model.get_layer(f"inception_3a_{way}").input is start for way in first)
    assert model.get_layer("inception_3a_output").input == [
        model.get_layer(f"inception_3a_{way}").output for way in last
    ]
    kernels = [model.get_layer(f"inception_3a_{way}").kernel_size[0] for way in last]
    assert kernels == [1, 3, 5, 1]


@pytest.mark.parametrize(
    ("drop", "rate"), [("drop", 0.4), ("auxiliary1_drop", 0.7), ("auxiliary2_drop", 0.7)]
)
def test_dropout_rates(drop, rate):
    assert count("googlenet_aux").get_layer(drop).rate == rate


@pytest.mark.parametrize(
    ("layer", "bias"),
    [
        ("conv1_7x7", 0.2),
        ("inception_5b_5x5", 0.2),
        ("auxiliary1_conv", 0.2),
        ("auxiliary2_dense", 0.2),
        ("auxiliary1", 0),
        ("predictions", 0),
    ],
)
def test_weights_begin_as_in_the_replication(trained, layer, bias):
    kernel, biases = trained.get_layer(layer).get_weights()
    limit = np.float32(np.sqrt(3 / np.prod(kernel.shape[:-1])))
    assert 0.95 * limit < np.abs(kernel).max() <= limit
    np.testing.assert_allclose(biases, bias, rtol=1e-6)


def test_inference_leaves_the_auxiliary_classifiers_away(trained):
    """The same probabilities from the same weights, at the cost of the plain network."""
    alone = without_auxiliary(trained)
    assert alone.name == "googlenet"
    assert not [layer.name for layer in alone.layers if "auxiliary" in layer.name]
    np.testing.assert_allclose(array(alone(images(2))), array(trained(images(2))[0]), rtol=1e-5)
    with without_weights():
        assert totals(alone) == totals(build("googlenet", input_shape=SMALL, classes=CLASSES))


def test_training_weighs_the_auxiliary_losses_by_three_tenths(trained):
    compile_auxiliary(trained)
    trained.run_eagerly = True  # one batch is not worth a graph
    labels = np.array([0, 2])

    outputs = [array(output) for output in trained(images(2))]
    own, first, second = (-np.log(output[[0, 1], labels]).mean() for output in outputs)

    found = trained.evaluate(images(2), [labels] * 3, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(own + 0.3 * (first + second), rel=1e-4)
    assert [name for name in found if "accuracy" in name] == ["predictions_accuracy"]


def moved_by_a_step(model, loss_weights):
    """Name the weights that one step of training moves, and take the step back."""
    before = model.get_weights()
    model.compile(
        keras.optimizers.SGD(0.1),
        ["sparse_categorical_crossentropy"] * 3,
        list(loss_weights),
        run_eagerly=True,
    )
    model.train_on_batch(images(2), [np.array([0, 2])] * 3)
    after = model.get_weights()
    model.set_weights(before)
    return {
        weight.path
        for weight, old, new in zip(model.weights, before, after, strict=True)
        if np.isfinite(new).all() and not np.array_equal(old, new)
    }


@pytest.mark.slow
def test_every_weight_gets_a_gradient(trained):
    assert moved_by_a_step(trained, LOSS_WEIGHTS) == {weight.path for weight in trained.weights}


def test_auxiliary_losses_push_on_the_layers_below_them_only(trained):
    """With the network's own loss taken away, nothing after module 4d moves."""
    moved = moved_by_a_step(trained, (0.0, *LOSS_WEIGHTS[1:]))
    above = ("inception_4e", "inception_5a", "inception_5b", "predictions")
    assert moved == {w.path for w in trained.weights if not w.path.startswith(above)}


@pytest.mark.slow
def test_a_saved_network_loads_again(trained, tmp_path):
    trained.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for old, new in zip(trained(images(1)), loaded(images(1)), strict=True):
        np.testing.assert_allclose(array(new), array(old), rtol=1e-5)


@pytest.mark.parametrize("use", [compile_auxiliary, without_auxiliary])
def test_a_network_without_auxiliary_classifiers_is_refused(use):
    with pytest.raises(ValueError, match="three outputs of googlenet_aux, got 1 of 'googlenet'"):
        use(count("googlenet"))


@pytest.mark.parametrize(("name", "smallest"), [("googlenet", 47), ("googlenet_aux", 79)])
def test_the_smallest_image(name, smallest):
    with without_weights():
        model = build(name, input_shape=(smallest, smallest + 1, 1), classes=CLASSES)
        assert {output.shape for output in model.outputs} == {(None, CLASSES)}
        with pytest.raises(ValueError, match=f"with {smallest}×{smallest} pixels or more"):
            build(name, input_shape=(smallest, smallest - 1, 3))
