"""Several processes that train one network in lockstep, each on a core of its own.

- `ring_mean(vector, ...)`: the mean of what all processes hold, by the ring of chapter 18;
- `train(network, processes)`: some steps of training by one process or by several, timed;
- `Steps`: what came out.

Every process holds the whole network, computes the gradients of its part of each batch, and sends
them around a ring of pipes. So all of them make the step that one process would make with the whole
batch. It is the plainest engine of its kind, made to be read and timed; it needs TensorFlow.

>>> steps = Steps(seconds=(0.5, 0.2), busy=(0.2, 0.2), sending=(0.1, 0.05), weights=np.zeros(2))
>>> steps.step, steps.work, steps.exchange
(0.2, 0.2, 0.05)
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursecnn import backend
from coursecnn._checks import check_count
from coursecnn.training.distributed import share

__all__ = ["Steps", "ring_mean", "train"]

RATE = 0.01  # of plain gradient descent, which has no memory that could hide a difference
Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Steps:
    """What some steps of training took, and where they led.

    A clock on the wall counts what else the machine does; processor time does not, and so says what
    the clock would show on cores that have nothing else to do.

    Attributes:
        seconds: of each step on the clock, of the process that was slowest.
        busy: how long the core of a process was busy with each step, of the busiest one.
        sending: how much of that was spent on the ring.
        weights: all trainable weights after the last step, in a row.
    """

    seconds: tuple[float, ...]
    busy: tuple[float, ...]
    sending: tuple[float, ...]
    weights: Vector

    @property
    def step(self) -> float:
        """The time of the shortest step, since neighbours can only lengthen one."""
        return min(self.seconds)

    @property
    def work(self) -> float:
        """The processor time of the shortest step."""
        return min(self.busy)

    @property
    def exchange(self) -> float:
        """The processor time of the shortest exchange."""
        return min(self.sending)


def ring_mean(
    vector: Vector, index: int, count: int, to_right: Connection, from_left: Connection
) -> Vector:
    """Average a vector over all processes of a ring; each calls this with its own.

    Args:
        vector: what this process holds, shape `(n,)`.
        index: which process of the ring this is, counted from 0.
        count: how many processes there are.
        to_right: where its right neighbour listens.
        from_left: where its left neighbour writes.

    Returns:
        The mean, shape `(n,)`, the same bits in every process.

    >>> right, left = multiprocessing.Pipe()
    >>> ring_mean(np.float32([3, 4]), index=0, count=1, to_right=right, from_left=left)
    array([3., 4.], dtype=float32)
    """
    pieces = np.array_split(vector.copy(), count)
    for step in range(2 * (count - 1)):
        outgoing = pieces[(index - step) % count]
        # A pipe holds little: if all wrote before anybody read, all would wait for ever.
        sender = Thread(target=to_right.send_bytes, args=(outgoing.tobytes(),))
        sender.start()
        incoming = np.frombuffer(from_left.recv_bytes(), np.float32)
        sender.join()
        own = (index - step - 1) % count
        pieces[own] = pieces[own] + incoming if step < count - 1 else incoming
    return np.concatenate(pieces) / np.float32(count)


def train(network: str, *, processes: int = 2, steps: int = 20, batch_size: int = 32) -> Steps:
    """Train a network on noise for some steps, and time each of them.

    Every process is tied to one core where the system can do that, and computes with one thread.
    A first step, which compiles, is made and undone before the clock starts.

    Args:
        network: A name of `architectures.names()`.
        processes: how many share each batch.
        steps: how many are timed.
        batch_size: images of a batch, over all processes.

    Raises:
        ValueError: A number is none that can be trained with, or the batch cannot be shared.

    Examples:
        `train("mnist_tutorial", processes=2).step` is the time of a step on two cores.

        >>> train("mnist_tutorial", processes=0)
        Traceback (most recent call last):
        ValueError: processes must be a positive int, got 0
    """
    counts = {"processes": processes, "steps": steps, "batch_size": batch_size}
    for argument, value in counts.items():
        check_count(argument, value)
    if backend.name() != "tensorflow":
        raise ValueError(f"the Keras backend must be 'tensorflow', got {backend.name()!r}")
    share(np.arange(batch_size), batch_size, 0, processes)
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    ring = [context.Pipe(duplex=False) for _ in range(processes)]
    results = [context.Pipe(duplex=False) for _ in range(processes)]
    workers = [
        context.Process(
            target=_work,
            args=(network, index, processes, steps, batch_size),
            kwargs={
                "to_right": ring[index][1],
                "from_left": ring[index - 1][0],
                "result": results[index][1],
            },
            daemon=True,
        )
        for index in range(processes)
    ]
    for worker in workers:
        worker.start()
    for end in [each for pipe in ring for each in pipe] + [theirs for _, theirs in results]:
        end.close()  # so that a worker that dies ends the waiting of the others
    try:
        found = [ours.recv() for ours, _ in results]
    except EOFError:
        raise RuntimeError(f"a process that trained {network!r} died; see its message") from None
    finally:
        for worker in workers:
            worker.join()
    return _slowest(found)


def _slowest(found: Sequence[tuple[NDArray[np.float64], Vector]]) -> Steps:
    times = np.max([each for each, _ in found], axis=0)
    seconds, busy, sending = (tuple(map(float, row)) for row in times.T)
    return Steps(seconds, busy, sending, found[0][1])


def _work(
    network: str,
    index: int,
    count: int,
    steps: int,
    batch_size: int,
    *,
    to_right: Connection,
    from_left: Connection,
    result: Connection,
) -> None:
    """What a process does."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[index % len(cores)]})
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model, gradient = _model(network)
    images, labels = _batch(model, batch_size)
    own = share(np.arange(batch_size), batch_size, index, count)
    parts = tf.constant(images[own]), tf.constant(labels[own])
    variables = model.trainable_variables
    start = [v.numpy() for v in model.variables]
    sizes = np.cumsum([v.numpy().size for v in variables])[:-1]
    times = np.zeros((steps, 3))
    for step in range(-1, steps):
        ring_mean(np.zeros(count, np.float32), index, count, to_right, from_left)  # all are here
        began, busy = time.perf_counter(), time.process_time()
        vector = gradient(*parts).numpy()
        computed = time.process_time()
        vector = ring_mean(vector, index, count, to_right, from_left)
        sent = time.process_time()
        for variable, change in zip(variables, np.split(vector, sizes), strict=True):
            variable.assign_sub(RATE * change.reshape(variable.shape))
        if step < 0:
            for variable, value in zip(model.variables, start, strict=True):
                variable.assign(value)
            continue
        passed = time.perf_counter() - began
        times[step] = passed, time.process_time() - busy, sent - computed
    result.send((times, np.concatenate([v.numpy().ravel() for v in variables])))


def _model(network: str) -> tuple[Any, Any]:
    """A network, and the function that returns the gradients of all its weights in a row."""
    import tensorflow as tf

    from coursecnn import architectures

    backend.keras.utils.set_random_seed(0)
    model = architectures.build(network)
    loss = backend.keras.losses.SparseCategoricalCrossentropy()

    def gradient(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(labels, model(images, training=True))
        found = tape.gradient(value, [v.value for v in model.trainable_variables])
        return tf.concat([tf.reshape(each, [-1]) for each in found], axis=0)

    return model, tf.function(gradient)


def _batch(model: Any, size: int) -> tuple[Vector, NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    images = rng.random((size, *model.input_shape[1:]), dtype=np.float32)
    return images, rng.integers(0, model.output_shape[-1], size)
