"""How networks are trained, as data: no code of training is here.

- `Recipe`: everything that decides a run, but for the seed and the images;
- `RECIPES`: those of the book, by name;
- `COMPARISONS`: which of them are two sides of one question;
- `LADDER`: which of them lead, change by change, from the lecture's recipe to the fast one.

`coursecnn.training` fits them, and `coursecnn reproduce` records what came out.

>>> recipe = RECIPES["mnist"]
>>> recipe.epochs, recipe.optimizer, recipe.batch_size
(5, 'adam', 32)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from coursecnn import architectures

__all__ = ["COMPARISONS", "LADDER", "RECIPES", "Recipe", "Rung"]


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. Pixels are divided by 255; the metric is the accuracy.

    Attributes:
        name: what `coursecnn reproduce` and the record's file call it.
        architecture: a name of `coursecnn.architectures.names()`.
        dataset: a name of `coursecnn.datasets.NAMES`.
        epochs: how many times every training image is seen.
        optimizer: Keras's name of it, or `"coursecnn>BiasedSGD"` (`coursecnn.training.optimizers`),
            with its default settings but for those below.
        learning_rate: the step size, or the largest one where a schedule changes it.
        optimizer_options: further settings of the optimizer, such as `{"momentum": 0.9}`.
        schedule: `"constant"`; `"linear"`, which falls from the first step on to nothing behind
            the last one; or `"one_cycle"`, which climbs from nothing during the first quarter of
            the steps, and falls back to nothing along a cosine.
        batch_size: images per step.
        loss: Keras's name of it.
        label_smoothing: the share of each label that is spread evenly over all classes.
        options: what the architecture's builder is told, such as `{"pooling": "average"}`.
        whitened: whether the layer called `whitening` is set from the training images, by
            `coursecnn.training.whitening`, before the first step.
        mirrored: whether left and right are exchanged in half of the training images, and in the
            other half in the next epoch.
        shifted: by how many pixels a training image is moved at most, along each axis.
        cut_out: the side of the square that is painted over in each training image, or 0.
        small_epochs: how many of the first epochs see the training images scaled down, which is
            faster; the architecture must take images of any size.
        small_side: to how many pixels a side.
        precision: `"float32"`, or `"mixed_bfloat16"` to multiply 16-bit numbers on a machine that
            has them (`backend.has_bfloat16`), and those of 32 bits on any other.
        held_out: the fraction of the training images that is set aside and judged on in place of
            the test images, which 0 asks for: the end of a road, never a recipe that is there to
            compare or to choose.
        watched: whether the images that the run is judged on are looked at after each epoch too.
        judged_mirrored: whether an image is judged by the mean of the network's answers to it and
            to its mirror image.
        judged_shifted: by how many pixels the image is moved, up and left and once more down and
            right, for two more looks at it; 0 for none.

    >>> Recipe("mine", architecture="mnist_tutorial", dataset="mnist", epochs=1).learning_rate
    0.001
    """

    name: str
    architecture: str
    dataset: str
    epochs: int
    optimizer: str = "adam"
    learning_rate: float = 0.001
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    schedule: Literal["constant", "linear", "one_cycle"] = "constant"
    batch_size: int = 32
    loss: str = "sparse_categorical_crossentropy"
    label_smoothing: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)
    whitened: bool = False
    mirrored: bool = False
    shifted: int = 0
    cut_out: int = 0
    small_epochs: int = 0
    small_side: int = 24
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    held_out: float = 0.1
    watched: bool = False
    judged_mirrored: bool = False
    judged_shifted: int = 0


@dataclass(frozen=True)
class Rung:
    """One change on the way from the lecture's recipe to the fast one.

    Attributes:
        what: the change, in a few words.
        changes: the fields of the recipe that it sets.
        kept: whether the next rungs stand on it. One that does not pay is measured, and left.

    >>> LADDER["batch"]
    Rung(what='128 images in a step', changes={'batch_size': 128}, kept=True)
    """

    what: str
    changes: Mapping[str, Any]
    kept: bool = True


