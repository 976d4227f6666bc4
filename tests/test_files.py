"""A file holds its old content or its new, never a part."""

import signal
import subprocess
import sys

import pytest

from coursecnn import _files


def test_a_file_is_written_and_its_folder_made(tmp_path):
    _files.write_atomically(tmp_path / "deep" / "file", b"content")
    assert (tmp_path / "deep" / "file").read_bytes() == b"content"


def test_a_folder_that_takes_files_is_made_and_left_empty(tmp_path):
    _files.require_writable(tmp_path / "deep" / "folder")
    assert list((tmp_path / "deep" / "folder").iterdir()) == []


def test_a_folder_that_takes_no_files_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        _files.require_writable(tmp_path / "file" / "folder")


def test_the_old_file_survives_a_failing_write(tmp_path, monkeypatch):
    path = tmp_path / "kept"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files.os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*kept'"):
        _files.write_atomically(path, b"new")

    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("kept", b"old")]


WRITER = """
import os, signal, sys
from pathlib import Path
from coursecnn import _files
if sys.argv[2] == "killed":
    _files.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
else:
    _files.os.fsync = lambda _: (print("writing", flush=True), sys.stdin.readline())
_files.write_atomically(Path(sys.argv[1]), b"new")
"""


def test_what_a_killed_writer_left_is_swept_by_the_next_one(tmp_path):
    path = tmp_path / "record.json"
    killed = subprocess.run([sys.executable, "-c", WRITER, path, "killed"], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".record.json.*.part"))) == 1
    other = tmp_path / ".other.json.abc.part"
    other.touch()

    _files.write_atomically(path, b"content")

    assert sorted(tmp_path.iterdir()) == [other, path]


def test_a_writer_that_lives_is_left_alone(tmp_path):
    path = tmp_path / "record.json"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, path, "slow"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout.readline() == "writing\n"

    _files.write_atomically(path, b"first")
    assert path.read_bytes() == b"first"
    writer.communicate("go on\n")

    assert (writer.returncode, path.read_bytes()) == (0, b"new")
    assert list(tmp_path.iterdir()) == [path]
