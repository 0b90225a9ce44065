"""The design of a release: everything that is decided before a record is read, all of it public."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from shoal.calendar import Calendar
from shoal.ends import MAX_MEASURED
from shoal.keys import Grid
from shoal.levels import Level
from shoal.plan import Plan
from shoal.privacy.accounting import Allocation, Need, allocate, rho_for
from shoal.privacy.mechanism import Mechanism
from shoal.statistics import Statistic, statistics_of
from shoal.zones import Zones, load_zones

WEIGHTS: dict[tuple[str | None, ...], tuple[int, ...]] = {
    (None,): (1,),
    (None, "all"): (19, 1),
    (None, "region", "all"): (17, 2, 1),
    (None, "origin", "destination"): (18, 1, 1),
    (None, "home", "zone"): (18, 1, 1),
}
"""How a statistic's budget is split over its levels. Most goes to the finest: a coarser number is large, so that the
same noise is little to it. Chosen by simulation: benchmarks/README.md, "Accuracy"."""


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

    cap_rho  what the account's cap in epsilon is in rho, at the plan's delta
    """

    plan: Plan
    zones: Zones
    calendar: Calendar
    statistics: tuple[Statistic, ...]
    allocation: Allocation
    cap_rho: Fraction

    @classmethod
    def of(cls, plan: Plan) -> "Design":
        """Work the design out. Opens the plan's zone files, no records. Raises `PlanError` and `DataError`."""
        calendar = Calendar.from_plan(plan)
        zones = load_zones(plan)
        statistics = statistics_of(plan, zones, calendar)
        needs = [need for statistic in statistics for need in _needs(statistic)]
        cap_rho = rho_for(plan.source.account_cap, plan.privacy.delta)
        allocation = allocate(needs, plan.privacy.epsilon, plan.privacy.delta, cap_rho)
        return cls(plan, zones, calendar, statistics, allocation, cap_rho)

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """Everything that is measured: each statistic at its levels, from fine to coarse."""
        return tuple(
            Measure(name, statistic, level, self.allocation.mechanisms[name])
            for statistic in self.statistics
            for level in (None, *statistic.levels)
            for name in [measure_name(statistic.name, level)]
        )

    def measures_of(self, statistic: Statistic) -> tuple[Measure, ...]:
        """Those of one statistic, from fine to coarse."""
        return tuple(m for m in self.measures if m.statistic is statistic)


def measure_name(statistic: str, level: Level | None) -> str:
    """`presence`, `presence.region`, `presence.all`."""
    return statistic if level is None else f"{statistic}.{level.name}"


def _needs(statistic: Statistic) -> list[Need]:
    levels = (None, *statistic.levels)
    weights = WEIGHTS[tuple(None if level is None else level.name for level in levels)]
    return [
        Need(
            measure_name(statistic.name, level),
            statistic.share * Fraction(weight, sum(weights)),
            statistic.bound if level is None or level.is_end else statistic.wide_bound,
            statistic.most_cells,
            statistic.name,
        )
        for level, weight in zip(levels, weights, strict=True)
    ]
