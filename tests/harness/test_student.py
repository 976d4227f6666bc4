"""Chapters to hand out: every exercise, and no solution."""

import re

import pytest

from coursecnn.exercises import exercises
from harness import cells, student

POINTS = re.compile(r"\bthe solution|\bfolded cell|\bunfold", re.IGNORECASE)
ASKED = re.compile(r"check\(\s*\"([a-z_0-9.]+)\"")


def asked(notebook):
    return {name for cell in cells.code_cells(notebook) for name in ASKED.findall(cell.source)}


@pytest.mark.parametrize("path", cells.chapters(), ids=lambda path: path.stem)
def test_a_chapter_without_solutions_asks_the_same_exercises(path):
    whole = cells.read(path)
    handed_out = student.without_solutions(whole)
    assert asked(handed_out) == asked(whole) <= set(exercises())
    assert not any(map(student.is_solution, handed_out.cells))
    assert any(map(student.is_solution, whole.cells))


@pytest.mark.parametrize("path", cells.chapters(), ids=lambda path: path.stem)
def test_nothing_in_it_leads_to_the_chapter_with_the_solutions_on_colab(path):
    page = f"/book/{path.relative_to(cells.ROOT / 'book')}"
    whole = cells.read(path)
    assert any(page in cell.source for cell in whole.cells)
    assert not any(page in cell.source for cell in student.without_solutions(whole).cells)


@pytest.mark.parametrize("path", cells.chapters(), ids=lambda path: path.stem)
def test_no_exercise_points_to_a_solution_that_is_not_handed_out(path):
    handed_out = student.without_solutions(cells.read(path)).cells
    exercises_of_it = [cell.source for cell in handed_out if "### Exercise" in cell.source]
    assert exercises_of_it
    assert not [text for text in exercises_of_it if POINTS.search(text)]


def test_the_command_writes_them_below_build(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(student, "STUDENT", tmp_path)
    chapter = cells.chapters()[0]
    monkeypatch.setattr("sys.argv", ["student", str(chapter)])
    student.main()
    written = tmp_path / chapter.relative_to(cells.ROOT)
    assert len(cells.read(written).cells) < len(cells.read(chapter).cells)
    assert capsys.readouterr().out.strip().endswith(written.name)
