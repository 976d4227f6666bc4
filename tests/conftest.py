"""Settings that all tests share."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

# A busy machine may take any time over an example; how fast code is, the benchmarks say.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")


@pytest.hookimpl(tryfirst=True)  # before pytest looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that open a browser are left to `make pages`."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("page")


@pytest.hookimpl(tryfirst=True)  # before a fixture draws anything
def pytest_runtest_setup() -> None:
    """A test draws the same in every run: where no seed is given, Keras asks `random` for one."""
    random.seed(0)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser; the test is skipped where Playwright or Chromium is missing."""
    from tests import browser

    with browser.started() as started:
        yield started


@pytest.fixture
def show(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open interactives in an empty page; at the end, nothing must have gone wrong there."""
    from tests import browser

    with browser.interactives(chromium) as open_page:
        yield open_page
