"""A sample of the fuzz, and the proof that it can fail; `python -m tests.fuzz` hands in more."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz import law
from tests.fuzz.damage import TRACE
from tests.fuzz.kinds import FORMATS, Format

INPUTS = 20


@pytest.mark.parametrize("name", FORMATS)
def test_whatever_is_handed_in_is_read_rightly_or_refused_in_our_words(tmp_path, name):
    counts: Counter[str] = Counter()
    for index in range(INPUTS):
        folder = tmp_path / str(index)
        folder.mkdir()
        counts[law.outcome(name, index, folder)] += 1
    assert counts["refused"] > INPUTS // 3


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_sound_is_read(tmp_path, name):
    for file, content in FORMATS[name].files().items():
        (tmp_path / file).write_bytes(content)
    for file in FORMATS[name].files():
        FORMATS[name].read(tmp_path / file)


def wait(_: Path) -> None:
    while time.process_time():
        pass


def raising(error: Exception) -> Callable[[Path], None]:
    def read(_: Path) -> None:
        raise error

    return read


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (raising(KeyError("a.txt")), "KeyError: 'a.txt'"),
        (raising(UnicodeError("a.txt")), "UnicodeError: a.txt"),  # a kind of ValueError
        (raising(ValueError("no")), "refused in other words: ValueError: no"),
        (raising(ValueError("a.txt" + "!" * 1_000)), "refused in other words"),
        (raising(AssertionError("another seal")), "AssertionError: another seal"),
        (lambda path: path.write_bytes(b""), "something on the disk has changed"),
        (lambda path: path.with_name("b").touch(), "something on the disk has changed"),
        (lambda _: TRACE.touch(), "code was run"),
        (lambda _: bytearray(law.MEMORY + 2**24), "takes 5.. MiB"),
        (wait, "takes too long"),
    ],
)
def test_the_fuzz_finds(tmp_path, monkeypatch, read, words):
    if read is wait:
        monkeypatch.setattr(law, "SECONDS", 1)
    broken = Format(lambda: {"a.txt": b"1"}, read, lambda content, _: content, in_places=False)
    monkeypatch.setitem(FORMATS, "broken", broken)
    with pytest.raises(law.UnsoundError, match=words):
        law.outcome("broken", 0, tmp_path)
