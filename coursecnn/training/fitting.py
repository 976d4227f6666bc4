"""Training by recipe: the same recipe and the same seed give the same run.

- `load_data`: the images that a recipe is fitted and judged on;
- `fit`: one run, which survives being killed;
- `affordable_epochs`: how much of a recipe a chapter measures again where it runs;
- `reproduce`: the runs of a record, one per seed, continued where they stopped;
- `load_trained`: the network that a run of the book's records left behind;
- `evaluate`: how good a network is, by a recipe's way of judging.

Nothing is drawn here, and apart from a progress bar nothing is printed. The recipes are data, in
`coursecnn.training.recipes`.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib
import io
import json
import math
import os
import platform
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import coursecnn
from coursecnn import architectures, backend, datasets
from coursecnn._files import require_writable, write_atomically
from coursecnn.backend import keras
from coursecnn.datasets import Dataset
from coursecnn.evidence import records
from coursecnn.evidence.records import Data, Machine, Record, Run
from coursecnn.training import augmentation, distributed, optimizers
from coursecnn.training.recipes import Recipe
from coursecnn.training.whitening import whitening

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


WHITENED_FROM = 5000  # training images: 48 variances are known to a percent from far fewer
EVALUATION_BATCH = 32  # images: Keras's default, with which the records were made
AUGMENTATION = 1  # tells the stream of draws for altered images from that for their order


class DivergedError(ArithmeticError):
    """The training loss is no longer a number."""


def load_data(recipe: Recipe) -> Dataset:
    """Load the images that a recipe is fitted and judged on.

    Returns:
        The recipe's dataset; split by `Dataset.split_validation` where the recipe asks for it.

    >>> from coursecnn.training.recipes import RECIPES
    >>> load_data(RECIPES["mnist"]).evaluated_on
    'test'
    """
    dataset = {"mnist": datasets.mnist, "cifar10": datasets.cifar10}[recipe.dataset]()
    return dataset.split_validation(recipe.validation_split) if recipe.validation_split else dataset


def fit(
    recipe: Recipe,
    dataset: Dataset,
    seed: int = 0,
    epochs: int | None = None,
    checkpoint: str | Path | None = None,
    weights: str | Path | None = None,
    progress: bool = True,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    target_accuracy: float | None = None,
) -> Run:
    """Train once.

    The seed fixes the initial weights, everything random inside the network, and for each epoch
    the order of the images. On one machine's processor the same seed gives the same run, bit for
    bit; across processors, thread counts and accelerators it does not.

    It trains on several devices, or with other machines, if the caller has started an engine that
    does (`coursecnn.training.distributed` says how). A batch of the recipe is then shared out among
    them.

    Args:
        recipe: how to train.
        dataset: what to train on, as `load_data` returns it; the images to judge with are looked at
            once, after the last epoch, unless the recipe is a watched one.
        seed: a non-negative int.
        epochs: stop after so many; a run of fewer epochs than the recipe's has no final metrics.
        checkpoint: a file that is written after each epoch. Where it exists, the run continues
            from it and gives what it would have given uninterrupted.
        weights: a file, `*.weights.h5`, that gets the weights of the network after the last epoch,
            as its `load_weights` reads them.
        progress: whether to draw a progress bar on stderr.
        callbacks: told of each step and each epoch, as by Keras; not of the judging in between.
        target_accuracy: stop after the first epoch with at least this accuracy; the recipe must
            evaluate every epoch.

    Raises:
        ValueError: if the seed is no seed, if the dataset is another than the recipe's, or not
            split though the recipe sets images aside, if there are more epochs than the recipe
            has, if the checkpoint is damaged or belongs to another run, if a batch cannot be
            shared out equally, if the weights' file has another ending, or if a recipe that is not
            watched should stop at an accuracy.
        DivergedError: if the loss is no longer a number.

    >>> from coursecnn.training.recipes import RECIPES
    >>> fit(RECIPES["mnist"], datasets.stand_in("mnist"), epochs=6)
    Traceback (most recent call last):
    ValueError: epochs must be from 1 to the recipe's 5, got 6
    """
    if dataset.name != recipe.dataset:
        raise ValueError(f"recipe {recipe.name} trains on {recipe.dataset}, got {dataset.name}")
    if recipe.validation_split and dataset.evaluated_on == "test":
        raise ValueError(
            f"recipe {recipe.name} is judged on held-out images, got a dataset that is judged on "
            "its test images; use training.load_data(recipe)"
        )
    last = recipe.epochs if epochs is None else epochs
    if not 1 <= last <= recipe.epochs:
        raise ValueError(f"epochs must be from 1 to the recipe's {recipe.epochs}, got {epochs!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an int from 0 to {2**32 - 1}, got {seed!r}")
    if weights is not None and not str(weights).endswith(".weights.h5"):
        raise ValueError(f"weights must name a file that ends in .weights.h5, got {weights!r}")
    if target_accuracy is not None and not recipe.evaluate_every_epoch:
        raise ValueError(
            f"recipe {recipe.name} does not evaluate every epoch, so it cannot stop at an accuracy: leave "
            f"target_accuracy away, got {target_accuracy!r}"
        )
    with backend.quiet_stderr():  # on every backend it also seeds, and loads, TensorFlow
        keras.utils.set_random_seed(seed)
    state = _begin(recipe, dataset, seed)
    file = None if checkpoint is None else Path(checkpoint)
    if file is not None and file.exists():
        state.load(file)
    steps = math.ceil(len(dataset.x_train) / recipe.batch_size)
    with tqdm(
        desc=f"{recipe.name}, seed {seed}" + _unlike(recipe),
        initial=state.epochs * steps,
        total=last * steps,
        unit=" steps",
        mininterval=0.5,
        disable=not progress,
    ) as bar:
        while state.epochs < last and not state.reached(target_accuracy, dataset):
            state.train(recipe, dataset, seed, bar, callbacks)
            if file is not None:
                state.save(file)
    if weights is not None:
        _save_weights(state.model.layers[-1], Path(weights))
    return state.run(seed, dataset if state.epochs == recipe.epochs else None)


def reproduce(
    recipe: Recipe,
    dataset: Dataset,
    seeds: Sequence[int],
    folder: Path,
    keep_weights: bool = False,
    progress: bool = True,
) -> Record:
    """Measure a recipe over several seeds and record it in `folder`.

    The record is written after each seed, and each epoch leaves a checkpoint beside it: killed at
    any moment, the same call continues, repeating less than one epoch. Recorded seeds are skipped.
    With `keep_weights` the trained weights of each seed stay beside the record, too.

    Raises:
        ValueError: if the images are the offline stand-in, or if the folder's record was measured
            with another recipe, other images or another machine.
        OSError: if the folder cannot be written to.
        DivergedError: as `fit`.

    >>> data = datasets.stand_in("mnist")
    >>> from coursecnn.training.recipes import RECIPES
    >>> reproduce(RECIPES["mnist"], data, [0], Path("results"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: records are made on the official mnist only, ...
    """
    if not dataset.provenance.official:
        raise ValueError(
            f"records are made on the official {dataset.name} only, and this is the offline "
            "stand-in; run `coursecnn data` where there is a network, or set COURSECNN_DATA"
        )
    path = folder / f"{recipe.name}.json"
    for seed in seeds:
        if seed in _opened(path, recipe, dataset).seeds:
            continue
        _require_results(folder)
        checkpoint = folder / f"{recipe.name}-seed{seed}.checkpoint.npz"
        weights = folder / _weights_file(recipe, seed) if keep_weights else None
        run = fit(recipe, dataset, seed, None, checkpoint, weights, progress)
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        # Opened again: another process may have recorded other seeds in the meantime.
        records.write(_opened(path, recipe, dataset).with_run(run, today), path)
        checkpoint.unlink()
    return _opened(path, recipe, dataset)


def load_trained(recipe: Recipe, seed: int = 0, folder: Path = records.SHIPPED) -> Any:
    """Build a recipe's network with the weights that a recorded run of it left behind.

    Returns:
        A Keras model of images between 0 and 1, of shape (batch, height, width, channels).

    Raises:
        FileNotFoundError: if no weights were kept of this recipe and seed; says which were.

    >>> from coursecnn.training.recipes import RECIPES
    >>> load_trained(RECIPES["lab"]).count_params()
    1253674
    """
    path = folder / _weights_file(recipe, seed)
    if not path.exists():
        kept = sorted(found.name for found in folder.glob("*.weights.h5"))
        raise FileNotFoundError(
            f"no weights were kept of {recipe.name}, seed {seed}; there are {kept}; "
            "`coursecnn reproduce --keep-weights` keeps them"
        )
    network = architectures.build(recipe.architecture, **recipe.architecture_options)
    network.load_weights(path)
    return network


def evaluate(recipe: Recipe, network: Any, dataset: Dataset) -> dict[str, float]:
    """Measure a network as a run of the recipe is measured after its last epoch.

    Args:
        recipe: says how to judge: by one look at an image, or by the mean of several.
        network: a Keras model of images between 0 and 1, as `load_trained` returns it.
        dataset: whose `x_test` to judge on.

    Returns:
        The accuracy and the loss, such as `test_accuracy` and `test_loss`.

    >>> from coursecnn.training.recipes import RECIPES
    >>> lab = RECIPES["lab"]
    >>> list(evaluate(lab, load_trained(lab), datasets.stand_in("cifar10")))
    ['test_accuracy', 'test_loss']
    """
    model = _of_bytes(network, dataset.x_eval.shape[1:])
    model.compile(loss=recipe.loss, metrics=["accuracy"])
    return _measured(_judge(recipe, model), dataset)


def affordable_epochs(recipe: Recipe) -> int:
    """Say how many epochs of a recipe a chapter measures again on this machine.

    Returns:
        All on a GPU, or where the environment variable `COURSECNN_FULL` is set to anything but
        0; otherwise one, the first.

    >>> from coursecnn.training.recipes import RECIPES
    >>> 1 <= affordable_epochs(RECIPES["mnist"]) <= RECIPES["mnist"].epochs
    True
    """
    full = os.environ.get("COURSECNN_FULL", "0") not in {"", "0"}
    return recipe.epochs if full or backend.device().startswith("GPU") else 1


def machine() -> Machine:
    """Describe what computes here: the device, its threads, and the versions in use.

    >>> {"coursecnn", "keras", "numpy", "python"} < set(machine().versions)
    True
    """
    modules = {name: importlib.import_module(name) for name in (backend.name(), "keras", "numpy")}
    return Machine(
        device=backend.device(),
        threads=os.cpu_count() or 1,
        versions={
            "python": platform.python_version(),
            "coursecnn": coursecnn.__version__,
            **{name: module.__version__ for name, module in modules.items()},
        },
    )


def _require_results(folder: Path) -> None:
    """Refuse a folder that takes no files before the first epoch, not after it."""
    try:
        require_writable(folder)
    except OSError as error:
        raise OSError(
            f"results cannot be written to {folder} ({error.strerror}); "
            "choose another folder with --results"
        ) from error


def _weights_file(recipe: Recipe, seed: int) -> str:
    return f"{recipe.name}-seed{seed}.weights.h5"


def _save_weights(network: Any, path: Path) -> None:
    """Write the weights in Keras's format: a reader finds the whole file, or none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, path.name)
        network.save_weights(file)
        write_atomically(path, file.read_bytes())


def _opened(path: Path, recipe: Recipe, dataset: Dataset) -> Record:
    """Return the record at `path` if a new run may join it, or an empty one."""
    empty = Record(recipe.name, _stored(recipe), Data.of(dataset), machine(), date="", runs=())
    if not path.exists():
        return empty
    record = records.read(path)
    # A record that is older than a field of the recipe was measured with the field's default.
    record = replace(record, recipe=_stored(Recipe(**record.recipe)))
    for part in ("recipe", "data", "machine"):
        there, here = getattr(record, part), getattr(empty, part)
        if there != here:
            raise ValueError(
                f"{path} was measured with another {part} and cannot take further runs: "
                f"it has {there}, here it is {here}; choose another folder with --results"
            )
    return record


def _stored(recipe: Recipe) -> dict[str, Any]:
    """Return the fields as a file gives them back: JSON turns a tuple into a list."""
    fields: dict[str, Any] = json.loads(json.dumps(asdict(recipe)))
    return fields


def _identity(recipe: Recipe, dataset: Dataset, seed: int) -> dict[str, Any]:
    """Return what a checkpoint must agree on with the run that continues from it."""
    return {
        "recipe": _stored(recipe),
        "data": asdict(Data.of(dataset)),
        "machine": asdict(machine()),
        "seed": seed,
    }


def _learning_rate(recipe: Recipe, images: int) -> Any:
    """Return the step size, or the schedule that gives it for each step."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    steps = recipe.epochs * math.ceil(images / recipe.batch_size)
    if recipe.schedule == "linear":
        return keras.optimizers.schedules.PolynomialDecay(
            recipe.learning_rate, steps, end_learning_rate=0.0
        )
    climb = steps // 4
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - climb, warmup_target=recipe.learning_rate, warmup_steps=climb
    )


def _loss(recipe: Recipe, classes: int) -> Any:
    """Return what is made small: the recipe's loss, or that of labels that are less than sure."""
    if not recipe.label_smoothing:
        return recipe.loss
    smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)

    def loss(labels: Any, probabilities: Any) -> Any:
        sure = keras.ops.one_hot(keras.ops.reshape(labels, (-1,)), classes)
        return smoothed(sure, probabilities)

    return loss


def _policy(recipe: Recipe) -> str:
    """Return Keras's name for how the recipe's layers compute on this machine."""
    return recipe.precision if backend.has_bfloat16() else "float32"


def _unlike(recipe: Recipe) -> str:
    """Return what the progress bar adds where this machine cannot compute as the recipe says."""
    policy = _policy(recipe)
    return "" if policy == recipe.precision else f" ({policy} in place of {recipe.precision})"


@contextlib.contextmanager
def _precision(recipe: Recipe) -> Iterator[None]:
    """Build layers that compute as the recipe says."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_policy(recipe))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _of_bytes(network: Any, shape: tuple[int | None, ...]) -> Any:
    """Put the division by 255 in front of a network: images stay bytes up to the device."""
    return keras.Sequential(
        [keras.Input(shape, dtype="uint8"), keras.layers.Rescaling(1 / 255), network]
    )


def _compiled(recipe: Recipe, dataset: Dataset) -> Any:
    """Build the recipe's network, with the division by 255 in front of it."""
    shape, sizes = dataset.x_train.shape[1:], {}
    if recipe.progressive_epochs:
        shape = (None, None, shape[-1])
        sizes = {"input_shape": shape}
    with _precision(recipe):
        network = architectures.build(recipe.architecture, **recipe.architecture_options, **sizes)
    if recipe.whiten:
        layer = network.get_layer("whitening")
        layer.set_weights(whitening(dataset.x_train[:WHITENED_FROM], *layer.kernel_size[:1]))
    model = _of_bytes(network, shape)
    optimizer = optimizers.build(recipe.optimizer, recipe.optimizer_options)
    optimizer.learning_rate = _learning_rate(recipe, len(dataset.x_train))
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, _loss(recipe, len(dataset.classes)), metrics=["accuracy"])
    return model


