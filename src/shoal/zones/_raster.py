"""A raster of tiles that lie wholly inside one zone or outside all: the quick way to find a point's zone.

A tile that borders run through is cut along them, see `_cuts`; a tile or part of one that is not proven to lie in one
zone is UNSURE, and its points go to the exact rule. So the raster changes how long an answer takes, never the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from shoal._arrays import DEGREE, Bool, Float64, Int32, Int64
from shoal._numba import njit
from shoal.zones._cuts import NO_CUTS, NODE, OUTSIDE, UNSURE, Cuts, descend

MOST_TILES: Final = 1 << 22
"""16 MiB of int32."""

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
    tiles   int32[rows, columns]  zone index, OUTSIDE, UNSURE, or a node of `cuts`
    beyond  what is known of points outside the grid: OUTSIDE or UNSURE
    cuts    how tiles are cut that borders run through
    """

    grid: Grid
    tiles: Int32
    beyond: int
    cuts: Cuts = NO_CUTS

    def locate(self, lat: Int32, lon: Int32, exact: Exact) -> Int32:
        """Zone index of n points in 1e-7 degrees: int32[n], what `exact` says of every one."""
        lat, lon = np.ascontiguousarray(lat, dtype=np.int32), np.ascontiguousarray(lon, dtype=np.int32)
        out = np.empty(lat.size, dtype=np.int32)
        g = self.grid
        place = (g.south, g.west, g.lat_shift, g.lon_shift)
        unsure = _look_up(lat, lon, *place, self.tiles, self.beyond, self.cuts.nodes, self.cuts.lines, out)
        if unsure:
            rows = np.empty(unsure, dtype=np.int64)
            run = np.empty(unsure, dtype=np.int64)
            runs = _gather(lat, lon, out, rows, run)
            first = rows[np.searchsorted(run, np.arange(runs))]  # of each run of equal points
            out[rows] = exact(lat[first], lon[first])[run]
        return out

    @property
    def sure(self) -> float:
        """Share of the tiles that are sure as a whole."""
        return float(np.mean(self.tiles >= OUTSIDE))

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        return self.tiles.nbytes + self.cuts.bytes


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
    nodes: Int32,
    lines: Float64,
    out: Int32,
) -> int:
    """Write each point's zone into out, int32[n], OUTSIDE or UNSURE; how many are UNSURE."""
    unsure = 0
    # Unsigned numbers: what lies south or west of the grid is then beyond its last row or column.
    rows, columns, flat = np.uint64(tiles.shape[0]), np.uint64(tiles.shape[1]), tiles.reshape(-1)
    for i in range(lat.size):
        north = np.int64(lat[i]) - south
        east = np.int64(lon[i]) - west
        row, column = np.uint64(north >> lat_shift), np.uint64(east >> lon_shift)
        value = beyond
        if row < rows and column < columns:
            value = int(flat[row * columns + column])
            if value <= NODE:
                value = descend(value, float(east), float(north), nodes, lines)
        out[i] = value
        unsure += value == UNSURE
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
