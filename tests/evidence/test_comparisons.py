"""What is better by its runs: against SciPy's tests, and against chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coursecnn.evidence import comparisons
from coursecnn.evidence.comparisons import Ranking, paired, ranked

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
    with pytest.raises(ValueError, match=reason):
        ranked(values)
