"""How every interactive answers the hand: boxes that are typed into, hovers, pins, ways back.

What holds for one box or one picture holds for its kind, in all interactives of the book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coursecnn.interactive import page as written
from harness.renew import renewed
from tests import browser
from tests.interactive.test_interactive_start import INTERACTIVES

FRAGMENTS = {one.kind: renewed(one.html) for one in INTERACTIVES}
each_kind = pytest.mark.parametrize("kind", FRAGMENTS)
Show = Callable[..., Any]

INTEGERS = "input[role=spinbutton]"
NUMBERS = ".grid input, .total input"
WHOLE = [kind for kind, html in FRAGMENTS.items() if "integerField(" in html]
WEIGHTS = [
    kind
    for kind, html in FRAGMENTS.items()
    if "= numberBox(" in html or "return numberBox(" in html
]
COLUMNS = "(grid) => grid.style.getPropertyValue('--columns')"
# What is typed, what counts once the box is left (None: what counted before), and a word on it.
INTEGER_CASES = [
    ("", None, "A whole number"),
    ("abc", None, "A whole number"),
    ("-", None, "A whole number"),
    ("-3", "least", "The smallest is"),
    ("−3", "least", "The smallest is"),
    ("1e9", "most", "The largest is"),
    ("99999999999999999999", "most", "The largest is"),
    ("2.6", 3, "Whole numbers only: 3"),
    ("2,6", 3, "Whole numbers only: 3"),
    (" 2 ", 2, ""),
    ("02", 2, ""),
    ("1e999", None, "A whole number"),
    ("6/3", 2, ""),
]
NUMBER_CASES = [
    ("", None),
    ("x", None),
    ("-", None),
    ("1/0", None),
    ("1/2/3", None),
    ("1e999", None),
    ("12345678901", None),
    ("1/8", 0.125),
    ("-1/8", -0.125),
    ("1,5", 1.5),
    ("2.5", 2.5),
    ("−2", -2),
    ("-2", -2),
    (".5", 0.5),
    ("+3", 3),
    ("1e-2", 0.01),
]


def state(page: Any) -> str:
    """What an interactive shows, apart from the frame around it."""
    boxes = ".coursecnn :is(input, select)"
    values = page.eval_on_selector_all(boxes, "(all) => all.map((one) => one.value).join()")
    return str(values) + page.evaluate("""() => {
      const copy = document.querySelector(".framed > :last-child").cloneNode(true);
      for (const note of copy.querySelectorAll(".note")) note.remove();
      return copy.textContent;
    }""")


# In the page, as each step from here would take ten times as long: type into a box, and leave it.
TYPE = """(box, texts) => texts.map((text) => {
  const limits = () =>
    ["min", "max", "now"].map((key) => Number(box.getAttribute(`aria-value${key}`)));
  const before = limits();
  box.focus();
  box.select();
  document.execCommand(text ? "insertText" : "delete", false, text);
  const note = box.closest(".field").querySelector(".note").innerText;
  const typed = box.value;
  box.blur();
  const [, , now] = limits();
  return {
    before, typed, note, now,
    left: box.value,
    isInvalid: box.hasAttribute("aria-invalid"),
    isRefused: document.body.innerText.includes("it was not changed"),
  };
})"""


@pytest.mark.parametrize("kind", WHOLE)
def test_a_box_for_whole_numbers_reads_what_people_write(show: Show, kind: str) -> None:
    page = show(FRAGMENTS[kind])
    for name in page.eval_on_selector_all(
        f".field:not([hidden]) label:has({INTEGERS})", "(all) => all.map((l) => l.textContent)"
    ):
        box = page.get_by_role("spinbutton", name=name, exact=True)
        found = box.evaluate(TYPE, [text for text, _, _ in INTEGER_CASES])
        for (text, expected, words), shown in zip(INTEGER_CASES, found, strict=True):
            least, most, before = shown["before"]
            counts = {"least": least, "most": most, None: before}.get(expected, expected)
            counts = min(max(int(counts), least), most)

            assert shown["typed"] == text, (name, text)  # it is not rewritten under the hand
            in_limits = expected not in (2, 3) or least <= expected <= most
            if in_limits and not (expected == "least" and least < 0):
                assert shown["note"].startswith(words), (name, text, shown)
                assert bool(shown["note"]) == bool(words), (name, text, shown)
            if not shown["isRefused"]:
                assert shown["left"] == str(counts), (name, text)
            assert str(shown["now"]) == shown["left"]
            assert not shown["isInvalid"]


@pytest.mark.parametrize("kind", WHOLE)
def test_the_arrow_keys_step_a_whole_number(show: Show, kind: str) -> None:
    page = show(FRAGMENTS[kind])
    for box in page.locator(f".field:not([hidden]) {INTEGERS}").all():
        least, most, now = (
            int(box.get_attribute(f"aria-value{key}")) for key in ("min", "max", "now")
        )
        up = now < most
        box.press("ArrowUp" if up else "ArrowDown")
        if page.get_by_text("it was not changed").count() == 0:
            assert int(box.input_value()) == min(max(now + (1 if up else -1), least), most)


@pytest.mark.parametrize("kind", WEIGHTS)
def test_a_box_for_any_number_reads_what_people_write(show: Show, kind: str) -> None:
    page = show(FRAGMENTS[kind])
    box = page.locator(NUMBERS).last
    for text, expected in NUMBER_CASES:
        box.fill("0.25")
        box.blur()
        known = state(page)
        box.fill(text)

        assert box.get_attribute("aria-invalid") == str(expected is None).lower(), text
        assert box.input_value() == text
        if expected is None:
            box.blur()
            assert state(page) == known, text
        else:
            box.blur()
            assert float(box.input_value().replace("−", "-")) == expected, text


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize(
    "text",
    [
        "1\t2\t3\n4\t5\t6\n7\t8\t9\n",
        "[[1, 2, 3], [4, 5, 6], [7, 8, 9]]",
        "1 2 3; 4 5 6; 7 8 9",
        "np.array([[1, 2, 3],\n       [4, 5, 6],\n       [7, 8, 9]])",
    ],
    ids=["spreadsheet", "list", "line", "numpy"],
)
def test_a_matrix_can_be_pasted(show: Show, kind: str, text: str) -> None:
    page = show(FRAGMENTS[kind])
    boxes = page.locator(".grid:has(input)").last.locator("input")
    boxes.first.focus()

    page.evaluate(
        """(text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          const how = { clipboardData, bubbles: true, cancelable: true };
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        text,
    )

    columns = int(page.locator(".grid:has(input)").last.evaluate(COLUMNS))
    values = np.reshape([box.input_value() for box in boxes.all()], (-1, columns))
    assert values[:3, :3].ravel().tolist() == [str(n) for n in range(1, 10)]


