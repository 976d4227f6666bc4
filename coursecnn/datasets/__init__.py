"""MNIST and CIFAR-10: the official images, checked byte for byte; and images of one's own.

- `mnist`, `cifar10`: load a dataset;
- `from_arrays`: a dataset of one's own images;
- `Dataset`, `Provenance`: what these return;
- `photographs`, `Photograph`: a few pictures of free licence, to ask a network about;
- `stand_in`: the images for a machine without the files and without a network;
- `fetch`, `locate`, `available`, `describe`: the files behind it, for the command line.

The files are looked for in what `COURSECNN_DATA` names (a folder that holds them, the files
themselves, or the folder above), in the package's cache, in Keras's cache, and on the network, in
this order. Where none has them, the offline stand-in takes their place, which is said on stderr and
in `Dataset.provenance`. With `COURSECNN_OFFLINE=1` the network is left alone.

    >>> data = stand_in("mnist")
    >>> data.x_train.shape, data.provenance.official
    ((10000, 28, 28, 1), False)
"""

from __future__ import annotations

from coursecnn.datasets.dataset import Dataset, Provenance, from_arrays
from coursecnn.datasets.gallery import Photograph, photographs
from coursecnn.datasets.official import NAMES
from coursecnn.datasets.store import (
    UnavailableError,
    available,
    cifar10,
    describe,
    fetch,
    locate,
    mnist,
    stand_in,
)

__all__ = [
    "NAMES",
    "Dataset",
    "Photograph",
    "Provenance",
    "UnavailableError",
    "available",
    "cifar10",
    "describe",
    "fetch",
    "from_arrays",
    "locate",
    "mnist",
    "photographs",
    "stand_in",
]