def _judge(recipe: Recipe, model: Any) -> Any:
    """Return the model that judges: by several views of an image, or at least by the plain loss."""
    if not (recipe.label_smoothing or recipe.tta_flip or recipe.tta_translate):
        return model
    images = model.inputs[0]
    answers = [model(view) for view in _views(recipe, images)]
    mean = keras.layers.Average(dtype="float32")(answers) if len(answers) > 1 else answers[0]
    judge = keras.Model(images, mean)
    judge.compile(loss=recipe.loss, metrics=["accuracy"])
    return judge


def _views(recipe: Recipe, images: Any) -> list[Any]:
    """Return the images, and what else of them the recipe has looked at in judging."""
    views, pixels = [images], recipe.tta_translate
    if pixels:
        border = ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0))
        padded = keras.ops.pad(images, border, mode="reflect")
        views += [
            padded[:, 2 * pixels :, 2 * pixels :],
            padded[:, : -2 * pixels, : -2 * pixels],
        ]
    if recipe.tta_flip:
        views += [keras.ops.flip(view, axis=2) for view in views]
    return views


def _augmented(recipe: Recipe, images: Any, seed: int, epoch: int) -> Any:
    """Return the training images as one epoch sees them."""
    generator = np.random.default_rng((seed, epoch, AUGMENTATION))
    if recipe.alternating_flip:
        images = augmentation.alternating_flip(images, seed, epoch)
    if recipe.translate:
        images = augmentation.translate(images, recipe.translate, generator)
    if recipe.cutout:
        images = augmentation.cutout(images, recipe.cutout, generator)
    if epoch < recipe.progressive_epochs:
        images = augmentation.scale(images, recipe.progressive_size)
    return images


