"""Settings that all tests share."""

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from harness import cells, sample

# A file without these words holds no test of this kind. So `make pages` and `make long`, in each of
# their processes, need not import the others, which takes longer than many tests.
MENTIONS = {"page": re.compile(r"\b(chromium|show)\b"), "long": re.compile(r"\bmark\.long\b")}

# Of the tests that are marked so, a sample takes one of so many, others for each commit.
SHARES = {"slow": 4, "page": 2}

# A busy machine may take any time over an example; how fast code is, the benchmarks say.
settings.register_profile("course", deadline=None, derandomize=True)
settings.register_profile("sample", settings.get_profile("course"), max_examples=25)
settings.load_profile("course")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the commands of the Makefile ask for with SAMPLE=N."""
    help_text = "of the cases of each test, run only N, others for each commit"
    parser.addoption("--sample", type=int, metavar="N", help=help_text)


def pytest_configure(config: pytest.Config) -> None:
    """Where a sample is taken, laws are tried on a quarter of the usual examples."""
    if config.getoption("sample"):
        settings.load_profile("sample")


@cache
def _mentions(path: Path, kind: str) -> bool:
    return bool(MENTIONS[kind].search(path.read_text("utf-8")))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files that cannot hold what is asked for with `-m page` or `-m long` are not imported."""
    kind = config.getoption("markexpr")
    if kind in MENTIONS and collection_path.suffix == ".py":
        return None if _mentions(collection_path, kind) else True
    return None


@pytest.hookimpl(tryfirst=True)  # before pytest looks at the markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that open a browser are left to `make pages`; of many cases, a sample may do."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("page")
        for kind in MENTIONS:
            if item.get_closest_marker(kind) and not _mentions(item.path, kind):
                raise pytest.UsageError(f"{item.path} must mention {MENTIONS[kind].pattern}")
    if count := config.getoption("sample"):
        parts = [item.nodeid for item in items if not item.get_closest_marker("whole")]
        names = sample.cases(parts, count, sample.commit())
        for kind, part in SHARES.items():
            found = [item.nodeid for item in items if item.get_closest_marker(kind)]
            found = [name for name in found if name in names]
            names -= set(found) - sample.share(found, part, sample.commit())
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in names])
        items[:] = [item for item in items if item.nodeid in names]


class ByFileAndPage(LoadFileScheduling):
    """The tests of a file go to one process, but for those of the book, one page at a time.

    pytest-xdist's groups would say the same in fewer words, but come to nothing under pytest 9.
    """

    def _split_scope(self, nodeid: str) -> str:
        page = re.search(r"\[(.+\.html)\b", nodeid)
        return page[1] if page else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFileAndPage | None:
    """Where files are kept together, also keep the tests of a page together."""
    return ByFileAndPage(config, log) if config.getvalue("dist") == "loadfile" else None


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
