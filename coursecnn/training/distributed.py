"""Training on several machines: which of a batch's images are whose.

- `processes()`: which of the processes that train together this one is;
- `share(order, batch_size, index, count)`: the images that it gets of each batch.

The engines do all the rest, and `training.fit` is the same on each of them:

- on several devices of one machine it runs inside `tf.distribute.MirroredStrategy().scope()`,
  which shares out the batches by itself;
- on several machines, each runs it on Keras's JAX backend, after `jax.distributed.initialize(...)`
  and `keras.distribution.set_distribution(DataParallel(auto_shard_dataset=False))`. What a process
  gives to Keras is then its part of a batch, and `fit` asks here which part that is.

>>> processes()
(0, 1)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coursecnn.backend import keras, name

__all__ = ["processes", "share"]


def processes() -> tuple[int, int]:
    """Say which process this is, and how many train together.

    Returns:
        Its number, counted from 0, and how many there are: 0 and 1 unless `jax.distributed` has
        connected several and a `keras.distribution` is set.
    """
    if name() != "jax" or keras.distribution.distribution() is None:
        return 0, 1
    import jax

    return jax.process_index(), jax.process_count()


def share(
    order: NDArray[np.integer], batch_size: int, index: int, count: int
) -> NDArray[np.integer]:
    """Cut every batch into equal parts, one for each process, and return those of one process.

    Put side by side, the parts are the batch, in its order.

    Args:
        order: positions of all images, shape `(images,)`, in the order of training.
        batch_size: images of a batch, over all processes.
        index: which process, counted from 0.
        count: how many processes there are.

    Returns:
        Positions of this process's images, shape `(images / count,)`, in batches of
        `batch_size / count`.

    Raises:
        ValueError: if a batch, the last one included, cannot be cut into equal parts.

    Examples:
        >>> share(np.arange(10), batch_size=4, index=1, count=2)
        array([2, 3, 6, 7, 9])
    """
    batches = np.split(order, range(batch_size, len(order), batch_size))
    sizes = sorted({len(batch) for batch in batches}, reverse=True)
    if any(size % count for size in sizes):
        raise ValueError(
            f"batches of {' and '.join(map(str, sizes))} images cannot be shared equally by "
            f"{count} processes; choose another batch size or another number of processes"
        )
    return np.concatenate([np.split(batch, count)[index] for batch in batches])
