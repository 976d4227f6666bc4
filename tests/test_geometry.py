"""Shapes, parameters, MACs and receptive fields, against hand-checked numbers and laws."""

import pickle
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from coursecnn.geometry import (
    Convolution,
    Dense,
    DoesNotFit,
    LocallyConnected,
    Pooling,
    ReceptiveField,
    output_size,
    receptive_field,
)

SMALL = st.integers(1, 12)
WINDOWS = st.fixed_dictionaries(
    {
        "size": st.integers(1, 60),
        "kernel": SMALL,
        "stride": SMALL,
        "padding": st.integers(0, 6),
        "dilation": st.integers(1, 4),
    }
)


def span(size, kernel, padding, dilation, **_):
    """The steps of one pixel that a window can make."""
    return size + 2 * padding - dilation * (kernel - 1) - 1


class TestOutputSize:
    @pytest.mark.parametrize(
        ("size", "kernel", "stride", "padding", "expected"),
        [
            (5, 3, 1, 0, 3),
            (7, 3, 1, 0, 5),
            (7, 3, 2, 0, 3),
            (5, 3, 1, 1, 5),
            (5, 3, 1, 2, 7),
            (32, 5, 1, 2, 32),
            (227, 11, 4, 0, 55),
            (55, 3, 2, 0, 27),
            (1, 1, 9, 0, 1),
        ],
    )
    def test_follows_the_formula(self, size, kernel, stride, padding, expected):
        assert output_size(size, kernel, stride, padding) == expected

    @pytest.mark.parametrize(
        ("size", "stride", "expected"), [(7, 1, 7), (7, 2, 4), (8, 2, 4), (7, 9, 1)]
    )
    @pytest.mark.parametrize("kernel", [1, 2, 3, 20])
    def test_same_padding_depends_on_the_stride_alone(self, size, stride, expected, kernel):
        assert output_size(size, kernel, stride, padding="same") == expected

    def test_dilation_spreads_the_taps(self):
        assert output_size(9, kernel=3, dilation=4) == 1
        assert output_size(9, kernel=3, dilation=2) == output_size(9, kernel=5)

    @pytest.mark.parametrize(
        ("rounding", "padding", "expected"), [("floor", 0, 27), ("ceil", 0, 28), ("ceil", 1, 29)]
    )
    def test_rounding_is_the_callers_choice(self, rounding, padding, expected):
        assert output_size(56, 3, 2, padding, rounding=rounding) == expected

    @given(WINDOWS)
    def test_counts_the_whole_windows(self, window):
        assume(span(**window) >= 0)
        starts = range(0, span(**window) + 1, window["stride"])
        assert output_size(**window, rounding="floor") == len(starts)

    @given(WINDOWS)
    @example({"size": 5, "kernel": 1, "stride": 3, "padding": 0, "dilation": 1})
    def test_ceil_counts_the_windows_until_all_pixels_are_behind(self, window):
        assume(span(**window) >= 0)
        starts, end = [0], window["size"] + window["padding"]
        while starts[-1] < span(**window) and starts[-1] + window["stride"] < end:
            starts.append(starts[-1] + window["stride"])
        assert output_size(**window, rounding="ceil") == len(starts)

    @given(WINDOWS)
    def test_exact_is_floor_where_the_stride_divides_and_refuses_elsewhere(self, window):
        assume(span(**window) >= 0)
        if span(**window) % window["stride"]:
            with pytest.raises(DoesNotFit):
                output_size(**window)
        else:
            assert output_size(**window) == output_size(**window, rounding="floor")

    @given(SMALL, SMALL)
    def test_an_odd_kernel_with_half_its_padding_keeps_the_size(self, size, half):
        assert output_size(size, 2 * half + 1, padding=half) == size

    @given(SMALL, SMALL, SMALL)
    def test_valid_is_no_padding(self, size, kernel, stride):
        assume(kernel <= size)
        arguments = {"size": size, "kernel": kernel, "stride": stride, "rounding": "floor"}
        assert output_size(**arguments, padding="valid") == output_size(**arguments, padding=0)


NUMPY = st.sampled_from([np.int8, np.int32, np.int64, np.uint16, np.array])


