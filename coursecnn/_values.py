"""Values that come from outside: checked, and kept as Python's own.

NumPy's integers and floats are accepted and turned into Python's, so that what is kept can be
compared, hashed and written as JSON.

- `integer`, `number`, `flag`, `text`, `choice`, `name`, `sha256`: one value each;
- `Frozen`: a mapping that nobody can change; `frozen`: a JSON value, with mappings like that;
- `expect`, `require_moderate`, `require_letters`: what was read from a file;
- `at`, `reason`: where in it something is wrong, and what another library says.

>>> import numpy as np
>>> integer("epochs", np.int64(3), least=1)
3
>>> number("learning_rate", float("nan"))
Traceback (most recent call last):
ValueError: learning_rate must be a finite number, got nan
"""

from __future__ import annotations

import contextlib
import json
import math
import operator
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from numbers import Real
from typing import Any, NoReturn

__all__ = [
    "Frozen",
    "as_int",
    "at",
    "choice",
    "expect",
    "flag",
    "frozen",
    "integer",
    "name",
    "number",
    "reason",
    "require_letters",
    "require_moderate",
    "sha256",
    "text",
]

SHA256 = re.compile(r"[0-9a-f]{64}")
# Of lists and mappings in a file. The course's own are ten deep, and some thousand.
DEEPEST, MOST_PARTS = 50, 200_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
LONGEST = 200  # characters of a value that a message shows


def shown(value: object) -> str:
    """Return a value as messages show it: its `repr`, cut off where it is long.

    >>> shown("a" * 300)[-6:]
    'aaa...'
    """
    try:
        words = repr(value)
    except (ValueError, RecursionError):  # an int of thousands of digits, a list in itself
        words = f"a {type(value).__name__}"
    return cut(words)


def cut(words: str) -> str:
    """Return a text, cut off where it is long."""
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}..."


def differences(there: object, here: object) -> str:
    """Return in words where two mappings differ, looking into those that they hold.

    >>> differences({"seed": 0, "recipe": {"epochs": 5}}, {"seed": 0, "recipe": {"epochs": 3}})
    'recipe.epochs is 5 there, 3 here'
    """
    return cut("; ".join(_differences("", there, here)))


def _differences(place: str, there: object, here: object) -> Iterator[str]:
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        for key in dict.fromkeys((*there, *here)):
            where = f"{place}.{key}" if place else str(key)
            yield from _differences(where, there.get(key, "missing"), here.get(key, "missing"))
    elif there != here:
        yield f"{place or 'it'} is {shown(there)} there, {shown(here)} here"


def reason(error: Exception) -> str:
    r"""Return what an exception of another library says, in one line that is not too long.

    >>> reason(OSError("no such\n  array"))
    'no such array'
    """
    return cut(" ".join(str(error).split())) or type(error).__name__


def _refuse(field: str, rule: str, value: object) -> NoReturn:
    raise ValueError(f"{field} must be {rule}, got {shown(value)}")


def as_int(value: object) -> int | None:
    """Read an int; None where the value is none.

    What Python takes as an index is an int, NumPy's integers included; True and False are not, for
    as a size they are a slip.

    >>> as_int(3), as_int(3.0), as_int(True)
    (3, None, None)
    """
    if _is_flag(value):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def _is_flag(value: object) -> bool:
    """Whether it is True or False, Python's or NumPy's."""
    return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")


def integer(field: str, value: object, least: int | None = None, most: int | None = None) -> int:
    """Return a whole number that is no bool.

    Args:
        field: what the message calls it.
        value: the number, Python's or NumPy's.
        least: the smallest that is allowed.
        most: the largest.

    Raises:
        ValueError: if it is none, or out of range.

    >>> integer("epochs", 0, least=1)
    Traceback (most recent call last):
    ValueError: epochs must be a positive int, got 0
    """
    found = as_int(value)
    low = -math.inf if least is None else least
    high = math.inf if most is None else most
    if found is None or not low <= found <= high:
        _refuse(field, _span(least, most), value)
    return found


