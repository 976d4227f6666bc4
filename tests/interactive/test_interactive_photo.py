"""Read a photograph: the page reads as Keras does, looks back as Grad-CAM does, answers the hand."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from coursecnn import datasets, training
from coursecnn.backend import keras
from coursecnn.interactive import PhotoReader, page
from coursecnn.interactive.photo import LAYERS, rounded
from coursecnn.models import attribution
from coursecnn.training.recipes import RECIPES
from tests import browser

REAL, RANDOM = 200, 100  # images that the page reads
EXPLAINED = 24  # of them, for each of which Grad-CAM is computed in every layer
DATA = datasets.cifar10()
TRAINED = training.load_trained(RECIPES["fast"])
CHOSEN = [0, 1, 2]
READER = PhotoReader(TRAINED, DATA.x_test[CHOSEN], DATA.y_test[CHOSEN], DATA.classes)
NAMES = [name for name, *_ in LAYERS]

Compute = Callable[[str, Any], Any]
Show = Callable[..., Any]

# Numbers travel as text, the bytes of an array in base64.
PUBLIC = "bytesOf, decoded, gradCam, gradient, reach, read, shrunk"
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
  const images = (text) => {
    const bytes = module.bytesOf(text);
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
    packed([module.shrunk({{ width, data: module.bytesOf(text) }}, square)]));
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
        print(f"{name}: {theirs.size:,} numbers up to {theirs.max():.3g} differ by {difference:.1e}")
        assert difference < (1e-4 if name == "predictions" else 1e-3)
    assert len(set(expected[-1].argmax(axis=1))) > 5


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
