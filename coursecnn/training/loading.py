"""The images that a recipe is fitted and evaluated on.

- `load_data`: they, split as the recipe says;
- `require_fit`: whether images that somebody hands in can be trained on by a recipe.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coursecnn import datasets
from coursecnn.datasets import Dataset
from coursecnn.training.recipe import Recipe

__all__ = ["load_data", "require_fit"]


def load_data(recipe: Recipe) -> Dataset:
    """Load the images that a recipe is fitted and evaluated on.

    Returns:
        The recipe's dataset; split by `Dataset.split_validation` where the recipe asks for a
        validation set.

    >>> from coursecnn.training.recipes import RECIPES
    >>> load_data(RECIPES["mnist"]).evaluated_on
    'test'
    """
    dataset = {"mnist": datasets.mnist, "cifar10": datasets.cifar10}[recipe.dataset]()
    return dataset.split_validation(recipe.validation_split) if recipe.validation_split else dataset


def require_fit(recipe: Recipe, dataset: Dataset) -> None:
    """Refuse images that a recipe cannot be trained or evaluated on.

    Raises:
        ValueError: if they are another dataset's, or not split though the recipe asks for a
            validation set; or if they are no bytes, have no labels, or are none; says the cure.

    >>> from coursecnn.training.recipes import RECIPES
    >>> require_fit(RECIPES["lab"], datasets.stand_in("mnist"))
    Traceback (most recent call last):
    ValueError: recipe lab trains on cifar10, got mnist
    """
    if dataset.name != recipe.dataset:
        raise ValueError(f"recipe {recipe.name} trains on {recipe.dataset}, got {dataset.name}")
    if recipe.validation_split and dataset.evaluated_on == "test":
        raise ValueError(
            f"recipe {recipe.name} is evaluated on a validation set, got a dataset that is "
            "evaluated on its test images; use training.load_data(recipe)"
        )
    classes = len(dataset.classes)
    for part, images, labels in (
        ("train", dataset.x_train, dataset.y_train),
        ("eval", dataset.x_eval, dataset.y_eval),
    ):
        _require_images(f"x_{part}", images)
        _require_labels(f"y_{part}", labels, len(images), classes)
    if dataset.x_train.shape[1:] != dataset.x_eval.shape[1:]:
        raise ValueError(
            f"x_eval must hold images like those of x_train, {dataset.x_train.shape[1:]}, got "
            f"{dataset.x_eval.shape[1:]}"
        )


def _require_images(name: str, images: Any) -> None:
    if not isinstance(images, np.ndarray) or images.ndim != 4 or not images.size:
        shape = getattr(images, "shape", type(images).__name__)
        raise ValueError(
            f"{name} must hold at least one image, of shape (count, height, width, channels), got "
            f"{shape}"
        )
    if images.dtype != np.uint8 or images.max() <= 1:
        raise ValueError(
            f"{name} must hold bytes, uint8 from 0 to 255, which the network sees divided by 255, "
            f"got {images.dtype} from {images.min():g} to {images.max():g}; undo your own division "
            "with (255 * images).round().astype('uint8')"
        )


def _require_labels(name: str, labels: Any, count: int, classes: int) -> None:
    if not isinstance(labels, np.ndarray) or labels.shape != (count,):
        shape = getattr(labels, "shape", type(labels).__name__)
        cure = "; use labels.ravel()" if shape == (count, 1) else ""
        raise ValueError(f"{name} must hold a label per image, shape ({count},), got {shape}{cure}")
    whole = np.issubdtype(labels.dtype, np.integer)
    if not whole or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"{name} must hold ints from 0 to {classes - 1}, one class each, got {labels.dtype} "
            f"from {labels.min():g} to {labels.max():g}"
        )
