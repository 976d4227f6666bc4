"""Count networks in one way, in a process of its own: `python -m benchmarks.counting WAY`.

| way | what it does with each network |
|:--|:--|
| `tables` | builds it without weights, and makes its layer table, as this package does |
| `summaries` | builds it with weights, for `model.summary()` |
| `profiler` | builds it without weights, traces it, and asks TensorFlow's profiler |
| `applications` | builds all `keras.applications` without weights, and makes their layer tables |
| `architectures` | counts every architecture of this course, as `tables` does |

The first three count the networks that torchinfo can count, too (`benchmarks.torchinfo_counting`).
Each prints one JSON object: for every network what was found, and the processor's seconds that it
took; for the whole process its peak of memory, and by how much that is above what the imports had
taken. `benchmarks.counting_time` takes the ways in turns, and keeps a record.
"""

import argparse
import gc
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.torchinfo_counting import NETWORKS, peak
from coursecnn import architectures
from coursecnn.backend import keras, without_weights
from coursecnn.models import costs

Row = dict[str, Any]
Rows = dict[str, Row]


def counted(name: str) -> Row:
    """Build one architecture without weights, and count it."""
    with without_weights():
        model = architectures.build(name)
    return {"parameters": model.count_params(), "totals": vars(costs.totals(model))}


def summarised(name: str) -> Row:
    """Build one architecture with weights, summarise it as Keras does, and free it."""
    model, lines = architectures.build(name), list[str]()
    model.summary(print_fn=lambda line, **_: lines.append(line))
    row = {"parameters": model.count_params(), "characters": sum(map(len, lines))}
    keras.backend.clear_session()  # nothing else in this process needs what is forgotten
    return row


def profiled(name: str) -> Row:
    """Build one architecture without weights, and ask TensorFlow's profiler."""
    from benchmarks import application_macs

    with without_weights():
        model = architectures.build(name)
    return dict(application_macs.counted(model))


def application(name: str) -> Row:
    """Build an application of Keras without weights, and time its layer table alone, too."""
    from benchmarks import application_macs

    with without_weights():
        model = getattr(keras.applications, name)(weights=None)
    sizes = application_macs.sizes(model.inputs[0])
    start = time.process_time()
    table = costs.layer_table(model, input_shape=sizes)
    return {"layers": len(table), "table_seconds": time.process_time() - start}


def all_applications() -> list[str]:
    """List the applications, each by its builder."""
    from benchmarks import application_macs

    return application_macs.names()


WAYS: dict[str, tuple[Callable[[str], Row], Callable[[], Iterable[str]]]] = {
    "tables": (counted, lambda: NETWORKS),
    "summaries": (summarised, lambda: NETWORKS),
    "profiler": (profiled, lambda: NETWORKS),
    "applications": (application, all_applications),
    "architectures": (counted, architectures.names),
}


def timed(look: Callable[[str], Row], names: Iterable[str]) -> Rows:
    """Look at networks, and note the processor's seconds of each."""
    rows: Rows = {}
    for name in names:
        start = time.process_time()
        rows[name] = look(name)
        rows[name]["seconds"] = time.process_time() - start
    return rows


def main() -> None:
    """Count in one way, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("way", choices=WAYS)
    way = parser.parse_args().way
    if way == "profiler":
        import tensorflow as tf

        # Keras has a convolution in groups compiled, and the profiler does not look into functions.
        tf.config.run_functions_eagerly(True)
    look, names = WAYS[way]
    listed = list(names())
    gc.freeze()  # what the imports made stays, and need not be searched for garbage again and again
    before = peak()
    rows = timed(look, listed)
    print(json.dumps({"rows": rows, "peak": peak(), "growth": peak() - before}))


if __name__ == "__main__":
    main()
