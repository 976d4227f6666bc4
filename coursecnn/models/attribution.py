"""Which pixels the answer of a network depends on.

- `occlusion_map(model, image, target)`: how much an answer falls where a patch hides the image;
- `grad_cam(model, image, target, layer)`: which places of a layer's maps speak for a class;
- `gradient(model, inputs, direction)`: how much a mixture of the outputs rises with each input;
- `activations(model, image, layer)`: what a layer says about an image.

Models may be functional or sequential, hold other models, and have several inputs and outputs:

- An image is an array; for several inputs, a list in their order or a dictionary by their names.
- `output` says which of several outputs is asked, by its number or its name.
- A layer is named, by its path if it lies in a model inside ("backbone/last_conv"), or passed
  itself; `call` says which use is meant, counted from 0, if there are several.
- A target is a class. For one sigmoid unit, 1 is its class and 0 the other. For an output with
  places, such as a segmentation, it is a tuple: (row, column, class).

They ask the network and change nothing in it: its weights stay, dropout is off, and a batch
normalisation uses its moving averages. Gradients are computed in 64 bits with copies of the layers;
where a layer cannot be copied, as one with a function of one's own, the model's layers themselves
are asked, and the result is in float32. All of it runs on every backend of Keras; where 64 bits are
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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from coursecnn import _keras_private
from coursecnn._checks import as_int
from coursecnn._values import shown
from coursecnn.models import _ask, _keras_graph, _rerun
from coursecnn.models._channels import Channels
from coursecnn.models._keras_graph import Traced

if TYPE_CHECKING:  # what has a model has imported Keras
    from coursecnn.backend import keras

__all__ = ["activations", "grad_cam", "gradient", "occlusion_map"]

Array = npt.NDArray[np.floating[Any]]
Images = npt.ArrayLike | Sequence[npt.ArrayLike] | Mapping[str, npt.ArrayLike]
Target = int | tuple[int, ...]

BATCH = 64  # hidden copies of the image that the network sees at a time


def occlusion_map(
    model: keras.Model,
    image: Images,
    target: Target,
    patch: int = 8,
    stride: int = 4,
    fill: npt.ArrayLike | None = None,
    *,
    input: int | str | None = None,  # noqa: A002 - the word of Keras
    output: int | str | None = None,
) -> Array:
    """Measure how much the answer falls when a patch hides a part of the image.

    The patch is laid on every place that is a multiple of the stride, and along the right and the
    bottom edge, so that each pixel is hidden at least once.

    Args:
        model: Any model from (batch, height, width, channels), a subclassed one included.
        image: Shape (height, width, channels), or with the channels first, as the model takes it;
            several for several inputs.
        target: The class whose output is watched.
        patch: Side of the square that hides, in pixels.
        stride: Pixels from one place of the patch to the next.
        fill: What the patch is painted with, a number or one for each channel; the mean colour of
            the image if none is given.
        input: Which input's image is hidden; the only one that is an image if none is given.
        output: Which output is watched, if there are several.

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
    asked = _Asked.of(model, image, output)
    place = _image_input(asked, input)
    depth = asked.channels(place)
    pixels = np.moveaxis(np.asarray(asked.values[place][0], dtype=float), depth, -1)
    index, sign, constant = _class(asked, target)
    corners = _corners(pixels, patch, stride)
    patch = int(patch)
    colour = pixels.mean(axis=(0, 1)) if fill is None else _numbers("fill", fill)
    if colour.shape not in ((), pixels.shape[2:]):
        raise ValueError(
            f"fill must be a number, or one for each of the {pixels.shape[2]} channels, got "
            f"{shown(fill)}"
        )
    fall, hidden = np.zeros(pixels.shape[:2]), np.zeros(pixels.shape[:2])
    before = constant + sign * float(asked.answer[(0, *index)])
    for (row, column), answer in zip(
        corners, _hidden_answers(asked, place, pixels, corners, patch, colour), strict=True
    ):
        window = np.s_[row : row + patch, column : column + patch]
        fall[window] += before - (constant + sign * answer[index])
        hidden[window] += 1
    return np.asarray(fall / hidden)


