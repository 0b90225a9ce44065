"""Rates with exact intervals: how often an attack was right, and what that says at least and at most."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import ndtri
from scipy.stats import beta, binom, rankdata

from shoal._arrays import Float64


@dataclass(frozen=True)
class Rate:
    """A share, and the interval that holds the true one 95 times in 100."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return {"value": round(self.value, 5), "low": round(self.low, 5), "high": round(self.high, 5)}


def rate(hits: int, trials: int, level: float = 0.05) -> Rate:
    """Hits among trials, with the exact two-sided interval (Clopper & Pearson 1934); of no trial nothing is known."""
    if trials == 0:
        return Rate(0.0, 0.0, 1.0)
    return Rate(hits / trials, least(hits, trials, level / 2), most(hits, trials, level / 2))


def auc(inside: Float64, outside: Float64, level: float = 0.05) -> Rate:
    """Chance that a device that is in has a higher score than one that is not; equal scores count half.

    The interval is one that holds for any distribution: the variance of the estimate is at most
    auc (1 - auc) / min(n, m) (Birnbaum & Klose 1957), and the estimate is asymptotically normal; where no pair is
    out of order, the exact bound of the smaller number of scores. Where one side has no score nothing is known.
    """
    n, m = inside.size, outside.size
    if n == 0 or m == 0:
        return Rate(0.5, 0.0, 1.0)
    ranks = rankdata(np.concatenate([inside, outside]))[:n].sum()
    value = float((ranks - n * (n + 1) / 2) / (n * m))
    few = min(n, m)
    z = float(ndtri(1 - level / 2))
    centre = (value + z**2 / (2 * few)) / (1 + z**2 / few)  # Wilson 1927: solves for the variance of the true value
    half = z / (1 + z**2 / few) * sqrt(value * (1 - value) / few + z**2 / (4 * few**2))
    return Rate(value, max(0.0, centre - half), min(1.0, centre + half))


def found_at(inside: Float64, outside: Float64, alarms: float, level: float = 0.05) -> Rate:
    """Share of devices inside whose score is above all but a share `alarms` of the outside ones; exact interval."""
    above = float(np.sort(outside)[::-1][min(outside.size - 1, int(alarms * outside.size))])
    return rate(int((inside > above).sum()), inside.size, level)


def curve(inside: Float64, outside: Float64) -> tuple[Float64, Float64]:
    """False alarms and devices found at every threshold, from none to all: float64[k] each, ascending.

    Where one side has no score: the line of guessing.
    """
    if inside.size == 0 or outside.size == 0:
        return np.array([0.0, 1.0]), np.array([0.0, 1.0])
    thresholds = np.unique(np.concatenate([inside, outside]))[::-1]
    found = 1 - np.searchsorted(np.sort(inside), thresholds, side="left") / inside.size
    alarms = 1 - np.searchsorted(np.sort(outside), thresholds, side="left") / outside.size
    return np.concatenate([[0.0], alarms]), np.concatenate([[0.0], found])


def least(hits: int, trials: int, level: float) -> float:
    """One-sided lower bound of a share at confidence 1 - level (Clopper & Pearson 1934)."""
    return 0.0 if hits == 0 else float(beta.ppf(level, hits, trials - hits + 1))


def most(hits: int, trials: int, level: float) -> float:
    """One-sided upper bound."""
    return 1.0 if hits == trials else float(beta.ppf(1 - level, hits + 1, trials - hits))


def tail(hits: int, trials: int, share: float) -> float:
    """Chance of so many hits or more where each comes with chance `share`."""
    return float(binom.sf(hits - 1, trials, share))


def least_mu(right: int, trials: int, level: float) -> float:
    """Least mu that so many right guesses about fair coins prove: guesses are right with chance Phi(mu / 2) at most.

    Dong, Roth & Su 2022: the sum of both errors of a test is at least 2 Phi(-mu / 2).
    """
    return max(0.0, 2 * float(ndtri(least(right, trials, level))))
