"""Answered notebooks, graded: which exercises are right, wrong, or not answered.

- `grade`: one notebook;
- `graded`: all notebooks of a folder, as a table.

A notebook is executed from a fresh kernel, as its student would run it, and after each exercise
its answer is checked anew: what the file says that it printed counts for nothing. Cells that hold a
solution are left out. It runs what the students wrote: do it where they may run programs.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from coursecnn import _files
from coursecnn.exercises import exercises

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NOT_GRADED", "STATES", "Grade", "grade", "graded"]

SECONDS = 600  # for a cell
PATIENCE = 30  # seconds, for a cell to end once it has been interrupted
SOLUTION = "# @title Solution"
MARK = "graded: "
State: TypeAlias = Literal["right", "wrong", "no answer", "fails", "missing", "not graded"]
STATES = ("right", "wrong", "no answer", "fails", "missing")  # of an exercise
NOT_GRADED: Final = "not graded"  # of a whole file or folder

# Run after an answer, in its place: by a name that no student's cell has taken.
PROBE = """\
def _graded():
    import json
    from coursecnn.exercises import check
    given = {answer}
    feedback = check({name!r}, given)
    print({mark!r} + json.dumps([given is not ..., feedback.correct, feedback.message]))
_graded()
"""


@dataclass(frozen=True)
class Grade:
    """What became of one exercise.

    Attributes:
        exercise: its name, `chapter.exercise`.
        state: "right", "wrong", "no answer", or "fails" where its cell raises an error or takes
            too long. In a table also "missing", where only other notebooks ask it, and
            "not graded", of a file or folder, whose exercise is then empty.
        said: what the student was told, or the error.

    >>> Grade("cortex.dense_parameters", "wrong", said="Not yet: count the bias too").state
    'wrong'
    """

    exercise: str
    state: State
    said: str


class _Asked(NamedTuple):
    """An exercise in a cell: its name, and the expression that is the answer."""

    name: str
    answer: str


class _Ran(NamedTuple):
    """What came of running a cell: its outputs, why it failed, why nothing more can run."""

    outputs: list[Any]
    failure: str
    lost: str = ""


def graded(
    folder: Path, *, seconds: int = SECONDS, progress: bool = True, csv: Path | None = None
) -> pd.DataFrame:
    """Grade all notebooks of a folder, and of the folders in it.

    What cannot be graded does not keep the others from it: a file that is no notebook or asks no
    exercise, and a student's folder without notebooks, have a row that says so.

    Args:
        folder: where the notebooks are; a student each, by name of file or folder.
        seconds: that a cell may take.
        progress: whether to draw a progress bar on stderr.
        csv: a file for the table. It is written before the first notebook and after each, so that
            an interruption costs no more than the one that is running.

    Returns:
        A row for each notebook and exercise: `notebook`, `exercise`, `state`, `said`.

    Raises:
        ValueError: if there is no notebook.
        FileNotFoundError: if there is no such folder.
        ImportError: without nbclient, which comes with Jupyter.
    """
    from tqdm import tqdm

    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    files = sorted(
        path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
    )
    if not files:
        raise ValueError(f"{folder} has no notebooks (*.ipynb)")
    rows = _without_notebooks(folder)
    table = _table(rows, csv)
    for path in tqdm(files, unit=" notebooks", disable=not progress):
        name = str(path.relative_to(folder))
        try:
            rows += [(name, each) for each in grade(path, seconds=seconds)]
        except ValueError as error:
            rows.append((name, Grade("", NOT_GRADED, str(error).removeprefix(f"{path} "))))
        table = _table(rows, csv)
    return table


def _table(rows: list[tuple[str, Grade]], csv: Path | None) -> pd.DataFrame:
    """The rows so far with what is missing among them, by notebook; also written, if to a file."""
    import pandas as pd

    rows = sorted(rows + _missing(rows), key=itemgetter(0))
    table = pd.DataFrame(
        [(name, each.exercise, each.state, each.said) for name, each in rows],
        columns=["notebook", "exercise", "state", "said"],
    )
    if csv is not None:
        _files.write_atomically(csv, table.to_csv(index=False).encode())
    return table


def _without_notebooks(folder: Path) -> list[tuple[str, Grade]]:
    """A row for each student's folder that has no notebook."""
    return [
        (path.name, Grade("", NOT_GRADED, "has no notebook (*.ipynb)"))
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".") and not any(path.rglob("*.ipynb"))
    ]


