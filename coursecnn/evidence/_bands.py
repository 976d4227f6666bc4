"""Where one further run of a recipe is expected to land.

>>> band = Band.over([0.9901, 0.9893, 0.9911])
>>> print(band)
0.9902 ± 0.0009 (3 runs), next run expected in 0.9798 to 1.0005
>>> band.within(0.987)
True
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["CONFIDENCE", "FEWEST_RUNS", "WIDEST", "Band", "possible"]

CONFIDENCE = 0.99
FEWEST_RUNS = 3
WIDEST = 0.10  # ten points of accuracy: a wider band says nothing that a claim could fail at


@dataclass(frozen=True)
class Band:
    """Where one further run of the same recipe is expected to land.

    For n runs with mean m and standard deviation s (divided by n - 1), the 99 % prediction
    interval for a single further value drawn from the same normal distribution is
    m ± t · s · sqrt(1 + 1/n), with t the 0.995 quantile of Student's t with n - 1 degrees of
    freedom. It is wider than the confidence interval of the mean, and wide when n is small.
    Over many records, one further value in a hundred falls outside of its band. That is an average:
    a single band over few runs may miss far more often; and among the many values of a run that
    `records.compare` looks at, some value falls outside in more than one run of a hundred.

    A band that reaches beyond what is possible, such as an accuracy above 1, or that is wider than
    `widest`, could hardly have been missed: it has no power, and says so.

    Source: Hahn and Meeker, *Statistical Intervals*, Wiley 1991, chapter 4.
    """

    low: float
    high: float
    mean: float
    std: float
    n: int
    possible: tuple[float, float] = (-math.inf, math.inf)
    widest: float = math.inf

    @classmethod
    def over(
        cls, values: Sequence[float], confidence: float = CONFIDENCE, metric: str = ""
    ) -> Band:
        """Compute the band over one value per run.

        Args:
            values: one per run.
            confidence: the chance that a further run lands inside, averaged over such bands.
            metric: what the values are, such as `"test_accuracy"`, from which it is known which
                values are possible.

        Raises:
            ValueError: for fewer than three values, whose spread says next to nothing.

        >>> print(Band.over([0.97, 0.98, 0.99], metric="test_accuracy"))
        0.980 ± 0.010 (3 runs), next run expected in 0.865 to 1.095: no power
        """
        from scipy import stats  # takes longer to import than all the rest

        n = len(values)
        if n < FEWEST_RUNS:
            raise ValueError(f"a band needs at least {FEWEST_RUNS} runs, got {n}: {list(values)}")
        mean, std = float(np.mean(values)), float(np.std(values, ddof=1))
        quantile = float(stats.t.ppf((1 + confidence) / 2, n - 1))
        half = quantile * std * math.sqrt(1 + 1 / n)
        return cls(mean - half, mean + half, mean, std, n, *possible(metric))

    @property
    def has_power(self) -> bool:
        """Whether a further run could be told from what is merely possible."""
        floor, ceiling = self.possible
        return floor <= self.low and self.high <= ceiling and self.high - self.low <= self.widest

    def within(self, value: float) -> bool:
        """Tell whether `value` lies inside the band, its edges included."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        # One significant digit of the spread, two when it begins with a 1.
        places = max(0, math.ceil(-math.log10(self.std / 2))) if self.std else 4
        mean, std, low, high = (
            f"{value:.{places}f}" for value in (self.mean, self.std, self.low, self.high)
        )
        expected = f"{mean} ± {std} ({self.n} runs), next run expected in {low} to {high}"
        return expected if self.has_power else f"{expected}: no power"


def possible(metric: str) -> tuple[tuple[float, float], float]:
    """Return which values a metric can have, and how wide a band of it may be.

    >>> possible("test_loss")
    ((0.0, inf), inf)
    """
    if metric.endswith("accuracy"):
        return (0.0, 1.0), WIDEST
    return ((0.0, math.inf) if metric.endswith("loss") else (-math.inf, math.inf)), math.inf
