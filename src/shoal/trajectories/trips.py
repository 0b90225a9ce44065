"""Trips: from one stay to the next, where the way between them is known."""

import numpy as np

from shoal._arrays import Int32, Int64
from shoal._numba import njit
from shoal.trajectories._types import Trips
from shoal.trajectories.stays import Found


def trips_of(found: Found, zone: Int32, time: Int64, max_gap: int) -> Trips:
    """The trips between the stays of d rows.

    found    the s stays
    zone     int32[s]  of the stays
    time     int64[n]  of the records, seconds since 1970 UTC
    max_gap  seconds   a longer silence on the way and it is no trip; negative: silences don't matter
    """
    first, stay = np.empty_like(found.first), np.empty_like(found.head)
    t = find_trips(found.first, found.head, found.last, time, max_gap, first, stay)
    stay = stay[:t]
    return Trips(first, found.end[stay], zone[stay], zone[stay + 1], stay)


@njit
def find_trips(
    stay_first: Int64, head: Int64, last: Int64, time: Int64, max_gap: int, trip_first: Int64, stay: Int64
) -> int:
    """Write from which stay each trip begins (it leads to the next one) and return how many trips there are.

    stay_first  int64[d+1]  stay where each row begins
    head, last  int64[s]    first and last record inside each stay
    time        int64[n]    of the records, seconds since 1970 UTC
    max_gap     seconds     negative: silences don't matter
    trip_first  int64[d+1]  filled here
    stay        int64[s]    filled here up to the number returned

    Rule    two stays of one row that follow each other are a trip, also within one zone, unless two neighbouring
            records from the last inside the first stay to the first inside the second are more than max_gap apart.
    Cost    each record between stays is looked at once.
    Source  docs/definitions.md, "Trip". Slow twin: `trips` in tests/trajectories/naive.py.
    """
    count = 0
    trip_first[0] = 0
    for row in range(stay_first.size - 1):
        for i in range(stay_first[row], stay_first[row + 1] - 1):
            known = True
            if max_gap >= 0:
                for record in range(last[i], head[i + 1]):
                    if time[record + 1] - time[record] > max_gap:
                        known = False
                        break
            if known:
                stay[count] = i
                count += 1
        trip_first[row + 1] = count
    return count
