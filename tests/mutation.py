"""Change single digits everywhere, and see whether the project notices.

    python -m tests.mutation                              a sample of every kind, in a minute
    python -m tests.mutation --kind prose --count 1000    one kind, and more of it

The digits, and what takes their place, hang on the commit that is checked out
(`harness.sample`), or on `--seed`. Only what is relevant is run, where it can be in this process:

- what a text says (`prose`, `alt`, `page`), what binds it (`binding`): the prose guard, after
  `--bind` has had its chance to explain the change away; of numbers in words, those that claim
  something (`claim`), and all of them (`word`), of which many are ordinary prose;
- what a cell has stored (`output`, `table`, `figure`): the comparison with what a fresh run gives,
  which is what is stored, as `make chapters` shows; of cells that measure anew, the seal;
- what is recorded (`record`) or printed elsewhere (`ledger`): the reader of records, and the
  comparison of the cells that show the entry;
- a `dataset`: the reader that checks sums; a `constant` of the package: the tests of its module.

Printed is the share that is noticed, and what survives; the command fails below `FLOORS`.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import tokenize
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from coursecnn.evidence import ledger, records
from harness import bindings, cells, compare, grammar, pictures, prose, sample
from harness.prose import Page

ROOT = cells.ROOT
DIGIT = re.compile(r"\d")
FLOORS = {
    "prose": 0.99, "alt": 0.99, "page": 0.99, "binding": 0.99,
    "record": 1.0, "dataset": 1.0,
}  # fmt: skip
COUNTS = {
    "prose": 100, "alt": 40, "page": 20, "claim": 40, "word": 40, "binding": 40, "output": 100,
    "table": 100, "figure": 20, "record": 40, "ledger": 200, "dataset": 2, "constant": 1,
}  # fmt: skip
ALIKE = (  # numbers in words that may stand for one another
    ("half", "twice", "double"),
    tuple(grammar.COUNTS),
    tuple(f"{part}s" for part in grammar.PARTS),
    tuple(grammar.PARTS),
)
ANY_WORD = "|".join(word for words in ALIKE for word in words)
NUMBER_WORD = re.compile(rf"\b(?:{ANY_WORD})\b", re.IGNORECASE)
GLYPH = (10, 7)  # rows and columns of a digit in a figure
LEAST_SEEN = 0.1  # of the pixels of a glyph that must differ, so that there is something to see
ARITHMETIC = ("geometry.py", "convolution.py", "patterns.py", "architectures/*.py", "models/*.py")
APART = ("dataset", "constant")  # what they start takes its time, while the others are tried here
SECONDS = 600


class Mutant(NamedTuple):
    """A change: where, what it was, what it became, and whether anything notices it."""

    where: str
    before: str
    after: str
    is_noticed: Callable[[], bool]


def changed(text: str, dice: random.Random) -> tuple[str, int]:
    """The text with one digit changed, and where."""
    place = dice.choice([match.start() for match in DIGIT.finditer(text)])
    digit = dice.choice([digit for digit in "0123456789" if digit != text[place]])
    return text[:place] + digit + text[place + 1 :], place


def _around(text: str, place: int) -> str:
    return " ".join(text[max(0, place - 30) : place + 20].split())


def mutant(where: str, text: str, dice: random.Random, test: Callable[[str], bool]) -> Mutant:
    """A change of one digit of a text that `test` may notice."""
    new, place = changed(text, dice)
    return Mutant(where, _around(text, place), _around(new, place), lambda: test(new))


def by_digits(things: Sequence[Any], text_of: Callable[[Any], str], dice: random.Random) -> Any:
    """One of the things, each as often as it has digits."""
    return dice.choices(things, [len(DIGIT.findall(text_of(thing))) for thing in things])[0]


@cache
def page(path: Path) -> Page:
    """A page of the book, read once."""
    return Page(path)


@cache
def known(path: Path) -> frozenset[str]:
    """What is wrong with a page as it is: nothing, where `make lint` passes."""
    return frozenset(map(str, page(path).problems()))


@cache
def all_texts(kind: str) -> list[tuple[Path, int]]:
    """The parts of pages that are of a kind."""
    paths = [path for path in prose.pages() if (path.suffix == ".md") is (kind == "page")]
    return [
        (path, number)
        for path in paths
        for number, text in enumerate(page(path).texts)
        if text.is_alt is (kind == "alt") and DIGIT.search(text.source)
    ]


def text(kind: str, dice: random.Random) -> Mutant:
    """A digit of a text cell, of a figure's description, or of a page."""
    path, number = by_digits(
        all_texts(kind), lambda each: page(each[0]).texts[each[1]].source, dice
    )
    part = page(path).texts[number]
    test = partial(_is_noticed, path, number)
    return mutant(f"{cells.shown(path)}, {part.where}", part.source, dice, test)


