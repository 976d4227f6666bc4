"""The graph of a model: its layers in plain words, what is folded, repeated, shared, nested."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursecnn.architectures import build
from coursecnn.backend import keras, without_weights
from coursecnn.models.graph import Graph, Node, condensed, graph
from tests.networks import nested, twins, unet
from tests.outlines import outline

layers = keras.layers


def labels(drawn):
    return [node.label.replace("\n", " | ") for node in drawn.nodes]


def edges_by_label(drawn):
    words = labels(drawn)
    return {(words[a], words[b]) for a, b in drawn.edges}


def test_padding_normalisation_and_activation_are_written_into_the_convolution():
    unit = graph(outline("resnet18"), "conv2_unit2_relu", "conv3_unit1_relu")
    assert labels(unit) == [
        "ReLU",
        "3×3 conv, 128 | stride 2 | batch norm, ReLU",
        "3×3 conv, 128 | batch norm",
        "1×1 conv, 128 | stride 2 | batch norm",
        "add",
        "ReLU",
    ]


def test_without_folding_every_layer_has_a_box():
    model = outline("resnet18")
    unit = graph(model, "conv2_unit2_relu", "conv3_unit1_relu", fold="none")
    assert len(unit.nodes) == 11
    assert "zero padding" in labels(unit)


@pytest.mark.slow
def test_folding_only_the_padding_shows_the_order_of_a_preactivated_unit():
    unit = graph(outline("preact_resnet164"), "conv2_unit1_add", "conv2_unit2_add", fold="padding")
    assert labels(unit)[:4] == ["add", "batch norm", "ReLU", "1×1 conv, 16"]


def test_an_activation_shared_by_two_branches_keeps_its_own_box():
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, name="conv")(inputs)
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.Add(name="add")([x, keras.layers.Conv2D(2, 1, name="again")(x)])
    drawn = graph(keras.Model(inputs, x))
    assert edges_by_label(drawn) == {
        ("input | 8×8×1", "3×3 conv, 2 | ReLU"),
        ("3×3 conv, 2 | ReLU", "1×1 conv, 2"),
        ("3×3 conv, 2 | ReLU", "add"),
        ("1×1 conv, 2", "add"),
    }


def test_a_normalisation_before_a_fork_is_not_passed_by():
    """What leaves from between a convolution and its normalisation keeps them apart."""
    inputs = keras.Input((8, 8, 1))
    conv = keras.layers.Conv2D(2, 3)(inputs)
    norm = keras.layers.BatchNormalization()(conv)
    drawn = graph(keras.Model(inputs, keras.layers.Add()([conv, norm])))
    assert labels(drawn) == ["input | 8×8×1", "3×3 conv, 2", "batch norm", "add"]


def test_a_layer_that_is_called_twice_is_drawn_twice():
    inputs = keras.Input((4,))
    shared = keras.layers.Dense(4, name="shared")
    drawn = graph(keras.Model(inputs, shared(shared(inputs))))
    assert labels(drawn) == ["input | 4", "dense, 4", "dense, 4"]
    assert drawn.edges == ((0, 1), (1, 2))


@pytest.mark.parametrize(
    ("name", "layer", "label"),
    [
        ("alexnet", "conv2", "5×5 conv, 256 | 2 groups, ReLU | response norm"),
        ("alexnet", "drop6", "dropout 0.5"),
        ("lenet5_1998", "C3", "5×5 conv, 16 | sparse | scaled tanh"),
        ("lenet5_1998", "S2", "subsample 2×2 | stride 2 | scaled tanh"),
        ("lenet5_1998", "output", "radial basis | functions | 10 codes"),
        ("resnet18", "pool", "global average | pool"),
        ("resnet20", "conv3_unit1_shortcut_subsample", "subsample | stride 2"),
        ("resnet20", "conv3_unit1_shortcut_pad", "append zero | channels | up to 32"),
        ("resnext50_32x4d", "conv2_unit1_conv2", "3×3 conv, 128 | 32 groups | batch norm, ReLU"),
        ("stochastic_depth_110", "conv4_unit18_gate", "all or nothing | survives: 0.5"),
        ("fractalnet20", "block1_join2", "mean"),
        ("densenet40_12", "block1_layer1_bn", "batch norm | ReLU"),
    ],
)
def test_a_layer_is_described_in_plain_words(name, layer, label):
    nodes = graph(outline(name)).nodes
    assert [node.label.replace("\n", " | ") for node in nodes if layer in node.names] == [label]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first": "pool7"}, "first must be the name of a layer of the model, such as pool"),
        ({"last": "convol1"}, r"last must be .* such as conv1, .*; got 'convol1'"),
        ({"hide": ["nothing"]}, "hide must be the name of a layer"),
        ({"first": "pool2", "last": "conv1"}, "no way leads from 'pool2' to 'conv1'"),
        ({"fold": "some"}, "fold must be one of all, padding, none, got 'some'"),
    ],
)
def test_a_part_that_is_not_there_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        graph(build("mnist_tutorial"), **arguments)


def test_a_model_without_a_graph_is_refused():
    with pytest.raises(ValueError, match="model must be functional, or sequential and built"):
        graph(keras.Sequential(name="unbuilt"))


def test_a_hidden_layer_takes_its_edges_along():
    model = outline("fractalnet20")
    shown = graph(model, last="block1_join4")
    hidden = graph(model, last="block1_join4", hide=["active_columns"])
    assert len(shown.nodes) - len(hidden.nodes) == 1
    assert len(shown.edges) - len(hidden.edges) == 3  # from the input, to both joins


# Words, names, marks


def words_of(layer, shape=(8, 8, 4)):
    """The label of a layer's box."""
    inputs = keras.Input(shape)
    return labels(graph(keras.Model(inputs, layer(inputs))))[-1]


