"""The pages of the built book that answer the hand: alone, on their ground, on a phone."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import browser

BOOK = Path(__file__).parent.parent / "_build" / "html"
PAGES = [
    path.relative_to(BOOK).as_posix()
    for path in sorted(BOOK.glob("book/*/*.html"))
    if "data-interactive=" in path.read_text(encoding="utf-8")
]
if not PAGES:
    pytest.skip("the book is not built with its interactives: make book", allow_module_level=True)

ALL_RUN = """() => document.querySelector(".coursecnn") &&
  !document.querySelector(".coursecnn:not([data-running])")"""
# The ground of an interactive, and of the output around it.
GROUNDS = """() => {
  const interactive = document.querySelector(".coursecnn");
  return [interactive, interactive.parentElement].map((e) => getComputedStyle(e).backgroundColor);
}"""
OVERFLOWS = """() => [...document.querySelectorAll(".coursecnn, .coursecnn > div")]
  .filter((node) => node.scrollWidth > node.clientWidth)
  .map((node) => node.closest(".coursecnn").ariaLabel)"""

each_page = pytest.mark.parametrize("name", PAGES)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[Callable[[str], str]]:
    """Where a page is found on a web server."""
    handler = functools.partial(Quiet, directory=str(BOOK))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield lambda name: f"http://127.0.0.1:{server.server_port}/{name}"
        server.shutdown()
        thread.join()


@each_page
@pytest.mark.parametrize("scheme", ["file", "http"])
def test_every_interactive_runs_without_a_network(
    chromium: Any, address: Callable[[str], str], name: str, scheme: str
) -> None:
    with browser.visit(chromium) as visit:
        visit.page.goto(address(name) if scheme == "http" else (BOOK / name).as_uri())
        visit.page.wait_for_function(ALL_RUN)

        assert visit.page.locator(".coursecnn .static").count() == 0
        visit.assert_quiet()


@each_page
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_an_interactive_has_the_ground_of_its_page(chromium: Any, name: str, dark: bool) -> None:
    with browser.visit(chromium, dark=dark) as visit:
        visit.page.goto((BOOK / name).as_uri())
        visit.page.wait_for_function(ALL_RUN)
        grounds = visit.page.evaluate(GROUNDS)

    assert grounds == ["rgb(22, 24, 29)" if dark else "rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"]


@each_page
def test_an_interactive_fits_on_a_phone(chromium: Any, name: str) -> None:
    with browser.visit(chromium, width=360, touch=True) as visit:
        visit.page.goto((BOOK / name).as_uri())
        visit.page.wait_for_function(ALL_RUN)

        assert visit.page.evaluate(OVERFLOWS) == []
