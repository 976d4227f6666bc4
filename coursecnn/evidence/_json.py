"""JSON from a file that anybody may have touched: read strictly, refused with the file's name."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from coursecnn._files import read_file
from coursecnn._values import require_letters, require_moderate, shown

__all__ = ["read_object"]

LARGEST = 4 * 2**20  # bytes; the largest record of the book has eight thousand


def read_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object, with finite numbers and no key twice.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it holds anything else, or cannot be read; names the file.
    """
    content = read_file(path, "record", LARGEST)
    try:
        found = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_number,
            parse_float=_finite,
        )
        require_moderate(found)
        require_letters(found)
    except RecursionError:
        raise ValueError(f"{path.name} is not JSON: it is nested too deeply") from None
    except ValueError as error:  # of the decoder, of JSON, and those below
        raise ValueError(f"{path.name} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} must hold a JSON object, got a {type(found).__name__}")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"it has {shown(twice)} twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large a number")
    return value
