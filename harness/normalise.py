"""Bring a notebook into a form in which two executions are the same bytes.

    python -m harness.normalise             all notebooks of the book
    python -m harness.normalise FILE ...    these

Run as a command it executes nothing, and is all that a change in the text around the code needs.
Code cells that have changed since they were run keep the id of what was run: by that `harness.lint`
knows that their outputs may be another's, until `harness.execute` has run them. Numbers that are
new in the text are bound to their sources (`harness.prose`), in a file beside the notebook.

- metadata is cut down to what the course uses, with what follows from the tags of folded cells
  (`harness.folds`); cell ids follow from the cells' text;
- execution counts run from 1, stderr is dropped, neighbouring streams are one;
- what a check measured is dropped as data (`cells.MEASURED`), and stays as text;
- pictures lose what Matplotlib writes beside the pixels, widget models get stable ids;
- the JSON has sorted keys, an indent of 1 and a newline at its end.

`normalise` is idempotent, and changes no text or pixel that a reader sees.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from coursecnn._files import write_atomically
from harness import cells, folds, prose, reading
from harness.contents import PNG_SIGNATURE, WIDGET_STATE, WIDGET_VIEW

CELL_METADATA = ("mystnb", "nbval", "tags")
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
COMPUTED_BY = "coursecnn"  # the metadata that say what computed the outputs (`harness.execute`)
KEPT_METADATA = (COMPUTED_BY, "widgets")
PNG_VOLATILE = frozenset({b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"})
SVG_VOLATILE = re.compile(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", re.DOTALL)
SVG_RANDOM_ID = re.compile(r'\bid="([A-Za-z]\w*?[0-9a-f]{10})"')
MODEL_REFERENCE = re.compile(r"IPY_MODEL_(\w+)")


def normalise(notebook: Any, *, is_executed: bool = True) -> Any:
    """A normalised copy of a notebook of format 4.

    Args:
        notebook: the notebook.
        is_executed: whether its outputs come from its present code; if they may not, the traces by
            which that is known stay: execution counts, and ids of code cells that have changed.
    """
    result = _rename_models(copy.deepcopy(notebook))  # before texts give cells their ids
    result.nbformat, result.nbformat_minor = 4, 5
    kept = {key: result.metadata[key] for key in KEPT_METADATA if key in result.metadata}
    result.metadata = nbformat.from_dict({**NOTEBOOK_METADATA, **kept})
    stale = [] if is_executed else [cell for cell in result.cells if is_stale(cell)]
    current = result.cells if is_executed else [c for c in result.cells if not is_stale(c)]
    _name_cells(current)
    _keep_stale(stale, {cell.id for cell in current})
    executed = count(1)
    for cell in result.cells:
        kept = {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        cell.metadata = nbformat.from_dict({**kept, **folds.metadata(cell)})
        if cell.cell_type == "code":
            cell.outputs = outputs(cell.outputs)
            if is_executed and cell.execution_count is not None:
                _number(cell, next(executed))
        cell.pop("attachments" if cell.get("attachments") == {} else "", None)
    return result


def is_stale(cell: Any) -> bool:
    """Whether a code cell has another text than when it was last executed and normalised."""
    return cell.cell_type == "code" and cell.get("id", "").partition("-")[0] != digest(cell)


def digest(cell: Any) -> str:
    """The id of a cell, which follows from its text; a second cell of the same text gets `-2`."""
    return hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]


def _keep_stale(stale: Iterable[Any], used: set[str]) -> None:
    """See that changed cells have ids, none twice, from which it is seen that they have changed."""
    for number, cell in enumerate(stale, start=1):
        if cell.get("id", "") in used | {""}:
            cell["id"] = f"changed-{number}"
        used.add(cell.id)


def dumps(notebook: Any) -> str:
    """The text of the file that holds the notebook."""
    return str(nbformat.writes(notebook, version=nbformat.NO_CONVERT)).rstrip("\n") + "\n"


def _name_cells(notebook_cells: Iterable[Any]) -> None:
    """Give each cell an id that follows from its text, so that inserting one renames no other."""
    seen: Counter[str] = Counter()
    for cell in notebook_cells:
        name = digest(cell)
        seen[name] += 1
        cell["id"] = name if seen[name] == 1 else f"{name}-{seen[name]}"


def _number(cell: Any, number: int) -> None:
    cell.execution_count = number
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = number


def outputs(raw: Iterable[Any]) -> list[Any]:
    """The outputs of a cell without stderr and the data of checks, neighbouring streams as one."""
    result: list[Any] = []
    for output in raw:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if result and result[-1].output_type == "stream":
                result[-1] = NotebookNode(result[-1], text=result[-1].text + output.text)
                continue
        result.append(_without_volatile(output))
    return result


def _without_volatile(output: Any) -> Any:
    if "data" not in output:
        return output
    data = {kind: value for kind, value in output.data.items() if kind != cells.MEASURED}
    if "image/png" in data:
        data["image/png"] = plain_png(data["image/png"])
    if "image/svg+xml" in data:
        data["image/svg+xml"] = plain_svg(data["image/svg+xml"])
    return nbformat.from_dict({**output, "data": data})


def plain_png(encoded: str) -> str:
    """The same base64 PNG without the chunks that name versions and dates.

    Chunks are dropped, not pixels re-compressed: the result does not depend on the compressor.
    """
    raw = base64.b64decode(encoded)
    if not raw.startswith(PNG_SIGNATURE):
        raise ValueError("image/png must hold a PNG, but its signature is missing")
    kept, position = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while position < len(raw):
        length = int.from_bytes(raw[position : position + 4], "big")
        end = position + 12 + length  # length, type, content, checksum
        if raw[position + 4 : position + 8] not in PNG_VOLATILE:
            kept.append(raw[position:end])
        position = end
    return base64.b64encode(b"".join(kept)).decode("ascii")


def plain_svg(text: str) -> str:
    """The same SVG without date and comments, its random ids numbered in order of appearance."""
    plain = SVG_VOLATILE.sub("", text)
    names = {name: f"id{i}" for i, name in enumerate(dict.fromkeys(SVG_RANDOM_ID.findall(plain)))}
    if not names:
        return plain
    return re.sub(rf"\b(?:{'|'.join(names)})\b", lambda match: names[match[0]], plain)


def _rename_models(notebook: Any) -> Any:
    """Replace the random ids of widget models by their rank in the order of appearance."""
    state = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    if not state:
        return notebook
    text = json.dumps(notebook, ensure_ascii=False)
    ranks = {model: f"{rank:032x}" for rank, model in enumerate(_models_in_order(notebook, state))}
    # In two steps, because an id may already be another model's rank.
    for model in ranks:
        text = text.replace(model, f"<{model}>")
    for model, rank in ranks.items():
        text = text.replace(f"<{model}>", rank)
    return nbformat.from_dict(json.loads(text))


def _models_in_order(notebook: Any, state: Any) -> list[str]:
    """The widget models: those that cells show, what these refer to, then all others."""
    order: dict[str, None] = {}

    def visit(model: str) -> None:
        if model in state and model not in order:
            order[model] = None
            for child in MODEL_REFERENCE.findall(json.dumps(state[model], sort_keys=True)):
                visit(child)

    def anonymous(model: str) -> str:
        ranks = {known: rank for rank, known in enumerate(order)}
        content = json.dumps(state[model], sort_keys=True)
        return MODEL_REFERENCE.sub(lambda match: str(ranks.get(match[1], "?")), content)

    for cell in cells.code_cells(notebook):
        for output in cell.outputs:
            visit(output.get("data", {}).get(WIDGET_VIEW, {}).get("model_id", ""))
    while len(order) < len(state):  # links and other models that no view refers to
        visit(min((model for model in state if model not in order), key=anonymous))
    return list(order)


def main(arguments: Sequence[str] | None = None) -> int:
    """Normalise notebooks without executing them; return 1 if one cannot be read."""
    paths = cells.chapters(cells.command_line("normalise", __doc__).parse_args(arguments).files)
    done = [_rewrite(path) for path in paths]
    return 0 if all(done) else 1


def _rewrite(path: Path) -> bool:
    """Normalise one file, and say what became of it and what is still due."""
    try:
        text = reading.text_of(path)
        notebook = reading.parsed(path, text.removeprefix(reading.BYTE_ORDER_MARK))
    except reading.UnreadableError as error:
        sys.stdout.write(f"{error}\n")
        return False
    fresh = dumps(normalise(notebook, is_executed=False))
    if fresh != text:
        write_atomically(path, fresh.encode())
    state = "is in normal form" if fresh == text else "normalised"
    stale = [name for name, cell in cells.named_cells(notebook) if is_stale(cell)]
    due = f"; {', '.join(stale)} changed: python -m harness.execute FILE" if stale else ""
    sys.stdout.write(f"{cells.shown(path)}: {state}{reading.cure(due, path)}\n")
    sys.stdout.writelines(f"  {line}\n" for line in prose.bind(path))
    return True


if __name__ == "__main__":
    sys.exit(main())
