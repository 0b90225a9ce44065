"""The places of a coarser table: the regions that zones lie in, with their shapes."""

import numpy as np

from shoal.levels import ALL, LevelName
from shoal.release._store import PublicZones
from shoal.zones._base import Zones
from shoal.zones.regions import Kind, Regions, regions_of


def places_at(level: LevelName | None, kind: Kind, zones: Zones) -> Zones:
    """What the place columns of a table at `level` mean: the zones, their regions, or everything as one place.

    A region's shape is that of its zones together.
    """
    import shapely

    if level is None:
        return zones
    one = Regions((ALL,), np.zeros(len(zones), dtype=np.int32))
    regions = one if level == "all" else regions_of(kind, zones.ids, zones.parents) or one
    order = np.argsort(regions.of_zone, kind="stable")
    cuts = np.searchsorted(regions.of_zone[order], np.arange(1, len(regions.ids)))
    shapes = [shapely.union_all(zones.shapes[part]) for part in np.split(order, cuts)]
    none = (None,) * len(regions.ids)
    return PublicZones(regions.ids, none, none, np.array(shapes, dtype=object))
