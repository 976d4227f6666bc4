"""Pages are read and written side by side, on all processors; Jupyter Book has no option for it."""

from __future__ import annotations

import os
from typing import Any

from sphinx.application import Sphinx

# These do not say whether that is safe for them, and it is: what they do to a page hangs on nothing
# but the page, and they number the sections when all pages have been read.
SILENT = ("sphinx_jupyterbook_latex", "sphinx_multitoc_numbering")


def vouch(app: Sphinx, _config: object) -> None:
    """Say in their place what they do not."""
    for name in SILENT:
        if name in app.extensions:
            app.extensions[name].parallel_read_safe = True


def setup(app: Sphinx) -> dict[str, Any]:
    """Set what the option `--jobs` of `sphinx-build` sets."""
    app.parallel = os.cpu_count() or 1
    app.connect("config-inited", vouch)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
