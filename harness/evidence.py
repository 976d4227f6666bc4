"""What a run of the chapters has shown: as lines, as JSON and as a Markdown table.

The facts come from `harness.nbval_plugin`, one mapping for each cell that was run; `Evidence`
sorts them into numbers that were measured again and held against their records, cells that
measured anew and asserted on their own, and numbers that were only compared with stored ones.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

COMPARED, REMEASURED, UNCHECKED = "compared", "measured anew", "not checked"
COLUMNS = ("Notebook", "Record", "Epochs", "Farthest value", "Measured", "Recorded", "Distance")


@dataclass(frozen=True)
class Value:
    """One number that was measured again.

    Attributes:
        what: its name, as `loss of epoch 1`.
        value: what was measured now.
        mean: the mean over the recorded runs.
        low: the lower edge of the band where a further run is expected.
        high: the upper edge.
    """

    what: str
    value: float
    mean: float
    low: float
    high: float

    @property
    def distance(self) -> float:
        """How far it lies from the record's mean; 1 is the edge of the band."""
        half = (self.high - self.low) / 2
        away = abs(self.value - self.mean)
        return away / half if half else (0.0 if not away else float("inf"))


@dataclass(frozen=True)
class Measured:
    """One run that was held against its record, by `coursecnn.evidence.records.compare`."""

    notebook: str
    cell: str
    record: str
    recorded_on: str
    device: str
    seed: int
    epochs: int
    of_epochs: int
    runs: int
    values: tuple[Value, ...]

    @classmethod
    def of(cls, facts: Mapping[str, Any], finding: Mapping[str, Any]) -> Measured:
        """Join a cell's facts with the finding that it put out."""
        values = tuple(Value(**value) for value in finding["values"])
        place = {"notebook": facts["notebook"], "cell": facts["cell"]}
        return cls(**{**finding, **place, "values": values})

    @property
    def farthest(self) -> Value:
        """The value that lies farthest from its record."""
        return max(self.values, key=lambda value: value.distance)

    def __str__(self) -> str:
        far = self.farthest
        state = "inside its bands" if far.distance <= 1 else "OUTSIDE ITS BANDS"
        return (
            f"{self.record}: {len(self.values)} values of {self.epochs} of {self.of_epochs} epochs "
            f"{state}; farthest is the {far.what}, {far.value:.4f} against {far.mean:.4f}, "
            f"{far.distance:.0%} of the way to the edge"
        )


class Evidence:
    """The facts of all cells that were run."""

    def __init__(self, facts: Sequence[Mapping[str, Any]]) -> None:
        """Take the facts in the order in which the cells stand."""
        self.facts = sorted(facts, key=lambda cell: (cell["notebook"], cell["number"]))
        self.measured = tuple(
            Measured.of(cell, finding) for cell in self.facts for finding in cell["measured"]
        )
        self.states = Counter(cell["state"] for cell in self.facts)

    @property
    def devices(self) -> list[str]:
        """What the numbers were measured on."""
        return sorted({run.device for run in self.measured})

    @property
    def compared_numbers(self) -> int:
        """How many numbers of stored outputs were compared with fresh ones."""
        return sum(cell["numbers"] for cell in self.facts if cell["state"] == COMPARED)

    @property
    def asserted(self) -> list[Mapping[str, Any]]:
        """The cells that measured anew and asserted on their own, without a record."""
        anew = (cell for cell in self.facts if cell["state"] == REMEASURED)
        return [cell for cell in anew if not cell["measured"]]

    @property
    def unchecked(self) -> dict[tuple[str, str], int]:
        """How many outputs of a notebook were not checked for want of a data set."""
        outputs: Counter[tuple[str, str]] = Counter()
        for cell in self.facts:
            if cell["missing"] and cell["outputs"]:
                outputs[cell["notebook"], cell["missing"]] += cell["outputs"]
        return dict(sorted(outputs.items()))

    def lines(self) -> Iterator[str]:
        """The report for a terminal."""
        yield f"notebooks: {len({cell['notebook'] for cell in self.facts})}"
        names = (COMPARED, REMEASURED, UNCHECKED)
        yield f"cells: {', '.join(f'{self.states[name]} {name}' for name in names)}"
        yield self.numbers()
        yield from map(str, self.measured)
        if self.asserted:
            yield f"{len(self.asserted)} cells measured something else, and asserted it themselves"
        for (notebook, names_missing), number in self.unchecked.items():
            yield (
                f"{notebook}: {number} outputs not checked, for want of the official data: "
                f"{names_missing}"
            )

    def numbers(self) -> str:
        """One line on numbers."""
        again = sum(len(run.values) for run in self.measured)
        on = f" on {', '.join(self.devices)}" if self.devices else ""
        return (
            f"numbers: {again} re-measured{on} and held against {len(self.measured)} records, "
            f"{self.compared_numbers:,} only compared with stored outputs"
        )

    def markdown(self) -> str:
        """The report as Markdown: a table of what was measured again, and the counts."""
        rows = [COLUMNS, ["---"] * len(COLUMNS), *map(_row, self.measured)]
        table = [f"| {' | '.join(row)} |" for row in rows] if self.measured else []
        counts = [f"- {line}" for line in self.lines() if line not in map(str, self.measured)]
        edge = ["", "Distance: from the mean of the record; 100 % is the edge of the band."]
        return "\n".join(["## Evidence", "", *counts, "", *table, *(edge if table else [])]) + "\n"

    def as_json(self) -> str:
        """The report as JSON, with every value."""
        report = {
            "cells": dict(self.states),
            "compared_numbers": self.compared_numbers,
            "devices": self.devices,
            "measured": [_with_distances(run) for run in self.measured],
            "asserted": [f"{cell['notebook']}, {cell['cell']}" for cell in self.asserted],
            "unchecked": [
                {"notebook": notebook, "data": data, "outputs": number}
                for (notebook, data), number in self.unchecked.items()
            ],
        }
        return json.dumps(report, indent=1) + "\n"


def _with_distances(run: Measured) -> dict[str, Any]:
    values = [{**asdict(value), "distance": value.distance} for value in run.values]
    return {**asdict(run), "values": values}


def _row(run: Measured) -> Sequence[str]:
    far = run.farthest
    return (
        run.notebook,
        run.record,
        f"{run.epochs} of {run.of_epochs}",
        far.what,
        f"{far.value:.4f}",
        f"{far.mean:.4f} ({run.runs} runs)",
        f"{far.distance:.0%}" if far.distance <= 1 else f"**{far.distance:.0%}, outside**",
    )
