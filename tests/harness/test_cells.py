"""What the harness asks of the cells of a notebook."""

import pytest

from coursecnn import datasets
from harness import cells
from tests.notebooks import code

SHOWS_DIGITS = code("print(1)", "1\n", tags=["data:mnist"])


@pytest.fixture
def asked(monkeypatch):
    """The data sets that were looked for; they are here, one after the other, from the second."""
    names = []

    def available(name):
        names.append(name)
        return len(names) > 1

    monkeypatch.setattr(datasets, "available", available)
    return names


def test_data_is_looked_for_until_it_is_found_and_read_no_more(asked):
    missing = [cells.missing_data(SHOWS_DIGITS) for _ in range(4)]

    assert missing == [("mnist",), (), (), ()]
    assert asked == ["mnist", "mnist"]


def test_each_data_set_is_looked_for_by_itself(asked):
    both = code("print(1)", "1\n", tags=["data:mnist", "data:cifar10"])

    assert cells.missing_data(both) == ("cifar10",)
    assert asked == ["cifar10", "mnist"]


def test_a_cell_that_shows_no_data_looks_for_none(asked):
    assert cells.missing_data(code("print(1)", "1\n")) == ()
    assert asked == []


def test_a_data_set_that_is_none_of_the_courses_is_left_to_the_lint(asked):
    assert cells.missing_data(code("print(1)", "1\n", tags=["data:imagenet"])) == ()
    assert asked == []
