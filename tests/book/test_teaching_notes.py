"""Notes for lecturers: for every chapter, and what they name is there."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from coursecnn import exercises

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "book" / "_extensions"))

import front_page  # noqa: E402 - they lie where Sphinx looks for extensions
import teaching_notes  # noqa: E402

PAGE = (REPOSITORY / "book" / "appendix" / "lecturers.md").read_text(encoding="utf-8")
NOTES = {
    file: (title, words)
    for title, words, file in re.findall(
        r"^## (.*?)\n(.*?)```\{teaching-notes\} (\S+)\n```", PAGE, re.DOTALL | re.MULTILINE
    )
}
CHAPTERS = {chapter.file: chapter for chapter in front_page.chapters(REPOSITORY)}
HAS_QUESTIONS = re.compile(r"^#+ (To|For|Questions for) discuss", re.MULTILINE)


def chapter(file):
    return json.loads((REPOSITORY / f"{file}.ipynb").read_text(encoding="utf-8"))


def text(source):
    return {"cell_type": "markdown", "source": [source]}


def ask(name):
    return {"cell_type": "code", "source": [f'answer = ...\ncheck("{name}", answer)']}


def test_each_chapter_has_its_notes_in_its_place_and_under_its_name():
    assert list(NOTES) == list(CHAPTERS)
    assert PAGE.count("teaching-notes") == len(NOTES)
    for file, (title, _) in NOTES.items():
        number = int(Path(file).name.partition("_")[0])
        assert title == f"Chapter {number}: {CHAPTERS[file].title}"


@pytest.mark.parametrize("file", NOTES)
def test_they_say_what_to_ask_to_show_and_to_leave_out_and_name_sections_that_are_there(file):
    _, words = NOTES[file]
    assert re.findall(r"^\*\*(.+?)\.\*\*", words, re.MULTILINE)[:3] == [
        "Ask first",
        "Show",
        "In forty-five minutes",
    ]
    assert teaching_notes.unknown_sections(words, chapter(file)) == []


@pytest.mark.parametrize("file", CHAPTERS)
def test_the_typical_errors_are_those_of_its_exercises_and_the_questions_those_it_asks(file):
    notebook = chapter(file)
    known = exercises.exercises()
    hints = [hint for _, mistakes in teaching_notes.errors(notebook) for _, hint in mistakes]
    names = CHAPTERS[file].names
    assert hints == [mistake.hint for name in names for mistake in known[name].mistakes]
    assert hints
    asked = teaching_notes.questions(notebook)
    assert bool(asked) is any(map(HAS_QUESTIONS.search, teaching_notes.texts(notebook)))


def test_errors_are_listed_under_the_exercise_that_asks():
    notebook = {
        "cells": [
            text("# C\n\n## Exercises\n\n### Exercise 1: no mistakes known"),
            text("### Exercise 2: count *it*"),
            ask("cortex.dense_parameters"),
        ]
    }
    [(title, mistakes)] = teaching_notes.errors(notebook)
    first = exercises.exercises()["cortex.dense_parameters"].mistakes[0]
    assert title == "Exercise 2: count *it*"
    assert mistakes[0] == (f"{first.answer:,}", first.hint)
    folded = teaching_notes.folded([("a < b", [("1 < 2", "so & so"), ("", "just a hint")])])
    assert "<p>a &lt; b</p>" in folded
    assert "<code>1 &lt; 2</code>: so &amp; so" in folded
    assert "<li>just a hint</li>" in folded


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (78400, "78,400"),
        (0.5, "0.5"),
        ("abd", "abd"),
        ((1, 2), "(1, 2)"),
        (True, "True"),
        (np.ones((3, 3)), ""),
        (len, ""),
        ("two\nlines", ""),
        ("x" * 50, ""),
    ],
    ids=repr,
)
def test_a_wrong_answer_is_shown_where_it_is_short(answer, shown):
    assert teaching_notes.shown(answer) == shown


def test_time_questions_and_sections_are_read_from_the_text():
    notebook = {
        "cells": [
            text("# C\n\n**You need** x.\n**Time**: an hour."),
            text("## What `f` does\n\nWords.\n\n### For discussion\n\n- Why?\n- How?"),
            text("## Next\n\n- no question"),
        ]
    }
    assert teaching_notes.time(notebook) == "**Time**: an hour."
    assert teaching_notes.questions(notebook) == ["- Why?", "- How?"]
    written = "**Show.** *What `f` does*, then *What it\ndoes not*."
    assert teaching_notes.unknown_sections(written, notebook) == ["What it\ndoes not"]
    assert teaching_notes.time({"cells": []}) == ""