@pytest.mark.parametrize(
    ("layer", "shape", "label"),
    [
        (layers.MaxPooling1D(2), (8, 4), "max pool 2 | stride 2"),
        (layers.MaxPooling3D(2), (8, 8, 8, 4), "max pool 2×2×2 | stride 2"),
        (layers.GlobalMaxPooling1D(), (8, 4), "global max pool"),
        (layers.Conv1D(6, 3, dilation_rate=2), (8, 4), "1D conv 3, 6 | dilation 2"),
        (layers.Conv2D(6, 3, groups=2), (8, 8, 4), "3×3 conv, 6 | 2 groups"),
        (layers.Conv3DTranspose(6, 2, strides=2), (4, 4, 4, 4), None),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (8, 8, 4), "3×3 depthwise | 2 per channel"),
        (layers.SeparableConv2D(6, 3), (8, 8, 4), "3×3 separable | conv, 6"),
        (layers.UpSampling2D(2, interpolation="bilinear"), (8, 8, 4), "upsample 2×2 | bilinear"),
        (layers.ReLU(6.0), (8, 8, 4), "ReLU6"),
        (layers.ReLU(negative_slope=0.1), (8, 8, 4), "leaky ReLU"),
        (layers.Activation("linear"), (8, 8, 4), "linear"),
        (layers.Dense(5, "gelu"), (8, 4), "dense, 5 | GELU"),
        (layers.Dropout(1 / 3), (8,), "dropout 0.333"),
        (layers.LSTM(5), (8, 4), "LSTM, 5"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, layers.Layer) else "",
)
def test_a_layer_outside_the_zoo_is_described_in_plain_words(layer, shape, label):
    expected = label or "2×2×2 transposed | conv, 6 | stride 2"
    assert words_of(layer, shape) == expected


def test_an_attention_has_its_heads():
    inputs = keras.Input((8, 16))
    attended = layers.MultiHeadAttention(4, 4, name="heads")(inputs, inputs)
    assert labels(graph(keras.Model(inputs, attended)))[-1] == "attention | 4 heads"


def test_operations_on_tensors_are_layers_like_others():
    inputs = keras.Input((8, 8, 4))
    model = keras.Model(inputs, keras.ops.relu(layers.Conv2D(4, 3)(inputs)) * 2 + 1)
    assert labels(graph(model))[1:] == ["3×3 conv, 4 | ReLU", "multiply", "add"]


def test_no_line_of_a_label_is_too_long_whatever_the_name():
    long = keras.Sequential([layers.Dense(2)], name="x" * 40 + "_of_many_pictures")
    inputs = keras.Input((3,))
    label = graph(keras.Model(inputs, long(inputs))).nodes[-1].label
    assert max(map(len, label.splitlines())) <= 16
    assert label.replace("\n", "").startswith(long.name)


# Models in models, several inputs and outputs, shared weights


def test_a_model_inside_is_one_box_with_its_name_or_open():
    assert labels(graph(nested())) == ["input | 8×8×3", "b | model, 2 layers", "flatten"]
    opened = graph(nested(), nested=True)
    assert [node.names for node in opened.nodes] == [
        ("image",),
        ("b/a/conv", "b/relu"),
        ("flat",),
    ]


