"""Mathematics as MathML, written at build time: the reader needs no script, font or network.

Sphinx leaves mathematics to a script that the browser loads; browsers have drawn MathML themselves
for years. The conversion from LaTeX is docutils' own.
"""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

# LaTeX that the converter does not know, and what it does: browsers size brackets themselves.
SYNONYMS = {r"\dots": r"\ldots", r"\big": "", r"\Big": ""}
SYNONYM = re.compile(r"\\(?:dots|big|Big)(?![A-Za-z])")


def in_mathml(latex: str, *, block: bool) -> str:
    """A formula in LaTeX as a `<math>` element; raises what docutils raises where it cannot."""
    known = SYNONYM.sub(lambda match: SYNONYMS[match[0]], latex)
    return str(latex2mathml.tex2mathml(known, as_block=block))


def mathml(node: nodes.math | nodes.math_block, block: bool) -> str:
    """The formula as a `<math>` element; as it stands, with a warning, if that cannot be."""
    latex = node.astext()
    try:
        return in_mathml(latex, block=block)
    except Exception as error:  # the converter raises several kinds, all for the author to mend
        logger.warning("cannot write this formula as MathML: %r (%s)", latex, error, location=node)
        return html.escape(latex)


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write an inline formula."""
    translator.body.append(mathml(node, block=False))
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula, which the theme lets the keyboard scroll as it does its tables."""
    classes = "math pst-scrollable-table-container"
    translator.body.append(f'<div class="{classes}">{mathml(node, block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name `mathml`."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
