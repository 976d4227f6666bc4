"""The backward stepper computes as the package does, and shows what belongs together."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from coursecnn.convolution import conv2d_gradients, correlate2d
from coursecnn.interactive import Backward, BackwardStepper, page
from tests import browser

CASES = 400
EXPORTED = ("correlate", "kernelGradient", "imageGradient", "amongZeros")
CALL = """async ([source, name, calls]) => {
  const module = await import(`data:text/javascript;base64,${source}`);
  return calls.map((call) => module[name](...call));
}"""
# Every number of a table by its title, and which of its cells have a colour.
GRID = """(label) => [...document.querySelectorAll(`[aria-label="${label}"] > *`)]
  .map((cell) => (cell.matches("input") ? cell.value : cell.lastChild.textContent))
  .map((text) => Number(text.replace("−", "-")))"""
HUES = """(label) => [...document.querySelectorAll(`[aria-label="${label}"] > *`)]
  .map((cell) => cell.classList.contains("window") ? cell.style.getPropertyValue("--hue") : null)"""

Show = Callable[..., Any]
Compute = Callable[[str, list[Any]], list[Any]]


@pytest.fixture(scope="module")
def compute(chromium: Any) -> Iterator[Compute]:
    """Call a function of `gradients.js` with each of many lists of arguments."""
    script = f"{page.module('gradients.js')}\nexport {{ {', '.join(EXPORTED)} }};"
    source = base64.b64encode(script.encode()).decode()
    with browser.visit(chromium) as visit:
        yield lambda name, calls: visit.page.evaluate(CALL, [source, name, calls])
        visit.assert_quiet()


def random_backward(rng: np.random.Generator) -> Backward:
    """A layer whose windows may leave pixels out, in whole numbers or not."""
    shape, sides = rng.integers(3, 9, 2), rng.integers(1, 4, 2)
    stride, padding = int(rng.integers(1, 4)), int(rng.integers(0, min(sides)))
    draw = rng.normal if rng.random() < 0.5 else lambda size: rng.integers(-9, 10, size)
    outputs = (shape + 2 * padding - sides) // stride + 1
    if max(outputs) > 8:
        return random_backward(rng)
    return Backward(draw(size=shape), draw(size=sides), draw(size=outputs), stride, padding)


def random_backwards(seed: int) -> list[Backward]:
    rng = np.random.default_rng(seed)
    return [random_backward(rng) for _ in range(CASES)]


def as_call(case: Backward) -> list[Any]:
    matrices = [page.array(values) for values in (case.image, case.kernel, case.upstream)]
    return [*matrices, {"stride": case.stride, "padding": case.padding}]


def assert_close(found: Any, expected: np.ndarray) -> None:
    """Whole numbers to the last digit; others to what the order of the sums may change."""
    assert found["shape"] == list(expected.shape)
    values = np.reshape(found["values"], expected.shape)
    is_whole = np.array_equal(expected, expected.round())
    assert np.abs(values - expected).max() <= (0 if is_whole else 1e-12)


def test_outputs_of_random_layers(compute: Compute) -> None:
    cases = random_backwards(11)
    calls = [[c for n, c in enumerate(as_call(case)) if n != 2] for case in cases]

    for case, found in zip(cases, compute("correlate", calls), strict=True):
        assert_close(found, case.output())


@pytest.mark.parametrize("name", ["kernelGradient", "imageGradient"])
def test_gradients_of_random_layers(compute: Compute, name: str) -> None:
    cases = random_backwards(12)

    for case, found in zip(cases, compute(name, [as_call(c) for c in cases]), strict=True):
        gradients = conv2d_gradients(
            np.asarray(case.image, float)[None, :, :, None],
            np.asarray(case.kernel, float)[:, :, None, None],
            np.asarray(case.upstream, float)[None, :, :, None],
            case.stride,
            case.padding,
            rounding="floor",
        )
        expected = {
            "kernelGradient": gradients.kernels[:, :, 0, 0],
            "imageGradient": gradients.x[0, :, :, 0],
        }[name]
        assert_close(found, expected)


def test_the_image_gradient_is_a_correlation_with_the_turned_kernel(compute: Compute) -> None:
    """What the page draws, upstream among zeros, gives the gradient in one pass of NumPy."""
    cases = random_backwards(13)

    for case, found in zip(cases, compute("amongZeros", [as_call(c) for c in cases]), strict=True):
        spread = np.reshape(found["values"], found["shape"])
        turned = np.asarray(case.kernel)[::-1, ::-1]
        difference = correlate2d(spread, turned) - case.gradients().x
        assert np.abs(difference).max() < 1e-12


IMAGE = np.arange(25).reshape(5, 5) % 7
KERNEL = np.arange(1, 10).reshape(3, 3)
UPSTREAM = np.array([[1, 0, -2], [0, 3, 0], [-1, 0, 2]])
STEPPER = BackwardStepper({"one": Backward(IMAGE, KERNEL, UPSTREAM)})


def numbers(page: Any, label: str) -> list[float]:
    return list(page.evaluate(GRID, label))


def test_the_page_shows_outputs_and_gradients(show: Show) -> None:
    rng = np.random.default_rng(14)
    examples = {f"layer {n}": random_backward(rng) for n in range(30)}
    page = show(BackwardStepper(examples))
    for name, example in examples.items():
        page.select_option("select", name)
        gradients = example.gradients()
        for label, expected in {
            "output y": example.output(),
            "gradient of x": gradients.x,
            "gradient of k": gradients.kernels,
        }.items():
            assert np.allclose(numbers(page, label), np.ravel(expected), atol=6e-4), (name, label)


def loss(page: Any) -> float:
    return float(page.locator(".loss").inner_text().rpartition(": ")[2].replace("−", "-"))


@pytest.mark.parametrize(
    ("table", "gradient"), [("image x", "gradient of x"), ("kernel k", "gradient of k")]
)
def test_the_loss_rises_by_what_the_gradient_says(show: Show, table: str, gradient: str) -> None:
    """The question that the page asks, for every pixel and every weight."""
    page = show(STEPPER)
    assert loss(page) == float((UPSTREAM * correlate2d(IMAGE, KERNEL)).sum())
    slopes, before = numbers(page, gradient), loss(page)
    for box, slope in zip(page.locator(f'[aria-label="{table}"] input').all(), slopes, strict=True):
        value = box.input_value()
        box.fill(str(float(value) + 1))
        assert loss(page) == before + slope
        box.fill(value)


def test_an_output_reaches_its_window_and_all_weights(show: Show) -> None:
    page = show(STEPPER)
    page.get_by_label("gradient of y, from above, row 1, column 2").hover()

    reached = np.array(page.evaluate(HUES, "gradient of x")).reshape(5, 5)
    weights = page.evaluate(HUES, "gradient of k")

    assert reached[1:4, 2:5].ravel().tolist() == weights == page.evaluate(HUES, "kernel k")
    assert np.count_nonzero(reached != None) == 9  # noqa: E711
    assert len(set(weights)) == 9


class Lying(NamedTuple):
    """What is pointed at, what then lies on what, from which row and column on, and the products.

    Attributes:
        cell: The beginning of its name.
        moved: The table that moves.
        ground: The table that it lies on.
        shape: That table's shape.
        corner: Where the upper left corner of the one lies on the other.
        title: What the products are called.
        products: Each of them.
    """

    cell: str
    moved: str
    ground: str
    shape: tuple[int, int]
    corner: tuple[int, int]
    title: str
    products: np.ndarray


LYING = {
    "the gradients, on the image": Lying(
        "gradient of k, row 2, column 0",
        "gradient of y, from above",
        "image x",
        (5, 5),
        (2, 0),
        "u times the pixel that the weight met there",
        UPSTREAM * IMAGE[2:5, 0:3],
    ),
    "the turned kernel, on the gradients among zeros": Lying(
        "gradient of x, row 0, column 1",
        "kernel, turned",
        "gradient of y among zeros",
        (7, 7),
        (0, 1),
        "u among zeros, times the turned kernel",
        np.pad(UPSTREAM, 2)[0:3, 1:4] * KERNEL[::-1, ::-1],
    ),
}


@pytest.mark.parametrize("lying", LYING.values(), ids=LYING)
def test_what_a_gradient_sums_lies_on_its_factors(show: Show, lying: Lying) -> None:
    page = show(STEPPER)
    page.locator(f'button[aria-label^="{lying.cell}"]').hover()

    (row, column), ground = lying.corner, page.evaluate(HUES, lying.ground)
    met = np.reshape(ground, lying.shape)[row : row + 3, column : column + 3]
    assert met.ravel().tolist() == page.evaluate(HUES, lying.moved)
    assert numbers(page, lying.title) == lying.products.ravel().tolist()
    words = page.locator(".products").inner_text().strip().replace("−", "-")
    assert words.endswith(f"sum {lying.products.sum()}")


def test_a_weight_meets_no_pixel_of_the_gradient(show: Show) -> None:
    page = show(STEPPER)
    page.locator('button[aria-label^="gradient of k, row 2, column 0"]').hover()

    assert len(set(page.evaluate(HUES, "gradient of y, from above"))) == 9
    assert set(page.evaluate(HUES, "gradient of x")) == {None}


def test_a_turned_weight_keeps_its_colour(show: Show) -> None:
    page = show(STEPPER)
    page.locator('button[aria-label^="gradient of x, row 0, column 1"]').hover()

    turned = page.evaluate(HUES, "kernel, turned")[::-1]
    kernel = page.evaluate(HUES, "kernel k")
    assert [hue for hue in kernel if hue is not None] == [
        one for one, hue in zip(turned, kernel, strict=True) if hue is not None
    ]
    assert "2 outputs have read it" in page.locator(".told-of").inner_text()


def test_stride_and_padding_are_those_of_the_package(show: Show) -> None:
    page = show(STEPPER)
    for stride, padding in ((2, 1), (3, 0), (1, 2), (3, 2)):
        page.get_by_label("stride", exact=True).fill(str(stride))
        page.get_by_label("padding", exact=True).fill(str(padding))
        side = (5 + 2 * padding - 3) // stride + 1
        sent = np.reshape(numbers(page, "gradient of y, from above"), (side, side))
        example = Backward(IMAGE, KERNEL, sent, stride, padding)
        assert numbers(page, "gradient of x") == np.ravel(example.gradients().x).tolist()
        assert numbers(page, "gradient of k") == np.ravel(example.gradients().kernels).tolist()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_on_a_phone_and_axe_finds_nothing(show: Show, dark: bool) -> None:
    page = show(STEPPER, width=360, dark=dark)
    page.locator('button[aria-label^="gradient of x, row 1, column 1"]').click()

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert browser.faults(page) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGE, KERNEL, np.ones((2, 2))), "upstream must have the shape"),
        ((IMAGE, KERNEL, np.ones(9)), "upstream must be a matrix"),
        ((np.ones((9, 9)), KERNEL, np.ones((7, 7))), "image must be at most 8 long"),
        ((IMAGE, KERNEL * np.inf, UPSTREAM), "kernel must hold finite numbers"),
        ((IMAGE, KERNEL, UPSTREAM, 4), "stride must be at most 3"),
        ((IMAGE, KERNEL, UPSTREAM, 1, 3), "padding must be less than"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Backward(*arguments)


def test_a_stepper_needs_an_example() -> None:
    with pytest.raises(ValueError, match="at least one Backward"):
        BackwardStepper({})
