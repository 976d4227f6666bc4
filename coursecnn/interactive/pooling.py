"""The pooling and ReLU stepper: what is kept of a map, and what is lost.

- `PoolingStepper(maps)`: what a notebook cell shows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from coursecnn.convolution import Array, Mode, pool2d
from coursecnn.interactive import page

LONGEST = 10  # more numbers a side are no longer read one by one
LARGEST_WINDOW = 4


class PoolingStepper:
    """A pooling over a map of numbers, one window at a time.

    In the page the reader changes the numbers, the window, the stride, the padding and the rule,
    sees which numbers win, which are lost and which no window reads, and adds a ReLU, before the
    pooling and after it. What does not fill a window is left out.

    Args:
        maps: Matrices of numbers, by name; the first is shown at the beginning.
        size: Side of the window.
        stride: Step of the window; None, the default, for windows side by side.
        padding: Places around the map that take no part, at most half of `size`.

    Examples:
        >>> PoolingStepper({"ramp": np.arange(16).reshape(4, 4)}, size=2)
        Pooling and ReLU stepper
        windows of 2×2, stride 2, padding 0
        ramp: 4×4 -> 2×2
    """

    def __init__(
        self,
        maps: Mapping[str, npt.ArrayLike],
        size: int = 2,
        stride: int | None = None,
        padding: int = 0,
    ) -> None:
        """Keep the maps.

        Raises:
            ValueError: There is no map; one is not flat, too long, not finite or smaller than the
                window; the window is too large, or the padding more than half of it.
        """
        if not maps:
            raise ValueError(f"maps must hold at least one matrix, got {maps!r}")
        self.size = page.one_number("size", size, least=1)
        self.stride = page.one_number("stride", size if stride is None else stride, least=1)
        self.padding = page.one_number("padding", padding)
        for name, value in (("size", self.size), ("stride", self.stride)):
            if value > LARGEST_WINDOW:
                raise ValueError(f"{name} must be at most {LARGEST_WINDOW}, got {value}")
        if 2 * self.padding > self.size:
            raise ValueError(f"padding must be at most half of size={self.size}, got {padding}")
        for name, values in maps.items():
            page.check_finite(name, values)
        self.maps: dict[str, Array] = {n: np.asarray(v, float) for n, v in maps.items()}
        for name, matrix in self.maps.items():
            if matrix.ndim != 2 or not self.size <= min(matrix.shape, default=0):
                raise ValueError(
                    f"{name} must be a matrix of at least {self.size}×{self.size}, "
                    f"got shape {matrix.shape}"
                )
            if max(matrix.shape) > LONGEST:
                raise ValueError(f"{name} must be at most {LONGEST} long, got {matrix.shape}")

    def pooled(self, name: str, mode: Mode = "max") -> Array:
        """A map after its pooling.

        Examples:
            >>> PoolingStepper({"ramp": np.arange(16).reshape(4, 4)}).pooled("ramp")
            array([[ 5.,  7.],
                   [13., 15.]])
        """
        batch = self.maps[name][None, :, :, None]
        pooled = pool2d(batch, self.size, self.stride, self.padding, mode, rounding="floor")
        return np.asarray(pooled[0, :, :, 0])

    def __repr__(self) -> str:
        size, stride, padding = self.size, self.stride, self.padding
        window = f"windows of {size}×{size}, stride {stride}, padding {padding}"
        sizes = [
            f"{name}: {_by(matrix)} -> {_by(self.pooled(name))}"
            for name, matrix in self.maps.items()
        ]
        return "\n".join(["Pooling and ReLU stepper", window, *sizes])

    def _repr_html_(self) -> str:
        maps = [{"name": name, "map": page.array(m)} for name, m in self.maps.items()]
        pooling = {"size": self.size, "stride": self.stride, "padding": self.padding}
        data = {"maps": maps, "pooling": pooling}
        return page.fragment("pooling.js", "Pooling and ReLU stepper", data, self._static())

    def _static(self) -> str:
        """The first map and its poolings, where nothing can be asked of them."""
        name, matrix = next(iter(self.maps.items()))
        modes: tuple[Mode, ...] = ("max", "average")
        pooled = [page.table(self.pooled(name, mode), f"{mode} pooling") for mode in modes]
        return page.table(matrix, name) + "".join(pooled)


def _by(matrix: Array) -> str:
    return "×".join(map(str, matrix.shape))
