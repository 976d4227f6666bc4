"""A recipe, a network and images that train within a second."""

from dataclasses import replace

import numpy as np

from coursecnn.backend import keras
from coursecnn.datasets import Dataset, Provenance
from coursecnn.training import fit
from coursecnn.training.recipes import Recipe

# Without an architecture: the network is `build_tiny`, which `fit_tiny` hands over.
TINY = Recipe("tiny", None, "mnist", epochs=3, batch_size=8, validation_split=0.0)
# The same with an architecture of the course, as a record must name one.
NAMED = replace(
    TINY,
    architecture="pattern_linear",
    architecture_options={"input_shape": (6, 6, 1), "classes": 2},
)
# With all that a recipe can ask for and that does not need a larger network.
RICH = replace(
    TINY,
    optimizer="sgd",
    optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
    learning_rate=0.1,
    schedule="one_cycle",
    label_smoothing=0.2,
    alternating_flip=True,
    translate=1,
    cutout=2,
    tta_flip=True,
    evaluate_every_epoch=True,
)


def build_tiny():
    """A small network with everything that has a state: weights, statistics, random numbers."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(3, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )


def tiny_dataset(official=True, count=32):
    """Images, bright or dark. Of 30, the last batch is a smaller one, and takes a second trace."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, count).astype("uint8")
    images = rng.integers(0, 100, (count, 6, 6, 1)) + 100 * labels[:, None, None, None]
    images = images.astype("uint8")
    provenance = Provenance("made up", official, sha256="ab" * 32)
    return Dataset(
        "mnist", images, labels, images[:10], labels[:10], ("dark", "bright"), provenance
    )


def fit_tiny(recipe=TINY, dataset=None, **options):
    """Fit the tiny network, without a progress bar."""
    options = {"network": build_tiny, "progress": False} | options
    return fit(recipe, dataset or tiny_dataset(), **options)


def untimed(run):
    return replace(run, seconds=0.0)
