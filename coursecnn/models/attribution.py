"""Which pixels the answer of a network depends on.

- `occlusion_map(model, image, target)`: how much an answer falls where a patch hides the image;
- `grad_cam(model, image, target, layer)`: which places of a layer's maps speak for a class;
- `gradient(model, inputs, direction)`: how much a mixture of the outputs rises with each input.

They ask the network and change nothing in it: its weights stay, dropout is off, and a batch
normalisation uses its moving averages. All of it runs on every backend of Keras; where 64 bits are
asked for, JAX takes 32 unless it is told otherwise (`JAX_ENABLE_X64=1`).

>>> from coursecnn.backend import keras
>>> pixels = keras.Input((2, 2, 1))
>>> model = keras.Model(pixels, keras.layers.Dense(1)(keras.layers.Flatten()(pixels)))
>>> model.set_weights([np.array([[1.0], [2.0], [3.0], [4.0]]), np.zeros(1)])
>>> occlusion_map(model, np.ones((2, 2, 1)), target=0, patch=1, stride=1, fill=0)
array([[1., 2.],
       [3., 4.]])
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # whoever has a model has imported Keras
    from coursecnn.backend import keras

__all__ = ["grad_cam", "gradient", "occlusion_map"]

Array = npt.NDArray[np.float64]

BATCH = 64  # hidden copies of the image that the network sees at a time


def occlusion_map(
    model: keras.Model,
    image: npt.ArrayLike,
    target: int,
    patch: int = 8,
    stride: int = 4,
    fill: npt.ArrayLike | None = None,
) -> Array:
    """Measure how much the answer falls when a patch hides a part of the image.

    The patch is laid on every place that is a multiple of the stride, and along the right and the
    bottom edge, so that each pixel is hidden at least once.

    Args:
        model: A model from (batch, height, width, channels) to (batch, classes).
        image: Shape (height, width, channels), as the model takes it.
        target: The class whose output is watched.
        patch: Side of the square that hides, in pixels.
        stride: Pixels from one place of the patch to the next.
        fill: What the patch is painted with, a number or one for each channel; the mean colour of
            the image if none is given.

    Returns:
        For each pixel the fall of the output, averaged over the patches that hide this pixel;
        negative where hiding makes the answer surer. Shape (height, width).

    Raises:
        ValueError: The image is not one that the model takes, it has no such class, the patch is
            larger than the image, or the stride would leave pixels out.

    Source: M. D. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV
    2014, arXiv:1311.2901, section 4.2.

    Examples:
        A network that sees only the left half of the image:

        >>> from coursecnn.backend import keras
        >>> pixels = keras.Input((4, 4, 1))
        >>> left = keras.layers.Cropping2D(((0, 0), (0, 2)))(pixels)
        >>> model = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(left))
        >>> occlusion_map(model, np.ones((4, 4, 1)), 0, patch=2, stride=2, fill=0)
        array([[0.5, 0.5, 0. , 0. ],
               [0.5, 0.5, 0. , 0. ],
               [0.5, 0.5, 0. , 0. ],
               [0.5, 0.5, 0. , 0. ]])
    """
    pixels = _checked(model, image, target)
    height, width, _ = pixels.shape
    if not 1 <= patch <= min(height, width):
        raise ValueError(f"patch must be from 1 to the image's {min(height, width)}, got {patch!r}")
    if not 1 <= stride <= patch:
        raise ValueError(
            f"stride must be from 1 to the patch's {patch}, so that each pixel is hidden once, "
            f"got {stride!r}"
        )
    colour = pixels.mean(axis=(0, 1)) if fill is None else np.asarray(fill, dtype=float)
    corners = [
        (row, column)
        for row in _places(height, patch, stride)
        for column in _places(width, patch, stride)
    ]
    fall, hidden = np.zeros((height, width)), np.zeros((height, width))
    before = _answers(model, pixels[np.newaxis])[0, target]
    for (row, column), answer in zip(
        corners, _hidden_answers(model, pixels, corners, patch, colour), strict=True
    ):
        window = np.s_[row : row + patch, column : column + patch]
        fall[window] += before - answer[target]
        hidden[window] += 1
    return np.asarray(fall / hidden)


def grad_cam(model: keras.Model, image: npt.ArrayLike, target: int, layer: str) -> Array:
    """Add up the maps of a layer, each as strongly as it speaks for a class.

    The weight of a map is the mean, over its places, of the gradient of the class score. Scores
    are what the last softmax is given; without one, the outputs. Where the sum is negative, it
    speaks against the class, and is cut off. Everything is computed in 64 bits.

    Args:
        model: A functional or sequential model from (batch, height, width, channels) to
            (batch, classes).
        image: Shape (height, width, channels), as the model takes it.
        target: The class that is asked about.
        layer: A layer with rows and columns, through which all of the answer passes.

    Returns:
        The weighted sum at each place of the layer, not negative, shape (rows, columns). Only
        the proportions have a meaning.

    Raises:
        ValueError: The image is not one that the model takes, or it has no such class or layer;
            the layer's output has no rows and columns, or the answer does not pass through it.

    Source: R. R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
    Gradient-Based Localization", ICCV 2017, arXiv:1610.02391, equations 1 and 2.

    Examples:
        The mean of a map, doubled, is the score: each place counts a quarter of it.

        >>> from coursecnn.backend import keras
        >>> pixels = keras.Input((2, 2, 1))
        >>> maps = keras.layers.ReLU(name="maps")(pixels)
        >>> means = keras.layers.GlobalAveragePooling2D()(maps)
        >>> model = keras.Model(pixels, keras.layers.Dense(1, use_bias=False)(means))
        >>> model.set_weights([np.array([[2.0]])])
        >>> grad_cam(model, [[[1], [2]], [[3], [-4]]], target=0, layer="maps")
        array([[0.5, 1. ],
               [1.5, 0. ]])
    """
    from coursecnn.backend import keras

    pixels = _checked(model, image, target)
    scorer = _scorer(model)
    named = {each.name: each for each in scorer.layers}
    if layer not in named or len(named[layer].output.shape) != 4:
        spatial = [name for name, each in named.items() if len(each.output.shape) == 4]
        raise ValueError(
            f"layer must be one with rows and columns, such as {', '.join(spatial[-3:])}, "
            f"got {layer!r}"
        )
    maps = _answers(keras.Model(scorer.input, named[layer].output), pixels[np.newaxis])
    direction = np.eye(model.output_shape[-1])[[target]]
    slopes = gradient(_head(scorer, named[layer]), maps, direction)
    weights = slopes.mean(axis=(1, 2), keepdims=True)
    return np.asarray(np.maximum((maps * weights).sum(axis=-1), 0)[0])


def gradient(model: keras.Model, inputs: npt.ArrayLike, direction: npt.ArrayLike) -> Array:
    """Differentiate sum(direction * model(inputs)) by the inputs, in 64 bits.

    A step of gradient descent with rate 1 subtracts the gradient from weights that are added to
    the inputs and begin at 0: every backend of Keras can take such a step.

    Args:
        model: A model with one input and one output; it is copied, and stays as it is.
        inputs: Shape (batch, ...), as the model takes them.
        direction: How much each output counts, of the shape of the outputs.

    Returns:
        The gradient, of the shape of the inputs.

    Examples:
        >>> from coursecnn.backend import keras
        >>> x = keras.Input((2,))
        >>> square = keras.Model(x, keras.layers.Multiply()([x, x]))
        >>> gradient(square, [[3.0, 5.0]], direction=[[1.0, 10.0]])
        array([[  6., 100.]])
    """
    from coursecnn.backend import keras

    frozen = _in_double(model)

    class Shifted(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.shift = self.add_weight(shape=shape, initializer="zeros")

        def call(self, x: Any) -> Any:
            return frozen(x + self.shift, training=False)

    class Along(keras.losses.Loss):
        def call(self, along: Any, output: Any) -> Any:
            return keras.ops.sum(along * output, axis=tuple(range(1, len(output.shape))))

    values = np.asarray(inputs, dtype=float)
    shifted = Shifted(dtype="float64")
    batch = keras.Input(batch_shape=values.shape, dtype="float64")
    step = keras.Model(batch, shifted(batch))
    loss = Along(reduction="sum", dtype="float64")
    step.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=True)
    step.train_on_batch(values, np.asarray(direction, dtype=float))
    return np.asarray(-keras.ops.convert_to_numpy(shifted.shift))


def _checked(model: keras.Model, image: npt.ArrayLike, target: int) -> Array:
    """The image in 64 bits, if the model takes it and has the class."""
    pixels = np.asarray(image, dtype=float)
    expected = tuple(model.input_shape[1:])
    fits = len(pixels.shape) == len(expected) == 3 and all(
        size in (None, side) for size, side in zip(expected, pixels.shape, strict=True)
    )
    if not fits:
        raise ValueError(f"image must have the shape {expected}, got {pixels.shape}")
    classes = model.output_shape[-1]
    if not 0 <= target < classes:
        raise ValueError(f"target must be a class from 0 to {classes - 1}, got {target!r}")
    return pixels


def _places(size: int, patch: int, stride: int) -> list[int]:
    """Where a patch begins along one axis; the last one ends at the edge."""
    return [*range(0, size - patch, stride), size - patch]


def _hidden_answers(
    model: keras.Model, pixels: Array, corners: list[tuple[int, int]], patch: int, colour: Any
) -> Iterator[Array]:
    """What the model says for each corner, with a patch laid there."""
    for start in range(0, len(corners), BATCH):
        part = corners[start : start + BATCH]
        copies = np.repeat(pixels[np.newaxis], len(part), axis=0)
        for copy, (row, column) in zip(copies, part, strict=True):
            copy[row : row + patch, column : column + patch] = colour
        yield from _answers(model, copies)


def _answers(model: keras.Model, inputs: Array) -> Array:
    from coursecnn.backend import keras

    answers = keras.ops.convert_to_numpy(model(inputs.astype(model.input.dtype), training=False))
    return np.asarray(answers, dtype=float)


def _scorer(model: keras.Model) -> keras.Model:
    """A copy in 64 bits whose outputs are what the last softmax is given."""
    from coursecnn.backend import keras

    last = model.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        return _in_double(keras.Model(model.input, last.input))

    def copied(layer: Any) -> Any:
        copy = _copied(layer)
        if layer is last and getattr(layer, "activation", None) is keras.activations.softmax:
            copy.activation = keras.activations.linear
        return copy

    return _in_double(model, copied)


def _copied(layer: Any) -> Any:
    return type(layer).from_config({**layer.get_config(), "dtype": "float64"})


def _in_double(model: keras.Model, copied: Any = _copied) -> keras.Model:
    """A copy of a model in 64 bits, with its weights, which no training changes."""
    from coursecnn.backend import keras

    graph = keras.Model(model.input, model.output)
    start = keras.Input(graph.input.shape[1:], dtype="float64")
    double = keras.models.clone_model(graph, start, copied)
    double.set_weights(graph.get_weights())
    double.trainable = False
    return double


def _head(scorer: keras.Model, layer: Any) -> keras.Model:
    """The part of a model that follows a layer."""
    from coursecnn.backend import keras

    try:
        return keras.Model(layer.output, scorer.output)
    except ValueError as error:
        raise ValueError(
            f"layer must be one through which all of the answer passes, got {layer.name!r}, "
            "which has another way beside it"
        ) from error