class TestIntegersOfNumPy:
    @given(WINDOWS, NUMPY)
    def test_are_sizes(self, window, kind):
        assume(span(**window) >= 0)
        others = {name: kind(value) for name, value in window.items()}
        found = output_size(**others, rounding="floor")
        assert type(found) is int
        assert found == output_size(**window, rounding="floor")

    @given(SMALL, SMALL, st.sampled_from([list, tuple, np.array]), NUMPY)
    def test_make_the_same_layer(self, height, width, pair, kind):
        plain = Convolution(4, (height, width), padding=(1, 2), groups=2)
        other = Convolution(
            kind(4), pair([kind(height), kind(width)]), padding=pair([1, 2]), groups=2
        )
        assert other == plain
        assert hash(other) == hash(plain)
        assert repr(other) == repr(plain)
        assert other.macs(pair([12, 12, 4])) == plain.macs((12, 12, 4))

    @pytest.mark.parametrize("size", [np.True_, np.float64(3), np.array([3]), 3.0, None])
    def test_are_integers(self, size):
        with pytest.raises(ValueError, match="size must be a positive int, got "):
            output_size(size, 1)


class TestDoesNotFit:
    def test_shows_the_formula_what_is_left_and_the_fix(self):
        with pytest.raises(DoesNotFit) as caught:
            output_size(10, kernel=3, stride=4, padding=1)
        assert str(caught.value) == (
            "(N - F + 2P)/S + 1 = (10 - 3 + 2*1)/4 + 1 is not whole: 1 pixel is left over. "
            "Use stride=3 or stride=9 or size=9 or size=13, "
            'or accept 3 with rounding="floor"'
        )

    def test_carries_the_settings_and_the_remainder(self):
        with pytest.raises(DoesNotFit, match="3 pixels are left over") as caught:
            output_size(226, kernel=11, stride=4)
        error = caught.value
        assert (error.size, error.kernel, error.stride) == (226, 11, 4)
        assert (error.padding, error.dilation, error.left_over) == (0, 1, 3)
        assert error.fits == ({"stride": 1}, {"stride": 5}, {"size": 223}, {"size": 227})

    def test_names_the_axis_of_an_image(self):
        with pytest.raises(DoesNotFit) as caught:
            Pooling(2).output_shape((28, 27, 1))
        assert caught.value.__notes__ == ["This is the width of input_shape=(28, 27, 1)."]

    def test_survives_pickling(self):
        error = DoesNotFit(7, 3, 3, 0, 1)
        assert str(pickle.loads(pickle.dumps(error))) == str(error)

    @given(WINDOWS)
    @example({"size": 1, "kernel": 1, "stride": 3, "padding": 1, "dilation": 1})
    def test_every_setting_that_it_proposes_fits(self, window):
        assume(span(**window) > 0 and span(**window) % window["stride"])
        with pytest.raises(DoesNotFit) as caught:
            output_size(**window)
        assert caught.value.fits
        for fit in caught.value.fits:
            assert output_size(**{**window, **fit}) >= 1

    @given(WINDOWS)
    def test_without_what_is_left_over_the_windows_fit(self, window):
        assume(span(**window) > 0 and span(**window) % window["stride"])
        with pytest.raises(DoesNotFit) as caught:
            output_size(**window)
        left_over = caught.value.left_over
        assume(left_over < window["size"])
        shorter = {**window, "size": window["size"] - left_over}
        assert output_size(**shorter) == output_size(**window, rounding="floor")


IMAGE = (8, 8, 6)

