"""Draw a digit: a trained LeNet-5 reads what is drawn, and shows every map of every layer.

- `DigitReader(network, images, labels)`: what a notebook cell shows.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from coursecnn.convolution import Array, conv2d, pool2d
from coursecnn.interactive import page

FIELD = (28, 28)
# Kernels of the layers that have some. Of a dense layer they have one pixel.
KERNELS = {
    "C1": (5, 5, 1, 6),
    "C3": (5, 5, 6, 16),
    "C5": (5, 5, 16, 120),
    "F6": (1, 1, 120, 84),
    "output": (1, 1, 84, 10),
}
TOLERANCE = 0.02  # what rounding the weights may do to a probability
LAYERS = ("C1", "S2", "C3", "S4", "C5", "F6", "output")

Half: TypeAlias = npt.NDArray[np.float16]


class DigitReader:
    """A trained `lenet5` at work: it reads what is drawn in the page, while it is drawn.

    The page has the weights rounded to 16 bits, which makes it a quarter of what it would be in
    text. What is drawn is turned into 28×28 pixels as MNIST's digits were: scaled into a box of
    20×20 pixels, and shifted until its centre of mass lies in the middle.

    Args:
        network: `coursecnn.architectures.lenet.lenet5((28, 28, 1), padding=2)`, trained on pixels
            from 0 to 1.
        images: digits to begin with, shape (n, 28, 28, 1), from 0 to 255.
        labels: what they are, shape (n,).

    Examples:
        >>> from coursecnn import datasets, training
        >>> from coursecnn.training.recipes import RECIPES
        >>> digits = datasets.stand_in("mnist")
        >>> network = training.load_trained(RECIPES["lenet5"])
        >>> reader = DigitReader(network, digits.x_test[:3], digits.y_test[:3])
        >>> reader.layers(digits.x_test[0])["C3"].shape
        (10, 10, 16)
    """

    def __init__(self, network: Any, images: npt.ArrayLike, labels: npt.ArrayLike) -> None:
        """Round and keep the weights, and read the digits.

        Raises:
            ValueError: the network is another one, there are no digits, or they are not of MNIST's
                form.
        """
        self._weights = _rounded(network)
        self._images, self._labels = np.asarray(images), np.asarray(labels)
        shape = self._images.shape
        if len(shape) != 4 or shape[0] == 0 or shape[1:] != (*FIELD, 1):
            raise ValueError(f"images must have the shape (n, 28, 28, 1), n > 0, got {shape}")
        if self._images.dtype != np.uint8:
            raise ValueError(f"images must be of type uint8, got {self._images.dtype}")
        if self._labels.shape != shape[:1] or not set(self._labels.tolist()) <= set(range(10)):
            raise ValueError(
                f"labels must be {shape[0]} digits from 0 to 9, got {self._labels.tolist()}"
            )
        probabilities = [self.layers(image)["output"].ravel() for image in self._images]
        expected = network.predict(self._images / 255, verbose=0)
        # The same weights may belong to other activations, another pooling or other pixels.
        if not np.allclose(probabilities, expected, atol=TOLERANCE):
            raise ValueError("network must have tanh and average pooling: it answers otherwise")
        self.answers = np.argmax(probabilities, axis=-1).tolist()

    def layers(self, image: npt.ArrayLike) -> dict[str, Array]:
        """What each layer says about an image, as the page computes it.

        Args:
            image: shape (28, 28, 1), from 0 to 255.

        Returns:
            By the layer's name an array of (rows, columns, maps); the last one, "output", holds
            the ten probabilities, shape (1, 1, 10).
        """
        x: Array = np.asarray(image)[None] / 255
        found = {}
        for name in LAYERS:
            if name in self._weights:
                kernels, bias = (half.astype(float) for half in self._weights[name])
                x = conv2d(x, kernels, bias, padding=2 if name == "C1" else 0)
                x = softmax(x, axis=-1) if name == "output" else np.tanh(x)
            else:
                x = pool2d(x, 2, mode="average")
            found[name] = x[0]
        return found

    def __repr__(self) -> str:
        pairs = zip(self._labels.tolist(), self.answers, strict=True)
        read = ", ".join(f"{label} as {answer}" for label, answer in pairs)
        return f"Draw a digit\ntest digits: {read}"

    def _repr_html_(self) -> str:
        data = {
            "weights": {name: _plain(*weights) for name, weights in self._weights.items()},
            "digits": [
                {"label": label, "answer": answer, "bytes": page.in_base64(image.tobytes())}
                for image, label, answer in zip(
                    self._images, self._labels.tolist(), self.answers, strict=True
                )
            ],
            "palette": page.palette().tolist(),
        }
        return page.fragment("digits.js", "Draw a digit", data, self._static())

    def _static(self) -> str:
        """The first digit, and the ten probabilities."""
        image, label = self._images[0], self._labels[0]
        percents = 100 * self.layers(image)["output"].ravel()
        columns = np.stack([np.arange(10), percents.round()]).T
        return page.picture(image[..., 0], f"a {label}") + page.table(
            columns, "digit, probability in percent"
        )


def _rounded(network: Any) -> dict[str, tuple[Half, Half]]:
    """The kernels and the bias of each layer in 16 bits."""
    shapes = [tuple(weight.shape) for weight in network.weights]
    expected = [s for kernel in KERNELS.values() for s in (_in_keras(kernel), kernel[-1:])]
    if shapes != expected or network.input_shape[1:] != (*FIELD, 1):
        raise ValueError(
            f"network must be a lenet5 for 28×28 pixels and 10 classes, got {network.name!r} "
            f"for inputs of {network.input_shape[1:]} with weights of {shapes}"
        )
    weights = iter(np.asarray(array, np.float16) for array in network.get_weights())
    return {name: (next(weights).reshape(shape), next(weights)) for name, shape in KERNELS.items()}


def _in_keras(kernel: tuple[int, ...]) -> tuple[int, ...]:
    return kernel[2:] if kernel[:2] == (1, 1) else kernel


def _plain(kernels: Half, bias: Half) -> dict[str, object]:
    """As the page has it: two bytes a number, the lower first."""
    texts = [page.in_base64(half.astype("<f2").tobytes()) for half in (kernels, bias)]
    return {"kernels": {"shape": kernels.shape, "half": texts[0]}, "bias": texts[1]}
