"""In the built book: exercises answer, what is solved is kept, the front page is live."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coursecnn.exercises import exercises
from tests import browser

PLAYS = Path(__file__).parents[2] / "book/_static/plays"

FRONT = "book/index.html"
PAGES = browser.pages_with('class="course-exercise"')
CHAPTER = next(page for page in PAGES if "01_cortex" in page)
NAME = "cortex.dense_parameters"
Go = Callable[[str], Any]

PLACE = '.course-exercise[data-exercise*="{}"]'


@pytest.fixture
def go(chromium: Any) -> Iterator[Go]:
    """Open pages of the book, from disk, one after another in one browser's profile."""
    with browser.visit(chromium) as visit:

        def open_page(name: str) -> Any:
            visit.page.goto((browser.BOOK / name).as_uri(), wait_until="load")
            return visit.page

        yield open_page
        visit.assert_quiet()


def answer(page: Any, name: str, text: str) -> str:
    """Type an answer and press Check; what one is told."""
    place = page.locator(PLACE.format(name))
    place.locator("input[type=text], textarea").fill(text)
    place.get_by_role("button", name="Check").click()
    return str(place.locator("output").inner_text())


def test_the_page_tells_right_from_wrong_and_hints(go: Go) -> None:
    page = go(CHAPTER)
    exercise = exercises()[NAME]

    assert "Your turn" in answer(page, NAME, " ")
    assert "no number" in answer(page, NAME, "many")
    for mistake in exercise.mistakes:
        assert answer(page, NAME, f"{mistake.answer:,}") == f"Not yet: {mistake.hint}"
    assert answer(page, NAME, str(exercise.solution)) == "Correct."


@pytest.mark.parametrize("name", PAGES)
def test_every_exercise_has_its_place(go: Go, name: str) -> None:
    """A box, or a link to its cell on Colab; none has both, and none has neither."""
    page = go(name)
    places = page.locator(".course-exercise").all()

    assert places
    for place in places:
        kinds = place.locator("form").count(), place.locator("a.on-colab").count()
        assert kinds in ((1, 0), (0, 1))
        for link in place.locator("a.on-colab").all():
            followed = link.evaluate("""(link) => {
              link.addEventListener("click", (event) => {
                link.followed = link.href;
                event.preventDefault();
              });
              link.click();
              return link.followed;
            }""")
            assert followed.startswith("https://colab.research.google.com/github/")
            assert "#scrollTo=" in followed
    assert page.get_by_text("Your turn: replace").count() == 0


def test_a_matrix_is_typed_line_by_line(go: Go) -> None:
    page = go(next(page for page in PAGES if "02_convolution" in page))

    assert answer(page, "convolution.by_hand", "3 -2 5\n6 3 0") == "Correct."
    assert "Not yet" in answer(page, "convolution.by_hand", "[[3, -2, 5], [6, 3, 1]]")


def test_what_is_solved_is_there_again_and_counted(go: Go) -> None:
    page = go(CHAPTER)
    count = len(page.locator(".course-exercise").all())
    assert f"0 of {count} exercises solved" in page.inner_text(".course-progress")

    answer(page, NAME, str(exercises()[NAME].solution))
    page.get_by_label("solved there").first.check()

    page = go(CHAPTER)
    place = page.locator(PLACE.format(NAME))
    assert "solved" in place.get_attribute("class")
    assert place.locator("input").input_value() == str(exercises()[NAME].solution)
    assert page.get_by_label("solved there").first.is_checked()
    assert f"2 of {count} exercises solved" in page.inner_text(".course-progress")
    station = go(FRONT).locator(".course-map li").first
    assert f"2 of {count} exercises solved" in station.inner_text()
    assert station.locator("progress").evaluate("(bar) => bar.value") == 2


def test_a_wrong_answer_unsolves_nothing(go: Go) -> None:
    page = go(CHAPTER)
    answer(page, NAME, str(exercises()[NAME].solution))

    answer(page, NAME, "1")

    assert "solved" in page.locator(PLACE.format(NAME)).get_attribute("class")


