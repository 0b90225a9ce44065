"""The zones of a plan: each kind is a sibling file."""

from shoal.plan import Plan
from shoal.zones._base import Zones


def load_zones(plan: Plan) -> Zones:
    """The zones that `plan` names; its paths are relative to the plan's folder.

    Raises `PlanError` where a key of [zones] can't be meant, `DataError` where a file can't be used: one sentence.
    """
    if plan.zones.kind == "h3":
        from shoal.zones import h3

        return h3.load(plan)
    if plan.zones.kind == "polygons":
        from shoal.zones import polygons

        return polygons.load(plan)
    from shoal.zones import points

    return points.load(plan)
