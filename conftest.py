"""What every test and every example of a docstring may rely on."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _examples_leave_nothing_behind(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """An example of a docstring loads nothing from the network, and leaves no figure open."""
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
