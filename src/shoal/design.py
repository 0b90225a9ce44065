"""The design of a release: everything that is decided before a record is read, all of it public."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import inf, log

import numpy as np

from shoal._arrays import Bool
from shoal.calendar import Calendar
from shoal.ends import MAX_MEASURED
from shoal.keys import Grid
from shoal.levels import Level
from shoal.plan import Plan
from shoal.privacy.accounting import Allocation, Need, allocate, rho_for
from shoal.privacy.mechanism import Mechanism
from shoal.sensitive import Sensitive, load_sensitive
from shoal.statistics import Statistic, asks_for_places, statistics_of
from shoal.zones import Zones, load_places, load_zones

WEIGHTS: dict[tuple[str | None, ...], tuple[int, ...]] = {
    (None,): (1,),
    (None, "all"): (19, 1),
    (None, "region", "all"): (20, 16, 4),
    (None, "origin", "destination"): (18, 1, 1),
    (None, "home", "zone"): (18, 1, 1),
}
"""How a statistic's budget is split over its levels. Most goes to the finest: a coarser number is large, so that the
same noise is little to it. Chosen by simulation: benchmarks/README.md, "Accuracy"."""
PAIRS: dict[tuple[str | None, ...], tuple[int, ...]] = {(None, "region", "all"): (33, 6, 1)}
"""The same where places are pairs: they are many and small, so that they need what they can get."""

UNITS_A_YEAR = 12
"""Units that may be spent in full in a calendar year, where the plan does not say a cap: all of its months, or twelve
of its weeks or days, or more of them in part."""


@dataclass(frozen=True, eq=False)
class Measure:
    """One vector that is measured: a statistic at one of its levels.

    name       the statistic's, with `.region` or `.all` for a coarser level, or `.origin` and the like for the ends of
               its pairs; so is its table called
    level      None: the finest
    mechanism  the bound to which a row's vector is held, and the noise
    """

    name: str
    statistic: Statistic
    level: Level | None
    mechanism: Mechanism

    @property
    def grid(self) -> Grid:
        return self.statistic.grid if self.level is None else self.level.grid

    @property
    def rows(self) -> int:
        """Rows of its table, at most."""
        pairs = self.statistic.top_down and self.level is None
        return min(self.grid.cells, MAX_MEASURED) if pairs else self.grid.cells


@dataclass(frozen=True, eq=False)
class Design:
    """What a plan comes to: its zones and hours, the cells of each statistic, and the noise that its budget buys.

    cap_rho    what the account's cap in epsilon is in rho, at the plan's delta
    year_rho   likewise the cap for all units of a calendar year together
    places     the named places; None: no statistic is counted by them
    sensitive  near what no record is used, and the zones of which nothing is published; None: the plan names no list
    """

    plan: Plan
    zones: Zones
    calendar: Calendar
    statistics: tuple[Statistic, ...]
    allocation: Allocation
    cap_rho: Fraction
    year_rho: Fraction
    places: Zones | None = None
    sensitive: Sensitive | None = None

    @classmethod
    def of(cls, plan: Plan) -> "Design":
        """Work the design out. Opens the plan's zone files, no records. Raises `PlanError` and `DataError`."""
        calendar = Calendar.from_plan(plan)
        asked = asks_for_places(plan)
        zones, places = load_zones(plan), load_places(plan) if asked else None
        sensitive = load_sensitive(plan, zones, places)
        statistics = statistics_of(plan, zones, calendar, places)
        cap_rho = rho_for(plan.source.account_cap, plan.privacy.delta)
        best: tuple[float, tuple[Statistic, ...], Allocation] | None = None
        for choice in product(*map(_ways, statistics)):
            needs = [need for statistic in choice for need in _needs(statistic)]
            allocation = allocate(needs, plan.privacy.epsilon, plan.privacy.delta, cap_rho)
            error = _expected_error(statistics, choice, allocation)
            if best is None or error < best[0] - 1e-12:
                best = error, choice, allocation
        assert best is not None  # noqa: S101  # the product of no statistics has one element
        year_cap = plan.source.year_cap
        year_rho = UNITS_A_YEAR * cap_rho if year_cap is None else max(cap_rho, rho_for(year_cap, plan.privacy.delta))
        return cls(plan, zones, calendar, best[1], best[2], cap_rho, year_rho, places, sensitive)

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """Everything that is measured: each statistic at its levels, from fine to coarse."""
        return tuple(
            Measure(name, statistic, level, self.allocation.mechanisms[name])
            for statistic in self.statistics
            for level in (None, *statistic.levels)
            for name in [measure_name(statistic.name, level)]
        )

    @property
    def isolated(self) -> Bool | None:
        """bool[z]: zones that a sensitive place isolates. They receive nothing; None: there are none."""
        return self.sensitive.isolated if self.sensitive is not None and self.sensitive.isolated.any() else None

    def suppressed(self, measure: Measure) -> Bool | None:
        """bool[p]: which places of a measure lie wholly in isolated zones, or in one at either end. None: none does."""
        if self.isolated is None or measure.statistic.of_named_places:
            return None
        of_fine: Bool = np.asarray(self.isolated[measure.statistic.grid.places].any(axis=1))
        level = measure.level
        if level is None:
            return of_fine
        if level.is_end:
            return self.isolated
        found: Bool = np.bincount(level.of_place, ~of_fine, len(level.grid.places)) == 0
        return found

    def zones_of(self, statistic: Statistic) -> Zones:
        """What one statistic is counted by: the zones, or the named places."""
        return self.places if statistic.of_named_places and self.places is not None else self.zones

    def measures_of(self, statistic: Statistic) -> tuple[Measure, ...]:
        """Those of one statistic, from fine to coarse."""
        return tuple(m for m in self.measures if m.statistic is statistic)


