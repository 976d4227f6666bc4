"""The drawings of the book. Matplotlib only: a figure shows what it is given and computes nothing.

- `style`: `use_style()`, which each chapter calls once, and the palettes;
- `pictures`: pictures, feature maps and matrices;
- `kernels`: which inputs a unit reads: kernels, windows, connections;
- `charts`: functions, and what networks are made of and cost;
- `runs`: what the runs of networks measured.

Every function returns its `Figure`; a notebook cell shows it with `plt.show()`.
"""

from coursecnn.figures.charts import (
    activations,
    along_layers,
    bubbles,
    named_points,
    ranked_bars,
    shape_walks,
    shares,
    stacked_bars,
)
from coursecnn.figures.kernels import (
    connections,
    coverage,
    incidence,
    reach,
    sliding_window,
    windows,
)
from coursecnn.figures.pictures import (
    coloured_matrices,
    deep_filters,
    framed,
    guesses,
    images,
    matrix,
)
from coursecnn.figures.runs import (
    beside_band,
    critical_difference,
    learning_curves,
    paired,
    races,
    ranking,
    rival_curves,
    rungs,
    runs_by_cost,
)
from coursecnn.figures.style import COLOURS, DIVERGING, use_style

__all__ = [
    "COLOURS",
    "DIVERGING",
    "activations",
    "along_layers",
    "beside_band",
    "bubbles",
    "coloured_matrices",
    "connections",
    "coverage",
    "critical_difference",
    "deep_filters",
    "framed",
    "guesses",
    "images",
    "incidence",
    "learning_curves",
    "matrix",
    "named_points",
    "paired",
    "races",
    "ranked_bars",
    "ranking",
    "reach",
    "rival_curves",
    "rungs",
    "runs_by_cost",
    "shape_walks",
    "shares",
    "sliding_window",
    "stacked_bars",
    "use_style",
    "windows",
]
