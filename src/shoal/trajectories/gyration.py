"""Radius of gyration: how far a row's stays lie around their centre, weighted by time."""

import math

import numpy as np

from shoal._arrays import DEGREE, Int32, Int64
from shoal._numba import njit
from shoal.trajectories._types import Stays
from shoal.trajectories.distance import metres_between

_TURN = 360 * DEGREE


def gyration_of(stays: Stays) -> Int64:
    """Radius of gyration of each of d rows in metres, rounded down: int64[d]; -1 for a row whose stays take no time."""
    if stays.lat is None or stays.lon is None:
        raise TypeError("a radius of gyration needs the positions of stays")
    radius = np.empty(stays.first.size - 1, dtype=np.int64)
    fill_gyration(stays.first, stays.start, stays.end, stays.lat, stays.lon, radius)
    return radius


@njit
def fill_gyration(first: Int64, start: Int64, end: Int64, lat: Int32, lon: Int32, radius: Int64) -> None:
    """radius int64[d] is filled; the others as in `Stays`.

    Rule    the centre is the mean of latitude and longitude, each stay weighted by its seconds; longitudes are taken as
            differences from the row's first stay, the short way round. The radius is the root of the weighted mean of
            the squared great-circle distances to it.
    Source  Gonzalez, Hidalgo and Barabasi 2008, "Understanding individual human mobility patterns"; scikit-mobility,
            `radius_of_gyration`, which weights records. Slow twin: `gyration` in tests/trajectories/naive_days.py.
    """
    for row in range(first.size - 1):
        total, north, east = 0, 0.0, 0.0
        origin = first[row]
        for stay in range(first[row], first[row + 1]):
            weight = end[stay] - start[stay]
            total += weight
            north += weight * float(int(lat[stay]) - int(lat[origin]))
            east += weight * float(_short_way(int(lon[stay]) - int(lon[origin])))
        if total == 0:
            radius[row] = -1
            continue
        centre_lat = int(lat[origin]) + round(north / total)
        centre_lon = _short_way(int(lon[origin]) + round(east / total))
        square = 0.0
        for stay in range(first[row], first[row + 1]):
            off = metres_between(lat[stay], lon[stay], centre_lat, centre_lon)
            square += (end[stay] - start[stay]) * off * off
        radius[row] = np.int64(math.sqrt(square / total))


@njit
def _short_way(across: int) -> int:
    """A difference of longitudes, or a longitude, within half a turn; 1e-7 degrees."""
    half = _TURN // 2
    if across > half:
        return across - _TURN
    if across < -half:
        return across + _TURN
    return across
