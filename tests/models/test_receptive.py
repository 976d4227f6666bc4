"""Receptive fields of Keras models, against what single pixels do to single units."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from coursecnn import geometry
from coursecnn.backend import keras
from coursecnn.models.receptive import receptive_field

layers = keras.layers
POSITIVE = {"use_bias": False, "kernel_initializer": "ones"}


def responses(model, shape):
    """Which pixels reach which outputs of a linear network with positive weights.

    One image for each pixel, black but for this one: what is not black afterwards was reached.
    """
    count = int(np.prod(shape[:2]))
    images = np.zeros((count, *shape), "float32")
    images.reshape(count, count, -1)[np.arange(count), np.arange(count)] = 1
    answers = keras.ops.convert_to_numpy(model(images, training=False))
    return (answers > 0).reshape(*shape[:2], *answers.shape[1:])


WINDOW = st.fixed_dictionaries(
    {
        "kernel_size": st.tuples(st.integers(1, 4), st.integers(1, 3)),
        "strides": st.integers(1, 3),
        "padding": st.sampled_from(["same", "valid"]),
        "dilation_rate": st.integers(1, 3),
    }
)


def window(draw):
    chosen = draw(WINDOW)
    if chosen["strides"] > 1:
        chosen["dilation_rate"] = 1
    return chosen


def convolution(draw):
    return layers.Conv2D(2, **window(draw), **POSITIVE)


def depthwise(draw):
    chosen = window(draw)
    ones = {"use_bias": False, "depthwise_initializer": "ones"}
    return layers.DepthwiseConv2D(**chosen, depth_multiplier=draw(st.integers(1, 2)), **ones)


def pooling(draw):
    chosen = window(draw)
    return layers.AveragePooling2D(chosen["kernel_size"], chosen["strides"], chosen["padding"])


def transposed(draw):
    chosen = window(draw) | {"dilation_rate": 1}
    return layers.Conv2DTranspose(2, **chosen, **POSITIVE)


def upsampling(draw):
    kind = draw(st.sampled_from(["nearest", "bilinear"]))
    return layers.UpSampling2D(draw(st.integers(1, 3)), interpolation=kind)


def padding(draw):
    sizes = draw(st.tuples(*[st.integers(0, 2)] * 4))
    return layers.ZeroPadding2D((sizes[:2], sizes[2:]))


def cropping(draw):
    sizes = draw(st.tuples(*[st.integers(0, 1)] * 4))
    return layers.Cropping2D((sizes[:2], sizes[2:]))


def separable(draw):
    chosen = window(draw)
    ones = {"depthwise_initializer": "ones", "pointwise_initializer": "ones", "use_bias": False}
    return layers.SeparableConv2D(2, **chosen, **ones)


LOCAL = [convolution, convolution, depthwise, pooling, separable, padding, cropping]
ALL = [*LOCAL, transposed, upsampling]


def grown(draw, x, kinds, most):
    """A tensor after some layers in a row; those that do not fit are left out."""
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=most)):
        try:
            longer = kind(draw)(x)
        except ValueError:
            continue
        if min(longer.shape[1:3]) > 0 and max(longer.shape[1:3]) <= 40:
            x = longer
    return x


def joined(draw, x, y):
    """Two tensors, cut to the same size and joined."""
    rows, columns = (min(x.shape[axis], y.shape[axis]) for axis in (1, 2))
    x, y = x[:, :rows, :columns], y[:, -rows:, -columns:]
    if draw(st.booleans()):
        return layers.Concatenate()([x, y])
    one = [layers.Conv2D(2, 1, **POSITIVE)(tensor) for tensor in (x, y)]
    return one[0] + one[1]


@st.composite
def graphs(draw, size, kinds=ALL, most=2):
    """A stem, two or three branches of different layers, and what follows them."""
    x = keras.Input((*size, 1))
    y = grown(draw, x, kinds, most)
    for _ in range(draw(st.integers(0, 2))):
        y = joined(draw, grown(draw, y, kinds, most), grown(draw, y, kinds, most))
    return keras.Model(x, grown(draw, y, kinds, most))


@given(graphs(size=(9, 7)))
@settings(max_examples=60, deadline=None)
def test_of_every_unit_the_pixels_are_those_that_change_it(model):
    field, reached = receptive_field(model), responses(model, (9, 7, 1))
    for unit in np.ndindex(*model.output_shape[1:3]):
        np.testing.assert_array_equal(field.pixels(*unit), reached[:, :, *unit].any(axis=-1))
    assert field.assumed == ()


@given(graphs(size=(64, 64), kinds=LOCAL))
@settings(max_examples=40, deadline=None)
def test_size_stride_start_and_holes_are_those_of_a_unit_in_the_middle(model):
    field = receptive_field(model)
    unit = [size // 2 for size in model.output_shape[1:3]]
    marks = field.pixels(*unit)
    for axis, other in ((0, 1), (1, 0)):
        along = field.axes[axis]
        assume(along.size is not None)
        first, last = along.interval(unit[axis])
        assume(first >= 16 and last < 48)
        seen = np.flatnonzero(marks.any(axis=other))
        assert seen.tolist() == [first + n for n in range(along.size) if n not in along.holes]
        assert along.centre(unit[axis]) == (first + last) / 2


@given(
    st.lists(st.tuples(*[st.integers(1, 4)] * 2, st.sampled_from(["same", "valid"])), max_size=4)
)
@settings(max_examples=30, deadline=None)
def test_a_chain_is_what_geometry_says(numbers):
    x = y = keras.Input((64, 64, 1))
    plain = []
    for kernel, stride, pad in numbers:
        assume(pad == "same" or kernel <= y.shape[1])
        plain.append(geometry.Convolution(1, kernel, stride, pad, rounding="floor"))
        y = layers.Conv2D(1, kernel, stride, pad)(y)
    expected = geometry.receptive_field(plain, input_size=64)

    found = receptive_field(keras.Model(x, layers.ReLU()(y))).rows

    assert (found.size, found.stride, found.start) == (expected.size, expected.jump, expected.start)
    assert (found.holes, found.unseen) == (expected.holes, expected.unseen)
