"""Numbers that noise does not explain."""

import numpy as np

from shoal._arrays import Bool, Float64
from shoal.estimate.gravity import Pairs, said_by_others

EVEN = 0.1
"""Of all trust so much is spread evenly, so that no number is ruled out: one of which others say nothing stands out
where its tail is a tenth of what it would have to be without trust."""
SURE = 3.0
"""Standard deviations of the noise beyond which more needs no more trust."""


def stand_out(
    estimate: Float64, stderr: Float64, share: float = 0.01, *, laplace: bool = False, trust: Float64 | None = None
) -> Bool:
    """Which numbers are above 0 beyond what noise explains, with a false discovery rate of at most `share`.

    estimate, stderr  float64[n]  unbiased numbers and the standard deviation of the noise in each
    share             of the numbers that are chosen, those whose truth is 0: at most so many, on average
    laplace           whether the noise is Laplace; otherwise it is Gaussian. Of sums of both take Laplace: its tail is
                      the longer one
    returns           bool[n]

    Rule    Benjamini & Hochberg (1995), theorem 1, with one-sided tails: of the tails in ascending order the k-th
            stands out where one at or after it is at most share * k / n. It holds for independent noise, and for noise
            that is positively dependent (Benjamini & Yekutieli 2001). A tail is divided by its trust before (Genovese,
            Roeder & Wasserman 2006, "False discovery control with p-value weighting", theorem 1).
    """
    from scipy.special import ndtr

    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1, got {share:g}")
    n = estimate.size
    deviations = estimate / stderr
    tail = np.where(deviations > 0, np.exp(-np.sqrt(2) * deviations) / 2, 1.0) if laplace else ndtr(-deviations)
    if trust is not None:
        tail = np.minimum(np.divide(tail, trust, out=np.ones_like(tail), where=trust > 0), 1.0)
    ascending = np.sort(tail)
    within = np.flatnonzero(ascending <= share * np.arange(1, n + 1) / max(1, n))
    if not within.size:
        return np.zeros(n, dtype=np.bool_)
    return np.asarray(tail <= ascending[within[-1]])


def pairs_standing_out(
    pairs: Pairs, estimate: Float64, stderr: Float64, share: float = 0.01, *, laplace: bool = False
) -> Bool:
    """The same of pairs of zones, where those are believed first of which all others say that they are large.

    estimate, stderr  float64[p, m]  at m times; all pairs that were measured
    returns           bool[p, m]

    Of a number whose truth is 0 bounding took nothing, so its error is noise alone: that of the smallest numbers
    between the same regions at the same time, which were multiplied by the same factor (`estimate.correction`).
    """
    group = np.zeros_like(pairs.first) if pairs.group is None else pairs.group
    least = np.full((1 + int(group.max(initial=0)), estimate.shape[1]), np.inf)
    np.minimum.at(least, group, stderr)
    noise = least[group]
    trust = trusted(said_by_others(pairs, estimate, noise).ravel(), noise.ravel())
    found = stand_out(estimate.ravel(), noise.ravel(), share, laplace=laplace, trust=trust)
    return np.asarray(found.reshape(estimate.shape))


def trusted(said: Float64, stderr: Float64) -> Float64:
    """How much numbers may be believed, given what others say of them: float64[n], 1 on average, for `stand_out`.

    said  float64[n], 0 or more: what to expect of each number, known without it

    A tenth of it is spread evenly, the rest by the cube of what is said, up to `SURE` standard deviations: which power
    and end find most was tried on simulated flows. The share of false rows holds whatever they are.
    """
    strength = np.minimum(said / stderr, SURE) ** 3
    mean = float(strength.mean()) if strength.size else 0.0
    return np.ones(strength.size) if mean <= 0 else EVEN + (1 - EVEN) * strength / mean
