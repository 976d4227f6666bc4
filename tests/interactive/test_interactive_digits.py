"""Draw a digit: the page prepares digits as MNIST's authors did, and reads them as Keras does."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import ndimage

from coursecnn import datasets, training
from coursecnn.architectures import build
from coursecnn.backend import keras
from coursecnn.evidence import records
from coursecnn.geometry import Convolution, Pooling, receptive_field
from coursecnn.interactive import DigitReader, page
from coursecnn.interactive.digits import KERNELS
from coursecnn.training.recipes import RECIPES
from tests import browser

CASES, DRAWINGS = 100, 100
SIDE = 140  # points of a drawing, five along a pixel
LAYERS = ("C1", "S2", "C3", "S4", "C5", "F6", "output")
DATA = datasets.mnist()
NETWORK = training.load_trained(RECIPES["lenet5"])
NETWORK.set_weights([weight.astype("float16") for weight in NETWORK.get_weights()])
IMAGES, LABELS = DATA.x_test[:1000], DATA.y_test[:1000]
PROBABILITIES = NETWORK.predict(IMAGES / 255, verbose=0)
IS_RIGHT = PROBABILITIES.argmax(axis=-1) == LABELS
CHOSEN = [*np.flatnonzero(IS_RIGHT)[:10], *np.flatnonzero(~IS_RIGHT)[:3]]
READER = DigitReader(NETWORK, IMAGES[CHOSEN], LABELS[CHOSEN])

# Numbers travel as text, the bytes of an array in base64, which is a hundred times as quick as one
# by one. `packed` is for those of JavaScript, of 8 bytes each.
PUBLIC = "asMnist, blank, bytesOf, drawLine, enlarged, FIELD, halves, layersOf"
SOURCE = f"{page.module('lenet.js')}\nexport {{ {PUBLIC} }};"
BEGIN = """const module = await import(`data:text/javascript;base64,${source}`);
  const packed = (arrays) => {
    const bytes = new Uint8Array(Float64Array.from(arrays.flatMap((one) => [...one])).buffer);
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  };
  const pictures = (text) => {
    const bytes = [...module.bytesOf(text)];
    const area = module.FIELD ** 2;
    return Array.from({ length: bytes.length / area }, (_, n) =>
      bytes.slice(n * area, (n + 1) * area));
  };"""
HALVES = f"async ([source, text]) => {{ {BEGIN} return packed([module.halves(text)]); }}"
AS_MNIST = f"""async ([source, text]) => {{ {BEGIN}
  return packed(pictures(text).map((pixels) => module.asMnist(module.enlarged(pixels))));
}}"""
# Draw lines, each [from, to, radius, isRubber], and turn what is drawn into pixels.
DRAW = f"""async ([source, drawings]) => {{ {BEGIN}
  const drawn = drawings.map((lines) => {{
    const drawing = module.blank();
    for (const line of lines) module.drawLine(drawing, ...line);
    return drawing;
  }});
  return [packed(drawn.map(({{ values }}) => values)), packed(drawn.map(module.asMnist))];
}}"""
# What each layer says, all pictures after one another, from the weights that the page holds.
READ = f"""async ([source, text]) => {{ {BEGIN}
  const data = JSON.parse(document.querySelector("[data-interactive] > script").textContent);
  const layers = Object.entries(data.weights).map(([name, {{ kernels, bias }}]) => {{
    const values = module.halves(kernels.half);
    return [name, {{ kernels: {{ shape: kernels.shape, values }}, bias: module.halves(bias) }}];
  }});
  const weights = Object.fromEntries(layers);
  const read = pictures(text).map((pixels) => module.layersOf(weights, pixels));
  return Object.keys(read[0]).map((name) => packed(read.map((found) => found[name].values)));
}}"""

Show = Callable[..., Any]
Compute = Callable[[str, Any], Any]
Line = tuple[list[float], list[float], float, bool]


class Drawn(NamedTuple):
    """Drawings: their ink, shape (n, 140, 140), and what becomes of it, (n, 28, 28)."""

    ink: np.ndarray
    pixels: np.ndarray


@pytest.fixture(scope="module")
def compute(chromium: Any) -> Iterator[Compute]:
    """Run a script that imports `lenet.js`, on a page that holds the reader."""
    source = base64.b64encode(SOURCE.encode()).decode()
    with browser.interactives(chromium) as open_page:
        opened = open_page(READER)
        yield lambda script, argument: opened.evaluate(script, [source, argument])


@pytest.fixture(scope="module")
def drawn(compute: Compute) -> Drawn:
    rng = np.random.default_rng(0)
    return draw(compute, [random_lines(rng) for _ in range(DRAWINGS)])


def random_lines(rng: np.random.Generator) -> list[Line]:
    """A stroke of a few lines, some of it beyond the edges, and sometimes one that rubs out."""
    places = rng.uniform(-5, SIDE + 5, (rng.integers(2, 7), 2)).tolist()
    radius = float(rng.uniform(2, 12))
    lines = [(start, end, radius, False) for start, end in pairwise(places)]
    return [*lines, (places[0], places[-1], 3.0, True)] if rng.random() < 0.3 else lines


def draw(compute: Compute, drawings: list[list[Line]]) -> Drawn:
    ink, pixels = map(unpacked, compute(DRAW, drawings))
    return Drawn(ink.reshape(-1, SIDE, SIDE), pixels.reshape(-1, 28, 28))


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text))


def read(compute: Compute, images: np.ndarray) -> list[np.ndarray]:
    """What each layer says in the page about images of 28×28, each a row."""
    texts = compute(READ, page.in_base64(images.astype(np.uint8).tobytes()))
    return [unpacked(text).reshape(len(images), -1) for text in texts]


# What the network says


def test_all_numbers_of_16_bits_are_understood(compute: Compute) -> None:
    every = np.arange(2**16, dtype="<u2").view("<f2")
    finite = every[np.isfinite(every)]

    numbers = unpacked(compute(HALVES, page.in_base64(finite.tobytes())))

    assert (numbers == finite.astype(float)).all()


def test_every_layer_says_what_it_says_in_keras(compute: Compute, drawn: Drawn) -> None:
    """On digits and drawings, with weights that are rounded alike; `pytest -s` shows how near."""
    images = np.concatenate([IMAGES[:CASES, ..., 0], drawn.pixels])
    inside = keras.Model(NETWORK.input, [NETWORK.get_layer(name).output for name in LAYERS])
    expected = inside.predict(images[..., None] / 255, verbose=0)

    layers = read(compute, images)

    for name, ours, theirs in zip(LAYERS, layers, expected, strict=True):
        difference = np.abs(ours - theirs.reshape(len(images), -1)).max()
        print(f"{name}: {theirs.size:,} numbers differ by at most {difference:.1e}")
        assert difference < 1e-4
    assert set(layers[-1].argmax(axis=1)) == set(range(10))


def test_the_package_says_what_the_page_says(compute: Compute) -> None:
    layers = read(compute, IMAGES[:10])

    for index, image in enumerate(IMAGES[:10]):
        for theirs, ours in zip(layers, READER.layers(image).values(), strict=True):
            assert np.abs(ours.ravel() - theirs[index]).max() < 1e-12


def test_the_rounded_weights_have_the_recorded_accuracy() -> None:
    if not DATA.provenance.official:
        pytest.skip(f"the accuracy is that on the official digits, not {DATA.provenance.source}")
    answers = NETWORK.predict(DATA.x_test / 255, batch_size=500, verbose=0).argmax(axis=-1)

    recorded = records.read("lenet5").values("test_accuracy")[0]

    assert np.mean(answers == DATA.y_test) == pytest.approx(recorded, abs=5e-4)


# What the network reads


def prepared(ink: np.ndarray) -> np.ndarray:
    """MNIST's preparation, from its definition."""
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longest = max(digit.shape)
    for axis, side in enumerate(digit.shape):
        digit = shrunk(digit, max(1, int(20 * side / longest + 0.5)), axis)
    middle = np.floor(np.array(ndimage.center_of_mass(digit)) + 0.5)
    top, left = np.clip(14 - middle, 0, 28 - np.array(digit.shape)).astype(int)
    field = np.zeros((28, 28))
    field[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return 255 * field


def shrunk(array: np.ndarray, count: int, axis: int) -> np.ndarray:
    """Means over `count` equal parts of an axis, from sums that are interpolated."""
    side = array.shape[axis]
    sums = np.insert(np.cumsum(array, axis), 0, 0, axis)
    places = np.linspace(0, side, count + 1)
    at_places = np.apply_along_axis(
        lambda line: np.interp(places, range(side + 1), line), axis, sums
    )
    return np.diff(at_places, axis=axis) * count / side


def test_a_drawing_is_prepared_as_mnist_was(drawn: Drawn) -> None:
    for ink, pixels in zip(drawn.ink, drawn.pixels, strict=True):
        assert np.abs(pixels - prepared(ink)).max() <= 0.5 + 1e-9


def test_digits_of_mnist_are_prepared_already(compute: Compute) -> None:
    """All but a few of the test digits, whose longer side is not 20 pixels."""
    if not DATA.provenance.official:
        pytest.skip(f"only the official digits were prepared so, not {DATA.provenance.source}")
    pixels = unpacked(compute(AS_MNIST, page.in_base64(IMAGES.tobytes())))

    assert np.mean(pixels.reshape(IMAGES.shape) == IMAGES) > 0.999


def test_it_does_not_matter_where_a_digit_is_drawn(compute: Compute) -> None:
    seven = [[20, 30], [20, 70], [90, 40]]
    lines = [(start, end, 6.0, False) for start, end in pairwise(seven)]
    moved = [([a + 31, b + 17], [c + 31, d + 17], r, rub) for (a, b), (c, d), r, rub in lines]

    here, there = draw(compute, [lines, moved]).pixels

    assert here.max() > 250
    assert (here == there).all()


def test_a_line_is_as_wide_as_the_pen(compute: Compute) -> None:
    [ink] = draw(compute, [[([70, 30], [70, 110], 6.0, False)]]).ink

    assert ink[:, 70].sum() == pytest.approx(12)
    assert ink[70].sum() == pytest.approx(80 + 12, abs=0.1)


def test_what_is_rubbed_out_is_gone(compute: Compute) -> None:
    line = ([70, 30], [70, 110])
    drawing = draw(compute, [[(*line, 6.0, False), (*line, 12.0, True)]])

    assert not drawing.ink.any()
    assert not drawing.pixels.any()


# The page


def shown(opened: Any) -> list[str]:
    """The ten probabilities."""
    return list(opened.locator("li > :last-child").all_inner_texts())


def status(opened: Any) -> str:
    return str(opened.locator("p[role=status]").inner_text())


def field(opened: Any) -> tuple[float, float, float]:
    """The corner of the drawing, and the length of its side."""
    box = opened.locator(".surface").bounding_box()
    return box["x"], box["y"], box["width"]


def pen(opened: Any) -> Any:
    """The slider of the pen at which the Tab key stops."""
    return opened.locator('.surface [role="slider"][tabindex="0"]')


def rule(opened: Any, down: float = 0.8) -> None:
    """Draw an upright line with the mouse."""
    x, y, side = field(opened)
    opened.mouse.move(x + 0.5 * side, y + 0.2 * side)
    opened.mouse.down()
    opened.mouse.move(x + 0.5 * side, y + down * side, steps=5)
    opened.mouse.up()


def percent(share: float) -> str:
    shown = f"{100 * share:.1f} %"
    return "< 0.1 %" if shown == "0.0 %" and share > 0 else shown


def spoken(digit: int) -> str:
    return f"{'an' if digit == 8 else 'a'} {digit}"


def test_each_test_digit_is_read_as_keras_reads_it(show: Show) -> None:
    opened = show(READER)
    for index, button in zip(CHOSEN, opened.locator(".offers button").all(), strict=True):
        button.click()
        expected = [percent(one) for one in READER.layers(IMAGES[index])["output"].ravel()]
        assert shown(opened) == expected
        assert f"somebody wrote {spoken(LABELS[index])}." in status(opened)
        assert f"reads {spoken(PROBABILITIES[index].argmax())} (" in status(opened)
        assert ("read wrongly" in status(opened)) == (not IS_RIGHT[index])
        assert button.get_attribute("aria-pressed") == "true"


PIXELS = """(canvas) => [...canvas.getContext("2d")
  .getImageData(0, 0, canvas.width, canvas.height).data].filter((_, index) => index % 4 < 3)"""


GRID = """(canvas) => {
  const { height, width } = canvas;
  return [height, width, [...canvas.getContext("2d").getImageData(0, 0, width, height).data]];
}"""
IN_A_ROW = {"C1": 6, "S2": 6, "C3": 8, "S4": 8, "C5": 40, "F6": 42}
MAPS = {"C1": 6, "S2": 6, "C3": 16, "S4": 16, "C5": 120, "F6": 84}
SIDES = {"C1": 28, "S2": 14, "C3": 10, "S4": 5, "C5": 1, "F6": 1}
STACK = {
    "C1": Convolution(6, 5, padding=2),
    "S2": Pooling(2),
    "C3": Convolution(16, 5),
    "S4": Pooling(2),
    "C5": Convolution(120, 5),
    "F6": Convolution(84, 1),
}
FIELDS = {
    name: receptive_field(list(STACK.values())[: place + 1]) for place, name in enumerate(STACK)
}


def test_the_pictures_are_the_digit_and_the_maps(show: Show) -> None:
    opened = show(READER)
    names = list(IN_A_ROW)
    image = IMAGES[CHOSEN[0]]
    layers = READER.layers(image)

    read = opened.eval_on_selector("figure canvas", PIXELS)
    painted = [opened.eval_on_selector(f'[aria-label^="{name}:"] canvas', GRID) for name in names]

    assert read == np.repeat(image.ravel(), 3).tolist()
    for (name, values), (height, width, pixels) in zip(layers.items(), painted, strict=False):
        side, _, maps = values.shape
        grid = np.reshape(pixels, (height, width, 4))
        in_a_row = (width + 1) // (side + 1)
        assert in_a_row == IN_A_ROW[name]
        tiles = [
            grid[y : y + side, x : x + side, :3]
            for y in range(0, height, side + 1)
            for x in range(0, width, side + 1)
        ][:maps]
        places = np.minimum(255, np.floor((values + 1) / 2 * 256)).astype(int)
        expected = page.palette()[np.moveaxis(places, -1, 0)]
        assert np.mean(np.array(tiles) != expected) < 1e-3


UNIT = re.compile(
    r"(?P<name>\w+), (?:unit|map) (?P<map>\d+)(?:, row (?P<row>\d+), column (?P<column>\d+))?: "
    r"(?P<value>−?[\d.]+), (?:the mean of the four|the tanh of (?P<total>−?[\d.]+), which "
    r"(?P<products>\d+) products).* rows (?P<top>\d+) to (?P<bottom>\d+) and columns "
    r"(?P<left>\d+) to (?P<right>\d+)"
)


def unit_told(opened: Any) -> dict[str, Any]:
    """What is said about the unit that is pointed at."""
    text = opened.locator(".unit output").inner_text().replace("−", "-")
    found = UNIT.match(text.replace("-", "−"))
    assert found, text
    told = found.groupdict()
    name = told.pop("name")
    return {"name": name} | {
        key: None if text is None else float(text.replace("−", "-")) for key, text in told.items()
    }


def point_at_unit(opened: Any, name: str, unit: tuple[int, int, int]) -> None:
    """Move the mouse over a map's row and column."""
    number, row, column = unit
    canvas = opened.locator(f'[aria-label^="{name}:"] canvas')
    canvas.scroll_into_view_if_needed()
    side = SIDES[name]
    lines = -(-MAPS[name] // IN_A_ROW[name])
    y = (number // IN_A_ROW[name]) * (side + 1) + row + 0.5
    x = (number % IN_A_ROW[name]) * (side + 1) + column + 0.5
    box = canvas.bounding_box()
    opened.mouse.move(
        box["x"] + x * box["width"] / (IN_A_ROW[name] * (side + 1) - 1),
        box["y"] + y * box["height"] / (lines * (side + 1) - 1),
    )


def test_a_unit_that_is_pointed_at_is_computed_as_in_python(show: Show) -> None:
    """Random units of all layers: value, sum before the tanh, number of products, and reach."""
    opened = show(READER, width=900)
    rng = np.random.default_rng(4)
    layers = {"image": IMAGES[CHOSEN[0]] / 255, **READER.layers(IMAGES[CHOSEN[0]])}
    names = list(layers)
    for name in [*IN_A_ROW] * 4:
        values = layers[name]
        row, column, number = (int(rng.integers(size)) for size in values.shape)
        point_at_unit(opened, name, (number, row, column))

        told = unit_told(opened)
        value = values[row, column, number]
        first, last = FIELDS[name].interval(row)
        left, right = FIELDS[name].interval(column)
        assert (told["name"], told["map"]) == (name, number)
        assert told["value"] == pytest.approx(value, abs=6e-4)
        expected = [max(first, 0), min(last, 27), max(left, 0), min(right, 27)]
        assert [told[key] for key in ("top", "bottom", "left", "right")] == expected
        if told["total"] is not None:
            assert np.tanh(told["total"]) == pytest.approx(value, abs=6e-4)
            before = layers[names[names.index(name) - 1]]
            assert told["products"] == KERNELS[name][0] ** 2 * before.shape[-1]


def test_the_kernels_of_a_unit_are_those_of_its_map(show: Show) -> None:
    opened = show(READER, width=900)
    weights = {name: NETWORK.get_layer(name).get_weights()[0] for name in ("C1", "C3")}
    for name, number in (("C1", 3), ("C3", 10)):
        point_at_unit(opened, name, (number, 4, 4))
        kernel = weights[name][..., number]
        height, width, pixels = opened.eval_on_selector(".kernels", GRID)
        grid = np.reshape(pixels, (height, width, 4))[..., :3]
        size, in_a_row = kernel.shape[0], (width + 1) // (kernel.shape[0] + 1)
        scaled = kernel / np.abs(kernel).max()
        places = np.minimum(255, np.floor((scaled + 1) / 2 * 256)).astype(int)
        for channel in range(kernel.shape[-1]):
            y, x = divmod(channel, in_a_row)
            tile = grid[y * (size + 1) :, x * (size + 1) :][:size, :size]
            assert np.mean(tile != page.palette()[places[..., channel]]) < 0.02


def test_the_windows_that_a_unit_reads_are_framed(show: Show) -> None:
    """Of a unit of C3, 5 by 5 in each of the six maps of S2; of S2, 2 by 2 in one map of C1."""
    opened = show(READER, width=900)
    frames = '[aria-label^="{}:"] .window-of'
    point_at_unit(opened, "C3", (7, 2, 3))
    styles = opened.eval_on_selector_all(
        frames.format("S2"),
        "(all) => all.map(({ style: { top, left, height, width } }) => [top, left, height, width])",
    )
    wide, high = 6 * 15 - 1, 14

    assert len(styles) == 6
    for number, style in enumerate(styles):
        found = [float(text.rstrip("%")) for text in style]
        corner = [100 * 2 / high, 100 * (15 * number + 3) / wide]
        assert found == pytest.approx([*corner, 100 * 5 / high, 100 * 5 / wide], abs=1e-3)
    point_at_unit(opened, "S2", (1, 5, 5))
    assert opened.locator(frames.format("S2")).count() == 0
    assert opened.locator(frames.format("C1")).count() == 1


def test_the_drawing_and_the_unit_are_there_again(chromium: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(browser.DOCUMENT.format(READER._repr_html_()), encoding="utf-8")
    with browser.visit(chromium, width=900) as visit:
        visit.page.goto(path.as_uri())
        visit.page.wait_for_selector(browser.READY)
        visit.page.get_by_role("button", name="Clear").click()
        rule(visit.page)
        point_at_unit(visit.page, "S4", (3, 1, 1))
        before = shown(visit.page), unit_told(visit.page)

        visit.page.reload()
        visit.page.wait_for_selector(browser.READY)

        assert (shown(visit.page), unit_told(visit.page)) == before


def test_a_line_drawn_with_the_mouse_is_read_as_a_one(show: Show) -> None:
    opened = show(READER)
    opened.get_by_role("button", name="Clear").click()

    rule(opened)

    assert status(opened).startswith("The network reads a 1 (")
    assert opened.locator('.offers [aria-pressed="true"]').count() == 0


def test_a_test_digit_can_be_changed(show: Show) -> None:
    opened = show(READER)
    before = shown(opened)

    rule(opened, down=0.9)

    assert shown(opened) != before
    assert "somebody wrote" not in status(opened)


def test_a_finger_draws_and_does_not_scroll(show: Show) -> None:
    opened = show(READER, width=360, touch=True)
    opened.get_by_role("button", name="Clear").tap()
    x, y, side = field(opened)

    opened.touchscreen.tap(x + side / 2, y + side / 2)

    style = "(node) => getComputedStyle(node).touchAction"
    assert status(opened).startswith("The network reads a")
    assert opened.eval_on_selector(".surface", style) == "none"


def test_the_keyboard_draws(show: Show) -> None:
    opened = show(READER)
    opened.get_by_role("button", name="Clear").click()
    pen(opened).focus()

    for key in [*["ArrowUp"] * 8, " ", *["ArrowDown"] * 16, " "]:
        opened.keyboard.press(key)

    text = pen(opened).get_attribute("aria-valuetext")
    assert text == "row 22, column 14, the pen is up"
    assert status(opened).startswith("The network reads a 1 (")


def test_the_pen_of_the_keyboard_stays_on_the_field_and_is_lifted_when_one_leaves(
    show: Show,
) -> None:
    opened = show(READER)
    pen(opened).focus()

    opened.keyboard.press(" ")
    for _ in range(20):
        opened.keyboard.press("ArrowLeft")
    assert pen(opened).get_attribute("aria-valuetext") == "row 14, column 0, the pen is down"
    opened.keyboard.press("Tab")

    assert "the pen is up" in pen(opened).get_attribute("aria-valuetext")


def test_a_screen_reader_hears_where_the_pen_is(show: Show) -> None:
    opened = show(READER)
    pen(opened).focus()

    for key in (" ", "ArrowRight", "ArrowUp", "ArrowUp"):
        opened.keyboard.press(key)

    text = "row 12, column 15, the pen is down"
    assert browser.sliders(opened)[:2] == [
        ("row", text, 12, (0, 27), True),
        ("column", text, 15, (0, 27), False),
    ]
    assert opened.locator("[role=application]").count() == 0


def test_nothing_is_drawn_after_clear_and_after_the_rubber(show: Show) -> None:
    opened = show(READER)
    opened.get_by_role("button", name="Clear").click()
    assert status(opened).startswith("Nothing is drawn")

    rule(opened)
    assert not status(opened).startswith("Nothing is drawn")
    opened.get_by_label("rubber").check()
    rule(opened)

    assert status(opened).startswith("Nothing is drawn")


def test_the_pen_draws_after_the_rubber_and_clear(show: Show) -> None:
    opened = show(READER)
    opened.get_by_label("rubber").check()
    opened.get_by_role("button", name="Clear").click()

    rule(opened)

    assert not opened.get_by_label("rubber").is_checked()
    assert status(opened).startswith("The network reads a 1 (")


def test_a_stroke_can_be_taken_back(show: Show) -> None:
    opened = show(READER)
    before = shown(opened), status(opened)
    rule(opened, down=0.7)
    once = shown(opened)
    rule(opened, down=0.9)
    assert len({tuple(before[0]), tuple(once), tuple(shown(opened))}) == 3

    opened.get_by_role("button", name="Undo").click()
    assert shown(opened) == once
    for _ in range(2):
        opened.get_by_role("button", name="Undo").click()

    assert (shown(opened), status(opened)) == before


def test_an_eight_is_read_as_an_eight(show: Show) -> None:
    opened = show(READER)
    for button in opened.locator(".offers button").all():
        button.click()
        assert not re.search(r"\ba 8\b", status(opened) + button.get_attribute("aria-label"))


def test_wrong_and_right_digits_are_told_apart(show: Show) -> None:
    opened = show(READER)

    right, wrong = (opened.locator(".offers .bar").nth(n).locator("button") for n in (0, 1))

    assert (right.count(), wrong.count()) == (10, 3)
    assert right.first.get_attribute("aria-label") == f"a {LABELS[CHOSEN[0]]}"
    assert ", read as " in wrong.first.get_attribute("aria-label")


# Around it


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1300])
def test_the_page_does_not_scroll_sideways(show: Show, width: int, dark: bool) -> None:
    opened = show(READER, width=width, dark=dark)

    assert opened.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show: Show, dark: bool) -> None:
    assert browser.faults(show(READER, dark=dark)) == []


def test_it_is_no_heavier_than_planned() -> None:
    """In bytes; the weights alone were 1.2 million characters as numbers."""
    assert len(READER._repr_html_().encode()) < 300_000


def test_where_scripts_do_not_run_a_digit_and_its_probabilities_are_there() -> None:
    html = READER._repr_html_()

    digit, percent = PROBABILITIES[CHOSEN[0]].argmax(), 100 * PROBABILITIES[CHOSEN[0]].max()
    assert page.picture(IMAGES[CHOSEN[0], ..., 0], f"a {LABELS[CHOSEN[0]]}") in html
    assert f"<tr><td>{digit}<td>{percent:.0f}" in html


# What cannot be shown


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES[:0], LABELS[:0], "images must have the shape"),
        (IMAGES[:2, ..., 0], LABELS[:2], "images must have the shape"),
        (IMAGES[:2] / 255, LABELS[:2], "images must be of type uint8, got float64"),
        (IMAGES[:2], LABELS[:3], "labels must be 2 digits"),
        (IMAGES[:1], [10], r"labels must be 1 digits from 0 to 9, got \[10\]"),
    ],
)
def test_other_digits_are_refused(images: Any, labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DigitReader(NETWORK, images, labels)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mnist_tutorial", {}, "network must be a lenet5 for 28×28 pixels"),
        ("lenet5", {}, r"for inputs of \(32, 32, 1\)"),
    ],
)
def test_other_networks_are_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DigitReader(build(name, **options), IMAGES[:1], LABELS[:1])


def test_a_network_with_other_activations_is_refused() -> None:
    other = build("lenet5", input_shape=(28, 28, 1), padding=2, activation="relu")
    other.set_weights(NETWORK.get_weights())

    with pytest.raises(ValueError, match="it answers otherwise"):
        DigitReader(other, IMAGES[:5], LABELS[:5])
