"""Calculations in prose: evaluated, and read in one go however damaged the text is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import arithmetic

PIECES = (
    *("1", "32", ".", "(", ")", "[", "]", "{", "}", "+", "-", "−", "×", "·", "*", "/", "^", "%"),
    *("=", "≈", r"\approx", r"\simeq", r"\times", r"\frac", r"\left", r"\sqrt", r"\max", "&"),
    *(", ", ",", " ", "²", "\\\\\n", "a", "_"),
)
LONG = 20_000


@pytest.mark.parametrize(
    ("text", "calculation", "fault"),
    [
        ("so $(32 - 5)/1 + 1 = 28$", "(32 - 5)/1 + 1 = 28", ""),
        ("so $(32 - 5)/1 + 1 = 27$", "(32 - 5)/1 + 1 = 27", r"\(32 - 5\)/1 \+ 1 is 28, not 27"),
        (r"$\frac{12}{4} + 1 = 4$", r"\frac{12}{4} + 1 = 4", ""),
        ("3 × 5 = 16.", "3 × 5 = 16", "3 × 5 is 15, not 16"),
        (r"$2/3 \approx 0.67$", r"2/3 \approx 0.67", ""),
        ("2² + 1 = 5 = 10/2", "2² + 1 = 5 = 10/2", ""),
        ("2² + 1 = 5 = 10/3", "2² + 1 = 5 = 10/3", "5 is 5, not 10/3"),
        ("99/100 = 99 %", "99/100 = 99 %", ""),
        ("2 / (1 + 2) = 2/00", "2 / (1 + 2) = 2/00", "2 / \\(1 \\+ 2\\) is 0.6666666667, not 2/00"),
    ],
)
def test_a_calculation_is_evaluated(text, calculation, fault):
    [(start, end, found)] = arithmetic.equations(text)
    assert text[start:end] == calculation
    assert re.fullmatch(fault, found)


@pytest.mark.parametrize("text", ["p_0 = 2", "a + 1 = 3", "x = 3", "3 = 3", "(2 + 1", "= 4 ="])
def test_what_is_no_calculation_is_left_alone(text):
    assert list(arithmetic.equations(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1+" * LONG + "1 = 3",
            "(" * LONG,
            "(" * LONG + " = 1",
            "9" * LONG + " = 1",
            "1 = " * LONG,
        ),
        *(r"\times" * LONG + " = 4", r"\frac{" * LONG + "=", "1," * LONG + "=2", "=" * LONG),
        *(
            "((9^64)^64)^64 = 3",
            "9^9^9^9 = 1",
            "(10^99)^64 = 1",
            "-(" * LONG + "= 2",
            "1 & " * LONG,
        ),
    ],
    ids=lambda text: f"{text[:8]} and {len(text)} more",
)
def test_a_damaged_text_is_read_at_once(text):
    """A pattern that tries each way to split it would not end within years."""
    assert list(arithmetic.equations(text)) == []


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_a_calculation_lies_inside_of_its_text_and_has_two_sides(text):
    for start, end, _ in arithmetic.equations(text):
        assert re.search(r"=|≈|\\approx|\\simeq", text[start:end])
        assert text[start:end] == text[start:end].strip()
        assert re.search(r"\d", text[start:end])
