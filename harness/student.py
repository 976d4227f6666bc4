"""Write the chapters without their solutions, to hand out: `python -m harness.student [FILE ...]`.

They lie in `_build/student`, in the folders of the book. `coursecnn grade` grades them.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat

from coursecnn._files import write_atomically
from harness import address, cells, folds

STUDENT = cells.ROOT / "_build" / "student"


def without_solutions(notebook: Any) -> Any:
    """A copy of a notebook without the cells that hold a solution, or lead to one."""
    copy = deepcopy(notebook)
    copy.cells = [cell for cell in copy.cells if not (is_solution(cell) or address.is_badge(cell))]
    return copy


def is_solution(cell: Any) -> bool:
    """Whether a cell holds the solution of an exercise."""
    return cell.cell_type == "code" and folds.title(cell) == "Solution"


def main() -> None:
    """Write the notebooks, and say where they are."""
    arguments = cells.command_line("student", __doc__).parse_args()
    for path in cells.chapters(arguments.files):
        inside = path.resolve()
        below = (
            inside.relative_to(cells.ROOT) if inside.is_relative_to(cells.ROOT) else Path(path.name)
        )
        target = STUDENT / below
        target.parent.mkdir(parents=True, exist_ok=True)
        text = nbformat.writes(without_solutions(cells.read(path)))
        write_atomically(target, f"{text}\n".encode())
        print(cells.shown(target))


if __name__ == "__main__":
    main()
