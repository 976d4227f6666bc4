"""The images that a recipe is fitted and evaluated on.

- `load_data`: they, split as the recipe says;
- `require_fit`: whether images that somebody hands in can be trained on by a recipe.
"""

from __future__ import annotations

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

    Images of one's own (`datasets.from_arrays`) go with every recipe.

    Raises:
        ValueError: if they are those of another dataset of the course, not split though the recipe
            asks for a validation set, or all but black; says the cure.

    >>> from coursecnn.training.recipes import RECIPES
    >>> require_fit(RECIPES["lab"], datasets.stand_in("mnist"))
    Traceback (most recent call last):
    ValueError: recipe lab trains on cifar10, got mnist
    """
    if dataset.name in datasets.NAMES and dataset.name != recipe.dataset:
        raise ValueError(f"recipe {recipe.name} trains on {recipe.dataset}, got {dataset.name}")
    if recipe.validation_split and dataset.evaluated_on == "test":
        raise ValueError(
            f"recipe {recipe.name} is evaluated on a validation set, got a dataset that is "
            "evaluated on its test images; use training.load_data(recipe), or "
            f"dataset.split_validation({recipe.validation_split:g})"
        )
    if dataset.x_train.max() <= 1:
        raise ValueError(
            "x_train must hold bytes from 0 to 255, which the network sees divided by 255, got "
            f"nothing above {dataset.x_train.max()}; undo your own division before"
        )
