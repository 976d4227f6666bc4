"""How to read the official files without trusting them.

- `read_mnist`, `read_cifar10`: files to arrays, sizes first, then every byte checked;
- `unpack_cifar10`: the official archive to the seven checked files.

The official CIFAR-10 files are pickles, and a pickle can run any code. So the bytes are compared
with the published checksums before they are decoded, and the decoder knows nothing but what the
official files hold.
"""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from coursecnn._files import write_atomically
from coursecnn._npz import DAMAGED, HEADER_BYTES, read_array
from coursecnn._values import reason
from coursecnn.datasets.arrays import (
    MOST_CLASSES,
    Arrays,
    Images,
    Labels,
    as_classes,
    as_labels,
)
from coursecnn.datasets.registry import CorruptedError, Part

T = TypeVar("T")
WIDEST = 8  # bytes of a number in an .npz, where the published one is a single byte


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
    _check_npz_size(path, parts)
    try:
        with zipfile.ZipFile(path) as archive:
            x_train, y_train, x_test, y_test = (_npz_array(archive, part) for part in parts)
    except CorruptedError as error:
        raise CorruptedError(f"{path.name}: {error}") from None
    except DAMAGED as error:
        raise CorruptedError(f"{path.name} cannot be read: {reason(error)}") from error
    digits = tuple("0123456789")
    return Arrays(x_train[..., np.newaxis], y_train, x_test[..., np.newaxis], y_test, digits)


def _check_npz_size(path: Path, parts: tuple[Part, ...]) -> None:
    """Refuse a file that is larger than what it could hold, before it is read."""
    size, most = path.stat().st_size, sum(map(_most, parts))
    if size > most:
        raise CorruptedError(f"{path.name} has {size:,} bytes, {most:,} at most were expected")


def _most(part: Part) -> int:
    return WIDEST * part.size + HEADER_BYTES


def _npz_array(archive: zipfile.ZipFile, part: Part) -> NDArray[np.uint8]:
    """One array, as bytes if it holds bytes in a wider type, checked."""
    array = read_array(archive, part.name, _most(part))
    if array.dtype != np.uint8:
        array = _exactly_bytes(part.name, array)
    part.check(idx_bytes(array))
    return array


def _exactly_bytes(name: str, array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype.kind not in "iu" or not array.size or array.min() < 0 or array.max() > 255:
        raise CorruptedError(f"{name} holds {array.dtype}, the official file uint8")
    return array.astype(np.uint8)


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
    _check_files(folder, parts)
    *batches, meta = parts
    *train, test = (_taken(folder, part, _images_and_labels) for part in batches)
    return Arrays(
        np.concatenate([images for images, _ in train]),
        np.concatenate([labels for _, labels in train]),
        *test,
        _taken(folder, meta, lambda decoded: as_classes(decoded["label_names"])),
    )


def _taken(folder: Path, part: Part, take: Callable[[dict[str, Any]], T]) -> T:
    """What is taken from a checked and decoded file."""
    content = _checked(folder / part.name, part)
    try:
        return take(_decode(content))
    except Exception as error:  # a pickle may hold anything, and miss anything
        raise CorruptedError(f"{part.name} cannot be decoded: {reason(error)}") from error


def _check_files(folder: Path, parts: tuple[Part, ...]) -> None:
    """Whether all files are there and have their sizes, before any is read."""
    missing = [part.name for part in parts if not (folder / part.name).is_file()]
    if len(missing) == len(parts):
        raise FileNotFoundError(f"no file of {folder.name}")
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise CorruptedError(
            f"{len(parts) - len(missing)} of {len(parts)} files: {', '.join(missing)} {are} missing"
        )
    for part in parts:
        part.check_size((folder / part.name).stat().st_size)


def _checked(path: Path, part: Part) -> bytes:
    with path.open("rb") as file:
        # A byte more shows a file that grew since its size was compared.
        content = file.read(part.size + 1)
    part.check(content)
    return content


def _images_and_labels(batch: dict[str, Any]) -> tuple[Images, Labels]:
    """Rows of 3,072 values, one channel after the other, as images `(n, 32, 32, 3)`; the labels."""
    rows: Images = batch["data"]
    if rows.dtype != np.uint8:
        raise ValueError(f"the images are {rows.dtype}")
    images = rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).astype(np.uint8, order="C")
    return images, as_labels("labels", batch["labels"], MOST_CLASSES)


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
                    _unpack_part(members, member, expected.pop(member.name), folder)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise CorruptedError(f"{archive.name} cannot be unpacked: {reason(error)}") from error
    if expected:
        raise CorruptedError(f"{archive.name} does not hold {', '.join(expected)}")


def _unpack_part(
    members: tarfile.TarFile, member: tarfile.TarInfo, part: Part, folder: Path
) -> None:
    stream = members.extractfile(member)
    content = stream.read(part.size + 1) if stream else b""
    part.check(content)
    write_atomically(folder / part.name, content)