# The call as a reader would write it, and the words of the refusal.
ILLEGAL = [
    ("output_size(0, 3)", r"size must be a positive int, got 0"),
    ("output_size(5.0, 3)", r"size must be a positive int, got 5\.0"),
    ("output_size(True, 1)", r"size must be a positive int, got True"),
    ("output_size(5, '3')", r"kernel must be a positive int, got '3'"),
    ("output_size(5, -3)", r"kernel must be a positive int, got -3"),
    ("output_size(5, 3, stride=0)", r"stride must be a positive int, got 0"),
    ("output_size(5, 3, dilation=0)", r"dilation must be a positive int, got 0"),
    ("output_size(5, 3, padding=-1)", r'padding must be .* "same" or "valid", got -1'),
    ("output_size(5, 3, padding=True)", r"padding must be an int of at least 0.*got True"),
    ("output_size(5, 3, padding='full')", r"padding must be .*got 'full'"),
    ("output_size(5, 3, rounding='up')", r'rounding must be "exact", "floor" or "ceil", got \'up'),
    ("output_size(5, 8, padding=1)", r"at most the padded input, 7, got 8 \(kernel=8, dilation=1"),
    ("output_size(8, 3, dilation=4)", r"at most the padded input, 8, got 9 \(kernel=3, dilation=4"),
    ("output_size(5, 6, rounding='floor')", r"use a smaller kernel or more padding"),
    ("Convolution(0, 3)", r"filters must be a positive int, got 0"),
    ("Convolution(2.5, 3)", r"filters must be a positive int, got 2\.5"),
    ("Convolution(4, (3, 3, 3))", r"kernel must be one value or a pair .*got \(3, 3, 3\)"),
    ("Convolution(4, (3, 0))", r"kernel must be a positive int, got 0"),
    ("Convolution(4, 3, stride=(1,))", r"stride must be one value or a pair .*got \(1,\)"),
    ("Convolution(4, 3, padding=(1, 'x'))", r"padding must be .*got 'x'"),
    ("Convolution(4, 3, groups=0)", r"groups must be a positive int, got 0"),
    ("Convolution(4, 3, groups=3)", r"groups must divide filters=4, got 3"),
    ("Convolution(4, 3, bias=1)", r"bias must be True or False, got 1"),
    ("Convolution(4, 3, groups=4).output_shape(IMAGE)", r"divide the 6 channels .*got 4"),
    ("Convolution(4, 3, groups=4).parameters(IMAGE)", r"divide the 6 channels .*got 4"),
    ("Convolution(4, 3).macs((8, 8))", r"must be \(height, width, channels\) .*got \(8, 8\)"),
    ("Convolution(4, 3).parameters((8, 8, 0))", r"in positive ints, got \(8, 8, 0\)"),
    ("Convolution(4, 9).parameters(IMAGE)", r"at most the padded input, 8, got 9"),
    ("Pooling(2, stride=0)", r"stride must be a positive int, got 0"),
    ("Pooling(2, padding=2)", r"padding must be smaller than kernel=2, .*got 2"),
    ("Pooling((3, 2), padding=(2, 2))", r"padding must be smaller than kernel=\(3, 2\)"),
    ("Pooling(3).parameters(IMAGE)", r"2 pixels are left over"),
    ("Pooling(9).macs(IMAGE)", r"at most the padded input, 8, got 9"),
    ("LocallyConnected(0, 3)", r"filters must be a positive int, got 0"),
    ("LocallyConnected(4, 3, bias=None)", r"bias must be True or False, got None"),
    ("LocallyConnected(4, 3, stride=2).macs(IMAGE)", r"1 pixel is left over"),
    ("Dense(-1)", r"units must be a positive int, got -1"),
    ("Dense(1, bias=0)", r"bias must be True or False, got 0"),
    ("Dense(1).output_shape((8, 8))", r"\(n,\) or \(height, width, channels\) .*got \(8, 8\)"),
    ("Dense(1).parameters(8)", r"input_shape must be .*got 8"),
    ("receptive_field([Dense(1)])", r"layers must not be dense.*got Dense\(units=1, bias=True\)"),
    ("receptive_field([], axis=2)", r"axis must be 0 \(rows\) or 1 \(columns\), got 2"),
    ("receptive_field([Pooling(3, 2, 'same')])", r"input_size must be given .*got None"),
    ("receptive_field([Pooling(3, 2)], input_size=4)", r"1 pixel is left over"),
    ("receptive_field(['a'])", r"layers must be a Convolution, .*got 'a': for a Keras model use"),
    ("receptive_field(7)", r"layers must be a Convolution, .*got 7: for a Keras model use"),
    ("receptive_field([Pooling(2)], input_size=0)", r"size must be a positive int, got 0"),
]


@pytest.mark.parametrize(("call", "words"), ILLEGAL, ids=[call for call, _ in ILLEGAL])
def test_illegal_calls_are_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        eval(call)


