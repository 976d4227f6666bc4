"""What the exercise with an own rung makes of an answer, and the counts of mended images."""

import numpy as np
import pytest

from coursecnn.evidence import records
from coursecnn.exercises import faster

BELOW = [100 * value for value in records.read(faster.BASE).values("validation_accuracy")]


def above(*points):
    """Accuracies that lie this many points above those of the rung below."""
    return [old + more for old, more in zip(BELOW, points, strict=False)]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ((above(1.0, 1.1, 0.9), "gain"), "right"),
        ((tuple(above(-1.0, -1.1, -0.9)), "loss"), "right"),
        ((np.array(above(1.0, -1.1, 0.9)), "open"), "right"),
        ((above(1.0, 1.1, 0.9), "open"), "verdict"),
        ((above(1.0, 1.1), "gain"), "number"),
        (([*BELOW, 80.0], "open"), "number"),
        (([[80.0]], "open"), "number"),
        (([old / 100 for old in BELOW], "loss"), "scale"),
        (([float("nan")] * 3, "open"), "scale"),
        ((["high", "low", "high"], "open"), "form"),
        ((BELOW, 1), "form"),
        (BELOW, "form"),
        ("gain", "form"),
    ],
)
def test_an_own_rung_is_judged_by_the_paired_runs_below_it(answer, status):
    assert faster.own_rung(answer) == status


def test_an_image_is_mended_if_only_the_mean_is_right_and_spoiled_if_only_the_plain_answer_is():
    plain = np.array([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9], [0.9, 0.1]])
    mirrored = np.array([[0.1, 0.9], [0.9, 0.1], [0.0, 1.0], [0.9, 0.1]])
    assert faster.mended_and_spoiled(plain, mirrored, np.array([1, 1, 1, 1])) == (1, 0)
    assert faster.mended_and_spoiled(plain, mirrored, np.array([0, 0, 0, 0])) == (0, 1)
