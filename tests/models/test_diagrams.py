"""Drawings of networks: the graph, where it is drawn, and what is drawn."""

from itertools import pairwise

import matplotlib.pyplot as plt
import pytest

from coursecnn.architectures import build
from coursecnn.backend import keras
from coursecnn.models import diagrams
from coursecnn.models import graph as graphs
from coursecnn.models.costs import layer_table
from coursecnn.models.graph import Graph, Node
from tests.outlines import outline

FAMILIES = (
    *("lenet5_1998", "alexnet", "zfnet", "vgg16", "nin_cifar10", "googlenet", "googlenet_aux"),
    *("resnet18", "resnet20", "preact_resnet164", "wide_resnet_16_8", "resnext50_32x4d"),
    *("stochastic_depth_110", "fractalnet20", "densenet40_12", "squeezenet1_0", "cifar10_lab"),
)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def labels(graph):
    return [node.label.replace("\n", " | ") for node in graph.nodes]


def edges_by_label(graph):
    words = labels(graph)
    return {(words[a], words[b]) for a, b in graph.edges}


def letters(*edges, adds=""):
    """A graph whose nodes are named a, b, c, ...; those in `adds` are additions."""
    used = sorted(set("".join(edges)))
    nodes = [Node((name,), "other", "add" if name in adds else name, ()) for name in used]
    numbers = sorted((tuple(used.index(end) for end in edge) for edge in edges), key=lambda e: e[1])
    return Graph(tuple(nodes), tuple(numbers))


def test_an_inception_module_has_four_branches_in_the_order_of_their_concatenation():
    module = graphs.graph(outline("googlenet"), "pool2", "inception_3a_output")
    layout = graphs.layout(module)
    place = dict(zip((node.names[-1] for node in module.nodes), layout.places, strict=True))
    branches = [place[f"inception_3a_{end}"] for end in ("1x1", "3x3", "5x5", "pool_proj")]
    assert branches == [0, 1, 2, 3]
    assert place["pool2"] == place["inception_3a_output"] == 1.5


def test_padding_normalisation_and_activation_are_written_into_the_convolution():
    unit = graphs.graph(outline("resnet18"), "conv2_unit2_relu", "conv3_unit1_relu")
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
    unit = graphs.graph(model, "conv2_unit2_relu", "conv3_unit1_relu", fold="none")
    assert len(unit.nodes) == 11
    assert "zero padding" in labels(unit)


def test_folding_only_the_padding_shows_the_order_of_a_preactivated_unit():
    unit = graphs.graph(
        outline("preact_resnet164"), "conv2_unit1_add", "conv2_unit2_add", fold="padding"
    )
    assert labels(unit)[:4] == ["add", "batch norm", "ReLU", "1×1 conv, 16"]


def test_an_activation_shared_by_two_branches_keeps_its_own_box():
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, name="conv")(inputs)
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.Add(name="add")([x, keras.layers.Conv2D(2, 1, name="again")(x)])
    drawn = graphs.graph(keras.Model(inputs, x))
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
    drawn = graphs.graph(keras.Model(inputs, keras.layers.Add()([conv, norm])))
    assert labels(drawn) == ["input | 8×8×1", "3×3 conv, 2", "batch norm", "add"]


def test_a_layer_that_is_called_twice_is_drawn_twice():
    inputs = keras.Input((4,))
    shared = keras.layers.Dense(4, name="shared")
    drawn = graphs.graph(keras.Model(inputs, shared(shared(inputs))))
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
        ("resnet20", "conv3_unit1_shortcut_pad", "zeros up to 32 | channels"),
        ("resnext50_32x4d", "conv2_unit1_conv2", "3×3 conv, 128 | 32 groups | batch norm, ReLU"),
        ("stochastic_depth_110", "conv4_unit18_gate", "all or nothing | survives: 0.5"),
        ("fractalnet20", "block1_join2", "mean"),
        ("densenet40_12", "block1_layer1_bn", "batch norm | ReLU"),
    ],
)
def test_a_layer_is_described_in_plain_words(name, layer, label):
    nodes = graphs.graph(outline(name)).nodes
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
        graphs.graph(build("mnist_tutorial"), **arguments)


def test_a_model_without_a_graph_is_refused():
    with pytest.raises(ValueError, match="model must be functional, or sequential and built"):
        graphs.graph(keras.Sequential(name="unbuilt"))


