"""Models with the channels first, against the same with the channels last."""

from __future__ import annotations

from dataclasses import replace
from inspect import signature

import numpy as np
import pytest
from hypothesis import given, settings

from coursecnn.backend import keras, without_weights
from coursecnn.interactive import Stack
from coursecnn.models import conventions, diagrams
from coursecnn.models.attribution import grad_cam, occlusion_map
from coursecnn.models.costs import layer_table, totals
from coursecnn.models.graph import graph
from coursecnn.models.memory import memory
from coursecnn.models.receptive import effective_field, receptive_field
from coursecnn.models.stages import routes, stages
from tests import random_models

layers = keras.layers
TWINS = random_models.plans(twins=True)


def pair(plan):
    """A model with the channels last, and the same with the channels first."""
    return plan.build(), replace(plan, first=True).build()


def turned(shape):
    """The shape of maps with the channels first, with the channels last."""
    return (*shape[1:], shape[0])


@pytest.mark.slow
@settings(deadline=None, max_examples=15)
@given(TWINS)
def test_they_cost_the_same(plan):
    last, first = pair(plan)
    assert totals(last) == totals(first)
    kept = ["type", "values", "params", "macs"]
    assert layer_table(last)[kept].equals(layer_table(first)[kept])
    for training in (False, True):
        assert memory(last, training=training) == memory(first, training=training)
    counts = [conventions.compare(model)["count"].tolist() for model in (last, first)]
    assert counts[0] == counts[1]


@settings(deadline=None, max_examples=15)
@given(TWINS)
def test_their_stages_and_their_boxes_are_the_same(plan):
    last, first = pair(plan)
    seen = [[(s.shape, s.kinds, s.words) for s in stages(model)] for model in (last, first)]
    assert seen[0] == seen[1]
    assert routes(last) == routes(first)
    drawn = [graph(model, nested=True) for model in (last, first)]
    assert [node.label for node in drawn[0].nodes[1:]] == [
        node.label for node in drawn[1].nodes[1:]
    ]
    assert drawn[0].edges == drawn[1].edges


