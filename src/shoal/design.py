"""The design of a release: everything that is decided before a record is read, all of it public."""

from dataclasses import dataclass
from fractions import Fraction

from shoal.calendar import Calendar
from shoal.plan import Plan
from shoal.privacy.accounting import Allocation, Need, allocate, rho_for
from shoal.statistics import Statistic, statistics_of
from shoal.zones import Zones, load_zones


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
        needs = [Need(s.name, s.share, s.bound, s.most_cells) for s in statistics]
        cap_rho = rho_for(plan.source.account_cap, plan.privacy.delta)
        allocation = allocate(needs, plan.privacy.epsilon, plan.privacy.delta, cap_rho)
        return cls(plan, zones, calendar, statistics, allocation, cap_rho)
