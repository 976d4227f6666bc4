"""The datasets: found on this machine, downloaded, or replaced by the offline stand-in."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from coursecnn.datasets import places, standin, verified
from coursecnn.datasets.arrays import Arrays
from coursecnn.datasets.dataset import STAND_IN, Dataset
from coursecnn.datasets.download import DownloadError, download, locked, tell
from coursecnn.datasets.official import CIFAR10, MNIST, Official, official_named
from coursecnn.datasets.places import Place
from coursecnn.datasets.registry import CorruptedError

STAND_INS: dict[str, Callable[[], Arrays]] = {
    "mnist": lambda: standin.digits(28),
    "cifar10": lambda: standin.coloured_digits(32),
}
T = TypeVar("T")


class UnavailableError(OSError):
    """The official files are not on this machine and could not be fetched; says what was tried."""


@dataclass(frozen=True)
class Problem:
    """Why a place does not do: nothing is there, or what is there is not official."""

    place: Place
    reason: str
    absent: bool

    def __str__(self) -> str:
        where = "" if self.absent else f"{self.place.path}: "
        return f"{self.place.label}: {where}{self.reason}"


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
    source = f"{STAND_IN}: scikit-learn's bundled digits and photographs"
    return Dataset.of(official_named(name).name, STAND_INS[name](), source, official=False)


def available(name: str) -> bool:
    """Whether the official files of `name` are on this machine already, checked; no network.

    Files that were checked in this process, and have not changed since, are not read again.

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
    found, _ = _search(official_named(name), verified.verify)
    return found[0].path if found else None


def fetch(name: str, *, progress: bool = True) -> Path:
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
    keep = functools.partial(verified.verify, keep=True)
    place, _ = _obtain(official_named(name), keep, progress)
    return place.path


def describe(name: str) -> str:
    """What this machine has of the dataset `name`, for the command line; no network.

    One line if all is well; a line more for each place that was looked at in vain, and for a
    variable `COURSECNN_DATA` that does not lead to the files.

    >>> describe("mnist").startswith("mnist: ")
    True
    """
    official = official_named(name)
    found, problems = _search(official, verified.verify)
    if found:
        headline = f"{name}: official, in {found[0].label}: {found[0].path}"
        problems = [each for each in problems if each.place.label == "COURSECNN_DATA"]
    else:
        size = official.published.archive.size / 1e6
        looked = "Looked for in:" if problems else "There is no home directory to look in."
        headline = (
            f"{name}: not on this machine ({size:.0f} MB to download); "
            f"the stand-in takes its place. {looked}"
        )
    return "\n".join([headline, *(f"  - {problem}" for problem in problems)])


def load(official: Official) -> Dataset:
    """The official dataset, or its stand-in, announced on stderr."""
    try:
        place, arrays = _obtain(official, verified.read, progress=True)
    except UnavailableError as error:
        tell(str(error))
        tell(f"WARNING: these images are the offline stand-in, NOT the official {official.name}.")
        return stand_in(official.name)
    return Dataset.of(official.name, arrays, place.label, official=True)


Reader = Callable[[Official, Path], T]


def _obtain(official: Official, read: Reader[T], progress: bool) -> tuple[Place, T]:
    """The first place that has the official files, downloading them if none has.

    Raises:
        UnavailableError: if none has them, with what was tried.
    """
    found, problems = _search(official, read)
    for problem in problems:
        if not problem.absent:
            path, reason = problem.place.path, problem.reason
            tell(f"{path} is not the official {official.name} and is not used: {reason}.")
    if found:
        return found
    tried = [str(problem) for problem in problems]
    if os.environ.get("COURSECNN_OFFLINE", "0") not in {"", "0"}:
        tried.append("the network: not tried, because COURSECNN_OFFLINE is set")
    else:
        try:
            return _download(official, read, progress)
        except (DownloadError, CorruptedError, OSError) as error:
            tried.append(str(error))
    raise UnavailableError(_unavailable(official, tried))


def _unavailable(official: Official, tried: list[str]) -> str:
    return (
        f"The official files of {official.name} are not here. Tried:\n"
        + "".join(f"  - {line}\n" for line in tried)
        + "To have them: run `coursecnn data` where there is a network, or set COURSECNN_DATA to a "
        f"folder that holds {official.path}."
    )


def _search(official: Official, read: Reader[T]) -> tuple[tuple[Place, T] | None, list[Problem]]:
    """The first place whose files are official, with what `read` says, and why others do not do."""
    problems: list[Problem] = []
    for place in places.places(official):
        try:
            return (place, read(official, place.path)), problems
        except (FileNotFoundError, NotADirectoryError):
            problems.append(Problem(place, place.nothing(), absent=True))
        except (CorruptedError, OSError) as error:
            problems.append(Problem(place, str(error), absent=False))
    return None, problems


def _download(official: Official, read: Reader[T], progress: bool) -> tuple[Place, T]:
    folder, reason = places.writable_folder()
    if reason:
        tell(
            f"{reason}; downloading into {folder}, which goes when this process ends. "
            "Set COURSECNN_DATA to keep the files."
        )
    path = folder / official.path
    with locked(folder / f"{official.name}.lock"):
        with contextlib.suppress(FileNotFoundError, CorruptedError):
            # Another process may have fetched the files while this one waited for the lock.
            return Place("the package's cache", path), read(official, path)
        url = _fetch_archive(official, folder, progress)
    return Place(f"download from {urlsplit(url).hostname}", path), read(official, path)


def _fetch_archive(official: Official, folder: Path, progress: bool) -> str:
    """Download and unpack; the address that served."""
    published = official.published
    url = download(published.archive, folder, progress=progress)
    if official.unpack:
        archive = folder / published.archive.filename
        official.unpack(archive, folder / official.path, published.parts)
        archive.unlink()
    return url
