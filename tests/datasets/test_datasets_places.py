"""Where the files are looked for, what is said where they are not, and how often they are read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from coursecnn import datasets
from coursecnn.datasets import formats, store, verified
from coursecnn.datasets.arrays import Arrays
from coursecnn.datasets.official import OFFICIAL, Official
from coursecnn.datasets.registry import CorruptedError
from tests.small_datasets import npz, small_cifar10, small_mnist, write


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with empty caches, no network, and small datasets; its home."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")
    monkeypatch.delenv("COURSECNN_DATA", raising=False)
    monkeypatch.setitem(OFFICIAL, "mnist", small_mnist()[0])
    monkeypatch.setitem(OFFICIAL, "cifar10", small_cifar10()[0])
    return tmp_path


@pytest.fixture
def data(machine: Path) -> Path:
    """A folder that holds both datasets."""
    folder = write(machine / "home" / "data", {"mnist.npz": small_mnist()[1]})
    write(folder / "cifar-10-batches-py", small_cifar10()[1])
    return folder


# --- what COURSECNN_DATA may name ---


@pytest.mark.parametrize("named", ["", "..", "cifar-10-batches-py", "mnist.npz"])
@pytest.mark.parametrize("name", datasets.NAMES)
def test_the_variable_may_name_the_folder_the_files_or_the_folder_above(
    data: Path, monkeypatch: pytest.MonkeyPatch, named: str, name: str
) -> None:
    monkeypatch.setenv("COURSECNN_DATA", str((data / named).resolve()))

    assert datasets.locate(name) == data / OFFICIAL[name].path
    assert store.load(OFFICIAL[name]).provenance.source == "COURSECNN_DATA"
    assert datasets.describe(name).count("\n") == 0


def test_the_files_may_have_been_given_other_names(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, other in (("cifar10", "renamed"), ("mnist", "digits.npz")):
        moved = (data / OFFICIAL[name].path).rename(data / other)
        monkeypatch.setenv("COURSECNN_DATA", str(moved))
        assert datasets.locate(name) == moved


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("typo", r"COURSECNN_DATA: there is no .*typo"),
        ("empty", r"COURSECNN_DATA: no cifar-10-batches-py in .*empty, which is empty"),
        ("other", r"COURSECNN_DATA: no cifar-10-batches-py in .*other, which holds a, b$"),
        ("notes.txt", r"COURSECNN_DATA: .*notes.txt is a file, not a folder that holds cifar-10"),
    ],
)
def test_a_variable_that_leads_nowhere_is_said(
    machine: Path, monkeypatch: pytest.MonkeyPatch, named: str, said: str
) -> None:
    (machine / "empty").mkdir()
    write(machine / "other", {"a": b"", "b": b""})
    (machine / "notes.txt").write_text("shopping")
    monkeypatch.setenv("COURSECNN_DATA", str(machine / named))

    assert re.search(said, datasets.describe("cifar10"), re.MULTILINE)
    with pytest.raises(datasets.UnavailableError) as unavailable:
        datasets.fetch("cifar10")
    assert re.search(said, str(unavailable.value), re.MULTILINE)


def test_a_variable_that_leads_nowhere_is_said_even_if_another_place_has_the_files(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(machine / "cache" / "coursecnn", {"mnist.npz": small_mnist()[1]})
    monkeypatch.setenv("COURSECNN_DATA", str(machine / "typo"))

    first, second = datasets.describe("mnist").splitlines()

    assert first.startswith("mnist: official, in the package's cache: ")
    assert second == f"  - COURSECNN_DATA: there is no {machine / 'typo'}"


def test_the_status_names_every_place_that_was_looked_at(machine: Path) -> None:
    said = datasets.describe("mnist")

    assert "0 MB to download); the stand-in takes its place. Looked for in:" in said
    assert f"- the package's cache: nothing at {machine / 'cache' / 'coursecnn'}" in said
    assert f"- Keras's cache: nothing at {machine / 'keras' / 'datasets' / 'mnist.npz'}" in said


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (["data_batch_3"], "6 of 7 files: data_batch_3 is missing"),
        (["data_batch_3", "test_batch"], "5 of 7 files: data_batch_3, test_batch are missing"),
    ],
)
def test_files_that_are_missing_are_named(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    gone: list[str],
    said: str,
) -> None:
    monkeypatch.setenv("COURSECNN_DATA", str(data))
    for name in gone:
        (data / "cifar-10-batches-py" / name).unlink()

    expected = f"COURSECNN_DATA: {data / 'cifar-10-batches-py'}: {said}"
    assert expected in datasets.describe("cifar10")
    assert not store.load(OFFICIAL["cifar10"]).provenance.official
    assert expected in capsys.readouterr().err


# --- users without a home directory ---

KEPT = ("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")

PROGRAM = """
import os, pathlib, pwd, sys

def no_entry(uid):
    raise KeyError(uid)

