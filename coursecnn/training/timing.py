"""How long networks take: forward, on the processor, and in training, on the wall.

- `NETWORKS`: the networks for ImageNet, which chapter 13 compares;
- `FEW`: one of each family, for whoever has half a minute;
- `affordable`: which of the two a chapter measures again where it runs;
- `affordable_epochs`: how much of a recipe it measures again;
- `forward_seconds(name)`: the time of one network;
- `measure(names, seed)`: the times of several, as a `records.Run`;
- `EpochClock`: the wall time of each epoch of a training;
- `step_seconds(recipe, dataset)`: the wall time of a step;
- `cost(recipe, folder)`: what a run of a recipe takes, where it was recorded and here.

The time of a forward pass is that of the processor: the seconds that its cores were busy with this
process, added up. What else the machine does meanwhile hardly changes it, while a clock on the wall
would count that too; with c cores that all have enough to do, the clock shows a c-th of it.

A time alone says little about a network and much about a machine. So times are compared as ratios,
within a run, and a record of them (`records.read("forward_time")`, written by
`python -m benchmarks.forward_time`) says which machine it was.

>>> len(NETWORKS), set(FEW) <= set(NETWORKS)
(27, True)
"""

from __future__ import annotations

import gc
import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from coursecnn import architectures, backend, datasets
from coursecnn.backend import keras, name
from coursecnn.datasets import Dataset
from coursecnn.evidence import records
from coursecnn.evidence.records import Machine, Record, Run
from coursecnn.training.fitting import fit
from coursecnn.training.recipe import Recipe
from coursecnn.training.recipes import RECIPES

__all__ = [
    "CALLS",
    "FEW",
    "NETWORKS",
    "EpochClock",
    "affordable",
    "affordable_epochs",
    "cost",
    "forward_seconds",
    "lab_epoch_seconds",
    "measure",
    "step_seconds",
]

CALLS = 5
CLASSES = 1000  # of ImageNet

# GoogLeNet's auxiliary classifiers have no part in classifying; families that joined after the
# times were recorded wait for the next recording.
LATER = ("mobilenet", "se_resnet", "efficientnet", "convnext")
NETWORKS = tuple(
    network
    for network in architectures.names()
    if (row := architectures.describe(network)).classes == CLASSES
    and row.family not in LATER
    and network != "googlenet_aux"
)
FEW = (
    "alexnet",
    "zfnet",
    "vgg16",
    "nin_imagenet",
    "googlenet",
    "resnet50",
    "densenet121",
    "squeezenet1_1",
)


def affordable() -> tuple[str, ...]:
    """Say which networks a chapter measures again on this machine.

    Returns:
        All where the environment variable `COURSECNN_FULL` is set to anything but 0, otherwise
        `FEW`.

    >>> set(FEW) <= set(affordable())
    True
    """
    return NETWORKS if _full() else FEW


def affordable_epochs(recipe: Recipe) -> int:
    """Say how many epochs of a recipe a chapter measures again on this machine.

    Returns:
        All on a GPU, or where the environment variable `COURSECNN_FULL` is set to anything but
        0; otherwise one, the first.

    >>> 1 <= affordable_epochs(RECIPES["mnist"]) <= RECIPES["mnist"].epochs
    True
    """
    return recipe.epochs if _full() or backend.device().startswith("GPU") else 1


def _full() -> bool:
    return os.environ.get("COURSECNN_FULL", "0") not in {"", "0"}


def forward_seconds(network: str, calls: int = CALLS, images: int = 1) -> float:
    """Time one image on its way through a network, on the processor, alone or among others.

    The network is compiled into a graph by a first call that does not count. The shortest of the
    others does: neighbours that use the same caches lengthen a call, and nothing shortens one.

    Args:
        network: A name of `architectures.names()`; its weights are random, and freed afterwards.
            What else there is of Keras in the process stays as it is.
        calls: How many calls count.
        images: How many go through together.

    Returns:
        Seconds of the processor per image, of the shortest call, to the microsecond.

    >>> forward_seconds("mnist_tutorial", calls=1) > 0
    True
    """
    with keras.device("cpu:0"):
        model = architectures.build(network)
        shape = (images, *model.input_shape[1:])
        batch = np.random.default_rng(0).random(shape, dtype=np.float32)
        # On JAX nothing else makes a graph; on the others this would be one more compiler.
        model.compile(jit_compile=name() == "jax")
        seconds = [_seconds(model, batch) for _ in range(1 + calls)]
    del model  # a model and its compiled functions hold one another
    gc.collect()
    return round(min(seconds[1:]) / images, 6)