def test_progress_is_taken_along_brought_in_and_forgotten(go: Go, tmp_path: Path) -> None:
    page = go(CHAPTER)
    answer(page, NAME, str(exercises()[NAME].solution))
    page = go(FRONT)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    path = tmp_path / "progress.json"
    download.value.save_as(path)
    assert json.loads(path.read_text())["solved"] == [NAME]

    page.get_by_role("button", name="Reset").click()
    assert "Press again" in page.inner_text(".course-progress-panel")
    page.get_by_role("button", name="Reset").click()
    assert "0 of" in page.locator(".course-map li").first.inner_text()

    page.set_input_files(".course-progress-panel input", path)
    browser.wait_until(page, lambda: "1 of" in page.locator(".course-map li").first.inner_text())
    other = tmp_path / "other.json"
    other.write_text('{"solved": 3}')
    page.set_input_files(".course-progress-panel input", other)
    browser.wait_until(page, lambda: "holds no" in page.inner_text(".course-progress-panel"))
    assert "1 of" in page.locator(".course-map li").first.inner_text()


def test_without_a_place_to_keep_it_the_page_still_answers(chromium: Any) -> None:
    with browser.visit(chromium, fresh=True) as visit:
        visit.page.add_init_script(
            "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
        )
        visit.page.goto((browser.BOOK / CHAPTER).as_uri())

        assert answer(visit.page, NAME, str(exercises()[NAME].solution)) == "Correct."
        assert "1 of" in visit.page.inner_text(".course-progress")


# The front page


def test_the_picture_is_the_first_thing_and_answers_at_once(go: Go) -> None:
    page = go(FRONT)
    box = page.locator(".hero .stage").bounding_box()
    assert box["y"] + box["height"] < 900

    line = "() => document.querySelector('.line-of').style.left"
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 40)
    assert page.evaluate(line) == "25%"
    page.get_by_label("how far the kernel has gone").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(line) == "26%"
    before = page.inner_text(".hero [role=status]")
    page.get_by_role("button", name="outlines").click()
    assert page.inner_text(".hero [role=status]") != before


def test_the_front_page_has_one_filled_button_then_the_map_then_the_evidence(go: Go) -> None:
    page = go(FRONT)
    assert page.locator("a.course-button.filled").count() == 1

    tops = [
        page.locator(one).first.bounding_box()["y"]
        for one in (".hero", "a.filled", ".course-map", "ul.plays", "figure.erratum")
    ]

    assert tops == sorted(tops)
    pictures = page.locator("ul.plays img")
    assert pictures.count() == len(list(PLAYS.glob("*.webp")))
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        browser.wait_until(page, lambda one=picture: one.evaluate("(i) => i.naturalWidth") == 320)


def test_a_page_says_what_it_is_to_those_who_link_to_it(go: Go) -> None:
    page = go(FRONT)
    said = "(name) => document.querySelector(`meta[property='${name}']`).content"

    assert "evidence" in page.evaluate(said, "og:description")
    card = browser.BOOK / "_static" / "social-card.jpg"
    assert page.evaluate(said, "og:image").endswith("_static/social-card.jpg")
    assert 0 < card.stat().st_size < 200_000
    icon = page.evaluate("document.querySelector('link[rel~=icon]').href")
    assert icon.endswith("favicon.svg")
    assert (browser.BOOK / "_static" / "favicon.svg").exists()


def test_a_link_from_the_front_page_leads_to_the_interactive(go: Go) -> None:
    page = go(FRONT)
    page.locator("ul.plays a").filter(has_text="Convolution stepper").click()
    page.wait_for_selector('[data-interactive^="stepper"][data-running]')

    def is_seen() -> bool:
        box = page.locator('[data-interactive^="stepper"]').bounding_box()
        return 0 <= box["y"] < 500

    browser.wait_until(page, is_seen)


def test_on_paper_a_page_is_light(go: Go) -> None:
    page = go(CHAPTER)
    theme = "() => document.documentElement.dataset.theme"
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")

    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(theme) == "light"
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")

    assert page.evaluate(theme) == "dark"


def test_the_magnifier_covers_no_letter(chromium: Any) -> None:
    with browser.visit(chromium) as visit:
        visit.page.goto((browser.BOOK / "search.html").as_uri())
        room = visit.page.evaluate("""() => {
          const form = document.querySelector("main .bd-search");
          const [icon, box] = ["i", "input"].map((one) => form.querySelector(one));
          const padding = parseFloat(getComputedStyle(box).paddingLeft);
          const begin = box.getBoundingClientRect().left + padding;
          return begin - icon.getBoundingClientRect().right;
        }""")

        assert room > 2
