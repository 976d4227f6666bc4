"""Reading the built book: figures, lines, formulas, terms, keys, progress and the search."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests import browser

FRONT = "book/index.html"
CHAPTERS = browser.pages_with('class="number-mark"')
CHAPTER = next(page for page in CHAPTERS if "02_convolution" in page)
IS_CHAPTER = re.compile(r"/\d\d_\w+\.html$").search
PHONE, DESK = 390, 1440


@pytest.fixture
def visited(chromium: Any) -> Iterator[Any]:
    """A page of the book as wide as a desk; at the end, nothing must have gone wrong there."""
    with browser.visit(chromium, width=DESK) as visit:
        yield visit.page
        visit.assert_quiet()


def go(page: Any, name: str) -> None:
    page.goto((browser.BOOK / name).as_uri(), wait_until="load")


# How many letters a full line of each long paragraph has, formulas aside.
LETTERS_IN_A_LINE = """() => [...document.querySelectorAll("article section > p")]
  .filter((one) => one.textContent.length > 300 && !one.querySelector("math"))
  .map((one) => one.textContent.length /
    Math.round(one.clientHeight / parseFloat(getComputedStyle(one).lineHeight)))"""
OVER_THE_EDGE = """() => [...document.querySelectorAll("div.cell_input pre")]
  .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.textContent)"""


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_line_has_about_75_letters_and_no_line_of_code_runs_over_the_edge(
    visited: Any, name: str
) -> None:
    go(visited, name)
    visited.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")

    letters = visited.evaluate(LETTERS_IN_A_LINE)
    assert 65 <= np.median(letters) <= 85
    assert visited.evaluate(OVER_THE_EDGE) == []
    widest = "Math.max(...[...document.querySelectorAll('{}')].map((one) => one.clientWidth))"
    text, wide = (
        visited.evaluate(widest.format(one)) for one in ("article section > p", "div.cell_input")
    )
    assert wide > text


def fonts_of_formulas(page: Any) -> set[tuple[str, bool]]:
    """The fonts from which the formulas of a page are drawn, and whether the page brought them."""
    session = page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        session.send(f"{domain}.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    formulas = session.send("DOM.querySelectorAll", {"nodeId": root, "selector": "math"})["nodeIds"]
    used = [session.send("CSS.getPlatformFontsForNode", {"nodeId": node}) for node in formulas]
    session.detach()
    return {(one["familyName"], one["isCustomFont"]) for each in used for one in each["fonts"]}


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_sign_of_a_formula_comes_from_the_font_of_the_book(chromium: Any, name: str) -> None:
    with browser.visit(chromium, width=DESK) as visit:  # which is not quiet while it is inspected
        go(visit.page, name)
        visit.page.evaluate(
            "document.querySelectorAll('details').forEach((one) => one.open = true)"
        )
        visit.page.evaluate("document.fonts.ready")

        assert fonts_of_formulas(visit.page) <= {("STIX Two Math", True)}
        assert visit.page.locator("math").count() == 0 or fonts_of_formulas(visit.page)


# Figures


def test_a_figure_is_enlarged_by_click_and_by_key_and_escape_closes_it(visited: Any) -> None:
    go(visited, CHAPTER)
    button = visited.get_by_role("button", name="Enlarge figure 2.1", exact=True)
    dialog = visited.locator("dialog.figure-large")
    before = visited.locator(".figure-frame > img").first.bounding_box()["width"]

    button.focus()
    visited.keyboard.press("Enter")
    assert dialog.get_attribute("aria-label") == "Figure 2.1, enlarged"
    assert dialog.locator("img").first.bounding_box()["width"] > 1.3 * before
    visited.keyboard.press("Escape")
    assert dialog.count() == 0
    assert button.evaluate("(one) => one === document.activeElement")

    visited.locator(".figure-frame > img").first.click()
    assert dialog.get_by_role("button", name="Close").is_visible()
    dialog.get_by_role("button", name="Close").click()
    assert dialog.count() == 0


def test_on_a_phone_a_large_figure_is_as_large_as_it_was_drawn_and_scrolls(chromium: Any) -> None:
    with browser.visit(chromium, width=PHONE, touch=True) as visit:
        go(visit.page, CHAPTER)
        visit.page.locator(".figure-frame > img").first.tap()
        large = visit.page.locator("dialog.figure-large img").first
        drawn = large.evaluate("(one) => one.naturalWidth")

        assert large.bounding_box()["width"] == pytest.approx(drawn, abs=1)
        box = visit.page.locator("dialog.figure-large > div")
        assert box.evaluate("(one) => one.scrollWidth > one.clientWidth")
        visit.assert_quiet()


def pixels(image: bytes) -> Any:
    with Image.open(io.BytesIO(image)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


@pytest.mark.parametrize("name", CHAPTERS)
def test_in_the_dark_no_figure_lies_on_a_slab(chromium: Any, name: str) -> None:
    """The rim of a figure, which is mostly the ground that it is drawn on, is dark."""
    with browser.visit(chromium, width=DESK, dark=True) as visit:
        go(visit.page, name)
        frames = visit.page.locator("main .figure-frame")
        visible = [one for one in frames.all() if one.is_visible()]
        for frame in visible[::4]:
            frame.scroll_into_view_if_needed()
            browser.wait_until(
                visit.page,
                lambda one=frame: one.evaluate(
                    "(n) => [...n.querySelectorAll('img')].every((i) => i.complete)"
                ),
            )
            shown = pixels(frame.screenshot())
            rim = np.concatenate([shown[2], shown[-3], shown[:, 2], shown[:, -3]])
            assert np.median(rim.max(axis=1)) < 40
        visit.assert_quiet()


def test_in_the_dark_a_photograph_keeps_its_colours_and_what_is_drawn_turns_round(
    chromium: Any,
) -> None:
    shown = {}
    for dark in (False, True):
        with browser.visit(chromium, width=DESK, dark=dark) as visit:
            go(visit.page, CHAPTER)
            frame = visit.page.locator(".figure-frame").first
            visit.page.mouse.move(0, 0)
            visit.page.evaluate("document.fonts.ready")
            shown[dark] = pixels(frame.screenshot())
    light, dark_one = shown[False], shown[True]
    rows, columns, _ = light.shape
    photograph = np.s_[rows // 3 : rows // 2, columns // 10 : columns // 4]

    assert np.abs(light[photograph] - dark_one[photograph]).mean() < 8
    assert light[3, columns // 2].min() > 245
    assert dark_one[3, columns // 2].max() < 40


# Terms, keys, time


def test_a_definition_opens_under_a_finger_and_under_the_keyboard(chromium: Any) -> None:
    with browser.visit(chromium, width=PHONE, touch=True) as visit:
        go(visit.page, CHAPTER)
        term, card = visit.page.locator("a.glossary-term").first, visit.page.locator("#number-card")
        term.tap()
        card.wait_for()
        assert "weights" in card.inner_text()
        assert visit.page.url.endswith(CHAPTER)
        card.get_by_role("link", name="In the glossary").tap()
        visit.page.wait_for_url("**/glossary.html#term-*")
    with browser.visit(chromium, width=DESK) as visit:
        go(visit.page, CHAPTER)
        term, card = visit.page.locator("a.glossary-term").first, visit.page.locator("#number-card")
        term.focus()
        card.wait_for()
        assert term.get_attribute("title") is None
        visit.page.keyboard.press("Escape")
        assert card.count() == 0
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_url("**/glossary.html#term-*")


def test_the_arrows_turn_the_pages_but_not_while_they_belong_to_a_box(visited: Any) -> None:
    go(visited, CHAPTER)
    box = visited.locator(".course-exercise input[type=text]").first
    box.fill("12")
    visited.keyboard.press("ArrowRight")
    slider = visited.locator(".coursecnn input[type=range]").first
    slider.focus()
    visited.keyboard.press("ArrowRight")
    assert visited.url.endswith(CHAPTER)

    visited.evaluate("document.activeElement.blur()")
    visited.keyboard.press("ArrowRight")
    visited.wait_for_url("**/03_*.html")
    visited.keyboard.press("ArrowLeft")
    visited.wait_for_url("**/02_*.html")


def test_the_time_left_runs_down(visited: Any) -> None:
    go(visited, CHAPTER)
    minutes = [int(visited.inner_text(".time-left").split()[0])]
    for share in (0.3, 0.6):
        visited.evaluate("(share) => scrollTo(0, share * document.body.scrollHeight)", share)
        visited.evaluate("() => new Promise((done) => setTimeout(done, 100))")
        minutes.append(int(visited.inner_text(".time-left").split()[0]))

    assert 10 < minutes[0] < 60
    assert minutes == sorted(minutes, reverse=True)
    assert minutes[0] > minutes[2]
    visited.evaluate("scrollTo(0, document.body.scrollHeight)")
    visited.locator(".time-left", has_text="almost done").wait_for()


MINUTES = {"twenty minutes": 20, "half an hour": 30, "forty minutes": 40, "an hour": 60}
TOLD = re.compile(rf"Time: about ({'|'.join(MINUTES)}) to read")
TELLING = [page for page in browser.pages_with("<strong>Time</strong>: about") if IS_CHAPTER(page)]


@pytest.mark.parametrize("name", TELLING)
def test_a_chapter_tells_no_other_time_than_its_page(visited: Any, name: str) -> None:
    go(visited, name)
    told = TOLD.search(visited.inner_text("article"))
    counted = int(visited.inner_text(".time-left").split()[0])
    assert told
    assert abs(MINUTES[told[1]] / counted - 1) < 0.2


def test_only_a_chapter_tells_the_time_left(visited: Any) -> None:
    go(visited, FRONT)
    assert visited.locator(".time-left").count() == 0


def test_a_chapter_says_how_it_is_cited(visited: Any) -> None:
    go(visited, CHAPTER)
    visited.get_by_text("Cite this page").click()

    assert "book/foundations/02_convolution.ipynb" in visited.inner_text(".cite pre")
    assert "Convolution" in visited.inner_text(".cite p")


# Sections


def test_a_section_is_ticked_and_counted_in_its_chapter_and_its_part(visited: Any) -> None:
    go(visited, CHAPTER)
    boxes = visited.get_by_label("I have read")
    count = boxes.count()
    assert f"0 of {count} sections read" in visited.inner_text(".course-progress")
    boxes.first.check()
    assert f"1 of {count} sections read" in visited.inner_text(".course-progress")
    assert visited.locator(".page-toc a.course-done").count() == 1

    go(visited, CHAPTER)
    assert boxes.first.is_checked()
    go(visited, FRONT)
    part = visited.locator(".course-map section").first
    assert f"1 of {count} sections read" in part.locator("li").nth(1).inner_text()
    sums = part.locator(".course-progress").first
    assert "1 of " in sums.inner_text()
    assert sums.locator("progress").evaluate("(one) => one.max") == sum(
        one.evaluate("(one) => one.max") for one in part.locator("li progress").all()
    )


@pytest.mark.parametrize("name", CHAPTERS)
def test_each_section_that_is_counted_can_be_ticked(visited: Any, name: str) -> None:
    go(visited, name)
    count = visited.get_by_label("I have read").count()

    assert count > 3
    assert f"0 of {count} sections read" in visited.inner_text(".course-progress")


# The search


def found(page: Any, query: str) -> list[str]:
    page.goto(f"{(browser.BOOK / 'search.html').as_uri()}?q={query}", wait_until="load")
    page.locator(".search-summary", has_text="earch").wait_for()
    links = page.locator("#search-results li > a")
    return [link.get_attribute("href").partition("#")[0] for link in links.all()]


@pytest.mark.parametrize("query", ["receptive field", "convolution", "합성곱", "수용 영역"])
def test_the_search_finds_chapters_before_the_glossary_and_names(visited: Any, query: str) -> None:
    pages = found(visited, query)
    isnt_chapter = [not IS_CHAPTER(page) for page in pages]

    assert isnt_chapter == sorted(isnt_chapter)
    assert sum(not one for one in isnt_chapter) >= 3
    assert any("glossary" in page for page in pages)


def test_the_search_shows_what_it_has_found_from_disk(visited: Any) -> None:
    found(visited, "receptive field")
    excerpt = visited.locator("#search-results li p.context").first

    assert visited.url.startswith("file:")
    excerpt.wait_for()
    assert excerpt.locator("mark").inner_text().lower() == "receptive field"
    assert "import" not in excerpt.inner_text()
    found(visited, "합성곱")
    visited.locator("#search-results li p.context mark", has_text="onvolution").first.wait_for()
    assert "Also searched for: convolution" in visited.inner_text("#search-results")


def test_a_word_that_is_nowhere_is_not_found(visited: Any) -> None:
    assert found(visited, "qwertzuiop") == []


def test_the_magnifier_covers_no_letter(visited: Any) -> None:
    go(visited, CHAPTER)
    visited.keyboard.press("Control+k")
    box = visited.locator(".bd-search input:visible").first
    icon = visited.locator(".bd-search i:visible").first.bounding_box()
    padding = box.evaluate("(one) => parseFloat(getComputedStyle(one).paddingLeft)")

    assert box.bounding_box()["x"] + padding >= icon["x"] + icon["width"]
