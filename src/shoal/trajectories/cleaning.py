"""Which records of a row are believed: one a second, and none that would need an impossible speed."""

from dataclasses import dataclass

import numpy as np

from shoal._arrays import Int32, Int64
from shoal._numba import njit
from shoal.trajectories.distance import is_beyond, is_surely_within, speed_square


@dataclass(frozen=True, slots=True, repr=False)
class Records:
    """n believed records of d rows, strictly ascending in time within a row; columns as in `buckets.PointBucket`."""

    first: Int64
    time: Int64
    lat: Int32
    lon: Int32


def clean(first: Int64, time: Int64, lat: Int32, lon: Int32, max_speed: float) -> Records:
    """The records that are believed; `max_speed` in metres a second. A row that has records keeps at least one.

    first         int64[d+1]  record where each row begins
    time          int64[n]    seconds since 1970 UTC, ascending within a row
    lat, lon      int32[n]    1e-7 degrees
    """
    kept = Records(np.empty_like(first), np.empty_like(time), np.empty_like(lat), np.empty_like(lon))
    n = keep_records(first, time, lat, lon, max_speed, kept.first, kept.time, kept.lat, kept.lon)
    return Records(kept.first, kept.time[:n], kept.lat[:n], kept.lon[:n])


@njit
def keep_records(
    first: Int64,
    time: Int64,
    lat: Int32,
    lon: Int32,
    max_speed: float,
    kept_first: Int64,
    kept_time: Int64,
    kept_lat: Int32,
    kept_lon: Int32,
) -> int:
    """Write the believed records one after the other and return how many they are.

    first, time, lat, lon  as in `clean`
    max_speed              metres a second
    kept_first             int64[d+1]  filled here
    kept_time, ...         [n]         filled here up to the number returned

    Rule    of the records of one second the one with the smallest (lat, lon) counts, whatever order they came in;
            then, in time order, a record is dropped if it is further from the last kept one than max_speed allows.
    Cost    one pass, also over a million records of one second; trigonometry where a record is dropped.
    Source  the speed rule is scikit-mobility's `preprocessing.filtering.filter`. Slow twin: `clean` in
            tests/trajectories/naive.py.
    """
    kept = 0
    kept_first[0] = 0
    a_second = speed_square(max_speed)
    for row in range(first.size - 1):
        record, stop = first[row], first[row + 1]
        follows = False  # is the record before this one the last one kept?
        while record < stop:
            if follows:  # mostly; this loop waits for nothing that it has computed itself
                while record < stop:
                    seconds = float(time[record] - time[record - 1])
                    square = a_second * (seconds * seconds)
                    if not is_surely_within(lat[record - 1], lon[record - 1], lat[record], lon[record], 1.0, square):
                        break
                    kept_time[kept], kept_lat[kept], kept_lon[kept] = time[record], lat[record], lon[record]
                    kept += 1
                    record += 1
                if record == stop:
                    break
                if time[record] == time[record - 1]:  # of that second another record may count
                    kept -= 1
                    record -= 1
            now = time[record]
            best = record
            record += 1
            while record < stop and time[record] == now:
                if lat[record] < lat[best] or (lat[record] == lat[best] and lon[record] < lon[best]):
                    best = record
                record += 1
            follows = False
            if kept > kept_first[row]:
                last = kept - 1
                allowed = max_speed * (now - kept_time[last])
                if is_beyond(kept_lat[last], kept_lon[last], lat[best], lon[best], allowed):
                    continue
            kept_time[kept], kept_lat[kept], kept_lon[kept] = now, lat[best], lon[best]
            kept += 1
            follows = best == record - 1
        kept_first[row + 1] = kept
    return kept
