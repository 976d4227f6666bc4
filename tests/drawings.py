"""What holds of every drawing of a network."""

from matplotlib.figure import Figure


def require_room_for_all(figure: Figure) -> None:
    """See that everything lies within the figure, and no text on another."""
    figure.canvas.draw()
    (axis,) = figure.axes
    drawn = axis.get_tightbbox()
    assert 0 <= drawn.x0 < drawn.x1 <= figure.bbox.width
    assert 0 <= drawn.y0 < drawn.y1 <= figure.bbox.height
    boxes = [text.get_window_extent() for text in axis.texts]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])
