"""Pages of the built book on paper: light, nothing cut, nothing that answers the hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import browser

PAPER = 665  # pixels: what the margins leave of A4
FRONT, LEDGER = "book/index.html", "book/appendix/ledger.html"
CHAPTERS = [name for name in browser.pages_with("data-interactive") if name != FRONT]
SOME = [FRONT, LEDGER, *CHAPTERS]

THEME = "document.documentElement.dataset.theme"
# Emulated print media does not tell the page what a print does.
EVENT = "(name) => dispatchEvent(new Event(name))"
COLOURS = """() => {
  const grey = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const ground = grey(getComputedStyle(document.body).backgroundColor);
  const words = [...document.querySelectorAll("article :is(h1, h2, h3, p)")]
    .filter((node) => node.checkVisibility());
  return [Math.min(...ground), Math.max(...words.flatMap((n) => grey(getComputedStyle(n).color)))];
}"""
CUT = """() => [...document.querySelectorAll("article :is(pre, table, img, p, .static)")]
  .filter((node) => node.checkVisibility())
  .filter((node) => node.scrollWidth > node.clientWidth + 1 && node.clientWidth
    && getComputedStyle(node).overflowX !== "visible"
    || node.getBoundingClientRect().right > innerWidth + 1)
  .map((node) => node.outerHTML.slice(0, 200))"""
# The heads of the ledger are buttons on the screen, and words on paper.
HANDS_ON = (
    "button:not(th *), input, select, textarea, [role=slider], canvas, .course-exercise, .filters"
)
SEEN = "(selector) => [...document.querySelectorAll(selector)].filter((n) => n.checkVisibility())"


def seen(page: Any, selector: str) -> list[str]:
    """The text of what is to be seen."""
    return list(page.evaluate(f"(s) => ({SEEN})(s).map((n) => n.textContent.trim())", selector))


@contextmanager
def printing(chromium: Any, name: str) -> Iterator[Any]:
    """A page that was dark on the screen, and is being printed."""
    with browser.visit(chromium, dark=True) as visit:
        visit.page.goto((browser.BOOK / name).as_uri(), wait_until="load")
        assert visit.page.evaluate(THEME) == "dark"
        browser.resize(visit.page, PAPER)
        visit.page.emulate_media(media="print")
        visit.page.evaluate(EVENT, "beforeprint")
        yield visit.page
        visit.page.emulate_media(media="screen")
        visit.assert_quiet()


@pytest.fixture(scope="module", params=SOME)
def printed(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The front page, the ledger, and each chapter with an interactive."""
    with printing(chromium, request.param) as page:
        yield page


def test_a_page_is_light_and_whole_and_has_its_title_once(printed: Any) -> None:
    ground, words = printed.evaluate(COLOURS)

    assert ground == 255
    assert words < 128
    assert printed.evaluate("document.documentElement.scrollWidth") <= PAPER
    assert printed.evaluate(CUT) == []
    assert len(seen(printed, "h1")) == 1
    assert printed.locator("#jb-print-toc").count() == 0


def test_nothing_answers_the_hand_and_interactives_are_as_without_scripts(printed: Any) -> None:
    assert seen(printed, f"main :is({HANDS_ON})") == []
    assert seen(printed, ".number-notes, .number-card, .headerlink, .copybtn") == []
    drawn = printed.locator(".coursecnn").count()
    assert len(seen(printed, ".coursecnn .static")) == drawn


def test_after_the_print_all_is_as_before(printed: Any) -> None:
    printed.emulate_media(media="screen")
    printed.evaluate(EVENT, "afterprint")

    assert printed.locator(".coursecnn .static").count() == 0
    drawn = printed.locator(".coursecnn").count()
    assert len(seen(printed, ".coursecnn[data-running]")) == drawn
    assert printed.evaluate(THEME) == "dark"


@pytest.mark.parametrize("name", CHAPTERS[:1])
def test_a_solution_is_printed_if_it_is_unfolded(chromium: Any, name: str) -> None:
    with printing(chromium, name) as page:
        solutions = page.locator(".tag_hide-cell details")
        solutions.nth(1).evaluate("node => { node.open = true; }")

        assert solutions.count() > 1
        assert len(seen(page, ".tag_hide-cell details")) == 1
        assert solutions.nth(1).locator("pre:visible").count() > 0
        assert solutions.nth(1).locator("summary:visible").count() == 0


@pytest.mark.parametrize("name", CHAPTERS[:1])
def test_a_print_tells_the_page(chromium: Any, name: str) -> None:
    """What the other tests only play."""
    with browser.visit(chromium, dark=True, fresh=True) as visit:
        visit.page.goto((browser.BOOK / name).as_uri(), wait_until="load")
        drawn = "document.querySelectorAll('.static.printed').length"
        visit.page.evaluate(
            f"() => addEventListener('beforeprint', () => (window.told = [{THEME}, {drawn}]))"
        )
        assert visit.page.pdf(format="A4").startswith(b"%PDF")
        assert visit.page.evaluate("told") == [
            "light",
            visit.page.locator(".coursecnn").count(),
        ]
        assert visit.page.evaluate(f"[{THEME}, {drawn}]") == ["dark", 0]
