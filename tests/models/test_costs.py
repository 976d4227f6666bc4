"""The costs of layers, against hand-counted numbers, Keras's own counts and published ones."""

from functools import cache

import pytest

from coursecnn.architectures import build
from coursecnn.backend import keras, without_weights
from coursecnn.models.costs import Totals, layer_table, totals

layers = keras.layers
IMAGE = (8, 8, 6)


@cache
def application(name):
    """Build a Keras application without allocating its weights."""
    with without_weights():
        return getattr(keras.applications, name)(weights=None)


def chain(*stack, input_shape=IMAGE):
    """Build a model that runs one layer after the other."""
    return keras.Sequential([keras.Input(input_shape), *stack])


def last(model):
    """The last row of a model's table."""
    return layer_table(model).iloc[-1]


MNIST = [
    # layer, type, output shape, values, parameters, MACs
    ("image", "InputLayer", (28, 28, 1), 784, 0, 0),
    ("conv1", "Conv2D", (26, 26, 32), 21_632, 320, 194_688),
    ("pool1", "MaxPooling2D", (13, 13, 32), 5_408, 0, 0),
    ("conv2", "Conv2D", (11, 11, 64), 7_744, 18_496, 2_230_272),
    ("pool2", "MaxPooling2D", (5, 5, 64), 1_600, 0, 0),
    ("conv3", "Conv2D", (3, 3, 64), 576, 36_928, 331_776),
    ("flatten", "Flatten", (576,), 576, 0, 0),
    ("dense1", "Dense", (64,), 64, 36_928, 36_864),
    ("predictions", "Dense", (10,), 10, 650, 640),
]


def test_table_of_the_first_cnn_is_the_one_counted_by_hand():
    table = layer_table(build("mnist_tutorial"))
    assert list(table) == ["layer", "type", "output_shape", "values", "params", "macs"]
    assert list(table.itertuples(index=False, name=None)) == MNIST


def test_totals_of_the_first_cnn_are_the_sums_counted_by_hand():
    assert totals(build("mnist_tutorial")) == Totals(
        params=93_322, trainable=93_322, macs=2_794_240, values=38_394, bytes=153_576
    )


def vgg16_macs():
    """The multiplications of VGG-16 from table 1, column D of the paper, and nothing else."""
    size, channels, macs = 224, 3, 0
    for convolutions, filters in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]:
        for _ in range(convolutions):
            macs += size * size * filters * 9 * channels
            channels = filters
        size //= 2
    return macs + 7 * 7 * 512 * 4096 + 4096 * 4096 + 4096 * 1000


def test_totals_of_vgg16():
    costs = totals(application("VGG16"))
    assert costs.params == costs.trainable == 138_357_544
    assert costs.macs == vgg16_macs() == 15_470_264_320
    # 15,237,608 in the maps and the dense layers, the input with them, and once more the last map.
    assert costs.values == 15_237_608 + 7 * 7 * 512
    assert costs.bytes == 4 * costs.values


@pytest.mark.parametrize(
    ("name", "parameters", "published_macs"),
    [
        # He et al. 2015, table 1, prints two digits of the multiply-adds, and cuts the third off.
        ("ResNet50", 25_636_712, 3.8e9),
        # Howard et al. 2017, table 4; most of its layers are depthwise or 1×1.
        ("MobileNet", 4_253_864, 569e6),
    ],
)
def test_totals_of_published_networks(name, parameters, published_macs):
    costs = totals(application(name))
    assert costs.params == parameters
    assert costs.macs == pytest.approx(published_macs, rel=0.02)


@pytest.mark.parametrize("name", ["ResNet50", "MobileNet", "InceptionV3"])
def test_columns_add_up_to_what_keras_counts(name):
    model = application(name)
    table = layer_table(model)
    assert table["params"].sum() == model.count_params()
    assert sorted(table["layer"]) == sorted(layer.name for layer in model.layers)


@pytest.mark.parametrize(
    ("layer", "shape", "parameters", "macs"),
    [
        (layers.Conv2D(4, 3), (6, 6, 4), 220, 36 * 4 * 54),
        (layers.Conv2D(4, 3, strides=2, padding="same"), (4, 4, 4), 220, 16 * 4 * 54),
        (layers.Conv2D(4, 3, strides=2), (3, 3, 4), 220, 9 * 4 * 54),
        (layers.Conv2D(4, 3, groups=2), (6, 6, 4), 112, 36 * 4 * 27),
        (layers.Conv2D(4, 3, dilation_rate=3), (2, 2, 4), 220, 4 * 4 * 54),
        (layers.Conv2D(4, (1, 3), use_bias=False), (8, 6, 4), 72, 48 * 4 * 18),
        (layers.DepthwiseConv2D(3), (6, 6, 6), 60, 36 * 6 * 9),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 12), 120, 36 * 12 * 9),
        (layers.SeparableConv2D(4, 3), (6, 6, 4), 82, 36 * (6 * 9 + 4 * 6)),
        (
            layers.SeparableConv2D(4, 3, strides=2, padding="same", depth_multiplier=2),
            (4, 4, 4),
            160,
            16 * (12 * 9 + 4 * 12),
        ),
        (layers.Dense(5), (8, 8, 5), 35, 64 * 6 * 5),
        (layers.BatchNormalization(), (8, 8, 6), 24, 0),
        (layers.LayerNormalization(), (8, 8, 6), 12, 0),
        (layers.GroupNormalization(3), (8, 8, 6), 12, 0),
        (layers.PReLU(shared_axes=(1, 2)), (8, 8, 6), 6, 0),
        (layers.GlobalAveragePooling2D(), (6,), 0, 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, layers.Layer) else "",
)
def test_one_layer_over_an_image(layer, shape, parameters, macs):
    row = last(chain(layer))
    assert row["output_shape"] == shape
    assert row["params"] == parameters
    assert row["macs"] == macs


