"""Memory, against what is counted by hand, and against what a process really takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coursecnn.backend import keras
from coursecnn.models.memory import Memory, memory

layers = keras.layers


def chain(*stack, shape=(8,)):
    """A model that runs one layer after the other."""
    return keras.Sequential([keras.Input(shape), *stack])


def test_in_a_chain_two_neighbours_live_at_once():
    model = chain(layers.Dense(4), layers.Dense(16), layers.Dense(2))
    found = memory(model, batch=10)
    assert found.values == 4 * 10 * (4 + 16)
    assert found.weights == 4 * model.count_params()
    assert (found.gradients, found.optimizer) == (0, 0)
    assert found.total == found.weights + found.values


def test_what_only_hands_on_takes_nothing():
    model = chain(layers.Dense(4), layers.Dropout(0.5), layers.Dense(16), layers.Reshape((4, 4)))
    assert memory(model).values == 4 * (4 + 16)


def test_a_shortcut_keeps_its_start_alive():
    image = keras.Input((8,))
    start = layers.Dense(10)(image)
    branch = layers.Dense(3)(layers.Dense(20)(start))
    joined = layers.Concatenate()([start, branch])
    # start 10, 20, 3: start waits for the join
    assert memory(keras.Model(image, joined)).values == 4 * (10 + 20 + 3)


def test_answers_stay_until_the_end():
    image = keras.Input((2,))
    first = layers.Dense(50)(image)
    last = layers.Dense(5)(layers.Dense(6)(first))
    assert memory(keras.Model(image, [first, last])).values == 4 * (50 + 6 + 5)


@pytest.mark.parametrize(
    ("optimizer", "numbers"),
    [("sgd", 0), ("momentum", 1), ("adam", 2), (keras.optimizers.Adam(amsgrad=True), 3)],
)
def test_training_adds_gradients_states_and_all_values(optimizer, numbers):
    model = chain(layers.Dense(4), layers.Dense(16), layers.Dense(2))
    model.layers[0].trainable = False
    found = memory(model, batch=10, training=True, optimizer=optimizer)
    weights = 4 * (4 * 16 + 16 + 16 * 2 + 2)
    assert found.gradients == weights
    assert found.optimizer == numbers * weights
    assert found.values == 4 * 10 * (8 + 4 + 16 + 2) + 4 * 10 * (4 + 16)


def test_mixed_precision_halves_the_values_and_copies_the_weights():
    model = chain(layers.Dense(4, dtype="mixed_float16"), layers.Dense(6, dtype="mixed_float16"))
    numbers = 8 * 4 + 4 + 4 * 6 + 6
    assert memory(model, training=True).weights == 4 * numbers + 2 * numbers
    assert memory(model).weights == 4 * numbers + 2 * (8 * 4 + 4)
    assert memory(model).values == 4 * 8 + 2 * 4  # the input is in float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch": 0}, "batch must be a positive int, got 0"),
        ({"training": True, "optimizer": "best"}, "optimizer must be 'sgd', .* got 'best'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        memory(chain(layers.Dense(1)), **arguments)


def test_it_says_that_it_is_an_estimate():
    text = str(Memory(batch=2, training=True, weights=1, values=2, gradients=3, optimizer=4))
    assert text.splitlines()[-1].endswith("an estimate, for training with a batch of 2")


# `ru_maxrss` would also know the peak of the process that this one was forked from.
MEASURE = """
from pathlib import Path
import numpy as np
from coursecnn.backend import keras
layers = keras.layers
stack = [layers.Conv2D(32, 3, padding="same", name=f"conv{n}") for n in range(6)]
model = keras.Sequential([keras.Input((64, 64, 32)), *stack, layers.Flatten(), layers.Dense(1)])
model.compile("sgd", "mse")
def step(batch):
    images, answers = np.zeros((batch, 64, 64, 32), "float32"), np.zeros((batch, 1), "float32")
    model.train_on_batch(images, answers)
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * 1024
small = step(2)
from coursecnn.models.memory import memory
more = memory(model, batch=100, training=True).values - memory(model, batch=2, training=True).values
print((step(100) - small) / more)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_training_step_takes_about_what_is_estimated():
    """The peak of a process, from a small batch to a large one: 1.0 would be as estimated."""
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root), "TF_NUM_INTRAOP_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True, env=environment
    )
    assert 0.8 < float(ran.stdout.split()[-1]) < 1.25
