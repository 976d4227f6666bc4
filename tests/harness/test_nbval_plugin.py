"""What `pytest --nbval` says of each kind of cell; each case's name states the verdict."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from nbformat import NotebookNode

from coursecnn import datasets
from coursecnn.evidence import ledger, records
from harness import cells, execute, nbval_plugin, normalise
from harness.evidence import Evidence
from tests.notebooks import code, text, write_notebook

ROOT = Path(__file__).resolve().parents[2]
PREPARE = """
import sys
import matplotlib.pyplot as plt
import numpy as np
from dataclasses import replace
from pathlib import Path
from IPython.display import SVG
from coursecnn.datasets import Dataset, Provenance
from coursecnn.evidence.records import Data, Machine, Record, Run, compare

IS_RUN_AGAIN = Path("run_again").exists()

ABACUS = Machine("CPU: abacus", 2, {})
RUN = Run(seed=0, metrics={}, curves={"loss": (0.5,)}, seconds=1, machine=ABACUS)

def record(*losses):
    runs = tuple(replace(RUN, seed=n, curves={"loss": (loss,)}) for n, loss in enumerate(losses))
    recipe = {"name": "tiny", "epochs": 2}
    return Record("tiny", recipe, Data("mnist", 32 * "ab", True), "2026-11-01", runs)

def check(record, run, dataset):
    comparison = compare(record, run, dataset)
    display(comparison)
    comparison.assert_inside()

def images():
    pixel, label = np.zeros((1, 1, 1, 1), "uint8"), np.zeros(1, "uint8")
    source = Provenance("made up", True, 32 * "ab")
    return Dataset("mnist", pixel, label, pixel, label, ("0",), source)

def draw(label, width=3):
    plt.figure(figsize=(width, 2))
    plt.plot([1, 3, 2])
    plt.text(0.5, 1.5, label)
    plt.show()
