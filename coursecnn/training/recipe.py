"""A recipe: everything that decides how a network is trained, checked field by field.

The fields are flat and not grouped: a rung of the ladder, a command line and a table of the book
change or show one field at a time, `dataclasses.replace(recipe, translate=2)` says it in one word,
and a record holds the same names. What belongs together shares the beginning of its name.

>>> Recipe("mine", "mnist_tutorial", "mnist", epochs=0)
Traceback (most recent call last):
ValueError: epochs must be a positive int, got 0
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from functools import partial
from typing import Any, Literal

from coursecnn import architectures, datasets
from coursecnn._moved import renamed_fields
from coursecnn._values import Frozen, choice, flag, frozen, integer, name, number, shown
from coursecnn.training import optimizers

__all__ = ["RENAMED", "Recipe"]

SCHEDULES = ("constant", "linear", "one_cycle")
PRECISIONS = ("float32", "mixed_bfloat16")
LOSSES = ("sparse_categorical_crossentropy",)  # what takes the numbers of classes for labels
RENAMED = {
    "cut_out": "cutout",
    "held_out": "validation_split",
    "judged_mirrored": "tta_flip",
    "judged_shifted": "tta_translate",
    "mirrored": "alternating_flip",
    "options": "architecture_options",
    "shifted": "translate",
    "small_epochs": "progressive_epochs",
    "small_side": "progressive_size",
    "watched": "evaluate_every_epoch",
    "whitened": "whiten",
}


@renamed_fields(RENAMED)
@dataclass(frozen=True)
class Recipe:
    """How a network is trained. Pixels are divided by 255; the metric is the accuracy.

    NumPy's numbers are accepted and kept as Python's. Mappings are copied, and cannot be changed.

    Attributes:
        name: what `coursecnn reproduce` and the record's file call it.
        architecture: a name of `coursecnn.architectures.names()`, or None for a recipe that is
            only used with a network of one's own.
        dataset: a name of `coursecnn.datasets.NAMES`.
        epochs: how many times every training image is seen.
        optimizer: a name of `coursecnn.training.optimizers.names()`, with its default settings but
            for those below.
        learning_rate: the step size, or the largest one where a schedule changes it.
        optimizer_options: further settings of the optimizer, such as `{"momentum": 0.9}`.
        schedule: `"constant"`; `"linear"`, which falls from the first step on to nothing after the
            last one; or `"one_cycle"`, which climbs from nothing during the first quarter of the
            steps, and falls back to nothing along a cosine.
        batch_size: images per step.
        loss: `"sparse_categorical_crossentropy"`, the loss of Keras for labels that are numbers of
            classes.
        label_smoothing: the share of each label that is spread evenly over all classes.
        architecture_options: what the architecture's builder is told, such as
            `{"pooling": "average"}`.
        whiten: whether the layer called `whitening` is set from the training images, by
            `coursecnn.training.whitening`, before the first step.
        alternating_flip: whether left and right are exchanged in half of the training images, and
            in the other half in the next epoch.
        translate: by how many pixels a training image is moved at most, along each axis.
        cutout: the side of the square that is painted over in each training image, or 0.
        progressive_epochs: how many of the first epochs see the training images scaled down, which
            is faster; the network must take images of any size.
        progressive_size: to how many pixels a side.
        precision: `"float32"`, or `"mixed_bfloat16"` to multiply in bfloat16 on a machine that can
            (`backend.has_bfloat16`), and in float32 on any other.
        validation_split: the fraction of the training images that is set aside and evaluated on in
            place of the test images. 0, which evaluates on the test images, is for the end of a
            road, never for a recipe that is there to compare or to choose.
        evaluate_every_epoch: whether the network is evaluated after each epoch too.
        tta_flip: whether an image is classified by the mean of the network's answers to it and to
            its mirror image (test-time augmentation).
        tta_translate: by how many pixels the image is moved, up and left and once more down and
            right, for two more answers; 0 for none.

    Raises:
        ValueError: if a field has a value that it cannot have; names the field.
        TypeError: if there is no such field; of a field that was renamed it says the new name.

    >>> Recipe("mine", architecture="mnist_tutorial", dataset="mnist", epochs=1).learning_rate
    0.001
    """

    name: str
    architecture: str | None
    dataset: str
    epochs: int
    optimizer: str = "adam"
    learning_rate: float = 0.001
    optimizer_options: Mapping[str, Any] = field(default_factory=Frozen)
    schedule: Literal["constant", "linear", "one_cycle"] = "constant"
    batch_size: int = 32
    loss: str = "sparse_categorical_crossentropy"
    label_smoothing: float = 0.0
    architecture_options: Mapping[str, Any] = field(default_factory=Frozen)
    whiten: bool = False
    alternating_flip: bool = False
    translate: int = 0
    cutout: int = 0
    progressive_epochs: int = 0
    progressive_size: int = 24
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    validation_split: float = 0.1
    evaluate_every_epoch: bool = False
    tta_flip: bool = False
    tta_translate: int = 0

    def __post_init__(self) -> None:
        """Check every field, and keep Python's own values."""
        for each, check in CHECKS.items():
            object.__setattr__(self, each, check(each, getattr(self, each)))
        optimizers.require_options(self.optimizer, self.optimizer_options)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Recipe:
        """Make a recipe of the fields that a record or another file holds.

        A field that the file lacks, because it is older, has its default.

        Raises:
            ValueError: if a field is unknown, missing or wrong; names it.

        >>> from coursecnn.evidence import records
        >>> Recipe.from_json(records.read("lab").recipe).epochs
        20
        """
        known = {each.name for each in fields(cls)}
        if unknown := sorted(content.keys() - known):
            raise ValueError(
                f"recipe: unknown field {', '.join(unknown)}; a newer coursecnn may know it"
            )
        if missing := sorted({"name", "architecture", "dataset", "epochs"} - content.keys()):
            raise ValueError(f"recipe: missing field {', '.join(missing)}")
        return cls(**content)

    def as_json(self) -> dict[str, Any]:
        """Return the fields as a JSON file gives them back.

        >>> recipe = Recipe("mine", "mnist_tutorial", "mnist", epochs=1)
        >>> Recipe.from_json(recipe.as_json()) == recipe
        True
        """
        content: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return content


