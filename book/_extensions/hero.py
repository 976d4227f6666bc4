"""The first screen of the front page: a photograph and what a kernel finds in it, live.

- `hero`: the photograph, computed in the page as it is looked at;
- `erratum`: a printed number and what it is, to scale, by its key in the ledger;
- `interactives`: what answers the hand in the book, each with a picture and its place.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from numpy.typing import NDArray
from PIL import Image
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from coursecnn.datasets import gallery
from coursecnn.interactive import page
from ledger_pages import FromLedger, Place

PHOTO = "cat"
SIZE = (312, 208)  # width and height, in pixels: 65 kB
KERNELS: dict[str, tuple[list[list[float]], str]] = {
    "upright edges": (
        [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        "Nine numbers that find where it gets brighter (orange) or darker (purple) to the right.",
    ),
    "level edges": (
        [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
        "The same nine numbers, turned: now they find where it gets brighter or darker downwards.",
    ),
    "outlines": (
        [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
        "One pixel against the eight around it: outlines and whiskers, whatever their direction.",
    ),
    "blur": (
        [[1 / 49] * 7] * 7,
        "The mean of 49 pixels. A kernel learns such numbers by itself: that is what training is.",
    ),
}
NUMBER = re.compile(r"([\d.,]*\d)\s*([kMG]?)")
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
KIND = re.compile(r'data-interactive="(\w+)-\w+"[^>]*aria-label="([^"]*)"')
# What one can do there, by kind, in the order in which they are shown.
PLAYS = {
    "photo": "Show a trained network a photograph of yours, and see what it looks at",
    "digits": "Draw a digit, and see every map of the network that reads it",
    "playground": "Change a kernel, and see what it finds in a photograph",
    "stepper": "Take a convolution apart, product by product",
    "backward": "Where the gradient of a convolution goes, and where it comes from",
    "mixer": "Full, grouped, depthwise, 1×1: which channels an output reads, and the price",
    "pooling": "What a pooling keeps of a map, what it loses, and where a ReLU belongs",
    "filters": "The filters that a network has learned, and what excites each of them most",
    "receptive": "Point at a unit, and see which pixels of a photograph reach it",
    "calculator": "Size, price and picture of a layer, and what would fit",
    "inception": "What a bottleneck saves, and when it no longer does",
    "replay": "Deep networks in training, plain and residual",
    "guesses": "Guess which ideas pay at the same price, and compare",
    "explorer": "Two of many networks, layer by layer, side by side",
}


def photograph() -> NDArray[np.uint8]:
    """The grey photograph of the front page, (height, width)."""
    picture = Image.fromarray(gallery.photographs()[PHOTO].pixels).convert("L")
    width, height = SIZE
    scale = max(width / picture.width, height / picture.height)
    larger = picture.resize(
        (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS
    )
    left, top = (larger.width - width) // 2, (larger.height - height) // 3
    return np.asarray(larger.crop((left, top, left + width, top + height)))


def hero() -> str:
    """The photograph and its kernels, as a fragment that runs by itself."""
    pixels = photograph()
    data = {
        "photo": {"shape": pixels.shape, "bytes": page.in_base64(pixels.tobytes())},
        "kernels": [
            {"name": name, "words": words, **page.array(kernel)}
            for name, (kernel, words) in KERNELS.items()
        ],
        "palette": page.palette().tolist(),
    }
    static = page.picture(pixels, gallery.photographs()[PHOTO].shows)
    return page.fragment("hero.js", "What a kernel finds in a photograph", data, static)


def number(text: str) -> float:
    """The number at the beginning of a text such as "358M" or "271,351,808 operations".

    Raises:
        ExtensionError: there is none.
    """
    found = NUMBER.search(text)
    if found is None:
        raise ExtensionError(f"erratum: no number in {text!r}")
    return float(found[1].replace(",", "")) * UNITS[found[2]]


def erratum(place: Place, to_root: str) -> str:
    """A printed number and the one that was found, as two bars on one scale."""
    entry, found = place.finding.entry, place.finding.found
    texts = {"printed": entry.printed.text, "it is": found.removeprefix("recomputed ")}
    largest = max(map(number, texts.values()))
    bars = "".join(
        f"<dt>{name}</dt><dd><b>{html.escape(text)}</b>"
        f'<span style="width: {100 * number(text) / largest:.1f}%"></span></dd>'
        for name, text in texts.items()
    )
    link = f'<a href="{to_root}{place.page}">{html.escape(place.chapter)}</a>'
    words = f"{html.escape(entry.meaning)} ({html.escape(str(entry.unit))}; {link})."
    return f'<figure class="erratum"><dl>{bars}</dl><figcaption>{words}</figcaption></figure>'


def interactives(root: Path) -> Iterator[tuple[str, str, str]]:
    """Kind, name and page of the interactives in the chapters, each kind once."""
    seen = set()
    for path in sorted(root.glob("book/*/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                found = KIND.search("".join(output.get("data", {}).get("text/html", "")))
                if found and found[1] not in seen:
                    seen.add(found[1])
                    place = path.relative_to(root).with_suffix(".html").as_posix()
                    yield found[1], html.unescape(found[2]), place


def plays(found: list[tuple[str, str, str]], to_root: str) -> str:
    """The interactives as a list of links with pictures.

    Raises:
        ExtensionError: if one of them is not described in `PLAYS`.
    """
    if unknown := [kind for kind, *_ in found if kind not in PLAYS]:
        raise ExtensionError(f"interactives: say in hero.PLAYS what one does in {unknown}")
    order = list(PLAYS)
    items = (
        f'<li><a href="{to_root}{place}#{kind}"><img src="{to_root}_static/plays/{kind}.webp"'
        f' alt="" width="320" height="200" loading="lazy"><b>{html.escape(name)}</b></a>'
        f"<span>{PLAYS[kind]}</span></li>"
        for kind, name, place in sorted(found, key=lambda one: order.index(one[0]))
    )
    return f'<ul class="plays">{"".join(items)}</ul>'


class Hero(SphinxDirective):
    """`hero`: the live picture."""

    def run(self) -> list[nodes.Node]:
        """Leave the fragment."""
        return [nodes.raw("", hero(), format="html")]


class Erratum(FromLedger):
    """`erratum`: one finding, drawn."""

    required_arguments = 1

    def html(self, found: list[Place], to_root: str) -> str:
        """Two bars."""
        key = self.arguments[0]
        for place in found:
            if place.finding.entry.key == key:
                return erratum(place, to_root)
        raise ExtensionError(f"erratum: no chapter shows {key}")


class Interactives(SphinxDirective):
    """`interactives`: a list of them."""

    def run(self) -> list[nodes.Node]:
        """Gather them from the chapters."""
        self.env.note_reread()
        to_root = "../" * self.env.docname.count("/")
        markup = plays(list(interactives(Path(self.env.srcdir))), to_root)
        return [nodes.raw("", markup, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("hero", Hero)
    app.add_directive("erratum", Erratum)
    app.add_directive("interactives", Interactives)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
