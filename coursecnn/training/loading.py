"""The images that a recipe is fitted and evaluated on.

- `load_data`: they, split as the recipe says;
- `require_fit`: whether images that somebody hands in can be trained on by a recipe;
- `require_sides`: whether they are large enough for it.
"""

from __future__ import annotations

from coursecnn import datasets
from coursecnn.datasets import Dataset
from coursecnn.training.recipe import Recipe

__all__ = ["load_data", "require_fit", "require_sides"]

IN_IMAGES = ("translate", "cutout", "tta_translate")  # fields in pixels


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
            asks for a validation set, all but black, or smaller than what the recipe moves them by
            or paints over; says the cure.
        TypeError: if these are no recipe and no dataset.

    >>> from coursecnn.training.recipes import RECIPES
    >>> require_fit(RECIPES["lab"], datasets.stand_in("mnist"))
    Traceback (most recent call last):
    ValueError: recipe lab trains on cifar10, got mnist
    """
    require_sides(recipe, dataset)
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


def require_sides(recipe: Recipe, dataset: Dataset) -> None:
    """Refuse images that are smaller than what a recipe moves them by or paints over.

    Raises:
        ValueError: if they are; names the recipe's field.
        TypeError: if these are no recipe and no dataset.

    >>> from dataclasses import replace
    >>> from coursecnn.training.recipes import RECIPES
    >>> require_sides(replace(RECIPES["mnist"], cutout=28), datasets.stand_in("mnist"))
    Traceback (most recent call last):
    ValueError: cutout must be smaller than the images' 28 pixels, got 28 in recipe mnist
    """
    for name, value, kind in (("recipe", recipe, Recipe), ("dataset", dataset, Dataset)):
        if not isinstance(value, kind):
            raise TypeError(
                f"{name} must be a {kind.__name__}, such as RECIPES['lab'] and what "
                f"training.load_data makes of it, got {type(value).__name__}"
            )
    side = min(dataset.x_train.shape[1:3])
    for name in (*IN_IMAGES, *["progressive_size"] * bool(recipe.progressive_epochs)):
        if (pixels := getattr(recipe, name)) >= side:
            raise ValueError(
                f"{name} must be smaller than the images' {side} pixels, got {pixels} in recipe "
                f"{recipe.name}"
            )
