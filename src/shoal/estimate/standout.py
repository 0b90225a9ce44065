"""Numbers that noise does not explain."""

import numpy as np

from shoal._arrays import Bool, Float64


def stand_out(estimate: Float64, stderr: Float64, share: float = 0.01, *, laplace: bool = False) -> Bool:
    """Which numbers are above 0 beyond what noise explains, with a false discovery rate of at most `share`.

    estimate, stderr  float64[n]  unbiased numbers and the standard deviation of the noise in each
    share             of the numbers that are chosen, those whose truth is 0: at most so many, on average
    laplace           whether the noise is Laplace; otherwise it is Gaussian. Of sums of both take Laplace: its tail is
                      the longer one
    returns           bool[n]

    Rule    Benjamini & Hochberg (1995), theorem 1, with one-sided tails: of the tails in ascending order the k-th
            stands out where one at or after it is at most share * k / n. It holds for independent noise, and for noise
            that is positively dependent (Benjamini & Yekutieli 2001).
    """
    from scipy.special import ndtr

    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1, got {share:g}")
    n = estimate.size
    deviations = estimate / stderr
    tail = np.where(deviations > 0, np.exp(-np.sqrt(2) * deviations) / 2, 1.0) if laplace else ndtr(-deviations)
    ascending = np.sort(tail)
    within = np.flatnonzero(ascending <= share * np.arange(1, n + 1) / max(1, n))
    if not within.size:
        return np.zeros(n, dtype=np.bool_)
    return np.asarray(tail <= ascending[within[-1]])
