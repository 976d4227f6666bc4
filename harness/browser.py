"""A headless Chromium for what is seen in pages, which can reach nothing but this machine.

The tests of the pages and the benchmark of the interactives drive it:

- `started()`: the browser;
- `visit(browser)`: a page in it, of which nothing is left for the next one;
- `seconds_to_start(browser, html)`: how long one keeps a phone busy.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness import editions

# The driver itself lets all others through, which is quicker than to ask for each one.
OUTSIDE = re.compile(r"^(?!file:|data:|blob:|about:|http://127\.0\.0\.1:)")
# Scripts that come with HTML run only if they are made anew. One frame later all is drawn.
START_ANEW = """async () => {
  const key = waiting.match(/data-interactive="([^"]+)"/)[1];
  const old = document.querySelector(`[data-interactive="${key}"]`);
  const place = old?.parentElement ?? document.querySelector("main");
  place.innerHTML = waiting;
  for (const script of place.querySelectorAll("script")) {
    const copy = document.createElement("script");
    copy.type = script.type;
    copy.textContent = script.textContent;
    script.replaceWith(copy);
  }
  const frame = () => new Promise(requestAnimationFrame);
  const isReady = () => place.querySelector('[data-running]:not([aria-busy="true"])');
  while (!isReady()) await frame();
  await frame();
  await frame();
}"""

# What is kept is forgotten, and no more is kept, also of what the page stores as it is left.
FORGET = """() => {
  Storage.prototype.setItem = () => {};
  for (const store of [localStorage, sessionStorage]) store.clear();
}"""

DOCUMENT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Interactives</title></head><body><main><h1>Interactives</h1>{}</main></body></html>"""


class MissingError(RuntimeError):
    """What is not there, and what helps."""


def chromium() -> str:
    """The path of a Chromium on this machine.

    Raises:
        MissingError: there is none.
    """
    path = editions.chromium()
    if path is None:
        named = os.environ.get("CHROMIUM")
        sought = f"$CHROMIUM, {named}," if named else f"Chromium ({', '.join(editions.NAMES)})"
        raise MissingError(
            f"{sought} is not here", "install it (apt-get install chromium) or set CHROMIUM"
        )
    return path


@dataclass(eq=False)
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
        """The page is on its own, and content.

        Raises:
            AssertionError: it is not; says what went wrong.
        """
        if self.errors or self.requests:
            raise AssertionError(f"errors: {self.errors}; requests: {self.requests}")


_free: dict[bool, list[Visit]] = defaultdict(list)  # pages to be used again, with touch or not


@contextmanager
def started() -> Iterator[Any]:
    """Playwright's browser.

    Raises:
        MissingError: Playwright or a Chromium is not here.
    """
    try:
        from playwright import sync_api  # slow to import
    except ImportError:
        raise MissingError("Playwright is not installed", "make environment") from None
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium())
        try:
            yield browser
        finally:
            _free.clear()
            browser.close()


@contextmanager
def visit(
    browser: Any,
    width: int = 1300,
    dark: bool = False,
    touch: bool = False,
    motion: bool = False,
    fresh: bool = False,
) -> Iterator[Visit]:
    """An empty page of this width; without `motion` it asks for as little of it as possible.

    It takes a browser a second to open a page in a profile of its own, and a tenth of that to empty
    one. So it may have shown something before, of which nothing is left: neither what ran there nor
    what it had stored. It is a new one where something may outlast that: a `fresh` one for scripts
    that run before those of a page, and one with `motion`, where a clock may be faked.
    """
    is_kept = not (fresh or motion)
    visit = _free[touch].pop() if is_kept and _free[touch] else _opened(browser, touch)
    visit.errors.clear()
    visit.requests.clear()
    visit.page.set_viewport_size({"width": width, "height": 900})
    visit.page.emulate_media(
        color_scheme="dark" if dark else "light",
        reduced_motion="no-preference" if motion else "reduce",
    )
    try:
        yield visit
        if is_kept:
            _emptied(visit.page)
            _free[touch].append(visit)
    finally:
        if visit not in _free[touch]:
            visit.page.context.close()


def _opened(browser: Any, touch: bool) -> Visit:
    context = browser.new_context(has_touch=touch)
    visit = Visit(context.new_page())
    context.route(OUTSIDE, lambda route: _refuse(route, visit))
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("console", lambda message: _note(message, visit))
    return visit


def _emptied(page: Any) -> None:
    """Leave nothing of what a page was, and no pointer above it."""
    if not page.url.startswith("about:"):
        page.evaluate(FORGET)
    page.goto("about:blank")
    page.mouse.move(0, 0)


def seconds_to_start(
    browser: Any, html: str, address: str | None = None, slowdown: float = 4
) -> float:
    """How long a phone is busy with an interactive's HTML until that is drawn and answers.

    It is the time of the page's own thread, which what else the machine does hardly lengthens.

    Args:
        browser: What `started` gives.
        html: The interactive, in a page in which nothing has run yet.
        address: A page in which it stands already, and where it starts anew; else an empty one.
        slowdown: How many times slower than this machine the phone is.
    """
    with visit(browser, width=360, touch=True, fresh=True) as opened:
        page = opened.page
        page.goto(address) if address else page.set_content(DOCUMENT.format(""))
        page.evaluate("(html) => { window.waiting = html; }", html)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        session.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        before = _busy_seconds(session)
        page.evaluate(START_ANEW)
        return _busy_seconds(session) - before


def _busy_seconds(session: Any) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    [seconds] = [metric["value"] for metric in metrics if metric["name"] == "TaskDuration"]
    return float(seconds)


def _refuse(route: Any, visit: Visit) -> None:
    visit.requests.append(route.request.url)
    route.abort()


def _note(message: Any, visit: Visit) -> None:
    if message.type in ("error", "warning"):
        visit.errors.append(message.text)
