"""Record the league, in the order of its worth: `python -m benchmarks.league [--plan]`.

The plan: first the pilot, then question by question every seed of every arm that it compares, so
that what is recorded is always in pairs. Runs that are recorded already are skipped, and a run that
was killed continues after its last epoch. `--plan` only says what is left, in hours of a machine
like those that made the record. It needs the official images.
"""

import argparse
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from coursecnn import architectures, datasets, models, training
from coursecnn.evidence import records
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


def missing(folder: Path) -> Iterator[Planned]:
    """Yield the runs that are not recorded yet; asked anew before each."""
    for run in plan():
        path = folder / f"{run.recipe.name}.json"
        if not path.exists() or run.seed not in records.read(str(path)).seeds:
            yield run


def hours(runs: list[Planned], folder: Path) -> float:
    """Estimate how long runs take: as recorded ones of their arm, or else by their MACs."""
    known = {}
    for recipe in LEAGUE.values():
        path = folder / f"{recipe.name}.json"
        if path.exists():
            found = [run.seconds for run in records.read(str(path)).runs]
            known[recipe.name] = statistics.mean(found) / recipe.epochs
    macs = {run.recipe.name: _macs(run.recipe) for run in runs}
    rates = [seconds / _macs(RECIPE_OF[name]) for name, seconds in known.items()]
    rate = statistics.median(rates) if rates else SECONDS_PER_MAC
    return (
        sum(
            run.recipe.epochs * known.get(run.recipe.name, rate * macs[run.recipe.name])
            for run in runs
        )
        / 3600
    )


RECIPE_OF = {recipe.name: recipe for recipe in LEAGUE.values()}
SECONDS_PER_MAC = 5e-6  # of an epoch, on two cores with AVX-512: 50 s for ten million


def _macs(recipe: Recipe) -> int:
    network = architectures.build("league", **recipe.architecture_options)
    return models.totals(network).macs


def main() -> None:
    """Say what is left; record it unless only the plan is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--plan", action="store_true", help="say what is left, and record nothing")
    parser.add_argument(
        "--results", type=Path, default=records.SHIPPED, help="the folder of the records"
    )
    arguments = parser.parse_args()
    left = list(missing(arguments.results))
    print(
        f"{len(left)} of {len(plan())} runs are left, about {hours(left, arguments.results):.1f} h"
    )
    if arguments.plan:
        return
    datasets.fetch("cifar10")
    data = training.load_data(next(iter(LEAGUE.values())))
    for run in missing(arguments.results):
        try:
            training.reproduce(run.recipe, data, [run.seed], arguments.results)
        except training.DivergedError as error:
            print(error)


if __name__ == "__main__":
    main()
