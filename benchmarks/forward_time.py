"""Time all networks for ImageNet, forward, for one image: `python -m benchmarks.forward_time`.

Every network of `coursecnn.training.timing.NETWORKS` has its turn in each round, with fresh
weights; that module says what is timed. The record, `coursecnn/evidence/results/forward_time.json`,
is that of chapter 13; `benchmarks.rounds` says how it is continued, or made anew elsewhere.
"""

import json
import statistics
from dataclasses import asdict

from benchmarks import rounds
from coursecnn.training import timing


def main() -> None:
    """Measure what is missing, and print a table and a JSON object."""
    record = rounds.record(
        "forward_time",
        "Time all networks for ImageNet, forward, for one image.",
        {"batch_size": 1, "calls": timing.CALLS},
        rounds.NOISE,
        lambda seed: timing.measure(timing.NETWORKS, seed).metrics,
    )
    seconds = {name: statistics.fmean(record.values(name)) for name in timing.NETWORKS}
    print(f"{'':20}{'CPU s':>10}{'× AlexNet':>12}")
    for name, time in seconds.items():
        print(f"{name:20}{time:10.4f}{time / seconds['alexnet']:12.2f}")
    print(json.dumps({"seconds": seconds, "machine": asdict(record.machines[0])}))


if __name__ == "__main__":
    main()
