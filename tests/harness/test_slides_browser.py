"""Slides in a browser: nothing is cut off, keys move, each has an address and a printed page."""

import re

import pytest

from harness import cells, slide_page, slides
from tests import browser

CHAPTERS = {path.stem: path for path in cells.chapters()}
CUT = """() => [...document.querySelectorAll("section:not(.live)")].filter((slide) =>
  [...slide.querySelectorAll(".body, pre")].some((box) =>
    box.scrollHeight > box.clientHeight + 6 || box.scrollWidth > box.clientWidth + 6)
).map(({ id }) => id)"""
SMALL = """() => [...document.querySelectorAll("section")]
  .filter((slide) => Number(slide.style.getPropertyValue("--fit")) < 0.6).map(({ id }) => id)"""
SHOWN = """() => [...document.querySelectorAll("section")]
  .findIndex((slide) => Math.abs(slide.getBoundingClientRect().top) < 2)"""


@pytest.fixture
def deck(tmp_path, chromium):
    """How to open the slides of a chapter, which must be content."""
    with browser.visit(chromium, width=1280) as visit:

        def opened(name, address="", width=1280, height=720):
            path = tmp_path / f"{name}.html"
            made = slides.slides(cells.read(CHAPTERS[name]))
            path.write_text(slide_page.page("Chapter 1", made), encoding="utf-8")
            visit.page.set_viewport_size({"width": width, "height": height})
            visit.page.goto(f"{path.as_uri()}{address}")
            visit.page.wait_for_selector("section[style]")
            return visit.page

        yield opened
        visit.assert_quiet()


@pytest.mark.parametrize("name", CHAPTERS)
def test_all_of_each_slide_is_seen_in_letters_that_can_be_read(deck, name):
    page = deck(name)
    assert page.evaluate(CUT) == []
    assert page.evaluate(SMALL) == []


def test_keys_move_and_the_address_follows(deck):
    page = deck("08_vgg")
    count = page.locator("section").count()
    for key, number in (("ArrowRight", 1), (" ", 2), ("ArrowLeft", 1), ("End", count - 1)):
        page.keyboard.press(key)
        browser.wait_until(page, lambda number=number: page.evaluate(SHOWN) == number)
    last = page.locator("section").last.get_attribute("id")
    browser.wait_until(page, lambda: page.url.endswith(f"#{last}"))
    page.keyboard.press("ArrowDown")
    assert page.evaluate(SHOWN) == count - 1


def test_an_address_opens_its_slide(deck):
    page = deck("08_vgg", address="#why-small-kernels")
    assert page.locator("section").nth(page.evaluate(SHOWN)).get_attribute("id") == (
        "why-small-kernels"
    )


def test_keys_in_an_interactive_are_its_own(deck):
    page = deck("08_vgg")
    live = page.locator("section.live")
    live.scroll_into_view_if_needed()
    live.locator("[role=slider], input, button, select").first.focus()
    before = page.evaluate(SHOWN)
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(100)
    assert page.evaluate(SHOWN) == before


@pytest.mark.parametrize(("name", "tall"), [("06_lenet", True), ("07_alexnet_zfnet", False)])
def test_an_interactive_is_whole_or_says_that_there_is_more(deck, name, tall):
    live = deck(name).locator("section.live")
    hidden = """(slide) => {
      const box = slide.querySelector(".body");
      return box.scrollHeight > box.clientHeight + 6;
    }"""
    assert live.evaluate(hidden) is tall
    foot = "(slide) => getComputedStyle(slide.querySelector('footer span'), '::after').content"
    assert ("scroll for more" in live.evaluate(foot)) is tall


def test_on_a_phone_the_page_does_not_scroll_sideways(deck):
    page = deck("02_convolution", width=360, height=700)
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]


def test_each_slide_is_printed_on_one_page(deck):
    page = deck("19_what_came_after")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == page.locator("section").count()


def test_slides_are_accessible(deck):
    assert browser.faults(deck("08_vgg")) == []
