"""Polygons from a file: districts, counties, statistical areas."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from shoal._arrays import DEGREE, Float64, Int32
from shoal.plan import Plan
from shoal.zones import _raster
from shoal.zones._asked import Asked
from shoal.zones._borders import from_borders
from shoal.zones._columns import read_labels
from shoal.zones._cuts import OUTSIDE
from shoal.zones._geojson import Shapes
from shoal.zones._located import LocatedZones, once
from shoal.zones._read import as_polygons, read_features

_TILES_A_ZONE = 1 << 10
_TILES_A_LINE = 1 << 2
_FEWEST_TILES = 1 << 14


def load(plan: Plan) -> "PolygonZones":
    """The polygons of the plan's `zones.file`. Raises `PlanError` or `DataError`, one sentence."""
    return read(Asked(plan))


def read(asked: Asked, parent: str = "parent") -> "PolygonZones":
    """The polygons of the file that `asked` names; their parents stand in the column that its key `parent` names."""
    features = read_features(asked, "file", ("Polygon", "MultiPolygon"))
    labels = read_labels(asked, features.file, features.columns, parent)
    shapes = as_polygons(features.file, features.shapes)[labels.order]
    return PolygonZones(labels.ids, labels.names, labels.parents, shapes)


@dataclass(frozen=True, eq=False)
class PolygonZones(LocatedZones):
    """A point belongs to the zone with the smallest id whose polygon covers it, borders included.

    Lines between two corners are straight in longitude and latitude, as in every GIS.
    """

    def exact(self, lat: Int32, lon: Int32) -> Int32:
        x, y = lon / DEGREE, lat / DEGREE
        point, zone = self._tree.query(shapely.points(x, y))
        # Prepared polygons answer in logarithmic time; the tree's own predicate would prepare the points instead.
        covers = shapely.intersects_xy(self.shapes[zone], x[point], y[point])
        found = np.full(lat.size, len(self), dtype=np.int32)
        np.minimum.at(found, point[covers], zone[covers].astype(np.int32))
        return np.where(found == len(self), np.int32(OUTSIDE), found)

    def _build(self) -> _raster.Raster:
        borders = _segments(self.shapes)
        tiles = max(_FEWEST_TILES, _TILES_A_ZONE * len(self), _TILES_A_LINE * len(borders))
        west, south, east, north = shapely.total_bounds(self.shapes)
        grid = _raster.Grid.over(south, west, north, east, min(tiles, _raster.MOST_TILES))
        return from_borders(grid, borders, np.zeros((len(borders), 2)), self.exact)

    @once
    def _tree(self) -> Any:
        shapely.prepare(self.shapes)
        # Ask once: GEOS builds the index of a prepared polygon on first use, which threads must not do together.
        inside = shapely.point_on_surface(self.shapes)
        shapely.intersects_xy(self.shapes, shapely.get_x(inside), shapely.get_y(inside))
        return shapely.STRtree(self.shapes)


def _segments(shapes: Shapes) -> Float64:
    """Every line of every ring: float64[m, 4], from longitude, latitude to longitude, latitude."""
    xy, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shapes)), return_index=True)
    same = ring[1:] == ring[:-1]
    return np.hstack([xy[:-1][same], xy[1:][same]])
