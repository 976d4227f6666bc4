"""Cards on numbers, in a browser: by pointer, finger and keyboard, and without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests import browser

PAGES = browser.pages_with('class="number-mark"')
CHAPTER = next(page for page in PAGES if "04_first_cnn" in page)
PHONE, DESK = 390, 1300
GRAVE = {"serious", "critical"}
# Where each line of the text begins, cards aside.
LAYOUT = """() => [...document.querySelectorAll("main :is(p, li, h1, h2, h3, .cell)")]
  .filter((node) => node.checkVisibility())
  .map((node) => Math.round(node.getBoundingClientRect().top + scrollY)).join()"""


def went(chromium_visit: Any, name: str = CHAPTER) -> Any:
    chromium_visit.page.goto((browser.BOOK / name).as_uri(), wait_until="load")
    return chromium_visit.page


def graves(faults: browser.Faults) -> browser.Faults:
    return [fault for fault in faults if fault["impact"] in GRAVE]


def test_a_card_opens_by_pointer_and_by_keyboard_and_moves_nothing(chromium: Any) -> None:
    with browser.visit(chromium, width=DESK) as visit:
        page = went(visit)
        mark, card = page.locator("a.number-mark").nth(3), page.locator("#number-card")
        note = page.locator(mark.get_attribute("href"))
        mark.scroll_into_view_if_needed()
        before = page.evaluate(LAYOUT)

        mark.hover()
        card.wait_for()
        assert card.inner_text().splitlines()[0].startswith(mark.inner_text())
        assert card.locator("code").inner_text() == note.locator("code").text_content()
        assert page.evaluate(LAYOUT) == before
        page.keyboard.press("Escape")
        assert card.count() == 0

        mark.focus()
        assert mark.get_attribute("aria-describedby") == "number-card"
        page.keyboard.press("Tab")
        assert card.locator("a:focus").count() == 1
        page.keyboard.press("Escape")
        assert card.count() == 0
        assert mark.evaluate("node => node === document.activeElement")

        page.keyboard.press("Enter")
        card.wait_for()
        assert graves(browser.faults_of_form(page)) == []
        page.keyboard.press("Shift+Tab")
        assert mark.get_attribute("aria-describedby") is None
        visit.assert_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_card_opens_under_a_finger_fits_a_phone_and_is_legible(
    chromium: Any, scheme: str
) -> None:
    with browser.visit(chromium, width=PHONE, dark=scheme == "dark", touch=True) as visit:
        page = went(visit)
        mark, card = page.locator("a.number-mark").nth(5), page.locator("#number-card")
        mark.tap()
        card.wait_for()
        box = card.bounding_box()

        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE
        page.evaluate("document.querySelector('#number-card').scrollIntoView({block: 'center'})")
        page.evaluate("document.body.replaceChildren(document.querySelector('#number-card'))")
        page.evaluate("document.querySelector('#number-card').showPopover()")
        assert graves(browser.faults_of_contrast(page)) == []


def test_a_second_tap_or_one_beside_it_closes_it(chromium: Any) -> None:
    with browser.visit(chromium, width=PHONE, touch=True) as visit:
        page = went(visit)
        mark, card = page.locator("a.number-mark").nth(5), page.locator("#number-card")
        for close in (mark.tap, lambda: page.touchscreen.tap(3, 500)):
            mark.tap()
            card.wait_for()
            close()
            assert card.count() == 0


def test_without_scripts_a_mark_leads_to_its_note_and_back_and_paper_has_none(
    chromium: Any,
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((browser.BOOK / CHAPTER).as_uri(), wait_until="load")
    for mark in page.locator("a.number-mark").all():
        assert page.locator(mark.get_attribute("href")).count() == 1
    for back in page.locator(".number-notes [role=doc-backlink]").all():
        assert page.locator(back.get_attribute("href")).count() == 1
    notes = page.locator(".number-notes")
    assert notes.is_visible()
    page.emulate_media(media="print")
    assert not notes.is_visible()
    context.close()


@pytest.mark.page
@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_note_leads_somewhere(name: str) -> None:
    """To a mark or a cell of the page, to an entry of the ledger, or to the repository."""
    ledger = (browser.BOOK / "book/appendix/ledger.html").read_text("utf-8")
    body = (browser.BOOK / name).read_text("utf-8")
    _, _, notes = body.partition('<details class="number-notes">')
    links = set(re.findall(r'href="([^"]*)"', notes.partition("</details>")[0]))

    assert links
    for address, _, anchor in (link.partition("#") for link in links):
        if not address.startswith("https://"):
            assert f'id="{anchor}"' in (ledger if address else body), (address, anchor)
