"""Bands: where a further run is expected, and whether it could have missed."""

import numpy as np
import pytest
from scipy import stats

from coursecnn.evidence import _bands as bands
from coursecnn.evidence import ledger
from coursecnn.evidence.records import Band


def test_the_band_by_hand():
    """Values 1, 2, 3: mean 2, s = 1, t(0.995, 2) = 9.925 (any t table), sqrt(1 + 1/3) = 1.1547."""
    band = Band.over([1.0, 2.0, 3.0])

    assert (band.mean, band.std, band.n) == (2.0, 1.0, 3)
    assert band.high - band.mean == pytest.approx(9.925 * 1.1547, rel=1e-4)
    assert band.mean - band.low == pytest.approx(9.925 * 1.1547, rel=1e-4)


def test_the_band_holds_ninety_nine_of_a_hundred_further_runs():
    draws = np.random.default_rng(0).normal(size=(20_000, 6))
    inside = sum(Band.over(row[:5]).within(row[5]) for row in draws[:2_000])

    assert stats.binomtest(inside, 2_000, bands.CONFIDENCE).pvalue > 0.01


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_band_over_too_few_runs_is_refused(n):
    with pytest.raises(ValueError, match=f"a band needs at least 3 runs, got {n}"):
        Band.over([0.5] * n)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            [0.9901, 0.9893, 0.9911],
            "0.9902 ± 0.0009 (3 runs), next run expected in 0.9798 to 1.0005",
        ),
        ([10.0, 12.0, 14.0], "12 ± 2 (3 runs), next run expected in -11 to 35"),
        ([0.5, 0.5, 0.5], "0.5000 ± 0.0000 (3 runs), next run expected in 0.5000 to 0.5000"),
    ],
)
def test_a_band_prints_as_many_places_as_its_spread_allows(values, text):
    assert str(Band.over(values)) == text


@pytest.mark.parametrize(
    ("values", "metric", "has_power"),
    [
        ([0.90, 0.901, 0.902], "test_accuracy", True),
        ([0.99, 0.991, 0.992], "test_accuracy", False),  # up to 1.0025
        ([0.01, 0.012, 0.014], "accuracy", False),  # below 0
        ([0.500, 0.505, 0.510], "accuracy", False),  # more than ten points wide
        ([0.500, 0.504, 0.508], "validation_accuracy", True),  # 9.2 points
        ([0.05, 0.06, 0.07], "test_loss", False),  # below 0
        ([1.0, 1.05, 1.1], "loss", True),
        ([-1.0, 0.0, 1.0], "seconds", True),  # of which nothing is known
    ],
)
def test_a_band_of_what_is_impossible_or_of_ten_points_has_no_power(values, metric, has_power):
    band = Band.over(values, metric=metric)

    assert band.has_power == has_power
    assert str(band).endswith(": no power") != has_power


def test_a_printed_number_in_a_band_without_power_is_not_reproduced():
    key = "mnist.test_accuracy"  # 0.987
    narrow, wide = ([0.986, 0.987, 0.988], [0.95, 0.98, 0.99])
    elsewhere = [0.90, 0.95, 0.85]

    verdicts = [
        ledger.judge(key, Band.over(values, metric="test_accuracy")).verdict
        for values in (narrow, wide, np.subtract(elsewhere, 0.8))
    ]

    assert verdicts == ["reproduced", "no power", "not reproduced"]
