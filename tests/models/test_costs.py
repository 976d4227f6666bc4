"""The costs of layers, against hand-counted numbers, Keras's own counts and published ones."""

import json
import operator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from coursecnn.architectures import build
from coursecnn.backend import keras, without_weights
from coursecnn.models import _products
from coursecnn.models.costs import Totals, layer_table, register_macs, text, totals

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
    """A layer of somebody's own with a weight, and no product that adds up."""

    def build(self, _shape):
        self.factor = self.add_weight(shape=())

    def call(self, inputs):
        return inputs * self.factor


class Loop(Scale):
    """A layer whose products cannot be seen."""

    def call(self, inputs):
        return keras.ops.map(lambda row: row * self.factor, inputs)


class Compiled(Scale):
    """A layer that leaves Keras."""

    def call(self, inputs):
        return inputs.numpy()

    def compute_output_shape(self, shape):
        return shape


REFUSED = [Loop(), Compiled(), layers.MelSpectrogram(fft_length=4, sequence_stride=2)]


@pytest.mark.parametrize("layer", REFUSED, ids=lambda layer: type(layer).__name__)
def test_what_cannot_be_counted_is_refused_with_the_way_out(layer):
    model = chain(layer, input_shape=(16,))
    way_out = r"are not known: say them with register_macs, or with a method macs\(input_shape\)"
    with pytest.raises(TypeError, match=rf"layer '\w+(/map)?' of type \w+ {way_out}"):
        layer_table(model)


def test_operations_without_sums_of_products_count_nothing():
    row = last(chain(Scale()))
    assert (row["params"], row["macs"]) == (1, 0)


@pytest.fixture
def registered():
    """Rules that are forgotten after the test."""
    before = dict(_products._REGISTERED)
    yield register_macs
    _products._REGISTERED.clear()
    _products._REGISTERED.update(before)


@pytest.mark.parametrize("key", [Loop, "Loop"])
def test_a_registered_rule_counts_a_layer(registered, key):
    registered(key, lambda layer, shape: 7 * shape[-1] + layer.factor.shape.rank * 0)
    assert last(chain(Loop()))["macs"] == 7 * 6


def test_a_registered_rule_gets_all_input_shapes(registered):
    class Pair(layers.Layer):
        def call(self, first, second):
            return keras.ops.map(sum, (first, second))

        def compute_output_shape(self, first_shape, second_shape):
            return (*first_shape, *second_shape[1:])

    registered(Pair, lambda _, shapes: shapes[0][0] * shapes[1][0])
    left, right = keras.Input((4,)), keras.Input((5,))
    assert totals(keras.Model([left, right], Pair()(left, right))).macs == 20


@pytest.mark.parametrize("answer", [-1, 2.5, None, True])
def test_a_rule_that_gives_no_count_is_refused(registered, answer):
    registered(Scale, lambda *_: answer)
    with pytest.raises(TypeError, match=f"must be an int from 0 on, got {answer!r}"):
        layer_table(chain(Scale()))


@pytest.mark.parametrize(
    ("layer", "rule", "message"),
    [
        (3, lambda *_: 0, "layer must be a class or the name of one, got 3"),
        (Scale, 5, "rule must take a layer and its input shape, got 5"),
    ],
)
def test_a_registration_is_checked(layer, rule, message):
    with pytest.raises(TypeError, match=message):
        register_macs(layer, rule)


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


def test_a_subclass_that_computes_in_its_own_way_is_counted_by_what_it_does():
    class Twice(layers.Dense):
        """Its matrix is multiplied two times."""

        def call(self, inputs):
            return super().call(super().call(inputs))

    row = last(chain(Twice(6), input_shape=(6,)))
    assert (row["params"], row["macs"]) == (42, 2 * 36)


def test_an_open_size_is_refused():
    model = chain(layers.Conv2D(4, 3), input_shape=(None, None, 3))
    with pytest.raises(
        ValueError, match=r"fixed input size, got \(None, None, 3\) at layer .* give"
    ):
        layer_table(model)


