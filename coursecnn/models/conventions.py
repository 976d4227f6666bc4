"""The same network, counted as others count: why one tool says 4.09 and another 4.13.

- `restate(model, convention)`: a count in the convention of another tool or paper; also of a layer
  table, of some of its rows, or of totals, where the convention counts products alone;
- `compare(model)`: all of them, in a table;
- `CONVENTIONS`: what each counts, and where that is written.

A multiply-accumulate of a convolution or a dense layer is in every count, as one operation or as
two. The counts differ in what they add: biases, normalisations, activations, poolings, additions.
Each convention here is a price list: so many operations for each product, each bias that is added,
each value that is normalised, and so on. The lists were read from the source of the tools. Those of
torch, fvcore, thop, ptflops, torchinfo and TensorFlow equal, to the last digit, what the tool says
of ResNet-50, the first five in the form of the paper and in torchvision's. Elsewhere they are
close: a tool prices a rare layer by a rule of its own, and TensorFlow's profiler, which sees
operations and not layers, also counts the pieces of a swish, a GELU and a layer normalisation (up
to 2 % of a network that has many).

Two more reasons are not a matter of convention. The ResNet-50 of the paper puts the stride of a
block on its first convolution, that of torchvision (also called v1.5) on its second, which has
more to do then: 3.86 and 4.09 billion products. And G may be 10⁹ or 2³⁰: 4.09·10⁹ is 3.81 GiFLOP.

>>> from coursecnn.architectures import build
>>> resnet50 = build("resnet50")
>>> print(restate(resnet50, "paper"))
3,857,973,248 MACs (paper): products 3,857,973,248
>>> restate(resnet50, "fvcore").count / 1e9
3.879247872
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, TypeAlias

import pandas as pd

from coursecnn._checks import check_choice
from coursecnn.backend import keras
from coursecnn.models import _kinds
from coursecnn.models._keras_graph import Call
from coursecnn.models._products import macs
from coursecnn.models.costs import Totals, counted_calls

__all__ = ["CONVENTIONS", "Convention", "Restated", "compare", "restate"]

Part: TypeAlias = Literal[
    "products",  # multiply-accumulates
    "products but dense",  # the same without those of dense layers
    "dense weights",  # weights and biases of dense layers, once however many positions there are
    "biases",  # additions of a bias
    "convolution biases",  # the same without those of dense layers
    "batch-normalised",  # values that are normalised over the batch
    "otherwise normalised",  # values that are normalised over a layer or a group
    "normalisation weights",  # scales and shifts
    "statistics",  # arithmetic on means and variances, once for each channel
    "activated",  # values that go through an activation, softmax aside
    "softmax",  # values that go through a softmax
    "pooled",  # values that go into a pooling
    "windows",  # values in the windows of a pooling
    "averages",  # values that come out of an average over windows
    "global averages",  # values that go into a global average
    "global results",  # values that come out of it
    "joined",  # additions and multiplications of two maps
    "scaled",  # multiplications and additions that rescale the image
    "enlarged",  # values that come out of an enlargement
]


@dataclass(frozen=True)
class Convention:
    """A price list.

    Attributes:
        unit: What the tool or paper calls what it counts.
        prices: Operations for each of the parts; a part that is missing is free.
        source: Where the list was read.

    >>> CONVENTIONS["flops"].prices
    {'products': 2}
    """

    unit: str
    prices: Mapping[Part, int]
    source: str


CONVENTIONS: dict[str, Convention] = {
    "coursecnn": Convention("MACs", {"products": 1}, "coursecnn.models.costs"),
    "flops": Convention("FLOPs", {"products": 2}, "a product and a sum for each MAC"),
    "paper": Convention(
        "MACs",
        {"products": 1},
        "He et al. 2015, table 1: 'FLOPs (multiply-adds)', 3.8·10⁹ for 50 layers",
    ),
    "torchvision": Convention(
        "GFLOPS", {"products": 1}, "torchvision, `_ops` of a weight's metadata (pull 6936)"
    ),
    "torch": Convention("FLOPs", {"products": 2}, "PyTorch, torch/utils/flop_counter.py"),
    "fvcore": Convention(
        "flops",
        {
            "products": 1,
            "batch-normalised": 2,
            "otherwise normalised": 5,
            "global averages": 1,
            "enlarged": 1,
        },
        "fvcore, fvcore/nn/flop_count.py and jit_handles.py: one for a multiply-add",
    ),
    "thop": Convention(
        "MACs",
        {
            "products": 1,
            "batch-normalised": 4,
            "otherwise normalised": 4,
            "softmax": 3,
            "averages": 1,
            "global averages": 1,
            "global results": 1,
        },
        "pytorch-OpCounter, thop/vision/basic_hooks.py and calc_func.py",
    ),
    "ptflops": Convention(
        "MACs",
        {
            "products": 1,
            "biases": 1,
            "batch-normalised": 2,
            "otherwise normalised": 2,
            "activated": 1,
            "pooled": 1,
            "enlarged": 1,
        },
        "flops-counter.pytorch 0.6, ptflops/pytorch_ops.py",
    ),
    "ptflops 0.7": Convention(
        "MACs",
        {
            "products": 1,
            "biases": 1,
            "batch-normalised": 2,
            "otherwise normalised": 2,
            "activated": 2,
            "pooled": 2,
            "enlarged": 1,
        },
        "flops-counter.pytorch 0.7, which meets an activation or a pooling twice, as a module "
        "and as the function that the module calls",
    ),
    "torchinfo": Convention(
        "mult-adds",
        {
            "products but dense": 1,
            "convolution biases": 1,
            "dense weights": 1,
            "normalisation weights": 1,
        },
        "torchinfo, torchinfo/layer_info.py: weights times positions for convolutions, weights "
        "once for all else",
    ),
    "tensorflow": Convention(
        "FLOPs",
        {
            "products": 2,
            "biases": 1,
            "batch-normalised": 2,
            "statistics": 1,
            "softmax": 5,
            "windows": 1,
            "global averages": 1,
            "joined": 1,
            "scaled": 1,
        },
        "TensorFlow's profiler, which keras-flops asks, python/profiler/internal/"
        "flops_registry.py: activations are free",
    ),
}


@dataclass(frozen=True)
class Restated:
    """A count in some convention.

    Attributes:
        convention: Its name.
        count: Operations for one image.
        parts: What they are for; the values add up to the count.

    >>> Restated("flops", 20, {"products": 20}).count
    20
    """

    convention: str
    count: int
    parts: Mapping[Part, int]

    def __str__(self) -> str:
        parts = ", ".join(f"{part} {count:,}" for part, count in self.parts.items())
        unit = CONVENTIONS[self.convention].unit
        return f"{self.count:,} {unit} ({self.convention}): {parts}"


def restate(
    model: keras.Model | pd.DataFrame | Totals, convention: str, *, input_shape: Any = None
) -> Restated:
    """Count a model as another tool or a paper would.

    Args:
        model: As in `coursecnn.models.costs.layer_table`, with the same errors. Or such a table,
            or rows of one, or `Totals`: they hold the products, and nothing of biases,
            normalisations or activations.
        convention: One of `CONVENTIONS`; of a table or totals, one that counts products alone.
        input_shape: Sizes of an image, where the model leaves them open.

    Raises:
        ValueError: There is no such convention, or it counts what a table does not hold.
        TypeError: It is no model, table or totals.

    Examples:
        What the convolutions of a network take, where a product and a sum are two operations:

        >>> from coursecnn.architectures import build
        >>> from coursecnn.models import layer_table
        >>> table = layer_table(build("mnist_tutorial"))
        >>> restate(table[table["type"] == "Conv2D"], "flops").count
        5513472
    """
    check_choice("convention", convention, CONVENTIONS)
    if isinstance(model, keras.Model):
        return _priced(convention, _amounts(counted_calls(model, input_shape)))
    extra = [part for part in CONVENTIONS[convention].prices if part != "products"]
    if extra:
        plain = [name for name, known in CONVENTIONS.items() if set(known.prices) == {"products"}]
        raise ValueError(
            f"convention must be one of {', '.join(map(repr, plain))} for a table or totals, which "
            f"do not hold the {extra[0]} that {convention!r} counts, too: give the model"
        )
    return _priced(convention, Counter({"products": _products(model)}))


def _products(counted: object) -> int:
    """Read the multiply-accumulates of a table or of totals.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(counted, Totals):
        return counted.macs
    if isinstance(counted, pd.DataFrame) and "macs" in counted:
        return int(counted["macs"].sum())
    raise TypeError(
        "model must be a Keras model, a table from layer_table or totals, got "
        f"{type(counted).__name__}"
    )


