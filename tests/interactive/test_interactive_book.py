"""The pages of the built book that answer the hand: alone, on their ground, on a phone."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests import browser

PAGES = browser.pages_with("data-interactive=")

# Heavy ones come when a reader comes near.
ALL_RUN = """() => {
  const waiting = document.querySelector(".coursecnn:not([data-running])");
  waiting?.scrollIntoView();
  return document.querySelector(".coursecnn") && !waiting;
}"""
# The ground of an interactive, and of the output around it.
GROUNDS = """() => {
  const interactive = document.querySelector(".coursecnn");
  return [interactive, interactive.parentElement].map((e) => getComputedStyle(e).backgroundColor);
}"""
OVERFLOWS = """() => [...document.querySelectorAll(".coursecnn, .coursecnn > div")]
  .filter((node) => node.scrollWidth > node.clientWidth)
  .map((node) => node.closest(".coursecnn").ariaLabel)"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of the book on a web server."""
    handler = functools.partial(Quiet, directory=str(browser.BOOK))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module", params=PAGES)
def opened(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each page, from disk; at the end, nothing must have gone wrong there."""
    with browser.visit(chromium, touch=True) as visit:
        visit.page.goto((browser.BOOK / request.param).as_uri())
        visit.page.wait_for_function(ALL_RUN)
        yield visit.page
        visit.assert_quiet()


@pytest.mark.parametrize("name", PAGES)
def test_every_interactive_runs_on_a_web_server(chromium: Any, server: str, name: str) -> None:
    with browser.visit(chromium) as visit:
        visit.page.goto(server + name)
        visit.page.wait_for_function(ALL_RUN)

        assert visit.page.locator(".coursecnn .static").count() == 0
        visit.assert_quiet()


def test_every_interactive_runs_without_a_web_server(opened: Any) -> None:
    assert opened.locator(".coursecnn").count() > 0
    assert opened.locator(".coursecnn .static").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_interactive_has_the_ground_of_its_page(opened: Any, scheme: str) -> None:
    opened.emulate_media(color_scheme=scheme)
    opened.wait_for_function("(s) => document.documentElement.dataset.theme === s", arg=scheme)

    ground = {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 29)"}[scheme]
    assert opened.evaluate(GROUNDS) == [ground, "rgba(0, 0, 0, 0)"]


def test_an_interactive_fits_on_a_phone(opened: Any) -> None:
    browser.resize(opened, 360)

    assert opened.evaluate(OVERFLOWS) == []