def grad_cam(
    model: keras.Model,
    image: Images,
    target: Target,
    layer: Any,
    *,
    output: int | str | None = None,
    call: int | None = None,
) -> Array:
    """Add up the maps of a layer, each as strongly as it speaks for a class.

    The weight of a map is the mean, over its places, of the gradient of the class score. Scores
    are what the last softmax or sigmoid is given, however it is written; of an average of several,
    such as an ensemble gives, the average of what each is given; without one, the outputs.
    The score of the other class of a sigmoid unit is that of its own with the sign turned. Where
    the sum is negative, it speaks against the class, and is cut off.

    Args:
        model: A functional or sequential model, or a subclassed one that was built and does
            everything with layers and `keras.ops`.
        image: As the model takes it, without the batch; several for several inputs.
        target: The class that is asked about.
        layer: A layer with rows and columns, through which all of the answer passes: its name, its
            path, or the layer itself.
        output: Which output is asked, if there are several.
        call: Which use of the layer is meant, if there are several.

    Returns:
        The weighted sum at each place of the layer, not negative, shape (rows, columns). Only
        the proportions have a meaning. In float64; in float32 where a layer cannot be copied.

    Raises:
        ValueError: The image is not one that the model takes, or it has no such class, output or
            layer; the layer's output has no rows and columns, or the answer does not pass through
            it, or not all of it; the model's calls cannot be followed.

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
    asked = _Asked.of(model, image, output)
    index, sign, _ = _class(asked, target)
    network = _rerun.Network.of(model, asked.values, asked.answers)
    found = _spatial_layer(network.traced, layer, call)
    _check_passed(network, found, asked.output)
    (maps,) = network.run(asked.values, [found.output])
    values = _in_numpy(maps)
    instead, _ = _rerun.scores(network.traced, network.traced.outputs[asked.output])

    def score(parts: Sequence[Any]) -> Any:
        given = {id(found.output): parts[0]}
        wanted = [network.traced.outputs[asked.output]]
        (answer,) = network.run(asked.values, wanted, given, instead)
        return sign * answer[(0, *index)]

    (gradients,) = _rerun.slopes(score, [values], network.dtype)
    depth = 1 + found.depth
    places = tuple({1, 2, 3} - {depth})
    weights = gradients.mean(axis=places, keepdims=True)
    return np.asarray(np.maximum((values * weights).sum(axis=depth), 0)[0])


def gradient(model: keras.Model, inputs: Images, direction: Images) -> Any:
    """Differentiate sum(direction * model(inputs)) by the inputs, in 64 bits.

    Args:
        model: Any model; its layers are copied, and stay as they are.
        inputs: Shape (batch, ...), as the model takes them; a list or a dictionary for several.
        direction: How much each output counts, of the shape of the outputs; a list or a dictionary
            for several.

    Returns:
        The gradient, of the shape of the inputs; a list or a dictionary where they are one. In
        float64; in float32 where a layer cannot be copied.

    Raises:
        ValueError: The inputs or the direction do not have the model's shapes, or the inputs are
            whole numbers.

    Examples:
        >>> from coursecnn.backend import keras
        >>> x = keras.Input((2,))
        >>> square = keras.Model(x, keras.layers.Multiply()([x, x]))
        >>> gradient(square, [[3.0, 5.0]], direction=[[1.0, 10.0]])
        array([[  6., 100.]])
    """
    asked = _Asked.of_batch(model, inputs)
    along = _listed("direction", direction, asked.output_names)
    for name, part, answer in zip(asked.output_names, along, asked.answers, strict=True):
        if part.shape != answer.shape:
            raise ValueError(
                f"direction must have the shape {answer.shape} of the output {name!r}, got "
                f"{part.shape}"
            )
    network = _rerun.Network.of(model, asked.values, asked.answers)

    def mixture(parts: Sequence[Any]) -> Any:
        from coursecnn.backend import keras

        answers = network.run(parts, network.traced.outputs)
        products = [
            keras.ops.sum(keras.ops.cast(way, network.dtype) * keras.ops.cast(x, network.dtype))
            for way, x in zip(along, answers, strict=True)
        ]
        return sum(products[1:], start=products[0])

    found = _rerun.slopes(mixture, _floats(asked), network.dtype)
    if isinstance(inputs, Mapping):
        return dict(zip(asked.names, found, strict=True))
    return found if len(found) > 1 else found[0]


def activations(model: keras.Model, image: Images, layer: Any, *, call: int | None = None) -> Array:
    """Compute what a layer says about an image, in the model's own precision.

    Args:
        model: Functional or sequential, or subclassed as for `grad_cam`.
        image: As the model takes it, without the batch; several for several inputs.
        layer: Its name, its path, or the layer itself.
        call: Which use of the layer is meant, if there are several.

    Returns:
        The layer's output, without the batch.

    Raises:
        ValueError: The image is not one that the model takes, or it has no such layer.

    Examples:
        >>> from coursecnn.backend import keras
        >>> pixels = keras.Input((2, 1, 1))
        >>> model = keras.Model(pixels, keras.layers.ReLU(name="relu")(pixels))
        >>> activations(model, [[[-1]], [[2]]], "relu").ravel()
        array([0., 2.], dtype=float32)
    """
    traced = _keras_graph.traced(model)
    inputs = _ask.inputs(model, traced)
    values = _read(image, list(inputs.values()), list(inputs))
    network = _rerun.Network(traced, inputs, {}, "float32")
    (found,) = network.run(values, [_ask.find(traced, layer, call).output])
    return _in_numpy(found)[0]


@dataclass(frozen=True, eq=False)
class _Asked:
    """A model, what it was given, and what it said.

    Attributes:
        model: The model.
        traced: Its calls; None if they cannot be followed.
        names: Of its inputs.
        values: Of each input, with a batch.
        output_names: Of its outputs.
        answers: What it said, an array for each output.
        output: The number of the output that is asked.
        by_name: Whether it was given a dictionary.
    """

    model: keras.Model
    traced: Traced | None
    names: list[str]
    values: list[Array]
    output_names: list[str]
    answers: list[Array]
    output: int
    by_name: bool

    @classmethod
    def of(cls, model: keras.Model, image: Images, output: Any) -> _Asked:
        """Ask about one image."""
        return cls._of(model, image, output, batch=False)

    @classmethod
    def of_batch(cls, model: keras.Model, inputs: Images) -> _Asked:
        """Ask about several at once."""
        return cls._of(model, inputs, 0, batch=True)

    @classmethod
    def _of(cls, model: keras.Model, given: Images, output: Any, *, batch: bool) -> _Asked:
        _keras_graph.check_model(model)
        traced = _traced(model)
        if traced is None:
            inputs: dict[str, Any] = dict.fromkeys(_names_of(given))
        else:
            inputs = _ask.inputs(model, traced)
        values = _read(given, list(inputs.values()), list(inputs), batch=batch)
        by_name = isinstance(given, Mapping)
        answers = _answers(model, list(inputs), values, by_name=by_name)
        names = _output_names(model, answers)
        number = _ask.pick("output", names, output)
        said = list(answers.values())
        return cls(model, traced, list(inputs), values, names, said, number, by_name)

    @property
    def answer(self) -> Array:
        """What the output said that is asked."""
        return self.answers[self.output]

    def channels(self, place: int) -> int:
        """The axis of the channels in the image of an input; the last where nothing says it."""
        if self.traced is None:
            return -1
        tensors = list(_ask.inputs(self.model, self.traced).values())
        return Channels.of(self.traced.calls).axis(tensors[place])

    def again(self, place: int, images: Array) -> Array:
        """What that output says to other images at one of the inputs."""
        values = [np.repeat(value, len(images), axis=0) for value in self.values]
        values[place] = images
        answers = _answers(self.model, self.names, values, by_name=self.by_name)
        return list(answers.values())[self.output]


def _traced(model: keras.Model) -> Traced | None:
    """The calls of a model, if it has a graph or its `call` can be followed."""
    try:
        return _keras_graph.traced(model)
    except ValueError:
        return None


def _names_of(given: Any) -> list[str]:
    """Names for the inputs of a model that does not say how many it has."""
    if isinstance(given, Mapping):
        return list(given)
    several = isinstance(given, list | tuple) and all(isinstance(x, np.ndarray) for x in given)
    return [f"input {n}" for n in range(len(given))] if several else ["input"]


def _read(
    given: Any, tensors: Sequence[Any], names: Sequence[str], *, batch: bool = False
) -> list[Array]:
    """The arrays for the inputs of a model, in their order and with a batch."""
    what = "inputs" if batch else "image"
    parts = _listed(what, given, names)
    found = []
    for name, part, tensor in zip(names, parts, tensors, strict=True):
        whole = tensor is not None and "float" not in str(tensor.dtype)
        value = (part if batch else part[np.newaxis]).astype(part.dtype if whole else float)
        expected = None if tensor is None else tuple(tensor.shape[1:])
        fits = expected is None or (
            len(value.shape) == len(expected) + 1
            and all(
                size in (None, side) for size, side in zip(expected, value.shape[1:], strict=True)
            )
        )
        if not fits:
            of = f" for the input {name!r}" if len(names) > 1 else ""
            raise ValueError(f"{what} must have the shape {expected}{of}, got {value.shape[1:]}")
        found.append(value)
    return found


def _listed(what: str, given: Any, names: Sequence[str]) -> list[Array]:
    """One array for each name, of a list, a dictionary, or a single one."""
    if isinstance(given, Mapping):
        if set(given) != set(names):
            raise ValueError(
                f"{what} must be given for {', '.join(map(repr, names))}, got {sorted(given)}"
            )
        return [_numbers(what, given[name]) for name in names]
    if len(names) == 1:
        alone = isinstance(given, list | tuple) and len(given) == 1
        is_array = alone and isinstance(given[0], np.ndarray) and what == "inputs"
        return [_numbers(what, given[0] if is_array else given)]
    if not isinstance(given, list | tuple) or len(given) != len(names):
        raise ValueError(
            f"{what} must be a list of {len(names)} arrays or a dictionary, for "
            f"{', '.join(map(repr, names))}, got {type(given).__name__}"
        )
    return [_numbers(what, part) for part in given]


def _numbers(what: str, value: Any) -> Array:
    """Read an array of finite numbers, or of texts as bytes, for a model that takes texts."""
    array = np.asarray(value)
    if array.dtype.kind in "iubS":
        return array
    try:
        array = np.asarray(array, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{what} must hold numbers, got {shown(value)}") from None
    if not np.isfinite(array).all():
        raise ValueError(f"{what} must hold finite numbers, got some that are not")
    return array


def _answers(
    model: keras.Model, names: Sequence[str], values: Sequence[Array], *, by_name: bool
) -> dict[str, Array]:
    """What a model says, by the names of its outputs or by their numbers."""
    from coursecnn.backend import keras

    cast = [
        value.astype(_dtype(model, n)) if value.dtype.kind == "f" else value
        for n, value in enumerate(values)
    ]
    answers = model(_structured(model, names, cast, by_name=by_name), training=False)
    flat = [_in_numpy(x) for x in keras.tree.flatten(answers)]
    keys = sorted(answers) if isinstance(answers, Mapping) else map(str, range(len(flat)))
    return dict(zip(keys, flat, strict=True))


def _dtype(model: keras.Model, number: int) -> str:
    inputs = getattr(model, "inputs", None) or []
    return inputs[number].dtype if number < len(inputs) else "float32"


def _structured(
    model: keras.Model, names: Sequence[str], values: list[Array], *, by_name: bool
) -> Any:
    """The inputs in the form in which the model takes them."""
    from coursecnn.backend import keras

    if _keras_private.graph_of(model) is not None:
        structure = _keras_private.input_structure(model)
        return keras.tree.pack_sequence_as(structure, values)
    if by_name:
        return dict(zip(names, values, strict=True))
    return values if len(values) > 1 else values[0]


def _output_names(model: keras.Model, answers: Mapping[str, Array]) -> list[str]:
    """The names of a model's outputs; those of the layers, unless it gives a dictionary."""
    names = list(getattr(model, "output_names", None) or [])
    unnamed = all(name.isdigit() for name in answers)
    return names if unnamed and len(names) == len(answers) else list(answers)