@pytest.mark.parametrize("kind", WEIGHTS)
def test_home_and_end_lead_to_the_ends_of_a_row(show: Show, kind: str) -> None:
    page = show(FRAGMENTS[kind])
    boxes = page.locator(".grid:has(input)").last.locator("input")
    boxes.nth(1).focus()
    focused = "document.activeElement.ariaLabel"

    page.keyboard.press("End")
    last = int(page.locator(".grid:has(input)").last.evaluate(COLUMNS)) - 1
    assert page.evaluate(focused).endswith(f"row 0, column {last}")
    page.keyboard.press("Home")
    assert page.evaluate(focused).endswith("row 0, column 0")


# Hovers and pins: what is pointed at, two places in it, and what shows it.

HOVERS = {
    "stepper": ('[aria-label="output of W0"]', ".total"),
    "pooling": ('[aria-label="max pooling"]', ".total"),
    "backward": ('[aria-label="gradient of k"]', ".told-of"),
    "playground": ('[aria-label^="photo"] canvas', "output >> nth=-1"),
    "receptive": (".map-line svg >> nth=1", "p[role=status]"),
    "explorer": (".skyline .boxes >> nth=0", ".details >> nth=0"),
    "photo": (".pointed canvas >> nth=4", ".unit output"),
    "digits": (".maps canvas >> nth=2", ".unit output"),
    "filters": (".pointed canvas >> nth=0", "output >> nth=-1"),
}


def at(page: Any, target: str, share: float) -> None:
    page.locator(target).scroll_into_view_if_needed()
    box = page.locator(target).bounding_box()
    page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


