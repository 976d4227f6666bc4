"""Values from outside: NumPy's are accepted, what is no value is refused by its name."""

import copy
import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursecnn import _values
from coursecnn._values import Frozen, frozen

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON.filter(lambda value: not _too_large(value)))
def test_a_json_value_is_kept_for_good(value):
    kept = frozen("value", value)

    assert json.loads(json.dumps(kept)) == json.loads(json.dumps(value))
    assert copy.deepcopy(kept) == kept == pickle.loads(pickle.dumps(kept))
    hash(kept)


def _too_large(value):
    if isinstance(value, list | dict):
        return any(map(_too_large, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and abs(value) > 10**300


@pytest.mark.parametrize("value", [np.float32(0.5), np.int16(3), np.bool_(True), [np.uint8(4)]])
def test_numpy_s_values_become_python_s(value):
    json.dumps(frozen("value", value))


@pytest.mark.parametrize("value", [float("nan"), 10**400, 1j, {1: 2}, {3}, b"", np.zeros(2)])
def test_what_json_does_not_know_is_refused(value):
    with pytest.raises(ValueError, match="must be"):
        frozen("value", value)


@pytest.mark.parametrize(
    ("least", "most", "rule"),
    [
        (None, None, "an int"),
        (1, None, "a positive int"),
        (0, None, "an int of at least 0"),
        (0, 9, "an int from 0 to 9"),
    ],
)
def test_the_rule_of_an_int_is_said(least, most, rule):
    with pytest.raises(ValueError, match=f"size must be {rule}, got 'many'"):
        _values.integer("size", "many", least, most)


def test_a_long_value_is_cut_off_in_a_message():
    with pytest.raises(ValueError, match=r"a{150,}\.\.\.$"):
        _values.choice("size", "a" * 10_000, ("small",))
    with pytest.raises(ValueError, match="got a int"):
        _values.number("size", 10**5000)


def test_a_frozen_mapping_says_how_to_make_another():
    options = Frozen({"momentum": 0.9})
    with pytest.raises(TypeError, match=r"make a new one, as \{\*\*old, 'momentum': 0\.9\}"):
        options["momentum"] = 0.0
    assert {**options, "momentum": 0.0} == {"momentum": 0.0}
