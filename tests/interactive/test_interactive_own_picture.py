"""Pictures of the reader's own, from a file or a camera, in all interactives that take one."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from coursecnn.convolution import correlate2d
from coursecnn.interactive import KernelPlayground
from tests import browser
from tests.interactive.test_interactive_hand import FRAGMENTS

RNG = np.random.default_rng(31)
EDGE = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
PLAYGROUND = KernelPlayground({"noise": RNG.random((18, 21))}, {"edge": EDGE})
PLAIN = KernelPlayground({"noise": np.zeros((20, 20))}, {"same": [[1]]})
PIXELS = RNG.integers(0, 256, (18, 21), dtype=np.uint8)
TAKING = [kind for kind, html in FRAGMENTS.items() if "getUserMedia" in html]
each_kind = pytest.mark.parametrize("kind", TAKING)
# A page has a camera in a secure context; here it is a canvas of one colour, or it may not be used.
CAMERA = """(refusal) => Object.defineProperty(navigator, "mediaDevices", { value: {
  getUserMedia: async (asked) => {
    window.asked = asked;
    if (refusal) throw new DOMException("no", refusal);
    const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
    const draw = () => {
      const context = canvas.getContext("2d");
      context.fillStyle = "rgb(51, 51, 51)";
      context.fillRect(0, 0, 64, 48);
      if (window.stream?.getTracks()[0].readyState !== "ended") setTimeout(draw, 30);
    };
    draw();
    window.stream = canvas.captureStream(30);
    return window.stream;
  } } })"""
ENDED = "window.stream.getTracks().every((track) => track.readyState === 'ended')"
# What the largest of the pictures shows that are no part of a list to choose from.
SHOWN = """() => [...document.querySelectorAll(".coursecnn canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((_, index) => index % 4 < 3).every((level) => Math.abs(level - 51) < 4);
}).some((isCamera) => isCamera)"""

Show = Callable[..., Any]


def with_camera(show: Show, html: str, refusal: str = "") -> Any:
    """A page with an interactive that was started where there is a camera."""
    page = show("<div class='coursecnn' data-running>-</div>")
    page.evaluate(CAMERA, refusal)
    page.evaluate("(html) => { window.waiting = html; }", html)
    page.evaluate(browser.START_ANEW.replace("old?.parentElement ?? ", ""))
    return page


def use_camera(page: Any) -> None:
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Take the picture").wait_for()
    browser.wait_until(page, lambda: page.evaluate(SHOWN))


def choose(page: Any, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "image/png", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def summary(page: Any) -> str:
    return str(page.get_by_text("The answers lie between").inner_text())


PHOTO = "select >> nth=1"
IS_OWN = "document.querySelectorAll('select')[1].selectedOptions[0].text === 'your own'"


def test_a_picture_from_a_file_is_computed_as_in_python(show: Show) -> None:
    page = show(PLAYGROUND)

    choose(page, "mine.png", png(PIXELS))

    page.wait_for_function(IS_OWN)
    answers = correlate2d(PIXELS / 255, EDGE)
    low, high = (f"{value:.3f}".rstrip("0").rstrip(".") for value in (answers.min(), answers.max()))
    assert f"between {low.replace('-', '−')} and {high}" in summary(page)
    assert "sent nowhere" in page.inner_text(".coursecnn")


def test_a_picture_of_another_form_is_cut_to_its_middle(show: Show) -> None:
    page = show(PLAIN)
    wide = np.full((40, 200, 3), 255, np.uint8)
    wide[:, 80:120] = 102

    choose(page, "wide.png", png(wide))

    page.wait_for_function(IS_OWN)
    assert "between 0.4 and 0.4" in summary(page)


@each_kind
def test_what_is_no_picture_says_so_and_changes_nothing(show: Show, kind: str) -> None:
    page = show(FRAGMENTS[kind])
    pictures = "() => [...document.querySelectorAll('canvas')].map((one) => one.toDataURL()).join()"
    before = page.evaluate(pictures)

    choose(page, "letter.png", b"no picture")

    page.get_by_text("“letter.png” holds no picture that this browser can read.").wait_for()
    assert page.evaluate(pictures) == before


def test_an_own_picture_is_in_no_state_and_start_over_forgets_it(show: Show) -> None:
    page = show(PLAYGROUND)
    choose(page, "mine.png", png(PIXELS))
    page.get_by_text("sent nowhere").wait_for()

    page.get_by_role("button", name="Start over").click()

    assert page.locator(PHOTO).locator("option").all_inner_texts() == ["noise"]
    assert "sent nowhere" not in page.inner_text(".coursecnn")


@each_kind
def test_the_camera_is_asked_for_on_press_alone_and_let_go(show: Show, kind: str) -> None:
    page = with_camera(show, FRAGMENTS[kind])
    assert page.evaluate("window.asked") is None

    use_camera(page)
    assert page.evaluate("window.asked.audio") is False
    page.get_by_role("button", name="Take the picture").click()

    assert page.evaluate(ENDED)
    assert page.evaluate(SHOWN)  # the last picture stays
    assert page.get_by_role("button", name="Use the camera").is_visible()


@each_kind
def test_a_camera_that_nobody_sees_is_let_go(show: Show, kind: str) -> None:
    page = with_camera(show, FRAGMENTS[kind])
    use_camera(page)

    page.evaluate("document.querySelector('[data-interactive]').style.display = 'none'")

    browser.wait_until(page, lambda: page.evaluate(ENDED))
    assert page.get_by_role("button", name="Take the picture").count() == 0


@each_kind
def test_another_picture_lets_go_of_the_camera(show: Show, kind: str) -> None:
    page = with_camera(show, FRAGMENTS[kind])
    use_camera(page)

    choose(page, "mine.png", png(PIXELS))

    browser.wait_until(page, lambda: page.evaluate(ENDED))
    browser.wait_until(page, lambda: not page.evaluate(SHOWN))


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ("NotAllowedError", "The camera was refused. A file will do."),
        ("NotFoundError", "No camera was found. A file will do."),
        ("NotReadableError", "The camera is in use elsewhere. A file will do."),
        ("SecurityError", "A page may use a camera only at an https address. A file will do."),
        ("OverconstrainedError", "The camera cannot be used here. A file will do."),
    ],
)
@each_kind
def test_a_camera_that_may_not_be_used_is_explained(
    show: Show, kind: str, refusal: str, words: str
) -> None:
    page = with_camera(show, FRAGMENTS[kind], refusal)

    page.get_by_role("button", name="Use the camera").click()

    browser.wait_until(page, lambda: page.locator("[role=alert]").inner_text() == words)
    assert page.get_by_role("button", name="Use the camera").is_visible()


@each_kind
def test_without_a_camera_no_camera_is_offered(show: Show, kind: str) -> None:
    page = show("<div class='coursecnn' data-running>-</div>")
    page.evaluate('() => Object.defineProperty(navigator, "mediaDevices", { value: undefined })')
    page.evaluate("(html) => { window.waiting = html; }", FRAGMENTS[kind])
    page.evaluate(browser.START_ANEW.replace("old?.parentElement ?? ", ""))

    assert page.locator("button", has_text="camera").is_hidden()
