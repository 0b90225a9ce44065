"""The raster of zones whose borders are straight lines in longitude and latitude.

The proof: the zone of a point can only change where a border is crossed. Tiles that no border (widened by a margin)
touches and that are neighbours therefore lie in the same zone, and one exact look-up tells which; what the others are
cut into lies in one zone each, see `_cuts`.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shoal._arrays import DEGREE, Float64, Int32, Int64
from shoal._numba import njit
from shoal.zones._cuts import OUTSIDE, UNSURE, Borders, Cuts, cut, lead, settle, trim
from shoal.zones._raster import Exact, Grid, Raster

Runs = tuple[Int64, Int64, Int64]
"""Row, first and last column of unbroken runs of tiles."""

_AT_ONCE: Final = 1 << 17
"""Tiles that are cut, and points that the rule is asked, at once: they take some 100 bytes each."""
_MOST_NODES: Final = 1 << 22
"""48 MiB."""
_NOTHING: Final = np.zeros(0, dtype=np.int64)
_NOBODY: Final = np.zeros(0, dtype=np.int32)


def from_borders(grid: Grid, borders: Float64, margin: Float64, exact: Exact, beyond: int = OUTSIDE) -> Raster:
    """The raster of zones over `grid`, from their borders.

    borders  float64[m, 4]  from longitude, latitude to longitude, latitude, degrees
    margin   float64[m, 2]  how far (longitude, latitude, degrees) the true border may run beside the line
    exact    the rule; its answer may change only across a border
    beyond   OUTSIDE if the grid covers all zones, else UNSURE

    Cost     three visits of each tile that a border touches; one exact look-up of both ends of each run between them,
             and one of each part that those tiles are cut into.
    """
    tiles = np.zeros((grid.rows, grid.columns), dtype=np.int32)
    ends = np.ascontiguousarray(borders * DEGREE - np.array([grid.west, grid.south] * 2))
    known = Borders.of(ends, np.ascontiguousarray(margin * DEGREE))
    _visit(*_in_tiles(grid, known), tiles, _NOTHING, _NOBODY)
    runs = _runs(tiles)
    cuts = _cut(grid, known, tiles.reshape(-1), exact)
    _settle(grid, runs, tiles, exact)
    return Raster(grid, tiles, beyond, cuts)


def _cut(grid: Grid, known: Borders, tiles: Int32, exact: Exact) -> Cuts:
    """Cut the tiles, int32[rows * columns], that are UNSURE, and put the codes of their parts in their place."""
    touched = np.flatnonzero(tiles == UNSURE)
    tiles[touched] = np.arange(touched.size)
    where = tiles.reshape(grid.rows, grid.columns)
    first = np.zeros(touched.size + 1, dtype=np.int64)
    _visit(*_in_tiles(grid, known), where, first, _NOBODY)
    first = np.cumsum(first)
    member = np.empty(first[-1], dtype=np.int32)
    if member.size:
        _visit(*_in_tiles(grid, known), where, first[:-1].copy(), member)
    nodes = np.empty((min(_MOST_NODES, 4 * member.size), 3), dtype=np.int32)
    used = 0
    for begin in range(0, touched.size, _AT_ONCE):
        part = touched[begin : begin + _AT_ONCE]
        last, start = used, first[begin : begin + part.size + 1]
        used, code, points, home = cut(known, _boxes(grid, part), start, member[start[0] : start[-1]], nodes, last)
        east, north = points[:, 0], points[:, 1]
        zones = _ask(exact, north + grid.south, east + grid.west)
        # A point is rounded to whole units, and may so have left a leaf that has hardly room for one.
        zones[lead(code[home], east, north, nodes, known.lines) != np.arange(home.size)] = UNSURE
        settle(nodes[last:used, 1:], zones)
        settle(code, zones)
        tiles[part] = code
    return trim(known, nodes[:used])


def _settle(grid: Grid, runs: Runs, tiles: Int32, exact: Exact) -> None:
    """Put the zone of every run in its place."""
    row, begin, last = runs
    left, right = _ask(exact, *grid.corner(row, begin)), _ask(exact, *grid.corner(row, last))
    # Both ends agree, by the proof above. If a border ever ran where it should not, this is where it would show.
    _fill(tiles, row, begin, last, np.where(left == right, left, UNSURE).astype(np.int32))


def _in_tiles(grid: Grid, known: Borders) -> tuple[Float64, Float64]:
    """Ends and margins of borders, in tiles from the grid's corner."""
    size = np.array([1 << grid.lon_shift, 1 << grid.lat_shift], dtype=np.float64)
    # A hundredth of a tile covers every rounding here: coordinates are doubles, good to 1e-6 units.
    return known.ends / np.tile(size, 2), known.margin / size + 0.01


def _boxes(grid: Grid, touched: Int64) -> Float64:
    """All points of tiles: float64[t, 4], west, south, east, north in units from the grid's corner."""
    row, column = np.divmod(touched, grid.columns)
    west, south = column << grid.lon_shift, row << grid.lat_shift
    east = np.minimum(west + (1 << grid.lon_shift) - 1, 180 * DEGREE - grid.west)
    north = np.minimum(south + (1 << grid.lat_shift) - 1, 90 * DEGREE - grid.south)
    return np.column_stack([west, south, east, north]).astype(np.float64)


def _ask(exact: Exact, lat: Int32 | Int64, lon: Int32 | Int64) -> Int32:
    """What the rule says of n points, not too many at once."""
    out = np.empty(lat.size, dtype=np.int32)
    for begin in range(0, lat.size, _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        out[part] = exact(lat[part].astype(np.int32), lon[part].astype(np.int32))
    return out


@njit
def _visit(lines: Float64, margin: Float64, tiles: Int32, first: Int64, member: Int32) -> None:
    """Visit every tile that a line, widened by its margin, touches; all in tiles from the grid's corner.

    Where `first` is empty, set it to UNSURE. Else tiles hold their numbers 0 to t - 1: count the lines of tile k in
    first[k + 1], or, where `member` is not empty, put the line at member[first[k]] and move first[k] on.

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
                if first.size == 0:
                    tiles[row, column] = UNSURE
                elif member.size == 0:
                    first[tiles[row, column] + 1] += 1
                else:
                    k = tiles[row, column]
                    member[first[k]] = i
                    first[k] += 1


def _runs(tiles: Int32) -> Runs:
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
