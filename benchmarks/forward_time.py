"""Time all networks for ImageNet, forward, for one image: `python -m benchmarks.forward_time`.

Every network of `coursecnn.timing.NETWORKS` has its turn in each of `ROUNDS` rounds, with fresh
weights; that module says what is timed. Each round is written into the record as soon as it is
done, and the same command continues where it was stopped; `--results FOLDER` measures anew,
elsewhere. The record is that of chapter 13, `coursecnn/results/forward_time.json`, if no folder is
named: only a machine like the one that made it can continue it. The last line printed is a JSON
object.
"""

import argparse
import datetime
import hashlib
import json
import statistics
from pathlib import Path

import numpy as np

from coursecnn import records, timing, training
from coursecnn.records import Data, Record

ROUNDS = 3
NAME = "forward_time"
# What most networks are shown: uniform noise, drawn anew wherever it is needed.
PIXELS = np.random.default_rng(0).random((1, 224, 224, 3), dtype=np.float32)
NOISE = Data("noise", hashlib.sha256(PIXELS.tobytes()).hexdigest(), official=False)


def opened(path: Path) -> Record:
    """Read the record, or begin one, for this machine."""
    machine, recipe = training.machine(), {"batch_size": 1, "calls": timing.CALLS}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    if not path.exists():
        return Record(NAME, recipe, NOISE, machine, today, ())
    record = records.read(str(path))
    if (record.machine, record.recipe) != (machine, recipe):
        raise SystemExit(f"{path} was measured on {record.machine}, this is {machine}: --results")
    return record


def report(record: Record) -> dict[str, float]:
    """Give the mean time of each network over the rounds, in seconds."""
    return {name: statistics.fmean(record.values(name)) for name in timing.NETWORKS}


def main() -> None:
    """Measure what is missing, and print a table and a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--results", type=Path, default=records.SHIPPED, help="the folder of the record"
    )
    path = parser.parse_args().results / f"{NAME}.json"
    record = opened(path)
    for seed in set(range(ROUNDS)) - set(record.seeds):
        run = timing.measure(timing.NETWORKS, seed)
        record = record.with_run(run, datetime.datetime.now(datetime.UTC).date().isoformat())
        records.write(record, path)
    seconds = report(record)
    print(f"{'':20}{'CPU s':>10}{'× AlexNet':>12}")
    for name, time in seconds.items():
        print(f"{name:20}{time:10.4f}{time / seconds['alexnet']:12.2f}")
    print(json.dumps({"seconds": seconds, "machine": vars(record.machine)}))


if __name__ == "__main__":
    main()
