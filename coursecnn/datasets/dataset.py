"""What a loader returns: the images, and where they come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]


class Arrays(NamedTuple):
    """The content: images `(n, height, width, channels)`, labels `(n,)`, and class names."""

    x_train: Images
    y_train: Labels
    x_test: Images
    y_test: Labels
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


@dataclass(frozen=True)
class Provenance:
    """Where a dataset comes from.

    Attributes:
        source: in words, for example `"download from zenodo.org"`; never a folder of this machine.
        official: whether every byte is the published one. False for the offline stand-in.
        sha256: the digest of the content (`Arrays.sha256`), for run records.

    >>> Provenance("download from zenodo.org", official=True, sha256="4f2c…").official
    True
    """

    source: str
    official: bool
    sha256: str


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels to train on, images and labels to judge with, and where they come from.

    Attributes:
        name: `"mnist"` or `"cifar10"`.
        x_train: training images, uint8 `(n, height, width, channels)`, values 0 to 255.
        y_train: their classes, uint8 `(n,)`, indices into `classes`.
        x_test: the images to judge with, uint8; after `hold_out`, held-out training images.
        y_test: their classes.
        classes: the name of each class.
        provenance: source, whether it is official, and the digest of the content.
        judged_on: what `x_test` holds: `"test"` images or `"held-out"` training images.
    """

    name: str
    x_train: Images
    y_train: Labels
    x_test: Images
    y_test: Labels
    classes: tuple[str, ...]
    provenance: Provenance
    judged_on: str = "test"

    @classmethod
    def of(cls, name: str, arrays: Arrays, source: str, official: bool) -> Dataset:
        """The dataset `name` with the content `arrays`, its digest computed."""
        return cls(name, *arrays, provenance=Provenance(source, official, arrays.sha256()))

    def __repr__(self) -> str:
        kind = "official" if self.provenance.official else "offline stand-in"
        size = "×".join(map(str, self.x_train.shape[1:]))
        return (
            f"{self.name} ({kind}): {len(self.x_train):,} training and {len(self.x_test):,} "
            f"{self.judged_on} images of {size} in {len(self.classes)} classes"
        )

    def hold_out(self, size: int | float, seed: int = 0) -> Dataset:
        """The training images alone, split in two, to choose on without touching the test images.

        Whatever is compared or tuned (a width, a learning rate, the number of epochs) is fitted and
        judged on the split, whose `x_test` and `y_test` are training images that were set aside.
        The test images are not in it, so no choice can see them. When everything is chosen, fit
        once more on the whole and look at its test images, once.

        Args:
            size: how many images to set aside, as a count or as a fraction between 0 and 1. Each
                class gives its share.
            seed: which images. The same seed sets aside the same images.

        Returns:
            A dataset with `n - size` training images and `size` held-out images, in the order
            of the files.

        Raises:
            ValueError: if either side would have fewer images than there are classes.

        Example:
            >>> from coursecnn import datasets
            >>> data = datasets.stand_in("mnist")
            >>> data
            mnist (offline stand-in): 10,000 training and 2,000 test images of 28×28×1 in 10 classes
            >>> split = data.hold_out(1000, seed=0)
            >>> len(split.x_train), len(split.x_test), split.judged_on
            (9000, 1000, 'held-out')
        """
        held = self._held_out(size, seed)
        x, y = self.x_train, self.y_train
        arrays = Arrays(x[~held], y[~held], x[held], y[held], self.classes)
        source = f"{self.provenance.source}, {held.sum():,} training images held out (seed {seed})"
        provenance = replace(self.provenance, source=source, sha256=arrays.sha256())
        return Dataset(self.name, *arrays, provenance=provenance, judged_on="held-out")

    def _held_out(self, size: int | float, seed: int) -> NDArray[np.bool_]:
        """A mask over the training images, true where one is set aside."""
        from sklearn.model_selection import train_test_split

        n, classes = len(self.x_train), len(self.classes)
        if isinstance(size, float):
            count = round(size * n) if 0 < size < 1 else 0
        else:
            count = 0 if isinstance(size, bool) else size
        if not classes <= count <= n - classes:
            raise ValueError(
                f"size must leave at least {classes} images (one for each class) on both sides of "
                f"{n:,} training images, as a count or as a fraction between 0 and 1, got {size!r}"
            )
        _, chosen = train_test_split(
            np.arange(n), test_size=count, random_state=seed, stratify=self.y_train
        )
        held = np.zeros(n, dtype=bool)
        held[chosen] = True
        return held