def _missing(rows: list[tuple[str, Grade]]) -> list[tuple[str, Grade]]:
    """A row for each exercise that other notebooks on the same chapter ask, and this one does not.

    Compared with the other notebooks, not with the book: a lecturer may hand out some exercises.
    """
    asked: dict[str, set[str]] = {}
    for name, each in rows:
        if each.exercise in exercises():
            asked.setdefault(name, set()).add(each.exercise)
    everywhere = sorted(set().union(*asked.values()))
    return [
        (name, Grade(exercise, "missing", "other notebooks have it, this one does not"))
        for name, own in asked.items()
        for exercise in everywhere
        if exercise not in own
        and exercise.partition(".")[0] in {each.partition(".")[0] for each in own}
    ]


def grade(path: Path, *, seconds: int = SECONDS) -> list[Grade]:
    """Grade one notebook.

    Args:
        path: the notebook.
        seconds: that a cell may take.

    Returns:
        A grade for each exercise that it asks, in order.

    Raises:
        ValueError: if the file is no notebook, or asks no exercise.
        ImportError: without nbclient, which comes with Jupyter.
    """
    try:
        from nbclient import NotebookClient
    except ImportError as error:
        raise ImportError("grading needs nbclient: pip install nbclient ipykernel") from error
    notebook = _read(path)
    if not any(True for cell in notebook.cells for _ in _asked(cell)):
        raise ValueError(f"{path} asks no exercise: no cell has check(name, answer)")
    client = NotebookClient(
        notebook,
        timeout=seconds,
        interrupt_on_timeout=True,
        allow_errors=True,
        extra_arguments=["--log-level=ERROR"],  # no advice on transports between the bars
        resources={"metadata": {"path": str(path.parent)}},
    )
    with client.setup_kernel():
        return list(_grades(client, notebook))


def _read(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise
    except Exception as error:  # whatever nbformat finds wrong with a file
        raise ValueError(f"{path} is no notebook: {error}") from error


def _grades(client: Any, notebook: Any) -> Iterator[Grade]:
    """Run the cells one by one, and check each answer after the cell that gives it."""
    lost = ""  # why nothing more can run
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or cell.source.startswith(SOLUTION):
            continue
        failure = lost
        if not lost:
            ran = _ran(client, cell, place)
            failure, lost = ran.failure, ran.lost
        for asked in _asked(cell):
            if failure:
                yield Grade(asked.name, "fails", failure)
            else:
                given, lost = _probed(client, asked, place)
                failure = lost
                yield given


def _ran(client: Any, cell: Any, place: int) -> _Ran:
    """Run a cell; one that takes too long is interrupted, and if it catches that, killed."""
    from nbclient.exceptions import DeadKernelError

    guard = Timer(client.timeout + PATIENCE, client.km.provisioner.process.kill)
    began = monotonic()
    guard.start()
    try:
        outputs = client.execute_cell(cell, place).outputs
    except DeadKernelError:
        outputs, failure, lost = [], "its cell ended the kernel", "an earlier cell ended the kernel"
    else:
        failure, lost = _error(outputs), ""
    finally:
        guard.cancel()
    if failure and monotonic() - began >= client.timeout:
        failure = f"its cell takes longer than {client.timeout} seconds"
    return _Ran(outputs, failure, lost)


def _error(outputs: Any) -> str:
    """The first error among outputs, or nothing."""
    return next((f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error"), "")


def _probed(client: Any, asked: _Asked, place: int) -> tuple[Grade, str]:
    """Check an answer in the student's kernel; also why nothing more can run, or nothing."""
    import nbformat

    source = PROBE.format(answer=asked.answer, name=asked.name, mark=MARK)
    ran = _ran(client, nbformat.v4.new_code_cell(source), place)
    text = "".join(o.text for o in ran.outputs if o.output_type == "stream" and o.name == "stdout")
    lines = [line for line in text.splitlines() if line.startswith(MARK)]
    if not lines:
        return Grade(asked.name, "fails", ran.failure or "the kernel gave no answer"), ran.lost
    answered, right, said = json.loads(lines[-1].removeprefix(MARK))
    state: State = "right" if right else "wrong" if answered else "no answer"
    return Grade(asked.name, state, said), ran.lost


def _asked(cell: Any) -> Iterator[_Asked]:
    """The exercises that a cell asks: its calls of `check` with a name."""
    if cell.cell_type != "code" or cell.source.startswith(SOLUTION):
        return
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:  # a magic of Jupyter's, or a student's slip: it fails when it runs
        tree = ast.parse("\n".join(_calls_of_check(cell.source)))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "check"
            and len(node.args) == 2
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            yield _Asked(node.args[0].value, ast.unparse(node.args[1]))


def _calls_of_check(source: str) -> Iterator[str]:
    """The lines that are a call of `check` by themselves."""
    for line in source.splitlines():
        if line.startswith("check("):
            try:
                ast.parse(line)
            except SyntaxError:
                continue
            yield line
