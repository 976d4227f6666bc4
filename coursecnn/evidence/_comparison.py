"""A fresh run beside a record: every value, the band it should lie in, and whether it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coursecnn.evidence._bands import Band

if TYPE_CHECKING:
    from coursecnn.evidence.records import Record, Run

__all__ = ["MIME_TYPE", "Compared", "Comparison"]

MIME_TYPE = "application/vnd.coursecnn.measured+json"


@dataclass(frozen=True)
class Compared:
    """One value of a run, and where it was expected.

    >>> Compared("loss of epoch 1", 0.5, Band(0.4, 0.6, 0.5, 0.02, 5)).inside
    True
    """

    what: str
    value: float
    band: Band

    @property
    def inside(self) -> bool:
        """Whether the value lies in the band."""
        return self.band.within(self.value)


@dataclass(frozen=True)
class Comparison:
    """What `coursecnn.evidence.records.compare` found.

    A notebook shows it as text, and keeps the same as data (`MIME_TYPE`), which no page shows, for
    a report on all that was measured.

    Attributes:
        record: what was recorded.
        run: what was measured now.
        values: each value of the run with its band; none if the run saw other images.

    >>> from coursecnn.evidence import records
    >>> record = records.read("mnist")
    >>> loss = Compared("test_loss", 0.5, record.band("test_loss"))
    >>> Comparison(record, record.runs[0], (loss,)).assert_inside()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: mnist: test_loss is 0.5000, outside of 0.032 ± 0.002 (5 runs), ...
    """

    record: Record
    run: Run
    values: tuple[Compared, ...]

    @property
    def outside(self) -> tuple[Compared, ...]:
        """The values that lie outside of their bands."""
        return tuple(each for each in self.values if not each.inside)

    def assert_inside(self) -> None:
        """Refuse a run that is not like the recorded ones; one of other images passes.

        Raises:
            AssertionError: if a value lies outside of its band; names the value and the band.
        """
        for each in self.outside:
            raise AssertionError(self._missed(each))

    def _missed(self, each: Compared) -> str:
        return (
            f"{self.record.name}: {each.what} is {each.value:.4f}, outside of {each.band}, "
            f"widened for {len(self.values)} comparisons"
        )

    def __str__(self) -> str:
        record, run = self.record, self.run
        if not self.values:
            return (
                f"{record.name}: not checked, because the record was measured on the official "
                f"{record.data.name} and this run was not."
            )
        of = record.recipe.get("epochs", run.epochs)
        head = f"{record.name}, seed {run.seed}, {run.epochs} of {of} epochs re-measured, "
        where = "outside" if self.outside else "all inside"
        weak = sum(not each.band.has_power for each in self.values)
        hint = f", {weak} of {len(self.values)} without power" if weak else ""
        measured = {name: (value,) for name, value in run.metrics.items()} | dict(run.curves)
        return "\n".join(
            [
                f"{head}{where} the bands of {len(record.runs)} runs{hint}",
                *(
                    "  " + " ".join([name, *(f"{value:.4f}" for value in values)])
                    for name, values in measured.items()
                ),
                *(f"  {self._missed(each)}" for each in self.outside),
            ]
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": str(self)} | ({MIME_TYPE: self._finding()} if self.values else {})

    def _finding(self) -> dict[str, Any]:
        record, run = self.record, self.run
        return {
            "record": record.name,
            "recorded_on": "; ".join(machine.device for machine in record.machines),
            "device": run.machine.device,
            "seed": run.seed,
            "epochs": run.epochs,
            "of_epochs": record.recipe.get("epochs", run.epochs),
            "runs": len(record.runs),
            "values": [
                {
                    "what": each.what,
                    "value": each.value,
                    "mean": each.band.mean,
                    "low": each.band.low,
                    "high": each.band.high,
                }
                for each in self.values
            ],
        }
