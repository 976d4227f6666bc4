"""Read a notebook from its file, or say what is wrong with the file and what mends it.

Every tool of the harness reads through `read`: a file that is no notebook, a cell that is not
Python and metadata of the wrong kind are named here, once, before anything is run.
"""

from __future__ import annotations

import ast
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.validator import iter_validate

from coursecnn._files import read_file
from coursecnn._values import reason, require_letters, require_moderate
from coursecnn._values import shown as cut
from harness import contents

NOTEBOOK = "notebook"
LARGEST = 8 * 2**20  # bytes; what the book takes, harness.lint says
BYTE_ORDER_MARK = "\ufeff"
CONFLICT = re.compile(r"^(?:<<<<<<< |=======$|>>>>>>> )", re.MULTILINE)
INSPECTOR = "in JupyterLab, the cog at the upper right shows a cell's metadata"
RESTORE = "git checkout FILE brings back what was committed"
SHAPES = {
    ("nbval",): (dict, '{"rtol": 1e-5} or {"rms": 12}'),
    ("mystnb",): (dict, '{"image": {"alt": "..."}}'),
    ("mystnb", "image"): (dict, '{"alt": "..."}'),
    ("mystnb", "image", "alt"): (str, "a text"),
}

Fault = tuple[str, str]
MISSING = object()


class UnreadableError(ValueError):
    """A file that cannot be taken for a notebook.

    Attributes:
        path: the file.
        faults: where in it something is wrong, and what.
    """

    def __init__(self, path: Path, *faults: Fault) -> None:
        """Name the file in what cures it, so that the command can be copied."""
        self.path = path
        self.faults = tuple((where, cure(message, path)) for where, message in faults)
        lines = (f"{shown(path)}, {where}: {what}" for where, what in self.faults)
        super().__init__("\n".join(lines))


def shown(path: Path) -> str:
    """The path as people type it: relative to where they stand, if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)


def cure(message: str, path: Path) -> str:
    """The message with the file's own name where it says FILE."""
    return re.sub(r"\bFILE\b", lambda _: shown(path), message)


def read(path: Path) -> Any:
    """Read a notebook, upgraded to the current format.

    Raises:
        UnreadableError: if the file is no notebook, a code cell is not Python, or the metadata
            that the harness reads is of another kind; names every such place.
    """
    return parsed(path, text_of(path))


def parsed(path: Path, text: str) -> Any:
    """The notebook that a file's text holds.

    Raises:
        UnreadableError: as `read`.
    """
    if text.startswith(BYTE_ORDER_MARK):
        message = "begins with a byte order mark: python -m harness.normalise FILE removes it"
        raise UnreadableError(path, (NOTEBOOK, message))
    raw = _json(path, text)
    faults = list(_format_faults(raw))
    if faults:
        raise UnreadableError(path, *faults)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ids that are missing: normalising gives them
            notebook = nbformat.convert(nbformat.reader.reads(text), 4)
    except Exception as error:  # what it converts may hold anything, and miss anything
        message = f"is no notebook that Jupyter knows ({reason(error)}): {RESTORE}"
        raise UnreadableError(path, (NOTEBOOK, message)) from error
    faults = [(NOTEBOOK, fault) for fault in contents.widget_faults(notebook.metadata)]
    faults += [
        (name, fault)
        for name, cell in named_cells(notebook)
        for fault in (
            *_metadata_faults(cell.metadata),
            *_syntax_faults(cell),
            *contents.faults(cell),
        )
    ]
    if faults:
        raise UnreadableError(path, *faults)
    return notebook


def text_of(path: Path) -> str:
    """The text of a notebook's file.

    Raises:
        UnreadableError: if there is none, or it is not in UTF-8.
    """
    fault = _path_fault(path)
    if fault:
        raise UnreadableError(path, (NOTEBOOK, fault))
    try:
        content = read_file(path, NOTEBOOK, LARGEST)
    except ValueError as error:
        raise UnreadableError(path, (NOTEBOOK, f"is none: {error}; {RESTORE}")) from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = (
            f"is not in UTF-8 (line {line}, byte 0x{content[error.start]:02x}): save it as UTF-8; "
            "if it is in Latin-1, iconv -f latin1 -t utf-8 FILE prints it in UTF-8"
        )
        raise UnreadableError(path, (NOTEBOOK, message)) from error


