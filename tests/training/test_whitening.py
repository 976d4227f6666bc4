"""The computed first layer: what it makes of the patches that it was computed from."""

import numpy as np
import pytest
from sklearn.datasets import load_sample_image
from sklearn.decomposition import PCA

from coursecnn.convolution import conv2d
from coursecnn.training.whitening import whitening

PHOTOGRAPH = load_sample_image("flower.jpg")
IMAGES = np.stack([PHOTOGRAPH[y : y + 32, x : x + 32] for y in (0, 120, 240) for x in (0, 300)])


def patches(size, step):
    """All patches of the images, one a row, as numbers between 0 and 1."""
    corners = range(0, 32 - size + 1, step)
    windows = [IMAGES[:, y : y + size, x : x + size] for y in corners for x in corners]
    return np.concatenate(windows).reshape(-1, size * size * 3) / 255


def answers(size, epsilon):
    """What the convolution answers to the patches that it was computed from, a row for each."""
    kernel, bias = whitening(IMAGES, size, epsilon)
    return conv2d(IMAGES / 255, kernel, bias, stride=max(1, size // 2)).reshape(-1, len(bias))


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_whitened_patches_are_uncorrelated_and_vary_by_one(size):
    n = 3 * size**2
    covariance = np.cov(answers(size, epsilon=1e-12)[:, :n], rowvar=False)
    np.testing.assert_allclose(covariance, np.eye(n), atol=2e-3)


def test_epsilon_takes_its_share_of_every_variance():
    """A direction of variance v is left with v / (v + epsilon), the quiet ones with least."""
    epsilon = 1e-3
    variances = np.linalg.eigvalsh(np.cov(patches(2, step=1), rowvar=False))[::-1]
    left = np.cov(answers(2, epsilon)[:, :12], rowvar=False)
    np.testing.assert_allclose(left, np.diag(variances / (variances + epsilon)), atol=1e-4)
    assert left[0, 0] > 0.95
    assert left[-1, -1] < 0.5


def test_whitened_patches_have_no_mean():
    np.testing.assert_allclose(answers(2, epsilon=1e-5).mean(axis=0), 0, atol=1e-4)


def test_it_is_the_whitening_of_scikit_learn_up_to_signs():
    expected = PCA(whiten=True).fit_transform(patches(2, step=1))
    kernel, bias = whitening(IMAGES, 2, epsilon=0)
    ours = patches(2, step=1) @ kernel.reshape(12, 24)[:, :12] + bias[:12]
    signs = np.sign((ours * expected).sum(axis=0))
    np.testing.assert_allclose(ours, expected * signs, atol=2e-3)


def test_every_direction_comes_with_both_signs():
    kernel, bias = whitening(IMAGES, 3)
    np.testing.assert_array_equal(kernel[..., 27:], -kernel[..., :27])
    np.testing.assert_array_equal(bias[27:], -bias[:27])


def test_the_first_direction_does_not_tell_pixels_apart_and_the_last_does():
    kernel, _ = whitening(IMAGES, 3)
    signs = np.sign(kernel.reshape(9, 3, 54))
    assert (signs[..., 0] == signs[0, :, 0]).all(), "one colour, all over the patch"
    assert not (signs[..., 26] == signs[0, :, 26]).all()


def test_it_has_the_numbers_that_keras_expects():
    kernel, bias = whitening(IMAGES[..., :1], 4)
    assert (kernel.shape, bias.shape) == ((4, 4, 1, 32), (32,))
    assert (kernel.dtype, bias.dtype) == (np.float32, np.float32)


@pytest.mark.parametrize("size", [0, -1, 33])
def test_a_patch_that_does_not_fit_is_refused(size):
    with pytest.raises(ValueError, match=rf"size must be from 1 to the images' 32 pixels.*{size}"):
        whitening(IMAGES, size)
