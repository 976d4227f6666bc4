"""What a layer does, in plain words: its operation first, then its settings.

Each function takes a layer and gives the parts of a label. `coursecnn.models._kinds` says which
function belongs to which class.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

__all__ = ["Words"]

Words: TypeAlias = Callable[[Any], list[str]]

ACTIVATIONS = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "elu": "ELU",
    "gelu": "GELU",
    "selu": "SELU",
    "silu": "SiLU",
    "leaky_relu": "leaky ReLU",
    "scaled_tanh": "scaled tanh",
}


NOUNS = {
    "depthwise": "depthwise conv",
    "add": "addition",
    "subtract": "subtraction",
    "multiply": "multiplication",
    "divide": "division",
    "concatenate": "concatenation",
}


def fixed(*words: str) -> Words:
    """Say the same for every layer of a class."""
    return lambda _: list(words)


def activation(layer: Any) -> list[str]:
    """Name what a layer does to its values at the end, if anything.

    >>> from coursecnn.backend import keras
    >>> activation(keras.layers.Dense(3, "relu")), activation(keras.layers.Dense(3))
    (['ReLU'], [])
    """
    function = getattr(layer, "activation", None)
    name = str(getattr(function, "__name__", getattr(function, "name", "linear")))
    return [] if name == "linear" else [ACTIVATIONS.get(name, name.replace("_", " "))]


def spelled(name: str) -> str:
    """Take a class name apart.

    >>> spelled("GlobalMaxPooling1D"), spelled("STFTSpectrogram"), spelled("Cropping2D")
    ('global max pooling 1D', 'STFT spectrogram', 'cropping 2D')
    """
    parts = re.findall(r"[1-9]D|[A-Z]+(?=[A-Z][a-z]|$)|[A-Z][a-z]*|[a-z]+|\d+", name)
    return " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)


def _snake(name: str) -> str:
    """Write a class name as Keras writes functions."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def by_name(layer: Any) -> list[str]:
    """Say the name of a layer's class."""
    name = type(layer).__name__
    return [ACTIVATIONS.get(_snake(name), spelled(name))]


def conv(layer: Any) -> list[str]:
    """Describe a convolution."""
    return [f"{_sized('conv', layer)}, {layer.filters}", *steps(layer)]


def transposed(layer: Any) -> list[str]:
    """Describe a transposed convolution."""
    return [f"{_sized('transposed conv', layer)}, {layer.filters}", *steps(layer)]


def depthwise(layer: Any) -> list[str]:
    """Describe a depthwise convolution."""
    return [_sized("depthwise", layer), *steps(layer), *_multiplier(layer)]


def separable(layer: Any) -> list[str]:
    """Describe a depthwise convolution with a pointwise one after it."""
    title = f"{_sized('separable conv', layer)}, {layer.filters}"
    return [title, *steps(layer), *_multiplier(layer)]


def sparse(layer: Any) -> list[str]:
    """Describe LeNet-5's convolution with a table of connections."""
    window = (layer.kernel_size, layer.kernel_size)
    return [f"{size(window)} conv, {len(layer.reads)}", "sparse"]


def dense(layer: Any) -> list[str]:
    """Describe a dense layer."""
    return [f"dense, {layer.units}"]


def einsum(layer: Any) -> list[str]:
    """Describe a dense layer along axes of one's choice."""
    return [f"dense {layer.equation}"]


def units(title: str) -> Words:
    """Describe a layer with a number of units."""
    return lambda layer: [f"{title}, {layer.units}"]


def filters(title: str) -> Words:
    """Describe a recurrent convolution."""
    return lambda layer: [f"{_sized(title, layer)}, {layer.filters}", *steps(layer)]


def heads(title: str) -> Words:
    """Describe an attention with several heads."""
    return lambda layer: [title, f"{layer.num_heads} heads"]


def grouped_heads(layer: Any) -> list[str]:
    """Describe an attention whose heads share keys and values in groups."""
    return ["attention", f"{layer.num_query_heads} heads", f"in {layer.num_key_value_heads} groups"]


