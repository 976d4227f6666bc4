"""The arithmetic against Keras, on hundreds of random configurations, legal and illegal.

Keras rounds down (`rounding="floor"`), knows no padding in numbers (`ZeroPadding2D` goes before
the layer) and has three limits that arithmetic does not share: no stride above 1 together with a
dilation above 1, pooling without dilation, and no locally connected layer.
"""

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from coursecnn.backend import keras, without_weights
from coursecnn.geometry import (
    Convolution,
    Dense,
    Pooling,
    receptive_field,
)

layers = keras.layers

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))
SMALL = st.integers(1, 4)


def examples(count):
    """Ask for so many; the first Keras layers take long, so there is no deadline."""
    return settings(max_examples=count, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pairs(low, high):
    """One number for both axes, or one for each."""
    number = st.integers(low, high)
    return number | st.tuples(number, number)


@st.composite
def convolutions(draw):
    """A convolution that Keras can build, and the number of channels it takes."""
    groups = draw(SMALL)
    stride = draw(pairs(1, 5))
    layer = Convolution(
        filters=groups * draw(SMALL),
        kernel=draw(pairs(1, 7)),
        stride=stride,
        padding=draw(st.sampled_from(["same", "valid"]) | pairs(0, 3)),
        dilation=draw(pairs(1, 3)) if stride in (1, (1, 1)) else 1,
        groups=groups,
        bias=draw(st.booleans()),
        rounding="floor",
    )
    return layer, groups * draw(SMALL)


@st.composite
def poolings(draw):
    """A pooling layer that Keras can build."""
    return Pooling(
        kernel=draw(pairs(1, 7)),
        stride=draw(st.none() | pairs(1, 5)),
        padding=draw(st.sampled_from(["same", "valid"])),
        rounding="floor",
    )


def zero_padding(padding):
    """Split a padding into the Keras layer that adds it in numbers, and the name for the rest."""
    if isinstance(padding, str):
        return layers.ZeroPadding2D(0), padding
    pair = padding if isinstance(padding, tuple) else (padding, padding)
    return layers.ZeroPadding2D(pair), "valid"


def keras_convolution(layer):
    """Build the same convolution in Keras, with the padding as a layer of its own."""
    zeros, padding = zero_padding(layer.padding)
    convolution = layers.Conv2D(
        layer.filters,
        layer.kernel,
        strides=layer.stride,
        padding=padding,
        dilation_rate=layer.dilation,
        groups=layer.groups,
        use_bias=layer.bias,
    )
    return zeros, convolution


def keras_output_shape(stack, shape):
    """Send a shape through layers; None where Keras refuses it."""
    batch_shape = (None, *shape)
    try:
        for layer in stack:
            batch_shape = layer.compute_output_shape(batch_shape)
    except ValueError:
        return None
    return batch_shape[1:]


def our_output_shape(layer, shape):
    """Return the output shape; None where our arithmetic refuses it."""
    try:
        return layer.output_shape(shape)
    except ValueError:
        return None


def keras_parameters(layer, shape):
    """Count the parameters of a layer without allocating them."""
    with without_weights():
        layer.build((None, *shape))
        return layer.count_params()


@examples(300)
@given(convolutions(), SIZES)
def test_convolutions_have_the_same_shape_or_are_refused_by_both(drawn, size):
    layer, channels = drawn
    shape = (*size, channels)
    assert our_output_shape(layer, shape) == keras_output_shape(keras_convolution(layer), shape)


@examples(150)
@given(convolutions())
def test_convolutions_have_the_same_parameters(drawn):
    layer, channels = drawn
    shape = (40, 40, channels)
    _, convolution = keras_convolution(layer)
    assert layer.parameters(shape) == keras_parameters(convolution, shape)


@examples(300)
@given(poolings(), st.sampled_from([layers.MaxPooling2D, layers.AveragePooling2D]), SIZES, SMALL)
def test_poolings_have_the_same_shape_or_are_refused_by_both(layer, kind, size, channels):
    shape = (*size, channels)
    pooling = kind(layer.kernel, strides=layer.stride, padding=layer.padding)
    assert our_output_shape(layer, shape) == keras_output_shape([pooling], shape)


@examples(100)
@given(st.integers(1, 500), st.tuples(st.integers(1, 500)) | st.tuples(*[SMALL] * 3), st.booleans())
def test_dense_layers_agree(units, shape, bias):
    layer = Dense(units, bias)
    flat = (int(np.prod(shape)),)
    dense = layers.Dense(units, use_bias=bias)
    assert layer.output_shape(shape) == keras_output_shape([dense], flat)
    assert layer.parameters(shape) == keras_parameters(dense, flat)


SPOILT = {
    "filters": st.integers(-3, 0) | st.floats(1.1, 1.9),
    "kernel": st.sampled_from([0, -1, 2.5, "3", (3, 0), (1, 2, 3), None]),
    "stride": st.sampled_from([0, -2, 1.5, (1, 0), (1, 1, 1)]),
    "dilation": st.sampled_from([0, -1, 0.5, (0, 1), (2, 2, 2)]),
    "padding": st.sampled_from(["full", "SAM", (1, -1), (0, 0.5)]),
    "groups": st.sampled_from([0, -1, 97]),
}


@pytest.mark.parametrize("argument", SPOILT)
@examples(30)
@given(st.data())
def test_both_refuse_a_convolution_with_one_illegal_argument(argument, data):
    legal, _ = data.draw(convolutions())
    spoilt = {**asdict(legal), argument: data.draw(SPOILT[argument])}
    with pytest.raises(ValueError, match=f"{argument} must"):
        Convolution(**spoilt)
    with pytest.raises(ValueError):  # noqa: PT011 - the words are those of Keras
        keras_convolution(SimpleNamespace(**spoilt))


@examples(100)
@given(convolutions(), st.integers(1, 3))
def test_both_refuse_channels_that_the_groups_do_not_divide(drawn, excess):
    layer, channels = drawn
    assume(excess % layer.groups)
    shape = (40, 40, channels + excess)
    _, convolution = keras_convolution(layer)
    with pytest.raises(ValueError, match="groups must divide"):
        layer.parameters(shape)
    with pytest.raises(ValueError, match="evenly divisible by the number of groups"):
        keras_parameters(convolution, shape)


@examples(100)
@given(st.integers(1, 3), st.data())
def test_both_refuse_an_image_smaller_than_the_kernel(channels, data):
    size = data.draw(st.integers(1, 6))
    layer = Convolution(2, kernel=data.draw(st.integers(size + 1, 9)), rounding="floor")
    with pytest.raises(ValueError, match="at most the padded input"):
        layer.output_shape((size, 9, channels))
    assert keras_output_shape(keras_convolution(layer), (size, 9, channels)) is None


@examples(25)
@given(convolutions())
def test_macs_are_what_ones_over_ones_add_up_to(drawn):
    """Kernels of ones over an image of ones count, in each unit, the products behind it."""
    layer, channels = drawn
    layer = replace(layer, padding="valid")
    shape = (20, 20, channels)
    _, convolution = keras_convolution(layer)
    convolution.kernel_initializer = keras.initializers.Ones()
    assert layer.macs(shape) == float(keras.ops.sum(convolution(np.ones((1, *shape)))))


HEIGHT = 64


@st.composite
def columns(draw):
    """A stack of one to four layers that a column of 64 pixels can go through."""
    stack, size = [], HEIGHT
    for _ in range(draw(st.integers(1, 4))):
        kernel = draw(st.integers(1, min(4, size)))
        stride = draw(st.integers(1, 3))
        padding = draw(st.sampled_from(["same", "valid"]))
        if draw(st.booleans()):
            layer = Pooling((kernel, 1), (stride, 1), padding, rounding="floor")
        else:
            dilation = draw(st.integers(1, 3)) if stride == 1 and kernel * 3 <= size else 1
            padding = draw(st.sampled_from(["same", "valid", (1, 0), (2, 0)]))
            layer = Convolution(
                1, (kernel, 1), (stride, 1), padding, (dilation, 1), rounding="floor"
            )
        size, _, _ = layer.output_shape((size, 1, 1))
        stack.append(layer)
    return stack


def what_units_see(stack):
    """Light one pixel after the other, and return a table of units by pixels: which light up."""
    lights = np.eye(HEIGHT, dtype="float32").reshape(HEIGHT, HEIGHT, 1, 1)
    for layer in stack:
        if isinstance(layer, Pooling):
            lights = layers.AveragePooling2D(layer.kernel, layer.stride, layer.padding)(lights)
        else:
            zeros, convolution = keras_convolution(layer)
            convolution.kernel_initializer = keras.initializers.Ones()
            lights = convolution(zeros(lights))
    return keras.ops.convert_to_numpy(lights)[:, :, 0, 0].T > 0


@examples(40)
@given(columns())
def test_receptive_fields_are_what_the_units_of_a_real_stack_see(stack):
    field = receptive_field(stack, input_size=HEIGHT)
    for unit, seen in enumerate(what_units_see(stack)):
        first, last = field.interval(unit)
        pixels = np.flatnonzero(seen)
        if first >= 0 and last < HEIGHT:
            assert (pixels[0], pixels[-1]) == (first, last)
        # At the edge a part of the field lies in the padding.
        assert all(max(first, 0) <= pixel <= last for pixel in pixels)
