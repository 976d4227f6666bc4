"""What happens to those who are new here: each mistake is answered with its place and its cure."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from harness import address, cells, execute, lint, markdown, normalise, prose
from tests.notebooks import (
    PIXEL,
    build_notebook,
    code,
    displayed,
    printed,
    sound_chapter,
    text,
    write_notebook,
)

Spoil = Callable[[dict[str, Any]], object]
CHANGES: dict[str, tuple[Spoil, str]] = {
    "a syntax error": (
        lambda file: file["cells"][4].update(source=["for x in\n", "  print(x)"]),
        r"code cell 2: is not Python, line 1: invalid syntax: 'for x in'; mend the cell",
    ),
    "an unclosed bracket": (
        lambda file: file["cells"][4].update(source="print((3)"),
        r"code cell 2: is not Python, line 1: '\(' was never closed",
    ),
    "a null byte": (
        lambda file: file["cells"][4].update(source="print(3)\0"),
        "code cell 2: is not Python",
    ),
    "nbval metadata that is a number": (
        lambda file: file["cells"][4]["metadata"].update(nbval=5),
        r"code cell 2: metadata nbval must be \{\"rtol\": 1e-5\} or .*, got 5; in JupyterLab, the",
    ),
    "mystnb that is a text": (
        lambda file: file["cells"][5]["metadata"].update(mystnb="alt"),
        r"code cell 3: metadata mystnb must be .*, got 'alt'",
    ),
    "a picture's description that is a list": (
        lambda file: file["cells"][5]["metadata"]["mystnb"]["image"].update(alt=["a", "b"]),
        r"code cell 3: metadata mystnb.image.alt must be a text, got \['a', 'b'\]",
    ),
    "tags that are a text": (
        lambda file: file["cells"][4]["metadata"].update(tags="hide-cell"),
        "code cell 2: .* metadata.tags: 'hide-cell' is not of type 'array'; git checkout",
    ),
    "a cell of an unknown kind": (
        lambda file: file["cells"][4].update(cell_type="python"),
        "text cell 4 .*: has the cell_type 'python', must be code, markdown or raw",
    ),
    "an output that is a text": (
        lambda file: file["cells"][4].update(outputs=["9"]),
        "code cell 2: is not as the notebook format wants it, outputs.0: '9'",
    ),
    "metadata that is a list": (
        lambda file: file.update(metadata=[]),
        r"notebook: has the metadata \[\], must be \{\} or more: git checkout",
    ),
    "cells that are no list": (
        lambda file: file.update(cells={}),
        "notebook: has no list of cells: git checkout .*chapter.ipynb brings back",
    ),
    "a notebook without a format": (
        lambda file: file.pop("nbformat"),
        "notebook: is JSON, but no notebook: git checkout",
    ),
    "a format of the future": (
        lambda file: file.update(nbformat=9),
        "notebook: is no notebook that Jupyter knows .*9",
    ),
}
DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "Latin-1": (
        lambda content: content.replace(b"One kernel", b"Ein Filter f\xfcr"),
        r"notebook: is not in UTF-8 \(line \d+, byte 0xfc\): .* iconv -f latin1 -t utf-8 .*chapt",
    ),
    "a byte order mark": (
        lambda content: b"\xef\xbb\xbf" + content,
        "notebook: begins with a byte order mark: python -m harness.normalise .*chapter.ipynb",
    ),
    "the marks of a merge conflict": (
        lambda content: content.replace(
            b'   "source"', b'<<<<<<< HEAD\n   "source"\n=======\n>>>>>>> x', 1
        ),
        r"notebook: has an unresolved merge conflict in line \d+: git checkout --ours .*chapter",
    ),
    "half of the file": (
        lambda content: content[: len(content) // 2],
        r"notebook: is not JSON \(.*, line \d+ of the file\): git checkout .*chapter.ipynb brings",
    ),
    "nothing in the file": (lambda _: b"", "notebook: is not JSON"),
    "another file's content": (lambda _: b"# coursecnn\n", "notebook: is not JSON"),
    "a list": (lambda _: b"[1, 2]", "notebook: is JSON, but no notebook"),
    "too deep a nesting": (lambda _: b"[" * 10**5, "notebook: is not JSON"),
    "a number without end": (lambda _: b"1" * 10**5, "notebook: is not JSON"),
}
UNREADABLE = {name: message for name, (_, message) in (CHANGES | DAMAGE).items()}


def spoilt(path: Path, name: str) -> Path:
    """A sound chapter, with one thing wrong."""
    write_notebook(path, sound_chapter())
    if name in DAMAGE:
        path.write_bytes(DAMAGE[name][0](path.read_bytes()))
    else:
        file = json.loads(path.read_text("utf-8"))
        CHANGES[name][0](file)
        path.write_text(json.dumps(file, indent=1), "utf-8")
    return path


TOOLS = {"lint": lint.main, "prose": prose.main, "execute": execute.main}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(("name", "message"), UNREADABLE.items(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_refused_by(tmp_path, capsys, tool, name, message):
    path = spoilt(tmp_path / "chapter.ipynb", name)
    before = path.read_bytes()
    assert TOOLS[tool]([str(path)]) == 1
    said = capsys.readouterr().out
    assert re.search(f"^{re.escape(cells.shown(path))}, {message}", said, re.MULTILINE)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", [name for name in UNREADABLE if name != "a byte order mark"])
def test_what_cannot_be_read_is_not_normalised(tmp_path, capsys, name):
    path = spoilt(tmp_path / "chapter.ipynb", name)
    before = path.read_bytes()
    assert normalise.main([str(path)]) == 1
    assert re.search(f"chapter.ipynb, {UNREADABLE[name]}", capsys.readouterr().out)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("name", "message"), UNREADABLE.items(), ids=UNREADABLE)
def test_the_address_is_not_written_where_a_chapter_cannot_be_read(tmp_path, name, message):
    for file in address.LINES:
        shutil.copy(cells.ROOT / file, tmp_path / file)
    (tmp_path / "book").mkdir()
    spoilt(tmp_path / "book" / "chapter.ipynb", name)
    before = (tmp_path / "pyproject.toml").read_bytes()
    with pytest.raises(cells.UnreadableError, match=message):
        address.write("https://github.com/university/cnn", tmp_path)
    assert (tmp_path / "pyproject.toml").read_bytes() == before


def pytest_nbval(folder: Path) -> str:
    """What pytest says of the notebooks in a folder."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p harness.nbval_plugin\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "."],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(cells.ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode != 0
    return run.stdout + run.stderr


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of all of them."""
    folder = tmp_path_factory.mktemp("unreadable")
    for number, name in enumerate(UNREADABLE):
        spoilt(folder / f"{number}_chapter.ipynb", name)
    return pytest_nbval(folder)


@pytest.mark.parametrize("number", range(len(UNREADABLE)), ids=UNREADABLE)
def test_pytest_says_the_same(collected, number):
    message = list(UNREADABLE.values())[number]
    assert re.search(rf"^E?\s*{number}_chapter.ipynb, {message}", collected, re.MULTILINE)
    assert "Traceback" not in collected


@pytest.mark.parametrize("tool", [lint.main, execute.main, normalise.main])
@pytest.mark.parametrize(
    ("name", "message"),
    {
        "missing.ipynb": "is not there: name a notebook, or none for all of the book",
        "folder": r"is a folder: name the notebooks in it, \S*folder/\*.ipynb",
        "README.md": "is no notebook, whose name would end in .ipynb",
    }.items(),
)
def test_an_argument_that_is_no_notebook_is_named(tmp_path, capsys, tool, name, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "README.md").write_text("# Title\n")
    assert tool([str(tmp_path / name)]) == 1
    assert re.search(f"{name}, notebook: {message}", capsys.readouterr().out)


DEATHS = {"it is killed": "import os\nos.kill(os.getpid(), 9)", "it ends": "import os\nos._exit(0)"}


@pytest.mark.parametrize("source", DEATHS.values(), ids=DEATHS)
def test_a_kernel_that_dies_is_reported_with_its_cell_and_nothing_is_stored(
    tmp_path, capsys, source
):
    path = write_notebook(tmp_path / "chapter.ipynb", [text("# T"), "1", source, "2"])
    before = path.read_bytes()
    assert execute.main([str(path)]) == 1
    assert "chapter.ipynb: not stored, code cell 2 ended its kernel" in capsys.readouterr().out
    assert path.read_bytes() == before


@pytest.mark.slow
def test_pytest_reports_a_dead_kernel_at_once_with_its_cell(tmp_path):
    """nbval alone waits for an answer for half an hour."""
    write_notebook(tmp_path / "chapter.ipynb", [text("# T"), "x = 1", DEATHS["it is killed"], "2"])
    said = pytest_nbval(tmp_path)
    assert "chapter.ipynb, code cell 2: ended its kernel: mostly the memory was used up" in said
    assert "chapter.ipynb, code cell 3: not run, because a cell before it ended the kernel" in said
    assert "2 failed, 1 passed" in said


IFRAME = '<iframe src="https://example.org"></iframe>'
CELLS: dict[str, tuple[NotebookNode, str]] = {
    "a script": (
        text("<script>alert(1)</script>"),
        r"text cell 4 \(Nine steps\): holds raw HTML, .*: '<script>'; use Markdown",
    ),
    "an inline frame": (text(f"Here: {IFRAME}"), "text cell 4 .*: holds raw HTML"),
    "a style": (text("<style>p {display: none}</style>"), "text cell 4 .*: holds raw HTML"),
    "an event handler": (text("<b onclick=alert(1)>x</b>"), "text cell 4 .*: holds raw HTML"),
    "a picture in HTML": (text('<img src="x.png">'), "text cell 4 .*: holds raw HTML"),
    "a picture that runs": (text("x <svg onload=alert(1)>"), "text cell 4 .*: holds raw HTML"),
    "a picture without text": (
        text("![](x.png)"),
        r"text cell 4 .*: shows the picture x.png, whose text is missing: !\[what it shows\]",
    ),
    "a picture whose text says nothing": (
        text("![Figure 1](x.png)"),
        "text cell 4 .*: shows the picture x.png, whose text says nothing: 'Figure 1'",
    ),
    "a picture that is not there": (
        text("![The cortex of a cat][1]\n\n[1]: cat.png"),
        "text cell 4 .*: shows the picture cat.png, and there is no such file beside",
    ),
    "a picture on the network": (
        text("![The cortex of a cat](https://example.org/cat.png)"),
        "text cell 4 .*: loads the picture https://example.org/cat.png from elsewhere",
    ),
    "a pasted picture that was lost": (
        text("![The cortex of a cat](attachment:cat.png)"),
        "text cell 4 .*: shows the attachment cat.png, which the cell does not have",
    ),
    "a description that repeats a word": (
        code("f", displayed(image_png=PIXEL), mystnb={"image": {"alt": "figure figure fig accur"}}),
        "code cell 4: draws a figure, whose mystnb.image.alt repeats a word: 'figure figure'",
    ),
    "a description that says nothing": (
        code("f", displayed(image_png=PIXEL), mystnb={"image": {"alt": "A plot of the results 1"}}),
        "code cell 4: draws a figure, whose mystnb.image.alt says nothing",
    ),
    "an underlined second title": (
        text("Another\n======="),
        "text cell 4 .*: has a second title: a chapter has one heading of level 1",
    ),
    "a path of Windows": (
        code("p", r"D:\data\x.npz"),
        "code cell 4: shows a path of one machine: .*; name the file without its folder",
    ),
    "a path of Windows, escaped": (code("p", r"'C:\\data\\x'"), "code cell 4: shows a path"),
    "a share of Windows": (code("p", r"\\server\data\x"), "code cell 4: shows a path"),
    "a path after a word": (code("p", "at /other/folder/x.npz"), "code cell 4: shows a path"),
    "a path with a capital": (
        code("p", "'/Some/folder/x'"),
        "code cell 4: shows a path",
    ),
    "a path in the code": (
        code("open('/some/folder/x.npz')"),
        r"code cell 4: names a path of one machine: .*x.npz.*; name the file without",
    ),
    "a path of Windows in the code": (code(r"open(r'C:\data\x')"), "code cell 4: names a path"),
    "a path in the text": (text("It is in `/some/folder/x`."), "text cell 4 .*: names a path"),
    "a path below the home folder": (code("open('~/data/x.npz')"), "code cell 4: names a path"),
    "a home folder in the text": (
        text("It is in `$HOME/data`."),
        "text cell 4 .*: names a path",
    ),
    "a home folder of Windows": (code("open(r'%TEMP%\\x')"), "code cell 4: names a path"),
    "a share of Linux in Windows": (code(r"open(r'\\wsl$\Ubuntu\x')"), "code cell 4: names a path"),
    "a file in the root": (code("open('/data.npz')"), "code cell 4: names a path"),
    "a picture whose name has spaces": (
        text("![The cortex of a cat](my cat.png)"),
        r"text cell 4 .*: shows this link as it is typed: .*my cat.png\)'; an address with spaces",
    ),
    "a link that would run": (
        text("[x](javascript:alert(1))"),
        r"text cell 4 .*: shows this link as it is typed: .*; an address .* one that runs is none",
    ),
    "an address of a file in the text": (text("[x](file:///x.md)"), "text cell 4 .*: names a path"),
}


def problems(folder: Path, notebook: NotebookNode) -> list[str]:
    path = folder / "chapter.ipynb"
    path.write_text(normalise.dumps(notebook), encoding="utf-8")
    return [str(problem) for problem in lint.lint(path)]


@pytest.mark.parametrize(("cell", "message"), CELLS.values(), ids=CELLS)
def test_a_newcomer_is_told_of(tmp_path, cell, message):
    found = problems(tmp_path, build_notebook([*sound_chapter(), cell]))
    assert re.search(f"chapter.ipynb, {message}", found[0])


SOUND = {
    "headings underlined": text("Another\n-------"),
    "HTML in code": text("`<script>` and\n\n```html\n<iframe>\n```"),
    "a formula with relations": text("$a <b> c$ and $$x <y> z$$"),
    "relations, and an address": text("3 < 4 > 2, see <https://example.org/a/b>"),
    "harmless tags": text("H<sub>2</sub>O<br>\nand <kbd>x</kbd>"),
    "brackets": text("f[x](y), a[i](3, 4), [0, 1) and [a] (b), about ~3/4, $a \\\\ b$"),
    "slashes": text("and/or, 3/4, km/h, [x](../a/b.ipynb), https://example.org/some/folder"),
    "shares of names": code("p", "conv2/bn/gamma and a/b/c, 16:9, C: 3, x:/ y"),
    "divisions": code("a / b / c\nd = e//f//g", "1"),
}


@pytest.mark.parametrize("cell", SOUND.values(), ids=SOUND)
def test_nobody_is_misled_by(tmp_path, cell):
    assert problems(tmp_path, build_notebook([*sound_chapter(), cell])) == []


def spoil(number: int, **changes: Any) -> Callable[[NotebookNode], object]:
    return lambda notebook: notebook.cells[number].update(changes)


def edit_with(**metadata: Any) -> Callable[[NotebookNode], object]:
    """What an editor leaves in every cell."""
    return lambda notebook: [cell.metadata.update(metadata) for cell in notebook.cells]


STORED: dict[str, tuple[Callable[[NotebookNode], object], str]] = {
    "JupyterLab's metadata": (
        edit_with(collapsed=True, jupyter={"outputs_hidden": False}, execution={}),
        r"text cell 1 .*'collapsed', 'execution', 'jupyter' \(and 5 more cells\).*normalise",
    ),
    "VS Code's metadata": (
        edit_with(vscode={"languageId": "python"}),
        "has metadata 'vscode' .*harness.normalise",
    ),
    "a typo in the text": (
        spoil(0, source="# Convolution\n\nA kernel is one feature."),
        r"notebook: is not in normal form: python -m harness.normalise .* \(nothing is run\)",
    ),
    "changed code": (
        spoil(4, source="print(3 * 4)"),
        "code cell 2: has changed since its output was stored: python -m harness.execute",
    ),
    "a raw cell": (
        spoil(3, cell_type="raw"),
        "text cell 3 .*: is a raw cell, which no reader sees: make it Markdown, or delete it",
    ),
    "a cell on official data that was never run": (
        lambda notebook: notebook.cells[4].update(
            execution_count=None, outputs=[], metadata={"tags": ["data:cifar10"]}
        ),
        "code cell 2: has .* None, must be 2: it .* first coursecnn data cifar10, then python -m",
    ),
    "cells out of order": (
        lambda notebook: [cell.update(execution_count=7) for cell in cells.code_cells(notebook)],
        r"code cell 1: has execution count 7, must be 1 \(and 2 more are out of order\): python -m",
    ),
    "a progress bar": (
        lambda notebook: notebook.cells[4].outputs.append(printed("100%", "stderr")),
        "code cell 2: stores stderr: '100%'; silence it where it comes from, then python -m",
    ),
    "an unknown tag": (
        lambda notebook: notebook.cells[4].metadata.update(tags=["nbval-skip"]),
        "code cell 2: has tag 'nbval-skip', allowed are",
    ),
}


@pytest.mark.parametrize(("change", "message"), STORED.values(), ids=STORED)
def test_a_newcomer_who_saved_a_chapter_is_told_of(tmp_path, change, message):
    notebook = build_notebook(sound_chapter())
    change(notebook)
    assert re.search(f"chapter.ipynb, .*{message}", problems(tmp_path, notebook)[0])


def test_windows_line_ends_are_fine(tmp_path):
    path = write_notebook(tmp_path / "chapter.ipynb", sound_chapter())
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert lint.lint(path) == []


def test_a_link_in_place_of_a_chapter_is_found(tmp_path):
    path = write_notebook(tmp_path / "elsewhere.ipynb", sound_chapter())
    (tmp_path / "chapter.ipynb").symlink_to(path)
    (found,) = map(str, lint.lint(tmp_path / "chapter.ipynb"))
    assert "chapter.ipynb, notebook: is a link to" in found
    assert found.endswith("put the notebook itself there")


@pytest.mark.parametrize("name", ["cat.png", "my cat.png", "고양이.png"])
def test_a_picture_may_have_any_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    assert list(markdown.picture_faults(text(f"![The cortex of a cat](<{name}>)"), tmp_path)) == []


@pytest.mark.parametrize("way", ["../../cat.png", "link.png"])
def test_a_picture_from_outside_of_the_book_is_found(tmp_path, way):
    folder = tmp_path / "book" / "part"
    folder.mkdir(parents=True)
    (tmp_path / "cat.png").write_bytes(b"")
    (folder / "link.png").symlink_to(tmp_path / "cat.png")
    cell = text(f"![The cortex of a cat]({way})")
    (found,) = markdown.picture_faults(cell, folder)
    assert found.startswith(f"shows the picture {way} from outside of the book: put it beside")


@pytest.mark.parametrize("place", lint.PLACES)
def test_a_chapter_that_is_missing_from(tmp_path, monkeypatch, place):
    (tmp_path / "book" / "part").mkdir(parents=True)
    path = write_notebook(tmp_path / "book" / "part" / "19_mine.ipynb", sound_chapter())
    lines = {
        "_toc.yml": "      - file: book/part/19_mine\n",
        "book/index.md": "book/part/19_mine: What is mine?\n",
        "book/using.md": "| 13 | [Mine](part/19_mine.ipynb) |\n",
    }
    for name, line in lines.items():
        (tmp_path / name).write_text(line if name != place else line.replace("19", "18"))
    monkeypatch.setattr(cells, "ROOT", tmp_path)
    (found,) = map(str, lint.lint(path))
    assert re.search(f"19_mine.ipynb, notebook: is not in {place}: .*part/19_mine", found)


class TestNormalising:
    """The command that executes nothing."""

    def test_a_typo_in_the_text_costs_no_execution(self, tmp_path, capsys):
        notebook = build_notebook(sound_chapter())
        notebook.cells[0].source += " Corrected."
        edit_with(collapsed=True)(notebook)
        assert problems(tmp_path, notebook)
        path = tmp_path / "chapter.ipynb"
        assert normalise.main([str(path)]) == 0
        assert "chapter.ipynb: normalised\n" in capsys.readouterr().out
        assert lint.lint(path) == []
        assert normalise.main([str(path)]) == 0
        assert "chapter.ipynb: is in normal form\n" in capsys.readouterr().out

    def test_a_byte_order_mark_is_removed(self, tmp_path):
        path = spoilt(tmp_path / "chapter.ipynb", "a byte order mark")
        assert normalise.main([str(path)]) == 0
        assert lint.lint(path) == []

    @pytest.mark.parametrize("command", ["normalise", "address"])
    def test_changed_code_stays_known_as_changed(self, tmp_path, capsys, command):
        notebook = build_notebook([*sound_chapter(), "1", "2"])
        notebook.cells[4].source = "print(3 * 4)"
        notebook.cells[7].source = "1"  # now the same as the cell before it
        notebook.cells[6].pop("id")
        path = tmp_path / "chapter.ipynb"
        path.write_text(json.dumps(notebook), "utf-8")
        if command == "normalise":
            assert normalise.main([str(path)]) == 0
            assert "code cell 2, code cell 4, code cell 5 changed: " in capsys.readouterr().out
        else:
            head = address.with_head(cells.read(path), address.current(), "book/chapter.ipynb")
            path.write_text(normalise.dumps(head), "utf-8")
        (found,) = map(str, lint.lint(path))
        assert "code cell 2: has changed since its output was stored (and 2 more" in found
        ids = [cell.id for cell in cells.read(path).cells]
        assert len(set(ids)) == len(ids)

    def test_what_was_run_out_of_order_stays_so(self, tmp_path):
        notebook = build_notebook(sound_chapter())
        notebook.cells[4].execution_count = 9
        problems(tmp_path, notebook)
        path = tmp_path / "chapter.ipynb"
        assert normalise.main([str(path)]) == 0
        assert "has execution count 9, must be 2" in str(lint.lint(path)[0])
