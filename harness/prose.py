"""The prose guard: each number in a text is bound to its source, and agrees with it.

    python -m harness.prose                  check all of the book's pages, and README.md
    python -m harness.prose FILE ...         these: notebooks, or Markdown pages
    python -m harness.prose --bind FILE      bind what is new: what `harness.normalise` does too
    python -m harness.prose --rebind FILE    bind anew also what was changed on purpose

Guarded are all digits of text cells, headings, formulas, exercises, and descriptions of figures.
What a number may be bound to stands in `harness.sources`, where bindings are kept in
`harness.bindings`, what needs no source in `harness.grammar`. Numbers in words that claim something
(three of the five, half the time) are bound to what counts the same things, or to `word`: then no
more is known than that they were not changed.

Binding takes the nearest number that agrees: in the same section, in a line with the same words.
On a terminal it asks where several are as near. It never changes the source of a number that was
bound before and does not agree with it any more: the text is wrong then, or `--rebind` is meant.

The guard also names keys that a notebook asks the ledger for and `published.toml` lacks.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from coursecnn.evidence import ledger
from harness import bindings, cells, grammar
from harness.bindings import Binding, Place
from harness.sources import OPEN, Sources

LEDGER_CALLS = frozenset({"compare", "judge", "cite"})
CANDIDATES = 3
PAGES = ("README.md", "book/*.md", "book/appendix/*.md")
FIGURE = "figure"
SEALED = "outputs of cells tagged nbval-ignore-output"
MOST_NAMED = 12  # new bindings


@dataclass(frozen=True)
class Problem:
    """What is wrong with a number in a text, or with a page's file of bindings.

    Attributes:
        path: the page.
        where: the cell.
        message: what is wrong there.
        cure: what mends it.
        sentence: the sentence that holds the number, or nothing.
    """

    path: Path
    where: str
    message: str
    cure: str
    sentence: str = ""

    def __str__(self) -> str:
        said = f"\n  in: {self.sentence}" if self.sentence else ""
        return f"{cells.shown(self.path)}, {self.where}: {self.message}{said}\n  {self.cure}"


class Page:
    """A page, its bindings, and what they may name.

    Attributes:
        path: its file.
        notebook: what it holds, if it is one.
        bound: its bindings, as they are stored.
        texts: what a reader sees.
        sources: what that can be bound to.
    """

    def __init__(
        self,
        path: Path,
        published: Mapping[str, ledger.Entry] | None = None,
        choose: Callable[[Place, Sequence[str]], str] = lambda _, proposed: proposed[0],
    ) -> None:
        """Read a page; `choose` takes one of the sources that a new number may have.

        Raises:
            UnreadableError: if it is no notebook and no Markdown page.
            ValueError: if its file of bindings cannot be read.
        """
        self.path, self.choose = path, choose
        self.notebook = None if path.suffix == ".md" else cells.read(path)
        self.sources = Sources(self.notebook, published, _chapters)
        self.bound = bindings.read(path)
        self.texts = list(
            bindings.texts(path) if self.notebook is None else bindings.texts_of(self.notebook)
        )
        self.seal = seal(self.notebook)

    @property
    def places(self) -> list[Place]:
        """What holds digits in its texts."""
        return bindings.places(self.texts, self.bound)

    def problems(self) -> list[Problem]:
        """What is wrong with its numbers, in order; whether the file is up to date, if nothing."""
        places = self.places
        found = bindings.aligned(places, self.bound)
        faults = [
            fault
            for place, binding in zip(places, found, strict=True)
            if (fault := self._problem(place, binding))
        ]
        if self.seal and self.seal not in self.bound:
            message = "outputs of cells that measure anew are not those that were stored by a run"
            cure = f"python -m harness.execute {cells.shown(self.path)}"
            faults.append(Problem(self.path, "outputs", message, cure))
        kept = [self.seal] if self.seal else []
        kept += [
            _line(place, each.source) for place, each in zip(places, found, strict=True) if each
        ]
        if not faults and bindings.dumps(self.path, kept) != bindings.dumps(self.path, self.bound):
            message = f"{cells.shown(bindings.file(self.path))} is not as the text is"
            cure = f"{self.command('--bind')} writes it anew"
            faults.append(Problem(self.path, "numbers", message, cure))
        return faults

    def _problem(self, place: Place, binding: Binding | None) -> Problem | None:
        token = place.token
        if token.kind == "unknown":
            message = f"{token.text!r} is no number, and no name of harness/names.txt"
            return self._at(place, message, "correct it, put code in backticks, or add the name")
        if token.fault:
            message = f"{token.text!r} does not hold: {token.fault}"
            return self._at(place, message, "correct the calculation")
        if binding is None:
            return self._unbound(place)
        fault = self._fault(place, binding)
        if not fault:
            return None
        message = f"{token.text!r} is not what it is bound to, {binding.source!r}: {fault}"
        if place.written != binding.text:
            message = f"{message}; it was {binding.text!r}"
        return self._at(
            place,
            message,
            f"correct it, or if another source is meant: {self.command('--rebind')}",
        )

    def _fault(self, place: Place, binding: Binding) -> str:
        token, source = place.token, binding.source
        if source == FIGURE and place.text.is_alt:
            return "" if place.written == binding.text else "the text was changed"
        if source == token.kind:
            return (
                token.fault
                if place.written == binding.text
                else "it was changed, and nothing computes it"
            )
        fault = self.sources.fault(source, token, place.said.before)
        if not fault and place.written != binding.text and self.sources.fault(source, token, ""):
            return "it was changed, and is only near it"
        return fault or bindings.turned(place, binding)

    def _unbound(self, place: Place) -> Problem:
        token = place.token
        proposed = self._proposals(place)
        if proposed:
            cure = f"{self.command('--bind')} binds it, to {proposed[0]!r}"
            return self._at(place, f"{token.text!r} is not bound to a source yet", cure)
        message = f"nothing proves {token.text!r}; nearest: {self._nearest(token)}"
        line = f"['{place.context}', '= {{...}} / {{...}}']"
        cure = (
            "correct it, or have a cell print it; if it follows from numbers that are shown, write "
            f"{line} into {cells.shown(bindings.file(self.path))}"
        )
        return self._at(place, message, cure)

    def _nearest(self, token: grammar.Token) -> str:
        if token.number is None:
            return "none of this size"
        numbers = {
            value.text: (token.number.distance(value), shown.quotation)
            for shown, value in self.sources.shown
            if isinstance(value, grammar.Number)
        }
        nearest = sorted(numbers, key=lambda text: numbers[text][0])[:CANDIDATES]
        return ", ".join(f"{text} ({numbers[text][1]})" for text in nearest) or "no number is shown"

    def _at(self, place: Place, message: str, cure: str) -> Problem:
        sentence = bindings.sentence(place.text.source, place.token.start)
        return Problem(self.path, place.text.where, message, cure, sentence)

    def command(self, option: str) -> str:
        """What a writer runs to bind the page."""
        return f"python -m harness.prose {option} {cells.shown(self.path)}"

    def _proposals(self, place: Place) -> list[str]:
        token = place.token
        if token.fault or token.kind == "unknown":
            return []
        if token.kind == "word":
            return self.sources.counting(token, place.said, place.text.section)
        if token.kind not in ("number", "size"):
            return [token.kind]
        section = place.text.section
        sources, said = self.sources, place.said
        composed = sources.joined if token.kind == "size" else sources.derived
        found = sources.candidates(token, said, section) or [composed(token, said, section)]
        return list(filter(None, found)) or ([FIGURE] if place.text.is_alt else [])

    def rebound(self, *, again: bool = False, measured: bool = False) -> list[Binding]:
        """Its bindings, with what is new bound to what is nearest.

        Args:
            again: whether to bind anew also what was changed and does not agree any more.
            measured: whether its outputs come from a run just now, so that they are sealed.
        """
        places = self.places
        lines = [
            self._bind(place, binding, again=again)
            for place, binding in zip(places, bindings.aligned(places, self.bound), strict=True)
        ]
        stored = next((each for each in self.bound if each.context == SEALED), None)
        seal = self.seal if again or measured or stored is None else stored
        return [line for line in (seal, *lines) if line]

    def _is_there(self, binding: Binding) -> bool:
        try:
            self.sources.value(binding.source)
        except ValueError:
            return False
        return True

    def _bind(self, place: Place, binding: Binding | None, *, again: bool) -> Binding | None:
        if binding and not self._fault(place, binding):
            return _line(place, binding.source)
        if binding and not again and (self._is_there(binding) or OPEN not in binding.source):
            return binding
        proposed = self._proposals(place)
        if place.token.kind == "word" and binding and binding.source.startswith("= "):
            return binding  # what an author wrote
        if binding and not again:
            same = [one for one in proposed if _is_same_line(one, binding.source)]
            proposed = same or (proposed if place.written == binding.text else [])
        if not proposed:
            return binding
        several = place.token.kind != "word"
        return _line(place, self.choose(place, proposed) if several else proposed[0])


def seal(notebook: Any) -> Binding | None:
    """What holds the outputs of cells that measure anew, which no test compares with fresh ones."""
    anew = filter(cells.is_remeasured, cells.code_cells(notebook) if notebook else ())
    shown = json.dumps([cell.outputs for cell in anew], sort_keys=True)
    return Binding("", SEALED, sha256(shown.encode()).hexdigest()[:16]) if shown != "[]" else None


def _is_same_line(one: str, other: str) -> bool:
    return bindings.masked(one) == bindings.masked(other)


def _line(place: Place, source: str) -> Binding:
    return Binding(place.text.heading, place.context, source)


@cache
def _chapters() -> dict[str, Sources]:
    return {f"@{path.stem}: ": Sources(cells.read(path)) for path in cells.chapters()}


def pages(files: Sequence[Path] = ()) -> list[Path]:
    """The given files, or all that is guarded."""
    others = [path for pattern in PAGES for path in sorted(cells.ROOT.glob(pattern))]
    return list(files) or [*cells.chapters(), *others]


def check(path: Path, published: Mapping[str, ledger.Entry] | None = None) -> list[Problem]:
    """What is wrong with the numbers in the text of a page, in order.

    Raises:
        UnreadableError: if it is no notebook.
    """
    page = Page(path, published)
    return [*unknown_keys(path, published), *misnamed(page), *page.problems()]


def misnamed(page: Page) -> Iterator[Problem]:
    """Whether the file of a page's bindings says that it is another one's."""
    stored = bindings.file(page.path)
    if page.bound and not bindings.is_of(page.path, stored.read_text("utf-8")):
        message = f"{cells.shown(stored)} does not begin with the name of its page"
        yield Problem(page.path, "numbers", message, f"{page.command('--bind')} writes it anew")


def bind(path: Path, *, again: bool = False, measured: bool = False) -> Iterator[str]:
    """Bind the numbers of a page that are new, write its file, and say which, and what is due."""
    page = Page(path, choose=_ask if sys.stdin.isatty() and not again else lambda _, all_: all_[0])
    fresh = page.rebound(again=again, measured=measured)
    new = [each for each in fresh if each not in page.bound and each.source != each.text]
    if bindings.write(path, fresh):
        yield f"{cells.shown(bindings.file(path))}: {len(new)} lines are new"
        yield from (f"  {each.context} : {each.source}" for each in new[:MOST_NAMED])
    if problems := check(path):
        yield f"{len(problems)} numbers are not proved: python -m harness.prose {cells.shown(path)}"


def _ask(place: Place, proposed: Sequence[str]) -> str:
    """Which of several sources is meant, asked on the terminal; Enter takes the nearest."""
    if len(proposed) == 1:
        return proposed[0]
    listed = "".join(f"  {number}  {one}\n" for number, one in enumerate(proposed, start=1))
    answer = input(f"{place.text.where}: {place.context}\n{listed}which one proves it? [1] ")
    chosen = int(answer) if answer.isdecimal() else 1
    return proposed[min(max(chosen, 1), len(proposed)) - 1]


def unknown_keys(
    path: Path, published: Mapping[str, ledger.Entry] | None = None
) -> Iterator[Problem]:
    """The keys that `ledger.compare`, `judge` and `cite` are called with, but do not exist."""
    known = ledger.entries() if published is None else published
    for name, cell in cells.named_cells(cells.read(path)) if path.suffix != ".md" else ():
        for key in _asked(cells.parse(cell.source)) if cell.cell_type == "code" else ():
            if key not in known:
                message = f"published.toml has no entry {key!r}"
                yield Problem(path, name, message, "correct the key, or add the entry")


def _asked(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=function, args=[ast.Constant(value=str(key)), *_]):
                if _is_ledger_call(function):
                    yield key


def _is_ledger_call(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name):
            return name in LEDGER_CALLS
        case ast.Attribute(value=ast.Name(id="ledger"), attr=name):
            return name in LEDGER_CALLS
    return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Guard pages; return 1 if a number does not agree with its source."""
    parser = cells.command_line("prose", __doc__)
    parser.add_argument("--bind", action="store_true", help="bind what is new")
    parser.add_argument("--rebind", action="store_true", help="bind anew what was changed, too")
    options = parser.parse_args(arguments)
    paths = pages(options.files)
    problems: list[object] = []
    for path in paths:
        try:
            if options.bind or options.rebind:
                sys.stdout.writelines(f"{line}\n" for line in bind(path, again=options.rebind))
            problems += check(path)
        except ValueError as error:
            problems.append(error)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(f"prose guard: {len(paths)} pages, {len(problems)} problems\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
