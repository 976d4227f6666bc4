"""One run of a recipe, which survives being killed.

- `fit`: trains the recipe's network or one's own, and returns it with the run;
- `Trained`: what it returns.

Nothing is drawn here, and apart from a progress bar nothing is printed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from coursecnn import backend
from coursecnn._moved import renamed_arguments
from coursecnn._values import integer, number
from coursecnn.backend import keras
from coursecnn.datasets import Dataset
from coursecnn.evidence.records import LARGEST_SEED, Machine, Run
from coursecnn.training import augmentation, checkpoints, distributed
from coursecnn.training._normalisation import fused_normalisation
from coursecnn.training.compiling import Network, compiled, policy
from coursecnn.training.evaluation import evaluator, kind, measured, shortest
from coursecnn.training.loading import require_fit
from coursecnn.training.recipe import Recipe
from coursecnn.training.weights import save

__all__ = ["DivergedError", "Trained", "fit"]

Callbacks = Sequence[keras.callbacks.Callback]


class DivergedError(ArithmeticError):
    """The training loss is no longer a number."""


class Trained(NamedTuple):
    """What a training gave.

    Attributes:
        run: the metrics and the curves.
        network: the Keras model, from images between 0 and 1 to probabilities.

    >>> from coursecnn.evidence import records
    >>> run, network = Trained(records.read("mnist").runs[0], network=None)
    >>> run.seed
    0
    """

    run: Run
    network: Any


@renamed_arguments({"until": "target_accuracy"})
def fit(
    recipe: Recipe,
    dataset: Dataset,
    *,
    seed: int = 0,
    epochs: int | None = None,
    network: Network = None,
    checkpoint: str | Path | None = None,
    keep_last_checkpoint: bool = True,
    weights: str | Path | None = None,
    progress: bool = True,
    callbacks: Callbacks = (),
    target_accuracy: float | None = None,
) -> Trained:
    """Train once.

    The seed fixes the initial weights, everything random inside the network, and for each epoch
    the order of the images. On one machine's processor the same seed gives the same run, bit for
    bit; across processors, thread counts and accelerators it does not. To that end `fit` sets the
    seeds of Python's `random`, of NumPy and of Keras, for the whole process
    (`keras.utils.set_random_seed`).

    It trains on several devices, or with other machines, if the caller has started an engine that
    does (`coursecnn.training.distributed` says how). A batch of the recipe is then shared out among
    them.

    Args:
        recipe: how to train.
        dataset: what to train on, as `load_data` returns it; the images to evaluate on are looked
            at once, after the last epoch, unless the recipe evaluates every epoch.
        seed: a non-negative int.
        epochs: stop after so many; a run of fewer epochs than the recipe's has no final metrics.
        network: what to train in place of the recipe's architecture: a Keras model from images
            between 0 and 1 to a probability for each class, which is trained as it is, or a
            function without arguments that builds one, whose weights then depend on the seed.
        checkpoint: a file that is written after each epoch. Where it exists, the run continues
            from it and gives what it would have given uninterrupted. What callbacks remember is
            not in it.
        keep_last_checkpoint: whether one is written after the recipe's last epoch too. Without it,
            no checkpoint is ever that of a finished run.
        weights: a file, `*.weights.h5`, that gets the weights of the network after the last epoch,
            as its `load_weights` reads them.
        progress: whether to draw a progress bar on stderr.
        callbacks: Keras's, for which this is one `fit` of a Keras model; its logs have
            `val_accuracy` and `val_loss` if the recipe evaluates every epoch.
        target_accuracy: stop after the first epoch with at least this accuracy; the recipe must
            evaluate every epoch.

    Returns:
        The run, and the trained network.

    Raises:
        ValueError: if an argument does not go with the recipe; if the images cannot be trained
            on; if the checkpoint is damaged, belongs to another run, or has more epochs than are
            asked for; or if a batch cannot be shared out equally. Nothing is trained then.
        DivergedError: if the loss is no longer a number.

    >>> from coursecnn import datasets
    >>> from coursecnn.training.recipes import RECIPES
    >>> fit(RECIPES["mnist"], datasets.stand_in("mnist"), epochs=6)
    Traceback (most recent call last):
    ValueError: epochs must be from 1 to the recipe's 5, got 6
    """
    require_fit(recipe, dataset)
    last = _last_epoch(recipe, epochs)
    _require_options(recipe, weights, target_accuracy, callbacks)
    seed = integer("seed", seed, 0, LARGEST_SEED)
    with backend.quiet_stderr():  # on every backend it also seeds, and loads, TensorFlow
        keras.utils.set_random_seed(seed)
    state = _State(compiled(recipe, dataset, network), recipe, dataset, seed)
    if checkpoint is not None:
        state.resume(Path(checkpoint), last, keep_last_checkpoint)
    with state.bar(last, progress) as bar:
        state.train(last, target_accuracy, bar, callbacks)
    if weights is not None:
        save(state.network, Path(weights))
    return Trained(state.run(), state.network)


def _last_epoch(recipe: Recipe, epochs: int | None) -> int:
    if epochs is None:
        return recipe.epochs
    try:
        return integer("epochs", epochs, 1, recipe.epochs)
    except ValueError:
        raise ValueError(
            f"epochs must be from 1 to the recipe's {recipe.epochs}, got {epochs!r}"
        ) from None


def _require_options(
    recipe: Recipe, weights: object, target_accuracy: float | None, callbacks: Callbacks
) -> None:
    if weights is not None and not str(weights).endswith(".weights.h5"):
        raise ValueError(f"weights must name a file that ends in .weights.h5, got {weights!r}")
    if target_accuracy is not None:
        number("target_accuracy", target_accuracy)
        if not recipe.evaluate_every_epoch:
            raise ValueError(
                f"target_accuracy must be left out: recipe {recipe.name} does not evaluate every "
                f"epoch, got {target_accuracy!r}"
            )
    is_list = isinstance(callbacks, list | tuple)
    if not is_list or not all(isinstance(each, keras.callbacks.Callback) for each in callbacks):
        raise ValueError(f"callbacks must be a list of Keras's callbacks, got {callbacks!r}")
    if any(isinstance(each, keras.callbacks.BackupAndRestore) for each in callbacks):
        raise ValueError("callbacks must not hold a BackupAndRestore: fit's checkpoint does that")


@dataclass
class _State:
    """A run in progress: what is trained, on what, and how far it is."""

    model: Any
    recipe: Recipe
    dataset: Dataset
    seed: int
    curves: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    file: Path | None = None
    last_saved: int = 0

    def __post_init__(self) -> None:
        self.evaluator = evaluator(self.recipe, self.model)
        self.identity = checkpoints.identity(self.recipe, self.dataset, self.seed)

    @property
    def network(self) -> Any:
        return self.model.layers[-1]

    @property
    def epochs(self) -> int:
        return len(self.curves.get("loss", ()))

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        return math.ceil(len(self.dataset.x_train) / self.recipe.batch_size)

    @property
    def variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def resume(self, file: Path, last: int, keep_last: bool) -> None:
        """Continue from a checkpoint where there is one, and write one after each epoch."""
        self.file, self.last_saved = file, self.recipe.epochs - (not keep_last)
        if not file.exists():
            return
        self.curves, self.seconds = checkpoints.load(file, self.variables, self.identity)
        if self.epochs > last:
            raise ValueError(
                f"checkpoint {file} has {self.epochs} epochs, more than the {last} asked for: ask "
                "for as many, or delete it"
            )

    def bar(self, last: int, shown: bool) -> tqdm[Any]:
        wanted, used = self.recipe.precision, policy(self.recipe)
        other = "" if used == wanted else f" ({used} in place of {wanted})"
        return tqdm(
            desc=f"{self.recipe.name}, seed {self.seed}{other}",
            initial=self.epochs * self.steps,
            total=last * self.steps,
            unit=" steps",
            mininterval=0.5,
            disable=not shown,
        )

    def train(self, last: int, target: float | None, bar: tqdm[Any], callbacks: Callbacks) -> None:
        """Run the epochs that are missing, as one `fit` of Keras as far as callbacks can tell."""
        told = keras.callbacks.CallbackList(
            list(callbacks), model=self.model, verbose=0, epochs=last, steps=self.steps
        )
        self.model.stop_training, logs = False, None
        told.on_train_begin()
        while self.epochs < last and not self._reached(target) and not self.model.stop_training:
            watch = _Watch(bar, self.recipe, told)
            logs = self._epoch(watch)
            told.on_epoch_end(self.epochs - 1, logs)
            if watch.steps == self.steps:  # a whole epoch, not a stopped one
                self._save()
        told.on_train_end(logs)

    def _save(self) -> None:
        if self.file is not None and self.epochs <= self.last_saved:
            progress = self.curves, self.seconds
            checkpoints.save(self.file, self.variables, self.identity, progress)

    def _reached(self, accuracy: float | None) -> bool:
        """Say whether the latest epoch came to this accuracy."""
        curve = self.curves.get(f"{kind(self.dataset)}_accuracy", [])
        return accuracy is not None and bool(curve) and curve[-1] >= accuracy

    def _epoch(self, watch: _Watch) -> dict[str, float]:
        """Run one epoch, and return its logs, as Keras has them."""
        started = time.perf_counter()
        with fused_normalisation():
            logs = self.model.fit(
                **self._batches(),
                initial_epoch=self.epochs,
                epochs=self.epochs + 1,
                shuffle=False,
                verbose=0,
                callbacks=[watch],
            ).history
        logs = {name: values[0] for name, values in logs.items()}
        reached = {name: shortest(logs[name]) for name in ("loss", "accuracy")}
        if self.recipe.evaluate_every_epoch:
            found = measured(self.evaluator, self.dataset, watch.told)
            logs |= {name.replace(kind(self.dataset), "val", 1): v for name, v in found.items()}
            reached |= found
        for name, value in reached.items():
            self.curves.setdefault(name, []).append(value)
        self.seconds += time.perf_counter() - started
        return logs

    def _batches(self) -> dict[str, Any]:
        """What the next epoch trains on; it depends on the seed and the epoch, not on the past."""
        order = np.random.default_rng((self.seed, self.epochs)).permutation(
            len(self.dataset.x_train)
        )
        index, count = distributed.processes()
        own = distributed.share(order, self.recipe.batch_size, index, count)
        images = augmentation.augmented(self.dataset.x_train, self.recipe, self.seed, self.epochs)
        size = self.recipe.batch_size // count
        return backend.batched(images[own], self.dataset.y_train[own], size)

    def run(self) -> Run:
        """Close the run; one that has all of its epochs is evaluated."""
        started = time.perf_counter()
        done = self.epochs == self.recipe.epochs
        metrics = measured(self.evaluator, self.dataset) if done else {}
        self.seconds += time.perf_counter() - started
        curves = {name: tuple(curve) for name, curve in self.curves.items()}
        return Run(self.seed, metrics, curves, round(self.seconds, 1), Machine.here())


class _Watch(keras.callbacks.Callback):
    """An epoch, step by step: stop a run that diverges, move the bar, and tell the callbacks."""

    def __init__(self, bar: tqdm[Any], recipe: Recipe, told: keras.callbacks.CallbackList) -> None:
        super().__init__()
        self.bar, self.recipe, self.told, self.steps, self.epoch = bar, recipe, told, 0, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        self.told.on_epoch_begin(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.told.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any]) -> None:
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss of {self.recipe.name} became {loss} in epoch {self.epoch + 1} "
                f"at learning rate {self.recipe.learning_rate}; lower the learning rate"
            )
        self.steps += 1
        self.bar.set_postfix_str(f"accuracy {float(logs['accuracy']):.4f}", refresh=False)
        self.bar.update()
        self.told.on_train_batch_end(batch, logs)
