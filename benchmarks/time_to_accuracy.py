"""Race to the accuracy that the lecture prints: `python -m benchmarks.time_to_accuracy [--quick]`.

The lecture's recipe, `lab`, and `fast` are evaluated after each epoch, and each trains until its
test accuracy is the lecture's 81.95 % or more. The clock (`timing.EpochClock`) runs while they
train, compilation included, and stands still while they are evaluated.

`--quick` gives an estimate in less than five minutes: some steps of the lecture's recipe are timed,
and multiplied by how many its recorded runs needed (the median). `fast` is run whole. The last line
printed is a JSON object; it says whether it is an estimate. `benchmarks.race_time` races in rounds,
whole, and records them.

It needs the official images, and an otherwise idle machine.
"""

import argparse
import json
import math
import statistics
import time
from typing import NamedTuple

from coursecnn import datasets, training
from coursecnn.datasets import Dataset
from coursecnn.evidence import records
from coursecnn.evidence.records import Machine
from coursecnn.training import timing
from coursecnn.training.recipes import RECIPES

PRINTED = 0.8195  # the lecture's last line: "Test accuracy: 0.8195"
STEPS = 300  # that an estimate is made from: a fifth of an epoch


class Finish(NamedTuple):
    """How a recipe got to the accuracy.

    Attributes:
        seconds: that it trained, as the clock above has it.
        whole: seconds from the first line to the last: with building, flipping and evaluating.
        epochs: that it took.
        accuracy: test accuracy after the last of them.
    """

    seconds: float
    whole: float
    epochs: int
    accuracy: float


def race(name: str, data: Dataset, seed: int) -> Finish:
    """Train a recipe until it is there.

    Raises:
        SystemExit: if it does not get there.
    """
    clock, started = timing.EpochClock(), time.perf_counter()
    fitted = training.fit(
        RECIPES[name], data, seed=seed, callbacks=[clock], target_accuracy=PRINTED
    )
    whole = time.perf_counter() - started
    accuracy = fitted.run.curves["test_accuracy"][-1]
    if accuracy < PRINTED:
        raise SystemExit(f"{name} did not reach {PRINTED}; its last epoch had {accuracy}")
    return Finish(sum(clock.seconds), whole, len(clock.seconds), accuracy)


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
    quick, seed = arguments.quick, arguments.seed
    datasets.fetch("cifar10")
    data = training.load_data(RECIPES["lab"])
    fast = race("fast", data, seed)
    lecture = estimate("lab", data) if quick else race("lab", data, seed).seconds
    machine = Machine.here()
    how = f", estimated from {STEPS} steps" if quick else ""
    print(f"{PRINTED:.2%}: lecture's recipe {lecture:.0f} s{how}, fast recipe {fast.seconds:.0f} s")
    result = {
        "lecture_seconds": round(lecture, 1),
        "fast_seconds": round(fast.seconds, 1),
        "ratio": round(lecture / fast.seconds, 2),
        "accuracy": fast.accuracy,
        "estimate": quick,
        "device": machine.device,
        "threads": machine.threads,
        "versions": dict(machine.versions),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
