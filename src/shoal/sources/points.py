"""Rows of points into batches of usable records."""

import pyarrow as pa

from shoal._arrays import Bool, Int64, UInt8
from shoal._numba import njit
from shoal.sources._batches import PointBatch
from shoal.sources._reader import Rows
from shoal.sources.identifiers import identifiers
from shoal.sources.positions import floats, positions
from shoal.sources.tally import Reason, Tally
from shoal.sources.times import Clock

_OUTSIDE = int(Reason.OUTSIDE_PERIOD)


def points(rows: Rows, clock: Clock, start: int, end: int, tally: Tally) -> PointBatch:
    """Convert n rows (columns by our names) and keep the usable ones; the others are counted in `tally`.

    start, end  the period, seconds since 1970 UTC, end exclusive
    """
    device, code = identifiers(rows["device"])
    time, fault = clock.seconds(rows["time"])
    merge(code, fault)
    outside(time, start, end, code)
    lat, lon, swapped = positions(rows["lat"], rows["lon"], code)
    accuracy = floats(rows["accuracy"]) if "accuracy" in rows else None
    tally.saw(len(device), code, swapped)
    if not code.any():
        return PointBatch(device, time, lat, lon, accuracy)
    keep = code == 0
    accuracy = None if accuracy is None else accuracy[keep]
    return PointBatch(only(device, keep), time[keep], lat[keep], lon[keep], accuracy)


def only(array: pa.Array, keep: Bool) -> pa.Array:
    """The values of an Arrow array where `keep` holds."""
    return array.filter(pa.array(keep))


@njit
def merge(code: UInt8, later: UInt8) -> None:
    """Take over faults found later, where none was found before: a row counts once. Both uint8[n]."""
    for i in range(code.size):
        if code[i] == 0:
            code[i] = later[i]


@njit
def outside(time: Int64, start: int, end: int, code: UInt8) -> None:
    """Mark the rows, none of whose faults is known, that lie outside [start, end); time int64[n], code uint8[n]."""
    for i in range(time.size):
        if code[i] == 0 and not start <= time[i] < end:
            code[i] = _OUTSIDE
