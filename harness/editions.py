"""The book as one file, to read offline: `python -m harness.editions pdf`, or `epub`.

Both are made from the built pages of `make book`, which are tested, by a headless Chromium, which
works offline: it reads each page, leaves out what only a screen can do (`editions.js`), and prints
all of them as one document, or writes each as XML for the EPUB (`harness.epub`). Links between
pages lead to their places in the same file; what a page folds is left out, as it is on paper, but
the solutions stand at the end of their chapter.

- `contents(root)`: parts and pages, as the table of contents has them;
- `read(tab, parts)`: the pages, cleaned;
- `document(parts)`: all of them as one HTML page;
- `chromium()`: the browser.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import yaml

from harness import epub
from harness.cells import ROOT

BUILD = ROOT / "_build"
BOOK = BUILD / "html"
HERE = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
LEFT_OUT = {"genindex"}  # it lists the places of names in the reference, which a reader searches
COVER = {"width": 1200, "height": 1600}  # pixels
PAGE_OBJECT = re.compile(rb"(?<=\n)(\d+) 0 obj\n<</Type /Page\b")
PLACE = re.compile(rb"/([\w.-]+) \[(\d+) 0 R /XYZ ")
NUMBERED = """numbers => {
  for (const link of document.querySelectorAll(".contents a"))
    link.dataset.page = numbers[link.hash.slice(1)] ?? "";
}"""
TIMEOUT = 1_800_000  # milliseconds; a slow machine needs minutes for a thousand pages


@dataclass(frozen=True)
class Heading:
    """A heading of a page: its level, the identifier of its place, and its words."""

    level: int
    id: str
    text: str


@dataclass
class Page:
    """A page of the book, and after `read` what it says.

    Attributes:
        file: its address in the book, `book/foundations/01_cortex.html`.
        name: a short one, which no other page has.
        xml: its article, as XML.
        headings: title and sections.
        pictures: those that stood in it as data, by the name of the file they go to.
    """

    file: str
    xml: str = ""
    headings: list[Heading] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A short name, which is also the identifier of its place."""
        return self.file.removeprefix("book/").removesuffix(".html").replace("/", "-")

    @property
    def title(self) -> str:
        """Its first heading."""
        return self.headings[0].text if self.headings else self.name


@dataclass(frozen=True)
class Part:
    """A part of the book."""

    title: str
    pages: list[Page]

    @property
    def name(self) -> str:
        """The identifier of its place."""
        return f"part-{re.sub('[^a-z]+', '-', self.title.lower())}"


@dataclass(frozen=True)
class Imprint:
    """What the title page says: the book, what it is about, by whom, which one."""

    title: str
    subject: str
    author: str
    version: str
    address: str


def contents(root: Path = ROOT) -> list[Part]:
    """The parts of the book, in order; the front page opens the first one."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    parts = [
        Part(part["caption"], [Page(f"{file}.html") for file in _files(part["chapters"])])
        for part in toc["parts"]
    ]
    parts[0].pages.insert(0, Page(f"{toc['root']}.html"))
    return parts


def _files(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        if entry["file"] not in LEFT_OUT:
            yield entry["file"]
            yield from _files(entry.get("sections", ()))


def imprint(subject: str, root: Path = ROOT) -> Imprint:
    """What the project's files say of the book."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = config["repository"]["url"]
    return Imprint(config["title"], subject, config["author"], project["version"], address)


