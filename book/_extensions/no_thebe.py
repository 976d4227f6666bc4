"""Pages without the scripts of thebe, which would run cells on somebody's server.

Jupyter Book loads its extension for every book, and the scripts come with each page, twice, which
is an error in the browser. Here code is run on Colab, or on the reader's own machine.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def disconnect(app: Sphinx, _config: object) -> None:
    """Take the extension's handlers from all events, and its style from all pages."""
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if listener.handler.__module__.startswith("sphinx_thebe"):
                app.disconnect(listener.id)
    styles = app.registry.css_files
    styles[:] = [(file, attributes) for file, attributes in styles if file != "sphinx-thebe.css"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait until every extension has registered."""
    app.connect("config-inited", disconnect)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
