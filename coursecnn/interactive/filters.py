"""The filters of a first layer: their numbers, what they answer on a photograph, and where most.

- `FilterExplorer(network, layer)`: what a notebook cell shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from coursecnn.interactive import page
from coursecnn.interactive.snapshot import Snapshot, snapshots

PLACES = 4  # decimal places of a weight in the page
MOST_FILTERS, LARGEST_KERNEL = 128, 11

Array = npt.NDArray[np.float64]


class FilterExplorer:
    """The filters of a layer that reads colours, and photographs to look at with them.

    The page shows a filter as a picture and as numbers, its answers on a photograph, and the patch
    of it that it answers most strongly. An answer is the sum of the products with pixels from 0 to
    1, and the bias, before any normalisation or activation, and without padding.

    Args:
        network: A Keras model, trained on pixels from 0 to 1.
        layer: The name of its convolution over three channels.
        photographs: What to look at; those of `snapshots()` if none are given.

    Attributes:
        kernels: The weights as the page has them, rounded to 4 decimal places, shape (h, w, 3, K).
        bias: The biases, likewise, shape (K,); 0 where the layer has none.

    Examples:
        >>> from coursecnn import training
        >>> from coursecnn.training.recipes import RECIPES
        >>> FilterExplorer(training.load_trained(RECIPES["lab"]), "conv1")
        First-layer filters
        conv1: 32 of 3×3×3
        photographs: cat, astronaut, rocket
    """

    def __init__(
        self, network: Any, layer: str, *, photographs: Iterable[Snapshot] | None = None
    ) -> None:
        """Round and keep the weights, and check the photographs.

        Raises:
            ValueError: The layer does not read three channels with a few small square kernels,
                there is no photograph, or one is too large or its square not inside.
        """
        self._name = layer
        kernels, *bias = network.get_layer(layer).get_weights()
        shape = kernels.shape
        is_square = len(shape) == 4 and shape[0] == shape[1] <= LARGEST_KERNEL
        if not is_square or shape[2] != 3 or shape[3] > MOST_FILTERS:
            raise ValueError(
                f"layer must have at most {MOST_FILTERS} square kernels over 3 channels, at most "
                f"{LARGEST_KERNEL} a side, got {layer!r} with weights of {shape}"
            )
        self.kernels: Array = np.round(kernels.astype(float), PLACES)
        self.bias: Array = np.round(bias[0].astype(float) if bias else np.zeros(shape[3]), PLACES)
        self._photographs = list(snapshots() if photographs is None else photographs)
        if not self._photographs:
            raise ValueError("photographs must hold at least one, got none")
        for one in self._photographs:
            one.check(least=shape[0])

    def __repr__(self) -> str:
        height, width, channels, filters = self.kernels.shape
        return (
            f"First-layer filters\n{self._name}: {filters} of {height}×{width}×{channels}\n"
            f"photographs: {', '.join(one.name for one in self._photographs)}"
        )

    def _repr_html_(self) -> str:
        data = {
            "name": self._name,
            "kernels": page.array(self.kernels),
            "bias": page.array(self.bias)["values"],
            "samples": [one.plain() for one in self._photographs],
            "palette": page.palette().tolist(),
        }
        return page.fragment("filters.js", "First-layer filters", data, self._static())

    def _static(self) -> str:
        """The weights of the first filter, one table for each colour."""
        colours = ("red", "green", "blue")
        tables = (
            page.table(self.kernels[..., channel, 0], colour)
            for channel, colour in enumerate(colours)
        )
        return f"<p>Filter 0 of {escape(self._name)}</p>{''.join(tables)}"
