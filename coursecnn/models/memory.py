"""How much memory a model takes, to answer and to train: an estimate, from its graph.

- `memory(model, batch=32)`: weights, and the values that must live at once;
- `memory(model, batch=32, training=True, optimizer="adam")`: weights, gradients, the optimizer's
  state, the values kept for the gradients.

What is exact: weights and gradients, in their types, and the optimizer's state, since Keras itself
is asked how many numbers it keeps for each weight (Adafactor, which keeps fewer, comes out too
high). What is an estimate: the values. In inference, a layer's output lives from its call to the
last call that takes it, in the order of the graph; reshaping is free. In training, the output of
every layer is kept, and the gradients of the values are needed besides, those of one call at a
time. A framework may do better (an activation in place, a fused normalisation) or worse (the work
space of a fast convolution, memory that is held back for reuse); neither the framework itself nor
the data set is counted. Six convolutions of 32 maps of 64×64, trained by TensorFlow on a processor:
from a batch of 2 to one of 100, the peak of the process grows by 0.97 of what is estimated
(`tests/models/test_memory.py` measures it). What layers hold inside is known less well: the same
took 0.8 of the estimate for convolutions in `TimeDistributed`, 1.1 for an LSTM, 1.4 for an
attention and 1.6 for a GRU.

>>> from coursecnn.architectures import build
>>> print(memory(build("mnist_tutorial"), batch=100))
weights           0.4 MB
values           10.8 MB  what must live at once
total            11.2 MB  an estimate, for inference with a batch of 100
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, TypeAlias

from coursecnn._checks import check_count
from coursecnn._keras_private import layer_of
from coursecnn._values import flag
from coursecnn.backend import keras
from coursecnn.models._keras_graph import Call
from coursecnn.models.costs import (
    BYTES,
    byte_count,
    counted_calls,
    kept_bytes,
    working_bytes,
)

__all__ = ["Memory", "memory"]

Optimizer: TypeAlias = Literal["sgd", "momentum", "adam"]

# Layers that hand on what they get: in inference their output takes no memory of its own.
_VIEWS = (
    keras.layers.ActivityRegularization,
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.Identity,
    keras.layers.Reshape,
)


@dataclass(frozen=True)
class Memory:
    """Bytes by what they hold; an estimate, as the module says.

    Attributes:
        batch: Images at a time.
        training: Whether the model is trained.
        weights: Of all weights, and of copies in the type that the layers compute with.
        values: Of the layers' outputs that are there at once.
        gradients: Of the trainable weights; 0 in inference.
        optimizer: Of the optimizer's own variables; 0 in inference.

    >>> Memory(batch=1, training=False, weights=8, values=4, gradients=0, optimizer=0).total
    12
    """

    batch: int
    training: bool
    weights: int
    values: int
    gradients: int
    optimizer: int

    @property
    def total(self) -> int:
        """Add everything up."""
        return self.weights + self.values + self.gradients + self.optimizer

    def __str__(self) -> str:
        kept = "kept for the gradients, and theirs" if self.training else "what must live at once"
        mode = "training" if self.training else "inference"
        said = f"an estimate, for {mode} with a batch of {self.batch}"
        rows = [("weights", self.weights, ""), ("values", self.values, kept)]
        if self.training:
            rows += [("gradients", self.gradients, ""), ("optimizer", self.optimizer, "")]
        rows.append(("total", self.total, said))
        return "\n".join(
            f"{name:10}{count / 1e6:11,.1f} MB  {text}".rstrip() for name, count, text in rows
        )


def memory(
    model: keras.Model,
    *,
    batch: int = 1,
    training: bool = False,
    optimizer: Optimizer | keras.optimizers.Optimizer = "sgd",
    input_shape: Any = None,
) -> Memory:
    """Estimate the memory that a model takes.

    Args:
        model: As in `coursecnn.models.costs.layer_table`, with the same errors.
        batch: Images at a time.
        training: Count what training needs, and not inference.
        optimizer: "sgd", "momentum", "adam", any other name that Keras knows, or an optimizer.
        input_shape: Sizes of an image, where the model leaves them open.

    Raises:
        ValueError: The batch is no positive int, or there is no such optimizer.

    Examples:
        >>> from coursecnn.architectures import build
        >>> lab = build("cifar10_lab")
        >>> sgd, adam = (memory(lab, training=True, optimizer=name) for name in ("sgd", "adam"))
        >>> (adam.total - sgd.total) / (4 * 2)  # two numbers more for each that is trained
        1252266.0
    """
    batch, training = check_count("batch", batch), flag("training", training)
    calls = counted_calls(model, input_shape)
    trainable = byte_count(model.trainable_weights)
    return Memory(
        batch=batch,
        training=training,
        weights=byte_count(model.weights) + _copies(calls, training=training),
        values=batch * (_kept(calls) if training else _alive(calls, _answers(model, calls))),
        gradients=trainable if training else 0,
        optimizer=_slots(optimizer) * trainable if training else 0,
    )


def _copies(calls: Sequence[Call], *, training: bool) -> int:
    """Count what mixed precision adds: weights cast to the type that their layer computes with.

    For the gradients all casts are kept; in inference there is one at a time.
    """
    casts = {id(call.layer): _cast(call.layer) for call in calls}.values()
    return sum(casts) if training else max(casts, default=0)


def _cast(layer: Any) -> int:
    wanted, held = getattr(layer, "compute_dtype", None), getattr(layer, "variable_dtype", None)
    if wanted == held or wanted is None:
        return 0
    floats = [weight for weight in layer.weights if weight.dtype == held]
    return sum(prod(weight.shape) for weight in floats) * BYTES[wanted]


def _slots(optimizer: Any) -> int:
    """Ask Keras how many numbers an optimizer keeps for each weight: give it a single one."""
    made = _optimizer(optimizer)
    before = len(made.variables)
    made.build([keras.Variable(0.0)])
    return len(made.variables) - before


def _optimizer(optimizer: Any) -> Any:
    """Make a fresh optimizer."""
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return type(optimizer).from_config(optimizer.get_config())
    if optimizer == "momentum":
        return keras.optimizers.SGD(momentum=0.9)
    try:
        return keras.optimizers.get(optimizer)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"optimizer must be 'sgd', 'momentum', 'adam', another that Keras knows, or an "
            f"optimizer, got {optimizer!r}"
        ) from error


def _answers(model: keras.Model, calls: Sequence[Call]) -> set[int]:
    """Find the calls whose outputs are the model's, and those that nobody takes."""
    found = set(range(len(calls))) - {parent for call in calls for parent in call.parents}
    for tensor in getattr(model, "outputs", None) or ():
        name = layer_of(tensor).name
        places = [n for n, call in enumerate(calls) if f"{call.path}/".startswith(f"{name}/")]
        found.update(places[-1:])
    return found


