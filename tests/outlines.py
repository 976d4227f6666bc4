"""Networks built without memory for their weights, to be counted and looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from coursecnn.architectures import build
from coursecnn.backend import keras


@contextmanager
def without_weights() -> Iterator[None]:
    """Build models whose variables have a shape and a type, and never any memory.

    Keras keeps a list of such variables, and allocates them all when it next leaves a stateless
    scope of its own, as it does to find the output shape of a custom layer. So the list goes.
    """
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session(free_memory=False)


@cache
def outline(name: str, **overrides: Any) -> keras.Model:
    """Build an architecture by name, once, without its weights."""
    with without_weights():
        return build(name, **overrides)
