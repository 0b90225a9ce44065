"""Discrete noise for the peers, in counts: OpenDP's for what is published here, NumPy's where limits are only tried."""

from collections.abc import Callable
from fractions import Fraction
from math import sqrt
from typing import Literal

import numpy as np

from benchmarks.accuracy._case import Float64

Kind = Literal["gaussian", "laplace"]
Noise = Callable[[Float64, Kind, float, np.random.Generator], Float64]
"""(whole values, kind, scale, generator) -> values with noise."""


def by_opendp(values: Float64, kind: Kind, scale: float, _: np.random.Generator) -> Float64:
    """OpenDP's exact discrete Gaussian or Laplace, which have no seed."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    if kind == "gaussian":
        draw = dp.m.make_gaussian(domain, dp.l2_distance(T="i64"), scale=scale)
    else:
        draw = dp.m.make_laplace(domain, dp.l1_distance(T="i64"), scale=scale)
    return np.asarray(draw(values.astype(np.int64)), dtype=np.float64)


def by_numpy(values: Float64, kind: Kind, scale: float, rng: np.random.Generator) -> Float64:
    """The same within what 53 bits can say: a rounded normal, the difference of two geometrics. For tuning alone."""
    if kind == "gaussian":
        return values + np.rint(rng.normal(0.0, scale, values.size))
    stop = 1 - np.exp(-1 / scale)
    return values + rng.geometric(stop, values.size) - rng.geometric(stop, values.size)


def gaussian_scale(l2: float, rho: Fraction) -> float:
    """Standard deviation of Gaussian noise that costs `rho` in zCDP for a norm `l2` (Bun & Steinke 2016)."""
    return l2 / sqrt(2 * rho)
