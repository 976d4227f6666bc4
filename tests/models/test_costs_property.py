"""Random networks, counted here and by TensorFlow's profiler, which sees operations, not layers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import application_macs
from coursecnn import backend
from coursecnn.backend import keras
from coursecnn.models.costs import layer_table, totals

layers = keras.layers
pytestmark = pytest.mark.skipif(backend.name() != "tensorflow", reason="asks TensorFlow")

windows = st.integers(1, 3)
sizes = st.integers(1, 5)
padding = st.sampled_from(["same", "valid"])


def chosen(kind, **arguments):
    """Choose arguments for a layer; it is made in the test, since Keras draws a seed then."""
    return st.tuples(st.just(kind), st.fixed_dictionaries(arguments))


# Without dilation, which TensorFlow may compute, and count, on maps that it rearranges and pads;
# and transposed ones with "same" alone: its profiler multiplies by the positions that come out,
# where products are made for each position that goes in (as PyTorch counts, too).
CONVOLUTIONS = st.one_of(
    chosen(
        layers.Conv2D,
        filters=sizes,
        kernel_size=windows,
        strides=st.integers(1, 2),
        padding=padding,
    ),
    chosen(layers.SeparableConv2D, filters=sizes, kernel_size=windows, padding=padding),
    chosen(layers.DepthwiseConv2D, kernel_size=windows, depth_multiplier=windows, padding=padding),
    chosen(layers.Conv2DTranspose, filters=sizes, kernel_size=windows, padding=st.just("same")),
)
OTHERS = st.one_of(
    chosen(layers.BatchNormalization),
    chosen(layers.Activation, activation=st.sampled_from(["relu", "tanh"])),
    chosen(layers.Dense, units=sizes),
    chosen(layers.UpSampling2D, size=st.integers(1, 2)),
    chosen(layers.MaxPooling2D, pool_size=st.integers(1, 2), padding=st.just("same")),
)
STACKS = st.lists(st.one_of(CONVOLUTIONS, OTHERS), min_size=1, max_size=5)


def stacked(stack, image):
    """Run layers one after the other, those left out for which the maps are too small."""
    for kind, arguments in stack:
        if min(image.shape[1:3]) >= 5:
            image = kind(**arguments)(image)
    return image


@settings(max_examples=15)
@given(trunk=STACKS, branches=st.lists(STACKS, min_size=1, max_size=3))
def test_random_networks_cost_what_their_operations_cost(trunk, branches):
    image = keras.Input((11, 9, 3))
    start = stacked(trunk, image)
    ends = [layers.GlobalMaxPooling2D()(stacked(branch, start)) for branch in branches]
    joined = layers.Concatenate()(ends) if len(ends) > 1 else ends[0]
    inner = keras.Model(image, joined)
    outer = keras.Input((11, 9, 3))
    model = keras.Model(outer, layers.Dense(2)(inner(outer)))

    costs, operations = totals(model), application_macs.counted(model)

    assert costs.params == operations["parameters"]
    assert costs.macs == operations["macs"]
    table = layer_table(model)
    assert (table["params"].sum(), table["macs"].sum()) == (costs.params, costs.macs)
