"""Kernels, windows and connections: what is drawn is what was given."""

import numpy as np
from matplotlib.colors import to_hex

from coursecnn import figures


def test_connections_that_share_a_weight_share_a_colour_and_a_weight_alone_is_grey():
    weights = np.array([[0, 1, -1], [-1, 0, 2]])
    (axis,) = figures.connections([weights], ["shared"]).axes
    grey = "#999999"
    shared = figures.COLOURS[0].lower()
    assert [to_hex(line.get_color()) for line in axis.lines] == [shared, grey, shared, grey]


def test_every_window_has_a_dot_at_its_centre():
    (axis,) = figures.windows(5, {"stride 2": [(0, 2), (2, 4)]}).axes
    centres = {tuple(point) for line in axis.lines for point in line.get_xydata()}
    assert centres == {(1.5, 1.5), (1.5, 3.5), (3.5, 1.5), (3.5, 3.5)}


def test_a_pixel_that_no_window_reads_is_said_to_be_one():
    (axis,) = figures.coverage(6, {"stride 2": [(0, 2), (2, 4)]}).axes
    assert [text.get_text() for text in axis.texts] == ["stride 2", "never read"]


def test_the_output_is_filled_step_by_step():
    figure = figures.sliding_window(np.eye(3), kernel_size=2, output=[[1, 2], [3, 4]])
    outputs = figure.axes[1::2]
    assert [len(axis.texts) for axis in outputs] == [1, 2, 3, 4]
