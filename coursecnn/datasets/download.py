"""Downloads that resume, on top of pooch: one archive, from the first source that serves it whole.

pooch checks the digest and gives the file its name; what it leaves to a *downloader* is done here:
picking up where an interrupted download stopped, waiting when a server asks to, giving up early on
one that does not answer or serves something else.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pooch
from tqdm import tqdm

from coursecnn.datasets.official import Archive

# Seconds to wait for a connection, and for the next bytes.
TIMEOUTS = (5.0, 20.0)
# Tries without any new byte before the next source has its turn.
TRIES = 3
# Seconds: a server that asks for a longer pause than this is left for the next one.
LONGEST_PAUSE = 30.0


class DownloadError(OSError):
    """No source could serve the archive; says why each failed."""


class _InterruptedError(Exception):
    """A try failed that is worth repeating, after a pause of so many seconds."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


def download(archive: Archive, folder: Path, progress: bool = True) -> str:
    """Put `archive` into `folder`, whole and checked.

    Returns:
        The address that served it.

    Raises:
        DownloadError: if no source did, with the reason for each.
    """
    failures = []
    for url in archive.urls:
        try:
            _retrieve(archive, url, folder, progress)
        except (OSError, ValueError, _InterruptedError) as error:
            failures.append(f"{url}: {_reason(error)}")
        else:
            return url
    raise DownloadError("\n  - ".join(failures))


def _reason(error: Exception) -> str:
    """What went wrong, without the address that the libraries repeat."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "does not answer in time"
    if isinstance(error, requests.ConnectionError) and error.args:
        # urllib3 wraps the cause, for example a name that no server knows.
        return str(getattr(error.args[0], "reason", error))
    return str(error)


def _retrieve(archive: Archive, url: str, folder: Path, progress: bool) -> None:
    downloader = Resumable(archive, folder / f"{archive.filename}.part", progress)
    resumed = downloader.partial.exists()
    arguments: dict[str, Any] = {
        "known_hash": f"sha256:{archive.sha256}",
        "fname": archive.filename,
        "path": folder,
        "downloader": downloader,
    }
    try:
        pooch.retrieve(url, **arguments)
    except ValueError:
        if not resumed:
            raise
        # What an earlier try left behind may have been the wrong part.
        pooch.retrieve(url, **arguments)


@dataclass(frozen=True)
class Resumable:
    """A pooch downloader that keeps what it has in `partial`, and starts from there next time."""

    archive: Archive
    partial: Path
    progress: bool = True

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:  # noqa: ARG002
        """Download `url` to `output_file`; pooch passes itself as the third argument."""
        most, tries = self._received(), 0
        while self._received() < self.archive.size:
            try:
                self._stream(url)
            except _InterruptedError as error:
                tries = 0 if self._received() > most else tries + 1
                most = max(most, self._received())
                if tries >= TRIES:
                    raise
                time.sleep(error.pause if error.pause is not None else 0.5 * 2**tries)
        self.partial.replace(output_file)

    def _received(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0

    def _stream(self, url: str) -> None:
        """Ask for what is missing and append what comes."""
        import requests
        import urllib3

        start = self._received()
        headers = {"Accept-Encoding": "identity", "User-Agent": "coursecnn"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUTS) as response:
            _check_status(response)
            if response.status_code != 206:
                start = 0
            self._check_length(start, response.headers.get("Content-Length"))
            try:
                self._append(start, response.raw)
            except urllib3.exceptions.HTTPError as error:
                raise _InterruptedError(f"the connection broke: {error}") from error

    def _check_length(self, start: int, length: str | None) -> None:
        if length is not None and start + int(length) != self.archive.size:
            raise ValueError(
                f"serves {start + int(length):,} bytes instead of {self.archive.size:,}"
            )

    def _append(self, start: int, stream: Any) -> None:
        bar = tqdm(
            desc=self.archive.filename,
            total=self.archive.size,
            initial=start,
            unit="B",
            unit_scale=True,
            disable=not self.progress,
        )
        with bar, self.partial.open("ab" if start else "wb") as file:
            for chunk in stream.stream(1 << 16, decode_content=False):
                start += len(chunk)
                if start > self.archive.size:
                    self.partial.unlink()
                    raise ValueError(f"serves more than {self.archive.size:,} bytes")
                file.write(chunk)
                bar.update(len(chunk))
        if start < self.archive.size:
            raise _InterruptedError(f"stopped after {start:,} of {self.archive.size:,} bytes")


def _check_status(response: Any) -> None:
    """Raise what a status deserves: a pause for a busy server, the end for any other refusal."""
    if response.status_code == 429 or response.status_code >= 500:
        asked = response.headers.get("Retry-After", "")
        pause = float(asked) if asked.isdigit() else None
        if pause is None or pause <= LONGEST_PAUSE:
            raise _InterruptedError(f"answers {response.status_code} {response.reason}", pause)
    response.raise_for_status()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`: of several processes, one downloads and the others wait.

    The system lets go of the lock when a process ends, however it ends.
    """
    with path.open("ab") as file:
        if not _try_lock(file):
            tell(f"another process is downloading; waiting for it to let go of {path}.")
            while not _try_lock(file):
                time.sleep(0.2)
        yield


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def tell(message: str) -> None:
    """Say something on stderr."""
    print(f"coursecnn: {message}", file=sys.stderr, flush=True)
