"""Look at the test images after every epoch: `python -m benchmarks.looking`.

What does it cost to choose an epoch by the test images? To find out, a small cousin of the lab's
network learns from a fifth of the images: it has a quarter of the filters and units, and sees
16×16 pixels, so that a hundred epochs of it take no longer than one of the lab's. After each epoch
it is judged on 5,000 of the images that were held out, as `validation5000_accuracy` of the record,
and on the test images: `test_accuracy`, and of each tenth
of them apart `test1_accuracy` to `test10_accuracy`. The tenths are those of the official order, in
which the classes are mixed.

Nothing is chosen here. Killed at any moment, the same command continues; it needs the official
images.
"""

import argparse
import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn import architectures, datasets, training
from coursecnn._files import write_atomically
from coursecnn.backend import keras
from coursecnn.datasets import Dataset
from coursecnn.evidence import records
from coursecnn.evidence.records import Data, Record, Run
from coursecnn.training.evaluation import shortest
from coursecnn.training.recipes import RECIPES

RECIPE = replace(
    RECIPES["lab"],
    name="looking",
    architecture=None,
    batch_size=64,
    validation_split=0.8,
    evaluate_every_epoch=False,
)
SEEDS = range(5)
VALIDATION, PART = (
    5_000,
    1_000,
)  # images: to choose an epoch by, and in each part of the test images
BATCH = 500


def network() -> keras.Model:
    """Build the lab's network for half the pixels, with a quarter of the filters and units."""
    small = architectures.build("cifar10_lab", input_shape=(16, 16, 3), narrower=4)
    return keras.Sequential([keras.Input((32, 32, 3)), keras.layers.AveragePooling2D(2), small])


class Look(keras.callbacks.Callback):
    """Judges a network after each epoch, thousand by thousand images, and keeps it in a file."""

    def __init__(self, x: NDArray[np.uint8], y: NDArray[Any], path: Path) -> None:
        """Go on with what the file has, if there is one."""
        super().__init__()
        self.x, self.y, self.path = x, y, path
        self.seen: list[list[int]] = json.loads(path.read_text("utf-8")) if path.exists() else []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Count the right answers in each part; an epoch that is run again replaces itself."""
        if len(self.seen) < epoch:
            raise ValueError(
                f"{self.path} has {len(self.seen)} epochs, and the run is at {epoch + 1}: delete "
                "its checkpoint, and begin again"
            )
        right = self.model.predict(self.x, batch_size=BATCH, verbose=0).argmax(axis=1) == self.y
        self.seen[epoch:] = [right.reshape(-1, PART).sum(axis=1).tolist()]
        write_atomically(self.path, json.dumps(self.seen).encode())

    def curves(self) -> dict[str, tuple[float, ...]]:
        """The accuracies on the validation images, the test images, and each part of these."""
        parts = np.array(self.seen) / PART
        validation, test = np.split(parts, [VALIDATION // PART], axis=1)
        found = {
            f"validation{VALIDATION}_accuracy": validation.mean(axis=1),
            "test_accuracy": test.mean(axis=1),
            **{f"test{n}_accuracy": part for n, part in enumerate(test.T, start=1)},
        }
        return {name: tuple(map(shortest, values)) for name, values in found.items()}


def measured(seed: int, folder: Path, whole: Dataset) -> Run:
    """Train one network, looking."""
    data = training.load_data(RECIPE)
    x = np.concatenate([data.x_eval[:VALIDATION], whole.x_test])
    y = np.concatenate([data.y_eval[:VALIDATION], whole.y_test])
    look = Look(x, y, folder / f"looking-seed{seed}.part.json")
    run, _ = training.fit(
        RECIPE,
        data,
        seed=seed,
        network=network,
        checkpoint=folder / f"looking-seed{seed}.checkpoint.npz",
        progress=False,
        callbacks=[look],
    )
    return replace(run, curves={**run.curves, **look.curves()})


def main() -> None:
    """Measure the seeds that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--results", type=Path, default=records.SHIPPED, help="the folder of the record"
    )
    folder = parser.parse_args().results
    whole = datasets.cifar10()
    if not whole.provenance.official:
        raise SystemExit("the official CIFAR-10 is needed: `coursecnn data` fetches it")
    path = folder / f"{RECIPE.name}.json"
    record = Record(RECIPE.name, RECIPE.as_json(), Data.of(training.load_data(RECIPE)), "", ())
    if path.exists():
        record = records.read(path)
    for seed in SEEDS:
        if seed not in record.seeds:
            run = measured(seed, folder, whole)
            record = record.with_run(run, datetime.datetime.now(datetime.UTC).date().isoformat())
            records.write(record, path)
        for left in ("checkpoint.npz", "part.json"):
            (folder / f"looking-seed{seed}.{left}").unlink(missing_ok=True)
    print(record)


if __name__ == "__main__":
    main()
