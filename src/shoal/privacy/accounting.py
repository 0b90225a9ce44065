"""From (epsilon, delta) and shares to noise: how much each statistic may cost and which noise that buys.

Everything here is decided from the plan alone, before a record is read. Costs are exact rationals in rho-zCDP; OpenDP
converts between rho and (epsilon, delta); tests hold it against `dp-accounting`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import exp, isqrt, log, nextafter, sqrt

from shoal.privacy._opendp import opendp
from shoal.privacy.mechanism import MAX_NORM, ONE, Mechanism

WORTH = 0.1
"""By how much Laplace noise must lessen the mean error of a plan to be worth what it costs the account."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a statistic asks of the budget.

    name        of what is measured: a statistic at one of its levels
    share       relative to all others of the plan
    bound       L2 norm to which a row's vector is held, in contributions
    cells       that a usual row touches, from public knowledge: the more, the larger its L1 norm. None: too many to say
    """

    name: str
    share: Fraction
    bound: Fraction
    cells: int | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """What the plan's budget buys: one mechanism for each need, and what all of them cost one row.

    epsilon, delta  promised by the plan; the mechanisms together cost at most this
    rho             sum of the mechanisms' costs, exact
    error           mean logarithm of the expected errors, by share: less is better
    otherwise       name -> how many times larger that mean error is if this need gets the other kind of noise;
                    lacks those that can't, or can't be paid for
    """

    mechanisms: Mapping[str, Mechanism]
    epsilon: Fraction
    delta: Fraction
    error: float = 0.0
    otherwise: Mapping[str, float] = field(default_factory=dict)

    @property
    def rho(self) -> Fraction:
        return sum((m.rho for m in self.mechanisms.values()), Fraction(0))


def allocate(needs: Sequence[Need], epsilon: Fraction, delta: Fraction, most_rho: Fraction | None = None) -> Allocation:
    """Split (epsilon, delta) by shares and choose each need's noise.

    Two currencies are possible: needs with Gaussian noise share rho; one with Laplace noise takes its share of
    epsilon, pure (basic composition, Dwork & Roth 2014, theorem 3.16). Bounds are given as L2 norms C. A vector on k
    cells alike with an L2 norm of C has an L1 norm of sqrt(k) C, so that is the bound for Laplace noise: both keep as
    much of a usual row. Which norm is enforced is what the guarantee rests on; k decides only how good the noise is.

    What Laplace noise costs in error grows with k alone, so it goes to those needs that have the fewest cells: to one,
    two, three, ... of them, compared by the expected errors, weighted by share (a mean of logarithms, so that no unit
    of measurement counts more than another).

    Accounts add up rho, and Laplace noise of a large epsilon costs much of it (epsilon^2 / 2): it is chosen only where
    the mean error is less by `WORTH` than with Gaussian noise alone, and never where it costs more than `most_rho`, all
    that the account can ever pay.
    """
    total = sum((need.share for need in needs), Fraction(0))
    order = [n.name for n in sorted(needs, key=lambda need: need.cells or 0) if n.cells is not None]

    def tried(laplace: frozenset[str]) -> tuple[float, dict[str, Mechanism]] | None:
        mechanisms = _mixture(needs, laplace, total, epsilon, delta)
        rho = sum((m.rho for m in mechanisms.values()), Fraction(0))
        if laplace and most_rho is not None and rho > most_rho:
            return None
        return sum(float(n.share / total) * log(mechanisms[n.name].stderr) for n in needs), mechanisms

    best: tuple[float, frozenset[str], dict[str, Mechanism]] | None = None
    for count in range(len(order) + 1):
        chosen = frozenset(order[:count])
        found = tried(chosen)
        gain = log(1 + WORTH) if count == 1 or (best is not None and not best[1]) else 1e-12
        if found is not None and (best is None or found[0] < best[0] - gain):
            best = found[0], chosen, found[1]
    assert best is not None  # noqa: S101  # the empty choice is always possible
    error, laplaces, mechanisms = best
    others = {name: tried(laplaces ^ {name}) for name in order}
    otherwise = {name: exp(other[0] - error) for name, other in others.items() if other is not None}
    return Allocation(mechanisms, epsilon, delta, error, otherwise)


def _mixture(
    needs: Sequence[Need], laplace: frozenset[str], total: Fraction, epsilon: Fraction, delta: Fraction
) -> dict[str, Mechanism]:
    """Mechanisms when the statistics in `laplace` get Laplace noise and the others share rho."""
    pure = {need.name: epsilon * need.share / total for need in needs if need.name in laplace}
    gaussian = [need for need in needs if need.name not in laplace]
    rho = rho_for(epsilon - sum(pure.values(), Fraction(0)), delta) if gaussian else Fraction(0)
    weight = sum((need.share for need in gaussian), Fraction(0))
    mechanisms = {}
    for need in needs:
        norm = fixed_bound(need.bound)
        if need.name in laplace:
            norm = _ceil_sqrt(norm * norm * (need.cells or 1))
            scale = -(-norm * pure[need.name].denominator // pure[need.name].numerator)  # ceiling of norm / epsilon
            mechanisms[need.name] = Mechanism("laplace", norm, scale)
        else:
            mechanisms[need.name] = Mechanism("gaussian", norm, _gaussian_scale(norm, rho * need.share / weight))
    return mechanisms


def fixed_bound(bound: Fraction) -> int:
    """A bound in contributions as a whole number of 1/ONE, rounded down, from 1 to MAX_NORM."""
    return max(1, min(MAX_NORM, int(bound * ONE)))


def _gaussian_scale(norm: int, rho: Fraction) -> int:
    """Smallest whole scale with norm^2 / (2 scale^2) <= rho."""
    square = Fraction(norm**2) / (2 * rho)
    return max(1, _ceil_sqrt(-(-square.numerator // square.denominator)))


def _ceil_sqrt(number: int) -> int:
    root = isqrt(number)
    return root if root * root == number else root + 1


def epsilon_of(rho: Fraction, delta: Fraction) -> float:
    """Epsilon at `delta` that rho-zCDP implies, by OpenDP's conversion; never too small."""
    dp = opendp()
    if rho == 0:
        return 0.0
    scale = 1 / sqrt(2 * float(rho))
    while Fraction(1) / (2 * Fraction(scale) ** 2) < rho:
        scale = nextafter(scale, 0)
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    gaussian = dp.make_gaussian(domain, dp.l2_distance(T="i64"), scale=scale)
    profile = dp.make_zcdp_to_approxdp(gaussian).map(1)
    return float(profile.epsilon(nextafter(float(delta), 0)))


