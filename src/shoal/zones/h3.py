"""H3 cells over a public area."""

from dataclasses import dataclass

import numpy as np
import shapely

from shoal._arrays import DEGREE, Int32, UInt64
from shoal.plan import Plan
from shoal.zones import _raster
from shoal.zones._asked import Asked
from shoal.zones._borders import from_borders
from shoal.zones._cells import cell_borders, cell_polygons
from shoal.zones._cover import MOST_CELLS, TooManyError, cover
from shoal.zones._cuts import OUTSIDE, UNSURE
from shoal.zones._located import LocatedZones
from shoal.zones._read import as_polygons, read_features

_TILES_A_CELL = 1 << 8
_MOST_CELLS_IN_RASTER = 1 << 19
"""Above, the borders alone would fill hundreds of megabytes: H3 is asked at once."""
_POLAR = 85.0
"""Degrees of latitude beyond which H3 is always asked: tiles and lines of longitude and latitude mean little there."""


def load(plan: Plan) -> "H3Zones":
    """The cells of the plan's `zones.resolution` whose centres lie in its `zones.area` or `zones.bbox`.

    Raises `PlanError` or `DataError`, one sentence.
    """
    import pyarrow as pa
    from h3ronpy import cells_to_string, change_resolution

    resolution = plan.zones.resolution
    if resolution is None:
        raise plan.error("zones.resolution", "is missing; H3 zones need a resolution from 0 to 15")
    key = "zones.bbox" if plan.zones.area is None else "zones.area"
    try:
        cells = cover(_area(plan), resolution)
    except TooManyError as error:
        raise plan.error(
            key,
            f"holds {error.count} zones of resolution {resolution}, and at most {MOST_CELLS:,} are possible;"
            " choose a coarser resolution or a smaller area",
        ) from None
    if not cells.size:
        raise plan.error(
            key,
            f"holds no zone: no cell of resolution {resolution} has its centre in it;"
            " choose a finer resolution or a larger area",
        )
    ids = tuple(pa.array(cells_to_string(cells)).to_pylist())
    parents: tuple[str | None, ...] = (None,) * len(ids)
    if resolution:
        parents = tuple(pa.array(cells_to_string(change_resolution(cells, resolution - 1))).to_pylist())
    return H3Zones(ids, (None,) * len(ids), parents, cell_polygons(cells, resolution), resolution, cells)


def _area(plan: Plan) -> shapely.Geometry:
    if plan.zones.bbox is not None:
        return shapely.box(*plan.zones.bbox)
    features = read_features(Asked(plan), "area", ("Polygon", "MultiPolygon"))
    return shapely.union_all(as_polygons(features.file, features.shapes))


@dataclass(frozen=True, eq=False)
class H3Zones(LocatedZones):
    """A point belongs to the cell that H3 says, if that is one of these.

    ids         the cells' indexes, 15 lower-case hexadecimal digits
    parents     ids of the cells one resolution coarser; None at resolution 0
    resolution  0 to 15
    cells       uint64[z]  the indexes, ascending
    """

    resolution: int
    cells: UInt64

    def exact(self, lat: Int32, lon: Int32) -> Int32:
        from h3ronpy.vector import coordinates_to_cells

        found = np.asarray(coordinates_to_cells(lat / DEGREE, lon / DEGREE, self.resolution), dtype=np.uint64)
        place = np.searchsorted(self.cells, found)
        place[place == self.cells.size] = 0
        return np.where(self.cells[place] == found, place, OUTSIDE).astype(np.int32)

    def _build(self) -> _raster.Raster:
        if len(self) > _MOST_CELLS_IN_RASTER:
            return _raster.nothing()
        borders, margin = cell_borders(self.cells)
        reach = np.abs(borders[:, [1, 3]]).max()
        tiles = min(_raster.MOST_TILES, _TILES_A_CELL * len(self))
        lon, lat = borders[:, [0, 2]], borders[:, [1, 3]]
        side, up = margin.max(axis=0)
        grid = _raster.Grid.over(
            max(float(lat.min() - up), -_POLAR),
            max(float(lon.min() - side), -180.0),
            min(float(lat.max() + up), _POLAR),
            min(float(lon.max() + side), 180.0),
            tiles,
        )
        beyond = OUTSIDE if reach < _POLAR - 1 else UNSURE
        return from_borders(grid, borders, margin, self.exact, beyond)
