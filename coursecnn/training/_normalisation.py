"""Batch normalisation of a training step as one operation, on a processor.

Keras composes it of means, differences and products, which TensorFlow carries out one after
another: each goes through all maps in memory, and in a narrow network they take longer than the
convolutions. TensorFlow has the whole as one operation, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from coursecnn import backend
from coursecnn.backend import keras

__all__ = ["fused_normalisation"]

_composed = keras.layers.BatchNormalization.call


@contextmanager
def fused_normalisation() -> Iterator[None]:
    """Normalise batches by TensorFlow's own operation while this holds, where it can.

    That is in training on a processor, for maps whose channels come last. The results are Keras's
    up to rounding, but for the moving variance: its share of a batch is larger by a factor of
    n / (n - 1), for the n values of each channel.

    >>> with fused_normalisation():
    ...     keras.layers.BatchNormalization.call.__name__
    '_fused'
    """
    layer = keras.layers.BatchNormalization
    if keras.backend.backend() != "tensorflow" or not backend.device().startswith("CPU"):
        yield
        return
    layer.call = _fused
    try:
        yield
    finally:
        layer.call = _composed


def _fused(self: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
    if not (training and self.trainable and _has_operation(self, inputs, mask)):
        return _composed(self, inputs, training=training, mask=mask)
    import tensorflow as tf

    channels = (inputs.shape[-1],)
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=keras.ops.cast(inputs, "float32"),
        scale=self.gamma if self.scale else tf.ones(channels),
        offset=self.beta if self.center else tf.zeros(channels),
        mean=tf.zeros(0),
        variance=tf.zeros(0),
        epsilon=self.epsilon,
    )
    for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
        moving.assign(moving * self.momentum + new * (1.0 - self.momentum))
    return keras.ops.cast(outputs, self.compute_dtype)


def _has_operation(layer: Any, inputs: Any, mask: Any) -> bool:
    """Whether TensorFlow's operation does all that this layer is told to."""
    return (
        mask is None
        and len(inputs.shape) == 4
        and layer.axis in (-1, 3)
        and not layer.synchronized
        and not getattr(layer, "renorm", False)  # older Keras has none
    )