class TestConvolution:
    def test_alexnet_conv1(self):
        layer, image = Convolution(96, 11, stride=4), (227, 227, 3)
        assert layer.output_shape(image) == (55, 55, 96)
        assert layer.parameters(image) == 34_944
        assert layer.macs(image) == 105_415_200

    @pytest.mark.parametrize(
        ("layer", "shape", "parameters", "macs"),
        [
            (Convolution(2, 3, stride=2), (3, 3, 2), 56, 486),
            (Convolution(6, 3, bias=False), (5, 5, 6), 162, 4_050),
            (Convolution(6, 3, groups=3), (5, 5, 6), 60, 1_350),
            (Convolution(3, 3, padding="same", groups=3), (7, 7, 3), 30, 1_323),
            (Convolution(1, (1, 7), stride=(2, 1)), (4, 1, 1), 22, 84),
            (Convolution(1, 3, padding=(0, 2), dilation=(3, 1)), (1, 9, 1), 28, 243),
        ],
        ids=repr,
    )
    def test_on_the_7_by_7_by_3_image(self, layer, shape, parameters, macs):
        image = (7, 7, 3)
        assert layer.output_shape(image) == shape
        assert layer.parameters(image) == parameters
        assert layer.macs(image) == macs

    @given(filters=SMALL, channels=SMALL, groups=st.integers(1, 6), kernel=st.integers(1, 5))
    def test_groups_divide_weights_and_macs(self, filters, channels, groups, kernel):
        image, filters = (5, 5, channels * groups), filters * groups
        whole = Convolution(filters, kernel, bias=False)
        split = Convolution(filters, kernel, bias=False, groups=groups)
        assert split.parameters(image) * groups == whole.parameters(image)
        assert split.macs(image) * groups == whole.macs(image)

    @given(filters=SMALL, height=SMALL, width=SMALL, channels=SMALL)
    def test_a_kernel_as_large_as_the_image_is_a_dense_layer(
        self, filters, height, width, channels
    ):
        image = (height, width, channels)
        layer, dense = Convolution(filters, (height, width)), Dense(filters)
        assert layer.output_shape(image) == (1, 1, *dense.output_shape(image))
        assert layer.parameters(image) == dense.parameters(image)
        assert layer.macs(image) == dense.macs(image)

    def test_three_small_kernels_cost_less_than_one_large(self):
        image = (14, 14, 10)
        small = 3 * Convolution(10, 3, padding="same", bias=False).parameters(image)
        large = Convolution(10, 7, padding="same", bias=False).parameters(image)
        assert (small, large) == (27 * 10**2, 49 * 10**2)


class TestPooling:
    def test_learns_nothing_and_multiplies_nothing(self):
        layer, image = Pooling(3, stride=2), (55, 55, 96)
        assert layer.output_shape(image) == (27, 27, 96)
        assert (layer.parameters(image), layer.macs(image)) == (0, 0)

    def test_windows_lie_side_by_side_unless_told_otherwise(self):
        assert Pooling((2, 4)) == Pooling((2, 4), stride=None)
        assert Pooling((2, 4)).output_shape((8, 8, 5)) == (4, 2, 5)

    def test_an_odd_image_is_refused_and_can_be_rounded(self):
        with pytest.raises(DoesNotFit, match="1 pixel is left over"):
            Pooling(2).output_shape((5, 5, 1))
        assert Pooling(2, rounding="floor").output_shape((5, 5, 1)) == (2, 2, 1)
        assert Pooling(2, rounding="ceil").output_shape((5, 5, 1)) == (3, 3, 1)


def connections(layer, image):
    """Draw the wire from each output unit to each input pixel it reads; no padding."""
    height, width, channels = image
    rows, columns, filters = layer.output_shape(image)
    wires = np.zeros((rows, columns, filters, height, width, channels), dtype=int)
    for row, column in product(range(rows), range(columns)):
        top, left = row * layer.stride, column * layer.stride
        wires[row, column, :, top : top + layer.kernel, left : left + layer.kernel] = 1
    return wires


class TestLocallyConnected:
    @given(filters=st.integers(1, 3), kernel=st.integers(1, 4), stride=st.integers(1, 3))
    def test_owns_one_weight_per_wire_and_one_bias_per_unit(self, filters, kernel, stride):
        image = (kernel + 2 * stride, kernel + stride, 2)
        layer = LocallyConnected(filters, kernel, stride)
        wires = connections(layer, image)
        assert layer.macs(image) == wires.sum()
        assert layer.parameters(image) == wires.sum() + wires[..., 0, 0, 0].size

    @given(filters=SMALL, kernel=st.integers(1, 5), padding=st.sampled_from([0, 2, "same"]))
    def test_is_a_convolution_that_does_not_share(self, filters, kernel, padding):
        image = (6, 5, 3)
        local = LocallyConnected(filters, kernel, padding=padding)
        shared = Convolution(filters, kernel, padding=padding)
        rows, columns, _ = shared.output_shape(image)
        assert local.output_shape(image) == shared.output_shape(image)
        assert local.macs(image) == shared.macs(image)
        assert local.parameters(image) == rows * columns * shared.parameters(image)

    def test_without_bias(self):
        assert LocallyConnected(4, 3, bias=False).parameters((5, 5, 2)) == 9 * 4 * 18


class TestDense:
    @pytest.mark.parametrize("shape", [(576,), (3, 3, 64)])
    def test_flattens_an_image(self, shape):
        layer = Dense(64)
        assert layer.output_shape(shape) == (64,)
        assert layer.parameters(shape) == 36_928
        assert layer.macs(shape) == 36_864

    def test_without_bias(self):
        assert Dense(10, bias=False).parameters((64,)) == 640


