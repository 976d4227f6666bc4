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
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from coursecnn._files import write_atomically
from coursecnn._values import number
from coursecnn.datasets import Dataset
from coursecnn.evidence.records import Data, Machine
from coursecnn.training.recipe import Recipe

__all__ = ["identity", "load", "save"]

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
    ValueError: checkpoint ... belongs to another run ({'seed': 0}), not to {'seed': 1}; delete ...
    """
    with _readable(path):
        header, arrays = _content(path, len(variables))
        curves, seconds = _progress(header)
    if header.get("identity") != identity:
        raise ValueError(
            f"checkpoint {path} belongs to another run ({header.get('identity')}), not to "
            f"{identity}; delete it to start this run from its beginning"
        )
    for variable, array in zip(variables, arrays, strict=True):
        if tuple(variable.shape) != array.shape or array.dtype.kind not in "fiuV":
            raise ValueError(
                f"checkpoint {path} belongs to another network: {variable.path} has shape "
                f"{tuple(variable.shape)}, there it is {array.shape}; delete it to start this run "
                "from its beginning"
            )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return curves, seconds


def _content(path: Path, count: int) -> tuple[dict[str, Any], list[Any]]:
    content = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(content) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("it is compressed, which ours never are")
    with np.load(content, allow_pickle=False) as stored:
        names = {"header", *(f"v{i}" for i in range(count))}
        if set(stored.files) != names:
            raise ValueError(f"it has {len(stored.files)} arrays and not {len(names)}")
        header = json.loads(str(stored["header"]))
        if not isinstance(header, dict):
            raise ValueError("its header is no JSON object")
        return header, [stored[f"v{i}"] for i in range(count)]


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
    except IsADirectoryError:
        raise ValueError(f"checkpoint {path} is a folder; name a file") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        KeyError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        MemoryError,
        SyntaxError,
        AttributeError,
    ) as error:
        raise ValueError(f"checkpoint {path} is damaged ({error}); delete it") from error
