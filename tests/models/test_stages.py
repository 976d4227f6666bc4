"""A network in stages: no layer is lost, and none is where it does not belong."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings

from coursecnn import architectures
from coursecnn.backend import keras, without_weights
from coursecnn.models import _kinds, _words
from coursecnn.models.costs import layer_table
from coursecnn.models.stages import RESIZED, routes, stages
from tests import random_models
from tests.networks import nested, twins, unet
from tests.outlines import outline

layers = keras.layers
FAMILIES = (
    *("lenet5_1998", "alexnet", "zfnet", "vgg16", "nin_cifar10", "googlenet", "googlenet_aux"),
    *("resnet18", "resnet20", "preact_resnet164", "wide_resnet_16_8", "resnext50_32x4d"),
    *("stochastic_depth_110", "fractalnet20", "densenet40_12", "squeezenet1_0", "cifar10_lab"),
)
APPLICATIONS = sorted(name for name, value in vars(keras.applications).items() if callable(value))


def shown(stage):
    """What the text beside a stage counts: for each word its number."""
    counts = Counter()
    for part in ", ".join(filter(None, [stage.text, stage.rest])).split(", "):
        number, word = re.fullmatch(r"(?:(\d+) )?(.+)", part).groups()
        counts[word.removesuffix("s") if number and int(number) > 1 else word] += int(number or 1)
    return counts


def check(model, **options):
    """Compare the stages with the table, whose rows are counted by another path."""
    found, table = stages(model, **options), layer_table(model, **options)
    table = table[table["output_shape"].map(len) + table["values"] > 0]  # weights of no call
    assert Counter(name for stage in found for name in stage.names) == Counter(table["layer"])
    assert sum(sum(shown(stage).values()) for stage in found) == len(table)
    kinds = Counter(kind for stage in found for kind in stage.kinds)
    assert kinds == Counter(map(_kinds.kind_of_type, table["type"]))
    shapes = dict(zip(table["layer"], table["output_shape"], strict=True))
    assert all(stage.shape in [shapes[name] for name in stage.names] for stage in found)


@settings(deadline=None)
@given(random_models.plans())
def test_the_stages_show_what_the_table_counts(plan):
    check(plan.build())


@settings(deadline=None)
@given(random_models.plans())
def test_a_stage_has_one_size_but_for_padding_and_what_comes_back(plan):
    model = plan.build()
    table = layer_table(model).set_index("layer")
    for stage in stages(model):
        rows = table.loc[list(stage.names)]
        sizes = {
            shape[:-1]
            for shape, kind in zip(rows["output_shape"], rows["type"], strict=True)
            if not kind.startswith(("ZeroPadding", "Cropping"))
        }
        vectors = {size for size in sizes if set(size) <= {1}}
        assert len(sizes - vectors) <= 1


@pytest.mark.parametrize("name", ["twins", "nested", "unet"])
def test_nothing_is_lost_of_models_of_other_forms(name):
    check({"twins": twins, "nested": nested, "unet": unet}[name]())


@pytest.mark.parametrize("name", FAMILIES)
def test_nothing_is_lost_of_the_families_of_architectures(name):
    check(outline(name))


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(set(architectures.names()) - set(FAMILIES)))
def test_nothing_is_lost_of_any_architecture(name):
    check(outline(name))


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetB0", "ConvNeXtTiny"])
def test_nothing_is_lost_of_some_applications(name):
    check(application(name))


@pytest.mark.long
@pytest.mark.parametrize("name", APPLICATIONS)
def test_nothing_is_lost_of_any_application(name):
    check(application(name), input_shape=application(name).input_shape[1:])


def application(name):
    """A network of Keras, without its weights."""
    with without_weights():
        model = getattr(keras.applications, name)(weights=None)
    if None in model.input_shape[1:]:
        with without_weights():
            model = getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3))
    return model


@pytest.mark.parametrize("name", FAMILIES)
def test_every_network_has_at_most_twelve_stages(name):
    assert 3 <= len(stages(outline(name))) <= 12


def test_the_stages_of_a_network_say_its_shapes_and_what_happens():
    found = stages(outline("resnet152"))
    assert [(stage.shape, stage.text) for stage in found[2:5]] == [
        ((56, 56, 256), "max pool, 10 conv, 3 additions"),
        ((28, 28, 512), "25 conv, 8 additions"),
        ((14, 14, 1024), "109 conv, 36 additions"),
    ]
    assert found[3].rest == "25 batch norm, 24 ReLU"


def test_a_decoder_is_not_counted_into_the_stage_of_its_encoder():
    assert [(stage.size, stage.text) for stage in stages(unet())] == [
        ("32×32×3", "input"),
        ("32×32×4", "conv"),
        ("16×16×8", "max pool, conv"),
        ("8×8×16", "max pool, conv"),
        ("16×16×8", "transposed conv, concatenation, conv"),
        ("32×32×1", "transposed conv, concatenation, 2 conv"),
    ]
    assert routes(unet()) == ((0, 1), (1, 2), (1, 5), (2, 3), (2, 4), (3, 4), (4, 5))


def test_squeeze_and_excitation_belongs_to_the_stage_that_it_weights():
    found = stages(application("EfficientNetB0"))
    assert [stage.shape[0] for stage in found] == [224, 112, 56, 28, 14, 7, 1000]
    assert "2 global average pools" in found[2].text


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.SeparableConv2D(4, 3), (8, 8, 3), [("6×6×4", "separable conv")]),
        (layers.DepthwiseConv2D(3), (8, 8, 3), [("6×6×3", "depthwise conv")]),
        (layers.GlobalMaxPooling2D(), (8, 8, 3), [("vector of 3", "global max pool")]),
        (layers.UpSampling2D(), (8, 8, 3), [("16×16×3", "upsample")]),
        (layers.Conv1D(4, 3), (8, 3), [("6×4", "1D conv")]),
        (layers.MaxPooling3D(), (8, 8, 8, 3), [("4×4×4×3", "max pool")]),
        (layers.Dense(5), (8, 3), [("8×5", "dense")]),
        (layers.Activation("linear"), (8, 8, 3), []),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, layers.Layer) else "",
)
def test_a_layer_alone_is_shown(layer, shape, expected):
    inputs = keras.Input(shape)
    found = stages(keras.Model(inputs, layer(inputs)))
    assert found[0].text == "input"
    assert [(stage.size, stage.text) for stage in found[1:]] == expected


def test_an_open_size_is_refused_with_the_way_out():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layers.Conv2D(2, 3)(inputs))
    with pytest.raises(ValueError, match=r"fixed input size, got .* at layer .*: give input_shape"):
        stages(model)
    assert [stage.shape for stage in stages(model, input_shape=(8, 8, 3))] == [
        (8, 8, 3),
        (6, 6, 2),
    ]


def test_a_table_is_no_model():
    with pytest.raises(ValueError, match="model must be a Keras model, got a DataFrame"):
        stages(layer_table(outline("vgg16")))


@pytest.mark.parametrize(
    ("words", "noun"),
    [
        (["3×3 conv, 64", "ReLU"], "conv"),
        (["1D conv 3, 64"], "1D conv"),
        (["max pool 2"], "max pool"),
        (["dropout 0.333"], "dropout"),
        (["dense abc,cd->abd"], "dense"),
        (["embedding, 8", "of 100"], "embedding"),
        (["concatenate"], "concatenation"),
        (["append zero channels", "up to 32"], "append zero channels"),
    ],
)
def test_a_layer_is_counted_without_its_numbers(words, noun):
    assert _words.noun(words) == noun


def test_what_makes_maps_larger_is_no_side_matter():
    assert all(word in RESIZED for word in ("upsample", "resize"))
