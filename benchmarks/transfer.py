"""Measure what borrowed features are worth: `python -m benchmarks.transfer --cache FOLDER`.

CIFAR-10 is learned from 5, 20 or 100 pictures of each class in three ways (frozen: also 250):

- *frozen*: EfficientNet-Lite0 as it was trained on ImageNet, and a logistic regression on the
  1280 averages of its last maps;
- *tuned*: the same, and then its last convolution is trained on, with the classifier, beginning
  with the answers of the logistic regression;
- *scratch*: a small network of the course's own kind that begins with random weights.

Settings (a penalty, a learning rate) are chosen on `CHOSEN_ON` validation images, with pictures
that begin where no measured draw does. Then the draws 0 to 4 are judged on the same `JUDGED_ON`
test images, once. They share no picture up to `APART` of each class, but part of their 250: there
the draws differ less than they would in a larger pool. The record,
`coursecnn/evidence/results/transfer.json`, is that of the chapter on pretrained models, and holds
the pilot's accuracies in its recipe; `--results FOLDER` writes elsewhere.

What the network says to a picture is computed once and kept in the cache, 1,000 pictures a file, so
the command goes on where it was stopped. In all it takes about half an hour on one core of 2025.
`--only METHOD` leaves out the other methods, so that several processes can share the work.
"""

import argparse
import datetime
import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coursecnn import datasets
from coursecnn._files import write_atomically
from coursecnn.architectures import pretrained
from coursecnn.architectures.pretrained import LITE0, LITE0_SHA256, Preprocessing
from coursecnn.backend import keras
from coursecnn.evidence import records
from coursecnn.evidence.records import Data, Machine, Record, Run

Array: TypeAlias = NDArray[Any]
Setting: TypeAlias = Mapping[str, float]

# Pictures of each class. Frozen features cost seconds, so they are tried with more.
SIZES = {"frozen": (5, 20, 100, 250), "tuned": (5, 20, 100), "scratch": (5, 20, 100)}
DRAWS, PILOT = tuple(range(5)), 5
HELD_OUT, CHOSEN_ON, JUDGED_ON = 5_000, 2_000, 2_000
# Of each class: the training pictures that draws are taken from, and how far apart these begin.
POOL, APART = range(2_500, 3_000), 100
BLOCK, BATCH = 1_000, 50
# The last stage reads 5×5 maps: 160 pixels are enough for these small pictures, and half the work.
PREPARED = Preprocessing(160, 1.0, LITE0.mean, LITE0.deviation, "bicubic")
LAST_STAGE, TUNED = "stage8_unit1_expand", "head"  # the first layers of both
WIDTHS = (16, 32, 64)  # of the network from scratch
EPOCHS = {
    "tuned": {5: 6, 20: 6, 100: 4},
    "scratch": {5: 60, 20: 30, 100: 10},
}
GRIDS: Mapping[str, tuple[Setting, ...]] = {
    "frozen": tuple({"C": value} for value in (0.001, 0.01, 0.1, 1.0)),
    "tuned": tuple({"rate": value} for value in (1e-4, 1e-3)),
    "scratch": tuple({"rate": value} for value in (3e-3, 1e-2)),
}


@cache
def lite0() -> keras.Model:
    """The pretrained network."""
    return pretrained.efficientnet_lite0(side=PREPARED.side).network


@dataclass(frozen=True)
class Part:
    """Pictures with their labels, and what the pretrained network says to them.

    Attributes:
        name: Of the files in the cache.
        pictures: (number, 32, 32, 3), bytes.
        labels: (number,).
        folder: The cache.
    """

    name: str
    pictures: Array
    labels: Array
    folder: Path

    @cached_property
    def maps(self) -> Array:
        """What the last convolution reads: what the last stage makes of what is kept."""
        ends = (lite0().get_layer(name).input for name in (LAST_STAGE, TUNED))
        answers = keras.Model(*ends).predict(self._read("maps"), batch_size=200, verbose=0)
        return np.asarray(answers, dtype="float16")

    @cached_property
    def features(self) -> Array:
        """The averages of the last maps."""
        return np.asarray(self._read("features"), dtype="float32")

    def _read(self, kind: str) -> Array:
        blocks = []
        for start in range(0, len(self.labels), BLOCK):
            path = self.folder / f"{self.name}-{start:05d}.npz"
            labels = self.labels[start : start + BLOCK]
            if not path.exists():
                extract(self.pictures[start : start + BLOCK], labels, path)
            with np.load(path) as block:
                np.testing.assert_array_equal(block["labels"], labels)
                blocks.append(block[kind])
        return np.concatenate(blocks)


