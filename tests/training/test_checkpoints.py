"""Checkpoints: a run that was stopped anywhere continues as if it had not been."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.evidence.records import Machine
from tests.small_runs import RICH, TINY, build_tiny, fit_tiny, tiny_dataset, untimed


@pytest.fixture(scope="module")
def uninterrupted():
    return fit_tiny(seed=3).run


class StoppedError(Exception):
    """Stands for a kill, so that many moments can be tried in one process."""


class StopAfter(keras.callbacks.Callback):
    """End the run as an error does, after so many of its steps."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, _batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise StoppedError


class Count(keras.callbacks.Callback):
    """How many epochs were trained."""

    epochs = 0

    def on_epoch_end(self, _epoch, _logs=None):
        self.epochs += 1


def stop_at(monkeypatch, owner, name, call):
    """Let the given call of `owner.name` raise, as if the process ended there."""
    original, calls = getattr(owner, name), []

    def stopping(*args, **kwargs):
        calls.append(None)
        if len(calls) == call:
            raise StoppedError
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, stopping)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("owner", "name", "call", "kept"),
    [(None, None, 4, 0), (Path, "replace", 2, 1), (keras.Model, "evaluate", 1, 3)],
    ids=["in the first epoch", "before a checkpoint is in place", "before the test"],
)
def test_a_resumed_run_equals_an_uninterrupted_one(
    uninterrupted, monkeypatch, tmp_path, owner, name, call, kept
):
    checkpoint, counted = tmp_path / "run.npz", Count()
    with monkeypatch.context() as patch:
        if owner:
            stop_at(patch, owner, name, call)
        callbacks = [] if owner else [StopAfter(call)]
        with pytest.raises(StoppedError):
            fit_tiny(seed=3, checkpoint=checkpoint, callbacks=callbacks)

    resumed = fit_tiny(seed=3, checkpoint=checkpoint, callbacks=[counted]).run

    assert untimed(resumed) == untimed(uninterrupted)
    assert counted.epochs == TINY.epochs - kept


@pytest.mark.slow
@pytest.mark.parametrize("steps", [5, 6, 8])
def test_a_run_that_is_stopped_again_and_again_loses_nothing(uninterrupted, tmp_path, steps):
    """Each attempt ends after so many of its steps; an epoch has four, so each one saves one."""
    checkpoint, attempts = tmp_path / "run.npz", 0
    while True:
        attempts += 1
        try:
            run = fit_tiny(seed=3, checkpoint=checkpoint, callbacks=[StopAfter(steps)]).run
        except StoppedError:
            continue
        break

    assert untimed(run) == untimed(uninterrupted)
    assert attempts == TINY.epochs


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("recipe", [RICH, replace(TINY, schedule="linear")], ids=["rich", "linear"])
def test_a_run_with_all_of_it_survives_a_stop(tmp_path, recipe, epochs):
    data = tiny_dataset(count=30)
    whole = fit_tiny(recipe, data, seed=5).run
    checkpoint = tmp_path / "run.npz"

    fit_tiny(recipe, data, seed=5, epochs=epochs, checkpoint=checkpoint)

    assert untimed(fit_tiny(recipe, data, seed=5, checkpoint=checkpoint).run) == untimed(whole)


KILLED = """
import os, signal, sys
from coursecnn.backend import keras
from coursecnn.evidence.records import Machine
from tests.small_runs import fit_tiny

class Kill(keras.callbacks.Callback):
    steps = 0
    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps == 10:
            os.kill(os.getpid(), signal.SIGKILL)

moment, file = sys.argv[1:]
if moment == "write":
    original, calls = os.fsync, []
    def killing(handle):
        calls.append(None)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        original(handle)
    os.fsync = killing
fit_tiny(seed=3, checkpoint=file, callbacks=[Kill()] if moment == "step" else [])
"""


