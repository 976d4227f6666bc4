"""Race as `benchmarks.time_to_accuracy` does, in rounds, whole: `python -m benchmarks.race_time`.

The record, `coursecnn/evidence/results/race_time.json`, is that of the chapter on speed;
`benchmarks.rounds` says how it is continued, or made anew elsewhere. A round takes from some
minutes to three quarters of an hour, on an otherwise idle machine.
"""

import json
import statistics
from dataclasses import asdict

from benchmarks import rounds, time_to_accuracy
from coursecnn import datasets, training
from coursecnn.datasets import Dataset
from coursecnn.evidence.records import Data
from coursecnn.training.recipes import RECIPES


def raced(data: Dataset, seed: int) -> dict[str, float]:
    """Race once, and return how both recipes got there."""
    finishes = {name: time_to_accuracy.race(name, data, seed) for name in ("fast", "lab")}
    return {
        f"{name}_{what}": round(value, 4)
        for name, finish in finishes.items()
        for what, value in finish._asdict().items()
    }


def main() -> None:
    """Race in the rounds that are missing, and print a JSON object."""
    datasets.fetch("cifar10")
    data = training.load_data(RECIPES["lab"])
    record = rounds.record(
        "race_time",
        f"Race to a test accuracy of {time_to_accuracy.PRINTED}, in rounds",
        {"goal": time_to_accuracy.PRINTED},
        Data.of(data),
        lambda seed: raced(data, seed),
    )
    ratios = [run.metrics["lab_seconds"] / run.metrics["fast_seconds"] for run in record.runs]
    found = {
        "ratios": ratios,
        "median": statistics.median(ratios),
        "machine": asdict(record.machines[0]),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
