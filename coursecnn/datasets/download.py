"""Downloads that resume, on top of pooch: one archive, from the first source that serves it whole.

pooch checks the digest and gives the file its name; what it leaves to a *downloader* is done here:
picking up where an interrupted download stopped, and going on to the next source in time (see
`transfer`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pooch
from tqdm import tqdm

from coursecnn.datasets.registry import Archive
from coursecnn.datasets.transfer import InterruptedTransferError, answered, chunks

# Tries that bring fewer new bytes than this, one after the other, before the next source's turn.
TRIES, ENOUGH = 3, 1 << 16


class DownloadError(OSError):
    """No source could serve the archive; says why each failed."""


def download(archive: Archive, folder: Path, *, progress: bool = True) -> str:
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
        except (OSError, ValueError, InterruptedTransferError) as error:
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
        # What an earlier try left may have been the wrong part.
        pooch.retrieve(url, **arguments)


@dataclass(frozen=True)
class Resumable:
    """A pooch downloader that keeps what it has in `partial`, and starts from there next time."""

    archive: Archive
    partial: Path
    progress: bool = True

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:  # noqa: ARG002
        """Download `url` to `output_file`; pooch passes itself as the third argument."""
        before, tries = self._received(), 0
        while self._received() < self.archive.size:
            try:
                self._stream(url)
            except InterruptedTransferError:
                tries = 0 if self._received() >= before + ENOUGH else tries + 1
                before = self._received()
                if tries >= TRIES:
                    raise
                time.sleep(0.5 * 2**tries)
        self.partial.replace(output_file)

    def _received(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0

    def _stream(self, url: str) -> None:
        """Ask for what is missing and append what comes."""
        start = self._received()
        headers = {"Accept-Encoding": "identity", "User-Agent": "coursecnn"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with answered(url, headers) as response:
            if response.status_code != 206:
                start = 0
            self._check_length(start, response.headers.get("Content-Length"))
            self._append(start, response)

    def _check_length(self, start: int, length: str | None) -> None:
        if length is None:
            return
        if not length.isdecimal():
            raise ValueError(f"says that it serves {length!r} bytes")
        if start + int(length) != self.archive.size:
            raise ValueError(
                f"serves {start + int(length):,} bytes instead of {self.archive.size:,}"
            )

    def _append(self, start: int, response: Any) -> None:
        """Write each piece as it comes, so that a process that is killed has lost little."""
        with self._bar(start) as bar, self.partial.open("ab" if start else "wb", 0) as file:
            for chunk in chunks(response):
                start += len(chunk)
                if start > self.archive.size:
                    self.partial.unlink()
                    raise ValueError(f"serves more than {self.archive.size:,} bytes")
                file.write(chunk)
                bar.update(len(chunk))
        if start < self.archive.size:
            raise InterruptedTransferError(
                f"stopped after {start:,} of {self.archive.size:,} bytes"
            )

    def _bar(self, start: int) -> tqdm[Any]:
        return tqdm(
            desc=self.archive.filename,
            total=self.archive.size,
            initial=start,
            unit="B",
            unit_scale=True,
            disable=not self.progress,
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`: of several processes, one downloads and the others wait.

    The system lets go of the lock when a process ends, however it ends.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell(f"another process is downloading; waiting for it to let go of {path}.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def tell(message: str) -> None:
    """Say something on stderr."""
    print(f"coursecnn: {message}", file=sys.stderr, flush=True)
