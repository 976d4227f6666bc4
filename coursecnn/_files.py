"""Files that are never half written, folders that take them, and files that anybody may have made.

- `write_atomically`: a file that holds the old content or the new;
- `require_writable`: a folder that takes files;
- `read_file`: the content of a file that somebody hands in.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows; leftovers of killed writers stay there
    fcntl = None  # type: ignore[assignment]

__all__ = ["read_file", "require_writable", "write_atomically"]


def read_file(path: Path, kind: str, most: int) -> bytes:
    """Read a file that somebody hands in, if it is one, and no larger than it can be.

    Args:
        path: the file.
        kind: what it should be, for the message.
        most: how many bytes it can have.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if something else lies there, or a file that is larger or cannot be read.

    >>> read_file(Path("/"), "record", most=10)
    Traceback (most recent call last):
    ValueError: / is a folder, not a record
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise ValueError(f"{path} is a folder, not a {kind}")
        if not stat.S_ISREG(found.st_mode):  # a pipe, for which one waits, or what never ends
            raise ValueError(f"{path} is not a file, so it is no {kind}")
        if found.st_size > most:
            raise ValueError(
                f"{path} has {found.st_size:,} bytes, more than {most:,}, so it is no {kind}"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no {kind} {path}") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from error


def require_writable(folder: Path) -> None:
    """Make the folder if there is none, and try whether a file can be written into it.

    Raises:
        OSError: if not.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     require_writable(Path(folder) / "results")
    ...     [path.name for path in Path(folder).iterdir()]
    ['results']
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file such that it holds the old content or the new, whenever the power fails.

    What writers of the same file left behind when they were killed is removed.

    Args:
        path: the file; its folder is made if there is none.
        content: all of the file's new content.

    Raises:
        OSError: if the folder cannot be written to; names the file, and the old one is untouched.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "new" / "record.json", b"{}")
    ...     (Path(folder) / "new" / "record.json").read_bytes()
    b'{}'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    handle, temporary = _part(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if fcntl is None:  # Windows moves no file that is open
                file.close()
            temporary.chmod(path.stat().st_mode if path.exists() else 0o644)
            temporary.replace(path)
    except OSError as error:
        error.filename = str(path)  # of a full disk, the system does not say where
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _part(path: Path) -> tuple[int, Path]:
    """Open a new file beside `path`, locked, which tells others that its writer lives."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        if fcntl is None:
            return handle, Path(name)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if Path(name).exists():  # and was not swept before it was locked
            return handle, Path(name)
        os.close(handle)


def _sweep(path: Path) -> None:
    """Remove the unfinished files of writers that are dead: nobody locks them any more."""
    if fcntl is None:
        return
    for left in path.parent.glob(f".{path.name}.*.part"):
        with contextlib.suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()
