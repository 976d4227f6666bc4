"""The guess form asks before it tells, and counts what it can judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coursecnn.interactive import Finding, GuessForm
from tests import browser

OPTIONS = ("gain", "open", "loss")
FINDINGS = {
    "tanh for ReLU": Finding("loss", "-2.3 points"),
    "a <b>wider</b> net": Finding("open", "+0.1 points"),
    "a deeper net": Finding(None, "not recorded yet"),
}
FORM = GuessForm(FINDINGS, OPTIONS)
Show = Callable[..., Any]


def guess(page: Any, *guesses: str) -> None:
    for number, option in enumerate(guesses):
        if option:
            page.locator("select").nth(number).select_option(option)


def found(page: Any) -> list[str]:
    return [text.strip() for text in page.locator(".found").all_inner_texts()]


def test_nothing_is_told_before_something_is_guessed(show: Show) -> None:
    page = show(FORM)
    compare = page.get_by_role("button", name="Compare")

    assert compare.is_disabled()
    assert page.locator("[role=status]").inner_text() == "0 of 3 guessed."
    guess(page, "gain")
    assert found(page) == ["", "", ""]
    assert page.locator("[role=status]").inner_text() == "1 of 3 guessed."
    assert compare.is_enabled()


def test_what_was_found_stands_beside_the_guesses(show: Show) -> None:
    page = show(FORM)
    guess(page, "loss", "gain", "open")
    page.get_by_role("button", name="Compare").click()

    assert found(page) == [
        "✓ as you guessed: loss (-2.3 points)",
        "✗ open (+0.1 points)",
        "not recorded yet",
    ]
    assert page.locator("[role=status]").inner_text() == "1 of 2 right. 1 cannot be judged yet."


def test_what_was_not_guessed_stays_covered(show: Show) -> None:
    page = show(FORM)
    guess(page, "", "open")
    page.get_by_role("button", name="Compare").click()

    assert found(page) == ["", "✓ as you guessed: open (+0.1 points)", ""]
    assert page.locator("[role=status]").inner_text() == "1 of 1 right."


def test_a_guess_cannot_be_changed_once_the_findings_are_seen(show: Show) -> None:
    page = show(FORM)
    guess(page, "loss")
    page.get_by_role("button", name="Compare").click()

    assert all(each.is_disabled() for each in page.locator("select").all())
    assert page.get_by_role("button", name="Compare").is_disabled()


def test_the_page_without_scripts_and_the_text_form_ask_and_tell_nothing() -> None:
    static = FORM._repr_html_().partition('<div class="static">')[2].partition("</div>")[0]

    assert "<li>a &lt;b&gt;wider&lt;/b&gt; net" in static
    for text in (static, repr(FORM)):
        assert "gain, open or loss?" in text
        assert "points" not in text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GuessForm({}, OPTIONS), "1 to 40, got 0"),
        (lambda: GuessForm(FINDINGS, ("gain",)), "two or more different texts"),
        (lambda: GuessForm(FINDINGS, ("gain", "gain")), "two or more different texts"),
        (lambda: GuessForm({"a": Finding("win", "")}, OPTIONS), "got 'win' for 'a'"),
    ],
)
def test_what_cannot_be_asked_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_on_a_phone_and_axe_finds_nothing(show: Show, dark: bool) -> None:
    page = show(FORM, width=360, dark=dark)
    guess(page, "loss", "gain", "open")
    page.get_by_role("button", name="Compare").click()

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert browser.faults(page) == []
