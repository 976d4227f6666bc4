"""Programs that `test_distributed` starts: the fit of `test_fitting`, on several devices.

    python distributed_fits.py devices FOLDER     two devices of this machine, and one of them
    python distributed_fits.py killed FOLDER      two devices, and killed in the second epoch
    python distributed_fits.py alone FOLDER       whatever the Keras backend in use does by itself
    python distributed_fits.py machine FOLDER SCRIPT ARGUMENT ...    a script of the book

Each leaves the checkpoints of its fits in FOLDER: all weights, moments, statistics and curves.
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from coursecnn import training
from coursecnn.backend import keras
from coursecnn.training.recipes import RECIPES
from tests.small_runs import TINY, build_tiny, tiny_dataset

# Watched, so that a checkpoint tells how the network was judged. Not with Adam: where a gradient is
# nothing but rounding, as that of a bias before a normalisation, it makes full steps of it.
RECIPE = replace(TINY, optimizer="sgd", learning_rate=0.1, evaluate_every_epoch=True)
EVEN = tiny_dataset()  # 30 images in batches of 8: the last one has 6
ODD = replace(EVEN, x_train=EVEN.x_train[:29], y_train=EVEN.y_train[:29])
# What stands behind the convolution, and what is trained on.
CASES = {
    "plain": ((), EVEN),
    "synchronised": ((lambda: keras.layers.BatchNormalization(synchronized=True),), EVEN),
    "normalised": ((keras.layers.BatchNormalization,), EVEN),
    "dropped": ((lambda: keras.layers.Dropout(0.5),), EVEN),
    "odd": ((), ODD),
}


def build_case(name):
    """Let recipes build the network of a case."""
    layers, dataset = CASES[name]

    def build(_architecture, **_options):
        return keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                keras.layers.Conv2D(3, 3, activation="relu"),
                *(layer() for layer in layers),
                keras.layers.Flatten(),
                keras.layers.Dense(2, activation="softmax"),
            ]
        )

    training.fitting.architectures.build = build
    return dataset


def fit(dataset, checkpoint):
    return training.fit(RECIPE, dataset, epochs=2, checkpoint=checkpoint, progress=False)


def two_devices():
    """Cut the processor into two devices, which is possible before TensorFlow uses it."""
    import tensorflow as tf

    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        processor, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def devices(folder):
    strategy = two_devices()
    for name in CASES:
        dataset = build_case(name)
        fit(dataset, folder / f"{name}-1.npz")
        with strategy.scope():
            fit(dataset, folder / f"{name}-2.npz")


def killed(folder):
    kill_at_step(6)
    dataset = build_case("plain")
    with two_devices().scope():
        fit(dataset, folder / "killed.npz")


def kill_at_step(number):
    """End this process as a power failure does."""
    original, steps = training.fitting._Watch.on_train_batch_end, []

    def killing(*args, **kwargs):
        steps.append(None)
        if len(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        original(*args, **kwargs)

    training.fitting._Watch.on_train_batch_end = killing


def alone(folder):
    training.fitting.architectures.build = build_tiny
    training.fit(RECIPE, EVEN, checkpoint=folder / "lab.npz", progress=False)


def machine(folder, script, *arguments):
    """Run a script that trains the lab's recipe, with the tiny network in place of the lab's."""
    training.fitting.architectures.build = build_tiny
    RECIPES["lab"] = RECIPE
    training.load_data = lambda _: EVEN
    os.chdir(folder)
    sys.argv = ["script", *arguments]
    if "KILLED" in os.environ:
        kill_at_step(6)
    exec(script, {})


if __name__ == "__main__":
    program, folder, *rest = sys.argv[1:]
    {"devices": devices, "killed": killed, "alone": alone, "machine": machine}[program](
        Path(folder), *rest
    )