"""
Spoil = Callable[[NotebookNode], object]


def replace(old: str, new: str) -> Spoil:
    """Change a stored text, as somebody would who edits the file."""

    def spoil(cell: NotebookNode) -> None:
        (output,) = cell.outputs
        if output.output_type == "stream":
            output.text = output.text.replace(old, new)
        else:
            output.data = {kind: text.replace(old, new) for kind, text in output.data.items()}

    return spoil


def leave(_cell: NotebookNode) -> None:
    """Change nothing."""


@dataclass(frozen=True)
class Case:
    """A cell, what happens to its stored outputs, and why it must fail ("" if it must pass)."""

    source: str
    spoil: Spoil = leave
    because: str = ""
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)


CASES = {
    "passes: text": Case("print(93322)"),
    "fails: a digit of a text": Case(
        "print(93322)", replace("22", "23"), "output 1, stdout, line 1\n  stored: 93323\n  fresh:  "
    ),
    "fails: a digit of a result": Case(
        "93322", replace("22", "23"), "output 1, text/plain, line 1\n  stored: 93323"
    ),
    "fails: a cleared cell": Case(
        "print(1)",
        lambda cell: cell.update(execution_count=None, outputs=[]),
        "stored without having been run: python -m harness.execute chapter.ipynb",
    ),
    "fails: a cell without its output": Case(
        "print(1)",
        lambda cell: cell.update(outputs=[]),
        "output 1 is not in the stored file: stdout '1'",
    ),
    "fails: an exception": Case(
        "1 / 0 if IS_RUN_AGAIN else None", because="ZeroDivisionError: division by zero"
    ),
    "passes: a hidden result": Case("3 + 4;"),
    "passes: stderr on another machine": Case(
        "print('I0000', file=sys.stderr) if IS_RUN_AGAIN else None"
    ),
    "passes: a float within the tolerance that the cell asks for": Case(
        "print('loss 0.123456')", replace("456", "457"), metadata={"rtol": 1e-4}
    ),
    "fails: a float without tolerance": Case(
        "print('loss 0.123456')", replace("456", "457"), "stored: loss 0.123457"
    ),
    "fails: an integer in spite of tolerance": Case(
        "print(9332200)", replace("0\n", "1\n"), "stored: 9332201", metadata={"rtol": 1e-4}
    ),
    "passes: a picture": Case("draw('0.992')"),
    "fails: a digit in a picture": Case(
        "draw('0.993' if IS_RUN_AGAIN else '0.992')",
        because=r"output 1, picture changed: block RMS \d+.\d, allowed 8",
    ),
    "fails: a picture of another size": Case(
        "draw('0.992', width=4 if IS_RUN_AGAIN else 3)", because="picture changed its size"
    ),
    "passes: a picture within the tolerance that the cell asks for": Case(
        "draw('0.993' if IS_RUN_AGAIN else '0.992')", metadata={"rms": 255}
    ),
    "passes: an SVG": Case("SVG('<svg><text>0.992</text></svg>')"),
    "fails: a digit in an SVG": Case(
        "SVG('<svg><text>0.992</text></svg>')",
        replace("0.992", "0.993"),
        "image/svg.xml, line 1\n  stored: <svg><text>0.993",
    ),
    "passes: a cell that measures anew": Case(
        "assert True\nprint(IS_RUN_AGAIN)", tags=("nbval-ignore-output",)
    ),
    "fails: an assertion where a cell measures anew": Case(
        "assert not IS_RUN_AGAIN", because="AssertionError", tags=("nbval-ignore-output",)
    ),
    "passes: a run inside the bands of its record": Case(
        "check(record(0.4, 0.6, 0.7), RUN, images())", tags=("nbval-ignore-output",)
    ),
    "fails: a run outside the bands of its record": Case(
        "check(record(0.1, 0.11, 0.12) if IS_RUN_AGAIN else record(0.4, 0.6, 0.7), RUN, images())",
        because="tiny: loss of epoch 1 is 0.5000, outside of",
        tags=("nbval-ignore-output",),
    ),
    "passes: an output on data that is not here": Case(
        "print(99.12)", replace("12", "13"), tags=("data:mnist",)
    ),
    "passes: a cell that measures anew on data that is not here": Case(
        "assert True\nprint(IS_RUN_AGAIN)", tags=("data:mnist", "nbval-ignore-output")
    ),
    "fails: an exception on data that is not here": Case(
        "1 / 0 if IS_RUN_AGAIN else None", because="ZeroDivisionError", tags=("data:mnist",)
    ),
}


@dataclass(frozen=True)
class Report:
    """What pytest said: all of it, the failure of each cell ("" if it passed), and where it ran."""

    output: str
    failures: dict[str, str]
    folder: Path


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Execute all cases, spoil them, and let pytest run them on another "machine"."""
    folder = tmp_path_factory.mktemp("book")
    cells = [code(case.source, tags=case.tags, nbval=case.metadata) for case in CASES.values()]
    path = write_notebook(folder / "chapter.ipynb", [text("# T"), code(PREPARE), *cells])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "available", lambda _name: True)
        assert execute.main([str(path)]) == 0
    notebook = nbformat.read(path, as_version=4)
    for cell, case in zip(notebook.cells[2:], CASES.values(), strict=True):
        case.spoil(cell)
    path.write_text(normalise.dumps(notebook), encoding="utf-8")
    (folder / "run_again").touch()
    files = ("--evidence-json=evidence.json", "--evidence-markdown=evidence.md")
    return pytest_nbval(folder, "-n", "1", "--dist", "loadfile", *files)


def pytest_nbval(folder: Path, *options: str) -> Report:
    (folder / "conftest.py").write_text(
        "from coursecnn import datasets\ndatasets.available = lambda name: False\n"
    )
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = -p harness.nbval_plugin\n"
        f"pythonpath = {ROOT}\nfilterwarnings = error\n"
    )
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "--junitxml=r.xml"]
    run = subprocess.run(
        [*command, *options], cwd=folder, capture_output=True, text=True, check=False
    )
    tests = ElementTree.parse(folder / "r.xml").iter("testcase")
    failures = {
        test.attrib["name"]: "".join(part.text or "" for part in test.iter("failure"))
        for test in tests
    }
    return Report(run.stdout + run.stderr, failures, folder)


