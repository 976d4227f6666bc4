"""Answered notebooks: graded by what they answer, not by what they print."""

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from coursecnn.exercises import exercises, grading

RIGHT = exercises()["cortex.dense_parameters"].solution
# A probe that imports nothing, so that a cell may take a few seconds only.
QUICK = "print({mark!r} + 'FEEDBACK')  # {name!r}"
FORGED = "def check(name, answer): return 'Correct.'"


def ask(name, answer):
    return new_code_cell(f"answer = {answer}\ncheck({name!r}, answer)")


def write(path, *answers):
    cells = [new_code_cell("from coursecnn.exercises import check"), *answers]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_an_interruption_keeps_what_was_graded_before_it(tmp_path, monkeypatch):
    for name in ("a.ipynb", "b.ipynb", "c.ipynb"):
        write(tmp_path / "answered" / name, ask("cortex.dense_parameters", 1))

    def interrupted_at_c(path, **_):
        if path.name == "c.ipynb":
            raise KeyboardInterrupt
        return [grading.Grade("cortex.dense_parameters", "right", "Correct.")]

    monkeypatch.setattr(grading, "grade", interrupted_at_c)
    csv = tmp_path / "grades.csv"
    with pytest.raises(KeyboardInterrupt):
        grading.graded(tmp_path / "answered", progress=False, csv=csv)
    assert pd.read_csv(csv)["notebook"].tolist() == ["a.ipynb", "b.ipynb"]


def test_a_file_that_cannot_be_written_is_told_before_anything_is_run(tmp_path, monkeypatch):
    write(tmp_path / "a.ipynb", ask("cortex.dense_parameters", 1))
    monkeypatch.setattr(grading, "grade", lambda *_, **__: pytest.fail("it has begun"))
    with pytest.raises(OSError, match=r"a\.ipynb"):
        grading.graded(tmp_path, progress=False, csv=tmp_path / "a.ipynb" / "grades.csv")


@pytest.mark.parametrize(
    ("caught", "afterwards"),
    [
        ("ZeroDivisionError", ("right", "Correct.")),
        ("BaseException", ("fails", "an earlier cell ended the kernel")),
    ],
)
def test_a_cell_without_an_end_is_stopped_even_if_it_catches_that(
    tmp_path, monkeypatch, caught, afterwards
):
    """A bare `except` catches the interrupt too, and goes on for ever."""
    monkeypatch.setattr(grading, "PATIENCE", 2)
    monkeypatch.setattr(grading, "PROBE", QUICK.replace("FEEDBACK", '[true, true, "Correct."]'))
    path = write(
        tmp_path / "kim.ipynb",
        new_code_cell(FORGED),  # the true one imports much
        new_code_cell(
            "import time\nwhile True:\n    try:\n        time.sleep(60)\n"
            f"    except {caught}:\n        pass\ncheck('cortex.dense_parameters', 5)"
        ),
        ask("cortex.dense_parameters", repr(RIGHT)),
    )
    first, second = grading.grade(path, seconds=8)
    assert (first.state, first.said) == ("fails", "its cell takes longer than 8 seconds")
    assert (second.state, second.said) == afterwards


def test_an_answer_that_takes_for_ever_when_it_is_checked_anew_fails(tmp_path, monkeypatch):
    """The notebook has forged the check; the next exercise is graded all the same."""
    waits = QUICK.replace("'FEEDBACK'", "({answer})()")
    monkeypatch.setattr(grading, "PROBE", waits)
    path = write(
        tmp_path / "kim.ipynb",
        new_code_cell(FORGED),
        ask("convolution.bugs", "lambda: __import__('time').sleep(1e6)"),
        ask("cortex.dense_parameters", """lambda: '[true, true, "Correct."]'"""),
    )
    first, second = grading.grade(path, seconds=8)
    assert (first.state, first.said) == ("fails", "its cell takes longer than 8 seconds")
    assert second.state == "right"


@pytest.mark.slow
def test_one_that_cannot_be_graded_does_not_keep_the_others_from_it(tmp_path):
    write(tmp_path / "a.ipynb", ask("cortex.dense_parameters", repr(RIGHT)))
    (tmp_path / "b.ipynb").write_text("{")
    write(tmp_path / "c.ipynb")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "answers.txt").write_text("42")
    table = grading.graded(tmp_path, progress=False)
    assert table["notebook"].tolist() == ["a.ipynb", "b.ipynb", "c.ipynb", "d"]
    assert table["state"].tolist() == ["right", *3 * ["not graded"]]
    for said, part in zip(
        table["said"][1:], ("is no notebook", "asks no exercise", "has no notebook"), strict=True
    ):
        assert said.startswith(part)


def test_an_exercise_that_only_one_student_lost_is_missing(tmp_path, monkeypatch):
    """Of another chapter, or misspelt, it is missed by nobody."""
    asked = {
        "a.ipynb": ("cortex.dense_parameters", "cortex.sharing_factor"),
        "b.ipynb": ("cortex.dense_parameters", "cortex.misspelt"),
        "c.ipynb": ("vgg.cifar",),
    }
    for name in asked:
        write(tmp_path / name)
    monkeypatch.setattr(
        grading,
        "grade",
        lambda path, **_: [grading.Grade(n, "right", "") for n in asked[path.name]],
    )
    table = grading.graded(tmp_path, progress=False)
    missing = table[table["state"] == "missing"]
    assert missing[["notebook", "exercise"]].values.tolist() == [
        ["b.ipynb", "cortex.sharing_factor"]
    ]


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
