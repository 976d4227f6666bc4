"""What `coursecnn count` prints: the costs of a model from a file or by its name.

- `find(name)`: a Keras model from a `.keras` file, an architecture or a Keras application;
- `report(name, ...)`: its table, totals and memory, and its count in some convention;
- `counted(model)`: its table in one line, which a drawing of it holds.
"""

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from coursecnn import architectures
from coursecnn._checks import check_choice
from coursecnn._values import reason
from coursecnn.backend import keras, without_weights
from coursecnn.models import conventions, costs
from coursecnn.models.memory import memory

__all__ = ["FORMATS", "counted", "find", "report"]

Facts = dict[str, Any]


def find(name: str) -> keras.Model:
    """Load a model from a file, or build it without weights.

    Args:
        name: Path of a `.keras` file, which is loaded without running code that it holds; or the
            name of one of this package's architectures or of `keras.applications`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: There is no model of that name, or the file holds none that can be loaded.

    >>> find("lenet5").name, find("MobileNetV2").count_params()
    ('lenet5', 3538984)
    """
    if name.endswith(".keras") or Path(name).is_file():
        return _loaded(Path(name))
    with without_weights():
        if name in architectures.names():
            return architectures.build(name)
        application = getattr(keras.applications, name, None)
        if callable(application):
            return application(weights=None)
    raise ValueError(
        f"model must be a .keras file, an architecture of coursecnn such as 'resnet50', or one of "
        f"keras.applications such as 'ResNet50', got {name!r}"
    )


def _loaded(path: Path) -> keras.Model:
    if not path.is_file():
        raise FileNotFoundError(f"model must be a .keras file that exists, got {str(path)!r}")
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):  # Keras says it is not found
        raise ValueError(
            f"model must be a .keras file as model.save(...) writes it, a zip archive; "
            f"{str(path)!r} is damaged, cut short or of another kind: save or copy it again"
        )
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises what the file's classes raise
        own = _own_classes(path)
        why = (
            f"it holds {', '.join(own)}, whose code this command does not run; in Python, load it "
            "where that code is known and trusted, and give the model to models.layer_table, "
            "totals or diagrams.draw"
        )
        raise ValueError(
            f"model must be a .keras file of layers that Keras knows, got {str(path)!r}: "
            f"{why if own else reason(error)}"
        ) from error


def _own_classes(path: Path) -> list[str]:
    """Name the classes in a file that are not of Keras; none where it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            waiting = [json.loads(archive.read("config.json"))]
    except (OSError, ValueError, KeyError, RecursionError, zipfile.BadZipFile):
        return []
    found = set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
            if _is_own(part):
                name = part.get("class_name")
                found.add("code in a Lambda" if name == "__lambda__" else str(name))
    return sorted(found)


def _is_own(part: dict[str, Any]) -> bool:
    """Say whether a part of a config is an object of somebody's own, or a function's code."""
    module, name = part.get("module"), part.get("class_name")
    if name == "__lambda__":
        return True
    known = ("keras", "builtins", "coursecnn")
    return isinstance(module, str) and module.partition(".")[0] not in known


def report(
    name: str,
    input_shape: str | None = None,
    output: str = "text",
    convention: str = "coursecnn",
    batch: int = 1,
) -> str:
    """Say what a model costs.

    Args:
        name: As in `find`.
        input_shape: Sizes of an image, as in "224,224,3", where the model leaves them open.
        output: One of `FORMATS`; "csv" is the table alone.
        convention: One of `conventions.CONVENTIONS`, whose count is added.
        batch: Images at a time, for the memory.

    Raises:
        ValueError: An argument is none of these.

    >>> print(report("lenet5", output="csv").splitlines()[1])
    image,InputLayer,"(32, 32, 1)",1024,0,0
    """
    check_choice("format", output, FORMATS)
    check_choice("convention", convention, conventions.CONVENTIONS)
    shape = None if input_shape is None else read_shape(input_shape)
    try:
        return FORMATS[output](_facts(find(name), shape, convention, batch))
    except TypeError as error:  # a layer that cannot be counted, which a user can cause
        raise ValueError(str(error)) from error


def counted(model: keras.Model, input_shape: Any = None) -> str | None:
    """Write a model's layers in one line of JSON, as they stand in `report(..., output="json")`.

    Args:
        model: As in `costs.layer_table`.
        input_shape: Likewise.

    Returns:
        None if the model holds a layer that cannot be counted.

    >>> counted(find("lenet5"))[:78]
    '{"model":"lenet5","layers":[{"layer":"image","type":"InputLayer","output_shape'
    """
    try:
        table = costs.layer_table(model, input_shape=input_shape)
    except (TypeError, ValueError):
        return None
    return json.dumps(_layers(model.name, table), separators=(",", ":"))


def read_shape(text: str) -> tuple[int, ...]:
    """Read sizes that are separated by commas.

    >>> read_shape("224,224,3")
    (224, 224, 3)
    """
    try:
        return tuple(int(size) for size in text.replace("x", ",").split(","))
    except ValueError:
        raise ValueError(
            f"input_shape must be sizes separated by commas, such as 224,224,3, got {text!r}"
        ) from None


def _facts(model: Any, shape: Any, convention: str, batch: int) -> Facts:
    """Collect everything that is said."""
    asked = {"input_shape": shape}
    return {
        "model": model.name,
        "table": costs.layer_table(model, **asked),
        "totals": costs.totals(model, **asked),
        "memory": {
            "inference": memory(model, batch=batch, **asked),
            "training": memory(model, batch=batch, training=True, optimizer="adam", **asked),
        },
        "restated": conventions.restate(model, convention, **asked),
    }


def _text(facts: Facts) -> str:
    known = conventions.CONVENTIONS[facts["restated"].convention]
    sums = facts["totals"]
    return "\n".join(
        [
            costs.text(facts["table"]),
            "",
            f"{facts['model']}: {sums.params:,} parameters, {sums.trainable:,} of them trainable",
            f"{sums.macs:,} MACs, {sums.values:,} values in {sums.bytes:,} bytes, for one image",
            f"{facts['restated']}",
            f"  counted as in: {known.source}",
            "",
            str(facts["memory"]["inference"]),
            "",
            f"{facts['memory']['training']}, by Adam",
        ]
    )


def _csv(facts: Facts) -> str:
    return str(facts["table"].to_csv(index=False)).rstrip()


def _layers(model: str, table: pd.DataFrame) -> Facts:
    return {"model": model, "layers": table.to_dict("records")}


def _json(facts: Facts) -> str:
    table: pd.DataFrame = facts["table"]
    restated = facts["restated"]
    return json.dumps(
        {
            **_layers(facts["model"], table),
            "totals": asdict(facts["totals"]),
            "memory": {
                mode: asdict(found) | {"total": found.total}
                for mode, found in facts["memory"].items()
            },
            "convention": {
                "name": restated.convention,
                "unit": conventions.CONVENTIONS[restated.convention].unit,
                "source": conventions.CONVENTIONS[restated.convention].source,
                "count": restated.count,
                "parts": dict(restated.parts),
            },
        },
        indent=1,
    )


FORMATS: dict[str, Callable[[Facts], str]] = {"text": _text, "csv": _csv, "json": _json}
