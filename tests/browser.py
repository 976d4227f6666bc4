"""A headless Chromium for the tests of the pages, which can reach nothing but this machine."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

from harness import editions


def lacking(what: str, cure: str) -> NoReturn:
    """Skip what cannot be tested, or fail where COURSECNN_BROWSER says that it is required."""
    message = f"pages are not tested: {what}; {cure}"
    if os.environ.get("COURSECNN_BROWSER") == "required":
        pytest.fail(message, pytrace=False)
    pytest.skip(message, allow_module_level=True)


try:
    from playwright import sync_api as playwright
except ImportError:
    lacking("Playwright is not installed", "make environment")

BOOK = Path(os.environ.get("COURSECNN_BOOK") or Path(__file__).parent.parent / "_build" / "html")
# The driver itself lets all others through, which is quicker than to ask for each one.
OUTSIDE = re.compile(r"^(?!file:|data:|blob:|about:|http://127\.0\.0\.1:)")

# Axe takes a minute over the words of a chapter's code, one by one. Words in the same ink on the
# same ground pass or fail together: of each kind that is not known yet, this leaves three to be
# seen, far apart, because axe leaves out what it finds half covered. It tells which kinds they are.
FEW_OF_EACH_INK = """(known) => {
  const inks = new Map([[null, ""]]);
  const inkOf = (node) => {
    if (!inks.has(node)) {
      const { color, backgroundColor, backgroundImage, opacity } = getComputedStyle(node);
      const own = [color, backgroundColor, backgroundImage, opacity].join(" ");
      inks.set(node, `${inkOf(node.parentElement)}/${own}`);
    }
    return inks.get(node);
  };
  const kindOf = (leaf) => {
    const { fontSize, fontWeight } = getComputedStyle(leaf);
    return [inkOf(leaf), fontSize, fontWeight].join(" ");
  };
  const leaves = [...document.body.querySelectorAll(":not(:has(*))")]
    .filter((leaf) => leaf.textContent.trim())
    .filter((leaf) => leaf.checkVisibility({ visibilityProperty: true }));
  const kinds = Map.groupBy(leaves, kindOf);
  for (const [kind, alike] of kinds) {
    const seen = known.includes(kind) ? [] : [0, alike.length >> 1, alike.length - 1];
    alike.forEach((leaf, index) => {
      if (!seen.includes(index)) leaf.style.visibility = "hidden";
    });
  }
  return [...kinds.keys()].filter((kind) => !known.includes(kind));
}"""
ALL_INK = """() => {
  for (const node of document.querySelectorAll("[style]")) node.style.visibility = "";
}"""
# What breaks a rule, and the rules that axe could not apply, which it does not tell by itself.
VIOLATIONS = """async (options) => {
  const shared = { preload: false, resultTypes: ["violations", "incomplete"] };
  const { violations, incomplete } = await axe.run({ ...shared, ...options });
  const hasFailed = ({ none }) => none.some(({ id }) => id === "error-occurred");
  const failed = incomplete.filter(({ nodes }) => nodes.some(hasFailed));
  return [...violations, ...failed].flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, html }) => ({ id, impact, target: target.join(" "), html })));
}"""
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

# It runs, and no picture is still being opened.
READY = '.coursecnn[data-running]:not([aria-busy="true"])'

DOCUMENT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Interactives</title></head><body><main><h1>Interactives</h1>{}</main></body></html>"""


def chromium() -> str:
    """The path of a Chromium on this machine."""
    path = editions.chromium()
    if path is None:
        named = os.environ.get("CHROMIUM")
        sought = f"$CHROMIUM, {named}," if named else f"Chromium ({', '.join(editions.NAMES)})"
        lacking(f"{sought} is not here", "install it (apt-get install chromium) or set CHROMIUM")
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
        """The page is on its own, and content."""
        assert self.errors == []
        assert self.requests == []


_free: dict[bool, list[Visit]] = defaultdict(list)  # pages to be used again, with touch or not


@contextmanager
def started() -> Iterator[Any]:
    """Playwright's browser."""
    with playwright.sync_playwright() as driver:
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
        page.evaluate("() => [localStorage, sessionStorage].forEach((store) => store.clear())")
    page.goto("about:blank")
    page.mouse.move(0, 0)


