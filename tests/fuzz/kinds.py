"""The formats: what is written, how users have it read, and what is right of what was read."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from coursecnn import architectures, datasets
from coursecnn.backend import keras
from coursecnn.datasets import formats, registry
from coursecnn.datasets.official import Official
from coursecnn.datasets.registry import CorruptedError
from coursecnn.evidence import ledger, records
from coursecnn.evidence.records import Data, Machine, Record, Run
from coursecnn.training import checkpoints, load_trained
from coursecnn.widgets import panel
from harness import cells, compare, contents, lint, normalise, prose, reading
from tests.fuzz import lies
from tests.fuzz.damage import Damage, canonical, damaged, filled, spoilt
from tests.notebooks import PIXEL, build_notebook, code, displayed, sound_chapter
from tests.small_datasets import small_cifar10, small_mnist, with_parts
from tests.small_runs import NAMED

Files = dict[str, bytes]

LIE_SHARE = 0.5  # of the inputs whose bytes are whole


@dataclass(frozen=True)
class Format:
    """A kind of file that people hand in.

    Attributes:
        files: sound ones, by their names; one of them is damaged.
        read: reads the damaged one as a user does, and asserts that what was read is right.
        lie: a content that is wrong in a way that only this format has.
        refusals: the exceptions by which a file is refused; no other, also no kind of these.
        vouch: what else is written because the damaged file is there, for example its digest.
        in_places: whether something else may lie in the place of the file.
        is_light: whether it must not need much memory.
    """

    files: Callable[[], Files]
    read: Callable[[Path], None]
    lie: Damage
    refusals: tuple[type[Exception], ...] = (ValueError, FileNotFoundError)
    vouch: Callable[[Files], Files] = lambda files: files
    in_places: bool = True
    is_light: bool = True

    def spoilt(self, rng: Random) -> tuple[Files, str]:
        """The files with a damaged one, and its name."""
        files = self.files()
        name = rng.choice(list(files))
        if rng.random() >= LIE_SHARE:
            return files | {name: damaged(files[name], rng)}, name
        return self.vouch(files | {name: self.lie(files[name], rng)}), name


@cache
def written(write: Callable[[Path], object], name: str) -> bytes:
    """What a function writes into a file."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return (Path(folder) / name).read_bytes()


# --- records ---

TINY = replace(NAMED, name="tiny")
ABACUS = Machine("CPU: abacus", threads=2, versions={"python": "3.11.0"})


def record(weights: str | None = None) -> bytes:
    """A record of three runs, which left these weights behind."""
    runs = tuple(
        Run(seed, {"test_accuracy": 0.9 + seed / 50}, {"loss": (0.5, 0.2)}, 1.5, ABACUS, weights)
        for seed in range(3)
    )
    data = Data("mnist", "ab" * 32, official=True)
    found = Record("tiny", TINY.as_json(), data, "2026-11-01", runs)
    return written(lambda path: records.write(found, path), "tiny.json")


def lying_record(content: bytes, rng: Random) -> bytes:
    """A record with other values, and a seal that fits."""
    tree = json.loads(content)
    del tree["digest"]
    for _ in range(rng.choice((1, 1, 2))):
        tree = spoilt(tree, rng)
    text = filled(tree, rng) if rng.random() < 0.3 else canonical(tree)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f'{text[:-1]},"digest":"{digest}"}}'.encode()


def read_record(path: Path) -> None:
    """Right is what can be shown, and written again with the same seal."""
    found = records.read(path)
    str(found).encode()
    assert len(found.table()) == len(found.runs)
    again = written(lambda copy: records.write(found, copy), path.name)
    assert json.loads(again)["digest"] == json.loads(path.read_bytes())["digest"]


# --- checkpoints and weights ---

WHO, PROGRESS = {"recipe": {"name": "tiny"}, "seed": 0}, ({"loss": [0.5, 0.25]}, 12.5)
WEIGHTS = "tiny-seed0.weights.h5"


def variables() -> list[Any]:
    kinds = ("float32", "int32", "bfloat16")
    return [keras.Variable(np.arange(6).reshape(2, 3), dtype=kind) for kind in kinds]


def write_checkpoint(path: Path) -> None:
    checkpoints.save(path, variables(), WHO, PROGRESS)


def read_checkpoint(path: Path) -> None:
    """Right is what training could go on from; what is refused has set nothing."""
    kept = variables()
    for each in kept:
        each.assign(np.full((2, 3), 7))
    try:
        curves, seconds = checkpoints.load(path, kept, WHO)
    except ValueError:
        assert all((np.asarray(each, dtype=float) == 7).all() for each in kept)
        raise
    assert seconds >= 0
    assert all(math.isfinite(value) for values in curves.values() for value in values)