@pytest.mark.parametrize("size", [(9, 7, 3), [9, 7, 3], np.array([9, 7, 3])])
def test_an_open_size_can_be_given(size):
    model = chain(layers.Conv2D(4, 3), input_shape=(None, None, 3))
    table = layer_table(model, input_shape=size)
    assert list(table["output_shape"]) == [(9, 7, 3), (7, 5, 4)]
    assert list(table["macs"]) == [0, 35 * 4 * 27]


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((9, 9, 4), r"input_shape must fit the input 'image' of 'open', \(None, None, 3\), got"),
        ((9, 9), r"input_shape must fit the input 'image'"),
        ((9, 0, 3), r"input_shape must hold positive ints, without the batch, such as"),
        ("9x9", r"input_shape must hold positive ints"),
        ([(9, 9, 3), (9, 9, 3)], r"input_shape must have a shape for each of 'image', got"),
        ({"photo": (9, 9, 3)}, r"input_shape must have a shape for each of 'image', got"),
        ((2, 2, 3), r"layer 'conv' does not take what comes to it, \(2, 2, 3\): "),
    ],
)
def test_a_size_that_does_not_fit_is_refused(size, message):
    image = keras.Input((None, None, 3), name="image")
    model = keras.Model(image, layers.Conv2D(4, 3, name="conv")(image), name="open")
    with pytest.raises(ValueError, match=message):
        layer_table(model, input_shape=size)


@pytest.mark.parametrize("sizes", [[(4,), (5,)], {"left": (4,), "right": (5,)}])
def test_several_open_sizes_come_in_order_or_by_name(sizes):
    left, right = keras.Input((None,), name="left"), keras.Input((None,), name="right")
    model = keras.Model([left, right], layers.Concatenate(name="both")([left, right]))
    assert last_shape(model, sizes) == (9,)


def last_shape(model, sizes):
    """The shape that comes out of a model."""
    return layer_table(model, input_shape=sizes).iloc[-1]["output_shape"]


def test_a_model_inside_is_counted_at_the_size_it_is_called_with():
    """The figures are those of MobileNetV2 built for 160×160."""
    base = without(lambda: keras.applications.MobileNetV2(include_top=False, weights=None))
    image = keras.Input((160, 160, 3))
    pooled = layers.GlobalAveragePooling2D()(base(image))
    costs = without(lambda: totals(keras.Model(image, layers.Dense(2)(pooled))))
    assert (costs.params, costs.macs) == (2_260_546, 152_805_760)


def without(make):
    """Make something without allocating weights."""
    with without_weights():
        return make()


def test_channels_may_come_first():
    turned = last(chain(layers.Conv2D(4, 3, data_format="channels_first"), input_shape=(6, 8, 8)))
    assert turned["macs"] == last(chain(layers.Conv2D(4, 3)))["macs"]


@pytest.mark.parametrize("model", [keras.Sequential([layers.Dense(1)]), keras.Model()], ids=type)
def test_a_model_without_a_graph_is_refused(model):
    with pytest.raises(ValueError, match="model must be functional, or sequential and built"):
        layer_table(model)


def test_a_model_that_was_never_built_is_built_for_the_size_asked_for():
    assert totals(keras.Sequential([layers.Dense(3)]), input_shape=(4,)).params == 15


