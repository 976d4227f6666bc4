"""Records of times: measured in rounds, each of them written as soon as it is done.

`record` does what the benchmarks that write a record share. They print what they found themselves;
the last line is a JSON object.
"""

import argparse
import datetime
import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from coursecnn.evidence import records
from coursecnn.evidence.records import Data, Machine, Record, Run

ROUNDS = 3
# What networks are shown where it does not matter: uniform noise, drawn anew wherever it is needed.
PIXELS = np.random.default_rng(0).random((1, 224, 224, 3), dtype=np.float32)
NOISE = Data("noise", hashlib.sha256(PIXELS.tobytes()).hexdigest(), official=False)


def record(
    name: str,
    description: str | argparse.ArgumentParser,
    recipe: Mapping[str, Any],
    data: Data,
    measure: Callable[[int], Mapping[str, float]],
) -> Record:
    """Measure the rounds that a record lacks, and return all of it.

    The same command continues where it was stopped. Times of several machines are not mixed: the
    record is that of the book, which only a machine like the one that made it can continue;
    `--results FOLDER` measures anew, elsewhere.

    Args:
        name: of the record, and so of its file.
        description: what is timed, for the command's help; or a parser that has it, and options of
            its own.
        recipe: what must be the same in all rounds.
        data: what is computed on.
        measure: gives the times of a round, by name; it is told the number of the round.

    Raises:
        SystemExit: if the record was measured on another machine, or with another recipe.
    """
    parser = (
        argparse.ArgumentParser(description=description)
        if isinstance(description, str)
        else description
    )
    parser.add_argument(
        "--results", type=Path, default=records.SHIPPED, help="the folder of the record"
    )
    path = parser.parse_args().results / f"{name}.json"
    empty = Record(name, recipe, data, date="", runs=())
    found = records.read(str(path)) if path.exists() else empty
    here = Machine.here()
    if not {*found.machines} <= {here} or found.recipe != empty.recipe:
        raise SystemExit(
            f"{path} was measured on {found.machines}, as {found.recipe}; "
            f"this is {here}, as {recipe}: --results"
        )
    for seed in sorted(set(range(ROUNDS)) - set(found.seeds)):
        started = time.perf_counter()
        run = Run(seed, measure(seed), {}, round(time.perf_counter() - started, 1), here)
        found = found.with_run(run, datetime.datetime.now(datetime.UTC).date().isoformat())
        records.write(found, path)
    return found