@pytest.mark.parametrize("kind", HOVERS)
def test_a_hover_shows_a_click_pins_and_a_second_click_lets_go(show: Show, kind: str) -> None:
    page = show(FRAGMENTS[kind])
    target, readout = HOVERS[kind]
    told = lambda: page.locator(readout).inner_text()  # noqa: E731
    at(page, target, 0.1)
    first = told()
    at(page, target, 0.9)
    second = told()
    assert first != second

    page.mouse.down()
    page.mouse.up()
    at(page, target, 0.1)
    assert told() == second  # pinned
    at(page, target, 0.9)
    page.mouse.down()
    page.mouse.up()
    at(page, target, 0.1)
    assert told() == first  # let go


@pytest.mark.parametrize("kind", HOVERS)
def test_escape_lets_go(show: Show, kind: str) -> None:
    page = show(FRAGMENTS[kind])
    target, readout = HOVERS[kind]
    at(page, target, 0.9)
    page.mouse.down()
    page.mouse.up()
    pinned = page.locator(readout).inner_text()

    page.keyboard.press("Escape")
    at(page, target, 0.1)

    assert page.locator(readout).inner_text() != pinned


def test_pointing_at_a_disc_moves_nothing_else(show: Show) -> None:
    page = show(FRAGMENTS["explorer"])
    height = page.locator(".coursecnn").bounding_box()["height"]

    for disc in page.locator(".disc").all()[:8]:
        disc.hover(force=True)
        assert page.locator(".coursecnn").bounding_box()["height"] == height


def test_discs_are_as_large_as_a_fingertip_needs(show: Show) -> None:
    page = show(FRAGMENTS["explorer"], width=390)

    sides = page.eval_on_selector_all(
        ".disc",
        """(discs) => discs.map((disc) => {
          const { top, bottom } = getComputedStyle(disc, "::after");
          return disc.getBoundingClientRect().height - parseFloat(top) - parseFloat(bottom);
        })""",
    )

    assert min(sides) > 19.9


def test_all_columns_of_a_table_of_layers_are_seen(show: Show) -> None:
    page = show(FRAGMENTS["explorer"], width=860)

    page.locator("summary").first.click()

    assert page.locator(".layers").first.evaluate("(box) => box.scrollWidth <= box.clientWidth")


# The calculator draws what can be seen, and its legend says no more.


def set_calculator(page: Any, **numbers: int) -> None:
    labels = {"N": "N, input size", "k": "k, kernel taps", "P": "P, padding", "S": "S, stride"}
    labels["d"] = "d, dilation"
    for name, number in numbers.items():
        page.get_by_label(labels[name], exact=True).fill(str(number))


def test_of_a_large_image_two_corners_are_drawn_as_well(show: Show) -> None:
    page = show(FRAGMENTS["calculator"])
    assert page.locator("svg").count() == 1
    assert page.locator("circle").count() == 1  # in a pattern: one stands for all
    assert "Each dot is" in page.inner_text(".coursecnn")

    set_calculator(page, N=1024, k=11, S=4)

    whole, *corners = page.locator("svg").all()
    assert whole.locator("circle, .pixels").count() == 0
    assert len(corners) == 2
    for corner in corners:
        assert corner.locator("circle").count() == 1
        window, picture = corner.locator(".first").bounding_box(), corner.bounding_box()
        assert window["width"] > picture["width"] / 3
    assert "Each dot is" not in page.inner_text(".coursecnn")
    assert "two corners, enlarged" in page.inner_text(".coursecnn")

    set_calculator(page, d=8, S=8)

    assert page.locator("svg").count() == 1
    assert "corners" not in page.inner_text(".coursecnn")


def test_what_does_not_fit_has_no_legend_of_dots(show: Show) -> None:
    page = show(FRAGMENTS["calculator"])

    set_calculator(page, N=3, P=0, k=9)

    assert "use a smaller kernel" in page.inner_text("[role=status]")
    assert "Each dot is" not in page.inner_text(".coursecnn")
    assert "the next one" not in page.inner_text(".coursecnn")


def test_rounded_up_may_be_less_and_says_why(show: Show) -> None:
    page = show(FRAGMENTS["calculator"])

    set_calculator(page, N=8, k=2, P=3, S=1)

    assert "right padding is left out" in page.locator("td").nth(1).inner_text()


