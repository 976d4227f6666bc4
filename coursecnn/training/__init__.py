"""Training by recipe: the same recipe and the same seed give the same run.

- `load_data`: the images that a recipe is fitted and evaluated on;
- `fit`: one run, which survives being killed, and the network that it trained;
- `evaluate`: how good a network is, measured as a recipe says;
- `reproduce`: the runs of a record, one per seed, continued where they stopped;
- `load_trained`: the network that a recorded run left behind;
- `learning_rate`: the step size at each step, by a recipe's schedule;
- `affordable_epochs`: how much of a recipe a chapter measures again where it runs.

The recipes are data, in `coursecnn.training.recipes`.
"""

from coursecnn._moved import refuse_attributes
from coursecnn.training.compiling import WHITENED_FROM, learning_rate
from coursecnn.training.evaluation import evaluate
from coursecnn.training.fitting import DivergedError, Trained, fit
from coursecnn.training.loading import load_data
from coursecnn.training.reproduction import load_trained, reproduce
from coursecnn.training.timing import affordable_epochs

__all__ = [
    "WHITENED_FROM",
    "DivergedError",
    "Trained",
    "affordable_epochs",
    "evaluate",
    "fit",
    "learning_rate",
    "load_data",
    "load_trained",
    "reproduce",
]

__getattr__ = refuse_attributes(
    __name__,
    {
        "judged": "evaluate",
        "load": "load_data",
        "machine": "coursecnn.evidence.records.Machine.here",
        "trained": "load_trained",
    },
)
