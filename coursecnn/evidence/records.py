"""Run records: what was measured, with everything needed to measure it again.

- `Run`: one training run, its final metrics, its curves, and the machine that made it;
- `Record`: the runs of one recipe on one dataset, from one machine or several;
- `read`, `write`: the JSON files in `coursecnn/evidence/results/`;
- `Band`: where one further run is expected to land;
- `compare`: hold a fresh run against a record, value by value (`Comparison`, of `Compared`).

A record is sealed with a digest of its content, so a digit that was changed by hand is refused, and
so is everything that no run can have measured. Nothing here trains, or imports Keras.

>>> print(read("mnist").band("test_accuracy"))
0.9902 ± 0.0009 (5 runs), next run expected in 0.9858 to 0.9947
"""

from __future__ import annotations

import datetime
import hashlib
import json
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coursecnn
from coursecnn._files import write_atomically
from coursecnn._moved import refuse_attributes
from coursecnn._values import (
    Frozen,
    as_int,
    at,
    expect,
    flag,
    frozen,
    integer,
    name,
    number,
    sha256,
    shown,
    text,
)
from coursecnn.evidence._bands import CONFIDENCE, FEWEST_RUNS, Band
from coursecnn.evidence._comparison import MIME_TYPE, Compared, Comparison
from coursecnn.evidence._json import read_object

if TYPE_CHECKING:
    import pandas as pd

    from coursecnn.datasets import Dataset

__all__ = [
    "FEWEST_RUNS",
    "MIME_TYPE",
    "SHIPPED",
    "Band",
    "Compared",
    "Comparison",
    "Data",
    "Machine",
    "Record",
    "Run",
    "compare",
    "read",
    "write",
]

SCHEMA = 2
SHIPPED = Path(__file__).parent / "results"  # the records that the book shows
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
LARGEST_SEED = 2**32 - 1
LARGEST_VALUE = 1e100  # of a metric: what is larger has no square, and no spread

__getattr__ = refuse_attributes(__name__, {"check": "compare, and Comparison.assert_inside"})


def _set(record: object, **values: object) -> None:
    """Set fields of a frozen dataclass while it is being made."""
    for field, value in values.items():
        object.__setattr__(record, field, value)


@dataclass(frozen=True)
class Machine:
    """What a run was computed on, and the versions of what computed it.

    >>> Machine("CPU: a processor", threads=2, versions={"keras": "3.8.0"}).threads
    2
    """

    device: str
    threads: int
    versions: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse what describes no machine."""
        versions = frozen("versions", self.versions)
        if not isinstance(versions, Frozen):
            raise ValueError(f"versions must be a mapping, got {shown(versions)}")
        for module, version in versions.items():
            text(f"versions[{module!r}]", version)
        threads = integer("threads", self.threads, least=1)
        _set(self, device=text("device", self.device), threads=threads, versions=versions)

    @classmethod
    def here(cls) -> Machine:
        """Describe what computes here: the device, its threads, and the versions in use.

        >>> {"coursecnn", "keras", "numpy", "python"} < set(Machine.here().versions)
        True
        """
        from coursecnn import backend  # starts Keras, which reading a record does not need

        modules = {each: import_module(each) for each in (backend.name(), "keras", "numpy")}
        return cls(
            device=backend.device(),
            threads=backend.threads(),
            versions={
                "python": platform.python_version(),
                "coursecnn": coursecnn.__version__,
                **{each: module.__version__ for each, module in modules.items()},
            },
        )

    def __str__(self) -> str:
        return f"{self.device}, {self.threads} thread{'s' * (self.threads > 1)}"


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
        machine: what it was computed on.
        weights: the SHA-256 of the file of weights that the run left behind, if it left one.

    Raises:
        ValueError: if a value is none that a run can have; names the field.

    >>> here = Machine("CPU: a processor", threads=2, versions={})
    >>> Run(seed=0, metrics={}, curves={"loss": (0.5, 0.2)}, seconds=12.5, machine=here).epochs
    2
    """

    seed: int
    metrics: Mapping[str, float]
    curves: Mapping[str, tuple[float, ...]]
    seconds: float
    machine: Machine
    weights: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no run can have measured, and keep the rest as Python's own values."""
        if not isinstance(self.machine, Machine):
            raise ValueError(f"machine must be a Machine, got {shown(self.machine)}")
        if self.weights is not None:
            sha256("weights", self.weights)
        _set(
            self,
            seed=integer("seed", self.seed, 0, LARGEST_SEED),
            metrics=_mapping("metrics", self.metrics, _measured),
            curves=_mapping("curves", self.curves, _curve),
            seconds=number("seconds", self.seconds, 0, LARGEST_VALUE),
        )
        lengths = {curve: len(values) for curve, values in self.curves.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"curves must have a value per epoch each, got {lengths}")

    @property
    def epochs(self) -> int:
        """How many epochs were run."""
        return max(map(len, self.curves.values()), default=0)