def _is_noticed(path: Path, number: int, new: str) -> bool:
    """Whether the guard notices another text in place of this one, after it was bound anew."""
    whole = page(path)
    known(path)
    texts, bound = whole.texts, whole.bound
    whole.texts = [*texts[:number], texts[number]._replace(source=new), *texts[number + 1 :]]
    try:
        whole.bound = whole.rebound()
        return bool(set(map(str, whole.problems())) - known(path))
    finally:
        whole.texts, whole.bound = texts, bound


@cache
def all_words(kind: str) -> list[tuple[Path, int, int, str]]:
    """The numbers in words: each page, the number of its text, where in it, and the word."""
    return [
        (path, number, match.start(), match[0])
        for path in prose.pages()
        for number, text in enumerate(page(path).texts)
        for claims in [[each for each in grammar.tokens(text.source) if each.kind == "word"]]
        for match in NUMBER_WORD.finditer(text.source)
        if kind == "word"
        or any(one.start <= match.start() < one.start + len(one.text) for one in claims)
    ]


def worded(kind: str, dice: random.Random) -> Mutant:
    """A number in words becomes another of its kind."""
    path, number, start, word = dice.choice(all_words(kind))
    part = page(path).texts[number]
    (alike,) = [words for words in ALIKE if word.lower() in words]
    other = dice.choice([each for each in alike if each != word.lower()])
    new = part.source[:start] + other + part.source[start + len(word) :]
    return Mutant(
        f"{cells.shown(path)}, {part.where}",
        _around(part.source, start),
        _around(new, start),
        partial(_is_noticed, path, number, new),
    )


def binding(dice: random.Random) -> Mutant:
    """A digit of a file of bindings."""
    paths = [path for path in prose.pages() if bindings.file(path).exists()]
    path = by_digits(paths, lambda each: bindings.file(each).read_text("utf-8"), dice)
    whole = page(path)
    known(path)

    def is_noticed(new: str) -> bool:
        stored = whole.bound
        try:
            whole.bound = bindings.parsed(new)
            found = set(map(str, whole.problems())) - known(path)
            return bool(found) or not bindings.is_of(path, new)
        except tomllib.TOMLDecodeError:
            return True
        finally:
            whole.bound = stored

    return mutant(bindings.file(path).name, bindings.file(path).read_text(), dice, is_noticed)


@cache
def all_outputs(kinds: tuple[str, ...]) -> list[tuple[Path, str, Any, int, str]]:
    """The texts that cells have stored: the notebook, the cell, its output's number, its kind."""
    return [
        (path, name, cell, number, kind)
        for path in cells.chapters()
        for name, cell in cells.named_cells(page(path).notebook)
        if cell.cell_type == "code"
        for number, output in enumerate(cell.outputs)
        for kind in kinds
        if DIGIT.search(_stored(output, kind))
    ]


def _stored(output: Any, kind: str) -> str:
    return str(output.get("text", "") if kind == "text" else output.get("data", {}).get(kind, ""))


def output(kinds: tuple[str, ...], dice: random.Random) -> Mutant:
    """A digit of what a cell has stored."""
    path, name, cell, number, kind = by_digits(
        all_outputs(kinds), lambda each: _stored(each[2].outputs[each[3]], each[4]), dice
    )

    def is_noticed(new: str) -> bool:
        other = deepcopy(cell)
        where = other.outputs[number] if kind == "text" else other.outputs[number].data
        where[kind] = new
        if cells.is_remeasured(cell):
            return _breaks_the_seal(path, cell.id, other)
        return bool(compare.differences(other.outputs, cell.outputs, compare.Tolerance.of(cell)))

    name += " (with a tolerance)" if "rtol" in cell.metadata.get("nbval", {}) else ""
    return mutant(f"{path.name}, {name}", _stored(cell.outputs[number], kind), dice, is_noticed)


