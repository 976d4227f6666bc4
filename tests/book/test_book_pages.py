"""Every page of the built book, in a browser: alone, light, legible, and no wider than a phone."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from harness import cells
from tests import browser

PAGES = browser.pages_with("<html")

BUDGET = 1_500_000  # bytes
AT_FIRST = 400_000  # bytes until the top of a chapter is seen on a phone
SENT_AS_THEY_ARE = {
    ".png",
    ".jpg",
    ".webp",
    ".woff2",
}  # compressed already; servers compress the others
PHONE, ZOOMED, DESK = 360, 640, 1300  # pixels; 640 is a screen of 1280 at a zoom of 200 %
GRAVE = {"moderate", "serious", "critical"}

UNFOLD = "for (const folded of document.querySelectorAll('details')) folded.open = true"
# Most of a chapter are the coloured words of its code: for axe, three of each colour stay in each
# kind of box, and the others become plain text.
THIN_OUT = """() => {
  const kindOf = (word) =>
    [word, word.parentElement, word.closest("[class*=highlight]")].map((node) => node?.className);
  const words = [...document.querySelectorAll("pre span:not(:has(*))")];
  for (const alike of Map.groupBy(words, (word) => kindOf(word).join()).values())
    for (const word of alike.slice(3)) word.replaceWith(word.textContent);
}"""
# What is cut off or leaves the page: wider than the screen, and in no box that scrolls.
STICK_OUT = """() => {
  const scrolls = (node) => ["auto", "scroll"].includes(getComputedStyle(node).overflowX);
  const inBox = (node) => node && (scrolls(node) || inBox(node.parentElement));
  return [...document.querySelectorAll("main :is(p, pre, table, img, svg, canvas, math)")]
    .filter((node) => node.checkVisibility() && !inBox(node.parentElement) && !scrolls(node))
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
    .map((node) => node.outerHTML.slice(0, 200));
}"""
# One of each kind of what the Tab key reaches; the focus shows on it or on what it holds.
WITHOUT_FOCUS = """() => {
  const kinds = new Map();
  // The search box, once it has the focus, loads its index, which from disk it may not.
  const stops = "a[href], button, input:not([type=search]), select, summary, [tabindex='0']";
  for (const node of document.querySelectorAll(stops)) {
    const isReached = node.checkVisibility({ visibilityProperty: true }) && node.tabIndex >= 0;
    if (isReached) kinds.set(`${node.tagName} ${node.className}`, node);
  }
  const rings = (node) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(node);
    return (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
  };
  const isRinged = (node) => {
    node.focus();
    return [node, ...node.children].some(rings);
  };
  return [...kinds.values()].filter((node) => !isRinged(node)).map((node) => node.outerHTML);
}"""

# The state of the face of this family that holds but few letters.
FACES = """(_, family) => [...document.fonts]
  .filter((face) => face.family.includes(family) && face.unicodeRange !== "U+0-10FFFF")
  .map((face) => face.status)"""


class Opened(NamedTuple):
    """A page in which all is unfolded, and the addresses of all that it asked for."""

    page: Any
    asked: set[str]


@pytest.fixture(scope="module", params=PAGES)
def opened(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Each page, on a phone in light colours; at the end, nothing must have gone wrong there."""
    asked: set[str] = set()
    with browser.visit(chromium, width=PHONE) as visit:

        def note(request: Any) -> None:
            asked.add(request.url)

        visit.page.on("request", note)
        visit.page.goto((browser.BOOK / request.param).as_uri(), wait_until="load")
        visit.page.evaluate(UNFOLD)
        visit.page.evaluate(THIN_OUT)
        yield Opened(visit.page, asked)
        visit.page.remove_listener("request", note)
        visit.assert_quiet()


def transferred(addresses: set[str]) -> int:
    """How many bytes a web server sends for these files."""
    files = [Path(unquote(urlsplit(address).path)) for address in addresses]
    return sum(
        len(content if file.suffix in SENT_AS_THEY_ARE else gzip.compress(content, 6))
        for file in files
        for content in [file.read_bytes()]
    )


def graves(faults: browser.Faults) -> browser.Faults:
    return [fault for fault in faults if fault["impact"] in GRAVE]


def test_every_chapter_has_its_page() -> None:
    paths = [path.relative_to(cells.ROOT) for path in cells.chapters()]

    assert {path.with_suffix(".html").as_posix() for path in paths} <= set(PAGES), "make book"


def test_a_page_is_light(opened: Opened) -> None:
    files = {address for address in opened.asked if address.startswith("file:")}

    assert files
    assert transferred(files) <= BUDGET


