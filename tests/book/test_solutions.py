"""The chapters ask without answering: solutions are folded, no answer is printed in the open."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coursecnn.exercises import exercises
from harness import cells, folds, reading

CHECK = re.compile(r"""\bcheck\(\s*["']([\w.]+)["']""")
ASKS = re.compile(r"^answer = \.\.\.$", re.MULTILINE)
SHORTEST = 1_000  # a number of fewer digits stands in a chapter for other reasons, too


@pytest.fixture(params=cells.chapters(), ids=lambda path: path.stem)
def chapter(request: pytest.FixtureRequest) -> Any:
    path: Path = request.param
    return cells.read(path)


def checks(chapter: Any) -> Iterator[tuple[str, Any]]:
    """The cells that check an answer, with the exercise's name."""
    for cell in cells.code_cells(chapter):
        yield from ((name, cell) for name in CHECK.findall(cell.source))


def in_the_open(chapter: Any) -> str:
    """All that a reader sees who has unfolded no solution."""
    return "\n".join(
        cell.source if cell.cell_type == "markdown" else "\n".join(map(cells.text_of, cell.outputs))
        for cell in chapter.cells
        if folds.title(cell) != "Solution"
    )


def printed(number: int, text: str) -> list[str]:
    """Where a text has a number, with or without commas."""
    forms = "|".join({str(number), f"{number:,}"})
    return re.findall(rf".{{0,40}}(?<![\w.,])(?:{forms})(?![\w]|[.,]\d).{{0,20}}", text)


def test_an_exercise_asks_once_and_its_solution_is_folded(chapter: Any) -> None:
    """The chapters' other numbers are compared by nbval; here it is what stands open."""
    asked = [name for name, cell in checks(chapter) if ASKS.search(cell.source)]
    solved = [name for name, cell in checks(chapter) if folds.title(cell) == "Solution"]
    assert asked
    assert sorted(asked) == sorted(set(solved))
    assert len(asked) + len(solved) == len(list(checks(chapter)))


def test_no_answer_is_printed_in_its_chapter(chapter: Any) -> None:
    text = in_the_open(chapter)
    answers = {name: exercises()[name].solution for name, _ in checks(chapter)}
    numbers = {name: n for name, n in answers.items() if isinstance(n, int) and n >= SHORTEST}
    found = {name: printed(number, text) for name, number in numbers.items()}
    assert {name: places for name, places in found.items() if places} == {}


def test_a_printed_answer_is_found() -> None:
    assert printed(1805, "wrong: 1,805 images") == ["wrong: 1,805 images"]
    assert printed(1805, "1805, or 18,05") == ["1805, or 18,05"]
    assert printed(1805, "11,805 or 1,805.5 or 1,8050 or a1805") == []


def test_a_network_is_compiled_with_keywords_after_the_loss(chapter: Any) -> None:
    """The third place of Keras's `compile` is not that of the metrics, and fails only in `fit`.

    The functions of *train and judge* run only where a student calls them.
    """
    calls = [
        node
        for cell in cells.code_cells(chapter)
        for node in ast.walk(reading.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".compile")
    ]
    assert [ast.unparse(call) for call in calls if len(call.args) > 2] == []
