"""Answered notebooks: graded by what they answer, not by what they print."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from coursecnn.exercises import exercises, grading

RIGHT = exercises()["cortex.dense_parameters"].solution
FORGED = "def check(name, answer): return 'Correct.'"


def ask(name, answer):
    return new_code_cell(f"answer = {answer}\ncheck({name!r}, answer)")


def write(path, *answers):
    cells = [new_code_cell("from coursecnn.exercises import check"), *answers]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_each_exercise_is_graded_by_its_answer(tmp_path):
    """The stored output lies, `check` is forged, the solution below is not the student's."""
    first, *_ = mistakes = exercises()["cortex.dense_parameters"].mistakes
    lying = ask("cortex.dense_parameters", repr(first.answer))
    lying.outputs = [new_output("execute_result", {"text/plain": "Correct."}, execution_count=1)]
    path = write(
        tmp_path / "kim.ipynb",
        ask("cortex.dense_parameters", repr(RIGHT)),
        new_code_cell("# @title Solution\nanswer = 1 / 0"),
        ask("cortex.dense_parameters", "..."),
        new_code_cell(FORGED),
        lying,
        ask("cortex.dense_parameters", "1 / 0"),
        new_code_cell("answer = (\ncheck('cortex.dense_parameters', answer)"),
        new_markdown_cell("check('cortex.dense_parameters', answer)"),
    )
    grades = grading.grade(path)
    assert [grade.state for grade in grades] == ["right", "no answer", "wrong", "fails", "fails"]
    assert mistakes[0].hint in grades[2].said
    assert grades[3].said == "ZeroDivisionError: division by zero"


def test_what_ends_the_kernel_fails_and_all_after_it(tmp_path):
    path = write(
        tmp_path / "kim.ipynb",
        ask("cortex.dense_parameters", repr(RIGHT)),
        new_code_cell("import os; os._exit(1)\ncheck('cortex.dense_parameters', 5)"),
        ask("cortex.dense_parameters", repr(RIGHT)),
    )
    states = [(grade.state, grade.said) for grade in grading.grade(path)]
    assert states[1:] == [
        ("fails", "its cell ended the kernel"),
        ("fails", "an earlier cell ended the kernel"),
    ]


def test_a_folder_becomes_a_table_with_a_row_for_each_exercise(tmp_path, monkeypatch):
    for name in ("b.ipynb", "a/1.ipynb", "a/.ipynb_checkpoints/1.ipynb"):
        write(tmp_path / name, ask("cortex.dense_parameters", 1))
    found = grading.Grade("cortex.dense_parameters", "wrong", "Not yet")
    monkeypatch.setattr(grading, "grade", lambda *_, **__: [found])
    table = grading.graded(tmp_path, progress=False)
    assert table["notebook"].tolist() == ["a/1.ipynb", "b.ipynb"]
    assert table.columns.tolist() == ["notebook", "exercise", "state", "said"]


def test_what_cannot_be_graded_is_refused_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        grading.graded(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="has no notebooks"):
        grading.graded(tmp_path)
    with pytest.raises(ValueError, match="asks no exercise"):
        grading.grade(write(tmp_path / "a.ipynb"))
    broken = tmp_path / "b.ipynb"
    broken.write_text("{")
    with pytest.raises(ValueError, match=r"b\.ipynb is no notebook"):
        grading.grade(broken)
