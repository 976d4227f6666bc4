"""How heavy the interactives are, and how soon they answer on a phone.

`pytest -s tests/test_interactive_start.py` prints both as a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.interactives import Interactive, stored
from tests import browser

NAMES = {
    "stepper": "convolution stepper",
    "backward": "backward stepper",
    "mixer": "channel mixer",
    "pooling": "pooling and ReLU stepper",
    "playground": "kernel playground",
    "calculator": "geometry calculator",
    "receptive": "receptive field explorer",
    "explorer": "architecture explorer",
    "filters": "filter explorer",
    "digits": "digit reader",
    "photo": "photograph reader",
    "inception": "Inception calculator",
    "replay": "training replay",
    "guesses": "guess form",
}
STARTS = 5  # at most: the quickest counts
MOST_SECONDS = 1
MOST_BYTES = 150_000  # as a web server sends it
# One has a network of 320,480 weights, and three photographs.
MORE_BYTES = {"photo": 330_000}


INTERACTIVES = list(stored())
each_interactive = pytest.mark.parametrize("interactive", INTERACTIVES, ids=str)


@pytest.fixture(scope="module")
def rows() -> Iterator[dict[Interactive, list[float]]]:
    """The seconds that were measured; in the end they are printed."""
    measured: dict[Interactive, list[float]] = {one: [] for one in INTERACTIVES}
    yield measured
    print("\n| interactive | chapter | bytes | compressed | s alone | s in its chapter |")
    print("|:--|:--|--:|--:|--:|--:|")
    for one, seconds in measured.items():
        sizes = f"{len(one.html.encode()):,} | {one.bytes_sent:,}"
        times = " | ".join(f"{second:.2f}" for second in seconds)
        print(f"| {NAMES[one.kind]} | {one.chapter} | {sizes} | {times} |")


def quickest(chromium: Any, html: str, address: str | None = None) -> float:
    """The shortest of a few starts; the first one that is short enough is."""
    seconds = float("inf")
    for _ in range(STARTS):
        seconds = min(seconds, browser.seconds_to_start(chromium, html, address))
        if seconds < MOST_SECONDS:
            break
    return seconds


def test_there_is_one_of_each_kind() -> None:
    assert {one.kind for one in INTERACTIVES} == set(NAMES)


@each_interactive
def test_it_is_ready_in_a_second_on_a_phone(
    chromium: Any, rows: dict[Interactive, list[float]], interactive: Interactive
) -> None:
    seconds = quickest(chromium, interactive.html)
    rows[interactive].append(seconds)

    assert 0 < seconds < MOST_SECONDS


@each_interactive
def test_it_is_ready_in_a_second_in_its_chapter(
    chromium: Any, rows: dict[Interactive, list[float]], interactive: Interactive
) -> None:
    page = browser.BOOK / f"{interactive.chapter}.html"
    # Its key follows from all of it, and stands in the page even if its script is in a file.
    if not page.exists() or interactive.key not in page.read_text(encoding="utf-8"):
        browser.lacking(f"{page} does not hold the {NAMES[interactive.kind]}", "make book")
    seconds = quickest(chromium, interactive.html, page.as_uri())
    rows[interactive].append(seconds)

    assert 0 < seconds < MOST_SECONDS


@each_interactive
def test_it_is_no_heavier_than_planned(interactive: Interactive) -> None:
    assert interactive.bytes_sent < MORE_BYTES.get(interactive.kind, MOST_BYTES)


BUSY = """<div class="coursecnn" data-interactive="busy-0"><script type="module">
let sum = 0;
for (let n = 0; n < 1e8; n += 1) sum += Math.sqrt(n);
document.querySelector(".coursecnn").dataset.running = sum;
</script></div>"""


def test_a_phone_takes_longer(chromium: Any) -> None:
    """The check can fail: what keeps this machine busy keeps a slower one busy for longer."""
    here, there = (browser.seconds_to_start(chromium, BUSY, slowdown=n) for n in (1, 4))

    assert there > 2 * here
