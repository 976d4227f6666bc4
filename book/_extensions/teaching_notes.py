"""Notes for lecturers: what follows from the chapters and their exercises, and cannot drift.

- `teaching-notes`: of the chapter whose file is the argument, how long it takes and what it asks
  for discussion, from its text, and the typical errors, from the checks of its exercises.

What is written by hand stands around it; what that puts in italics must be a section of the chapter
(`unknown_sections`).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import exercises_here
from coursecnn import exercises

DISCUSSION = re.compile(r"To discuss|For discussion|Questions for discussion")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
TIME = re.compile(r"^(?:\*\*Time\*\*: |Reading takes ).*$", re.MULTILINE)
NAMED = re.compile(r"(?<!\*)\*([^*]+)\*(?!\*)")
LONGEST = 40  # letters of a wrong answer that is shown


def texts(notebook: dict[str, Any]) -> list[str]:
    """The text cells of a notebook."""
    cells = notebook["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


def time(notebook: dict[str, Any]) -> str:
    """The line that says how long a chapter takes, or nothing."""
    found = TIME.search("\n".join(texts(notebook)))
    return found[0] if found else ""


def questions(notebook: dict[str, Any]) -> list[str]:
    """The questions for discussion with which a chapter ends, in Markdown."""
    parts = HEADING.split("\n".join(texts(notebook)))
    lists = (body for title, body in zip(parts[1::2], parts[2::2], strict=True) if _asks(title))
    return [line for body in lists for line in body.splitlines() if line.startswith("- ")]


def _asks(title: str) -> bool:
    return DISCUSSION.fullmatch(title) is not None


def errors(notebook: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each exercise that knows mistakes: its title, and each wrong answer with its hint.

    Where the answer is a function, or too long to show, only the hint is given.
    """
    for place, name in exercises_here.asked(notebook):
        before = "\n".join(texts({"cells": notebook["cells"][:place]}))
        known = exercises.exercises()[name].mistakes
        if known:
            yield HEADING.findall(before)[-1], [(shown(each.answer), each.hint) for each in known]


def shown(answer: object) -> str:
    """A wrong answer as text; nothing where it is a function, or too long."""
    if callable(answer) or isinstance(answer, np.ndarray):
        return ""
    number = isinstance(answer, int | float) and not isinstance(answer, bool)
    text = format(answer, ",.6g" if isinstance(answer, float) else ",d") if number else str(answer)
    return text if len(text) <= LONGEST and "\n" not in text else ""


def unknown_sections(written: str, notebook: dict[str, Any]) -> list[str]:
    """What the notes put in italics and the chapter has no section of."""
    known = set(HEADING.findall("\n".join(texts(notebook))))
    return [name for name in NAMED.findall(written) if name.replace("\n", " ") not in known]


def folded(found: list[tuple[str, list[tuple[str, str]]]]) -> str:
    """The typical errors of a chapter as a list to unfold."""
    parts = []
    for title, mistakes in found:
        items = (
            f"<li>{f'<code>{html.escape(answer)}</code>: ' if answer else ''}{html.escape(hint)}"
            "</li>"
            for answer, hint in mistakes
        )
        parts.append(f"<p>{html.escape(title)}</p><ul>{''.join(items)}</ul>")
    return f"<details><summary>Typical errors</summary>{''.join(parts)}</details>"


class TeachingNotes(SphinxDirective):
    """`teaching-notes`: what a chapter says of itself to a lecturer."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The time, what to discuss, and what goes wrong."""
        path = Path(self.env.srcdir) / f"{self.arguments[0]}.ipynb"
        if not path.is_file():
            raise ExtensionError(f"teaching-notes: there is no chapter {self.arguments[0]}")
        self.env.note_dependency(str(path))
        notebook = json.loads(path.read_text(encoding="utf-8"))
        asked = questions(notebook)
        discussion = ["**To discuss.**", "", *asked] if asked else []
        link = f"[The chapter](/{self.arguments[0]}.ipynb)"
        lines = [f"{link}. {time(notebook)}", "", *discussion]
        box = nodes.container()
        self.state.nested_parse(StringList(lines), self.content_offset, box)
        return [*box.children, nodes.raw("", folded(list(errors(notebook))), format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("teaching-notes", TeachingNotes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