def test_a_hidden_layer_takes_its_edges_along():
    model = outline("fractalnet20")
    shown = graphs.graph(model, last="block1_join4")
    hidden = graphs.graph(model, last="block1_join4", hide=["active_columns"])
    assert len(shown.nodes) - len(hidden.nodes) == 1
    assert len(shown.edges) - len(hidden.edges) == 3  # from the input, to both joins


def test_a_row_is_the_longest_way():
    assert graphs.layout(letters("ab", "bc", "cd", "ad", "de")).rows == (0, 1, 2, 3, 4)


def test_a_shortcut_runs_beside_a_straight_chain():
    layout = graphs.layout(letters("ab", "bc", "ad", "cd", adds="d"))
    assert layout.places == (0, 0, 0, 0)
    assert layout.ways == ((), (), (0.65, 0.65), ())


def test_a_shortcut_of_several_layers_stands_on_the_right_of_its_branch():
    layout = graphs.layout(letters("ab", "bc", "ad", "de", "ef", "cf", adds="f"))
    assert layout.places == (0.5, 0, 0, 1, 1, 0.5)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_two_boxes_overlap_and_every_edge_runs_downwards(name):
    model = outline(name)
    graph = graphs.graph(model, last=model.layers[min(60, len(model.layers) - 1)].name)
    layout = graphs.layout(graph)
    assert all(layout.rows[a] < layout.rows[b] for a, b in graph.edges)
    for row in set(layout.rows):
        level = sorted(p for p, at in zip(layout.places, layout.rows, strict=True) if at == row)
        assert all(b - a > 0.999 for a, b in pairwise(level))


def test_the_layout_is_the_same_each_time():
    module = graphs.graph(outline("googlenet"), "pool2", "inception_3b_output")
    assert graphs.layout(module) == graphs.layout(module)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_network_has_at_most_twelve_stages(name):
    assert 3 <= len(graphs.stages(layer_table(outline(name)))) <= 12


def test_the_stages_of_a_network_say_its_shapes_and_what_happens():
    stages = graphs.stages(layer_table(outline("resnet152")))
    assert [(stage.shape, stage.text) for stage in stages[2:5]] == [
        ((56, 56, 256), "max pool, 10 conv, 3 additions"),
        ((28, 28, 512), "25 conv, 8 additions"),
        ((14, 14, 1024), "109 conv, 36 additions"),
    ]


def test_a_block_writes_every_label_into_its_box():
    figure = diagrams.block(outline("squeezenet1_0"), "pool1", "fire2_concat", title="Fire")
    figure.canvas.draw()
    (axis,) = figure.axes
    boxes = [patch.get_window_extent() for patch in axis.patches[:5]]
    for text, box in zip(axis.texts, boxes, strict=True):
        inside = text.get_window_extent()
        assert box.x0 < inside.x0 < inside.x1 < box.x1
        assert box.y0 < inside.y0 < inside.y1 < box.y1
    assert figure.get_suptitle() == "Fire"


def test_a_block_shows_shapes_on_demand():
    figure = diagrams.block(build("mnist_tutorial"), last="conv1", shapes=True)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["input\n28×28×1", "3×3 conv, 32\nReLU\n26×26×32"]


def test_four_branches_are_narrow_enough_for_a_phone():
    """Shrunk to 360 pixels, letters of 10 points are still 9 pixels high or more."""
    figure = diagrams.block(outline("googlenet"), "pool2", "inception_3a_output")
    assert 10 / 72 / figure.get_figwidth() * 360 >= 9


def test_everything_drawn_lies_within_the_figure():
    figure = diagrams.block(outline("googlenet"), "pool2", "inception_3b_output", title="two")
    figure.canvas.draw()
    drawn = figure.axes[0].get_tightbbox().bounds
    assert drawn[0] >= 0
    assert drawn[1] >= 0
    assert drawn[0] + drawn[2] <= figure.bbox.width
    assert drawn[1] + drawn[3] <= figure.bbox.height


def test_a_tower_has_a_block_for_each_stage_from_a_model_or_its_table():
    model = outline("vgg16")
    texts = [
        [text.get_text() for text in diagrams.tower(source).axes[0].texts]
        for source in (model, layer_table(model))
    ]
    assert texts[0] == texts[1]
    assert texts[0][:4] == ["224×224×3", "input", "224×224×64", "2 conv"]
    assert texts[0][-2:] == ["1×1×1000", "3 dense"]
