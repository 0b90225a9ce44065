"""Points (stations, antennas, places) from a CSV or vector file: every location goes to the nearest one."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from shoal._arrays import DEGREE, Float64, Int32
from shoal.errors import DataError
from shoal.plan import Plan
from shoal.zones import _raster
from shoal.zones._asked import Asked
from shoal.zones._columns import read_labels, require
from shoal.zones._cuts import OUTSIDE, UNSURE
from shoal.zones._geojson import Shapes
from shoal.zones._located import LocatedZones, once
from shoal.zones._read import ENDINGS, read_features

EARTH_RADIUS: Final = 6_371_008.8  # metres; mean radius, IUGG
TIE: Final = 1e-12
"""Distances that differ by less, in Earth radii, are the same: 6 micrometres, below what doubles can tell."""

_TILES: Final = 1 << 20


def load(plan: Plan) -> "PointZones":
    """The points of the plan's `zones.file`. Raises `PlanError` or `DataError`, one sentence."""
    file = plan.folder / str(plan.zones.file)
    columns: dict[str, Sequence[object]]
    if file.suffix.lower() == ".csv":
        columns = _read_csv(plan, file)
        labels = read_labels(Asked(plan), file, columns)
        lat, lon = _degrees(plan, file, columns, "lat", 90), _degrees(plan, file, columns, "lon", 180)
        shapes: Shapes = np.asarray(shapely.points(lon, lat), dtype=np.object_)[labels.order]
    elif file.suffix.lower() in ENDINGS:
        features = read_features(Asked(plan), "file", ("Point",))
        labels = read_labels(Asked(plan), file, features.columns)
        shapes = features.shapes[labels.order]
    else:
        raise plan.error("zones.file", f"{file.name} must be a file that ends in .csv, {', '.join(ENDINGS)}")
    within = None if plan.zones.within is None else float(plan.zones.within)
    return PointZones(labels.ids, labels.names, labels.parents, shapes, within)


@dataclass(frozen=True, eq=False)
class PointZones(LocatedZones):
    """A location belongs to the nearest point by great-circle distance on a sphere; ties to the smaller id.

    within  metres beyond which it belongs to none; None: any distance

    On the unit sphere the nearest by great circle is the nearest by straight line, which a k-d tree finds.
    """

    within: float | None

    def exact(self, lat: Int32, lon: Int32) -> Int32:
        where = _unit(lat / DEGREE, lon / DEGREE)
        tree, zone = self._tree
        distance, nearest = tree.query(where, k=2)
        found: Int32 = zone[nearest[:, 0]]
        for i in np.flatnonzero(distance[:, 1] - distance[:, 0] <= TIE):
            found[i] = zone[tree.query_ball_point(where[i], distance[i, 0] + TIE)].min()
        found[distance[:, 0] > self._reach + TIE] = OUTSIDE
        return found

    @cached_property
    def _reach(self) -> float:
        """`within` as a straight line through the unit sphere."""
        if self.within is None or self.within >= np.pi * EARTH_RADIUS:
            return np.inf
        return float(2 * np.sin(self.within / (2 * EARTH_RADIUS)))

    @once
    def _tree(self) -> tuple[Any, Int32]:
        """A tree of the different places, and the zone of each: the smallest of those that share it."""
        from scipy.spatial import cKDTree

        lat, lon = shapely.get_y(self.shapes), shapely.get_x(self.shapes)
        _, zone = np.unique(np.column_stack([lat, lon]), axis=0, return_index=True)
        return cKDTree(_unit(lat[zone], lon[zone])), zone.astype(np.int32)

    def _build(self) -> _raster.Raster:
        """Ask the tree at the corners of the tiles, and decide a tile by its four.

        Rule  All places with one nearest point are an intersection of half-spaces p . (a - b) >= 0 (on the unit
              sphere, |p - b|^2 - |p - a|^2 = 2 p . (a - b)). A half-space that holds the corners holds all between
              them on great circles; a parallel bulges from its great circle by at most width^2 / 12, which moves
              p . (a - b) by at most twice that. Likewise the cap around a point in which `within` holds, up to a
              right angle; outside it, no place of a tile is further from a corner than the tile is wide and high.
        """
        grid, beyond = self._grid()
        row, column = (part.ravel() for part in np.mgrid[: grid.rows + 1, : grid.columns + 1])
        lat = (grid.south + (row << grid.lat_shift)) / DEGREE
        lon = (grid.west + (column << grid.lon_shift)) / DEGREE
        height, width = np.radians([(1 << grid.lat_shift) / DEGREE, (1 << grid.lon_shift) / DEGREE])
        tree, zone = self._tree
        distance, nearest = tree.query(_unit(lat, lon), k=2)
        lattice = (grid.rows + 1, grid.columns + 1)
        first, second = distance[:, 0].reshape(lattice), distance[:, 1].reshape(lattice)
        found = zone[nearest[:, 0]].reshape(lattice)
        bulge = width**2 / 12 + 1e-13
        ahead = _of_corners(np.minimum, (second**2 - first**2) / 2) > 2 * bulge
        same = _of_corners(np.minimum, found) == _of_corners(np.maximum, found)
        inside = self._reach == np.inf or (
            (self._reach < 1) & (_of_corners(np.maximum, first**2 / 2) + bulge < self._reach**2 / 2)
        )
        away = _of_corners(np.minimum, first) - height - width > self._reach
        on_earth = (lat.reshape(lattice)[1:, 1:] <= 90) & (width < 1)
        zones = np.where(away, np.int32(OUTSIDE), found[:-1, :-1])
        return _raster.from_tiles(grid, zones, on_earth & (away | (ahead & same & inside)), beyond)

    def _grid(self) -> tuple[_raster.Grid, int]:
        """Tiles over the points and their surroundings; outside them nothing is known unless `within` says so."""
        west, south, east, north = shapely.total_bounds(self.shapes)
        if self.within is not None:
            reach = self.within / EARTH_RADIUS + 1e-9
            flattest = np.radians(max(abs(south), abs(north)))
            if flattest + reach < np.radians(89):
                up, side = np.degrees(reach), np.degrees(np.arcsin(np.sin(reach) / np.cos(flattest)))
                inside = west - side > -180 and east + side < 180
                grid = _raster.Grid.over(south - up, west - side, north + up, east + side, _TILES)
                return grid, OUTSIDE if inside else UNSURE
        up, side = 0.01 + (north - south) / 4, 0.01 + (east - west) / 4
        south, north = max(south - up, -90), min(north + up, 90)
        west, east = max(west - side, -180), min(east + side, 180)
        return _raster.Grid.over(south, west, north, east, _TILES), UNSURE