@cache
def network() -> Any:
    return architectures.build(TINY.architecture, **TINY.architecture_options)


def results(files: Files) -> Files:
    """A folder of results whose record vouches for the weights in it, if it is whole itself."""
    if files.get("tiny.json", record()) not in (record(), weights_files()["tiny.json"]):
        return files
    digest = hashlib.sha256(files[WEIGHTS]).hexdigest()
    return {WEIGHTS: files[WEIGHTS], "tiny.json": record(digest)}


@cache
def weights_files() -> Files:
    content = written(network().save_weights, WEIGHTS)
    return {WEIGHTS: content, "tiny.json": record(hashlib.sha256(content).hexdigest())}


def lying_weights(content: bytes, rng: Random) -> bytes:
    if content.startswith(b"{"):
        return lying_record(content, rng)
    return damaged(content, rng) if rng.random() < 0.5 else lies.hdf5(content, rng)


def read_weights(path: Path) -> None:
    """Right is a network of the same shapes."""
    found = load_trained(TINY, 0, path.parent)
    for one, other in zip(found.get_weights(), network().get_weights(), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)


# --- data sets ---


@cache
def mnist() -> tuple[Official, bytes]:
    return small_mnist()


@cache
def cifar10() -> tuple[Official, Files, bytes]:
    return small_cifar10()


def read_mnist(path: Path) -> None:
    """Right are the published images, and no others."""
    assert mnist()[0].read(path).sha256() == mnist_sha256()


@cache
def mnist_sha256() -> str:
    official, content = mnist()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mnist.npz"
        path.write_bytes(content)
        return official.read(path).sha256()


def read_cifar10(path: Path) -> None:
    """Right are the published files; what differs is refused before it is decoded."""
    official, files, _ = cifar10()
    sums = {part.sha256 for part in official.published.parts}
    decode = formats._decode

    def verified(content: bytes) -> Any:
        assert hashlib.sha256(content).hexdigest() in sums, "decoded unverified"
        return decode(content)

    with mock.patch.object(formats, "_decode", verified):
        official.read(path.parent)
    assert all((path.parent / name).read_bytes() == content for name, content in files.items())


def read_published_pickle(path: Path) -> None:
    """As if the damaged file were the published one; right are images."""
    official, _, _ = cifar10()
    found = with_parts(official, **{path.name: path.read_bytes()}).read(path.parent)
    assert {array.dtype for array in found[:4]} == {np.dtype(np.uint8)}
    assert found.x_train.shape[1:] == found.x_eval.shape[1:] == (32, 32, 3)


# --- notebooks ---

VIEW = {"model_id": "ab" * 16, "version_major": 2, "version_minor": 0}
STATE = {
    "ab" * 16: {"model_name": "M", "state": {"layout": f"IPY_MODEL_{'cd' * 16}"}},
    "cd" * 16: {"model_name": "L", "state": {}},
}


@cache
def notebook() -> bytes:
    """A chapter with outputs of every kind."""
    found = build_notebook(
        [
            *sound_chapter(),
            code(
                "x = 3\n%matplotlib inline\nf'{x}'",
                displayed(text_plain="<table> 9", text_html="<b>9</b>", image_png=PIXEL),
                "81\n",
                nbval={"rtol": 1e-5},
                mystnb={"image": {"alt": "The accuracy of both falls."}},
            ),
            code("s", displayed(**{"image_svg+xml": '<svg id="ab0123456789"><!--1--></svg>'})),
            code("w", displayed(**{contents.WIDGET_VIEW: VIEW}, text_plain="W")),
            code('ledger.compare("mnist.parameters_all", 93_322)', "93,322", tags=["hide-cell"]),
        ]
    )
    found.metadata["widgets"] = {contents.WIDGET_STATE: {"version_major": 2, "state": STATE}}
    return normalise.dumps(found).encode()


def read_notebook(path: Path) -> None:
    """What the harness does with a chapter without running it; right is what has a normal form."""
    for tool in (lint.main, prose.main):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            code = tool([str(path)])
        assert (path.name in said.getvalue()) == bool(code)
    found = cells.code_cells(reading.read(path))
    sound = cells.code_cells(reading.parsed(path, notebook().decode()))
    for one, other in zip(found, sound, strict=False):
        compare.differences(one.outputs, other.outputs, compare.Tolerance.of(other))
    copy = path.with_name(f"copy-of-{path.name}")
    shutil.copy(path, copy)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert [normalise.main([str(copy)]) for _ in range(2)] == [0, 0]
        assert "is in normal form" in said.getvalue()
    finally:
        for written in path.parent.glob(f"{copy.stem}.*"):
            written.unlink()


