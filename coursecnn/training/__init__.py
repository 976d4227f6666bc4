"""Training by recipe: the same recipe and the same seed give the same run.

- `load_data`: the images that a recipe is fitted and judged on;
- `fit`: one run, which survives being killed;
- `affordable_epochs`: how much of a recipe a chapter measures again where it runs;
- `reproduce`: the runs of a record, one per seed, continued where they stopped;
- `load_trained`: the network that a run of the book's records left behind;
- `evaluate`: how good a network is, by a recipe's way of judging.

The recipes are data, in `coursecnn.training.recipes`.
"""

from coursecnn.training.fitting import (
    DivergedError,
    affordable_epochs,
    evaluate,
    fit,
    load_data,
    load_trained,
    machine,
    reproduce,
)

__all__ = [
    "DivergedError",
    "affordable_epochs",
    "evaluate",
    "fit",
    "load_data",
    "load_trained",
    "machine",
    "reproduce",
]