def _span(least: int | None, most: int | None) -> str:
    if most is not None:
        return f"an int from {least} to {most}"
    return {None: "an int", 1: "a positive int"}.get(least, f"an int of at least {least}")


def number(
    field: str,
    value: object,
    least: float = -math.inf,
    most: float = math.inf,
    *,
    above: float = -math.inf,
    below: float = math.inf,
) -> float:
    """Return a finite number that is no bool; an int stays an int.

    Args:
        field: what the message calls it.
        value: the number, Python's or NumPy's.
        least: the smallest that is allowed.
        most: the largest.
        above: what it must exceed.
        below: what it must stay under.

    Raises:
        ValueError: if it is none, or out of range.

    >>> number("label_smoothing", 1.5, least=0, below=1)
    Traceback (most recent call last):
    ValueError: label_smoothing must be a finite number, at least 0, below 1, got 1.5
    """
    bounds = {"at least": least, "at most": most, "above": above, "below": below}
    limits = [f"{word} {bound:g}" for word, bound in bounds.items() if math.isfinite(bound)]
    rule = ", ".join(["a finite number", *limits])
    if _is_flag(value) or not isinstance(value, Real):
        _refuse(field, rule, value)
    whole = as_int(value)
    found = float(value) if whole is None else whole
    if not (_finite(found) and least <= found <= most and above < found < below):
        _refuse(field, rule, value)
    return found


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int that no float can hold
        return False


def flag(field: str, value: object) -> bool:
    """Return a truth value, Python's or NumPy's.

    Raises:
        ValueError: if it is anything else, such as "no".

    >>> flag("alternating_flip", "no")
    Traceback (most recent call last):
    ValueError: alternating_flip must be True or False, got 'no'
    """
    if _is_flag(value):
        return bool(value)
    _refuse(field, "True or False", value)


def text(field: str, value: object) -> str:
    """Return a text that is not blank.

    Raises:
        ValueError: if it is none.

    >>> text("device", "CPU: abacus")
    'CPU: abacus'
    """
    if not isinstance(value, str) or not value.strip():
        _refuse(field, "a text that is not blank", value)
    return str(value)


def name(field: str, value: object) -> str:
    """Return a text that can be the name of a file, whatever the system.

    Raises:
        ValueError: if it cannot.

    >>> name("name", "../../etc")
    Traceback (most recent call last):
    ValueError: name must be letters, digits, '_', '-' and '.', beginning with a letter or digit, \
got '../../etc'
    """
    if not isinstance(value, str) or not NAME.fullmatch(value):
        _refuse(field, "letters, digits, '_', '-' and '.', beginning with a letter or digit", value)
    return str(value)


def sha256(field: str, value: object) -> str:
    """Return a SHA-256 in hexadecimal digits.

    Raises:
        ValueError: if it is none.

    >>> sha256("weights", "ab")
    Traceback (most recent call last):
    ValueError: weights must be a SHA-256 in hexadecimal digits, got 'ab'
    """
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        _refuse(field, "a SHA-256 in hexadecimal digits", value)
    return value


def choice(field: str, value: object, choices: Iterable[str]) -> str:
    """Return a text that is one of the choices.

    Raises:
        ValueError: if it is not; names the choices.

    >>> choice("schedule", "cosine", ("constant", "linear"))
    Traceback (most recent call last):
    ValueError: schedule must be one of 'constant', 'linear', got 'cosine'
    """
    allowed = tuple(choices)
    if not isinstance(value, str) or value not in allowed:
        _refuse(field, f"one of {', '.join(map(repr, allowed))}", value)
    return str(value)


