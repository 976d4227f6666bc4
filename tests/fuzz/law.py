"""What must hold of every input, and how it is told."""

from __future__ import annotations

import contextlib
import re
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.fuzz.damage import IN_PLACE, TRACE
from tests.fuzz.kinds import FORMATS, Format

SECONDS, PATIENCE = 10, 60  # of the processor, and of the clock
MEMORY = 512 * 2**20  # bytes above what the process held before
MOST_MAPPED = 4 * 2**30  # bytes, so that a bomb ends an input and not the machine
LONGEST = 600  # characters of a line of a refusal
PLACE_SHARE = 0.02  # of the inputs: something else lies in the file's place


class UnsoundError(AssertionError):
    """An input that was neither read rightly nor refused in our words."""


def outcome(name: str, index: int, folder: Path) -> str:
    """Hand in one input, and return whether it was "read" or "refused".

    Args:
        name: of the format.
        index: which of its inputs.
        folder: where to write it; empty.

    Raises:
        UnsoundError: if another exception than a refusal is raised, or one that does not name the
            file; if what was read is not right; if something on the disk has changed; if code was
            run that the file brought along; or if it took too long, or too much memory.
    """
    form, rng = FORMATS[name], Random(f"{name} {index}")
    files, victim = form.spoilt(rng)
    for each, content in files.items():
        (folder / each).write_bytes(content)
    path = folder / victim
    if form.in_places and rng.random() < PLACE_SHARE:
        path.unlink()
        rng.choice(IN_PLACE)(path)
    before = _state(folder)
    with _bounded(form):
        said = _said(form, path)
    if _state(folder) != before:
        raise UnsoundError("something on the disk has changed")
    if TRACE.exists():
        TRACE.unlink()
        raise UnsoundError("code was run that the file brought along")
    return said


def _said(form: Format, path: Path) -> str:
    try:
        form.read(path)
    except UnsoundError:
        raise
    except Exception as error:
        words = f"{type(error).__name__}: {error}"[:500]
        if type(error) not in form.refusals:
            raise UnsoundError(words) from error
        if path.name not in str(error) or max(map(len, str(error).splitlines())) > LONGEST:
            raise UnsoundError(f"refused in other words: {words}") from error
        return "refused"
    return "read"


def _state(folder: Path) -> dict[str, tuple[int, ...]]:
    stats = {str(path): path.lstat() for path in folder.rglob("*")}
    return {
        name: (stat.st_mode, stat.st_size, stat.st_mtime_ns, stat.st_ino)
        for name, stat in stats.items()
    }


@contextlib.contextmanager
def _bounded(form: Format) -> Iterator[None]:
    """See that it takes seconds, and memory for no more than a file can need."""

    def late(*_: object) -> None:
        raise UnsoundError("takes too long")

    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, late)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    limits, before = resource.getrlimit(resource.RLIMIT_AS), _peak(forget=True)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped() + MOST_MAPPED, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
            signal.setitimer(timer, 0)
    if form.is_light and (grown := _peak() - before) > MEMORY:
        raise UnsoundError(f"takes {grown / 2**20:,.0f} MiB")


def _peak(*, forget: bool = False) -> int:
    """The most bytes that this process held, ever or since it was told to forget; 0 if unknown."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    if forget:
        Path("/proc/self/clear_refs").write_text("5")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _mapped() -> int:
    """The bytes of memory that this process has asked for, used or not."""
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return 2**40
    return int(pages.read_text().split()[0]) * resource.getpagesize()
