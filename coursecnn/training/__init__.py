"""Training by recipe: the same recipe and the same seed give the same run.

- `load`: the images that a recipe is fitted and judged on;
- `fit`: one run, which survives being killed;
- `affordable_epochs`: how much of a recipe a chapter measures again where it runs;
- `reproduce`: the runs of a record, one per seed, continued where they stopped;
- `trained`: the network that a run of the book's records left behind;
- `judged`: how good a network is, by a recipe's way of judging.

The recipes are data, in `coursecnn.training.recipes`.
"""

from coursecnn.training.fitting import (
    DivergedError,
    affordable_epochs,
    fit,
    judged,
    load,
    machine,
    reproduce,
    trained,
)

__all__ = [
    "DivergedError",
    "affordable_epochs",
    "fit",
    "judged",
    "load",
    "machine",
    "reproduce",
    "trained",
]
