"""Ratios of noisy numbers, with intervals that hold also where the divisor is little more than noise."""

from typing import NamedTuple

import numpy as np

from shoal._arrays import Float64


class Interval(NamedTuple):
    """A value and its 95 % interval, float64[n] each; without an end on a side: infinite; unknown value: NaN."""

    value: Float64
    lower: Float64
    upper: Float64


def ratio(
    a: Float64, b: Float64, var_a: Float64 | float, cov: Float64 | float, var_b: Float64 | float, z: float
) -> Interval:
    """a / b of n pairs of noisy numbers, where b stands for something that is not negative.

    var_a, cov, var_b  of their noise, float64[n] or what numpy makes that of
    z                  standard deviations in half a 95 % interval of the noise

    Rule    r belongs to the interval where a - r b is within z of its own standard deviation of 0: exact for normal
            noise, as a - r b is normal whatever the true numbers are. Where b is within z of 0, every ratio may be
            true, and the interval has no ends.
    Source  Fieller 1954, "Some problems in interval estimation".
    """
    var_a, cov, var_b = (np.broadcast_to(np.float64(part), a.shape) for part in (var_a, cov, var_b))
    square = b * b - z * z * var_b
    middle = a * b - z * z * cov
    known = (square > 0) & (b > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.sqrt(np.maximum(0.0, middle * middle - square * (a * a - z * z * var_a)))
        value = np.where(b > 0, a / b, np.nan)
        lower = np.where(known, (middle - reach) / square, -np.inf)
        upper = np.where(known, (middle + reach) / square, np.inf)
    return Interval(value, lower, upper)
