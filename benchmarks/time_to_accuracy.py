"""Race to the accuracy that the lecture prints: `python -m benchmarks.time_to_accuracy [--quick]`.

The lecture's recipe, `lab`, and `fast` are judged after each epoch, and each trains until its test
accuracy is the lecture's 81.95 % or more. The clock (`timing.EpochClock`) runs while they train,
compilation included, and stands still while they are judged.

`--quick` gives an estimate in less than five minutes: some steps of the lecture's recipe are timed,
and multiplied by how many its recorded runs needed (the median). `fast` is run whole. The last line
printed is a JSON object; it says whether it is an estimate.

It needs the official images, and an otherwise idle machine.
"""

import argparse
import json
import math
import statistics

from coursecnn import datasets, records, timing, training
from coursecnn.datasets import Dataset
from coursecnn.recipes import RECIPES

PRINTED = 0.8195  # the lecture's last line: "Test accuracy: 0.8195"
STEPS = 300  # that an estimate is made from: a fifth of an epoch


def race(name: str, data: Dataset, seed: int) -> tuple[float, float]:
    """Train a recipe until it is there; return the seconds that took, and the accuracy.

    Raises:
        SystemExit: if it does not get there.
    """
    clock = timing.EpochClock()
    run = training.fit(RECIPES[name], data, seed, callbacks=[clock], until=PRINTED)
    accuracy = run.curves["test_accuracy"][-1]
    if accuracy < PRINTED:
        raise SystemExit(f"{name} did not reach {PRINTED}; its last epoch had {accuracy}")
    return sum(clock.seconds), accuracy


def first_at(accuracies: tuple[float, ...]) -> int:
    """Return the first epoch, counted from 1, with at least the printed accuracy.

    Raises:
        SystemExit: if there is none.
    """
    for epoch, accuracy in enumerate(accuracies, start=1):
        if accuracy >= PRINTED:
            return epoch
    raise SystemExit(f"{PRINTED} was not reached; the best epoch had {max(accuracies)}")


def estimate(name: str, data: Dataset) -> float:
    """Time some steps, and multiply by how many the recorded runs needed."""
    recipe = RECIPES[name]
    runs = records.read(name).runs
    epochs = statistics.median(first_at(run.curves["test_accuracy"]) for run in runs)
    steps = math.ceil(len(data.x_train) / recipe.batch_size)
    return epochs * steps * timing.step_seconds(recipe, data, STEPS)


def main() -> None:
    """Race, and print a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="estimate the lecture's time")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    datasets.fetch("cifar10")
    data = training.load(RECIPES["lab"])
    fast, accuracy = race("fast", data, arguments.seed)
    lecture = estimate("lab", data) if arguments.quick else race("lab", data, arguments.seed)[0]
    machine = training.machine()
    how = f", estimated from {STEPS} steps" if arguments.quick else ""
    print(f"{PRINTED:.2%}: lecture's recipe {lecture:.0f} s{how}, fast recipe {fast:.0f} s")
    result = {
        "lecture_seconds": round(lecture, 1),
        "fast_seconds": round(fast, 1),
        "ratio": round(lecture / fast, 2),
        "accuracy": accuracy,
        "estimate": arguments.quick,
        "device": machine.device,
        "threads": machine.threads,
        "versions": machine.versions,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
