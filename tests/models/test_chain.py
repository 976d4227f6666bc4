"""Keras models as the stacks of the receptive field explorer."""

import pytest

from coursecnn.backend import keras
from coursecnn.interactive import ReceptiveFieldExplorer, Stack
from coursecnn.models.receptive import receptive_field

layers = keras.layers


def plain():
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.ZeroPadding2D(1, name="zeros"),
            layers.Conv2D(4, 3, strides=1, name="conv1"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(4, 3, strides=2, padding="same", name="conv2"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(4, 3, dilation_rate=2, padding="same", name="wide"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def test_a_chain_has_the_fields_and_the_units_of_the_model():
    model = plain()
    stack = Stack.from_model(model)
    assert list(stack.layers) == ["conv1", "conv2", "pool", "wide"]
    for name in stack.layers:
        found, expected = stack.field(name), receptive_field(model, name)
        assert stack.units(name) == expected.output_shape[0]
        assert (found.size, found.jump, found.start, found.holes) == (
            expected.rows.size,
            expected.rows.stride,
            expected.rows.start,
            expected.rows.holes,
        )


def test_the_explorer_takes_a_model():
    page = ReceptiveFieldExplorer({"mine": plain()})
    assert repr(page).endswith("mine: 4 layers over 32 pixels, a unit of wide sees 23")
    assert "wide" in page._repr_html_()


def branched():
    x = keras.Input((8, 8, 1))
    return keras.Model(x, layers.Add(name="sum")([x, layers.Conv2D(1, 3, padding="same")(x)]))


REFUSED = [
    (branched, None, "model must be a plain chain, but 'sum' joins branches"),
    (plain, "dense", "layer must be one of"),
    (
        lambda: keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(1, (1, 3), name="c")]),
        None,
        "model must have square windows alone, but 'c' has others",
    ),
    (
        lambda: keras.Sequential([keras.Input((8, 9, 1)), layers.Conv2D(1, 3)]),
        None,
        r"model must have one square image of a fixed size, got \(8, 9, 1\)",
    ),
    (
        lambda: keras.Sequential(
            [keras.Input((8, 8, 1)), layers.Conv2D(1, 2, padding="same", name="c")]
        ),
        None,
        "model must pad as much before as after, unlike 'c'",
    ),
    (
        lambda: keras.Sequential([keras.Input((8, 8, 1)), layers.Cropping2D(1, name="c")]),
        None,
        "model must pad as much before as after, and cut nothing off, unlike 'c'",
    ),
    (
        lambda: keras.Sequential([keras.Input((8, 8, 1)), layers.UpSampling2D(2, name="c")]),
        None,
        "model must have square windows alone, but 'c' has others",
    ),
]


@pytest.mark.parametrize(("make", "layer", "message"), REFUSED)
def test_what_is_no_plain_chain_is_refused_with_the_reason(make, layer, message):
    with pytest.raises(ValueError, match=message):
        Stack.from_model(make(), layer)