VGG16 = [
    layer
    for convolutions in (2, 2, 3, 3, 3)
    for layer in [Convolution(1, 3, padding=1)] * convolutions + [Pooling(2)]
]
ALEXNET = [
    Convolution(1, 11, stride=4),
    Pooling(3, stride=2),
    Convolution(1, 5, padding="same"),
    Pooling(3, stride=2),
    *[Convolution(1, 3, padding="same")] * 3,
    Pooling(3, stride=2),
]


class TestReceptiveField:
    # The numbers of VGG-16 and AlexNet: Araujo, Norris, Sim, "Computing Receptive Fields of
    # Convolutional Neural Networks", Distill 2019, table of well-known networks.
    @pytest.mark.parametrize(
        ("layers", "expected"),
        [
            ([], ReceptiveField(size=1, jump=1, start=0)),
            ([Convolution(8, 3)] * 2, ReceptiveField(size=5, jump=1, start=0)),
            ([Convolution(8, 3)] * 3, ReceptiveField(size=7, jump=1, start=0)),
            ([Convolution(8, 3, dilation=2)], ReceptiveField(size=5, jump=1, start=0)),
            ([Pooling(2), LocallyConnected(4, 3)], ReceptiveField(size=6, jump=2, start=0)),
            ([Convolution(8, 4, padding="same")], ReceptiveField(size=4, jump=1, start=-1)),
            (VGG16, ReceptiveField(size=212, jump=32, start=-90)),
            (ALEXNET, ReceptiveField(size=195, jump=32, start=-64)),
        ],
        ids=["nothing", "two 3x3", "three 3x3", "dilated", "local", "same", "VGG-16", "AlexNet"],
    )
    def test_of_known_stacks(self, layers, expected):
        assert receptive_field(layers) == expected

    def test_places_the_units_on_the_input(self):
        field = receptive_field([Convolution(8, 3, padding=1), Pooling(2)])
        assert [field.interval(unit) for unit in range(3)] == [(-1, 2), (1, 4), (3, 6)]
        assert [field.centre(unit) for unit in range(3)] == [0.5, 2.5, 4.5]

    def test_follows_each_axis(self):
        stack = [Convolution(8, (1, 7), padding=(0, 3)), Pooling((3, 2))]
        assert receptive_field(stack) == ReceptiveField(size=3, jump=3, start=0)
        assert receptive_field(stack, axis=1) == ReceptiveField(size=8, jump=2, start=-3)

    @pytest.mark.parametrize(("size", "start"), [(224, 0), (225, -1)])
    def test_same_padding_with_a_stride_depends_on_the_input(self, size, start):
        stem = [Convolution(8, 3, stride=2, padding="same")]
        assert receptive_field(stem, input_size=size).start == start

    def test_says_which_pixels_inside_it_are_skipped_and_which_nobody_sees(self):
        skipping = receptive_field([Convolution(8, 3, dilation=2), Pooling(1, stride=3)])
        assert (skipping.holes, skipping.unseen) == ((1, 3), ())
        apart = receptive_field([Pooling(2, stride=3)])
        assert (apart.holes, apart.unseen) == ((), (2,))
        assert repr(apart) == "ReceptiveField(size=2, jump=3, start=0, unseen=(2,))"

    @given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)), max_size=4))
    def test_holes_are_the_pixels_whose_gradient_is_zero(self, numbers):
        layers = [Convolution(1, k, stride=s, dilation=d) for k, s, d in numbers]
        paths = np.ones(1)  # of the number of ways from each pixel to the unit, from the top down
        for layer in reversed(layers):
            spread = np.zeros((len(paths) - 1) * layer.stride + 1)
            spread[:: layer.stride] = paths
            taps = np.zeros((layer.kernel - 1) * layer.dilation + 1)
            taps[:: layer.dilation] = 1
            paths = np.convolve(spread, taps)
        field = receptive_field(layers)
        assert field.size == len(paths)
        assert field.holes == tuple(np.flatnonzero(paths == 0))

    @given(st.lists(st.tuples(SMALL, st.integers(1, 3), st.integers(0, 3)), max_size=4))
    def test_an_outer_stack_sees_through_the_inner_one(self, numbers):
        layers = [Convolution(1, kernel, stride, padding) for kernel, stride, padding in numbers]
        for cut in range(len(layers) + 1):
            inner, outer = receptive_field(layers[:cut]), receptive_field(layers[cut:])
            first, last = outer.interval(5)
            through = inner.interval(first)[0], inner.interval(last)[1]
            assert receptive_field(layers).interval(5) == through
