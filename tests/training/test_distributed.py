"""Training on several devices and on several machines: the run of one, up to rounding.

The fits run in processes of their own (`distributed_fits.py`): a processor can be cut into devices
only before it is used, machines are processes here, and some of them are killed.
"""

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from coursecnn.training import distributed

TESTS = Path(__file__).parent
REPOSITORY = TESTS.parents[1]
CHAPTER = REPOSITORY / "book" / "lab" / "18_beyond_one_machine.ipynb"
LIMIT = 900  # seconds that a process may take, on a machine that is busy with other things
needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None,
    reason="JAX, on which Keras trains on several machines, is not installed",
)


def test_the_shares_of_all_processes_make_up_every_batch():
    order = np.random.default_rng(0).permutation(30)
    parts = [distributed.share(order, 12, index, count=3) for index in range(3)]

    assert [len(part) for part in parts] == [10, 10, 10]
    for start, stop in ((0, 4), (4, 8), (8, 10)):
        batch = np.concatenate([part[start:stop] for part in parts])
        np.testing.assert_array_equal(batch, order[3 * start : 3 * stop])


def test_a_single_process_keeps_the_order():
    np.testing.assert_array_equal(distributed.share(np.arange(7), 3, 0, 1), np.arange(7))


@pytest.mark.parametrize(("images", "sizes"), [(32, "8"), (30, "8 and 6")])
def test_batches_that_cannot_be_shared_equally_are_refused(images, sizes):
    message = f"batches of {sizes} images cannot be shared equally by 3 processes; choose"
    with pytest.raises(ValueError, match=message):
        distributed.share(np.arange(images), 8, index=0, count=3)


def start(backend, *arguments, **environment):
    """Start a program of `distributed_fits`."""
    path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, TESTS / "distributed_fits.py", *arguments],
        env=os.environ | {"PYTHONPATH": path, "KERAS_BACKEND": backend} | environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    """Wait for the end of a process, and show what it complained about if a test fails."""
    _, complaints = process.communicate(timeout=LIMIT)
    sys.stderr.write(complaints)
    return process.returncode


def finish(*processes):
    """Wait for processes that must succeed."""
    try:
        for process in processes:
            assert ended(process) == 0
    finally:
        for process in processes:
            process.kill()


def content(checkpoint):
    """All weights, moments and statistics of a checkpoint, and its curves."""
    with np.load(checkpoint) as stored:
        curves = json.loads(str(stored["header"]))["curves"]
        return [stored[f"v{i}"] for i in range(len(stored.files) - 1)] + list(curves.values())


def same(one, other):
    """Whether two checkpoints hold the same run, up to rounding."""
    pairs = zip(content(one), content(other), strict=True)
    return all(np.allclose(left, right, rtol=1e-4, atol=1e-6) for left, right in pairs)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Checkpoints of every case on one device and on two, and of a run that was killed on two."""
    path = tmp_path_factory.mktemp("devices")
    kill = start("tensorflow", "killed", path)
    finish(start("tensorflow", "devices", path))
    assert ended(kill) == -signal.SIGKILL
    return path


@needs_tensorflow
@pytest.mark.parametrize("case", ["plain", "synchronised"])
def test_two_devices_train_as_one_does(folder, case):
    assert same(folder / f"{case}-1.npz", folder / f"{case}-2.npz")


@needs_tensorflow
@pytest.mark.parametrize(
    "case",
    [
        pytest.param("normalised", id="each device normalises by its own part of the batch"),
        pytest.param("dropped", id="each device draws its own dropout"),
        pytest.param("odd", id="a mean of two means is not the mean if the parts differ in size"),
    ],
)
def test_two_devices_train_otherwise_than_one(folder, case):
    assert not same(folder / f"{case}-1.npz", folder / f"{case}-2.npz")


@needs_tensorflow
def test_a_run_that_was_killed_on_two_devices_continues_on_one(folder):
    (left,) = content(folder / "killed.npz")[-1:]
    assert len(left) == 1, "it was killed in its second epoch"

    finish(start("tensorflow", "continued", folder))

    assert same(folder / "killed.npz", folder / "plain-1.npz")


def script():
    """The chapter's script for several machines, as its readers run it."""
    cells = json.loads(CHAPTER.read_text("utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    fenced = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (found,) = [code for code in fenced if "jax.distributed.initialize" in code]
    return found


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_machines(folder, killed=None):
    """Start the chapter's script twice, as on two machines that share a folder."""
    first = f"127.0.0.1:{free_port()}"
    return [
        start(
            "jax",
            *("machine", folder, script(), first, "2", number),
            **({"KILLED": "yes"} if number == killed else {}),
        )
        for number in ("0", "1")
    ]


@pytest.fixture(scope="module")
def one_machine(tmp_path_factory):
    """The checkpoint of the run of a machine alone."""
    path = tmp_path_factory.mktemp("machine")
    finish(start("jax", "alone", path))
    return path / "lab.npz"


@needs_jax
def test_two_machines_train_as_one_does(one_machine, tmp_path):
    """With normalisation and dropout: on JAX a batch stays one batch."""
    finish(*start_machines(tmp_path))

    assert same(tmp_path / "lab.npz", one_machine)


@needs_jax
def test_a_run_continues_after_one_of_its_machines_was_killed(one_machine, tmp_path):
    survivor, victim = start_machines(tmp_path, killed="1")
    try:
        assert ended(victim) == -signal.SIGKILL
        assert ended(survivor) != 0, "it cannot go on alone, and must not wait forever"
    finally:
        survivor.kill()
    (*_, accuracy) = content(tmp_path / "lab.npz")
    assert len(accuracy) == 1, "it was killed in its second epoch"

    finish(*start_machines(tmp_path))

    assert same(tmp_path / "lab.npz", one_machine)
