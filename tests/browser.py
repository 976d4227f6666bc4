"""A headless Chromium for the tests of the pages, which can reach nothing but this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="pages are not tested: playwright is not installed"
)

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
STARTS = 3
BOOK = Path(os.environ.get("COURSECNN_BOOK") or Path(__file__).parent.parent / "_build" / "html")
LOCAL = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:")

# Axe takes a minute over the words of a chapter's code, one by one. Words in the same ink on the
# same ground pass or fail together: of each kind, this leaves the first to be seen.
ONE_OF_EACH_INK = """() => {
  const inks = new Map([[null, ""]]);
  const inkOf = (node) => {
    if (!inks.has(node)) {
      const { color, backgroundColor, backgroundImage, opacity } = getComputedStyle(node);
      const own = [color, backgroundColor, backgroundImage, opacity].join(" ");
      inks.set(node, `${inkOf(node.parentElement)}/${own}`);
    }
    return inks.get(node);
  };
  const hasWords = (node) => [...node.childNodes].some((child) =>
    child.nodeType === Node.TEXT_NODE && child.data.trim());
  const isSeen = (node) => node.checkVisibility({ visibilityProperty: true });
  const written = [...document.body.querySelectorAll("*")].filter(hasWords).filter(isSeen);
  const seen = new Set();
  for (const node of written) {
    const { fontSize, fontWeight } = getComputedStyle(node);
    const ink = [inkOf(node), fontSize, fontWeight].join(" ");
    node.style.visibility = seen.has(ink) ? "hidden" : "visible";
    seen.add(ink);
  }
}"""
ALL_INK = """() => {
  for (const node of document.querySelectorAll("[style]")) node.style.visibility = "";
}"""
VIOLATIONS = """async (options) => {
  const shared = { preload: false, resultTypes: ["violations"] }; // nothing is asked for anew
  const { violations } = await axe.run({ ...shared, ...options });
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, html }) => ({ id, impact, target: target.join(" "), html })));
}"""

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


def built_pages() -> list[str]:
    """The pages of the built book, apart from those that lead elsewhere; none if it is not built.

    It is looked for in _build/html, or where the environment variable COURSECNN_BOOK says.
    """
    paths = [*BOOK.glob("*.html"), *BOOK.glob("book/**/*.html")]
    return sorted(
        path.relative_to(BOOK).as_posix()
        for path in paths
        if "http-equiv=" not in path.read_text(encoding="utf-8").lower()
    )


def resize(page: Any, width: int) -> None:
    """Make a page wider or narrower, and wait until the book's theme has taken note of it."""
    if page.viewport_size["width"] != width:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(350)  # the theme waits for 300 ms, whether the resizing goes on


def faults(page: Any) -> list[dict[str, str]]:
    """What axe finds, apart from contrasts: the rule, how grave it is, where, and the element."""
    return _axe(page, {"rules": {"color-contrast": {"enabled": False}}})


def faults_of_contrast(page: Any) -> list[dict[str, str]]:
    """The contrasts that axe finds too low, each once."""
    page.evaluate(ONE_OF_EACH_INK)
    found = _axe(page, {"runOnly": ["color-contrast"]})
    page.evaluate(ALL_INK)
    return found


def _axe(page: Any, options: dict[str, Any]) -> list[dict[str, str]]:
    axe = pytest.importorskip(
        "axe_playwright_python.base", reason="accessibility is not tested: no axe"
    )
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe.AXE_SCRIPT)
    return list(page.evaluate(VIOLATIONS, options))


def _answer(route: Any, visit: Visit) -> None:
    if route.request.url.startswith(LOCAL):
        route.continue_()
    else:
        visit.requests.append(route.request.url)
        route.abort()


def _note(message: Any, visit: Visit) -> None:
    if message.type in ("error", "warning"):
        visit.errors.append(message.text)
