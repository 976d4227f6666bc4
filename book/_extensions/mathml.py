"""Mathematics as MathML, written at build time: the reader needs no script, font or network.

Sphinx leaves mathematics to a script that the browser loads; browsers have drawn MathML themselves
for years. The conversion from LaTeX is docutils' own.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator


def mathml(latex: str, block: bool) -> str:
    """The formula as a `<math>` element.

    Raises:
        ExtensionError: if the formula uses LaTeX that the converter does not know.
    """
    try:
        return str(latex2mathml.tex2mathml(latex, as_block=block))
    except Exception as error:  # the converter raises several kinds, all for the author to mend
        raise ExtensionError(f"cannot write this formula as MathML: {latex!r} ({error})") from error


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write an inline formula."""
    translator.body.append(mathml(node.astext(), block=False))
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula."""
    translator.body.append(f'<div class="math">{mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name `mathml`."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
