"""The runs of a record, one per seed, and the networks that they left behind.

- `reproduce`: measures a recipe over several seeds, continuing where it stopped;
- `load_trained`: the network that a recorded run left behind.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from coursecnn import architectures
from coursecnn._files import require_writable
from coursecnn._values import differences
from coursecnn.datasets import Dataset
from coursecnn.evidence import records
from coursecnn.evidence.records import Data, Record, Run
from coursecnn.training import fitting, weights
from coursecnn.training.evaluation import evaluate
from coursecnn.training.recipe import Recipe

__all__ = ["load_trained", "reproduce"]


def reproduce(
    recipe: Recipe,
    dataset: Dataset,
    seeds: Sequence[int],
    folder: Path,
    *,
    test: Dataset | None = None,
    keep_weights: bool = False,
    progress: bool = True,
) -> Record:
    """Measure a recipe over several seeds and record it in `folder`.

    The record is written after each seed, and each epoch but the last leaves a checkpoint beside
    it: killed at any moment, the same call continues, repeating no more than one epoch. Recorded
    seeds are skipped, whatever machine they were measured on: a run carries its own. A record that
    was deleted is measured anew. A recipe that is judged on validation images can have its networks
    measured on the test images as well, once each, after their last epoch: `test` has these images
    to evaluate on. With `keep_weights` the trained weights of each seed stay beside the record, and
    their digest in it.

    Raises:
        ValueError: if the recipe names no architecture, if the images are the offline stand-in, if
            `test` has validation images, or if the folder's record was measured with another
            recipe, other images or other metrics.
        OSError: if the folder cannot be written to.
        DivergedError: as `fit`.

    >>> from coursecnn import datasets
    >>> data = datasets.stand_in("mnist")
    >>> from coursecnn.training.recipes import RECIPES
    >>> reproduce(RECIPES["mnist"], data, [0], Path("results"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: records are made on the official mnist only, ...
    """
    if recipe.architecture is None:
        raise ValueError(f"recipe {recipe.name} has no architecture, which a record must name")
    if not dataset.provenance.official:
        raise ValueError(
            f"records are made on the official {dataset.name} only, and this is the offline "
            "stand-in; run `coursecnn data` where there is a network, or set COURSECNN_DATA"
        )
    if test is not None and test.evaluated_on != "test":
        raise ValueError(
            f"test must have test images to evaluate on, got {test.evaluated_on} images; "
            "load_data gives them for a recipe with validation_split=0"
        )
    path = folder / f"{recipe.name}.json"
    judged_on = {dataset.evaluated_on} | ({"test"} if test is not None else set())
    opened = partial(_opened, path, recipe, dataset, judged_on)
    for seed in seeds:
        checkpoint = folder / f"{recipe.name}-seed{seed}.checkpoint.npz"
        if seed not in opened().seeds:
            _require_results(folder)
            kept = folder / _weights_file(recipe, seed) if keep_weights else None
            run = _measured(recipe, dataset, test, seed, checkpoint, kept, progress)
            today = datetime.datetime.now(datetime.UTC).date().isoformat()
            # Opened again: another process may have recorded other seeds in the meantime.
            records.write(opened().with_run(run, today), path)
        checkpoint.unlink(missing_ok=True)
    return opened()


def _measured(
    recipe: Recipe,
    dataset: Dataset,
    test: Dataset | None,
    seed: int,
    checkpoint: Path,
    kept: Path | None,
    progress: bool,
) -> Run:
    """Train, and leave no checkpoint of all epochs: it would outlive a record that is deleted."""
    run, network = fitting.fit(
        recipe,
        dataset,
        seed=seed,
        checkpoint=checkpoint,
        keep_last_checkpoint=False,
        weights=kept,
        progress=progress,
    )
    if test is not None:
        run = replace(run, metrics={**run.metrics, **evaluate(recipe, network, test)})
    return run if kept is None else replace(run, weights=_sha256(kept))


def load_trained(recipe: Recipe, seed: int = 0, folder: Path = records.SHIPPED) -> Any:
    """Build a recipe's network with the weights that a recorded run of it left behind.

    Returns:
        A Keras model of images between 0 and 1, of shape (batch, height, width, channels).

    Raises:
        FileNotFoundError: if no weights were kept of this recipe and seed; says which were.
        ValueError: if the file does not hold the weights of the recorded run.

    >>> from coursecnn.training.recipes import RECIPES
    >>> load_trained(RECIPES["lab"]).count_params()
    1253674
    """
    if recipe.architecture is None:
        raise ValueError(f"recipe {recipe.name} has no architecture, so nobody kept its weights")
    path, record = folder / _weights_file(recipe, seed), folder / f"{recipe.name}.json"
    if not path.exists():
        kept = sorted(found.name for found in folder.glob("*.weights.h5"))
        raise FileNotFoundError(
            f"no weights were kept of {recipe.name}, seed {seed}: no {path.name}; there are "
            f"{kept}; `coursecnn reproduce --keep-weights` keeps them"
        )
    digests = {run.seed: run.weights for run in records.read(record).runs}
    network = architectures.build(recipe.architecture, **recipe.architecture_options)
    weights.load(network, path, digests.get(seed), record.name)
    return network


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_results(folder: Path) -> None:
    """Refuse a folder that takes no files before the first epoch, not after it."""
    try:
        require_writable(folder)
    except OSError as error:
        raise OSError(
            f"results cannot be written to {folder} ({error.strerror}); "
            "choose another folder with --results"
        ) from error


def _weights_file(recipe: Recipe, seed: int) -> str:
    return f"{recipe.name}-seed{seed}.weights.h5"


def _opened(path: Path, recipe: Recipe, dataset: Dataset, judged_on: set[str]) -> Record:
    """Return the record at `path` if a new run may join it, or an empty one."""
    empty = Record(recipe.name, recipe.as_json(), Data.of(dataset), date="", runs=())
    if not path.exists():
        return empty
    record = records.read(path)
    # A record that is older than a field of the recipe was measured with the field's default.
    record = replace(record, recipe=_recipe_of(record, path).as_json())
    for part in ("recipe", "data"):
        if found := differences(asdict(record)[part], asdict(empty)[part]):
            raise ValueError(
                f"{path} was measured with another {part} and cannot take further runs: {found}; "
                "choose another folder with --results"
            )
    before = {metric.partition("_")[0] for run in record.runs for metric in run.metrics}
    if before and before != judged_on:
        raise ValueError(
            f"{path} was measured on {sorted(before)} images and cannot take runs that are "
            f"measured on {sorted(judged_on)} ones; choose another folder with --results"
        )
    return record


def _recipe_of(record: Record, path: Path) -> Recipe:
    try:
        return Recipe.from_json(record.recipe)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None