def _seconds(model: keras.Model, batch: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    start = time.process_time()
    model.predict_on_batch(batch)
    return time.process_time() - start


def measure(
    networks: Sequence[str], seed: int = 0, calls: int = CALLS, progress: bool = True
) -> Run:
    """Time several networks, one after the other, with the weights of one in memory at a time.

    Args:
        networks: Names of `architectures.names()`.
        seed: What the weights are drawn from.
        calls: As in `forward_seconds`.
        progress: Whether to show a progress bar on stderr where that is a terminal.

    Returns:
        A run whose metrics are the processor's seconds of each network, by name.

    >>> list(measure(["mnist_tutorial"], calls=1, progress=False).metrics)
    ['mnist_tutorial']
    """
    start = time.perf_counter()
    keras.utils.set_random_seed(seed)
    metrics = {
        network: forward_seconds(network, calls)
        for network in tqdm(networks, disable=None if progress else True, unit="network")
    }
    return Run(seed, metrics, {}, time.perf_counter() - start, Machine.here())


class EpochClock(keras.callbacks.Callback):
    """Note the time of each epoch of training, for the `callbacks` of `training.fit`.

    The time is that on the wall, or what else `clock` gives. The first epoch includes compilation.
    What happens around epochs is not counted: evaluation, and the flipping or translating of images
    before they are trained on.

    Args:
        clock: returns seconds, such as `time.process_time`.

    Attributes:
        seconds: one number per epoch, in order.

    >>> clock = EpochClock()
    >>> clock.on_epoch_begin(0)
    >>> clock.on_epoch_end(0)
    >>> len(clock.seconds)
    1
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Begin without any epochs."""
        super().__init__()
        self.clock = clock
        self.seconds: list[float] = []
        self._started = 0.0
        self._stopped: float | None = None

    def on_epoch_begin(self, _epoch: int, _logs: object = None) -> None:
        """Start the clock."""
        self._started, self._stopped = self.clock(), None

    def on_test_begin(self, _logs: object = None) -> None:
        """Stop it: what follows is the evaluation."""
        self._stopped = self.clock()

    def on_epoch_end(self, _epoch: int, _logs: object = None) -> None:
        """Stop it, unless there was an evaluation, and note the time."""
        end = self.clock() if self._stopped is None else self._stopped
        self.seconds.append(end - self._started)


def step_seconds(recipe: Recipe, dataset: Dataset, steps: int = 50) -> float:
    """Time the steps of a recipe's training on a clock on the wall.

    The recipe passes through the same images twice; only the second time counts, in which nothing
    is compiled any more.

    Args:
        recipe: how to train.
        dataset: as `training.load_data` returns it, or the offline stand-in; its first images are
            used, again and again if they are fewer than needed.
        steps: how many make a pass.

    Returns:
        Seconds per step, on average.

    >>> step_seconds(RECIPES["mnist"], datasets.stand_in("mnist"), steps=2) > 0
    True
    """
    images = steps * recipe.batch_size
    part = replace(
        dataset,
        x_train=np.resize(dataset.x_train, (images, *dataset.x_train.shape[1:])),
        y_train=np.resize(dataset.y_train, images),
    )
    # With a third epoch to come, there is nothing to evaluate.
    timed = replace(recipe, epochs=3, validation_split=0.0, evaluate_every_epoch=False)
    clock = EpochClock()
    fit(timed, part, epochs=2, progress=False, callbacks=[clock])
    return clock.seconds[1] / steps


def lab_epoch_seconds(steps: int = 50) -> float:
    """Time some steps of the lab's recipe, and say what an epoch of it takes on this machine.

    Args:
        steps: how many are timed.

    Returns:
        Seconds on the wall, to compare with the recorded ones.

    >>> lab_epoch_seconds(steps=1) > 0
    True
    """
    lab = RECIPES["lab"]
    images = records.read("epoch_time").recipe["images_of_an_epoch"]
    data = datasets.stand_in(lab.dataset)
    return math.ceil(images / lab.batch_size) * step_seconds(lab, data, steps)


def cost(recipe: Recipe, folder: Path, lab_seconds: Callable[[], float] = lab_epoch_seconds) -> str:
    """Say in one line what a recipe is, and what a run of it takes where it was recorded and here.

    Args:
        recipe: what would be trained.
        folder: where its record is.
        lab_seconds: says what an epoch of the lab's recipe takes here. It is asked only about runs
            of other machines, and only if one of these machines' time for it is recorded, too.

    >>> cost(RECIPES["mnist"], Path("elsewhere"))
    'mnist: mnist_tutorial on mnist, 5 epochs; nothing recorded, so what a run takes is not known'
    """
    line = f"{recipe.name}: {recipe.architecture} on {recipe.dataset}, {recipe.epochs} epochs"
    path = folder / f"{recipe.name}.json"
    if not path.exists():
        return f"{line}; nothing recorded, so what a run takes is not known"
    machine, runs = _nearest(records.read(path))
    seconds = statistics.fmean(run.seconds for run in runs)
    took = f"{line}; {len(runs)} runs recorded, {seconds:.0f} s each on"
    if machine == Machine.here():
        return f"{took} a machine like this one ({machine})"
    there = _recorded_lab_seconds(machine)
    if there is None:
        return f"{took} another machine ({machine})"
    here = f"{seconds * lab_seconds() / there:.0f} s here"
    if recipe.precision == "mixed_bfloat16" and not backend.has_bfloat16():
        return f"{took} another machine ({machine}), more than {here}, without bfloat16"
    return f"{took} another machine ({machine}), about {here}"


def _nearest(record: Record) -> tuple[Machine, list[Run]]:
    """The runs of this machine, or else of one whose speed is known, or else of any."""
    here = Machine.here()
    machine = min(
        record.machines, key=lambda m: (m != here, m != here and _recorded_lab_seconds(m) is None)
    )
    return machine, [run for run in record.runs if run.machine == machine]


def _recorded_lab_seconds(machine: Machine) -> float | None:
    """Return what an epoch of the lab's recipe took on a machine of the book's records."""
    for times in map(records.read, ("epoch_time", "best_time", "float32_time")):
        if machine.device in {each.device for each in times.machines}:
            return statistics.median(times.values("lab"))
    return None
