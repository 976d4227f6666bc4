"""Pictures and matrices: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np

from coursecnn import figures


def test_signed_pictures_have_one_scale_with_zero_in_its_middle():
    figure = figures.images([np.eye(2), -3 * np.eye(2)], signed=True)
    limits = {axis.images[0].get_clim() for axis in figure.axes}
    assert limits == {(-3, 3)}


def test_the_last_row_of_pictures_may_have_gaps():
    figure = figures.images([np.eye(2)] * 3, columns=2)
    assert [len(axis.images) for axis in figure.axes] == [1, 1, 1, 0]


def test_a_number_that_was_empty_before_is_written_in_colour():
    empty, filled = np.full((1, 2, 2), np.nan), np.ones((1, 2, 2))
    empty[0, 0, 0] = 1
    figure = figures.deep_filters(np.ones((3, 3, 1)), [filled], [np.ones((2, 2))], before=[empty])
    colours = [text.get_color() for text in figure.axes[2].texts]
    assert colours == ["black", *[figures.COLOURS[1]] * 3]


def test_a_matrix_is_drawn_where_it_is_asked_for():
    figure, axis = plt.subplots()
    assert figures.matrix([[1, -2.5]], axis) is figure
    assert [text.get_text() for text in axis.texts] == ["1", "−2.5"]
