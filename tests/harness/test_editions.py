"""The book as one PDF and as an EPUB: what is in them, and that nothing in them leads nowhere."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from harness import editions, epub
from harness.cells import ROOT
from harness.editions import Imprint, Page, Part

ABOUT = Imprint("course", "A book & its <pages>", "Somebody", "1.0", "https://example.org/book")
XHTML = "{http://www.w3.org/1999/xhtml}"
OPF = "{http://www.idpf.org/2007/opf}"
BITMAP = (
    "data:image/bmp;base64,Qk06AAAAAAAAADYAAAAoAAAAAQAAAAEAAAABABgAAAAAAAQAAADEDgAAxA4AAAAAAAAA"
    "AAAAAAAAAA=="
)
ONE = f"""<!doctype html><html><body><main><article class="bd-article"><section id="one">
<h1>1. One<a class="headerlink" href="#one">#</a></h1>
<div class="course-progress"></div>
<p>It has <a class="number-mark" href="#note-1">93,322</a> numbers
(<a href="two.html#here">two</a>, <a href="../search.html">search</a>,
<a href="https://example.org/?a=1&amp;b=2">elsewhere</a>).<br>A line.</p>
<div class="cell tag_hide-input"><details class="hide"><summary>Show</summary><pre>import</pre>
</details></div>
<div class="coursecnn" data-interactive="stepper-0" aria-label="Stepper"><style>p {{}}</style>
<div class="static"><table><tr><td>1<td>2</table><img src="{BITMAP}" alt="a dot"></div>
<script type="module">start()</script><button>Step</button></div>
<p><strong>Figure 1.1. A dot.</strong></p>
<details class="ledger"><summary>Checked here: 1 of 1 hold</summary><table></table></details>
<section id="exercise"><h3>Exercise 1: count</h3><pre>answer = ...</pre>
<div class="course-exercise" data-exercise="{{}}"></div>
<div class="cell tag_hide-cell"><details class="hide"><summary>Show the solution</summary>
<pre>answer = 9</pre></details></div></section></section>
<details class="number-notes"><ol><li id="note-1">93,322</li></ol></details>
</article></main></body></html>"""
TWO = """<!doctype html><html><body><article><section id="two"><h1>Two</h1>
<p id="here"><a href="one.html">one</a>, <a href="one.html#stepper">stepper</a></p>
<div class="math"><math><mfrac displaystyle="false"><mi>a</mi><mi>b</mi></mfrac></math></div>
</section></article></body></html>"""


def parts() -> list[Part]:
    return [Part("Start here", [Page("book/one.html"), Page("book/two.html")])]


@pytest.fixture(scope="module")
def tab(chromium: Any) -> Iterator[Any]:
    """A page that knows the script, as `editions.opened` gives."""
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.add_script_tag(content=(editions.HERE / "editions.js").read_text("utf-8"))
    yield page
    context.close()


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A built book of two pages."""
    folder = tmp_path / "html"
    (folder / "book").mkdir(parents=True)
    (folder / "_static").mkdir()
    (folder / "_static" / "pygments.css").write_text(".highlight { color: #000 }", "utf-8")
    (folder / "book" / "one.html").write_text(ONE, "utf-8")
    (folder / "book" / "two.html").write_text(TWO, "utf-8")
    return folder


def test_all_pages_are_in_but_the_index_of_names() -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    files = set(re.findall(r"'file': '([^']+)'", str(toc))) | {toc["root"]}
    found = [page for part in editions.contents() for page in part.pages]

    assert {page.file.removesuffix(".html") for page in found} == files - {"genindex"}
    assert len({page.name for page in found}) == len(found)


def test_what_only_a_screen_can_do_is_left_out(tab: Any, book: Path) -> None:
    [part] = parts()
    editions.read(tab, [part], to_files=True, book=book)
    text = part.pages[0].xml

    for gone in ("script", "button", "<style", "<details", "number-", "#note", "course-", "import"):
        assert gone not in text, gone
    for kept in ("93,322", "Checked here: 1 of 1 hold", "Stepper (it answers", "<td>1</td>"):
        assert kept in text, kept
    assert text.index("answer = ...") < text.index("Solutions") < text.index("answer = 9")
    assert [heading.text for heading in part.pages[0].headings] == [
        *("1. One", "Exercise 1: count", "Solutions")
    ]
    assert 'class="figure-caption"' in text


def test_links_stay_in_the_edition(tab: Any, book: Path) -> None:
    [part] = parts()
    editions.read(tab, [part], to_files=True, book=book)
    assert re.findall(r'href="([^"]*)"', part.pages[0].xml) == [
        *("two.xhtml#two--here", "https://example.org/?a=1&amp;b=2")
    ]
    assert 'href="one.xhtml#one--stepper"' in part.pages[1].xml
    editions.read(tab, [part], to_files=False, book=book)
    assert 'href="#two--here"' in part.pages[0].xml
    assert "<h2" in part.pages[0].xml
    assert BITMAP in part.pages[0].xml


def written(tab: Any, path: Path, parts: list[Part], book: Path) -> zipfile.ZipFile:
    editions.read(tab, parts, to_files=True, book=book)
    epub.write(path, parts, ABOUT, book, b"a picture")
    return zipfile.ZipFile(path)