def test_frozen_weights_are_parameters_that_are_not_trainable():
    model = chain(layers.Conv2D(2, 1), layers.BatchNormalization(), layers.Dense(1))
    model.layers[0].trainable = False
    costs = totals(model)
    assert costs.params == 14 + 8 + 3
    assert costs.trainable == 4 + 3


def test_a_shared_layer_has_a_row_for_each_use_and_parameters_in_the_first():
    image, dense = keras.Input((6,)), layers.Dense(6, name="shared")
    model = keras.Model(image, dense(dense(image)))
    table = layer_table(model).set_index("layer").loc["shared"]
    assert list(table["macs"]) == [36, 36]
    assert list(table["params"]) == [42, 0]
    assert totals(model).params == totals(model).trainable == model.count_params() == 42


def test_a_model_in_the_model_is_opened_at_each_use():
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6, name="dense")], name="inner")
    image = keras.Input((6,), name="image")
    model = keras.Model(image, inner(inner(image)))
    table = layer_table(model)
    assert list(table["layer"]) == ["image", "inner/dense", "inner/dense"]
    assert list(table["params"]) == [0, 42, 0]


def test_a_layer_inside_and_outside_of_an_inner_model_counts_once():
    dense, image = layers.Dense(6), keras.Input((6,))
    inner = keras.Sequential([keras.Input((6,)), dense])
    model = keras.Model(image, dense(inner(image)))
    costs = totals(model)
    assert costs.params == costs.trainable == model.count_params() == 42
    assert costs.macs == 72


def test_several_inputs_and_outputs():
    left, right = keras.Input((2,), name="left"), keras.Input((3,), name="right")
    joined = layers.Concatenate(name="joined")([left, right])
    model = keras.Model(
        [left, right], [layers.Dense(1, name="a")(joined), layers.Dense(4, name="b")(joined)]
    )
    table = layer_table(model).set_index("layer")
    assert set(table.index) == {"left", "right", "joined", "a", "b"}
    assert table["values"].sum() == 2 + 3 + 5 + 1 + 4
    assert totals(model).macs == 5 + 20


def test_a_layer_with_two_outputs_shows_both():
    image = keras.Input((4, 6))
    model = keras.Model(image, keras.ops.split(image, 2, axis=-1))
    assert last(model)["output_shape"] == ((4, 3), (4, 3))
    assert last(model)["values"] == 24


def test_branches_are_listed_in_the_order_of_computation():
    model = application("InceptionV3")
    place = {name: row for row, name in enumerate(layer_table(model)["layer"])}
    for layer in model.layers[1:]:
        tensors = layer.input if isinstance(layer.input, list) else [layer.input]
        assert all(place[tensor._keras_history[0].name] < place[layer.name] for tensor in tensors)


class Scale(layers.Layer):
    """A layer with a weight that the accounting has never heard of."""

    def build(self, _shape):
        self.factor = self.add_weight(shape=())

    def call(self, inputs):
        return inputs * self.factor


@pytest.mark.parametrize(
    "layer", [Scale(), layers.Conv2DTranspose(4, 3), layers.Embedding(9, 2)], ids=type
)
def test_an_unknown_layer_with_weights_is_refused_rather_than_counted_as_zero(layer):
    with pytest.raises(TypeError, match=f"of type {type(layer).__name__} are not known"):
        layer_table(chain(layer))


def test_a_layer_that_counts_its_own_macs_is_asked():
    class CountedScale(Scale):
        """The same, but it says what it costs."""

        def macs(self, input_shape):
            return 2 * input_shape[-1]

    assert last(chain(CountedScale()))["macs"] == 2 * 6


def test_a_subclass_is_counted_like_its_parent():
    class Standardised(layers.Conv2D):
        """A convolution of another name."""

    assert last(chain(Standardised(4, 3)))["macs"] == 36 * 4 * 54


def test_an_open_size_is_refused():
    model = chain(layers.Conv2D(4, 3), input_shape=(None, None, 3))
    with pytest.raises(ValueError, match=r"fixed input size, got \(None, None, 3\) at layer"):
        layer_table(model)


def test_channels_first_is_refused():
    model = chain(layers.Conv2D(4, 3, data_format="channels_first", name="turned"))
    with pytest.raises(ValueError, match="channels-first layer 'turned'"):
        totals(model)


@pytest.mark.parametrize("model", [keras.Sequential([layers.Dense(1)]), keras.Model()], ids=type)
def test_a_model_without_a_graph_is_refused(model):
    with pytest.raises(ValueError, match="model must be functional, or sequential and built"):
        layer_table(model)