def _path_fault(path: Path) -> str:
    if path.is_dir():
        return "is a folder: name the notebooks in it, FILE/*.ipynb"
    if not path.exists():
        return "is not there: name a notebook, or none for all of the book"
    if path.suffix != ".ipynb":
        return "is no notebook, whose name would end in .ipynb: name one, or none for all"
    return ""


def _json(path: Path, text: str) -> Any:
    conflict = CONFLICT.search(text)
    try:
        raw = json.loads(text)
        require_moderate(raw)
        require_letters(raw)
        return raw
    except json.JSONDecodeError as error:
        if conflict:
            line = text.count("\n", 0, conflict.start()) + 1
            message = (
                f"has an unresolved merge conflict in line {line}: git checkout --ours FILE (or "
                "--theirs), add the other side's change, then python -m harness.execute FILE"
            )
        else:
            message = f"is not JSON ({error.msg}, line {error.lineno} of the file): {RESTORE}"
        raise UnreadableError(path, (NOTEBOOK, message)) from error
    except (ValueError, RecursionError) as error:  # a number or a nesting beyond all measure
        raise UnreadableError(path, (NOTEBOOK, f"is not JSON ({error}): {RESTORE}")) from error


def _format_faults(raw: Any) -> Iterator[Fault]:
    """What the notebook format does not allow; older formats are converted, not looked at."""
    if not isinstance(raw, dict) or not isinstance(raw.get("nbformat"), int):
        yield NOTEBOOK, f"is JSON, but no notebook: {RESTORE}"
    elif not isinstance(raw.get("metadata", {}), dict):
        yield NOTEBOOK, f"has the metadata {cut(raw['metadata'])}, must be {{}} or more: {RESTORE}"
    elif raw["nbformat"] == 4:
        cells = raw.get("cells")
        if isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells):
            for name, cell in named_cells(raw):
                yield from ((name, fault) for fault in _cell_faults(cell))
        else:
            yield NOTEBOOK, f"has no list of cells: {RESTORE}"


def _cell_faults(cell: Mapping[str, Any]) -> Iterator[str]:
    kind = cell.get("cell_type")
    if kind not in ("code", "markdown", "raw"):
        yield f"has the cell_type {cut(kind)}, must be code, markdown or raw: {RESTORE}"
        return
    named = {"id": "unnamed", **cell}
    options = {"version": 4, "version_minor": 5, "relax_add_props": True}
    for error in iter_validate(named, ref=f"{kind}_cell", **options):
        place = ".".join(map(str, error.absolute_path)) or "the cell"
        message = error.message if len(error.message) < 120 else f"{error.message[:120]}..."
        yield f"is not as the notebook format wants it, {place}: {message}; {RESTORE}"


def _metadata_faults(metadata: Mapping[str, Any]) -> Iterator[str]:
    for keys, (kind, example) in SHAPES.items():
        value: Any = metadata
        for key in keys:
            value = value.get(key, MISSING) if isinstance(value, dict) else MISSING
        if value is not MISSING and not isinstance(value, kind):
            yield f"metadata {'.'.join(keys)} must be {example}, got {cut(value)}; {INSPECTOR}"


def _syntax_faults(cell: Any) -> Iterator[str]:
    if cell.cell_type != "code":
        return
    try:
        parse(cell.source)
    except SyntaxError as error:
        line = (error.text or "").strip()
        yield f"is not Python, line {error.lineno}: {error.msg}: {cut(line)}; mend the cell"
    except (ValueError, RecursionError, MemoryError) as error:
        yield f"is not Python: {reason(error)}; mend the cell"


def parse(source: str) -> ast.Module:
    """The syntax tree of a code cell, its magics turned into calls.

    Raises:
        SyntaxError: if the cell is not Python.
    """
    return ast.parse(TransformerManager().transform_cell(source))


def named_cells(notebook: Any) -> Iterator[tuple[str, Any]]:
    """Every cell with the name that messages give it."""
    code, text, heading = count(1), count(1), ""
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "code":
            yield f"code cell {next(code)}", cell
            continue
        lines = source_lines(cell.get("source"))
        headings = [line for line in lines if line.startswith("#")]
        heading = headings[0].lstrip("# ") if headings else heading
        yield f"text cell {next(text)} ({heading})" if heading else f"text cell {next(text)}", cell


def source_lines(source: Any) -> Sequence[str]:
    """The lines of a cell, which a file may hold as one text or as a list."""
    parts = [source] if isinstance(source, str) else source if isinstance(source, list) else []
    return "".join(part for part in parts if isinstance(part, str)).splitlines()
