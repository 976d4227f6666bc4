"""Receptive fields of Keras models, against what single pixels do to single units."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
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


@pytest.mark.slow
@given(graphs(size=(9, 7)))
@settings(max_examples=60, deadline=None)
def test_of_every_unit_the_pixels_are_those_that_change_it(model):
    field, reached = receptive_field(model), responses(model, (9, 7, 1))
    for unit in np.ndindex(*model.output_shape[1:3]):
        np.testing.assert_array_equal(field.pixels(*unit), reached[:, :, *unit].any(axis=-1))
    assert field.assumed == ()


@pytest.mark.slow
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


@pytest.mark.slow
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


def side():
    """An image of 12 × 10 pixels, to begin with."""
    return keras.Input((12, 10, 2))


def squeezed(x):
    """Squeeze and excitation: each place is weighted by the means of the maps."""
    means = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return layers.Multiply()([x, layers.Dense(2, activation="sigmoid")(means)])


WHOLE = {
    "a global mean": layers.GlobalAveragePooling2D(),
    "a global maximum": layers.GlobalMaxPooling2D(keepdims=True),
    "ops.mean": lambda x: keras.ops.mean(x, axis=(1, 2)),
    "dense": lambda x: layers.Dense(3)(layers.Flatten()(x)),
    "attention": lambda x: (lambda t: layers.MultiHeadAttention(1, 2)(t, t))(
        layers.Reshape((120, 2))(x)
    ),
    "squeeze and excitation": squeezed,
    "group normalisation": layers.GroupNormalization(1),
    "a normalisation of rows and columns": layers.LayerNormalization(axis=[1, 2]),
}


@pytest.mark.parametrize("case", WHOLE)
def test_what_is_not_local_sees_everything(case):
    x = side()
    y = WHOLE[case](layers.Conv2D(2, 3)(x) if "attention" not in case else x)
    field = receptive_field(keras.Model(x, y))
    assert [axis.is_whole for axis in field.axes] == [True, True]
    unit = (0,) * (len(field.output_shape) - 1)
    assert field.pixels(*unit).all()


LOCAL_LAYERS = {
    "batch normalisation": layers.BatchNormalization(),
    "layer normalisation": layers.LayerNormalization(),
    "dense over channels": layers.Dense(3),
    "activation": layers.Activation("softmax"),
    "dropout": layers.Dropout(0.5),
    "operation": lambda x: keras.ops.relu(x) * 2 + 1,
    "Lambda": layers.Lambda(lambda x: x / 2),
    "Permute, twice": lambda x: layers.Permute((2, 1, 3))(layers.Permute((2, 1, 3))(x)),
    "Reshape of the channels": lambda x: layers.Reshape((12, 10, 1, 2))(x),
}


@pytest.mark.parametrize("case", LOCAL_LAYERS)
def test_what_works_place_by_place_changes_no_field(case):
    x = side()
    y = layers.Conv2D(2, 3, padding="same")(x)
    field = receptive_field(keras.Model(x, LOCAL_LAYERS[case](y)))
    assert [(axis.size, axis.stride, axis.start) for axis in field.axes] == [(3, 1, -1)] * 2
    assert field.assumed == ()


def test_branches_of_another_centre_and_another_stride_are_said():
    x = keras.Input((32, 32, 1))
    wide = layers.Conv2D(1, 3, strides=2, padding="same")(x)
    apart = receptive_field(keras.Model(x, wide + layers.Conv2D(1, 1, strides=2)(x))).rows
    assert (apart.size, apart.stride, apart.start, apart.misalignment) == (3, 2, 0, 1)

    aligned = receptive_field(keras.Model(x, x + layers.Conv2D(1, 5, padding="same")(x))).rows
    assert (aligned.size, aligned.misalignment) == (5, 0)

    fast = layers.Conv2D(1, 1, strides=2)(x)
    slow = layers.Conv2D(1, 17)(x)
    differing = receptive_field(keras.Model(x, fast + slow))
    assert (differing.rows.size, differing.rows.misalignment) == (None, None)
    assert "branches of different strides" in repr(differing)
    assert np.flatnonzero(differing.pixels(3, 0).any(axis=1)).tolist() == list(range(3, 20))
    with pytest.raises(ValueError, match="interval needs units that all see as much"):
        differing.rows.interval(0)


def test_holes_and_pixels_that_nobody_sees():
    x = keras.Input((31, 31, 1))
    dilated = receptive_field(keras.Model(x, layers.Conv2D(1, 3, dilation_rate=3)(x))).rows
    assert (dilated.size, dilated.holes, dilated.unseen) == (7, (1, 2, 4, 5), ())
    apart = receptive_field(keras.Model(x, layers.MaxPooling2D(2, 5)(x))).rows
    assert (apart.size, apart.holes, apart.unseen) == (2, (), (2, 3, 4))


def test_finer_maps_than_the_image_have_a_fraction_for_a_stride():
    x = keras.Input((8, 8, 1))
    field = receptive_field(keras.Model(x, layers.Conv2DTranspose(1, 4, 2, padding="same")(x))).rows
    assert (field.size, field.stride) == (2, Fraction(1, 2))


def nested():
    x = keras.Input((16, 16, 1), name="image")
    inner = keras.Sequential(
        [keras.Input((16, 16, 1)), layers.Conv2D(1, 5, name="conv")], name="base"
    )
    return keras.Model(x, layers.Conv2D(1, 3, name="last")(inner(x)))


def test_a_layer_is_named_by_its_path_or_passed_itself():
    model = nested()
    inner = model.get_layer("base")
    for layer in ("base/conv", "conv", "base", inner, inner.get_layer("conv")):
        assert receptive_field(model, layer).rows.size == 5
    assert receptive_field(model).layer == "last"
    assert receptive_field(inner, "conv").rows.size == 5
    with pytest.raises(ValueError, match="layer must be one of image, base/conv, last, got 'no'"):
        receptive_field(model, "no")


def test_one_of_several_inputs_is_asked():
    a, b = keras.Input((9, 9, 1), name="a"), keras.Input((9, 9, 1), name="b")
    model = keras.Model(
        [a, b],
        layers.Conv2D(1, 5)(a) + layers.Conv2D(1, 5, dilation_rate=1)(layers.Cropping2D(0)(b)),
    )
    assert receptive_field(model, input="b").rows.size == 5
    assert receptive_field(model, input=0).rows.size == 5
    with pytest.raises(ValueError, match="input must be one of 'a', 'b', or a number from 0 to 1"):
        receptive_field(model)


def test_open_sizes_are_given():
    x = keras.Input((None, None, 1))
    model = keras.Model(x, layers.Conv2D(1, 3, strides=2, padding="same")(x))
    with pytest.raises(
        ValueError, match="input_shape must be given where a model leaves sizes open"
    ):
        receptive_field(model)
    assert receptive_field(model, input_shape=(8, 9, 1)).rows.start == 0
    assert receptive_field(model, input_shape=(8, 9, 1)).columns.start == -1


def test_signals_and_volumes_have_fields_too():
    signal = keras.Input((20, 3))
    field = receptive_field(
        keras.Model(signal, layers.Conv1D(1, 3, padding="causal", dilation_rate=2)(signal))
    )
    assert (field.rows.size, field.rows.start, field.rows.holes) == (5, -4, (1, 3))
    assert np.flatnonzero(field.pixels(6)).tolist() == [2, 4, 6]
    volume = keras.Input((6, 6, 6, 1))
    field = receptive_field(keras.Model(volume, layers.MaxPooling3D((1, 2, 3))(volume)))
    assert [axis.size for axis in field.axes] == [1, 2, 3]


def test_a_recurrent_layer_sees_what_came_before():
    signal = keras.Input((5, 1))
    field = receptive_field(keras.Model(signal, layers.LSTM(2, return_sequences=True)(signal)))
    assert field.pixels(2).tolist() == [True, True, True, False, False]


def test_a_unit_that_is_not_there_is_refused():
    field = receptive_field(nested())
    for unit in ((10, 0), (0, -1), (0,), (0, 0, 1), (0.5, 0)):
        with pytest.raises(ValueError, match=r"unit must be a place in \(10, 10\)"):
            field.pixels(*unit)


class Blocks(layers.Layer):
    """A pooling that asks how large the batch is."""

    def call(self, x):
        batch, rows, columns, channels = keras.ops.shape(x)
        blocks = keras.ops.reshape(x, (batch, rows // 2, 2, columns // 2, 2, channels))
        return keras.ops.max(blocks, axis=(2, 4))


def test_a_layer_may_ask_how_large_the_batch_is():
    x = keras.Input((6, 8, 3))
    field = receptive_field(keras.Model(x, Blocks()(layers.Conv2D(2, 1)(x))))
    assert field.assumed == ()
    assert field.pixels(1, 2).sum() == 4


def test_an_axis_that_was_cut_is_not_said_to_be_seen_as_a_whole():
    x = keras.Input((6, 8, 3))
    parts = layers.Reshape((3, 2, 4, 2, 2))(layers.Conv2D(2, 1)(x))
    field = receptive_field(keras.Model(x, keras.ops.max(parts, axis=(2, 4))))
    assert [(axis.size, axis.is_whole) for axis in field.axes] == [(None, False)] * 2
    assert "an axis was cut into parts" in repr(field)


class Unfollowed(layers.Layer):
    def call(self, x):
        return x * float(keras.ops.sum(x))

    def compute_output_shape(self, shape):
        return shape


def test_a_layer_without_a_rule_is_taken_to_read_everything_and_named():
    x = keras.Input((6, 6, 1))
    field = receptive_field(keras.Model(x, Unfollowed(name="own")(x)))
    assert field.assumed == ("own",)
    assert field.rows.is_whole
    assert "without a rule, taken to read everything: own" in repr(field)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer", "size"), [("vgg16", "pool5", 212), ("alexnet", "pool5", 195)]
)
def test_the_fields_of_known_networks(name, layer, size):
    """Araujo, Norris, Sim, Distill 2019, table of well-known networks."""
    from coursecnn.architectures import build

    assert receptive_field(build(name), layer).rows.size == size
