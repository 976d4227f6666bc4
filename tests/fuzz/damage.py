"""What is done to a file, whatever its format: bytes, numbers, encodings, and trees of JSON."""

from __future__ import annotations

import json
import os
import pickle
import re
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

Damage = Callable[[bytes, Random], bytes]

HEAVY_SHARE = 0.02  # of the inputs that take seconds
TRACE = Path(tempfile.gettempdir()) / f"coursecnn-fuzz-{os.getpid()}"  # written if code is run


def cut(content: bytes, rng: Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def flip(content: bytes, rng: Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 8, 64))):
        if damaged:
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def overwrite(content: bytes, rng: Random) -> bytes:
    start, length = rng.randrange(len(content) + 1), rng.choice((1, 4, 64, 1024))
    fill = rng.choice((bytes(length), b"\xff" * length, rng.randbytes(length)))
    return content[:start] + fill + content[start + length :]


def claim(content: bytes, rng: Random) -> bytes:
    """A size, a count or an offset that is huge, or negative."""
    kind = rng.choice("BHIQ")
    most = 256 ** struct.calcsize(kind) - 1
    value = rng.choice((0, 1, most // 2, most // 2 + 1, most - 1, most, rng.randrange(most)))
    packed = struct.pack(rng.choice("<>") + kind, value)
    start = rng.choice((rng.randrange(len(content) + 1), rng.randrange(min(len(content), 300) + 1)))
    return content[:start] + packed + content[start + len(packed) :]


def number(content: bytes, rng: Random) -> bytes:
    """A number in a text that is another one."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?", content))
    if not found:
        return flip(content, rng)
    place = rng.choice(found)
    other = rng.choice((b"0", b"-1", b"1e999", b"1e-999", b"9" * 30, b"9" * 5_000, b"NaN", b"0x1"))
    return content[: place.start()] + other + content[place.end() :]


def move(content: bytes, rng: Random) -> bytes:
    """A run of bytes that is missing, there twice, or elsewhere."""
    start = rng.randrange(len(content) + 1)
    run = content[start : start + rng.choice((1, 10, 200, 5_000))]
    rest = content[:start] + content[start + len(run) :]
    place = rng.randrange(len(rest) + 1)
    return rng.choice((rest, rest[:place] + run + rest[place:], content + run, content + content))


def encode(content: bytes, rng: Random) -> bytes:
    """The same text in another encoding."""
    text = content.decode("latin1")
    at = rng.randrange(len(text) + 1)
    text = text[:at] + rng.choice(("ü", "é\xa0", "\x00", "\x85")) + text[at:]
    return text.encode(rng.choice(("latin1", "utf-16", "utf-8-sig", "utf-32")))


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[Any]]:
        return Path.touch, (TRACE,)


POSTSCRIPT = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({TRACE}) (w) file closefile\n"
ALIENS = (
    b"",
    b"\0",
    b"\0" * 100_000,
    b" " * 1_000_000,
    b"<html>not found</html>",
    b"%PDF-1.7\n",
    b"\x89HDF\r\n\x1a\n",
    b"PK\x05\x06" + bytes(18),
    b"\x93NUMPY\x01\x00",
    b"\x1f\x8b\x08\x00" + bytes(30),
    b"{}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"a = " + b"[" * 100_000,
    pickle.dumps(Bomb(), protocol=2),
    POSTSCRIPT.encode(),
)


def alien(_content: bytes, rng: Random) -> bytes:
    """Something else altogether."""
    return rng.choice(ALIENS)


DAMAGE: tuple[Damage, ...] = (cut, flip, overwrite, claim, number, move, encode, alien)


def damaged(content: bytes, rng: Random) -> bytes:
    """A content with one to three things wrong."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        content = rng.choice(DAMAGE)(content, rng)
    return content


# Something else in the place of a file.


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inside").touch()


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**38)


IN_PLACE: tuple[Callable[[Path], object], ...] = (
    lambda _: None,
    _folder,
    _sparse,
    os.mkfifo,
    lambda path: path.symlink_to("nowhere"),
    lambda path: path.symlink_to(path.name),
    lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.symlink_to("/dev/null"),
)


# Values that are wrong almost anywhere.
STRANGE: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1.5, -0.0, 1e300, 10**30, float("nan"), float("inf")),
    *("", " ", "strange", "\ud800", "\0", "../../etc", "x" * 10_000, "1e400000000", "9" * 5_000),
    *([], [1], [[]], [None], {}, {"a": 1}, {"": {}}, [{}], "2026-13-01", "٣", "<b>"),
)


def places(tree: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all values of a tree, but its root."""
    if isinstance(tree, dict | list):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield (*place, key)
            yield from places(tree[key], (*place, key))


def at(tree: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        tree = tree[key]
    return tree


def spoilt(tree: Any, rng: Random, values: tuple[Any, ...] = STRANGE) -> Any:
    """A tree in which a value is another one, missing, there often, or under another name."""
    tree = json.loads(json.dumps(tree))
    found = list(places(tree))
    *way, key = rng.choice(found)
    parent = at(tree, tuple(way))
    match rng.randrange(6):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[rng.choice(("", "strange", "name", "\ud800", key.upper()))] = parent.pop(key)
        case 2:
            parent[key] = [parent[key]] * rng.choice((1, 2, 50))
        case 3:
            parent[key] = json.loads(json.dumps(at(tree, rng.choice(found))))
        case _:
            parent[key] = rng.choice(values)
    return tree


def filled(tree: Any, rng: Random) -> str:
    """The text of a tree in which one value is deep, wide, double, or no value at all."""
    tree = json.loads(json.dumps(tree))
    *way, key = rng.choice(list(places(tree)))
    at(tree, tuple(way))[key] = "HERE"
    return canonical(tree).replace('"HERE"', _monster(rng), 1)


def _monster(rng: Random) -> str:
    if rng.random() < HEAVY_SHARE:
        empty, count = "[]," * rng.choice((300_000, 1_000_000, 2_500_000)), 400_000
        return rng.choice((f"[{empty}[]]", "{" + '"7":0,' * count + '"8":1}'))
    depth = rng.choice((10, 49, 50, 200, 300, 450, 600, 900, 990, 1_500, 5_000, 100_000))
    return rng.choice(
        (
            "[" * depth + "]" * depth,
            '{"a":' * depth + "1" + "}" * depth,
            '[{"":' * depth + "[]" + "}]" * depth,
            '{"twice":1,"twice":2}',
            "9" * 5_000,
            "1e999",
            '"\\ud800"',
        )
    )


def canonical(tree: Any) -> str:
    return json.dumps(tree, sort_keys=True, separators=(",", ":"))
