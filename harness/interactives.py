"""The interactives that the chapters store, as their cells wrote them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from harness import cells

KEY = re.compile(r'data-interactive="(\w+)-\w+"')


class Interactive(NamedTuple):
    """An interactive of a chapter.

    Attributes:
        kind: the name of its script.
        chapter: the chapter's file without its ending, from the root of the project.
        html: what the cell stored.
    """

    kind: str
    chapter: str
    html: str

    @property
    def key(self) -> str:
        """What marks it in a page: its kind and a hash of all that it holds."""
        return re.findall(r'data-interactive="[\w-]+"', self.html)[0]

    @property
    def bytes_sent(self) -> int:
        """Its weight as a web server sends it."""
        return len(gzip.compress(self.html.encode(), 6))

    def __str__(self) -> str:
        return f"{self.kind} in {self.chapter.rpartition('/')[2]}"


def stored() -> Iterator[Interactive]:
    """Those in the stored outputs of all chapters."""
    for path in cells.chapters():
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                html = "".join(output.get("data", {}).get("text/html", ""))
                if key := KEY.search(html):
                    chapter = path.relative_to(cells.ROOT).with_suffix("").as_posix()
                    yield Interactive(key[1], chapter, html)
