r"""Networks as answers: the layers of a Keras model, as the same text that integers alone give.

>>> from coursecnn.geometry import Convolution, Dense
>>> described([("Conv2D", Convolution(4, 3)), ("Dense", Dense(10))], (8, 8, 1))
'Conv2D (6, 6, 4) 40\nDense (10,) 1450'
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Census", "GlobalAverage", "Normalisation", "described", "walk"]

# Layers that only rename or lay out the same values, or that change them without a parameter.
SILENT = {"InputLayer", "Flatten", "Activation", "ReLU", "Relu"}


class Counted(Protocol):
    """What has an output shape and parameters: a layer of `geometry`, or one of this module."""

    def output_shape(self, shape: tuple[int, ...], /) -> tuple[int, ...]: ...

    def parameters(self, shape: tuple[int, ...], /) -> int: ...


class GlobalAverage:
    """One mean for each map.

    >>> GlobalAverage().output_shape((8, 8, 3))
    (3,)
    """

    def output_shape(self, shape: tuple[int, ...], /) -> tuple[int, ...]:
        """Leave only the channels."""
        return shape[-1:]

    def parameters(self, _: tuple[int, ...], /) -> int:
        """Have nothing to learn."""
        return 0


class Normalisation:
    """A batch normalisation: scale, shift, mean and variance of each channel.

    >>> Normalisation().parameters((8, 8, 3))
    12
    """

    def output_shape(self, shape: tuple[int, ...], /) -> tuple[int, ...]:
        """Change no shape."""
        return shape

    def parameters(self, shape: tuple[int, ...], /) -> int:
        """Count two learned and two averaged numbers for each channel."""
        return 4 * shape[-1]


def described(layers: Iterable[tuple[str, Counted]], shape: tuple[int, ...]) -> str:
    """Say kind, output shape and parameters of each layer that an image of `shape` goes through.

    >>> described([("BatchNormalization", Normalisation())], (8, 8, 3))
    'BatchNormalization (8, 8, 3) 12'
    """
    rows = []
    for kind, layer in layers:
        parameters, shape = layer.parameters(shape), layer.output_shape(shape)
        rows.append((kind, shape, parameters))
    return _lines(rows)


@dataclass(frozen=True)
class Census:
    """What of a Keras model counts: its shapes, how many layers of some kinds, its parameters.

    Attributes:
        kinds: Keras's names of the layers that are counted, and what a reader calls several.
        trained: whether only the parameters that training adjusts count.

    >>> census = Census({"Conv2D": "convolutions", "Add": "additions"})
    >>> census.of((32, 32, 3), (10,), (19, 9), 270_000)
    '(32, 32, 3) to (10,): 19 convolutions, 9 additions, 270000 parameters'
    """

    kinds: Mapping[str, str]
    trained: bool = True

    def of(
        self,
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        counts: Iterable[int],
        parameters: int,
    ) -> str:
        """Say what the view of a model with these shapes, layers and parameters is."""
        found = zip(counts, self.kinds.values(), strict=True)
        layers = ", ".join(f"{count} {words}" for count, words in found)
        return f"{inputs} to {outputs}: {layers}, {parameters} parameters"

    def __call__(self, answer: Any) -> Any:
        """View an answer; anything but a model is seen as it is."""
        if not hasattr(answer, "layers"):
            return answer
        found = [type(layer).__name__ for layer in answer.layers]
        weights = answer.trainable_weights if self.trained else answer.weights
        return self.of(
            tuple(answer.input_shape[1:]),
            tuple(answer.output_shape[1:]),
            map(found.count, self.kinds),
            sum(math.prod(weight.shape) for weight in weights),
        )


def walk(answer: Any, *, activations: bool = False) -> Any:
    """What of a Keras model counts: kind, output shape and parameters of each layer.

    Models in the model are opened. Layers that only rename or lay out the same values, such as
    `Flatten`, are left out. Anything but a model is seen as it is.

    Args:
        answer: the model, or what was given in its place.
        activations: whether each line that can have an activation ends with it, be it the layer's
            own or a layer that follows.

    >>> walk("a text")
    'a text'
    """
    if not hasattr(answer, "layers"):
        return answer
    from coursecnn.models.graph import opened

    lines: list[str] = []
    for call in opened(answer, nested=True):
        layer, kind = call.layer, type(call.layer).__name__
        own = _activation(layer) if activations else ""
        if kind in SILENT:
            if own and lines:
                lines[-1] = lines[-1].replace(" linear", f" {own}")
        elif hasattr(layer, "count_params"):  # an operation on tensors is no layer
            (shape,) = call.output_shapes
            lines.append(_line(kind, shape, layer.count_params()) + (own and f" {own}"))
    return "\n".join(lines)


def _activation(layer: Any) -> str:
    """The name of a layer's activation, or nothing."""
    if type(layer).__name__ in {"ReLU", "Relu"}:
        return "relu"
    return getattr(getattr(layer, "activation", None), "__name__", "")


def _line(kind: str, shape: tuple[int | None, ...], parameters: int) -> str:
    return f"{kind} {shape} {parameters}"


def _lines(rows: Iterable[tuple[str, tuple[int, ...], int]]) -> str:
    return "\n".join(_line(*row) for row in rows)
