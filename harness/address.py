"""The repository's address: it stands in pyproject.toml, and is repeated where others look for it.

    python -m harness.address https://github.com/ORG/REPO   move: what a fork does first
    python -m harness.address --branch NAME                 another default branch than main
    python -m harness.address                               write it out everywhere again

What GitHub's button copies is taken as it is: a `.git` at the end, or `git@github.com:ORG/REPO`.
The command ends with what else a fork changes, and where.

Repeated are the lines of `LINES`, and the two cells that follow a chapter's title: the badge that
opens the chapter on Colab, for those who read it on GitHub (the book has a button of its own), and
the cell that installs the package there. A new chapter gets both from the second command.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell

from coursecnn._files import write_atomically
from coursecnn._toml import read_toml
from harness import cells, normalise

SOURCE = "pyproject.toml"
LINES = {
    SOURCE: re.compile(r'(?<=^Repository = ")[^"]*', re.MULTILINE),
    "_config.yml": re.compile(r"(?<=^  url: ).*$", re.MULTILINE),
    "CITATION.cff": re.compile(r"(?<=^repository-code: ).*$", re.MULTILINE),
}
HOST = "https://github.com/"
# What GitHub allows in the name of an owner and of a repository.
ADDRESS = re.compile(HOST.replace(".", r"\.") + r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9_.-]+")
COPIED = re.compile(
    r"(?:(?:https?://)?(?:www\.)?github\.com/|(?:ssh://)?git@github\.com[:/])", re.IGNORECASE
)
BRANCH_LINE = re.compile(r"(?<=^  branch: ).*$", re.MULTILINE)
# As git allows, less what would have to be escaped in an address.
BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
CONFIG = "_config.yml"
# What else a fork changes: the files, and how the lines begin.
OWN = {
    "the authors": {
        "pyproject.toml": r"authors = ",
        CONFIG: r"author: ",
        "CITATION.cff": r"authors:|  - name: ",
    },
    "the title": {CONFIG: r"title: ", "CITATION.cff": r"title: ", "README.md": r"# "},
    "the licence's holder, and its year": {"LICENSE": r"Copyright", CONFIG: r"copyright: "},
    "the front page": {"book/index.md": r"# "},
    "the weeks of the plan": {"book/using.md": r"\| \d+ \||The course fills|.*plan of"},
}
COLAB = "https://colab.research.google.com"
INSTALL = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q --no-deps "coursecnn @ git+{address}\""""


def current(root: Path = cells.ROOT) -> str:
    """The address that pyproject.toml states."""
    project = read_toml(root / SOURCE)["project"]
    return str(project["urls"]["Repository"])


def current_branch(root: Path = cells.ROOT) -> str:
    """The branch that _config.yml states, from which readers open the chapters."""
    (found,) = BRANCH_LINE.findall((root / CONFIG).read_text("utf-8"))
    return str(found)


def cleaned(address: str) -> str:
    """An address as GitHub gives it, in the form in which it is written out.

    Raises:
        ValueError: if it names no repository on GitHub, which is all that Colab opens.

    >>> cleaned("git@github.com:university/cnn-course.git")
    'https://github.com/university/cnn-course'
    """
    text = address.strip()
    found = COPIED.match(text)
    short = (HOST + text[found.end() :] if found else text).rstrip("/").removesuffix(".git")
    if ADDRESS.fullmatch(short) and short.rpartition("/")[2].strip("."):
        return short
    if not short.isascii():
        reason = "GitHub's names are of the letters a to z, digits, - and in a repository's _ and ."
    elif not short.startswith(HOST):
        reason = "Colab opens chapters by address from GitHub alone"
    else:
        reason = "it must name one repository, no page in it"
    raise ValueError(f"address must be {HOST}ORG/REPO, got {address!r}: {reason}")


def badge(address: str, path: str, branch: str | None = None) -> str:
    """The text cell that opens a chapter on Colab; `path` is relative to the repository's root."""
    repository = address.removeprefix(HOST)
    page = f"{COLAB}/github/{repository}/blob/{branch or current_branch()}/{path}"
    return f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({page})"


def install(address: str) -> str:
    """The code cell that installs the package on Colab, and leaves Colab's own packages alone."""
    return INSTALL.format(address=address)