def test_a_layer_inside_is_found_by_its_path_or_by_its_name():
    for name in ("b/a/conv", "a/conv", "conv"):
        part = graph(nested(), first=name, nested=True, fold="none")
        assert [node.names[0] for node in part.nodes] == ["b/a/conv", "b/relu", "flat"]


def test_a_layer_inside_a_closed_model_is_refused_with_the_way_in():
    with pytest.raises(ValueError, match="nested=True opens the models inside"):
        graph(nested(), first="b/relu")


def test_a_name_that_two_layers_have_is_refused():
    image = keras.Input((8, 8, 3))
    parts = [keras.Sequential([layers.Conv2D(2, 1, name="conv")], name=name) for name in "ab"]
    model = keras.Model(image, parts[1](parts[0](image)))
    with pytest.raises(ValueError, match="first must name one layer, got 'conv', which may be"):
        graph(model, first="conv", nested=True)


def test_inputs_and_outputs_are_named_where_there_are_several():
    assert sorted(labels(graph(twins()))) == [
        "concatenate",
        "dense, 1 | output: price",
        "dense, 3 | softmax | output: kind",
        "embedding, 8 | of 100",
        "encoder_of_both_ | pictures | model, 2 layers",
        "encoder_of_both_ | pictures | model, 2 layers",
        "global max pool",
        "input | left, 16×16×3",
        "input | right, 16×16×3",
        "input | text, 20",
    ]


def test_an_output_within_the_model_is_marked_and_keeps_its_box():
    image = keras.Input((8, 8, 3))
    conv = layers.Conv2D(2, 3, name="conv")(image)
    model = keras.Model(image, [conv, layers.ReLU(name="relu")(conv)])
    assert labels(graph(model))[1:] == ["3×3 conv, 2 | output: conv", "ReLU | output: relu"]


def test_boxes_that_share_their_weights_have_a_number_in_common():
    drawn = graph(twins(), nested=True)
    numbers = {node.names[0]: node.shared for node in drawn.nodes}
    assert numbers["encoder_of_both_pictures/conv"] == 1
    assert numbers["words"] == numbers["kind"] == 0


def test_several_outputs_of_one_layer_have_a_shape_each():
    inputs = keras.Input((6, 4))
    outputs = layers.LSTM(3, return_state=True)(inputs)
    assert graph(keras.Model(inputs, outputs)).nodes[-1].shapes == ((3,), (3,), (3,))


def test_an_open_size_is_a_question_mark():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layers.Conv2D(2, 3)(inputs))
    assert labels(graph(model))[0] == "input | ?×?×3"
    assert labels(graph(model, input_shape=(8, 8, 3)))[0] == "input | 8×8×3"


def test_a_subclassed_model_is_followed():
    class Two(keras.Model):
        """A convolution and a way around it."""

        def __init__(self):
            """Make the only layer."""
            super().__init__()
            self.conv = layers.Conv2D(3, 3, padding="same", name="conv")

        def call(self, x):
            return keras.ops.relu(self.conv(x)) + x

    drawn = graph(Two(), input_shape=(8, 8, 3))
    assert labels(drawn)[1:] == ["3×3 conv, 3 | ReLU", "add"]
    assert drawn.edges == ((0, 1), (1, 2), (0, 2))


def test_a_value_added_to_itself_has_one_arrow():
    inputs = keras.Input((4,))
    assert graph(keras.Model(inputs, layers.Add()([inputs, inputs]))).edges == ((0, 1),)


def test_something_else_than_a_model_is_refused():
    with pytest.raises(ValueError, match="model must be a Keras model, got a list"):
        graph([layers.Dense(2)])


# What is repeated


def test_a_resnet_repeats_its_units():
    short = condensed(graph(outline("resnet152")))
    assert [(repeat.times, len(repeat.nodes)) for repeat in short.repeats] == [
        *((2, 5), (7, 5), (35, 5), (2, 5)),
    ]


@pytest.mark.slow
def test_what_is_drawn_once_stands_for_all():
    """Boxes times repetitions are those of the whole graph."""
    for name in ("resnet152", "densenet40_12", "stochastic_depth_110", "vgg16", "squeezenet1_0"):
        whole = graph(outline(name))
        short = condensed(whole)
        times = {node: repeat.times for repeat in short.repeats for node in repeat.nodes}
        drawn = sum(times.get(node, 1) for node in range(len(short.nodes)))
        assert drawn == len(whole.nodes)


