"""VGG against the tables of the paper."""

import pytest

from coursecnn.architectures import build, names
from coursecnn.backend import keras
from coursecnn.models.costs import layer_table, totals
from tests.outlines import outline

# Table 1 of the paper: the convolutions of a column as they are printed, "M" for maxpool.
TABLE_1 = {
    "vgg11": "64 M 128 M 256 256 M 512 512 M 512 512 M",
    "vgg13": "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    "vgg16": "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    "vgg19": "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}
# Name, parameters, MACs: sums over table 1 by hand. Table 2 prints the parameters in millions.
COUNTS = [
    ("vgg11", 132_863_336, 7_609_090_048, 133),
    ("vgg13", 133_047_848, 11_308_466_176, 133),
    ("vgg16", 138_357_544, 15_470_264_320, 138),
    ("vgg19", 143_667_240, 19_632_062_464, 144),
]


def costs_of(column):
    """Count parameters and MACs of a column of table 1, from its words alone."""
    size, channels, params, macs = 224, 3, 0, 0
    for word in column.split():
        if word == "M":
            size //= 2
            continue
        params += (9 * channels + 1) * int(word)
        macs += size**2 * 9 * channels * int(word)
        channels = int(word)
    for inputs, units in [(size**2 * channels, 4096), (4096, 4096), (4096, 1000)]:
        params += (inputs + 1) * units
        macs += inputs * units
    return params, macs


@pytest.mark.parametrize(("name", "parameters", "macs", "millions"), COUNTS)
def test_counts_are_those_of_the_paper(name, parameters, macs, millions):
    costs = totals(outline(name))
    assert (costs.params, costs.macs) == (parameters, macs) == costs_of(TABLE_1[name])
    assert costs.trainable == costs.params
    assert round(costs.params / 1e6) == millions


@pytest.mark.parametrize("name", names(family="vgg"))
def test_a_network_has_as_many_layers_with_weights_as_its_name_says(name):
    model = outline(name)
    assert sum(bool(layer.weights) for layer in model.layers) == int(name.removeprefix("vgg"))


def test_the_stages_of_vgg16_halve_the_map():
    shapes = layer_table(outline("vgg16")).set_index("layer")["output_shape"]
    assert shapes["conv1_2"] == (224, 224, 64)
    assert [shapes[f"pool{stage}"] for stage in range(1, 6)] == [
        *((112, 112, 64), (56, 56, 128), (28, 28, 256), (14, 14, 512), (7, 7, 512))
    ]


def initialiser(model, layer):
    return model.get_layer(layer).kernel_initializer


def test_weights_begin_as_glorot_and_bengio_say_or_with_the_variance_printed():
    glorot = outline("vgg11")
    assert isinstance(initialiser(glorot, "conv1_1"), keras.initializers.GlorotUniform)
    normal = outline("vgg11", initialisation="normal")
    for layer in ("conv1_1", "conv5_2", "fc6", "fc8"):
        assert initialiser(normal, layer).stddev ** 2 == pytest.approx(1e-2)


def test_the_first_two_dense_layers_drop_half_of_their_units():
    model = outline("vgg11")
    drops = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [(layer.name, layer.rate) for layer in drops] == [("drop6", 0.5), ("drop7", 0.5)]
    assert [layer.input.name for layer in drops] == [
        model.get_layer(name).output.name for name in ("fc6", "fc7")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (31, 32, 3)}, r"with 32×32 pixels or more, got \(31, 32, 3\)"),
        ({"input_shape": (None, None, 3)}, r"got \(None, None, 3\)"),
        ({"classes": -1}, "classes must be a positive int, got -1"),
        (
            {"initialisation": "zero"},
            "initialisation must be one of 'glorot', 'normal', got 'zero'",
        ),
    ],
)
def test_what_vgg_cannot_take_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        build("vgg16", **arguments)
