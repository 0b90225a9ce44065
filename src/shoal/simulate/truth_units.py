"""What is counted once in each unit of privacy: who was where, from where they came, and how widely they moved.

A release computes these for a row, one device over one unit, so the truth looks at one unit at a time as well: a stay
that goes on across the boundary of two units is a stay in each, if each part is long enough. The totals are sums over
the units; a release publishes the mean.
"""

import math

import numpy as np

from shoal._numba import njit
from shoal.classes import LENGTHS
from shoal.simulate.arrays import Int64
from shoal.simulate.stays import stay_seconds
from shoal.simulate.travel import Stops

DAY = 86_400


def count_units(
    visitors: Int64, catchment: Int64, gyration: Int64, stops: Stops, zone: Int64, home: Int64, days: int, unit: int
) -> None:
    """Add the units of n devices with room for m stops.

    visitors    `int64[k]`           by cell of their stays
    catchment   `int64[k, k]`        by cell of the home and of their stays
    gyration    `int64[k, classes]`  by cell of the home and radius of gyration
    zone, home  `int64[n, m]`, `int64[n]`  cells, -1 for none
    days, unit  of the period, and of one unit; whole units make the period
    """
    metres = np.full((home.size, days // unit), -1, np.int64)
    fill_units(stops, zone, home, unit, visitors, catchment, metres)
    who, when = np.nonzero((metres >= 0) & (home[:, None] >= 0))
    cell = home[who] * gyration.shape[1] + LENGTHS.of(metres[who, when])
    gyration += np.bincount(cell, minlength=gyration.size).reshape(gyration.shape)


@njit
def fill_units(
    stops: Stops, zone: Int64, home: Int64, unit: int, visitors: Int64, catchment: Int64, metres: Int64
) -> None:
    """Add each device to `visitors` and `catchment` once a unit and cell, however many stays it has there.

    metres  `int64[n, units]`  filled: radius of gyration, rounded down; stays untouched for a unit without a stay

    Rule    the radius is the root of the mean squared distance of the stays to their mean point, both weighted by time.
    Source  docs/definitions.md, "Visitor", "Catchment", "Radius of gyration". Slow twin: `units` in
            tests/simulate/naive.py.
    """
    counted = np.full(visitors.size, -1, np.int64)  # the last device and unit for which each cell was counted
    for i in range(stops.used.size):
        begin = 0
        for u in range(metres.shape[1]):
            low, high = u * unit * DAY, (u + 1) * unit * DAY
            while begin < stops.used[i] and stops.row[i, begin].depart <= low:
                begin += 1
            stop, total, x, y = begin, 0, 0.0, 0.0
            while stop < stops.used[i] and stops.row[i, stop].arrive < high:
                seconds = stay_seconds(stops, i, stop, low, high)
                total += seconds
                x += seconds * stops.row[i, stop].x
                y += seconds * stops.row[i, stop].y
                here = zone[i, stop]
                if seconds > 0 and here >= 0 and counted[here] != i * metres.shape[1] + u:
                    counted[here] = i * metres.shape[1] + u
                    visitors[here] += 1
                    if home[i] >= 0:
                        catchment[home[i], here] += 1
                stop += 1
            if total == 0:
                continue
            square = 0.0
            for k in range(begin, stop):
                off = math.hypot(stops.row[i, k].x - x / total, stops.row[i, k].y - y / total)
                square += stay_seconds(stops, i, k, low, high) * off * off
            metres[i, u] = int(math.sqrt(square / total))
