"""What each row did on each local day: whether it was seen to stay or go, its trips, and how far they led."""

from dataclasses import dataclass

import numpy as np

from shoal._arrays import Int32, Int64
from shoal._numba import njit
from shoal.calendar import Calendar
from shoal.trajectories._types import Trajectories
from shoal.trajectories.distance import metres_between
from shoal.trajectories.hours import hour_of


@dataclass(frozen=True, slots=True, repr=False)
class Days:
    """Local days on which rows have a stay, or begin a trip; ascending within a row.

    first   int64[d+1]  day where each row begins
    day     int32[n]    index into the calendar's days
    trips   int64[n]    trips that began on it
    metres  int64[n]    great-circle lengths of those, from stay to stay, together
    """

    first: Int64
    day: Int32
    trips: Int64
    metres: Int64


def days_of(rows: Trajectories, calendar: Calendar) -> Days:
    """The days of d rows of a source of points."""
    stays, trips = rows.stays, rows.trips
    if stays.lat is None or stays.lon is None or trips.stay is None:
        raise TypeError("days need the positions of stays")  # statistics of trips refuse such a plan
    length = np.empty(trips.start.size, dtype=np.int64)
    fill_lengths(stays.lat, stays.lon, trips.stay, length)
    first = np.empty_like(stays.first)
    # a trip touches one day; a stay its first, and each that begins inside it, which are more than an hour apart
    most = 2 * stays.start.size + trips.start.size + int((stays.end - stays.start).sum()) // 3600
    most = min(most, (stays.first.size - 1) * len(calendar.days))
    day, number, metres = np.empty(most, np.int32), np.empty(most, np.int64), np.empty(most, np.int64)
    spare = np.zeros((2, len(calendar.days)), dtype=np.int64)
    n = fill_days(
        stays.first,
        stays.start,
        stays.end,
        trips.first,
        trips.start,
        length,
        calendar.hour_start,
        calendar.day_of_hour,
        spare,
        first,
        day,
        number,
        metres,
    )
    return Days(first, day[:n], number[:n], metres[:n])


@njit
def fill_lengths(lat: Int32, lon: Int32, stay: Int64, length: Int64) -> None:
    """length int64[t]: metres, rounded down, from the stay that each trip leaves to the next; the others as in `Stays`,
    `Trips`."""
    for trip in range(stay.size):
        here = stay[trip]
        length[trip] = np.int64(metres_between(lat[here], lon[here], lat[here + 1], lon[here + 1]))


@njit
def fill_days(
    stay_first: Int64,
    start: Int64,
    end: Int64,
    trip_first: Int64,
    trip_start: Int64,
    length: Int64,
    hour_start: Int64,
    day_of_hour: Int32,
    spare: Int64,
    first: Int64,
    day: Int32,
    trips: Int64,
    metres: Int64,
) -> int:
    """Write the days of each of d rows, and return how many they are.

    stay_first, start, end  int64[d+1], int64[s]  as in `Stays`
    trip_first, trip_start  int64[d+1], int64[t]  as in `Trips`
    length                  int64[t]   metres of each trip
    hour_start              int64[h+1] start of each local hour, and the period's end
    day_of_hour             int32[h]   local day of each hour
    spare                   int64[2, days]  zeros; used here and left as zeros
    first, day, trips, metres          filled here; as in `Days`

    Rule    a day counts where a stay of the row overlaps it (one of no time: where it begins), or a trip begins on it.
            Instants outside the period belong to no day.
    Source  docs/definitions.md, "Day's way". Slow twin: `days` in tests/trajectories/naive_days.py.
    """
    count = 0
    first[0] = 0
    low_end, high_end = hour_start[0], hour_start[-1]
    for row in range(stay_first.size - 1):
        least, most = spare.shape[1], -1
        for stay in range(stay_first[row], stay_first[row + 1]):
            until = max(end[stay] - 1, start[stay])
            if until < low_end or start[stay] >= high_end:
                continue
            begins = day_of_hour[hour_of(hour_start, max(start[stay], low_end))]
            ends = day_of_hour[hour_of(hour_start, min(until, high_end - 1))]
            for one in range(begins, ends + 1):
                spare[0, one] = 1
            least, most = min(least, begins), max(most, ends)
        for trip in range(trip_first[row], trip_first[row + 1]):
            if low_end <= trip_start[trip] < high_end:
                one = day_of_hour[hour_of(hour_start, trip_start[trip])]
                spare[0, one] = max(spare[0, one], 1) + 1  # 1: seen; above: and so many trips
                spare[1, one] += length[trip]
                least, most = min(least, one), max(most, one)
        for one in range(least, most + 1):
            if spare[0, one] > 0:
                day[count], trips[count], metres[count] = one, spare[0, one] - 1, spare[1, one]
                count += 1
                spare[0, one] = spare[1, one] = 0
        first[row + 1] = count
    return count