@given(st.integers(1, 5), st.integers(2, 6), st.booleans())
def test_repeated_blocks_are_found_in_their_number(length, times, residual):
    nodes, edges = [Node(("in",), "input", "in", ())], []
    for _ in range(times):
        start = len(nodes) - 1
        for step in range(length + 1):
            edges.append((len(nodes) - 1, len(nodes)))
            nodes.append(Node((f"{len(nodes)}",), "other", f"step {step}", ()))
        if residual:
            edges.append((start, len(nodes) - 1))
    edges.append((len(nodes) - 1, len(nodes)))
    nodes.append(Node(("out",), "other", "out", ()))
    short = condensed(Graph(tuple(nodes), tuple(dict.fromkeys(edges))))
    assert [(len(repeat.nodes), repeat.times) for repeat in short.repeats] == [(length + 1, times)]
    assert [node.label for node in short.nodes][-1] == "out"
    assert (length + 1, length + 2) in short.edges


def test_a_block_that_something_else_reads_is_not_repeated():
    """The skips of a U-Net leave from within what looks repeated."""
    names = ["in", *["conv", "pool"] * 3, "join"]
    nodes = tuple(Node((str(n),), "other", name, ()) for n, name in enumerate(names))
    chain = tuple((n, n + 1) for n in range(7))
    assert condensed(Graph(nodes, chain)).repeats
    assert not condensed(Graph(nodes, (*chain, (1, 7), (3, 7)))).repeats


def test_blocks_of_other_shapes_are_repeated_unless_shapes_are_shown():
    whole = graph(outline("densenet40_12"))
    assert condensed(whole).repeats
    assert not condensed(whole, shapes=True).repeats


def test_rates_that_grow_from_block_to_block_are_left_out():
    with without_weights():
        whole = graph(keras.applications.EfficientNetB0(weights=None))
    short = condensed(whole)
    assert [repeat.times for repeat in short.repeats] == [2, 2, 3]
    inside = {short.nodes[node].label for repeat in short.repeats for node in repeat.nodes}
    assert any(label.endswith("\ndropout") for label in inside)


def test_the_decoder_of_a_unet_reads_what_the_encoder_kept():
    drawn = graph(unet())
    words = labels(drawn)
    joins = [number for number, word in enumerate(words) if word == "concatenate"]
    read = [sorted(a for a, b in drawn.edges if b == join) for join in joins]
    assert [[words[a] for a in pair] for pair in read] == [
        ["3×3 conv, 8 | ReLU", "2×2 transposed | conv, 8 | stride 2"],
        ["3×3 conv, 4 | ReLU", "2×2 transposed | conv, 4 | stride 2"],
    ]


class Pair(layers.Layer):
    """A layer of one's own that holds another one, twice."""

    def __init__(self, held, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = layers.Dense(3, name="dense"), held

    def build(self, shape):
        self.first.build(shape)
        self.second.build((*shape[:-1], 3))

    def call(self, x):
        return self.second(self.first(x))


class Closed(Pair):
    """One whose call symbolic tensors cannot follow."""

    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            raise TypeError("numbers alone")
        return super().call(x)


@given(st.lists(st.sampled_from(["open", "closed", "closed within"]), min_size=1, max_size=4))
@settings(max_examples=12, deadline=None)
def test_a_layer_that_cannot_be_followed_stays_closed_alone(kinds):
    made = {
        "open": lambda name: Pair(layers.ReLU(name="relu"), name=name),
        "closed": lambda name: Closed(layers.ReLU(name="relu"), name=name),
        "closed within": lambda name: Pair(Closed(layers.ReLU(), name="inner"), name=name),
    }
    shown = {
        "open": ["{}/dense", "{}/relu"],
        "closed": ["{}"],
        "closed within": ["{}/dense", "{}/inner"],
    }
    x = image = keras.Input((3,), name="image")
    for place, kind in enumerate(kinds):
        x = made[kind](f"part{place}")(x)
    found = graph(keras.Model(image, x), nested=True, fold="none")
    expected = [name.format(f"part{n}") for n, kind in enumerate(kinds) for name in shown[kind]]
    assert [node.names[0] for node in found.nodes] == ["image", *expected]
    assert found.edges == tuple((n, n + 1) for n in range(len(expected)))
