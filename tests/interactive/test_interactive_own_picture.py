"""The playground takes a picture of the reader's own, from a file or a camera."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from coursecnn.convolution import correlate2d
from coursecnn.interactive import KernelPlayground
from tests import browser

RNG = np.random.default_rng(31)
EDGE = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
PLAYGROUND = KernelPlayground({"noise": RNG.random((18, 21))}, {"edge": EDGE})
PIXELS = RNG.integers(0, 256, (18, 21), dtype=np.uint8)
# A camera of one colour, and one that is refused.
CAMERA = """() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
  const draw = () => {
    const context = canvas.getContext("2d");
    context.fillStyle = "rgb(51, 51, 51)";
    context.fillRect(0, 0, 64, 48);
    window.drawing = setTimeout(draw, 30);
  };
  draw();
  window.stream = canvas.captureStream(30);
  const getUserMedia = async (asked) => { window.asked = asked; return window.stream; };
  Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia } });
}"""
REFUSED = """() => Object.defineProperty(navigator, "mediaDevices", {
  value: { getUserMedia: async () => { throw new DOMException("", "NotAllowedError"); } },
})"""

Show = Callable[..., Any]


def choose(page: Any, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "image/png", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def summary(page: Any) -> str:
    return str(page.get_by_text("The answers lie between").inner_text())


def test_a_picture_from_a_file_is_computed_as_in_python(show: Show) -> None:
    page = show(PLAYGROUND)

    choose(page, "mine.png", png(PIXELS))

    page.wait_for_function(
        "document.querySelector('select').selectedOptions[0].text === 'your own'"
    )
    answers = correlate2d(PIXELS / 255, EDGE)
    low, high = (f"{value:.3f}".rstrip("0").rstrip(".") for value in (answers.min(), answers.max()))
    assert f"between {low.replace('-', '−')} and {high}" in summary(page)
    assert "sent nowhere" in page.inner_text(".coursecnn")


def test_a_picture_of_another_form_is_cut_to_its_middle(show: Show) -> None:
    page = show(KernelPlayground({"noise": np.zeros((20, 20))}, {"same": [[1]]}))
    wide = np.full((40, 200, 3), 255, np.uint8)
    wide[:, 80:120] = 102

    choose(page, "wide.png", png(wide))

    page.wait_for_function(
        "document.querySelector('select').selectedOptions[0].text === 'your own'"
    )
    assert "between 0.4 and 0.4" in summary(page)


def test_what_is_no_picture_says_so_and_changes_nothing(show: Show) -> None:
    page = show(PLAYGROUND)
    before = summary(page)

    choose(page, "letter.png", b"no picture")

    page.get_by_text("letter.png holds no picture").wait_for()
    assert summary(page) == before
    assert page.locator("select").first.input_value() == "noise"


def test_an_own_picture_is_in_no_state_and_start_over_forgets_it(show: Show) -> None:
    page = show(PLAYGROUND)
    choose(page, "mine.png", png(PIXELS))
    page.get_by_text("sent nowhere").wait_for()

    page.get_by_role("button", name="Start over").click()

    assert page.locator("select").first.locator("option").all_inner_texts() == ["noise"]
    assert "sent nowhere" not in page.inner_text(".coursecnn")


def test_the_camera_is_asked_for_on_press_alone_and_let_go(show: Show) -> None:
    page = show(KernelPlayground({"noise": np.zeros((20, 20))}, {"same": [[1]]}))
    page.evaluate(CAMERA)
    assert page.evaluate("window.asked") is None

    page.get_by_role("button", name="Use the camera").click()
    browser.wait_until(page, lambda: "between 0.2 and 0.2" in summary(page))
    assert page.evaluate("window.asked.audio") is False
    page.get_by_role("button", name="Keep this picture").click()

    states = page.evaluate("window.stream.getTracks().map((track) => track.readyState)")
    assert states == ["ended"]
    assert "between 0.2 and 0.2" in summary(page)
    assert page.get_by_role("button", name="Use the camera").count() == 1
    page.evaluate("clearTimeout(window.drawing)")


def test_a_camera_that_nobody_sees_is_let_go(show: Show) -> None:
    page = show(PLAYGROUND)
    page.evaluate(CAMERA)
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Keep this picture").wait_for()

    page.evaluate("document.querySelector('.coursecnn').style.display = 'none'")

    ended = "window.stream.getTracks().every((track) => track.readyState === 'ended')"
    browser.wait_until(page, lambda: page.evaluate(ended))
    page.evaluate("clearTimeout(window.drawing)")


def test_a_camera_that_is_refused_says_what_to_do(show: Show) -> None:
    page = show(PLAYGROUND)
    page.evaluate(REFUSED)

    page.get_by_role("button", name="Use the camera").click()

    page.get_by_text("The camera was not allowed. Nothing was recorded").wait_for()
    assert page.locator("select").first.input_value() == "noise"
