"""The pooling and ReLU stepper computes as the package does, and says what is kept and lost."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from coursecnn.convolution import pool2d, pool2d_gradient, relu
from coursecnn.interactive import PoolingStepper, page
from tests import browser

CASES = 400
MODES = ("max", "average")
CALL = """async ([source, name, calls]) => {
  const module = await import(`data:text/javascript;base64,${source}`);
  return calls.map((call) => module[name](...call));
}"""
# Every number of a grid by its label.
GRID = """(label) => [...document.querySelectorAll(`[aria-label="${label}"] > :not(.outside)`)]
  .map((cell) => (cell.matches("input") ? cell.value : cell.textContent))
  .map((text) => Number(text.replace("−", "-")))"""
MARKED = """(mark) => [...document.querySelectorAll('[aria-label="map"] > *')]
  .flatMap((cell, index) => (cell.classList.contains(mark) ? [index] : []))"""

Show = Callable[..., Any]
Compute = Callable[[str, list[Any]], list[Any]]


@pytest.fixture(scope="module")
def compute(chromium: Any) -> Iterator[Compute]:
    """Call a function of `pools.js` with each of many lists of arguments."""
    script = f"{page.module('pools.js')}\nexport {{ pool2d, windowsOf, relu }};"
    source = base64.b64encode(script.encode()).decode()
    with browser.visit(chromium) as visit:
        yield lambda name, calls: visit.page.evaluate(CALL, [source, name, calls])
        visit.assert_quiet()


def random_pooling(rng: np.random.Generator) -> tuple[np.ndarray, dict[str, int]]:
    """A map with many equal numbers, and a pooling whose window fits."""
    size = int(rng.integers(1, 5))
    shape = rng.integers(size, 11, 2)
    padding = int(rng.integers(0, size // 2 + 1))
    matrix = rng.integers(-4, 5, shape) if rng.random() < 0.5 else rng.normal(size=shape)
    return matrix, {"size": size, "stride": int(rng.integers(1, 5)), "padding": padding}


def pooled(matrix: np.ndarray, pooling: dict[str, int], mode: Any) -> np.ndarray:
    return pool2d(matrix[None, :, :, None], **pooling, mode=mode, rounding="floor")[0, :, :, 0]


@pytest.mark.parametrize("mode", MODES)
def test_poolings_of_random_maps(compute: Compute, mode: str) -> None:
    rng = np.random.default_rng(5)
    cases = [random_pooling(rng) for _ in range(CASES)]

    outputs = compute("pool2d", [[page.array(m), pooling, mode] for m, pooling in cases])

    for (matrix, pooling), output in zip(cases, outputs, strict=True):
        expected = pooled(matrix, pooling, mode)
        found = np.reshape(output["values"], output["shape"])
        assert np.shape(found) == expected.shape
        assert np.abs(found - expected).max() <= (0 if mode == "max" else 1e-12)


def test_what_wins_receives_the_gradient(compute: Compute) -> None:
    """In how many windows a number wins: the gradient that a 1 at each output gives it."""
    rng = np.random.default_rng(6)
    cases = [random_pooling(rng) for _ in range(CASES)]

    found = compute("windowsOf", [[page.array(m), pooling] for m, pooling in cases])

    for (matrix, pooling), windows in zip(cases, found, strict=True):
        batch = matrix[None, :, :, None].astype(float)
        ones = np.ones((1, *pooled(matrix, pooling, "max").shape, 1))
        won = pool2d_gradient(batch, ones, **pooling, rounding="floor")
        assert windows["won"] == won.ravel().tolist()
        # Were all numbers the same, each window would pass a share to every number it reads.
        shares = pool2d_gradient(batch, ones, **pooling, mode="average", rounding="floor")
        assert [count > 0 for count in windows["read"]] == (shares.ravel() > 0).tolist()


RNG = np.random.default_rng(7)
MAPS = {f"map {n}": RNG.integers(-9, 10, RNG.integers(4, 8, 2)) for n in range(20)}
STEPPER = PoolingStepper(MAPS, size=3, stride=2)


def grid(page: Any, label: str) -> list[float]:
    return list(page.evaluate(GRID, label))


def test_the_page_shows_poolings_and_both_orders_of_pooling_and_relu(show: Show) -> None:
    page = show(STEPPER)
    page.get_by_label("with ReLU").check()
    differ = 0
    for name, matrix in MAPS.items():
        page.select_option("select >> nth=0", name)
        for mode in MODES:
            page.get_by_label("Rule").select_option(mode)
            early, late = (
                PoolingStepper({"early": relu(matrix)}, 3, 2).pooled("early", mode),
                relu(STEPPER.pooled(name, mode)),
            )
            assert grid(page, "map") == matrix.ravel().tolist()
            assert grid(page, "first the ReLU") == relu(matrix).ravel().tolist()
            for label, expected in ((f"then {mode} pooling", early), ("then the ReLU", late)):
                assert np.allclose(grid(page, label), expected.ravel(), atol=6e-4)
            order = page.locator(".order").inner_text()
            assert order.endswith("to the same.") == np.allclose(early, late)
            differ += order.startswith("Here the two orders differ")
            if mode == "max":
                assert np.array_equal(early, late)
    assert differ > 10


def test_it_says_what_is_kept_what_is_lost_and_what_nobody_reads(show: Show) -> None:
    matrix = np.arange(25).reshape(5, 5)
    page = show(PoolingStepper({"ramp": matrix}, size=2))

    assert page.evaluate(MARKED, "kept") == [6, 8, 16, 18]
    assert page.evaluate(MARKED, "unread") == [4, 9, 14, 19, *range(20, 25)]
    words = page.locator(".balance").inner_text()
    assert words.strip() == (
        "Of 25 numbers, 4 are the largest of a window and kept; 12 are read and lost; "
        "9 are read by no window."
    )


def test_pointing_at_a_number_shows_the_windows_that_read_it(show: Show) -> None:
    page = show(PoolingStepper({"ramp": np.arange(25).reshape(5, 5)}, size=3, stride=1))
    page.get_by_label("map, row 2, column 2").hover()

    assert page.locator('[aria-label="max pooling"] > .window').count() == 9
    told = page.locator(".told-of").inner_text()
    assert told == ("12 at row 2, column 2: 9 windows read it, and it is the largest in 1 of them.")


def test_a_shift_says_how_many_outputs_it_changes(show: Show) -> None:
    matrix = np.array([[0, 0, 0, 0], [0, 9, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    page = show(PoolingStepper({"point": matrix}, size=2))

    page.get_by_role("button", name="Shift by one column").click()

    assert grid(page, "map") == np.roll(matrix, 1, axis=1).ravel().tolist()
    assert "has changed 2 of 4 outputs" in page.locator(".balance").inner_text()


def test_an_output_is_explained_in_numbers(show: Show) -> None:
    page = show(PoolingStepper({"four": [[1, -2], [3, 4]]}, size=2))

    assert (
        page.locator(".total").inner_text() == "Row 0, column 0: the largest of 1, −2, 3, 4 is 4."
    )
    page.get_by_label("Rule").select_option("average")
    words = page.locator(".total").inner_text()
    assert words == "Row 0, column 0: (1 − 2 + 3 + 4)/4 = 6/4 = 1.5."


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_on_a_phone_and_axe_finds_nothing(show: Show, dark: bool) -> None:
    page = show(STEPPER, width=360, dark=dark)
    page.get_by_label("with ReLU").check()

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert browser.faults(page) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({},), "at least one matrix"),
        (({"a": np.ones(3)},), "must be a matrix of at least 2×2"),
        (({"a": np.ones((1, 3))},), "must be a matrix of at least 2×2"),
        (({"a": np.ones((3, 11))},), "at most 10 long"),
        (({"a": [[1, np.nan], [0, 0]]},), "finite numbers"),
        (({"a": np.ones((9, 9))}, 5), "size must be at most 4"),
        (({"a": np.ones((9, 9))}, 2, 5), "stride must be at most 4"),
        (({"a": np.ones((9, 9))}, 3, 1, 2), "padding must be at most half of size=3"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PoolingStepper(*arguments)
