"""Time ways to count a network, side by side: `python -m benchmarks.counting_time --torch PYTHON`.

The same networks are counted by the layer table, by `model.summary()`, by TensorFlow's profiler and
by torchinfo, in each round one way after the other, each in a fresh process; each round begins with
another way. What counts is the time of the processor, all its cores added up, from the name of a
network to its count, with the network built and without the imports: what else the machine does
meanwhile lengthens a clock on the wall, and hardly this. `--torch` names an interpreter that has
torch, torchvision and torchinfo; without it, there is no torchinfo among the ways.

The record, `coursecnn/evidence/results/counting_time.json`, is that of the reference's page of
comparisons; `benchmarks.rounds` says how it is continued, or made anew elsewhere. It also says what
the layer tables of all `keras.applications` take.
"""

import argparse
import json
import statistics
import subprocess
import sys
from typing import Any

from benchmarks import rounds
from benchmarks.torchinfo_counting import NETWORKS
from coursecnn import architectures

WAYS = ("tables", "summaries", "profiler")
TORCH = "torchinfo"

Finding = dict[str, Any]


def started(way: str, torch: str) -> Finding:
    """Count in one way in a fresh process."""
    module = (
        ("benchmarks.torchinfo_counting",) if way == "torchinfo" else ("benchmarks.counting", way)
    )
    python = torch if way == "torchinfo" else sys.executable
    command = (python, "-m", *module)
    result = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 (our own modules)
    if result.returncode:
        raise SystemExit(f"{' '.join(command)}: {result.stderr}")
    return dict(json.loads(result.stdout.splitlines()[-1]))


def check(found: dict[str, Finding]) -> None:
    """Check that all ways count the same."""
    ours, summaries, profiler = (found[way]["rows"] for way in WAYS)
    for name, row in ours.items():
        described = architectures.describe(name)
        parameters = {row["parameters"], summaries[name]["parameters"], described.parameters}
        assert len(parameters) == 1, (name, parameters)
        assert profiler[name]["macs"] == row["totals"]["macs"] == described.macs, name
        if TORCH in found:
            assert found[TORCH]["rows"][name]["parameters"] == row["totals"]["trainable"], name


def measure(seed: int, torch: str) -> dict[str, float]:
    """Measure a round."""
    ways = (*WAYS, TORCH) if torch else WAYS
    order = ways[seed % len(ways) :] + ways[: seed % len(ways)]
    found = {way: started(way, torch) for way in order}
    check(found)
    metrics: dict[str, float] = {}
    for way in ways:
        seconds = sum(row["seconds"] for row in found[way]["rows"].values())
        metrics[f"{way}_seconds"] = round(seconds, 3)
        metrics[f"{way}_megabytes"] = round(found[way]["peak"] / 1e6, 1)
    applications = started("applications", torch)
    times = [row["table_seconds"] for row in applications["rows"].values()]
    return metrics | {
        "applications": len(times),
        "applications_seconds": round(sum(times), 3),
        "applications_slowest": round(max(times), 3),
        "applications_megabytes": round(applications["growth"] / 1e6, 1),
    }


def main() -> None:
    """Measure what is missing, and print ratios and a JSON object."""
    parser = argparse.ArgumentParser(description="Time ways to count a network, side by side.")
    parser.add_argument("--torch", default="", help="a Python that has torchinfo")
    torch = parser.parse_known_args()[0].torch
    record = rounds.record(
        "counting_time",
        parser,
        {"networks": list(NETWORKS), "image": [224, 224, 3]},
        rounds.NOISE,
        lambda seed: measure(seed, torch),
    )
    base = record.values("tables_seconds")
    for way in (*WAYS, TORCH) if torch else WAYS:
        pairs = zip(record.values(f"{way}_seconds"), base, strict=True)
        ratio = statistics.fmean(one / other for one, other in pairs)
        print(f"{way:12}{ratio:8.2f} × {record.values(f'{way}_megabytes')} MB")
    print(json.dumps({name: record.values(name) for name in record.runs[0].metrics}))


if __name__ == "__main__":
    main()
