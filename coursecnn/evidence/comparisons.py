"""What runs say about which of two things, or of many, is better.

- `paired`: two recipes by the same seeds, the interval of their difference, and the verdict;
- `ranked`: many recipes by the same seeds, and the one difference from which on two of them differ;
- `ranked_by_places`: the same by the places that the recipes take, whatever the distances.

>>> print(paired(new=[0.84, 0.85, 0.86], old=[0.80, 0.82, 0.81]))
+0.040 ± 0.010 (3 pairs), 95 % interval +0.015 to +0.065: gain
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Difference", "Ranking", "Verdict", "paired", "ranked", "ranked_by_places"]

Verdict: TypeAlias = Literal["gain", "loss", "open"]
Values: TypeAlias = Sequence[float] | NDArray[np.float64]  # one per seed

CONFIDENCE = 0.95
FEWEST_PAIRS = 3


@dataclass(frozen=True)
class Difference:
    """The new minus the old, over pairs of runs that share a seed.

    Attributes:
        mean: of the differences.
        std: their standard deviation, divided by n - 1.
        low: the lower end of the confidence interval of the mean.
        high: its upper end.
        pairs: how many there are.
        confidence: of the interval.

    >>> Difference(0.02, std=0.01, low=-0.001, high=0.041, pairs=5).verdict
    'open'
    """

    mean: float
    std: float
    low: float
    high: float
    pairs: int
    confidence: float = CONFIDENCE

    @property
    def verdict(self) -> Verdict:
        """A gain if all of the interval is above zero, a loss if all of it is below, else open."""
        return "gain" if self.low > 0 else "loss" if self.high < 0 else "open"

    def __str__(self) -> str:
        places = max(0, math.ceil(-math.log10(self.std / 2))) if self.std else 4
        mean, low, high = (f"{v:+.{places}f}" for v in (self.mean, self.low, self.high))
        spread = f"{self.std:.{places}f}"
        interval = f"{100 * self.confidence:.0f} % interval {low} to {high}"
        return f"{mean} ± {spread} ({self.pairs} pairs), {interval}: {self.verdict}"


def paired(new: Values, old: Values, *, confidence: float = CONFIDENCE) -> Difference:
    """Compare two recipes, seed by seed, by Student's t interval of the mean difference.

    Args:
        new: one value per seed, more of which is better.
        old: as many, of the same seeds in the same order.
        confidence: of the interval.

    Raises:
        ValueError: if there are not as many of both, or fewer than three.

    Source: Student, The probable error of a mean, Biometrika 6, 1908.

    >>> paired(new=[3.0, 3.0, 3.0], old=[1.0, 2.0, 3.0]).verdict
    'open'
    """
    from scipy import stats  # takes longer to import than all the rest

    if len(new) != len(old) or len(new) < FEWEST_PAIRS:
        raise ValueError(
            f"new and old must have a value for each of the same seeds, at least {FEWEST_PAIRS}, "
            f"got {len(new)} and {len(old)}"
        )
    difference = np.subtract(new, old)
    mean, std = float(difference.mean()), float(difference.std(ddof=1))
    half = float(stats.t.ppf((1 + confidence) / 2, len(difference) - 1)) * std
    half /= math.sqrt(len(difference))
    return Difference(mean, std, mean - half, mean + half, len(difference), confidence)


@dataclass(frozen=True)
class Ranking:
    """Many recipes that ran by the same seeds.

    Attributes:
        means: of each recipe, of its values or of its places, the best first.
        critical_difference: two means that are further apart than this differ.
        seeds: how many runs each recipe has.

    >>> ranking = Ranking({"a": 0.9, "b": 0.88, "c": 0.8}, critical_difference=0.05, seeds=5)
    >>> ranking.differ("a", "b"), ranking.differ("a", "c")
    (False, True)
    >>> ranking.groups()
    (('a', 'b'), ('c',))
    """

    means: Mapping[str, float]
    critical_difference: float
    seeds: int

    def differ(self, one: str, other: str) -> bool:
        """Say whether the runs tell the two apart."""
        return abs(self.means[one] - self.means[other]) > self.critical_difference

    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the largest sets that the runs do not order, the best first.

        A recipe can be in several of them: that a and b cannot be told apart, nor b and c, does
        not say so of a and c.
        """
        names = list(self.means)
        sets: list[tuple[str, ...]] = []
        for place, best in enumerate(names):
            alike = tuple(name for name in names[place:] if not self.differ(best, name))
            if not sets or not set(alike) <= set(sets[-1]):
                sets.append(alike)
        return tuple(sets)