def _mapping(field: str, value: object, check: Any) -> Frozen:
    if not isinstance(value, Mapping):
        raise ValueError(f"{field} must be a mapping, got {shown(value)}")
    return Frozen(
        {text(f"each key of {field}", key): check(field, key, value[key]) for key in value}
    )


def _measured(field: str, metric: str, value: object) -> float:
    where = f"{field}[{metric!r}]"
    if metric.endswith("accuracy"):
        return number(where, value, 0, 1)
    least = 0 if metric.endswith("loss") else -LARGEST_VALUE
    return number(where, value, least, LARGEST_VALUE)


def _curve(field: str, metric: str, values: object) -> tuple[float, ...]:
    if not isinstance(values, list | tuple) or not values:
        raise ValueError(f"{field}[{metric!r}] must be a value per epoch, got {shown(values)}")
    return tuple(_measured(field, metric, value) for value in values)


@dataclass(frozen=True)
class Data:
    """The images that were trained on: the name, the digest of the content, and its standing.

    >>> Data("mnist", sha256="4f" * 32, official=True).name
    'mnist'
    """

    name: str
    sha256: str
    official: bool

    def __post_init__(self) -> None:
        """Refuse what describes no images."""
        _set(self, name=name("name", self.name), sha256=sha256("sha256", self.sha256))
        _set(self, official=flag("official", self.official))

    @classmethod
    def of(cls, dataset: Dataset) -> Data:
        """Describe `dataset` for a record."""
        return cls(dataset.name, dataset.provenance.sha256, dataset.provenance.official)