def embedding(layer: Any) -> list[str]:
    """Describe a table of vectors."""
    return [f"embedding, {layer.output_dim}", f"of {layer.input_dim:,}"]


def pool(mode: str) -> Words:
    """Describe a pooling with a window."""

    def words(layer: Any) -> list[str]:
        if set(layer.pool_size) == {1}:  # a window of one pixel only leaves pixels out
            return ["subsample", *steps(layer)]
        return [f"{mode} pool {size(layer.pool_size)}", *steps(layer)]

    return words


def adaptive(mode: str) -> Words:
    """Describe a pooling to a given size."""
    return lambda layer: [f"{mode} pool", f"to {size(layer.output_size)}"]


def upsample(layer: Any) -> list[str]:
    """Describe an enlargement by whole factors."""
    factor = layer.size if isinstance(layer.size, tuple | list) else (layer.size,)
    mode = getattr(layer, "interpolation", "nearest")
    return [f"upsample {size(factor)}", *([] if mode == "nearest" else [mode])]


def resize(layer: Any) -> list[str]:
    """Describe a change to a given size."""
    return [f"resize to {layer.height}×{layer.width}"]


def dropout(title: str) -> Words:
    """Describe noise with a rate."""
    return lambda layer: [f"{title} {layer.rate:.3g}"]


def relu(layer: Any) -> list[str]:
    """Describe a ReLU, with its largest value and its slope below zero if it has them."""
    most = "" if layer.max_value is None else f"{layer.max_value:g}"
    return [f"{'leaky ' * bool(layer.negative_slope)}ReLU{most}"]


def pad_channels(layer: Any) -> list[str]:
    """Describe channels of zeros."""
    return ["append zero channels", f"up to {layer.filters}"]


def survives(layer: Any) -> list[str]:
    """Describe a branch that is there or not."""
    return ["all or nothing", f"survives: {layer.survival:.3g}"]


def codes(layer: Any) -> list[str]:
    """Describe LeNet-5's last layer."""
    return ["radial basis functions", f"{len(layer.codes)} codes"]


def function(layer: Any) -> list[str]:
    """Name the function of a Lambda layer."""
    name = getattr(getattr(layer, "function", None), "__name__", "<lambda>")
    return ["function" if name == "<lambda>" else name]


def noun(words: Sequence[str]) -> str:
    """Leave the numbers out of what a layer does, to count it among others.

    >>> noun(["3×3 depthwise conv", "stride 2"]), noun(["dense, 10"]), noun(["add"])
    ('depthwise conv', 'dense', 'addition')
    """
    title = re.sub(r"^\d[\d×]* |(,? [\d×.,]+)+$|,? \S*->\S*$", "", words[0])
    return NOUNS.get(title, title)


def steps(layer: Any) -> list[str]:
    """Say what differs from windows that move by one and leave no holes, in one group."""
    said = []
    for title, values in (("stride", layer.strides), ("dilation", _dilation(layer))):
        each = tuple(values) if isinstance(values, tuple | list) else (values,)
        if set(each) != {1}:
            said.append(f"{title} {each[0] if len(set(each)) == 1 else size(each)}")
    groups = getattr(layer, "groups", 1)
    return [*said, f"{groups} groups"] if groups > 1 else said


def size(window: Sequence[int] | int) -> str:
    """Write the sides of a window.

    >>> size((3, 3)), size((5,))
    ('3×3', '5')
    """
    return "×".join(map(str, window)) if isinstance(window, tuple | list) else str(window)


def _dilation(layer: Any) -> Any:
    return getattr(layer, "dilation_rate", 1)


def _multiplier(layer: Any) -> list[str]:
    times = layer.depth_multiplier
    return [] if times == 1 else [f"{times} per channel"]


def _sized(title: str, layer: Any) -> str:
    """Write a kernel before the name of what it does; a single side alone could be anything."""
    kernel = layer.kernel_size
    return f"{size(kernel)} {title}" if len(kernel) > 1 else f"1D {title} {size(kernel)}"
