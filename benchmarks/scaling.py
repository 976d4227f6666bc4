"""Time training on one device and on two of the same processor: `python -m benchmarks.scaling`.

Two devices that are cut out of one processor share its cores, so nothing gets faster, and no clock
can show what two machines would gain. What this measures is the price: how much processor time an
image takes in training when its batch is shared out and the gradients are averaged, beside an image
that is trained on undivided. The first epoch, which compiles, does not count; of the others the
shortest does. The last line printed is a JSON object.
"""

import json
import time
from typing import Any

import numpy as np

from coursecnn import architectures, training
from coursecnn.backend import keras

NETWORKS = ("mnist_tutorial", "cifar10_lab")
IMAGES, BATCH, EPOCHS = 320, 32, 4


class Clock(keras.callbacks.Callback):
    """Note the processor time at the end of each epoch."""

    def __init__(self) -> None:
        """Begin without any times."""
        super().__init__()
        self.ticks: list[float] = []

    def on_epoch_end(self, _epoch: int, _logs: Any = None) -> None:
        """Note the time."""
        self.ticks.append(time.process_time())


def strategies() -> dict[str, Any]:
    """Cut the processor into two devices; use the first of them, or both."""
    import tensorflow as tf  # behind `coursecnn.backend`, which holds back its log lines

    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        processor, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    return {
        "one": tf.distribute.OneDeviceStrategy("CPU:0"),
        "two": tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]),
    }


def seconds_of_image(name: str, strategy: Any) -> float:
    """Measure the processor time that an image of noise takes in training, in seconds."""
    rng, clock = np.random.default_rng(0), Clock()
    with strategy.scope():
        model = architectures.build(name)
        model.compile("adam", "sparse_categorical_crossentropy")
        images = rng.random((IMAGES, *model.input_shape[1:]), dtype=np.float32)
        labels = rng.integers(0, 10, IMAGES)
        model.fit(images, labels, BATCH, EPOCHS, verbose=0, callbacks=[clock])
    return min(np.diff(clock.ticks)) / IMAGES


def main() -> None:
    """Measure, and print a table and a JSON object."""
    available = strategies()
    print(f"{'CPU s for an image':20}{'one':>10}{'two':>10}{'two / one':>12}")
    seconds = {}
    for name in NETWORKS:
        one, two = (seconds_of_image(name, strategy) for strategy in available.values())
        seconds[name] = {"one": one, "two": two}
        print(f"{name:20}{one:10.6f}{two:10.6f}{two / one:12.2f}")
    print(json.dumps({"seconds": seconds, "machine": vars(training.machine())}))


if __name__ == "__main__":
    main()
