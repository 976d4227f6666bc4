"""Notebooks are stored only if they ran through, on the data that they speak of."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from coursecnn import datasets
from harness import execute, normalise
from tests.notebooks import code, text, write_notebook

CHAPTER = [
    text("# Chapter"),
    code("import os, sys\nimport matplotlib.pyplot as plt\nfrom pathlib import Path"),
    code("print(Path.cwd().name)", "elsewhere\n"),
    code("print('one')\nprint('two', flush=True)\nprint('three')"),
    code("plt.plot([1, 3, 2]);\nplt.show()"),
    code("3 + 4;"),
    code("import ipywidgets\nipywidgets.VBox([ipywidgets.IntSlider(), ipywidgets.Text()])"),
    code("object().__class__"),
    code("print(os.getpid(), file=sys.stderr)\nprint(os.getpid())", tags=["nbval-ignore-output"]),
    code(
        "print('stand-in', file=sys.stderr)\nprint('stand-in')", "official\n", tags=["data:mnist"]
    ),
]


@pytest.fixture
def without_data(monkeypatch):
    monkeypatch.setattr(datasets, "available", lambda _name: False)


@pytest.fixture
def with_data(monkeypatch):
    monkeypatch.setattr(datasets, "available", lambda _name: True)


def without_ignored(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "getpid" not in cell.source]
    return normalise.dumps(notebook)


@pytest.mark.slow
@pytest.mark.usefixtures("without_data")
def test_two_executions_are_the_same_bytes_and_say_what_changed(tmp_path, capsys):
    path = write_notebook(tmp_path / "chapter.ipynb", CHAPTER)
    assert execute.main([str(path)]) == 0
    first, report = without_ignored(path), capsys.readouterr().out
    assert execute.main([str(path)]) == 0
    assert without_ignored(path) == first
    assert "outputs unchanged" in capsys.readouterr().out

    assert "chapter.ipynb: outputs 5 changed" in report
    assert "code cell 2, output 1, stdout, line 1\n    stored: elsewhere" in report
    assert "code cell 4, output 1 is not in the stored file: text/plain, image/png" in report
    assert "code cell 9 kept its stored output: the official mnist is not here" in report
    notebook = nbformat.reads(first, as_version=4)
    assert notebook.cells[-1].outputs[0].text == "official\n"
    assert notebook.cells[5].outputs == []  # the trailing semicolon hides the 7


@pytest.mark.usefixtures("with_data")
def test_outputs_on_official_data_are_stored_and_check_only_compares(tmp_path, capsys, monkeypatch):
    path = write_notebook(tmp_path / "chapter.ipynb", ["import sys", CHAPTER[-1]])
    before = path.read_text(encoding="utf-8")
    result = execute.execute(path)
    assert "official" not in result.text
    assert result.kept == ()

    monkeypatch.setattr(execute, "execute", lambda _path: result)
    assert execute.main(["--check", str(path)]) == 1
    assert path.read_text(encoding="utf-8") == before
    assert "outputs 1 changed" in capsys.readouterr().out
    assert execute.main([str(path)]) == 0
    assert path.read_text(encoding="utf-8") == result.text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1 / 0", "code cell 2 fails\n(.|\n)*ZeroDivisionError: division by zero"),
        ("import sys\nprint('I0000 cpu', file=sys.stderr)", "code cell 2 writes to stderr"),
    ],
    ids=["a cell fails", "a cell writes to stderr"],
)
def test_a_notebook_stays_as_it_is_when(tmp_path, capsys, source, reason):
    path = write_notebook(tmp_path / "chapter.ipynb", [code("1", "old\n"), code(source)])
    before = path.read_text(encoding="utf-8")
    assert execute.main([str(path)]) == 1
    assert re.search(f"chapter.ipynb: not stored, {reason}", capsys.readouterr().out)
    assert path.read_text(encoding="utf-8") == before
    assert list(tmp_path.iterdir()) == [path]
