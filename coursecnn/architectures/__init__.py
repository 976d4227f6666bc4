"""Convolutional networks by name, one module per family.

- `names()`: every architecture, in the order of the course;
- `build(name, ...)`: a fresh Keras model of it.

A saved network is read by `keras.saving.load_model` wherever this package has been imported, which
makes its layers known to Keras.

A family is a module with a table for each network, a short builder that walks the table, and
`BUILDERS`, which names its builders. It joins with one line in `FAMILIES`.

>>> from coursecnn import architectures
>>> architectures.build("mnist_tutorial").count_params()
93322
"""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from coursecnn.architectures import (
    ablations,
    airbench,
    alexnet,
    densenet,
    fractalnet,
    googlenet,
    lectures,
    lenet,
    nin,
    preact,
    resnet,
    resnet_cifar,
    resnext,
    squeezenet,
    stochastic_depth,
    vgg,
    wide_resnet,
    zfnet,
)
from coursecnn.backend import keras

__all__ = ["build", "names"]

FAMILIES = [
    lectures,
    lenet,
    alexnet,
    zfnet,
    vgg,
    nin,
    googlenet,
    resnet,
    resnet_cifar,
    preact,
    wide_resnet,
    resnext,
    stochastic_depth,
    fractalnet,
    densenet,
    squeezenet,
    airbench,
    ablations,
]

_BUILDERS: dict[str, Callable[..., keras.Model]] = {
    name: builder for family in FAMILIES for name, builder in family.BUILDERS.items()
}


def names() -> list[str]:
    """List the architectures that `build` knows, in the order of the course.

    >>> len(names()) > 60, names()[:3]
    (True, ['mnist_tutorial_base', 'mnist_tutorial', 'pattern_linear'])
    """
    return list(_BUILDERS)


def build(name: str, **overrides: Any) -> keras.Model:
    """Build an architecture with fresh weights.

    Args:
        name: One of `names()`.
        **overrides: Arguments of its builder, such as `input_shape=(32, 32, 3)` in
            (height, width, channels) or `classes=100`; the defaults are those of the source.

    Raises:
        ValueError: There is no architecture of that name.
        TypeError: Its builder takes no argument of that name.
    """
    if name not in _BUILDERS:
        near = get_close_matches(str(name), _BUILDERS) or names()
        raise ValueError(f"name must be an architecture, such as {', '.join(near)}, got {name!r}")
    return _BUILDERS[name](**overrides)
