"""Time an epoch of each of the lab's recipes, side by side: `python -m benchmarks.epoch_time`.

In each round every recipe's steps are timed (`timing.step_seconds`), and multiplied by how many
make an epoch; where the first epochs see small images, an average epoch counts. The wall clock
counts, so the machine must be idle otherwise. The record,
`coursecnn/evidence/results/epoch_time.json`, is that of the lab's chapters; `benchmarks.rounds`
says how it is continued, or made anew elsewhere.

`benchmarks.best_time` does the same for the longest recipe, and `benchmarks.float32_time` for the
fast one without numbers of 16 bits, in records of their own.
"""

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, replace

from tqdm import tqdm

from benchmarks import rounds
from coursecnn import datasets, training
from coursecnn.datasets import Dataset
from coursecnn.evidence.records import Data
from coursecnn.training import timing
from coursecnn.training.recipes import LADDER, RECIPES, Recipe

IMAGES = 6_400  # 200 steps of the lecture's recipe, 50 of the fast one
TIMED = {name: RECIPES[name] for name in ("lab", "fast", *(f"ladder_{rung}" for rung in LADDER))}


def epoch_seconds(recipe: Recipe, data: Dataset) -> float:
    """Return the seconds of an epoch, on as many images as the recipe is trained on."""
    steps = len(data.x_train) * (1 - recipe.validation_split) / recipe.batch_size
    small = recipe.progressive_epochs / recipe.epochs
    phases = [(replace(recipe, progressive_epochs=0), 1 - small), (recipe, small)]
    seconds = [
        share * steps * timing.step_seconds(phase, data, IMAGES // recipe.batch_size)
        for phase, share in phases
        if share
    ]
    return round(sum(seconds), 3)


def main(name: str = "epoch_time", timed: Mapping[str, Recipe] = TIMED) -> None:
    """Measure what is missing of a record of these recipes, and print a table and a JSON object."""
    datasets.fetch("cifar10")
    data = training.load_data(RECIPES["lab"])
    record = rounds.record(
        name,
        "Time an epoch of: " + ", ".join(timed),
        {"images": IMAGES, "images_of_an_epoch": len(data.x_train)},
        Data.of(data),
        lambda _: {recipe: epoch_seconds(timed[recipe], data) for recipe in tqdm(timed)},
    )
    middle = {recipe: statistics.median(record.values(recipe)) for recipe in timed}
    print(f"{'':20}{'s per epoch':>12}{'lab / it':>10}")
    for recipe, seconds in middle.items():
        print(f"{recipe:20}{seconds:12.1f}{middle['lab'] / seconds:10.2f}")
    print(json.dumps({"seconds": middle, "machine": asdict(record.machines[0])}))


if __name__ == "__main__":
    main()
