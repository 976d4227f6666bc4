"""What each architecture answered when `fingerprints.json` was written.

- `answers(name, gain)`: some outputs of a network for two small images;
- `stored()`: what they were.

Run as `python -m tests.fingerprints [NAME ...]` to write the file anew, whole or for some names,
after an architecture was added or changed on purpose, and read the difference before it is
committed.
"""

import json
import math
import sys
from functools import cache, partial
from pathlib import Path

import numpy as np

from coursecnn import architectures
from coursecnn.architectures.layers import LocalResponseNormalization
from coursecnn.backend import without_weights
from tests.named_weights import run, uniform, value

FILE = Path(__file__).with_suffix(".json")

IMAGES, CLASSES = 2, 10
VALUES = 20  # answers of a network that are kept: all that two images have for ten classes
# Small images, for speed, and not square: on some map in each network a window hangs over the
# edge. A network takes the first shape that is not too small for it, by the size of its paper.
LARGE = ((72, 64, 3), (96, 80, 3))
SHAPES = {227: LARGE, 224: LARGE, 32: ((20, 16, 3), (36, 32, 1)), 28: ((28, 24, 1),)}

UNTUNED = {"mnist_tutorial_base", "lenet5_1998"}  # whose outputs are no probabilities
CONTRAST = (0.05, 0.2)  # standard deviation of the probabilities for ten classes: 0 to 0.3
# By how much an answer may change where all pixels change by a little. Many layers between two
# bounds, as of ReLU6, else amplify what processors round differently.
SHIFT, STEADY = 1e-5, 2e-4


@cache
def outline(name, **overrides):
    """Build a network for small images, without its weights."""
    row = architectures.describe(name)
    if row.classes:
        overrides["classes"] = CLASSES
    for shape in SHAPES[row.input_shape[0]]:
        try:
            with without_weights():
                return architectures.build(name, input_shape=shape, **overrides)
        except ValueError as error:
            refusal = error
    raise refusal


def answers(name, gain, *, shift=0.0, **overrides):
    """Run a network, and take some of its outputs.

    Images have values about zero, up to 1, or up to 128 for a local response normalisation, whose
    constants are for pixels.

    Args:
        name: Of the architecture.
        gain: Factor of all kernels. Hundreds of layers would else fade or explode.
        shift: What is added to the pixels, as a share of the brightest.
        **overrides: Arguments of its builder.
    """
    model = outline(name, **overrides)
    brightest = (
        128 if any(isinstance(layer, LocalResponseNormalization) for layer in model.layers) else 1
    )
    images = uniform("images", (IMAGES, *model.input_shape[1:]), -brightest, brightest)
    images = images + np.float32(shift * brightest)
    outputs = run(model, images, partial(value, gain=gain))
    flat = np.concatenate([output.ravel() for output in outputs])
    return flat[np.linspace(0, len(flat) - 1, VALUES).astype(int)]


@cache
def stored():
    """Read the file: `gain` and `answers` by name."""
    return json.loads(FILE.read_text())


def tuned(name):
    """Find a gain with which the probabilities are neither all equal nor all 0 and 1.

    And which is steady; the largest that is, if none has that contrast.
    """
    if name in UNTUNED:
        return 1.0
    low, gain, high = 1 / 16, 1.41, 16.0
    while high / low > 1.05:
        found = answers(name, gain)
        steady = np.abs(found - answers(name, gain, shift=SHIFT)).max() < STEADY  # not where nan
        if steady and CONTRAST[0] < found.std() < CONTRAST[1]:
            return gain
        low, high = (gain, high) if steady and found.std() <= CONTRAST[0] else (low, gain)
        gain = float(f"{math.sqrt(low * high):.3g}")
    return low


def main(names):
    entries = stored() if names else {}
    for name in names or architectures.names():
        gain = tuned(name)
        values = [float(f"{value:.6g}") for value in answers(name, gain)]
        entries[name] = {"gain": gain, "answers": values}
        print(name, gain)
    rows = (f"{json.dumps(n)}: {json.dumps(entries[n])}" for n in architectures.names())
    FILE.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