def chromium() -> str | None:
    """The path of a Chromium on this machine: the one that $CHROMIUM names, or the usual ones."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [named] if named else NAMES)), None)


@contextmanager
def opened() -> Iterator[Any]:
    """An empty page in a browser that knows `editions.js`.

    Raises:
        SystemExit: if there is no Chromium; says what helps.
    """
    path = chromium()
    if path is None:
        sys.exit(
            f"the editions need a Chromium ({', '.join(NAMES)}), and none is here: install it "
            "(apt-get install chromium), or name one in the environment variable CHROMIUM"
        )
    from playwright import sync_api  # slow to import

    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path)
        tab = browser.new_context(offline=True).new_page()
        tab.set_default_timeout(TIMEOUT)
        tab.add_script_tag(content=(HERE / "editions.js").read_text(encoding="utf-8"))
        yield tab
        browser.close()


def read(tab: Any, parts: Sequence[Part], *, to_files: bool, book: Path = BOOK) -> None:
    """Fill in what the pages say.

    Args:
        tab: what `opened` gives.
        parts: the parts, whose pages are filled in.
        to_files: whether each page becomes a file of its own.
        book: the folder of the built book.

    Raises:
        SystemExit: if a page is not built.
    """
    pages = [page for part in parts for page in part.pages]
    names = {page.file: page.name for page in pages}
    for number, page in enumerate(pages, start=1):
        _tell(f"reading page {number} of {len(pages)}")
        path = book / page.file
        if not path.exists():
            sys.exit(f"{path} is not there: make book")
        source = path.read_text(encoding="utf-8")
        asked = {"html": source, "name": page.file, "pages": names, "toFiles": to_files}
        found = tab.evaluate("page => edition(page)", asked)
        page.xml, page.pictures = found["xml"], found["pictures"]
        page.headings = [Heading(**heading) for heading in found["headings"]]


def document(parts: Sequence[Part], about: Imprint) -> str:
    """All pages as one, with a title page, a list of contents and a page for each part."""
    body = "\n".join(
        f'<section class="part" id="{part.name}"><h1>{escape(part.title)}</h1></section>\n'
        + "\n".join(page.xml for page in part.pages)
        for part in parts
    )
    styles = "".join(_style(name) for name in ("edition.css", "paper.css"))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(about.subject)}</title>"
        f'<link rel="stylesheet" href="../html/_static/pygments.css">{styles}</head>'
        f"<body>{cover(about)}{_list_of_contents(parts)}{body}</body></html>"
    )


def _style(name: str) -> str:
    return f"<style>{(HERE / name).read_text(encoding='utf-8')}</style>"


def cover(about: Imprint) -> str:
    """The title page."""
    logo = (ROOT / "book" / "_static" / "logo.svg").read_text(encoding="utf-8")
    return (
        f'<section class="cover">{logo}<p class="title">{escape(about.subject)}</p>'
        f'<p class="book">{escape(about.title)} {escape(about.version)}</p>'
        f"<p>{escape(about.author)}</p><p>{escape(about.address)}</p>"
        "<p>Text: CC BY 4.0. Code: MIT.</p></section>"
    )


def _list_of_contents(parts: Sequence[Part]) -> str:
    items = "".join(
        f'<li><a href="#{part.name}">{escape(part.title)}</a><ul>'
        + "".join(
            f'<li><a href="#{page.name}">{escape(page.title)}</a></li>' for page in part.pages
        )
        + "</ul></li>"
        for part in parts
    )
    return f'<nav class="contents"><p class="title">Contents</p><ul>{items}</ul></nav>'


def print_pdf(tab: Any, parts: Sequence[Part], about: Imprint, path: Path) -> None:
    """Print all pages into one PDF, with bookmarks and page numbers."""
    page = path.parent / "editions" / "book.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(document(parts, about), encoding="utf-8")
    tab.goto(page.as_uri(), wait_until="load")
    _tell("printing, to learn on which page everything is (a minute or two)")
    numbers = page_numbers(tab.pdf(prefer_css_page_size=True))
    tab.evaluate(NUMBERED, numbers)
    _tell("printing, with bookmarks (some minutes, in which nothing is to be seen)")
    tab.pdf(path=path, outline=True, tagged=True, prefer_css_page_size=True)


def page_numbers(pdf: bytes) -> dict[str, int]:
    """On which page of a PDF of Chromium's each place is that a link leads to.

    Chromium can print a page's own number, but not yet that of a link's target (`target-counter`).
    It writes pages in their order, and in its list of places their objects, all uncompressed.
    """
    objects = [int(number) for number in PAGE_OBJECT.findall(pdf)]
    order = {number: place for place, number in enumerate(objects, start=1)}
    return {
        name.decode(): order[int(number)]
        for name, number in PLACE.findall(pdf)
        if int(number) in order
    }


def picture_of_cover(tab: Any, about: Imprint) -> bytes:
    """The title page as a PNG."""
    tab.set_viewport_size(COVER)
    tab.set_content(
        f'<html><body class="picture">{_style("edition.css")}{cover(about)}</body></html>'
    )
    return bytes(tab.screenshot())


def _tell(what: str) -> None:
    """Say what is being done: on a terminal, in one line that is written over."""
    is_terminal = sys.stderr.isatty()
    print(
        f"\r\033[K{what}" if is_terminal else what, end="" if is_terminal else "\n", file=sys.stderr
    )
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Make an edition, and say how large it is."""
    parser = argparse.ArgumentParser(prog="python -m harness.editions", description=__doc__)
    parser.add_argument("form", choices=("pdf", "epub"))
    form = parser.parse_args(arguments).form
    begun, path = time.monotonic(), BUILD / f"coursecnn.{form}"
    parts = contents()
    with opened() as tab:
        read(tab, parts, to_files=form == "epub")
        about = imprint(parts[0].pages[0].title)
        if form == "pdf":
            print_pdf(tab, parts, about, path)
        else:
            epub.write(path, parts, about, BOOK, picture_of_cover(tab, about))
    size, seconds = path.stat().st_size / 1e6, time.monotonic() - begun
    _tell(f"{path.relative_to(ROOT)}: {size:.1f} MB, made in {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
