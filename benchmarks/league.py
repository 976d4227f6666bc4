"""Record the league, in the order of its worth: `python -m benchmarks.league [--plan]`.

The plan: first the pilot, then question by question every seed of every arm that it compares, so
that what is recorded is always in pairs. Runs that are recorded already are skipped, and a run that
was killed continues after its last epoch. `--plan` only shows what is left, in hours of a machine
like those that made the records. `--part K/N` records every N-th arm, for N processes side by side,
on an accelerator or a large machine. It needs the official images.
"""

import argparse
import statistics
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from coursecnn import architectures, datasets, models, training
from coursecnn.architectures import league
from coursecnn.backend import without_weights
from coursecnn.evidence import records
from coursecnn.evidence.records import Run
from coursecnn.training.recipes import LEAGUE, PILOT, PILOT_SEED, Recipe

SEEDS = range(5)
QUESTIONS = {
    "what halves the maps, and what reads them": ("plain", "average_pooling", "dense_head"),
    "the non-linearity and the normalisation": ("unnormalised", "tanh"),
    "shortcuts": ("plain20", "residual20"),
    "what comes first": ("preactivation",),
    "small and large kernels": ("kernels_3x3", "kernels_7x7"),
    "wide and deep": ("wide", "deep"),
    "who reads whom": ("dense", "chain"),
    "dropped branches": ("stochastic_depth",),
    "the weights of maps": ("squeeze_excitation",),
    "the five orders": ("order_normalised_sum", "order_activated_branch", "order_relu_first"),
    "fractals": ("fractal", "drop_path"),
    "side by side": ("inception_naive", "inception"),
    "squeezed": ("fire",),
    "depthwise": ("separable", "inverted"),
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


def main() -> None:
    """Say what is left; record it unless only the plan is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--plan", action="store_true", help="say what is left, and record nothing")
    parser.add_argument(
        "--part", type=part, default=(1, 1), help="of N processes side by side, the K-th: K/N"
    )
    parser.add_argument(
        "--results", type=Path, default=records.SHIPPED, help="the folder of the records"
    )
    arguments = parser.parse_args()
    folder, (which, of) = arguments.results, arguments.part
    left = [run for run in plan() if is_missing(run, folder)]
    print(f"{len(left)} of {len(plan())} runs are left, about {hours(left, folder):.1f} h")
    if arguments.plan:
        print(table(folder).to_string())
        return
    datasets.fetch("cifar10")
    data = training.load_data(LEAGUE["plain"])
    recipes = list(dict.fromkeys(run.recipe.name for run in left))[which - 1 :: of]
    for run in left:
        if run.recipe.name not in recipes:  # a record is written by one process
            continue
        try:
            training.reproduce(run.recipe, data, [run.seed], folder)
        except training.DivergedError as error:
            print(error)


if __name__ == "__main__":
    main()
