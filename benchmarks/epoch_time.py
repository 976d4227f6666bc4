"""Time an epoch of each of the lab's recipes, side by side: `python -m benchmarks.epoch_time`.

In each of `ROUNDS` rounds every recipe trains on a part of the images, twice: the first pass
compiles, the second is timed, and multiplied by the part's share. The wall clock counts, so the
machine must be idle otherwise. Each round is written into the record as soon as it is done, and the
same command continues where it was stopped; `--results FOLDER` measures elsewhere. The record is
that of the lab's chapters, `coursecnn/results/epoch_time.json`. The last line printed is a JSON
object.
"""

import argparse
import datetime
import json
import statistics
import time
from dataclasses import replace
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


def epoch_seconds(name: str, data: Dataset, seed: int) -> float:
    """Return the seconds that one epoch takes on as many images as the recipe is trained on."""
    recipe = replace(RECIPES[name], epochs=3, held_out=0.0)
    part = replace(data, x_train=data.x_train[:IMAGES], y_train=data.y_train[:IMAGES])
    clock = timing.EpochClock()
    training.fit(recipe, part, seed, epochs=2, progress=False, callbacks=[clock])
    whole = len(data.x_train) * (1 - RECIPES[name].held_out)
    return round(clock.seconds[1] * whole / IMAGES, 3)


def opened(path: Path, data: Dataset) -> Record:
    """Read the record, or begin one, for this machine."""
    machine, recipe = training.machine(), {"images": IMAGES}
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
            name: epoch_seconds(name, data, seed) for name in tqdm(TIMED, desc=f"round {seed + 1}")
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
