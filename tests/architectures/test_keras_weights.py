"""Weights of `keras.applications` give the same outputs here.

They follow from their names, and nothing is downloaded: what is compared is the arithmetic.
"""

from functools import partial

import numpy as np
import pytest

from coursecnn.architectures import build
from coursecnn.backend import keras, without_weights
from tests.fingerprints import stored
from tests.named_weights import run, uniform, value

SHAPE = (72, 64, 3)
# On maps with odd sides Keras's first MobileNet has other zeros than the authors' "same" padding.
SHAPES = {"mobilenet_v1": (96, 64, 3)}
APPLICATIONS = {
    **{f"vgg{depth}": f"VGG{depth}" for depth in (16, 19)},
    **{f"resnet{depth}": f"ResNet{depth}" for depth in (50, 101, 152)},
    **{f"resnet{depth}_v2": f"ResNet{depth}V2" for depth in (50, 101, 152)},
    **{f"densenet{depth}": f"DenseNet{depth}" for depth in (121, 169, 201)},
    "mobilenet_v1": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "efficientnet_b0": "EfficientNetB0",
    "convnext_tiny": "ConvNeXtTiny",
}
# What Keras's networks do to pixels before their first layer is left to the user of ours.
OPTIONS = {"convnext_tiny": {"include_preprocessing": False}}
FIRST = {"efficientnet_b0": "stem_conv_pad"}


def application(name, **settings):
    """A Keras application."""
    settings |= {"weights": None, **OPTIONS.get(name, {})}
    theirs = getattr(keras.applications, APPLICATIONS[name])(**settings)
    if name in FIRST:
        theirs = keras.Model(theirs.get_layer(FIRST[name]).input, theirs.output)
    return theirs


def pair(name):
    """A Keras application and ours, without weights."""
    settings = {"input_shape": SHAPES.get(name, SHAPE), "classes": 10}
    release = {"release": "keras"} if name.startswith("resnet") else {}
    with without_weights():
        return application(name, **settings), build(name, **settings, **release)


def agree(name, epsilon=None):
    """Whether both give the same; `epsilon` is put into all normalisations of ours."""
    theirs, ours = pair(name)
    gain = stored()[name]["gain"]
    # The weights are in the same order, and a wrong pair would show in the outputs. Shapes differ
    # where one has a dense layer and the other a 1×1 convolution, or groups and depthwise kernels.
    source = {other.path: mine for mine, other in zip(ours.weights, theirs.weights, strict=True)}
    if epsilon is not None:
        for layer in ours.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.epsilon = epsilon
    images = uniform("images", (2, *ours.input_shape[1:]), -1, 1)
    (got,) = run(ours, images, partial(value, gain=gain))

    def poured(other):
        if other.path not in source:  # the state of a generator, for dropping
            return other.value
        return np.reshape(value(source[other.path], gain), other.shape)

    (expected,) = run(theirs, images, poured)
    assert expected.std() > 0.03, "all classes are about as likely, and a difference would not show"
    return np.allclose(got, expected, rtol=1e-4, atol=1e-6)


DEEPER = {"vgg19", "resnet101", "resnet152", "resnet101_v2", "resnet152_v2", "densenet169"}
DEEPER |= {"densenet201"}  # each is like another one, but for the numbers of its blocks


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] * (name in DEEPER)) for name in APPLICATIONS],
)
def test_weights_of_keras_give_the_same_outputs(name):
    assert agree(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "densenet121"])
def test_another_epsilon_gives_other_outputs(name):
    """The check above can fail: with Keras's default of 0.001, not 0.00001."""
    assert not agree(name, epsilon=1e-3)


# Keras normalises the maps of its ConvNeXt once more where it leaves out the top.
@pytest.mark.parametrize("name", [name for name in APPLICATIONS if name != "convnext_tiny"])
def test_without_their_tops_both_end_in_maps_of_the_same_shape(name):
    release = {"release": "keras"} if name.startswith("resnet") else {}
    shape = SHAPES.get(name, SHAPE)
    with without_weights():
        theirs = application(name, input_shape=shape, include_top=False)
        ours = build(name, input_shape=shape, top=False, **release)
    assert ours.output_shape == theirs.output_shape
    assert ours.count_params() == theirs.count_params()
