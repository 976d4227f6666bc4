"""What the tests of the pages ask a browser; `harness.browser` drives it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

from harness import browser
from harness.browser import DOCUMENT, START_ANEW, Visit, seconds_to_start, visit

__all__ = ["DOCUMENT", "START_ANEW", "Visit", "seconds_to_start", "visit"]


def lacking(what: str, cure: str) -> NoReturn:
    """Skip what cannot be tested, or fail where COURSECNN_BROWSER says that it is required."""
    message = f"pages are not tested: {what}; {cure}"
    if os.environ.get("COURSECNN_BROWSER") == "required":
        pytest.fail(message, pytrace=False)
    pytest.skip(message, allow_module_level=True)


try:
    import playwright.sync_api  # noqa: F401
except ImportError:
    lacking("Playwright is not installed", "make environment")

BOOK = Path(os.environ.get("COURSECNN_BOOK") or Path(__file__).parent.parent / "_build" / "html")

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
# All interactives of a page run; heavy ones come when a reader comes near.
ALL_STARTED = """() => {
  const waiting = document.querySelector(".coursecnn:not([data-running])");
  waiting?.scrollIntoView();
  return !waiting;
}"""
# It runs, and no picture is still being opened.
READY = '.coursecnn[data-running]:not([aria-busy="true"])'

# What breaks a rule, and the rules that axe could not apply, which it does not tell by itself.
VIOLATIONS = """async (options) => {
  const shared = { preload: false, resultTypes: ["violations", "incomplete"] };
  const { violations, incomplete } = await axe.run({ ...shared, ...options });
  const hasFailed = ({ none }) => none.some(({ id }) => id === "error-occurred");
  const failed = incomplete.filter(({ nodes }) => nodes.some(hasFailed));
  return [...violations, ...failed].flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, html }) => ({ id, impact, target: target.join(" "), html })));
}"""


@contextmanager
def started() -> Iterator[Any]:
    """Playwright's browser; where there is none, `lacking` decides."""
    with ExitStack() as stack:
        try:
            chromium = stack.enter_context(browser.started())
        except browser.MissingError as error:
            lacking(*error.args)
        yield chromium


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
