"""Datasets of a few images in the official formats, with checksums of their own."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from coursecnn.datasets.formats import idx_bytes
from coursecnn.datasets.official import CIFAR10, MNIST, Official
from coursecnn.datasets.registry import Archive, Part

LABEL_NAMES = ("airplane", "automobile", "bird")


def part(name: str, content: bytes) -> Part:
    return Part(name, len(content), hashlib.sha256(content).hexdigest())


def archive(filename: str, content: bytes, *urls: str) -> Archive:
    return Archive(filename, len(content), hashlib.sha256(content).hexdigest(), urls)


def with_parts(official: Official, **contents: bytes) -> Official:
    """The dataset, if these contents were what was published under these names."""
    parts = {item.name: item for item in official.published.parts}
    parts |= {name: part(name, content) for name, content in contents.items()}
    return replace(official, published=replace(official.published, parts=tuple(parts.values())))


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def small_mnist(*urls: str) -> tuple[Official, bytes]:
    """300 training and 60 test images, and the bytes of their `mnist.npz`, about 280 kB."""
    random = np.random.default_rng(0)
    arrays = {
        "x_train": random.integers(0, 256, (300, 28, 28), dtype=np.uint8),
        "y_train": np.arange(300, dtype=np.uint8) % 10,
        "x_test": random.integers(0, 256, (60, 28, 28), dtype=np.uint8),
        "y_test": np.arange(60, dtype=np.uint8) % 10,
    }
    parts = tuple(part(name, idx_bytes(array)) for name, array in arrays.items())
    content = npz(**arrays)
    return published_as(MNIST, parts, archive("mnist.npz", content, *urls)), content


def published_as(official: Official, parts: tuple[Part, ...], packed: Archive) -> Official:
    return replace(official, published=replace(official.published, parts=parts, archive=packed))


def short_string(text: str) -> bytes:
    return b"U" + bytes([len(text)]) + text.encode()


def batch(labels: list[int], pixels: np.ndarray) -> bytes:
    """A batch file as Python 2 pickled it. pixels: uint8 `(n, 3072)`, n at most 255."""
    shape = b"K\x01K" + bytes([len(pixels)]) + b"M\x00\x0c\x86"
    return b"".join(
        [
            b"\x80\x02}(",
            short_string("labels"),
            b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e",
            short_string("data"),
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(" + shape,
            b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R",
            b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
            b"T" + struct.pack("<I", pixels.size) + pixels.tobytes(),
            b"tbu.",
        ]
    )


def meta() -> bytes:
    names = b"".join(map(short_string, LABEL_NAMES))
    return b"\x80\x02}(" + short_string("label_names") + b"](" + names + b"eu."


def small_cifar10(*urls: str) -> tuple[Official, dict[str, bytes], bytes]:
    """5 × 12 training and 12 test images: the files by name, and the archive that holds them."""
    random = np.random.default_rng(1)
    labels = [index % 3 for index in range(12)]
    names = [official_part.name for official_part in CIFAR10.published.parts[:-1]]
    files = {
        name: batch(labels, random.integers(0, 256, (12, 3072), dtype=np.uint8)) for name in names
    }
    files["batches.meta"] = meta()
    content = tar_gz({f"cifar-10-batches-py/{name}": file for name, file in files.items()})
    parts = tuple(part(name, file) for name, file in files.items())
    official = published_as(CIFAR10, parts, archive("cifar-10-python.tar.gz", content, *urls))
    return official, files, content


def tar_gz(members: dict[str, bytes]) -> bytes:
    """An archive without a date in it: its checksum is the same in every process."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
