"""Tables that hold counts of this package against those of others, made when the book is built.

- `applications-counted`: all `keras.applications`, beside TensorFlow's profiler;
- `resnet50-counted`: one network in the conventions of six tools, in two forms;
- `counting-times`: how long ways of counting take, and what they hold in memory, as ratios.

No number is typed: what others count stands in files that `benchmarks.application_macs` and
`benchmarks.resnet50_counts` wrote, and that the tests hold against fresh counts; the times are a
record that `benchmarks.counting_time` wrote.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from architecture_table import table
from coursecnn.architectures import build
from coursecnn.backend import keras, without_weights
from coursecnn.evidence import records
from coursecnn.evidence.records import Record
from coursecnn.models import conventions

COUNTS = Path(__file__).parents[2] / "tests" / "models"
APPLICATIONS = ("application", "parameters", "MACs", "profiler: MACs", "operations", "restated")
FORMS = {"caffe": "stride on the first convolution", "torch": "stride on the second convolution"}
RESNET50 = ("tool", "unit", "first convolution", "restated", "second convolution", "restated")
WAYS = {
    "tables": "layer_table, built without weights",
    "summaries": "model.summary(), built with weights",
    "profiler": "TensorFlow's profiler, built without weights",
    "torchinfo": "torchinfo, built with weights",
}
TIMES = ("way", "time of the processor", "from", "to", "peak of memory")

Cells = tuple[str, ...]


def read(name: str) -> Any:
    """Read what a benchmark counted."""
    return json.loads((COUNTS / name).read_text(encoding="utf-8"))


def applications(found: Mapping[str, Any]) -> Iterator[Cells]:
    """List the applications, and by how much the count of operations differs."""
    for name, row in found["applications"].items():
        numbers = ("parameters", "products", "macs", "float_operations")
        said = off(row["restated"], row["float_operations"])
        yield (name, *(f"{row[number]:,}" for number in numbers), said)


def off(count: int, other: int) -> str:
    """Say by how much a count differs from another one."""
    if count == other:
        return "equal"
    return f"{100 * (count / other - 1):+.1f}\N{NO-BREAK SPACE}%".replace("-", "−")


def resnet50(release: str) -> keras.Model:
    """Build a network up to its scores, as the tools were asked about it."""
    with without_weights():
        model = build("resnet50", release=release)
        return keras.Model(model.input, keras.layers.Dense(1000)(model.layers[-1].input))


def tools(found: Mapping[str, Any]) -> Iterator[Cells]:
    """List what each tool says of both forms, and what is restated here."""
    models = {release: resnet50(release) for release in FORMS}
    for tool, version in found["versions"].items():
        counts = []
        for release, form in FORMS.items():
            restated = conventions.restate(models[release], tool).count
            counts += [f"{found[form][tool]:,}", off(restated, found[form][tool])]
        unit = conventions.CONVENTIONS[tool].unit
        yield (f"{tool.split()[0]} {version}", unit, *counts)


def times(record: Record) -> Iterator[Cells]:
    """List how much longer each way takes than the first, by rounds, and its peak of memory."""
    base = record.values("tables_seconds")
    for way, words in WAYS.items():
        pairs = zip(record.values(f"{way}_seconds"), base, strict=True)
        ratios = [one / other for one, other in pairs]
        peak = statistics.fmean(record.values(f"{way}_megabytes"))
        spread = (statistics.fmean(ratios), min(ratios), max(ratios))
        yield (words, *(f"{ratio:.2f} ×" for ratio in spread), f"{peak / 1000:.2f} GB")


def paragraph(text: str) -> nodes.paragraph:
    """Say where numbers come from."""
    return nodes.paragraph("", text)


class ApplicationsCounted(SphinxDirective):
    """Show all applications."""

    def run(self) -> list[nodes.Node]:
        """Make the table, and say what it was made with."""
        found = read("application_macs.json")
        made = (
            f"{len(found['applications'])} applications, counted by {found['command']} with "
            f"TensorFlow {found['tensorflow']} and Keras {found['keras']}."
        )
        return [table(APPLICATIONS, applications(found)), paragraph(made)]


class Resnet50Counted(SphinxDirective):
    """Show what the tools say of ResNet-50."""

    def run(self) -> list[nodes.Node]:
        """Make the table, and say what it was made with."""
        found = read("resnet50_counts.json")
        made = (
            f"The tools were asked by {found['command']}, with torch {found['versions']['torch']}."
        )
        return [table(RESNET50, tools(found)), paragraph(made)]


class CountingTimes(SphinxDirective):
    """Show how long ways of counting take."""

    def run(self) -> list[nodes.Node]:
        """Make the table, and say what was measured on what."""
        record = records.read("counting_time")
        seconds, slowest, held = (
            max(record.values(f"applications_{name}"))
            for name in ("seconds", "slowest", "megabytes")
        )
        number = int(min(record.values("applications")))
        machine = " and ".join(map(str, record.machines))
        made = (
            f"{len(record.recipe['networks'])} networks for 224×224 pixels, counted in "
            f"{len(record.runs)} rounds by python -m benchmarks.counting_time, on {machine}, "
            f"{record.date}. The layer tables of all {number} applications of Keras, built without "
            f"weights, took at most {seconds:.1f} seconds together, {slowest:.2f} for the slowest, "
            f"and {held:.0f} MB above what the imports take."
        )
        return [table(TIMES, times(record)), paragraph(made)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directives known."""
    app.add_directive("applications-counted", ApplicationsCounted)
    app.add_directive("resnet50-counted", Resnet50Counted)
    app.add_directive("counting-times", CountingTimes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