def compare(model: keras.Model, *, input_shape: Any = None) -> pd.DataFrame:
    """Count a model in every convention.

    Args:
        model: As in `restate`.
        input_shape: As there.

    Returns:
        A table with the columns `convention`, `count`, `unit`, `source`.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> compare(model).loc[:1, ["convention", "count", "unit"]]
      convention  count   unit
    0  coursecnn     12   MACs
    1      flops     24  FLOPs
    """
    amounts = _amounts(counted_calls(model, input_shape))
    rows = [
        {
            "convention": name,
            "count": _priced(name, amounts).count,
            "unit": known.unit,
            "source": known.source,
        }
        for name, known in CONVENTIONS.items()
    ]
    return pd.DataFrame(rows)


def _priced(convention: str, amounts: Mapping[Part, int]) -> Restated:
    prices = CONVENTIONS[convention].prices
    parts = {part: price * amounts[part] for part, price in prices.items() if amounts[part]}
    return Restated(convention, sum(parts.values()), parts)


def _amounts(calls: list[Call]) -> Counter[Part]:
    """Add up what there is of each part in a network."""
    amounts: Counter[Part] = Counter()
    for call in calls:
        amounts.update(_parts(call))
        if activation := _activation(call.layer):
            part: Part = "softmax" if activation == "softmax" else "activated"
            amounts[part] += _values(call.outputs)
        if _kinds.kind(call.layer) == "pooling":
            amounts["pooled"] += _values(_before_padding(call, calls).inputs)
    return amounts


