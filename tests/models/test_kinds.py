"""The one table of layer types: nothing is missing, and what it says is right."""

import importlib
import inspect
import pkgutil

import pytest

import coursecnn
from coursecnn.backend import keras
from coursecnn.models import _kinds

layers = keras.layers


def public_layers():
    """All classes of layers that Keras offers, under any name."""
    found = {name: getattr(layers, name) for name in dir(layers)}
    return sorted(
        name
        for name, kind in found.items()
        if inspect.isclass(kind) and issubclass(kind, layers.Layer) and kind is not layers.Layer
    )


def own_layers():
    """All classes of layers that this package defines."""
    rooms = [coursecnn.architectures, coursecnn.training]
    modules = [
        importlib.import_module(f"{room.__name__}.{found.name}")
        for room in rooms
        for found in pkgutil.iter_modules(room.__path__)
    ]
    return {
        kind.__name__
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and issubclass(kind, layers.Layer)
        and kind.__module__.startswith("coursecnn.")
    }


@pytest.mark.parametrize("name", public_layers())
def test_every_public_layer_of_keras_is_in_the_table(name):
    assert getattr(layers, name) in _kinds.KINDS


def test_every_layer_of_this_package_is_known():
    own = own_layers()
    assert own >= {"SparseConvolution", "GroupedConv2D", "Join"}  # the search finds some
    assert own == set(_kinds.OURS)


def operations():
    """All classes of operations on tensors in Keras, which are not public."""
    from keras.src import ops

    modules = [
        importlib.import_module(f"{ops.__name__}.{found.name}")
        for found in pkgutil.iter_modules(ops.__path__)
        if not found.name.endswith("_test")
    ]
    return {
        kind.__name__
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and issubclass(kind, keras.Operation)
        and kind.__module__ == module.__name__
    }


def test_every_operation_of_keras_is_counted_free_or_refused():
    bases = {"Operation", "Function", "SegmentReduction"}
    assert operations() - bases <= set(_kinds.OPERATIONS)


@pytest.mark.parametrize(
    ("layer", "kind", "words"),
    [
        (layers.MaxPooling1D(2), "pooling", ["max pool 2", "stride 2"]),
        (layers.MaxPooling3D(2), "pooling", ["max pool 2×2×2", "stride 2"]),
        (layers.AveragePooling1D(3, 1), "pooling", ["average pool 3"]),
        (layers.GlobalMaxPooling1D(), "pooling", ["global max pool"]),
        (layers.GlobalAveragePooling3D(), "pooling", ["global average pool"]),
        (layers.Conv2D(8, 3, activation="relu"), "convolution", ["3×3 conv, 8", "ReLU"]),
        (layers.Conv2D(8, 3, groups=4), "convolution", ["3×3 conv, 8", "4 groups"]),
        (layers.Conv2D(8, (1, 7), dilation_rate=2), "convolution", ["1×7 conv, 8", "dilation 2"]),
        (layers.Conv1D(8, 5, strides=2), "convolution", ["5 1D conv, 8", "stride 2"]),
        (layers.Conv3D(8, 3), "convolution", ["3×3×3 conv, 8"]),
        (
            layers.Conv2DTranspose(8, 3, strides=2),
            "convolution",
            ["3×3 transposed conv, 8", "stride 2"],
        ),
        (
            layers.DepthwiseConv2D(3, depth_multiplier=2),
            "convolution",
            ["3×3 depthwise", "2 per channel"],
        ),
        (layers.SeparableConv2D(8, 3), "convolution", ["3×3 separable conv, 8"]),
        (layers.UpSampling2D(2), "other", ["upsample 2×2"]),
        (layers.UpSampling1D(2), "other", ["upsample 2"]),
        (layers.Activation("linear"), "activation", ["linear"]),
        (layers.LSTM(8), "recurrent", ["LSTM, 8"]),
        (layers.TimeDistributed(layers.Dense(2)), "dense", ["dense, 2", "at each step"]),
        (layers.Add(), "join", ["add"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, layers.Layer) else "",
)
def test_what_a_layer_is_and_does(layer, kind, words):
    assert _kinds.kind(layer) == kind
    assert _kinds.words(layer) == words


def test_a_subclass_is_what_its_parent_is():
    class Standardised(layers.Conv2D):
        """A convolution of another name."""

    assert _kinds.kind(Standardised(4, 3)) == "convolution"
    assert _kinds.words(Standardised(4, 3)) == ["3×3 conv, 4"]


def test_an_unknown_layer_is_called_by_its_class():
    class LayerScale(layers.Layer):
        """Somebody's own."""

    assert _kinds.row(LayerScale()) is None
    assert (_kinds.kind(LayerScale()), _kinds.words(LayerScale())) == ("other", ["layer scale"])


def test_an_operation_on_tensors_has_a_kind():
    total = keras.Input((2,)) + 1
    from coursecnn import _keras_private

    assert _kinds.kind(_keras_private.layer_of(total)) == "join"
    assert _kinds.kind_of_type("Matmul") == "dense"
