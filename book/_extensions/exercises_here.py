"""Exercises are answered in the page, and what is solved is kept on the reader's device.

When the book is built, the cell of each exercise gets a place to answer in. What the page can check
comes along, sealed (`coursecnn.exercises.sealed`), in place of the words that ask to replace three
dots; what needs Python gets a link to its cell on Colab. The script is
`coursecnn/interactive/exercises.js`, one file for all pages that have something for it.

- `course-progress`: the buttons that export, import and reset what is solved.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from coursecnn import exercises
from coursecnn.exercises.sealed import seal
from coursecnn.interactive import page

SCRIPT = "course-exercises.js"
COLAB = "https://colab.research.google.com/github"
SECTION = re.compile(r"^## (?!Exercises\b)", re.MULTILINE)
CHECK = re.compile(r'^check\("([\w.]+)"', re.MULTILINE)
MARKS = ("course-exercise", "data-exercises", "course-progress-panel")


def script() -> str:
    """What runs in the pages: a plain script, since a module is not loaded from disk."""
    return f"(() => {{\n{page.module('exercises.js')}start();\n}})();\n"


def asked(notebook: dict[str, Any]) -> list[tuple[int, str]]:
    """The exercises of a notebook: the place of the cell that asks, and the name.

    The first cell that checks a name asks; the folded one after it is the solution.
    """
    found: dict[str, int] = {}
    for place, cell in enumerate(notebook["cells"]):
        tags = cell.get("metadata", {}).get("tags", [])
        if cell["cell_type"] == "code" and "hide-cell" not in tags:
            for name in CHECK.findall("".join(cell["source"])):
                found.setdefault(name, place)
    return [(place, name) for name, place in found.items()]


def element(name: str, colab: str) -> str:
    """The place to answer an exercise in; the script fills it.

    Args:
        name: The exercise.
        colab: The address of its cell, for those that need Python.
    """
    data = seal(exercises.exercises()[name]) or {"name": name, "colab": colab}
    words = html.escape(json.dumps(data, separators=(",", ":")))
    return f'<div class="course-exercise" data-exercise="{words}"></div>'


def sections(notebook: dict[str, Any]) -> int:
    """How many sections of a notebook can be ticked: all but the exercises."""
    cells = (cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    return sum(len(SECTION.findall("".join(cell["source"]))) for cell in cells)


def bar(names: list[str], sections: Mapping[str, int]) -> str:
    """How much of some exercises is solved, and of some pages read; the script fills it.

    >>> bar(["a", "b"], {"book/one": 3})
    '<div class="course-progress" data-exercises="a b" data-sections="book/one 3"></div>'
    """
    pages = ", ".join(f"{page} {count}" for page, count in sections.items())
    return (
        f'<div class="course-progress" data-exercises="{html.escape(" ".join(names))}" '
        f'data-sections="{html.escape(pages)}"></div>'
    )


def address(app: Sphinx, name: str, cell: str) -> str:
    """A cell of a chapter on Colab."""
    options = app.config.html_theme_options
    repository = options.get("repository_url", "").removeprefix("https://github.com/")
    branch = options.get("repository_branch", "main")
    return f"{COLAB}/{repository}/blob/{branch}/{name}.ipynb#scrollTo={cell}"


def place(app: Sphinx, document: nodes.document) -> None:
    """Give the exercises of a chapter their places, and the chapter its bar."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    notebook = json.loads(path.read_text(encoding="utf-8"))
    known = [(at, name) for at, name in asked(notebook) if name in exercises.exercises()]
    cells = {cell.get("cell_index"): cell for cell in document.findall(is_cell)}
    for at, name in known:
        if cell := cells.get(at):
            link = address(app, app.env.docname, notebook["cells"][at].get("id", ""))
            _insert(cell, element(name, link))
    if known and (title := next(document.findall(nodes.title), None)):
        index = title.parent.index(title) + 1
        names = [name for _, name in known]
        markup = bar(names, {app.env.docname: sections(notebook)})
        title.parent.insert(index, nodes.raw("", markup, format="html"))


def is_cell(node: nodes.Node) -> bool:
    """Whether a part of a page is a cell of code, with its outputs."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def _insert(cell: nodes.container, markup: str) -> None:
    """Put the place to answer in after a cell, in place of the words about the three dots."""
    for output in list(cell.findall(_is_output)):
        output.parent.remove(output)
    parent = cell.parent
    parent.insert(parent.index(cell) + 1, nodes.raw("", markup, format="html"))


def _is_output(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code_output"


class CourseProgress(SphinxDirective):
    """`course-progress`: take along what is solved, bring it in, or begin anew."""

    def run(self) -> list[nodes.Node]:
        """Leave a place that the script fills."""
        return [nodes.raw("", '<div class="course-progress-panel"></div>', format="html")]


def write(app: Sphinx) -> None:
    """Write the script."""
    write_static(app, SCRIPT, script())


def write_static(app: Sphinx, name: str, text: str) -> None:
    """Write a file beside the other static files."""
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def load(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Load the script on a page that has something for it."""
    if any(mark in context.get("body", "") for mark in MARKS):
        app.add_js_file(SCRIPT, loading_method="defer")


def names(notebook: dict[str, Any]) -> Iterator[str]:
    """The names of the exercises of a notebook, in their order."""
    return (name for _, name in asked(notebook))


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait for each page."""
    app.add_directive("course-progress", CourseProgress)
    app.connect("builder-inited", write)
    app.connect("doctree-read", place)
    app.connect("html-page-context", load)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
