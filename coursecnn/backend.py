"""Keras, imported without a log line: the only place that starts TensorFlow.

- `keras`: write `from coursecnn.backend import keras` wherever a model is built or trained;
- `without_weights()`: build models that are only counted and drawn, of any size, at once;
- `batched(images, labels, size)`: what a model is trained or judged on, without a wait at the end;
- `name()`: the Keras backend in use;
- `device()`: the processor or the accelerator that computes;
- `has_bfloat16()`: whether it multiplies numbers of 16 bits.

TensorFlow's C++ code writes to file descriptor 2 while it loads and while it looks for devices,
before any setting of its own is read. Those lines would end up in the stored output of whichever
notebook cell came first, so they are held back here, and later lines are switched off. Nothing is
lost when the import fails: what was held back is written out before the error goes on. To see
every line, also when the process dies while loading, set `TF_CPP_MIN_LOG_LEVEL=0`.

Keras may run on another backend (`KERAS_BACKEND=jax` or `torch`); TensorFlow is not imported then.

>>> from coursecnn.backend import keras
>>> keras.utils.to_categorical([1], 2)
array([[0., 1.]])
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from coursecnn._machine import processor

__all__ = [
    "batched",
    "device",
    "has_bfloat16",
    "keras",
    "name",
    "quiet_stderr",
    "threads",
    "without_weights",
]

STDERR = 2  # the file descriptor: `sys.stderr` is another file in a notebook


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what is written to file descriptor 2, and write it out if the block fails.

    Raises:
        BaseException: whatever the block raised, after the lines it had written.

    >>> with quiet_stderr():
    ...     written = os.write(2, b"a log line that nobody needs")
    """
    sys.stderr.flush()
    with contextlib.ExitStack() as stack:
        original = os.dup(STDERR)
        stack.callback(os.close, original)
        held = stack.enter_context(tempfile.TemporaryFile())
        os.dup2(held.fileno(), STDERR)
        try:
            yield
        except BaseException:
            _restore(original)
            held.seek(0)
            with os.fdopen(os.dup(STDERR), "wb") as stderr:
                shutil.copyfileobj(held, stderr)
            raise
        else:
            _restore(original)


def _restore(original: int) -> None:
    sys.stderr.flush()
    os.dup2(original, STDERR)


def _start() -> None:
    """Import Keras and its backend, and let TensorFlow look for devices."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # Only lists them: memory growth and virtual devices can still be configured afterwards.
        tf.config.list_physical_devices()


def _quietly() -> contextlib.AbstractContextManager[None]:
    """Choose whether this process wants silence, and switch off the lines of later operations."""
    wanted = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return contextlib.nullcontext() if wanted == "0" else quiet_stderr()


with _quietly():
    _start()

import keras  # noqa: E402  (loaded above, with its log lines held back)

from coursecnn._keras_private import (  # noqa: E402  (imports Keras, too)
    onednn_computes_bfloat16,
    unlisted_variables,
)


@contextlib.contextmanager
def without_weights() -> Iterator[None]:
    """Build models whose weights have a shape and a type, and never any memory.

    The layers of such a model can be listed, counted and drawn. It cannot be trained, and it
    should not be run: Keras would draw each weight anew whenever it is read.

    Examples:
        A layer of four terabytes:

        >>> with without_weights():
        ...     model = keras.Sequential([keras.Input((10**6,)), keras.layers.Dense(10**6)])
        >>> model.count_params()
        1000001000000
    """
    with unlisted_variables(), keras.StatelessScope(initialize_variables=False):
        yield


def batched(images: Any, labels: Any, size: int) -> dict[str, Any]:
    """Hand over batches, in order, as arguments of a Keras model's `fit` or `evaluate`.

    TensorFlow tunes a pipeline while it runs, in a thread whose end is waited for, idle, up to
    about as long again as the epoch took. Here the batches are cut beforehand: nothing is to tune.

    Args:
        images: Array of shape (count, ...).
        labels: Array of shape (count, ...).
        size: Of a batch. The last one may be smaller.

    Returns:
        `x`, a dataset, on TensorFlow; elsewhere `x` and `y`, the arrays, and `batch_size`.

    >>> import numpy as np
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Flatten()])
    >>> model.compile(loss="mse")
    >>> model.evaluate(**batched(np.ones((3, 2)), np.zeros((3, 2)), size=2), verbose=0)
    1.0
    """
    if name() != "tensorflow":
        return {"x": images, "y": labels, "batch_size": size}
    import tensorflow as tf

    whole = len(images) // size * size
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    full = tuple(part[:whole].reshape(-1, size, *part.shape[1:]) for part in (images, labels))
    batches = tf.data.Dataset.from_tensor_slices(full)
    if whole < len(images):
        rest = (images[None, whole:], labels[None, whole:])
        batches = batches.concatenate(tf.data.Dataset.from_tensor_slices(rest))
    return {"x": batches.prefetch(2).with_options(options)}


def name() -> str:
    """Name the Keras backend: `"tensorflow"`, `"jax"` or `"torch"`.

    >>> name() in {"tensorflow", "jax", "torch"}
    True
    """
    return str(keras.backend.backend())


def device() -> str:
    """Describe what computes here, as it is written into run records.

    Returns:
        `"GPU: "` and the accelerator's model, or `"CPU: "` and the processor's; the latter with
        the addition `" without bfloat16"` where it is.

    >>> device().partition(":")[0] in {"CPU", "GPU"}
    True
    """
    if accelerator := _accelerator():
        return f"GPU: {accelerator}"
    return f"CPU: {processor()}" + ("" if has_bfloat16() else " without bfloat16")


def threads() -> int:
    """Return how many threads share a computation on the processor: all cores, or as set.

    TensorFlow is told so by the environment variable TF_NUM_INTRAOP_THREADS.

    >>> threads() >= 1
    True
    """
    told = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    return int(told) if told.isdecimal() and int(told) else os.cpu_count() or 1


def has_bfloat16() -> bool:
    """Say whether numbers of 16 bits, bfloat16, are multiplied here.

    A processor without instructions for them can only imitate it, and TensorFlow then takes many
    times as long as with float32. GPUs, and the other backends of Keras, find a way of their own.

    >>> has_bfloat16() or name() == "tensorflow"
    True
    """
    return name() != "tensorflow" or _tensorflow_gpu() is not None or onednn_computes_bfloat16()


def _accelerator() -> str | None:
    return {"tensorflow": _tensorflow_gpu, "jax": _jax_gpu, "torch": _torch_gpu}[name()]()


def _tensorflow_gpu() -> str | None:
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(gpu)
        return str(details.get("device_name", gpu.name))
    return None


def _jax_gpu() -> str | None:
    import jax

    first = jax.devices()[0]
    return None if first.platform == "cpu" else str(first.device_kind)


def _torch_gpu() -> str | None:
    import torch

    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else None
