"""Every page of the built book, in a browser: alone, light, and no wider than a phone."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests import browser

BOOK = Path(__file__).parent.parent / "_build" / "html"
PAGES = sorted(
    path.relative_to(BOOK).as_posix()
    for path in [*BOOK.glob("*.html"), *BOOK.glob("book/**/*.html")]
    if "http-equiv=" not in path.read_text(encoding="utf-8").lower()  # which leads elsewhere
)
if not PAGES:
    pytest.skip("the book is not built: make book", allow_module_level=True)

BUDGET = 1_500_000  # bytes
SENT_AS_THEY_ARE = {".png", ".jpg", ".woff2"}  # compressed already; servers compress the others


def transferred(addresses: set[str]) -> int:
    """How many bytes a web server sends for these files."""
    files = [Path(unquote(urlsplit(address).path)) for address in addresses]
    return sum(
        len(content if file.suffix in SENT_AS_THEY_ARE else gzip.compress(content, 6))
        for file in files
        for content in [file.read_bytes()]
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_alone_light_and_no_wider_than_a_phone(chromium: Any, name: str) -> None:
    asked: set[str] = set()
    with browser.visit(chromium, width=360) as visit:
        visit.page.on("request", lambda request: asked.add(request.url))
        visit.page.goto((BOOK / name).as_uri(), wait_until="load")
        too_wide = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")

        visit.assert_quiet()
    assert too_wide <= 0
    assert transferred({url for url in asked if url.startswith("file:")}) <= BUDGET


def test_the_icons_are_drawn_without_a_script(chromium: Any) -> None:
    with browser.visit(chromium) as visit:
        visit.page.goto((BOOK / PAGES[0]).as_uri())
        visit.page.evaluate("document.fonts.ready")
        icon = visit.page.locator("i.fa-bars, span.fa-bars").first

        assert icon.evaluate("node => document.fonts.check('900 16px \"Font Awesome 6 Free\"')")
        assert icon.evaluate("node => getComputedStyle(node, '::before').content") not in (
            "none",
            "",
        )
        assert visit.page.locator("script[src*=fontawesome], script[src*=thebe]").count() == 0
