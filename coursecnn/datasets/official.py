"""The official datasets: what was published (`registry`), and how it is read (`formats`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from coursecnn.datasets.arrays import Arrays
from coursecnn.datasets.formats import read_cifar10, read_mnist, unpack_cifar10
from coursecnn.datasets.registry import Published, published


@dataclass(frozen=True)
class Official:
    """A published dataset and its format.

    Attributes:
        published: names, sizes, checksums and addresses.
        reader: `(path, parts)` to arrays; raises `CorruptedError` or `FileNotFoundError`.
        unpack: `(archive, folder, parts)`, where the archive is not itself what is read.
    """

    published: Published
    reader: Callable[..., Arrays]
    unpack: Callable[..., None] | None = None

    @property
    def name(self) -> str:
        """As the loaders call it."""
        return self.published.name

    @property
    def path(self) -> str:
        """Where it lies in a data folder: a file or a folder."""
        return self.published.path

    def files(self, path: Path) -> tuple[Path, ...]:
        """The files that are read where the dataset lies at `path`."""
        if self.unpack is None:
            return (path,)
        return tuple(path / part.name for part in self.published.parts)

    def lies_at(self, path: Path) -> bool:
        """Whether any of its files is there, unread."""
        return any(file.is_file() for file in self.files(path))

    def read(self, path: Path) -> Arrays:
        """The arrays, every byte checked.

        Raises:
            CorruptedError: if files are there, and are not the official ones.
            FileNotFoundError: if none is there.
        """
        return self.reader(path, self.published.parts)


MNIST = Official(published("mnist"), read_mnist)
CIFAR10 = Official(published("cifar10"), read_cifar10, unpack_cifar10)
OFFICIAL = {official.name: official for official in (MNIST, CIFAR10)}
NAMES = tuple(OFFICIAL)


def official_named(name: str) -> Official:
    """The published dataset `name`; raises ValueError if there is none."""
    if name not in OFFICIAL:
        raise ValueError(f"name must be one of {', '.join(map(repr, NAMES))}, got {name!r}")
    return OFFICIAL[name]