def _architecture(field: str, value: object) -> str | None:
    known = architectures.names()
    if value is None or (isinstance(value, str) and value in known):
        return value
    near = get_close_matches(str(value), known) or known[:3]
    raise ValueError(
        f"{field} must be a name of architectures.names(), such as {', '.join(near)}, or None, "
        f"got {shown(value)}"
    )


def _optimizer(field: str, value: object) -> str:
    return choice(field, value, optimizers.names())


def _mapping(field: str, value: object) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{field} must be a mapping from texts, got {shown(value)}")
    return frozen(field, value)


positive = partial(integer, least=1)
count = partial(integer, least=0)
fraction = partial(number, least=0, below=1)

CHECKS: dict[str, Callable[[str, object], Any]] = {
    "name": name,
    "architecture": _architecture,
    "dataset": partial(choice, choices=datasets.NAMES),
    "epochs": positive,
    "optimizer": _optimizer,
    "learning_rate": partial(number, above=0),
    "optimizer_options": _mapping,
    "schedule": partial(choice, choices=SCHEDULES),
    "batch_size": positive,
    "loss": partial(choice, choices=LOSSES),
    "label_smoothing": fraction,
    "architecture_options": _mapping,
    "whiten": flag,
    "alternating_flip": flag,
    "translate": count,
    "cutout": count,
    "progressive_epochs": count,
    "progressive_size": positive,
    "precision": partial(choice, choices=PRECISIONS),
    "validation_split": fraction,
    "evaluate_every_epoch": flag,
    "tta_flip": flag,
    "tta_translate": count,
}
