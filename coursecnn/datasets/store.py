"""Where the official files are looked for, in which order, and what takes their place."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pooch

from coursecnn._files import require_writable
from coursecnn.datasets import standin
from coursecnn.datasets.dataset import Arrays, Dataset
from coursecnn.datasets.download import DownloadError, download, locked, tell
from coursecnn.datasets.official import CIFAR10, MNIST, CorruptedError, Official

OFFICIAL = {official.name: official for official in (MNIST, CIFAR10)}
NAMES = tuple(OFFICIAL)
STAND_INS: dict[str, Callable[[], Arrays]] = {
    "mnist": lambda: standin.digits(28),
    "cifar10": lambda: standin.coloured_digits(32),
}


class UnavailableError(OSError):
    """The official files are not on this machine and could not be fetched; says what was tried."""


@dataclass(frozen=True)
class Place:
    """Somewhere the official files may lie."""

    label: str
    path: Path


def mnist() -> Dataset:
    """MNIST: 60,000 training and 10,000 test images of handwritten digits, 28×28×1.

    Source: LeCun, Bottou, Bengio and Haffner, *Gradient-based learning applied to document
    recognition*, 1998. Where the files cannot be had, the offline stand-in, said on stderr.

    >>> mnist().x_train.shape[1:]
    (28, 28, 1)
    """
    return load(MNIST)


def cifar10() -> Dataset:
    """CIFAR-10: 50,000 training and 10,000 test photographs, 32×32×3, in 10 classes.

    Source: Krizhevsky, *Learning multiple layers of features from tiny images*, 2009. Where the
    files cannot be had, the offline stand-in, said on stderr.

    >>> cifar10().x_train.shape[1:]
    (32, 32, 3)
    """
    return load(CIFAR10)


def stand_in(name: str) -> Dataset:
    """The offline stand-in for the dataset `name`: 10,000 training and 2,000 test images.

    Raises:
        ValueError: if there is no such dataset.

    >>> stand_in("mnist")
    mnist (offline stand-in): 10,000 training and 2,000 test images of 28×28×1 in 10 classes
    """
    source = "offline stand-in: scikit-learn's bundled digits and photographs"
    return Dataset.of(official_named(name).name, STAND_INS[name](), source, official=False)


def available(name: str) -> bool:
    """Whether the official files of `name` are on this machine already, checked; no network.

    >>> available("cifar100")
    Traceback (most recent call last):
    ValueError: name must be one of 'mnist', 'cifar10', got 'cifar100'
    """
    return locate(name) is not None


def locate(name: str) -> Path | None:
    """Where the official files of `name` are on this machine, checked; None if nowhere.

    >>> locate("cifar100")
    Traceback (most recent call last):
    ValueError: name must be one of 'mnist', 'cifar10', got 'cifar100'
    """
    found = _find(official_named(name), [])
    return found[0].path if found else None


def fetch(name: str, progress: bool = True) -> Path:
    """Find the official files of `name`, or download them into the package's cache.

    Args:
        name: one of `NAMES`.
        progress: whether to draw a progress bar on stderr.

    Returns:
        The file `mnist.npz` or the folder `cifar-10-batches-py`.

    Raises:
        ValueError: if there is no such dataset.
        UnavailableError: if no place has them; the message says what was tried and what helps.

    >>> fetch("cifar100")
    Traceback (most recent call last):
    ValueError: name must be one of 'mnist', 'cifar10', got 'cifar100'
    """
    place, _ = obtain(official_named(name), progress)
    return place.path


def describe(name: str) -> str:
    """One line on what this machine has of the dataset `name`, for the command line.

    >>> describe("mnist").startswith("mnist: ")
    True
    """
    official = official_named(name)
    found = _find(official, [])
    if found:
        return f"{name}: official, in {found[0].label}: {found[0].path}"
    size = official.archive.size / 1e6
    return f"{name}: not on this machine ({size:.0f} MB to download); the stand-in takes its place"


def official_named(name: str) -> Official:
    """The published dataset `name`; raises ValueError if there is none."""
    if name not in OFFICIAL:
        raise ValueError(f"name must be one of {', '.join(map(repr, NAMES))}, got {name!r}")
    return OFFICIAL[name]


def load(official: Official) -> Dataset:
    """The official dataset, or its stand-in, announced on stderr."""
    try:
        place, arrays = obtain(official, progress=True)
    except UnavailableError as error:
        tell(str(error))
        tell(f"WARNING: these images are the offline stand-in, NOT the official {official.name}.")
        return stand_in(official.name)
    return Dataset.of(official.name, arrays, place.label, official=True)


def obtain(official: Official, progress: bool) -> tuple[Place, Arrays]:
    """The first place that has the official files, downloading them if none has.

    Raises:
        UnavailableError: if none has them, with what was tried.
    """
    tried: list[str] = []
    found = _find(official, tried)
    if found:
        return found
    if os.environ.get("COURSECNN_OFFLINE", "0") not in {"", "0"}:
        tried.append("the network: not tried, because COURSECNN_OFFLINE is set")
    else:
        try:
            return _download(official, progress)
        except (DownloadError, CorruptedError, OSError) as error:
            tried.append(str(error))
    raise UnavailableError(
        f"The official files of {official.name} are not here. Tried:\n"
        + "".join(f"  - {line}\n" for line in tried)
        + "To have them: run `coursecnn data` where there is a network, or set COURSECNN_DATA to a "
        f"folder that holds {official.path}."
    )


def _find(official: Official, tried: list[str]) -> tuple[Place, Arrays] | None:
    """The first place whose files are official, with their content; else what failed in `tried`."""
    for place in places(official):
        try:
            return place, official.read(place.path, official.parts)
        except (FileNotFoundError, NotADirectoryError):
            tried.append(f"{place.label}: nothing at {place.path}")
        except (CorruptedError, OSError) as error:
            tried.append(f"{place.label}: {error}")
            tell(f"{place.path} is not the official {official.name} and is not used: {error}.")
    return None


def places(official: Official) -> Iterator[Place]:
    """Where the files may lie on this machine, in the order of the search."""
    if folder := os.environ.get("COURSECNN_DATA"):
        yield Place("COURSECNN_DATA", Path(folder).expanduser() / official.path)
    yield Place("the package's cache", cache_folder() / official.path)
    keras = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "datasets"
    for path in official.keras_paths:
        yield Place("Keras's cache", keras / path)
    if _temporary_folder.cache_info().currsize:
        yield Place("a temporary folder", _temporary_folder() / official.path)


def cache_folder() -> Path:
    """The folder that downloads are kept in."""
    return Path(pooch.os_cache("coursecnn"))


@functools.cache
def _temporary_folder() -> Path:
    """A folder that lives as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="coursecnn-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _writable_folder() -> Path:
    """The package's cache, or a temporary folder where that cannot be written to."""
    folder = cache_folder()
    try:
        require_writable(folder)
    except OSError as error:
        temporary = _temporary_folder()
        tell(
            f"{folder} cannot be written to ({error}); downloading into {temporary}, which goes "
            "when this process ends. Set COURSECNN_DATA to keep the files."
        )
        return temporary
    return folder


def _download(official: Official, progress: bool) -> tuple[Place, Arrays]:
    folder = _writable_folder()
    path = folder / official.path
    with locked(folder / f"{official.name}.lock"):
        with contextlib.suppress(FileNotFoundError, CorruptedError):
            # Another process may have fetched the files while this one waited for the lock.
            return Place("the package's cache", path), official.read(path, official.parts)
        url = download(official.archive, folder, progress)
        archive = folder / official.archive.filename
        if official.unpack:
            official.unpack(archive, path, official.parts)
            archive.unlink()
    place = Place(f"download from {urlsplit(url).hostname}", path)
    return place, official.read(path, official.parts)
