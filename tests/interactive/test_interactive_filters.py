"""The filters of a first layer: the page answers as the package does, and finds the same patch."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from coursecnn import training
from coursecnn.convolution import conv2d
from coursecnn.interactive import FilterExplorer, snapshots
from coursecnn.interactive.page import palette
from coursecnn.training.recipes import RECIPES
from tests import browser

LAB = training.load_trained(RECIPES["lab"])
EXPLORER = FilterExplorer(LAB, "conv1", photographs=snapshots()[:2])
FILTERS = EXPLORER.kernels.shape[3]
NUMBER = r"\(?(−?[\d.]+)\)?"
TOLD = re.compile(
    rf"Filter (\d+), row (\d+), column (\d+): the (strongest )?answer is {NUMBER} from red \+ "
    rf"{NUMBER} from green \+ {NUMBER} from blue \+ {NUMBER}, the bias, ≈ {NUMBER}$"
)
PIXELS = """(canvas) => [canvas.height, canvas.width,
  [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]]"""
# Bank, photograph, answers: the canvases that are pointed at, in their order.
BANK, PHOTO, ANSWERS = (f".pointed canvas >> nth={n}" for n in range(3))

Show = Callable[..., Any]


def told(page: Any) -> tuple[list[int], bool, list[float]]:
    """Filter, row and column; whether it is the strongest; by colour, the bias, and the answer."""
    text = page.locator("output").last.inner_text()
    found = TOLD.match(text)
    assert found, text
    *place, strongest = found.groups()[:4]
    numbers = [float(number.replace("−", "-")) for number in found.groups()[4:]]
    return [int(number) for number in place], strongest is not None, numbers


def picture(page: Any, canvas: str) -> np.ndarray:
    """Red, green and blue, (rows, columns, 3)."""
    height, width, values = page.eval_on_selector(canvas, PIXELS)
    return np.reshape(values, (height, width, 4))[..., :3]


def answers(page: Any) -> np.ndarray:
    """Of all filters to the photograph that is shown, (rows, columns, filters)."""
    image = picture(page, PHOTO)[None] / 255
    return conv2d(image, EXPLORER.kernels, EXPLORER.bias)[0]


def bank(page: Any) -> None:
    page.locator('.bank [tabindex="0"]').focus()


def check_place(page: Any, expected: np.ndarray) -> bool:
    """What is told is what Python computes at that place; whether it says it is the strongest."""
    (number, row, column), is_strongest, (*parts, bias, total) = told(page)
    kernel = EXPLORER.kernels[..., number]
    patch = picture(page, PHOTO)[row : row + 3, column : column + 3] / 255
    assert parts == pytest.approx((patch * kernel).sum(axis=(0, 1)), abs=6e-4)
    assert bias == pytest.approx(EXPLORER.bias[number], abs=6e-4)
    assert total == pytest.approx(expected[row, column, number], abs=6e-4)
    return is_strongest


def test_every_filter_finds_the_patch_that_python_finds(show: Show) -> None:
    """On two photographs, from coarse to fine."""
    page = show(EXPLORER)
    for name, side in (("cat", 32), ("astronaut", 64), ("cat", 97)):
        page.get_by_role("button", name=name).click()
        page.wait_for_selector(browser.READY)
        page.get_by_label("pixels a side", exact=True).fill(str(side))
        expected = answers(page)
        assert expected.shape == (side - 2, side - 2, FILTERS)
        bank(page)
        for _ in range(FILTERS):
            page.keyboard.press("ArrowLeft")
        for number in range(FILTERS):
            (found, row, column), is_strongest, _ = told(page)
            assert (found, is_strongest) == (number, True)
            assert expected[row, column, number] == pytest.approx(expected[..., number].max())
            assert check_place(page, expected)
            page.keyboard.press("ArrowRight")


def test_random_windows_are_answered_as_in_python(show: Show) -> None:
    page = show(EXPLORER, width=900)
    expected, rng = answers(page), np.random.default_rng(0)
    for turn in range(60):
        bank(page)
        page.keyboard.press(rng.choice(["ArrowLeft", "ArrowRight", "ArrowDown", "ArrowUp"]))
        canvas, side, middle = [(PHOTO, 64, 1), (ANSWERS, 62, 0)][turn % 2]
        page.locator(canvas).scroll_into_view_if_needed()
        box = page.locator(canvas).bounding_box()
        row, column = (int(rng.integers(1, 62)) for _ in range(2))
        page.mouse.move(
            box["x"] + (column + 0.5) * box["width"] / side,
            box["y"] + (row + 0.5) * box["height"] / side,
        )

        (_, found_row, found_column), *_ = told(page)
        assert (found_row, found_column) == (row - middle, column - middle)
        check_place(page, expected)


def test_the_most_negative_answer_is_the_smallest(show: Show) -> None:
    page = show(EXPLORER)
    expected = answers(page)

    page.get_by_role("button", name="Most negative answer").click()

    (number, row, column), is_strongest, _ = told(page)
    assert not is_strongest
    assert expected[row, column, number] == pytest.approx(expected[..., number].min())
    page.get_by_role("button", name="Strongest answer").click()
    assert told(page)[1]


def test_the_pictures_are_the_filter_the_patch_and_the_answers(show: Show) -> None:
    page = show(EXPLORER)
    bank(page)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    (number, row, column), *_ = told(page)
    kernel, expected = EXPLORER.kernels[..., number], answers(page)[..., number]

    filters = picture(page, BANK)
    shown = picture(page, ".framing canvas >> nth=0")
    patch = picture(page, ".framing canvas >> nth=1")

    levels = 127.5 * (1 + kernel / np.abs(kernel).max())
    assert np.abs(shown - levels).max() <= 0.51
    assert (filters[:3, 4 * number :][:, :3] == shown).all()
    assert (patch == picture(page, PHOTO)[row : row + 3, column : column + 3]).all()
    places = np.minimum(255, np.floor((expected / np.abs(expected).max() + 1) / 2 * 256))
    assert np.mean(picture(page, ANSWERS) != palette()[places.astype(int)]) < 1e-3
    numbers = page.eval_on_selector_all(
        ".channels .grid", "(all) => all.map((one) => [...one.children].map((n) => n.textContent))"
    )
    found = np.array([[float(text.replace("−", "-")) for text in one] for one in numbers])
    assert np.abs(found.T.reshape(3, 3, 3) - kernel).max() <= 0.0051


def test_the_page_has_the_filters_of_the_network() -> None:
    kernels, bias = LAB.get_layer("conv1").get_weights()

    assert np.abs(EXPLORER.kernels - kernels).max() <= 5.1e-5
    assert np.abs(EXPLORER.bias - bias).max() <= 5.1e-5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show: Show, dark: bool) -> None:
    assert browser.faults(show(EXPLORER, dark=dark)) == []


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_the_page_does_not_scroll_sideways(show: Show, width: int) -> None:
    page = show(EXPLORER, width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_where_scripts_do_not_run_the_first_filter_is_there() -> None:
    html = EXPLORER._repr_html_()

    assert "Filter 0 of conv1" in html
    assert html.count("<table>") == 3


@pytest.mark.parametrize(
    ("layer", "photographs", "message"),
    [
        ("conv2", None, r"layer must have .* over 3 channels, .* got 'conv2' with weights of"),
        ("conv1", [], "photographs must hold at least one, got none"),
    ],
)
def test_what_cannot_be_shown_is_refused(layer: str, photographs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FilterExplorer(LAB, layer, photographs=photographs)
