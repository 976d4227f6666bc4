"""The kernel playground: a photograph, a kernel, and what the one makes of the other.

- `KernelPlayground(photos, kernels)`: what a notebook cell shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from coursecnn.convolution import correlate2d
from coursecnn.interactive import page

LARGEST_SIDE = 200  # a photo is part of its page: 200 x 200 pixels are 53 kB

Bytes: TypeAlias = npt.NDArray[np.uint8]


class KernelPlayground:
    """Photographs, the kernels to look at them with, and a kernel to change.

    Photographs are kept in 8 bits, so that the page computes with exactly the numbers that
    `photo(name)` returns.

    Args:
        photos: grey pictures by name, shape (H, W), brightness from 0 to 1.
        kernels: by name, shape (h, w).

    Examples:
        >>> KernelPlayground({"black": np.zeros((9, 9))}, {"blur": np.ones((3, 3)) / 9})
        Kernel playground
        photos: black (9×9)
        kernels: blur
    """

    def __init__(
        self, photos: Mapping[str, npt.ArrayLike], kernels: Mapping[str, npt.ArrayLike]
    ) -> None:
        """Check and keep the pictures and the kernels.

        Raises:
            ValueError: there is no photo or no kernel, a photo is too large, not flat, or not
                between 0 and 1, or a kernel does not fit on every photo.
        """
        if not photos or not kernels:
            raise ValueError(
                f"photos and kernels must each hold one or more, got {len(photos)} and "
                f"{len(kernels)}"
            )
        self._photos = {name: _in_8_bits(name, photo) for name, photo in photos.items()}
        self._kernels = {name: np.asarray(kernel, float) for name, kernel in kernels.items()}
        for name, kernel in self._kernels.items():
            page.check_finite(f"kernels[{name!r}]", kernel)
            for photo in self._photos.values():
                _check_fit(kernel, photo)

    def photo(self, name: str) -> npt.NDArray[np.float64]:
        """The picture that the page computes with, brightness from 0 to 1."""
        return self._photos[name] / 255

    def __repr__(self) -> str:
        sizes = [f"{name} ({p.shape[0]}×{p.shape[1]})" for name, p in self._photos.items()]
        names = ", ".join(self._kernels)
        return f"Kernel playground\nphotos: {', '.join(sizes)}\nkernels: {names}"

    def _repr_html_(self) -> str:
        data = {
            "photos": [
                {"name": name, "shape": photo.shape, "bytes": page.in_base64(photo.tobytes())}
                for name, photo in self._photos.items()
            ],
            "kernels": [{"name": n, **page.array(k)} for n, k in self._kernels.items()],
            "palette": page.palette().tolist(),
        }
        return page.fragment("playground.js", "Kernel playground", data, self._static())

    def _static(self) -> str:
        """The first photo and what the first kernel makes of it."""
        title, photo = next(iter(self._photos.items()))
        name, kernel = next(iter(self._kernels.items()))
        answers = np.clip(correlate2d(photo, kernel).round(), 0, 255).astype(np.uint8)
        return page.picture(photo, title) + page.picture(answers, name) + page.table(kernel, name)


def _in_8_bits(name: str, photo: npt.ArrayLike) -> Bytes:
    page.check_finite(f"photos[{name!r}]", photo)
    values = np.asarray(photo, dtype=float)
    if values.ndim != 2 or not 0 < min(values.shape) <= max(values.shape) <= LARGEST_SIDE:
        raise ValueError(
            f"photos must be flat, at most {LARGEST_SIDE} pixels a side, got {name!r} of shape "
            f"{values.shape}: take the mean of its channels, or scale it down"
        )
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"photos must have values from 0 to 1, got {name!r} from {values.min():g} to "
            f"{values.max():g}"
        )
    return (255 * values).round().astype(np.uint8)


def _check_fit(kernel: npt.NDArray[np.float64], photo: Bytes) -> None:
    if (
        kernel.ndim != 2
        or not kernel.size
        or kernel.shape[0] > photo.shape[0]
        or kernel.shape[1] > photo.shape[1]
    ):
        raise ValueError(
            f"kernels must be flat and no larger than a photo, {photo.shape}, got {kernel.shape}"
        )
