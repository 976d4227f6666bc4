"""A file holds its old content or its new, never a part."""

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
        raise OSError("no space left on device")

    monkeypatch.setattr(_files.os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        _files.write_atomically(path, b"new")

    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("kept", b"old")]
