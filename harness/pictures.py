"""Whether two pictures differ where a reader would see it.

The statistic is the largest root mean square difference over blocks of 16 x 16 pixels, on the
0 to 255 scale. The mean over the whole picture cannot do the job: it is 1.3 for a changed digit
and 1.0 for rounding noise in a curve. Over blocks, in figures of 72 to 150 dots per inch:

| what changed                                     | largest block RMS |
|--------------------------------------------------|-------------------|
| nothing (two runs of Matplotlib)                 | 0                 |
| curve or image values, by a relative 1e-5        | at most 3         |
| one digit of a label, the least different pair   | at least 21       |
| a curve, moved by a thousandth of its range      | at least 13       |
"""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BLOCK = 16
DEFAULT_RMS = 8.0  # between the noise and the least visible change of the table above


def pixels(encoded: str) -> NDArray[np.float64]:
    """Decode a base64 picture to (height, width, 4) red, green, blue, alpha."""
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        return np.asarray(picture.convert("RGBA"), dtype=np.float64)


def block_rms(stored: str, fresh: str) -> float:
    """The largest RMS difference over the blocks of two base64 pictures.

    Returns:
        0 for equal pictures, infinity for pictures of different size.
    """
    if stored == fresh:
        return 0.0
    one, other = pixels(stored), pixels(fresh)
    if one.shape != other.shape:
        return math.inf
    squares = ((one - other) ** 2)[..., :3].mean(axis=-1)
    squares = np.maximum(squares, (one - other)[..., 3] ** 2)
    height, width = (-(-side // BLOCK) for side in squares.shape)
    blocks = np.zeros((height * BLOCK, width * BLOCK))
    blocks[: squares.shape[0], : squares.shape[1]] = squares
    means = blocks.reshape(height, BLOCK, width, BLOCK).mean(axis=(1, 3))
    return float(np.sqrt(means.max()))
