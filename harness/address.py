"""The repository's address: it stands in pyproject.toml, and is repeated where others look for it.

    python -m harness.address https://github.com/ORG/REPO   move: what a fork does first
    python -m harness.address                               write it out everywhere again

Repeated are the lines of `LINES`, and the two cells that follow a chapter's title: the badge that
opens the chapter on Colab, for those who read it on GitHub (the book has a button of its own), and
the cell that installs the package there. A new chapter gets both from the second command.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell

from coursecnn._files import write_atomically
from harness import cells, normalise

SOURCE = "pyproject.toml"
LINES = {
    SOURCE: re.compile(r'(?<=^Repository = ")[^"]*', re.MULTILINE),
    "_config.yml": re.compile(r"(?<=^  url: ).*$", re.MULTILINE),
    "CITATION.cff": re.compile(r"(?<=^repository-code: ).*$", re.MULTILINE),
}
# Colab opens what is on GitHub, and nothing else by address.
ADDRESS = re.compile(r"https://github\.com/[\w-]+/[\w.-]*[\w-]")
BRANCH = "main"
COLAB = "https://colab.research.google.com"
INSTALL = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q --no-deps "coursecnn @ git+{address}\""""


def current(root: Path = cells.ROOT) -> str:
    """The address that pyproject.toml states."""
    project = tomllib.loads((root / SOURCE).read_text("utf-8"))["project"]
    return str(project["urls"]["Repository"])


def badge(address: str, path: str) -> str:
    """The text cell that opens a chapter on Colab; `path` is relative to the repository's root."""
    repository = address.removeprefix("https://github.com/")
    page = f"{COLAB}/github/{repository}/blob/{BRANCH}/{path}"
    return f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({page})"


def install(address: str) -> str:
    """The code cell that installs the package on Colab, and leaves Colab's own packages alone."""
    return INSTALL.format(address=address)


def with_head(notebook: Any, address: str, path: str) -> Any:
    """A copy of a chapter whose title is followed by its badge and its install cell.

    Everything else, and what is stored of the install cell's run, stays.
    """
    result = normalise.normalise(notebook, is_executed=False)
    title, *rest = result.cells
    hidden = {"tags": ["remove-cell"]}
    old = next((cell for cell in rest[:2] if _is_install(cell)), None)
    body = [cell for cell in rest if cell is not old and not _is_badge(cell)]
    new = new_code_cell(
        install(address),
        metadata=hidden,
        execution_count=old.execution_count if old else None,
        outputs=old.outputs if old else [],
    )
    new["id"] = normalise.digest(new)  # the address is no code that anybody has to run again
    result.cells = [title, new_markdown_cell(badge(address, path), metadata=hidden), new, *body]
    return normalise.normalise(result, is_executed=False)


def _is_install(cell: Any) -> bool:
    return cell.cell_type == "code" and '"google.colab" in sys.modules' in cell.source


def _is_badge(cell: Any) -> bool:
    return cell.cell_type == "markdown" and cell.source.startswith("[![Open in Colab](")


def write(address: str, root: Path = cells.ROOT) -> list[Path]:
    """Write the address to every place below `root`, and return the files that changed.

    Raises:
        ValueError: if it is no repository on GitHub, or a file lacks its line.
    """
    if not ADDRESS.fullmatch(address):
        raise ValueError(f"address must be https://github.com/ORG/REPO, got {address!r}")
    texts = {root / name: _line_changed(root / name, line, address) for name, line in LINES.items()}
    for path in sorted((root / "book").rglob("*.ipynb")):
        chapter = with_head(cells.read(path), address, path.relative_to(root).as_posix())
        texts[path] = normalise.dumps(chapter)
    changed = [path for path, text in texts.items() if text != path.read_text("utf-8")]
    for path in changed:
        write_atomically(path, texts[path].encode())
    return changed


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
    address = parser.parse_args(arguments).address or current()
    try:
        changed = write(address)
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.writelines(f"{cells.shown(path)}\n" for path in changed)
    sys.stdout.write(f"{address}: {len(changed)} files changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
