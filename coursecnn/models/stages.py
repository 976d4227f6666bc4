"""A whole network in a few lines: one stage for each size of its maps.

- `stages(model)`: the stages in the order of computation, each with all layers that belong to it;
- `Stage`: one of them;
- `routes(model)`: which stages lead to which.

>>> from coursecnn.architectures import build
>>> for stage in stages(build("resnet20")):
...     print(stage.size, stage.text)
32×32×3 input
32×32×16 7 conv, 3 additions
16×16×32 6 conv, subsample, 3 additions
8×8×64 6 conv, subsample, 3 additions
vector of 10 global average pool, dense
"""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from coursecnn.backend import keras
from coursecnn.models import _kinds, _words
from coursecnn.models._channels import Channels
from coursecnn.models._keras_graph import Call, Shape
from coursecnn.models._kinds import Kind
from coursecnn.models.costs import counted_calls
from coursecnn.models.graph import opened, written

__all__ = ["Stage", "routes", "stages"]

# A place on the way through a network: how often the size has changed, and the size now.
Home: TypeAlias = tuple[int, Shape]

QUIET: tuple[Kind, ...] = ("normalisation", "activation", "dropout", "other")
# What pads a map, or cuts its border off, works for the layer after it and begins no stage.
PADS = tuple(
    getattr(keras.layers, f"{name}{size}D")
    for name in ("ZeroPadding", "Cropping")
    for size in (1, 2, 3)
)
RESIZED = ("upsample", "resize")
COUNTABLE: tuple[Kind, ...] = ("input", "pooling", "join")  # "3 max pools", but "3 conv"


@dataclass(frozen=True)
class Stage:
    """The layers of a network that work at one size, one after the other.

    A layer that changes the size belongs to the stage it leads to. What leaves a stage for a
    smaller size and comes back into it, as squeeze and excitation does, belongs to the stage.

    Attributes:
        shape: of the last map, or of the last vector, without the batch; its channels last, also
            where the model has them first.
        names: of the layers, in the order of computation; those within a model as "model/layer".
        kinds: of the layers, in the same order.
        words: for each layer what it is, without its numbers.

    >>> stage = Stage((8, 8, 4), ("a", "b"), ("convolution", "activation"), ("conv", "ReLU"))
    >>> stage.text, stage.rest
    ('conv', 'ReLU')
    """

    shape: Shape
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    words: tuple[str, ...]

    @property
    def is_vector(self) -> bool:
        """Whether there is one place alone."""
        return _is_vector(self.shape)

    @property
    def main(self) -> tuple[Kind, ...]:
        """The kinds of the layers in `text`; of all, if there are none."""
        pairs = list(zip(self.words, self.kinds, strict=True))
        return tuple(kind for word, kind in pairs if not _is_quiet(word, kind)) or self.kinds

    @property
    def size(self) -> str:
        """The shape in words."""
        if self.is_vector:
            return f"vector of {self.shape[-1]:,}" if self.shape else "one number"
        return written(self.shape)

    @property
    def text(self) -> str:
        """What changes values by their neighbours or by weights, counted."""
        return self._counted(quiet=False)

    @property
    def rest(self) -> str:
        """All other layers, such as normalisations, activations and dropout, with their numbers."""
        return self._counted(quiet=True)

    def _counted(self, *, quiet: bool) -> str:
        pairs = zip(self.words, self.kinds, strict=True)
        counts = Counter((word, kind) for word, kind in pairs if _is_quiet(word, kind) == quiet)
        return ", ".join(_counted(word, kind, count) for (word, kind), count in counts.items())


def stages(model: keras.Model, *, input_shape: Any = None) -> tuple[Stage, ...]:
    """Sum a network up: one stage for each size that its maps take, on the way through.

    Padding belongs to the stage before it. A size that comes back later, as in the decoder of a
    U-Net, is a stage of its own.

    Args:
        model: Functional; sequential; or subclassed, if it was built or an `input_shape` is given.
            Its weights are not looked at. Models inside are opened.
        input_shape: As in `graph`.

    Raises:
        ValueError: The model has no graph, or its sizes are open and `input_shape` is not given.

    Examples:
        >>> layers = keras.layers
        >>> up_and_down = keras.Sequential([keras.Input((8, 8, 3)), layers.MaxPooling2D(),
        ...     layers.UpSampling2D()])
        >>> [(stage.size, stage.text) for stage in stages(up_and_down)]
        [('8×8×3', 'input'), ('4×4×3', 'max pool'), ('8×8×3', 'upsample')]
    """
    return _Survey(_calls(model, input_shape)).stages


