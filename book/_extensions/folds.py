"""The buttons over folded cells say what they hide, and stand behind what the reader came for.

A folded cell names what it hides in its first line, `# @title Figure` (`harness.folds`), which is
its caption in JupyterLab and on Colab. In the book that line becomes the words of the button, and
is not shown again in the code. A button that is read aloud has the same words. A figure, a table or
a check comes first, and the button for its code after it.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

WORDS = {
    "Imports": "the imports",
    "Set-up": "the set-up",
    "Check": "the code of this check",
    "Figure": "the code of this figure",
    "Table": "the code of this table",
    "Solution": "the solution",
}
TITLE = re.compile(r"# @title (.*)\n+")
# What MyST-NB has read aloud for each of them.
SAME_FOR_ALL = ' aria-label="Toggle hidden content"'

logger = logging.getLogger(__name__)


def label(_app: Sphinx, page: nodes.document) -> None:
    """Word the buttons of a page, and take the titles out of the code."""
    for cell in page.findall(nodes.container):
        if cell.get("hide_mode"):
            source = next(cell.findall(nodes.literal_block))
            code = source.astext()
            found = TITLE.match(code)
            words = WORDS.get(found[1]) if found else None
            if found is None or words is None:
                known = ", ".join(WORDS)
                logger.warning("a folded cell must begin with # @title: %s", known, location=cell)
                continue
            source.rawsource = code[found.end() :]
            source.clear()
            source += nodes.Text(source.rawsource)
            cell["prompt_show"], cell["prompt_hide"] = f"Show {words}", f"Hide {words}"


class OutputFirst(SphinxPostTransform):
    """What a cell shows comes before the fold of the code that made it."""

    default_priority = 200  # after MyST-NB has folded it
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """Move the folded code of each cell to its end."""
        for cell in self.document.findall(nodes.container):
            if cell.get("hide_mode") == "input":
                code, *outputs = cell.children
                cell.children = [*outputs, code]


def name(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Let the buttons be read aloud as they are written."""
    context["body"] = context.get("body", "").replace(SAME_FOR_ALL, "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait for each page."""
    app.connect("doctree-read", label)
    app.add_post_transform(OutputFirst)
    app.connect("html-page-context", name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
