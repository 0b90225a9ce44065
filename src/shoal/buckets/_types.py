"""Buckets: all records of a set of devices together. A row range of them is a *row*: one device over one unit.

Splitting a device's records at the boundaries of the units, before anything else is computed, is what makes one unit
of privacy one row: nothing that a device did in another unit can reach its contribution.
"""

from dataclasses import dataclass

from shoal._arrays import Int32, Int64


@dataclass(frozen=True, slots=True, repr=False)
class PointBucket:
    """n records of d rows (a row: one device in one unit), ascending in time within a row.

    first     int64[d+1]  record where each row begins; first[d] == n
    unit      int32[d]    unit of each row, from 0
    time      int64[n]    seconds since 1970 UTC
    lat, lon  int32[n]    1e-7 degrees
    """

    first: Int64
    unit: Int32
    time: Int64
    lat: Int32
    lon: Int32


@dataclass(frozen=True, slots=True, repr=False)
class TripBucket:
    """n trips of d rows, ascending in start within a row; columns as in `sources.TripBatch`."""

    first: Int64
    unit: Int32
    start: Int64
    end: Int64
    origin: Int32
    destination: Int32
