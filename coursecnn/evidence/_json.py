"""JSON from a file that anybody may have touched: read strictly, refused with the file's name."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["read_object"]

LARGEST = 16 * 2**20  # bytes; the largest record of the book has some hundred thousand


def read_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object, with finite numbers and no key twice.

    Raises:
        ValueError: if it holds anything else; names the file.
        OSError: if it cannot be read.
    """
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name} has more than {LARGEST:,} bytes, so it is no record")
    try:
        found = json.loads(
            path.read_bytes().decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except RecursionError:
        raise ValueError(f"{path.name} is no record: it is nested too deeply") from None
    except ValueError as error:  # of the decoder, of JSON, and those below
        raise ValueError(f"{path.name} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} must hold a JSON object, got a {type(found).__name__}")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"it has {', '.join(twice)} twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large a number")
    return value
