"""Images and labels as the course wants them: uint8, converted where nothing is lost.

- `as_images`: images to uint8 `(n, height, width, channels)`, or a refusal that names the cure;
- `as_labels`: labels to uint8 `(n,)`, likewise;
- `as_classes`: the names of the classes;
- `Arrays`: the content of a dataset, and its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]
# Labels are bytes.
MOST_CLASSES = 256


class Arrays(NamedTuple):
    """The content: images `(n, height, width, channels)`, labels `(n,)`, and class names."""

    x_train: Images
    y_train: Labels
    x_eval: Images
    y_eval: Labels
    classes: tuple[str, ...]

    def sha256(self) -> str:
        """The digest of the content: of each array's shape and bytes, in the order of the fields.

        It does not depend on the files that the arrays were read from: the same images in another
        archive have the same digest.
        """
        digest = hashlib.sha256()
        for array in self[:4]:
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def as_images(name: str, given: ArrayLike) -> Images:
    """Images as uint8 `(n, height, width, channels)`; grey ones may come without their channel.

    Args:
        name: of the argument, for the message.
        given: whole numbers from 0 to 255 in any type.

    Raises:
        ValueError: if a value or the shape would have to be guessed; the message says what to do.

    >>> as_images("x_train", np.full((2, 28, 28), 255.0)).shape
    (2, 28, 28, 1)
    >>> as_images("x_train", np.full((2, 28, 28, 1), 0.5))
    Traceback (most recent call last):
    ValueError: x_train must be uint8 from 0 to 255, got float64 from 0.5 to 0.5: multiply by 255 \
and round, as in np.rint(255 * x).astype(np.uint8)
    """
    images = _numbers(name, given, "images")
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4:
        raise ValueError(
            f"{name} must have the shape (images, height, width, channels), got {images.shape}"
        )
    if 0 in images.shape:
        raise ValueError(f"{name} must hold at least one image and pixel, got {images.shape}")
    return images if images.dtype == np.uint8 else _bytes_of(name, images)


def _bytes_of(name: str, images: NDArray[Any]) -> Images:
    """Exactly the same values as bytes."""
    low, high = images.min(), images.max()
    got = f"{name} must be uint8 from 0 to 255, got {images.dtype} from {low} to {high}"
    if np.isnan(low):
        raise ValueError(f"{got}: replace what is not a number")
    if images.dtype.kind in "bf" and low >= 0 and high <= 1:
        scaled = "np.rint(255 * x).astype(np.uint8)"
        raise ValueError(f"{got}: multiply by 255 and round, as in {scaled}")
    if low < 0 or high > 255:
        raise ValueError(f"{got}: undo the normalisation, or scale to 0 to 255 and round")
    converted = images.astype(np.uint8)
    if (converted != images).any():
        raise ValueError(f"{got}, not all of them whole: round, as in np.rint(x).astype(np.uint8)")
    return converted


def as_labels(name: str, given: ArrayLike, classes: int) -> Labels:
    """Labels as uint8 `(n,)`; a column `(n, 1)` and any type with whole numbers will do.

    Args:
        name: of the argument, for the message.
        given: indices into the classes.
        classes: how many there are.

    Raises:
        ValueError: if a label is none of the classes, or the shape is another.

    >>> as_labels("y_train", np.array([[3], [1]]), classes=10)
    array([3, 1], dtype=uint8)
    >>> as_labels("y_train", [3, 10], classes=10)
    Traceback (most recent call last):
    ValueError: y_train must hold classes from 0 to 9, got int64 from 3 to 10
    """
    labels = _numbers(name, given, "labels")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2:
        raise ValueError(
            f"{name} must have the shape (images,), got {labels.shape}: of one-hot labels take "
            "y.argmax(axis=1)"
        )
    if labels.ndim != 1 or not labels.size:
        raise ValueError(f"{name} must have the shape (images,), got {labels.shape}")
    low, high = labels.min(), labels.max()
    if not (low >= 0 and high < classes and (labels == labels.astype(np.uint8)).all()):
        raise ValueError(
            f"{name} must hold classes from 0 to {classes - 1}, "
            f"got {labels.dtype} from {low} to {high}"
        )
    return labels.astype(np.uint8, copy=False)


def _numbers(name: str, given: ArrayLike, kind: str) -> NDArray[Any]:
    """`given` as an array of numbers."""
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ValueError(f"{name} must be one array of {kind} of one shape: {error}") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be an array of numbers, got {kind} of type {array.dtype}")
    return array


def as_classes(given: Iterable[str]) -> tuple[str, ...]:
    """The names of the classes.

    Raises:
        ValueError: if they are no different strings, or too many for labels that are bytes.

    >>> as_classes(["cat", "dog"])
    ('cat', 'dog')
    """
    classes = () if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)
    if not classes or not all(isinstance(name, str) for name in classes):
        raise ValueError(f"classes must be a list of names, got {given!r}")
    if len(set(classes)) < len(classes):
        raise ValueError(f"classes must have different names, got {given!r}")
    if len(classes) > MOST_CLASSES:
        raise ValueError(f"classes must be at most {MOST_CLASSES}, got {len(classes)}")
    return classes
