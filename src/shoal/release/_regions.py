"""Places that hold several zones: the regions of a coarser table, the areas of one whose zones were merged."""

from collections.abc import Sequence

import numpy as np

from shoal._arrays import Int32
from shoal.areas import from_members
from shoal.levels import ALL
from shoal.release._store import PublicZones
from shoal.release.statistic_facts import StatisticFacts
from shoal.zones._base import Zones
from shoal.zones.regions import Kind, regions_of


def put_together(facts: StatisticFacts, kind: Kind, zones: Zones) -> Zones:
    """What the place columns of a table mean, with the shape of all zones that a place holds."""
    if facts.level == "region" and (regions := regions_of(kind, zones.ids, zones.parents)):
        return _union(zones, regions.ids, regions.of_zone, {})
    if facts.areas is not None:
        areas = from_members(zones.ids, [(a.area, a.zones) for a in facts.areas])
        names = dict(zip(zones.ids, zones.names, strict=True))
        return _union(zones, areas.ids, areas.of_zone, names)
    return _union(zones, (ALL,), np.zeros(len(zones), dtype=np.int32), {})


def _union(zones: Zones, ids: Sequence[str], of_zone: Int32, names: dict[str, str | None]) -> Zones:
    import shapely

    order = np.argsort(of_zone, kind="stable")
    parts = np.split(order, np.searchsorted(of_zone[order], np.arange(1, len(ids))))
    shapes = [zones.shapes[part[0]] if len(part) == 1 else shapely.union_all(zones.shapes[part]) for part in parts]
    return PublicZones(tuple(ids), tuple(names.get(i) for i in ids), (None,) * len(ids), np.array(shapes, dtype=object))
