"""What a Keras model is, and what it costs.

- `costs`: `layer_table` and `totals` count parameters, multiply-accumulates and values;
- `memory`: what inference and training hold at once;
- `conventions`: the same count as other tools and papers state it;
- `report`: what `coursecnn count` prints;
- `diagrams`: `draw`, `tower` and `save_svg` draw any model;
- `graph`, `layout`, `stages`, `towers`: what is drawn, and where;
- `attribution`: which pixels an answer depends on;
- `receptive`: how strongly each pixel reaches a unit.

>>> from coursecnn.architectures import build
>>> totals(build("mnist_tutorial")).macs
2794240
"""

from coursecnn.models.costs import Totals, layer_table, register_macs, totals

__all__ = ["Totals", "layer_table", "register_macs", "totals"]
