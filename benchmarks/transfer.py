"""Measure what borrowed features are worth: `python -m benchmarks.transfer --cache FOLDER`.

CIFAR-10 is learned from 5, 20, 100 or 500 pictures of each class in three ways:

- *frozen*: EfficientNet-Lite0 as it was trained on ImageNet, and a logistic regression on the
  1280 averages of its last maps;
- *tuned*: the same, and then its last stage and its head are trained on, beginning with the
  answers of the logistic regression;
- *scratch*: a small network of the course's own kind that begins with random weights.

Settings (a penalty, a learning rate) are chosen on `CHOSEN_ON` validation images, with pictures
that begin where no measured draw does. Then the draws 0 to 4 are judged on the same `JUDGED_ON`
test images, once. They share no picture up to `APART` of each class, but part of their 500: there
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

SIZES = (5, 20, 100, 500)  # pictures of each class
DRAWS, PILOT = tuple(range(5)), 5
HELD_OUT, CHOSEN_ON, JUDGED_ON = 5_000, 2_000, 2_000
# Of each class: the training pictures that draws are taken from, and how far apart these begin.
POOL, APART = range(2_500, 3_500), 200
BLOCK, BATCH = 1_000, 50
# The last stage reads 5×5 maps: 160 pixels are enough for these small pictures, and half the work.
PREPARED = Preprocessing(160, 1.0, LITE0.mean, LITE0.deviation, "bicubic")
FIRST_TUNED = "stage8_unit1_expand"
WIDTHS = (24, 48, 96)  # of the network from scratch
EPOCHS = {
    "tuned": dict(zip(SIZES, (10, 10, 5, 2), strict=True)),
    "scratch": dict(zip(SIZES, (60, 40, 20, 10), strict=True)),
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
        """What the last stage reads."""
        return self._read("maps")

    @cached_property
    def features(self) -> Array:
        """The averages of the last maps."""
        return np.float32(self._read("features"))

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
    ends = [lite0().get_layer(FIRST_TUNED).input, lite0().get_layer("pool").output]
    network = keras.Model(lite0().input, ends)
    found: list[tuple[Array, Array]] = []
    for at in range(0, len(pictures), BATCH):
        answers = network(PREPARED(pictures[at : at + BATCH]), training=False)
        maps, features = (np.float16(keras.ops.convert_to_numpy(answer)) for answer in answers)
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

    Draws begin `APART` pictures apart: up to that size, the measured ones share none. Of 500, two
    that follow each other share 300, others 100. The pilot begins in the middle of the first.
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
    """Train the last stage and the head, beginning at the logistic regression.

    The normalisations keep what they know, as `training=False` demands.
    """
    keras.utils.set_random_seed(seed)
    source = pretrained.efficientnet_lite0(side=PREPARED.side).network
    end = keras.Model(source.get_layer(FIRST_TUNED).input, source.get_layer("pool").output)
    for layer in end.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    inputs = keras.Input(end.input_shape[1:])
    answer = keras.layers.Dense(10, "softmax")
    network = keras.Model(inputs, answer(end(inputs, training=False)))
    scaler, model = regression(learned, {"C": setting["C"]}).named_steps.values()
    weights = model.coef_ / scaler.scale_
    answer.set_weights([weights.T, model.intercept_ - weights @ scaler.mean_])
    return _trained(network, learned.maps, learned.labels, judged.maps, judged.labels)(
        setting["rate"], EPOCHS["tuned"][size]
    )


def scratch(learned: Chosen, judged: Part, setting: Setting, size: int, seed: int) -> float:
    """Train a small network that begins with random weights, on pictures mirrored and shifted."""
    keras.utils.set_random_seed(seed)
    steps: list[Any] = [keras.Input((32, 32, 3))]
    for width in WIDTHS:
        convolution = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)
        normalisation = keras.layers.BatchNormalization(momentum=0.9)
        steps += [convolution, normalisation, keras.layers.ReLU(), keras.layers.MaxPooling2D()]
    steps += [keras.layers.Flatten(), keras.layers.Dropout(0.3), keras.layers.Dense(10, "softmax")]
    x, judged_x = (np.float32(part.pictures) / 127.5 - 1 for part in (learned, judged))
    return _trained(keras.Sequential(steps), x, learned.labels, judged_x, judged.labels, moved)(
        setting["rate"], EPOCHS["scratch"][size]
    )


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


def _trained(
    network: Any,
    x: Array,
    y: Array,
    judged_x: Array,
    judged_y: Array,
    change: Callable[[Array, np.random.Generator], Array] = lambda x, _: x,
) -> Callable[[float, int], float]:
    """Train with Adam, while the learning rate falls along a cosine, and give the accuracy."""

    def run(rate: float, epochs: int) -> float:
        rng = np.random.default_rng(0)
        rates = keras.optimizers.schedules.CosineDecay(rate, epochs * -(-len(y) // BATCH))
        network.compile(
            keras.optimizers.Adam(rates), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        for _ in range(epochs):
            network.fit(np.float32(change(x, rng)), y, batch_size=BATCH, verbose=0)
        return float(network.evaluate(judged_x, judged_y, batch_size=200, verbose=0)[1])

    return run


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
        for size in SIZES:
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
        "first_tuned": FIRST_TUNED,
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
    for method, size, draw in itertools.product(methods, SIZES, DRAWS):
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
