"""The companion package of the coursecnn book: an executable course on convolutional networks.

Each room has one job, and imports point one way, from the last rooms to the first:

- `geometry`: shapes, parameters, multiply-accumulates and receptive fields, in integers;
- `convolution`: the operations that the chapters explain, in NumPy;
- `backend`: Keras without log lines, and what computes here;
- `patterns`: the lectures' notation, read into a Keras model;
- `datasets`: CIFAR-10 and MNIST, checked byte for byte;
- `architectures`: Keras models by name, one module per family;
- `models`: what a Keras model is and costs: counted, traced, drawn, explained;
- `evidence`: run records, and the ledger of every number that was printed elsewhere;
- `training`: recipes, runs and their reproduction;
- `figures`: drawings of data;
- `interactive`: explorers that answer in the page, without a kernel;
- `widgets`: trainings and questions to networks, with controls, where a kernel runs;
- `exercises`: the checks behind the exercises;
- `cli`: the command `coursecnn`.

A room is imported when it is first used, so `import coursecnn` costs nothing:

>>> import coursecnn
>>> coursecnn.geometry.output_size(32, 5, padding=2)
32
"""

import sys
from importlib import import_module
from types import ModuleType

from coursecnn._moved import MOVED, Finder

__version__ = "0.2.0"
__all__ = [
    "architectures",
    "backend",
    "cli",
    "convolution",
    "datasets",
    "evidence",
    "exercises",
    "figures",
    "geometry",
    "interactive",
    "models",
    "patterns",
    "training",
    "widgets",
]

sys.meta_path.append(Finder())


def __getattr__(name: str) -> ModuleType:
    """Import a room when it is first asked for."""
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    old = f"{__name__}.{name}"
    moved = f"; it is {MOVED[old]} since coursecnn 0.2" if old in MOVED else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{moved}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