def _image_input(asked: _Asked, chosen: Any) -> int:
    """The number of the input that is hidden in parts."""
    images = [n for n, value in enumerate(asked.values) if value.ndim == 4]
    if chosen is None and len(images) == 1:
        return images[0]
    number = _ask.pick("input", asked.names, chosen)
    if number not in images:
        raise ValueError(
            f"input must be one with images of (height, width, channels), got "
            f"{asked.names[number]!r} with {asked.values[number].shape[1:]}"
        )
    return number


def _class(asked: _Asked, target: Any) -> tuple[tuple[int, ...], int, int]:
    """The place of a class in the output, the sign of its score, and what its share is taken from.

    The share of the other class of a sigmoid unit is 1 - p: sign -1, taken from 1.
    """
    shape = asked.answer.shape[1:]
    two_classes = bool(shape) and shape[-1] == 1 and _is_sigmoid(asked)
    limits = (*shape[:-1], 2) if two_classes else shape
    place = _place(target, limits)
    if not two_classes:
        return place, 1, 0
    return (*place[:-1], 0), (1 if place[-1] else -1), (0 if place[-1] else 1)


def _is_sigmoid(asked: _Asked) -> bool:
    if asked.traced is None:
        return False
    return _rerun.scores(asked.traced, asked.traced.outputs[asked.output])[1] == {"sigmoid"}


