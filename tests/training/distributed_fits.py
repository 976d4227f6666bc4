"""Programs that `test_distributed` starts: the fit of `test_fitting`, on several devices.

    python distributed_fits.py devices FOLDER     two devices of this machine, and one of them
    python distributed_fits.py killed FOLDER      two devices, and killed in the second epoch
    python distributed_fits.py continued FOLDER   the killed one, on one device
    python distributed_fits.py alone FOLDER       whatever the Keras backend in use does by itself
    python distributed_fits.py machine FOLDER SCRIPT ARGUMENT ...    a script of the book

Each leaves the checkpoints of its fits in FOLDER: all weights, moments, statistics and curves.
"""

import os
import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from coursecnn import training
from coursecnn.backend import keras
from coursecnn.training.recipes import RECIPES
from tests.small_runs import TINY, build_tiny, fit_tiny, tiny_dataset

# Evaluated every epoch, which a checkpoint then tells. Not with Adam: where a gradient is
# nothing but rounding, as that of a bias before a normalisation, it makes full steps of it.
RECIPE = replace(TINY, optimizer="sgd", learning_rate=0.1, evaluate_every_epoch=True)
EVEN = tiny_dataset()  # 32 images in batches of 8
SMALLER = tiny_dataset(count=30)  # the last batch has 6 images
ODD = tiny_dataset(count=31)  # and here 7
# What follows the convolution, and what is trained on.
CASES = {
    "plain": ((), SMALLER),
    "synchronised": ((lambda: keras.layers.BatchNormalization(synchronized=True),), EVEN),
    "normalised": ((keras.layers.BatchNormalization,), EVEN),
    "dropped": ((lambda: keras.layers.Dropout(0.5),), EVEN),
    "odd": ((), ODD),
}


def builder(layers):
    """What builds the network of a case."""

    def build():
        return keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                keras.layers.Conv2D(3, 3, activation="relu"),
                *(layer() for layer in layers),
                keras.layers.Flatten(),
                keras.layers.Dense(2, activation="softmax"),
            ]
        )

    return build


def fit(case, checkpoint, callbacks=()):
    layers, dataset = CASES[case]
    return training.fit(
        RECIPE,
        dataset,
        epochs=2,
        network=builder(layers),
        checkpoint=checkpoint,
        progress=False,
        callbacks=callbacks,
    )


class Kill(keras.callbacks.Callback):
    """End this process as a power failure does, after so many steps."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, _batch, logs=None):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)


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
    for case in CASES:
        fit(case, folder / f"{case}-1.npz")
        with strategy.scope():
            fit(case, folder / f"{case}-2.npz")


def killed(folder):
    with two_devices().scope():
        fit("plain", folder / "killed.npz", [Kill(6)])


def continued(folder):
    fit("plain", folder / "killed.npz")


def alone(folder):
    fit_tiny(RECIPE, EVEN, checkpoint=folder / "lab.npz")


def machine(folder, script, *arguments):
    """Run a script that trains the lab's recipe, with the tiny network in place of the lab's."""
    RECIPES["lab"] = RECIPE
    training.load_data = lambda _: EVEN
    callbacks = [Kill(6)] if "KILLED" in os.environ else []
    training.fit = partial(training.fit, network=build_tiny, callbacks=callbacks)
    os.chdir(folder)
    sys.argv = ["script", *arguments]
    exec(script, {})


if __name__ == "__main__":
    program, folder, *rest = sys.argv[1:]
    programs = (devices, killed, continued, alone, machine)
    {each.__name__: each for each in programs}[program](Path(folder), *rest)
