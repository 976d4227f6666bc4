"""A first layer that is computed, not learnt: uncorrelated views of small patches.

- `whitening`: kernel and bias of the convolution that whitens the patches of given images.

Neighbouring pixels are nearly alike, so almost everything that differs among patches is one
direction, their brightness. In the basis of the patches' principal components, each divided by its
standard deviation, every direction counts alike, and what is learnt after it needs fewer steps.

Source: Page, "How to Train Your ResNet 8: Bag of Tricks", 2019; both signs of each direction as in
hlb-CIFAR10 (Balsam, 2023, github.com/tysam-code/hlb-CIFAR10), by way of Jordan, 2024
(arXiv:2404.00498), section 3.2.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["whitening"]

EPSILON = 3e-5  # of pixels between 0 and 1, whose variance is about 0.06; Jordan's 5e-4 is of 1


def whitening(
    images: NDArray[np.uint8], size: int, epsilon: float = EPSILON
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute the convolution that whitens the patches of images.

    Args:
        images: uint8, of shape (count, height, width, channels); a few thousand are enough.
        size: side of a patch, in pixels.
        epsilon: added to the variance of each direction, which pixels between 0 and 1 have; so
            directions that hold nothing but noise stay small.

    Returns:
        The kernel, of shape (size, size, channels, 2n) with n = size² · channels, and the bias, of
        shape (2n,), for pixels between 0 and 1. The first n filters are the directions from the
        largest variance to the smallest, the others the same with the opposite sign, since a ReLU
        lets only one side of each through.

    Raises:
        ValueError: if no patch fits into the images.

    >>> images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), dtype="uint8")
    >>> kernel, bias = whitening(images, size=2)
    >>> kernel.shape, bias.shape
    ((2, 2, 3, 24), (24,))
    """
    if not 1 <= size <= min(images.shape[1:3]):
        raise ValueError(
            f"size must be from 1 to the images' {min(images.shape[1:3])} pixels, got {size!r}"
        )
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
    # Patches that overlap by half say as much as all of them, in a fraction of the memory.
    apart = max(1, size // 2)
    patches = np.moveaxis(windows[:, ::apart, ::apart], 3, -1)
    flat = patches.reshape(-1, size * size * images.shape[-1]).astype("float32") / np.float32(255)
    mean = flat.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(flat, rowvar=False))
    filters = (directions / np.sqrt(variances + epsilon))[:, ::-1]
    kernel = np.concatenate([filters, -filters], axis=1).astype("float32")
    shift = mean @ filters
    bias = np.concatenate([-shift, shift]).astype("float32")
    return kernel.reshape(size, size, images.shape[-1], -1), bias