@pytest.mark.parametrize("name", PAGES)
def test_the_first_view_is_lighter_still(chromium: Any, name: str) -> None:
    """What a browser asks for to show the top of a page; pictures below come later."""
    asked: set[str] = set()
    with browser.visit(chromium, width=PHONE) as visit:
        note = lambda request: asked.add(request.url)  # noqa: E731
        visit.page.on("request", note)
        visit.page.goto((browser.BOOK / name).as_uri(), wait_until="load")
        visit.page.remove_listener("request", note)

    assert transferred({one for one in asked if one.startswith("file:")}) <= AT_FIRST


@pytest.mark.parametrize("width", [PHONE, ZOOMED, DESK])
def test_all_fits_and_what_scrolls_is_reached(opened: Opened, width: int) -> None:
    """Wide tables, formulas and code scroll in boxes of their own."""
    browser.resize(opened.page, width)

    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.page.evaluate(STICK_OUT) == []
    if width == PHONE:  # what scrolls on a wider screen scrolls here
        assert graves(browser.faults_of_layout(opened.page)) == []


def test_axe_finds_nothing_grave(opened: Opened) -> None:
    """On a wide screen, where the menus beside the text are seen as well."""
    browser.resize(opened.page, DESK)

    assert graves(browser.faults_of_form(opened.page)) == []


@pytest.fixture(scope="module")
def legible() -> set[str]:
    """The kinds of ink on a ground that passed on one page, and are not looked at on the next."""
    return set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_every_contrast_high_enough(
    opened: Opened, legible: set[str], scheme: str
) -> None:
    browser.resize(opened.page, DESK)
    opened.page.emulate_media(color_scheme=scheme)
    opened.page.wait_for_function("(s) => document.documentElement.dataset.theme === s", arg=scheme)

    assert graves(browser.faults_of_contrast(opened.page, legible)) == []


def test_the_focus_is_seen_and_nothing_moves_by_itself(opened: Opened) -> None:
    """For readers who use the keyboard, and who have asked their system for less motion."""
    browser.resize(opened.page, DESK)
    opened.page.keyboard.press("Tab")  # from here on, the focus is the keyboard's

    assert opened.page.evaluate(WITHOUT_FOCUS) == []
    assert opened.page.evaluate("document.getAnimations().length") == 0


FAULTY = """<!doctype html><html lang="en"><title>Faulty</title>
<style>p { color: #666; background: #fff }
@media (prefers-color-scheme: dark) { .dark { color: #333; background: #222 } }</style>
<main><h1>Faulty</h1><p>fine<p>fine<p style="color: #888">faint<p class="dark">dark
<button></button></main>"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_can_find_something(chromium: Any, scheme: str) -> None:
    with browser.visit(chromium, dark=scheme == "dark") as visit:
        visit.page.set_content(FAULTY)
        faults = graves(browser.faults_of_form(visit.page))
        contrasts = graves(browser.faults_of_contrast(visit.page))

    assert [(fault["id"], fault["html"]) for fault in faults] == [
        ("button-name", "<button></button>")
    ]
    assert {fault["id"] for fault in contrasts} == {"color-contrast"}
    assert len(contrasts) == (2 if scheme == "dark" else 1)


def test_an_ink_that_passed_is_not_looked_at_again_and_one_that_failed_is(chromium: Any) -> None:
    legible: set[str] = set()
    with browser.visit(chromium) as visit:
        visit.page.set_content(FAULTY.replace("#888", "#666"))
        assert browser.faults_of_contrast(visit.page, legible) == []
        passed = set(legible)
        for _ in range(2):
            visit.page.set_content(FAULTY)
            assert len(browser.faults_of_contrast(visit.page, legible)) == 1

    assert passed
    assert legible == passed


COLOURED = "html .highlight :is(.kn, .mi) { color: #aaa !important }"  # import, and whole numbers


@pytest.mark.parametrize("name", [name for name in PAGES if "05_" in name])
def test_axe_finds_a_pale_word_in_the_code_of_a_chapter(chromium: Any, name: str) -> None:
    with browser.visit(chromium) as visit:
        visit.page.goto((browser.BOOK / name).as_uri(), wait_until="load")
        visit.page.add_style_tag(content=COLOURED)
        visit.page.evaluate(UNFOLD)
        visit.page.evaluate(THIN_OUT)
        faults = browser.faults_of_contrast(visit.page)

    found = "".join(fault["html"] for fault in faults)
    assert 'class="kn"' in found
    assert 'class="mi"' in found


def test_the_icons_are_drawn_without_a_script(chromium: Any) -> None:
    with browser.visit(chromium) as visit:
        visit.page.goto((browser.BOOK / PAGES[0]).as_uri())
        visit.page.evaluate("document.fonts.ready")
        icon = visit.page.locator("i.fa-bars, span.fa-bars").first

        assert icon.evaluate(FACES, "Font Awesome 6 Free") == ["loaded"]
        assert icon.evaluate("node => getComputedStyle(node, '::before').content") not in (
            "none",
            "",
        )
        assert visit.page.locator("script[src*=fontawesome], script[src*=thebe]").count() == 0
