"""What of a figure keeps its colours in the dark: photographs, digits, maps, coloured kernels.

Figures are drawn on white. In the dark their lines, bars and letters are turned round by the style
sheet, white to black and dark blue to light blue; a photograph turned round would be a negative. So
when the book is built, each figure is searched for rectangles that are pictures themselves, and its
`<img>` says where they are: `data-keep="left top right bottom, ..."`, in hundredths of a per cent.
`reading.js` shows those as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage
from sphinx.application import Sphinx

IMAGE = re.compile(r'<img (?=[^>]*\bsrc="[^"]*_images/(?P<file>[^"/]+\.png)")')

WHITE = 254  # of 255; what is no darker is the ground
SMALLEST = 18  # pixels a side
LONGEST = 2.6  # times as long as wide, at most
FULL = 0.72  # of a rectangle that is no ground, at least
DARK, GREY = 60, (60, 225)  # of 255
SHARE = 0.2  # of a picture that is dark, or grey, or coloured in three ways, at least
FLAT = 0.5  # of a rectangle in one colour, at most, unless that is nearly black
MANY = 150  # colours, of 4096; a map in two colours has fewer
SLAB, PALE = 120, 225  # pixels a side, and of 255: what is larger and lighter would be a slab
NEAR = 3  # pixels between the sides of what is alike

Box = tuple[int, int, int, int]  # left, top, right, bottom
Pixels = npt.NDArray[np.int16]


def kept(pixels: npt.NDArray[np.uint8]) -> list[Box]:
    """The rectangles of a figure that are pictures, and the scales of colours beside them.

    What is as large as a picture is one too, and so is what fills up their rows and columns: one
    negative among photographs would be worse than any that is too bright.

    Args:
        pixels: rows × columns × 3.

    >>> figure = np.full((60, 80, 3), 255, np.uint8)
    >>> figure[10:40, 20:60] = 0
    >>> figure[50, 5:75] = 0  # an axis
    >>> kept(figure)
    [(20, 10, 60, 40)]
    """
    figure = pixels.astype(np.int16)
    filled = figure.min(axis=2) < WHITE
    # Thin lines, such as those of an axis, hold nothing together.
    labelled, _ = ndimage.label(ndimage.binary_opening(filled, np.ones((3, 3))), np.ones((3, 3)))
    boxes = [(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(labelled)]
    rainbows = [box for box in boxes if _colours(_part(figure, box)) >= 3]
    pictures = [
        box
        for box in boxes
        if _is_square(box)
        and _full(filled, box) >= FULL
        and (_is_picture(_part(figure, box)) or any(_is_scale(one, box) for one in rainbows))
    ]
    if not pictures:
        return []
    alike = [box for box in [*boxes, *_grid(pictures)] if _is_like(box, pictures)]
    alike = [
        box
        for box in dict.fromkeys(alike)
        if _full(filled, box) > 0 and not _is_map(_part(figure, box))
    ]
    apart = [box for at, box in enumerate(alike) if not _is_like(box, alike[:at], moved=True)]
    scales = [box for box in boxes if any(_is_scale(box, beside) for beside in apart)]
    return apart + scales


def _part(figure: npt.NDArray[Any], box: Box) -> npt.NDArray[Any]:
    left, top, right, bottom = box
    return figure[top:bottom, left:right]


def _full(filled: npt.NDArray[np.bool_], box: Box) -> float:
    """The share of a rectangle that is no ground."""
    part = _part(filled, box)
    return float(part.mean()) if part.size else 0.0


def _grid(pictures: list[Box]) -> Iterator[Box]:
    """The rectangles at each row and column of pictures that are equally large."""
    for picture in pictures:
        group = [box for box in pictures if _is_like(box, [picture])]
        if group[0] == picture:  # each group once
            width, height = picture[2] - picture[0], picture[3] - picture[1]
            for left, top in product({box[0] for box in group}, {box[1] for box in group}):
                yield (left, top, left + width, top + height)


def _is_like(box: Box, others: list[Box], *, moved: bool = False) -> bool:
    """Whether a rectangle is as large as one of the others; `moved`: and at the same place."""
    left, top, right, bottom = box
    return any(
        abs(right - left - (other[2] - other[0])) <= NEAR
        and abs(bottom - top - (other[3] - other[1])) <= NEAR
        and (not moved or max(abs(left - other[0]), abs(top - other[1])) <= NEAR)
        for other in others
    )


def _is_scale(box: Box, picture: Box) -> bool:
    """Whether a rectangle is a scale of colours, which stands upright to the right of a picture."""
    left, top, right, bottom = box
    height = picture[3] - picture[1]
    return (
        6 <= right - left <= (bottom - top) / 6
        and 0 < left - picture[2] < height / 2
        and abs(bottom - picture[3]) < height / 4
        and abs(top - picture[1]) < height / 4
    )


def _is_square(box: Box) -> bool:
    """Whether a rectangle is large enough for a picture, and not much longer than wide."""
    short, long = sorted((box[2] - box[0], box[3] - box[1]))
    return short >= SMALLEST and long <= LONGEST * short


def _is_map(part: Pixels) -> bool:
    """Whether a rectangle is a large white map with lines, or one of signs, purple and orange."""
    if min(part.shape[:2]) >= SLAB and np.median(part.min(axis=2)) >= PALE:
        return True
    is_coloured = part.max(axis=2) - part.min(axis=2) >= 24
    red, green, blue = part[is_coloured].T
    if is_coloured.mean() < 0.05:
        return False
    orange = ((red > green) & (green > blue)).mean()
    purple = ((blue >= red) & (red > green)).mean()
    is_signed = min(orange, purple) >= 0.04 and orange + purple >= 0.95
    return bool(is_signed and (_counts(part) > 0).sum() < MANY)


def _counts(part: Pixels) -> npt.NDArray[np.intp]:
    """How many pixels there are of each of 4096 colours."""
    return np.bincount(((part // 16) @ np.array([256, 16, 1])).ravel())


def _is_picture(part: Pixels) -> bool:
    """Whether a filled rectangle is a picture, and not a bar, a box or a map in two colours."""
    high, low = part.max(axis=2), part.min(axis=2)
    is_grey = high - low < 24
    if (is_grey & (high < DARK)).mean() >= SHARE:
        return True
    counts = _counts(part)
    if counts.max() > FLAT * counts.sum():
        return False
    is_middle = is_grey & (high >= GREY[0]) & (high < GREY[1])
    tones = np.bincount(high[is_grey] // 16)
    if is_middle.mean() >= SHARE and (tones >= 0.02 * tones.sum()).sum() >= 6:
        return True
    is_coloured = (~is_grey).mean() >= SHARE and _colours(part) >= 3
    return bool(is_coloured or (counts > 0).sum() >= MANY)


def _colours(part: Pixels) -> int:
    """How many sixths of the circle of colours hold a tenth of the coloured pixels each."""
    coloured = part[part.max(axis=-1) - part.min(axis=-1) >= 24]
    if not len(coloured):
        return 0
    red, green, blue = coloured.T
    order = (red > green) * 4 + (green > blue) * 2 + (blue > red)
    shares = np.bincount(order, minlength=8) / len(order)
    return int((shares >= 0.1).sum())


def marked(body: str, boxes: Callable[[str], tuple[list[Box], tuple[int, int]] | None]) -> str:
    """HTML whose figures say what of them keeps its colours.

    Args:
        body: The HTML of a page.
        boxes: Gives the rectangles of a figure by its name, and its width and height; None for
            what is no figure of a notebook.

    >>> marked('<img src="_images/a.png">', lambda name: ([(10, 0, 20, 5)], (40, 10)))
    '<img data-keep="2500 0 5000 5000" src="_images/a.png">'
    """

    def changed(found: re.Match[str]) -> str:
        known = boxes(found["file"])
        if known is None:
            return found[0]
        rectangles, size = known
        places = ",".join(" ".join(_share(box, size)) for box in rectangles)
        return f'<img data-keep="{places}" '

    return IMAGE.sub(changed, body)


def _share(box: Box, size: tuple[int, int]) -> Iterator[str]:
    """The sides of a rectangle, in hundredths of a per cent of the figure's."""
    return (str(round(10_000 * at / side)) for at, side in zip(box, (*size, *size), strict=True))


def change(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Mark the figures of a page."""
    sources = {name: Path(app.srcdir, source) for source, name in app.builder.images.items()}

    def boxes(name: str) -> tuple[list[Box], tuple[int, int]] | None:
        path = sources.get(name)
        if path is None or not path.exists():
            return None
        with Image.open(path) as picture:
            ground = Image.new("RGBA", picture.size, "white")
            ground.alpha_composite(picture.convert("RGBA"))
            return kept(np.asarray(ground.convert("RGB"))), picture.size

    context["body"] = marked(context.get("body", ""), boxes)


def setup(app: Sphinx) -> dict[str, Any]:
    """Wait for each page."""
    app.connect("html-page-context", change)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
