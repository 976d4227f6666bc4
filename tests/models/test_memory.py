"""Memory, against what is counted by hand, and against what a process really takes."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coursecnn.backend import keras
from coursecnn.models.costs import layer_table, totals
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


def small(units):
    """A model for a picture of 4×4."""
    stack = [layers.Conv2D(2, 3, padding="same"), layers.Flatten(), layers.Dense(units)]
    return keras.Sequential([keras.Input((4, 4, 1)), *stack])


def attended(layer, *, listed=False):
    """An attention of 7 queries over 5 keys, all of 6 features."""
    query, value = keras.Input((7, 6)), keras.Input((5, 6))
    return keras.Model([query, value], layer([query, value]) if listed else layer(query, value))


WEIGHTS = 2 * 7 * 5  # of two heads
INNER = {
    # The model, and the numbers that its last layer holds beside its output.
    "TimeDistributed": (chain(layers.TimeDistributed(small(3)), shape=(5, 4, 4, 1)), 5 * (32 + 32)),
    "TimeDistributed layer": (chain(layers.TimeDistributed(layers.Dense(3)), shape=(5, 4)), 0),
    "SimpleRNN": (chain(layers.SimpleRNN(3), shape=(5, 4)), 4 * 3),
    "LSTM": (chain(layers.LSTM(3), shape=(5, 4)), 5 * 6 * 3 - 3),
    "LSTM, all steps": (chain(layers.LSTM(3, return_sequences=True), shape=(5, 4)), 5 * 5 * 3),
    "GRU": (chain(layers.GRU(3), shape=(5, 4)), 5 * 5 * 3 - 3),
    "RNN": (chain(layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]), shape=(5, 4)),
            5 * (6 * 3 + 5 * 2) - 2),
    "ConvLSTM2D": (chain(layers.ConvLSTM2D(3, 3), shape=(5, 6, 6, 1)), (5 * 6 - 1) * 16 * 3),
    "Bidirectional": (chain(layers.Bidirectional(layers.SimpleRNN(3)), shape=(5, 4)), 2 * 4 * 3),
    "Bidirectional sum": (
        chain(layers.Bidirectional(layers.SimpleRNN(3), merge_mode="sum"), shape=(5, 4)),
        2 * 5 * 3),
    "Attention": (attended(layers.Attention(), listed=True), 7 * 5),
    "AdditiveAttention": (attended(layers.AdditiveAttention(), listed=True), 7 * 5 * (6 + 1)),
    "MultiHeadAttention": (
        attended(layers.MultiHeadAttention(2, 3)), (7 + 5 + 5 + 7) * 6 + WEIGHTS),
    "SpectralNormalization": (chain(layers.SpectralNormalization(layers.Dense(3))), 0),
    "Conv2D": (chain(layers.Conv2D(3, 3, activation="relu"), shape=(6, 6, 1)), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", INNER)
def test_what_a_layer_computes_inside_is_counted(name):
    model, numbers = INNER[name]
    table = layer_table(model, types=True)
    outputs = sum(math.prod(shape) for shape in table["output_shape"])
    assert table["values"].sum() == outputs + numbers
    assert table["bytes"].sum() == 4 * (outputs + numbers) == totals(model).bytes
    kept = memory(model, training=True).values
    assert kept >= 4 * (outputs + numbers)
    assert memory(model).values <= kept


def test_a_model_at_each_step_has_its_values_at_each_step():
    inner = small(3)
    series = chain(layers.TimeDistributed(inner), shape=(5, 4, 4, 1))
    image = 16
    assert totals(series).values - 5 * image == 5 * (totals(inner).values - image)


def test_a_step_at_a_time_is_held_where_nothing_is_trained():
    model = chain(layers.LSTM(3, return_sequences=True), shape=(5, 4))
    assert memory(model).values == 4 * (5 * 4 + 5 * 3 + 6 * 3)


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
import sys
from pathlib import Path
import numpy as np
from coursecnn.backend import keras
layers = keras.layers
def conv():
    return layers.Conv2D(32, 3, padding="same")
def base():
    return keras.Sequential([keras.Input((32, 32, 16)), conv(), conv(), layers.MaxPooling2D(16)])
image, make, number, many = {
    "convolutions": ((64, 64, 32), conv, 6, 100),
    "attention": ((256, 64), lambda: lambda x: layers.MultiHeadAttention(8, 16)(x, x), 4, 64),
    "LSTM": ((128, 64), lambda: layers.LSTM(128, return_sequences=True), 3, 128),
    "GRU": ((128, 64), lambda: layers.GRU(128, return_sequences=True), 3, 128),
    "TimeDistributed": ((10, 32, 32, 16), lambda: layers.TimeDistributed(base()), 1, 40),
}[sys.argv[1]]
x = start = keras.Input(image)
for _ in range(number):
    x = make()(x)
model = keras.Model(start, layers.Dense(1)(layers.Flatten()(x)))
model.compile("sgd", "mse")
def step(batch):
    images, answers = np.zeros((batch, *image), "float32"), np.zeros((batch, 1), "float32")
    model.train_on_batch(images, answers)
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * 1024
small = step(2)
from coursecnn.models.memory import memory
few, more = (memory(model, batch=batch, training=True).values for batch in (2, many))
print((step(many) - small) / (more - few))
"""
LONG = ("attention", "LSTM", "GRU", "TimeDistributed")


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("convolutions", 0.8, 1.25),
        *(pytest.param(kind, 0.6, 1.7, marks=pytest.mark.long) for kind in LONG),
    ],
)
def test_a_training_step_takes_about_what_is_estimated(kind, least, most):
    """The peak of a process, from a small batch to a large one: 1.0 would be as estimated."""
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root), "TF_NUM_INTRAOP_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, kind],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert least < float(ran.stdout.split()[-1]) < most
