"""Photographs that a page brings with it.

- `Snapshot`: a photograph, and the square of it to look at first;
- `snapshots()`: some of the course's gallery.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image

from coursecnn.datasets import gallery
from coursecnn.interactive import page

LARGEST_SIDE = 512
# Where to look first: left, top and side of a square, in pixels.
FIRST_SQUARES = {"cat": (114, 40, 200), "astronaut": (60, 0, 120), "rocket": (64, 0, 256)}


@dataclass(frozen=True)
class Snapshot:
    """A photograph to begin with.

    Attributes:
        name: What it is called on its button.
        shows: What is to be seen, in words.
        jpeg: The file.
        square: Left, top and side of the square to look at first, in pixels.
        label: Its class, by its name; None, or a name that is no class, if it shows none of them.
        credit: Who made it, and under which licence it may be shown.

    >>> cat = snapshots()[0]
    >>> cat.shows, cat.credit, cat.square
    ('The face of Chelsea, a tabby cat', 'Stefan van der Walt, CC0', (114, 40, 200))
    """

    name: str
    shows: str
    jpeg: bytes
    square: tuple[int, int, int]
    label: str | None = None
    credit: str = ""

    def check(self, *, least: int = 1) -> None:
        """Refuse what is too large for a page, and a square that leads out of it.

        Args:
            least: Pixels that a side of the square must have.

        Raises:
            ValueError: It does.
        """
        width, height = self.size()
        left, top, side = self.square
        if max(width, height) > LARGEST_SIDE:
            raise ValueError(
                f"photographs must have at most {LARGEST_SIDE} pixels a side, got {self.name!r} "
                f"of {width}×{height}"
            )
        if min(left, top) < 0 or side < least or left + side > width or top + side > height:
            raise ValueError(
                f"square must lie inside of {self.name!r}, {width}×{height}, with at least "
                f"{least} pixels a side, got {self.square}"
            )

    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        with Image.open(BytesIO(self.jpeg)) as picture:
            return picture.size

    def plain(self) -> dict[str, Any]:
        """As a page has it."""
        return {
            "name": self.name,
            "shows": self.shows,
            "credit": self.credit,
            "size": self.size(),
            "square": dict(zip(("left", "top", "side"), self.square, strict=True)),
            "jpeg": page.in_base64(self.jpeg),
        }


def snapshots() -> list[Snapshot]:
    """Read a cat, an astronaut and a rocket: one class of CIFAR-10, and two things that are none.

    >>> [(one.name, one.label) for one in snapshots()]
    [('cat', 'cat'), ('astronaut', None), ('rocket', None)]
    """
    known = gallery.photographs()
    return [
        Snapshot(
            name,
            known[name].shows,
            (gallery.FOLDER / f"{name}.jpg").read_bytes(),
            square,
            label="cat" if name == "cat" else None,
            credit=f"{known[name].author}, {known[name].licence}",
        )
        for name, square in FIRST_SQUARES.items()
    ]
