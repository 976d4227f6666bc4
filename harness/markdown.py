"""The text cells of a chapter, read as Markdown: headings, pictures and raw HTML.

What a page shows is decided by a parser and not by a pattern, so that a heading may be underlined,
a picture may be named by reference, and what stands in code or in a formula is neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:|//", re.IGNORECASE)
TAG = re.compile(r"</?([A-Za-z][\w-]*)[^>]*>?")
# They neither run nor change the page around them, if they carry no attributes.
HARMLESS = frozenset({"b", "br", "em", "i", "kbd", "sub", "sup", "strong"})
# A link or a picture whose address is none: a space in it, or a script.
LITERAL = re.compile(r"!?\[[^\[\]]*\]\((?=\S)(?=[^()]*[A-Za-z])(?:[^()]|\([^()]*\))+\)")
WORD = re.compile(r"[^\W\d_]+")
REPEATED = re.compile(r"\b([^\W\d_]{2,})\s+\1\b", re.IGNORECASE)
# What says no more than that there is a picture.
EMPTY_WORDS = frozenset(
    WORD.findall("""
    a an and are at by chart diagram drawing fig figure figures following for from graph graphic
    here illustration image img in is it of on our photo photograph pic picture plot result
    results screenshot see show showing shown shows some that the there this to with
""")
)
FEWEST_WORDS = 2


@lru_cache(maxsize=256)  # several checks ask for each text cell of a chapter
def parts(source: str) -> tuple[Token, ...]:
    """The parts of a text, in order, with those inside of paragraphs and tables."""
    tokens = _parser().parse(source)
    return tuple(part for token in tokens for part in (token, *(token.children or ())))


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)


def heading_levels(source: str) -> Iterator[int]:
    """The levels of a text's headings, marked by `#` or underlined."""
    return (int(token.tag[1:]) for token in parts(source) if token.type == "heading_open")


def sections(source: str) -> Iterator[tuple[str, str]]:
    r"""The parts of a text that its headings begin, each with it; the first may have none.

    >>> list(sections("so\n## Two\nand"))
    [('', 'so\n'), ('Two', '## Two\nand')]
    """
    lines = source.splitlines(keepends=True)
    starts = [token.map[0] for token in parts(source) if token.type == "heading_open" and token.map]
    for start, end in pairwise(dict.fromkeys([0, *starts, len(lines)])):
        heading = lines[start].strip().lstrip("# ") if start in starts else ""
        yield heading, "".join(lines[start:end])


def raw_html(source: str) -> Iterator[str]:
    """The tags of a text that may run something or change the page."""
    for token in parts(source):
        if token.type in ("html_block", "html_inline"):
            for found in TAG.finditer(token.content):
                bare = found[0].strip("</ >").lower()
                if bare not in HARMLESS:
                    yield found[0].splitlines()[0][:60]


def literal_links(source: str) -> Iterator[str]:
    """Links and pictures that Markdown leaves as they are typed, since their address is none."""
    for token in parts(source):
        if token.type == "text":
            yield from LITERAL.findall(token.content)


def picture_faults(cell: Any, folder: Path) -> Iterator[str]:
    """What is wrong with the pictures of a text cell of a notebook in `folder`."""
    for token in parts(cell.source):
        if token.type != "image":
            continue
        target = str(token.attrs["src"])
        fault = alt_fault(token.content)
        if fault:
            yield f"shows the picture {target}, whose text {fault}: ![what it shows]({target})"
        yield from _target_faults(target, cell, folder)


def _target_faults(target: str, cell: Any, folder: Path) -> Iterator[str]:
    kind, _, name = target.partition(":")
    if kind == "attachment":
        if name not in cell.get("attachments", {}):
            yield f"shows the attachment {name}, which the cell does not have: add it, or a file"
        return
    if ELSEWHERE.match(target):
        yield f"loads the picture {target} from elsewhere: put the file beside the chapter"
        return
    path = folder / unquote(target.partition("#")[0])
    if not path.is_file():
        yield f"shows the picture {target}, and there is no such file beside the chapter: add it"
    elif not path.resolve().is_relative_to(folder.resolve().parent):
        yield f"shows the picture {target} from outside of the book: put it beside the chapter"


def alt_fault(alt: str) -> str:
    """What is wrong with the text that stands for a picture, or nothing."""
    if not alt.strip():
        return "is missing"
    repeated = REPEATED.search(alt)
    if repeated:
        return f"repeats a word: {repeated[0]!r}"
    told = {word.lower() for word in WORD.findall(alt)} - EMPTY_WORDS
    return "" if len(told) >= FEWEST_WORDS else f"says nothing: {alt!r}"