def _place(target: Any, limits: tuple[int, ...]) -> tuple[int, ...]:
    """Read a target as an index of the output.

    Raises:
        ValueError: There is no such one.
    """
    parts = target if isinstance(target, tuple | list) else (target,)
    single = len(parts) == 1 and all(limit == 1 for limit in limits[:-1])
    numbers = [
        as_int(part) for part in ([0] * (len(limits) - 1) + list(parts) if single else parts)
    ]
    fits = len(numbers) == len(limits) and all(
        n is not None and 0 <= n < limit for n, limit in zip(numbers, limits, strict=True)
    )
    if fits:
        return tuple(n for n in numbers if n is not None)
    if len(limits) < 2:
        raise ValueError(
            f"target must be a class from 0 to {(limits or (1,))[-1] - 1}, got {target!r}"
        )
    raise ValueError(
        f"target must be a tuple, a place and a class, each below {limits}, got {target!r}"
    )


def _corners(pixels: Array, patch: Any, stride: Any) -> list[tuple[int, int]]:
    """Where patches are laid.

    Raises:
        ValueError: The patch is larger than the image, or the stride would leave pixels out.
    """
    height, width = pixels.shape[:2]
    side, step = as_int(patch), as_int(stride)
    if side is None or not 1 <= side <= min(height, width):
        raise ValueError(f"patch must be from 1 to the image's {min(height, width)}, got {patch!r}")
    if step is None or not 1 <= step <= side:
        raise ValueError(
            f"stride must be from 1 to the patch's {side}, so that each pixel is hidden once, "
            f"got {stride!r}"
        )
    rows, columns = (_places(size, side, step) for size in (height, width))
    return [(row, column) for row in rows for column in columns]


