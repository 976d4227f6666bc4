"""What must hold for a notebook of the book without running it.

    python -m harness.lint             all notebooks of the book
    python -m harness.lint FILE ...    these

`CHECKS` lists the checks; each takes a notebook and yields the cell and what is wrong there, and
what mends it. `FILE_CHECKS` take its path too: its size and form, its pictures, and its places in
the table of contents, the map and the plan of weeks.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import address, cells, compare, folds, markdown, normalise, reading

TAGS = frozenset({*cells.DATA_TAGS, *folds.METADATA, cells.REMEASURED, "remove-cell"})
MAX_BYTES = 2_500_000
ALWAYS_ALLOWED_REMEASURED = 2
REMEASURED_SHARE = 10  # one cell in ten
# Beyond these a wrong number would pass: a changed digit of a picture has an RMS of 21 or more.
LARGEST = compare.Tolerance(rtol=0.05, rms=20.0)
ALT_LENGTHS = range(20, 501)
NOTEBOOK = reading.NOTEBOOK

# What differs from machine to machine or from day to day, and what mends it.
PATH = re.compile(
    r"(?<![\w.:/<>)\]}*~-])/[A-Za-z][\w.+-]*/[\w.+-]"  # /folder/x, also /Folder/x
    r"|(?<![A-Za-z])[A-Za-z]:(?:\\{1,2}|/(?!/))\w"  # C:\folder, also escaped, and D:/folder
    r"|(?<![\\\w])\\{2,4}(?:wsl\$|[A-Za-z][\w.-]+)\\{1,2}\w"  # \\server\share
    r"|['\"]/[A-Za-z][\w-]*\.[A-Za-z]\w*['\"]"  # '/data.npz'
    r"|(?<![\w~/])~[A-Za-z]*/[A-Za-z]|\$\{?HOME\b|%[A-Z]{3,}%[\\/]"  # ~/folder, $HOME, %TEMP%\x
    r"|\bfile:/|site-packages"
)
VOLATILE = {
    "an address in memory": (
        re.compile(r"\b0x[0-9a-fA-F]{6,}"),
        "print what it holds, not the object",
    ),
    "a path of one machine": (PATH, "name the file without its folder"),
    "a date": (re.compile(r"\b20\d\d-[01]\d-[0-3]\d\b"), "leave it out"),
    "a time of day": (re.compile(r"\b[0-2]\d:[0-5]\d:[0-5]\d\b"), "leave it out"),
    "a duration": (
        re.compile(r"\b(?:Wall time:|CPU times:)|\d\s?[mµn]?s/(?:step|epoch|loop)\b|\dit/s"),
        f"leave it out, or tag the cell {cells.REMEASURED} and assert what is measured",
    ),
}
NBVAL_COMMENT = re.compile(r"^[ \t]*#+[ \t]*(NBVAL_\w+|PYTEST_VALIDATE_\w+)", re.MULTILINE)
MYST = re.compile(
    r"^[ \t]*(?:`{3,}|~{3,}|:{3,})\{|(?<!`)\{[a-z][\w:+-]*\}`|^[ \t]*\([\w-]+\)=[ \t]*$",
    re.MULTILINE,
)
RUN = "python -m harness.execute FILE"
# Where a chapter of the book is named, and how its line begins or what it holds.
PLACES = {
    "_toc.yml": ("^ *- file: {file}$", "add it to a part: - file: {file}"),
    "book/index.md": ("^{file}: ", "add its question to the map: {file}: What ...?"),
    "book/using.md": (r"\({link}\.ipynb\)", "name it there, with its week: [Title]({link}.ipynb)"),
}

Finding = tuple[str, str]
Check = Callable[[Any], Iterator[Finding]]
FileCheck = Callable[[Path, Any], Iterator[Finding]]


@dataclass(frozen=True)
class Problem:
    """What is wrong with a notebook, and where."""

    path: Path
    where: str
    message: str

    def __str__(self) -> str:
        message = reading.cure(self.message, self.path)
        return f"{cells.shown(self.path)}, {self.where}: {message}"


def lint(path: Path) -> list[Problem]:
    """All problems of a notebook, in the order of `CHECKS`; its form, if there is no other."""
    try:
        notebook = cells.read(path)
    except cells.UnreadableError as error:
        return [Problem(path, *fault) for fault in error.faults]
    problems = [Problem(path, *found) for check in CHECKS for found in check(notebook)]
    problems += [Problem(path, *found) for check in FILE_CHECKS for found in check(path, notebook)]
    return problems or [Problem(path, *found) for found in normal_form(path, notebook)]


def _code(notebook: Any) -> Iterator[tuple[str, Any]]:
    return ((name, cell) for name, cell in cells.named_cells(notebook) if cell.cell_type == "code")


def _text(notebook: Any) -> Iterator[tuple[str, Any]]:
    return ((name, cell) for name, cell in cells.named_cells(notebook) if cell.cell_type != "code")


def executed_in_order(notebook: Any) -> Iterator[Finding]:
    """Execution counts are 1, 2, 3, ..., and what was run is what stands there."""
    code = list(_code(notebook))
    if all(cell.execution_count is None for _, cell in code):
        yield NOTEBOOK, f"has never been run: {RUN}"
        return
    wrong = [
        (name, f"has execution count {cell.execution_count}, must be {number}", cell)
        for number, (name, cell) in enumerate(code, start=1)
        if cell.execution_count != number
    ]
    if wrong:
        name, message, cell = wrong[0]
        yield name, f"{message}{_and_others(len(wrong))}: {_data_first(cell)}{RUN}"


def _and_others(count: int) -> str:
    return f" (and {count - 1} more are out of order)" if count > 1 else ""


def _data_first(cell: Any) -> str:
    """A cell on official data that was never run wants the data first."""
    names = " ".join(sorted(cells.needs_data(cell))) if cell.execution_count is None else ""
    return f"it shows official data, so first coursecnn data {names}, then " if names else ""


def unchanged_since_run(notebook: Any) -> Iterator[Finding]:
    """No code cell has changed since its outputs were stored."""
    code = list(_code(notebook))
    stale = [name for name, cell in code if normalise.is_stale(cell)]
    if stale and any(cell.execution_count is not None for _, cell in code):
        more = f" (and {len(stale) - 1} more cells have)" if len(stale) > 1 else ""
        yield stale[0], f"has changed since its output was stored{more}: {RUN}"


def no_failures_stored(notebook: Any) -> Iterator[Finding]:
    """No output is an error or comes from stderr."""
    for name, cell in _code(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                fault = f"stores the error {output.ename}: {output.evalue}"
                yield name, f"{fault}; mend the cell, then {RUN}"
            elif output.get("name") == "stderr":
                text = output.text.strip()[:80]
                yield name, f"stores stderr: {text!r}; silence it where it comes from, then {RUN}"


def nothing_volatile(notebook: Any) -> Iterator[Finding]:
    """No output shows what differs from machine to machine or from day to day."""
    for name, cell in _code(notebook):
        text = "\n".join(map(cells.text_of, cell.outputs))
        for what, (pattern, cure) in VOLATILE.items():
            match = pattern.search(text)
            if match and not (cells.is_remeasured(cell) and what == "a duration"):
                yield name, f"shows {what}: {_line_around(text, match.start())!r}; {cure}"


def no_path_in_source(notebook: Any) -> Iterator[Finding]:
    """No cell names a path that one machine alone has."""
    for name, cell in cells.named_cells(notebook):
        match = PATH.search(cell.source)
        if match:
            line = _line_around(cell.source, match.start())
            yield name, f"names a path of one machine: {line!r}; name the file without its folder"


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
    yield from _unknown_metadata(notebook)
    for name, cell in cells.named_cells(notebook):
        for tag in sorted(cells.tags(cell) - TAGS):
            yield name, f"has tag {tag!r}, allowed are {', '.join(sorted(TAGS))}"
        yield from ((name, fault) for fault in _tolerance_faults(cell))
        for comment in NBVAL_COMMENT.findall(cell.source):
            yield name, f"has the comment {comment}: use a tag, or better compare the output"


def _unknown_metadata(notebook: Any) -> Iterator[Finding]:
    """Once for all cells: editors write it into each."""
    found = {
        name: sorted(set(cell.metadata) - {*normalise.CELL_METADATA, *folds.metadata(cell)})
        for name, cell in cells.named_cells(notebook)
    }
    names = [name for name, keys in found.items() if keys]
    if names:
        keys = ", ".join(repr(key) for key in sorted(set().union(*found.values())))
        more = f" (and {len(names) - 1} more cells)" if len(names) > 1 else ""
        allowed = ", ".join(normalise.CELL_METADATA)
        yield (
            names[0],
            (
                f"has metadata {keys}{more}, allowed are {allowed}; "
                "python -m harness.normalise FILE removes what an editor left"
            ),
        )


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
        wanted = f"{ALT_LENGTHS[0]} to {ALT_LENGTHS[-1]} characters"
        if figures and len(alt) not in ALT_LENGTHS:
            message = f"metadata mystnb.image.alt must describe it in {wanted}, got {alt!r}"
            yield name, f"draws a figure: {message}"
        elif figures and markdown.alt_fault(alt):
            yield name, f"draws a figure, whose mystnb.image.alt {markdown.alt_fault(alt)}"


def _is_figure(output: Any) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", ()))


def headings_in_order(notebook: Any) -> Iterator[Finding]:
    """The first cell is the only H1, and no heading skips a level."""
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield NOTEBOOK, "must begin with a text cell that is the title: # Title"
    previous = 0
    for name, cell in _text(notebook):
        for level in markdown.heading_levels(cell.source):
            if level == 1 and previous:
                yield name, "has a second title: a chapter has one heading of level 1"
            if level > previous + 1:
                yield name, f"goes from heading level {previous} to {level}"
            previous = level


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
    """Text is plain Markdown, because Colab renders no MyST, and runs nothing."""
    for name, cell in _text(notebook):
        if cell.cell_type == "raw":
            yield name, "is a raw cell, which no reader sees: make it Markdown, or delete it"
            continue
        for found in MYST.findall(cell.source):
            yield name, f"uses MyST, which Colab does not render: {found.strip()!r}"
        for link in markdown.literal_links(cell.source):
            cure = "an address with spaces stands in <>, and one that runs is none"
            yield name, f"shows this link as it is typed: {link!r}; {cure}"
        for tag in markdown.raw_html(cell.source):
            yield name, f"holds raw HTML, which may run on a reader's page: {tag!r}; use Markdown"


def pictures_present(path: Path, notebook: Any) -> Iterator[Finding]:
    """The pictures of the text say what they show, and lie beside the chapter."""
    for name, cell in _text(notebook):
        if cell.cell_type == "markdown" and "remove-cell" not in cells.tags(cell):
            yield from ((name, fault) for fault in markdown.picture_faults(cell, path.parent))


def a_file_of_its_own(path: Path, notebook: Any) -> Iterator[Finding]:
    """The file is no link, and not too large to be looked at."""
    if path.is_symlink():
        yield NOTEBOOK, f"is a link to {path.readlink()}: put the notebook itself there"
    size = path.stat().st_size
    if size > MAX_BYTES:
        sizes = {name: len(str(cell)) for name, cell in cells.named_cells(notebook)}
        largest = max(sizes, key=lambda name: sizes[name])
        message = f"has {size:,} bytes, allowed are {MAX_BYTES:,}; most are in {largest}"
        yield NOTEBOOK, f"{message}: show less there"


def in_its_places(path: Path, notebook: Any) -> Iterator[Finding]:  # noqa: ARG001
    """A chapter of the book is in the table of contents, in the map and in the plan."""
    if not path.absolute().is_relative_to(cells.ROOT / "book"):
        return
    file = path.absolute().relative_to(cells.ROOT).with_suffix("").as_posix()
    names = {"file": file, "link": file.removeprefix("book/")}
    escaped = {key: re.escape(name) for key, name in names.items()}
    for place, (line, cure) in PLACES.items():
        text = (cells.ROOT / place).read_text("utf-8")
        if not re.search(line.format(**escaped), text, re.MULTILINE):
            yield NOTEBOOK, f"is not in {place}: {cure.format(**names)}"


def normal_form(path: Path, notebook: Any) -> Iterator[Finding]:
    """The file is as `harness.normalise` leaves it."""
    fresh = normalise.dumps(normalise.normalise(notebook, is_executed=False))
    if fresh != path.read_text("utf-8"):
        yield NOTEBOOK, "is not in normal form: python -m harness.normalise FILE (nothing is run)"


CHECKS: tuple[Check, ...] = (
    executed_in_order,
    unchanged_since_run,
    no_failures_stored,
    nothing_volatile,
    no_path_in_source,
    few_cells_ignored,
    records_need_data,
    allowed_metadata,
    folds.folded_by_title,
    folds.evidence_is_quiet,
    figures_described,
    headings_in_order,
    opens_on_colab,
    plain_markdown,
)
FILE_CHECKS: tuple[FileCheck, ...] = (pictures_present, a_file_of_its_own, in_its_places)


def main(arguments: Sequence[str] | None = None) -> int:
    """Lint notebooks; return 1 if one has a problem."""
    paths = cells.chapters(cells.command_line("lint", __doc__).parse_args(arguments).files)
    problems = [problem for path in paths for problem in lint(path)]
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(f"lint: {len(paths)} notebooks, {len(problems)} problems\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