def _of_corners(pick: np.ufunc, lattice: Any) -> Any:
    """The smallest or largest value at each tile's corners: [rows, columns] out of [rows + 1, columns + 1]."""
    rows = pick(lattice[1:], lattice[:-1])
    return pick(rows[:, 1:], rows[:, :-1])


def _unit(lat: Float64, lon: Float64) -> Float64:
    """float64[n, 3]: degrees as points on the unit sphere."""
    lat, lon = np.radians(lat), np.radians(lon)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _read_csv(plan: Plan, file: Path) -> dict[str, Sequence[object]]:
    if not file.is_file():
        raise plan.error("zones.file", f"there is no file {file}")
    if plan.zones.layer is not None:
        raise plan.error("zones.layer", "means nothing for a CSV file")
    encoding = plan.zones.encoding
    try:
        with file.open(
            encoding="utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding, newline=""
        ) as lines:
            rows = list(csv.reader(lines))
    except LookupError:
        raise plan.error("zones.encoding", f"{encoding!r} is no encoding such as 'utf-8' or 'latin-1'") from None
    except UnicodeError:
        raise DataError(
            f"{file}: it is not in {encoding}; say its encoding in zones.encoding, often 'latin-1'"
        ) from None
    except csv.Error:
        raise DataError(f"{file}: this is no CSV file that can be read; export it again") from None
    if not rows or not rows[0]:
        raise DataError(f"{file}: it is empty; it needs a line of column names and one for each point")
    header, body = rows[0], [(number, row) for number, row in enumerate(rows[1:], start=2) if row]
    for number, row in body:
        if len(row) != len(header):
            raise DataError(f"{file}, line {number}: {len(row)} fields where the first line has {len(header)}; mend it")
    for key in ("id", "lat", "lon", "name", "parent"):
        column = getattr(plan.zones, key)
        if header.count(column) > 1:
            raise DataError(f"{file}: column {column!r} occurs {header.count(column)} times; rename all but one")
    if body:
        for key in ("lat", "lon"):
            require(Asked(plan), key, file, header)
    return {name: [row[place] for _, row in body] for place, name in enumerate(header)}


def _degrees(plan: Plan, file: Path, columns: dict[str, Sequence[object]], key: str, most: int) -> Float64:
    column = require(Asked(plan), key, file, list(columns))
    degrees = np.empty(len(columns[column]))
    for row, value in enumerate(columns[column]):
        try:
            degrees[row] = float(str(value))
        except ValueError:
            degrees[row] = np.nan
    wrong = ~(np.abs(degrees) <= most)
    if wrong.any():
        raise DataError(
            f"{file}: column {column!r} (zones.{key}): {wrong.sum()} of {wrong.size} values are no degrees from -{most}"
            f" to {most}, zone {wrong.argmax() + 1} of the file is the first; mend or remove them"
        )
    return degrees
