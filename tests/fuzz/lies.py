"""What is done to a file by its format: contents that are whole in form, and lie inside."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from functools import cache
from random import Random
from typing import Any

import h5py
import numpy as np

from tests.fuzz.damage import HEAVY_SHARE, STRANGE, claim, damaged, filled, spoilt

# --- archives of NumPy's ---

DESCRIPTIONS = (
    *("'<f4'", "'|O'", "'|V0'", "'|V2'", "'<U0'", "'<U999999999'", "'<M8[s]'", "''", "'x'", "5"),
    *("[('a', '<f4')]", "('<f4', (2, 3))", "'<f4,<f4'", "'|S1000000000'", "[", "'<f4' * 9", "{}"),
)
SHAPES = (
    *("(0,)", "()", "(-1,)", "(3,)", "(10**9,)", "(9999999999,)", "(99999999999999999999,)", "3"),
    *("(2, 3)", "(1,) * 99", "(True,)", "(1.5,)", "None", "(4294967296, 4294967296)", "((3,),)"),
)
HEADERS = ("(" * 9_000, "{'descr': " * 500, " " * 20_000, "1L", "[" * 200, "\0")
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def npy(content: bytes, rng: Random) -> bytes:
    """An array whose header says something else."""
    fields = {
        "descr": rng.choice(DESCRIPTIONS),
        "fortran_order": rng.choice(("False", "True", "None")),
        "shape": rng.choice(SHAPES),
    }
    if rng.random() < 0.2:
        fields.pop(rng.choice(list(fields)))
    header = "{" + ", ".join(f"'{name}': {value}" for name, value in fields.items()) + ", }"
    text = (rng.choice(HEADERS) if rng.random() < 0.2 else header).encode() + b"\n"
    version, size = rng.choice(((1, "<H"), (2, "<I"), (3, "<I"), (9, "<I")))
    length = len(text) if rng.random() < 0.9 else rng.choice((0, 9, 2**16 - 1))
    body = content[-min(len(content), rng.choice((0, 24, 400))) :]
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack(size, length) + text + body


def npz(content: bytes, rng: Random) -> bytes:
    """An archive whose sums are right, and a member is missing, another one or a bomb."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    if rng.random() < HEAVY_SHARE:
        return _bomb(tuple(members.items()), name)
    match rng.randrange(7):
        case 0:
            members.pop(name)
        case 1:
            members[rng.choice(("x", "../out", "x.npy", "/etc/x", name.upper()))] = members.pop(
                name
            )
        case 2:
            members |= {f"{index}.npy": b"" for index in range(rng.choice((1, 500)))}
        case 3:
            return damaged(zipped(members, rng.choice(PACKINGS)), rng)
        case 4:
            members[name] = damaged(members[name], rng)
        case _:
            members[name] = npy(members[name], rng)
    return zipped(members, rng.choice(PACKINGS))