def routes(model: keras.Model, *, input_shape: Any = None) -> tuple[tuple[int, int], ...]:
    """List which stages lead to which, by their numbers; the arguments are those of `stages`.

    >>> from coursecnn.architectures import build
    >>> routes(build("mnist_tutorial"))
    ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6))
    """
    return _Survey(_calls(model, input_shape)).routes


def _calls(model: keras.Model, input_shape: Any) -> list[Call]:
    """List what `layer_table` counts; a layer whose inside it cannot see is one call."""
    if isinstance(model, keras.Model):
        with contextlib.suppress(ValueError):
            return counted_calls(model, input_shape)
    return opened(model, nested=True, input_shape=input_shape)


class _Survey:
    """The stages of a network, and the ways between them."""

    def __init__(self, calls: Sequence[Call]) -> None:
        """Put every call into its stage."""
        channels = Channels.of(calls)
        shapes = [channels.shape(call.outputs[0]) for call in calls]
        sizes = [_size(call, shape) for call, shape in zip(calls, shapes, strict=True)]
        homes = _homes(calls, sizes)
        entry = _entry(calls, homes)
        keys = [(phase, not first, size) for (phase, size), first in zip(homes, entry, strict=True)]
        groups: dict[tuple[int, bool, Shape], list[int]] = defaultdict(list)
        for number, key in enumerate(keys):
            groups[key].append(number)
        order = sorted(groups, key=lambda key: key[:2])
        self.stages = tuple(
            _stage(
                [calls[n] for n in groups[key]],
                [shapes[n] for n in groups[key] if sizes[n] == key[2]][-1],
            )
            for key in order
        )
        stage = [order.index(key) for key in keys]
        ways = {(stage[a], stage[b]) for b, call in enumerate(calls) for a in call.parents}
        self.routes = tuple(sorted((a, b) for a, b in ways if a != b))


def _homes(calls: Sequence[Call], own: Sequence[Shape]) -> list[Home]:
    """Find the place of every call on the way: where its size changed for the last time."""
    sizes: list[Shape] = []
    homes: list[Home] = []
    for call, size in zip(calls, own, strict=True):
        pads = isinstance(call.layer, PADS) and call.parents
        sizes.append(sizes[call.parents[0]] if pads else size)
        same = [homes[a][0] for a in call.parents if sizes[a] == sizes[-1]]
        other = [homes[a][0] + 1 for a in call.parents]
        homes.append((max(same or other, default=0), sizes[-1]))
    children: list[list[int]] = [[] for _ in calls]
    for number, call in enumerate(calls):
        for parent in call.parents:
            children[parent].append(number)
    for number in reversed(range(len(calls))):  # what comes back into a stage never left it
        back = max((homes[child] for child in children[number]), default=homes[number])
        if back[0] < homes[number][0]:
            homes[number] = back
    return homes


def _entry(calls: Sequence[Call], homes: Sequence[Home]) -> list[bool]:
    """Say which calls are inputs, or do nothing to them that needs a stage of its own."""
    entry: list[bool] = []
    for call, home in zip(calls, homes, strict=True):
        quiet = _kinds.kind(call.layer) in QUIET
        entry.append(all(quiet and entry[a] and homes[a] == home for a in call.parents))
    return entry


def _size(call: Call, shape: Shape) -> Shape:
    """Leave the channels out; a map of one pixel is a vector.

    Raises:
        ValueError: A size is open.
    """
    if None in shape[:-1]:
        raise ValueError(
            f"model must have a fixed input size, got {shape} at layer {call.path!r}: give "
            f"input_shape"
        )
    return () if _is_vector(shape) else tuple(shape[:-1])


def _is_vector(shape: Shape) -> bool:
    return set(shape[:-1]) <= {1}


def _stage(calls: Sequence[Call], shape: Shape) -> Stage:
    return Stage(
        shape=shape,
        names=tuple(call.path for call in calls),
        kinds=tuple(_kinds.kind(call.layer) for call in calls),
        words=tuple(_words.noun(_kinds.words(call.layer)) for call in calls),
    )


def _is_quiet(word: str, kind: Kind) -> bool:
    return kind in QUIET and not word.startswith(RESIZED)


def _counted(word: str, kind: Kind, count: int) -> str:
    if count == 1:
        return word
    return f"{count} {word}s" if kind in COUNTABLE else f"{count} {word}"
