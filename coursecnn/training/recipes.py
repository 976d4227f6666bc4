"""How networks are trained, as data: no code of training is here.

- `Recipe`: everything that decides a run, but for the seed and the images;
- `RECIPES`: those of the book, by name;
- `ABLATIONS`: which of them are two sides of one question;
- `LADDER`: which of them lead, change by change, from the lecture's recipe to the fast one;
- `LEAGUE`: those that train the arms of the league, all in one way, and `PILOT`: those that the way
  was chosen with.

`coursecnn.training` fits them, and `coursecnn reproduce` records what came out.

>>> recipe = RECIPES["mnist"]
>>> recipe.epochs, recipe.optimizer, recipe.batch_size
(5, 'adam', 32)
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from coursecnn import architectures
from coursecnn._moved import refuse_attributes
from coursecnn.architectures import league
from coursecnn.training.recipe import Recipe

__all__ = [
    "ABLATIONS",
    "LADDER",
    "LEAGUE",
    "OWN_RATES",
    "PILOT",
    "PILOT_SEED",
    "RECIPES",
    "Recipe",
    "Rung",
]

__getattr__ = refuse_attributes(__name__, {"COMPARISONS": "ABLATIONS"})


@dataclass(frozen=True)
class Rung:
    """One change on the way from the lecture's recipe to the fast one.

    Attributes:
        what: the change, in a few words.
        changes: the fields of the recipe that it sets.
        kept: whether the next rungs stand on it. One that does not pay is measured, and left.

    >>> LADDER["batch_size"]
    Rung(what='batches of 128 images', changes={'batch_size': 128}, kept=True)
    """

    what: str
    changes: Mapping[str, Any]
    kept: bool = True


# All at the two epochs of the fast recipe, and evaluated on a validation set.
LADDER: dict[str, Rung] = {
    "lecture": Rung("the lecture's recipe, two epochs of it", {}),
    "architecture": Rung(
        "another architecture: as many multiply-accumulates, a third of the activations",
        {
            "architecture": "cifar10_fast",
            "architecture_options": {"frozen": False, "identity": False},
        },
    ),
    "batch_size": Rung("batches of 128 images", {"batch_size": 128}),
    "one_cycle": Rung("a one-cycle learning rate", {"schedule": "one_cycle"}),
    "nesterov": Rung(
        "SGD with Nesterov momentum and weight decay",
        {
            "optimizer": "sgd",
            "learning_rate": 1.0,
            "optimizer_options": {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
        },
    ),
    "label_smoothing": Rung("label smoothing", {"label_smoothing": 0.2}),
    "whiten": Rung(
        "a whitening first layer, computed and frozen",
        {"whiten": True, "architecture_options": {"identity": False}},
    ),
    "identity_init": Rung("identity initialisation", {"architecture_options": {}}),
    "alternating_flip": Rung("alternating flip", {"alternating_flip": True}),
    "tta_flip": Rung("test-time augmentation by flipping", {"tta_flip": True}),
    "bfloat16": Rung("bfloat16", {"precision": "mixed_bfloat16"}),
    "translate": Rung("translation by up to two pixels", {"translate": 2}, kept=False),
    "gelu": Rung(
        "GELU in place of ReLU", {"architecture_options": {"activation": "gelu"}}, kept=False
    ),
}


def _ladder() -> tuple[list[Recipe], Recipe]:
    """Return a recipe for each rung, and the one that all kept changes lead to."""
    recipe = Recipe("ladder", "cifar10_lab", "cifar10", epochs=2)
    recipes = []
    for name, rung in LADDER.items():
        changed = replace(recipe, name=f"ladder_{name}", **rung.changes)
        recipes.append(changed)
        recipe = changed if rung.kept else recipe
    return recipes, replace(recipe, name="fast", validation_split=0.0, evaluate_every_epoch=True)


# Both sides of each question of `architectures.ablations`: the name says which, the options make
# it. All are trained alike, on few images, and judged on the others.
ABLATIONS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "inception_naive": ("ablation_inception", {"bottleneck": False}),
    "inception_bottleneck": ("ablation_inception", {"bottleneck": True}),
    "inception_bottleneck_deep": ("ablation_inception", {"bottleneck": True, "modules": 3}),
    "degradation_plain20": ("ablation_degradation", {"depth": 20, "shortcuts": False}),
    "degradation_plain44": ("ablation_degradation", {"depth": 44, "shortcuts": False}),
    "degradation_residual20": ("ablation_degradation", {"depth": 20, "shortcuts": True}),
    "degradation_residual44": ("ablation_degradation", {"depth": 44, "shortcuts": True}),
    "order_preactivation": ("ablation_order", {"depth": 44}),  # against degradation_residual44
    "shape_deep": ("ablation_shape", {"form": "deep"}),
    "shape_wide": ("ablation_shape", {"form": "wide"}),
}

# One way to train every arm of the league; only those without normalisation have a rate of their
# own. The pilot tried each rate for a few epochs, on a seed that the league does not use. Its best
# on the validation images was chosen: for all arms, the one with the best mean of the two networks.
PILOT_EPOCHS, PILOT_SEED = 3, 100
PILOT_RATES = {
    "plain": (0.05, 0.15, 0.5, 1.0),
    "residual20": (0.05, 0.15, 0.5, 1.0),
    "unnormalised": (0.01, 0.03, 0.1),
    "tanh": (0.01, 0.03, 0.1, 0.3),
}
OWN_RATES = {"unnormalised": 0.03, "tanh": 0.1}


def _league_recipe(arm: str) -> Recipe:
    return Recipe(
        f"league_{arm}",
        "league",
        "cifar10",
        epochs=10,
        optimizer="sgd",
        learning_rate=OWN_RATES.get(arm, 0.5),
        optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
        schedule="one_cycle",
        batch_size=128,
        architecture_options={"arm": arm},
        alternating_flip=True,
        translate=2,
        evaluate_every_epoch=True,
    )


# The arms whose first steps the chapters take again.
LEAGUE_STARTS = ("plain", "kernels_3x3")
LEAGUE = {arm: _league_recipe(arm) for arm in league.ARMS}
PILOT = {
    (arm, rate): replace(
        LEAGUE[arm], name=f"pilot_{arm}_{rate}", epochs=PILOT_EPOCHS, learning_rate=rate
    )
    for arm, rates in PILOT_RATES.items()
    for rate in rates
}

_RUNGS, _FAST = _ladder()
# Lecture 3, "CIFAR-10": Adam, batches of 32, 20 epochs, and the test images after each.
_LAB = Recipe(
    "lab", "cifar10_lab", "cifar10", epochs=20, validation_split=0.0, evaluate_every_epoch=True
)

RECIPES = {
    recipe.name: recipe
    for recipe in [
        # Lecture 4, "Handwritten digit recognition with CNNs": `compile(optimizer='adam', ...)`
        # and `fit(..., epochs=5)` with everything else at its default.
        Recipe(
            "mnist", architecture="mnist_tutorial", dataset="mnist", epochs=5, validation_split=0.0
        ),
        # The same lecture calls max pooling far better than average pooling. Few images to train
        # on leave the pooling something to decide; many to judge on measure small differences.
        *(
            Recipe(
                f"pooling_{pooling}",
                architecture="mnist_tutorial",
                dataset="mnist",
                epochs=8,
                architecture_options={"pooling": pooling},
                validation_split=0.9,
            )
            for pooling in ("max", "average")
        ),
        # The lecture's four patterns, from a linear classifier to stacked blocks, on few images.
        *(
            Recipe(name, architecture=name, dataset="cifar10", epochs=5, validation_split=0.9)
            for name in architectures.names("pattern_*")
        ),
        _LAB,
        *_RUNGS,
        _FAST,
        # The same two on 5,000 images: short enough to be measured again at every change.
        *(
            replace(
                recipe,
                name=f"{recipe.name}_start",
                epochs=2,
                validation_split=0.9,
                evaluate_every_epoch=False,
            )
            for recipe in (_LAB, _FAST)
        ),
        # The settings of airbench94 (arXiv:2404.00498, its release), for as many epochs as fit into
        # the time of the lecture's twenty. Its rate is for sums over 1024 images, here for means
        # over 500; its weight decay passes through the momentum, Keras's does not.
        replace(
            _FAST,
            name="best",
            architecture="cifar10_best",
            epochs=18,
            optimizer="coursecnn>BiasedSGD",
            learning_rate=0.75,
            optimizer_options={
                "momentum": 0.85,
                "nesterov": True,
                "weight_decay": 0.009,
                "bias_factor": 64.0,
            },
            batch_size=500,
            translate=2,
            progressive_epochs=6,
            evaluate_every_epoch=False,
            tta_translate=1,
        ),
        # LeNet-5 of 1998 and of today, with the same padding of MNIST's 28×28 pixels to 32×32.
        Recipe(
            "lenet5_1998",
            architecture="lenet5_1998",
            dataset="mnist",
            epochs=5,
            architecture_options={"input_shape": [28, 28, 1], "padding": 2, "probabilities": True},
            validation_split=0.0,
        ),
        Recipe(
            "lenet5",
            architecture="lenet5",
            dataset="mnist",
            epochs=5,
            architecture_options={"input_shape": [28, 28, 1], "padding": 2},
            validation_split=0.0,
        ),
        *(
            Recipe(
                name,
                architecture,
                "cifar10",
                epochs=4,
                batch_size=64,
                architecture_options=options,
                validation_split=0.8,
            )
            for name, (architecture, options) in ABLATIONS.items()
        ),
        *LEAGUE.values(),
        *PILOT.values(),
        # A few arms on 5,000 images: short enough to be measured again at every change.
        *(
            replace(
                LEAGUE[arm],
                name=f"league_start_{arm}",
                epochs=2,
                validation_split=0.9,
                evaluate_every_epoch=False,
            )
            for arm in LEAGUE_STARTS
        ),
    ]
}
