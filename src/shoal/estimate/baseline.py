"""Baselines: medians of noisy numbers, and how far off noise may take them."""

from statistics import NormalDist

import numpy as np

from shoal._arrays import Float64, Int64
from shoal.estimate.ratio import Interval, ratio
from shoal.privacy.mechanism import NORMAL_95


def widening(number: Int64) -> Float64:
    """By how much the 95 % interval of a median of `number` values (int64[n], 1 or more) is wider than that of one.

    Rule    The median of k noisy values is t too high only if one of the k // 2 + 1 lowest true values was measured t
            too high; where the others lie far above, any of them decides. So each side gets 2.5 % over k // 2 + 1.
            Where the true values are alike the median is better than that, and the interval holds more often.
    Source  a union bound (Bonferroni); see tests/estimate/test_baseline.py for how often it holds.
    """
    deciding = number // 2 + 1
    known = {int(k): NormalDist().inv_cdf(1 - 0.025 / int(k)) / NORMAL_95 for k in np.unique(deciding)}
    return np.array([known[int(k)] for k in deciding], dtype=np.float64)


def change(
    a: Float64, var: Float64 | float, median: Float64, number: Int64, var_each: Float64 | float, z: float
) -> Interval:
    """a / median - 1 of n noisy numbers against the medians of `number` earlier ones each.

    var, var_each  of the noise of `a` and of each earlier number
    z              standard deviations in half a 95 % interval of the noise
    """
    found = ratio(a, median, var, 0.0, var_each * widening(number) ** 2, z)
    return Interval(found.value - 1, found.lower - 1, found.upper - 1)
