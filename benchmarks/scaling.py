"""Time the same fit on one device and on two of the same processor: `python -m benchmarks.scaling`.

Two devices that are cut out of one processor share its cores, so nothing gets faster, and no clock
can show what two machines would gain. What this measures is the price: how much processor time an
image takes in training when its batch is shared out and the gradients are averaged, beside an image
that is trained on undivided. Each of `ROUNDS` rounds is written into the record as soon as it is
done, and the same command continues where it was stopped; `--results FOLDER` measures anew,
elsewhere. The record is that of the chapter on distribution, `coursecnn/results/scaling.json`, if
no folder is named: only a machine like the one that made it can continue it. The last line printed
is a JSON object.
"""

import argparse
import datetime
import hashlib
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import coursecnn
from coursecnn import records, training
from coursecnn.datasets import Dataset, Provenance
from coursecnn.records import Data, Record, Run

ROUNDS = 3
NAME = "scaling"
SHIPPED = Path(coursecnn.__file__).parent / "results"
SHAPES = {"mnist": (28, 28, 1), "lab": (32, 32, 3)}  # of the recipes that are timed
IMAGES = (160, 640)  # two fits; their difference is free of what a fit costs once
DEVICES = ("one", "two")


def noise(name: str, images: int) -> Dataset:
    """Make images of noise, which cost as much as any."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (images, *SHAPES[name]), dtype=np.uint8)
    labels = rng.integers(0, 10, images).astype(np.uint8)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    return Dataset(
        training.RECIPES[name].dataset,
        *(pixels, labels, pixels[:1], labels[:1]),
        classes=tuple("0123456789"),
        provenance=Provenance("noise", official=False, sha256=digest),
    )


def strategies() -> dict[str, Any]:
    """Cut the processor into two devices; use the first of them, or both."""
    import tensorflow as tf  # behind `coursecnn.backend`, which holds back its log lines

    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        processor, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    one, two = (
        tf.distribute.OneDeviceStrategy("CPU:0"),
        tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]),
    )
    return dict(zip(DEVICES, (one, two), strict=True))


def seconds_of_fit(name: str, strategy: Any, images: int) -> float:
    """Measure the processor time of one epoch over so many images."""
    recipe, dataset = replace(training.RECIPES[name], watched=False), noise(name, images)
    start = time.process_time()
    with strategy.scope():
        training.fit(recipe, dataset, epochs=1, progress=False)
    return time.process_time() - start


def seconds_of_image(name: str, strategy: Any) -> float:
    """Measure the processor time that one more image takes in training, to the microsecond."""
    few, many = (seconds_of_fit(name, strategy, images) for images in IMAGES)
    return round((many - few) / (IMAGES[1] - IMAGES[0]), 6)


def measure(seed: int, available: dict[str, Any]) -> Run:
    """Time all recipes on one device and on two."""
    start = time.perf_counter()
    metrics = {
        f"{name}_{devices}": seconds_of_image(name, available[devices])
        for name in SHAPES
        for devices in DEVICES
    }
    return Run(seed, metrics, {}, round(time.perf_counter() - start, 1))


def opened(path: Path) -> Record:
    """Read the record, or begin one, for this machine."""
    machine, today = training.machine(), datetime.datetime.now(datetime.UTC).date().isoformat()
    recipe = {"recipes": list(SHAPES), "images": list(IMAGES)}
    digests = [noise(name, IMAGES[-1]).provenance.sha256 for name in SHAPES]
    data = Data("noise", hashlib.sha256("".join(digests).encode()).hexdigest(), official=False)
    if not path.exists():
        return Record(NAME, recipe, data, machine, today, ())
    record = records.read(str(path))
    if (record.machine, record.recipe) != (machine, recipe):
        raise SystemExit(f"{path} was measured on {record.machine}, this is {machine}: --results")
    return record


def main() -> None:
    """Measure what is missing, and print a table and a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, default=SHIPPED, help="the folder of the record")
    path = parser.parse_args().results / f"{NAME}.json"
    record, available = opened(path), strategies()
    for seed in set(range(ROUNDS)) - set(record.seeds):
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        record = record.with_run(measure(seed, available), today)
        records.write(record, path)
    print(f"{'CPU s for an image':20}{'one':>10}{'two':>10}{'two / one':>12}")
    seconds = {}
    for name in SHAPES:
        one, two = (statistics.fmean(record.values(f"{name}_{part}")) for part in DEVICES)
        seconds[name] = {"one": one, "two": two}
        print(f"{name:20}{one:10.6f}{two:10.6f}{two / one:12.2f}")
    print(json.dumps({"seconds": seconds, "machine": vars(record.machine)}))


if __name__ == "__main__":
    main()
