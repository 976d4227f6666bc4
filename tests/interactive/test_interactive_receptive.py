"""Receptive fields: the page, the package and the gradients of Keras networks agree."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from functools import reduce
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from coursecnn.backend import keras
from coursecnn.geometry import Convolution, Pooling, output_size, receptive_field
from coursecnn.interactive import (
    ReceptiveFieldExplorer,
    Stack,
    effective_field,
    effective_width,
    page,
    snapshots,
)
from tests import browser

CASES = 300
NAMES = ["mapSizes", "receptiveField", "pathsTo", "fieldOfPaths", "effectiveWidth"]
CALL = """async ([source, name, calls]) => {
  const module = await import(`data:text/javascript;base64,${source}`);
  const plain = (key, value) => (ArrayBuffer.isView(value) ? [...value] : value);
  return calls.map((call) => JSON.parse(JSON.stringify(module[name](...call), plain)));
}"""

Layers = list[dict[str, Any]]
Show = Callable[..., Any]


def random_stacks(count: int, pixels: int = 40) -> list[Layers]:
    """Layers that leave units on an image of this size."""
    rng = np.random.default_rng(0)
    stacks: list[Layers] = []
    while len(stacks) < count:
        layers = [random_layer(rng) for _ in range(rng.integers(1, 6))]
        if min(sizes_of(layers, pixels)) > 0:
            stacks.append(layers)
    return stacks


def random_layer(rng: np.random.Generator) -> dict[str, Any]:
    kernel = int(rng.integers(1, 6))
    return {
        "kernel": kernel,
        "stride": int(rng.integers(1, 4)),
        "padding": int(rng.integers(0, kernel)),
        "dilation": int(rng.integers(1, 4)),
        "rounding": str(rng.choice(["floor", "ceil"])),
    }


def sizes_of(layers: Layers, pixels: int) -> list[int]:
    sizes = [pixels]
    for layer in layers:
        try:
            sizes.append(output_size(sizes[-1], **layer))
        except ValueError:
            return [*sizes, 0]
    return sizes


def connections(layer: dict[str, Any], before: int, behind: int) -> np.ndarray:
    """How often each unit behind a layer reads each one before it, shape (behind, before)."""
    matrix = np.zeros((behind, before))
    taps = layer["dilation"] * np.arange(layer["kernel"]) - layer["padding"]
    for unit in range(behind):
        read = unit * layer["stride"] + taps
        np.add.at(matrix[unit], read[(read >= 0) & (read < before)], 1)
    return matrix


@pytest.fixture(scope="module")
def compute(chromium: Any) -> Iterator[Callable[[str, list[Any]], list[Any]]]:
    """Call a function of `paths.js` with each of many lists of arguments."""
    module = f"{page.module('paths.js')}\nexport {{ {', '.join(NAMES)} }};"
    source = base64.b64encode(module.encode()).decode()
    with browser.visit(chromium) as visit:
        yield lambda name, calls: visit.page.evaluate(CALL, [source, name, calls])
        visit.assert_quiet()


def test_fields_of_random_stacks(compute: Any) -> None:
    stacks = random_stacks(CASES)

    fields = compute("receptiveField", [[layers] for layers in stacks])

    for layers, found in zip(stacks, fields, strict=True):
        expected = receptive_field([Convolution(1, **layer) for layer in layers])
        assert found == {name: getattr(expected, name) for name in ("size", "jump", "start")}


def test_units_of_random_stacks(compute: Any) -> None:
    stacks = random_stacks(CASES)

    found = compute("mapSizes", [[layers, 40] for layers in stacks])

    assert found == [sizes_of(layers, 40) for layers in stacks]


def test_paths_of_random_stacks(compute: Any) -> None:
    """To a random unit, from every unit of every map: the product of the connection matrices."""
    rng, stacks = np.random.default_rng(1), random_stacks(CASES)
    units = [int(rng.integers(sizes_of(layers, 40)[-1])) for layers in stacks]

    counts = compute("pathsTo", [[s, 40, unit] for s, unit in zip(stacks, units, strict=True)])

    for layers, unit, found in zip(stacks, units, counts, strict=True):
        sizes = sizes_of(layers, 40)
        matrices = [connections(*a) for a in zip(layers, sizes[:-1], sizes[1:], strict=True)]
        assert found == [
            reduce(np.matmul, reversed(matrices[level:]), np.eye(sizes[-1]))[unit].tolist()
            for level in range(len(sizes))
        ]


def test_widths_of_random_fields(compute: Any) -> None:
    rng = np.random.default_rng(2)
    fields = [rng.random((size, size)) ** 8 for size in rng.integers(1, 14, CASES)]

    found = compute("effectiveWidth", [[page.array(field), 0.8] for field in fields])

    assert found == [effective_width(field, 0.8) for field in fields]


def keras_stack(layers: Layers, pixels: int, weights: Any = "he_normal") -> keras.Model:
    """Convolutions without activations, as Keras has them."""
    image = x = keras.Input((pixels, pixels, 1))
    for number, layer in enumerate(layers):
        x = keras.layers.ZeroPadding2D(layer["padding"])(x)
        x = keras.layers.Conv2D(
            1,
            layer["kernel"],
            layer["stride"],
            dilation_rate=layer["dilation"],
            kernel_initializer=weights,
            name=f"conv{number}",
        )(x)
    return keras.Model(image, x)


def keras_layers(count: int) -> list[Layers]:
    """Random stacks that Keras can build: rounded down, no stride together with a dilation."""
    stacks = [[{**layer, "rounding": "floor"} for layer in s] for s in random_stacks(CASES)]
    return [
        stack
        for stack in stacks
        if min(sizes_of(stack, 40)) > 0
        and all(layer["stride"] == 1 or layer["dilation"] == 1 for layer in stack)
    ][:count]


def test_the_gradient_of_a_keras_network_counts_the_paths(compute: Any) -> None:
    """With weights of 1; so it is zero where the page draws no path, and nowhere else."""
    for layers in keras_layers(15):
        last = f"conv{len(layers) - 1}"
        middle = sizes_of(layers, 40)[-1] // 2
        [[paths, *_]] = compute("pathsTo", [[layers, 40, middle]])
        model = keras_stack(layers, 40, "ones")

        gradient = np.sqrt(effective_field(model, last, np.ones((1, 40, 40, 1)), seed=None))

        expected = np.outer(paths, paths)
        assert expected.max() > 0
        assert gradient / gradient.max() == pytest.approx(expected / expected.max(), abs=1e-12)


@pytest.mark.slow
def test_the_gradient_of_random_weights_is_where_the_theory_says() -> None:
    """It begins at the first pixel of the theoretical field and ends at its last."""
    for layers in keras_layers(10):
        middle = sizes_of(layers, 40)[-1] // 2
        field = receptive_field([Convolution(1, **layer) for layer in layers])
        squares = effective_field(
            keras_stack(layers, 40), f"conv{len(layers) - 1}", np.ones((1, 40, 40, 1))
        )
        rows = np.flatnonzero(squares.sum(axis=1))
        first, last = field.interval(middle)
        reads_edges = layers[0]["stride"] <= layers[0]["kernel"]
        if first >= 0 and last < 40 and reads_edges:
            assert (rows[0], rows[-1]) == (first, last)
        assert rows[0] >= max(first, 0)
        assert rows[-1] <= min(last, 39)


def test_the_mean_square_of_the_gradient_is_proportional_to_the_paths() -> None:
    """Many channels take the mean over random weights: three 3×3 convolutions without ReLUs."""
    image = x = keras.Input((7, 7, 3))
    for number in range(3):
        x = keras.layers.Conv2D(96, 3, name=f"conv{number}")(x)
    model = keras.Model(image, x)
    draws = [effective_field(model, "conv2", np.ones((32, 7, 7, 3)), seed) for seed in range(5)]
    squares = np.mean(draws, axis=0)
    profile = np.convolve(np.convolve(np.ones(3), np.ones(3)), np.ones(3))
    paths = np.outer(profile, profile)

    assert squares / squares.sum() == pytest.approx(paths / paths.sum(), rel=0.25)
    assert effective_width(squares) == effective_width(paths)


def test_every_machine_finds_the_same_field() -> None:
    model = keras_stack(keras_layers(1)[0], 40)
    one, other = (effective_field(model, "conv0", np.ones((1, 40, 40, 1))) for _ in range(2))

    assert one.dtype == np.float64
    assert np.array_equal(one, other)


def test_a_layer_without_rows_and_columns_has_no_field() -> None:
    image = keras.Input((4, 4, 1))
    model = keras.Model(image, keras.layers.Flatten(name="flat")(image))

    with pytest.raises(ValueError, match=r"layer must have an output of .* got 'flat'"):
        effective_field(model, "flat", np.ones((1, 4, 4, 1)))


# The page

C3 = Convolution(1, kernel=3, padding=1)
MEASURED = np.random.default_rng(3).random((8, 8))
STACKS = {
    "mixed": Stack(
        {
            "conv1": C3,
            "pool1": Pooling(2),
            "conv2": C3,
            "conv3": Convolution(1, kernel=5, stride=2, padding=2, rounding="floor"),
            "pool2": Pooling(3, stride=2, rounding="ceil"),
        },
        pixels=32,
        measured={"conv2": MEASURED},
    ),
    "dilated": Stack(
        {f"conv{d}": Convolution(1, 3, padding=d, dilation=d) for d in (1, 4)}, pixels=24
    ),
}
EXPLORER = ReceptiveFieldExplorer(STACKS)


def told(shown: Any) -> list[int]:
    """The numbers of "Unit 3 of 7 in a row of conv3 has a field of 9 pixels, from 2 to 10"."""
    text = shown.locator("p[role=status]").inner_text().replace("−", "-")
    found = re.match(
        r"Unit (\d+) of (\d+) in a row of .+? has a field of (\d+) pixels, from (-?\d+) to (-?\d+)",
        text,
    )
    assert found, text
    return [int(number) for number in found.groups()]


def expected(stack: Stack, layer: str, unit: int) -> list[int]:
    field = stack.field(layer)
    return [unit, stack.units(layer), field.size, *field.interval(unit)]


@pytest.mark.parametrize("name", STACKS)
def test_every_unit_of_every_layer_says_its_field(show: Show, name: str) -> None:
    """The keyboard walks along each map, from its first unit to its last."""
    shown = show(EXPLORER)
    shown.select_option("select", name)
    stack = STACKS[name]
    shown.locator('.maps [tabindex="0"]').focus()
    for _ in stack.layers:
        shown.keyboard.press("ArrowUp")
    for layer in stack.layers:
        for _ in range(stack.units(layer)):
            shown.keyboard.press("ArrowLeft")
        for unit in range(stack.units(layer)):
            assert told(shown) == expected(stack, layer, unit)
            shown.keyboard.press("ArrowRight")
        shown.keyboard.press("ArrowDown")


def test_pointing_at_a_unit_shows_it(show: Show) -> None:
    shown = show(EXPLORER)
    strip = shown.locator(".map-line svg").nth(3)
    box = strip.bounding_box()

    strip.click(position={"x": box["width"] * 4.5 / 16, "y": box["height"] / 2})

    assert told(shown) == expected(STACKS["mixed"], "conv2", 4)


def test_a_tap_shows_a_unit(show: Show) -> None:
    shown = show(EXPLORER, width=360, touch=True)
    strip = shown.locator(".map-line svg").nth(1)
    box = strip.bounding_box()

    strip.tap(position={"x": box["width"] * 10.5 / 32, "y": box["height"] / 2})

    assert told(shown) == expected(STACKS["mixed"], "conv1", 10)


def test_a_screen_reader_hears_the_unit_of_each_map(show: Show) -> None:
    """A slider for each map; in those that are not looked at, where up and down would lead."""
    shown = show(EXPLORER)
    shown.locator('.maps [tabindex="0"]').focus()

    shown.keyboard.press("ArrowRight")
    shown.keyboard.press("ArrowUp")

    stack = STACKS["mixed"]
    sliders = browser.sliders(shown)
    *sliders, row, column = sliders
    assert [slider.name for slider in sliders] == list(stack.layers)
    assert (row.text, column.now) == ("row 8, column 9", 9)
    assert [slider.limits for slider in sliders] == [
        (0, stack.units(layer) - 1) for layer in stack.layers
    ]
    assert [slider.now for slider in sliders] == [19, 9, 9, 5, 2]  # around pixel 19
    assert sliders[1].text == "unit 9 of 16"
    assert [slider.is_focused for slider in sliders] == [False, True, False, False, False]
    assert shown.locator('.maps [tabindex="0"]').count() == 1


PIXELS = """(canvas) => [...canvas.getContext("2d")
  .getImageData(0, 0, canvas.width, canvas.height).data].filter((_, index) => index % 4 === 0)"""


def picture(shown: Any, kind: str) -> np.ndarray:
    canvas = f'canvas[aria-label^="{kind}"]'
    values = np.array(shown.eval_on_selector(canvas, PIXELS))
    side = int(np.sqrt(len(values)))
    return values.reshape(side, side)


def test_the_measured_field_is_shown_as_it_was_given(show: Show) -> None:
    """It is where the explorer begins: 8 pixels and a margin of 1."""
    shown = show(EXPLORER)
    sizes = np.sqrt(MEASURED / MEASURED.max())

    assert np.array_equal(picture(shown, "measured")[1:-1, 1:-1], np.round(255 * sizes))
    width = effective_width(MEASURED)
    assert (
        f"95 % lie in {width}×{width}"
        in shown.locator(".fieldviews figcaption").nth(2).inner_text()
    )


def test_the_expected_field_is_the_number_of_paths(show: Show) -> None:
    """To unit 8 of conv2, through a pooling, by the connection matrices."""
    shown = show(EXPLORER)
    one = {"kernel": 3, "stride": 1, "padding": 1, "dilation": 1}
    pool = {"kernel": 2, "stride": 2, "padding": 0, "dilation": 1}
    counts = connections(one, 16, 16)[8] @ connections(pool, 32, 16) @ connections(one, 32, 32)
    along = counts[counts > 0]

    sizes = np.sqrt(np.outer(along, along))

    assert sizes.shape == (8, 8)
    levels = np.round(255 * sizes / sizes.max())
    assert np.abs(picture(shown, "expected")[1:-1, 1:-1] - levels).max() <= 1


def test_a_dilated_stack_skips_pixels(show: Show) -> None:
    shown = show(EXPLORER)

    shown.select_option("select", "dilated")
    shown.get_by_label("dilation of the layer", exact=True).fill("2")
    assert "skips the rest" not in shown.locator("p[role=status]").inner_text()
    shown.get_by_label("dilation of the layer", exact=True).fill("4")

    assert told(shown)[2] == 11
    assert "It reads 9 of the 11 in the image and skips the rest" in (
        shown.locator("p[role=status]").inner_text()
    )


def test_layers_can_be_added_changed_and_removed(show: Show) -> None:
    shown = show(EXPLORER)
    shown.select_option("select", "dilated")

    shown.get_by_role("button", name="Add a layer").click()
    shown.get_by_label("kernel of the layer", exact=True).fill("5")
    shown.get_by_label("stride of the layer", exact=True).fill("2")

    layers = [*STACKS["dilated"].layers.values(), Convolution(1, 5, 2, 2)]
    field = receptive_field(layers)
    assert told(shown)[2:] == [field.size, *field.interval(told(shown)[0])]
    assert shown.eval_on_selector("select", "(list) => list.value") == "your own"
    for _ in range(2):
        shown.get_by_role("button", name="Remove this layer").click()
    assert told(shown)[2] == 3
    assert shown.get_by_role("button", name="Remove this layer").is_disabled()


def test_added_layers_have_names_of_their_own(show: Show) -> None:
    shown = show(EXPLORER)

    for _ in range(3):
        shown.get_by_role("button", name="Add a layer").click()

    names = shown.locator(".map-line > span > span").all_inner_texts()
    assert len(set(names)) == len(names)
    assert {"added 1", "added 2", "added 3"} <= set(names)


def test_below_zero_and_in_the_padding_is_said_in_words(show: Show) -> None:
    shown = show(EXPLORER)
    shown.locator('.maps [tabindex="0"]').focus()
    shown.keyboard.press("Home")

    text = shown.locator("p[role=status]").inner_text()

    assert re.search(r"from −\d+ to \d+", text)
    assert re.search(r"Of these pixels \d+ lie in the padding", text)


def test_what_was_measured_does_not_outlive_a_change(show: Show) -> None:
    shown = show(EXPLORER)
    assert shown.locator(".fieldviews figure").count() == 3

    shown.get_by_label("kernel of the layer", exact=True).fill("4")

    assert shown.locator(".fieldviews figure").count() == 2


def seen(shown: Any) -> list[int]:
    """The numbers of "the unit in row 3, column 5 sees rows 2 to 10, columns 4 to 12"."""
    text = shown.locator(".places figcaption").last.inner_text().replace("−", "-")
    found = re.search(
        r"unit in row (\d+), column (\d+) sees rows (-?\d+) to (-?\d+), columns (-?\d+) to (-?\d+)",
        text,
    )
    assert found, text
    return [int(number) for number in found.groups()]


# Where the veil over the photograph lets it through.
CLEAR = """() => {
  const veil = document.querySelectorAll(".sight canvas")[1];
  const { data } = veil.getContext("2d").getImageData(0, 0, veil.width, veil.height);
  return Array.from({ length: data.length / 4 }, (_, index) => data[4 * index + 3] === 0);
}"""


def test_what_units_of_random_stacks_see_of_the_photograph(chromium: Any, tmp_path: Path) -> None:
    """Stacks of the reader's own, by links: the window and every pixel that reaches the unit."""
    path = tmp_path / "page.html"
    html = ReceptiveFieldExplorer(STACKS, photograph=snapshots()[0])._repr_html_()
    path.write_text(browser.DOCUMENT.format(html), encoding="utf-8")
    rng = np.random.default_rng(7)
    with browser.visit(chromium) as visit:
        for layers in random_stacks(30):
            sizes = sizes_of(layers, 40)
            row, column = (int(rng.integers(sizes[-1])) for _ in range(2))
            named = [
                {"name": f"layer {number}", "pools": False, **layer}
                for number, layer in enumerate(layers)
            ]
            state = {"stack": len(STACKS), "level": len(layers), "layers": named, "pixels": 40}
            state |= {"row": row, "unit": column}
            link = base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")
            visit.page.goto("about:blank")
            visit.page.goto(f"{path.as_uri()}#receptive={link}")
            visit.page.wait_for_selector(browser.READY)

            field = receptive_field([Convolution(1, **layer) for layer in layers])
            expected = [row, column, *field.interval(row), *field.interval(column)]
            assert seen(visit.page) == expected
            matrices = [connections(*a) for a in zip(layers, sizes[:-1], sizes[1:], strict=True)]
            paths = reduce(np.matmul, reversed(matrices))
            clear = np.reshape(visit.page.evaluate(CLEAR), (40, 40))
            assert (clear == (np.outer(paths[row], paths[column]) > 0)).all()
        visit.assert_quiet()