class Frozen(dict[str, Any]):
    """A mapping from texts that cannot be changed; it can be hashed, copied and written as JSON.

    >>> options = Frozen({"momentum": 0.9})
    >>> options["momentum"] = 0.0
    Traceback (most recent call last):
    TypeError: this mapping cannot be changed; make a new one, as {**old, 'momentum': 0.9}
    >>> options == {"momentum": 0.9}
    True
    """

    def _fixed(self, *_: object, **__: object) -> NoReturn:
        example = ", ".join(f"{key!r}: {shown(value)}" for key, value in list(self.items())[:1])
        raise TypeError(f"this mapping cannot be changed; make a new one, as {{**old, {example}}}")

    __setitem__ = __delitem__ = __ior__ = _fixed
    clear = pop = popitem = setdefault = update = _fixed

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[Frozen], tuple[dict[str, Any]]]:
        return Frozen, (dict(self),)


def frozen(field: str, value: object) -> Any:
    """Return a JSON value that cannot be changed: mappings are `Frozen`, arrays are tuples.

    Args:
        field: what the message calls it.
        value: None, a bool, a finite number, a text, a list or tuple or mapping of such.

    Raises:
        ValueError: if JSON knows nothing like it.

    >>> frozen("options", {"input_shape": [28, 28, 1]})
    {'input_shape': (28, 28, 1)}
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return Frozen({_key(field, key): frozen(f"{field}[{key!r}]", value[key]) for key in value})
    if isinstance(value, list | tuple):
        return tuple(frozen(f"{field}[{i}]", part) for i, part in enumerate(value))
    if _is_flag(value):
        return bool(value)
    if isinstance(value, Real):
        return number(field, value)
    _refuse(field, "a JSON value", value)


def _key(field: str, key: object) -> str:
    return key if isinstance(key, str) else _refuse(f"each key of {field}", "a text", key)


def expect(fields: Collection[str], content: object, kind: str = "JSON object") -> dict[str, Any]:
    """Return a mapping that has exactly these fields.

    Raises:
        ValueError: if it is none, lacks one or has another.

    >>> expect({"seed"}, {"sead": 0})
    Traceback (most recent call last):
    ValueError: missing field seed
    """
    if not isinstance(content, dict):
        raise ValueError(f"must be a {kind}, got {shown(content)}")
    if missing := set(fields) - content.keys():
        raise ValueError(f"missing field {', '.join(sorted(missing))}")
    if unknown := sorted(map(str, content.keys() - set(fields))):
        names = cut(", ".join(unknown))
        raise ValueError(f"unknown field {names}; a newer coursecnn may know it")
    return content


@contextlib.contextmanager
def at(place: str) -> Iterator[None]:
    """Let a refusal say where in a file it found its reason.

    Raises:
        ValueError: as the block did, with the place in front.

    >>> with at("mnist.json"), at("runs[0]"):
    ...     integer("seed", 0.5)
    Traceback (most recent call last):
    ValueError: mnist.json: runs[0]: seed must be an int, got 0.5
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{cut(place)}: {error}") from None


def require_moderate(tree: object) -> None:
    """Refuse what is nested so deeply, or has so many parts, that a walk over it has no end.

    Raises:
        ValueError: if it is; of lists and mappings in one another, `DEEPEST` are allowed, and
            `MOST_PARTS` in all.

    >>> require_moderate([[]] * 400_000)
    Traceback (most recent call last):
    ValueError: it has 400,001 lists and mappings, more than 200,000
    """
    level, parts = _parts([tree]), 0
    for _ in range(DEEPEST):
        parts += len(level)
        if parts > MOST_PARTS:
            raise ValueError(f"it has {parts:,} lists and mappings, more than {MOST_PARTS:,}")
        level = [inner for part in level for inner in _parts(part)]
    if level:
        raise ValueError("it is nested too deeply")


def _parts(part: Any) -> list[Any]:
    inside = part.values() if isinstance(part, dict) else part
    return [inner for inner in inside if isinstance(inner, dict | list)]


def require_letters(tree: object) -> None:
    r"""Refuse halves of letters, which JSON can name and no file or screen can show.

    Raises:
        ValueError: if there is one.

    >>> require_letters(["\ud800"])
    Traceback (most recent call last):
    ValueError: it names half of a letter, a surrogate
    """
    try:
        json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it names half of a letter, a surrogate") from None
