"""What refuses an argument that an architecture cannot take."""

import re

import numpy as np
import pytest

from coursecnn._checks import as_int, as_plain, check_choice, check_count, check_share
from coursecnn.architectures.layers import image_input


@pytest.mark.parametrize(
    "shape",
    [
        *[(31, 32, 3), (32, 31, 3), (32, 32), (32, 32, 0), (32, 32, True), (None, 32, 3)],
        *[(32.0, 32, 3), 32, None, "abc"],
    ],
    ids=str,
)
def test_a_shape_that_does_not_fit_is_refused(shape):
    message = (
        f"input_shape must be (height, width, channels) with 32×32 pixels or more, got {shape!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        image_input(shape, classes=10, smallest=32)


@pytest.mark.parametrize("classes", [0, -1, 2.0, True, "10", None])
def test_a_number_of_classes_that_is_none_is_refused(classes):
    with pytest.raises(ValueError, match=f"classes must be a positive int, got {classes!r}"):
        image_input((32, 32, 3), classes, smallest=32)


def test_a_shape_of_the_smallest_size_is_taken():
    assert image_input((32, 40, 1), classes=1, smallest=32).shape == (None, 32, 40, 1)


def test_a_value_that_is_none_of_the_choices_is_refused():
    check_choice("padding", 1, (0, 1))
    with pytest.raises(ValueError, match="padding must be one of 0, 1, got 2"):
        check_choice("padding", 2, (0, 1))


def test_a_count_is_a_positive_int():
    check_count("stem", 1)
    with pytest.raises(ValueError, match="stem must be a positive int, got 0"):
        check_count("stem", 0)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), True, "0.5", None])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match=f"dropout must be a number from 0 to 1, got {share!r}"):
        check_share("dropout", share)


def test_a_share_may_be_nothing_and_may_be_all_unless_all_is_too_much():
    for share in (0, 0.0, 0.5, 1, 1.0):
        check_share("dropout", share)
    check_share("dropout", 0.999, below_one=True)
    with pytest.raises(ValueError, match="dropout must be a number from 0 to below 1, got 1"):
        check_share("dropout", 1, below_one=True)


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.array(3)])
def test_what_python_takes_for_an_index_is_an_int(value):
    assert (as_int(value), type(as_int(value))) == (3, int)
    assert check_count("stem", value) == 3


@pytest.mark.parametrize("value", [True, np.True_, 3.0, np.float32(3), np.array([3]), "3", None])
def test_anything_else_is_none(value):
    assert as_int(value) is None


def test_sizes_become_ints_and_tuples():
    assert as_plain([np.int64(3), "same"]) == (3, "same")
    assert as_plain(np.array([3, 5])) == (3, 5)
    assert as_plain(2.5) == 2.5
