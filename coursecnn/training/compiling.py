"""A recipe's network, ready to train: built, put after the division by 255, and compiled.

- `network_of`: the network, the recipe's or one's own;
- `compiled`: the Keras model of bytes around it, with optimizer and loss;
- `learning_rate`: the step size at a step, by the recipe's schedule;
- `of_bytes`: the division by 255 in front of a network.
"""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

from coursecnn import architectures, backend
from coursecnn.backend import keras
from coursecnn.datasets import Dataset
from coursecnn.training import optimizers
from coursecnn.training.recipe import Recipe
from coursecnn.training.whitening import whitening

__all__ = [
    "WHITENED_FROM",
    "compiled",
    "learning_rate",
    "network_of",
    "of_bytes",
    "policy",
    "require_network",
]

WHITENED_FROM = 5000  # training images: 48 variances are known to a percent from far fewer

Network = Any  # a Keras model, or what builds one


def compiled(recipe: Recipe, dataset: Dataset, network: Network = None) -> Any:
    """Return the model that is trained: bytes, the division by 255, and the network.

    Args:
        recipe: how to train.
        dataset: what to train on.
        network: as for `network_of`.

    Raises:
        ValueError: as `network_of`.

    >>> from coursecnn import datasets
    >>> from coursecnn.training.recipes import RECIPES
    >>> model = compiled(RECIPES["mnist"], datasets.stand_in("mnist"))
    >>> model.inputs[0].dtype, type(model.optimizer).__name__
    ('uint8', 'Adam')
    """
    built = network_of(recipe, dataset, network)
    if recipe.whiten:
        _whiten(built, dataset)
    model = of_bytes(built, _input_shape(recipe, dataset))
    optimizer = optimizers.build(recipe.optimizer, recipe.optimizer_options)
    optimizer.learning_rate = _schedule(recipe, len(dataset.x_train))
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, _loss(recipe, len(dataset.classes)), metrics=["accuracy"])
    return model


def network_of(recipe: Recipe, dataset: Dataset, network: Network = None) -> Any:
    """Return the network to train, from images between 0 and 1 to probabilities.

    Args:
        recipe: whose architecture it is if no other network is given.
        dataset: whose images and classes it must be for.
        network: a Keras model, or a function without arguments that builds one; it is built as the
            recipe's own networks are, in the recipe's precision.

    Raises:
        ValueError: if the recipe has no architecture and no network is given, or if the network
            does not go with the images and classes.

    >>> from coursecnn import datasets
    >>> from coursecnn.training.recipes import RECIPES
    >>> network_of(RECIPES["mnist"], datasets.stand_in("mnist")).output_shape
    (None, 10)
    """
    with _precision(recipe):
        if network is None:
            built = _named(recipe, dataset)
        elif isinstance(network, keras.Model):
            built = network
        else:
            built = network() if _builds(network) else network
    require_network(built, _input_shape(recipe, dataset), dataset)
    return built


def _builds(network: object) -> bool:
    """Whether it can be called without arguments."""
    try:
        return callable(network) and bool(inspect.signature(network).bind() or True)
    except (TypeError, ValueError):  # arguments are missing, or nobody knows which it takes
        return False


def _named(recipe: Recipe, dataset: Dataset) -> Any:
    if recipe.architecture is None:
        raise ValueError(f"recipe {recipe.name} has no architecture: give fit a network")
    open_size = {"input_shape": _input_shape(recipe, dataset)} if recipe.progressive_epochs else {}
    return architectures.build(recipe.architecture, **recipe.architecture_options, **open_size)


def _input_shape(recipe: Recipe, dataset: Dataset) -> tuple[int | None, ...]:
    """The shape of an image; height and width are open where the first epochs see smaller ones."""
    shape: tuple[int, ...] = dataset.x_train.shape[1:]
    return (None, None, shape[-1]) if recipe.progressive_epochs else shape