class Block(layers.Layer):
    """A layer of somebody's own that holds layers, has weights of its own, and uses operations."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(6, 3, padding="same", name="conv")
        self.norm = layers.BatchNormalization(name="norm")

    def build(self, shape):
        self.conv.build(shape)
        self.norm.build(shape)
        self.matrix = self.add_weight(shape=(6, 6))
        self.shift = self.add_weight(shape=(6,))
        self.built = True

    def call(self, inputs, training=False):
        mixed = inputs + self.norm(self.conv(inputs), training=training)
        return keras.ops.matmul(mixed, self.matrix) + self.shift


BLOCK = [
    ("block/conv", "Conv2D", 384, 330, 64 * 6 * 54),
    ("block/norm", "BatchNormalization", 384, 24, 0),
    ("block/add", "Add", 384, 0, 0),
    ("block/matmul", "Matmul", 384, 36, 64 * 36),
    ("block/add_1", "Add", 384, 6, 0),
]


def test_a_layer_that_holds_layers_is_opened():
    model = chain(Block(name="block"))
    rows = layer_table(model).drop(columns="output_shape").iloc[1:]
    assert list(rows.itertuples(index=False, name=None)) == BLOCK
    assert totals(model).params == model.count_params()
    again = layer_table(model)["layer"]
    assert list(again[1:]) == [row[0] for row in BLOCK]  # looking leaves no trace


class Ordered(layers.Layer):
    """A weight, a tensor made of one, or an array, on either side of an operator."""

    def __init__(self, kind, name, is_first):
        super().__init__()
        self.kind, self.operator, self.is_first = kind, getattr(operator, name), is_first

    def build(self, _shape):
        self.weight = self.add_weight(shape=(6, 6), initializer="ones")

    def call(self, inputs):
        made = {
            "weight": self.weight,
            "slice": self.weight[:, :],
            "root": keras.ops.sqrt(self.weight),
            "array": np.ones((6, 6), "float32"),
        }
        left, right = made[self.kind], inputs
        return self.operator(left, right) if self.is_first else self.operator(right, left)


NAMES = [
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("lt", "le", "gt", "ge"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["weight", "slice", "root", "array"])
def test_an_operator_takes_its_operands_in_either_order(kind, name):
    for is_first in (True, False):
        model = chain(Ordered(kind, name, is_first), input_shape=(6, 6))
        costs = totals(model)
        assert costs.macs == (216 if name == "matmul" else 0)
        assert costs.params == model.count_params()


def test_weights_on_the_left_do_afterwards_what_they_did_before():
    names = [f"__{name}__" for name in NAMES]
    tensor = type(keras.ops.convert_to_tensor(0.0))
    before = [getattr(kind, name) for kind in (keras.Variable, tensor) for name in names]
    totals(chain(Ordered("weight", "mul", True), input_shape=(6, 6)))
    assert before == [getattr(kind, name) for kind in (keras.Variable, tensor) for name in names]
    assert "__array_ufunc__" not in vars(keras.KerasTensor)


@pytest.mark.parametrize(
    "head", [layers.Flatten, lambda: Block(name="block")], ids=["own", "block"]
)
def test_a_batch_that_is_fixed_is_counted_as_one_image(head):
    """As stateful recurrent layers want it."""

    def model(**shape):
        rows = layers.LSTM(6, return_sequences=True, stateful="batch_shape" in shape)
        maps = [rows, layers.Reshape((8, 8, 6)), head(), layers.Dense(3)]
        return keras.Sequential([keras.Input(**shape), *maps])

    fixed, free = (model(**shape) for shape in ({"batch_shape": (4, 64, 6)}, {"shape": (64, 6)}))
    assert totals(fixed) == totals(free)
    assert list(layer_table(fixed)["output_shape"]) == list(layer_table(free)["output_shape"])


def test_weights_that_no_operation_takes_have_a_row_of_their_own():
    class Hidden(Block):
        def call(self, inputs):
            return keras.ops.matmul(self.conv(inputs), self.matrix + self.shift)

    model = chain(Hidden(name="hidden"))
    table = layer_table(model).set_index("layer")
    assert table.loc["hidden", "params"] == 24 + 36 + 6  # the normalisation is not used
    assert table["params"].sum() == model.count_params()


class Network(keras.Model):
    """A model that has no graph."""

    def __init__(self):
        super().__init__(name="network")
        self.block = Block(name="block")
        self.base = chain(layers.Conv2D(4, 3, name="conv"), input_shape=(8, 8, 6))
        self.base.name = "base"
        self.head = layers.Dense(2, name="head")

    def call(self, inputs):
        return self.head(self.base(self.block(inputs)))


@pytest.mark.parametrize("built", [False, True])
def test_a_subclassed_model_is_followed(built):
    model = Network()
    if built:
        model(np.zeros((2, 8, 8, 6), "float32"))
    table = layer_table(model, input_shape=None if built else (8, 8, 6))
    assert [*table["layer"]][1:] == [*(row[0] for row in BLOCK), "base/conv", "head"]
    costs = totals(model)
    assert costs.params == model.count_params()
    assert costs.macs == sum(row[4] for row in BLOCK) + 36 * 4 * 54 + 36 * 8


@pytest.mark.parametrize("sizes", [[(4,), (5,)], {"first": (4,), "second": (5,)}])
def test_a_subclassed_model_with_two_arguments(sizes):
    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = layers.Dense(2), layers.Dense(3)

        def call(self, first, second):
            return self.one(first), self.two(second)

    assert totals(Two(), input_shape=sizes).macs == 8 + 15


def test_positions_that_are_merged_with_the_batch_are_counted():
    rows = keras.Input((8, 6))
    model = keras.Model(rows, layers.Dense(3)(keras.ops.reshape(rows, (-1, 6))))
    assert totals(model).macs == 8 * 6 * 3


# One layer of every kind over a known shape: products counted by hand


def attended(layer, *, by_name=False):
    """An attention of 7 queries over 5 keys, all of 6 features."""
    query, value = keras.Input((7, 6)), keras.Input((5, 6))
    result = layer(query=query, value=value) if by_name else layer(query, value)
    return keras.Model([query, value], result)


def listed(layer):
    """The same for layers that take a list."""
    query, value = keras.Input((7, 6)), keras.Input((5, 6))
    return keras.Model([query, value], layer([query, value]))


def operated(function, *shapes):
    """A model of one operation."""
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, function(*inputs))


class Cell(layers.Layer):
    """A recurrent cell of somebody's own."""

    state_size = 5

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 5))
        self.recurrent = self.add_weight(shape=(5, 5))

    def call(self, inputs, states):
        state = keras.ops.matmul(inputs, self.kernel) + states[0] @ self.recurrent
        return state, [state]


