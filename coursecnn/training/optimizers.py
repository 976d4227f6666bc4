"""Gradient descent in which biases take larger steps than kernels.

- `BiasedSGD`: Keras's `SGD`, with a factor for the step size of biases;
- `names`: the optimizers that a recipe can name, this one and Keras's;
- `build`: an optimizer by its name.

A bias adds the same number at every place of a map. What it has to learn is of another size than
what a kernel has to learn, and one step size for both is too small for it.

Source: Jordan, "94 % on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024 (arXiv:2404.00498),
section 3.4, after Page's "How to Train Your ResNet", part 8.

>>> BiasedSGD(learning_rate=0.5).bias_factor
64.0
"""

import inspect
from collections.abc import Mapping
from typing import Any

from coursecnn.backend import keras

__all__ = ["BiasedSGD", "build", "names", "require_options"]


@keras.saving.register_keras_serializable(package="coursecnn")
class BiasedSGD(keras.optimizers.SGD):
    """Descend along the gradient, and `bias_factor` times as far where a variable is a bias.

    Every variable with a single axis counts as a bias: those of convolutions and dense layers, and
    the shifts of normalisations. Weight decay is the same for all.

    Args:
        learning_rate: The step size of kernels, or a schedule of it.
        bias_factor: What it is multiplied by for biases.
        **kwargs: As for `keras.optimizers.SGD`.

    Raises:
        ValueError: The factor is not positive.

    Examples:
        The gradients are 1 everywhere:

        >>> kernel = keras.Variable([[0.0, 0.0], [0.0, 0.0]])
        >>> bias = keras.Variable([0.0, 0.0])
        >>> optimizer = BiasedSGD(learning_rate=0.5, bias_factor=8.0)
        >>> optimizer.build([kernel, bias])
        >>> optimizer.apply([keras.ops.ones((2, 2)), keras.ops.ones(2)])
        >>> float(kernel.value[0, 0]), float(bias.value[0])
        (-0.5, -4.0)
    """

    def __init__(self, learning_rate: Any = 0.01, bias_factor: float = 64.0, **kwargs: Any) -> None:
        """Keep the factor."""
        if not bias_factor > 0:
            raise ValueError(f"bias_factor must be positive, got {bias_factor!r}")
        super().__init__(learning_rate, **kwargs)
        self.bias_factor = bias_factor

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable, given its gradient."""
        factor = self.bias_factor if len(variable.shape) == 1 else 1.0
        super().update_step(gradient, variable, learning_rate * factor)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments, for saving."""
        return {**super().get_config(), "bias_factor": self.bias_factor}


def _classes() -> dict[str, Any]:
    """Keras's optimizers by the names under which Keras builds them, and that of this module."""
    optimizer = keras.optimizers.Optimizer
    return {
        name.lower(): kind
        for name, kind in vars(keras.optimizers).items()
        if isinstance(kind, type) and issubclass(kind, optimizer) and kind is not optimizer
        if "learning_rate" in inspect.signature(kind).parameters  # others wrap an optimizer
    } | {"coursecnn>BiasedSGD": BiasedSGD}


def names() -> list[str]:
    """List the optimizers that a recipe can name.

    >>> "sgd" in names(), "coursecnn>BiasedSGD" in names()
    (True, True)
    """
    return sorted(_classes())


def require_options(name: str, options: Mapping[str, Any]) -> None:
    """Refuse a setting that an optimizer does not have.

    Args:
        name: one of `names()`.
        options: its settings, but for the learning rate.

    Raises:
        ValueError: if there is one too many; names it.

    >>> require_options("adam", {"momentum": 0.9})
    Traceback (most recent call last):
    ValueError: optimizer_options must be settings of adam, without the learning rate, got momentum
    """
    kind = _classes()[name]
    known = {
        parameter
        for part in inspect.getmro(kind)
        if issubclass(part, keras.optimizers.Optimizer)
        for parameter in inspect.signature(part).parameters
    } - {"learning_rate", "args", "kwargs"}
    if unknown := sorted(options.keys() - known):
        raise ValueError(
            f"optimizer_options must be settings of {name}, without the learning rate, got "
            f"{', '.join(unknown)}"
        )


def build(name: str, options: Mapping[str, Any]) -> keras.optimizers.Optimizer:
    """Build an optimizer.

    Args:
        name: Keras's name of it, or `"coursecnn>BiasedSGD"`.
        options: Its arguments.

    Raises:
        ValueError: There is no such optimizer, or it has no such argument.

    >>> build("sgd", {"momentum": 0.5}).momentum
    0.5
    """
    return keras.optimizers.get({"class_name": name, "config": dict(options)})
