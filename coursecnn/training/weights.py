"""The weights of a network in a file, as Keras writes and reads them.

- `save`: a reader finds the whole file, or none;
- `load`: none but those that were asked for, by their digest; nothing that the file claims is taken
  on trust.

>>> from coursecnn.backend import keras
>>> network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
>>> with tempfile.TemporaryDirectory() as folder:
...     file = Path(folder) / "one.weights.h5"
...     save(network, file)
...     load(network, file, hashlib.sha256(file.read_bytes()).hexdigest(), "one.json")
"""

import hashlib
import io
import math
import tempfile
from pathlib import Path
from typing import Any

import h5py

from coursecnn._files import read_file, write_atomically
from coursecnn._values import reason

__all__ = ["load", "save"]

LARGEST_NUMBER = 8  # bytes
LAYOUT, PLACE = 2**20, 2**13  # bytes that HDF5 may need for itself, in all and for a variable


def save(network: Any, path: Path) -> None:
    """Write the weights of a network in Keras's format."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, path.name)
        network.save_weights(file)
        write_atomically(path, file.read_bytes())


def load(network: Any, path: Path, sha256: str | None, record: str) -> None:
    """Give a network the weights of a file.

    Args:
        network: of Keras.
        path: the file.
        sha256: its digest; the file is not opened if it has another.
        record: where the digest comes from, for the message.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it has another digest, or does not hold the weights of this network.
    """
    sizes = [LARGEST_NUMBER * math.prod(variable.shape) for variable in network.variables]
    content = read_file(path, "file of weights", sum(sizes) + LAYOUT + PLACE * len(sizes))
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(
            f"{path} does not hold the weights of the run that {record} describes; restore the "
            "file, or delete both and measure again with `coursecnn reproduce --keep-weights`"
        )
    try:
        _require_plain(content, max(sizes, default=0))
        network.load_weights(path)
    except Exception as error:  # h5py and Keras raise what they come upon
        raise ValueError(
            f"{path} does not hold weights of {network.name}: {reason(error)}"
        ) from error


def _require_plain(content: bytes, most: int) -> None:
    """Refuse links, data of other files, and more numbers than a variable has, before any is read.

    Keras does the same in its newer releases, for what is larger than four gigabytes.
    """

    def look_at_link(name: str, link: Any) -> None:
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{name} is a link")

    def look_at_data(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        if item.external or item.is_virtual:
            raise ValueError(f"{name} leads to another file")
        if math.prod(item.shape or ()) * item.dtype.itemsize > most:
            raise ValueError(f"{name} claims the shape {item.shape}, more than any variable has")

    with h5py.File(io.BytesIO(content)) as file:
        file.visititems_links(look_at_link)
        file.visititems(look_at_data)
