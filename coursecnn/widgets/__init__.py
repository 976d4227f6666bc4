"""Experiments with a kernel behind them, for Jupyter and Colab.

- `TrainingExperiment`, `Try`: train a small network of one's own choice of layers, and compare;
- `AttributionExperiment`, `Explanation`: which pixels of a picture an answer depends on;
- `FilterExperiment`, `FilterView`: the filters of a network, and what they answer to a picture.

At the end of a cell an experiment shows as a picture, which is what the book stores. Its method
`open()` shows its controls, which need ipywidgets and a kernel: whatever they do, a call of the
experiment's methods does as well.
"""

from coursecnn.widgets import filters_controls, pixels_controls, tries_controls  # noqa: F401
from coursecnn.widgets.filters import FilterExperiment, FilterView
from coursecnn.widgets.pixels import AttributionExperiment, Explanation
from coursecnn.widgets.tries import TrainingExperiment, Try

__all__ = [
    "AttributionExperiment",
    "Explanation",
    "FilterExperiment",
    "FilterView",
    "TrainingExperiment",
    "Try",
]
