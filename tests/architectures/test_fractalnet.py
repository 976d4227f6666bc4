"""FractalNet: its counts against the expansion rule, its drop-path as behaviour."""

import numpy as np
import pytest

from coursecnn.architectures import fractalnet
from coursecnn.architectures.fractalnet import ActiveColumns, Join
from coursecnn.backend import keras
from coursecnn.models.costs import layer_table, totals
from tests.outlines import outline

ops = keras.ops
SMALL = [(4, 0.0), (6, 0.0)]  # filters and dropout of two blocks
NARROW = (16, 32, 64, 128, 128)
# The paper's first table is of CIFAR-10, that of its ultra-deep networks of CIFAR-100.
PUBLISHED = {"fractalnet20": {}, "fractalnet40": {"filters": NARROW, "classes": 100}}
MAPS = (1.0, 10.0, 100.0)  # the mean of some of them tells which


def counted(columns, filters=(64, 128, 256, 512, 512), classes=10):
    """Parameters, trainable ones, and MACs, from the expansion rule and nothing else.

    A block is 2^C - 1 convolutions: the first of each of the C columns reads the block's input,
    the others read as many maps as they make. Each has a bias, a running mean and a variance.
    """
    params = trainable = macs = 0
    size, channels = 32, 3
    for width in filters:
        kernels = 9 * (columns * channels + (2**columns - 1 - columns) * width) * width
        units = (2**columns - 1) * width
        trainable += kernels + units
        params += kernels + 3 * units
        macs += size * size * kernels
        size, channels = size // 2, width
    head = channels * classes
    return params + head + classes, trainable + head + classes, macs + head


def small(columns=3, **options):
    """A network of two narrow blocks for images of 8 × 8 pixels."""
    return fractalnet.fractalnet(columns, (8, 8, 3), 5, blocks=SMALL, **options)


def images(count=4):
    return np.random.default_rng(0).random((count, 8, 8, 3), dtype="float32")


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize(
    ("name", "columns", "params", "trainable", "macs"),
    [
        ("fractalnet20", 3, 33_734_922, 33_714_314, 845_222_912),
        ("fractalnet40", 4, 4_784_340, 4_773_300, 128_594_432),
    ],
)
def test_counts_are_those_of_the_expansion_rule(name, columns, params, trainable, macs):
    costs = totals(outline(name))
    assert (costs.params, costs.trainable, costs.macs) == (params, trainable, macs)
    assert counted(columns, **PUBLISHED[name]) == (params, trainable, macs)


def test_four_columns_of_the_width_of_the_first_table_are_there_for_the_asking():
    wide = outline("fractalnet40", blocks=fractalnet.BLOCKS, classes=10)
    costs = totals(wide)
    assert costs.params == 76_128_714
    assert (costs.params, costs.trainable, costs.macs) == counted(4)


@pytest.mark.parametrize(
    ("columns", "millions"), [(1, 0.3), (2, 0.8), (3, 2.1), (4, 4.8), (5, 10.2), (6, 21.1)]
)
def test_narrow_networks_have_the_parameters_that_the_paper_prints(columns, millions):
    """The table of its deepest networks, on CIFAR-100, of 5 to 160 layers."""
    _, trainable, _ = counted(columns, filters=NARROW, classes=100)
    assert round(trainable / 1e6, 1) == millions


def test_a_learnt_scale_and_shift_take_the_place_of_the_bias():
    costs = totals(outline("fractalnet20", affine=True))
    units = 7 * (64 + 128 + 256 + 512 + 512)
    assert (costs.params, costs.trainable) == (33_734_922 + units, 33_714_314 + units)


@pytest.mark.parametrize(("name", "layers"), [("fractalnet20", 20), ("fractalnet40", 40)])
def test_the_deepest_column_has_as_many_layers_as_the_name_says(name, layers):
    names = [layer.name for layer in outline(name).layers if layer.name.endswith("_conv")]
    columns = fractalnet.COLUMNS[name]
    depths = [sum(f"_column{k}_" in conv for conv in names) for k in range(1, columns + 1)]
    assert depths == [5 * 2**k for k in range(columns)]
    assert depths[-1] == layers


def test_joins_gather_the_columns_that_end_there():
    """The ruler of four columns: two, three, two, and at the end of the block all four."""
    joins = [layer for layer in outline("fractalnet40").layers if isinstance(layer, Join)]
    inputs = {join.name: len(join.input) - 1 for join in joins}
    assert len(inputs) == 5 * 4
    assert [inputs[f"block3_join{after}"] for after in (2, 4, 6, 8)] == [2, 3, 2, 4]


