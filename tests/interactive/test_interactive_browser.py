"""The interactives in a browser: what they show, and how they answer the hand."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from coursecnn.architectures.googlenet import INCEPTIONS
from coursecnn.convolution import conv2d, correlate2d
from coursecnn.geometry import Convolution, DoesNotFit
from coursecnn.interactive import (
    Example,
    GeometryCalculator,
    InceptionCalculator,
    KernelPlayground,
    ReceptiveFieldExplorer,
    Stack,
    Stepper,
)
from coursecnn.interactive import page as written_page
from tests import browser

EXAMPLES = 40
TOP_EDGE = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
# Every number of a grid by its label, and what the cell shows.
GRID = """(label) => [...document.querySelectorAll(`[aria-label="${label}"] > *`)]
  .map((cell) => (cell.matches("input") ? cell.value : cell.lastChild.textContent))"""

Show = Callable[..., Any]


def random_example(rng: np.random.Generator) -> Example:
    """A small layer in whole numbers whose windows fit."""
    while True:
        height, width, depth, filters = rng.integers(1, 4, 4)
        image = rng.integers(-9, 10, (*rng.integers(3, 7, 2), depth))
        kernels = rng.integers(-5, 6, (height, width, depth, filters))
        bias = rng.integers(-9, 10, filters)
        try:
            return Example(image, kernels, bias, *rng.integers((1, 0), (4, 3)).tolist())
        except DoesNotFit:
            continue


RNG = np.random.default_rng(0)
STEPPER = Stepper({f"layer {index}": random_example(RNG) for index in range(EXAMPLES)})
PLAYGROUND = KernelPlayground(
    {"noise": RNG.random((18, 21)), "other noise": RNG.random((12, 9))},
    {"blur": np.full((3, 3), 1 / 9), "top edge": TOP_EDGE},
)
CALCULATOR = GeometryCalculator(Convolution(16, kernel=3, stride=2), (8, 8, 3))
INCEPTION = InceptionCalculator({"3a": ((28, 28, 192), INCEPTIONS["3a"])})
FIELDS = ReceptiveFieldExplorer({"one": Stack({"conv": Convolution(1, 3)}, 9, {"conv": np.eye(3)})})


def numbers(page: Any, label: str) -> list[float]:
    """The numbers of a grid, as the page shows them."""
    return [float(text.replace("−", "-")) for text in page.evaluate(GRID, label)]


def words(page: Any, selector: str) -> str:
    return str(page.locator(selector).first.inner_text())


# The stepper


def output_of(example: Example) -> np.ndarray:
    arrays = example.image, example.kernels, example.bias
    image, kernels, bias = map(np.asarray, arrays)
    return conv2d(image[None], kernels, bias, example.stride, example.padding)[0]


def test_the_stepper_shows_the_outputs_of_each_layer(show: Show) -> None:
    page = show(STEPPER)
    compared = 0
    for name, example in STEPPER.examples.items():
        page.select_option("select", name)
        output = output_of(example)
        for k in range(output.shape[2]):
            assert numbers(page, f"output of W{k}") == output[..., k].ravel().tolist()
        compared += output.size
    assert compared > 500


def test_the_stepper_shows_every_product_and_sum(show: Show) -> None:
    page = show(STEPPER)
    rng = np.random.default_rng(4)
    for name, example in STEPPER.examples.items():
        page.select_option("select", name)
        i, j, k = (int(rng.integers(n)) for n in output_of(example).shape)
        page.dispatch_event(f'[aria-label^="output of W{k}, row {i}, column {j}:"]', "click")
        products = products_at(example, i, j, k)
        for c in range(products.shape[2]):
            assert numbers(page, f"products, channel {c}") == products[..., c].ravel().tolist()
        assert shown_sum(page) == (
            [*products.sum(axis=(0, 1)).tolist(), output_of(example)[i, j, k]]
        )


def products_at(example: Example, i: int, j: int, k: int) -> np.ndarray:
    edge = [(example.padding, example.padding)] * 2 + [(0, 0)]
    padded, kernels = np.pad(np.asarray(example.image), edge), np.asarray(example.kernels)
    top, left = i * example.stride, j * example.stride
    return padded[top : top + kernels.shape[0], left : left + kernels.shape[1]] * kernels[..., k]


def shown_sum(page: Any) -> list[float]:
    """The sums over the channels and the output, read from "W0 at ...: 1 − 2 + bias 1 = 0"."""
    sums = words(page, ".total output").partition(": ")[2]
    result = words(page, ".total output:last-child")
    terms = re.findall(r"[-+]?\d+", f"{sums} {result}".replace("−", "-").replace(" ", ""))
    return [float(term) for term in terms]


def test_a_changed_number_changes_the_outputs(show: Show) -> None:
    example = STEPPER.examples["layer 0"]
    image, kernels, bias = (
        np.array(array, float) for array in (example.image, example.kernels, example.bias)
    )
    image[1, 2, 0], kernels[0, 0, 0, 0], bias[0] = 7, -4, 2.5
    page = show(STEPPER)

    page.get_by_label("input, channel 0, row 1, column 2").fill("7")
    page.get_by_label("W0, channel 0, row 0, column 0").fill("-4")
    page.get_by_label("bias of W0").fill("2.5")

    output = output_of(Example(image, kernels, bias, example.stride, example.padding))
    assert numbers(page, "output of W0") == output[..., 0].ravel().tolist()


def test_what_is_no_number_is_marked_and_changes_nothing(show: Show) -> None:
    page = show(STEPPER)
    before = numbers(page, "output of W0")
    box = page.get_by_label("W0, channel 0, row 0, column 0")
    written = box.input_value()

    box.fill("")

    assert box.get_attribute("aria-invalid") == "true"
    assert numbers(page, "output of W0") == before
    box.blur()
    assert box.input_value() == written


FIVE = Stepper(
    {"five": Example(np.arange(25).reshape(5, 5, 1), np.ones((3, 3, 1, 2)), [0, 1], padding=1)}
)
HERE = '.coursecnn [aria-pressed="true"]'


def test_pointing_at_an_output_shows_its_window(show: Show) -> None:
    page = show(FIVE)

    page.hover('[aria-label^="output of W1, row 1, column 2:"]')

    assert words(page, ".total").startswith("W1 at row 1, column 2: 63 + bias")
    assert windows(page) == ["1", "2", "3", "6", "7", "8", "11", "12", "13"]


def windows(page: Any) -> list[str]:
    """What the cells of the input under the window hold."""
    cells = "(cells) => cells.map((cell) => cell.value ?? cell.textContent)"
    return list(page.eval_on_selector_all('[aria-label^="input"] > .window', cells))


def test_a_tap_shows_the_window_of_an_output(show: Show) -> None:
    page = show(FIVE, width=360, touch=True)

    page.tap('[aria-label^="output of W0, row 0, column 0:"]')
    page.tap('[aria-label^="output of W0, row 4, column 3:"]')

    assert words(page, ".total").startswith("W0 at row 4, column 3:")


def test_the_keyboard_reaches_and_walks_the_outputs(show: Show) -> None:
    page = show(FIVE)
    page.locator('[aria-label="output of W0"] [tabindex="0"]').focus()

    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)

    assert words(page, ".total").startswith("W0 at row 0, column 1:")
    page.keyboard.press("Tab")
    assert words(page, ".total").startswith("W1 at row 0, column 0:")


def test_step_goes_through_all_outputs_and_back(show: Show) -> None:
    page = show(FIVE)

    page.get_by_role("button", name="Step", exact=True).dblclick()
    assert words(page, ".total").startswith("W0 at row 0, column 2:")
    for _ in range(3):
        page.get_by_role("button", name="Back").click()
    assert words(page, ".total").startswith("W1 at row 4, column 4:")


def test_play_steps_by_itself_until_it_is_paused(show: Show) -> None:
    page = show(FIVE, motion=True)
    page.locator(".coursecnn").hover()  # from now on, it plays only when it is asked to
    page.get_by_role("button", name="Start over").click()
    page.clock.install()
    page.get_by_role("button", name="Play").click()

    page.clock.run_for(3500)
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(3500)

    assert words(page, ".total").startswith("W0 at row 0, column 3:")


def test_another_stride_that_does_not_fit_is_explained(show: Show) -> None:
    page = show(FIVE)

    page.get_by_label("stride", exact=True).fill("3")

    ramp, ones = np.arange(25).reshape(1, 5, 5, 1), np.ones((3, 3, 1, 1))
    expected = conv2d(ramp, ones, stride=3, padding=1, rounding="floor")
    assert "no window reads the last row or column" in words(page, ".stage")
    assert numbers(page, "output of W0") == expected.ravel().tolist()


def spread(kernels: np.ndarray, dilation: int) -> np.ndarray:
    """Kernels with zeros between their taps: the same layer without dilation."""
    height, width, *rest = kernels.shape
    wide = np.zeros((dilation * (height - 1) + 1, dilation * (width - 1) + 1, *rest))
    wide[::dilation, ::dilation] = kernels
    return wide


def test_a_dilated_kernel_reads_pixels_apart(show: Show) -> None:
    page = show(STEPPER)
    compared = 0
    for name, example in STEPPER.examples.items():
        page.select_option("select", name)
        box = page.get_by_label("dilation", exact=True)
        for dilation in range(2, int(box.get_attribute("aria-valuemax")) + 1):
            box.fill(str(dilation))
            kernels = spread(np.asarray(example.kernels), dilation)
            padding = int(page.get_by_label("padding", exact=True).input_value())
            image = np.asarray(example.image)[None]
            output = conv2d(
                image, kernels, example.bias, example.stride, padding, rounding="floor"
            )[0]
            for k in range(output.shape[2]):
                assert numbers(page, f"output of W{k}") == output[..., k].ravel().tolist()
            compared += output.size
    assert compared > 300


# The playground


TYPE_KERNEL = """(weights) => document.querySelectorAll(".kernel .grid input").forEach(
  (box, index) => {
    box.value = weights[index];
    box.dispatchEvent(new Event("input"));
  })"""


def test_the_playground_answers_as_the_package_does(show: Show) -> None:
    """For random kernels, at random places, on the pictures that the page was given."""
    page = show(PLAYGROUND)
    rng = np.random.default_rng(5)
    for turn in range(25):
        name = ("noise", "other noise")[turn % 2]
        page.select_option("select >> nth=1", name)
        kernel = rng.integers(-3, 4, (3, 3))
        page.evaluate(TYPE_KERNEL, kernel.ravel().tolist())
        answers = correlate2d(PLAYGROUND.photo(name), kernel)
        place = tuple(int(rng.integers(n)) for n in answers.shape)
        point_at(page, "answers", place, answers.shape)
        low, high = re.findall(r"−?[\d.]*\d", words(page, "p:has(+ output)"))[1:3]
        assert written(words(page, "output >> nth=-1")) == pytest.approx(answers[place], abs=6e-4)
        assert [written(low), written(high)] == pytest.approx(
            [answers.min(), answers.max()], abs=6e-4
        )


def point_at(page: Any, kind: str, place: tuple[int, ...], shape: tuple[int, ...]) -> None:
    picture = page.locator(f'[aria-label^="{kind}"] canvas')
    box = picture.bounding_box()
    x = (place[1] + 0.5) / shape[1] * box["width"]
    y = (place[0] + 0.5) / shape[0] * box["height"]
    picture.hover(position={"x": x, "y": y}, force=True)


def written(text: str) -> float:
    """The number at the end of a text."""
    return float(text.replace("−", "-").split(" ")[-1])


PIXELS = """(canvas) => [...canvas.getContext("2d")
  .getImageData(0, 0, canvas.width, canvas.height).data].filter((_, index) => index % 4 === 0)"""


def test_the_pictures_are_the_photo_and_its_answers(show: Show) -> None:
    page = show(PLAYGROUND)
    page.get_by_role("button", name="blur").click()
    photo = PLAYGROUND.photo("noise")
    blurred = np.round(255 * correlate2d(photo, np.full((3, 3), 1 / 9)))

    original, result = (page.eval_on_selector(f"canvas >> nth={n}", PIXELS) for n in (0, 1))

    assert original == (255 * photo).ravel().tolist()
    assert np.abs(np.array(result) - blurred.ravel()).max() <= 1
    assert np.mean(np.array(result) != blurred.ravel()) < 0.05


def test_a_kernel_of_the_list_is_taken_and_the_relu_applied(show: Show) -> None:
    page = show(PLAYGROUND)

    page.get_by_role("button", name="top edge").click()
    page.get_by_label("ReLU").check()

    answers = np.maximum(correlate2d(PLAYGROUND.photo("noise"), TOP_EDGE), 0)
    assert numbers(page, "kernel") == TOP_EDGE.ravel().tolist()
    assert f"between 0 and {answers.max():.3f}".rstrip("0") in words(page, "p:has(+ output)")
    assert page.get_by_role("button", name="top edge").get_attribute("aria-pressed") == "true"


SHEET = """async ([source, cases]) => {
  const module = await import(`data:text/javascript;base64,${source}`);
  return cases.map(([shape, values, side]) => module.resized({ shape, values }, side).values);
}"""


def test_a_kernel_of_another_size_has_the_old_one_in_its_middle(chromium: Any) -> None:
    """Against a slice of a padded array, for kernels of all sizes."""
    rng = np.random.default_rng(8)
    kernels = [rng.integers(-9, 10, rng.integers(1, 10, 2)) for _ in range(300)]
    sides = rng.choice([3, 5, 7], len(kernels)).tolist()
    module = f"{written_page.module('sheet.js')}\nexport {{ resized }};"
    source = base64.b64encode(module.encode()).decode()
    cases = [
        [list(kernel.shape), kernel.ravel().tolist(), side]
        for kernel, side in zip(kernels, sides, strict=True)
    ]
    with browser.visit(chromium) as visit:
        found = visit.page.evaluate(SHEET, [source, cases])

    for kernel, side, values in zip(kernels, sides, found, strict=True):
        top, left = ((length - side + 1) // 2 + 9 for length in kernel.shape)
        expected = np.pad(kernel, 9)[top : top + side, left : left + side]
        assert values == expected.ravel().tolist()


def test_the_playground_answers_to_larger_kernels_as_the_package_does(show: Show) -> None:
    page = show(PLAYGROUND)
    rng = np.random.default_rng(9)
    for side in (5, 7, 3):
        page.select_option("select >> nth=0", f"{side}×{side}")
        kernel = rng.integers(-3, 4, (side, side))
        page.evaluate(TYPE_KERNEL, kernel.ravel().tolist())
        answers = correlate2d(PLAYGROUND.photo("noise"), kernel)
        point_at(page, "answers", (3, 4), answers.shape)
        assert written(words(page, "output >> nth=-1")) == pytest.approx(answers[3, 4], abs=6e-4)


def painted(page: Any) -> np.ndarray:
    levels = page.eval_on_selector('[aria-label^="photo"] canvas', PIXELS)
    return np.reshape(levels, (28, 28))


def stroke(page: Any, *places: tuple[int, int]) -> None:
    """Paint with the mouse from pixel to pixel, each (row, column)."""
    page.locator('[aria-label^="photo"]').scroll_into_view_if_needed()
    box = page.locator('[aria-label^="photo"] canvas').bounding_box()
    at = [
        (box["x"] + (c + 0.5) * box["width"] / 28, box["y"] + (r + 0.5) * box["height"] / 28)
        for r, c in places
    ]
    page.mouse.move(*at[0])
    page.mouse.down()
    for place in at[1:]:
        page.mouse.move(*place)
    page.mouse.up()
    page.wait_for_timeout(60)  # what is painted is computed once a frame


def test_what_is_painted_is_computed_and_is_there_again(show: Show) -> None:
    page = show(PLAYGROUND)
    page.get_by_role("button", name="top edge").click()
    assert page.get_by_role("group", name="brushes").is_hidden()
    page.get_by_role("button", name="Paint a picture").click()
    assert not painted(page).any()

    stroke(page, (10, 5), (10, 20))
    sheet = np.zeros((28, 28))
    sheet[10, 5:21] = 1
    assert (painted(page) == 255 * sheet).all()
    page.get_by_label("Colour").select_option("grey")
    page.locator("select").last.select_option("3 pixels")
    stroke(page, (0, 27), (0, 27))
    sheet[:2, 26:] = 0.5
    assert np.abs(painted(page) - 255 * sheet).max() <= 0.5

    answers = correlate2d(sheet, TOP_EDGE)
    assert f"between {answers.min():g} and {answers.max():g}".replace("-", "−") in words(
        page, "p:has(+ output)"
    )
    page.get_by_role("button", name="Clear").click()
    assert not painted(page).any()


def test_the_space_bar_paints_in_the_middle_of_the_window(show: Show) -> None:
    page = show(PLAYGROUND)
    page.get_by_role("button", name="Paint a picture").click()
    page.locator('[aria-label^="photo"] [tabindex="0"]').focus()

    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    browser.wait_until(page, lambda: painted(page).any())

    place = re.search(r"Row (\d+), column (\d+)", words(page, "output >> nth=-1"))
    row, column = (int(number) + 1 for number in place.groups())
    assert np.argwhere(painted(page)).tolist() == [[row, column]]


@pytest.mark.parametrize("size", ["3×3", "7×7"])
def test_the_keyboard_paints_up_to_the_border(show: Show, size: str) -> None:
    page = show(PLAYGROUND)
    page.locator("select", has_text="7×7").select_option(size)
    page.get_by_role("button", name="Paint a picture").click()
    page.locator('[aria-label^="photo"] [tabindex="0"]').focus()

    corners = []
    for down, right in (("Up", "Left"), ("Up", "Right"), ("Down", "Right"), ("Down", "Left")):
        for key in (down, right):
            for _ in range(28):
                page.keyboard.press(f"Arrow{key}")
        corners.append([27 * (down == "Down"), 27 * (right == "Right")])
        assert f"pen on row {corners[-1][0]}, column {corners[-1][1]}" in page.locator(
            '[aria-label^="photo"] [tabindex="0"]'
        ).get_attribute("aria-valuetext")
        page.keyboard.press(" ")
    browser.wait_until(page, lambda: np.argwhere(painted(page)).tolist() == sorted(corners))

    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    corners = sorted([*corners, [27, 1]])
    browser.wait_until(page, lambda: np.argwhere(painted(page)).tolist() == corners)


def test_a_dot_is_answered_by_the_kernel_turned(show: Show) -> None:
    """As the page says: the answers around a single dot are the kernel, rotated by 180°."""
    page = show(PLAYGROUND)
    page.evaluate(TYPE_KERNEL, list(range(1, 10)))
    page.get_by_role("button", name="Paint a picture").click()
    stroke(page, (12, 12), (12, 12))

    page.select_option("select >> nth=2", "with their sign")
    found = []
    for row in range(10, 13):
        for column in range(10, 13):
            point_at(page, "answers", (row, column), (26, 26))
            found.append(written(words(page, "output >> nth=-1")))

    assert found == list(range(9, 0, -1))


def test_arrow_keys_move_the_window_of_the_playground(show: Show) -> None:
    page = show(PLAYGROUND)
    page.locator('[aria-label^="photo"] [tabindex="0"]').focus()
    before = words(page, "output >> nth=-1")

    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")

    assert before.startswith("Row 9, column 10:")
    assert words(page, "output >> nth=-1").startswith("Row 8, column 11:")


def test_a_screen_reader_hears_where_the_window_is(show: Show) -> None:
    """Both pictures have a slider for the row and one for the column, one stop of the Tab key."""
    page = show(PLAYGROUND)
    page.locator('[aria-label^="photo"] [tabindex="0"]').focus()

    page.keyboard.press("ArrowRight")

    row, column, *_ = browser.sliders(page)
    assert row == ("row", "row 9, column 11", 9, (0, 15), False)
    assert column == ("column", "row 9, column 11", 11, (0, 18), True)
    page.keyboard.press("ArrowDown")
    row, column, *of_answers = browser.sliders(page)
    assert row == ("row", "row 10, column 11", 10, (0, 15), True)
    assert column == ("column", "row 10, column 11", 11, (0, 18), False)
    assert [slider.now for slider in of_answers] == [10, 11]
    assert page.locator('.pointed [tabindex="0"]').count() == 2


def test_the_keyboard_goes_on_where_the_mouse_has_clicked(show: Show) -> None:
    page = show(PLAYGROUND)
    page.locator('[aria-label^="answers"] canvas').click(position={"x": 1, "y": 1})
    assert words(page, "output >> nth=-1").startswith("Row 0, column 0:")

    page.keyboard.press("ArrowDown")

    assert words(page, "output >> nth=-1").startswith("Row 1, column 0:")


# All of them


def test_what_the_keyboard_moves_is_no_application(show: Show) -> None:
    page = show(FIVE, PLAYGROUND, CALCULATOR, INCEPTION, FIELDS)

    assert page.locator("[role=application]").count() == 0


def test_several_on_one_page_do_not_disturb_one_another(show: Show) -> None:
    page = show(FIVE, FIVE, CALCULATOR, PLAYGROUND, CALCULATOR)

    page.get_by_role("button", name="Step", exact=True).nth(1).click()

    assert page.locator(".coursecnn[data-running]").count() == 5
    assert page.locator(".total").all_inner_texts()[0].startswith("W0 at row 0, column 0:")
    assert page.locator(".total").all_inner_texts()[1].startswith("W0 at row 0, column 1:")


AS_JUPYTERLAB_DOES = """(html) => {
  document.body.innerHTML = html;
  for (const script of document.body.querySelectorAll("script")) {
    const copy = document.createElement("script");
    for (const { name, value } of script.attributes) copy.setAttribute(name, value);
    copy.textContent = script.textContent;
    script.replaceWith(copy);
  }
}"""


def test_an_interactive_starts_where_its_html_is_inserted_later(show: Show) -> None:
    page = show(CALCULATOR)

    page.evaluate(AS_JUPYTERLAB_DOES, FIVE._repr_html_() + PLAYGROUND._repr_html_())

    page.wait_for_function("document.querySelectorAll('[data-running]').length === 2")
    assert words(page, ".total").startswith("W0 at row 0, column 0:")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1300])
def test_the_page_does_not_scroll_sideways(show: Show, width: int, dark: bool) -> None:
    page = show(STEPPER, PLAYGROUND, CALCULATOR, INCEPTION, FIELDS, width=width, dark=dark)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show: Show, dark: bool) -> None:
    page = show(FIVE, PLAYGROUND, CALCULATOR, INCEPTION, FIELDS, dark=dark)

    assert browser.faults(page) == []


def test_where_scripts_do_not_run_the_numbers_are_there(chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()

    page.set_content(browser.DOCUMENT.format(FIVE._repr_html_() + PLAYGROUND._repr_html_()))

    assert "output of W1" in page.inner_text("body")
    assert page.locator("img").count() == 2
    context.close()
