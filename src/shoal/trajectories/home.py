"""Home: the zone of a row's nights."""

import numpy as np

from shoal._arrays import Bool, Int32, Int64
from shoal._numba import njit
from shoal.calendar import Calendar
from shoal.trajectories._types import Stays
from shoal.trajectories.hours import hour_of

LEAST = 3 * 3600
"""Seconds of night-time stay below which a row has no home."""


def homes_of(stays: Stays, unit: Int32, calendar: Calendar, zones: int) -> Int32:
    """Home zone of each of d rows, int32[d], -1 where there is none; `unit` int32[d], `zones` the number of zones."""
    home = np.empty(unit.size, dtype=np.int32)
    hour_start, is_night = calendar.hour_start, calendar.is_night
    night = np.zeros_like(hour_start)
    np.cumsum(np.where(is_night, np.diff(hour_start), 0), out=night[1:])
    seconds = np.zeros(zones, dtype=np.int64)
    find_homes(
        stays.first,
        stays.start,
        stays.end,
        stays.zone,
        unit,
        calendar.unit_start,
        hour_start,
        is_night,
        night,
        LEAST,
        seconds,
        home,
    )
    return home


@njit
def find_homes(
    stay_first: Int64,
    start: Int64,
    end: Int64,
    zone: Int32,
    unit: Int32,
    unit_start: Int64,
    hour_start: Int64,
    is_night: Bool,
    night: Int64,
    least: int,
    seconds: Int64,
    home: Int32,
) -> None:
    """Write the home zone of each of d rows.

    stay_first        int64[d+1]  stay where each row begins
    start, end, zone  [s]         stays; zone -1 outside every zone
    unit              int32[d]    unit of each row
    unit_start        int64[u+1]  start of each unit, and the period's end
    hour_start        int64[h+1]  start of each local hour, and the period's end
    is_night          bool[h]     hours of the night
    night             int64[h+1]  seconds of night before each hour
    least             seconds     fewer are no home
    seconds           int64[z]    zeros; used here and left as zeros
    home              int32[d]    filled here

    Rule    the zone with the most time of stays within night hours in the row's unit; ties go to the smaller index;
            -1 where it is under `least`. Time outside every zone does not count.
    Cost    two passes over the stays.
    Source  docs/definitions.md, "Home". Slow twin: `home` in tests/trajectories/naive.py.
    """
    for row in range(stay_first.size - 1):
        low, high = unit_start[unit[row]], unit_start[unit[row] + 1]
        for stay in range(stay_first[row], stay_first[row + 1]):
            begin, until = max(start[stay], low), min(end[stay], high)
            if zone[stay] >= 0 and begin < until:
                seconds[zone[stay]] += night_before(until, hour_start, is_night, night) - night_before(
                    begin, hour_start, is_night, night
                )
        best, most = -1, 0
        for stay in range(stay_first[row], stay_first[row + 1]):
            if zone[stay] >= 0:
                total = seconds[zone[stay]]
                seconds[zone[stay]] = 0
                if total >= least and (total > most or (total == most and zone[stay] < best)):
                    best, most = zone[stay], total
        home[row] = best


@njit
def night_before(instant: int, hour_start: Int64, is_night: Bool, night: Int64) -> int:
    """Seconds of night between the period's start and `instant`, which lies in the period or at its end."""
    hour = hour_of(hour_start, instant)
    if is_night[hour]:
        return int(night[hour]) + instant - int(hour_start[hour])
    return int(night[hour])
