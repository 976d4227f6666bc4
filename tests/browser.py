"""A headless Chromium for the tests of the pages, which can reach nothing but this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="pages are not tested: playwright is not installed"
)

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
STARTS = 3
LOCAL = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:")

DOCUMENT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Interactives</title></head><body><main><h1>Interactives</h1>{}</main></body></html>"""


def chromium() -> str:
    """The path of a Chromium on this machine; skips the test where there is none."""
    named = os.environ.get("CHROMIUM")
    path = named or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"pages are not tested: no Chromium ({', '.join(NAMES)}, or $CHROMIUM)")
    return path


@dataclass
class Visit:
    """A page that is open, and what went wrong in it.

    Attributes:
        page: Playwright's page.
        requests: what it asked for outside of this machine; none of it was sent.
        errors: uncaught errors, and what it wrote to the console as an error or a warning.
    """

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def assert_quiet(self) -> None:
        """The page is on its own, and content."""
        assert self.errors == []
        assert self.requests == []


@contextmanager
def started() -> Iterator[Any]:
    """Playwright's browser."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium())
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: Any, width: int = 1300, dark: bool = False, touch: bool = False
) -> Iterator[Visit]:
    """A new empty page of this width."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        has_touch=touch,
        reduced_motion="reduce",
    )
    visit = Visit(context.new_page())
    context.route("**/*", lambda route: _answer(route, visit))
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("console", lambda message: _note(message, visit))
    try:
        yield visit
    finally:
        context.close()


@contextmanager
def interactives(browser: Any) -> Iterator[Callable[..., Any]]:
    """How to open interactives in an empty page; at the end, nothing must have gone wrong there."""
    with ExitStack() as stack:
        visits = []

        def open_page(*shown: Any, **options: Any) -> Any:
            opened = stack.enter_context(visit(browser, **options))
            visits.append(opened)
            html = "".join(interactive._repr_html_() for interactive in shown)
            opened.page.set_content(DOCUMENT.format(html))
            opened.page.wait_for_selector(".coursecnn[data-running]")
            return opened.page

        yield open_page
        for opened in visits:
            opened.assert_quiet()


def seconds_to_start(browser: Any, *interactives: Any) -> float:
    """How long interactives keep a mid-range phone busy until all of them answer.

    It is the time of the page's own thread, which what else the machine does hardly lengthens; the
    shortest of several starts counts.
    """
    return min(_seconds_of_a_start(browser, interactives) for _ in range(STARTS))


def _seconds_of_a_start(browser: Any, interactives: Sequence[Any]) -> float:
    html = "".join(interactive._repr_html_() for interactive in interactives)
    with visit(browser, width=360, touch=True) as opened:
        session = opened.page.context.new_cdp_session(opened.page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        opened.page.set_content(DOCUMENT.format(html))
        opened.page.wait_for_selector(f".coursecnn[data-running] >> nth={len(interactives) - 1}")
        metrics = session.send("Performance.getMetrics")["metrics"]
    [seconds] = [metric["value"] for metric in metrics if metric["name"] == "TaskDuration"]
    return float(seconds)


def _answer(route: Any, visit: Visit) -> None:
    if route.request.url.startswith(LOCAL):
        route.continue_()
    else:
        visit.requests.append(route.request.url)
        route.abort()


def _note(message: Any, visit: Visit) -> None:
    if message.type in ("error", "warning"):
        visit.errors.append(message.text)
