"""What must hold for a notebook of the book without running it.

    python -m harness.lint             all notebooks of the book
    python -m harness.lint FILE ...    these

`CHECKS` lists the checks; each takes a notebook and yields the cell and what is wrong there.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import address, cells, compare, normalise

TAGS = frozenset({"data:cifar10", "data:mnist", "hide-cell", cells.REMEASURED, "remove-cell"})
MAX_BYTES = 2_500_000
ALWAYS_ALLOWED_REMEASURED = 2
REMEASURED_SHARE = 10  # one cell in ten
# Beyond these a wrong number would pass: a changed digit of a picture has an RMS of 21 or more.
LARGEST = compare.Tolerance(rtol=0.05, rms=20.0)
ALT_LENGTHS = range(20, 501)
NOTEBOOK = "notebook"

VOLATILE = {
    "an address in memory": re.compile(r"\b0x[0-9a-fA-F]{6,}"),
    "a path of one machine": re.compile(
        r"(?<![\w.])/(?:home|root|tmp|Users|content|usr|opt|var|private)/|\b[A-Z]:\\\\?Users|site-packages"
    ),
    "a date": re.compile(r"\b20\d\d-[01]\d-[0-3]\d\b"),
    "a time of day": re.compile(r"\b[0-2]\d:[0-5]\d:[0-5]\d\b"),
    "a duration": re.compile(
        r"\b(?:Wall time:|CPU times:)|\d\s?[mµn]?s/(?:step|epoch|loop)\b|\dit/s"
    ),
}
NBVAL_COMMENT = re.compile(r"^\s*#+\s*(NBVAL_\w+|PYTEST_VALIDATE_\w+)", re.MULTILINE)
MYST = re.compile(
    r"^\s*(?:`{3,}|~{3,}|:{3,})\{|(?<!`)\{[a-z][\w:+-]*\}`|^\s*\([\w-]+\)=\s*$", re.MULTILINE
)
FENCED = re.compile(r"^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#{1,6})\s+\S", re.MULTILINE)

Finding = tuple[str, str]
Check = Callable[[Any], Iterator[Finding]]


@dataclass(frozen=True)
class Problem:
    """What is wrong with a notebook, and where."""

    path: Path
    where: str
    message: str

    def __str__(self) -> str:
        return f"{cells.shown(self.path)}, {self.where}: {self.message}"


def lint(path: Path) -> list[Problem]:
    """All problems of a notebook, in the order of `CHECKS`."""
    notebook = cells.read(path)
    problems = [Problem(path, *found) for check in CHECKS for found in check(notebook)]
    size = path.stat().st_size
    if size > MAX_BYTES:
        problems.append(Problem(path, NOTEBOOK, f"has {size:,} bytes, allowed are {MAX_BYTES:,}"))
    if not problems and normalise.dumps(normalise.normalise(notebook)) != path.read_text("utf-8"):
        message = "is not in normal form: python -m harness.execute FILE"
        problems.append(Problem(path, NOTEBOOK, message))
    return problems


def _code(notebook: Any) -> Iterator[tuple[str, Any]]:
    return ((name, cell) for name, cell in cells.named_cells(notebook) if cell.cell_type == "code")


def _text(notebook: Any) -> Iterator[tuple[str, Any]]:
    return ((name, cell) for name, cell in cells.named_cells(notebook) if cell.cell_type != "code")


def executed_in_order(notebook: Any) -> Iterator[Finding]:
    """Execution counts are 1, 2, 3, ..."""
    if all(cell.execution_count is None for _, cell in _code(notebook)):
        yield NOTEBOOK, "has never been run: python -m harness.execute FILE"
        return
    for number, (name, cell) in enumerate(_code(notebook), start=1):
        if cell.execution_count != number:
            yield name, f"has execution count {cell.execution_count}, must be {number}"


def no_failures_stored(notebook: Any) -> Iterator[Finding]:
    """No output is an error or comes from stderr."""
    for name, cell in _code(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                yield name, f"stores the error {output.ename}: {output.evalue}"
            elif output.get("name") == "stderr":
                yield name, f"stores stderr: {output.text.strip()[:80]!r}"


def nothing_volatile(notebook: Any) -> Iterator[Finding]:
    """No output shows what differs from machine to machine or from day to day."""
    for name, cell in _code(notebook):
        text = "\n".join(map(cells.text_of, cell.outputs))
        for what, pattern in VOLATILE.items():
            match = pattern.search(text)
            if match and not (cells.is_remeasured(cell) and what == "a duration"):
                yield name, f"shows {what}: {_line_around(text, match.start())!r}"


def _line_around(text: str, position: int) -> str:
    return text[text.rfind("\n", 0, position) + 1 :].partition("\n")[0][:120]


def few_cells_ignored(notebook: Any) -> Iterator[Finding]:
    """Few cells measure anew, and each of these asserts what it measures."""
    code = list(_code(notebook))
    remeasured = [(name, cell) for name, cell in code if cells.is_remeasured(cell)]
    allowed = max(ALWAYS_ALLOWED_REMEASURED, len(code) // REMEASURED_SHARE)
    if len(remeasured) > allowed:
        yield NOTEBOOK, f"has {len(remeasured)} cells tagged {cells.REMEASURED}, at most {allowed}"
    for name, cell in remeasured:
        if not any(map(_is_assertion, ast.walk(cells.parse(cell.source)))):
            yield name, f"is tagged {cells.REMEASURED} but asserts nothing: add assert or check"


def _is_assertion(node: ast.AST) -> bool:
    match node:
        case ast.Assert():
            return True
        case ast.Call(func=function):
            name = ast.unparse(function)
            return name.split(".")[-1].startswith("assert_")
    return False


def records_need_data(notebook: Any) -> Iterator[Finding]:
    """A cell that checks a run against a record names its data: elsewhere it checks nothing."""
    for name, cell in _code(notebook):
        calls = map(ast.unparse, _calls(cells.parse(cell.source)))
        if "records.compare" in calls and not cells.needs_data(cell):
            yield name, "calls records.compare: tag it with the data of the record, data:NAME"


def _calls(tree: ast.Module) -> Iterator[ast.expr]:
    return (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))


def allowed_metadata(notebook: Any) -> Iterator[Finding]:
    """Cells carry known tags and metadata only, and no comment that steers nbval."""
    for name, cell in cells.named_cells(notebook):
        for key in sorted(set(cell.metadata) - set(normalise.CELL_METADATA)):
            yield name, f"has metadata {key!r}, allowed are {', '.join(normalise.CELL_METADATA)}"
        for tag in sorted(cells.tags(cell) - TAGS):
            yield name, f"has tag {tag!r}, allowed are {', '.join(sorted(TAGS))}"
        yield from ((name, fault) for fault in _tolerance_faults(cell))
        for comment in NBVAL_COMMENT.findall(cell.source):
            yield name, f"has the comment {comment}: use a tag, or better compare the output"


def _tolerance_faults(cell: Any) -> Iterator[str]:
    try:
        asked = compare.Tolerance.of(cell)
    except ValueError as error:
        yield str(error)
        return
    if asked.rtol > LARGEST.rtol or asked.rms > LARGEST.rms:
        yield f"asks for {asked}, at most {LARGEST}"


def figures_described(notebook: Any) -> Iterator[Finding]:
    """A cell draws at most one figure, and says in words what it shows."""
    for name, cell in _code(notebook):
        figures = [out for out in cell.outputs if _is_figure(out)]
        if len(figures) > 1:
            yield name, f"draws {len(figures)} figures: one per cell, so that each has its text"
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if figures and len(alt) not in ALT_LENGTHS:
            yield (
                name,
                (
                    "draws a figure: metadata mystnb.image.alt must describe it in "
                    f"{ALT_LENGTHS[0]} to {ALT_LENGTHS[-1]} characters, got {alt!r}"
                ),
            )


def _is_figure(output: Any) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", ()))


def headings_in_order(notebook: Any) -> Iterator[Finding]:
    """The first cell is the only H1, and no heading skips a level."""
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield NOTEBOOK, "must begin with a text cell that is the title: # Title"
    previous = 0
    for name, cell in _text(notebook):
        for marks in HEADING.findall(FENCED.sub("", cell.source)):
            if len(marks) == 1 and previous:
                yield name, "has a second title: a chapter has one heading of level 1"
            if len(marks) > previous + 1:
                yield name, f"goes from heading level {previous} to {len(marks)}"
            previous = len(marks)


def opens_on_colab(notebook: Any) -> Iterator[Finding]:
    """The title is followed by the badge and by the install cell; the book shows neither."""
    head = notebook.cells[1:3]
    sources = [(cell.cell_type, cell.source) for cell in head]
    link = address.badge(address.current(), "PATH").rpartition("PATH")[0]
    has_badge = sources[:1] and sources[0][0] == "markdown" and sources[0][1].startswith(link)
    if not has_badge or sources[1:] != [("code", address.install(address.current()))]:
        yield NOTEBOOK, "must open on Colab as the others do: python -m harness.address"
    elif not all("remove-cell" in cells.tags(cell) for cell in head):
        yield NOTEBOOK, "shows how it is opened on Colab: tag these two cells remove-cell"


def plain_markdown(notebook: Any) -> Iterator[Finding]:
    """Text is plain Markdown, because Colab renders no MyST."""
    for name, cell in _text(notebook):
        for found in MYST.findall(cell.source):
            yield name, f"uses MyST, which Colab does not render: {found.strip()!r}"


CHECKS: tuple[Check, ...] = (
    executed_in_order,
    no_failures_stored,
    nothing_volatile,
    few_cells_ignored,
    records_need_data,
    allowed_metadata,
    figures_described,
    headings_in_order,
    opens_on_colab,
    plain_markdown,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Lint notebooks; return 1 if one has a problem."""
    paths = cells.chapters(cells.command_line("lint", __doc__).parse_args(arguments).files)
    problems = [problem for path in paths for problem in lint(path)]
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(f"lint: {len(paths)} notebooks, {len(problems)} problems\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
