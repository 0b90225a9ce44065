"""From zCDP to (epsilon, delta), written a second time so that `verify` need not trust who wrote the release."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import exp, inf, log, log1p

from shoal.privacy.mechanism import Mechanism


def spent(mechanisms: Sequence[Mechanism], delta: float) -> float:
    """Epsilon at `delta` that one unit costs: the smaller of two ways to add up, both of which hold.

    Everything in rho; or pure epsilon for Laplace (basic composition, Dwork & Roth 2014, theorem 3.16) plus the
    conversion of the Gaussian ones' rho.
    """
    laplace = [m for m in mechanisms if m.kind == "laplace"]
    pure = float(sum((m.epsilon or Fraction(0) for m in laplace), Fraction(0)))
    rest = sum((m.rho for m in mechanisms if m.kind == "gaussian"), Fraction(0))
    everything = rest + sum((m.rho for m in laplace), Fraction(0))
    return min(epsilon(float(everything), delta), pure + epsilon(float(rest), delta))


@lru_cache(maxsize=256)
def epsilon(rho: float, delta: float) -> float:
    """Smallest epsilon, 0 or more, for which rho-zCDP implies (epsilon, delta)-DP by the bound below.

    delta <= exp((a - 1)(a rho - epsilon)) / (a - 1) * (1 - 1/a)^a for every a > 1 (Canonne, Kamath & Steinke 2020,
    proposition 12 and corollary 13), solved for epsilon. Every a gives a true bound; the best one is searched for on a
    grid of logarithms and then by golden section, so that a search that misses errs towards a larger epsilon.
    """
    if rho == 0:
        return 0.0
    if not delta > 0:  # zCDP with rho > 0 never gives pure differential privacy
        return inf

    def bound(x: float) -> float:
        a1 = exp(x)  # a - 1
        a = 1 + a1
        # (log(1/delta) + a log(1 - 1/a) - log(a - 1)) / (a - 1), where 1 - 1/a = (a - 1)/a
        return a * rho + (x - log(a) if a1 < 1 else log1p(-1 / a)) - (log(a) + log(delta)) / a1

    steps = [i / 8 for i in range(-320, 321)]
    best = min(steps, key=bound)
    low, high = best - 1 / 8, best + 1 / 8
    least = bound(best)
    golden = (5**0.5 - 1) / 2
    while high - low > 1e-10:
        left, right = high - golden * (high - low), low + golden * (high - low)
        at_left, at_right = bound(left), bound(right)
        least = min(least, at_left, at_right)
        low, high = (low, right) if at_left < at_right else (left, high)
    return max(0.0, least if least == least else inf)  # noqa: PLR0124  # a NaN is no bound
