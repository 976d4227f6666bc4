"""How good a network is, measured as a recipe says.

- `evaluate`: the accuracy and the loss of a network;
- `evaluator`: the Keras model that measures them, with test-time augmentation where it is wanted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coursecnn import backend
from coursecnn.backend import keras
from coursecnn.datasets import Dataset
from coursecnn.training.compiling import of_bytes, require_network
from coursecnn.training.loading import require_sides
from coursecnn.training.recipe import Recipe

__all__ = ["EVALUATION_BATCH", "evaluate", "evaluator", "kind", "measured", "shortest"]

EVALUATION_BATCH = 32  # images: Keras's default, with which the records were made


def evaluate(recipe: Recipe, network: Any, dataset: Dataset) -> dict[str, float]:
    """Measure a network as a run of the recipe is measured after its last epoch.

    Args:
        recipe: says how: by one answer to an image, or by the mean of several.
        network: a Keras model of images between 0 and 1, as `load_trained` returns it.
        dataset: whose `x_eval` to evaluate on.

    Returns:
        The accuracy and the loss, such as `test_accuracy` and `test_loss`.

    >>> from coursecnn import datasets, training
    >>> from coursecnn.training.recipes import RECIPES
    >>> lab = RECIPES["lab"]
    >>> list(evaluate(lab, training.load_trained(lab), datasets.stand_in("cifar10")))
    ['test_accuracy', 'test_loss']
    """
    require_sides(recipe, dataset)
    image = dataset.x_eval.shape[1:]
    require_network(network, image, dataset)
    model = of_bytes(network, image)
    model.compile(loss=recipe.loss, metrics=["accuracy"])
    return measured(evaluator(recipe, model), dataset)


def measured(model: Any, dataset: Dataset, callbacks: Any = None) -> dict[str, float]:
    """Measure accuracy and loss on the images that a run is evaluated on.

    Args:
        model: as `evaluator` returns it.
        dataset: whose `x_eval` to evaluate on.
        callbacks: Keras's, told of each batch.

    >>> from coursecnn import datasets
    >>> from coursecnn.training.compiling import compiled
    >>> from coursecnn.training.recipes import RECIPES
    >>> recipe, dataset = RECIPES["mnist"], datasets.stand_in("mnist")
    >>> list(measured(evaluator(recipe, compiled(recipe, dataset)), dataset))
    ['test_accuracy', 'test_loss']
    """
    batches = backend.batched(dataset.x_eval, dataset.y_eval, EVALUATION_BATCH)
    found = model.evaluate(**batches, verbose=0, return_dict=True, callbacks=callbacks)
    return {f"{kind(dataset)}_{name}": shortest(found[name]) for name in ("accuracy", "loss")}


def kind(dataset: Dataset) -> str:
    """Return what the metrics begin with: `"test"` or `"validation"`.

    >>> from coursecnn import datasets
    >>> kind(datasets.stand_in("mnist"))
    'test'
    """
    return dataset.evaluated_on


def shortest(value: float) -> float:
    """Return the shortest decimal that is this value in float32, in which Keras computed it.

    >>> shortest(0.9904000163078308)
    0.9904
    """
    return float(str(np.float32(value)))


def evaluator(recipe: Recipe, model: Any) -> Any:
    """Return the model that evaluates: by several views of an image, or by the plain loss.

    Args:
        recipe: which views.
        model: of bytes, compiled.

    >>> from coursecnn import datasets
    >>> from coursecnn.training.compiling import compiled
    >>> from coursecnn.training.recipes import RECIPES
    >>> model = compiled(RECIPES["mnist"], datasets.stand_in("mnist"))
    >>> evaluator(RECIPES["mnist"], model) is model
    True
    """
    if not (recipe.label_smoothing or recipe.tta_flip or recipe.tta_translate):
        return model
    images = model.inputs[0]
    answers = [model(view) for view in _views(recipe, images)]
    mean = keras.layers.Average(dtype="float32")(answers) if len(answers) > 1 else answers[0]
    found = keras.Model(images, mean)
    found.compile(loss=recipe.loss, metrics=["accuracy"])
    return found


def _views(recipe: Recipe, images: Any) -> list[Any]:
    """Return the images, and what else of them the network answers to."""
    views, pixels = [images], recipe.tta_translate
    if pixels:
        border = ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0))
        padded = keras.ops.pad(images, border, mode="reflect")
        views += [
            padded[:, 2 * pixels :, 2 * pixels :],
            padded[:, : -2 * pixels, : -2 * pixels],
        ]
    if recipe.tta_flip:
        views += [keras.ops.flip(view, axis=2) for view in views]
    return views
