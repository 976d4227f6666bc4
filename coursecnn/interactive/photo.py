"""A network of the course reads photographs in the page: its maps, and Grad-CAM over the picture.

- `PhotoReader(network, images, labels, classes)`: what a notebook cell shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from coursecnn import architectures
from coursecnn.interactive import page
from coursecnn.interactive.snapshot import Snapshot, snapshots

SIDE = 32  # pixels of what the network reads
# What a weight is written in: the characters of ASCII that neither JSON nor HTML must escape.
DIGITS = [chr(code) for code in range(33, 127) if chr(code) not in '"<\\']
MOST = (len(DIGITS) - 1) // 2  # a weight is a whole number from -45 to 45
WHITENED = "whitening"
# The name, the stride and whether it pools of every layer with maps; all but the first pad.
LAYERS = (
    (WHITENED, 2, False),
    ("conv1_1", 1, True),
    ("conv1_2", 1, False),
    ("conv2_1", 1, True),
    ("conv2_2", 1, False),
)

Array = npt.NDArray[np.float64]


class PhotoReader:
    """A trained `cifar10_fast` at work: it reads photographs in the page, the reader's own too.

    What is shown is cut to a square and scaled to 32×32 pixels, each the mean of what it covers.
    The page has the weights of the first layer in 16 bits. Each other filter has whole numbers from
    -45 to 45, one character of text each, and a scale: a third of a megabyte, of which a web server
    sends about 180 kB.

    Args:
        network: A `cifar10_fast`, trained on pixels from 0 to 1.
        images: Images of CIFAR-10 to begin with, shape (n, 32, 32, 3), from 0 to 255.
        labels: What they are, shape (n,).
        classes: The names of the ten classes.
        photographs: Photographs to begin with; those of `snapshots()` if none are given.

    Attributes:
        network: The network with the weights that the page has.
        answers: What it says to the images.

    Examples:
        >>> from coursecnn import datasets, training
        >>> from coursecnn.training.recipes import RECIPES
        >>> data = datasets.stand_in("cifar10")
        >>> trained = training.load_trained(RECIPES["fast"])
        >>> reader = PhotoReader(trained, data.x_test[:3], data.y_test[:3], data.classes)
        >>> reader.network.count_params()
        320480
    """

    def __init__(
        self,
        network: Any,
        images: npt.ArrayLike,
        labels: npt.ArrayLike,
        classes: Sequence[str],
        *,
        photographs: Iterable[Snapshot] | None = None,
    ) -> None:
        """Round the weights, keep the images and have them read.

        Raises:
            ValueError: The network is another one, the images are not of CIFAR-10's form, or a
                photograph is too large or its square not inside.
        """
        self._classes = [str(name) for name in classes]
        self._images, self._labels = np.asarray(images), np.asarray(labels)
        self._check_images()
        self._photographs = list(snapshots() if photographs is None else photographs)
        for one in self._photographs:
            one.check(least=SIDE)
        self.network = rounded(network)
        answers = self.network.predict(self._images / np.float32(255), verbose=0)
        self.answers: list[int] = np.argmax(answers, axis=-1).tolist()

    def _check_images(self) -> None:
        shape = self._images.shape
        if len(shape) != 4 or shape[0] == 0 or shape[1:] != (SIDE, SIDE, 3):
            raise ValueError(f"images must have the shape (n, 32, 32, 3), n > 0, got {shape}")
        if self._images.dtype != np.uint8:
            raise ValueError(f"images must be of type uint8, got {self._images.dtype}")
        if len(self._classes) != 10:
            raise ValueError(f"classes must be ten names, got {len(self._classes)}")
        if self._labels.shape != shape[:1] or not set(self._labels.tolist()) <= set(range(10)):
            raise ValueError(
                f"labels must be {shape[0]} numbers from 0 to 9, got {self._labels.tolist()}"
            )

    def __repr__(self) -> str:
        pairs = zip(self._labels.tolist(), self.answers, strict=True)
        read = ", ".join(f"{self._classes[a]} as {self._classes[b]}" for a, b in pairs)
        names = ", ".join(one.name for one in self._photographs) or "none"
        return f"Read a photograph\ntest images: {read}\nphotographs: {names}"

    def _repr_html_(self) -> str:
        data = {
            "layers": [_plain(self.network, name, stride, pools=p) for name, stride, p in LAYERS],
            "classifier": _plain_classifier(self.network),
            "classes": self._classes,
            "samples": [*self._plain_photographs(), *self._plain_images()],
        }
        return page.fragment("photo.js", "Read a photograph", data, self._static())

    def _plain_photographs(self) -> list[dict[str, object]]:
        return [
            one.plain()
            | {"label": self._classes.index(one.label) if one.label in self._classes else None}
            for one in self._photographs
        ]

    def _plain_images(self) -> list[dict[str, object]]:
        return [
            {
                "name": self._classes[label],
                "label": label,
                "answer": answer,
                "size": (SIDE, SIDE),
                "square": {"left": 0, "top": 0, "side": SIDE},
                "bytes": page.in_base64(image.tobytes()),
            }
            for image, label, answer in zip(
                self._images, self._labels.tolist(), self.answers, strict=True
            )
        ]

    def _static(self) -> str:
        """The first image, in grey, and the ten probabilities."""
        image = self._images[:1]
        grey = image[0].mean(axis=-1).round().astype(np.uint8)
        (answer,) = self.network.predict(image / np.float32(255), verbose=0)
        name = self._classes[int(self._labels[0])]
        said = ", ".join(
            f"{escape(one)} {100 * float(share):.0f} %"
            for one, share in zip(self._classes, answer, strict=True)
        )
        return f"{page.picture(grey, name)}<p>The network says: {said}.</p>"


def rounded(network: Any) -> Any:
    """A `cifar10_fast` with the weights that `PhotoReader` gives to a page.

    Args:
        network: A trained `cifar10_fast`; it stays as it is.

    Returns:
        Another one. The kernels of its first layer are rounded to 16 bits, those of the others to
        91 levels, from minus to plus the largest weight of each filter.

    Raises:
        ValueError: The network is another one.

    Examples:
        >>> network = rounded(architectures.build("cifar10_fast"))
        >>> kernel = network.get_layer("conv2_2").get_weights()[0]
        >>> len(np.unique(kernel[..., 0])) <= 91
        True
    """
    copy = architectures.build("cifar10_fast")
    shapes, expected = ([tuple(w.shape) for w in one.weights] for one in (network, copy))
    if shapes != expected or network.input_shape[1:] != (SIDE, SIDE, 3):
        raise ValueError(
            f"network must be a cifar10_fast for 32×32 pixels and 10 classes, got "
            f"{network.name!r} for inputs of {network.input_shape[1:]}"
        )
    weights = network.get_weights()
    kernels = [_leveled(w) if w.ndim > 1 else w for w in weights]
    kernels[0] = weights[0].astype(np.float16).astype(np.float32)
    copy.set_weights(kernels)
    return copy


def _leveled(kernel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    numbers, scale = _levels(kernel)
    return (numbers * scale).astype(np.float32)


def _levels(kernel: npt.NDArray[np.float32]) -> tuple[Array, Array]:
    """Whole numbers, and for each filter what they are multiplied by."""
    values = kernel.astype(float)
    largest = np.abs(values).max(axis=tuple(range(values.ndim - 1)))
    scale = np.where(largest > 0, largest, 1) / MOST
    return np.round(values / scale), scale


def _plain(network: Any, name: str, stride: int, *, pools: bool) -> dict[str, object]:
    """A layer as the page has it."""
    layer: dict[str, object] = {"name": name, "stride": stride, "pools": pools}
    if name == WHITENED:
        kernel, shift = network.get_layer(name).get_weights()
        half = page.in_base64(kernel.astype("<f2").tobytes())
        return layer | {
            "padding": 0,
            "shape": kernel.shape,
            "half": half,
            "scale": [1] * len(shift),
            "shift": _short(shift),
        }
    (kernel,) = network.get_layer(name).get_weights()
    normalisation = network.get_layer(f"{name}_bn")
    beta, mean, variance = (w.astype(float) for w in normalisation.get_weights())
    deviation = np.sqrt(variance + normalisation.epsilon)
    numbers, scale = _levels(kernel)
    return layer | {
        "padding": 1,
        "shape": kernel.shape,
        "levels": _as_text(numbers),
        "scale": _short(scale / deviation),
        "shift": _short(beta - mean / deviation),
    }


def _plain_classifier(network: Any) -> dict[str, object]:
    (kernel,) = network.get_layer("logits").get_weights()
    numbers, scale = _levels(kernel)
    factor = network.get_layer("scale").scale
    return {
        "shape": (1, 1, *kernel.shape),
        "levels": _as_text(numbers),
        "scale": _short(scale * factor),
    }


def _as_text(numbers: Array) -> str:
    return "".join(DIGITS[int(number) + MOST] for number in numbers.ravel())


def _short(numbers: npt.ArrayLike) -> list[float]:
    """Numbers to as many places as float32 has."""
    return [float(f"{number:.8g}") for number in np.asarray(numbers, dtype=float)]
