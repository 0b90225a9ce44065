"""What zones have in common over time, told from noise: one zone's hours are learnt from all zones' hours."""

import numpy as np

from shoal._arrays import Float64

FEWEST = 4
"""Columns below which there is next to nothing to learn from."""
SURPRISING = 4.5
"""Standard deviations of its noise by which a number must differ from what is common, to stand as it was measured."""


def smoothed(values: Float64, noise: float) -> Float64:
    """The numbers, drawn towards what a few common patterns over the columns explain; float64[n, m].

    values  float64[n, m]  n places, m times (and classes), with independent noise
    noise   its standard deviation, the same for all

    Rule    singular values are shrunk as is best for the sum of squares when noise of this size lies over a matrix of
            few patterns; those that noise alone would show are dropped. Nothing is taken that noise does not explain: a
            number that differs from its smoothed value by more than `SURPRISING` standard deviations stays as it was
            measured, so that a single event is not smoothed away.
    Source  Gavish & Donoho 2017, "Optimal shrinkage of singular values", equation 7 (Frobenius loss).
    Cost    n m min(n, m) steps.
    """
    n, m = values.shape
    if min(n, m) < FEWEST or noise <= 0:
        return values
    if n < m:
        return np.ascontiguousarray(smoothed(np.ascontiguousarray(values.T), noise).T)
    left, singular, right = np.linalg.svd(values, full_matrices=False)
    beta, y = m / n, singular / (noise * n**0.5)
    inside = np.where(y > 1 + beta**0.5, (y**2 - beta - 1) ** 2 - 4 * beta, 0.0)
    shrunk = np.sqrt(np.maximum(inside, 0.0)) / np.maximum(y, 1e-300) * (noise * n**0.5)
    common = (left * shrunk) @ right
    return np.where(np.abs(values - common) > SURPRISING * noise, values, common)
