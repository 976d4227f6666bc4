"""The prose guard: no number in a chapter's text without evidence.

    python -m harness.prose             all notebooks of the book
    python -m harness.prose FILE ...    these

Every number in a Markdown cell must round, at its printed precision, to a number in that
notebook's outputs or to an entry of `published.toml` that its code names. Outputs count as text:
text, HTML, Markdown and standard output, not pictures, and not the cells tagged
`nbval-ignore-output`, whose numbers nobody compares. Which numbers are exempt stands in
`harness.grammar`; no cell can ask for more.

The guard also names keys that a notebook asks the ledger for and `published.toml` lacks.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursecnn.evidence import ledger
from harness import cells, grammar

LEDGER_CALLS = frozenset({"compare", "judge", "cite"})
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+(?=[A-Z$`*\[])|\n+")
CANDIDATES = 3


@dataclass(frozen=True)
class Evidence:
    """A number that an output or the ledger shows, and where."""

    number: grammar.Number
    origin: str

    def __str__(self) -> str:
        return f"{self.number.text} ({self.origin})"


@dataclass(frozen=True)
class Unproved:
    """A number in the text that no evidence rounds to."""

    path: Path
    cell: str
    number: str
    sentence: str
    candidates: tuple[Evidence, ...]

    def __str__(self) -> str:
        nearest = ", ".join(map(str, self.candidates)) or "none, the notebook shows no number"
        return (
            f"{cells.shown(self.path)}, {self.cell}: nothing proves {self.number!r}\n"
            f"  in: {self.sentence}\n"
            f"  nearest: {nearest}"
        )


@dataclass(frozen=True)
class UnknownKey:
    """A key that a notebook asks the ledger for, and that `published.toml` lacks."""

    path: Path
    cell: str
    key: str

    def __str__(self) -> str:
        return f"{cells.shown(self.path)}, {self.cell}: published.toml has no entry {self.key!r}"


def check(path: Path, published: Mapping[str, ledger.Entry]) -> list[Unproved]:
    """The numbers in the text of a notebook that have no evidence, in order.

    Raises:
        UnreadableError: if it is no notebook.
    """
    notebook = cells.read(path)
    evidence = [*_from_outputs(notebook), *_from_ledger(notebook, published)]
    return [
        _unproved(path, name, cell.source, number, evidence)
        for name, cell in cells.named_cells(notebook)
        if cell.cell_type == "markdown"
        for number in grammar.stated_in(cell.source)
        if not any(number.states(known.number) for known in evidence)
    ]


def unknown_keys(path: Path, published: Mapping[str, ledger.Entry]) -> list[UnknownKey]:
    """The keys that `ledger.compare`, `judge` and `cite` are called with, but do not exist."""
    return [
        UnknownKey(path, name, key)
        for name, cell in cells.named_cells(cells.read(path))
        if cell.cell_type == "code"
        for key in _asked(cells.parse(cell.source))
        if key not in published
    ]


def _from_outputs(notebook: Any) -> Iterator[Evidence]:
    for name, cell in cells.named_cells(notebook):
        if cell.cell_type == "code" and not cells.is_remeasured(cell):
            for text in map(cells.text_of, cell.outputs):
                yield from (Evidence(number, name) for number in grammar.shown_in(text))


def _from_ledger(notebook: Any, published: Mapping[str, ledger.Entry]) -> Iterator[Evidence]:
    """The printed numbers of the entries whose keys stand in the notebook's code."""
    trees = (cells.parse(cell.source) for cell in cells.code_cells(notebook))
    literals = {text for tree in trees for text in _literals(tree)}
    for key in sorted(literals & published.keys()):
        entry = published[key]
        printed = entry.printed.text
        text = f"{printed} {entry.unit}" if printed[-1:].isdigit() else printed
        for number in grammar.shown_in(text):
            yield Evidence(number, f"published.toml: {key}")


def _literals(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _asked(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=function, args=[ast.Constant(value=str(key)), *_]):
                if _is_ledger_call(function):
                    yield key


def _is_ledger_call(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name):
            return name in LEDGER_CALLS
        case ast.Attribute(value=ast.Name(id="ledger"), attr=name):
            return name in LEDGER_CALLS
    return False


def _unproved(
    path: Path, cell: str, source: str, number: grammar.Number, evidence: Sequence[Evidence]
) -> Unproved:
    by_text = {known.number.text: known for known in reversed(evidence)}
    nearest = sorted(by_text.values(), key=lambda known: number.distance(known.number))
    sentence = _sentence(source, number.start)
    return Unproved(path, cell, number.text, sentence, tuple(nearest[:CANDIDATES]))


def _sentence(text: str, position: int) -> str:
    """The sentence, or the table row, around a position."""
    ends = [match.end() for match in SENTENCE_END.finditer(text)]
    start = max((end for end in ends if end <= position), default=0)
    end = min((end for end in ends if end > position), default=len(text))
    return text[start:end].strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Guard notebooks; return 1 if a number is unproved or a key unknown."""
    paths = cells.chapters(cells.command_line("prose", __doc__).parse_args(arguments).files)
    published = ledger.entries()
    problems = [problem for path in paths for problem in _problems(path, published)]
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(f"prose guard: {len(paths)} notebooks, {len(problems)} problems\n")
    return 1 if problems else 0


def _problems(path: Path, published: Mapping[str, ledger.Entry]) -> Sequence[object]:
    try:
        return [*unknown_keys(path, published), *check(path, published)]
    except cells.UnreadableError as error:
        return [error]


if __name__ == "__main__":
    sys.exit(main())