def _places(size: int, patch: int, stride: int) -> list[int]:
    """Where a patch begins along one axis; the last one ends at the edge."""
    return [*range(0, size - patch, stride), size - patch]


def _hidden_answers(
    asked: _Asked,
    place: int,
    pixels: Array,
    corners: list[tuple[int, int]],
    patch: int,
    colour: Any,
) -> Iterator[Array]:
    """What the model says for each corner, with a patch laid there."""
    depth = asked.channels(place) % 3 + 1
    for start in range(0, len(corners), BATCH):
        part = corners[start : start + BATCH]
        copies = np.repeat(pixels[np.newaxis], len(part), axis=0)
        for copy, (row, column) in zip(copies, part, strict=True):
            copy[row : row + patch, column : column + patch] = colour
        yield from asked.again(place, np.moveaxis(copies, -1, depth)).astype(float)


def _in_numpy(value: Any) -> Array:
    from coursecnn.backend import keras

    return np.asarray(keras.ops.convert_to_numpy(value))


def _floats(asked: _Asked) -> list[Array]:
    """The inputs, if each can be moved a little."""
    for number, name in enumerate(asked.names):
        kind = str(_dtype(asked.model, number))
        if "int" in kind:
            raise ValueError(
                f"inputs must be real numbers to differentiate, got {name!r} of {kind}"
            )
    return [value.astype(float) for value in asked.values]


def _spatial_layer(traced: Traced, layer: Any, call: int | None) -> _ask.Found:
    """A use of a layer with rows and columns."""
    spatial = _ask.spatial(traced)
    try:
        found = _ask.find(traced, layer, call)
    except ValueError as error:
        if not str(error).startswith("layer must be one of") or not isinstance(layer, str):
            raise
        found = None
    if found is None or len(found.output.shape) != 4:
        name = layer if isinstance(layer, str) else getattr(layer, "name", layer)
        known = f"such as {', '.join(spatial[-3:])}" if spatial else "of which the model has none"
        raise ValueError(f"layer must be one with rows and columns, {known}, got {name!r}")
    return found


def _check_passed(network: _rerun.Network, found: _ask.Found, output: int) -> None:
    """Refuse a layer that an input reaches the answer without, though the layer reads it, too."""
    inputs = {id(tensor) for tensor in network.inputs.values()}
    wanted = [network.traced.outputs[output]]
    beside = _reached(network.traced, wanted, stop=id(found.output)) & inputs
    before = _reached(network.traced, [found.output], stop=None) & inputs
    whole = _reached(network.traced, wanted, stop=None)
    if id(found.output) not in whole:
        raise ValueError(f"layer must be one that the output depends on, got {found.path!r}")
    if beside & before:
        raise ValueError(
            f"layer must be one through which all of the answer passes, got {found.path!r}, "
            "which has another way beside it"
        )


def _reached(traced: Traced, wanted: Sequence[Any], stop: int | None) -> set[int]:
    """The tensors that lead to some, but those that lead there through one alone."""
    found = {id(tensor) for tensor in wanted} - {stop}
    for call in reversed(traced.calls):
        if any(id(tensor) in found for tensor in call.outputs):
            found |= {id(tensor) for tensor in call.inputs} - {stop}
    return found
