"""Count every architecture without its weights, beside what else would give the same numbers.

    python -m benchmarks.counting              count all without weights
    python -m benchmarks.counting summaries    build all, with weights, for `model.summary()`
    python -m benchmarks.counting compare      both, and torchinfo where torch is installed

The first two print what they found as one JSON object, in a process of their own: its seconds (of
the processor, the import of Keras included) and its peak of memory are then theirs alone. The third
starts the others, one after the other, and prints a table and a last line with one JSON object.
`--torch PYTHON` names an interpreter that has torch, torchvision and torchinfo, if this has not.
"""

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.torchinfo_counting import peak
from coursecnn import architectures
from coursecnn.backend import keras, without_weights
from coursecnn.models import costs

Row = dict[str, Any]
Rows = dict[str, Row]


def counted(name: str) -> Row:
    """Build one architecture, and count it."""
    model = architectures.build(name)
    return {"parameters": model.count_params(), "totals": vars(costs.totals(model))}


def summarised(name: str) -> Row:
    """Build one architecture with weights, summarise it as Keras does, and free it."""
    model, lines = architectures.build(name), list[str]()
    model.summary(print_fn=lambda line, **_: lines.append(line))
    row = {"parameters": model.count_params(), "characters": sum(map(len, lines))}
    keras.backend.clear_session()
    return row


def timed(look: Callable[[str], Row]) -> Rows:
    """Look at all architectures, and note the processor's seconds of each."""
    rows: Rows = {}
    for name in architectures.names():
        start = time.process_time()
        rows[name] = look(name)
        rows[name]["seconds"] = time.process_time() - start
    return rows


def count() -> Rows:
    """Build all architectures without their weights."""
    gc.freeze()  # what the imports made stays, and need not be searched for garbage again and again
    with without_weights():
        return timed(counted)


def finding(rows: Rows) -> dict[str, Any]:
    """Add what this process took for the rows."""
    return {"rows": rows, "seconds": time.process_time(), "peak": peak()}


def started(*command: str) -> dict[str, Any] | None:
    """Run a module of this folder in a fresh process; None if it cannot be imported there."""
    result = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 (our own modules)
    if "ModuleNotFoundError" in result.stderr:
        return None
    result.check_returncode()
    return dict(json.loads(result.stdout.splitlines()[-1]))


def compare(torch: str) -> dict[str, Any]:
    """Run the competitors in turns, and check that they agree."""
    commands = {
        "counted without weights": (sys.executable, "-m", "benchmarks.counting"),
        "built, model.summary()": (sys.executable, "-m", "benchmarks.counting", "summaries"),
        "built, torchinfo": (torch, "-m", "benchmarks.torchinfo_counting"),
    }
    found = {title: started(*command) for title, command in commands.items()}
    ours, summaries, torchinfo = found.values()
    assert ours is not None
    assert summaries is not None
    for name, row in ours["rows"].items():
        assert row["parameters"] == architectures.describe(name).parameters, name
        assert row["parameters"] == summaries["rows"][name]["parameters"], name
    for name, row in (torchinfo or {"rows": {}})["rows"].items():
        assert row["parameters"] == ours["rows"][name]["totals"]["trainable"], name
    return {title: result for title, result in found.items() if result is not None}


def table(found: dict[str, Any]) -> str:
    """Lay out what each took, for its whole process and for the networks that all have."""
    shared = set.intersection(*(set(result["rows"]) for result in found.values()))
    rows = {
        title: (
            len(result["rows"]),
            result["seconds"],
            result["peak"] / 1e9,
            sum(result["rows"][name]["seconds"] for name in shared),
        )
        for title, result in found.items()
    }
    base = next(iter(rows.values()))[3]
    head = (
        f"{'':24}{'networks':>9}{'CPU s':>8}{'peak GB':>9}{f'CPU s for {len(shared)}':>15}{'×':>7}"
    )
    return "\n".join(
        [head]
        + [
            f"{title:24}{number:9}{seconds:8.1f}{peak:9.2f}{part:15.1f}{part / base:7.2f}"
            for title, (number, seconds, peak, part) in rows.items()
        ]
    )


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "what", nargs="?", default="count", choices=("count", "summaries", "compare")
    )
    parser.add_argument("--torch", default=sys.executable, help="a Python that has torchinfo")
    asked = parser.parse_args()
    if asked.what == "compare":
        found = compare(asked.torch)
        print(table(found))
        print(
            json.dumps(
                {title: found[title] | {"rows": len(found[title]["rows"])} for title in found}
            )
        )
    else:
        print(json.dumps(finding(count() if asked.what == "count" else timed(summarised))))


if __name__ == "__main__":
    main()
