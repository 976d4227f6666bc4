"""Which numbers differ between two revisions, as a Markdown table.

    python -m harness.changes BASE          what the working tree's HEAD shows otherwise than BASE
    python -m harness.changes BASE REVISION

Compared is what is stored: the outputs of the chapters, the entries of the ledger, the records.
Nothing is executed, and no code of the two revisions is run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import PurePosixPath
from statistics import fmean
from typing import Any, NamedTuple

import nbformat

from harness import cells

SHOWN = ("book", "coursecnn/evidence/published.toml", "coursecnn/evidence/results")
ABSENT = "–"
WIDTH = 100


class Place(NamedTuple):
    """Where a file shows something: its key is the same before and after."""

    key: str
    name: str
    lines: list[str]


STATES = {"equal": "", "replace": ", rewritten", "insert": ", new", "delete": ", gone"}
NOWHERE = Place("", "", [])
Pair = tuple[str, list[str], list[str]]


class Change(NamedTuple):
    """One place that shows something else: a line before and after, empty where there is none."""

    file: str
    place: str
    before: str
    after: str

    def row(self) -> str:
        """The change as a row of a Markdown table."""
        return f"| {self.file} | {self.place} | {_cell(self.before)} | {_cell(self.after)} |"


def _cell(line: str) -> str:
    text = " ".join(line.split()).replace("|", "¦").replace("`", "'")
    return f"`{text[:WIDTH]}`" if text else ABSENT


def changes(base: str, revision: str) -> list[Change]:
    """What `revision` shows otherwise than `base`, file by file.

    Raises:
        ValueError: if git does not know one of them.
    """
    before, after = _shown_files(base), _shown_files(revision)
    return [
        Change(PurePosixPath(file).name, place, old, new)
        for file in sorted(before.keys() | after.keys())
        if before.get(file) != after.get(file)
        for place, *lines in _places(
            file, *(_content(blobs.get(file)) for blobs in (before, after))
        )
        for old, new in _differing(*lines)
        if old.strip() or new.strip()
    ]


def _shown_files(revision: str) -> dict[str, str]:
    """The files that show numbers, and the names that git gives to their contents."""
    commit = _git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").strip()
    lines = _git("ls-tree", "-r", commit, "--", *SHOWN).splitlines()
    entries = (line.split("\t") for line in lines)
    blobs = {file: description.split()[2] for description, file in entries}
    return {file: blob for file, blob in blobs.items() if PurePosixPath(file).suffix in READERS}


def _content(blob: str | None) -> str:
    return _git("cat-file", "blob", blob) if blob else ""


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    run = subprocess.run(
        command, cwd=cells.ROOT, capture_output=True, encoding="utf-8", check=False
    )
    if run.returncode:
        raise ValueError(f"git {' '.join(arguments)}: {run.stderr.strip()}")
    return run.stdout


def _places(file: str, before: str, after: str) -> Iterator[Pair]:
    """The places of a file with the lines that each shows, before and after."""
    if not (before and after):
        yield "the whole file", ["was there"] * bool(before), ["is new"] * bool(after)
        return
    read = READERS[PurePosixPath(file).suffix]
    old, new = read(before), read(after)
    keys, new_keys = [place.key for place in old], [place.key for place in new]
    matcher = SequenceMatcher(None, keys, new_keys, autojunk=False)
    for tag, start, stop, begin, end in matcher.get_opcodes():
        for one, other in zip_longest(old[start:stop], new[begin:end], fillvalue=NOWHERE):
            yield f"{other.name or one.name}{STATES[tag]}", one.lines, other.lines


def _ledger(text: str) -> list[Place]:
    """What is printed elsewhere, a place for each number."""
    return sorted(_entries(tomllib.loads(text), ""))


def _entries(table: Mapping[str, Any], path: str) -> Iterator[Place]:
    fields = [f"{key}: {value}" for key, value in table.items() if not isinstance(value, dict)]
    if fields:
        yield Place(path, path, fields)
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _entries(value, f"{path}.{key}".lstrip("."))


def _record(text: str) -> list[Place]:
    """What was measured at the end of the runs, a place for each metric."""
    values: dict[str, list[float]] = {}
    for run in json.loads(text)["runs"]:
        for metric, value in run["metrics"].items():
            values.setdefault(metric, []).append(value)
    return [
        Place(metric, metric, [f"{fmean(found):.4f}, the mean of {len(found)} runs"])
        for metric, found in sorted(values.items())
    ]


def _chapter(text: str) -> list[Place]:
    """What a chapter shows, a place for each code cell; its key follows from the cell's source."""
    notebook = nbformat.reads(text, as_version=4)
    return [
        Place(str(cell.get("id")), name, [line for out in cell.outputs for line in _lines(out)])
        for name, cell in cells.named_cells(notebook)
        if cell.cell_type == "code"
    ]


def _lines(output: Any) -> list[str]:
    """The lines that an output shows as plain text, or a line that stands for a picture."""
    for kind, value in output.get("data", {}).items():
        if kind.startswith("image/"):
            return [f"picture {hashlib.sha256(value.encode()).hexdigest()[:8]}"]
    return cells.plain_lines(output)


def _differing(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The lines that differ, paired in their order."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, stop, begin, end in matcher.get_opcodes():
        if tag != "equal":
            yield from zip_longest(before[start:stop], after[begin:end], fillvalue="")


READERS = {".ipynb": _chapter, ".json": _record, ".toml": _ledger}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.changes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("base", help="the revision to compare with")
    parser.add_argument("revision", nargs="?", default="HEAD", help="default: HEAD")
    options = parser.parse_args(arguments)
    try:
        found = changes(options.base, options.revision)
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.write(f"## Changed numbers\n\n{len(found)} lines show something else.\n")
    if found:
        sys.stdout.write("\n| File | Place | Before | After |\n|---|---|---|---|\n")
        sys.stdout.writelines(f"{change.row()}\n" for change in found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
