"""From (epsilon, delta) and shares to noise: how much each statistic may cost and which noise that buys.

Everything here is decided from the plan alone, before a record is read. Costs are exact rationals in rho-zCDP; OpenDP
converts between rho and (epsilon, delta); tests hold it against `dp-accounting`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import exp, isqrt, log, nextafter, sqrt

from shoal.privacy._opendp import opendp
from shoal.privacy.mechanism import MAX_NORM, ONE, Mechanism


@dataclass(frozen=True, slots=True)
class Need:
    """What a statistic asks of the budget.

    name        of what is measured: a statistic at one of its levels
    share       relative to all others of the plan
    bound       L2 norm to which a row's vector is held, in contributions
    most_cells  cells that one row can touch at most, where that is known from the definition; None: any number
    """

    name: str
    share: Fraction
    bound: Fraction
    most_cells: int | None = None
    statistic: str = ""
    """Whose level it is: all levels of a statistic get noise of the same kind. Empty: it is a statistic itself."""

    @property
    def family(self) -> str:
        return self.statistic or self.name


@dataclass(frozen=True, slots=True)
class Allocation:
    """What the plan's budget buys: one mechanism for each level of a statistic, and what all of them cost one row.

    epsilon, delta  promised by the plan; the mechanisms together cost at most this
    rho             sum of the mechanisms' costs, exact
    error           mean logarithm of the expected errors, by share: less is better
    otherwise       statistic -> how many times larger that mean error is if this one gets the other kind of noise
                    and all else is chosen anew; lacks those that can't, or can't be paid for
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
    """Split (epsilon, delta) by shares and choose each statistic's noise.

    Two currencies are possible: statistics with Gaussian noise share rho; one with Laplace noise takes its share of
    epsilon, pure (basic composition, Dwork & Roth 2014, theorem 3.16). A vector of L2 norm C on at most k cells has an
    L1 norm of at most sqrt(k) C, so Laplace is possible only where k is known. All ways to choose are compared by the
    expected errors, weighted by share (a mean of logarithms, so that no unit of measurement counts more than another),
    and the best is taken; ties go to more Gaussian noise.

    Accounts add up rho, and Laplace noise of a large epsilon costs much of it (epsilon^2 / 2): choices that cost more
    than `most_rho`, all that the account can ever pay, are left out. Gaussian noise alone never does.
    """
    total = sum((need.share for need in needs), Fraction(0))
    unable = {need.family for need in needs if need.most_cells is None}
    able = [family for family in dict.fromkeys(need.family for need in needs) if family not in unable]
    best: tuple[float, set[str], dict[str, Mechanism]] | None = None
    errors: dict[tuple[str, bool], float] = {}
    for count in range(len(able) + 1):
        for chosen in combinations(able, count):
            laplace = {need.name for need in needs if need.family in chosen}
            mechanisms = _mixture(needs, laplace, total, epsilon, delta)
            rho = sum((m.rho for m in mechanisms.values()), Fraction(0))
            if chosen and most_rho is not None and rho > most_rho:
                continue
            error = sum(float(need.share / total) * log(mechanisms[need.name].stderr) for need in needs)
            for family in able:
                key = family, family in chosen
                errors[key] = min(error, errors.get(key, error))
            if best is None or error < best[0] - 1e-12:
                best = error, set(chosen), mechanisms
    assert best is not None  # noqa: S101  # the empty choice is always possible
    error, laplaces, mechanisms = best
    others = {family: errors.get((family, family not in laplaces)) for family in able}
    otherwise = {family: exp(other - error) for family, other in others.items() if other is not None}
    return Allocation(mechanisms, epsilon, delta, error, otherwise)


def _mixture(
    needs: Sequence[Need], laplace: set[str], total: Fraction, epsilon: Fraction, delta: Fraction
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
            norm = _ceil_sqrt(norm * norm * (need.most_cells or 1))
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
