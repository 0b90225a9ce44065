"""Hash partition: a batch is split by the top bits of the pseudonym, so that a device lies in one bucket as a whole.

Records are kept whole, one after the other (not column by column): one bucket is then one stream of writes, which is
what makes the scatter fast, and a bucket's memory is one piece.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal._arrays import Int32, Int64, UInt64
from shoal._numba import njit
from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips

Records = NDArray[np.void]
"""Whole records of type POINT or TRIP."""

POINT = np.dtype([("pseudonym", "u8"), ("time", "i4"), ("lat", "i4"), ("lon", "i4")])
"""`time` in seconds since the start of the period."""
TRIP = np.dtype([("pseudonym", "u8"), ("end", "i8"), ("time", "i4"), ("origin", "i4"), ("destination", "i4")])
"""`time` is the start, in seconds since the start of the period; `end` in seconds since 1970 UTC."""


def partition(batch: PseudonymousPoints | PseudonymousTrips, bits: int, start: int, end: int) -> tuple[Records, Int64]:
    """Split n records into 2**bits buckets, keeping their order within each.

    bits        1 to 32
    start, end  the period, seconds since 1970 UTC; less than 2**31 seconds long

    Returns the records, POINT or TRIP [n], and int64[2**bits + 1], where each bucket begins.
    Cost    two passes, 20 or 28 bytes written a record.
    """
    first = np.zeros((1 << bits) + 1, dtype=np.int64)
    shift = np.uint64(64 - bits)
    time = batch.time if isinstance(batch, PseudonymousPoints) else batch.start
    if not _count(batch.pseudonym, time, shift, start, end, first):
        raise ValueError("records must lie inside the period here; the source drops all others")
    np.cumsum(first, out=first)
    records: Records
    if isinstance(batch, PseudonymousPoints):
        records = np.empty(time.size, dtype=POINT)
        _scatter_points(batch.pseudonym, time, batch.lat, batch.lon, shift, start, first[:-1].copy(), records)
    else:
        records = np.empty(time.size, dtype=TRIP)
        _scatter_trips(
            batch.pseudonym, time, batch.end, batch.origin, batch.destination, shift, start, first[:-1].copy(), records
        )
    return records, first


@njit
def _count(pseudonym: UInt64, time: Int64, shift: np.uint64, start: int, end: int, first: Int64) -> bool:
    """Add the records of bucket b to first[b + 1]; whether all lie inside the period."""
    inside = True
    for row in range(pseudonym.size):
        first[np.int64(pseudonym[row] >> shift) + 1] += 1
        inside &= start <= time[row] < end
    return inside


@njit
def _scatter_points(
    pseudonym: UInt64, time: Int64, lat: Int32, lon: Int32, shift: np.uint64, start: int, to: Int64, records: Any
) -> None:
    """Write each record to its bucket's place to[b], which moves on by one."""
    for row in range(pseudonym.size):
        bucket = np.int64(pseudonym[row] >> shift)
        record = records[to[bucket]]
        to[bucket] += 1
        record["pseudonym"] = pseudonym[row]
        record["time"] = np.int32(time[row] - start)
        record["lat"] = lat[row]
        record["lon"] = lon[row]


@njit
def _scatter_trips(
    pseudonym: UInt64,
    time: Int64,
    end: Int64,
    origin: Int32,
    destination: Int32,
    shift: np.uint64,
    start: int,
    to: Int64,
    records: Any,
) -> None:
    """As `_scatter_points`."""
    for row in range(pseudonym.size):
        bucket = np.int64(pseudonym[row] >> shift)
        record = records[to[bucket]]
        to[bucket] += 1
        record["pseudonym"] = pseudonym[row]
        record["end"] = end[row]
        record["time"] = np.int32(time[row] - start)
        record["origin"] = origin[row]
        record["destination"] = destination[row]
