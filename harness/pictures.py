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

Another release of Matplotlib draws every letter anew, narrower or wider, and what stands beside the
letters moves by some pixels. Pictures of two releases are therefore compared blurred, each pixel
with the most similar one at most three pixels away, by their largest difference; it says whether
the same things are drawn at the same places, not whether a label's digit has changed. In figures of
110 dots per inch:

| what changed                                     | largest blurred difference |
|--------------------------------------------------|----------------------------|
| Matplotlib 3.10.0 in place of 3.11.2             | at most 15                 |
| a curve, moved by a tenth of its range           | at least 19                |
| a curve or a legend, missing                     | at least 18                |
| a bar, higher by a fiftieth of the range         | at least 27                |
"""

from __future__ import annotations

import base64
import io
import itertools
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from coursecnn._values import reason

BLOCK = 16
DEFAULT_RMS = 8.0  # between the noise and the least visible change of the first table
BLUR_RADIUS = 8
NEAR = 3  # pixels by which things may have moved, and by which a picture may be larger
LARGEST_BLURRED = 17.0  # between the first row of the second table and the others
SIZE_SHARE = 0.01
MOST_PIXELS = 10_000_000  # of a figure


def pixels(encoded: str) -> NDArray[np.float64]:
    """Decode a base64 picture to (height, width, 4) red, green, blue, alpha.

    Raises:
        ValueError: if it is no PNG or JPEG, or too large for a figure.
    """
    return np.asarray(_decoded(encoded), dtype=np.float64)


def _decoded(encoded: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(base64.b64decode(encoded)), formats=("PNG", "JPEG")) as picture:
            if math.prod(picture.size) > MOST_PIXELS:
                raise ValueError(f"it has {math.prod(picture.size):,} pixels")
            return picture.convert("RGBA")
    except Exception as error:  # Pillow's readers raise what they come upon
        raise ValueError(f"it is no picture that can be read ({reason(error)})") from error


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


def blurred_difference(stored: str, fresh: str) -> float:
    """The largest difference of two base64 pictures after blurring, on the 0 to 255 scale.

    Returns:
        The root mean square over the colours, at the pixel that is least like any near it in the
        other picture; infinity for pictures whose sizes differ by more than three pixels and a
        hundredth.
    """
    one, other = _opaque(stored), _opaque(fresh)
    pairs = list(zip(one.size, other.size, strict=True))
    if any(abs(a - b) > max(NEAR, SIZE_SHARE * a) for a, b in pairs):
        return math.inf
    blur = ImageFilter.GaussianBlur(BLUR_RADIUS)
    pictures = [picture.resize(one.size).filter(blur) for picture in (one, other)]
    first, second = (np.asarray(picture, dtype=np.float32) for picture in pictures)
    return max(_farthest(first, second), _farthest(second, first))


def _farthest(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The largest difference of a pixel of one picture to the most similar near it in the other."""
    height, width = one.shape[:2]
    around = np.pad(other, ((NEAR, NEAR), (NEAR, NEAR), (0, 0)), mode="edge")
    nearest = np.full((height, width), np.inf)
    for down, right in itertools.product(range(2 * NEAR + 1), repeat=2):
        moved = around[down : down + height, right : right + width]
        nearest = np.minimum(nearest, ((one - moved) ** 2).mean(axis=-1))
    return float(np.sqrt(nearest.max()))


def _opaque(encoded: str) -> Image.Image:
    """Decode a base64 picture, on white where it is transparent."""
    layer = _decoded(encoded)
    page = Image.new("RGBA", layer.size, "white")
    page.alpha_composite(layer)
    return page.convert("RGB")
