"""Where pages must be tested, a browser, its driver or a book that is missing is a failure."""

import os
import re
import subprocess
import sys

import pytest

from harness.cells import ROOT
from tests import browser

PAGES = "tests/book/test_book_pages.py"
ICONS = f"{PAGES}::test_the_icons_are_drawn_without_a_script"
PAGE = '<!doctype html><html lang="en"><title>A page</title>'


@pytest.fixture
def book(tmp_path):
    """A folder with a book of one page."""
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    return tmp_path


def run(test, **environment):
    """Run tests of pages, as `make pages` does."""
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-m", "page", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, test],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def without(module, folder):
    """A search path on which a module cannot be imported."""
    (folder / f"{module}.py").write_text(f"raise ImportError('no {module}')\n", encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


def lacks_a_browser(book):
    return {"CHROMIUM": str(book / "chromium"), "COURSECNN_BOOK": str(book)}


def lacks_its_driver(book):
    return {"COURSECNN_BOOK": str(book), **without("playwright", book)}


def lacks_a_book(book):
    (book / "index.html").unlink()
    return {"COURSECNN_BOOK": str(book)}


each_lack = pytest.mark.parametrize(
    ("lack", "words"),
    [
        (lacks_a_browser, "apt-get install chromium"),
        (lacks_its_driver, "Playwright is not installed; make environment"),
        (lacks_a_book, "is not built, or holds no '<html'; make book"),
    ],
)


@pytest.mark.slow
@each_lack
def test_where_pages_are_required_a_lack_fails_and_names_the_cure(book, lack, words):
    done = run(
        ICONS if lack is lacks_a_browser else PAGES, COURSECNN_BROWSER="required", **lack(book)
    )

    assert done.returncode not in (0, 5), done.stdout  # 5: nothing was tested
    assert words in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.slow
@each_lack
def test_elsewhere_it_is_skipped_and_says_so(book, lack, words):
    done = run(ICONS if lack is lacks_a_browser else PAGES, COURSECNN_BROWSER="", **lack(book))

    assert "skipped in" in done.stdout, done.stdout
    assert words in done.stdout


def test_make_pages_requires_them():
    (recipe,) = re.findall(
        r"^pages:.*\n\t(.*)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )

    assert "COURSECNN_BROWSER=required" in recipe


LEAVE_MUCH = """() => {
  localStorage.setItem("kept", "here");
  sessionStorage.setItem("kept", "here");
  window.kept = "here";
  addEventListener("pagehide", () => localStorage.setItem("kept", "as it was left"));
  setInterval(() => console.error("still here"), 1);
}"""
LEFT = """() => [
  localStorage.length, sessionStorage.length, typeof window.kept, innerWidth,
  matchMedia("(prefers-color-scheme: dark)").matches,
]"""


def test_a_page_that_is_used_again_has_nothing_left_of_what_it_was(chromium, book):
    address = (book / "index.html").as_uri()
    with browser.visit(chromium, width=360, dark=True) as first:
        first.page.goto(address)
        first.page.evaluate(LEAVE_MUCH)
        browser.wait_until(first.page, lambda: first.errors)
    with browser.visit(chromium) as second:
        second.page.goto(address)
        second.page.wait_for_timeout(20)

        assert second.page is first.page
        assert second.page.evaluate(LEFT) == [0, 0, "undefined", 1300, False]
        second.assert_quiet()


@pytest.mark.parametrize("options", [{"fresh": True}, {"motion": True}])
def test_a_page_in_which_something_may_outlast_that_is_not_used_again(chromium, options):
    with browser.visit(chromium, **options) as first:
        pass
    with browser.visit(chromium) as second, browser.visit(chromium, **options) as third:
        assert first.page.is_closed()
        assert third.page is not second.page
