"""The fused batch normalisation computes what Keras's own does."""

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.training._normalisation import fused_normalisation

tf = pytest.importorskip("tensorflow")
if keras.backend.backend() != "tensorflow":
    pytest.skip("the operation is TensorFlow's", allow_module_level=True)

Layer = keras.layers.BatchNormalization
KERAS = Layer.call
MAPS = (5, 4, 3, 6)
VALUES = 5 * 4 * 3  # of each channel


def step(options, maps=MAPS):
    """One training step: outputs and gradients, and the moving statistics after it."""
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(2, 3, maps), "float32")
    layer = Layer(**options)
    layer.build(maps)
    for variable in layer.trainable_variables:
        variable.assign(rng.uniform(0.5, 2, variable.shape))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
        loss = tf.reduce_sum(tf.cast(y, "float32") * rng.normal(size=maps).astype("float32"))
    gradients = tape.gradient(loss, [x, *layer.trainable_variables])
    return [y, *gradients], layer.moving_mean.numpy(), layer.moving_variance.numpy()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scale": False},
        {"center": False},
        {"scale": False, "center": False},
        {"epsilon": 0.1},
        {"axis": 3},
        {"dtype": "mixed_bfloat16"},
    ],
    ids=str,
)
def test_the_fused_operation_is_keras_s(options, momentum):
    options = options | {"momentum": momentum}
    expected, mean, variance = step(options)
    with fused_normalisation():
        found, fused_mean, fused_variance = step(options)
    tolerance = 0.03 if "dtype" in options else 1e-4
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(
            tf.cast(one, "float32"), tf.cast(other, "float32"), atol=tolerance
        )
    np.testing.assert_allclose(fused_mean, mean, rtol=1e-5)
    batch = (variance - momentum) / (1 - momentum)
    fused = (fused_variance - momentum) / (1 - momentum)
    np.testing.assert_allclose(fused, batch * VALUES / (VALUES - 1), rtol=1e-3)


@pytest.mark.parametrize(
    ("options", "maps"),
    [({"axis": 1}, MAPS), ({}, (20, 6)), ({}, (5, 4, 6)), ({"trainable": False}, MAPS)],
    ids=str,
)
def test_what_has_no_operation_is_computed_by_keras(options, maps):
    expected = step(options, maps)
    with fused_normalisation():
        found = step(options, maps)
    for one, other in zip((*found[0], *found[1:]), (*expected[0], *expected[1:]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_keras_is_as_before_afterwards():
    with fused_normalisation():
        assert Layer.call is not KERAS
    with pytest.raises(RuntimeError), fused_normalisation():
        raise RuntimeError
    assert Layer.call is KERAS
