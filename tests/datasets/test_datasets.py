"""What is loaded: formats, checks, the order of the search, the stand-in, and validation images."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from coursecnn import datasets
from coursecnn.datasets import formats, standin, store
from coursecnn.datasets.official import OFFICIAL
from coursecnn.datasets.registry import CorruptedError
from tests.small_datasets import (
    LABEL_NAMES,
    batch,
    npz,
    part,
    small_cifar10,
    small_mnist,
    tar_gz,
    with_parts,
    write,
)

# The digests that the official images have, whatever archive they were read from.
OFFICIAL_SHA256 = {
    "mnist": "c1a44cd987adea06a723558e60762a763befa3cccc6bcbb05653f86cf68f5530",
    "cifar10": "775d1cdb78ca59c4aecb20bd9c893a3138a8eb8a31294b5d28ba31e69d818ed4",
}


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with empty caches and no network; its home."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")
    monkeypatch.delenv("COURSECNN_DATA", raising=False)
    return tmp_path


# --- the official files, where this machine has them ---


@pytest.fixture(scope="module", params=datasets.NAMES)
def real(request: pytest.FixtureRequest) -> datasets.Dataset:
    if not datasets.available(request.param):
        pytest.skip(f"the official {request.param} is not here: set COURSECNN_DATA to its folder")
    return {"mnist": datasets.mnist, "cifar10": datasets.cifar10}[request.param]()


def test_the_official_images_are_the_published_ones(real: datasets.Dataset) -> None:
    assert real.provenance.official
    assert real.provenance.sha256 == OFFICIAL_SHA256[real.name]


def test_the_official_images_have_their_shapes(real: datasets.Dataset) -> None:
    train, shape = {"mnist": (60_000, (28, 28, 1)), "cifar10": (50_000, (32, 32, 3))}[real.name]

    assert real.x_train.shape == (train, *shape)
    assert real.x_test.shape == (10_000, *shape)
    assert {array.dtype for array in (real.x_train, real.y_train, real.x_test, real.y_test)} == {
        np.dtype(np.uint8)
    }


def test_the_official_test_set_has_its_known_first_labels(real: datasets.Dataset) -> None:
    """The first MNIST test digits are 7 2 1 0 4; CIFAR-10's are a cat, two ships and a plane."""
    first = [real.classes[label] for label in real.y_test[:4]]

    assert (
        first
        == {
            "mnist": ["7", "2", "1", "0"],
            "cifar10": ["cat", "ship", "ship", "airplane"],
        }[real.name]
    )


# --- formats ---


def test_mnist_is_read_with_a_channel_axis(tmp_path: Path) -> None:
    official, content = small_mnist()
    write(tmp_path, {"mnist.npz": content})

    arrays = official.read(tmp_path / "mnist.npz")

    assert arrays.x_train.shape == (300, 28, 28, 1)
    assert arrays.y_eval.tolist()[:11] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]


def test_one_changed_pixel_makes_an_npz_unofficial(tmp_path: Path) -> None:
    official, content = small_mnist()
    file = write(tmp_path, {"mnist.npz": content}) / "mnist.npz"
    with np.load(file) as archive:
        arrays = dict(archive)
    arrays["x_test"][7, 14, 14] ^= 1
    file.write_bytes(npz(**arrays))

    with pytest.raises(CorruptedError, match="x_test has another SHA-256"):
        official.read(file)


def test_cifar10_channels_move_last(tmp_path: Path) -> None:
    """A file's row holds the red, then the green, then the blue plane, each row by row."""
    official, files, _ = small_cifar10()
    row = np.arange(3072, dtype=np.uint8)
    files["test_batch"] = batch([0], row[np.newaxis])
    official = with_parts(official, test_batch=files["test_batch"])

    arrays = official.read(write(tmp_path, files))

    assert arrays.x_eval.shape == (1, 32, 32, 3)
    assert (arrays.x_eval[0, 1, 2] == row[[34, 1024 + 34, 2048 + 34]]).all()
    assert arrays.classes == LABEL_NAMES


def test_a_checksum_names_the_file_that_differs() -> None:
    expected = part("test_batch", b"right")

    with pytest.raises(CorruptedError, match="test_batch has another SHA-256"):
        expected.check(b"wrong")
    with pytest.raises(CorruptedError, match="test_batch has 3 bytes instead of 5"):
        expected.check(b"rig")


