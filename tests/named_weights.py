"""Networks run with weights that follow from their names alone.

- `value(weight, gain)`: what a weight is then;
- `run(model, images, values)`: the outputs of a network under given weights.

No random generator of Keras or of its backends has a part in it: a weight is a stretch of one
table of numbers, which NumPy promises never to change. So outputs tell the arithmetic of a network,
and are the same, but for rounding, in all versions, on all backends and processors. The network is
built `without_weights`: nothing is drawn and nothing is stored that is not used.
"""

import math
import zlib
from functools import cache

import numpy as np

from coursecnn.backend import keras

NUMBERS = 1_000_003  # a prime, so that no kernel repeats itself from one filter to the next

# Bounds of uniform numbers: normalisations that are neither centred nor scaled, and variances so
# small that it matters what is added to them.
BOUNDS = {
    "bias": (-0.1, 0.1),
    "gamma": (0.5, 1.5),
    "beta": (-0.1, 0.1),
    "moving_mean": (-0.1, 0.1),
    "moving_variance": (0.01, 0.03),
    "coefficient": (0.5, 1.5),  # of the subsampling in LeNet-5
}


@cache
def numbers():
    """The table: numbers from 0 to 1, twice in a row, so that a stretch can begin anywhere."""
    table = (np.random.PCG64(0).random_raw(NUMBERS) / 2**64).astype("float32")
    return np.concatenate([table, table])


def uniform(key, shape, low, high):
    """The stretch of the table that a key stands for, between two bounds."""
    first = zlib.crc32(key.encode()) % NUMBERS
    stretch = numbers()[first : first + min(math.prod(shape), NUMBERS)]
    return low + (high - low) * np.resize(stretch, shape)


def value(weight, gain):
    """The value of a weight: `gain` times what keeps the variance of a linear layer, if a kernel.

    What is no parameter in the usual sense, such as the codes of LeNet-5, stays as it begins.
    """
    shape, kind = tuple(weight.shape), weight.path.rpartition("/")[2]
    if kind == "kernel":
        # The products in one output; no convolution has one filter only, unless it is depthwise.
        products = shape[:2] if len(shape) == 4 and shape[3] == 1 else shape[:-1]
        bound = gain * math.sqrt(3 / math.prod(products))
        return uniform(weight.path, shape, -bound, bound)
    if kind in BOUNDS:
        return uniform(weight.path, shape, *BOUNDS[kind])
    return weight.value


def run(model, images, values):
    """The outputs of a network, at inference, as arrays.

    Args:
        model: Built `without_weights`.
        images: Of shape (batch, height, width, channels).
        values: Gives the value of a weight.
    """
    groups = (model.trainable_variables, model.non_trainable_variables)
    weights = [[values(weight) for weight in group] for group in groups]
    outputs, _ = model.stateless_call(*weights, images, training=False)
    return [keras.ops.convert_to_numpy(output) for output in keras.tree.flatten(outputs)]
