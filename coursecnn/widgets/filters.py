"""The filters of a network, one at a time: its kernel, and its map of a picture.

- `FilterExperiment(model, data)`: looks at a channel of a layer, with controls to look at others;
- `FilterView`: what there was to see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursecnn._checks import as_int
from coursecnn.backend import keras
from coursecnn.datasets import Dataset
from coursecnn.figures import DIVERGING
from coursecnn.models import attribution
from coursecnn.widgets.panel import Asked, Experiment, Picture, Pixels, chosen, spatial_layers

SLICES = 6  # of a kernel with many input maps, those that weigh most


@dataclass(frozen=True, eq=False, repr=False)
class FilterView(Picture):
    """One channel of one layer: what it answers to a picture, and its kernel if it has one.

    Attributes:
        title: What the picture is called.
        image: Its pixels between 0 and 1, shape (height, width, channels).
        layer: The layer's name.
        channel: Which of its maps.
        feature_map: The channel's answer, shape (rows, columns).
        kernel: Shape (height, width, input channels); None for a layer without one.

    Examples:
        >>> FilterView("mine", np.ones((4, 4, 1)), "conv", 3, np.eye(2), np.ones((3, 3, 1)))
        conv, channel 3: kernel 3×3×1, map 2×2, largest answer 1.000 at row 0, column 0 of mine
    """

    title: str
    image: Pixels
    layer: str
    channel: int
    feature_map: Pixels
    kernel: Pixels | None

    @property
    def slices(self) -> dict[int, Pixels]:
        """The parts of the kernel that weigh most, by the number of the map that they read."""
        if self.kernel is None:
            return {}
        weights = np.square(self.kernel).sum(axis=(0, 1))
        return {int(n): self.kernel[..., n] for n in np.argsort(-weights, kind="stable")[:SLICES]}

    def __repr__(self) -> str:
        answers = self.feature_map
        row, column = np.unravel_index(answers.argmax(), answers.shape)
        if self.kernel is None:
            kernel = "no kernel"
        else:
            kernel = f"kernel {'×'.join(map(str, self.kernel.shape))}"
        size = "×".join(map(str, answers.shape))
        return (
            f"{self.layer}, channel {self.channel}: {kernel}, map {size}, "
            f"largest answer {answers.max():.3f} at row {row}, column {column} of {self.title}"
        )

    def draw(self, figure: Figure) -> None:
        """Draw the picture, the map, and the parts of the kernel."""
        figure.set_size_inches(8.4, 2.9)
        grid = figure.add_gridspec(2, 5, width_ratios=[2.3, 2.7, 0.8, 0.8, 0.8])
        whole, answer = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[:, 1])
        shown = self.image if self.image.shape[-1] == 3 else self.image[..., 0]
        whole.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        whole.set_title(self.title)
        picture = answer.imshow(self.feature_map, cmap="viridis", interpolation="nearest")
        answer.set_title(f"{self.layer}, channel {self.channel}")
        figure.colorbar(picture, ax=answer, label="answer", shrink=0.8)
        for axis in (whole, answer):
            axis.set(xlabel="column", ylabel="row")
            axis.grid(visible=False)
        self._draw_slices([figure.add_subplot(grid[n // 3, 2 + n % 3]) for n in range(SLICES)])

    def _draw_slices(self, axes: list[Axes]) -> None:
        """Draw the parts of the kernel with one scale: purple is negative, orange positive."""
        slices = self.slices
        most = max((float(np.abs(part).max()) for part in slices.values()), default=1.0)
        for axis in axes:
            axis.set_axis_off()
        for axis, (number, part) in zip(axes, slices.items(), strict=False):
            axis.imshow(part, cmap=DIVERGING, vmin=-most, vmax=most, interpolation="nearest")
            axis.set_title(f"reads {number}", fontsize=8)


class FilterExperiment(Experiment):
    """Go through the layers and channels of a network.

    Args:
        model: A functional or sequential model from images between 0 and 1, such as
            `training.load_trained` returns, or `TrainingExperiment.network`.
        data: Whose test images there are to choose from.

    Raises:
        ValueError: The model takes other images, or has no layer with rows and columns.

    Examples:
        >>> from coursecnn import architectures, datasets
        >>> model = architectures.build("mnist_tutorial")
        >>> experiment = FilterExperiment(model, datasets.stand_in("mnist"))
        >>> experiment.look(3, layer="conv2", channel=5).feature_map.shape
        (11, 11)
    """

    def __init__(self, model: keras.Model, data: Dataset) -> None:
        """Keep the model and the images; nothing is looked at yet."""
        if tuple(model.input_shape[1:]) != data.x_eval.shape[1:]:
            raise ValueError(
                f"data must have images of {tuple(model.input_shape[1:])}, as the model, "
                f"got {data.x_eval.shape[1:]}"
            )
        self.model, self.data, self._uses = model, data, spatial_layers(model)
        self.layers = list(self._uses)
        self._last: FilterView | None = None

    @property
    def view(self) -> FilterView:
        """What was looked at last; the first channel of all, if nothing was."""
        return self._last or self.look()

    def channels(self, layer: str) -> int:
        """How many maps a layer has.

        Raises:
            ValueError: There is no such layer with rows and columns.
        """
        if layer not in self.layers:
            raise ValueError(f"layer must be one of {', '.join(self.layers)}, got {layer!r}")
        use = self._uses[layer]
        return int(use.output.shape[1 + use.depth])

    def look(self, image: Asked = 0, layer: str | None = None, channel: int = 0) -> FilterView:
        """Look at one channel.

        Args:
            image: The number of a test image; or the bytes of a file; or pixels between 0 and 1.
            layer: A layer with rows and columns; the first, if none is given.
            channel: One of its maps.

        Raises:
            ValueError: There is no such image, layer or channel, or the file cannot be read.
        """
        name = self.layers[0] if layer is None else layer
        channels = self.channels(name)
        number = as_int(channel)
        if number is None or not 0 <= number < channels:
            raise ValueError(f"channel must be from 0 to {channels - 1} in {name}, got {channel!r}")
        pixels, title = chosen(image, self.data)
        maps = attribution.activations(self.model, pixels, name)
        use = self._uses[name]
        self._last = FilterView(
            title=title,
            image=pixels,
            layer=name,
            channel=number,
            feature_map=np.take(maps, number, axis=use.depth).astype(float),
            kernel=_kernel(use.layer, number),
        )
        return self._last

    def draw(self, figure: Figure) -> None:
        """Draw what was looked at last."""
        self.view.draw(figure)

    def __repr__(self) -> str:
        return repr(self.view)


def _kernel(layer: Any, channel: int) -> Pixels | None:
    """The weights with which a convolution makes one of its maps."""
    if type(layer) is not keras.layers.Conv2D:
        return None
    return np.asarray(keras.ops.convert_to_numpy(layer.kernel)[..., channel], dtype=float)
