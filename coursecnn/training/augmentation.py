"""Altered copies of training images, which teach a network what does not matter.

- `alternating_flip`: left and right exchanged in one half of the images, in the next epoch in the
  other half;
- `translate`: moved by a few pixels, with the edge reflected into the gap;
- `cutout`: a square painted over;
- `scale`: with fewer pixels, which saves time;
- `augmented`: all that a recipe asks for, as one epoch sees the images.

Each takes uint8 images of (count, height, width, channels) and returns new ones; the same
generator, seed and epoch give the same images.

>>> image = np.arange(3, dtype="uint8").reshape(1, 1, 3, 1)
>>> [alternating_flip(image, seed=2, epoch=epoch).ravel().tolist() for epoch in (0, 1, 2)]
[[2, 1, 0], [0, 1, 2], [2, 1, 0]]
"""

import math

import numpy as np
from numpy.typing import NDArray

from coursecnn._moved import refuse_attributes
from coursecnn._values import as_int
from coursecnn.backend import keras
from coursecnn.training.recipe import Recipe

__all__ = ["alternating_flip", "augmented", "cutout", "scale", "translate"]

__getattr__ = refuse_attributes(
    __name__, {"mirror": "alternating_flip", "shift": "translate", "cut_out": "cutout"}
)

Images = NDArray[np.uint8]
STREAM = 1  # tells the stream of draws for altered images from that for their order
AT_ONCE = 5000  # images that are scaled together: as numbers of 32 bits they need much memory


def augmented(images: Images, recipe: Recipe, seed: int, epoch: int) -> Images:
    """Alter training images as one epoch of a recipe sees them.

    The draws depend on the seed and the epoch, not on what was drawn before.

    Args:
        images: those of the dataset.
        recipe: whose `alternating_flip`, `translate`, `cutout` and `progressive_epochs` to follow.
        seed: of the run.
        epoch: counted from 0.

    >>> recipe = Recipe("mine", None, "mnist", epochs=2, progressive_epochs=1, progressive_size=1)
    >>> image = np.zeros((1, 2, 2, 1), dtype="uint8")
    >>> [augmented(image, recipe, seed=0, epoch=epoch).shape for epoch in range(2)]
    [(1, 1, 1, 1), (1, 2, 2, 1)]
    """
    generator = np.random.default_rng((seed, epoch, STREAM))
    if recipe.alternating_flip:
        images = alternating_flip(images, seed, epoch)
    if recipe.translate:
        images = translate(images, recipe.translate, generator)
    if recipe.cutout:
        images = cutout(images, recipe.cutout, generator)
    if epoch < recipe.progressive_epochs:
        images = scale(images, recipe.progressive_size)
    return images


def alternating_flip(images: Images, seed: int, epoch: int) -> Images:
    """Exchange left and right in about half of the images.

    Which half is drawn once; in every other epoch it is the other half. So in two epochs each image
    is seen both ways, where independent draws would show every second one the same way twice.

    Source: Jordan, "94 % on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024 (arXiv:2404.00498),
    section 3.6, alternating flip.

    >>> images = np.arange(8, dtype="uint8").reshape(4, 1, 2, 1)
    >>> alternating_flip(images, seed=1, epoch=0)[:, 0, :, 0].tolist()
    [[0, 1], [2, 3], [5, 4], [6, 7]]
    >>> alternating_flip(images, seed=1, epoch=1)[:, 0, :, 0].tolist()
    [[1, 0], [3, 2], [4, 5], [7, 6]]
    """
    first = np.random.default_rng(seed).random(len(images)) < 0.5
    chosen = first if epoch % 2 == 0 else ~first
    return np.where(chosen[:, None, None, None], images[:, :, ::-1], images)


def translate(images: Images, pixels: int, generator: np.random.Generator) -> Images:
    """Move each image by up to `pixels` along each axis, every distance equally likely.

    Raises:
        ValueError: if `pixels` is not a positive int smaller than the images.

    >>> image = np.arange(5, dtype="uint8").reshape(1, 1, 5, 1).repeat(5, axis=1)
    >>> translate(image, 2, np.random.default_rng(3))[0, 0, :, 0].tolist()
    [2, 1, 0, 1, 2]
    """
    pixels = _smaller("pixels", pixels, images)
    border = ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0))
    padded = np.pad(images, border, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[1:3], axis=(1, 2))
    down, right = generator.integers(0, 2 * pixels + 1, (2, len(images)))
    return np.moveaxis(windows[np.arange(len(images)), down, right], 1, -1)


def cutout(images: Images, size: int, generator: np.random.Generator) -> Images:
    """Paint a square of `size` × `size` pixels in the mean colour of all images.

    Each square is inside its image, every place equally likely.

    Source: DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with
    Cutout", 2017 (arXiv:1708.04552), where squares may also reach over the edge.

    Raises:
        ValueError: if `size` is not a positive int smaller than the images.

    >>> image = np.full((1, 2, 2, 1), 9, dtype="uint8")
    >>> image[0, 0, 0] = 5
    >>> cutout(image, 1, np.random.default_rng(2))[0, :, :, 0].tolist()
    [[5, 9], [8, 9]]
    """
    size = _smaller("size", size, images)
    _, height, width, _ = images.shape
    top = generator.integers(0, height - size + 1, len(images))[:, None]
    left = generator.integers(0, width - size + 1, len(images))[:, None]
    rows, columns = np.arange(height), np.arange(width)
    covered = ((top <= rows) & (rows < top + size))[:, :, None] & (
        (left <= columns) & (columns < left + size)
    )[:, None, :]
    colour = images.mean(axis=(0, 1, 2)).astype(images.dtype)
    return np.where(covered[..., None], colour, images)


def scale(images: Images, side: int) -> Images:
    """Scale images down to `side` × `side` pixels, each the mean of what it covers.

    The weights of the mean are those of linear interpolation, widened until none is left out.

    Raises:
        ValueError: if `side` is not a positive int smaller than the images.

    >>> image = np.array([[0, 200], [0, 200]], dtype="uint8").reshape(1, 2, 2, 1)
    >>> scale(image, 1).ravel().tolist()
    [100]
    """
    side = _smaller("side", side, images)
    parts = np.array_split(images, math.ceil(len(images) / AT_ONCE))
    return np.concatenate([_scaled(part, side) for part in parts])


def _scaled(images: Images, side: int) -> Images:
    floats = keras.ops.convert_to_tensor(images, "float32")
    smaller = keras.ops.image.resize(
        floats, (side, side), antialias=True, data_format="channels_last"
    )
    return np.rint(keras.ops.convert_to_numpy(smaller)).clip(0, 255).astype(np.uint8)


def _smaller(name: str, value: int, images: Images) -> int:
    """Read a number of pixels below the images' height and width."""
    smallest = min(images.shape[1:3])
    number = as_int(value)
    if number is None or not 0 < number < smallest:
        raise ValueError(
            f"{name} must be a positive int smaller than the images' {smallest} pixels, "
            f"got {value!r}"
        )
    return number
