"""The check of `verify` that the noise costs no more than a release says."""

from fractions import Fraction

from shoal.plan import MAX_EPSILON, MAX_EPSILON_SYNTHETIC
from shoal.release import _epsilon
from shoal.release._checks import FLOAT, Failed, Folder
from shoal.release.statistic_facts import StatisticFacts


def budget(folder: Folder) -> None:
    m = folder.manifest
    for s in m.statistics:
        _priced(s)
    total = sum((Fraction(s.rho) for s in m.statistics), Fraction(0))
    if total > Fraction(m.privacy.rho):
        raise Failed(f"the statistics cost rho {float(total):.6g} in all, more than the stated {m.privacy.rho[:40]}")
    delta, epsilon = Fraction(m.privacy.delta), Fraction(m.privacy.epsilon)
    if not 0 < delta < 1:
        raise Failed("delta must lie between 0 and 1")
    most = MAX_EPSILON_SYNTHETIC if m.synthetic else MAX_EPSILON
    if epsilon > most:
        kind = "simulated" if m.synthetic else "real"
        raise Failed(f"epsilon {float(epsilon):g} is above {most}, the limit for {kind} records")
    spent = _epsilon.spent([s.noise for s in m.statistics], float(delta))
    if not spent <= float(epsilon) * (1 + FLOAT):
        raise Failed(
            f"the noise costs epsilon {spent:.6g} at the stated delta, more than the stated {float(epsilon):g}"
        )


def _priced(s: StatisticFacts) -> None:
    """Do the facts of one statistic follow from its mechanism?"""
    noise, name = s.noise, s.statistic
    if s.norm != ("L2" if s.mechanism == "gaussian" else "L1"):
        raise Failed(f"{name}: {s.mechanism} noise goes with the other norm")
    if Fraction(s.bound) != Fraction(s.bound_fixed, s.fixed_point):
        raise Failed(f"{name}: bound is not bound_fixed / {s.fixed_point}")
    if Fraction(s.rho) != noise.rho:
        raise Failed(
            f"{name}: its bound and scale cost rho {float(noise.rho):.6g}, not the stated {float(Fraction(s.rho)):.6g}"
        )
    if abs(s.stderr - noise.stderr / s.divisor) > FLOAT * s.stderr:
        raise Failed(f"{name}: stderr does not follow from its scale")
    if abs(s.half_width - noise.half_width / s.divisor) > FLOAT * s.half_width:
        raise Failed(f"{name}: half_width is not that of a 95 % interval of its noise")
