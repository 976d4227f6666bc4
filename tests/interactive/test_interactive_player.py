"""What plays by itself stops when nobody sees it, and never begins where motion is unwanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from coursecnn.evidence.records import read
from coursecnn.interactive import (
    Backward,
    BackwardStepper,
    Example,
    PoolingStepper,
    Stepper,
    TrainingReplay,
)
from tests import browser

STEPPER = Stepper({"five": Example(np.arange(25).reshape(5, 5, 1), np.ones((3, 3, 1, 2)), [0, 1])})
REPLAY = TrainingReplay({"plain": read("degradation_plain20")})
POOLING = PoolingStepper({"sixteen": np.arange(16).reshape(4, 4)}, size=2)
BACKWARD = BackwardStepper({"nine": Backward(np.ones((3, 3)), [[1, 2]], np.ones((3, 2)))})
PLAYED = {"stepper": STEPPER, "pooling": POOLING, "backward": BACKWARD, "replay": REPLAY}
each_player = pytest.mark.parametrize("played", PLAYED.values(), ids=PLAYED)
# What an interactive shows, whether it is in the page or not.
SHOWN = "[kept.querySelector('.play').textContent, kept.textContent]"
SCROLL_AWAY = """() => {
  document.body.style.paddingBottom = "5000px";
  window.scrollTo(0, document.body.scrollHeight);
}"""
HIDE = """() => {
  Object.defineProperty(document, "hidden", { value: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
STOPS = {
    "removed": lambda page: page.evaluate("kept.remove()"),
    "out of view": lambda page: page.evaluate(SCROLL_AWAY),
    "hidden": lambda page: page.evaluate(HIDE),
    "told to keep still": lambda page: page.emulate_media(reduced_motion="reduce"),
}
Show = Callable[..., Any]


def playing(show: Show, played: Any) -> Any:
    """A page in which an interactive has begun to play."""
    page = show(played, motion=True)
    page.evaluate("() => { window.kept = document.querySelector('.coursecnn'); }")
    # What has begun by itself runs on the true clock, which a faked one cannot stop.
    page.locator(".question").hover()
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    return page


@each_player
@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_the_play_stops_when_nobody_sees_it(show: Show, played: Any, stop: Any) -> None:
    page = playing(show, played)
    begun = page.evaluate(SHOWN)
    page.clock.run_for(1100)
    assert page.evaluate(SHOWN) != begun

    stop(page)

    browser.wait_until(page, lambda: page.evaluate(SHOWN)[0] == "Play")
    before = page.evaluate(SHOWN)
    page.clock.run_for(5000)
    assert page.evaluate(SHOWN) == before


def test_the_play_goes_on_while_a_part_is_in_view(show: Show) -> None:
    page = playing(show, STEPPER)
    page.mouse.move(1290, 5)  # off the outputs, which stop the play when they are pointed at
    page.set_viewport_size({"width": 1300, "height": 200})

    page.evaluate("() => window.scrollTo(0, 150)")
    page.wait_for_timeout(300)

    assert page.evaluate(SHOWN)[0] == "Pause"


def test_a_play_that_was_stopped_can_begin_again(show: Show) -> None:
    page = playing(show, STEPPER)
    page.evaluate("kept.remove()")
    browser.wait_until(page, lambda: page.evaluate(SHOWN)[0] == "Play")
    page.evaluate("document.querySelector('main').append(kept)")
    before = page.evaluate(SHOWN)

    page.get_by_role("button", name="Play").click()
    page.clock.run_for(1100)

    assert page.evaluate(SHOWN)[0] == "Pause"
    assert page.evaluate(SHOWN)[1] != before[1].replace("Play", "Pause")


@each_player
def test_readers_who_ask_for_reduced_motion_step_by_hand(show: Show, played: Any) -> None:
    page = show(played)
    before = page.inner_text(".coursecnn")

    assert page.get_by_role("button", name="Play").count() == 0
    page.get_by_role("button", name="Step", exact=True).click()

    assert page.inner_text(".coursecnn") != before
