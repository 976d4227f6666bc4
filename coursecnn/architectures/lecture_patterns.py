"""The four architecture patterns of the first lecture, for small colour images.

- `linear`: no hidden layer at all;
- `one_convolution`: features before the decision;
- `convolution_pooling`: twice features, then a coarser map;
- `deep_blocks`: two convolutions before each pooling.

Source: the lecture "Review: CNN Architecture". The lecture gives no sizes; those of
`coursecnn.patterns` are used.
"""

from functools import partial

from coursecnn import patterns
from coursecnn.backend import keras

__all__ = ["BUILDERS", "PATTERNS"]

PATTERNS = {
    "linear": "INPUT -> FC",
    "one_convolution": "INPUT -> CONV -> FC",
    "convolution_pooling": "INPUT -> [CONV -> POOL]*2 -> FC -> FC",
    "deep_blocks": "INPUT -> [CONV -> CONV -> POOL]*3 -> FC*2 -> FC",
}


def _build(
    name: str, input_shape: tuple[int, int, int] = (32, 32, 3), classes: int = 10
) -> keras.Model:
    model = patterns.build(PATTERNS[name], input_shape, classes)
    return keras.Model(model.input, model.output, name=f"pattern_{name}")


BUILDERS = {f"pattern_{name}": partial(_build, name) for name in PATTERNS}
