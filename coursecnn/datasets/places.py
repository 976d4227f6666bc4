"""Where the official files may lie on this machine, and where downloads are kept."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pooch

from coursecnn._files import require_writable
from coursecnn.datasets.official import OFFICIAL, Official

# How many names of a folder a message lists.
LISTED = 4


@dataclass(frozen=True)
class Place:
    """Somewhere the official files may lie.

    Attributes:
        label: in words, without a folder of this machine.
        path: the file or the folder.
        absent: what to say if nothing is there, where there is more to say than that.
    """

    label: str
    path: Path
    absent: str = ""

    def nothing(self) -> str:
        """What to say if nothing is there."""
        return self.absent or f"nothing at {self.path}"


def places(official: Official) -> Iterator[Place]:
    """Where the files may lie on this machine, in the order of the search."""
    yield from _named_by_the_user(official)
    if (cache := cache_folder()) is not None:
        yield Place("the package's cache", cache / official.path)
    if (keras := _keras_folder()) is not None:
        for path in official.published.keras_paths:
            yield Place("Keras's cache", keras / path)
    if _made_temporary():
        yield Place("a temporary folder", temporary_folder() / official.path)


def _named_by_the_user(official: Official) -> Iterator[Place]:
    """What `COURSECNN_DATA` names: the data folder, the files themselves, or a folder around."""
    named = os.environ.get("COURSECNN_DATA")
    if not named:
        return
    root = _expanded(named)
    candidates = dict.fromkeys(_candidates(root, official))
    found = [path for path in candidates if _lies_at(official, path)]
    for path in found or [root / official.path]:
        yield Place("COURSECNN_DATA", path, _absent(root, official))


def _candidates(root: Path, official: Official) -> Iterator[Path]:
    yield root / official.path
    yield root
    if root.name in {other.path for other in OFFICIAL.values()}:
        yield root.parent / official.path
    yield from sorted(root.glob(f"*/{official.path}"))


def _lies_at(official: Official, path: Path) -> bool:
    """Whether files are there, or something that cannot be looked at, which reading will tell."""
    try:
        return official.lies_at(path)
    except OSError:
        return True


def _absent(root: Path, official: Official) -> str:
    """What is wrong with a variable that does not lead to the files."""
    if root.is_dir():
        return f"no {official.path} in {root}, which {_listing(root)}"
    if root.exists():
        return f"{root} is a file, not a folder that holds {official.path}"
    return f"there is no {root}"


def _listing(folder: Path) -> str:
    """What a folder holds, in a few words."""
    try:
        names = [path.name for path in islice(folder.iterdir(), LISTED + 1)]
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    more = " and more" if len(names) > LISTED else ""
    return f"holds {', '.join(sorted(names[:LISTED]))}{more}" if names else "is empty"


def cache_folder() -> Path | None:
    """The folder that downloads are kept in; None if this user has no home directory."""
    try:
        return _at_home(str(pooch.os_cache("coursecnn")))
    except (RuntimeError, KeyError):
        return None


def _keras_folder() -> Path | None:
    home = _at_home(os.environ.get("KERAS_HOME") or "~/.keras")
    return home and home / "datasets"


def _at_home(path: str) -> Path | None:
    """The path with `~` replaced; None if there is no home directory to put in its place."""
    expanded = _expanded(path)
    return None if expanded.parts[:1] == ("~",) else expanded


def _expanded(path: str) -> Path:
    """The path with `~` replaced, where there is a home directory."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, KeyError):
        return Path(path)


def writable_folder() -> tuple[Path, str]:
    """The package's cache, or a temporary folder and the reason why it takes its place."""
    folder = cache_folder()
    if folder is None:
        return temporary_folder(), "there is no home directory to keep files in"
    try:
        require_writable(folder)
    except OSError as error:
        return temporary_folder(), f"{folder} cannot be written to ({error})"
    return folder, ""


@functools.cache
def temporary_folder() -> Path:
    """A folder that lives as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="coursecnn-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _made_temporary() -> bool:
    return temporary_folder.cache_info().currsize > 0
