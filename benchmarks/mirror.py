"""Judge the networks that `lab` and `fast` left behind alike: `python -m benchmarks.mirror`.

Each is asked about every test image and about its mirror image, once. *Plain* is the accuracy of
the answers to the images, *mirrored* that of the mean of both answers. *Mended* counts the images
that only the mean gets right, *spoiled* those that only the plain answer does.

The record, `coursecnn/evidence/results/mirror.json`, is that of the chapter on speed, and has one
run, since the weights of one seed are kept; `--results FOLDER` writes elsewhere. It takes half a
minute on one core of 2025.
"""

import argparse
import datetime
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn import training
from coursecnn.datasets import Dataset
from coursecnn.evidence import records
from coursecnn.evidence.records import Data, Machine, Record, Run
from coursecnn.training.evaluation import shortest
from coursecnn.training.recipes import RECIPES

JUDGED = ("fast", "lab")
SEED, BATCH = 0, 250


def answers(network: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probabilities of each image: rows are images, columns are classes."""
    pixels = images.astype("float32") / np.float32(255)
    return np.asarray(network.predict(pixels, batch_size=BATCH, verbose=0))


def both_ways(network: Any, data: Dataset) -> dict[str, float]:
    """Judge a network by the test images, with and without their mirror images."""
    plain = answers(network, data.x_eval)
    both = plain + answers(network, data.x_eval[:, :, ::-1])
    alone, together = (given.argmax(axis=1) == data.y_eval for given in (plain, both))
    return {
        "plain_accuracy": shortest(float(np.mean(alone))),
        "mirrored_accuracy": shortest(float(np.mean(together))),
        "mended": int(np.sum(together & ~alone)),
        "spoiled": int(np.sum(alone & ~together)),
    }


def main() -> None:
    """Judge both networks, write the record, and print what was found as a JSON object."""
    parser = argparse.ArgumentParser(description="Judge two kept networks with and without mirror")
    parser.add_argument("--results", type=Path, default=records.SHIPPED)
    folder = parser.parse_args().results
    data = training.load_data(RECIPES["lab"])
    if not data.provenance.official:
        raise SystemExit("records are made on the official cifar10 only: `coursecnn data`")
    started = time.perf_counter()
    found = {
        f"{name}_{what}": value
        for name in JUDGED
        for what, value in both_ways(training.load_trained(RECIPES[name], SEED), data).items()
    }
    run = Run(SEED, found, {}, round(time.perf_counter() - started, 1), Machine.here())
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    recipe = {"networks": list(JUDGED), "views": ["image", "mirror image"]}
    records.write(Record("mirror", recipe, Data.of(data), today, (run,)), folder / "mirror.json")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