@contextmanager
def interactives(browser: Any) -> Iterator[Callable[..., Any]]:
    """How to open interactives, or their HTML, in an empty page; nothing must go wrong there."""
    with ExitStack() as stack:
        visits = []

        def open_page(*shown: Any, **options: Any) -> Any:
            opened = stack.enter_context(visit(browser, **options))
            visits.append(opened)
            html = "".join(one if isinstance(one, str) else one._repr_html_() for one in shown)
            opened.page.set_content(DOCUMENT.format(html))
            opened.page.wait_for_selector(READY)
            return opened.page

        yield open_page
        for opened in visits:
            opened.assert_quiet()


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


def pages_with(mark: str) -> list[str]:
    """The pages of the built book that hold a mark; without any, none of them can be tested."""
    pages = [name for name in built_pages() if mark in (BOOK / name).read_text(encoding="utf-8")]
    if not pages:
        lacking(f"the book in {BOOK} is not built, or holds no {mark!r}", "make book")
    return pages


def resize(page: Any, width: int) -> None:
    """Make a page wider or narrower.

    What scrolls only in a narrower one can be reached with the keyboard once the theme has seen it.
    """
    before = page.viewport_size["width"]
    page.set_viewport_size({"width": width, "height": 900})
    if width < before:
        page.wait_for_timeout(350)  # the theme waits for 300 ms, whether the resizing goes on


def wait_until(page: Any, condition: Callable[[], bool]) -> None:
    """Let time pass until something holds, for five seconds at most, even if a clock is faked."""
    for _ in range(250):
        if condition():
            return
        page.wait_for_timeout(20)
    raise TimeoutError("it does not hold after five seconds")


class Slider(NamedTuple):
    """A slider of the accessibility tree: what a screen reader announces.

    Attributes:
        name: What moves.
        text: Where it is, in words.
        now: Where it is, as a number.
        limits: The least and the largest value of `now`.
        is_focused: Whether the keyboard is there.
    """

    name: str
    text: str
    now: float
    limits: tuple[float, float]
    is_focused: bool


def sliders(page: Any) -> list[Slider]:
    """The sliders of the accessibility tree, in their order, apart from those that HTML has."""
    session = page.context.new_cdp_session(page)
    tree = session.send("Accessibility.getFullAXTree")["nodes"]
    nodes = [node for node in tree if node.get("role", {}).get("value") == "slider"]
    found = [(node, _attributes(session, node["backendDOMNodeId"])) for node in nodes]
    session.detach()
    return [_slider(node, attributes) for node, attributes in found if "role" in attributes]


def _attributes(session: Any, node: int) -> dict[str, str]:
    described = session.send("DOM.describeNode", {"backendNodeId": node})["node"]["attributes"]
    return dict(zip(described[::2], described[1::2], strict=True))


def _slider(node: dict[str, Any], attributes: dict[str, str]) -> Slider:
    properties = {one["name"]: one["value"].get("value") for one in node["properties"]}
    return Slider(
        name=node["name"]["value"],
        text=attributes["aria-valuetext"],  # Chromium has it for screen readers, but not here
        now=node["value"]["value"],
        limits=(properties["valuemin"], properties["valuemax"]),
        is_focused=bool(properties.get("focused")),
    )


Faults = list[dict[str, str]]


def faults(page: Any) -> Faults:
    """What axe finds: the rule, how grave it is, where, and the element."""
    return faults_of_form(page) + faults_of_contrast(page)


def faults_of_form(page: Any) -> Faults:
    """What axe finds apart from contrasts."""
    return _axe(page, {"rules": {"color-contrast": {"enabled": False}}})


def faults_of_layout(page: Any) -> Faults:
    """What axe finds to depend on the width of the page: boxes that only a mouse can scroll."""
    return _axe(page, {"runOnly": ["scrollable-region-focusable"]})


def faults_of_contrast(page: Any, legible: set[str] | None = None) -> Faults:
    """The contrasts that axe finds too low, each once.

    Args:
        page: Playwright's page.
        legible: The kinds of ink that need no further look; those that pass are added.
    """
    legible = set() if legible is None else legible
    new = page.evaluate(FEW_OF_EACH_INK, sorted(legible))
    found = _axe(page, {"runOnly": ["color-contrast"]}) if new else []
    page.evaluate(ALL_INK)
    if not found:
        legible.update(new)
    return found


def _axe(page: Any, options: dict[str, Any]) -> Faults:
    try:
        from axe_playwright_python import base as axe
    except ImportError:
        lacking("axe is not installed", "make environment")
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe.AXE_SCRIPT)
    return list(page.evaluate(VIOLATIONS, options))


def _refuse(route: Any, visit: Visit) -> None:
    visit.requests.append(route.request.url)
    route.abort()


def _note(message: Any, visit: Visit) -> None:
    if message.type in ("error", "warning"):
        visit.errors.append(message.text)
