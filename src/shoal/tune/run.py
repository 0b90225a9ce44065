"""Tuning: try bounds on simulated cities, and say which make this plan's numbers the most precise."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import count
from math import floor, log, log10

from shoal.design import Design, Measure
from shoal.plan import Plan
from shoal.tune.advice import Advisor
from shoal.tune.city import Bounds, Cities, Seen, Told, cities, unbound
from shoal.tune.report import Advice, Tuning

DEVICES = 100_000
"""That a source is thought to have in a unit where the user does not say."""
FACTORS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
"""Of the default bound, that are tried."""
TOTAL_FACTORS = (0.7, 1.0, 1.4, 2.0)
"""Of the default bound of totals."""
NOTHING_LOST = 3
"""So many times the default bound of totals hardly any device exceeds."""


def tune(plan: Plan, *, devices: int = DEVICES, simulated: int | None = None, progress: Told | None = None) -> Tuning:
    """Try bounds for each statistic of `plan`. Opens its zone files, never its records; charges nothing.

    devices    that are expected in the source in one unit: public knowledge, or a guess
    simulated  of each of two cities; default: as many as take some seconds
    progress   called with (phase, done from 0 to 1)

    Two rounds: first the bound of totals, whose error is their noise and what they lose; then with the chosen ones the
    bound of the finest level (`tune.choice`). All statistics are varied at once, as they do not touch each other at the
    large epsilon of these releases. Noise is that of the plan's own epsilon and shares, in proportion to the bound:
    which mechanism is taken does not depend on bounds. Where that is Laplace noise, the bound is one of the L1 norm and
    loses less than is said here, as simulated releases have Gaussian noise.

    Raises `PlanError`, also for a source of trips: the simulated people are seen all day, and move more often than the
    riders of any one vehicle, so that their bounds would be too large.
    """
    if plan.source.kind == "trips":
        what = 'is "trips", and the simulated city\'s phones are seen all day, so that its bounds would be too large'
        raise plan.error("source.kind", f"{what}; leave --tune out, and take `bound` from how often riders travel")
    Design.of(plan)  # a plan that can't be meant is refused before minutes of work
    wishes = {name: unbound(wish) for name, wish in plan.statistics.items()}
    usual = Design.of(plan.model_copy(update={"statistics": wishes}))
    settled = {s.name: _settled(s.name, s.lossless) for s in usual.statistics if s.lossless or not s.levels}
    if len(settled) == len(usual.statistics):
        return Tuning.of(plan, devices, list(settled.values()))
    told = progress or _silent
    with cities(plan, usual, simulated, told) as town:
        open_ = [m for m in usual.measures if m.level is None and m.name not in settled]
        found = settled | _tried(plan, town, usual, open_, devices, told)
        advice = [found[name] for name in plan.statistics]
        return Tuning.of(plan, devices, advice, simulated=town.devices, zones=len(town.design.zones))


def _settled(name: str, lossless: bool) -> Advice:
    why = "it counts a device once" if lossless else "it has one place, and so no totals to be corrected by"
    return Advice(name, f"nothing to choose: {why}")


def _tried(
    plan: Plan, town: Cities, usual: Design, measures: Sequence[Measure], devices: int, told: Told
) -> dict[str, Advice]:
    """Both rounds, and what they come to for each statistic, of which `measures` are the finest levels."""
    steps = count(1)
    runs = len(TOTAL_FACTORS) + len(town.plans) * (1 + len(FACTORS))

    def release(bounds: Bounds, cities: Sequence[int]) -> Iterator[dict[str, Seen]]:
        for city in cities:
            yield town.release(city, bounds)
            told("Trying bounds", next(steps) / runs)

    statistics, wishes, both = [m.statistic for m in measures], plan.statistics, range(len(town.plans))
    whole = list(release({s.name: (s.wide_bound, s.wide_bound * NOTHING_LOST) for s in statistics}, both))
    advisors = [Advisor(m, usual, town, devices, [w[m.name] for w in whole], wishes[m.name]) for m in measures]
    totals = {s.name: around(s.wide_bound, TOTAL_FACTORS, wishes[s.name].total_bound) for s in statistics}
    tops = []
    for i in range(len(TOTAL_FACTORS)):
        wished = {s.name: (min(s.bound, totals[s.name][i]), totals[s.name][i]) for s in statistics}
        tops += list(release(wished, both[:1]))
    for a in advisors:
        a.hear_totals(totals[a.name], [top[a.name] for top in tops])
    bounds = {s.name: around(s.bound, FACTORS, wishes[s.name].bound) for s in statistics}
    fine = []
    for i in range(len(FACTORS)):
        wished = {a.name: (bounds[a.name][i], max(bounds[a.name][i], a.total)) for a in advisors}
        fine.append(list(release(wished, both)))
    return {a.name: a.advice(bounds[a.name], [[seen[a.name] for seen in run] for run in fine]) for a in advisors}


def around(default: Fraction, factors: Sequence[float], own: Fraction | None) -> tuple[Fraction, ...]:
    """As many bounds to try as factors, ascending; what a plan has of its own takes the place of the nearest."""
    tried = [default if factor == 1 else _two_digits(float(default) * factor) for factor in factors]
    if own is not None:
        tried.remove(min(tried, key=lambda bound: abs(log(bound / own))))
        tried.append(own)
    return tuple(sorted(tried))


def _two_digits(number: float) -> Fraction:
    return Fraction(str(round(number, 1 - floor(log10(number)))))


def _silent(phase: str, done: float) -> None:
    """Nobody is told."""