@lru_cache(maxsize=1024)
def rho_for(epsilon: Fraction, delta: Fraction) -> Fraction:
    """A rho whose epsilon at `delta` is at most `epsilon`; the largest one, less a millionth of it. Exact.

    Between what the simple conversion epsilon = rho + 2 sqrt(rho log(1 / delta)) already grants (Bun & Steinke 2016,
    proposition 3) and rho = epsilon, which is never granted, epsilon grows with rho almost as a power of it: so the
    next guess comes from a straight line between the logarithms. Only what `epsilon_of` has confirmed is returned.
    """
    deep = log(1 / delta)
    low = Fraction((sqrt(deep + epsilon) - sqrt(deep)) ** 2) * Fraction(999, 1000)  # the float may round up
    high = epsilon
    at_low, at_high = epsilon_of(low, delta), epsilon_of(high, delta)
    while at_low < epsilon * (1 - Fraction(1, 10**7)) and high - low > low / 10**6:
        slope = log(high / low) / log(at_high / at_low)
        aim = float(low) * (float(epsilon) * (1 - 3e-8) / at_low) ** slope
        # never the ends themselves, or the bracket would not shrink
        guess = min(max(Fraction(aim), low + (high - low) / 10**7), high - (high - low) / 10**7)
        guess = guess.limit_denominator(1 << 80)
        at = epsilon_of(guess, delta)
        if at <= epsilon:
            low, at_low = guess, at
        else:
            high, at_high = guess, at
    return low
