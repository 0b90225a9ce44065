"""Quantiles of a quantity from noisy counts by class, with intervals."""

from collections.abc import Sequence

import numpy as np

from shoal._arrays import Bool, Float64
from shoal.estimate.ratio import Interval


def quantile(
    counts: Float64, consistent: Float64, variance: Float64 | float, edges: Sequence[float], share: float, z: float
) -> Interval:
    """The quantile of n histograms, taken as if a class were filled evenly.

    counts      float64[n, k]  unbiased, with independent noise
    consistent  float64[n, k]  the same people without negative counts: gives the value
    variance    of the noise of one count, of all alike or float64[n]
    edges       k, ascending: where each class begins; the last has no end
    share       of the people who are below: 0.5 for the median
    z           standard deviations in half a 95 % interval of the noise
    returns     in the unit of the edges; infinite within the last class; NaN where nobody is counted

    Rule    below x are sum(a_i(x) count_i) people, a_i(x) the part of class i that lies below x. x belongs to the
            interval where sum((a_i(x) - share) count_i) is within z of its own standard deviation of 0: exact for
            normal noise. The interval goes from the least such x to the largest, so it holds at least as often as said.
    Source  the inversion of a test, as Fieller's for ratios (`estimate.ratio`); Woodruff 1952, "Confidence intervals
            for medians and other position measures".
    """
    n, k = counts.shape
    lower, upper = np.full(n, np.inf), np.full(n, -np.inf)
    limit = np.broadcast_to(np.float64(z * z * np.asarray(variance)), n)
    before = -share * counts.sum(axis=1)  # of D(x) = sum((a_i(x) - share) count_i) at the beginning of the class
    for i in range(k):
        full, empty = (1 - share) ** 2, share**2
        others = i * full + (k - i - 1) * empty  # sum of (a_j - share)^2 over the other classes
        first, last = _inside(before, counts[:, i], limit, others, share)
        low, high = edges[i], edges[i + 1] if i + 1 < k else np.inf
        found = ~np.isnan(first)
        lower[found] = np.minimum(lower[found], _place(low, high, first[found], low))
        upper[found] = np.maximum(upper[found], _place(low, high, last[found], high))
        before = before + counts[:, i]
    value = _value(consistent, edges, share)
    return Interval(value, np.fmin(lower, value), np.fmax(upper, value))


def _inside(before: Float64, count: Float64, limit: Float64, others: float, share: float) -> tuple[Float64, Float64]:
    """First and last t in [0, 1] with (before + count t)^2 <= limit (others + (t - share)^2); NaN: there is none."""
    square = count * count - limit
    linear = 2 * before * count + 2 * limit * share
    constant = before * before - limit * (others + share * share)

    def holds(t: float) -> Bool:
        return square * t * t + linear * t + constant <= 0

    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(linear * linear - 4 * square * constant)  # NaN: no root, one sign throughout
        ends = np.stack([(-linear - root) / (2 * square), (-linear + root) / (2 * square)])
    ends = np.where((ends >= 0) & (ends <= 1), ends, np.nan)
    first = np.where(holds(0.0), 0.0, np.fmin(ends[0], ends[1]))
    last = np.where(holds(1.0), 1.0, np.fmax(ends[0], ends[1]))
    return first, last


def _place(low: float, high: float, t: Float64, open_: float) -> Float64:
    """Where t of a class lies; in the class without an end all of it is `open_`."""
    return np.full(t.size, open_) if np.isinf(high) else low + t * (high - low)


def _value(consistent: Float64, edges: Sequence[float], share: float) -> Float64:
    """The quantile of counts that are not negative."""
    total = consistent.sum(axis=1)
    reached = np.cumsum(consistent, axis=1)
    wanted = share * total
    at = (reached < wanted[:, None]).sum(axis=1).clip(max=consistent.shape[1] - 1)
    rows = np.arange(at.size)
    inside = consistent[rows, at]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(inside > 0, 1 - (reached[rows, at] - wanted) / inside, 1.0)
    starts, ends = np.array(edges, dtype=np.float64), np.array([*edges[1:], np.inf])
    value = np.where(
        np.isinf(ends[at]), np.inf, starts[at] + t * np.where(np.isinf(ends[at]), 0, ends[at] - starts[at])
    )
    return np.where(total > 0, value, np.nan)
