"""Networks with the weights that somebody else trained on ImageNet, where these can be had.

- `load(name, download=...)`: a network of `keras.applications` with its weights;
- `NAMES`: those that the course uses;
- `MissingError`: the weights are not here, and nobody asked for a download.

The weights are files of up to half a gigabyte. Keras keeps them in its cache, compares their
checksums, and shows a progress bar while it fetches them. Nothing is fetched unless it is asked
for, and never where the environment variable `COURSECNN_OFFLINE` is set to anything but 0.

>>> load("VGG61")
Traceback (most recent call last):
ValueError: name must be one of ResNet50, VGG16, VGG19, got 'VGG61'
"""

import os
from pathlib import Path

import numpy as np

from coursecnn.backend import keras

__all__ = ["NAMES", "MissingError", "load"]

NAMES = ("ResNet50", "VGG16", "VGG19")
CLASSES = "imagenet_class_index.json"  # the names of the classes


class MissingError(LookupError):
    """The weights are not on this machine, and were not to be fetched."""


def load(name: str, *, download: bool = False) -> keras.Model:
    """Build a network of `keras.applications` with the weights trained on ImageNet.

    Args:
        name: One of `NAMES`.
        download: Whether to fetch what is missing.

    Returns:
        A model from (batch, 224, 224, 3), preprocessed, to the probabilities of 1000 classes,
        whose names `keras.applications.imagenet_utils.decode_predictions` knows.

    Raises:
        ValueError: The network is another.
        MissingError: The weights, or the names of the classes, are not on this machine, and
            `download` is false or `COURSECNN_OFFLINE` is set.
    """
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}, got {name!r}")
    files = (f"{name.lower()}_weights_tf_dim_ordering_tf_kernels.h5", CLASSES)
    missing = [file for file in files if not (_cache() / file).exists()]
    if missing and _offline():
        raise MissingError(
            f"{' and '.join(missing)} missing in Keras's cache, and COURSECNN_OFFLINE is set: "
            "unset it, and ask for the download"
        )
    if missing and not download:
        raise MissingError(
            f"{' and '.join(missing)} missing in Keras's cache: "
            f'load("{name}", download=True) fetches it from the network'
        )
    network = getattr(keras.applications, name)(weights="imagenet")
    keras.applications.imagenet_utils.decode_predictions(np.zeros((1, 1000)))  # has the names
    return network


def _cache() -> Path:
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"


def _offline() -> bool:
    return os.environ.get("COURSECNN_OFFLINE", "0") not in {"", "0"}
