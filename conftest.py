"""What every test and every example of a docstring may rely on."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """No figure stays open, and no example of a docstring loads anything from the network."""
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.setenv("COURSECNN_OFFLINE", "1")
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
