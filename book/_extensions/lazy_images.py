"""Pictures are loaded when a reader comes near them, and have their place before.

A chapter has a dozen figures, of which a phone shows one at a time. All but the first of each page
are loaded late; each says its size, so that what comes after it does not move when it comes.
All but the lightest are written a second time, pixel for pixel the same, as WebP: a third of it.
Only figures that are photographs for the most would still be too heavy: those lose a little.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from sphinx.application import Sphinx

HEAVY = 10_000  # bytes
TOO_HEAVY, QUALITY = 80_000, 92  # bytes without loss, and of 100
IMAGE = re.compile(r'<img (?P<rest>[^>]*\bsrc="(?P<source>[^"]*_images/(?P<file>[^"/]+))"[^>]*)>')


def late(body: str, size: Callable[[str], tuple[int, int] | None]) -> str:
    """HTML whose pictures, apart from the first, are loaded late.

    Args:
        body: The HTML of a page.
        size: Gives the width and the height of a picture by its name; None where it has none.

    >>> late('<img src="_images/a.png"><img alt="b" src="_images/b.png">', lambda name: (4, 3))
    '<img src="_images/a.png" width="4" height="3"><img alt="b" src="_images/b.png" width="4" \
height="3" loading="lazy">'
    """
    count = 0

    def changed(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        words = [found["rest"].rstrip("/ ")]
        sides = None if re.search(r"\b(width|height)=", found["rest"]) else size(found["file"])
        if sides:
            words.append(f'width="{sides[0]}" height="{sides[1]}"')
        if count > 1:
            words.append('loading="lazy"')
        return f"<img {' '.join(words)}>"

    return IMAGE.sub(changed, body)


def lighter(path: Path, folder: Path, name: str) -> str | None:
    """Write a heavy picture as a lighter one, in which no pixel differs unless it is too heavy.

    Args:
        path: The picture.
        folder: Where the lighter one is written.
        name: What the picture is called there.

    Returns:
        What the lighter one is called; None where the picture is light, or would not become so.
    """
    if path.suffix != ".png" or not path.exists() or path.stat().st_size < HEAVY:
        return None
    new = folder / Path(name).with_suffix(".webp")
    if not new.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as picture:
            picture.save(new, lossless=True, exact=True, method=4, quality=100)
            if new.stat().st_size > TOO_HEAVY:
                picture.convert("RGB").save(new, method=4, quality=QUALITY)
    return new.name if new.stat().st_size < path.stat().st_size else None


def change(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Change the pictures of a page."""
    sources = {name: Path(app.srcdir, source) for source, name in app.builder.images.items()}

    def size(name: str) -> tuple[int, int] | None:
        path = sources.get(name)
        if path is None or path.suffix not in {".png", ".jpg", ".webp"} or not path.exists():
            return None
        with Image.open(path) as picture:
            width, height = picture.size
        return width, height

    body = late(context.get("body", ""), size)
    folder = Path(app.outdir, app.builder.imagedir)
    for name in sorted({found["file"] for found in IMAGE.finditer(body)}):
        path = sources.get(name)
        if path is not None and (new := lighter(path, folder, name)):
            body = body.replace(f"_images/{name}", f"_images/{new}")
    context["body"] = body


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait for each page."""
    app.connect("html-page-context", change, priority=700)  # others know pictures by their names
    return {"parallel_read_safe": True, "parallel_write_safe": True}
