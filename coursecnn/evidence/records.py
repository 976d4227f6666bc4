"""Run records: what was measured, with everything needed to measure it again.

- `Run`: one training run, its final metrics and its curves;
- `Record`: the runs of one recipe, with the dataset, the device and the versions;
- `read`, `write`: the JSON files in `coursecnn/evidence/results/`;
- `Band`: where one further run is expected to land;
- `check`: hold a fresh run against a record.

A record is sealed with a digest of its content, so a digit that was changed by hand is refused.
Nothing here imports Keras.

>>> band = Band.over([0.9901, 0.9893, 0.9911])
>>> print(band)
0.9902 ± 0.0009 (3 runs), next run expected in 0.9798 to 1.0005
>>> band.within(0.987)
True
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from coursecnn._files import write_atomically

if TYPE_CHECKING:
    from coursecnn.datasets import Dataset

__all__ = ["Band", "Data", "Machine", "Record", "Run", "check", "read", "write"]

MIME_TYPE = "application/vnd.coursecnn.measured+json"
SCHEMA = 1
CONFIDENCE = 0.99
FEWEST_RUNS = 3
SHIPPED = Path(__file__).parent / "results"  # the records that the book shows


@dataclass(frozen=True)
class Run:
    """One training run.

    Attributes:
        seed: what the initial weights and the order of the images were drawn from.
        metrics: what was measured once, at the end, as `test_accuracy` (a fraction) and
            `test_loss`. Empty for a run of fewer epochs than its recipe has.
        curves: one value per epoch, as `loss` and `accuracy` on the training images, averaged
            over the epoch while the weights changed, as Keras reports them.
        seconds: the wall time of the whole run.

    >>> Run(seed=0, metrics={}, curves={"loss": (0.5, 0.2)}, seconds=12.5).epochs
    2
    """

    seed: int
    metrics: Mapping[str, float]
    curves: Mapping[str, tuple[float, ...]]
    seconds: float

    @property
    def epochs(self) -> int:
        """How many epochs were run."""
        return max(map(len, self.curves.values()), default=0)


@dataclass(frozen=True)
class Data:
    """The images that were trained on: the name, the digest of the content, and its standing.

    >>> Data("mnist", sha256="4f2c…", official=True).name
    'mnist'
    """

    name: str
    sha256: str
    official: bool

    @classmethod
    def of(cls, dataset: Dataset) -> Data:
        """Describe `dataset` for a record."""
        return cls(dataset.name, dataset.provenance.sha256, dataset.provenance.official)


@dataclass(frozen=True)
class Machine:
    """What the runs were computed on, and the versions of what computed them.

    >>> Machine("CPU: a processor", threads=2, versions={"keras": "3.8.0"}).threads
    2
    """

    device: str
    threads: int
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Band:
    """Where one further run of the same recipe is expected to land.

    For n runs with mean m and standard deviation s (divided by n - 1), the 99 % prediction
    interval for a single further value drawn from the same normal distribution is
    m ± t · s · sqrt(1 + 1/n), with t the 0.995 quantile of Student's t with n - 1 degrees of
    freedom. It is wider than the confidence interval of the mean, and wide when n is small.
    Over many records, one further value in a hundred falls outside of its band. That is an average:
    a single band over few runs may miss far more often; and among the many values of a run that
    `check` looks at, some value falls outside in more than one run of a hundred.

    Source: Hahn and Meeker, *Statistical Intervals*, Wiley 1991, chapter 4.
    """

    low: float
    high: float
    mean: float
    std: float
    n: int

    @classmethod
    def over(cls, values: Sequence[float], confidence: float = CONFIDENCE) -> Band:
        """Compute the band over one value per run.

        Args:
            values: one per run.
            confidence: the chance that a further run lands inside, averaged over such bands.

        Raises:
            ValueError: for fewer than three values, whose spread says next to nothing.
        """
        n = len(values)
        if n < FEWEST_RUNS:
            raise ValueError(f"a band needs at least {FEWEST_RUNS} runs, got {n}: {list(values)}")
        mean, std = float(np.mean(values)), float(np.std(values, ddof=1))
        quantile = float(stats.t.ppf((1 + confidence) / 2, n - 1))
        half = quantile * std * math.sqrt(1 + 1 / n)
        return cls(mean - half, mean + half, mean, std, n)

    def within(self, value: float) -> bool:
        """Tell whether `value` lies inside the band, its edges included."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        # One significant digit of the spread, two when it begins with a 1.
        places = max(0, math.ceil(-math.log10(self.std / 2))) if self.std else 4
        mean, std, low, high = (
            f"{value:.{places}f}" for value in (self.mean, self.std, self.low, self.high)
        )
        return f"{mean} ± {std} ({self.n} runs), next run expected in {low} to {high}"


