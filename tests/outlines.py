"""Networks built without memory for their weights, to be counted and looked at."""

import re
from functools import cache
from typing import Any

from coursecnn.architectures import build
from coursecnn.backend import keras, without_weights
from coursecnn.models.costs import Totals, totals


def automatic(kind: str) -> str:
    """Name a layer of this type as Keras does where nobody named it."""
    return re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)).lower()


# So that an unnamed layer gets a number even if it is the first of its type, and is found out.
for _kind in (
    *vars(keras.layers),
    *(k.__name__ for k in keras.saving.get_custom_objects().values()),
):
    keras.backend.get_uid(automatic(_kind))


@cache
def outline(name: str, **overrides: Any) -> keras.Model:
    """Build an architecture by name, once, without its weights."""
    with without_weights():
        return build(name, **overrides)


@cache
def counts(name: str) -> Totals:
    """Count an architecture, once."""
    return totals(outline(name))


def unnamed(model: keras.Model) -> list[str]:
    """The layers that Keras named, on and on from model to model."""
    return [
        layer.name
        for layer in model.layers
        if re.fullmatch(rf"{automatic(type(layer).__name__)}_\d+", layer.name)
    ]
