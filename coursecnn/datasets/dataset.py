"""What a loader returns: images to train on and to evaluate on, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursecnn._values import as_int, integer
from coursecnn.datasets.arrays import (
    Arrays,
    Images,
    Labels,
    as_classes,
    as_images,
    as_labels,
)

EVALUATED_ON = ("test", "validation")
STAND_IN = "offline stand-in"


@dataclass(frozen=True)
class Provenance:
    """Where a dataset comes from.

    Attributes:
        source: in words, for example `"download from zenodo.org"`; never a folder of this machine.
        official: whether every byte is the published one. False for the offline stand-in and for
            images of one's own.
        sha256: the digest of the content (`Arrays.sha256`), for run records.

    >>> Provenance("download from zenodo.org", official=True, sha256="4f2c…").official
    True
    """

    source: str
    official: bool
    sha256: str

    @property
    def kind(self) -> str:
        """In two words, whether it is official, the offline stand-in, or one's own images."""
        if self.official:
            return "official"
        return STAND_IN if self.source.startswith(STAND_IN) else "own images"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels to train on, images and labels to evaluate on, and where they come from.

    Images and labels in other types are converted where nothing is lost (see `from_arrays`).

    Attributes:
        name: `"mnist"` or `"cifar10"`, or a name of one's own.
        x_train: training images, uint8 `(n, height, width, channels)`, values 0 to 255.
        y_train: their classes, uint8 `(n,)`, indices into `classes`.
        x_eval: the images to evaluate on, uint8: test images, or validation images after
            `split_validation`.
        y_eval: their classes.
        classes: the name of each class.
        provenance: source, whether it is official, and the digest of the content.
        evaluated_on: what `x_eval` holds: `"test"` or `"validation"` images.

    Raises:
        ValueError: if the arrays are no images and labels, do not go together, or are empty.
    """

    name: str
    x_train: Images
    y_train: Labels
    x_eval: Images
    y_eval: Labels
    classes: tuple[str, ...]
    provenance: Provenance
    evaluated_on: Literal["test", "validation"] = "test"

    def __post_init__(self) -> None:
        """Convert what can be converted exactly, and refuse the rest."""
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"name must be a word, got {self.name!r}")
        if self.evaluated_on not in EVALUATED_ON:
            known = " or ".join(map(repr, EVALUATED_ON))
            raise ValueError(f"evaluated_on must be {known}, got {self.evaluated_on!r}")
        self._set("classes", as_classes(self.classes))
        for part in ("train", "eval"):
            self._convert(f"x_{part}", f"y_{part}")
        if self.x_train.shape[1:] != self.x_eval.shape[1:]:
            raise ValueError(
                "x_train and x_eval must hold images of one shape, "
                f"got {self.x_train.shape[1:]} and {self.x_eval.shape[1:]}"
            )

    def _convert(self, x: str, y: str) -> None:
        images = as_images(x, getattr(self, x))
        labels = as_labels(y, getattr(self, y), len(self.classes))
        if len(images) != len(labels):
            raise ValueError(
                f"{x} and {y} must have one label for each image, "
                f"got {len(images):,} images and {len(labels):,} labels"
            )
        self._set(x, images)
        self._set(y, labels)

    def _set(self, field: str, value: object) -> None:
        object.__setattr__(self, field, value)

    @classmethod
    def of(cls, name: str, arrays: Arrays, source: str, *, official: bool) -> Dataset:
        """The dataset `name` with the content `arrays`, its digest computed."""
        return cls(name, *arrays, provenance=Provenance(source, official, arrays.sha256()))

    def __repr__(self) -> str:
        size = "×".join(map(str, self.x_train.shape[1:]))
        return (
            f"{self.name} ({self.provenance.kind}): {len(self.x_train):,} training and "
            f"{len(self.x_eval):,} {self.evaluated_on} images of {size} "
            f"in {len(self.classes)} classes"
        )

    @property
    def x_test(self) -> Images:
        """The test images.

        Raises:
            AttributeError: after `split_validation`, which leaves them out.
        """
        self._require_test("x")
        return self.x_eval

    @property
    def y_test(self) -> Labels:
        """The classes of the test images.

        Raises:
            AttributeError: after `split_validation`, which leaves them out.
        """
        self._require_test("y")
        return self.y_eval

    def _require_test(self, axis: str) -> None:
        if self.evaluated_on != "test":
            raise AttributeError(
                f"this split of {self.name} has no {axis}_test: it has {self.evaluated_on} images, "
                f"use {axis}_eval"
            )

    @property
    def hold_out(self) -> NoReturn:
        """The name of `split_validation` in earlier releases."""
        raise AttributeError("Dataset.hold_out is split_validation since coursecnn 0.2")

    @property
    def judged_on(self) -> NoReturn:
        """The name of `evaluated_on` in earlier releases."""
        raise AttributeError("Dataset.judged_on is evaluated_on since coursecnn 0.2")

    def split_validation(self, size: int | float, *, seed: int = 0) -> Dataset:
        """The training images alone, split in two, to choose on without touching the test images.

        Whatever is compared or tuned (a width, a learning rate, the number of epochs) is fitted and
        evaluated on the split, whose `x_eval` and `y_eval` are training images that were set aside.
        The test images are not in it, so no choice can see them. When everything is chosen, fit
        once more on the whole and look at its test images, once.

        Args:
            size: how many images to set aside, as a count or as a fraction between 0 and 1. Each
                class gives its share.
            seed: which images. The same seed sets aside the same images.

        Returns:
            A dataset with `n - size` training images and `size` validation images, in the order
            of the files.

        Raises:
            ValueError: if either side would have fewer images than there are classes, or a class
                has a single image.

        Example:
            >>> from coursecnn import datasets
            >>> data = datasets.stand_in("mnist")
            >>> data
            mnist (offline stand-in): 10,000 training and 2,000 test images of 28×28×1 in 10 classes
            >>> split = data.split_validation(1000)
            >>> len(split.x_train), len(split.x_eval), split.evaluated_on
            (9000, 1000, 'validation')
        """
        chosen = self._chosen(size, integer("seed", seed, 0, 2**32 - 1))
        x, y = self.x_train, self.y_train
        arrays = Arrays(x[~chosen], y[~chosen], x[chosen], y[chosen], self.classes)
        source = (
            f"{self.provenance.source}, {chosen.sum():,} training images for validation "
            f"(seed {seed})"
        )
        provenance = replace(self.provenance, source=source, sha256=arrays.sha256())
        return Dataset(self.name, *arrays, provenance=provenance, evaluated_on="validation")

    def _chosen(self, size: int | float, seed: int) -> NDArray[np.bool_]:
        """A mask over the training images, true where one is set aside."""
        from sklearn.model_selection import train_test_split

        self._require_two_of_each()
        _, chosen = train_test_split(
            np.arange(len(self.x_train)),
            test_size=self._count(size),
            random_state=seed,
            stratify=self.y_train,
        )
        mask = np.zeros(len(self.x_train), dtype=bool)
        mask[chosen] = True
        return mask

    def _require_two_of_each(self) -> None:
        single = np.flatnonzero(np.bincount(self.y_train) == 1)
        if single.size:
            raise ValueError(
                "every class must have at least two training images to be split, "
                f"{self.classes[single[0]]} has one"
            )

    def _count(self, size: int | float) -> int:
        """How many images `size` is."""
        n, classes = len(self.x_train), len(self.classes)
        whole = as_int(size)
        share = size if whole is None and isinstance(size, Real) and 0 < size < 1 else 0
        count = whole or round(share * n)
        if not classes <= count <= n - classes:
            raise ValueError(
                f"size must leave at least {classes} images (one for each class) on both sides of "
                f"{n:,} training images, as a count or as a fraction between 0 and 1, got {size!r}"
            )
        return count


def from_arrays(
    name: str,
    x_train: ArrayLike,
    y_train: ArrayLike,
    x_eval: ArrayLike,
    y_eval: ArrayLike,
    *,
    classes: Sequence[str],
    evaluated_on: Literal["test", "validation"] = "test",
) -> Dataset:
    """A dataset of one's own images.

    Args:
        name: what to call it, for messages and records.
        x_train: training images `(n, height, width, channels)`, or `(n, height, width)` if grey:
            whole numbers from 0 to 255, in any type.
        y_train: their classes `(n,)` or `(n, 1)`, indices into `classes`, in any type.
        x_eval: the images to evaluate on, of the same shape.
        y_eval: their classes.
        classes: the name of each class, 256 at most.
        evaluated_on: what `x_eval` is: `"test"` or `"validation"`.

    Returns:
        A dataset of uint8 arrays with a digest of its own, which is not official.

    Raises:
        ValueError: if the arrays are no images and labels, do not go together, or are empty; the
            message names the cure. Nothing is rounded or scaled here: images from 0 to 1 are
            refused.

    Example:
        >>> x, y = np.zeros((4, 8, 8), dtype=np.int64), np.array([[0], [1], [0], [1]])
        >>> from_arrays("squares", x, y, x[:2], y[:2], classes=["dark", "light"])
        squares (own images): 4 training and 2 test images of 8×8×1 in 2 classes
    """
    names = as_classes(classes)
    arrays = Arrays(
        as_images("x_train", x_train),
        as_labels("y_train", y_train, len(names)),
        as_images("x_eval", x_eval),
        as_labels("y_eval", y_eval, len(names)),
        names,
    )
    provenance = Provenance("the caller's own images", official=False, sha256=arrays.sha256())
    return Dataset(name, *arrays, provenance=provenance, evaluated_on=evaluated_on)