def with_head(notebook: Any, address: str, path: str, branch: str | None = None) -> Any:
    """A copy of a chapter whose title is followed by its badge and its install cell.

    Everything else, and what is stored of the install cell's run, stays.
    """
    result = normalise.normalise(notebook, is_executed=False)
    title, *rest = result.cells
    hidden = {"tags": ["remove-cell"]}
    old = next((cell for cell in rest[:2] if _is_install(cell)), None)
    body = [cell for cell in rest if cell is not old and not is_badge(cell)]
    new = new_code_cell(
        install(address),
        metadata=hidden,
        execution_count=old.execution_count if old else None,
        outputs=old.outputs if old else [],
    )
    new["id"] = normalise.digest(new)  # the address is no code that anybody has to run again
    result.cells = [
        title,
        new_markdown_cell(badge(address, path, branch), metadata=hidden),
        new,
        *body,
    ]
    return normalise.normalise(result, is_executed=False)


def _is_install(cell: Any) -> bool:
    return cell.cell_type == "code" and '"google.colab" in sys.modules' in cell.source


def is_badge(cell: Any) -> bool:
    """Whether a cell is the one that opens a chapter on Colab."""
    return cell.cell_type == "markdown" and cell.source.startswith("[![Open in Colab](")


def write(address: str, root: Path = cells.ROOT, branch: str | None = None) -> list[Path]:
    """Write the address to every place below `root`, and return the files that changed.

    Args:
        address: a repository on GitHub, as `cleaned` takes it.
        root: the folder of the project.
        branch: the repository's default branch; as it is without one.

    Raises:
        ValueError: if it is no repository on GitHub, no branch, or a file lacks its line.
    """
    address, branch = cleaned(address), branch or current_branch(root)
    if not BRANCH.fullmatch(branch) or ".." in branch:
        raise ValueError(f"branch must be a name that git and an address take, got {branch!r}")
    texts = {root / name: _line_changed(root / name, line, address) for name, line in LINES.items()}
    texts[root / CONFIG] = BRANCH_LINE.sub(lambda _: branch, texts[root / CONFIG])
    for path in sorted((root / "book").rglob("*.ipynb")):
        place = path.relative_to(root).as_posix()
        texts[path] = normalise.dumps(with_head(cells.read(path), address, place, branch))
    changed = [path for path, text in texts.items() if text != path.read_text("utf-8")]
    for path in changed:
        write_atomically(path, texts[path].encode())
    return changed


def to_change(root: Path = cells.ROOT) -> Iterator[str]:
    """What else a fork changes: a line for each, with files and lines."""
    for what, files in OWN.items():
        places = [
            f"{name}:{number}"
            for name, begins in files.items()
            for number, line in enumerate((root / name).read_text("utf-8").splitlines(), start=1)
            if re.match(begins, line)
        ]
        yield f"{what}: {', '.join(_joined(places))}"


def _joined(places: Sequence[str]) -> Iterator[str]:
    """Places, neighbouring lines of a file as one: `using.md:66-77`."""
    pairs = [(name, int(line)) for name, _, line in (place.rpartition(":") for place in places)]
    runs: list[list[Any]] = []
    for name, line in pairs:
        if runs and runs[-1][0] == name and runs[-1][2] == line - 1:
            runs[-1][2] = line
        else:
            runs.append([name, line, line])
    return (f"{n}:{first}" if first == last else f"{n}:{first}-{last}" for n, first, last in runs)


def _line_changed(path: Path, line: re.Pattern[str], address: str) -> str:
    text, found = line.subn(lambda _: address, path.read_text("utf-8"))
    if found != 1:
        raise ValueError(f"{path} must state the address in one line, found {found}")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the address, and name the files that changed."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.address",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("address", nargs="?", help="the new address (default: the present one)")
    parser.add_argument("--branch", help="the default branch (default: the present one)")
    options = parser.parse_args(arguments)
    try:
        changed = write(options.address or current(), branch=options.branch)
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.writelines(f"{cells.shown(path)}\n" for path in changed)
    sys.stdout.write(f"{current()}, {current_branch()}: {len(changed)} files changed\n")
    if options.address:
        sys.stdout.write("A fork also changes, by hand:\n")
        sys.stdout.writelines(f"  {line}\n" for line in to_change())
    return 0


if __name__ == "__main__":
    sys.exit(main())