def _breaks_the_seal(path: Path, id_: str, changed_cell: Any) -> bool:
    notebook = deepcopy(page(path).notebook)
    for cell in notebook.cells:
        if cell.id == id_:
            cell.outputs = changed_cell.outputs
    return prose.seal(notebook) not in page(path).bound


def figure(dice: random.Random) -> Mutant:
    """A patch of a figure, as large as a digit, becomes another that looks otherwise."""
    figures = [
        (path, name, cell, shown.data["image/png"])
        for path, name, cell, number, _ in all_outputs(("image/png",))
        if "image/png" in (shown := cell.outputs[number]).get("data", {})
        and not cells.is_remeasured(cell)
    ]
    path, name, cell, png = dice.choice(figures)
    pixels = pictures.pixels(png).astype(np.uint8)
    rows, columns = (size - part for size, part in zip(pixels.shape, GLYPH, strict=False))
    while True:
        (y, x), (v, u) = ((dice.randrange(rows), dice.randrange(columns)) for _ in range(2))
        old, new = (pixels[b : b + GLYPH[0], a : a + GLYPH[1]] for a, b in ((x, y), (u, v)))
        if (np.abs(old[..., :3].astype(int) - new[..., :3]).max(-1) > 64).mean() > LEAST_SEEN:
            break
    other = pixels.copy()
    other[y : y + GLYPH[0], x : x + GLYPH[1]] = new
    buffer = io.BytesIO()
    Image.fromarray(other).save(buffer, "PNG")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    allowed = compare.Tolerance.of(cell).rms
    place = f"a patch of {GLYPH[1]} by {GLYPH[0]} pixels at {x}, {y}"
    return Mutant(
        f"{path.name}, {name}", place, "another", lambda: pictures.block_rms(png, encoded) > allowed
    )


def record(dice: random.Random) -> Mutant:
    """A digit of a run record."""
    path = dice.choice(sorted((ROOT / "coursecnn/evidence/results").glob("*.json")))

    def is_noticed(new: str) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            forged = Path(folder) / path.name
            forged.write_text(new, "utf-8")
            try:
                records.read(forged)
            except ValueError:
                return True
        return False

    return mutant(path.name, path.read_text("utf-8"), dice, is_noticed)


@cache
def _shown_keys() -> frozenset[str]:
    """The entries that the comparison of some cell shows, or that a number is bound to."""
    shown = {
        finding["key"]
        for path in cells.chapters()
        for cell in cells.code_cells(page(path).notebook)
        if not cells.is_remeasured(cell)
        for out in cell.outputs
        for finding in out.get("data", {}).get(cells.LEDGER, ())
    }
    bound = {each.source for path in prose.pages() for each in page(path).bound}
    return frozenset(shown | {source.removeprefix("ledger: ") for source in bound})


def printed_elsewhere(dice: random.Random) -> Mutant:
    """A digit of what an entry of the ledger says was printed."""
    key, entry = by_digits(
        sorted(ledger.entries().items()), lambda each: each[1].printed.text, dice
    )
    return mutant(
        f"published.toml: {key}", entry.printed.text, dice, lambda _: key in _shown_keys()
    )


def dataset(dice: random.Random) -> Mutant:
    """A bit of a file of MNIST or CIFAR-10."""
    folder = Path(os.environ["COURSECNN_DATA"])
    files = [
        path for path in sorted(folder.rglob("*")) if path.is_file() and "meta" not in path.name
    ]
    path = dice.choice([path for path in files if path.suffix in ("", ".npz")])
    place, bit = dice.randrange(path.stat().st_size), dice.randrange(8)

    def is_noticed() -> bool:
        with tempfile.TemporaryDirectory() as room:
            copy = Path(room) / "data"
            shutil.copytree(folder, copy, copy_function=os.symlink)
            (forged := copy / path.relative_to(folder)).unlink()
            content = bytearray(path.read_bytes())
            content[place] ^= 1 << bit
            forged.write_bytes(content)
            name = "mnist" if path.suffix == ".npz" else "cifar10"
            code = f"from coursecnn import datasets; print(datasets.available({name!r}))"
            environment = {**os.environ, "COURSECNN_DATA": str(copy), "COURSECNN_OFFLINE": "1"}
            environment |= {"XDG_CACHE_HOME": room, "KERAS_HOME": room, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, text=True
            )
        return "True" not in done.stdout

    return Mutant(path.name, f"byte {place}", f"bit {bit} flipped", is_noticed)