def test_each_block_halves_the_map():
    table = layer_table(outline("fractalnet20")).set_index("layer")
    shapes = [table.loc[f"block{block}_join4", "output_shape"] for block in range(1, 6)]
    assert shapes == [(16, 16, 64), (8, 8, 128), (4, 4, 256), (2, 2, 512), (1, 1, 512)]


def test_pooling_comes_before_the_last_join_as_in_the_release_or_after_it():
    before, after = (small(pool_first=first) for first in (True, False))
    assert before.get_layer("block1_join4").output.shape == (None, 4, 4, 4)
    assert after.get_layer("block1_join4").output.shape == (None, 8, 8, 4)
    assert totals(before).params == totals(after).params


def test_an_odd_map_keeps_its_last_row():
    """33 pixels make 17, 9, 5, 3 and 2, as in Caffe, and so the last layer reads 2 × 2 maps."""
    model = outline("fractalnet20", input_shape=(33, 32, 3))
    assert model.get_layer("flatten").output.shape == (None, 2 * 1 * 512)


def test_dropout_grows_from_block_to_block():
    model = outline("fractalnet20")
    rates = {layer.name[:6]: layer.rate for layer in model.layers if "_dropout" in layer.name}
    assert rates == {"block2": 0.1, "block3": 0.2, "block4": 0.3, "block5": 0.4}


def test_kernels_begin_uniform_with_the_variance_that_caffe_calls_xavier():
    kernel = small().get_layer("block2_column3_unit2_conv").get_weights()[0]
    limit = np.float32(np.sqrt(3 / (3 * 3 * 6)))
    assert 0.9 * limit < np.abs(kernel).max() <= limit


def join(layer, active=(1, 1, 1), training=True):
    """Join three maps that are constant."""
    maps = [ops.full((2, 4, 4, 1), value) for value in MAPS]
    joined = numpy(layer([*maps, ops.convert_to_tensor([active], "float32")], training=training))
    assert np.ptp(joined) == 0
    return float(joined.flat[0])


def means(*kept):
    return pytest.approx(sum(kept) / len(kept), rel=1e-6)


def test_a_join_is_the_mean_of_its_maps_at_inference():
    assert join(Join(drop=1.0), training=False) == means(*MAPS)


def test_a_local_drop_keeps_one_map_at_least_and_averages_those_that_stay():
    layer = Join(drop=0.5, seed=1)
    seen = {round(join(layer)) for _ in range(100)}
    assert seen == {1, 10, 100, 6, 50, 55, 37}  # the seven ways to keep one, two or three


def test_a_local_drop_of_everything_keeps_each_map_in_turn():
    layer = Join(drop=1.0, seed=2)
    assert {round(join(layer)) for _ in range(30)} == set(MAPS)


@pytest.mark.slow
def test_local_drops_have_the_chance_that_is_asked_for():
    layer = Join(drop=0.15, seed=3)
    whole = sum(join(layer) == means(*MAPS) for _ in range(200)) / 200
    assert whole == pytest.approx(0.85**3, abs=0.08)


@pytest.mark.parametrize(("active", "map_"), [((0, 1, 0), 10.0), ((0, 0, 0, 1), 100.0)])
def test_a_single_active_column_is_all_that_a_join_lets_through(active, map_):
    layer = Join(drop=0.9)
    assert {join(layer, active) for _ in range(10)} == {map_}


def test_a_join_beside_the_single_active_column_keeps_all():
    layer = Join(drop=0.9)
    assert [join(layer, (1, 0, 0, 0)) for _ in range(10)] == [means(*MAPS)] * 10


def drawn(share, training=True, draws=60):
    """The different answers of `ActiveColumns`."""
    layer = ActiveColumns(3, global_share=share, seed=4)
    return {tuple(numpy(layer(images(), training=training))[0].tolist()) for _ in range(draws)}


def test_half_of_the_mini_batches_use_a_single_column_and_the_others_all():
    single = {(1, 0, 0), (0, 1, 0), (0, 0, 1)}
    assert drawn(0.0) == {(1, 1, 1)}
    assert drawn(0.5) == {(1, 1, 1), *single}
    assert drawn(1.0) == single
    assert drawn(1.0, training=False) == {(1, 1, 1)}


