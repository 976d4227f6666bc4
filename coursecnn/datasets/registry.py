"""The published files of each dataset, from `registry.toml`: sizes, checksums and addresses."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

REGISTRY = Path(__file__).with_name("registry.toml")


class CorruptedError(ValueError):
    """A file is there, and is not the official one."""


@dataclass(frozen=True)
class Part:
    """One published file: its name, its size in bytes, and its checksum."""

    name: str
    size: int
    sha256: str

    def check(self, content: bytes) -> None:
        """Raise `CorruptedError` unless `content` is this file, byte for byte."""
        self.check_size(len(content))
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise CorruptedError(f"{self.name} has another SHA-256 than the official file")

    def check_size(self, size: int) -> None:
        """Raise `CorruptedError` unless this file has `size` bytes."""
        if size != self.size:
            raise CorruptedError(f"{self.name} has {size:,} bytes instead of {self.size:,}")


@dataclass(frozen=True)
class Archive:
    """What is downloaded: one file, the same bytes from each of its sources, in this order."""

    filename: str
    size: int
    sha256: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Published:
    """What the registry says about a dataset.

    Attributes:
        name: as the loaders call it.
        path: where it lies in a data folder: a file or a folder.
        keras_paths: where Keras keeps it in its own cache.
        parts: the published files, in the order that the reader expects.
        archive: what to download.
    """

    name: str
    path: str
    keras_paths: tuple[str, ...]
    parts: tuple[Part, ...]
    archive: Archive


def published(name: str) -> Published:
    """The entry of the dataset `name`.

    >>> published("mnist").archive.size
    11490434
    """
    entry = _registry()[name]
    archive = entry["archive"]
    return Published(
        name,
        entry["path"],
        tuple(entry["keras_paths"]),
        tuple(Part(**part) for part in entry["parts"]),
        Archive(**archive | {"urls": tuple(archive["urls"])}),
    )


@cache
def _registry() -> dict[str, Any]:
    return tomllib.loads(REGISTRY.read_text(encoding="utf-8"))
