"""Random numbers that depend on nothing but the seed: one short stream per device and purpose.

A stream is a `uint64[1]` array, the state of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom
number generators", figure 17). Streams are derived from (seed, device, purpose), so neither the number of threads
nor the size of a block can change a draw. Nothing here is fit for noise in a release: that is OpenDP's, without seeds.
"""

import math

import numpy as np

from shoal._numba import njit
from shoal.simulate.arrays import Float64, UInt64

PEOPLE, DAYS, HABITS, BURSTS, RECORDS, PLACES, NAMES = range(7)
"""Purposes: what a stream is for."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30, _S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)
_S12, _S29, _S32 = np.uint64(12), np.uint64(29), np.uint64(32)
_LOW63 = np.uint64(0x7FFFFFFFFFFFFFFF)


@njit
def mix(z: np.uint64) -> np.uint64:
    """Scatter 64 bits: the finaliser of SplitMix64, a bijection."""
    z = (z ^ (z >> _S30)) * _FIRST
    z = (z ^ (z >> _S27)) * _SECOND
    return z ^ (z >> _S31)


@njit
def opaque(seed: np.uint64, device: int) -> int:
    """The name a device shows, in 0 ... 2**63 - 1: a bijection of those numbers, so no two devices share one."""
    z = (np.uint64(device) ^ mix(seed + np.uint64(NAMES) * _GOLDEN)) & _LOW63
    z = ((z ^ (z >> _S29)) * _FIRST) & _LOW63
    z = ((z ^ (z >> _S32)) * _SECOND) & _LOW63
    z = ((z ^ (z >> _S30)) * _FIRST) & _LOW63
    return np.int64(z ^ (z >> _S31))  # type: ignore[return-value]


@njit
def stream(seed: np.uint64, device: int, purpose: int) -> UInt64:
    """A fresh stream, `uint64[1]`, for one device and one purpose."""
    dice = np.empty(1, np.uint64)
    dice[0] = mix(mix(seed + np.uint64(purpose + 1) * _FIRST) + np.uint64(device + 1) * _SECOND)
    return dice


@njit
def roll(dice: UInt64) -> np.uint64:
    """The next 64 random bits."""
    dice[0] += _GOLDEN
    return mix(dice[0])


@njit
def uniform(dice: UInt64) -> float:
    """A number in [0, 1) with 53 random bits."""
    return np.float64(roll(dice) >> _S11) * 1.1102230246251565e-16


@njit
def uniforms(dice: UInt64, n: int) -> Float64:
    """`float64[n]` of numbers in [0, 1)."""
    out = np.empty(n, np.float64)
    for i in range(n):
        out[i] = uniform(dice)
    return out


@njit
def exponential(dice: UInt64) -> float:
    """Mean 1."""
    return -math.log(1.0 - uniform(dice))


@njit
def normal(dice: UInt64) -> float:
    """Mean 0, variance 1, by Marsaglia's polar method; the second number of the pair is dropped."""
    while True:
        u = 2.0 * uniform(dice) - 1.0
        v = 2.0 * uniform(dice) - 1.0
        s = u * u + v * v
        if 0.0 < s < 1.0:
            return u * math.sqrt(-2.0 * math.log(s) / s)


@njit
def lognormal(dice: UInt64, median: float, sigma: float) -> float:
    """Median `median`, standard deviation `sigma` of its logarithm."""
    return median * math.exp(sigma * normal(dice))


@njit
def poisson(dice: UInt64, mean: float) -> int:
    """A count with the given mean: by Knuth's product below 30, above by the rounded normal."""
    if mean >= 30.0:
        return max(0, math.floor(mean + math.sqrt(mean) * normal(dice) + 0.5))
    limit, product, count = math.exp(-mean), uniform(dice), 0
    while product > limit:
        product *= uniform(dice)
        count += 1
    return count
