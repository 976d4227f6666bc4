"""Statements of the lectures, where no number could be compared.

A number that was printed is an entry of `coursecnn.evidence.ledger`. Here is what was said in
words, and what is so instead, or what shows that it is so. The errata page shows those that do not
hold, the ledger's page the others, and each chapter its own at its foot.

>>> shipped()["nin.name"].said
'NIN is short for Neural In Neural'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from coursecnn._toml import read_toml
from coursecnn._values import at, choice, shown, text

__all__ = ["Statement", "read", "shipped"]

SHIPPED = Path(__file__).parent / "statements.toml"
KINDS = ("slip", "damage", "holds")


@dataclass(frozen=True)
class Statement:
    """What a source says, and what is so.

    Attributes:
        said: what the source says, in a few words.
        right: what is so instead, or what shows that it is so.
        source: where it was said, down to the slide or section.
        chapter: of this course, which shows it: its file in `book/`, without the ending.
        kind: "slip", where the source errs, "damage", where its text lost something, or "holds".

    Raises:
        ValueError: if a field is blank or no text, or the kind is none of these; names the field.

    >>> Statement("2 + 2 = 5", "2 + 2 = 4", "A slide", "foundations/01_cortex", "slip").kind
    'slip'
    """

    said: str
    right: str
    source: str
    chapter: str
    kind: str

    def __post_init__(self) -> None:
        """Refuse half a statement."""
        for field in fields(self):
            text(field.name, getattr(self, field.name))
        choice("kind", self.kind, KINDS)


def shipped() -> Mapping[str, Statement]:
    """All statements that come with the package, by key.

    >>> len(shipped()) > 15
    True
    """
    return _shipped()


@cache
def _shipped() -> Mapping[str, Statement]:
    return read(SHIPPED)


def read(path: Path) -> Mapping[str, Statement]:
    """Read a file such as `statements.toml`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a statement lacks a field, has one too many or one that is blank; names the
            file, the statement and the field.

    >>> read(SHIPPED) == shipped()
    True
    """
    with at(path.name):
        return dict(_statements(read_toml(path)))


def _statements(tables: Mapping[str, Any]) -> Iterator[tuple[str, Statement]]:
    for chapter, statements in tables.items():
        with at(chapter):
            if not isinstance(statements, dict):
                raise ValueError(f"statements are tables, [chapter.name], got {shown(statements)}")
            for name, found in statements.items():
                with at(name):
                    yield f"{chapter}.{name}", _statement(found)


def _statement(found: object) -> Statement:
    names = {field.name for field in fields(Statement)}
    if not isinstance(found, dict) or found.keys() != names:
        raise ValueError(f"a statement has exactly {', '.join(sorted(names))}, got {shown(found)}")
    return Statement(**found)
