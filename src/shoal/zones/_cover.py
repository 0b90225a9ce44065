"""The H3 cells whose centres lie in an area, found from the coarsest cells down."""

import numpy as np
import shapely

from shoal._arrays import Bool, Float64, UInt64, view

MOST_CELLS = 2_000_000
_MOST_CANDIDATES = 10 * MOST_CELLS
_REACH = 0.4
"""Radians from the centre of a coarsest cell that no centre of a cell below it exceeds, with room to spare (0.26
in fact). A level down it shrinks by the square root of 7, as cells do. `tests/zones/test_cover.py` measures it."""


class TooManyError(Exception):
    """More than MOST_CELLS; `count` says how many, exactly or as "about ..."."""

    def __init__(self, count: str) -> None:
        super().__init__(count)
        self.count = count


def cover(area: shapely.Geometry, resolution: int) -> UInt64:
    """Cells of `resolution` (0 to 15) whose centre `area` (WGS 84, straight lines in longitude and latitude) covers.

    uint64[z], ascending. Raises `TooManyError` above MOST_CELLS, before any work in most cases.
    """
    import h3
    from h3ronpy import change_resolution

    expected = _steradians(area) / (4 * np.pi) * h3.get_num_cells(resolution)
    if expected > 1.5 * MOST_CELLS:  # cells differ from their mean size by less
        raise TooManyError(f"about {expected:,.0f}" if expected < 1e12 else f"about {expected:.0e}")
    shapely.prepare(area)
    cells = np.array([h3.str_to_int(cell) for cell in h3.get_res0_cells()], dtype=np.uint64)
    for level in range(resolution):
        cells = cells[_near(area, *_centres(cells), _REACH / 7 ** (level / 2))]
        if 7 * cells.size > _MOST_CANDIDATES:
            raise TooManyError(f"more than {MOST_CELLS:,}")
        if not cells.size:
            return cells
        cells = np.asarray(change_resolution(cells, level + 1), dtype=np.uint64)
    lat, lon = _centres(cells)
    cells = cells[shapely.intersects_xy(area, lon, lat)]
    if cells.size > MOST_CELLS:
        raise TooManyError(f"{cells.size:,}")
    return np.sort(cells)


def _centres(cells: UInt64) -> tuple[Float64, Float64]:
    import pyarrow as pa
    from h3ronpy.vector import cells_to_coordinates

    table = pa.record_batch(cells_to_coordinates(cells))
    return view(table.column("lat")), view(table.column("lng"))


def _near(area: shapely.Geometry, lat: Float64, lon: Float64, reach: float) -> Bool:
    """Which circles of `reach` radians may touch the area, by the box of longitudes and latitudes around each."""
    up = np.degrees(reach)
    sine = np.sin(reach) / np.maximum(np.cos(np.radians(lat)), 1e-12)
    side = np.where((np.abs(lat) + up >= 90) | (sine >= 1), 360.0, np.degrees(np.arcsin(np.minimum(sine, 1))))
    near: Bool = np.zeros(lat.size, dtype=np.bool_)
    for turn in (-360, 0, 360):
        left, right = lon - side + turn, lon + side + turn
        here = np.flatnonzero(~near & (right >= -180) & (left <= 180))
        boxes = shapely.box(left[here], lat[here] - up, right[here], lat[here] + up)
        near[here] = shapely.intersects(area, boxes)
    return near


def _steradians(area: shapely.Geometry) -> float:
    """Size of the area on the unit sphere, good enough to say `too many`."""
    polygons = shapely.get_parts(shapely.get_parts(area))
    polygons = polygons[shapely.get_type_id(polygons) == 3]
    total = 0.0
    for rings, sign in ((shapely.get_exterior_ring(polygons), 1), (_holes(polygons), -1)):
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        same = ring[1:] == ring[:-1]
        lon, lat = np.radians(xy[:, 0]), np.radians(xy[:, 1])
        middle = (lat[1:] + lat[:-1]) / 2
        strip = (lon[1:] - lon[:-1]) * (np.sin(lat[1:]) + 4 * np.sin(middle) + np.sin(lat[:-1])) / 6
        total += sign * float(np.abs(np.bincount(ring[1:][same], strip[same])).sum())
    return total


def _holes(polygons: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    inner = [hole for polygon in polygons for hole in polygon.interiors]
    return np.array(inner, dtype=np.object_)
