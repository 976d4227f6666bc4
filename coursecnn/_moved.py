"""Where the modules of earlier releases are now, for notebooks that still import the old names.

An import of an old name fails, and the error says which import works instead.

>>> import coursecnn.records
Traceback (most recent call last):
    ...
ModuleNotFoundError: coursecnn.records is coursecnn.evidence.records since coursecnn 0.2
"""

from importlib.abc import MetaPathFinder
from typing import NoReturn

__all__ = ["MOVED", "Finder"]

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
