"""Pages without the scripts of thebe, which would run cells on somebody's server, and of designs.

Jupyter Book loads its extension for every book, and the scripts come with each page, twice, which
is an error in the browser. Here code is run on Colab, or on the reader's own machine. It also loads
cards, grids and tabs (`sphinx_design`), whose styles and scripts no page uses; one that does, says
so.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

DESIGN = 'class="sd-'

logger = logging.getLogger(__name__)


def disconnect(app: Sphinx, _config: object) -> None:
    """Take the extension's handlers from all events, and its style from all pages."""
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            handler = listener.handler
            is_style = getattr(handler, "__name__", "") == "add_static_assets"
            if handler.__module__.startswith("sphinx_thebe") or (
                is_style and handler.__module__.startswith("sphinx_design")
            ):
                app.disconnect(listener.id)
    styles = app.registry.css_files
    styles[:] = [(file, attributes) for file, attributes in styles if file != "sphinx-thebe.css"]


def find_designs(
    _app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: object
) -> None:
    """Warn of a page that needs what was left out."""
    if DESIGN in context.get("body", ""):
        logger.warning("the styles of sphinx_design are left out: see no_thebe.py", location=page)


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait until every extension has registered."""
    app.connect("config-inited", disconnect)
    app.connect("html-page-context", find_designs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