def test_a_unit_is_pointed_at_in_its_map(show: Show) -> None:
    shown = show(EXPLORER)
    canvas = shown.locator(".places canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()

    shown.mouse.move(box["x"] + 2.5 / 16 * box["width"], box["y"] + 11.5 / 16 * box["height"])

    field = STACKS["mixed"].field("conv2")
    assert seen(shown) == [11, 2, *field.interval(11), *field.interval(2)]
    assert told(shown) == expected(STACKS["mixed"], "conv2", 2)
    canvas.click(position={"x": 1, "y": 1}, force=True)
    shown.keyboard.press("ArrowDown")
    assert seen(shown)[:2] == [1, 0]


def test_the_image_has_the_pixels_that_the_layers_read(show: Show) -> None:
    """Its square, scaled: on average as bright as the photograph is there."""
    cat = snapshots()[0]
    shown = show(ReceptiveFieldExplorer(STACKS, photograph=cat))
    left, top, side = cat.square

    levels = np.reshape(shown.eval_on_selector(".sight canvas", PIXELS), (32, 32))

    with Image.open(BytesIO(cat.jpeg)) as picture:
        reds = np.asarray(picture)[top : top + side, left : left + side, 0]
    assert levels.mean() == pytest.approx(reds.mean(), abs=2)
    assert levels[:16].mean() == pytest.approx(reds[: side // 2].mean(), abs=3)
    assert "Stefan van der Walt" in shown.inner_text(".coursecnn")


def test_a_padding_goes_with_the_kernel_until_it_is_changed(show: Show) -> None:
    shown = show(ReceptiveFieldExplorer({"one": Stack({"conv": C3}, pixels=16)}))
    box = lambda name: shown.get_by_label(f"{name} of the layer", exact=True)  # noqa: E731

    box("kernel").fill("7")
    assert box("padding").input_value() == "3"
    box("padding").fill("1")
    box("kernel").fill("5")
    assert box("padding").input_value() == "1"
    assert box("padding").get_attribute("aria-valuemax") == "4"
    box("kernel").fill("1")

    assert box("padding").input_value() == "0"


def test_a_pooling_is_added_and_the_image_resized(show: Show) -> None:
    shown = show(ReceptiveFieldExplorer({"one": Stack({"conv": C3}, pixels=16)}))

    shown.get_by_role("button", name="Add a pooling").click()
    shown.get_by_label("pixels of the image, a side", exact=True).fill("40")

    field = receptive_field([C3, Pooling(2)])
    unit, units, *others = told(shown)
    assert (units, others) == (20, [field.size, *field.interval(unit)])
    assert "pooling 1" in shown.locator("p[role=status]").inner_text()


def test_a_stack_without_units_is_not_built(show: Show) -> None:
    shown = show(ReceptiveFieldExplorer({"one": Stack({"conv": Convolution(1, 3)}, pixels=3)}))

    shown.get_by_role("button", name="Add a layer").click()
    kernel = shown.get_by_label("kernel of the layer", exact=True)
    kernel.fill("2")

    assert "it was not changed" in shown.locator("p[role=status]").inner_text()
    kernel.blur()
    assert kernel.input_value() == "3"


def test_a_field_too_large_to_be_drawn_is_not_built(show: Show) -> None:
    """It grows fourfold with each layer, and a map of one unit stays one."""
    layer = Convolution(1, 3, stride=4, padding=1, rounding="floor")
    shown = show(ReceptiveFieldExplorer({"one": Stack(dict.fromkeys("abcde", layer), pixels=64)}))
    assert told(shown) == [0, 1, 683, -341, 341]

    shown.get_by_role("button", name="Add a layer").click()

    size = receptive_field([layer] * 6).size
    told_now = shown.locator("p[role=status]").inner_text()
    assert (
        told_now
        == f"A unit would have a field of {size:,} pixels, more than 1,024: it was not changed."
    )
    assert shown.locator(".map-line").count() == 6


def test_the_image_can_be_the_reader_s_own(show: Show) -> None:
    cat = snapshots()[0]
    shown = show(ReceptiveFieldExplorer(STACKS, photograph=cat))
    before = shown.eval_on_selector(".sight canvas", PIXELS)
    own = BytesIO()
    Image.fromarray(np.repeat([51, 204], 32).astype(np.uint8)[None].repeat(64, 0)).save(own, "PNG")
    file = {"name": "mine.png", "mimeType": "image/png", "buffer": own.getvalue()}
    back = shown.get_by_role("button", name="Back to the first picture")
    assert back.is_hidden()

    for leave in (back, shown.get_by_role("button", name="Start over")):
        shown.locator("input[type=file]").set_input_files(file)
        back.wait_for()
        levels = np.reshape(shown.eval_on_selector(".sight canvas", PIXELS), (32, 32))
        assert levels[:, :15] == pytest.approx(51, abs=2)
        assert levels[:, 17:] == pytest.approx(204, abs=2)
        assert shown.locator(".sight").get_attribute("aria-label").startswith("Your own picture.")
        assert "Stefan" not in shown.inner_text(".coursecnn")
        leave.click()
        assert shown.eval_on_selector(".sight canvas", PIXELS) == before
        assert "Stefan" in shown.inner_text(".coursecnn")


def test_where_scripts_do_not_run_the_fields_are_listed() -> None:
    html = EXPLORER._repr_html_()

    assert "<tr><th scope=row>pool1<td>2<td>2<td>16<td>4<td>2" in html


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReceptiveFieldExplorer({}), "at least one Stack"),
        (lambda: Stack({}, 8), "layers must be 1 to 24, got 0"),
        (lambda: Stack({"a": Convolution(1, (3, 1))}, 8), "square and padded by a number"),
        (lambda: Stack({"a": Convolution(1, 3, padding="same")}, 8), "padded by a number"),
        (lambda: Stack({"a": Convolution(1, 9)}, 8), "kernel must extend over at most"),
        (lambda: Stack({"a": C3}, 8, {"a": np.ones((4, 4))}), r"the field, \(3, 3\)"),
        (lambda: Stack({"a": C3}, 8, {"b": np.ones((3, 3))}), r"one of \['a'\], got 'b'"),
    ],
)
def test_what_cannot_be_explored_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
