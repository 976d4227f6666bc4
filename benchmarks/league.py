"""Record the league, in the order of its worth: `python -m benchmarks.league [--plan]`.

The plan: first the pilot, then question by question every seed of every arm that it compares, so
that what is recorded is always in pairs. Runs that are recorded already are skipped, and a run that
was killed continues after its last epoch. Each network is measured on the test images too, once,
after its last epoch; nothing is chosen by that.

Each core of the processor records arms of its own, by a process with one thread: two networks side
by side take little more time than one that has both cores. An accelerator records one at a time.
`--plan` only shows what is left, in hours of a machine like those that made the records. It needs
the official images.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from tqdm import tqdm

from coursecnn import architectures, backend, datasets, models, training
from coursecnn.architectures import league
from coursecnn.backend import without_weights
from coursecnn.evidence import records
from coursecnn.evidence.records import Run
from coursecnn.training.recipes import LEAGUE, PILOT, PILOT_SEED, Recipe

SEEDS = range(5)
QUESTIONS = {
    "what halves the maps, and what reads them": ("plain", "average_pooling", "dense_head"),
    "shortcuts": ("plain20", "residual20"),
    "the non-linearity and the normalisation": ("unnormalised", "tanh"),
    "small and large kernels": ("kernels_3x3", "kernels_7x7"),
    "side by side": ("inception_naive", "inception"),
    "who reads whom": ("dense", "chain"),
    "what comes first": ("preactivation",),
    "the weights of maps": ("squeeze_excitation",),
    "the five orders": ("order_normalised_sum", "order_activated_branch", "order_relu_first"),
    "wide and deep": ("wide", "deep"),
    "depthwise": ("separable", "inverted"),
    "squeezed": ("fire",),
    "dropped branches": ("stochastic_depth",),
    "fractals": ("fractal", "drop_path"),
    "groups": ("bottleneck", "cardinality"),
    "depth": ("plain56", "residual56"),
}


SECONDS_PER_MAC = 5e-6  # of an epoch, where nothing is recorded: 50 s for ten million


class Planned(NamedTuple):
    """One run of the plan."""

    recipe: Recipe
    seed: int


def plan() -> list[Planned]:
    """Return all runs, the most valuable first."""
    pilot = [Planned(recipe, PILOT_SEED) for recipe in PILOT.values()]
    arms = [
        Planned(LEAGUE[arm], seed) for arms in QUESTIONS.values() for seed in SEEDS for arm in arms
    ]
    return pilot + arms


def recorded(recipe: Recipe, folder: Path) -> tuple[Run, ...]:
    """The runs of a recipe that are in the folder."""
    path = folder / f"{recipe.name}.json"
    return records.read(str(path)).runs if path.exists() else ()


def is_missing(run: Planned, folder: Path) -> bool:
    """Whether a run is still to be recorded."""
    return run.seed not in {known.seed for known in recorded(run.recipe, folder)}


def hours(runs: Sequence[Planned], folder: Path) -> float:
    """Estimate how long runs take: an epoch as in recorded ones of their arm, or by its MACs."""
    epochs = {
        arm: statistics.mean(run.seconds / run.epochs for run in recorded(recipe, folder))
        for arm, recipe in LEAGUE.items()
        if recorded(recipe, folder)
    }
    rates = [seconds / macs(arm) for arm, seconds in epochs.items()]
    rate = statistics.median(rates) if rates else SECONDS_PER_MAC
    arms = [(run.recipe.architecture_options["arm"], run.recipe.epochs) for run in runs]
    return sum(count * epochs.get(arm, rate * macs(arm)) for arm, count in arms) / 3600


@cache
def macs(arm: str) -> int:
    """Multiply-accumulates of an arm for one image."""
    with without_weights():
        return models.totals(architectures.build("league", arm=arm)).macs


def table(folder: Path) -> pd.DataFrame:
    """The plan, a line per arm: what it costs, the runs that are there and are left, hours left."""
    runs = [run for run in plan() if run.recipe.name.startswith("league_")]
    lines = {}
    for arm, recipe in LEAGUE.items():
        own = [run for run in runs if run.recipe is recipe]
        left = [run for run in own if is_missing(run, folder)]
        lines[arm] = {
            "idea": league.ARMS[arm].idea,
            "million MACs": round(macs(arm) / 1e6, 2),
            "seconds an epoch": round(3600 * hours(own, folder) / len(own) / recipe.epochs),
            "recorded": len(own) - len(left),
            "left": len(left),
            "hours left": round(hours(left, folder), 1),
        }
    return pd.DataFrame(lines).T


def part(text: str) -> tuple[int, int]:
    """Read K/N, for the command line."""
    which, _, of = text.partition("/")
    if not (which.isdecimal() and of.isdecimal() and 1 <= int(which) <= int(of)):
        raise argparse.ArgumentTypeError(f"must be K/N, such as 1/4, got {text!r}")
    return int(which), int(of)


def record(folder: Path, which: int, of: int) -> None:
    """Record the arms of one process among several: of those that are missing, every `of`-th."""
    datasets.fetch("cifar10")
    data = training.load_data(LEAGUE["plain"])
    test = training.load_data(replace(LEAGUE["plain"], validation_split=0.0))
    left = [run for run in plan() if is_missing(run, folder)]
    # A record is written by one process.
    mine = list(dict.fromkeys(run.recipe.name for run in plan()))[which - 1 :: of]
    for run in left:
        if run.recipe.name in mine:
            judged_by = None if run.seed == PILOT_SEED else test
            try:
                training.reproduce(
                    run.recipe, data, [run.seed], folder, test=judged_by, progress=of == 1
                )
            except training.DivergedError as error:
                print(error)


def record_side_by_side(folder: Path, processes: int) -> None:
    """Record by several processes with a thread each, and show how many runs are done."""
    own = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.league", "--results", str(folder), "--part"]
    workers = [
        subprocess.Popen([*command, f"{which}/{processes}"], env=os.environ | own)  # noqa: S603 (our own module)
        for which in range(1, processes + 1)
    ]
    with tqdm(total=len(plan()), unit=" runs", desc="league") as bar:
        while any(worker.poll() is None for worker in workers):
            bar.update(len(plan()) - sum(is_missing(run, folder) for run in plan()) - bar.n)
            time.sleep(30)
    if any(worker.returncode for worker in workers):
        sys.exit("a process has failed: its message is above; the same command continues")


def main() -> None:
    """Say what is left; record it unless only the plan is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--plan", action="store_true", help="say what is left, and record nothing")
    parser.add_argument(
        "--part",
        type=part,
        help="be the K-th of N processes side by side, as which it was started: K/N",
    )
    parser.add_argument(
        "--results", type=Path, default=records.SHIPPED, help="the folder of the records"
    )
    arguments = parser.parse_args()
    folder = arguments.results
    if arguments.part:
        record(folder, *arguments.part)
        return
    left = [run for run in plan() if is_missing(run, folder)]
    processes = 1 if backend.device().startswith("GPU") else os.cpu_count() or 1
    print(
        f"{len(left)} of {len(plan())} runs are left, about "
        f"{hours(left, folder) / processes:.1f} h by {processes} processes"
    )
    if arguments.plan:
        print(table(folder).to_string())
    elif processes == 1:
        record(folder, 1, 1)
    else:
        datasets.fetch("cifar10")
        record_side_by_side(folder, processes)


if __name__ == "__main__":
    main()
