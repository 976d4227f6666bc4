"""What is better by its runs: against SciPy's tests, and against chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coursecnn.evidence import comparisons
from coursecnn.evidence.comparisons import Ranking, paired, ranked, ranked_by_places

accuracies = st.lists(st.floats(0, 1), min_size=3, max_size=12)


@given(st.data(), accuracies)
def test_the_interval_is_that_of_scipys_paired_test(data, old):
    new = data.draw(st.lists(st.floats(0, 1), min_size=len(old), max_size=len(old)))
    if np.std(np.subtract(new, old)) < 1e-6:
        return
    found = paired(new, old)
    expected = stats.ttest_rel(new, old).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-9, abs=1e-12)
    assert paired(old, new).low == pytest.approx(-found.high)


@given(accuracies)
def test_a_verdict_says_on_which_side_of_zero_the_interval_is(old):
    new = np.array(old) + np.linspace(0.1, 0.2, len(old))
    assert paired(new, old).verdict == "gain"
    assert paired(old, new).verdict == "loss"
    assert paired(old, old[::-1]).verdict == "open"  # the mean difference is none


@pytest.mark.slow
@given(st.data(), accuracies)
def test_of_two_recipes_the_ranking_says_what_their_pairs_say(data, old):
    """Of two, the studentized range is Student's t times the root of two."""
    new = data.draw(st.lists(st.floats(0, 1), min_size=len(old), max_size=len(old)))
    difference = paired(new, old)
    ranking = ranked({"new": new, "old": old})
    half = (difference.high - difference.low) / 2
    assert ranking.critical_difference == pytest.approx(half, rel=1e-3, abs=1e-9)


def test_equal_recipes_are_told_apart_in_one_experiment_of_twenty():
    draws = np.random.default_rng(0).normal(size=(400, 6, 5))
    seeds = np.random.default_rng(1).normal(0, 10, size=(400, 1, 5))  # what a seed adds to all
    names = "abcdef"
    wrong = sum(
        len(ranked(dict(zip(names, rows, strict=True))).groups()) > 1 for rows in draws + seeds
    )
    assert stats.binomtest(wrong, 400, 1 - comparisons.CONFIDENCE).pvalue > 0.01


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0, 0.5))
def test_groups_hold_all_pairs_that_are_not_told_apart_and_no_other(means, critical):
    names = {f"arm{n}": mean for n, mean in enumerate(sorted(means, reverse=True))}
    ranking = Ranking(names, critical, seeds=5)
    together = {(a, b) for group in ranking.groups() for a in group for b in group}
    assert {name for name, _ in together} == set(names)
    for a in names:
        for b in names:
            assert a == b or ((a, b) in together) == (not ranking.differ(a, b))


# Demšar 2006, table 6: the AUC of C4.5 with m and cf tuned or not, on 14 data sets. On the last but
# one he ranks two apart, as second and third, that round to the same 0.975.
DEMSAR = {
    "C4.5": [763, 599, 954, 628, 882, 936, 661, 583, 775, 1000, 940, 619, 972, 957],
    "C4.5+m": [768, 591, 971, 661, 888, 931, 668, 583, 838, 1000, 962, 666, 981, 978],
    "C4.5+cf": [771, 590, 968, 654, 886, 916, 609, 563, 866, 1000, 965, 614, 975.1, 946],
    "C4.5+m+cf": [798, 569, 967, 657, 898, 931, 685, 625, 875, 1000, 962, 669, 975, 970],
}


def test_places_are_those_of_the_example_that_demsar_prints():
    ranking = ranked_by_places(DEMSAR)
    printed = {"C4.5+m+cf": 1.964, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5": 3.143}
    assert {name: round(place, 3) for name, place in ranking.means.items()} == printed
    assert list(ranking.means) == list(printed)
    assert ranking.critical_difference == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), rel=1e-3)
    assert ranked_by_places(DEMSAR, confidence=0.9).critical_difference == pytest.approx(
        1.12, abs=0.005
    )


# The same, table 5a: critical values of Nemenyi's test at 0.05, by the number of classifiers.
NEMENYI = (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164)


@pytest.mark.parametrize(("recipes", "printed"), list(enumerate(NEMENYI, start=2)))
def test_critical_values_are_those_that_demsar_prints(recipes, printed):
    draws = np.random.default_rng(0).random((recipes, 6))
    ranking = ranked_by_places({str(number): row for number, row in enumerate(draws)})
    unit = np.sqrt(recipes * (recipes + 1) / (6 * 6))
    assert ranking.critical_difference / unit == pytest.approx(printed, abs=1e-3)


@given(st.lists(accuracies, min_size=3, max_size=6))
def test_mean_places_say_what_friedmans_test_of_scipy_is_made_of(rows):
    seeds = min(map(len, rows))
    table = np.array([row[:seeds] for row in rows]) + np.arange(len(rows))[:, None] * 1e-3
    table[0] = 2  # somebody is best: with all equal, Friedman's statistic is not defined
    if any(len(set(column)) < len(rows) for column in table.T):
        return  # he corrects for ties, which the plain sum below does not
    places = ranked_by_places(dict(zip("abcdef", table, strict=False))).means
    count = len(rows)
    spread = sum(place**2 for place in places.values()) - count * (count + 1) ** 2 / 4
    expected = 12 * seeds / (count * (count + 1)) * spread
    assert stats.friedmanchisquare(*table).statistic == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("new", "old"), [([0.5, 0.6], [0.4, 0.5]), ([0.5] * 4, [0.4] * 5)])
def test_what_are_no_pairs_is_refused(new, old):
    with pytest.raises(ValueError, match=f"at least 3, got {len(new)} and {len(old)}"):
        paired(new, old)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"a": [0.1, 0.2, 0.3]}, "two recipes or more"),
        ({"a": [0.1, 0.2, 0.3], "b": [0.1, 0.2]}, "of as many seeds"),
        ({"a": [0.1, 0.2], "b": [0.1, 0.2]}, "at least 3 seeds, got 2"),
    ],
)
def test_what_cannot_be_ranked_is_refused(values, reason):
    for rank in (ranked, ranked_by_places):
        with pytest.raises(ValueError, match=reason):
            rank(values)
