"""One bucket's records become rows, one device over one unit each; after this no pseudonym exists."""

import numpy as np

from shoal._arrays import Int32, Int64
from shoal._numba import njit
from shoal.buckets._order import MAX_SECONDS, PIECE, sort_pieces, split_by_device
from shoal.buckets._types import PointBucket, TripBucket
from shoal.buckets.partition import POINT, Records


def group(records: Records, unit_start: Int64) -> PointBucket | TripBucket:
    """Rows of n records, POINT or TRIP. `records` is used up: its pseudonyms are overwritten, its order changes.

    unit_start  int64[u+1]  where each unit begins, and the period's end; seconds since 1970 UTC

    Rule    a row holds all records of one device in one unit [unit_start, next unit_start), ascending in time;
            records of equal time in any order. Rows of one device lie together, ascending by unit; devices in any
            order, but the same for the same input.
    Cost    linear in n, also where one device has nearly all records. Needs twice the memory of `records` beside it.
    """
    start, end = int(unit_start[0]), int(unit_start[-1])
    if end - start > MAX_SECONDS:
        raise ValueError(f"a period must be at most {MAX_SECONDS} seconds long")
    bits = (records.size // PIECE).bit_length()
    spare = np.empty_like(records)
    first = np.array([0, records.size], dtype=np.int64)
    if bits:
        first = split_by_device(records, bits, spare)
        records, spare = spare, records
    counts = np.empty(records.size, dtype=np.int64)
    devices = sort_pieces(records, first, spare, counts)
    time = spare["time"] + np.int64(start)
    rows, unit = _split(time, counts[:devices], unit_start)
    if spare.dtype == POINT:
        return PointBucket(rows, unit, time, spare["lat"].copy(), spare["lon"].copy())
    return TripBucket(rows, unit, time, spare["end"].copy(), spare["origin"].copy(), spare["destination"].copy())


@njit
def _split(time: Int64, counts: Int64, unit_start: Int64) -> tuple[Int64, Int32]:
    """Cut each device's records where a unit begins: `first` int64[d+1] and `unit` int32[d] of the rows.

    time    int64[n]        ascending within a device
    counts  int64[devices]  records of each device, 1 or more
    Rule    two passes: count the rows, then write them.
    """
    rows = _cut(time, counts, unit_start, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32))
    first = np.empty(rows + 1, dtype=np.int64)
    unit = np.empty(rows, dtype=np.int32)
    _cut(time, counts, unit_start, first, unit)
    first[rows] = time.size
    return first, unit


@njit
def _cut(time: Int64, counts: Int64, unit_start: Int64, first: Int64, unit: Int32) -> int:
    """How many rows there are; where the arrays are long enough, also where rows begin and their units."""
    rows = 0
    at = 0
    for device in range(counts.size):
        end = at + int(counts[device])
        while at < end:
            following = _first_at_least(unit_start, 0, unit_start.size, time[at] + 1)
            if rows < unit.size:
                first[rows] = at
                unit[rows] = following - 1
            rows += 1
            until = unit_start[following]
            at = end if time[end - 1] < until else _first_at_least(time, at, end, until)
    return rows


@njit
def _first_at_least(values: Int64, begin: int, end: int, least: np.int64) -> int:
    """First place in values[begin:end], which ascend, whose value is at least `least`; `end` if there is none."""
    while begin < end:
        middle = (begin + end) >> 1
        if values[middle] < least:
            begin = middle + 1
        else:
            end = middle
    return begin
