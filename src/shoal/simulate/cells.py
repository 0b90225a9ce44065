"""The H3 cells of the study area, and in which of them a point of the city's frame lies."""

from functools import cache
from typing import NamedTuple

import h3
import numpy as np
from h3ronpy.vector import coordinates_to_cells

from shoal._numba import njit
from shoal.simulate.arrays import Float64, Int16, Int64, UInt64
from shoal.simulate.frame import latitude, longitude

RESOLUTION = 8
"""Of the cells in plan and truth: 0.88 square kilometres here."""
PIXEL = 20.0
"""Side of a pixel of the map from points to cells, metres."""


class Cells(NamedTuple):
    """The cells whose centre lies in the study area, in ascending order, and a map of them."""

    id: UInt64
    """`uint64[k]`"""
    west: float
    south: float
    """The map's corner, metres."""
    pixels: Int16
    """`int16[rows, columns]`: the cell of each pixel's centre by its place in `id`, -1 for none of them."""


@cache
def cover(outline: tuple[tuple[float, float], ...]) -> Cells:
    """The cells of the area with this outline (longitude, latitude)."""
    polygon = h3.LatLngPoly([(north, east) for east, north in outline])
    ids = np.sort(np.array([h3.str_to_int(cell) for cell in h3.polygon_to_cells(polygon, RESOLUTION)], np.uint64))
    reach = 11_500.0
    line = np.arange(-reach, reach, PIXEL) + PIXEL / 2
    pixels = np.empty((line.size, line.size), np.int16)
    for row, y in enumerate(line):
        pixels[row] = locate(ids, line, np.full(line.size, y))
    return Cells(ids, -reach, -reach, pixels)


def locate(ids: UInt64, x: Float64, y: Float64) -> Int64:
    """`int64[n]`: exactly which of the cells `ids` (ascending) holds each point, by its place; -1 for none."""
    found = np.asarray(coordinates_to_cells(latitude(x, y), longitude(x, y), RESOLUTION)).astype(np.uint64)
    place = np.minimum(np.searchsorted(ids, found), ids.size - 1)
    return np.where(ids[place] == found, place, -1)


@njit
def pixel(cells: Cells, x: float, y: float) -> int:
    """Which cell holds a point, right to 14 metres; -1 for none of them."""
    column, row = int((x - cells.west) // PIXEL), int((y - cells.south) // PIXEL)
    if 0 <= row < cells.pixels.shape[0] and 0 <= column < cells.pixels.shape[1]:
        return cells.pixels[row, column]  # type: ignore[no-any-return]
    return -1
