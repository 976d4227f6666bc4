"""A few photographs of free licence, to ask a network what it sees.

Two are scikit-learn's, the others lie beside this file; `gallery.toml` says who made them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn._toml import read_toml

__all__ = ["Photograph", "photographs"]

FOLDER = Path(__file__).parent


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph, and what may be known of it.

    Attributes:
        pixels: (height, width, 3); red, green and blue from 0 to 255.
        shows: What is to be seen, in words.
        right: Classes of ImageNet that name something in it; empty if none does.
        author: Who made it.
        licence: Under which it may be shown and changed.
        source: Where it is from.

    >>> cat = photographs()["cat"]
    >>> cat.shows, cat.licence, cat.pixels.shape
    ('The face of Chelsea, a tabby cat', 'CC0', (256, 385, 3))
    """

    pixels: NDArray[np.uint8]
    shows: str
    right: tuple[str, ...]
    author: str
    licence: str
    source: str


def photographs() -> dict[str, Photograph]:
    """Read the photographs, by name.

    >>> pictures = photographs()
    >>> list(pictures)
    ['tower', 'dahlia', 'cat', 'coffee', 'photographer', 'rocket', 'astronaut', 'officer']
    >>> pictures["coffee"].right
    ('espresso', 'cup', 'coffee mug')
    """
    table = read_toml(FOLDER / "gallery.toml")
    return {name: _photograph(name, **fields) for name, fields in table.items()}


def _photograph(
    name: str, *, right: list[str], sample: str | None = None, **facts: Any
) -> Photograph:
    return Photograph(pixels=_pixels(name, sample), right=tuple(right), **facts)


def _pixels(name: str, sample: str | None) -> NDArray[np.uint8]:
    if sample is not None:
        from sklearn.datasets import load_sample_image  # only here: it takes a second

        return np.asarray(load_sample_image(sample))
    from PIL import Image

    with Image.open(FOLDER / f"{name}.jpg") as picture:
        return np.asarray(picture)
