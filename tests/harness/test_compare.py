"""How stored and fresh outputs are compared: texts, numbers and pictures."""

from __future__ import annotations

import base64
import io
import math
import re
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from harness.compare import Tolerance, differences
from harness.pictures import DEFAULT_RMS, LARGEST_BLURRED, block_rms, blurred_difference
from tests.notebooks import code, displayed, printed

COORDINATES = np.linspace(0, 10, 200)


def picture(label: str = "0.992", shift: float = 0.0, dpi: int = 72, scale: float = 1.0) -> str:
    """A base64 figure with a curve and a label, drawn without pyplot."""
    with mpl.rc_context({"figure.dpi": dpi}):
        figure = Figure(figsize=(4, 3))
    axes = figure.subplots()
    axes.plot(COORDINATES, scale * np.sin(COORDINATES) + shift)
    axes.text(4, 0.5, label)
    axes.set_ylim(-1.2, 1.2)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode()


def test_two_drawings_of_one_figure_are_identical():
    assert picture() == picture()
    assert block_rms(picture(), picture()) == 0


def test_every_changed_digit_of_a_label_is_caught():
    drawings = {digit: picture(f"0.99{digit}") for digit in "0123456789"}
    for one, other in combinations(drawings, 2):
        assert block_rms(drawings[one], drawings[other]) > DEFAULT_RMS, (one, other)


@pytest.mark.parametrize("dpi", [72, 100, 150])
def test_a_moved_curve_is_caught_and_rounding_noise_is_not(dpi):
    drawn = picture(dpi=dpi)
    assert block_rms(drawn, picture(dpi=dpi, shift=0.005)) > DEFAULT_RMS
    assert block_rms(drawn, picture(dpi=dpi, scale=1 + 1e-6)) < DEFAULT_RMS


def test_the_mean_over_the_whole_picture_would_miss_a_digit():
    one, other = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(picture(label)))), dtype=float)
        for label in ("0.992", "0.993")
    )
    assert np.sqrt(((one - other) ** 2).mean()) < DEFAULT_RMS


def changed(stored: object, fresh: object, **asked: float) -> str:
    return "\n".join(differences([stored], [fresh], Tolerance.of(code("", nbval=asked))))


def test_a_picture_of_another_size_is_named():
    stored, fresh = (displayed(image_png=picture(dpi=dpi)) for dpi in (72, 73))
    expected = "output 1, picture changed its size: stored 288 x 216, fresh 292 x 219 pixels"
    assert changed(stored, fresh) == expected


def test_a_cell_can_allow_more_for_its_picture():
    stored, fresh = (displayed(image_png=picture(label)) for label in ("0.992", "0.993"))
    assert re.match(
        r"output 1, picture changed: block RMS \d+\.\d, allowed 8", changed(stored, fresh)
    )
    assert changed(stored, fresh, rms=200) == ""


def blurred(stored: str, fresh: str) -> str:
    outputs = [[displayed(image_png=drawn)] for drawn in (stored, fresh)]
    return "\n".join(differences(*outputs, Tolerance(is_blurred=True)))


@pytest.mark.slow
def test_blurred_letters_may_be_drawn_otherwise_but_not_a_curve():
    stored = picture(dpi=110)
    assert blurred(stored, picture("0.993", dpi=110)) == ""
    assert blurred(stored, picture(shift=0.003, dpi=110)) == ""
    found = blurred(stored, picture(shift=0.24, dpi=110))
    assert re.fullmatch(r"output 1, picture changed: blurred difference \d+\.\d, allowed 17", found)


def test_blurred_pictures_may_differ_in_size_by_a_hundredth():
    assert blurred_difference(picture(dpi=100), picture(dpi=101)) < LARGEST_BLURRED
    assert blurred_difference(picture(dpi=100), picture(dpi=102)) == math.inf


@pytest.mark.parametrize("kind", ["text_plain", "text_html", "image_svg+xml", "application_json"])
def test_a_changed_digit_is_named_in_every_other_kind_of_output(kind):
    stored, fresh = (displayed(**{kind: f"a\nb {number} c"}) for number in (93322, 93323))
    name = kind.replace("_", "/")
    expected = f"output 1, {name}, line 2\n  stored: b 93322 c\n  fresh:  b 93323 c"
    assert changed(stored, fresh) == expected


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("loss 0.1234567", "loss 0.1234569"),
        ("[1.  2.5e-7]", "[1.  2.500001e-7]"),
        ("  0.99999 |", " 1.00000001 |"),
    ],
)
def test_inexact_numbers_may_differ_where_a_cell_asks(stored, fresh):
    assert changed(printed(stored), printed(fresh), rtol=2e-5) == ""
    assert "stdout, line 1" in changed(printed(stored), printed(fresh))


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("93322 parameters", "93323 parameters"),
        ("loss 0.1234", "loss 0.1235"),
        ("loss 0.1234", "less 0.1234"),
        ("loss 1.0", "loss 1"),
        ("1.0 2.0", "1.0"),
        ("conv2d_1.5", "conv2d_2.5"),
        ("1.0\n", "1.0\n1.0\n"),
    ],
)
def test_everything_else_stays_exact_where_a_cell_asks_for_tolerance(stored, fresh):
    assert "stored: " in changed(printed(stored), printed(fresh), rtol=1e-5)


def test_missing_and_additional_outputs_are_named():
    one = [printed("a\n")]
    assert differences(one, []) == ["output 1 is missing: stdout 'a'"]
    assert differences([], one) == ["output 1 is not in the stored file: stdout 'a'"]


def test_an_output_of_another_kind_is_named():
    found = changed(displayed(text_plain="3"), displayed(text_html="3"))
    assert found == "output 1, stored: text/plain '3'\n  fresh:  text/html '3'"


def test_stderr_is_not_compared():
    assert differences([printed("a"), printed("I0000", "stderr")], [printed("a")]) == []


def test_a_difference_far_to_the_right_is_shown():
    found = changed(printed("x" * 1000 + "1"), printed("x" * 1000 + "2"))
    assert "x1\n" in found
    assert len(found) < 400


@pytest.mark.parametrize(
    "asked", [{"rtol": -1}, {"rms": "high"}, {"atol": 1e-5}, {"rtol": True}, {"is_blurred": 1}]
)
def test_only_positive_known_tolerances_can_be_asked_for(asked):
    ((name, value),) = asked.items()
    with pytest.raises(ValueError, match=re.escape(f"rtol or rms, got {name}={value!r}")):
        Tolerance.of(code("", nbval=asked))