# --- TOML ---


@cache
def published() -> bytes:
    """The first entries of the ledger."""
    return "\n\n".join(ledger.SHIPPED.read_text("utf-8").split("\n\n")[:12]).encode() + b"\n"


def read_registry(path: Path) -> None:
    """Right are files of some size, with sums, from addresses on the network."""
    for found in registry.read(path).values():
        for part in (*found.parts, found.archive):
            assert part.size > 0
            assert re.fullmatch("[0-9a-f]{64}", part.sha256)
        assert all(url.startswith(("http://", "https://")) for url in found.archive.urls)


def read_published(path: Path) -> None:
    """Right are numbers that round to themselves."""
    for entry in ledger.read(path).values():
        assert entry.printed.low <= entry.printed.value <= entry.printed.high
        assert ledger.parse_printed(entry.printed.text) == entry.printed


# --- photographs ---


@cache
def photographs() -> Files:
    """Pictures as cameras, phones, scanners and programs for drawing write them."""
    rng = np.random.default_rng(0)
    whole = Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))
    deep = Image.fromarray(rng.integers(0, 2**16, (40, 60), dtype=np.uint16))
    turned = Image.Exif()
    turned[0x0112] = 6
    made: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "photo.png": (whole, {}),
        "clear.png": (whole.convert("RGBA"), {}),
        "deep.png": (deep, {}),
        "turned.jpeg": (whole, {"exif": turned}),
        "print.jpeg": (whole.convert("CMYK"), {}),
        "steps.jpeg": (whole, {"progressive": True}),
        "moving.gif": (whole.convert("P"), {"save_all": True, "append_images": [whole] * 2}),
        "plain.bmp": (whole, {}),
        "fax.tiff": (whole.convert("1"), {"compression": "group4"}),
        "packed.tiff": (whole, {"compression": "tiff_deflate"}),
        "web.webp": (whole, {"lossless": True}),
    }
    files = {}
    for name, (picture, options) in made.items():
        stream = io.BytesIO()
        picture.save(stream, Path(name).suffix[1:], **options)
        files[name] = stream.getvalue()
    return files


@cache
def pictured(shape: tuple[int, ...]) -> datasets.Dataset:
    """Images of this shape, which a reader's photograph is made to fit."""
    images, labels = np.zeros((2, *shape), np.uint8), [0, 1]
    return datasets.from_arrays("mine", images, labels, images, labels, classes=["a", "b"])


def read_photograph(path: Path) -> None:
    """Right are pixels between 0 and 1 of the shape that was asked for."""
    for shape in ((28, 28, 1), (32, 32, 3)):
        try:
            pixels, _ = panel.chosen(path.read_bytes(), pictured(shape))
        except ValueError as error:  # it has the bytes alone
            kind = type(error)
            raise kind(f"{path.name}: {error}") from error
        assert pixels.shape == shape
        assert pixels.min() >= 0
        assert pixels.max() <= 1


OFFICIAL = (CorruptedError, FileNotFoundError)
FORMATS = {
    "record": Format(lambda: {"tiny.json": record()}, read_record, lying_record),
    "checkpoint": Format(
        lambda: {"run.npz": written(write_checkpoint, "run.npz")}, read_checkpoint, lies.checkpoint
    ),
    "weights": Format(weights_files, read_weights, lying_weights, vouch=results),
    "mnist": Format(lambda: {"mnist.npz": mnist()[1]}, read_mnist, lies.npz, OFFICIAL),
    "cifar10": Format(lambda: cifar10()[1], read_cifar10, lies.pickled, OFFICIAL),
    # A second line: the first lets nothing through to it that is not as published. What pickle
    # itself sets aside for its own tables is not bounded here.
    "pickle": Format(
        lambda: cifar10()[1],
        read_published_pickle,
        lies.pickled,
        OFFICIAL,
        in_places=False,
        is_light=False,
    ),
    "notebook": Format(
        lambda: {"chapter.ipynb": notebook()},
        read_notebook,
        lies.notebook,
        (reading.UnreadableError,),
    ),
    "registry": Format(
        lambda: {"registry.toml": registry.REGISTRY.read_bytes()}, read_registry, lies.toml
    ),
    "published": Format(lambda: {"published.toml": published()}, read_published, lies.toml),
    "photograph": Format(photographs, read_photograph, lies.photograph, in_places=False),
}
