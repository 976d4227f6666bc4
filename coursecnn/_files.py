"""Files that are never half written, and folders that take them."""

import os
import tempfile
from pathlib import Path

__all__ = ["require_writable", "write_atomically"]


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

    Args:
        path: the file; its folder is made if there is none.
        content: all of the file's new content.

    Raises:
        OSError: if the folder cannot be written to; the old file is untouched.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "new" / "record.json", b"{}")
    ...     (Path(folder) / "new" / "record.json").read_bytes()
    b'{}'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(path.stat().st_mode if path.exists() else 0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
