"""Re-execute notebooks from fresh kernels, normalise them, and show which outputs changed.

    python -m harness.execute                 all notebooks of the book
    python -m harness.execute FILE ...        these
    python -m harness.execute --check FILE    only compare, write nothing

With the outputs is stored what computed them: the processor, and the versions of what was loaded.
A notebook with a failing cell stays as it is. So does the stored output of a cell tagged
`data:NAME` where the official data set NAME is not on this machine: what the book shows must
come from official data. A cell must not write to stderr, unless it is tagged `data:NAME` (it may
announce the stand-in, or show a download) or `nbval-ignore-output` (it may show progress).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell
from tqdm import tqdm

from coursecnn._files import write_atomically
from harness import cells, compare, normalise, prose, reading

CELL_TIMEOUT_SECONDS = 3600
TELL = """\
import json
from coursecnn import _machine
print(json.dumps(_machine.in_use()))"""


class ExecutionError(Exception):
    """A notebook whose fresh outputs must not be stored; the message says why."""


@dataclass(frozen=True)
class Execution:
    """What a fresh execution of one notebook gave.

    Attributes:
        text: the normalised file.
        is_stale: whether the stored file has other outputs, or is not in normal form; cells that
            measure anew are not looked at.
        changes: per changed cell, its name and what differs.
        kept: the cells whose stored output was kept for want of official data.
    """

    text: str
    is_stale: bool
    changes: tuple[str, ...]
    kept: tuple[str, ...]


def execute(path: Path) -> Execution:
    """Run a notebook in a fresh kernel, in its own folder.

    Raises:
        ExecutionError: if a cell fails, or writes to stderr where it must not.
        UnreadableError: if the file is no notebook; nothing is run then.
    """
    stored, fresh = cells.read(path), cells.read(path)
    _run(path, fresh)
    _refuse_stderr(fresh)
    kept = _keep_official_outputs(stored, fresh)
    fresh = normalise.normalise(fresh)
    changes = _changes(stored, fresh)
    is_normal = normalise.dumps(normalise.normalise(stored)) == path.read_text(encoding="utf-8")
    return Execution(
        text=normalise.dumps(fresh),
        is_stale=bool(changes) or not is_normal,
        changes=tuple(changes),
        kept=tuple(kept),
    )


def _run(path: Path, notebook: Any) -> None:
    """Execute the cells, and note what computed them, which their kernel knows."""
    notebook.cells.append(new_code_cell(TELL))
    bar = tqdm(total=len(notebook.cells), desc=cells.shown(path), unit="cell", leave=False)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_TIMEOUT_SECONDS,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # no advice on transports between the bars
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=lambda cell, cell_index: bar.update(cell_index - bar.n),  # noqa: ARG005
    )
    with bar:
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            name, cell = list(cells.named_cells(notebook))[int(bar.n)]
            raise ExecutionError(f"{name} {_why(cell, error)}") from error
        except (NoSuchKernel, RuntimeError) as error:
            message = f"no kernel starts ({error}): make environment installs one, ipykernel"
            raise ExecutionError(message) from error
    told = "".join(output.get("text", "") for output in notebook.cells.pop().outputs)
    notebook.metadata[normalise.COMPUTED_BY] = json.loads(told)


def _why(cell: Any, error: Exception) -> str:
    if isinstance(error, DeadKernelError):
        return cells.KERNEL_DIED
    return f"fails\n{_traceback(cell) or error}"


def _traceback(cell: Any) -> str:
    """The traceback that the cell put out, without terminal colours."""
    lines = [line for out in cell.outputs for line in out.get("traceback", ())]
    return cells.without_colours("\n".join(lines))


def _refuse_stderr(notebook: Any) -> None:
    for name, cell in cells.named_cells(notebook):
        if cell.cell_type != "code" or cells.is_remeasured(cell) or cells.needs_data(cell):
            continue
        errors = [out.text for out in cell.outputs if out.get("name") == "stderr"]
        if errors:
            raise ExecutionError(
                f"{name} writes to stderr, which the book cannot show; silence it where it comes "
                f"from, or tag the cell nbval-ignore-output if it shows progress\n{errors[0]}"
            )


def _keep_official_outputs(stored: Any, fresh: Any) -> list[str]:
    """Put stored outputs back where the fresh ones show the stand-in; name these cells."""
    kept = []
    for (name, old), new in zip(cells.named_cells(stored), fresh.cells, strict=True):
        missing = cells.missing_data(old)
        if missing:
            new.outputs, new.execution_count = old.outputs, old.execution_count
            state = "kept its stored output" if old.execution_count else "is left without output"
            fetch = f"coursecnn data {' '.join(missing)}, then python -m harness.execute FILE"
            kept.append(f"{name} {state}: the official {', '.join(missing)} is not here; {fetch}")
    return kept


def _changes(stored: Any, fresh: Any) -> list[str]:
    changes = []
    for (name, new), old in zip(cells.named_cells(fresh), stored.cells, strict=True):
        if new.cell_type == "code" and not cells.is_remeasured(new):
            changes += [f"{name}, {line}" for line in compare.differences(old.outputs, new.outputs)]
    return changes


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute notebooks; return 1 if one fails or, with --check, would change."""
    parser = cells.command_line("execute", __doc__)
    parser.add_argument("--check", action="store_true", help="only compare, write nothing")
    options = parser.parse_args(arguments)
    outcomes = [_execute_and_report(path, options.check) for path in cells.chapters(options.files)]
    return 0 if all(outcomes) else 1


def _execute_and_report(path: Path, check: bool) -> bool:
    """Execute one notebook, say what changed, and whether all is well."""
    try:
        result = execute(path)
    except cells.UnreadableError as error:
        sys.stdout.write(f"{error}\n")
        return False
    except ExecutionError as error:
        sys.stdout.write(f"{cells.shown(path)}: not stored, {error}\n")
        return False
    if not check and result.text != path.read_text(encoding="utf-8"):
        write_atomically(path, result.text.encode())
    outputs = f"{len(result.changes)} changed" if result.changes else "unchanged"
    sys.stdout.write(f"{cells.shown(path)}: outputs {outputs}\n")
    for line in result.changes + result.kept:
        sys.stdout.write("  " + reading.cure(line, path).replace("\n", "\n  ") + "\n")
    if not check:
        sys.stdout.writelines(f"  {line}\n" for line in prose.bind(path, measured=True))
    return not (check and result.is_stale)


if __name__ == "__main__":
    sys.exit(main())
