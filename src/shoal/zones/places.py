"""Named places: polygons with a category, beside the zones, such as markets, schools and stations."""

from shoal.errors import DataError
from shoal.plan import Plan
from shoal.zones._asked import Asked
from shoal.zones._base import Zones


def load_places(plan: Plan) -> Zones | None:
    """The places that the plan names, `parents` their categories; None where the plan has none.

    Where places overlap, a point belongs to the one with the smallest id, as among zones.

    Raises `PlanError` where a key of [places] can't be meant, `DataError` where the file can't be used: one sentence.
    """
    if plan.places is None:
        return None
    from shoal.zones import polygons

    try:
        return polygons.read(Asked(plan, "places"), parent="category")
    except DataError as error:
        raise DataError(f"places.file: {error}") from None