# --- hostile files ---


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.trace,)  # type: ignore[return-value]


def test_the_bomb_goes_off_under_plain_pickle(tmp_path: Path) -> None:
    """Otherwise the two tests after this one would prove nothing."""
    pickle.loads(pickle.dumps(Bomb(tmp_path / "trace"), protocol=2))

    assert (tmp_path / "trace").exists()


def test_a_pickle_with_another_checksum_is_never_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    official, files, _ = small_cifar10()
    files["data_batch_3"] = b"x" * len(files["data_batch_3"])
    decoded: list[bytes] = []
    decode = formats._decode
    monkeypatch.setattr(
        formats, "_decode", lambda content: decoded.append(content) or decode(content)
    )

    with pytest.raises(CorruptedError, match="data_batch_3 has another SHA-256"):
        official.read(write(tmp_path, files))

    assert [len(content) for content in decoded] == [len(files["data_batch_1"])] * 2


def test_a_malicious_pickle_with_the_right_checksum_is_not_executed(tmp_path: Path) -> None:
    official, files, _ = small_cifar10()
    files["data_batch_1"] = pickle.dumps(Bomb(tmp_path / "trace"), protocol=2)
    official = with_parts(official, data_batch_1=files["data_batch_1"])

    with pytest.raises(CorruptedError, match=r"asks for .*, which no official file holds"):
        official.read(write(tmp_path / "data", files))

    assert not (tmp_path / "trace").exists()


def test_an_npz_with_objects_is_refused(tmp_path: Path) -> None:
    official, _ = small_mnist()
    objects = np.array([Bomb(tmp_path / "trace")], dtype=object)
    write(tmp_path, {"mnist.npz": npz(x_train=objects)})

    with pytest.raises(
        CorruptedError,
        match=r"mnist.npz cannot be read: .* has a header that is none of an array of numbers",
    ):
        official.read(tmp_path / "mnist.npz")

    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_npz_is_corrupted(tmp_path: Path, content: bytes) -> None:
    official, _ = small_mnist()
    write(tmp_path, {"mnist.npz": content})

    with pytest.raises(CorruptedError, match=r"mnist.npz cannot be read"):
        official.read(tmp_path / "mnist.npz")


def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    official, files, _ = small_cifar10()
    members = {f"cifar-10-batches-py/{name}": content for name, content in files.items()}
    members |= {"../escaped": b"x", "cifar-10-batches-py/../../escaped": b"x", "/etc/escaped": b"x"}
    (tmp_path / "archive").write_bytes(tar_gz(members))

    formats.unpack_cifar10(tmp_path / "archive", tmp_path / "in" / "data", official.published.parts)

    assert {path.name for path in (tmp_path / "in" / "data").iterdir()} == set(files)
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "does not hold cifar-10-batches-py/data_batch_1, "),
        ({"cifar-10-batches-py/data_batch_1": b"x"}, "data_batch_1 has 1 bytes instead of"),
    ],
)
def test_an_archive_without_the_official_files_is_corrupted(
    tmp_path: Path, members: dict[str, bytes], message: str
) -> None:
    official, _, _ = small_cifar10()
    (tmp_path / "archive").write_bytes(tar_gz(members))

    with pytest.raises(CorruptedError, match=message):
        formats.unpack_cifar10(tmp_path / "archive", tmp_path / "data", official.published.parts)


# --- the order of the search ---


def places_of(home: Path) -> dict[str, Path]:
    return {
        "COURSECNN_DATA": home / "data",
        "the package's cache": home / "cache" / "coursecnn",
        "Keras's cache": home / "keras" / "datasets",
    }


