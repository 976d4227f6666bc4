"""Where the names of earlier releases are now, for notebooks that still use the old ones.

An import of an old name fails, and the error says which import works instead.

>>> import coursecnn.records
Traceback (most recent call last):
    ...
ModuleNotFoundError: coursecnn.records is coursecnn.evidence.records since coursecnn 0.2
"""

import functools
from collections.abc import Callable, Mapping
from importlib.abc import MetaPathFinder
from typing import Any, NoReturn, ParamSpec, TypeVar

__all__ = ["MOVED", "Finder", "refuse_attributes", "renamed_arguments", "renamed_fields"]

Kind = TypeVar("Kind", bound=type)
Given = ParamSpec("Given")
Returned = TypeVar("Returned")

MOVED = {
    "coursecnn.accounting": "coursecnn.models",
    "coursecnn.attribution": "coursecnn.models.attribution",
    "coursecnn.augmentation": "coursecnn.training.augmentation",
    "coursecnn.diagrams": "coursecnn.models.diagrams",
    "coursecnn.distributed": "coursecnn.training.distributed",
    "coursecnn.experiments": "coursecnn.widgets",
    "coursecnn.graphs": "coursecnn.models.graph",
    "coursecnn.ledger": "coursecnn.evidence.ledger",
    "coursecnn.optimizers": "coursecnn.training.optimizers",
    "coursecnn.pretrained": "coursecnn.architectures.pretrained",
    "coursecnn.recipes": "coursecnn.training.recipes",
    "coursecnn.records": "coursecnn.evidence.records",
    "coursecnn.timing": "coursecnn.training.timing",
    "coursecnn.whitening": "coursecnn.training.whitening",
    "coursecnn.architectures.comparisons": "coursecnn.architectures.ablations",
    "coursecnn.architectures.lab": "coursecnn.architectures.lectures",
    "coursecnn.architectures.lecture_patterns": "coursecnn.architectures.lectures",
    "coursecnn.architectures.tutorials": "coursecnn.architectures.lectures",
    "coursecnn.architectures.whitened": "coursecnn.architectures.airbench",
    "coursecnn.evidence.bands": "coursecnn.evidence.records",
    "coursecnn.evidence.comparison": "coursecnn.evidence.records",
    "coursecnn.interactive.effective": "coursecnn.models.receptive",
}


class Finder(MetaPathFinder):
    """Asked last for a module, when nothing of that name was found."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Refuse an old name with the new one; leave every other name to the usual error.

        Raises:
            ModuleNotFoundError: The module has moved.
        """
        if name in MOVED:
            _refuse(name)


def _refuse(name: str) -> NoReturn:
    # Without the attribute `name`, which would let `from coursecnn import OLD` hide the message.
    raise ModuleNotFoundError(f"{name} is {MOVED[name]} since coursecnn 0.2")


def refuse_attributes(module: str, renamed: Mapping[str, str]) -> Callable[[str], NoReturn]:
    """Return a module's `__getattr__`, which answers an old name with the new one.

    With an ImportError: `from module import name` would hide the message of an AttributeError.

    >>> refuse_attributes("coursecnn.training", {"judged": "evaluate"})("judged")
    Traceback (most recent call last):
    ImportError: coursecnn.training.judged is coursecnn.training.evaluate since coursecnn 0.2
    """

    def answer(name: str) -> NoReturn:
        if name in renamed:
            new = renamed[name]
            where = new if new.startswith("coursecnn.") else f"{module}.{new}"
            raise ImportError(f"{module}.{name} is {where} since coursecnn 0.2")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return answer


def renamed_arguments(
    renamed: Mapping[str, str],
) -> Callable[[Callable[Given, Returned]], Callable[Given, Returned]]:
    """Let a function answer the old name of an argument with the new one.

    >>> @renamed_arguments({"until": "target_accuracy"})
    ... def fit(target_accuracy=None):
    ...     return target_accuracy
    >>> fit(until=0.9)
    Traceback (most recent call last):
    TypeError: fit has no argument 'until': it is 'target_accuracy' since coursecnn 0.2
    """

    def decorate(function: Callable[Given, Returned]) -> Callable[Given, Returned]:
        @functools.wraps(function)
        def call(*args: Given.args, **kwargs: Given.kwargs) -> Returned:
            for old in renamed.keys() & kwargs.keys():
                raise TypeError(
                    f"{function.__name__} has no argument {old!r}: it is {renamed[old]!r} since "
                    "coursecnn 0.2"
                )
            return function(*args, **kwargs)

        return call

    return decorate


def renamed_fields(renamed: Mapping[str, str]) -> Callable[[Kind], Kind]:
    """Let a class answer the old name of a field with the new one, when it is made and when read.

    >>> @renamed_fields({"size": "side"})
    ... class Square:
    ...     def __init__(self, side):
    ...         self.side = side
    >>> Square(size=3)
    Traceback (most recent call last):
    TypeError: Square has no field 'size': it is 'side' since coursecnn 0.2
    """

    def decorate(kind: Kind) -> Kind:
        make: Any = kind.__init__  # type: ignore[misc]

        @functools.wraps(make)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            for old in renamed.keys() & kwargs.keys():
                raise TypeError(_refusal(kind, old))
            make(self, *args, **kwargs)

        def answer(_: object, name: str) -> NoReturn:
            if name in renamed:
                raise AttributeError(_refusal(kind, name))
            raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r}")

        kind.__init__ = init  # type: ignore[misc]
        kind.__getattr__ = answer  # type: ignore[attr-defined]
        return kind

    def _refusal(kind: type, old: str) -> str:
        return f"{kind.__name__} has no field {old!r}: it is {renamed[old]!r} since coursecnn 0.2"

    return decorate
