"""A raster of tiles that each lie wholly inside one zone or outside all: the quick way to find a point's zone.

A tile that is not proven to do so is UNSURE, and its points go to the exact rule. So the raster changes how long an
answer takes, never the answer. The proof, for zones with borders: the zone of a point can only change where a border
is crossed; tiles that a border (widened by a margin) touches are UNSURE; neighbouring tiles that none touches therefore
lie in the same zone, and one exact look-up tells which.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from shoal._arrays import DEGREE, Bool, Float64, Int32, Int64
from shoal._numba import njit

OUTSIDE: Final = -1
UNSURE: Final = -2
MOST_TILES: Final = 1 << 24
"""64 MiB of int32."""

Exact = Callable[[Int32, Int32], Int32]
"""Zone index of n points in 1e-7 degrees, by the rule itself."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Tiles of 2^lat_shift by 2^lon_shift units of 1e-7 degrees; the first one begins at (south, west).

    Tile (r, c) holds the points with south + r*height <= lat < south + (r+1)*height, and likewise in longitude.
    """

    south: int
    west: int
    lat_shift: int
    lon_shift: int
    rows: int
    columns: int

    @classmethod
    def over(cls, south: float, west: float, north: float, east: float, tiles: int) -> Self:
        """At most `tiles` tiles, about as high as wide on the ground, over bounds in degrees and a little more."""
        middle = np.cos(np.radians(np.clip((south + north) / 2, -85, 85)))
        lat_shift = lon_shift = 0
        while True:
            low = max(-90 * DEGREE, int(np.floor(south * DEGREE)) - (1 << lat_shift))
            left = max(-180 * DEGREE, int(np.floor(west * DEGREE)) - (1 << lon_shift))
            high = min(90 * DEGREE, int(np.ceil(north * DEGREE)) + (1 << lat_shift))
            right = min(180 * DEGREE, int(np.ceil(east * DEGREE)) + (1 << lon_shift))
            rows, columns = ((high - low) >> lat_shift) + 1, ((right - left) >> lon_shift) + 1
            if rows * columns <= max(tiles, 1):
                return cls(low, left, lat_shift, lon_shift, rows, columns)
            if columns == 1 or (rows > 1 and 1 << lat_shift < (1 << lon_shift) * middle):
                lat_shift += 1
            else:
                lon_shift += 1

    def corner(self, row: Int64, column: Int64) -> tuple[Int32, Int32]:
        """Latitude and longitude of the first point of each tile, 1e-7 degrees; always a place on Earth."""
        return (
            (self.south + (row << self.lat_shift)).astype(np.int32),
            (self.west + (column << self.lon_shift)).astype(np.int32),
        )


@dataclass(frozen=True, slots=True, repr=False)
class Raster:
    """grid    where the tiles lie
    tiles   int32[rows, columns]  zone index, OUTSIDE or UNSURE
    beyond  what is known of points outside the grid: OUTSIDE or UNSURE
    """

    grid: Grid
    tiles: Int32
    beyond: int

    def locate(self, lat: Int32, lon: Int32, exact: Exact) -> Int32:
        """Zone index of n points in 1e-7 degrees: int32[n], what `exact` says of every one."""
        lat, lon = np.ascontiguousarray(lat, dtype=np.int32), np.ascontiguousarray(lon, dtype=np.int32)
        out = np.empty(lat.size, dtype=np.int32)
        g = self.grid
        unsure = _look_up(lat, lon, g.south, g.west, g.lat_shift, g.lon_shift, self.tiles, self.beyond, out)
        if unsure:
            rows = np.empty(unsure, dtype=np.int64)
            run = np.empty(unsure, dtype=np.int64)
            runs = _gather(lat, lon, out, rows, run)
            first = rows[np.searchsorted(run, np.arange(runs))]  # of each run of equal points
            out[rows] = exact(lat[first], lon[first])[run]
        return out

    @property
    def sure(self) -> float:
        """Share of the tiles that are sure."""
        return float(np.mean(self.tiles != UNSURE))


def from_borders(grid: Grid, borders: Float64, margin: Float64, exact: Exact, beyond: int = OUTSIDE) -> Raster:
    """The raster of zones whose borders are straight lines in longitude and latitude.

    borders  float64[m, 4]  from longitude, latitude to longitude, latitude, degrees
    margin   float64[m, 2]  how far (longitude, latitude, degrees) the true border may run beside the line
    exact    the rule; its answer may change only across a border
    beyond   OUTSIDE if the grid covers all zones, else UNSURE

    Cost     one visit of each tile that a border touches, one exact look-up of both ends of each run between them.
    """
    tiles = np.zeros((grid.rows, grid.columns), dtype=np.int32)
    height, width = (1 << grid.lat_shift) / DEGREE, (1 << grid.lon_shift) / DEGREE
    origin = np.array([grid.west, grid.south] * 2) / DEGREE
    # A hundredth of a tile covers every rounding here: coordinates are doubles, good to 1e-13 degrees.
    _mark(
        np.ascontiguousarray((borders - origin) / np.array([width, height] * 2)),
        np.ascontiguousarray(margin / np.array([width, height]) + 0.01),
        tiles,
    )
    row, first, last = _runs(tiles)
    left, right = exact(*grid.corner(row, first)), exact(*grid.corner(row, last))
    # Both ends agree, by the proof above. If a border ever ran where it should not, this is where it would show.
    _fill(tiles, row, first, last, np.where(left == right, left, UNSURE).astype(np.int32))
    return Raster(grid, tiles, beyond)


def from_tiles(grid: Grid, zones: Int32, sure: Bool, beyond: int) -> Raster:
    """A raster whose tiles the caller has decided: int32[rows, columns], and where that is proven."""
    return Raster(grid, np.where(sure, zones, UNSURE).astype(np.int32), beyond)


def nothing() -> Raster:
    """A raster that knows nothing: every point goes to the rule."""
    return Raster(Grid(0, 0, 0, 0, 1, 1), np.full((1, 1), UNSURE, dtype=np.int32), UNSURE)


@njit
def _look_up(
    lat: Int32,
    lon: Int32,
    south: int,
    west: int,
    lat_shift: int,
    lon_shift: int,
    tiles: Int32,
    beyond: int,
    out: Int32,
) -> int:
    """Write each point's tile into out, int32[n]; how many are UNSURE."""
    unsure = 0
    rows, columns = tiles.shape
    for i in range(lat.size):
        row = (np.int64(lat[i]) - south) >> lat_shift
        column = (np.int64(lon[i]) - west) >> lon_shift
        value = beyond
        if 0 <= row < rows and 0 <= column < columns:
            value = tiles[row, column]
        out[i] = value
        if value == UNSURE:
            unsure += 1
    return unsure