# All at the two epochs of the fast recipe, and judged on images that were set aside.
LADDER: dict[str, Rung] = {
    "lecture": Rung("the lecture's recipe, two epochs of it", {}),
    "network": Rung(
        "another network: as many products, a third of the activations",
        {"architecture": "cifar10_fast", "options": {"frozen": False, "identity": False}},
    ),
    "batch": Rung("128 images in a step", {"batch_size": 128}),
    "cycle": Rung("the learning rate climbs, then falls", {"schedule": "one_cycle"}),
    "momentum": Rung(
        "descent with Nesterov's momentum, and weight decay",
        {
            "optimizer": "sgd",
            "learning_rate": 1.0,
            "optimizer_options": {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
        },
    ),
    "smoothing": Rung("labels that are less than sure", {"label_smoothing": 0.2}),
    "whitening": Rung(
        "a first layer that is computed", {"whitened": True, "options": {"identity": False}}
    ),
    "identity": Rung("kernels that begin by copying", {"options": {}}),
    "mirrored": Rung("left and right exchanged, every other epoch", {"mirrored": True}),
    "twice": Rung("judged with the mirror image", {"judged_mirrored": True}),
    "bfloat16": Rung("numbers of 16 bits", {"precision": "mixed_bfloat16"}),
    "shifted": Rung("images moved by up to two pixels", {"shifted": 2}, kept=False),
    "gelu": Rung("GELU in place of ReLU", {"options": {"activation": "gelu"}}, kept=False),
}


def _ladder() -> tuple[list[Recipe], Recipe]:
    """Return a recipe for each rung, and the one that all kept changes lead to."""
    recipe = Recipe("", "cifar10_lab", "cifar10", epochs=2)
    recipes = []
    for name, rung in LADDER.items():
        changed = replace(recipe, name=f"ladder_{name}", **rung.changes)
        recipes.append(changed)
        recipe = changed if rung.kept else recipe
    return recipes, replace(recipe, name="fast", held_out=0.0, watched=True)


# Both sides of each question of `architectures.comparisons`: the name says which, the options make
# it. All are trained alike, on few images, and judged on the others.
COMPARISONS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "activation_relu": ("comparison_activation", {"function": "relu"}),
    "activation_tanh": ("comparison_activation", {"function": "tanh"}),
    "kernels_3x3": ("comparison_kernels", {"kernel": 3}),
    "kernels_7x7": ("comparison_kernels", {"kernel": 7}),
    "inception_naive": ("comparison_inception", {"bottleneck": False}),
    "inception_bottleneck": ("comparison_inception", {"bottleneck": True}),
    "inception_bottleneck_deep": ("comparison_inception", {"bottleneck": True, "modules": 3}),
    "head_dense": ("comparison_head", {"kind": "dense"}),
    "head_average": ("comparison_head", {"kind": "average"}),
    "degradation_plain20": ("comparison_degradation", {"depth": 20, "shortcuts": False}),
    "degradation_plain44": ("comparison_degradation", {"depth": 44, "shortcuts": False}),
    "degradation_residual20": ("comparison_degradation", {"depth": 20, "shortcuts": True}),
    "degradation_residual44": ("comparison_degradation", {"depth": 44, "shortcuts": True}),
    "order_preactivation": ("comparison_order", {"depth": 44}),  # against degradation_residual44
    "shape_deep": ("comparison_shape", {"form": "deep"}),
    "shape_wide": ("comparison_shape", {"form": "wide"}),
    "reuse_residual": ("comparison_reuse", {"connections": "residual"}),
    "reuse_chain": ("comparison_reuse", {"connections": "chain"}),
    "reuse_dense": ("comparison_reuse", {"connections": "dense"}),
    "fire_modules": ("comparison_fire", {"modules": "fire"}),
    "fire_convolutions": ("comparison_fire", {"modules": "convolutions"}),
    "fire_narrow_convolutions": ("comparison_fire", {"modules": "narrow"}),
}

# With a constant learning rate the accuracy behind the last step differs by ten points between
# seeds of the dense side, more than there is to find out: here the rate falls to nothing.
FALLING = ("reuse_residual", "reuse_chain", "reuse_dense")

_RUNGS, _FAST = _ladder()

RECIPES = {
    recipe.name: recipe
    for recipe in [
        # Lecture 4, "Handwritten digit recognition with CNNs": `compile(optimizer='adam', ...)`
        # and `fit(..., epochs=5)` with everything else at its default.
        Recipe("mnist", architecture="mnist_tutorial", dataset="mnist", epochs=5, held_out=0.0),
        # The same lecture calls max pooling far better than average pooling. Few images to train
        # on leave the pooling something to decide; many to judge on measure small differences.
        *(
            Recipe(
                f"pooling_{pooling}",
                architecture="mnist_tutorial",
                dataset="mnist",
                epochs=8,
                options={"pooling": pooling},
                held_out=0.9,
            )
            for pooling in ("max", "average")
        ),
        # The lecture's four patterns, from a linear classifier to stacked blocks, on few images.
        *(
            Recipe(name, architecture=name, dataset="cifar10", epochs=5, held_out=0.9)
            for name in architectures.names("pattern_*")
        ),
        # Lecture 3, "CIFAR-10": Adam, batches of 32, 20 epochs, and the test images after each.
        Recipe("lab", "cifar10_lab", "cifar10", epochs=20, held_out=0.0, watched=True),
        *_RUNGS,
        _FAST,
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
            shifted=2,
            small_epochs=6,
            watched=False,
            judged_shifted=1,
        ),
        # LeNet-5 of 1998 and of today, with the same padding of MNIST's 28×28 pixels to 32×32.
        Recipe(
            "lenet5_1998",
            architecture="lenet5_1998",
            dataset="mnist",
            epochs=5,
            options={"input_shape": [28, 28, 1], "padding": 2, "probabilities": True},
            held_out=0.0,
        ),
        Recipe(
            "lenet5",
            architecture="lenet5",
            dataset="mnist",
            epochs=5,
            options={"input_shape": [28, 28, 1], "padding": 2},
            held_out=0.0,
        ),
        *(
            Recipe(
                name,
                architecture,
                "cifar10",
                epochs=4,
                schedule="linear" if name in FALLING else "constant",
                batch_size=64,
                options=options,
                held_out=0.8,
            )
            for name, (architecture, options) in COMPARISONS.items()
        ),
    ]
}
