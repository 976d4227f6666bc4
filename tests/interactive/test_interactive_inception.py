"""The Inception cost calculator counts as `accounting` does on the modules that Keras builds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pytest

from coursecnn.architectures.ablations import _naive_module
from coursecnn.architectures.googlenet import INCEPTIONS, Inception, inception_module
from coursecnn.backend import keras, without_weights
from coursecnn.geometry import Convolution
from coursecnn.interactive import InceptionCalculator
from coursecnn.interactive.inception import FIELDS, Cost
from coursecnn.models.costs import layer_table, totals
from tests.outlines import outline

WHOLE, SWITCHED = 120, 60  # modules with all branches, and with some switched off
BUILT = 24  # to build a module takes as long as to compute the costs of hundreds
LECTURE = Inception(one=128, reduce3=64, three=192, reduce5=64, five=96, projection=64)
Show = Callable[..., Any]


def googlenet_modules() -> dict[str, Any]:
    network = outline("googlenet")
    return {
        name: (network.get_layer(f"inception_{name}_1x1").input.shape[1:], row)
        for name, row in INCEPTIONS.items()
    }


MODULES = {"lecture": ((28, 28, 256), LECTURE), **googlenet_modules()}
CALCULATOR = InceptionCalculator(MODULES)


def random_modules() -> list[tuple[tuple[int, int, int], Inception]]:
    """First those with all branches; of the others, a third of the widths are zero."""
    rng = np.random.default_rng(0)
    highest = [field.max + 1 for field in FIELDS]
    draws = rng.integers(1, highest, (WHOLE + SWITCHED, len(FIELDS)))
    draws[WHOLE:, 2:] *= rng.integers(0, 3, (SWITCHED, len(FIELDS) - 2)) > 0
    return [
        ((size, size, channels), Inception(*widths)) for size, channels, *widths in draws.tolist()
    ]


def built(shape: tuple[int, int, int], row: Inception) -> tuple[Cost, Cost]:
    """What Keras builds, naive and with bottlenecks, as `accounting` counts it."""
    costs = []
    with without_weights():
        for module in (_naive_module, inception_module):
            image = keras.Input(shape)
            model = keras.Model(image, module(image, row, "module"))
            counted = totals(model)
            costs.append(Cost(counted.macs, counted.params, model.output.shape[-1]))
    return costs[0], costs[1]


@pytest.mark.parametrize("name", MODULES)
def test_each_module_of_the_list_costs_what_keras_builds(name: str) -> None:
    assert CALCULATOR.costs(name) == built(*MODULES[name])


def test_the_modules_of_googlenet_add_up_to_those_of_the_network() -> None:
    table = layer_table(outline("googlenet"))
    inside = table[table["layer"].str.startswith("inception_")]
    costs = [CALCULATOR.costs(name)[1] for name in INCEPTIONS]

    assert sum(cost.macs for cost in costs) == inside["macs"].sum()
    assert sum(cost.params for cost in costs) == inside["params"].sum()


# Each table from top to bottom; and the same after all numbers were typed.
READ = """() => [...document.querySelectorAll(".costs table")].map((table) =>
  [...table.querySelectorAll("td")].map((cell) => Number(cell.innerText.replaceAll(",", ""))))"""
SET = f"""(settings) => settings.map((numbers) => {{
  document.querySelectorAll("label input[role=spinbutton]").forEach((box, index) => {{
    box.value = numbers[index];
    box.dispatchEvent(new Event("input"));
  }});
  return ({READ})();
}})"""


def costs_in(tables: list[list[float]]) -> tuple[Cost, Cost]:
    """The totals in the page, whose rows must add up to them."""
    costs = []
    for *rows, macs, params, depth in tables:
        assert sum(rows) == macs
        costs.append(Cost(macs, params, depth))
    return costs[0], costs[1]


def test_the_page_counts_as_accounting_does_on_random_modules(show: Show) -> None:
    modules = random_modules()
    settings = [[shape[0], shape[2], *astuple(row)] for shape, row in modules]

    shown = show(CALCULATOR).evaluate(SET, settings)

    offered = InceptionCalculator({str(n): module for n, module in enumerate(modules)})
    for number, (module, tables) in enumerate(zip(modules, shown, strict=True)):
        assert costs_in(tables) == offered.costs(str(number))
        if number < BUILT:
            assert costs_in(tables) == built(*module)


def test_every_module_of_the_list_can_be_picked(show: Show) -> None:
    page = show(CALCULATOR)
    for name in MODULES:
        page.select_option("select", name)
        assert costs_in(page.evaluate(READ)) == CALCULATOR.costs(name)


def test_the_lectures_example_saves_a_factor_of_three(show: Show) -> None:
    page = show(CALCULATOR)
    words = page.locator("p[role=status]").inner_text()

    assert "Naive, the module needs 3.15 times as many MACs" in words
    assert "672 maps if it is naive, 480 if it has bottlenecks" in words


def test_without_bottlenecks_a_module_is_its_naive_twin() -> None:
    for shape, row in random_modules():
        bare = replace(row, reduce3=0, reduce5=0, projection=0)
        naive, reduced = InceptionCalculator({"bare": (shape, bare)}).costs("bare")
        assert naive == reduced


def test_the_bars_have_one_scale(show: Show) -> None:
    page = show(CALCULATOR)
    naive, reduced = (cost.macs for cost in CALCULATOR.costs("lecture"))

    widths = page.eval_on_selector_all(".share.all", "(bars) => bars.map((bar) => bar.style.width)")

    assert [float(width.rstrip("%")) for width in widths] == pytest.approx(
        [100, 100 * reduced / naive], abs=1e-3
    )


# How wide each branch of each drawing is: above, where it is reduced, and below.
RIBBONS = """(settings) => settings.map((numbers) => {
  document.querySelectorAll("label input[role=spinbutton]").forEach((box, index) => {
    box.value = numbers[index];
    box.dispatchEvent(new Event("input"));
  });
  const widthAt = (path, y) => {
    const { x, width } = path.getBBox();
    const isIn = (left) => path.isPointInFill(new DOMPoint(left, y));
    const inside = Array.from({ length: 4001 }, (_, i) => x + (width * i) / 4000).filter(isIn);
    return inside.at(-1) - inside[0];
  };
  return [...document.querySelectorAll("svg.flow")].map((drawing) => ({
    words: drawing.ariaLabel,
    widths: Object.fromEntries([...drawing.querySelectorAll("[class^=branch]")].map((path) =>
      [path.getAttribute("class").at(-1), [40, 110].map((y) => widthAt(path, y))])),
  }));
})"""
THINNEST = 1.5


def branch_macs(setting: list[int]) -> list[tuple[int, int] | None]:
    """The MACs of the reduction and of the convolution on each branch; None for one that is off."""
    size, channels, one, reduce3, three, reduce5, five, projection = setting
    shape = (size, size)

    def macs(kernel: int, depth: int, filters: int) -> int:
        layer = Convolution(max(filters, 1), kernel, padding="same")
        return layer.macs((*shape, depth)) if filters else 0

    return [
        (0, macs(1, channels, one)) if one else None,
        (macs(1, channels, reduce3), macs(3, reduce3 or channels, three)) if three else None,
        (macs(1, channels, reduce5), macs(5, reduce5 or channels, five)) if five else None,
        (0, macs(1, channels, projection)),
    ]


def test_the_branches_are_as_wide_as_they_cost(show: Show) -> None:
    """Both drawings have one scale, and their texts say the same numbers."""
    page = show(CALCULATOR)
    rng = np.random.default_rng(9)
    widths = rng.integers(0, 3, (30, 6)) * rng.integers(1, 128, (30, 6))
    settings = [[14, 96, *map(int, row)] for row in widths]
    for setting, drawings in zip(settings, page.evaluate(RIBBONS, settings), strict=True):
        *_, one, _, three, _, five, _ = setting
        naive = branch_macs([*setting[:2], one, 0, three, 0, five, 0])
        modules = [naive, branch_macs(setting)]
        largest = max(sum(map(sum, filter(None, module))) for module in modules) or 1
        for module, drawn in zip(modules, drawings, strict=True):
            assert set(drawn["widths"]) == {str(n) for n, macs in enumerate(module) if macs}
            for number, macs in enumerate(module):
                if macs is None:
                    continue
                wide = [max(150 * share / largest, THINNEST) for share in macs]
                assert drawn["widths"][str(number)] == pytest.approx(wide, abs=0.15)
                assert f"{sum(macs):,} MACs" in drawn["words"]


def test_the_words_under_the_branches_do_not_run_into_one_another(show: Show) -> None:
    page = show(CALCULATOR, width=360)
    boxes = page.eval_on_selector_all(
        ".flow text", "(all) => all.map((one) => one.getBoundingClientRect().toJSON())"
    )

    for index, one in enumerate(boxes):
        assert one["height"] > 11
        for other in boxes[:index]:
            apart = one["left"] >= other["right"] or other["left"] >= one["right"]
            assert apart or one["top"] >= other["bottom"] - 3 or other["top"] >= one["bottom"] - 3


def test_a_reduction_that_reduces_nothing_is_dearer_than_none(show: Show) -> None:
    page = show(CALCULATOR)

    page.get_by_label("1×1 before 3×3", exact=True).fill("512")

    assert "With bottlenecks, the module needs" in page.locator("p[role=status]").inner_text()
    assert page.eval_on_selector("select", "(list) => list.value") == "your own"


def test_the_keyboard_changes_a_width(show: Show) -> None:
    page = show(CALCULATOR)
    page.get_by_label("3×3 filters, slider").focus()

    page.keyboard.press("ArrowRight")

    assert page.get_by_label("3×3 filters", exact=True).input_value() == "193"
    assert costs_in(page.evaluate(READ))[0].depth == 673


@pytest.mark.parametrize("hand", ["click", "tap"])
def test_mouse_and_finger_move_a_slider(show: Show, hand: str) -> None:
    page = show(CALCULATOR, width=360, touch=True)
    slider = page.get_by_label("3×3 filters, slider")
    box, largest = slider.bounding_box(), int(slider.get_attribute("max"))

    getattr(slider, hand)(position={"x": box["width"] - 2, "y": box["height"] / 2})

    assert page.get_by_label("3×3 filters", exact=True).input_value() == str(largest)
    assert costs_in(page.evaluate(READ))[0].depth == 672 - 192 + largest


def test_where_scripts_do_not_run_the_costs_of_all_modules_are_there() -> None:
    html = CALCULATOR._repr_html_()
    naive, reduced = CALCULATOR.costs("5b")

    assert f"<th scope=row>5b<td>{naive.macs:,}<td>{reduced.macs:,}" in html


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({}, "at least one"),
        ({"a": ((28, 14, 8), LECTURE)}, r"must read \(N, N, C\), got \(28, 14, 8\) for 'a'"),
        ({"a": ((28, 28, 2048), LECTURE)}, "channels must be an int from 1 to 1024, got 2048"),
        ({"a": ((28, 28, 8), Inception(1, -1, 1, 1, 1, 1))}, "reduce3 must be an int from 0"),
    ],
)
def test_a_module_that_the_page_cannot_show_is_refused(modules: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InceptionCalculator(modules)
