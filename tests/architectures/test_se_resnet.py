"""SE-ResNet-50, against the paper and the authors' release."""

import numpy as np
import pytest

from coursecnn.architectures import build
from coursecnn.architectures.se_resnet import squeeze_excitation
from coursecnn.backend import keras, without_weights
from coursecnn.models.costs import totals
from tests.outlines import outline

# Units and channels of the stages, as in ResNet-50.
STAGES = ((3, 256), (4, 512), (6, 1024), (3, 2048))


def test_what_the_gates_add_to_resnet50():
    """Equation 5 of the paper: 2/r Σ N C² weights; the biases of the release come on top."""
    plain, gated = (totals(outline(name)) for name in ("resnet50", "se_resnet50"))
    weights = 2 * sum(units * channels**2 for units, channels in STAGES) // 16
    biases = sum(units * (channels + channels // 16) for units, channels in STAGES)
    assert (weights, biases) == (2_514_944, 16_048)
    assert gated.params - plain.params == gated.trainable - plain.trainable == weights + biases
    assert gated.macs - plain.macs == weights


def test_the_file_of_the_release_has_107_mebibytes():
    """README.md prints the size of the Caffe model: 4 bytes for each number."""
    assert int(4 * totals(outline("se_resnet50")).params / 2**20) == 107


@pytest.mark.parametrize("reduction", [2, 8, 32])
def test_another_reduction(reduction):
    with without_weights():
        model = build("se_resnet50", reduction=reduction)
    gated = totals(model).macs - totals(outline("resnet50")).macs
    assert gated == 2 * sum(units * channels**2 for units, channels in STAGES) // reduction


def test_a_gate_is_before_the_sum_and_the_stride_on_the_first_convolution():
    model = outline("se_resnet50")
    across, branch = model.get_layer("conv3_unit1_add").input
    assert branch is model.get_layer("conv3_unit1_scale").output
    assert across is model.get_layer("conv3_unit1_shortcut_bn").output
    assert model.get_layer("conv3_unit1_conv1").strides == (2, 2)
    assert model.get_layer("conv3_unit1_conv2").strides == (1, 1)


def test_a_gate_weighs_whole_channels():
    x = keras.Input((5, 4, 8))
    model = keras.Model(x, squeeze_excitation(x, 2, "unit"))
    maps = np.random.default_rng(0).normal(size=(3, 5, 4, 8)).astype("float32")

    gated = keras.ops.convert_to_numpy(model(maps))

    weights = gated / maps
    assert np.ptp(weights, axis=(1, 2)).max() < 1e-5
    reduce, reduce_bias, excite, excite_bias = (w.squeeze() for w in model.get_weights())
    hidden = np.maximum(maps.mean(axis=(1, 2)) @ reduce + reduce_bias, 0)
    expected = 1 / (1 + np.exp(-(hidden @ excite + excite_bias)))
    np.testing.assert_allclose(weights[:, 0, 0], expected, rtol=1e-4)


@pytest.mark.parametrize("reduction", [0, 1.5, True])
def test_the_reduction_is_checked(reduction):
    with pytest.raises(ValueError, match="reduction must be a positive int, got"):
        build("se_resnet50", reduction=reduction)
