"""Networks built without memory for their weights, to be counted and looked at."""

from functools import cache
from typing import Any

from coursecnn.architectures import build
from coursecnn.backend import keras, without_weights


@cache
def outline(name: str, **overrides: Any) -> keras.Model:
    """Build an architecture by name, once, without its weights."""
    with without_weights():
        return build(name, **overrides)