def _before_padding(call: Call, calls: list[Call]) -> Call:
    """Return the padding before a pooling; elsewhere it belongs to the pooling itself."""
    parent = calls[call.parents[0]]
    return parent if isinstance(parent.layer, _PADDING) else call


def _parts(call: Call) -> dict[Part, int]:
    """Say what a call does, its activation aside."""
    products, kind = macs(call), _kinds.kind(call.layer)
    found: dict[Part, int] = {"products": products}
    if isinstance(call.layer, keras.layers.Dense):
        weights = sum(prod(weight.shape) for weight in call.layer.weights)
        return found | {"dense weights": weights, "biases": _biases(call)}
    found["products but dense"] = products
    if kind == "convolution":
        found |= {"biases": _biases(call), "convolution biases": _biases(call)}
    if kind in _BY_KIND:
        found |= _BY_KIND[kind](call)
    if isinstance(call.layer, keras.layers.Rescaling):
        found["scaled"] = 2 * _values(call.outputs)
    if isinstance(call.layer, _ENLARGING):
        found["enlarged"] = _values(call.outputs)
    return found


def _values(tensors: tuple[Any, ...]) -> int:
    return sum(prod(size or 1 for size in tensor.shape) for tensor in tensors)


def _biases(call: Call) -> int:
    return _values(call.outputs) if getattr(call.layer, "use_bias", False) else 0


def _activation(layer: Any) -> str:
    """Name the activation of a layer; a softmax and the identity are told apart from the others."""
    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    if _kinds.kind(layer) == "activation" and not hasattr(layer, "activation"):
        return type(layer).__name__.lower()
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return "" if name == "linear" or _kinds.kind(layer) == "recurrent" else name


def _normalised(call: Call) -> dict[Part, int]:
    layer, values = call.layer, _values(call.inputs[:1])
    if not isinstance(layer, keras.layers.BatchNormalization):
        weights = sum(prod(weight.shape) for weight in getattr(layer, "trainable_weights", ()))
        return {"otherwise normalised": values, "normalisation weights": weights}
    channels = call.inputs[0].shape[layer.axis]
    # An addition and a root (two operations) for the variance; a product for the scale; a product
    # and a difference for the mean.
    steps = 1 + 2 + int(layer.scale) + 1 + int(layer.center)
    return {
        "batch-normalised": values,
        "normalisation weights": channels * (int(layer.scale) + int(layer.center)),
        "statistics": channels * steps,
    }


def _pooled(call: Call) -> dict[Part, int]:
    taken, given = _values(call.inputs), _values(call.outputs)
    name = type(call.layer).__name__
    if name.startswith("GlobalAverage"):
        return {"global averages": taken, "global results": given}
    window = prod(getattr(call.layer, "pool_size", (1,)))
    averages = given if name.startswith("Average") else 0
    return {"windows": window * given, "averages": averages}


def _joined(call: Call) -> dict[Part, int]:
    if type(call.layer).__name__ in _NOT_ADDED:
        return {}
    return {"joined": (max(len(call.inputs), 2) - 1) * _values(call.outputs)}


# Joins that only put values beside each other, or whose sums are counted as products; layers and
# operations on tensors go by the same names.
_NOT_ADDED = ("Concatenate", "Stack", "Dot")
_PADDING = (
    keras.layers.ZeroPadding1D,
    keras.layers.ZeroPadding2D,
    keras.layers.ZeroPadding3D,
)
_ENLARGING = (
    keras.layers.UpSampling1D,
    keras.layers.UpSampling2D,
    keras.layers.UpSampling3D,
)
_BY_KIND: dict[_kinds.Kind, Callable[[Call], dict[Part, int]]] = {
    "normalisation": _normalised,
    "pooling": _pooled,
    "join": _joined,
}
