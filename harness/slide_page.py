"""How slides are written down: one HTML file that needs nothing else, neither script nor network.

- `text(markdown)`, `code(source)`, `output(printed)`, `table(html)`, `figure(png, alt, caption)`:
  the parts of a slide;
- `page(title, slides)`: the file.
"""

from __future__ import annotations

import base64
import html
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from harness import cells

sys.path.append(str(cells.ROOT / "book" / "_extensions"))

from mathml import in_mathml

FORMAT = HtmlFormatter(nowrap=True, style="a11y-high-contrast-light")
STYLE = re.compile(r"<style\b.*?</style>\s*", re.DOTALL)
BESIDE = 1.3  # a picture that is narrower stands beside its text, a wider one below
TEMPLATE = """\
<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}: slides</title>
<style>
{style}</style>
</head>
<body>
<main>
{slides}
</main>
<script type="module">
{script}</script>
</body>
</html>
"""
SLIDE = """\
<section id="{anchor}" class="{kind}">
<header>{above}<{level}>{title}</{level}></header>
<div class="body{layout}">
{body}
</div>
<footer><span>{chapter}</span><a href="#{anchor}">{number} / {count}</a></footer>
</section>"""


@dataclass(frozen=True)
class Slide:
    """One slide.

    Attributes:
        title: its heading, in Markdown.
        parts: what is on it, each as HTML, from top to bottom, or from left to right.
        kind: what it is: title, text, figure, table, code, live or exercise.
        above: the section that its section belongs to, in Markdown, if any.
        beside: whether the parts stand side by side.
    """

    title: str
    parts: tuple[str, ...]
    kind: str
    above: str = ""
    beside: bool = False


def text(source: str) -> str:
    """A text of a chapter as HTML: formulas as MathML, links only to other sites.

    >>> text("*a* [b](c.ipynb)")
    '<div class="text"><p><em>a</em> b</p></div>'
    """
    return f'<div class="text">{_markdown().render(source).strip()}</div>'


def inline(source: str) -> str:
    """A line of Markdown as HTML, without a paragraph around it."""
    return str(_markdown().renderInline(source))


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"typographer": True}).enable(["table", "smartquotes"])
    parser.use(dollarmath_plugin, renderer=_formula)
    for rule, function in {"link_open": _link_open, "link_close": _link_close}.items():
        parser.add_render_rule(rule, function)
    return parser


def _formula(latex: str, options: Mapping[str, Any]) -> str:
    return in_mathml(latex, block=options["display_mode"])


def _link_open(_self: Any, tokens: Any, place: int, _options: Any, env: dict[str, Any]) -> str:
    address = str(tokens[place].attrs["href"])
    is_elsewhere = address.startswith("https://")
    env.setdefault("links", []).append(is_elsewhere)
    return f'<a href="{html.escape(address)}">' if is_elsewhere else ""


def _link_close(_self: Any, _tokens: Any, _place: int, _options: Any, env: dict[str, Any]) -> str:
    return "</a>" if env["links"].pop() else ""


def code(source: str) -> str:
    """Python, coloured."""
    return f'<pre tabindex="0"><code>{highlight(source, PythonLexer(), FORMAT)}</code></pre>'


def output(printed: str) -> str:
    """What a cell printed."""
    return f'<pre class="output" tabindex="0">{html.escape(printed)}</pre>'


def table(shown: str) -> str:
    """A table of pandas, without its own style; what is no heading is called none.

    >>> table("<table><tr><th></th><th>a</th></tr></table>")
    '<div><table><tr><td></td><th>a</th></tr></table></div>'
    """
    return f"<div>{STYLE.sub('', shown).replace('<th></th>', '<td></td>')}</div>"


def figure(png: str, alt: str, caption: str = "") -> str:
    """A picture from a stored output, in base64, with its caption in Markdown."""
    words = f"\n<figcaption>{text(caption)}</figcaption>" if caption else ""
    packed = "".join(png.split())
    source = f"data:image/png;base64,{packed}"
    return f'<figure><img src="{source}" alt="{html.escape(alt)}">{words}</figure>'


def is_narrow(png: str) -> bool:
    """Whether a picture, in base64, stands beside its text: its size is in its header."""
    header = base64.b64decode("".join(png.split())[:32])
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
    return width < BESIDE * height


def page(chapter: str, slides: Sequence[Slide]) -> str:
    """All slides of a chapter as one HTML file."""
    folder = cells.ROOT / "harness"
    colours = FORMAT.get_style_defs("pre code")
    title = re.sub(r"[*`$]", "", slides[0].title)
    words = f"{chapter}: {title}" if chapter else title
    anchors = _anchors(slides)
    return TEMPLATE.format(
        title=html.escape(words),
        style=f"{colours}\n{(folder / 'slides.css').read_text('utf-8')}",
        script=(folder / "slides.js").read_text("utf-8"),
        slides="\n".join(
            SLIDE.format(
                anchor=anchor,
                kind=slide.kind,
                above=f"<p>{inline(above)}</p>"
                if (above := chapter if slide.kind == "title" else slide.above)
                else "",
                level="h1" if slide.kind == "title" else "h2",
                title=inline(slide.title),
                layout=" beside" if slide.beside else "",
                body="\n".join(slide.parts),
                chapter=html.escape(words),
                number=number,
                count=len(slides),
            )
            for number, (anchor, slide) in enumerate(zip(anchors, slides, strict=True), start=1)
        ),
    )


def _anchors(slides: Sequence[Slide]) -> list[str]:
    """An address for each slide, from its title; the second of a section ends in -2."""
    seen: Counter[str] = Counter()
    anchors = []
    for slide in slides:
        name = "-".join(re.findall(r"\w+", slide.title.lower())) or "slide"
        seen[name] += 1
        anchors.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return anchors