def extract(pictures: Array, labels: Array, path: Path) -> None:
    """Write what the pretrained network says to pictures."""
    began = time.perf_counter()
    ends = [lite0().get_layer(LAST_STAGE).input, lite0().get_layer("pool").output]
    network = keras.Model(lite0().input, ends)
    found: list[tuple[Array, Array]] = []
    for at in range(0, len(pictures), BATCH):
        answers = network(PREPARED(pictures[at : at + BATCH]), training=False)
        as_arrays = (keras.ops.convert_to_numpy(answer) for answer in answers)
        maps, features = (np.asarray(array, dtype="float16") for array in as_arrays)
        found.append((maps, features))
    maps, features = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, maps=maps, features=features, labels=labels)
    unfinished.replace(path)
    print(f"{path.stem}: {time.perf_counter() - began:.0f} s", flush=True)


@dataclass(frozen=True)
class Chosen:
    """Some of the pictures of a part."""

    part: Part
    rows: Array

    def __getattr__(self, kind: str) -> Array:
        """Pictures, labels, maps or features."""
        return getattr(self.part, kind)[self.rows]


def parts(folder: Path) -> dict[str, Part]:
    """Give the validation images, the pool that draws are taken from, and the test images.

    In the pool the classes take turns.
    """
    whole = datasets.cifar10()
    split = whole.split_validation(HELD_OUT)
    classes = range(len(split.classes))
    places = [np.flatnonzero(split.y_train == label)[POOL.start : POOL.stop] for label in classes]
    pool = np.stack(places, axis=1).ravel()
    found = {
        "validation": (split.x_eval[:CHOSEN_ON], split.y_eval[:CHOSEN_ON]),
        "pool": (split.x_train[pool], split.y_train[pool]),
        "test": (whole.x_test[:JUDGED_ON], whole.y_test[:JUDGED_ON]),
    }
    return {name: Part(name, x, y.ravel(), folder) for name, (x, y) in found.items()}


def drawn(pool: Part, draw: int, size: int) -> Chosen:
    """Take as many pictures of each class, one after the other in a circle.

    Draws begin `APART` pictures apart: up to that size, the measured ones share none. Of 250, two
    that follow each other share 150, others 50. The pilot begins in the middle of the first.
    """
    begin = APART // 2 if draw == PILOT else APART * draw
    places = (begin + np.arange(size)) % len(POOL)
    rows = 10 * places[:, None] + np.arange(10)
    return Chosen(pool, rows.ravel())


def regression(learned: Chosen, setting: Setting) -> Any:
    """Fit a logistic regression to the features."""
    model = LogisticRegression(C=setting["C"], max_iter=2000)
    return make_pipeline(StandardScaler(), model).fit(learned.features, learned.labels)


def frozen(learned: Chosen, judged: Part, setting: Setting, _size: int, _seed: int) -> float:
    """Judge a logistic regression on the features."""
    return float(regression(learned, setting).score(judged.features, judged.labels))


def tuned(learned: Chosen, judged: Part, setting: Setting, size: int, seed: int) -> float:
    """Train the last convolution and the classifier, beginning at the logistic regression."""
    network, start = the_end()
    network.set_weights(start)
    scaler, model = regression(learned, setting).named_steps.values()
    weights = model.coef_ / scaler.scale_
    network.layers[-1].set_weights([weights.T, model.intercept_ - weights @ scaler.mean_])
    x, y = np.asarray(learned.maps, dtype="float32"), learned.labels
    _train(network, x, y, setting["rate"], EPOCHS["tuned"][size], np.random.default_rng(seed))
    return float(network.evaluate(judged.maps, judged.labels, batch_size=200, verbose=0)[1])


