"""A pytest plugin over nbval: what `pytest --nbval` compares, and how it says so.

nbval runs every code cell in a fresh kernel and compares its outputs with the stored ones. This
plugin adds to that, through nbval's public classes and pytest's hooks:

- pictures are compared, and numbers within a tolerance where a cell asks for one
  (`harness.compare`); standard error is not compared;
- a cell that has never been run fails, where nbval passes it;
- cells are run as a reader runs them, so that a trailing `;` hides a result;
- a cell tagged `data:NAME` is run, but not compared, where the official data is not at hand, and
  counts as not checked, also if it measures anew;
- sanitisers and lax runs are refused, because they hide digits;
- the summary counts the cells that were compared, measured anew, and not checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from harness import cells, compare

PROPERTY = "notebook cell"  # a user property, because that is what travels from xdist's workers
COMPARED, REMEASURED, UNCHECKED = "compared", "measured anew", "not checked"
SOURCE_LINES_SHOWN = 3


class CheckedCell(IPyNbCell):
    """A code cell whose outputs are compared by `harness.compare`."""

    def runtest(self) -> None:
        """Run the cell and compare its outputs.

        Raises:
            NbCellError: if the cell has never been run, fails, or its outputs differ.
        """
        if self.cell.execution_count is None:
            self.raise_cell_error("stored without having been run: python -m harness.execute FILE")
        self._record(REMEASURED if cells.is_remeasured(self.cell) else COMPARED)
        super().runtest()
        if self.missing:
            self._record(UNCHECKED)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The official data that is not at hand, asked after the run, which may fetch it."""
        return cells.missing_data(self.cell)

    def compare_outputs(
        self,
        test: Sequence[Any],
        ref: Sequence[Any],
        skip_compare: object = None,  # noqa: ARG002
    ) -> bool:
        """Compare fresh (`test`) with stored outputs (`ref`); called by nbval."""
        if self.missing:
            return True
        tolerance = compare.Tolerance.of(self.cell)
        self.comparison_traceback = compare.differences(ref, test, tolerance)
        return not self.comparison_traceback

    def _record(self, state: str) -> None:
        facts = {
            "notebook": cells.shown(self.path),
            "state": state,
            "missing": ", ".join(self.missing) if state == UNCHECKED else "",
            "outputs": len(self.cell.outputs),
        }
        self.user_properties[:] = [(PROPERTY, facts)]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        """Say which cell failed, and what differs, in a few lines."""
        error = excinfo.value
        if not isinstance(error, NbCellError):
            return f"{self.name}: {type(error).__name__}: {error}"
        lines = self.cell.source.splitlines()
        source = lines[:SOURCE_LINES_SHOWN] + ["..."] * (len(lines) > SOURCE_LINES_SHOWN)
        details = cells.without_colours(error.inner_traceback or "").strip()
        indented = [f"    {line}" for line in source]
        return "\n".join([f"{self.path.name}, {self.name}: {error}", *indented, details])

    def reportinfo(self) -> tuple[Path, int, str]:
        """The place that pytest's headlines name."""
        return self.path, 0, f"{self.path.name}::{self.name}"


class CheckedNotebook(IPyNbFile):
    """A notebook whose cells are `CheckedCell`s."""

    def setup(self) -> None:
        """Start the kernel, and have it treat cells as Jupyter does.

        nbval asks for no history; IPython then shows a result in spite of a trailing `;`.
        """
        super().setup()
        execute = self.kernel.kc.execute
        self.kernel.kc.execute = lambda code, **options: execute(
            code, **{**options, "store_history": True}
        )

    def collect(self) -> Iterator[CheckedCell]:
        """The code cells, numbered as Jupyter numbers them."""
        for cell in super().collect():
            yield CheckedCell.from_parent(
                self,
                name=f"code cell {cell.cell_num + 1}",
                cell_num=cell.cell_num,
                cell=cell.cell,
                options=cell.options,
            )


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Have notebooks collected by `CheckedNotebook`."""
    collectors = yield
    return [
        CheckedNotebook.from_parent(parent, path=file_path) if type(found) is IPyNbFile else found
        for found in collectors
    ]


def pytest_configure(config: pytest.Config) -> None:
    """Refuse the options under which a wrong notebook could pass.

    Raises:
        pytest.UsageError: if such an option is given.
    """
    option = config.option
    if option.nbval_lax or option.nbval_sanitize_with or option.sanitize_with:
        raise pytest.UsageError("--nbval-lax and sanitisers hide differences: use --nbval alone")
    if option.nbval and getattr(option, "dist", "no") not in ("no", "loadfile", "loadscope"):
        raise pytest.UsageError("the cells of a notebook share a kernel: add --dist loadfile")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Count what was compared, and name what could not be."""
    found = [
        facts
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, facts in getattr(report, "user_properties", ())
        if name == PROPERTY and report.when == "call"
    ]
    if not found:
        return
    states = Counter(facts["state"] for facts in found)
    counts = ", ".join(f"{states[state]} {state}" for state in (COMPARED, REMEASURED, UNCHECKED))
    terminalreporter.section("notebooks")
    terminalreporter.line(f"notebooks: {len({facts['notebook'] for facts in found})}")
    terminalreporter.line(f"cells: {counts}")
    for line in unchecked_outputs(found):
        terminalreporter.line(line)


def unchecked_outputs(found: Sequence[dict[str, Any]]) -> list[str]:
    """One line for each notebook and data set, with the number of outputs left unchecked."""
    outputs: Counter[tuple[str, str]] = Counter()
    for facts in found:
        if facts["missing"]:
            outputs[facts["notebook"], facts["missing"]] += facts["outputs"]
    return [
        f"{notebook}: {number} outputs not checked, for want of the official data: {names}"
        for (notebook, names), number in sorted(outputs.items())
    ]
