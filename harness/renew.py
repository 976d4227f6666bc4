"""Give stored interactives the scripts and styles that the package has now, without running a cell.

    python -m harness.renew                 all notebooks of the book
    python -m harness.renew FILE ...        these

An interactive that a cell stores holds its data, its script and its style. Of these only the data
come from the cell; after a change in `coursecnn/interactive/*.js` or `*.css` this writes what the
cells would store again. After a change in what the Python beside them writes down, it does not:
that is for `harness.execute`, and `make test` compares.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from html import unescape
from pathlib import Path

from coursecnn._files import write_atomically
from coursecnn.interactive import page
from harness import cells, normalise

STORED = re.compile(
    r'<div class="coursecnn" data-interactive="(?P<kind>\w+)-\w+" role="group"'
    r' aria-label="(?P<label>[^"]*)">\n<style>.*?</style>\n'
    r'<div class="static">(?P<static>.*?)</div>\n'
    r'<script type="application/json">(?P<data>.*?)</script>\n'
    r'<script type="module">.*?</script>\n</div>',
    re.DOTALL,
)


def renewed(html: str) -> str:
    """HTML with the interactives in it as the package writes them now, each with its own data.

    >>> old = page.fragment("replay.js", "Replay", {"epochs": 2}, "<p>Two epochs.</p>")
    >>> renewed(old.replace("const", "var")) == old
    True
    """
    return STORED.sub(_anew, html)


def _anew(found: re.Match[str]) -> str:
    label, data = unescape(found["label"]), json.loads(found["data"])
    return page.fragment(f"{found['kind']}.js", label, data, found["static"])


def renew(path: Path) -> bool:
    """Renew a notebook's interactives; say whether any of them changed."""
    notebook = cells.read(path)
    before = normalise.dumps(notebook)
    for cell in cells.code_cells(notebook):
        for output in cell.outputs:
            if html := output.get("data", {}).get("text/html"):
                output.data["text/html"] = renewed("".join(html))
    after = normalise.dumps(notebook)
    if after != before:
        write_atomically(path, after.encode())
    return after != before


def main(arguments: Sequence[str] | None = None) -> int:
    """Renew notebooks, and name those that changed."""
    options = cells.command_line("renew", __doc__).parse_args(arguments)
    for path in cells.chapters(options.files):
        if renew(path):
            sys.stdout.write(f"{cells.shown(path)}: its interactives are new\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
