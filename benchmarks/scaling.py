"""Time training on one device and on two of the same processor: `python -m benchmarks.scaling`.

Two devices that are cut out of one processor share its cores, so nothing gets faster, and no clock
can show what two machines would gain. What this measures is the price: how much processor time an
image takes in training (`timing.training_seconds`) when its batch is shared out and the gradients
are averaged, beside an image that is trained on undivided. The record,
`coursecnn/evidence/results/scaling.json`, is that of the chapter on several machines;
`benchmarks.rounds` says how it is continued, or made anew elsewhere.
"""

import json
import statistics
from dataclasses import asdict
from typing import Any

from benchmarks import rounds
from coursecnn.training import timing

NETWORKS = ("mnist_tutorial", "cifar10_lab")
DEVICES = ("one", "two")


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


def main() -> None:
    """Measure what is missing, and print a table and a JSON object."""
    available = strategies()

    def measured(_: int) -> dict[str, float]:
        seconds = {}
        for network in NETWORKS:
            for devices in DEVICES:
                with available[devices].scope():
                    seconds[f"{network}, {devices}"] = timing.training_seconds(network)
        return seconds

    record = rounds.record(
        "scaling",
        "Time training on one device and on two of the same processor.",
        {"images": timing.TRAINED_ON, "batch_size": timing.BATCH},
        rounds.NOISE,
        measured,
    )
    print(f"{'CPU s for an image':20}{'one':>10}{'two':>10}{'two / one':>12}")
    middle = {}
    for network in NETWORKS:
        one, two = (statistics.median(record.values(f"{network}, {d}")) for d in DEVICES)
        middle[network] = {"one": one, "two": two}
        print(f"{network:20}{one:10.6f}{two:10.6f}{two / one:12.2f}")
    print(json.dumps({"seconds": middle, "machine": asdict(record.machines[0])}))


if __name__ == "__main__":
    main()
