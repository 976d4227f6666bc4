"""Read the tensors that PyTorch has saved, without PyTorch, and without trusting the file.

- `tensors(content)`: the arrays by name;
- `FormatError`: the file is none, or holds what is no tensor.

The format is the one that `torch.save` wrote before version 1.6, and still reads: three pickles of
a header, one of a dictionary whose tensors name their storages, one of the storages' names in
order, and each storage as a number of elements and their bytes.

A pickle is a program, which may call whatever it names. Here it may name the four things of
`ALLOWED`, each of which is a constant or makes a dictionary or a tuple.

>>> tensors(pickle.dumps(print))
Traceback (most recent call last):
coursecnn.architectures._torch_file.FormatError: the file names builtins.print, which is no tensor
"""

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

__all__ = ["FormatError", "tensors"]

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
Array: TypeAlias = NDArray[Any]


class FormatError(ValueError):
    """The file is not what PyTorch writes for a dictionary of tensors."""


class _Tensor(NamedTuple):
    """Where a tensor lies in a storage, counted in elements."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(storage: str, offset: int, shape: Any, strides: Any, *_: object) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


# What a file may name, and what is given to it instead.
ALLOWED: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.kinds: dict[str, tuple[np.dtype[Any], int]] = {}  # of each storage, and its length

    def find_class(self, module: str, name: str) -> Any:
        """Give what a name in the file stands for here."""
        if (module, name) not in ALLOWED:
            raise FormatError(f"the file names {module}.{name}, which is no tensor")
        return ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> str:
        """Note a storage, and go on with its key."""
        _, kind, key, _, count, _ = pid
        self.kinds[key] = kind, count
        return str(key)


def tensors(content: bytes) -> dict[str, Array]:
    """Read the arrays of a file, by name.

    Args:
        content: The bytes of the file. Compare its checksum before: what is refused here is what
            could do harm, not what is wrong.

    Raises:
        FormatError: The file is cut short or too long, names what is no tensor, or does not add
            up.
    """
    file = io.BytesIO(content)
    try:
        found, storages = _read(file)
        arrays = {name: _array(tensor, storages) for name, tensor in found.items()}
    except FormatError:
        raise
    except Exception as error:  # whatever a damaged pickle may lead to
        raise FormatError(f"the file is no dictionary of tensors: {error}") from error
    if file.read(1):
        raise FormatError("the file goes on after its last tensor")
    return arrays


def _read(file: io.BytesIO) -> tuple[dict[str, _Tensor], dict[str, Array]]:
    magic, protocol, system = (_Unpickler(file).load() for _ in range(3))
    if (magic, protocol, system["little_endian"]) != (MAGIC, PROTOCOL, True):
        raise FormatError("the file does not begin as PyTorch's, little-endian, of protocol 1001")
    unpickler = _Unpickler(file)
    found = unpickler.load()
    keys = _Unpickler(file).load()
    return found, {key: _storage(file, *unpickler.kinds[key]) for key in keys}


def _storage(file: io.BytesIO, kind: np.dtype[Any], count: int) -> Array:
    (stored,) = struct.unpack("<q", file.read(8))
    if stored != count:
        raise FormatError(f"a storage has {stored} elements, and {count} are announced")
    data = file.read(count * kind.itemsize)
    if len(data) != count * kind.itemsize:
        raise FormatError("the file is cut short")
    return np.frombuffer(data, kind)


def _array(tensor: _Tensor, storages: dict[str, Array]) -> Array:
    """Copy a tensor, whose axes may be in any order, out of its storage."""
    storage = storages[tensor.storage]
    steps = zip(tensor.shape, tensor.strides, strict=True)
    last = tensor.offset + sum((size - 1) * stride for size, stride in steps)
    if min(tensor.offset, *tensor.strides, 0) < 0 or last >= storage.size or 0 in tensor.shape:
        raise FormatError(f"a tensor lies outside of its storage of {storage.size}: {tensor}")
    strides = [stride * storage.itemsize for stride in tensor.strides]
    return as_strided(storage[tensor.offset :], tensor.shape, strides).copy()