@pytest.mark.parametrize("first", [0, 1, 2])
def test_the_first_place_that_has_the_files_is_used(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    official, content = small_mnist()
    monkeypatch.setenv("COURSECNN_DATA", str(bare_machine / "data"))
    places = dict(list(places_of(bare_machine).items())[first:])
    for folder in places.values():
        write(folder, {"mnist.npz": content})

    assert store.load(official).provenance.source == next(iter(places))


@pytest.mark.parametrize("folder", store.CIFAR10.published.keras_paths)
def test_cifar10_is_found_where_keras_keeps_it(bare_machine: Path, folder: str) -> None:
    official, files, _ = small_cifar10()
    write(bare_machine / "keras" / "datasets" / folder, files)

    assert store.load(official).provenance.source == "Keras's cache"


def test_a_corrupted_file_is_told_and_passed_over(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    official, content = small_mnist()
    monkeypatch.setenv("COURSECNN_DATA", str(bare_machine / "data"))
    damaged = write(bare_machine / "data", {"mnist.npz": content[:-10]}) / "mnist.npz"
    write(bare_machine / "keras" / "datasets", {"mnist.npz": content})

    assert store.load(official).provenance.source == "Keras's cache"
    assert f"{damaged} is not the official mnist and is not used" in capsys.readouterr().err
    assert damaged.read_bytes() == content[:-10]


def test_the_digest_does_not_depend_on_the_archive(bare_machine: Path) -> None:
    official, content = small_mnist()
    write(bare_machine / "cache" / "coursecnn", {"mnist.npz": content})
    first = store.load(official)
    with np.load(bare_machine / "cache" / "coursecnn" / "mnist.npz") as arrays:
        np.savez_compressed(bare_machine / "cache" / "coursecnn" / "mnist.npz", **arrays)

    assert store.load(official).provenance == first.provenance


# --- the stand-in ---


@pytest.mark.parametrize("load", [datasets.mnist, datasets.cifar10])
def test_the_stand_in_is_announced(bare_machine: Path, load, capsys) -> None:  # noqa: ARG001
    data = load()
    said = capsys.readouterr().err

    assert not data.provenance.official
    assert data.provenance.source.startswith("offline stand-in")
    assert "offline stand-in, NOT the official" in said
    assert "COURSECNN_OFFLINE is set" in said
    assert "run `coursecnn data`" in said
    assert "set COURSECNN_DATA to a folder" in said


@pytest.mark.parametrize("name", datasets.NAMES)
def test_the_stand_in_is_always_the_same(name: str) -> None:
    assert datasets.stand_in(name).provenance == datasets.stand_in(name).provenance


def test_the_grey_stand_in_is_the_same_on_every_machine() -> None:
    """It is integer arithmetic on bundled integers, so its digest can be written down."""
    assert datasets.stand_in("mnist").provenance.sha256.startswith("649e4b9ca2603cfb")


@pytest.mark.parametrize(("name", "shape"), [("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3))])
def test_the_stand_in_has_the_shape_of_what_it_stands_for(name: str, shape: tuple[int]) -> None:
    data = datasets.stand_in(name)

    assert data.x_train.shape == (10_000, *shape)
    assert data.x_test.shape == (2_000, *shape)
    assert data.x_train.dtype == data.y_train.dtype == np.uint8
    assert set(data.y_train) == set(data.y_test) == set(range(len(data.classes)))


def test_no_stand_in_image_is_in_both_parts() -> None:
    data = datasets.stand_in("mnist")

    assert not {image.tobytes() for image in data.x_train} & {
        image.tobytes() for image in data.x_test
    }


def test_the_stand_in_can_be_learnt() -> None:
    """A nearest class mean, four times as good as chance, shows that labels fit the images."""
    data = datasets.stand_in("mnist")
    x, test = (
        images.reshape(len(images), -1).astype(float) for images in (data.x_train, data.x_test)
    )
    means = np.stack([x[data.y_train == label].mean(axis=0) for label in range(10)])
    nearest = ((test[:, np.newaxis] - means) ** 2).sum(axis=-1).argmin(axis=1)

    assert (nearest == data.y_test).mean() > 0.4


def test_the_colour_stand_in_blends_by_absolute_difference() -> None:
    """Where the digit is black the photograph shows; where it is white, its negative."""
    grey = np.array([[[0, 255]]], dtype=np.uint8)
    patches = np.array([[[[10, 20, 30], [10, 20, 30]]]], dtype=np.uint8)

    assert standin._blend(grey, patches).tolist() == [[[[10, 20, 30], [245, 235, 225]]]]


@pytest.mark.parametrize("size", [8, 20, 24, 27])
def test_enlarging_keeps_flat_images_flat_and_symmetry(size: int) -> None:
    flat = standin.enlarge(np.full((1, 8, 8), 16), size)
    ramp = standin.enlarge(np.arange(64).reshape(1, 8, 8) % 17, size)
    mirrored = standin.enlarge(np.arange(64).reshape(1, 8, 8)[:, :, ::-1] % 17, size)

    assert (flat == 255).all()
    assert (ramp[:, :, ::-1] == mirrored).all()


# --- validation images ---


@pytest.fixture(scope="module")
def data() -> datasets.Dataset:
    return datasets.stand_in("mnist")


@pytest.mark.parametrize("size", [1000, 0.1])
def test_split_validation_takes_a_count_or_a_fraction(data: datasets.Dataset, size: float) -> None:
    split = data.split_validation(size)

    assert (len(split.x_train), len(split.x_eval)) == (9_000, 1_000)
    assert (len(split.y_train), len(split.y_eval)) == (9_000, 1_000)


def test_split_validation_returns_every_training_image_once_and_no_test_image(
    data: datasets.Dataset,
) -> None:
    split = data.split_validation(1000)
    both = np.concatenate([split.x_train, split.x_eval])

    assert sorted(map(bytes, both)) == sorted(map(bytes, data.x_train))


def test_split_validation_takes_each_class_in_its_share(data: datasets.Dataset) -> None:
    held = np.bincount(data.split_validation(1000).y_eval)

    assert np.abs(held - np.bincount(data.y_train) / 10).max() <= 1


def test_split_validation_depends_on_the_seed_alone(data: datasets.Dataset) -> None:
    digests = [data.split_validation(1000, seed=seed).provenance.sha256 for seed in (0, 0, 1)]

    assert digests[0] == digests[1] != digests[2]


def test_split_validation_says_what_it_is(data: datasets.Dataset) -> None:
    split = data.split_validation(1000, seed=3)

    assert split.evaluated_on == "validation"
    assert "9,000 training and 1,000 validation images" in repr(split)
    assert split.provenance.source.endswith("1,000 training images for validation (seed 3)")


@pytest.mark.parametrize("size", [0, -5, 9, 9_991, 10_000, 0.0, 1.0, 1.5, True, float("nan")])
def test_split_validation_refuses_a_size_that_leaves_a_side_empty(
    data: datasets.Dataset, size: float
) -> None:
    with pytest.raises(ValueError, match=f"size must leave at least 10 images .* got {size!r}"):
        data.split_validation(size)


# --- the rest of the interface ---


def test_the_repr_is_short_and_names_no_folder(bare_machine: Path) -> None:
    official, content = small_mnist()
    write(bare_machine / "cache" / "coursecnn", {"mnist.npz": content})

    assert repr(store.load(official)) == (
        "mnist (official): 300 training and 60 test images of 28×28×1 in 10 classes"
    )


@pytest.mark.parametrize("name", datasets.NAMES)
def test_a_bare_machine_has_no_official_files(bare_machine: Path, name: str) -> None:  # noqa: ARG001
    assert not datasets.available(name)
    assert datasets.locate(name) is None
    assert "not on this machine" in datasets.describe(name)
    with pytest.raises(datasets.UnavailableError, match=f"official files of {name} are not here"):
        datasets.fetch(name)


def test_describe_says_where_the_files_are(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    official, content = small_mnist()
    monkeypatch.setitem(OFFICIAL, "mnist", official)
    file = write(bare_machine / "keras" / "datasets", {"mnist.npz": content}) / "mnist.npz"

    assert datasets.locate("mnist") == datasets.fetch("mnist") == file
    assert datasets.describe("mnist") == f"mnist: official, in Keras's cache: {file}"


@pytest.mark.parametrize(
    "function", [datasets.fetch, datasets.locate, datasets.describe, datasets.stand_in]
)
def test_an_unknown_name_is_refused(function) -> None:
    with pytest.raises(ValueError, match="name must be one of 'mnist', 'cifar10', got 'svhn'"):
        function("svhn")


def test_importing_the_module_does_not_import_a_framework() -> None:
    program = (
        "import sys, coursecnn.datasets;"
        "sys.exit(bool({'tensorflow', 'keras', 'sklearn', 'requests'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_every_official_part_has_a_checksum_and_two_addresses() -> None:
    for official in OFFICIAL.values():
        published = official.published
        assert {len(item.sha256) for item in (*published.parts, published.archive)} == {64}
        assert all(url.startswith("https://") for url in published.archive.urls)
        assert len(published.archive.urls) >= 2
