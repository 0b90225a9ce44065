"""The statistics: what each row (one device over one unit) contributes to which public cells."""

from shoal.calendar import Calendar
from shoal.plan import PLACE, Plan
from shoal.statistics._base import Statistic
from shoal.statistics.catchment import Catchment
from shoal.statistics.distance import Distance
from shoal.statistics.dwell import Dwell
from shoal.statistics.flows import Flows
from shoal.statistics.gyration import Gyration
from shoal.statistics.presence import Presence
from shoal.statistics.residents import Residents
from shoal.statistics.stay_home import StayHome
from shoal.statistics.visitors import Visitors
from shoal.statistics.visits import Visits
from shoal.zones import Zones
from shoal.zones.regions import regions_of

STATISTICS: dict[str, type[Statistic]] = {
    s.name: s for s in (Presence, Visits, Visitors, Dwell, Flows, Residents, Catchment, Distance, Gyration, StayHome)
}
"""Every statistic there is, by the name of its file and of its table in the plan."""


def asks_for_places(plan: Plan) -> bool:
    """Is any statistic of `plan` counted by named places? Raises `PlanError` for places by which none is."""
    asked = any(PLACE in (wish.by or ()) for wish in plan.statistics.values())
    if plan.places is not None and not asked:
        what = "no statistic is counted by them; name `place` in the `by` of visits, visitors or dwell, or remove them"
        raise plan.error("places", what)
    return asked


def statistics_of(plan: Plan, zones: Zones, calendar: Calendar, places: Zones | None = None) -> tuple[Statistic, ...]:
    """The statistics that `plan` asks for, in its order. Raises `PlanError` naming the key."""
    from difflib import get_close_matches

    for name in plan.statistics:
        if name not in STATISTICS:
            near = get_close_matches(name, STATISTICS, 1, 0.0)[0]
            raise plan.error(f"statistics.{name}", f"there is no such statistic; the nearest is `{near}`")
    regions = regions_of(plan.zones.kind, zones.ids, zones.parents)
    categories = None if places is None else regions_of(PLACE, places.ids, places.parents)
    found = []
    for statistic in (STATISTICS[name] for name in plan.statistics):
        if statistic.columns_of(plan) == (PLACE,) and places is not None:
            found.append(statistic.from_plan(plan, places.centres, calendar, categories))
        else:
            found.append(statistic.from_plan(plan, zones.centres, calendar, regions))
    return tuple(found)


__all__ = ["STATISTICS", "Statistic", "asks_for_places", "statistics_of"]