@dataclass(frozen=True)
class Record:
    """The runs of one recipe on one dataset.

    Attributes:
        name: the recipe's name, and the file's.
        recipe: the fields of the `coursecnn.training.recipes.Recipe`.
        data: what was trained on.
        date: when the newest run finished, as YYYY-MM-DD; blank while there is none.
        runs: one per seed, in the order of the seeds.

    Raises:
        ValueError: if a value is none that a record can have; names the field.

    >>> record = read("mnist")
    >>> record.seeds
    (0, 1, 2, 3, 4)
    >>> record.band("test_accuracy").within(0.99)
    True
    """

    name: str
    recipe: Mapping[str, Any]
    data: Data
    date: str
    runs: tuple[Run, ...]

    def __post_init__(self) -> None:
        """Refuse a record that cannot have come about."""
        recipe = frozen("recipe", self.recipe)
        if not isinstance(recipe, Frozen):
            raise ValueError(f"recipe must be a mapping, got {shown(recipe)}")
        runs = tuple(self.runs)
        _set(self, name=name("name", self.name), recipe=recipe, runs=runs)
        if runs or self.date:
            _require_date(self.date)
        if list(self.seeds) != sorted(set(self.seeds)):
            raise ValueError(f"runs must have different seeds, in their order, got {self.seeds}")
        if len({(*sorted(run.metrics), "", *sorted(run.curves), run.epochs) for run in runs}) > 1:
            raise ValueError("runs must have the same metrics, curves and number of epochs")
        if "epochs" in recipe:  # a recipe of times has none
            wanted = as_int(recipe["epochs"])
            if wanted is None or wanted < max([1, *(run.epochs for run in runs)]):
                raise ValueError(
                    "recipe['epochs'] must be an int, no fewer than the epochs of a run, got "
                    f"{shown(recipe['epochs'])}"
                )

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that are recorded."""
        return tuple(run.seed for run in self.runs)

    @property
    def machines(self) -> tuple[Machine, ...]:
        """Each machine that the runs were computed on, once, in the order of the runs."""
        return tuple(dict.fromkeys(run.machine for run in self.runs))

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
        return Band.over(self.values(metric, epoch), confidence, metric)

    def table(self) -> pd.DataFrame:
        """Show the runs: a row per seed, the final metrics, and the last point of each curve.

        Where the runs are those of several machines, the last column names the device.
        """
        import pandas as pd

        rows = [
            {**run.metrics, **{f"last {name}": curve[-1] for name, curve in run.curves.items()}}
            | ({"device": run.machine.device} if len(self.machines) > 1 else {})
            for run in self.runs
        ]
        return pd.DataFrame(rows, index=pd.Index(self.seeds, name="seed"))

    def __str__(self) -> str:
        epochs = max((run.epochs for run in self.runs), default=0)
        head = f"{self.name}: {len(self.runs)} runs of {epochs} epochs on {self.data.name}"
        if len(self.machines) > 1:
            head += f", by {len(self.machines)} machines ({'; '.join(map(str, self.machines))})"
        if len(self.runs) < FEWEST_RUNS:
            return f"{head}, too few for a band (at least {FEWEST_RUNS})"
        points = {metric: self.band(metric) for metric in self.runs[0].metrics} | {
            f"{curve}, epoch {epoch}": self.band(curve, epoch)
            for curve in self.runs[0].curves
            for epoch in sorted({1, epochs})
        }
        width = max(map(len, points))
        return "\n".join([head, *(f"  {label:{width}}  {band}" for label, band in points.items())])


def _require_date(date: object) -> None:
    try:
        if not isinstance(date, str) or not DATE.fullmatch(date):
            raise ValueError
        datetime.date.fromisoformat(date)
    except ValueError:
        raise ValueError(f"date must be a day as YYYY-MM-DD, got {shown(date)}") from None


def read(name_or_path: str | Path) -> Record:
    """Read a record.

    Args:
        name_or_path: the name of a record that comes with the package, such as `"mnist"`, or a
            path that ends in `.json`.

    Raises:
        FileNotFoundError: if there is no such record; says which there are.
        ValueError: if the file is no record of this schema, holds what no run can have measured,
            or was changed by hand; names the file and the place in it.

    >>> read("mnist").name
    'mnist'
    >>> len(read("mnist").table())
    5
    """
    path = Path(name_or_path)
    if path.suffix != ".json":
        path = SHIPPED / f"{name_or_path}.json"
        if not path.is_file():
            names = sorted(found.stem for found in SHIPPED.glob("*.json"))
            raise FileNotFoundError(f"no record is named {name_or_path!r}; there are {names}")
    return _parse(read_object(path), path)


def write(record: Record, path: Path) -> None:
    """Write `record` as JSON, sealed. A reader finds the old file or the new one, never a part.

    Raises:
        ValueError: if the file is not called as the record is.
        OSError: if the folder cannot be written to.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(read("mnist"), Path(folder) / "mnist.json")
    ...     read(Path(folder) / "mnist.json") == read("mnist")
    True
    """
    _require_file(record.name, path)
    content = {"schema": SCHEMA, **asdict(record)}
    content = json.loads(json.dumps({**content, "digest": _digest(content)}))
    write_atomically(path, f"{json.dumps(content, indent=1, allow_nan=False)}\n".encode())


def compare(record: Record, run: Run, dataset: Dataset) -> Comparison:
    """Hold a fresh run against a record, in every metric and epoch that the run has.

    A run has many values, and each band alone would miss one run in a hundred. Here the bands are
    widened to a confidence of 1 - 0.01/N each for N values (Bonferroni), so that of the runs that
    are like the recorded ones at most one in a hundred fails.

    On the offline stand-in nothing can be compared: the comparison has no values then.

    Args:
        record: of at least three runs.
        run: measured now.
        dataset: what it was measured on.

    Raises:
        ValueError: if the images are official, and not those that the record was measured on; or
            if the run holds no value, or one that the record has not.

    >>> from coursecnn import datasets
    >>> print(compare(read("mnist"), read("mnist").runs[0], datasets.stand_in("mnist")))
    mnist: not checked, because the record was measured on the official mnist and this run was not.
    """
    if Data.of(dataset) != record.data:
        if dataset.provenance.official:
            raise ValueError(
                f"dataset must hold the images that {record.name} was measured on, got others: "
                f"{dataset}; use training.load_data with the record's recipe"
            )
        return Comparison(record, run, ())
    points = _points(run)
    if not points:
        raise ValueError(f"run must hold a metric or a curve to compare, got none: {run}")
    confidence = 1 - (1 - CONFIDENCE) / len(points)
    return Comparison(
        record,
        run,
        tuple(
            Compared(
                metric if epoch is None else f"{metric} of epoch {epoch}",
                value,
                record.band(metric, epoch, confidence),
            )
            for metric, epoch, value in points
        ),
    )


def _points(run: Run) -> list[tuple[str, int | None, float]]:
    """Every value of a run, with its metric, and its epoch if it is a point of a curve."""
    return [(metric, None, value) for metric, value in run.metrics.items()] + [
        (curve, epoch, value)
        for curve, values in run.curves.items()
        for epoch, value in enumerate(values, start=1)
    ]


def _digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the content as canonical JSON: sorted keys, no spaces."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _parse(content: dict[str, Any], path: Path) -> Record:
    with at(path.name):
        _require_schema(content.get("schema"))
        expect({"schema", "digest", *_names(Record)}, content)
        digest = content.pop("digest")
        record = Record(
            name=content["name"],
            recipe=content["recipe"],
            data=_nested(Data, content, "data"),
            date=content["date"],
            runs=_runs(content["runs"]),
        )
        if not record.runs:
            raise ValueError("runs must not be empty")
        _require_file(record.name, path)
    if digest != _digest(content):
        raise ValueError(
            f"{path.name} was edited by hand: delete it and measure again, with "
            f"`coursecnn reproduce {record.name}` where `coursecnn reproduce --list` names it, "
            f"else with `python -m benchmarks.{record.name}`"
        )
    return record


def _runs(content: object) -> tuple[Run, ...]:
    if not isinstance(content, list):
        raise ValueError(f"runs must be a JSON array, got {shown(content)}")
    return tuple(map(_run, range(len(content)), content))


def _run(index: int, content: object) -> Run:
    with at(f"runs[{index}]"):
        fields = expect(_names(Run), content)
        return Run(**{**fields, "machine": _nested(Machine, fields, "machine")})


def _nested(kind: Any, content: Mapping[str, Any], field: str) -> Any:
    with at(field):
        return kind(**expect(_names(kind), content[field]))


def _require_schema(schema: object) -> None:
    number = as_int(schema) or 0
    if number < 1:
        raise ValueError(f"schema must be {SCHEMA}, got {shown(schema)}")
    if number != SCHEMA:
        cure = "update coursecnn" if number > SCHEMA else "measure again"
        raise ValueError(f"it has schema {shown(schema)}, this coursecnn reads {SCHEMA}: {cure}")


def _require_file(name: str, path: Path) -> None:
    if path.stem != name:
        raise ValueError(f"name is {name}, so the file must be {name}.json, got {path.name}")


def _names(kind: Any) -> set[str]:
    return {field.name for field in fields(kind)}
