"""The foot of each chapter: how many numbers of which kind, and what they rest on.

Before that line stands another, folded: what the lectures say in words on what the chapter teaches
(`coursecnn.evidence.statements`).

It is made when the book is built, from what the chapter's notebook stores: the findings of the
ledger, the texts of its outputs, the records that its code names, and what computed the outputs
(`harness.execute`).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import ledger_pages
from coursecnn.evidence import ledger, records
from coursecnn.evidence.ledger import REFUTED, Verdict

MEASURES_ANEW = "nbval-ignore-output"  # the tag of a cell whose output is asserted, not compared
RESULTS = "coursecnn/evidence/results"
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")
# What `records.compare` shows: a line that names the record, then a line for each metric.
COMPARED = re.compile(
    r"^\S+, seed \d+, \d+ of \d+ epochs re-measured, .*\n((?:  .*\n?)+)", re.MULTILINE
)
METRIC = re.compile(r"^  \w+((?: -?\d+\.\d+)+)$", re.MULTILINE)
# A text in code that may name a record, in full or in part: "mnist", f"ladder_{name}".
NAME = re.compile(r"""["']([\w-]+|[\w-]{4,}(?:\{\w+\}[\w-]*)+)["']""")
FILLED_IN = re.compile(r"\{\w+\}")
MOST_NAMED = 6  # records; of more, the line has only the number
LIBRARIES = {"tensorflow": "TensorFlow", "keras": "Keras", "jax": "JAX", "torch": "PyTorch"}


@dataclass(frozen=True)
class Basis:
    """What the numbers of a chapter rest on.

    Attributes:
        checked: how many printed numbers were set beside what was computed or measured here.
        refuted: how many of them do not hold.
        adopted: how many printed numbers the chapter's own networks are built with.
        cited: how many printed numbers were taken over with their source.
        remeasured: how many values of runs were measured again, and held against a record.
        computed: how many other numbers the cells show, and the tests compare.
        runs: how many recorded runs each record has that the code names.
        computed_by: the device and the versions, as `harness.execute` stored them.
    """

    checked: int
    refuted: int
    adopted: int
    cited: int
    remeasured: int
    computed: int
    runs: Mapping[str, int]
    computed_by: Mapping[str, str]


def basis(path: Path, known: Mapping[str, int]) -> Basis:
    """Count what a notebook holds; `known` says how many runs each record has."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    compared = [cell for cell in code if MEASURES_ANEW not in cell["metadata"].get("tags", ())]
    findings = {place.finding.entry.key: place.finding for place in ledger_pages.places_of(path)}
    verdicts = [finding.verdict for finding in findings.values()]
    adopted, cited = map(verdicts.count, (Verdict.ADOPTED, Verdict.CITED))
    return Basis(
        checked=len(verdicts) - adopted - cited,
        refuted=sum(verdict in REFUTED for verdict in verdicts),
        adopted=adopted,
        cited=cited,
        remeasured=sum(map(_remeasured, _texts(code))),
        computed=sum(len(NUMBER.findall(text)) for text in _texts(compared)),
        runs={name: known[name] for name in sorted(named(code, known))},
        computed_by=notebook["metadata"].get("coursecnn", {}),
    )


def _texts(code: Iterable[Any]) -> Iterator[str]:
    """What cells show as text, without the ledger."""
    for output in (output for cell in code for output in cell["outputs"]):
        data = output.get("data", {})
        if ledger.MIME_TYPE not in data:
            yield "".join(output.get("text", data.get("text/plain", "")))


def _remeasured(text: str) -> int:
    """How many values of runs a text says to have been measured again."""
    metrics = (metric for found in COMPARED.findall(text) for metric in METRIC.findall(found))
    return sum(len(values.split()) for values in metrics)


def named(code: Iterable[Any], known: Iterable[str]) -> set[str]:
    """The records that cells name, if they read any."""
    source = "\n".join("".join(cell["source"]) for cell in code)
    if "records.read" not in source:
        return set()
    patterns = ["\\w+".join(map(re.escape, FILLED_IN.split(text))) for text in NAME.findall(source)]
    return {name for name in known if any(re.fullmatch(pattern, name) for pattern in patterns)}


@cache
def shipped() -> Mapping[str, records.Record]:
    """The run records that come with the package, by name."""
    return {path.stem: records.read(path) for path in sorted(records.SHIPPED.glob("*.json"))}


def line(found: Basis, dates: Mapping[str, str], to_root: str, repository: str) -> str:
    """The line as HTML.

    Args:
        found: what the chapter's numbers rest on.
        dates: when the newest run of each record finished.
        to_root: leads from the page to the book's root.
        repository: the address of the folder of records, without a slash at its end.
    """
    return (
        f'<p class="chapter-evidence">{" ".join(_sentences(found, dates, to_root, repository))}</p>'
    )


def _sentences(
    found: Basis, dates: Mapping[str, str], to_root: str, repository: str
) -> Iterator[str]:
    appendix = f"{to_root}book/appendix"
    do = "does" if found.refuted == 1 else "do"
    wrong = f' (<a href="{appendix}/errata.html">{found.refuted} {do} not hold</a>)'
    kinds = {
        f'<a href="{appendix}/ledger.html">checked against a source</a>'
        + wrong * bool(found.refuted): found.checked,
        "adopted from one" if found.checked else "adopted from a source": found.adopted,
        "cited from one" if found.checked else "cited from a source": found.cited,
        "re-measured": found.remeasured,
        "computed here": found.computed,
    }
    parts = (f"{number:,} {kind}" for kind, number in kinds.items() if number)
    yield f"Numbers in this chapter: {', '.join(parts)}."
    if found.computed_by:
        kind, _, model = found.computed_by["device"].partition(": ")
        yield f"Last run with {_versions(found.computed_by)} on a {kind} ({html.escape(model)})."
    if found.runs:
        names = [f'<a href="{repository}/{name}.json">{name}</a>' for name in found.runs]
        if len(names) > MOST_NAMED:
            names = [f'<a href="{repository}">{len(names)} of them</a>']
        newest = max(dates[name] for name in found.runs)
        runs = f"{sum(found.runs.values())} runs, the newest of {newest}"
        yield f"Records: {', '.join(names)} ({runs})."


def _versions(computed_by: Mapping[str, str]) -> str:
    used = {"python": "Python", "numpy": "NumPy"} | LIBRARIES
    *first, last = (f"{used[name]} {computed_by[name]}" for name in used if name in computed_by)
    return html.escape(f"{', '.join(first)} and {last}" if first else last)


def append(app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Put the line at the foot of a chapter."""
    path = Path(app.srcdir) / f"{page}.ipynb"
    if path.exists():
        known = shipped()
        found = basis(path, {name: len(record.runs) for name, record in known.items()})
        dates = {name: record.date for name, record in known.items()}
        context["body"] += ledger_pages.in_words(page)
        context["body"] += line(found, dates, "../" * page.count("/"), folder(app))


def folder(app: Sphinx) -> str:
    """The address of the folder of records."""
    address, branch = (app.config.html_theme_options[f"repository_{k}"] for k in ("url", "branch"))
    return f"{address}/blob/{branch}/{RESULTS}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait for each page."""
    app.connect("html-page-context", append)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
