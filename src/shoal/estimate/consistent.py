"""The consistent column: never negative, and adding up to the unbiased total."""

import numpy as np

from shoal._arrays import Float64


def consistent(estimate: Float64) -> Float64:
    """The nearest non-negative values with the same total, for each time bin.

    estimate  float64[places, bins]  unbiased, may be negative
    returns   float64[places, bins]  at least 0; a bin adds up to its estimates' sum, or to 0 where that is negative

    Setting negatives to 0 and adding up would turn noise into people: with thousands of empty cells the total doubles.
    The Euclidean projection onto the simplex (Duchi, Shalev-Shwartz, Singer & Chandra 2008, figure 1) takes from all
    cells alike until nothing is negative and the total is as measured.
    """
    places, bins = estimate.shape
    if places == 0:
        return estimate.copy()
    total = np.maximum(estimate.sum(axis=0), 0.0)
    result = np.empty_like(estimate)
    rank = np.arange(1, places + 1)
    for bin_ in range(bins):  # one bin at a time: the sorted copy stays small
        column = estimate[:, bin_]
        descending = np.sort(column)[::-1]
        excess = (np.cumsum(descending) - total[bin_]) / rank
        last = np.flatnonzero(descending > excess)
        shift = excess[last[-1]] if last.size else descending[0]
        result[:, bin_] = np.maximum(column - shift, 0.0)
    return result
