"""Training replayed: the curves of recorded runs, epoch by epoch.

- `TrainingReplay(records)`: what a notebook cell shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from coursecnn.interactive import page
from coursecnn.records import Record

MOST_RECORDS = 4  # kinds of lines that can be told apart, in colour and in dashes


class TrainingReplay:
    """The runs of up to four records, drawn as they went: a thin line each, their mean a thick one.

    In the page the reader plays the training or goes through it step by step, and reads the means
    and the spread of every epoch.

    Args:
        records: By name, in the order in which they are listed.
        curves: Which of their curves, by name; the first is shown at the beginning.

    Examples:
        >>> from coursecnn.records import read
        >>> TrainingReplay({"a first CNN": read("mnist")}, curves=["accuracy"])
        Training replay
        a first CNN, mean accuracy of 5 runs: 0.955, 0.986, 0.990, 0.992, 0.994
    """

    def __init__(
        self, records: Mapping[str, Record], curves: Sequence[str] = ("loss", "accuracy")
    ) -> None:
        """Check and keep the records.

        Raises:
            ValueError: There are none or too many, a run lacks a curve, or the runs have not all
                the same epochs.
        """
        if not 1 <= len(records) <= MOST_RECORDS:
            raise ValueError(f"records must hold 1 to {MOST_RECORDS}, got {len(records)}")
        epochs = {run.epochs for record in records.values() for run in record.runs}
        if len(epochs) != 1:
            raise ValueError(f"records must have runs of as many epochs, got {sorted(epochs)}")
        self.records, self.curves, (self.epochs,) = dict(records), list(curves), epochs
        for record in self.records.values():
            for curve in self.curves:
                record.values(curve, epoch=self.epochs)  # refuses a curve that is not there

    def means(self, name: str, curve: str) -> list[float]:
        """The mean over the runs of a record, for each epoch."""
        values = [self.records[name].values(curve, e + 1) for e in range(self.epochs)]
        return [float(np.mean(runs)) for runs in values]

    def __repr__(self) -> str:
        lines = [
            f"{name}, mean {curve} of {len(record.runs)} runs: "
            + ", ".join(f"{mean:.3f}" for mean in self.means(name, curve))
            for name, record in self.records.items()
            for curve in self.curves
        ]
        return "\n".join(["Training replay", *lines])

    def _repr_html_(self) -> str:
        records = [
            {
                "name": name,
                "seeds": list(record.seeds),
                "runs": [{c: list(run.curves[c]) for c in self.curves} for run in record.runs],
            }
            for name, record in self.records.items()
        ]
        data = {"curves": self.curves, "epochs": self.epochs, "records": records}
        return page.fragment("replay.js", "Training replay", data, self._static())

    def _static(self) -> str:
        """The means of every curve."""
        return "".join(self._table(curve) for curve in self.curves)

    def _table(self, curve: str) -> str:
        head = "".join(f"<th scope=col>epoch {epoch + 1}" for epoch in range(self.epochs))
        rows = "".join(
            f"<tr><th scope=row>{escape(name)}"
            + "".join(f"<td>{mean:.3f}" for mean in self.means(name, curve))
            for name in self.records
        )
        caption = f"training {curve}, mean of the runs"
        return f"<table><caption>{escape(caption)}</caption><tr><th>{head}{rows}</table>"
