"""What the outputs and the widgets of a notebook may hold, which the notebook format leaves open.

- `faults`: what is wrong with the outputs of a cell;
- `widget_faults`: what is wrong with the widgets in a notebook's metadata.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from coursecnn._values import shown

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
MODEL = re.compile(r"[0-9a-f]{32}")  # the id of a widget's model: it is in no text by chance
RUN = "python -m harness.execute FILE makes it anew"


def faults(cell: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the outputs of a code cell."""
    for number, output in enumerate(cell.get("outputs", ()), start=1):
        for kind, value in output.get("data", {}).items():
            if fault := _fault(kind, value):
                yield f"output {number} holds {shown(kind)} {fault}: {RUN}"


def _fault(kind: str, value: object) -> str:
    if kind == WIDGET_VIEW:
        model = value.get("model_id") if isinstance(value, Mapping) else None
        return "" if isinstance(model, str) else "without the id of a model"
    if kind.endswith("json"):
        return ""
    if not isinstance(value, str):
        return "that is no text"
    return _png_fault(value) if kind == "image/png" else ""


def _png_fault(encoded: str) -> str:
    try:
        content = base64.b64decode(encoded)
    except (binascii.Error, ValueError):  # ValueError: a letter that ASCII lacks
        return "that is not in base64"
    return "" if content.startswith(PNG_SIGNATURE) else "that is no PNG"


def widget_faults(metadata: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the widgets in a notebook's metadata."""
    tree: object = metadata.get("widgets", {})
    for key in (WIDGET_STATE, "state"):
        tree = tree.get(key, {}) if isinstance(tree, Mapping) else None
    if not isinstance(tree, Mapping):
        yield f"metadata widgets must hold a mapping of models: {RUN}"
    elif wrong := [name for name in tree if not MODEL.fullmatch(name)]:
        yield f"metadata widgets has a model of the id {wrong[0][:50]!r}: {RUN}"
