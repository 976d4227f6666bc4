"""What a Keras model is, and what it costs.

- `costs`: `layer_table` and `totals` count parameters, multiply-accumulates and values;
- `memory`: what inference and training hold at once;
- `conventions`: the same count as other tools and papers state it;
- `report`: what `coursecnn count` prints;
- `graph`: the layers as nodes and edges, and where to draw them;
- `diagrams`: the drawings made from the graph;
- `attribution`: which pixels an answer depends on;
- `receptive`: how strongly each pixel reaches a unit.

>>> from coursecnn.architectures import build
>>> totals(build("mnist_tutorial")).macs
2794240
"""

from coursecnn.models.costs import Totals, layer_table, register_macs, totals

__all__ = ["Totals", "layer_table", "register_macs", "totals"]
