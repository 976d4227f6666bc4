"""Time an epoch of each of the lab's recipes, side by side: `python -m benchmarks.epoch_time`.

In each of `ROUNDS` rounds every recipe's steps are timed (`timing.step_seconds`), and multiplied by
how many make an epoch. The wall clock counts, so the machine must be idle otherwise. Each round is
written into the record as soon as it is done, and the same command continues where it was stopped;
`--results FOLDER` measures elsewhere. The record is that of the lab's chapters,
`coursecnn/results/epoch_time.json`. The last line printed is a JSON object.
"""

import argparse
import datetime
import json
import statistics
import time
from pathlib import Path

from tqdm import tqdm

from coursecnn import datasets, records, timing, training
from coursecnn.datasets import Dataset
from coursecnn.recipes import LADDER, RECIPES
from coursecnn.records import Data, Record, Run

NAME = "epoch_time"
ROUNDS = 3
IMAGES = 6_400  # 200 steps of the lecture's recipe, 50 of the fast one
TIMED = ("lab", "fast", *(f"ladder_{rung}" for rung in LADDER))


def epoch_seconds(name: str, data: Dataset) -> float:
    """Return the seconds of one epoch, on as many images as the recipe is trained on."""
    recipe = RECIPES[name]
    steps = len(data.x_train) * (1 - recipe.held_out) / recipe.batch_size
    return round(steps * timing.step_seconds(recipe, data, IMAGES // recipe.batch_size), 3)


def opened(path: Path, data: Dataset) -> Record:
    """Read the record, or begin one, for this machine."""
    recipe = {"images": IMAGES, "images_of_an_epoch": len(data.x_train)}
    machine = training.machine()
    if not path.exists():
        return Record(NAME, recipe, Data.of(data), machine, "", ())
    record = records.read(str(path))
    if (record.machine, record.recipe) != (machine, recipe):
        raise SystemExit(f"{path} was measured on {record.machine}, this is {machine}: --results")
    return record


def main() -> None:
    """Measure what is missing, and print a table and a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--results", type=Path, default=records.SHIPPED, help="the folder of the record"
    )
    path = parser.parse_args().results / f"{NAME}.json"
    datasets.fetch("cifar10")
    data = training.load(RECIPES["lab"])
    record = opened(path, data)
    for seed in sorted(set(range(ROUNDS)) - set(record.seeds)):
        started = time.perf_counter()
        seconds = {
            name: epoch_seconds(name, data) for name in tqdm(TIMED, desc=f"round {seed + 1}")
        }
        run = Run(seed, seconds, {}, round(time.perf_counter() - started, 1))
        record = record.with_run(run, datetime.datetime.now(datetime.UTC).date().isoformat())
        records.write(record, path)
    middle = {name: statistics.median(record.values(name)) for name in TIMED}
    print(f"{'':20}{'s per epoch':>12}{'lab / it':>10}")
    for name, seconds_of_it in middle.items():
        print(f"{name:20}{seconds_of_it:12.1f}{middle['lab'] / seconds_of_it:10.2f}")
    print(json.dumps({"seconds": middle, "machine": vars(record.machine)}))


if __name__ == "__main__":
    main()