@dataclass(frozen=True)
class Record:
    """The runs of one recipe on one dataset and one machine.

    Attributes:
        name: the recipe's name, and the file's.
        recipe: the fields of the `coursecnn.training.recipes.Recipe`.
        data: what was trained on.
        machine: what computed it.
        date: when the newest run finished, as YYYY-MM-DD.
        runs: one per seed, in the order of the seeds.

    >>> record = read("mnist")
    >>> record.seeds
    (0, 1, 2, 3, 4)
    >>> record.band("test_accuracy").within(0.99)
    True
    """

    name: str
    recipe: Mapping[str, Any]
    data: Data
    machine: Machine
    date: str
    runs: tuple[Run, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that are recorded."""
        return tuple(run.seed for run in self.runs)

    def with_run(self, run: Run, date: str) -> Record:
        """Return this record with one more run.

        Raises:
            ValueError: if the seed is recorded already.
        """
        if run.seed in self.seeds:
            raise ValueError(f"seed {run.seed} of {self.name} is recorded already")
        runs = sorted((*self.runs, run), key=lambda run: run.seed)
        return replace(self, date=date, runs=tuple(runs))

    def values(self, metric: str, epoch: int | None = None) -> tuple[float, ...]:
        """Return one value per run.

        Args:
            metric: a final metric such as `"test_accuracy"`, or with `epoch` a curve such as
                `"loss"`.
            epoch: which point of the curve, counted from 1.

        Raises:
            ValueError: if a run has no such metric, curve or epoch.
        """
        return tuple(self._value(run, metric, epoch) for run in self.runs)

    def _value(self, run: Run, metric: str, epoch: int | None) -> float:
        known, kind = (run.metrics, "metric") if epoch is None else (run.curves, "curve")
        if metric not in known:
            raise ValueError(f"{kind} must be one of {sorted(known)}, got {metric!r}")
        if epoch is None:
            return run.metrics[metric]
        if not 1 <= epoch <= run.epochs:
            raise ValueError(f"epoch must be from 1 to {run.epochs}, got {epoch!r}")
        return run.curves[metric][epoch - 1]

    def band(self, metric: str, epoch: int | None = None, confidence: float = CONFIDENCE) -> Band:
        """Return where one further run is expected to land.

        The arguments are those of `values` and `Band.over`.

        Raises:
            ValueError: as `values`, and for fewer than three runs.
        """
        return Band.over(self.values(metric, epoch), confidence)

    def table(self) -> pd.DataFrame:
        """Show the runs: a row per seed, the final metrics, and the last point of each curve."""
        rows = [
            {**run.metrics, **{f"last {name}": curve[-1] for name, curve in run.curves.items()}}
            for run in self.runs
        ]
        return pd.DataFrame(rows, index=pd.Index(self.seeds, name="seed"))

    def __str__(self) -> str:
        epochs = max(run.epochs for run in self.runs)
        head = f"{self.name}: {len(self.runs)} runs of {epochs} epochs on {self.data.name}"
        if len(self.runs) < FEWEST_RUNS:
            return f"{head}, too few for a band (at least {FEWEST_RUNS})"
        points = {metric: self.band(metric) for metric in self.runs[0].metrics} | {
            f"{curve}, epoch {epoch}": self.band(curve, epoch)
            for curve in self.runs[0].curves
            for epoch in sorted({1, epochs})
        }
        width = max(map(len, points))
        return "\n".join([head, *(f"  {label:{width}}  {band}" for label, band in points.items())])


def read(name_or_path: str | Path) -> Record:
    """Read a record.

    Args:
        name_or_path: the name of a record that comes with the package, such as `"mnist"`, or a
            path that ends in `.json`.

    Raises:
        FileNotFoundError: if there is no such record; says which there are.
        ValueError: if the file is no record of this schema, or was changed by hand.

    >>> read("mnist").name
    'mnist'
    >>> len(read("mnist").table())
    5
    """
    if str(name_or_path).endswith(".json"):
        path = Path(name_or_path)
        return _parse(path.read_text("utf-8"), path.name)
    file = SHIPPED / f"{name_or_path}.json"
    if not file.is_file():
        names = sorted(found.stem for found in SHIPPED.glob("*.json"))
        raise FileNotFoundError(f"no record is named {name_or_path!r}; there are {names}")
    return _parse(file.read_text("utf-8"), file.name)


def write(record: Record, path: Path) -> None:
    """Write `record` as JSON, sealed. A reader finds the old file or the new one, never a part.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(read("mnist"), Path(folder) / "copy.json")
    ...     read(Path(folder) / "copy.json") == read("mnist")
    True
    """
    content = {"schema": SCHEMA, **asdict(record)}
    text = json.dumps({**content, "digest": _digest(content)}, indent=1, allow_nan=False)
    write_atomically(path, f"{text}\n".encode())


def check(record: Record, run: Run, dataset: Dataset) -> None:
    """Hold a fresh run against a record, in every metric and epoch that the run has.

    A run has many values, and each band alone would miss one run in a hundred. Here the bands are
    widened to a confidence of 1 - 0.01/N each for N values (Bonferroni), so that of the runs that
    are like the recorded ones at most one in a hundred fails.

    Prints what was compared, a line for each metric and curve. On the offline stand-in nothing
    can be compared: that is said instead. In a notebook the same is also put out as data
    (`MIME_TYPE`), which no page shows, for a report on all that was measured.

    Raises:
        AssertionError: if a value lies outside of its band; names the value and the band.
        ValueError: if the images are official, and not those that the record was measured on.

    >>> from coursecnn import datasets
    >>> check(read("mnist"), read("mnist").runs[0], datasets.stand_in("mnist"))
    mnist: not checked, because the record was measured on the official mnist and this run was not.
    """
    if Data.of(dataset) != record.data:
        if dataset.provenance.official:
            raise ValueError(
                f"dataset must hold the images that {record.name} was measured on, got others: "
                f"{dataset}; use training.load_data with the record's recipe"
            )
        print(
            f"{record.name}: not checked, because the record was measured on the official "
            f"{record.data.name} and this run was not."
        )
        return
    points: list[tuple[str, int | None, float]] = [
        (metric, None, value) for metric, value in run.metrics.items()
    ]
    for curve, values in run.curves.items():
        points += [(curve, epoch, value) for epoch, value in enumerate(values, start=1)]
    confidence = 1 - (1 - CONFIDENCE) / len(points)
    held = [
        (metric if epoch is None else f"{metric} of epoch {epoch}", value, band)
        for metric, epoch, value in points
        for band in [record.band(metric, epoch, confidence)]
    ]
    _publish(record, run, held)
    for where, value, band in held:
        if not band.within(value):
            raise AssertionError(
                f"{record.name}: {where} is {value:.4f}, outside of {band}, "
                f"widened for {len(points)} comparisons"
            )
    print(
        f"{record.name}, seed {run.seed}, {run.epochs} of {record.recipe['epochs']} epochs "
        f"re-measured, all inside the bands of {len(record.runs)} runs"
    )
    measured = {metric: (value,) for metric, value in run.metrics.items()} | dict(run.curves)
    for metric, values in measured.items():
        print(f"  {metric}", *(f"{value:.4f}" for value in values))


def _publish(record: Record, run: Run, held: Sequence[tuple[str, float, Band]]) -> None:
    """Hand the notebook that is running, if one is, what was measured and where its bands lie."""
    ipython = sys.modules.get("IPython")
    notebook = ipython.get_ipython() if ipython else None
    if notebook is None:
        return
    backend = sys.modules.get("coursecnn.backend")  # loaded by whatever trained the run
    finding = {
        "record": record.name,
        "recorded_on": record.machine.device,
        "device": backend.device() if backend else "unknown",
        "seed": run.seed,
        "epochs": run.epochs,
        "of_epochs": record.recipe["epochs"],
        "runs": len(record.runs),
        "values": [
            {"what": what, "value": value, "mean": band.mean, "low": band.low, "high": band.high}
            for what, value, band in held
        ],
    }
    notebook.display_pub.publish({MIME_TYPE: finding})


def _digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the content as canonical JSON: sorted keys, no spaces."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _parse(text: str, file: str) -> Record:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{file} is not JSON: {error}") from None
    _expect({"schema", "digest", *_names(Record)}, content, file)
    if content["schema"] != SCHEMA:
        raise ValueError(f"{file} has schema {content['schema']!r}, this coursecnn reads {SCHEMA}")
    _expect_nested(content, file)
    digest = content.pop("digest")
    if digest != _digest(content):
        raise ValueError(
            f"{file} was edited by hand: delete it and measure again, with "
            f"`coursecnn reproduce {content['name']}` where `coursecnn reproduce --list` names it, "
            f"else with `python -m benchmarks.{content['name']}`"
        )
    return Record(
        name=content["name"],
        recipe=content["recipe"],
        data=Data(**content["data"]),
        machine=Machine(**content["machine"]),
        date=content["date"],
        runs=tuple(_run(run) for run in content["runs"]),
    )


def _expect_nested(content: Mapping[str, Any], file: str) -> None:
    _expect(_names(Data), content["data"], f"{file}: data")
    _expect(_names(Machine), content["machine"], f"{file}: machine")
    if not isinstance(content["runs"], list):
        raise ValueError(f"{file}: runs must be a JSON array, got {content['runs']!r}")
    for index, run in enumerate(content["runs"]):
        _expect(_names(Run), run, f"{file}: runs[{index}]")


def _run(content: Mapping[str, Any]) -> Run:
    curves = {name: tuple(curve) for name, curve in content["curves"].items()}
    return Run(**{**content, "curves": curves})


def _names(kind: type[Record | Data | Machine | Run]) -> set[str]:
    return {field.name for field in fields(kind)}


def _expect(names: set[str], content: Any, where: str) -> None:
    """Refuse `content` unless it is a mapping with exactly these fields."""
    if not isinstance(content, dict):
        raise ValueError(f"{where} must be a JSON object, got {content!r}")
    for fault, found in (("missing", names - set(content)), ("unknown", set(content) - names)):
        if found:
            raise ValueError(f"{where}: {fault} field {', '.join(sorted(found))}")