def ranked(values: Mapping[str, Sequence[float]], *, confidence: float = CONFIDENCE) -> Ranking:
    """Rank recipes by their means, with the critical difference of Tukey's test.

    With many recipes, some pairs differ by chance: the test keeps the chance that *any* pair is
    told apart wrongly at 1 - confidence. Seeds are its blocks: what one seed adds to all recipes is
    taken out first. It takes the spread to be the same for all of them.

    Args:
        values: of each recipe one value per seed, more of which is better; the same seeds in the
            same order for all.
        confidence: that no pair is told apart wrongly.

    Raises:
        ValueError: for fewer than two recipes, fewer than three seeds, or unequal numbers of them.

    Source: Tukey, The problem of multiple comparisons, 1953; with blocks, Montgomery, *Design and
    Analysis of Experiments*, Wiley 2017, section 4.1.

    >>> ranking = ranked({"old": [0.70, 0.72, 0.71], "new": [0.80, 0.83, 0.81]})
    >>> list(ranking.means), round(ranking.critical_difference, 3)
    (['new', 'old'], 0.014)
    """
    table = _table(values)
    recipes, seeds = table.shape
    freedom = (recipes - 1) * (seeds - 1)
    error = math.sqrt(float((_residuals(table) ** 2).sum()) / freedom / seeds)
    critical = _quantile(confidence, recipes, freedom) * error
    means = dict(zip(values, table.mean(axis=1).tolist(), strict=True))
    best_first = sorted(means, key=lambda name: means[name], reverse=True)
    return Ranking({name: means[name] for name in best_first}, critical, seeds)


def ranked_by_places(
    values: Mapping[str, Sequence[float]], *, confidence: float = CONFIDENCE
) -> Ranking:
    """Rank recipes by their mean places, with the critical difference of Nemenyi's test.

    In each seed the best recipe takes place 1, and equal ones share the mean of their places. How
    far apart the values lie does not count, so nothing is said about their distribution; with few
    seeds, few pairs can be told apart. The test belongs after that of Friedman, which says whether
    any of them differ: `scipy.stats.friedmanchisquare`.

    Args:
        values: as for `ranked`.
        confidence: that no pair is told apart wrongly.

    Raises:
        ValueError: as for `ranked`.

    Source: Demšar, Statistical comparisons of classifiers over multiple data sets, Journal of
    Machine Learning Research 7, 2006, section 3.2.2.

    >>> ranking = ranked_by_places({"old": [0.70, 0.72, 0.71], "new": [0.80, 0.83, 0.81]})
    >>> dict(ranking.means), round(ranking.critical_difference, 2)
    ({'new': 1.0, 'old': 2.0}, 1.13)
    """
    from scipy import stats

    table = _table(values)
    recipes, seeds = table.shape
    places = stats.rankdata(-table, axis=0).mean(axis=1).tolist()
    critical = _quantile(confidence, recipes, math.inf) / math.sqrt(2)
    critical *= math.sqrt(recipes * (recipes + 1) / (6 * seeds))
    means = sorted(zip(values, places, strict=True), key=lambda pair: pair[1])
    return Ranking(dict(means), critical, seeds)


def _table(values: Mapping[str, Sequence[float]]) -> NDArray[np.float64]:
    """Values of (recipes, seeds), if they can be ranked."""
    lengths = {name: len(runs) for name, runs in values.items()}
    if len(lengths) < 2 or set(lengths.values()) - {max(lengths.values())}:
        raise ValueError(f"values must have two recipes or more, of as many seeds, got {lengths}")
    table = np.array(list(values.values()), dtype=float)
    if table.shape[1] < FEWEST_PAIRS:
        raise ValueError(f"values must have at least {FEWEST_PAIRS} seeds, got {table.shape[1]}")
    return table


def _residuals(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is left of values of (recipes, seeds) without the part of each recipe and each seed."""
    recipes, seeds = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    return np.asarray(table - recipes - seeds + table.mean())


@cache  # it takes a tenth of a second
def _quantile(confidence: float, recipes: int, freedom: float) -> float:
    """Return the quantile of the studentized range."""
    from scipy import stats

    return float(stats.studentized_range.ppf(confidence, recipes, freedom))