# The frame


CHANGES: dict[str, Callable[[Any], None]] = {
    "stepper": lambda page: page.get_by_label("W0, channel 0, row 0, column 0").fill("7"),
    "backward": lambda page: page.get_by_label("kernel k, row 0, column 0").fill("7"),
    "mixer": lambda page: page.get_by_role("button", name="grouped", exact=True).click(),
    "pooling": lambda page: page.get_by_label("map, row 1, column 1").fill("7"),
    "playground": lambda page: page.get_by_role("button", name="blur", exact=True).click(),
    "calculator": lambda page: page.get_by_label("S, stride", exact=True).fill("3"),
    "receptive": lambda page: page.get_by_role("button", name="Add a layer").click(),
    "explorer": lambda page: page.locator(".networks select").nth(1).select_option("alexnet"),
    "digits": lambda page: page.locator(".surface").click(),
    "filters": lambda page: page.get_by_role("button", name="Most negative").click(),
    "photo": lambda page: page.get_by_role("button", name="dog", exact=True).click(),
    "inception": lambda page: page.get_by_label("3×3 filters", exact=True).fill("7"),
    "replay": lambda page: page.get_by_role("button", name="Step", exact=True).click(),
    "guesses": lambda page: page.locator("select").first.select_option("open"),
}


def change(page: Any, kind: str) -> None:
    """Use an interactive, and leave it."""
    CHANGES[kind](page)
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    page.wait_for_timeout(30)  # a frame, for what is drawn at most once in one


@each_kind
def test_it_has_a_name_and_a_question(show: Show, kind: str) -> None:
    page = show(FRAGMENTS[kind])
    name = page.locator(".coursecnn").get_attribute("aria-label")

    assert page.locator(".heading").inner_text().startswith(name)
    assert page.locator(".question").inner_text().endswith("?")


@each_kind
def test_start_over_leads_back_to_the_beginning(show: Show, kind: str) -> None:
    page = show(FRAGMENTS[kind])
    before = state(page)
    change(page, kind)
    assert state(page) != before

    page.get_by_role("button", name="Start over").click()

    assert state(page) == before


