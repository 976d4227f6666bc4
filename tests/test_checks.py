"""What refuses an argument that an architecture cannot take."""

import pytest

from coursecnn.architectures.checks import check_choice
from coursecnn.architectures.layers import image_input


@pytest.mark.parametrize(
    "shape",
    [(31, 32, 3), (32, 31, 3), (32, 32), (32, 32, 0), (None, 32, 3), (32.0, 32, 3)],
    ids=str,
)
def test_a_shape_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match=r"input_shape must be .* 32×32 pixels or more, got \("):
        image_input(shape, classes=10, smallest=32)


@pytest.mark.parametrize("classes", [0, -1, 2.0])
def test_a_number_of_classes_that_is_none_is_refused(classes):
    with pytest.raises(ValueError, match=f"classes must be a positive int, got {classes}"):
        image_input((32, 32, 3), classes, smallest=32)


def test_a_shape_of_the_smallest_size_is_taken():
    assert image_input((32, 40, 1), classes=1, smallest=32).shape == (None, 32, 40, 1)


def test_a_value_that_is_none_of_the_choices_is_refused():
    check_choice("padding", 1, (0, 1))
    with pytest.raises(ValueError, match="padding must be one of 0, 1, got 2"):
        check_choice("padding", 2, (0, 1))