@dataclass
class _State:
    """A run in progress: everything that a checkpoint must hold."""

    model: Any
    judge: Any
    identity: Mapping[str, Any]
    curves: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def epochs(self) -> int:
        return len(self.curves.get("loss", ()))

    def reached(self, accuracy: float | None, dataset: Dataset) -> bool:
        """Say whether the latest epoch of a watched run came to this accuracy."""
        curve = self.curves.get(f"{_kind(dataset)}_accuracy", [])
        return accuracy is not None and bool(curve) and curve[-1] >= accuracy

    def train(
        self,
        recipe: Recipe,
        dataset: Dataset,
        seed: int,
        bar: tqdm[Any],
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> None:
        """Run one epoch; its order depends on the seed and the epoch, not on what ran before."""
        started = time.perf_counter()
        order = np.random.default_rng((seed, self.epochs)).permutation(len(dataset.x_train))
        index, count = distributed.processes()
        own = distributed.share(order, recipe.batch_size, index, count)
        images = _augmented(recipe, dataset.x_train, seed, self.epochs)
        history = self.model.fit(
            **backend.batched(images[own], dataset.y_train[own], recipe.batch_size // count),
            initial_epoch=self.epochs,
            epochs=self.epochs + 1,
            shuffle=False,
            verbose=0,
            callbacks=[_Watch(bar, recipe, self.epochs + 1), *callbacks],
        ).history
        reached = {name: _shortest(history[name][0]) for name in ("loss", "accuracy")}
        if recipe.evaluate_every_epoch:
            reached |= _measured(self.judge, dataset)
        for name, value in reached.items():
            self.curves.setdefault(name, []).append(value)
        self.seconds += time.perf_counter() - started

    def run(self, seed: int, dataset: Dataset | None) -> Run:
        """Close the run, judged on `x_test` of `dataset` if one is given."""
        started = time.perf_counter()
        metrics = {} if dataset is None else _measured(self.judge, dataset)
        self.seconds += time.perf_counter() - started
        curves = {name: tuple(curve) for name, curve in self.curves.items()}
        return Run(seed, metrics, curves, round(self.seconds, 1))

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def save(self, path: Path) -> None:
        """Write the checkpoint: one array per variable, and the rest as JSON."""
        header = {"identity": self.identity, "curves": self.curves, "seconds": self.seconds}
        # Without `allow_pickle`, which NumPy 2.0 takes for an array; none here holds objects.
        arrays: dict[str, Any] = {f"v{i}": np.asarray(v) for i, v in enumerate(self._variables())}
        content = io.BytesIO()
        np.savez(content, header=np.array(json.dumps(header)), **arrays)
        write_atomically(path, content.getvalue())

    def load(self, path: Path) -> None:
        """Continue from a checkpoint.

        Raises:
            ValueError: if it is damaged, or belongs to another run.
        """
        variables = self._variables()
        with _readable(path), np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            header = json.loads(str(stored["header"]))
            arrays = [stored[f"v{i}"] for i in range(len(stored.files) - 1)]
        if header["identity"] != self.identity:
            raise ValueError(
                f"checkpoint {path} belongs to another run ({header['identity']}), not to "
                f"{self.identity}; delete it to start this run from its beginning"
            )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        self.curves, self.seconds = header["curves"], header["seconds"]


def _begin(recipe: Recipe, dataset: Dataset, seed: int) -> _State:
    model = _compiled(recipe, dataset)
    return _State(model, _judge(recipe, model), _identity(recipe, dataset, seed))


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError) as error:
        raise ValueError(f"checkpoint {path} is damaged ({error}); delete it") from error


class _Watch(keras.callbacks.Callback):
    """After each step: stop a run that has diverged, and move the progress bar."""

    def __init__(self, bar: tqdm[Any], recipe: Recipe, epoch: int) -> None:
        super().__init__()
        self.bar, self.recipe, self.epoch = bar, recipe, epoch

    def on_train_batch_end(self, _batch: int, logs: Mapping[str, Any]) -> None:
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss of {self.recipe.name} became {loss} in epoch {self.epoch} "
                f"at learning rate {self.recipe.learning_rate}; lower the learning rate"
            )
        self.bar.set_postfix_str(f"accuracy {float(logs['accuracy']):.4f}", refresh=False)
        self.bar.update()


def _measured(judge: Any, dataset: Dataset) -> dict[str, float]:
    """Measure accuracy and loss on the images that a run is judged on."""
    batches = backend.batched(dataset.x_eval, dataset.y_eval, EVALUATION_BATCH)
    measured = judge.evaluate(**batches, verbose=0, return_dict=True)
    kind = _kind(dataset)
    return {f"{kind}_{name}": _shortest(measured[name]) for name in ("accuracy", "loss")}


def _kind(dataset: Dataset) -> str:
    """Return what the metrics on the images that a run is judged on begin with."""
    return dataset.evaluated_on


def _shortest(value: float) -> float:
    """Return the shortest decimal that is this value in float32, in which Keras computed it."""
    return float(str(np.float32(value)))