pwd.getpwuid = no_entry
from coursecnn import datasets
print(datasets.describe("mnist"))
print(datasets.available("mnist"), datasets.locate("cifar10"))
print(datasets.mnist())
"""


@pytest.mark.slow
def test_a_user_without_a_home_directory_gets_the_stand_in(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    path = os.pathsep.join([root, kept.pop("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=kept | {"COURSECNN_OFFLINE": "1", "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "mnist: not on this machine" in done.stdout
    assert "There is no home directory to look in." in done.stdout
    assert "False None" in done.stdout
    assert "mnist (offline stand-in)" in done.stdout
    assert not list(tmp_path.iterdir()), "nothing is made in a folder called ~"


def test_a_home_directory_that_nobody_has_is_a_folder_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COURSECNN_DATA", "~nobody-of-this-name/data")
    assert "COURSECNN_DATA: there is no ~nobody-of-this-name" in datasets.describe("mnist")


# --- sizes before content ---


@pytest.mark.parametrize("name", ["mnist.npz", "cifar-10-batches-py/test_batch"])
def test_a_huge_file_is_refused_unread(
    data: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with (data / name).open("ab") as file:
        file.truncate(10_000_000_000)  # a sparse file, which takes no room on the disk
    monkeypatch.setattr("hashlib.sha256", lambda *_: pytest.fail("read"))
    monkeypatch.setattr("zipfile.ZipFile", lambda *_: pytest.fail("read"))
    dataset = "mnist" if name == "mnist.npz" else "cifar10"

    with pytest.raises(CorruptedError, match="has 10,000,000,000 bytes"):
        OFFICIAL[dataset].read(data / OFFICIAL[dataset].path)


def npy(shape: tuple[int, ...]) -> bytes:
    """An array that claims to have this shape, and has a few bytes."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + b"abc"


def test_an_array_that_claims_to_be_huge_is_refused(data: Path) -> None:
    with zipfile.ZipFile(data / "mnist.npz", "w") as archive:
        archive.writestr("x_train.npy", npy((10**12,)))

    with pytest.raises(CorruptedError, match=r"mnist.npz cannot be read: x_train claims the shape"):
        OFFICIAL["mnist"].read(data / "mnist.npz")


def test_a_member_that_claims_to_be_huge_is_refused_unread(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "HEADER_BYTES", -2_000_000)

    with pytest.raises(CorruptedError, match=r"has .* bytes"):
        OFFICIAL["mnist"].read(data / "mnist.npz")


def test_an_npz_with_wider_numbers_holds_the_same_images(data: Path) -> None:
    with np.load(data / "mnist.npz") as arrays:
        wide = {
            name: array.astype(np.int64 if name.startswith("y") else np.int16)
            for name, array in arrays.items()
        }
    narrow = OFFICIAL["mnist"].read(data / "mnist.npz")
    write(data, {"mnist.npz": npz(**wide)})

    assert OFFICIAL["mnist"].read(data / "mnist.npz").sha256() == narrow.sha256()

    write(data, {"mnist.npz": npz(**wide | {"y_train": wide["y_train"] - 1})})
    with pytest.raises(CorruptedError, match="y_train holds int64, the official file uint8"):
        OFFICIAL["mnist"].read(data / "mnist.npz")


# --- read once ---


@pytest.fixture
def reads(data: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The paths in the data folder that were read, each time that they were."""
    monkeypatch.setenv("COURSECNN_DATA", str(data))
    paths: list[Path] = []
    read = Official.read

    def counted(official: Official, path: Path) -> Arrays:
        paths.extend([path] if path.is_relative_to(data) else [])
        return read(official, path)

    monkeypatch.setattr(Official, "read", counted)
    return paths


@pytest.mark.parametrize("name", datasets.NAMES)
def test_whether_files_are_official_is_found_out_once(name: str, reads: list[Path]) -> None:
    assert all(datasets.available(name) for _ in range(3))
    assert datasets.describe(name).startswith(f"{name}: official")
    assert len(reads) == 1


@pytest.mark.parametrize("name", datasets.NAMES)
def test_what_was_fetched_is_loaded_without_reading_it_again(name: str, reads: list[Path]) -> None:
    datasets.fetch(name)
    assert store.load(OFFICIAL[name]).provenance.official
    assert len(reads) == 1

    assert not verified._kept, "the images are given away, not kept twice"


@pytest.mark.parametrize("keep_time", [False, True])
def test_a_file_that_changed_is_read_again_and_refused(
    data: Path, reads: list[Path], keep_time: bool
) -> None:
    file = data / "cifar-10-batches-py" / "data_batch_2"
    assert datasets.available("cifar10")
    before, content = file.stat(), file.read_bytes()

    file.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    if keep_time:
        # The same size and time: another number of the file gives it away.
        file.replace(file.with_name("moved"))
        (data / "cifar-10-batches-py" / "moved").rename(file)
        copy = file.with_name("copy")
        copy.write_bytes(file.read_bytes())
        copy.replace(file)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert not datasets.available("cifar10")
    assert len(reads) == 2


def test_a_no_is_asked_again(data: Path, reads: list[Path]) -> None:
    whole = (data / "mnist.npz").read_bytes()
    (data / "mnist.npz").write_bytes(whole[:-9])
    assert not datasets.available("mnist")

    (data / "mnist.npz").write_bytes(whole)
    assert datasets.available("mnist")
    assert len(reads) == 2


def test_the_images_of_two_loads_are_not_the_same_arrays(reads: list[Path]) -> None:
    first = store.load(OFFICIAL["mnist"])
    first.x_train[:] = 0
    second = store.load(OFFICIAL["mnist"])

    assert second.x_train.any()
    assert len(reads) == 2
