"""Read a photograph: the page answers as Keras does, Grad-CAM and all, and answers the hand."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from coursecnn import datasets, training
from coursecnn.backend import keras
from coursecnn.interactive import PhotoReader, page
from coursecnn.interactive.photo import LAYERS, rounded
from coursecnn.interactive.snapshot import snapshots
from coursecnn.models import attribution
from coursecnn.training.recipes import RECIPES
from tests import browser

REAL, RANDOM = 200, 100  # images that the page reads
EXPLAINED = 24  # of them, for each of which Grad-CAM is computed in every layer
DATA = datasets.cifar10()
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
TRAINED = training.load_trained(RECIPES["fast"])
CHOSEN = [0, 1, 2]
READER = PhotoReader(TRAINED, DATA.x_test[CHOSEN], DATA.y_test[CHOSEN], CLASSES)
NAMES = [name for name, *_ in LAYERS]

Compute = Callable[[str, Any], Any]
Show = Callable[..., Any]

# Numbers travel as text, the bytes of an array in base64.
PUBLIC = "decoded, gradCam, gradient, reach, read, shrunk"
SOURCE = f"{page.module('fast.js')}\nexport {{ {PUBLIC} }};"
BEGIN = """const module = await import(`data:text/javascript;base64,${source}`);
  const data = JSON.parse(document.querySelector("[data-interactive] > script").textContent);
  const layers = data.layers.map(module.decoded);
  const network = { layers, classifier: module.decoded(data.classifier) };
  const packed = (arrays) => {
    const bytes = new Uint8Array(Float64Array.from(arrays.flatMap((one) => [...one])).buffer);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const images = (text) => {
    const bytes = bytesOf(text);
    const size = 32 * 32 * 3;
    return Array.from({ length: bytes.length / size }, (_, n) =>
      bytes.slice(n * size, (n + 1) * size));
  };"""
# What each layer says, all images after one another; at the end the scores and the probabilities.
READ = f"""async ([source, text]) => {{ {BEGIN}
  const found = images(text).map((pixels) => module.read(network, pixels));
  const maps = layers.map((_, at) => packed(found.map((one) => one.maps[at].values)));
  return [...maps, packed(found.map((one) => one.scores)),
    packed(found.map((one) => one.probabilities))];
}}"""
EXPLAIN = f"""async ([source, [text, labels]]) => {{ {BEGIN}
  return images(text).map((pixels, n) => {{
    const reading = module.read(network, pixels);
    return layers.map((_, at) => packed([module.gradCam(network, reading, labels[n], at).values]));
  }});
}}"""
REACH = f"""async ([source, sides]) => {{ {BEGIN}
  return sides.map((side, layer) =>
    Array.from({{ length: side }}, (_, place) => module.reach(layers, layer, place)));
}}"""
SHRINK = f"""async ([source, cases]) => {{ {BEGIN}
  return cases.map(([width, text, square]) =>
    packed([module.shrunk({{ width, data: bytesOf(text) }}, square)]));
}}"""


@pytest.fixture(scope="module")
def compute(chromium: Any) -> Iterator[Compute]:
    """Run a script that imports `fast.js`, on a page that holds the reader."""
    source = base64.b64encode(SOURCE.encode()).decode()
    with browser.interactives(chromium) as open_page:
        opened = open_page(READER)
        yield lambda script, argument: opened.evaluate(script, [source, argument])


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text))


def pictures(real: int, drawn: int) -> np.ndarray:
    """Test images, then noise, from fine to coarse, an even grey among it."""
    rng = np.random.default_rng(0)
    noise = [random_image(rng, grain) for grain in rng.choice([1, 2, 4, 8, 32], drawn)]
    return np.concatenate([DATA.x_test[:real], np.array(noise, np.uint8)])


def random_image(rng: np.random.Generator, grain: int) -> np.ndarray:
    side = 32 // grain
    return np.kron(rng.integers(0, 256, (side, side, 3)), np.ones((grain, grain, 1), int))


# What the network says


def test_every_layer_says_what_it_says_in_keras(compute: Compute) -> None:
    """On real and random images, with weights rounded alike; `pytest -s` shows how near."""
    images = pictures(REAL, RANDOM)
    network = READER.network
    ends = [network.get_layer(f"{name}_activation").output for name in NAMES]
    ends += [network.get_layer("scale").output, network.output]
    expected = keras.Model(network.input, ends).predict(images / np.float32(255), verbose=0)

    found = compute(READ, page.in_base64(images.tobytes()))

    for name, text, theirs in zip([*NAMES, "scores", "predictions"], found, expected, strict=True):
        difference = np.abs(unpacked(text) - theirs.ravel()).max()
        print(
            f"{name}: {theirs.size:,} numbers up to {theirs.max():.3g} differ by {difference:.1e}"
        )
        assert difference < (1e-4 if name == "predictions" else 1e-3)
    assert len(set(expected[-1].argmax(axis=1))) > 2


def test_grad_cam_is_that_of_the_package(compute: Compute) -> None:
    """In each layer, for the class that is named and for another."""
    images = pictures(EXPLAINED - 6, 6)
    answers = READER.network.predict(images / np.float32(255), verbose=0).argmax(axis=1)
    labels = [int(answer + 3 * (n % 2)) % 10 for n, answer in enumerate(answers)]

    found = compute(EXPLAIN, [page.in_base64(images.tobytes()), labels])

    largest = dict.fromkeys(NAMES, 0.0)
    for image, label, texts in zip(images, labels, found, strict=True):
        for name, text in zip(NAMES, texts, strict=True):
            expected = attribution.grad_cam(
                READER.network, image / 255, label, f"{name}_activation"
            )
            difference = np.abs(unpacked(text) - expected.ravel()).max()
            largest[name] = max(largest[name], difference)
            assert difference < 1e-5 * max(1, expected.max())
    print(f"largest differences: {largest}")


@pytest.mark.slow
def test_the_rounded_weights_cost_next_to_nothing() -> None:
    """On all official test images, one look at each: at most a quarter of a point."""
    if not DATA.provenance.official:
        pytest.skip(f"the accuracy is that on the official images, not {DATA.provenance.source}")
    images = DATA.x_test / np.float32(255)
    whole, short = (
        one.predict(images, batch_size=500, verbose=0).argmax(axis=1)
        for one in (TRAINED, READER.network)
    )
    before, after = (np.mean(answers == DATA.y_test) for answers in (whole, short))

    print(f"{before:.2%} before, {after:.2%} after, {np.mean(whole == short):.2%} of answers alike")

    assert abs(after - before) < 0.0025
    assert np.mean(whole == short) > 0.98


def test_a_filter_keeps_its_largest_weight_and_at_most_91_values() -> None:
    for name in NAMES[1:]:
        before, after = (
            one.get_layer(name).get_weights()[0].reshape(-1, one.get_layer(name).filters)
            for one in (TRAINED, READER.network)
        )
        assert np.abs(after).max(axis=0) == pytest.approx(np.abs(before).max(axis=0), rel=1e-6)
        assert max(len(np.unique(column)) for column in after.T) <= 91
        half_a_step = np.abs(before).max(axis=0) / 45 / 2
        assert (np.abs(after - before) <= half_a_step + 1e-6).all()


@pytest.mark.slow
def test_weights_rounded_twice_are_rounded_once() -> None:
    again = rounded(READER.network)

    for one, other in zip(again.get_weights(), READER.network.get_weights(), strict=True):
        assert one == pytest.approx(other, rel=1e-6)


def test_the_frame_is_what_a_unit_is_reached_by(compute: Compute) -> None:
    """Measured: change a row of pixels, and see which rows of units answer, in any map."""
    network = READER.network
    inside = keras.Model(
        network.input, [network.get_layer(f"{name}_activation").output for name in NAMES]
    )
    rng = np.random.default_rng(1)
    images = rng.random((24, 32, 32, 3), dtype=np.float32)
    before = inside.predict(images, verbose=0)
    reached = [np.zeros((maps.shape[1], 32), bool) for maps in before]
    for pixel in range(32):
        other = images.copy()
        other[:, pixel] = rng.random((24, 32, 3))
        for seen, old, new in zip(reached, before, inside.predict(other, verbose=0), strict=True):
            seen[:, pixel] = np.abs(new - old).max(axis=(0, 2, 3)) > 1e-4

    found = compute(REACH, [len(seen) for seen in reached])

    for seen, windows in zip(reached, found, strict=True):
        measured = [[int(np.flatnonzero(row)[i]) for i in (0, -1)] for row in seen]
        assert windows == measured


# What the network gets


def test_a_photograph_is_scaled_to_the_means_of_what_pixels_cover(compute: Compute) -> None:
    """Against sums that are interpolated, for random squares of random photographs."""
    rng = np.random.default_rng(2)
    cases, expected = [], []
    for _ in range(60):
        height, width = rng.integers(40, 200, 2)
        photo = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
        side = int(rng.integers(16, min(height, width) + 1))
        top, left = (int(rng.integers(0, size - side + 1)) for size in (height, width))
        square = {"top": top, "left": left, "side": side}
        cases.append([int(width), page.in_base64(photo.tobytes()), square])
        part = photo[top : top + side, left : left + side, :3].astype(float)
        expected.append(means(means(part, 0), 1))

    for text, exact in zip(compute(SHRINK, cases), expected, strict=True):
        assert np.abs(unpacked(text) - exact.ravel()).max() <= 0.5 + 1e-9


def means(array: np.ndarray, axis: int) -> np.ndarray:
    """Means over 32 equal parts of an axis."""
    side = array.shape[axis]
    sums = np.insert(np.cumsum(array, axis), 0, 0, axis)
    places = np.linspace(0, side, 33)
    at_places = np.apply_along_axis(lambda one: np.interp(places, range(side + 1), one), axis, sums)
    return np.diff(at_places, axis=axis) * 32 / side


def test_an_image_of_cifar10_stays_as_it_is(compute: Compute) -> None:
    image = DATA.x_test[5]
    opaque = np.concatenate([image, np.full((32, 32, 1), 255, np.uint8)], axis=2)
    case = [32, page.in_base64(opaque.tobytes()), {"top": 0, "left": 0, "side": 32}]

    (text,) = compute(SHRINK, [case])

    assert (unpacked(text) == image.ravel()).all()


# The page


def says(opened: Any) -> str:
    return str(opened.locator("[role=status]").inner_text())


def shares(opened: Any) -> list[str]:
    return list(opened.locator("li > :last-child").all_inner_texts())


def sample(opened: Any, number: int) -> None:
    """Take one of the test images."""
    opened.get_by_role("group", name="test images").get_by_role("button").nth(number).click()


def ready(opened: Any) -> None:
    opened.wait_for_selector(browser.READY)


def guess(opened: Any, name: str = "dog") -> None:
    opened.get_by_role("button", name=name, exact=True).last.click()


def square(opened: Any) -> dict[str, float]:
    """The square over the photograph, in shares of its sides."""
    style = "(node) => ['left', 'top', 'width', 'height'].map((key) => parseFloat(node.style[key]))"
    left, top, width, height = opened.eval_on_selector(".square", style)
    return {"left": left, "top": top, "width": width, "height": height}


def test_each_test_image_is_read_as_keras_reads_it(show: Show) -> None:
    opened = show(READER)
    opened.get_by_label("let me guess first").uncheck()
    answers = READER.network.predict(DATA.x_test[CHOSEN] / np.float32(255), verbose=0)

    for number, answer in enumerate(answers):
        sample(opened, number)
        percents = [f"{100 * share:.1f} %" for share in answer]
        expected = ["< 0.1 %" if one == "0.0 %" else one for one in percents]
        assert shares(opened) == expected
        assert f"The network says {CLASSES[answer.argmax()]} (" in says(opened)
        assert f"labelled {CLASSES[DATA.y_test[CHOSEN[number]]]}." in says(opened)


def test_the_answer_is_hidden_until_one_has_guessed(show: Show) -> None:
    opened = show(READER)
    assert shares(opened) == ["?"] * 10
    assert opened.locator(".heat").is_hidden()
    assert "%" not in says(opened)

    guess(opened, "dog")

    assert "?" not in shares(opened)
    assert opened.locator(".heat").is_visible()
    assert says(opened).startswith("You guessed dog; the network says cat (")
    sample(opened, 0)
    assert shares(opened) == ["?"] * 10


def test_a_class_that_is_pressed_is_the_one_that_is_explained(show: Show) -> None:
    opened = show(READER)
    guess(opened, "cat")
    assert "as you guessed" in says(opened)
    assert "speaks for cat" in opened.locator(".reading figcaption").inner_text()
    before = opened.eval_on_selector(".heat", PIXELS)

    guess(opened, "truck")

    assert "for truck" in opened.locator(".reading figcaption").inner_text()
    assert opened.eval_on_selector(".heat", PIXELS) != before
    assert opened.locator('li [aria-pressed="true"]').all_inner_texts() == ["truck"]


def test_what_is_none_of_the_ten_is_said_to_be_none(show: Show) -> None:
    opened = show(READER)
    opened.get_by_role("button", name="astronaut").click()
    ready(opened)
    guess(opened)

    assert "none of the ten classes, so whatever it says is wrong" in says(opened)
    assert "Whatever you show, a face too," in opened.inner_text(".coursecnn")


PIXELS = """(canvas) => [...canvas.getContext("2d")
  .getImageData(0, 0, canvas.width, canvas.height).data]"""


def test_the_pixels_shown_are_those_of_the_square(show: Show) -> None:
    opened = show(READER)
    sample(opened, 1)

    shown = np.array(opened.eval_on_selector(".seen canvas", PIXELS)).reshape(32, 32, 4)

    assert (shown[..., :3] == DATA.x_test[CHOSEN[1]]).all()


def test_the_square_is_moved_and_scaled_by_keys(show: Show) -> None:
    opened = show(READER)
    opened.locator('.cropped [tabindex="0"]').focus()
    before = square(opened)

    for key in ("ArrowRight", "ArrowUp"):
        opened.keyboard.press(key)
    moved = square(opened)
    assert moved["left"] > before["left"]
    assert moved["top"] < before["top"]
    opened.keyboard.press("-")
    assert square(opened)["width"] < before["width"]
    opened.get_by_label("side of the square", exact=False).last.fill("64")
    row, column, *_ = browser.sliders(opened)
    assert row.text.endswith("64 pixels a side")
    assert column.limits == (0, 385 - 64)
    for _ in range(80):
        opened.keyboard.press("ArrowDown")  # in the box: the side becomes shorter, not the row
    assert browser.sliders(opened)[0].text.endswith("16 pixels a side")


def test_the_square_is_dragged_and_stays_inside(show: Show) -> None:
    opened = show(READER)
    guess(opened)
    before, first = shares(opened), square(opened)
    box = opened.locator(".cropped").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x - 20, y, steps=3)
    opened.mouse.up()
    browser.wait_until(opened, lambda: shares(opened) != before)

    assert square(opened)["left"] == pytest.approx(first["left"] - 2000 / box["width"], abs=0.6)
    opened.mouse.down()
    opened.mouse.move(1, 1, steps=3)
    opened.mouse.up()
    assert (square(opened)["left"], square(opened)["top"]) == (0, 0)


def test_the_handle_scales_the_square(show: Show) -> None:
    opened = show(READER)
    before = square(opened)
    box = opened.locator(".handle").bounding_box()
    opened.mouse.move(box["x"] + 5, box["y"] + 5)
    opened.mouse.down()
    opened.mouse.move(box["x"] - 45, box["y"] - 45, steps=3)
    opened.mouse.up()

    after = square(opened)

    assert after["width"] < before["width"]
    assert (after["left"], after["top"]) == (before["left"], before["top"])


def test_a_unit_that_is_pointed_at_is_told_and_its_window_framed(show: Show) -> None:
    opened = show(READER)
    sample(opened, 0)
    canvas = opened.locator(".pointed canvas").nth(4)  # conv2_2: 3 by 3, a line apart, 16 in a row
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    column, row = 4 * 2 + 1, 4 * 1 + 0  # map 18, row 0, column 1

    opened.mouse.move(
        box["x"] + (column + 0.5) * box["width"] / 63, box["y"] + (row + 0.5) * box["height"] / 31
    )

    network = READER.network
    last = keras.Model(network.input, network.get_layer("conv2_2_activation").output)
    value = last.predict(DATA.x_test[CHOSEN[:1]] / np.float32(255), verbose=0)[0, 0, 1, 18]
    told = opened.locator(".unit output").inner_text()
    assert told.startswith("conv2_2, map 18, row 0, column 1: ")
    assert float(told.split(": ")[1].split(". ")[0]) == pytest.approx(value, abs=6e-4)
    rows, columns = (
        [int(n) for n in re.search(rf"{kind} (\d+) to (\d+)", told).groups()]
        for kind in ("rows", "columns")
    )
    style = opened.eval_on_selector(
        ".seen .marker", "({ style }) => [style.top, style.height, style.left, style.width]"
    )
    sizes = [rows[0], rows[1] - rows[0] + 1, columns[0], columns[1] - columns[0] + 1]
    assert [float(text[:-1]) for text in style] == [100 * size / 32 for size in sizes]


def test_the_keyboard_walks_from_map_to_map(show: Show) -> None:
    opened = show(READER)
    opened.locator('.pointed [tabindex="0"]').nth(4).focus()

    for _ in range(3):
        opened.keyboard.press("ArrowRight")

    assert opened.locator(".unit output").inner_text().startswith("conv2_2, map 1, row 0, column 0")


def test_a_picture_of_the_readers_own_is_read_and_stays_on_the_device(
    show: Show, tmp_path: Path
) -> None:
    opened = show(READER)
    opened.evaluate("""() => {
      const node = document.createElement("div");
      node.className = "bd-article";
      document.body.append(node);
    }""")
    file = tmp_path / "horse.png"
    pixels = np.random.default_rng(3).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file)

    opened.locator("input[type=file]").set_input_files(file)
    browser.wait_until(opened, lambda: opened.locator('.offers [aria-pressed="true"]').count() == 0)
    ready(opened)
    guess(opened)

    shown = np.array(opened.eval_on_selector(".seen canvas", PIXELS)).reshape(32, 32, 4)
    exact = means(means(pixels[:, 15:75].astype(float), 0), 1)
    assert np.abs(shown[..., :3] - exact).max() <= 1
    assert says(opened).startswith("You guessed dog; the network says ")


def test_an_own_picture_is_there_again_but_in_no_link(chromium: Any, tmp_path: Path) -> None:
    path, file = tmp_path / "page.html", tmp_path / "own.png"
    body = f'<div class="bd-article">{READER._repr_html_()}</div>'
    path.write_text(browser.DOCUMENT.format(body), encoding="utf-8")
    Image.fromarray(np.full((40, 40, 3), 200, np.uint8)).save(file)
    with browser.visit(chromium, fresh=True) as visit:
        opened = visit.page
        opened.goto(path.as_uri())
        ready(opened)
        opened.evaluate("""() => Object.defineProperty(navigator, "clipboard", {
          value: { writeText: async (text) => { window.copied = text; } } })""")
        opened.locator("input[type=file]").set_input_files(file)
        browser.wait_until(
            opened, lambda: opened.locator(".offers button[aria-pressed=true]").count() == 0
        )
        guess(opened)
        seen, said = opened.eval_on_selector(".seen canvas", PIXELS), says(opened)
        opened.get_by_role("button", name="Copy link").click()
        browser.wait_until(opened, lambda: opened.evaluate("window.copied"))
        assert len(opened.evaluate("window.copied")) < 1000

        opened.reload()
        ready(opened)
        assert says(opened) == said
        again = np.array(opened.eval_on_selector(".seen canvas", PIXELS))
        assert np.abs(again - seen).max() <= 3  # it was kept as a JPEG
        opened.get_by_role("button", name="Start over").click()
        ready(opened)
        assert shares(opened) == ["?"] * 10
        assert opened.evaluate("Object.entries({...localStorage})") == []
        visit.assert_quiet()


def test_there_are_no_faults_of_access(show: Show) -> None:
    opened = show(READER)
    guess(opened)

    assert browser.faults(opened) == []
    opened.emulate_media(color_scheme="dark")
    assert browser.faults(opened) == []


# What is refused


def test_another_network_is_refused_by_name() -> None:
    other = training.load_trained(RECIPES["lenet5"])
    with pytest.raises(ValueError, match=r"network must be a cifar10_fast .* got 'lenet5' for"):
        PhotoReader(other, DATA.x_test[:1], DATA.y_test[:1], CLASSES)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (DATA.x_test[:0], DATA.y_test[:0], r"images must have the shape \(n, 32, 32, 3\), n > 0"),
        (DATA.x_test[:1, :30], [1], r"images must have the shape .* got \(1, 30, 32, 3\)"),
        (DATA.x_test[:1] / 255, [1], "images must be of type uint8, got float64"),
        (DATA.x_test[:2], [1], "labels must be 2 numbers from 0 to 9"),
        (DATA.x_test[:1], [10], "labels must be 1 numbers from 0 to 9"),
    ],
)
def test_images_that_are_not_of_cifar10_are_refused(images: Any, labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PhotoReader(TRAINED, images, labels, CLASSES)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"square": (300, 0, 100)}, r"square must lie inside of 'cat', 385×256"),
        ({"square": (0, 0, 20)}, "with at least 32 pixels a side"),
    ],
)
def test_a_photograph_that_does_not_fit_is_refused(changes: Any, message: str) -> None:
    cat = replace(snapshots()[0], **changes)
    with pytest.raises(ValueError, match=message):
        PhotoReader(TRAINED, DATA.x_test[:1], DATA.y_test[:1], CLASSES, photographs=[cat])
