"""Training replayed: the curves of recorded runs, epoch by epoch.

- `TrainingReplay(records)`: what a notebook cell shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from types import MappingProxyType

import numpy as np

from coursecnn.evidence.records import Record
from coursecnn.interactive import page

MOST_AT_ONCE = 4  # kinds of lines that can be told apart, in colour and in dashes
MOST_RECORDS = 60  # to choose two from


@dataclass(frozen=True)
class Block:
    """Two layers that a network repeats, to be drawn.

    Attributes:
        title: What the output is, F standing for the layers.
        words: The drawing in words.
        shortcut: Whether the input goes around the layers as well, and is added to what they say.
    """

    title: str
    words: str
    shortcut: bool


BLOCKS = {
    "plain": Block(
        "plain: F(x)",
        "Two plain layers: x goes through a 3×3 convolution, a ReLU, a 3×3 convolution and a ReLU.",
        shortcut=False,
    ),
    "residual": Block(
        "residual: F(x) + x",
        "A residual block: x goes through a 3×3 convolution, a ReLU and a 3×3 convolution; a"
        " shortcut leads around them; both are added, and their sum goes through a ReLU.",
        shortcut=True,
    ),
}


class TrainingReplay:
    """The runs of records, drawn as they went: a thin line each, their mean a thick one.

    In the page the reader sees the first quarter of the epochs and draws how a line goes on; then
    what was recorded is revealed, and how far the drawn line is from it. The training can be played
    as well, or gone through step by step, with the means and the spread of every epoch.

    Args:
        records: By name, in the order in which they are listed; up to four, or more with a `pair`.
        curves: Which of their curves, by name; the first is shown at the beginning.
        blocks: What the networks of a record repeat, "plain" or "residual" layers, by its name.
            They are drawn beside the curves, each once and in the colour of its first record.
        pair: Two names, where two records are to be seen at a time: these at first, and then the
            two that the reader chooses. Without it, all are seen at once.

    Examples:
        >>> from coursecnn.evidence.records import read
        >>> TrainingReplay({"a first CNN": read("mnist")}, curves=["accuracy"])
        Training replay
        a first CNN, mean accuracy of 5 runs: 0.955, 0.986, 0.990, 0.992, 0.994
    """

    def __init__(
        self,
        records: Mapping[str, Record],
        curves: Sequence[str] = ("loss", "accuracy"),
        blocks: Mapping[str, str] = MappingProxyType({}),
        *,
        pair: tuple[str, str] | None = None,
    ) -> None:
        """Check and keep the records.

        Raises:
            ValueError: There are none or too many, a run lacks a curve, the runs have not all the
                same epochs, a block is unknown or that of no record, or a pair is not of two
                records, or goes with blocks.
        """
        most = MOST_RECORDS if pair else MOST_AT_ONCE
        if not 1 <= len(records) <= most:
            raise ValueError(f"records must hold 1 to {most}, got {len(records)}")
        if pair is not None and (len(set(pair) & set(records)) != 2 or len(pair) != 2 or blocks):
            raise ValueError(f"pair must be two names of records, without blocks, got {pair!r}")
        self.pair = pair
        epochs = {run.epochs for record in records.values() for run in record.runs}
        if len(epochs) != 1:
            raise ValueError(f"records must have runs of as many epochs, got {sorted(epochs)}")
        self.records, self.curves, (self.epochs,) = dict(records), list(curves), epochs
        for name, record in self.records.items():
            for curve in self.curves:
                record.values(curve, epoch=self.epochs)  # refuses a curve that is not there
                for run in record.runs:
                    page.check_finite(f"curve {curve!r} of {name!r}", run.curves[curve])
        for name, block in blocks.items():
            if name not in self.records or block not in BLOCKS:
                kinds = " or ".join(map(repr, BLOCKS))
                raise ValueError(
                    f"blocks must be {kinds} by names of records, got {block!r} for {name!r}"
                )
        self.blocks = dict(blocks)

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
        data: dict[str, object] = {
            "curves": self.curves,
            "epochs": self.epochs,
            "records": records,
            "blocks": self._blocks(),
        }
        if self.pair:
            data["pair"] = [list(self.records).index(name) for name in self.pair]
        return page.fragment("replay.js", "Training replay", data, self._static())

    def _blocks(self) -> list[dict[str, object]]:
        """Each block once, with the place of its first record."""
        first: dict[str, int] = {}
        for kind, name in enumerate(self.records):
            if name in self.blocks:
                first.setdefault(self.blocks[name], kind)
        return [{**asdict(BLOCKS[block]), "kind": kind} for block, kind in first.items()]

    def _static(self) -> str:
        """The means of every curve, and the blocks in words."""
        words = "".join(f"<p>{escape(str(block['words']))}</p>" for block in self._blocks())
        return "".join(self._table(curve) for curve in self.curves) + words

    def _table(self, curve: str) -> str:
        caption = f"<caption>{escape(_title(curve))}, mean of the runs</caption>"
        if self.pair:  # a record is a row: many of them would be too wide for a sheet of paper
            head = "".join(f"<th scope=col>{number}" for number in range(1, self.epochs + 1))
            rows = "".join(
                f"<tr><th scope=row>{escape(name)}"
                + "".join(f"<td>{mean:.3f}" for mean in self.means(name, curve))
                for name in self.records
            )
            return f"<table>{caption}<tr><th scope=col>epoch{head}{rows}</table>"
        means = [self.means(name, curve) for name in self.records]
        head = "".join(f"<th scope=col>{escape(name)}" for name in self.records)
        # An epoch is a row: a long training would be too wide for a sheet of paper.
        rows = "".join(
            f"<tr><th scope=row>{number}" + "".join(f"<td>{mean:.3f}" for mean in epoch)
            for number, epoch in enumerate(zip(*means, strict=True), start=1)
        )
        return f"<table>{caption}<tr><th scope=col>epoch{head}{rows}</table>"


def _title(curve: str) -> str:
    """What a curve is called.

    >>> _title("loss"), _title("test_loss")
    ('training loss', 'test loss')
    """
    measured = curve.startswith(("test_", "validation_"))
    return curve.replace("_", " ") if measured else f"training {curve}"
