"""Networks with the weights that somebody else trained on ImageNet, where these can be had.

- `load(name, download=...)`: a network of `keras.applications` with its weights;
- `NAMES`: those that the course uses;
- `MissingError`: the weights are not here, and nobody asked for a download.

The weights are files of up to half a gigabyte, which Keras keeps in its cache. Their checksums are
compared before Keras sees them: it would fetch a file that differs anew, and drop the old one, even
without a network. Nothing is fetched unless it is asked for, and never where the environment
variable `COURSECNN_OFFLINE` is set to anything but 0.

>>> load("VGG61")
Traceback (most recent call last):
ValueError: name must be one of ResNet50, VGG16, VGG19, got 'VGG61'
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np

from coursecnn.backend import keras

__all__ = ["NAMES", "MissingError", "load"]

# The files with the MD5 sums that Keras asks for.
WEIGHTS = {
    "ResNet50": (
        "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
        "2cb95161c43110f7111970584f804107",
    ),
    "VGG16": (
        "vgg16_weights_tf_dim_ordering_tf_kernels.h5",
        "64373286793e3c8b2b4e3219cbf3544b",
    ),
    "VGG19": (
        "vgg19_weights_tf_dim_ordering_tf_kernels.h5",
        "cbe5617147190e668d6c5d5026f83318",
    ),
}
NAMES = tuple(WEIGHTS)
# The names of the classes.
CLASSES = ("imagenet_class_index.json", "c2c37ea517e94d9795004a39431a14cb")


class MissingError(LookupError):
    """The weights are not on this machine, and were not to be fetched."""


def load(name: str, *, download: bool = False) -> keras.Model:
    """Build a network of `keras.applications` with the weights trained on ImageNet.

    Args:
        name: One of `NAMES`.
        download: Whether to fetch what is missing or damaged.

    Returns:
        A model from (batch, 224, 224, 3), preprocessed, to the probabilities of 1000 classes,
        whose names `keras.applications.imagenet_utils.decode_predictions` knows.

    Raises:
        ValueError: The network is another.
        MissingError: The weights, or the names of the classes, are not on this machine or are
            damaged, and `download` is false or `COURSECNN_OFFLINE` is set.
    """
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}, got {name!r}")
    problems = [problem for file in (WEIGHTS[name], CLASSES) if (problem := _problem(*file))]
    if not problems:
        return _from_cache(name)
    if _offline():
        raise MissingError(
            f"{' and '.join(problems)} in Keras's cache, and COURSECNN_OFFLINE is set: "
            "unset it, and ask for the download"
        )
    if not download:
        raise MissingError(
            f"{' and '.join(problems)} in Keras's cache: "
            f'load("{name}", download=True) fetches it from the network'
        )
    network = getattr(keras.applications, name)(weights="imagenet")
    keras.applications.imagenet_utils.decode_predictions(np.zeros((1, 1000)))  # has the names
    return network


def _problem(file: str, md5: str) -> str:
    """What is wrong with a file in Keras's cache; empty if nothing is."""
    try:
        with (_cache() / file).open("rb") as content:
            digest = hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False))
    except FileNotFoundError:
        return f"{file} missing"
    except OSError as error:
        return f"{file} unreadable ({error.strerror})"
    return "" if digest.hexdigest() == md5 else f"{file} damaged"


def _from_cache(name: str) -> keras.Model:
    """The network from checked files, in a way that cannot lead Keras to the network.

    Keras looks elsewhere for its files where it cannot write to its cache. So it is told the path
    of the weights, and given the names of the classes before it looks for them.
    """
    file, _ = WEIGHTS[name]
    network = getattr(keras.applications, name)(weights=str(_cache() / file))
    names = json.loads((_cache() / CLASSES[0]).read_text(encoding="utf-8"))
    decoder = keras.applications.imagenet_utils.decode_predictions
    sys.modules[decoder.__module__].CLASS_INDEX = names  # type: ignore[attr-defined]
    return network


def _cache() -> Path:
    # Unlike Path.expanduser, this survives a user without a home directory.
    home = os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras"))  # noqa: PTH111
    return Path(home) / "models"


def _offline() -> bool:
    return os.environ.get("COURSECNN_OFFLINE", "0") not in {"", "0"}
