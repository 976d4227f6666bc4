"""Settings that all tests share."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from harness import cells

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


@pytest.fixture(autouse=True)
def _data_is_asked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test has found of the official data, another one may have to miss."""
    monkeypatch.setattr(cells, "FOUND", set())


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; where Playwright or Chromium is missing, `browser.lacking` decides."""
    from tests import browser

    with browser.started() as started:
        yield started


@pytest.fixture
def show(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open interactives in an empty page; at the end, nothing must have gone wrong there."""
    from tests import browser

    with browser.interactives(chromium) as open_page:
        yield open_page
