"""Archives of NumPy's, `.npz`, read without trusting what they claim.

A header of NumPy's is Python, which `numpy.load` evaluates; the size in it is allocated before the
numbers are looked for. Here a header is read as NumPy writes it, or refused, and the numbers must
be there.

- `read_array`: one array of an archive;
- `DAMAGED`: what may be raised while a damaged archive is read.

>>> import io
>>> content = io.BytesIO()
>>> np.savez(content, x=np.arange(6).reshape(2, 3))
>>> with zipfile.ZipFile(content) as archive:
...     read_array(archive, "x", most=1_000).tolist()
[[0, 1, 2], [3, 4, 5]]
"""

import math
import re
import struct
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAMAGED", "HEADER_BYTES", "read_array"]

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,  # zipfile's, where a password is asked for
    ValueError,
)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that NumPy writes
HEADER_BYTES = 4_096  # at most; NumPy fills a header of a hundred bytes up to 128
# The length of the header, by the version of the format.
LENGTHS = {b"\x01\x00": "<H", b"\x02\x00": "<I", b"\x03\x00": "<I"}
MAGIC = b"\x93NUMPY"
# Numbers, NumPy's texts, and the two bytes that it takes a bfloat16 for; Python 2 wrote 3L for 3.
HEADER = re.compile(
    rb"\{'descr': '([<>|=](?:b1|[iu][1248]|f[248]|V2|U[1-9]\d{0,7}))', "
    rb"'fortran_order': (True|False), 'shape': \(((?:\d{1,18}L?, ?)*(?:\d{1,18}L?)?)\), ?\}\s*"
)


def read_array(archive: zipfile.ZipFile, name: str, most: int) -> NDArray[Any]:
    """Read one array.

    Args:
        archive: a file of NumPy's.
        name: of the array.
        most: how many bytes it may have, with its header.

    Raises:
        KeyError: if the archive has no such array.
        ValueError: if it is larger, packed in another way than NumPy packs, or not described as
            NumPy describes an array of numbers or of texts.
    """
    member = archive.getinfo(f"{name}.npy")
    if member.file_size > most:
        raise ValueError(f"{name} has {member.file_size:,} bytes, {most:,} at most were expected")
    if member.compress_type not in METHODS:
        raise ValueError(f"{name} is packed in a way that NumPy does not use")
    content = archive.read(member)
    dtype, order, shape, start = _described(name, content)
    if math.prod(shape) * dtype.itemsize != len(content) - start:
        raise ValueError(f"{name} claims the shape {shape}, and has {len(content) - start:,} bytes")
    return np.frombuffer(content, dtype, offset=start).reshape(shape, order=order).copy()


def _described(name: str, content: bytes) -> tuple[np.dtype[Any], Any, tuple[int, ...], int]:
    """The type, the order, the shape, and where the numbers begin."""
    start = len(MAGIC) + 2
    kind = LENGTHS.get(content[len(MAGIC) : start])
    if not content.startswith(MAGIC) or kind is None:
        raise ValueError(f"{name} is no array of NumPy's")
    first = start + struct.calcsize(kind)
    (length,) = struct.unpack(kind, content[start:first])
    header = HEADER.fullmatch(content[first : first + min(length, HEADER_BYTES)])
    if header is None:
        raise ValueError(f"{name} has a header that is none of an array of numbers")
    described, is_fortran, sizes = (part.decode() for part in header.groups())
    shape = tuple(int(size) for size in re.findall(r"\d+", sizes))
    return np.dtype(described), "F" if is_fortran == "True" else "C", shape, first + length