def _alive(calls: Sequence[Call], answers: set[int]) -> int:
    """Find the most that is alive at once, call after call, for one image."""
    holder = _holders(calls)
    last = dict.fromkeys(range(len(calls)), 0)
    for number, call in enumerate(calls):
        for parent in call.parents:
            last[holder[parent]] = number
    for number in answers:
        last[holder[number]] = len(calls)
    sizes = [byte_count(call.outputs) if holder[n] == n else 0 for n, call in enumerate(calls)]
    most = alive = 0
    for number, size in enumerate(sizes):
        alive += size
        most = max(most, alive + working_bytes(calls[number]))
        alive -= sum(sizes[other] for other in range(number + 1) if last[other] == number)
    return most


def _holders(calls: Sequence[Call]) -> list[int]:
    """Say for each call whose output it really hands on: its own, or that of a parent."""
    holders: list[int] = []
    for number, call in enumerate(calls):
        is_view = isinstance(call.layer, _VIEWS) and len(call.parents) == 1
        holders.append(holders[call.parents[0]] if is_view else number)
    return holders


def _kept(calls: Sequence[Call]) -> int:
    """Add up all outputs, and the most that the gradients of one call's values take."""
    sizes = [kept_bytes(call) for call in calls]
    flows = (sizes[n] + sum(sizes[p] for p in call.parents) for n, call in enumerate(calls))
    return sum(sizes) + max(flows, default=0)
