"""Convolutional networks by name, one module per family.

- `names()`: every architecture, in the order of the course, or those like `"resnet*"`;
- `build(name, ...)`: a fresh Keras model of it;
- `describe(name)`: what is known of it: source, image, classes, parameters, MACs, options;
- `table()`: the same of all of them, as a table;
- `register(name, builder)`: a network of your own, found by its name from then on.

A saved network is read by `keras.saving.load_model` wherever this package has been imported, which
makes its layers known to Keras.

A family is a module with a table for each network, a short builder that walks the table, and
`NETWORKS`, the rows of its networks: name, source, counts and builder. It joins with one line in
`FAMILIES`. Each builder can also be had from its module, such as `vgg.vgg16`.

Every builder takes `input_shape` and `classes` first. Where a network ends in a softmax, it also
takes `top`, whether the classifier is there at all, and `classifier_activation`, what becomes of
its logits; None leaves them as they are. The names are those of Keras Applications, where `top` is
`include_top`.

>>> from coursecnn import architectures
>>> architectures.build("mnist_tutorial").count_params()
93322
>>> architectures.build("resnet20", top=False).output_shape
(None, 8, 8, 64)
>>> from coursecnn.architectures.resnet_cifar import resnet20
>>> resnet20(classes=100).output_shape
(None, 100)
"""

from fnmatch import fnmatchcase
from typing import Any

import pandas as pd

from coursecnn.architectures import (
    _registry,
    ablations,
    airbench,
    alexnet,
    convnext,
    densenet,
    efficientnet,
    fractalnet,
    googlenet,
    league,
    lectures,
    lenet,
    mobilenet,
    nin,
    preact,
    resnet,
    resnet_cifar,
    resnext,
    se_resnet,
    squeezenet,
    stochastic_depth,
    vgg,
    wide_resnet,
    zfnet,
)
from coursecnn.architectures._registry import OWN, Architecture, Builder
from coursecnn.architectures.layers import Shape
from coursecnn.backend import keras

__all__ = ["Architecture", "build", "describe", "names", "register", "table", "unregister"]

FAMILIES = (
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
    mobilenet,
    se_resnet,
    efficientnet,
    convnext,
    airbench,
    ablations,
    league,
)

for _family in FAMILIES:
    for _row in _family.NETWORKS:
        _registry.add(_row)
        vars(_family).setdefault(_row.name, _row.builder)


def names(pattern: str = "*", *, family: str | None = None) -> list[str]:
    """List the architectures that `build` knows, in the order of the course.

    Args:
        pattern: What the names are like: `*` stands for anything, `?` for one character.
        family: Of which family; None for all.

    >>> len(names()) > 60, names()[:3]
    (True, ['mnist_tutorial_base', 'mnist_tutorial', 'pattern_linear'])
    >>> names("resnet*_v2"), names(family="squeezenet")
    (['resnet50_v2', 'resnet101_v2', 'resnet152_v2'], ['squeezenet1_0', 'squeezenet1_1'])
    """
    return [
        name
        for name, row in _registry.REGISTERED.items()
        if fnmatchcase(name, pattern) and family in (None, row.family)
    ]


def describe(name: str) -> Architecture:
    """Give what is known of an architecture; `print` shows it with the options of its builder.

    Raises:
        ValueError: There is no architecture of that name.

    >>> describe("vgg16").source
    'Simonyan and Zisserman, ICLR 2015 (arXiv:1409.1556), table 1, column D'
    """
    return _registry.find(name)


def table(pattern: str = "*", *, family: str | None = None) -> pd.DataFrame:
    """Tabulate what is known of the architectures, one row for each.

    Args:
        pattern: As in `names`.
        family: As in `names`.

    Returns:
        A table with the columns family, source, input_shape, classes, parameters, trainable and
        macs, by name.

    >>> table("squeezenet*")[["input_shape", "parameters", "macs"]]
                     input_shape  parameters       macs
    squeezenet1_0  (227, 227, 3)     1248424  861339936
    squeezenet1_1  (227, 227, 3)     1235496  387747520
    """
    found = [_registry.REGISTERED[name] for name in names(pattern, family=family)]
    columns = ("family", "source", "input_shape", "classes", "parameters", "trainable", "macs")
    data = {column: [getattr(row, column) for row in found] for column in columns}
    return pd.DataFrame(data, index=[row.name for row in found])


def build(name: str, **options: Any) -> keras.Model:
    """Build an architecture with fresh weights.

    Args:
        name: One of `names()`.
        **options: Arguments of its builder, which `print(describe(name))` lists and explains:
            always `input_shape=(height, width, channels)`; for a classifier `classes`, `top` and
            `classifier_activation`; and its own, such as a release. The defaults are those of the
            source.

    Raises:
        ValueError: There is no architecture of that name.
        TypeError: Its builder takes no argument of that name.

    >>> build("resnet50", input_size=64)
    Traceback (most recent call last):
    TypeError: resnet50 takes input_shape, classes, release, shortcut, top, \
classifier_activation; got 'input_size'
    """
    row = _registry.find(name)
    row.check_options(options)
    return row.builder(**options)


def register(
    name: str,
    builder: Builder | None = None,
    *,
    source: str = "",
    input_shape: Shape | None = None,
    classes: int | None = None,
    parameters: int | None = None,
    trainable: int | None = None,
    macs: int | None = None,
    replace: bool = False,
) -> Any:
    """Add a network of your own, of family "own"; a function call, or a decorator of the builder.

    Args:
        name: By which `build`, and a recipe, find it.
        builder: A function that returns a fresh Keras model.
        source: As all that follow, of `Architecture`. What is not known may be left away.
        input_shape: (height, width, channels) of an image, by default.
        classes: Number of outputs, by default.
        parameters: Numbers in its weights.
        trainable: Those that training changes.
        macs: Multiply-accumulates for one image.
        replace: Take the place of an earlier network of your own, as where a notebook's cell is
            run again.

    Returns:
        The builder, unchanged; without one, a decorator that returns it.

    Raises:
        ValueError: The name is taken, or an argument is not what it must be.

    >>> @register("one_layer", classes=10)
    ... def one_layer(input_shape=(28, 28, 1), classes=10):
    ...     flat = keras.layers.Flatten()
    ...     return keras.Sequential(
    ...         [keras.Input(input_shape), flat, keras.layers.Dense(classes, "softmax")]
    ...     )
    >>> build("one_layer", classes=2).count_params(), names(family="own")
    (1570, ['one_layer'])
    >>> unregister("one_layer")
    """

    def join(builder: Builder) -> Builder:
        numbers = (input_shape, classes, parameters, trainable, macs)
        row = Architecture(name, OWN, source, *numbers, builder=builder)
        if replace and name in names(family=OWN):
            _registry.remove(name)
        _registry.add(row)
        return builder

    return join if builder is None else join(builder)


def unregister(name: str) -> None:
    """Forget a network that `register` added.

    Raises:
        ValueError: There is none of that name, or it belongs to the course.

    >>> unregister("vgg16")
    Traceback (most recent call last):
    ValueError: name must be of a network of your own, got 'vgg16' of the course
    """
    _registry.remove(name)
