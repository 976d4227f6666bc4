"""TOML from a file that anybody may have touched, refused with the file's name."""

import tomllib
from pathlib import Path
from typing import Any

from coursecnn._files import read_file
from coursecnn._values import require_moderate

__all__ = ["parse", "read_toml"]

LARGEST = 2**20  # bytes; the largest file of the course has two hundred thousand
# Characters of a line, and so of a key. What `tomllib` needs grows with the square of the parts of
# a key: gigabytes for twenty thousand, some megabytes for the thousand that fit here.
LONGEST = 2_000


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file in TOML.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is no TOML, or cannot be read.
    """
    content = read_file(path, "TOML file", LARGEST)
    try:
        return parse(content.decode("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is not TOML: {error}") from None


def parse(text: str) -> dict[str, Any]:
    """Read a text in TOML.

    Raises:
        ValueError: if it is none.

    >>> parse("[mnist]")
    {'mnist': {}}
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > LONGEST:
            raise ValueError(f"line {number} has {len(line):,} characters, more than {LONGEST:,}")
    try:
        found = tomllib.loads(text)
        require_moderate(found)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return found
