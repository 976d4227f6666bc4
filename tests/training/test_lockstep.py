"""Processes in lockstep: the ring gives every process the mean, and two train as one does."""

import importlib.util
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursecnn import backend
from coursecnn.training import lockstep

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)


def around(vectors):
    """What each member of a ring finds; the members are threads here."""
    count = len(vectors)
    ring = [multiprocessing.Pipe(duplex=False) for _ in range(count)]

    def member(index):
        right, left = ring[index][1], ring[index - 1][0]
        return lockstep.ring_mean(vectors[index], index, count, right, left)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(member, range(count)))


@given(st.integers(1, 5), st.integers(0, 50), st.integers(0, 99))
def test_every_member_of_a_ring_finds_the_same_mean(count, length, seed):
    vectors = np.random.default_rng(seed).normal(size=(count, length)).astype(np.float32)
    kept = vectors.copy()

    found = around(vectors)

    for each in found:
        np.testing.assert_array_equal(each, found[0])
        np.testing.assert_allclose(each, kept.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(vectors, kept)


def test_more_than_a_pipe_holds_goes_around():
    vectors = np.arange(3 * 200_000, dtype=np.float32).reshape(3, -1)
    for each in around(vectors):
        np.testing.assert_allclose(each, vectors[1], rtol=1e-6)


@needs_tensorflow
def test_two_processes_train_as_one_does_and_are_timed():
    one = lockstep.train("pattern_linear", processes=1, steps=2, batch_size=8)
    two = lockstep.train("pattern_linear", processes=2, steps=2, batch_size=8)

    np.testing.assert_allclose(two.weights, one.weights, rtol=1e-4, atol=1e-6)
    assert len(two.seconds) == len(two.busy) == len(two.sending) == 2
    assert 0 < two.exchange < two.work
    assert one.step > 0


@pytest.mark.parametrize("argument", ["processes", "steps", "batch_size"])
def test_what_is_no_number_of_things_is_refused(argument):
    with pytest.raises(ValueError, match=rf"{argument} must be a positive int, got 0"):
        lockstep.train("pattern_linear", **{argument: 0})


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(ValueError, match="cannot be shared equally by 3 processes"):
        lockstep.train("pattern_linear", processes=3, batch_size=32)


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(backend, "name", lambda: "jax")
    with pytest.raises(ValueError, match="backend must be 'tensorflow', got 'jax'"):
        lockstep.train("pattern_linear")


@needs_tensorflow
def test_the_death_of_the_processes_is_told(capfd):
    with pytest.raises(RuntimeError, match="a process that trained 'no such network' died"):
        lockstep.train("no such network", processes=1, steps=1)
    assert "no such network" in capfd.readouterr().err