@cache  # compiling it anew would take longer than training
def the_end() -> tuple[keras.Model, list[Array]]:
    """Build the last convolution with a new classifier, and give its weights, too.

    The normalisation keeps what it knows, as `training=False` demands.
    """
    source = pretrained.efficientnet_lite0(side=PREPARED.side).network
    end = keras.Model(source.get_layer(TUNED).input, source.get_layer("pool").output)
    for layer in end.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    inputs = keras.Input(end.input_shape[1:])
    answer = keras.layers.Dense(10, "softmax")
    return _compiled(keras.Model(inputs, answer(end(inputs, training=False))))


def scratch(learned: Chosen, judged: Part, setting: Setting, size: int, seed: int) -> float:
    """Train a small network that begins with random weights, on pictures mirrored and shifted."""
    network, _ = small_network()
    keras.utils.set_random_seed(seed)
    network.set_weights(fresh().get_weights())
    x, judged_x = (
        np.asarray(part.pictures, dtype="float32") / 127.5 - 1 for part in (learned, judged)
    )
    epochs, rng = EPOCHS["scratch"][size], np.random.default_rng(seed)
    _train(network, x, learned.labels, setting["rate"], epochs, rng, moved)
    return float(network.evaluate(judged_x, judged.labels, batch_size=200, verbose=0)[1])


@cache
def small_network() -> tuple[keras.Model, list[Array]]:
    """Build and compile the network from scratch."""
    return _compiled(fresh())


def fresh() -> keras.Model:
    """Build a small network with random weights."""
    steps: list[Any] = [keras.Input((32, 32, 3))]
    for width in WIDTHS:
        convolution = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)
        normalisation = keras.layers.BatchNormalization(momentum=0.9)
        steps += [convolution, normalisation, keras.layers.ReLU(), keras.layers.MaxPooling2D()]
    return keras.Sequential([*steps, keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])


def moved(pictures: Array, rng: np.random.Generator) -> Array:
    """Mirror half of the pictures, and shift each by up to 3 pixels."""
    padded = np.pad(pictures, ((0, 0), (3, 3), (3, 3), (0, 0)), "reflect")
    mirrored = rng.random(len(pictures)) < 0.5
    corners = rng.integers(7, size=(len(pictures), 2))
    side = pictures.shape[1]
    return np.stack(
        [
            picture[top : top + side, left : left + side][:, :: -1 if mirror else 1]
            for picture, mirror, (top, left) in zip(padded, mirrored, corners, strict=True)
        ]
    )


def _compiled(network: keras.Model) -> tuple[keras.Model, list[Array]]:
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    network.optimizer.build(network.trainable_variables)
    return network, network.get_weights()


class Falling(keras.callbacks.Callback):
    """A learning rate that falls along a cosine, step by step."""

    def __init__(self, rate: float, steps: int) -> None:
        """Begin at `rate`, and be at zero after so many steps."""
        super().__init__()
        self.rate, self.steps = rate, steps

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Set the rate of this step."""
        height = (1 + np.cos(np.pi * batch / self.steps)) / 2
        self.model.optimizer.learning_rate = self.rate * height


def _train(
    network: keras.Model,
    x: Array,
    y: Array,
    rate: float,
    epochs: int,
    rng: np.random.Generator,
    change: Callable[[Array, np.random.Generator], Array] = lambda x, _: x,
) -> None:
    """Train with Adam, which begins anew."""
    for variable in network.optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))
    orders = [rng.permutation(len(y)) for _ in range(epochs)]
    every_x = np.concatenate([change(x[order], rng) for order in orders])
    network.fit(
        every_x,
        y[np.concatenate(orders)],
        batch_size=BATCH,
        shuffle=False,
        callbacks=[Falling(rate, len(every_x) // BATCH)],
        verbose=0,
    )


METHODS = {"frozen": frozen, "tuned": tuned, "scratch": scratch}


def kept(path: Path, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Read what was measured before, or measure it."""
    if not path.exists():
        began = time.perf_counter()
        found = measure() | {"seconds": round(time.perf_counter() - began, 1)}
        write_atomically(path, json.dumps(found).encode())
        print(f"{path.stem}: {found}", flush=True)
    return dict(json.loads(path.read_text("utf-8")))


