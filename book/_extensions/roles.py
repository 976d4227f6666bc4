"""What Sphinx and docutils write, as those need it to whom a page is read aloud.

- The parameters of a signature that is broken into lines are a list of definitions without terms:
  its role says that it is only a layout.
- The entries of the bibliography stand in a list, but have a role that is no longer one of a list.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

ROLES = {
    '<dl>\n<dd><em class="sig-param">': '<dl role="presentation">\n<dd><em class="sig-param">',
    'role="doc-biblioentry"': 'role="listitem"',
}


def mend(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Put the roles right in the text of a page."""
    for written, right in ROLES.items():
        context["body"] = context.get("body", "").replace(written, right)


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait for each page."""
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