@pytest.mark.parametrize(("number", "name"), list(enumerate(CASES, start=2)), ids=CASES)
def test_a_cell(report, number, name):
    failure, case = report.failures[f"code cell {number}"], CASES[name]
    assert bool(failure) == name.startswith("fails") == bool(case.because), failure
    if case.because:
        assert failure.startswith(f"chapter.ipynb, code cell {number}: ")
        assert case.source.splitlines()[0] in failure
        assert re.search(case.because, failure)


def test_every_cell_is_reported_and_the_run_is_red(report):
    assert len(report.failures) == len(CASES) + 1
    assert re.search(r"\d+ failed, \d+ passed", report.output)


def test_a_failure_is_short(report):
    """The longest has two frames: the cell's, and one of the package."""
    assert max(len(failure.splitlines()) for failure in report.failures.values()) < 25


def test_the_summary_counts_cells_and_names_what_was_not_checked(report):
    compared = len(CASES) + 1 - 7  # one was cleared, four measure anew, two ran without their data
    unchecked = "outputs not checked, for want of the official data: mnist"
    assert f"cells: {compared} compared, 4 measured anew, 2 not checked" in report.output
    assert f"chapter.ipynb: 2 {unchecked}" in report.output


def test_the_summary_says_how_far_each_measurement_is_from_its_record(report):
    compared = r"[1-9]\d* only compared with stored outputs"
    assert re.search(
        rf"numbers: 2 re-measured on CPU: abacus and held against 2 records, {compared}",
        report.output,
    )
    inside = r"tiny: 1 values of 1 of 2 epochs inside its bands; farthest is the loss of epoch 1, "
    assert re.search(inside + r"0\.5000 against 0\.5667, \d% of the way to the edge", report.output)
    assert "tiny: 1 values of 1 of 2 epochs OUTSIDE ITS BANDS" in report.output
    assert "2 cells measured something else, and asserted it themselves" in report.output


def test_the_plugin_looks_for_what_a_check_puts_out():
    assert cells.MEASURED == records.MIME_TYPE
    assert cells.LEDGER == ledger.MIME_TYPE


def test_the_report_is_also_written_as_json_and_markdown(report):
    found = json.loads((report.folder / "evidence.json").read_text("utf-8"))
    inside, outside = found["measured"]
    assert inside["record"] == outside["record"] == "tiny"
    assert inside["values"][0]["distance"] < 1 < outside["values"][0]["distance"]
    assert found["unchecked"] == [{"notebook": "chapter.ipynb", "data": "mnist", "outputs": 2}]
    table = (report.folder / "evidence.md").read_text("utf-8")
    row = (
        r"\| chapter.ipynb \| tiny \| 1 of 2 \| loss of epoch 1 \| 0.5000 \| 0.1100 \(3 runs\) \| "
    )
    assert re.search(row + r"\*\*[\d,]+%, outside\*\* \|", table)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"nbval_lax": True}, "sanitisers hide differences: use --nbval alone"),
        ({"nbval_sanitize_with": "digits.cfg"}, "sanitisers hide differences"),
        ({"dist": "load"}, "the cells of a notebook share a kernel: add --dist loadfile"),
    ],
)
def test_options_that_make_wrong_notebooks_pass_are_refused(option, message):
    defaults = {
        "nbval": True,
        "nbval_lax": False,
        "nbval_sanitize_with": None,
        "sanitize_with": None,
    }
    config: Any = SimpleNamespace(option=SimpleNamespace(**{**defaults, **option}))
    with pytest.raises(pytest.UsageError, match=message):
        nbval_plugin.pytest_configure(config)


@pytest.mark.parametrize(("outputs", "listed"), [(0, {}), (2, {("chapter.ipynb", "mnist"): 2})])
def test_a_notebook_is_listed_only_if_an_output_was_not_checked(outputs, listed):
    cell = {"notebook": "chapter.ipynb", "number": 1, "state": "not checked", "measured": ()}
    assert Evidence([{**cell, "missing": "mnist", "outputs": outputs}]).unchecked == listed
