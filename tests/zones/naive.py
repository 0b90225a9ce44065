"""Slow, obvious twins of the rules that zones follow."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import asin, cos, pi, radians, sin, sqrt

import numpy as np
import shapely

from shoal._arrays import DEGREE, Int32, UInt64

Ring = Sequence[tuple[float, float]]


def locate_cells(ids: Sequence[str], resolution: int, lat: Int32, lon: Int32) -> Int32:
    """The plain library call, then a dictionary."""
    from h3ronpy import cells_to_string
    from h3ronpy.vector import coordinates_to_cells

    place = {zone: index for index, zone in enumerate(ids)}
    cells = coordinates_to_cells(lat / DEGREE, lon / DEGREE, resolution)
    distinct, back = np.unique(np.asarray(cells, dtype=np.uint64), return_inverse=True)
    names = cells_to_string(distinct).to_pylist()
    return np.array([place.get(name, -1) for name in names], dtype=np.int32)[back]


def cover(area: shapely.Geometry, resolution: int) -> UInt64:
    """Every cell on Earth, one after the other."""
    import h3

    found = [
        h3.str_to_int(cell)
        for coarse in h3.get_res0_cells()
        for cell in h3.cell_to_children(coarse, resolution)
        if shapely.intersects(area, shapely.Point(h3.cell_to_latlng(cell)[::-1]))
    ]
    return np.array(sorted(found), dtype=np.uint64)


def locate_polygons(shapes: Sequence[shapely.Geometry], lat: Int32, lon: Int32) -> Int32:
    """The first shape that covers the point, in exact arithmetic."""
    out = np.full(lat.size, -1, dtype=np.int32)
    for i in range(lat.size):
        x, y = float(lon[i] / DEGREE), float(lat[i] / DEGREE)
        for zone, shape in enumerate(shapes):
            if any(_covers(_rings(polygon), x, y) for polygon in shapely.get_parts(shape)):
                out[i] = zone
                break
    return out


def _rings(polygon: shapely.Geometry) -> list[Ring]:
    assert isinstance(polygon, shapely.Polygon)
    return [[(x, y) for x, y in ring.coords] for ring in (polygon.exterior, *polygon.interiors)]


def _covers(rings: Sequence[Ring], x: float, y: float) -> bool:
    """Even-odd rule; on a line counts as inside."""
    inside = False
    for ring in rings:
        for (x0, y0), (x1, y1) in pairwise(ring):
            if max(y0, y1) < y or min(y0, y1) > y:
                continue
            side = (Fraction(x1) - Fraction(x0)) * (Fraction(y) - Fraction(y0)) - (Fraction(y1) - Fraction(y0)) * (
                Fraction(x) - Fraction(x0)
            )
            if side == 0 and min(x0, x1) <= x <= max(x0, x1):
                return True
            if (y0 > y) != (y1 > y) and (side > 0) == (y1 > y0):
                inside = not inside
    return inside


def locate_points(
    places: Sequence[tuple[float, float]], within: float | None, lat: Int32, lon: Int32, radius: float, tie: float
) -> Int32:
    """Haversine distance to every (lat, lon) of `places`; the first that is nearest but for `tie`."""
    out = np.full(lat.size, -1, dtype=np.int32)
    for i in range(lat.size):
        distances = [_haversine(float(lat[i] / DEGREE), float(lon[i] / DEGREE), *place) for place in places]
        nearest = min(distances)
        if within is None or nearest * radius <= within:
            out[i] = next(zone for zone, distance in enumerate(distances) if distance <= nearest + tie)
    return out


def _haversine(lat0: float, lon0: float, lat1: float, lon1: float) -> float:
    """Radians of the great circle between two places in degrees."""
    a, b, c = radians(lat0), radians(lat1), radians(lon1 - lon0)
    h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(c / 2) ** 2
    return pi if h >= 1 else 2 * asin(sqrt(h))