@pytest.mark.slow
def test_a_global_drop_leaves_exactly_one_column_from_the_images_to_the_classes():
    keras.utils.set_random_seed(1)
    model = small(global_share=1.0)
    plain = [fractalnet.column(model, number) for number in (1, 2, 3)]
    alone = [numpy(one(images(), training=True)) for one in plain]
    used = set()
    for _ in range(8):
        outputs = numpy(model(images(), training=True))
        (same,) = (k for k, one in enumerate(alone) if np.allclose(outputs, one, atol=1e-6))
        used.add(same)
    assert used == {0, 1, 2}


@pytest.mark.slow
def test_a_global_drop_trains_the_convolutions_of_one_column():
    model = small(global_share=1.0)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    before = [layer.get_weights()[0] for layer in convolutions]
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    model.train_on_batch(images(), np.arange(4))
    moved = {
        layer.name
        for layer, kernel in zip(convolutions, before, strict=True)
        if not np.array_equal(kernel, layer.get_weights()[0])
    }
    columns = {name.split("_")[1] for name in moved}
    assert len(columns) == 1
    assert moved == {layer.name for layer in convolutions if columns & set(layer.name.split("_"))}


@pytest.mark.slow
def test_every_weight_learns_where_nothing_is_dropped():
    model = small(local_drop=0, global_share=0, affine=True)
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.train_on_batch(images(), np.arange(4))
    pairs = zip(model.weights, before, model.get_weights(), strict=True)
    assert not [weight.path for weight, old, new in pairs if np.array_equal(old, new)]


@pytest.mark.slow
def test_inference_uses_the_whole_network_and_gives_the_same_each_time():
    dropping, whole = small(local_drop=0.9, global_share=0.9), small(local_drop=0, global_share=0)
    whole.set_weights(dropping.get_weights())
    first, second = (numpy(dropping(images())) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, numpy(whole(images())))


def test_training_gives_something_else_each_time():
    model = small()
    outputs = {numpy(model(images(), training=True)).tobytes() for _ in range(6)}
    assert len(outputs) > 1


def test_a_column_is_a_plain_network_that_shares_its_weights():
    model = small()
    deepest = fractalnet.column(model, 3)
    assert [layer.name for layer in deepest.layers if "conv" in layer.name] == [
        f"block{block}_column3_unit{unit}_conv" for block in (1, 2) for unit in (1, 2, 3, 4)
    ]
    assert deepest.get_layer("predictions") is model.get_layer("predictions")


def test_a_column_of_a_network_that_pools_after_the_joins_pools_too():
    column = fractalnet.column(small(pool_first=False), 1)
    assert column.get_layer("block2_pool").output.shape == (None, 2, 2, 6)


def test_one_column_is_a_plain_network():
    assert not any(isinstance(layer, Join) for layer in small(columns=1).layers)


def test_a_saved_network_comes_back_with_its_drop_path(tmp_path):
    model = small(local_drop=0.25, global_share=0.75)
    model.save(tmp_path / "fractal.keras")
    again = keras.models.load_model(tmp_path / "fractal.keras")
    assert again.get_layer("active_columns").global_share == 0.75
    assert again.get_layer("block1_join2").drop == 0.25
    np.testing.assert_array_equal(numpy(model(images())), numpy(again(images())))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"input_shape": (0, 32, 3)}, r"input_shape must be .*got \(0, 32, 3\)"),
        ({"input_shape": (32, 32)}, r"input_shape must be \(height, width, channels\)"),
        ({"classes": 0}, "classes must be a positive int, got 0"),
        ({"local_drop": 1.5}, "local_drop must be a number from 0 to 1, got 1.5"),
        ({"global_share": "all"}, "global_share must be a number from 0 to 1, got 'all'"),
    ],
    ids=str,
)
def test_what_the_network_cannot_take_is_refused(overrides, message):
    with pytest.raises(ValueError, match=message):
        outline("fractalnet20", **overrides)


@pytest.mark.parametrize("columns", [0, 2.0, True])
def test_columns_are_a_positive_number(columns):
    with pytest.raises(ValueError, match=f"columns must be a positive int, got {columns}"):
        fractalnet.fractalnet(columns)


def test_a_chance_that_no_join_needs_is_refused_all_the_same():
    with pytest.raises(ValueError, match="local_drop must be a number from 0 to 1, got 7"):
        small(columns=1, local_drop=7)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: Join(drop=2), "drop must be a number from 0 to 1, got 2"),
        (
            lambda: ActiveColumns(3, global_share=-1),
            "global_share must be a number from 0 to 1, got -1",
        ),
    ],
)
def test_layers_of_drop_path_refuse_what_is_no_chance(layer, message):
    with pytest.raises(ValueError, match=message):
        layer()


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="number must be that of a column of fractalnet, got 4"):
        fractalnet.column(small(), 4)
