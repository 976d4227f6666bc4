"""The imitation of Colab: one notebook, alone with the wheel, in this environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from nbformat import NotebookNode

from harness import address, cells, colab
from tests.notebooks import code, text, write_notebook

ALONE = """
import os
from pathlib import Path
import coursecnn
site = Path(os.environ["PIP_TARGET"])
print(sorted(path.name for path in Path.cwd().iterdir()))
print(Path(coursecnn.__file__).is_relative_to(site), os.environ["CUDA_VISIBLE_DEVICES"] == "")
print(sorted(path.name for path in site.iterdir() if path.suffix != ".dist-info"))
"""
RECORDS = "from coursecnn.evidence import records\nprint(records.read('mnist').name)"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return colab.build_wheel(tmp_path_factory.mktemp("wheel"))


def chapter(path: Path, *body: NotebookNode) -> Path:
    install = code(address.install(address.current()), tags=["remove-cell"])
    return write_notebook(path, [text("# T"), install, *body])


@pytest.mark.slow
def test_a_chapter_has_nothing_but_itself_and_the_package_that_its_first_cell_installs(
    tmp_path, wheel, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(cells.ROOT))  # Colab has no repository to find there
    alone = "['chapter.ipynb']\nTrue True\n['bin', 'coursecnn']\n"
    path = chapter(tmp_path / "chapter.ipynb", code(ALONE, alone), code(RECORDS, "mnist\n"))
    before = path.read_bytes()
    visit = colab.visit(path, sys.executable, wheel)
    assert visit.passed, visit
    assert 0 < visit.install_seconds < visit.seconds
    assert "chapter.ipynb: holds, installed in " in str(visit)
    assert path.read_bytes() == before


@pytest.mark.slow
def test_a_chapter_that_shows_something_else_fails_the_command(
    tmp_path, wheel, monkeypatch, capsys
):
    monkeypatch.setattr(colab, "build_wheel", lambda _folder: wheel)
    path = chapter(tmp_path / "chapter.ipynb", code("print(93322)", "93323\n"))
    assert colab.main([str(path)]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("python 3.")
    assert "chapter.ipynb: DIFFERS, installed in " in shown


@pytest.mark.parametrize(("release", "options"), [("3.11.99", []), ("3.8.4", ["--blur-pictures"])])
def test_pictures_are_blurred_only_for_another_release_of_matplotlib(
    tmp_path, monkeypatch, release, options
):
    path = chapter(tmp_path / "chapter.ipynb", code("print(1)", "1\n"))
    asked = []

    def visit(chapter, python, _wheel, options):
        asked.append((python, options))
        return colab.Visit(chapter, True, 1.0, 2.0)

    # The chapters run in other folders, where a path from here would lead nowhere.
    other = str(Path("other").absolute())
    found = {sys.executable: {"matplotlib": "3.11.2"}, other: {"matplotlib": release}}
    monkeypatch.setattr(colab, "versions", found.__getitem__)
    monkeypatch.setattr(colab, "build_wheel", lambda _folder: Path("x.whl"))
    monkeypatch.setattr(colab, "visit", visit)
    assert colab.main(["--python", "other", str(path)]) == 0
    assert asked == [(other, options)]