def faults(archive: zipfile.ZipFile) -> Iterator[str]:
    """What is wrong with an EPUB's files."""
    names = archive.namelist()
    if names[0] != "mimetype" or archive.infolist()[0].compress_type != zipfile.ZIP_STORED:
        yield "it does not say first what it is"
    package = ElementTree.fromstring(archive.read("book/package.opf"))
    listed = {item.get("href"): item for item in package.iter(f"{OPF}item")}
    inside = {name.removeprefix("book/") for name in names if name.startswith("book/")}
    yield from (
        f"listed or there, not both: {name}" for name in inside - {"package.opf"} ^ set(listed)
    )
    trees = {name: _tree(archive, name) for name in inside if name.endswith(".xhtml")}
    places = {
        name: [node.get("id") for node in tree.iter() if node.get("id")]
        for name, tree in trees.items()
    }
    for name, tree in trees.items():
        ids = places[name]
        yield from (f"{name} has {one} twice" for one in ids if ids.count(one) > 1)
        for node in tree.iter():
            yield from _faults_of(node, name, inside, places)
        holds = tree.find(".//{http://www.w3.org/1998/Math/MathML}math") is not None
        if holds != ("mathml" in (listed[name].get("properties") or "")):
            yield f"the package is wrong about the formulas of {name}"


def _tree(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(archive.read(f"book/{name}"))


def _faults_of(
    node: ElementTree.Element, name: str, inside: set[str], places: dict[str, list[str]]
) -> Iterator[str]:
    if node.tag.removeprefix(XHTML) in {"script", "style", "button", "input", "details", "canvas"}:
        yield f"{name} holds {node.tag}"
    if (source := node.get("src")) is not None and source not in inside:
        yield f"{name} shows {source}, which is not there"
    href = node.get("href")
    if href is not None and "://" not in href and not href.startswith("mailto:"):
        file, _, place = href.partition("#")
        file = posixpath.normpath(file) if file else name
        if file not in inside or (place and place not in places[file]):
            yield f"{name} leads to {href}, which is not there"


def test_an_epub_is_whole(tab: Any, book: Path, tmp_path: Path) -> None:
    archive = written(tab, tmp_path / "small.epub", parts(), book)

    assert list(faults(archive)) == []
    assert archive.read("mimetype") == b"application/epub+zip"
    assert archive.read("book/_images/one-0.png").startswith(b"\x89PNG")
    assert "mstyle" in archive.read("book/two.xhtml").decode()
    spine = [*ElementTree.fromstring(archive.read("book/package.opf")).iter(f"{OPF}itemref")]
    assert [item.get("idref") for item in spine] == [
        *("f-cover.xhtml", "f-part-start-here.xhtml", "f-one.xhtml", "f-two.xhtml")
    ]
    navigation = archive.read("book/nav.xhtml").decode()
    assert 'href="one.xhtml#one--solutions-of-the-exercises"' in navigation


def test_a_lack_in_an_epub_is_found(tab: Any, book: Path, tmp_path: Path) -> None:
    two = TWO.replace("one.html#stepper", "one.html#nowhere")
    (book / "book" / "two.html").write_text(two, "utf-8")
    archive = written(tab, tmp_path / "small.epub", parts(), book)

    assert list(faults(archive)) == [
        "two.xhtml leads to one.xhtml#one--nowhere, which is not there"
    ]


def test_the_epub_of_the_built_book_is_whole(tab: Any, tmp_path: Path) -> None:
    from tests import browser

    browser.pages_with("<html")
    archive = written(tab, tmp_path / "book.epub", editions.contents(), browser.BOOK)

    assert list(faults(archive)) == []


def test_a_pdf_has_bookmarks_and_its_contents_page_numbers(
    chromium: Any, tab: Any, book: Path, tmp_path: Path
) -> None:
    [part] = parts()
    editions.read(tab, [part], to_files=False, book=book)
    context = chromium.new_context(offline=True)
    page = context.new_page()
    editions.print_pdf(page, [part], ABOUT, tmp_path / "book.pdf")
    numbers = page.evaluate(
        "[...document.querySelectorAll('.contents a')].map((a) => a.dataset.page)"
    )
    context.close()
    printed = (tmp_path / "book.pdf").read_bytes()

    assert len(editions.PAGE_OBJECT.findall(printed)) == 5  # cover, contents, part, two pages
    assert numbers == ["3", "4", "5"]
    marks = re.findall(rb"/Title \(([^)]*)\)", printed)
    assert {b"Start here", b"1. One", b"Exercise 1: count", b"Solutions", b"Two"} <= set(marks)


def test_no_page_of_the_pdf_is_wider_than_paper(tab: Any, chromium: Any, tmp_path: Path) -> None:
    """Chromium would print all of them smaller."""
    from tests import browser

    browser.pages_with("<html")
    parts = editions.contents()
    editions.read(tab, parts, to_files=False, book=browser.BOOK)
    (tmp_path / "book.html").write_text(editions.document(parts, ABOUT), "utf-8")
    with browser.visit(chromium, width=665) as visit:
        visit.page.emulate_media(media="print")
        visit.page.goto((tmp_path / "book.html").as_uri())
        wide = visit.page.evaluate(
            """() => [...document.querySelectorAll("body *")]
              .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
              .map((node) => `${node.closest("article")?.id}: ${node.outerHTML.slice(0, 100)}`)"""
        )
        visit.page.emulate_media(media="screen")

    assert wide == []


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness.editions", "pdf"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_browser_it_says_what_helps() -> None:
    done = run(CHROMIUM="no-such-browser")

    assert done.returncode != 0
    assert "apt-get install chromium" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_book_it_says_what_helps(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make book"):
        editions.read(None, parts(), to_files=True, book=tmp_path)