def named(setting: Setting) -> str:
    """Say a setting in a word."""
    return "_".join(f"{name}{value:g}" for name, value in setting.items())


def tried(
    method: str, size: int, every: dict[str, Part], base: Mapping[str, Setting]
) -> dict[str, float]:
    """Judge each setting of a method on validation images, after learning from the pilot's draw."""
    learned = drawn(every["pool"], PILOT, size)
    return {
        named(setting): METHODS[method](
            learned, every["validation"], {**base.get(str(size), {}), **setting}, size, PILOT
        )
        for setting in GRIDS[method]
    }


def chosen(
    every: dict[str, Part], folder: Path, methods: tuple[str, ...]
) -> tuple[dict[str, float], dict[str, dict[str, Setting]]]:
    """Choose a setting for each method and size; give all accuracies and the choices."""
    found: dict[str, float] = {}
    choice: dict[str, dict[str, Setting]] = {}
    for method in methods:
        base = choice.get("frozen", {}) if method == "tuned" else {}
        choice[method] = {}
        for size in SIZES[method]:
            path = folder / f"pilot-{method}-{size}.json"
            seen = kept(path, partial(tried, method, size, every, base))
            best = max(GRIDS[method], key=lambda setting: seen[named(setting)])
            choice[method][str(size)] = {**base.get(str(size), {}), **best}
            found |= {
                f"{method}_{size}_{named(setting)}": seen[named(setting)]
                for setting in GRIDS[method]
            }
    return found, choice


def judged(
    every: dict[str, Part], draw: int, method: str, size: int, setting: Setting
) -> dict[str, float]:
    """Learn from a draw, and judge on the test images."""
    learned = drawn(every["pool"], draw, size)
    return {"accuracy": METHODS[method](learned, every["test"], setting, size, draw)}


def described(seen: dict[str, float], choice: dict[str, dict[str, Setting]]) -> dict[str, Any]:
    """Say what must be the same in all runs."""
    epochs = {
        method: {str(size): count for size, count in row.items()} for method, row in EPOCHS.items()
    }
    return {
        "network": "EfficientNet-Lite0",
        "weights": LITE0_SHA256,
        "side": PREPARED.side,
        "first_tuned": TUNED,
        "scratch": list(WIDTHS),
        "passes": epochs,
        "pool": len(POOL),
        "apart": APART,
        "chosen_on": CHOSEN_ON,
        "judged_on": JUDGED_ON,
        "settings": choice,
        "pilot": seen,
    }


def main() -> None:
    """Measure what is missing, and write the record when all is there."""
    parser = argparse.ArgumentParser(description="Measure what borrowed features are worth.")
    parser.add_argument("--cache", type=Path, required=True, help="a folder for 200 MB")
    parser.add_argument("--results", type=Path, default=records.SHIPPED, help="of the record")
    parser.add_argument("--only", choices=METHODS, help="one method, and no record")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    data = datasets.cifar10()
    if not data.provenance.official:
        raise SystemExit("the official CIFAR-10 is needed: `coursecnn data` fetches it")
    every = parts(options.cache)
    # What is tuned begins at the frozen answer.
    methods = {None: tuple(METHODS), "tuned": ("frozen", "tuned")}.get(
        options.only, (options.only,)
    )
    seen, choice = chosen(every, options.cache, methods)
    here = Machine.here()
    runs = {draw: Run(draw, {}, {}, 0, here) for draw in DRAWS}
    points = [(method, size) for method in methods for size in SIZES[method]]
    for (method, size), draw in itertools.product(points, DRAWS):
        path = options.cache / f"draw{draw}-{method}-{size}.json"
        judge = partial(judged, every, draw, method, size, choice[method][str(size)])
        one = kept(path, judge)
        metrics = {**runs[draw].metrics, f"{method}_{size}_accuracy": one["accuracy"]}
        seconds = round(runs[draw].seconds + one["seconds"], 1)
        runs[draw] = replace(runs[draw], metrics=metrics, seconds=seconds)
    if options.only:
        return
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    recipe = described(seen, choice)
    record = Record("transfer", recipe, Data.of(data), today, tuple(runs.values()))
    records.write(record, options.results / "transfer.json")
    print(record)


if __name__ == "__main__":
    main()