def measure_name(statistic: str, level: Level | None) -> str:
    """`presence`, `presence.region`, `presence.all`."""
    return statistic if level is None else f"{statistic}.{level.name}"


def _ways(statistic: Statistic) -> tuple[Statistic, ...]:
    """Measured at its levels, or by zone alone where nothing is lost that coarser levels tell, nor zones are merged."""
    free = statistic.lossless and statistic.target is None and statistic.levels
    return (statistic, replace(statistic, levels=(), cells=statistic.cells[:1])) if free else (statistic,)


def _expected_error(statistics: Sequence[Statistic], choice: Sequence[Statistic], allocation: Allocation) -> float:
    """Mean logarithm, by share, of the standard errors of each statistic's zones, half, and of its totals, half.

    A total has the sum of what lies below it and, where the choice measures its level, a measurement of its own.
    """
    share = sum((s.share for s in statistics), Fraction(0))
    error = 0.0
    for statistic, chosen in zip(statistics, choice, strict=True):
        fine = allocation.mechanisms[statistic.name].stderr
        totals = [log(fine)]
        for level in statistic.levels:
            size = len(statistic.grid.places) / len(level.grid.places)
            own = allocation.mechanisms[measure_name(statistic.name, level)].stderr if chosen.levels else inf
            totals.append(log((own**-2 + 1 / (size * fine**2)) ** -0.5))
        of_totals = sum(totals[1:]) / len(statistic.levels) if statistic.levels else totals[0]
        error += float(statistic.share / share) * (totals[0] + of_totals) / 2
    return error


def _needs(statistic: Statistic) -> list[Need]:
    levels = (None, *statistic.levels)
    names = tuple(None if level is None else level.name for level in levels)
    weights = (PAIRS if len(statistic.grid.columns) == 2 and names in PAIRS else WEIGHTS)[names]
    return [
        Need(
            measure_name(statistic.name, level),
            statistic.share * Fraction(weight, sum(weights)),
            statistic.bound if level is None else statistic.wide_bound,
            cells,
        )
        for level, weight, cells in zip(levels, weights, statistic.cells, strict=True)
    ]
