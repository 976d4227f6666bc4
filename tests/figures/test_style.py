"""The style that all figures share."""

import matplotlib.pyplot as plt
import pytest
from matplotlib.ticker import NullLocator

from coursecnn import figures
from coursecnn.figures.style import log_axis, panels


@pytest.mark.parametrize("name", ["x", "y"])
def test_a_logarithmic_axis_has_numbers_at_the_multiples_alone(name):
    figure, (axes,) = panels(1, 1, size=(3, 3))
    axes.plot([1, 100], [1, 100])
    axis = getattr(axes, f"{name}axis")
    log_axis(axis, subs=(1, 5), formatter="{x:g}")
    assert getattr(axes, f"get_{name}scale")() == "log"
    assert {5, 10, 50} <= set(axis.get_majorticklocs().round(6))
    assert isinstance(axis.get_minor_locator(), NullLocator)
    plt.close(figure)


def test_panels_are_listed_row_by_row():
    figure, axes = panels(2, 3, size=(3, 3))
    assert axes == figure.axes
    assert len(axes) == 6
    plt.close(figure)


def test_a_chapter_finds_all_drawings_in_one_place():
    """The submodules hide behind no drawing's name."""
    assert {"matrix", "windows", "races", "bubbles", "use_style"} <= set(figures.__all__)
    assert all(callable(getattr(figures, name)) for name in figures.__all__ if name.islower())