SERIES = (7, 6)
HEADS = (7 + 5 + 5) * 6 * 6 + 7 * 6 * 6 + 2 * 7 * 5 * 6  # 2 heads of 3 features
ones = np.ones
MODELS = {
    "Conv1D": (chain(layers.Conv1D(4, 3), input_shape=SERIES), 5 * 4 * 18),
    "Conv3D": (chain(layers.Conv3D(4, 3), input_shape=(5, 5, 5, 6)), 27 * 4 * 27 * 6),
    "Conv2DTranspose": (
        chain(layers.Conv2DTranspose(4, 3, strides=2, padding="same")), 64 * 6 * 9 * 4),
    "Conv1DTranspose": (chain(layers.Conv1DTranspose(4, 3), input_shape=SERIES), 7 * 6 * 3 * 4),
    "DepthwiseConv1D": (
        chain(layers.DepthwiseConv1D(3, depth_multiplier=2), input_shape=SERIES), 5 * 12 * 3),
    "SeparableConv1D": (
        chain(layers.SeparableConv1D(4, 3), input_shape=SERIES), 5 * (6 * 3 + 6 * 4)),
    "EinsumDense": (
        chain(layers.EinsumDense("abc,cde->abde", (None, 2, 5)), input_shape=SERIES), 7 * 6 * 10),
    "EinsumDense of dots": (
        chain(layers.EinsumDense("...x,xy->...y", 5), input_shape=SERIES), 7 * 6 * 5),
    "SimpleRNN": (chain(layers.SimpleRNN(5), input_shape=SERIES), 7 * 5 * 11),
    "LSTM": (chain(layers.LSTM(5), input_shape=SERIES), 7 * 4 * 5 * 11),
    "GRU": (chain(layers.GRU(5), input_shape=SERIES), 7 * 3 * 5 * 11),
    "GRU reset before": (
        chain(layers.GRU(5, reset_after=False), input_shape=SERIES), 7 * 3 * 5 * 11),
    "RNN": (chain(layers.RNN(Cell()), input_shape=SERIES), 7 * 5 * 11),
    "RNN of cells": (
        chain(layers.RNN([layers.LSTMCell(5), layers.GRUCell(3)]), input_shape=SERIES),
        7 * (4 * 5 * 11 + 3 * 3 * 8)),
    "Bidirectional": (
        chain(layers.Bidirectional(layers.LSTM(5)), input_shape=SERIES), 2 * 7 * 4 * 5 * 11),
    "ConvLSTM2D": (
        chain(layers.ConvLSTM2D(4, 3), input_shape=(5, 8, 8, 6)), 5 * 36 * 9 * 16 * (6 + 4)),
    "TimeDistributed": (
        chain(layers.TimeDistributed(layers.Conv2D(4, 3)), input_shape=(5, 8, 8, 6)),
        5 * 36 * 4 * 54),
    "TimeDistributed model": (
        chain(layers.TimeDistributed(chain(layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2))),
              input_shape=(5, 8, 8, 6)),
        5 * (36 * 4 * 54 + 144 * 2)),
    "SpectralNormalization": (chain(layers.SpectralNormalization(layers.Conv2D(4, 3))),
                              36 * 4 * 54),
    "Embedding": (keras.Sequential([keras.Input((7,), dtype="int32"), layers.Embedding(9, 2)]), 0),
    "Attention": (listed(layers.Attention()), 2 * 7 * 5 * 6),
    "AdditiveAttention": (listed(layers.AdditiveAttention()), 2 * 7 * 5 * 6),
    "Dot": (listed(layers.Dot(axes=2)), 7 * 5 * 6),
    "MultiHeadAttention": (attended(layers.MultiHeadAttention(2, 3)), HEADS),
    "MultiHeadAttention by name": (
        attended(layers.MultiHeadAttention(2, 3, dropout=0.1), by_name=True), HEADS),
    "GroupQueryAttention": (
        attended(layers.GroupQueryAttention(3, 4, 2)),
        7 * 6 * 12 + 2 * 5 * 6 * 6 + 2 * 7 * 5 * 12 + 7 * 12 * 6),
    "LayerNormalization": (chain(layers.LayerNormalization()), 0),
    "Lambda": (
        chain(layers.Lambda(lambda x: keras.ops.conv(x, ones((3, 3, 6, 5), "float32")))),
        36 * 5 * 54),
    "matmul": (operated(lambda a, b: a @ keras.ops.swapaxes(b, 1, 2), (7, 6), (5, 6)), 7 * 5 * 6),
    "einsum": (
        operated(lambda a, b: keras.ops.einsum("bij,bkj->bik", a, b), (7, 6), (5, 6)), 7 * 5 * 6),
    "einsum of three": (
        operated(lambda a, b, c: keras.ops.einsum("bij,bjk,bkl->bil", a, b, c),
                 (7, 6), (6, 2), (2, 5)),
        7 * 6 * 2 + 7 * 2 * 5),
    "einsum without a sum": (
        operated(lambda a, b: keras.ops.einsum("bij,bj->bij", a, b), (7, 6), (6,)), 0),
    "dot": (operated(lambda a: keras.ops.dot(a, ones((6, 3), "float32")), (7, 6)), 7 * 6 * 3),
    "tensordot": (
        operated(lambda a: keras.ops.tensordot(a, ones((6, 3), "float32"), axes=1),
                 (7, 6)),
        7 * 6 * 3),
    "conv": (operated(lambda a: keras.ops.conv(a, ones((3, 3, 6, 5), "float32")), IMAGE),
             36 * 5 * 54),
    "depthwise_conv": (
        operated(lambda a: keras.ops.depthwise_conv(a, ones((3, 3, 6, 2), "float32")), IMAGE),
        36 * 12 * 9),
    "separable_conv": (
        operated(lambda a: keras.ops.separable_conv(
            a, ones((3, 3, 6, 2), "float32"), ones((1, 1, 12, 5), "float32")), IMAGE),
        36 * (12 * 9 + 12 * 5)),
    "conv_transpose": (
        operated(lambda a: keras.ops.conv_transpose(a, ones((3, 3, 5, 6), "float32"), 2), IMAGE),
        64 * 6 * 9 * 5),
    "tensordot without a sum": (
        operated(lambda a: keras.ops.tensordot(a, ones(3, "float32"), axes=0), (7, 6)), 0),
    "Attention by concatenation": (listed(layers.Attention(score_mode="concat")), 7 * 5 * 6),
    "dot_product_attention": (
        operated(keras.ops.dot_product_attention, (7, 2, 3), (5, 2, 3), (5, 2, 3)),
        2 * 7 * 5 * 6),
    "add": (operated(lambda a, b: a + b, (7, 6), (7, 6)), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_products_are_those_counted_by_hand(name):
    model, expected = MODELS[name]
    costs = totals(model)
    assert costs.macs == expected
    assert costs.params == model.count_params()


def test_bytes_are_those_of_each_type():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3), dtype="uint8"),
            layers.Conv2D(4, 3, dtype="mixed_float16"),
            layers.Dense(2, dtype="bfloat16"),
            layers.Dense(2, dtype="float64"),
        ]
    )
    table = layer_table(model, types=True)
    assert list(table["dtype"]) == ["uint8", "float16", "bfloat16", "float64"]
    assert list(table["bytes"]) == [192, 2 * 144, 2 * 72, 8 * 72]
    assert list(table["param_bytes"]) == [0, 4 * 112, 2 * 10, 8 * 6]
    assert totals(model).bytes == table["bytes"].sum()


