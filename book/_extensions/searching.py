"""The search finds chapters first, Korean terms in English chapters, and shows what it has found.

Sphinx's own search puts the package's names before the chapters, knows no synonyms, and reads each
page that it has found over the network, which a browser refuses for pages on a disk. Here

- the text of each page is also written as a script, by sections, which is loaded from anywhere;
- the glossary's pairs, and how often each chapter mentions a term, are part of `searching.js`,
  which orders the results and shows the sentences around what was asked for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

import glossary_links
from exercises_here import write_static
from glossary_links import Term

SCRIPT = Path(__file__).with_name("searching.js")
FOLDER = "excerpts"
FORMS = re.compile(r"[(),/]")
KOREAN = re.compile("[가-힣]")
FEWEST = 2  # mentions of a term that make a chapter worth to be named before others

Section = tuple[str, str, str]  # anchor, title, text


def sections(page: nodes.document) -> list[Section]:
    """The prose of a page by its sections, without code and what that prints."""
    texts: dict[nodes.section, list[str]] = {}
    for paragraph in page.findall(nodes.paragraph):
        section = _section(paragraph)
        if section is not None:
            texts.setdefault(section, []).append(" ".join(paragraph.astext().split()))
    prose = [
        (section["ids"][0], _title(section), " ".join(words)) for section, words in texts.items()
    ]
    return prose + list(_defined(page))


def _defined(page: nodes.document) -> Iterator[Section]:
    """What a glossary defines: each term leads to itself, with all its forms and its definition."""
    for item in page.findall(nodes.definition_list_item):
        terms = list(item.findall(nodes.term))
        words = [term.astext() for term in terms]
        text = " ".join(
            [", ".join(words) + ":", *(p.astext() for p in item.findall(nodes.paragraph))]
        )
        for term in terms:
            for anchor in term["ids"]:
                yield anchor, words[0], " ".join(text.split())


def _section(node: nodes.Node) -> nodes.section | None:
    """The section that a paragraph is in; None if it is in a cell, or in none."""
    parent = node.parent
    while parent is not None and not isinstance(parent, nodes.section):
        if isinstance(parent, nodes.container) and parent.get("nb_element"):
            return None
        parent = parent.parent
    return parent


def _title(section: nodes.section) -> str:
    title = next(iter(section.findall(nodes.title)), None)
    return title.astext() if title is not None else ""


def pairs(glossary: nodes.document) -> dict[str, str]:
    """The English term of each Korean one in the glossary.

    An entry may have several Korean forms, some of them in brackets: each of them counts.
    """
    found: dict[str, str] = {}
    for item in glossary.findall(nodes.definition_list_item):
        terms = [term.astext() for term in item.findall(nodes.term)]
        english = next(filter(glossary_links._is_english, terms), None)
        for form in FORMS.split(" / ".join(terms)):
            if english and KOREAN.search(form):
                found.setdefault(form.strip(), english)
    return found


def mentions(texts: Mapping[str, str], terms: Mapping[str, Term]) -> dict[str, dict[str, int]]:
    """How often each page mentions each term, by the term in small letters and the page.

    >>> mentions({"a": "Pooling, and pooling. A pool."}, {"pooling": Term("", "")})
    {'pooling': {'a': 2}}
    """
    finder = glossary_links.pattern(terms)
    found: dict[str, dict[str, int]] = {}
    for page, text in texts.items():
        names = (glossary_links._name(match[0], terms) for match in finder.finditer(text))
        for name, count in Counter(filter(None, names)).items():
            if count >= FEWEST:
                found.setdefault(name.lower(), {})[page] = count
    return found


def file_of(page: str) -> str:
    """The script with a page's text."""
    return f"{FOLDER}/{page.replace('/', '--')}.js"


def write_page(app: Sphinx, page: str, _template: str, _context: dict[str, Any], tree: Any) -> None:
    """Write the text of a page as a script; the search page loads them."""
    if page == "search":
        app.add_js_file(SCRIPT.name, loading_method="defer")
    if tree is not None:
        Path(app.outdir, "_static", FOLDER).mkdir(parents=True, exist_ok=True)
        data = json.dumps([page, sections(tree)], ensure_ascii=False, separators=(",", ":"))
        write_static(app, file_of(page), f"courseExcerpts({data});\n")


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """The pages that were written, and their texts."""
    for path in sorted(folder.glob("*.js")):
        text = path.read_text(encoding="utf-8")
        page, parts = json.loads(text.removeprefix("courseExcerpts(").removesuffix(");\n"))
        yield page, " ".join(words for _, _, words in parts)


def write(app: Sphinx, failed: Exception | None) -> None:
    """Write the script, when all pages have been."""
    if failed or app.builder.name != "html":
        return
    terms: dict[str, Term] = {}
    korean: dict[str, str] = {}
    if glossary_links.GLOSSARY in app.env.found_docs:
        glossary = app.env.get_doctree(glossary_links.GLOSSARY)
        terms, korean = glossary_links.terms(glossary), pairs(glossary)
    chapters = {
        page: text
        for page, text in written(Path(app.outdir, "_static", FOLDER))
        if app.env.doc2path(page).endswith(".ipynb")
    }
    data = {"korean": korean, "mentions": mentions(chapters, terms), "chapters": sorted(chapters)}
    words = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    script = SCRIPT.read_text(encoding="utf-8")
    write_static(app, SCRIPT.name, f"const courseTerms = {words};\n{script}")


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait for each page, and for the end."""
    app.connect("html-page-context", write_page)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
