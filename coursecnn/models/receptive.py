"""The effective receptive field of a Keras network: where the gradient of a unit is large.

- `effective_field(model, layer, images)`: a number for each pixel;
- `effective_width(squares)`: the side of the square in the middle that holds most of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from coursecnn.models.attribution import gradient

if TYPE_CHECKING:  # whoever has a model has imported Keras
    from coursecnn.backend import keras

Array = npt.NDArray[np.float64]

SHARE = 0.95  # of the squares: what lies within two standard deviations of a bell curve


def effective_field(
    model: keras.Model, layer: str, images: npt.ArrayLike, seed: int | None = 0
) -> Array:
    """Measure how much each pixel moves the middle unit of a map: the squared gradient.

    The unit is a random mixture of the channels at the middle of the map, position (rows // 2,
    columns // 2). The squares are averaged over the images and added up over their channels.

    Everything is computed in 64 bits, and with weights that NumPy draws, so that all machines
    find the same numbers to many digits. A batch normalisation uses its moving averages.

    Args:
        model: A functional model from (batch, height, width, channels); with a seed, one that was
            built without its weights will do.
        layer: The layer whose middle unit is asked.
        images: Shape (batch, height, width, channels).
        seed: Of He's normal distribution, from which the kernels are drawn, without biases; None
            for the weights that the model has.

    Returns:
        The squares, shape (height, width).

    Raises:
        ValueError: The model has no such layer, or its output has no rows and columns.

    Source: W. Luo, Y. Li, R. Urtasun, R. Zemel, "Understanding the Effective Receptive Field in
    Deep Convolutional Neural Networks", NIPS 2016, arXiv:1701.04128.

    Examples:
        >>> from coursecnn.backend import keras
        >>> image = keras.Input((5, 5, 1))
        >>> model = keras.Model(image, keras.layers.Conv2D(4, 3, name="conv")(image))
        >>> (effective_field(model, "conv", np.ones((1, 5, 5, 1))) > 0).astype(int)
        array([[0, 0, 0, 0, 0],
               [0, 1, 1, 1, 0],
               [0, 1, 1, 1, 0],
               [0, 1, 1, 1, 0],
               [0, 0, 0, 0, 0]])
    """
    rng = np.random.default_rng(seed)
    trunk = _trunk(model, layer, rng if seed is not None else None)
    pixels = np.asarray(images, dtype=float)
    _, rows, columns, channels = trunk.output.shape
    direction = np.zeros((len(pixels), rows, columns, channels))
    direction[:, rows // 2, columns // 2] = rng.normal(size=(len(pixels), channels))
    squares = np.square(gradient(trunk, pixels, direction))
    return np.asarray(squares.mean(axis=0).sum(axis=-1))


def effective_width(squares: npt.ArrayLike, share: float = SHARE) -> int:
    """The side of the smallest square in the middle of a field that holds most of it.

    Args:
        squares: Squared gradients, or numbers of paths, shape (size, size).
        share: How much of their sum.

    Returns:
        Pixels; as even or odd as the size.

    Examples:
        >>> effective_width([[1, 1, 1], [1, 192, 1], [1, 1, 1]])
        1
    """
    field = np.asarray(squares, dtype=float)
    size = len(field)
    inside = (field[i : size - i, i : size - i].sum() for i in range((size + 1) // 2))
    enough = sum(part >= share * field.sum() for part in inside)
    return size - 2 * (int(enough) - 1)


def _trunk(model: keras.Model, layer: str, rng: np.random.Generator | None) -> keras.Model:
    """The model up to a layer, in 64 bits, with its own weights or with others."""
    from coursecnn.backend import keras

    def in_double(layer: Any) -> Any:
        return type(layer).from_config({**layer.get_config(), "dtype": "float64"})

    part = keras.Model(model.input, model.get_layer(layer).output)
    if len(part.output.shape) != 4:
        raise ValueError(
            f"layer must have an output of (batch, rows, columns, channels), got {layer!r} with "
            f"{part.output.shape}"
        )
    image = keras.Input(part.input.shape[1:], dtype="float64")
    double = keras.models.clone_model(part, image, in_double)
    if rng is None:
        double.set_weights(part.get_weights())
    else:
        for weight in double.trainable_weights:
            weight.assign(_drawn(rng, tuple(weight.shape), weight.name))
    double.trainable = False
    return double


def _drawn(rng: np.random.Generator, shape: tuple[int, ...], name: str) -> Array:
    """He's normal distribution for a kernel, 1 for a scale, 0 for a shift or a bias."""
    if len(shape) == 1:
        return np.full(shape, float(name == "gamma"))
    return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