def zipped(members: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@cache
def _bomb(members: tuple[tuple[str, bytes], ...], name: str) -> bytes:
    """An archive in which a member unpacks to a gigabyte."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for each, content in members:
            with archive.open(each, "w") as member:
                for _ in range(64 if each == name else 0):
                    member.write(bytes(2**24))
                member.write(content)
    return stream.getvalue()


def checkpoint(content: bytes, rng: Random) -> bytes:
    """An archive, or a header in it, that lies."""
    if rng.random() < 0.6:
        return npz(content, rng)
    with np.load(io.BytesIO(content)) as stored:
        parts = dict(stored)
    header = json.loads(str(parts["header"]))
    text = filled(header, rng) if rng.random() < 0.3 else json.dumps(spoilt(header, rng))
    parts["header"] = np.array(text)
    stream = io.BytesIO()
    np.savez(stream, **parts)
    return stream.getvalue()


# --- HDF5 ---


def hdf5(content: bytes, rng: Random) -> bytes:
    """Weights of which one is missing, another thing, elsewhere, or of a huge size."""
    stream = io.BytesIO(content)
    with h5py.File(stream, "r+") as file:
        found: list[str] = []
        file.visit(found.append)
        name = rng.choice(found)
        shape = getattr(file[name], "shape", (2,))
        del file[name]
        match rng.randrange(11):
            case 0:
                file.create_group(name)
            case 1:
                file[name] = h5py.SoftLink(rng.choice(("/", f"/{name}", "/nowhere")))
            case 2:
                file[name] = h5py.ExternalLink("/etc/passwd", "/")
            case 3:
                size = rng.choice((10**6, 2**27, 2**29, 2**40))
                file.create_dataset(name, (size,), "f4", chunks=(1024,), compression="gzip")
            case 4:
                file.create_dataset(name, (2**28, 2**28), "f4", chunks=(64, 64), fillvalue=1)
            case 5:
                file.create_dataset(name, data=np.full(shape, np.nan, "f4"))
            case 6:
                text = h5py.string_dtype()
                kinds: tuple[Any, ...] = (
                    "S9",
                    "c8",
                    "u1",
                    "f8",
                    text,
                    h5py.ref_dtype,
                    [("a", "f4")],
                )
                file.create_dataset(name, shape, rng.choice(kinds))
            case 7:
                file.create_dataset(name, (9, 9), "f4", external=[("/etc/passwd", 0, 324)])
            case 8:
                layout = h5py.VirtualLayout((9, 9), "f4")
                layout[:] = h5py.VirtualSource("/etc/passwd", "x", (9, 9))
                file.create_virtual_dataset(name, layout)
            case 9:
                file.create_dataset(name, data=h5py.Empty("f4"))
            case _:
                pass
    return stream.getvalue()


# --- pickles ---

OPCODES = (
    b"cos\nsystem\n(S'x'\ntR.",
    b"c__builtin__\neval\n(S'1'\ntR",
    b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01O\x87R",
    b"cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R",
    b"cnumpy\nndarray\n(I1000000000000\ntR",
    b"cnumpy\nndarray\n((I99999999\nItR",
    b"X\xff\xff\xff\x7f",
    b"\x8d" + b"\xff" * 7 + b"\x7f",
    b"\x95" + b"\xff" * 7 + b"\x7f",
    b"r\xff\xff\xff\x7f",
    b"j\xff\xff\xff\x7f",
    b"\x8b\xff\xff\xff\x7f",
    b"I" + b"9" * 5_000 + b"\n",
    b"(" * 1_000_000,
    b"]" * 1_000_000,
    b"\x80\xff",
    b"N.",
    b"}.",
    b"PX\n",
    b"\x82\x01",
)


def pickled(content: bytes, rng: Random) -> bytes:
    """A pickle that asks for more: code, objects, or memory."""
    at = rng.choice((2, rng.randrange(len(content) + 1), rng.randrange(300)))
    return content[:at] + rng.choice(OPCODES) + content[at:]


# --- notebooks ---

SOURCES = (
    *("%" * 3, "!ls", "?x", "%%bash\n", "for", "x = (", "\\", "'''", "\t\n x", "lambda: (yield)"),
    *(
        "(" * 500,
        "-" * 50_000 + "1",
        "x" + ".x" * 5_000,
        "1_000_" * 99,
        "$a$" * 5_000,
        "# " * 9_000,
    ),
    *("*" * 9_000, "[" * 9_000, "`" * 9_000, "<" * 9_000, "|" * 9_000, "1" * 9_000, "> " * 3_000),
    *("1,000," * 3_000, "![](" * 3_000, "](" * 3_000, "- " * 3_000, "\\" * 9_000, "a_" * 9_000),
    *("10^99999", "1e99999", "![a](/dev/zero)", "![a](..)", "![a](attachment:x)", "1.5 ± 0.1 %"),
)


def notebook(content: bytes, rng: Random) -> bytes:
    """A notebook with other values, texts or formats."""
    tree = json.loads(content)
    match rng.randrange(5):
        case 0:
            return filled(tree, rng).encode()
        case 1:
            cell = rng.choice(tree["cells"])
            old = "".join(cell["source"])
            cell["source"] = rng.choice((old, "", rng.choice(SOURCES))) + rng.choice(SOURCES)
        case 2:
            tree["nbformat"] = rng.choice((1, 2, 3, 4, 5, "4", 4.5, True))
            tree["nbformat_minor"] = rng.choice((0, 4, 5, 99, -1, None, "5"))
    for _ in range(rng.choice((1, 1, 2, 3))):
        tree = spoilt(tree, rng, STRANGE + SOURCES)
    return json.dumps(tree, indent=1).encode()


# --- TOML ---

TOKENS = (
    *(b"-1", b"0", b"1e400", b"nan", b"true", b"[]", b"{}", b'""', b"1979-05-27", b"9" * 5_000),
    *(b"[" * 900 + b"]" * 900, b"{a={}}", b'"\\u0000"', b'"1e400000000"', b'"9" = 1', b'["x"]'),
    *(b'"' + b"9" * 200_000 + b'"', b'"1e99999"', b'"~0"', b'"file:///etc/passwd"', b'"..\\/.."'),
)
KEYS = (
    b"strange",
    *(b"a" + b".a" * dots for dots in (20, 900, 20_000)),
    b'"' + b"x" * 5_000 + b'"',
)


def toml(content: bytes, rng: Random) -> bytes:
    """A file in which a line has another value, or is missing, twice or new."""
    lines = content.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(rng.randrange(len(lines) + 1), lines[at])
        case 2:
            lines.insert(at, rng.choice(KEYS) + b" = " + rng.choice(TOKENS) + b"\n")
        case _:
            name, found, value = lines[at].partition(b" = ")
            lines[at] = name + found + rng.choice(TOKENS) + b"\n" if found else b"[" + value
    return b"".join(lines)


# --- photographs ---


def photograph(content: bytes, rng: Random) -> bytes:
    """A picture that claims other sizes and colours, or unpacks to far more than it holds."""
    if rng.random() < HEAVY_SHARE:
        return _blank(*rng.choice(((6_000, 24), (7_000, 24), (7_000, 1), (9_000, 1), (20_000, 1))))
    if not content.startswith(b"\x89PNG"):
        return claim(claim(content, rng), rng)
    width, height = (rng.choice((0, 1, 60, 9_000, 65_535, 2**31 - 1, 2**32 - 1)) for _ in range(2))
    head = _head(width, height, rng.choice((1, 8, 16)), rng.choice((0, 2, 3, 6)))
    kind = rng.choice((b"zTXt", b"iCCP", b"iTXt", b"eXIf", b"acTL", b"PLTE", b"tRNS"))
    extra = _chunk(kind, b"x\0\0" + zlib.compress(bytes(rng.choice((9, 2_000_000)))))
    first = head if rng.random() < 0.5 else content[8:33]
    return content[:8] + first + extra * rng.choice((0, 1, 100)) + content[33:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    summed = kind + content
    return struct.pack(">I", len(content)) + summed + struct.pack(">I", zlib.crc32(summed))


def _head(width: int, height: int, bits: int, colours: int) -> bytes:
    return _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))


@cache
def _blank(side: int, bits: int) -> bytes:
    """A PNG of many white pixels, grey or in colours, in few bytes."""
    head = _head(side, side, min(bits, 8), 2 if bits == 24 else 0)
    row, packed = b"\0" + b"\xff" * -(-side * bits // 8), zlib.compressobj(1)
    data = b"".join([*(packed.compress(row) for _ in range(side)), packed.flush()])
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
