"""What Sphinx and docutils write, as those need it to whom a page is read aloud.

- The parameters of a signature that is broken into lines are a list of definitions without terms:
  its role says that it is only a layout.
- Korean words say that they are Korean.
- The entries of the bibliography stand in a list, but have a role that is no longer one of a list.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

ROLES = {
    '<dl>\n<dd><em class="sig-param">': '<dl role="presentation">\n<dd><em class="sig-param">',
    'role="doc-biblioentry"': 'role="listitem"',
}


# Korean between two tags, with spaces and brackets.
KOREAN = re.compile(r"(?<=>)[^<>]*[가-힣][^<>]*(?=<)")
WORDS = re.compile(r"[가-힣](?:[가-힣 ]*[가-힣])?")


def in_korean(body: str) -> str:
    """HTML whose Korean words are marked as such.

    >>> in_korean("<dt>합성곱 신경망 (CNN)<a></a></dt>")
    '<dt><span lang="ko">합성곱 신경망</span> (CNN)<a></a></dt>'
    """
    word = lambda found: f'<span lang="ko">{found[0]}</span>'  # noqa: E731
    return KOREAN.sub(lambda found: WORDS.sub(word, found[0]), body)


def mend(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Put the roles right in the text of a page."""
    for written, right in ROLES.items():
        context["body"] = context.get("body", "").replace(written, right)
    context["body"] = in_korean(context.get("body", ""))


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait for each page."""
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
