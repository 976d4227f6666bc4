"""The notebook lint: a good chapter passes, and each bad one fails for the stated reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from harness import address, lint, normalise
from harness.cells import code_cells
from tests.notebooks import (
    FIGURE,
    PIXEL,
    build_notebook,
    code,
    displayed,
    printed,
    sound_chapter,
    text,
)


def problems(path: Path, cells: list[NotebookNode]) -> list[str]:
    notebook = build_notebook(cells)
    (path / "chapter.ipynb").write_text(normalise.dumps(notebook), encoding="utf-8")
    return [str(problem) for problem in lint.lint(path / "chapter.ipynb")]


def test_a_good_chapter_has_no_problem(tmp_path):
    assert problems(tmp_path, sound_chapter()) == []


BAD_CELLS = {
    "a stored error": (
        code("1 / 0", new_output("error", ename="ZeroDivisionError", evalue="division by zero")),
        "code cell 4: stores the error ZeroDivisionError: division by zero",
    ),
    "an address": (
        code("f", "<function f at 0x7f3a2b1c9d30>"),
        "code cell 4: shows an address in memory: '<function f at 0x7f3a2b1c9d30>'",
    ),
    "a folder": (code("p", "/some/folder/data"), "code cell 4: shows a path of one machine"),
    "a short path": (code("p", "in /a/b"), "code cell 4: shows a path of one machine"),
    "a Windows path": (code("p", r"C:\some\folder"), "code cell 4: shows a path of one machine"),
    "an address in HTML": (
        code("p", displayed(text_html="<b>/some/x</b>")),
        "code cell 4: shows a path of one machine: ' /some/x '",
    ),
    "a date": (code("d", "made on 2026-11-22"), "code cell 4: shows a date"),
    "a time of day": (code("d", "at 12:30:59"), "code cell 4: shows a time of day"),
    "a duration": (code("d", "12 3ms/step"), "code cell 4: shows a duration"),
    "an ignored cell without assertion": (
        code("fit()", tags=["nbval-ignore-output"]),
        "code cell 4: is tagged nbval-ignore-output but asserts nothing",
    ),
    "an ignored cell that only checks an exercise": (
        code("check('q', answer)", tags=["nbval-ignore-output"]),
        "code cell 4: is tagged nbval-ignore-output but asserts nothing",
    ),
    "a check that the stand-in would skip unnoticed": (
        code("records.compare(record, run, data).assert_inside()", tags=["nbval-ignore-output"]),
        "code cell 4: calls records.compare: tag it with the data",
    ),
    "a tag that nobody knows": (
        code("1", tags=["raises-exception"]),
        "code cell 4: has tag 'raises-exception', allowed are data:cifar10",
    ),
    "a tolerance that nobody knows": (
        code("1", nbval={"atol": 1}),
        "code cell 4: metadata nbval must hold positive numbers rtol or rms, got atol=1",
    ),
    "a tolerance of nothing": (code("1", nbval={"rtol": 0}), "code cell 4: .* got rtol=0"),
    "a tolerance that hides wrong numbers": (
        code("1", nbval={"rtol": 0.5}),
        r"code cell 4: asks for Tolerance\(rtol=0.5, rms=8.0\), at most Tolerance\(rtol=0.05, ",
    ),
    "a tolerance that hides a changed digit in a picture": (
        code("1", nbval={"rms": 21}),
        r"code cell 4: asks for Tolerance\(rtol=0.0, rms=21\), at most",
    ),
    "a comment that steers nbval": (
        code("# NBVAL_SKIP\n1 / 0"),
        "code cell 4: has the comment NBVAL_SKIP",
    ),
    "a figure without text": (
        code("plt.show()", displayed(image_png=PIXEL)),
        "code cell 4: draws a figure: .* 20 to 500 characters, got ''",
    ),
    "a figure with an empty phrase": (
        code("plt.show()", displayed(image_png=PIXEL), mystnb={"image": {"alt": "A figure"}}),
        "code cell 4: draws a figure: .* got 'A figure'",
    ),
    "two figures in a cell": (
        code("plt.show()", *[displayed(image_png=PIXEL)] * 2, mystnb=FIGURE.metadata.mystnb),
        "code cell 4: draws 2 figures",
    ),
    "a heading that skips a level": (
        text("## Two\n\n#### Four"),
        r"text cell 4 \(Two\): goes from heading level 2 to 4",
    ),
    "a second title": (text("# Another"), r"text cell 4 \(Another\): has a second title"),
    "a directive": (text("```{note}\nx\n```"), "text cell 4 .*: uses MyST, .* '```{note}|'```{'"),
    "a role": (text("see {doc}`intro`"), "text cell 4 .*: uses MyST, .* '{doc}`'"),
    "a target": (text("(label)=\n## Two"), r"text cell 4 .*: uses MyST, .* '\(label\)='"),
}


@pytest.mark.parametrize(("cell", "message"), BAD_CELLS.values(), ids=BAD_CELLS)
def test_a_chapter_fails_because_of(tmp_path, cell, message):
    (found,) = problems(tmp_path, [*sound_chapter(), cell])
    assert re.search(message, found)


def drop(position: int) -> Callable[[NotebookNode], object]:
    return lambda notebook: notebook.cells.pop(position)


ON_COLAB = "notebook: must open on Colab as the others do: python -m harness.address"
SPOILS: dict[str, tuple[Callable[[NotebookNode], object], str]] = {
    "a missing title": (drop(0), "must begin with a text cell that is the title"),
    "a missing badge": (drop(1), ON_COLAB),
    "a missing Colab install": (drop(2), ON_COLAB),
    "an install from elsewhere": (
        lambda notebook: notebook.cells[2].update(source=address.install("https://example.org/x")),
        ON_COLAB,
    ),
    "a Colab install in sight": (
        lambda notebook: notebook.cells[2].metadata.clear(),
        "notebook: shows how it is opened on Colab: tag these two cells remove-cell",
    ),
    "a cleared cell": (
        lambda notebook: notebook.cells[4].update(execution_count=None, outputs=[]),
        "code cell 2: has execution count None, must be 2",
    ),
    "having never been run": (
        lambda notebook: [cell.update(execution_count=None) for cell in code_cells(notebook)],
        r"notebook: has never been run: python -m harness.execute \S*chapter.ipynb",
    ),
    "cells run out of order": (
        lambda notebook: notebook.cells[4].update(execution_count=7),
        "code cell 2: has execution count 7, must be 2",
    ),
    "stored stderr": (
        lambda notebook: notebook.cells[4].outputs.append(printed("I0000 cpu\n", "stderr")),
        "code cell 2: stores stderr: 'I0000 cpu'",
    ),
    "metadata of an editor": (
        lambda notebook: notebook.cells[4].metadata.update(collapsed=True),
        "code cell 2: has metadata 'collapsed', allowed are mystnb, nbval, tags",
    ),
    "another form": (
        lambda notebook: notebook.cells[3].update(id="mine"),
        r"notebook: is not in normal form: python -m harness.normalise \S*chapter.ipynb \(nothing",
    ),
    "code that was not run": (
        lambda notebook: notebook.cells[4].update(source="print(3 * 4)"),
        r"code cell 2: has changed since its output was stored: python -m harness.execute \S*chap",
    ),
    "its size": (
        lambda notebook: notebook.cells[0].update(source="# A" + "a" * lint.MAX_BYTES),
        r"notebook: has 2,50.,... bytes, allowed are 2,500,000; most are in text cell 1 \(A",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILS.values(), ids=SPOILS)
def test_a_stored_chapter_fails_because_of(tmp_path, spoil, message):
    notebook = build_notebook(sound_chapter())
    spoil(notebook)
    path = tmp_path / "chapter.ipynb"
    path.write_text(normalise.dumps(notebook), encoding="utf-8")
    assert re.search(message, "\n".join(map(str, lint.lint(path))))


@pytest.mark.parametrize(
    "source",
    ["assert fit() > 0.9", "np.testing.assert_allclose(a, b)"],
)
def test_an_ignored_cell_that_asserts_is_fine(tmp_path, source):
    cell = code(source, "took 3ms/step", tags=["nbval-ignore-output"])
    assert problems(tmp_path, [*sound_chapter(), cell]) == []


def test_at_most_two_cells_or_a_tenth_may_be_ignored(tmp_path):
    ignored = [code("assert True", tags=["nbval-ignore-output"])] * 3
    assert problems(tmp_path, [*sound_chapter(), *ignored[:2]]) == []
    (found,) = problems(tmp_path, [*sound_chapter(), *ignored])
    assert "notebook: has 3 cells tagged nbval-ignore-output, at most 2" in found
    assert problems(tmp_path, [*sound_chapter(), *ignored, *[code("1")] * 24]) == []


def test_headings_and_roles_in_plain_markdown_are_fine(tmp_path):
    story = text("## A set $\\{1, 2\\}$ and `{code}`\n\n```\n#### a comment\n```\n\n{ok} `x`")
    assert problems(tmp_path, [*sound_chapter(), story]) == []


def test_the_command_names_every_problem_and_fails(tmp_path, capsys):
    problems(tmp_path, [*sound_chapter(), code("p", "/tmp/x")])
    assert lint.main([str(tmp_path / "chapter.ipynb")]) == 1
    assert "lint: 1 notebooks, 1 problems" in capsys.readouterr().out