@settings(deadline=None, max_examples=15)
@given(TWINS)
def test_their_units_see_the_same_pixels(plan):
    last, first = (receptive_field(model) for model in pair(plan))
    assert last.axes == first.axes
    assert last.assumed == first.assumed == ()
    units = last.output_shape[:-1] if len(last.output_shape) > 1 else ()
    middle = tuple(size // 2 for size in units)
    np.testing.assert_array_equal(last.pixels(*middle), first.pixels(*middle))
    np.testing.assert_array_equal(last.pixels(*middle, 0), first.pixels(*middle, 0))


RANDOM = np.random.default_rng(0)


def network(form, *, head="softmax"):
    """A small network, made alike in both forms but for the order of the axes."""
    first = form == "channels_first"
    image = keras.Input((2, 7, 9) if first else (7, 9, 2), name="image")
    x = layers.ZeroPadding2D(1, data_format=form)(image)
    x = layers.Conv2D(4, 3, activation="relu", name="maps", data_format=form)(x)
    x = layers.BatchNormalization(axis=1 if first else -1, name="norm")(x)
    x = layers.GlobalAveragePooling2D(data_format=form)(x)
    return keras.Model(image, layers.Dense(3, head)(x))


@pytest.fixture(scope="module")
def networks():
    """Both forms, with the same weights."""
    last, first = network("channels_last"), network("channels_first")
    last.set_weights([RANDOM.normal(size=weight.shape) ** 2 for weight in last.weights])
    first.set_weights(last.get_weights())
    return last, first


IMAGE = RANDOM.random((7, 9, 2))


@pytest.mark.parametrize("layer", ["maps", "norm"])
def test_they_are_explained_the_same(networks, layer):
    last, first = networks
    other = np.moveaxis(IMAGE, -1, 0)
    expected = grad_cam(last, IMAGE, 1, layer)
    np.testing.assert_allclose(grad_cam(first, other, 1, layer), expected, rtol=1e-5)
    expected = occlusion_map(last, IMAGE, 1, patch=3, stride=2)
    np.testing.assert_allclose(
        occlusion_map(first, other, 1, patch=3, stride=2), expected, atol=1e-6
    )


def test_their_effective_fields_are_the_same(networks):
    last, first = networks
    images = RANDOM.random((2, 7, 9, 2))
    expected = effective_field(last, "maps", images)
    found = effective_field(first, "maps", np.moveaxis(images, -1, 1))
    assert found.shape == (7, 9)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def chain(form):
    """A plain chain of windows."""
    image = keras.Input((3, 32, 32) if form == "channels_first" else (32, 32, 3))
    x = layers.Conv2D(4, 3, padding="same", name="conv", data_format=form)(image)
    x = layers.MaxPooling2D(2, name="pool", data_format=form)(x)
    return keras.Model(image, layers.Conv2D(4, 3, strides=2, name="last", data_format=form)(x))


def test_a_plain_chain_is_the_same_stack():
    last, first = (Stack.from_model(chain(form)) for form in ("channels_last", "channels_first"))
    assert (last.layers, last.pixels) == (first.layers, first.pixels)


def test_channels_may_change_their_place_on_the_way():
    """A network for pictures with the channels last that works with the channels first."""
    image = keras.Input((32, 30, 3), name="image")
    x = layers.Permute((3, 1, 2))(image)
    x = layers.ReLU()(layers.Conv2D(4, 3, data_format="channels_first")(x))
    x = layers.Permute((2, 3, 1))(x)
    model = keras.Model(image, layers.Conv2D(5, 3, name="last")(x))
    assert [stage.shape for stage in stages(model)] == [(32, 30, 3), (30, 28, 4), (28, 26, 5)]
    assert [axis.size for axis in receptive_field(model, "last").axes] == [5, 5]
    assert receptive_field(model).pixels(3, 4).sum() == 25


SERIES = {
    "TimeDistributed": lambda form: layers.TimeDistributed(layers.Conv2D(4, 3, data_format=form)),
    "ConvLSTM2D": lambda form: layers.ConvLSTM2D(4, 3, data_format=form),
    "ConvLSTM2D, all": lambda form: layers.ConvLSTM2D(
        4, 3, data_format=form, return_sequences=True
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_series_of_maps(name):
    shapes = {"channels_last": (5, 8, 9, 2), "channels_first": (5, 2, 8, 9)}
    last, first = (
        keras.Sequential([keras.Input(shapes[form]), SERIES[name](form)]) for form in shapes
    )
    assert totals(last) == totals(first)
    seen = [[(s.shape, s.kinds, s.words) for s in stages(model)] for model in (last, first)]
    assert seen[0] == seen[1]


def test_a_tower_of_one_is_that_of_the_other(tmp_path):
    pictures = []
    for form in ("channels_last", "channels_first"):
        path = tmp_path / f"{form}.svg"
        diagrams.save_svg(diagrams.tower(network(form)), path)
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1]


# Each kind of layer that has a format, over maps of one, two and three dimensions.
ARGUMENTS = {
    "Conv{}D": (4, 3),
    "Conv{}DTranspose": (4, 3),
    "SeparableConv{}D": (4, 3),
    "DepthwiseConv{}D": (3,),
    "MaxPooling{}D": (2,),
    "AveragePooling{}D": (2,),
    "GlobalMaxPooling{}D": (),
    "GlobalAveragePooling{}D": (),
    "AdaptiveMaxPooling{}D": (2,),
    "AdaptiveAveragePooling{}D": (2,),
    "UpSampling{}D": (2,),
    "ZeroPadding{}D": (1,),
    "Cropping{}D": (1,),
    "SpatialDropout{}D": (0.1,),
    "ConvLSTM{}D": (2, 3),
}
KINDS = {
    name.format(rank): (rank, arguments)
    for name, arguments in ARGUMENTS.items()
    for rank in (1, 2, 3)
    if hasattr(layers, name.format(rank))
    and "data_format" in signature(getattr(layers, name.format(rank))).parameters
}
OTHERS = ("Flatten", "Resizing", "STFTSpectrogram")


def test_every_layer_with_a_format_is_among_them():
    known = {getattr(layers, name) for name in (*KINDS, *OTHERS)}
    augments = ("Random", "Aug", "Mix", "Cut", "CenterCrop", "Equalization", "ContrastLimited")
    for name, kind in vars(layers).items():
        if isinstance(kind, type) and "data_format" in signature(kind).parameters:
            assert kind in known or name.startswith((*augments, "RandAugment")), name


@pytest.mark.parametrize("name", KINDS)
def test_a_layer_of_each_kind_costs_and_sees_the_same(name):
    rank, arguments = KINDS[name]
    steps, sides = (3,) * name.startswith("ConvLSTM"), (6, 7, 8)[:rank]
    shapes = {"channels_last": (*steps, *sides, 2), "channels_first": (*steps, 2, *sides)}
    with without_weights():
        last, first = (
            keras.Sequential(
                [keras.Input(shape), getattr(layers, name)(*arguments, data_format=form)]
            )
            for form, shape in shapes.items()
        )
    assert totals(last) == totals(first)
    seen = [[(s.shape, s.kinds, s.words) for s in stages(model)] for model in (last, first)]
    assert seen[0] == seen[1]
    assert receptive_field(last).axes == receptive_field(first).axes