def require_network(network: Any, image: tuple[int | None, ...], dataset: Dataset) -> None:
    """Refuse a network that cannot classify these images, before anything is computed.

    Args:
        network: what should be one.
        image: (height, width, channels) that it must take; None where it must take any size.
        dataset: whose classes it must tell apart.

    Raises:
        ValueError: if it is no network, or takes other images, or gives other classes.

    >>> from coursecnn import datasets
    >>> network = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
    >>> require_network(network, (28, 28, 1), datasets.stand_in("mnist"))
    Traceback (most recent call last):
    ValueError: network must give a probability for each class, (None, 10), got (None, 784)
    """
    if not isinstance(network, keras.Model):
        raise ValueError(
            "network must be a Keras model, or a function without arguments that builds one, got "
            f"{type(network).__name__}"
        )
    wanted = (None, *image)
    if not network.built and isinstance(network, keras.Sequential):  # one without an Input
        network.build(wanted)
    if hasattr(network, "input_shape"):
        shape, found = network.input_shape, network.output_shape
    else:  # a subclassed one takes what its call takes
        shape, found = wanted, of_bytes(network, wanted[1:]).output_shape
    if len(shape) != len(wanted) or any(
        s not in (None, w) for s, w in zip(shape, wanted, strict=True)
    ):
        raise ValueError(
            f"network must take the images of {dataset.name}, {wanted}, got {shape}; None is any "
            "size, which progressive_epochs ask for"
        )
    if found != (None, len(dataset.classes)):
        raise ValueError(
            f"network must give a probability for each class, (None, {len(dataset.classes)}), got "
            f"{found}"
        )


def _whiten(network: Any, dataset: Dataset) -> None:
    if "whitening" not in {layer.name for layer in network.layers}:
        raise ValueError("network must have a layer called 'whitening' for a recipe with whiten")
    layer = network.get_layer("whitening")
    layer.set_weights(whitening(dataset.x_train[:WHITENED_FROM], *layer.kernel_size[:1]))


def of_bytes(network: Any, shape: tuple[int | None, ...]) -> Any:
    """Put the division by 255 in front of a network: images stay bytes up to the device.

    >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Flatten()])
    >>> of_bytes(network, (2,)).inputs[0].dtype
    'uint8'
    """
    return keras.Sequential(
        [keras.Input(shape, dtype="uint8"), keras.layers.Rescaling(1 / 255), network]
    )


def policy(recipe: Recipe) -> str:
    """Return Keras's name for how the recipe's layers compute on this machine.

    >>> from coursecnn.training.recipes import RECIPES
    >>> policy(RECIPES["lab"])
    'float32'
    """
    return recipe.precision if backend.has_bfloat16() else "float32"


@contextlib.contextmanager
def _precision(recipe: Recipe) -> Iterator[None]:
    """Build layers that compute as the recipe says."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy(recipe))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def learning_rate(recipe: Recipe, images: int) -> Callable[[int], float]:
    """Return the step size by the recipe's schedule, as a function of the steps that were made.

    Args:
        recipe: how to train.
        images: how many there are to train on, which with the batch size says how many steps an
            epoch has.

    >>> from coursecnn.training.recipes import RECIPES
    >>> rate = learning_rate(RECIPES["fast"], images=50_000)  # two epochs of 391 steps
    >>> rate(0), round(rate(195), 3), round(abs(rate(782)), 3)
    (0.0, 1.0, 0.0)
    """
    schedule = _schedule(recipe, images)
    return lambda step: float(schedule if isinstance(schedule, float | int) else schedule(step))


def _schedule(recipe: Recipe, images: int) -> Any:
    """Return the step size, or the schedule that gives it for each step."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    steps = recipe.epochs * math.ceil(images / recipe.batch_size)
    if recipe.schedule == "linear":
        return keras.optimizers.schedules.PolynomialDecay(
            recipe.learning_rate, steps, end_learning_rate=0.0
        )
    climb = steps // 4
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - climb, warmup_target=recipe.learning_rate, warmup_steps=climb
    )


def _loss(recipe: Recipe, classes: int) -> Any:
    """Return what is made small: the recipe's loss, or that of smoothed labels."""
    if not recipe.label_smoothing:
        return recipe.loss
    smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)

    def loss(labels: Any, probabilities: Any) -> Any:
        sure = keras.ops.one_hot(keras.ops.reshape(labels, (-1,)), classes)
        return smoothed(sure, probabilities)

    return loss