@pytest.fixture(scope="module")
def visits(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Open an interactive on a page on disk, as the book has it."""
    folder: Path = tmp_path_factory.mktemp("pages")
    with browser.visit(chromium) as visit:

        def go(kind: str, after: str = "") -> Any:
            path = folder / f"{kind}.html"
            html = FRAGMENTS[kind]
            body = f'<div class="bd-article">{html}</div>'
            path.write_text(browser.DOCUMENT.format(body), encoding="utf-8")
            visit.page.goto("about:blank")
            visit.page.goto(path.as_uri() + after)
            visit.page.wait_for_selector(browser.READY)
            return visit.page

        yield go
        visit.assert_quiet()


@each_kind
def test_the_state_is_there_again_when_the_page_is(visits: Callable[..., Any], kind: str) -> None:
    page = visits(kind)
    first = state(page)
    change(page, kind)
    changed = state(page)
    assert changed != first

    assert state(visits(kind)) == changed
    page.get_by_role("button", name="Start over").click()
    assert state(visits(kind)) == first


@each_kind
def test_a_link_carries_the_state(visits: Callable[..., Any], kind: str) -> None:
    page = visits(kind)
    first = state(page)
    page.evaluate("""() => Object.defineProperty(navigator, "clipboard", {
      value: { writeText: async (text) => { window.copied = text; } } })""")
    change(page, kind)
    changed = state(page)
    page.get_by_role("button", name="Copy link").click()
    browser.wait_until(page, lambda: page.evaluate("window.copied"))
    copied = page.evaluate("window.copied")
    page.get_by_role("button", name="Start over").click()

    assert state(visits(kind)) == first
    assert state(visits(kind, "#" + copied.partition("#")[2])) == changed
    page.get_by_role("button", name="Start over").click()
    assert state(visits(kind, f"#{kind}=bm9uc2Vuc2U")) == first  # a link that is none


@each_kind
def test_it_can_be_enlarged_and_reduced(show: Show, kind: str) -> None:
    page = show(FRAGMENTS[kind])
    button = page.get_by_role("button", name="Enlarge")
    width = page.locator(".coursecnn").bounding_box()["width"]

    button.click()
    assert page.locator(".coursecnn").bounding_box()["width"] >= 1280 > width
    page.keyboard.press("Escape")

    assert page.locator(".coursecnn").bounding_box()["width"] == width


# The stepper: what is pointed at has the colour of the weight through which the rest meets it.


HUES = """(label) => [...document.querySelectorAll(`[aria-label="${label}"] > *`)]
  .map((cell) => cell.classList.contains("window") ? cell.style.getPropertyValue("--hue") : null)"""


def test_each_weight_has_one_colour_and_so_has_its_pixel(show: Show) -> None:
    page = show(FRAGMENTS["stepper"])
    for channel in range(3):
        kernel = page.evaluate(HUES, f"W0, channel {channel}")
        pixels = page.evaluate(HUES, f"input, channel {channel}")
        products = page.evaluate(HUES, f"products, channel {channel}")

        assert len(set(kernel)) == 9
        assert None not in kernel
        assert [hue for hue in pixels if hue is not None] == kernel == products


def test_a_weight_shows_all_pixels_that_it_meets(show: Show) -> None:
    page = show(FRAGMENTS["stepper"])
    page.get_by_label("W0, channel 1, row 0, column 0").hover()

    pixels = np.array(page.evaluate(HUES, "input, channel 1")).reshape(7, 7)

    met = {(int(r), int(c)) for r, c in zip(*np.nonzero(pixels != None), strict=True)}  # noqa: E711
    assert met == {(r, c) for r in (0, 2, 4) for c in (0, 2, 4)}
    assert set(page.evaluate(HUES, "input, channel 0")) == {None}
    assert "It meets 9 pixels" in page.locator(".told-of").inner_text()


def test_a_pixel_shows_the_outputs_that_read_it(show: Show) -> None:
    page = show(FRAGMENTS["stepper"])
    page.get_by_label("input, channel 2, row 1, column 1").hover()

    outputs = page.evaluate(HUES, "output of W0")
    weights = page.evaluate(HUES, "W1, channel 2")

    assert [hue is not None for hue in outputs] == [True, True, False, True, True] + [False] * 4
    assert {hue for hue in weights if hue} == {hue for hue in outputs if hue}
    assert "4 outputs of each filter read it" in page.locator(".told-of").inner_text()


def test_all_channels_are_on_one_screen(show: Show) -> None:
    page = show(FRAGMENTS["stepper"], width=860)

    box = page.locator(".layer").bounding_box()
    whole = page.locator(".coursecnn").bounding_box()

    assert box["height"] < 620
    assert whole["height"] < 860
    assert box["y"] + box["height"] < 900


def test_it_moves_by_itself_until_it_is_touched(show: Show) -> None:
    page = show(FRAGMENTS["stepper"], motion=True)
    told = lambda: page.locator(".total").inner_text()  # noqa: E731
    begun = told()

    browser.wait_until(page, lambda: told() != begun)
    page.locator(".coursecnn").hover()
    still = told()
    page.wait_for_timeout(1300)

    assert told() == still
    assert page.get_by_role("button", name="Play").count() == 1


def test_a_tap_on_its_button_pauses_what_moves_by_itself(show: Show) -> None:
    page = show(FRAGMENTS["stepper"], width=390, touch=True, motion=True)
    page.get_by_role("button", name="Pause").tap()
    still = page.locator(".total").inner_text()

    page.wait_for_timeout(1300)

    assert page.locator(".total").inner_text() == still
    assert page.get_by_role("button", name="Play").count() == 1


def test_nothing_moves_where_motion_is_unwanted(show: Show) -> None:
    page = show(FRAGMENTS["stepper"])
    begun = page.locator(".total").inner_text()

    page.wait_for_timeout(1300)

    assert page.locator(".total").inner_text() == begun


def test_a_digest_names_the_state() -> None:
    """What is kept for one script and its data is not taken for those of another."""
    one, other = (written.fragment("replay.js", "x", {"epochs": n}, "") for n in (1, 2))
    key = lambda html: html.partition('data-interactive="')[2].partition('"')[0]  # noqa: E731

    assert key(one) != key(other)
