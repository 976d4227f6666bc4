"""Count every architecture without its weights, and print what was found as JSON.

Run as `python -m benchmarks.counting`, in a process of its own: its seconds (of the processor, the
import of Keras included) and its memory are then those of the counting.
"""

import gc
import json
import re
import resource
import sys
import time
from typing import Any

from coursecnn import accounting, architectures
from coursecnn.backend import keras

BYTES = 1 if sys.platform == "darwin" else 1024  # the unit of the peak


def automatic(kind: str) -> str:
    """Name a layer of this type as Keras does where nobody named it."""
    return re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)).lower()


def row(name: str) -> dict[str, Any]:
    """Build one architecture, and look at it."""
    model = architectures.build(name)
    return {
        "name": model.name,
        "input": model.input_shape[1:],
        "layers": len(model.layers),
        "unnamed": [
            layer.name
            for layer in model.layers
            if re.fullmatch(rf"{automatic(type(layer).__name__)}_\d+", layer.name)
        ],
        "parameters": model.count_params(),
        "totals": vars(accounting.totals(model)),
    }


def count() -> dict[str, dict[str, Any]]:
    """Build all architectures without their weights."""
    kinds = [*vars(keras.layers), *(k.__name__ for k in keras.saving.get_custom_objects().values())]
    for kind in kinds:  # so that an unnamed layer gets a number even if it is the first of its type
        keras.backend.get_uid(automatic(kind))
    gc.freeze()  # what the imports made stays, and need not be searched for garbage again and again
    with keras.StatelessScope(initialize_variables=False):
        return {name: row(name) for name in architectures.names()}


if __name__ == "__main__":
    rows = count()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES
    print(json.dumps({"rows": rows, "seconds": time.process_time(), "peak": peak}))
