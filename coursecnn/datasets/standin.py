"""The offline stand-in: images for a machine that has neither the official files nor a network.

Real handwriting, scikit-learn's bundled 8×8 digits, enlarged to the size of the dataset that it
stands for; in colour, blended over patches of scikit-learn's bundled photographs. Nothing is random
and nothing is rounded on the way: every step is integer arithmetic.

- `digits(size)`: grey handwriting, in place of MNIST;
- `coloured_digits(size)`: handwriting over photographs, in place of CIFAR-10.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from coursecnn.datasets.arrays import Arrays

TRAIN_IMAGES, TEST_IMAGES = 10_000, 2_000
# The first 1,500 of the 1,797 digits are for training, the others for the test.
TRAIN_DIGITS = 1_500
# Empty pixels on each side, as MNIST has them.
MARGIN = 4
# The digits are shown again, one pixel further, until there are enough images.
SHIFTS = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (-1, -1))


def digits(size: int) -> Arrays:
    """Handwritten digits: images `(n, size, size, 1)`, 10,000 to train on and 2,000 to test on.

    No digit is in both parts. Within a part each digit appears several times, shifted by a pixel.
    """
    train, y_train, test, y_test = _repeated_digits(size)
    return Arrays(train[..., np.newaxis], y_train, test[..., np.newaxis], y_test, _CLASSES)


def coloured_digits(size: int) -> Arrays:
    """The same digits in colour, images `(n, size, size, 3)`, made as MNIST-M was made.

    Each pixel is the absolute difference of the digit and a patch of a photograph (Ganin et al.,
    *Domain-adversarial training of neural networks*, 2016, section 5.2.4). Training and test
    patches come from different parts of the photographs.
    """
    train, y_train, test, y_test = _repeated_digits(size)
    photographs = _photographs()
    border = 3 * photographs.shape[2] // 4
    return Arrays(
        _blend(train, _patches(photographs[:, :, :border], len(train), size)),
        y_train,
        _blend(test, _patches(photographs[:, :, border:], len(test), size)),
        y_test,
        _CLASSES,
    )


_CLASSES = tuple("0123456789")

Grey = NDArray[np.uint8]


def _repeated_digits(size: int) -> tuple[Grey, Grey, Grey, Grey]:
    """Training images and labels, test images and labels."""
    from sklearn.datasets import load_digits

    bundled = load_digits()
    images = enlarge(bundled.images.astype(np.int64), size - 2 * MARGIN)
    images = np.pad(images, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
    labels = bundled.target.astype(np.uint8)
    return (
        *_repeat(images[:TRAIN_DIGITS], labels[:TRAIN_DIGITS], TRAIN_IMAGES),
        *_repeat(images[TRAIN_DIGITS:], labels[TRAIN_DIGITS:], TEST_IMAGES),
    )


def _repeat(images: Grey, labels: Grey, count: int) -> tuple[Grey, Grey]:
    copies = -(-count // len(images))
    shifted = [np.roll(images, shift, axis=(1, 2)) for shift in SHIFTS[:copies]]
    return np.concatenate(shifted)[:count], np.tile(labels, copies)[:count]


def enlarge(images: NDArray[np.int64], size: int) -> Grey:
    """Enlarge square images with values 0 to 16 to `size`, bilinearly, with values 0 to 255.

    >>> enlarge(np.array([[[0, 16], [0, 16]]]), 4)[0, 0]
    array([  0,  63, 191, 255], dtype=uint8)
    """
    weights = _bilinear_weights(images.shape[-1], size)
    scaled = weights @ images @ weights.T
    return cast(Grey, (scaled * 255 // (16 * (2 * size) ** 2)).astype(np.uint8))


def _bilinear_weights(source: int, size: int) -> NDArray[np.int64]:
    """Integer weights `(size, source)`; each row sums to `2 * size`.

    Positions count in units of 1 / (2 * size) of a source pixel, so that all of them are whole.
    """
    unit = 2 * size
    positions = np.clip((2 * np.arange(size) + 1) * source - size, 0, (source - 1) * unit)
    distances = np.abs(positions[:, np.newaxis] - unit * np.arange(source))
    return cast(NDArray[np.int64], np.maximum(unit - distances, 0))


def _photographs() -> NDArray[np.uint8]:
    """Two photographs, `(2, 427, 640, 3)`."""
    from sklearn.datasets import load_sample_image

    return np.stack([load_sample_image(name) for name in ("china.jpg", "flower.jpg")])


def _patches(photographs: NDArray[np.uint8], count: int, size: int) -> NDArray[np.uint8]:
    """`count` square patches, on a walk whose strides share no factor with what they wrap at."""
    _, height, width, _ = photographs.shape
    steps = np.arange(count)
    rows, columns = steps * 97 % (height - size), steps * 61 % (width - size)
    windows = np.lib.stride_tricks.sliding_window_view(photographs, (size, size), axis=(1, 2))
    patches = windows[steps % len(photographs), rows, columns]
    return cast(NDArray[np.uint8], patches.transpose(0, 2, 3, 1))


def _blend(grey: Grey, patches: NDArray[np.uint8]) -> NDArray[np.uint8]:
    difference = np.abs(patches.astype(np.int16) - grey[..., np.newaxis].astype(np.int16))
    return cast(NDArray[np.uint8], difference.astype(np.uint8))
