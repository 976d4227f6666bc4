"""The published files of each dataset, from `registry.toml`: sizes, checksums and addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from coursecnn._toml import read_toml
from coursecnn._values import at, expect, integer, sha256, shown, text
from coursecnn._values import name as value_name

LARGEST = 2**40  # bytes
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
    return _registry()[name]


@cache
def _registry() -> Mapping[str, Published]:
    return read(REGISTRY)


def read(path: Path) -> Mapping[str, Published]:
    """The entries of a file such as `registry.toml`, by the names of the datasets.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it says what cannot be; names the file and the place in it.

    >>> list(read(REGISTRY))
    ['mnist', 'cifar10']
    """
    tables = read_toml(path)
    with at(path.name):
        return {name: _published(name, table) for name, table in tables.items()}


def _published(name: str, table: object) -> Published:
    with at(name):
        entry = expect(("path", "keras_paths", "archive", "parts"), table, "table")
        return Published(
            name,
            _relative("path", entry["path"]),
            tuple(_relative("keras_paths", each) for each in _some("keras_paths", entry)),
            tuple(map(_part, range(len(_some("parts", entry))), entry["parts"])),
            _archive(entry["archive"]),
        )


def _part(index: int, table: object) -> Part:
    with at(f"parts[{index}]"):
        return Part(**_file(expect(("name", "size", "sha256"), table, "table")))


def _archive(table: object) -> Archive:
    with at("archive"):
        entry = expect(("filename", "size", "sha256", "urls"), table, "table")
        urls = tuple(text("urls", url) for url in _some("urls", entry))
        if not all(url.startswith(("https://", "http://")) for url in urls):
            raise ValueError(f"urls must begin with https://, got {shown(urls)}")
        return Archive(**_file(entry) | {"urls": urls})


def _file(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a part and an archive have in common, checked, and the others."""
    kind = "name" if "name" in entry else "filename"
    size = integer("size", entry["size"], 1, LARGEST)
    checked = {"size": size, "sha256": sha256("sha256", entry["sha256"])}
    return {**entry, kind: _relative(kind, entry[kind]), **checked}


def _some(field: str, entry: Mapping[str, Any]) -> list[Any]:
    found = entry[field]
    if not isinstance(found, list) or not found:
        raise ValueError(f"{field} must be an array that is not empty, got {shown(found)}")
    return found


def _relative(field: str, value: object) -> str:
    """A path that leads out of no folder."""
    found = text(field, value)
    for part in found.split("/"):
        value_name(f"{field}, between its slashes,", part)
    return found
