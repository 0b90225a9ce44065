"""Pseudonymous records for the tests of shoal.buckets, and buckets taken apart again."""

from collections import Counter
from typing import Any

import numpy as np

from shoal._arrays import Int64
from shoal.buckets._types import PointBucket, TripBucket
from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips
from tests.buckets.naive import Row

START = 1_772_409_600
DAYS: Int64 = START + 86_400 * np.arange(8, dtype=np.int64)
"""Seven units of a day."""


def points(pseudonym: Any, time: Any) -> PseudonymousPoints:
    """One record each, every one with a place of its own so that none can stand for another."""
    n = len(pseudonym)
    lat = np.arange(n, dtype=np.int32)
    return PseudonymousPoints(
        np.asarray(pseudonym, dtype=np.uint64), np.asarray(time, dtype=np.int64), lat, np.asarray(-7 * lat)
    )


def trips(pseudonym: Any, start: Any) -> PseudonymousTrips:
    n = len(pseudonym)
    start = np.asarray(start, dtype=np.int64)
    row = np.arange(n, dtype=np.int32)
    # an end far beyond the period must survive too
    end = start + np.int64(60) + np.int64(2**40) * (row % 2)
    return PseudonymousTrips(np.asarray(pseudonym, dtype=np.uint64), start, end, row, np.asarray(row % 5 - 1))


def columns(batch: PseudonymousPoints | PseudonymousTrips | PointBucket | TripBucket) -> list[Any]:
    """Columns from the time on, as lists."""
    names = ("time", "lat", "lon") if hasattr(batch, "lat") else ("start", "end", "origin", "destination")
    return [getattr(batch, name).tolist() for name in names]


def records(batch: PseudonymousPoints | PseudonymousTrips) -> list[tuple[int, ...]]:
    return list(zip(batch.pseudonym.tolist(), *columns(batch), strict=True))


def rows(bucket: PointBucket | TripBucket) -> Counter[Row]:
    """Rows of a bucket in the form of `naive.rows`."""
    own = list(zip(*columns(bucket), strict=True))
    first = bucket.first.tolist()
    return Counter(
        (unit, tuple(sorted(own[a:b]))) for unit, a, b in zip(bucket.unit.tolist(), first[:-1], first[1:], strict=True)
    )


def check_shape(bucket: PointBucket | TripBucket) -> None:
    """What every bucket promises: types, contiguity, bounds, no empty row, time ascending within a row."""
    time = bucket.time if isinstance(bucket, PointBucket) else bucket.start
    first, unit = bucket.first, bucket.unit
    assert first.dtype == np.int64 and unit.dtype == np.int32 and time.dtype == np.int64
    assert first.size == unit.size + 1 and first[0] == 0 and first[-1] == time.size
    assert (np.diff(first) > 0).all()
    for name in bucket.__slots__:
        column = getattr(bucket, name)
        assert column.flags.c_contiguous and column.flags.aligned, name
        assert not isinstance(column.base, np.ndarray), name  # no view of records that had a pseudonym
    inner = np.ones(time.size, dtype=bool)
    inner[first[:-1]] = False  # the step onto a row's first record says nothing
    assert (np.diff(time, prepend=time[:1])[inner] >= 0).all()