def test_a_killed_process_loses_nothing_but_the_epoch_it_was_in(uninterrupted, tmp_path):
    """Killed for good, inside an epoch and inside a write, and resumed in another process."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    killed = {
        moment: subprocess.Popen(
            [sys.executable, "-c", KILLED, moment, tmp_path / f"{moment}.npz"], env=environment
        )
        for moment in ("step", "write")
    }

    for moment, process in killed.items():
        assert process.wait() == -signal.SIGKILL
        resumed = fit_tiny(seed=3, checkpoint=tmp_path / f"{moment}.npz").run
        assert untimed(resumed) == untimed(uninterrupted)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step.npz", "write.npz"]


def test_an_option_of_numpy_or_a_tuple_is_recognised_in_a_checkpoint(tmp_path):
    shaped = replace(TINY, architecture_options={"input_shape": (np.int64(6), 6, 1)})
    for epochs in (1, 2):
        run = fit_tiny(shaped, epochs=epochs, checkpoint=tmp_path / "c.npz").run
        assert run.epochs == epochs


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The content of the checkpoint of a run of seed 3 after two epochs."""
    path = tmp_path_factory.mktemp("checkpoint") / "run.npz"
    fit_tiny(seed=3, epochs=2, checkpoint=path)
    return path.read_bytes()


@pytest.fixture
def checkpoint(stored, tmp_path):
    path = tmp_path / "run.npz"
    path.write_bytes(stored)
    return path


@pytest.mark.parametrize(
    ("recipe", "official", "seed"),
    [(TINY, True, 4), (TINY, False, 3), (replace(TINY, learning_rate=0.5), True, 3)],
    ids=["seed", "images", "recipe"],
)
def test_a_checkpoint_of_another_run_is_refused(checkpoint, recipe, official, seed):
    with pytest.raises(ValueError, match=r"run\.npz belongs to another run"):
        fit_tiny(recipe, tiny_dataset(official), seed=seed, checkpoint=checkpoint)


def test_a_checkpoint_of_more_epochs_than_are_asked_for_is_refused(checkpoint):
    with pytest.raises(ValueError, match=r"run\.npz has 2 epochs, more than the 1 asked for: ask"):
        fit_tiny(seed=3, epochs=1, checkpoint=checkpoint)


def test_a_checkpoint_of_another_network_is_refused(checkpoint):
    def wider():
        network = build_tiny()
        layers = [network.layers[0].__class__(5, 3, activation="relu"), *network.layers[1:]]
        configs = [layer.__class__.from_config(layer.get_config()) for layer in layers]
        return keras.Sequential([keras.Input((6, 6, 1)), *configs])

    with pytest.raises(ValueError, match=r"run\.npz belongs to another network: .* has shape"):
        fit_tiny(seed=3, checkpoint=checkpoint, network=wider)


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(ValueError, match="is a folder; name a file"):
        fit_tiny(checkpoint=tmp_path)


def rewritten(content, change):
    """The checkpoint with another header."""
    with np.load(io.BytesIO(content)) as arrays:
        parts = dict(arrays)
    header = json.loads(str(parts["header"]))
    parts["header"] = np.array(json.dumps(change(header)))
    file = io.BytesIO()
    np.savez(file, **parts)
    return file.getvalue()


def compressed(_content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", bytes(10_000_000))
    return file.getvalue()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-100],
        lambda _: b"",
        lambda _: b"{}",
        lambda content: rewritten(content, lambda _: {}),
        lambda content: rewritten(content, lambda _: [1]),
        lambda content: rewritten(content, lambda header: header | {"curves": "high"}),
        lambda content: rewritten(content, lambda header: header | {"curves": {"loss": [[]]}}),
        lambda content: rewritten(
            content, lambda header: header | {"curves": {"loss": [1.0], "accuracy": []}}
        ),
        lambda content: rewritten(content, lambda header: header | {"seconds": -1}),
        compressed,
    ],
    ids=[
        "cut",
        "empty",
        "another file",
        "a header of nothing",
        "a header that is a list",
        "curves that are a text",
        "a curve of lists",
        "curves of different lengths",
        "less than no time",
        "a bomb",
    ],
)
def test_a_damaged_checkpoint_is_refused(checkpoint, damage):
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))

    with pytest.raises(ValueError, match=r"run\.npz is damaged .*delete it"):
        fit_tiny(seed=3, checkpoint=checkpoint)


def test_a_checkpoint_of_another_machine_is_refused(checkpoint, monkeypatch):
    loom = Machine("GPU: loom", 1, {"python": "3.11"})
    monkeypatch.setattr(Machine, "here", classmethod(lambda _: loom))
    with pytest.raises(ValueError, match=r"another run \(machine\.device is .* 'GPU: loom' here"):
        fit_tiny(seed=3, checkpoint=checkpoint)
