"""Settings that all tests share."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from harness import cells, sample

# A busy machine may take any time over an example; how fast code is, the benchmarks say.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make long` and `make jax` ask for with SAMPLE=N."""
    help_text = "of the cases of each test, run only N, others for each commit"
    parser.addoption("--sample", type=int, metavar="N", help=help_text)


@pytest.hookimpl(tryfirst=True)  # before pytest looks at the markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that open a browser are left to `make pages`; of many cases, a sample may do."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("page")
        if item.get_closest_marker("xdist_group") is None:  # with --dist loadgroup
            item.add_marker(pytest.mark.xdist_group(item.path.name))
    if count := config.getoption("sample"):
        names = sample.cases([item.nodeid for item in items], count, sample.commit())
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in names])
        items[:] = [item for item in items if item.nodeid in names]


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