def test_kinds_say_what_the_layers_are_for():
    kinds = layer_table(build("mnist_tutorial"), types=True)["kind"]
    assert list(kinds) == [
        *("input", "convolution", "pooling", "convolution", "pooling", "convolution"),
        *("other", "dense", "dense"),
    ]


def test_weights_in_a_byte_take_a_byte():
    model = chain(layers.Dense(8), input_shape=(6,))
    model.layers[0].quantize("int8")
    # 48 bytes, a scale and a bias of 4 bytes for each unit
    assert layer_table(model, types=True)["param_bytes"].sum() == 48 + 32 + 32


def test_text_has_separators_and_sums():
    lines = text(layer_table(build("mnist_tutorial"))).splitlines()
    assert lines[0].split() == ["layer", "type", "output_shape", "values", "params", "macs"]
    assert lines[4].split()[-3:] == ["7,744", "18,496", "2,230,272"]
    assert lines[-1].split() == ["total", "38,394", "93,322", "2,794,240"]


# All of Keras's applications

COUNTED = json.loads(Path(__file__).with_name("application_macs.json").read_text("utf-8"))


def default_size(model):
    """224 pixels where the size is open, as the two networks that leave it open were made for."""
    return (224, 224, 3) if None in model.input_shape[1:] else None


def test_every_application_was_counted_by_another_counter():
    names = {name for name, value in vars(keras.applications).items() if callable(value)}
    assert names <= set(COUNTED["applications"])
    assert len(names) >= 38


@pytest.mark.parametrize("name", COUNTED["applications"])
def test_applications_cost_what_another_counter_says(name):
    if not hasattr(keras.applications, name):
        pytest.skip("not in this version of Keras")
    model, expected = application(name), COUNTED["applications"][name]
    costs = totals(model, input_shape=default_size(model))
    assert costs.params == model.count_params() == expected["parameters"]
    assert costs.macs == expected["macs"] == expected["products"]
    application.cache_clear()