@njit
def _gather(lat: Int32, lon: Int32, out: Int32, rows: Int64, run: Int64) -> int:
    """Write the UNSURE points' rows, and the number of each one's run of equal points; how many runs there are.

    A device that stays writes the same coordinates again and again: they need one exact look-up.
    """
    found = 0
    runs = 0
    for i in range(out.size):
        if out[i] == UNSURE:
            if found == 0 or lat[i] != lat[rows[found - 1]] or lon[i] != lon[rows[found - 1]]:
                runs += 1
            rows[found] = i
            run[found] = runs - 1
            found += 1
    return runs


@njit
def _mark(lines: Float64, margin: Float64, tiles: Int32) -> None:
    """Set every tile to UNSURE that a line, widened by its margin, touches; all in tiles from the grid's corner.

    Row by row: the part of the line within a margin of the row, and a margin more to both sides.
    """
    rows, columns = tiles.shape
    for i in range(lines.shape[0]):
        x0, y0, x1, y1 = lines[i, 0], lines[i, 1], lines[i, 2], lines[i, 3]
        mx, my = margin[i, 0], margin[i, 1]
        lowest = max(0, int(np.floor(max(-1.0, min(y0, y1) - my))))
        highest = min(rows - 1, int(np.floor(min(float(rows), max(y0, y1) + my))))
        for row in range(lowest, highest + 1):
            left, right = 0.0, 1.0  # the part, as shares of the line
            if y0 != y1:
                a = (row - my - y0) / (y1 - y0)
                b = (row + 1 + my - y0) / (y1 - y0)
                left, right = min(max(min(a, b), 0.0), 1.0), min(max(a, b, 0.0), 1.0)
            xa, xb = x0 + left * (x1 - x0), x0 + right * (x1 - x0)
            begin = max(0, int(np.floor(max(-1.0, min(xa, xb) - mx))))
            end = min(columns - 1, int(np.floor(min(float(columns), max(xa, xb) + mx))))
            for column in range(begin, end + 1):
                tiles[row, column] = UNSURE


def _runs(tiles: Int32) -> tuple[Int64, Int64, Int64]:
    """Row, first and last column of every unbroken run of tiles that are not UNSURE."""
    count = _list_runs(tiles, np.empty((0, 3), dtype=np.int64))
    runs = np.empty((count, 3), dtype=np.int64)
    _list_runs(tiles, runs)
    return runs[:, 0].copy(), runs[:, 1].copy(), runs[:, 2].copy()


@njit
def _list_runs(tiles: Int32, runs: NDArray[np.int64]) -> int:
    """Write as many runs as `runs`, int64[k, 3], has room for; how many there are."""
    count = 0
    rows, columns = tiles.shape
    for row in range(rows):
        for column in range(columns):
            if tiles[row, column] == UNSURE:
                continue
            if column == 0 or tiles[row, column - 1] == UNSURE:
                if count < runs.shape[0]:
                    runs[count, 0] = row
                    runs[count, 1] = column
                count += 1
            if count <= runs.shape[0]:
                runs[count - 1, 2] = column
    return count


@njit
def _fill(tiles: Int32, row: Int64, first: Int64, last: Int64, value: Int32) -> None:
    for i in range(row.size):
        tiles[row[i], first[i] : last[i] + 1] = value[i]
