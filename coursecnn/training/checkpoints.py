"""Checkpoints: everything that a run needs to continue where it stopped.

- `identity`: what a checkpoint must agree on with the run that continues from it;
- `save`, `load`: one array per variable, and the rest as JSON, in a file of NumPy's.

>>> from tempfile import TemporaryDirectory
>>> from coursecnn import datasets
>>> from coursecnn.backend import keras
>>> from coursecnn.training.recipes import RECIPES
>>> who, weight = identity(RECIPES["mnist"], datasets.stand_in("mnist"), 0), keras.Variable([1.0])
>>> with TemporaryDirectory() as folder:
...     save(Path(folder) / "run.npz", [weight], who, ({"loss": [0.5]}, 2.0))
...     load(Path(folder) / "run.npz", [weight], who)
({'loss': [0.5]}, 2.0)
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from coursecnn._files import read_file, write_atomically
from coursecnn._npz import DAMAGED, HEADER_BYTES, read_array
from coursecnn._values import differences, number, reason
from coursecnn.datasets import Dataset
from coursecnn.evidence.records import Data, Machine
from coursecnn.training.recipe import Recipe

__all__ = ["identity", "load", "save"]

LARGEST_NUMBER = 8  # bytes
LARGEST_HEADER = 16 * 2**20  # bytes; curves of ten thousand epochs have three million

Progress = tuple[dict[str, list[float]], float]  # the curves, and the seconds


def identity(recipe: Recipe, dataset: Dataset, seed: int) -> dict[str, Any]:
    """Return what a checkpoint must agree on with the run that continues from it.

    >>> from coursecnn import datasets
    >>> from coursecnn.training.recipes import RECIPES
    >>> list(identity(RECIPES["mnist"], datasets.stand_in("mnist"), seed=0))
    ['recipe', 'data', 'machine', 'seed']
    """
    return {
        "recipe": recipe.as_json(),
        "data": asdict(Data.of(dataset)),
        "machine": asdict(Machine.here()),
        "seed": seed,
    }


def save(
    path: Path, variables: Sequence[Any], identity: Mapping[str, Any], progress: Progress
) -> None:
    """Write a checkpoint; a reader finds the old one or the new one.

    Args:
        path: the file.
        variables: Keras's, of the model and the optimizer.
        identity: as `identity` returns it.
        progress: the curves so far, a value per epoch each, and the seconds.

    >>> import tempfile
    >>> from coursecnn.backend import keras
    >>> weight = keras.Variable(2.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "run.npz"
    ...     save(file, [weight], {"seed": 0}, ({"loss": [0.5]}, 1.5))
    ...     _ = weight.assign(3.0)
    ...     load(file, [weight], {"seed": 0})
    ({'loss': [0.5]}, 1.5)
    >>> float(weight)
    2.0
    """
    curves, seconds = progress
    header = {"identity": identity, "curves": curves, "seconds": seconds}
    # Without `allow_pickle`, which NumPy 2.0 takes for an array; none here holds objects.
    arrays: dict[str, Any] = {f"v{i}": np.asarray(v) for i, v in enumerate(variables)}
    content = io.BytesIO()
    np.savez(content, header=np.array(json.dumps(header)), **arrays)
    write_atomically(path, content.getvalue())


def load(path: Path, variables: Sequence[Any], identity: Mapping[str, Any]) -> Progress:
    """Set the variables to those of a checkpoint.

    Returns:
        The curves so far, and the seconds.

    Raises:
        ValueError: if the checkpoint is damaged, or belongs to another run; nothing is set then.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "run.npz"
    ...     save(file, [], {"seed": 0}, ({}, 0))
    ...     load(file, [], {"seed": 1})
    Traceback (most recent call last):
    ValueError: checkpoint ... belongs to another run (seed is 0 there, 1 here); delete it to ...
    """
    if path.is_dir():
        raise ValueError(f"checkpoint {path} is a folder; name a file")
    with _readable(path):
        header, arrays = _content(path, variables)
        curves, seconds = _progress(header)
    if header.get("identity") != identity:
        raise ValueError(
            f"checkpoint {path} belongs to another run "
            f"({differences(header.get('identity'), identity)}); delete it to start this run from "
            "its beginning"
        )
    for variable, array in zip(variables, arrays, strict=True):
        here, there = (f"{each.shape} of {each.dtype}" for each in (np.asarray(variable), array))
        if here != there:
            raise ValueError(
                f"checkpoint {path} belongs to another network: {variable.path} has shape {here}, "
                f"there it is {there}; delete it to start this run from its beginning"
            )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return curves, seconds


def _content(path: Path, variables: Sequence[Any]) -> tuple[dict[str, Any], list[Any]]:
    sizes = {f"v{i}": LARGEST_NUMBER * math.prod(v.shape) for i, v in enumerate(variables)}
    most = LARGEST_HEADER + sum(sizes.values()) + (len(sizes) + 1) * HEADER_BYTES
    content = io.BytesIO(read_file(path, "checkpoint", most))
    with zipfile.ZipFile(content) as archive:
        names = {f"{name}.npy" for name in ("header", *sizes)}
        if set(archive.namelist()) != names:
            raise ValueError(f"it has {len(archive.namelist())} arrays and not {len(names)}")
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("it is compressed, which ours never are")
        header = json.loads(str(read_array(archive, "header", LARGEST_HEADER)))
        if not isinstance(header, dict):
            raise ValueError("its header is no JSON object")
        arrays = [read_array(archive, name, size + HEADER_BYTES) for name, size in sizes.items()]
    kinds = [np.asarray(variable).dtype for variable in variables]
    return header, list(map(_as_saved, arrays, kinds))


def _as_saved(array: Any, kind: np.dtype[Any]) -> Any:
    """The array as it was saved: NumPy takes a bfloat16 for two bytes without a meaning."""
    is_unknown = array.dtype.kind == "V" and array.dtype.itemsize == kind.itemsize
    return array.view(kind) if is_unknown else array


def _progress(header: Mapping[str, Any]) -> Progress:
    curves = header["curves"]
    if not isinstance(curves, dict) or not all(isinstance(v, list) for v in curves.values()):
        raise ValueError("its curves are none")
    if len({len(values) for values in curves.values()}) > 1:
        raise ValueError("its curves have different lengths")
    found = {
        name: [number(f"curves[{name!r}]", value) for value in values]
        for name, values in curves.items()
    }
    return found, number("seconds", header["seconds"], least=0)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGED as error:
        raise ValueError(f"checkpoint {path} is damaged ({reason(error)}); delete it") from error
