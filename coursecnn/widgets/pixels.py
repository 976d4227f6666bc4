"""Which pixels an answer depends on: of a test image, or of a picture of one's own.

- `AttributionExperiment(model, data)`: asks a network, with controls to ask more;
- `Explanation`: an answer, its occlusion map and its Grad-CAM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursecnn._checks import as_int
from coursecnn.backend import keras
from coursecnn.datasets import Dataset
from coursecnn.figures import DIVERGING
from coursecnn.models import attribution
from coursecnn.widgets.panel import Asked, Experiment, Picture, Pixels, chosen, spatial_layers

SEQUENTIAL = "viridis"  # colour-blind safe, and readable in grey
TRANSPARENCY = 0.65

Map: TypeAlias = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(Picture):
    """Which pixels speak for a class, in two ways, beside the picture.

    Attributes:
        title: What the picture is called.
        image: Its pixels between 0 and 1, shape (height, width, channels).
        answers: The probability of each class, by its name.
        target: The class that was asked about.
        layer: The layer whose maps Grad-CAM adds up.
        occlusion: For each pixel how much the probability falls where it is hidden.
        cam: Grad-CAM, shape (rows, columns) of the layer.

    Examples:
        >>> answers, square = {"cat": 0.75, "dog": 0.25}, np.eye(2)
        >>> Explanation("mine", square[..., np.newaxis], answers, "cat", "conv", square, square)
        mine: the network says cat, 75.0%
        cat loses most, 100.0 points, where a patch hides row 0, column 0
    """

    title: str
    image: Pixels
    answers: dict[str, float]
    target: str
    layer: str
    occlusion: Map
    cam: Map

    @property
    def said(self) -> str:
        """The class that the network names."""
        return max(self.answers, key=self.answers.__getitem__)

    def __repr__(self) -> str:
        row, column = np.unravel_index(self.occlusion.argmax(), self.occlusion.shape)
        lines = [f"{self.title}: the network says {self.said}, {self.answers[self.said]:.1%}"]
        if self.target != self.said:
            lines.append(f"asked about: {self.target}, {self.answers[self.target]:.1%}")
        lines.append(
            f"{self.target} loses most, {100 * self.occlusion.max():.1f} points, where a patch "
            f"hides row {row}, column {column}"
        )
        return "\n".join(lines)

    def draw(self, figure: Figure) -> None:
        """Draw the picture, and both maps over it."""
        figure.set_size_inches(8.4, 3.1)
        whole, hidden, weighted = figure.subplots(1, 3)
        shown = self.image if self.image.shape[-1] == 3 else self.image[..., 0]
        whole.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        whole.set_title(f"{self.title}\nsaid: {self.said}, {self.answers[self.said]:.0%}")
        most = max(float(np.abs(self.occlusion).max()), 1e-9)
        falls = self._overlay(hidden, 100 * self.occlusion, DIVERGING, (-100 * most, 100 * most))
        hidden.set_title(f"occlusion\n{self.target}")
        figure.colorbar(falls, ax=hidden, label="points lost if hidden", shrink=0.8)
        share = self.cam / max(float(self.cam.max()), 1e-9)
        weights = self._overlay(weighted, share, SEQUENTIAL, (0, 1))
        weighted.set_title(f"Grad-CAM at {self.layer}\n{self.target}")
        figure.colorbar(weights, ax=weighted, label="share of the largest", shrink=0.8)
        for axis in (whole, hidden, weighted):
            axis.set(xlabel="column", ylabel="row")
            axis.grid(visible=False)

    def _overlay(self, axis: Axes, values: Map, cmap: str, limits: tuple[float, float]) -> Any:
        """Lay a map over the picture in grey, and stretch it to the picture's size."""
        height, width, _ = self.image.shape
        edges = (-0.5, width - 0.5, height - 0.5, -0.5)
        axis.imshow(self.image.mean(axis=-1), cmap="gray", vmin=0, vmax=1, extent=edges)
        low, high = limits
        return axis.imshow(
            values,
            cmap=cmap,
            vmin=low,
            vmax=high,
            alpha=TRANSPARENCY,
            extent=edges,
            interpolation="nearest",
        )


class AttributionExperiment(Experiment):
    """Ask a network on which pixels its answer depends.

    Args:
        model: From images between 0 and 1 to probabilities, as `training.load_trained` returns it.
        data: Its test images are there to choose from; the reader's own picture is cut and scaled
            to their size.
        layer: Where Grad-CAM looks unless told otherwise; the last with rows and columns if none.

    Raises:
        ValueError: The model and the data do not go together, or the model has no layer
            with rows and columns.

    Examples:
        >>> from coursecnn import architectures, datasets
        >>> model = architectures.build("mnist_tutorial")
        >>> experiment = AttributionExperiment(model, datasets.stand_in("mnist"))
        >>> experiment.explain(3, target=7).occlusion.shape
        (28, 28)
    """

    def __init__(self, model: keras.Model, data: Dataset, layer: str | None = None) -> None:
        """Keep the model and the images; nothing is asked yet."""
        expected = (tuple(model.input_shape[1:]), model.output_shape[-1])
        if expected != (data.x_eval.shape[1:], len(data.classes)):
            raise ValueError(
                f"data must have images of {expected[0]} in {expected[1]} classes, as the model, "
                f"got {data.x_eval.shape[1:]} in {len(data.classes)}"
            )
        self.model, self.data, self.layers = model, data, list(spatial_layers(model))
        self.layer = self.layers[-1] if layer is None else layer
        self._last: Explanation | None = None

    @property
    def explanation(self) -> Explanation:
        """The last answer; that about the first test image, if nothing was asked."""
        return self._last or self.explain(0)

    def explain(
        self,
        image: Asked,
        target: int | None = None,
        layer: str | None = None,
        patch: int = 8,
        stride: int = 4,
    ) -> Explanation:
        """Ask about one picture.

        Args:
            image: The number of a test image; or the bytes of a file; or pixels between 0 and 1.
            target: A class; the one that the network names, if none is given.
            layer: Whose maps Grad-CAM adds up.
            patch: Side of the square that hides pixels.
            stride: Pixels from one place of it to the next.

        Raises:
            ValueError: There is no such image, class or layer, the file cannot be read, or the
                patch and the stride do not fit.
        """
        pixels, title = chosen(image, self.data)
        asked = self.model(pixels[np.newaxis].astype("float32"), training=False)
        answers = keras.ops.convert_to_numpy(asked)[0].astype(float)
        goal = int(answers.argmax()) if target is None else _class(target, self.data)
        where = self.layer if layer is None else layer
        occlusion = attribution.occlusion_map(self.model, pixels, goal, patch, stride)
        self._last = Explanation(
            title=title,
            image=pixels,
            answers=dict(zip(self.data.classes, answers.tolist(), strict=True)),
            target=self.data.classes[goal],
            layer=where,
            occlusion=np.asarray(occlusion, float),
            cam=np.asarray(attribution.grad_cam(self.model, pixels, goal, where), float),
        )
        return self._last

    def draw(self, figure: Figure) -> None:
        """Draw the last answer."""
        self.explanation.draw(figure)

    def __repr__(self) -> str:
        return repr(self.explanation)


def _class(target: Any, data: Dataset) -> int:
    """Read the number of a class."""
    number = as_int(target)
    if number is None or not 0 <= number < len(data.classes):
        raise ValueError(
            f"target must be a class from 0 to {len(data.classes) - 1}, got {target!r}"
        )
    return number
