"""The likelihood ratio, on which the strongest tests rest: how much likelier numbers are with a device than without."""

import numpy as np

from shoal._arrays import Float64
from shoal.privacy.mechanism import ONE, Mechanism


def log_likelihood(left: Float64, added: Float64, mechanism: Mechanism) -> Float64:
    """Logarithm of how much likelier each of `left` is as noise around `added` than as noise around 0.

    left   float64[n]  what is left of published numbers without everybody else, in contributions
    added  float64[n]  what the device adds to them where it is in
    """
    scale = mechanism.scale / ONE
    if mechanism.kind == "laplace":
        return np.asarray((np.abs(left) - np.abs(left - added)) / scale)
    return np.asarray(added * (left - added / 2) / scale**2)
