"""Time one convolutional layer four ways on the same arrays: `python -m benchmarks.convolution`.

The layer is a 3×3 convolution with padding "same" from 32×32×16 to 32 maps, on a batch of 32
images in float32. The competitors:

- loops: `coursecnn.convolution.conv2d_loops`, Python loops over images, rows, columns and filters;
  NumPy multiplies each window with each kernel and adds up;
- im2col: `coursecnn.convolution.conv2d`, one matrix product for the whole batch;
- SciPy: `scipy.signal.correlate`, once for each image and each filter;
- Keras: `keras.ops.conv` on the processor, its arrays converted beforehand.

They take turns for `ROUNDS` rounds, all in one process, and the best time of each counts, so that
a busy moment of the machine hits nobody's result alone. All must agree. The last line printed is a
JSON object. Each uses the threads that it takes by default; `taskset -c 0 python -m
benchmarks.convolution` gives all of them one core.
"""

import json
import os
import platform
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from time import perf_counter

import numpy as np
import numpy.typing as npt
from scipy.signal import correlate

from coursecnn.backend import keras
from coursecnn.convolution import conv2d, conv2d_loops

Array = npt.NDArray[np.float32]
Layer = Callable[[], Array]

BATCH, SIZE, CHANNELS, FILTERS, KERNEL = 32, 32, 16, 32, 3
ROUNDS = 3
# A competitor's best time is taken over this many calls in each round.
CALLS = {"loops": 1, "im2col": 100, "SciPy": 1, "Keras": 100}


def scipy_conv2d(x: Array, kernels: Array) -> Array:
    """Apply the layer with SciPy, which knows neither batches nor filters."""
    edge = KERNEL // 2
    padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    out = np.empty((BATCH, SIZE, SIZE, FILTERS), x.dtype)
    for n, image in enumerate(padded):
        for f in range(FILTERS):
            out[n, :, :, f] = correlate(image, kernels[..., f], mode="valid")[:, :, 0]
    return out


def competitors() -> dict[str, Layer]:
    """Bind each implementation to the same arrays."""
    random = np.random.default_rng(seed=0)
    x = random.standard_normal((BATCH, SIZE, SIZE, CHANNELS), dtype=np.float32)
    kernels = random.standard_normal((KERNEL, KERNEL, CHANNELS, FILTERS), dtype=np.float32)
    tensors = [keras.ops.convert_to_tensor(array) for array in (x, kernels)]
    return {
        "loops": partial(conv2d_loops, x, kernels, padding="same"),
        "im2col": partial(conv2d, x, kernels, padding="same"),
        "SciPy": partial(scipy_conv2d, x, kernels),
        "Keras": lambda: keras.ops.convert_to_numpy(keras.ops.conv(*tensors, padding="same")),
    }


def best_time(layer: Layer, calls: int) -> float:
    """Time several calls and return the seconds of the fastest."""
    seconds = []
    for _ in range(calls):
        start = perf_counter()
        layer()
        seconds.append(perf_counter() - start)
    return min(seconds)


def measure(layers: dict[str, Layer]) -> dict[str, float]:
    """Time the competitors in turns, after a first call that checks that they agree."""
    reference = layers["im2col"]()
    for name, layer in layers.items():
        np.testing.assert_allclose(layer(), reference, rtol=1e-4, atol=1e-4, err_msg=name)
    rounds = [
        {name: best_time(layer, CALLS[name]) for name, layer in layers.items()}
        for _ in range(ROUNDS)
    ]
    return {name: min(times[name] for times in rounds) for name in layers}


def threads() -> int | None:
    """Count the cores that this process may use: NumPy and TensorFlow start as many threads."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def report(seconds: dict[str, float]) -> dict[str, object]:
    """Gather what the numbers depend on."""
    return {
        "seconds": seconds,
        "loops_over_im2col": seconds["loops"] / seconds["im2col"],
        "im2col_over_keras": seconds["im2col"] / seconds["Keras"],
        "threads": threads(),
        "backend": keras.backend.backend(),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy", "keras", "tensorflow")},
        },
    }


def main() -> None:
    """Measure, and print a table and a JSON object."""
    with keras.device("cpu:0"):
        seconds = measure(competitors())
    print(f"{'':8}{'seconds':>10}{'× im2col':>12}{'× Keras':>12}")
    for name, time in seconds.items():
        relative = time / seconds["im2col"], time / seconds["Keras"]
        print(f"{name:8}{time:10.5f}{relative[0]:12.2f}{relative[1]:12.2f}")
    print(json.dumps(report(seconds)))


if __name__ == "__main__":
    main()
