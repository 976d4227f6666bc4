"""How stored outputs are compared with fresh ones: exactly, unless a cell asks for less.

A cell can ask in its metadata, `{"nbval": {"rtol": 1e-5}}` for numbers and
`{"nbval": {"rms": 12}}` for pictures. Numbers written with a point or an exponent are then
compared within the relative tolerance; integers and all other text stay exact. Pictures that
another release of Matplotlib has drawn are compared blurred, whatever a cell asks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from harness import contents, normalise, pictures

PICTURES = ("image/png", "image/jpeg")
# A widget's view is named by its random model id; what it shows is in the notebook's widget state.
NEVER_COMPARED = (contents.WIDGET_VIEW,)
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?!\w)")
TEXT_WIDTH = 160
ASKABLE = ("rtol", "rms")


@dataclass(frozen=True)
class Tolerance:
    """How far a fresh output may lie from the stored one.

    Attributes:
        rtol: relative difference of numbers written with a point or an exponent.
        rms: largest block RMS of a picture, see `harness.pictures`.
        is_blurred: whether pictures are compared blurred instead; no cell can ask for it.
    """

    rtol: float = 0.0
    rms: float = pictures.DEFAULT_RMS
    is_blurred: bool = field(default=False, repr=False)

    @classmethod
    def of(cls, cell: Any) -> Tolerance:
        """What the cell's metadata asks for.

        Raises:
            ValueError: if it asks for something else than `rtol` and `rms`, positive numbers.
        """
        asked = dict(cell.metadata.get("nbval", {}))
        for name, value in asked.items():
            positive = isinstance(value, int | float) and value is not True and value > 0
            if name not in ASKABLE or not positive:
                raise ValueError(
                    f"metadata nbval must hold positive numbers rtol or rms, got {name}={value!r}"
                )
        return cls(**asked)


EXACT = Tolerance(rms=0.0)


def differences(
    stored: Sequence[Any], fresh: Sequence[Any], tolerance: Tolerance = EXACT
) -> list[str]:
    """What differs between two lists of outputs of one cell, in order; empty if nothing does.

    Standard error is never compared.
    """
    found: list[str] = []
    pairs = zip_longest(normalise.outputs(stored), normalise.outputs(fresh))
    for number, (old, new) in enumerate(pairs, start=1):
        if old is None or new is None:
            state, there = ("missing", old) if new is None else ("not in the stored file", new)
            found.append(f"output {number} is {state}: {_summary(there)}")
        else:
            found += [f"output {number}, {line}" for line in _output(old, new, tolerance)]
    return found


def _output(old: Any, new: Any, tolerance: Tolerance) -> Iterator[str]:
    before, after = _parts(old), _parts(new)
    if before.keys() != after.keys():
        yield f"stored: {_summary(old)}\n  fresh:  {_summary(new)}"
        return
    for kind in before:
        if kind in PICTURES:
            yield from _picture(before[kind], after[kind], tolerance)
        elif before[kind] != after[kind]:
            yield from _text(kind, str(before[kind]), str(after[kind]), tolerance.rtol)


def _parts(output: Any) -> dict[str, Any]:
    """The contents of an output by kind: a stream's name, an error's name, or MIME types."""
    if output.output_type == "stream":
        return {output.name: output.text}
    if output.output_type == "error":
        return {"error": f"{output.ename}: {output.evalue}"}
    return {kind: value for kind, value in output.data.items() if kind not in NEVER_COMPARED}


def _summary(output: Any) -> str:
    parts = _parts(output)
    texts = [str(value) for kind, value in parts.items() if kind not in PICTURES]
    first = next((line for text in texts for line in text.splitlines() if line.strip()), "")
    return f"{', '.join(parts) or output.output_type} {first[:TEXT_WIDTH]!r}"


def _picture(old: str, new: str, tolerance: Tolerance) -> Iterator[str]:
    if tolerance.is_blurred:
        name, allowed = "blurred difference", pictures.LARGEST_BLURRED
        measure = pictures.blurred_difference
    else:
        name, allowed = "block RMS", tolerance.rms
        measure = pictures.block_rms
    try:
        found = measure(old, new)
    except ValueError as error:
        yield f"picture cannot be compared: {error}"
        return
    if math.isinf(found):
        sizes = [" x ".join(map(str, pictures.pixels(p).shape[1::-1])) for p in (old, new)]
        yield f"picture changed its size: stored {sizes[0]}, fresh {sizes[1]} pixels"
    elif found > allowed:
        yield f"picture changed: {name} {found:.1f}, allowed {allowed:g}"


def _text(kind: str, old: str, new: str, rtol: float) -> Iterator[str]:
    """The first line that differs beyond the tolerance."""
    lines = zip_longest(old.splitlines(), new.splitlines(), fillvalue="(no such line)")
    for number, (before, after) in enumerate(lines, start=1):
        if not _agree(before, after, rtol):
            start = max(0, _first_difference(before, after) - TEXT_WIDTH // 2)
            cut = slice(start, start + TEXT_WIDTH)
            yield f"{kind}, line {number}\n  stored: {before[cut]}\n  fresh:  {after[cut]}"
            return
    if not rtol and old.splitlines() == new.splitlines():
        yield f"{kind}: line ends differ"


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _agree(old: str, new: str, rtol: float) -> bool:
    """Whether two lines are equal, or differ only in inexact numbers that are close."""
    if old == new:
        return True
    if not rtol or _words(old) != _words(new):
        return False
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=True)
    return all(_close(a, b, rtol) for a, b in pairs)


def _words(line: str) -> list[str]:
    """The text around the numbers; padding may change with the length of a number."""
    return [" ".join(part.split()) for part in NUMBER.split(line)]


def _close(old: str, new: str, rtol: float) -> bool:
    if old == new:
        return True
    inexact = all(set(number) & set(".eE") for number in (old, new))
    return inexact and math.isclose(float(old), float(new), rel_tol=rtol)
