"""What Python hands to a page is checked before it becomes one."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coursecnn.geometry import Convolution, Pooling
from coursecnn.interactive import (
    Accuracy,
    ArchitectureExplorer,
    Example,
    GeometryCalculator,
    KernelPlayground,
    ReceptiveFieldExplorer,
    Stack,
    Stepper,
)
from coursecnn.interactive.page import fragment

DATA = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
ANY = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-3, 3)
SIZE = (
    st.integers(-1, 4)
    | st.sampled_from(["same", "valid", "full", True, 1.5, None])
    | st.tuples(st.integers(0, 3), st.integers(0, 3))
    | st.integers(0, 3).map(np.int64)
)


def refused(_constant):
    raise AssertionError("a number that is not finite is in the page")


def data_of(shown):
    """What the page of an interactive receives."""
    (content,) = DATA.findall(shown._repr_html_())
    return json.loads(content, parse_constant=refused)


def numbers(value):
    """All that a page takes for a number, a text where there should be one included."""
    if isinstance(value, dict):
        return [x for part in value.values() for x in numbers(part)]
    return [x for part in value for x in numbers(part)] if isinstance(value, list) else [value]


@given(st.lists(ANY, min_size=4, max_size=4), SIZE, SIZE)
@example([0.0] * 4, 2, "same")
def test_a_stepper_gets_finite_numbers_or_nothing(values, stride, padding):
    image = np.array(values, float).reshape(2, 2, 1)
    try:
        layer = Example(image, np.ones((1, 1, 1, 1)), [0], stride, padding)
    except ValueError:
        return
    (found,) = data_of(Stepper({"one": layer}))["examples"]
    assert all(type(found[name]) is int for name in ("stride", "padding"))


@given(SIZE, SIZE, SIZE, SIZE)
def test_a_stack_gets_whole_numbers_or_nothing(kernel, stride, padding, pixels):
    try:
        stack = Stack(
            {"a layer": Convolution(1, kernel, stride, padding, rounding="floor")}, pixels
        )
    except ValueError:
        return
    ((layer,),) = (
        found["layers"] for found in data_of(ReceptiveFieldExplorer({"x": stack}))["stacks"]
    )
    assert all(type(layer[name]) is int for name in ("kernel", "stride", "padding", "dilation"))


@given(SIZE, SIZE, SIZE, st.integers(1, 9) | st.integers(1, 9).map(np.int32))
def test_a_calculator_gets_whole_numbers_or_nothing(kernel, stride, padding, size):
    try:
        shown = GeometryCalculator(Convolution(2, kernel, stride, padding), [size, size, 1])
    except ValueError:
        return
    assert all(type(field["value"]) is int for field in data_of(shown)["fields"])


@pytest.mark.slow
@given(st.lists(ANY, min_size=2, max_size=2))
def test_a_playground_gets_finite_numbers_or_nothing(values):
    try:
        shown = KernelPlayground({"grey": np.full((3, 3), 0.5)}, {"k": [values]})
    except ValueError:
        assert not np.isfinite(values).all()
        return
    data_of(shown)


@given(ANY, ANY)
def test_measured_squares_are_finite_and_not_all_zero(one, other):
    layer = Pooling(2)
    squares = [[one, other], [0, 0]]
    try:
        stack = Stack({"pool": layer}, 4, {"pool": squares})
    except ValueError:
        return
    data_of(ReceptiveFieldExplorer({"x": stack}))


def test_valid_and_same_are_numbers_where_they_can_be():
    image, kernels = np.ones((4, 4, 1)), np.ones((3, 3, 1, 1))
    assert Example(image, kernels, [0], padding="same").padding == 1
    assert Example(image, kernels, [0], padding="valid").padding == 0
    assert Example(image, kernels, [0], (1, 1), (1, 1)).stride == 1
    with pytest.raises(ValueError, match="padding must be a number, or the same on all sides"):
        Example(image, np.ones((2, 2, 1, 1)), [0], padding="same")
    with pytest.raises(ValueError, match=r"stride must be one int .* both axes, got \(1, 2\)"):
        Example(np.ones((3, 5, 1)), np.ones((1, 1, 1, 1)), [0], stride=(1, 2))
    stack = Stack({"conv": Convolution(1, (3, 3), padding="valid")}, np.int64(8))
    assert data_of(ReceptiveFieldExplorer({"x": stack}))["stacks"][0]["layers"][0]["padding"] == 0


def table(*names, **columns):
    values = {"values": 64, "params": 10, "macs": 20} | columns
    rows = {"layer": list(names), "type": "Conv2D", "output_shape": [(4, 4, 4)] * len(names)}
    return pd.DataFrame(rows | values)


def test_a_name_with_a_space_stays_one_name():
    tables = {"a": table("first layer", "second", "third\tlayer"), "b": table("x")}
    data = data_of(ArchitectureExplorer(tables, {}))
    steps = data["networks"][0]["steps"]
    assert [len(names.split(" ")) for _, names, rows in steps for _ in rows[:1]] == [3]
    assert "first\u00a0layer" in steps[0][1]


def test_a_name_with_a_number_sign_is_no_repetition():
    data = data_of(ArchitectureExplorer({"a": table("conv#1"), "b": table("x")}, {}))
    assert data["networks"][0]["steps"][0][1] == "conv\N{FULLWIDTH NUMBER SIGN}1"


@pytest.mark.parametrize("column", ["values", "params", "macs"])
def test_a_number_that_is_none_is_refused_by_its_name(column):
    with pytest.raises(
        ValueError, match=f"column '{column}' of 'a' must hold finite numbers, got nan"
    ):
        ArchitectureExplorer({"a": table("x", **{column: [float("nan")]}), "b": table("x")}, {})
    with pytest.raises(ValueError, match=r"accuracies.*must hold finite numbers, got inf"):
        ArchitectureExplorer(
            {"a": table("x"), "b": table("x")}, {"a": Accuracy(float("inf"), "one crop")}
        )


def test_the_page_itself_refuses_what_json_cannot_hold():
    for wrong in (float("nan"), float("inf"), object()):
        with pytest.raises(ValueError, match="data must hold texts and finite numbers alone"):
            fragment("stepper.js", "x", {"a": [wrong]}, "")
