"""A pytest plugin over nbval: what `pytest --nbval` compares, and how it says so.

nbval runs every code cell in a fresh kernel and compares its outputs with the stored ones. This
plugin adds to that, through nbval's public classes and pytest's hooks:

- pictures are compared, and numbers within a tolerance where a cell asks for one
  (`harness.compare`); standard error is not compared;
- a cell that has never been run fails, where nbval passes it;
- a file that is no notebook, and a kernel that dies, are reported at once, where nbval waits;
- cells are run as a reader runs them, so that a trailing `;` hides a result;
- a cell tagged `data:NAME` is run, but not compared, where the official data is not at hand, and
  counts as not checked, also if it measures anew;
- sanitisers and lax runs are refused, because they hide digits;
- the summary says which numbers were measured again, on what device and how far from their
  records, and counts what was compared only and what was not checked (`harness.evidence`);
  `--evidence-json PATH` and `--evidence-markdown PATH` write it to files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from math import inf
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

import pytest
from nbclient.exceptions import DeadKernelError
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from harness import cells, compare, grammar, reading
from harness.evidence import COMPARED, REMEASURED, UNCHECKED, Evidence

PROPERTY = "notebook cell"  # a user property, because that is what travels from xdist's workers
FORMS = {"json": Evidence.as_json, "markdown": Evidence.markdown}
SOURCE_LINES_SHOWN = 3
PULSE_SECONDS = 1


class CheckedCell(IPyNbCell):
    """A code cell whose outputs are compared by `harness.compare`."""

    def runtest(self) -> None:
        """Run the cell and compare its outputs.

        Raises:
            NbCellError: if the cell has never been run, fails, or its outputs differ.
        """
        if self.cell.execution_count is None:
            self.raise_cell_error(self._cured("stored without having been run"))
        if not self.parent.kernel.is_alive():
            self.raise_cell_error("not run, because a cell before it ended the kernel")
        state = REMEASURED if cells.is_remeasured(self.cell) else COMPARED
        try:
            super().runtest()
            state = UNCHECKED if self.missing else state
        except DeadKernelError:
            self.raise_cell_error(cells.KERNEL_DIED)
        finally:
            self._record(state)

    def _cured(self, message: str) -> str:
        return reading.cure(f"{message}: python -m harness.execute FILE", self.path)

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
        is_blurred = self.config.option.blur_pictures
        tolerance = replace(compare.Tolerance.of(self.cell), is_blurred=is_blurred)
        self.comparison_traceback = compare.differences(ref, test, tolerance)
        return not self.comparison_traceback

    def _record(self, state: str) -> None:
        facts = {
            "notebook": cells.shown(self.path),
            "cell": self.name,
            "number": self.cell_num,
            "state": state,
            "missing": ", ".join(self.missing) if state == UNCHECKED else "",
            "outputs": len(self.cell.outputs),
            "numbers": sum(map(_numbers, self.cell.outputs)),
            "measured": [_plain(finding) for finding in self._findings()],
        }
        self.user_properties[:] = [(PROPERTY, facts)]

    def _findings(self) -> Iterator[Any]:
        for output in self.test_outputs or ():
            if cells.MEASURED in output.get("data", ()):
                yield output.data[cells.MEASURED]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        """Say which cell failed, and what differs, in a few lines."""
        error = excinfo.value
        if not isinstance(error, NbCellError):
            return f"{self.name}: {type(error).__name__}: {error}"
        lines = self.cell.source.splitlines()
        source = lines[:SOURCE_LINES_SHOWN] + ["..."] * (len(lines) > SOURCE_LINES_SHOWN)
        details = cells.without_colours(error.inner_traceback or "").strip()
        indented = [f"    {line}" for line in source]
        intended = [self._cured("  if the new output is right")] if self._differs() else []
        headline = f"{self.path.name}, {self.name}: {error}"
        return "\n".join([headline, *indented, details, *intended])

    def _differs(self) -> bool:
        return bool(getattr(self, "comparison_traceback", None))

    def reportinfo(self) -> tuple[Path, int, str]:
        """The place that pytest's headlines name."""
        return self.path, 0, f"{self.path.name}::{self.name}"


def _plain(data: Any) -> Any:
    """The same without nbformat's kinds of mappings, which xdist's workers cannot send."""
    return json.loads(json.dumps(data))


def _numbers(output: Any) -> int:
    """How many numbers an output shows as text."""
    return sum(1 for _ in grammar.shown_in("\n".join(cells.plain_lines(output))))


class CheckedNotebook(IPyNbFile):
    """A notebook whose cells are `CheckedCell`s."""

    def setup(self) -> None:
        """Start the kernel, and have it treat cells as Jupyter does.

        nbval asks for no history; IPython then shows a result in spite of a trailing `;`.
        """
        super().setup()
        self.kernel.get_message = _with_a_pulse(self.kernel)
        execute = self.kernel.kc.execute
        self.kernel.kc.execute = lambda code, **options: execute(
            code, **{**options, "store_history": True}
        )

    def collect(self) -> Iterator[CheckedCell]:
        """The code cells, numbered as Jupyter numbers them.

        Raises:
            pytest.Collector.CollectError: if the file is no notebook; says why and what mends it.
        """
        try:
            cells.read(self.path)
        except cells.UnreadableError as error:
            raise self.CollectError(str(error)) from error
        for cell in super().collect():
            yield CheckedCell.from_parent(
                self,
                name=f"code cell {cell.cell_num + 1}",
                cell_num=cell.cell_num,
                cell=cell.cell,
                options=cell.options,
            )


def _with_a_pulse(kernel: Any) -> Callable[..., Any]:
    """The kernel's `get_message`, which gives up a wait as soon as the kernel is dead."""
    get_message = kernel.get_message

    def get(stream: str, timeout: float | None = None) -> Any:
        end = monotonic() + (inf if timeout is None else float(timeout))
        while True:
            try:
                return get_message(stream, timeout=min(PULSE_SECONDS, max(0, end - monotonic())))
            except Empty:
                if not kernel.is_alive():
                    raise DeadKernelError("the kernel died") from None
                if monotonic() >= end:
                    raise

    return get


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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the files that the report can be written to, and what `harness.colab` needs."""
    group = parser.getgroup("notebooks")
    help_text = "compare pictures blurred, where the kernel has another Matplotlib than the book"
    group.addoption("--blur-pictures", action="store_true", help=help_text)
    for form in FORMS:
        help_text = f"write what was measured again, and what compared, to PATH as {form}"
        group.addoption(f"--evidence-{form}", type=Path, metavar="PATH", help=help_text)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was measured again, what was compared, and what could not be."""
    found = [
        facts
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, facts in getattr(report, "user_properties", ())
        if name == PROPERTY and report.when == "call"
    ]
    if not found:
        return
    evidence = Evidence(found)
    terminalreporter.section("notebooks")
    for line in evidence.lines():
        terminalreporter.line(line)
    if terminalreporter.config.option.blur_pictures:
        terminalreporter.line("pictures: compared blurred, because another Matplotlib drew them")
    for form, text in FORMS.items():
        path = terminalreporter.config.getoption(f"evidence_{form}")
        if path is not None:
            path.write_text(text(evidence), encoding="utf-8")
