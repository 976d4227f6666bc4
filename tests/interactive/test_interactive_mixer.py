"""The channel mixer counts as the package does, and draws what outputs read."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.convolution import conv2d
from coursecnn.interactive import ChannelMixer, page
from coursecnn.interactive.mixer import WAYS
from tests import browser

CASES = 400
CALL = """async ([source, calls]) => {
  const { costs, groupings, layersOf, readBy, waysToMix } =
    await import(`data:text/javascript;base64,${source}`);
  return calls.map(([way, setting]) => {
    const layers = layersOf(way, setting);
    const { weights, macs } = costs(layers, setting.size);
    const reads = layers.map((layer) =>
      Array.from({ length: layer.filters }, (_, output) => readBy(layer, output)));
    return { weights, macs, reads, groupings: groupings(setting), ways: waysToMix() };
  });
}"""

Show = Callable[..., Any]


@pytest.fixture(scope="module")
def compute(chromium: Any) -> Iterator[Callable[[list[Any]], list[Any]]]:
    """What `mixing.js` says of ways and settings."""
    names = "costs, groupings, layersOf, readBy, waysToMix"
    script = f"{page.module('mixing.js')}\nexport {{ {names} }};"
    source = base64.b64encode(script.encode()).decode()
    with browser.visit(chromium) as visit:
        yield lambda calls: visit.page.evaluate(CALL, [source, calls])
        visit.assert_quiet()


def random_mixer(rng: np.random.Generator, most: int) -> ChannelMixer:
    groups, width, outputs = (int(n) for n in rng.integers(1, most, 3))
    kernel, size = (int(n) for n in rng.integers((1, 1), (8, 257)))
    way = WAYS[int(rng.integers(len(WAYS)))]
    return ChannelMixer(groups * width, groups * outputs, kernel, size, groups, way)


def as_call(mixer: ChannelMixer) -> list[Any]:
    names = ("size", "channels", "filters", "kernel", "groups")
    return [mixer.way, {name: getattr(mixer, name) for name in names}]


def test_weights_and_macs(compute: Callable[[list[Any]], list[Any]]) -> None:
    rng = np.random.default_rng(21)
    mixers = [random_mixer(rng, 17) for _ in range(CASES)]

    for mixer, found in zip(mixers, compute([as_call(m) for m in mixers]), strict=True):
        assert (found["weights"], found["macs"]) == mixer.costs()
        assert found["ways"] == list(WAYS)
        divisors = [
            n for n in range(1, mixer.channels + 1) if mixer.channels % n == mixer.filters % n == 0
        ]
        assert found["groupings"] == divisors


def touched(mixer: ChannelMixer) -> list[list[list[int]]]:
    """Which channels an output of each layer of Keras reads: those in which a 1 changes it."""
    reads, channels = [], mixer.channels
    for layer in mixer.layers():
        built = keras.layers.Conv2D(layer.filters, 1, groups=layer.groups, use_bias=False)
        built.build((None, 1, 1, channels))
        built.set_weights([np.ones(built.kernel.shape)])
        one_hot = np.eye(channels).reshape(channels, 1, 1, channels)
        answers = np.reshape(keras.ops.convert_to_numpy(built(one_hot)), (channels, layer.filters))
        reads.append([np.flatnonzero(column).tolist() for column in answers.T])
        channels = layer.filters
    return reads


def test_outputs_read_the_channels_that_they_read_in_keras(
    compute: Callable[[list[Any]], list[Any]],
) -> None:
    rng = np.random.default_rng(22)
    mixers = [random_mixer(rng, 4) for _ in range(40)]

    for mixer, found in zip(mixers, compute([as_call(m) for m in mixers]), strict=True):
        assert found["reads"] == touched(mixer)


def test_a_separable_layer_is_the_product_of_its_layers() -> None:
    """Depthwise, then 1×1, with the counts of the mixer: a full kernel of rank one."""
    rng = np.random.default_rng(23)
    looking, mixing = rng.normal(size=(3, 3, 4)), rng.normal(size=(4, 5))
    x = rng.normal(size=(1, 6, 6, 4))
    full = looking[..., None] * mixing
    maps = [
        conv2d(x[..., c : c + 1], looking[:, :, None, c : c + 1], None)[..., 0] for c in range(4)
    ]
    assert np.allclose(np.stack(maps, axis=-1) @ mixing, conv2d(x, full, None))
    mixer = ChannelMixer(4, 5, 3, 6)
    assert mixer.costs()[0] == looking.size + mixing.size
    assert mixer.costs("full")[0] == full.size


def cells(page: Any, row: str) -> list[str]:
    line = page.locator(".price tr").filter(has=page.get_by_role("rowheader", name=row, exact=True))
    return [text.split("\n")[0] for text in line.locator("td").all_inner_texts()]


def test_the_page_shows_the_price_of_every_way(show: Show) -> None:
    mixer = ChannelMixer(channels=12, filters=18, kernel=5, size=20, groups=6)
    page = show(mixer)
    for way in WAYS:
        page.get_by_role("button", name=way, exact=True).click()
        row = "together" if way == WAYS[-1] else way
        assert cells(page, row) == [f"{number:,}" for number in mixer.costs(way)]
        if way != "full":
            full = ChannelMixer(12, 12 if way == "depthwise" else 18, 5, 20, 6, "full")
            expected = [f"{number:,}" for number in full.costs()]
            assert cells(page, "full, for comparison") == expected


LINKS = """() => [...document.querySelectorAll(".links svg")].map((drawing) =>
  [...drawing.querySelectorAll(".in")].length)"""
BELONG = """() => [...document.querySelectorAll(".drawing .grid")].map((grid) =>
  [...grid.children].flatMap((cell, n) => (cell.classList.contains("apart") ? [] : [n])))"""


@pytest.mark.parametrize(
    ("way", "output", "belong", "links"),
    [
        ("full", "output 1 of full", [[0, 1, 2, 3], [1]], [4]),
        ("grouped", "output 4 of grouped", [[2, 3], [4]], [2]),
        ("depthwise", "output 3 of depthwise", [[3], [3]], [1]),
        ("depthwise, then 1×1", "output 2 of 1×1", [[0, 1, 2, 3], [0, 1, 2, 3], [2]], [4, 4]),
        ("depthwise, then 1×1", "output 2 of depthwise", [[2], [2], [0, 1, 2, 3, 4, 5]], [1, 6]),
        ("1×1", "channel 3", [[3], [0, 1, 2, 3, 4, 5]], [6]),
    ],
)
def test_pointing_at_a_map_shows_what_it_reads_and_what_reads_it(
    show: Show, way: str, output: str, belong: list[list[int]], links: list[int]
) -> None:
    page = show(ChannelMixer(channels=4, filters=6, groups=2))
    page.get_by_role("button", name=way, exact=True).click()

    page.locator(f'[aria-label^="{output}"]').hover()

    assert page.evaluate(BELONG) == belong
    assert page.evaluate(LINKS) == links


def test_a_click_pins_and_a_second_click_or_escape_lets_go(show: Show) -> None:
    page = show(ChannelMixer(channels=4, filters=6))
    told = page.locator(".told-of")
    first, third = (page.locator(f'[aria-label^="channel {n}"]') for n in (0, 2))
    for let_go in (first.click, lambda: page.keyboard.press("Escape")):
        first.click()
        third.hover()
        assert told.inner_text().startswith("Channel 0")
        let_go()
        page.mouse.move(0, 0)
        third.hover()
        assert told.inner_text().startswith("Channel 2")


def test_many_channels_are_drawn_in_part_and_it_says_so(show: Show) -> None:
    page = show(ChannelMixer(channels=64, filters=128, groups=16))

    assert page.locator(".drawing .grid").first.locator("button").count() == 8
    assert "8 of 64 channels and 8 of 128 outputs" in page.inner_text(".coursecnn")
    page.get_by_role("button", name="grouped", exact=True).click()
    counts = [grid.locator("button").count() for grid in page.locator(".drawing .grid").all()]
    assert counts == [4, 8]  # one whole group


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_on_a_phone_and_axe_finds_nothing(show: Show, dark: bool) -> None:
    page = show(ChannelMixer(channels=64, filters=128), width=360, dark=dark)
    page.locator('[aria-label^="output 2 of 1×1"]').click()

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert browser.faults(page) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": 0, "filters": 2}, "channels must be an int from 1 to 1024"),
        ({"channels": 4, "filters": 2000}, "filters must be an int from 1 to 1024"),
        ({"channels": 4, "filters": 2, "kernel": 9}, "kernel must be an int from 1 to 7"),
        ({"channels": 4, "filters": 3, "groups": 2}, "groups must divide"),
        ({"channels": 4, "filters": 2, "way": "deep"}, "way must be one of"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ChannelMixer(**arguments)
