"""What helps to read: large figures, keys, the time left, and how to cite a page.

The script is `reading.js`, the style `reading.css`. Each chapter says at its foot how it is cited,
from `CITATION.cff` and the configuration, so that a fork cites itself.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx

import exercises_here

SCRIPT = Path(__file__).with_name("reading.js")
TAG = re.compile(r"<[^>]+>")


def cite(title: str, citation: dict[str, Any], year: str, address: str, page: str) -> str:
    """How a page is cited, in words and in BibTeX, folded.

    Args:
        title: Of the page, as HTML.
        citation: What `CITATION.cff` says of the course.
        year: When this edition appeared.
        address: Where the course lives.
        page: The page's source in there.
    """
    name = TAG.sub("", title)
    authors = " and ".join(author["name"] for author in citation["authors"])
    written = html.escape(authors)
    course, version = citation["title"], citation["version"]
    key = re.sub(r"\W+", "-", Path(page).stem.lower()).strip("-")
    words = (
        f"{written} ({year}). {name}. In <i>{html.escape(course)}</i>, version {version}. "
        f'<a href="{address}">{address}</a>'
    )
    bibtex = "\n".join(
        [
            f"@incollection{{coursecnn-{key},",
            f"  author    = {{{{{authors}}}}},",
            f"  title     = {{{html.unescape(name)}}},",
            f"  booktitle = {{{course}}},",
            f"  year      = {{{year}}},",
            f"  note      = {{Version {version}, {page}}},",
            f"  url       = {{{address}}},",
            "}",
        ]
    )
    return (
        f'<details class="cite"><summary>Cite this page</summary><p>{words}</p>'
        f'<div class="highlight"><pre>{html.escape(bibtex)}\n</pre></div></details>'
    )


def append(app: Sphinx, page: str, _template: str, context: dict[str, Any], tree: Any) -> None:
    """Load the script, and say at the foot of a chapter how it is cited."""
    if tree is None:
        return
    app.add_js_file(SCRIPT.name, loading_method="defer")
    source = Path(app.env.doc2path(page))
    if source.suffix == ".ipynb":
        citation = yaml.safe_load(Path(app.srcdir, "CITATION.cff").read_text(encoding="utf-8"))
        address = app.config.html_theme_options["repository_url"]
        path = source.relative_to(app.srcdir).as_posix()
        context["body"] += cite(context["title"], citation, app.config.copyright, address, path)


def write(app: Sphinx) -> None:
    """Write the script."""
    exercises_here.write_static(app, SCRIPT.name, SCRIPT.read_text("utf-8"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait for each page."""
    app.connect("builder-inited", write)
    app.connect("html-page-context", append)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
