"""The first mention of each term in a chapter leads to the glossary.

Chapters are notebooks that Colab shows as well, where a link to a page of the book leads nowhere.
So their text holds none: when the book is built, the first mention of each term of the glossary on
each page becomes a link, which carries the definition as its tooltip. So does the first mention of
what a box in one chapter tells for all of them (`BOXES`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

GLOSSARY = "book/appendix/glossary"
# What is told in one place and used in many: a phrase, its page, and its heading there.
BOXES = {
    "fair comparison": (
        "book/foundations/04_first_cnn",
        "A fair comparison",
        "How the course compares what it trains: seeds, validation images, spread and intervals.",
    )
}
# What is a link already, a heading, or no prose keeps its words as they are.
NO_PROSE = (nodes.reference, nodes.title, nodes.FixedTextElement, nodes.literal, nodes.math)


@dataclass(frozen=True)
class Term:
    """A term of the glossary: where it stands on the page, and its definition."""

    anchor: str
    definition: str


def terms(glossary: nodes.document) -> dict[str, Term]:
    """The English terms of the glossary's page, each with the first paragraph of its definition."""
    found = {}
    for item in glossary.findall(nodes.definition_list_item):
        definition = next(item.findall(nodes.paragraph)).astext()
        for term in item.findall(nodes.term):
            if _is_english(term.astext()):
                found[term.astext()] = Term(term["ids"][0], definition)
    return found


def _is_english(term: str) -> bool:
    """Whether a term has a letter, and none of the Korean alphabet."""
    return bool(re.search("[A-Za-z]", term)) and not re.search("[가-힣]", term)


def pattern(names: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds any of the terms as a word, in singular or plural, the longest first.

    Names with a capital are found as they are written, others also at the head of a sentence.
    """
    choices = sorted(names, key=len, reverse=True)
    words = "|".join(_words(name) for name in choices)
    return re.compile(rf"(?<![\w-])(?:{words})(?:s|es)?(?![\w-])")


def _words(name: str) -> str:
    text = re.escape(name)
    if name != name.lower():
        return text
    return f"[{name[0].upper()}{name[0]}]{text[1:]}" if name[0].isalpha() else text


def link_first_mentions(document: nodes.document, known: Mapping[str, Term], glossary: str) -> None:
    """Make the first mention of each term a link to `glossary`, the address of its page."""
    if not known:
        return
    finder, left = pattern(known), dict(known)
    for text in [node for node in document.findall(nodes.Text) if _is_prose(node)]:
        replaced = list(_linked(text.astext(), finder, left, glossary))
        if any(isinstance(node, nodes.reference) for node in replaced):
            text.parent.replace(text, replaced)


def _is_prose(text: nodes.Text) -> bool:
    parent = text.parent
    while parent is not None:
        if isinstance(parent, NO_PROSE):
            return False
        parent = parent.parent
    return True


def _linked(
    text: str, finder: re.Pattern[str], left: dict[str, Term], glossary: str
) -> Iterator[nodes.Node]:
    """The text in pieces; a term that is `left` becomes a link, and is left no more."""
    end = 0
    for match in finder.finditer(text):
        name = _name(match[0], left)
        if name is None:
            continue
        term = left.pop(name)
        if match.start() > end:
            yield nodes.Text(text[end : match.start()])
        yield nodes.reference(
            "",
            match[0],
            refuri=f"{glossary}#{term.anchor}",
            reftitle=term.definition,
            internal=True,
            classes=["glossary-term"],
        )
        end = match.end()
    if end < len(text):
        yield nodes.Text(text[end:])


def _name(mention: str, left: Mapping[str, Term]) -> str | None:
    """The term that a mention is, if it is still left."""
    for word in (mention, mention.removesuffix("s"), mention.removesuffix("es")):
        for name in (word, word[0].lower() + word[1:]):
            if name in left:
                return name
    return None


def link_chapter(app: Sphinx, document: nodes.document, page: str) -> None:
    """Link the terms of a page that is a notebook, and what a box tells."""
    if not app.env.doc2path(page).endswith(".ipynb"):
        return
    for phrase, (target, heading, meaning) in BOXES.items():
        if target in app.env.found_docs and target != page:
            box = {phrase: Term(nodes.make_id(heading), meaning)}
            link_first_mentions(document, box, app.builder.get_relative_uri(page, target))
    if GLOSSARY in app.env.found_docs:
        known = terms(app.env.get_doctree(GLOSSARY))
        link_first_mentions(document, known, app.builder.get_relative_uri(page, GLOSSARY))


def outdated(
    _app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], _removed: set[str]
) -> set[str]:
    """All pages, when the glossary has changed."""
    return set(env.found_docs) if GLOSSARY in added | changed else set()


def setup(app: Sphinx) -> dict[str, Any]:
    """Link the terms when all pages have been read."""
    app.connect("doctree-resolved", link_chapter)
    app.connect("env-get-outdated", outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