def constant(dice: random.Random) -> Mutant:
    """A digit of a number in the package's arithmetic, outside of comments and docstrings."""
    modules = [path for part in ARITHMETIC for path in (ROOT / "coursecnn").glob(part)]
    path = by_digits(sorted(modules), lambda each: each.read_text("utf-8"), dice)
    source = path.read_text("utf-8")
    lines = source.splitlines(keepends=True)
    numbers = [
        token
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.NUMBER
    ]
    if not numbers:
        return constant(dice)
    token = dice.choice(numbers)
    new, _ = changed(token.string, dice)
    row, column = token.start
    line = lines[row - 1]
    lines[row - 1] = line[:column] + new + line[token.end[1] :]
    name = path.relative_to(ROOT)
    return Mutant(
        f"{name}:{row}",
        line.strip(),
        lines[row - 1].strip(),
        lambda: _tests_fail(name, "".join(lines)),
    )


def _tests_fail(name: Path, content: str) -> bool:
    """Whether the tests of a module fail in a copy of the project, where it has this content."""
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        for each in ("tests", "harness", "book", "pyproject.toml", "README.md", "_config.yml"):
            (room / each).symlink_to(ROOT / each)
        shutil.copytree(ROOT / "coursecnn", room / "coursecnn", copy_function=_copied)
        (room / name).unlink()
        (room / name).write_text(content, "utf-8")
        stem = name.stem.strip("_")
        below = ROOT / "tests" / name.relative_to("coursecnn").parent
        tests = sorted(below.glob(f"test_*{stem}*.py")) or [below]
        told = [str(path.relative_to(ROOT)) for path in tests]
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-x",
                "-q",
                "-p",
                "no:cacheprovider",
                *told,
                str(name),
            ],
            cwd=room,
            env={**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=SECONDS,
        )
    return done.returncode != 0


def _copied(source: str, target: str) -> None:
    """A link to what is large, a copy of what is read as code."""
    (shutil.copy if source.endswith(".py") else os.symlink)(source, target)


KINDS: dict[str, Callable[[random.Random], Mutant]] = {
    "prose": lambda dice: text("prose", dice),
    "alt": lambda dice: text("alt", dice),
    "page": lambda dice: text("page", dice),
    "claim": partial(worded, "claim"),
    "word": partial(worded, "word"),
    "binding": binding,
    "output": lambda dice: output(("text", "text/plain", "text/markdown"), dice),
    "table": lambda dice: output(("text/html",), dice),
    "figure": figure,
    "record": record,
    "ledger": printed_elsewhere,
    "dataset": dataset,
    "constant": constant,
}


def mutants(kind: str, count: int, seed: str) -> Iterator[Mutant]:
    """So many changes of a kind."""
    dice = random.Random(f"{seed} {kind}")
    return (KINDS[kind](dice) for _ in range(count))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what share of each kind is noticed; return 1 if it is less than it must be."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kind", choices=KINDS, action="append", help="default: all")
    parser.add_argument("--count", type=int, help="how many of each kind")
    parser.add_argument("--seed", default=sample.commit(), help="default: the commit")
    options = parser.parse_args(arguments)
    kinds = list(options.kind or KINDS)
    with ThreadPoolExecutor(1) as beside:
        one = partial(_tried, count=options.count, seed=options.seed)
        apart = {kind: beside.submit(one, kind) for kind in kinds if kind in APART}
        good = True
        for kind in kinds:
            is_good, told = apart[kind].result() if kind in apart else one(kind)
            good = good and is_good
            sys.stdout.write(told)
            sys.stdout.flush()
    return 0 if good else 1


def _tried(kind: str, count: int | None, seed: str) -> tuple[bool, str]:
    """Whether enough of the changes of a kind are noticed, and what is told of them."""
    if kind == "dataset" and "COURSECNN_DATA" not in os.environ:
        return True, "dataset: not tried, for want of the official data\n"
    start, count = monotonic(), count or COUNTS[kind]
    survivors = [each for each in mutants(kind, count, seed) if not each.is_noticed()]
    share, seconds = 1 - len(survivors) / count, monotonic() - start
    lines = [
        f"{kind}: {share:.1%} of {count} noticed, {seconds:.0f} s",
        *(f"  survives in {each.where}: {each.before!r} -> {each.after!r}" for each in survivors),
    ]
    return share >= FLOORS.get(kind, 0), "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
