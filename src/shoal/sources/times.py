"""Times of any kind into whole seconds since 1970 UTC."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from shoal._arrays import Bool, Float64, Int64, UInt8, view
from shoal._numba import njit
from shoal.calendar import Calendar
from shoal.plan import Plan
from shoal.sources import _iso
from shoal.sources.tally import Reason

Fold = Literal[0, 1]
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_GAP = np.iinfo(np.int64).min
"""Offset of local times that do not exist."""
_BEFORE, _AFTER = 2 * 86_400, 370 * 86_400  # a trip that starts in the period may end long after it
_NO_TIME, _UNREADABLE, _NO_SUCH = int(Reason.NO_TIME), int(Reason.UNREADABLE_TIME), int(Reason.NO_SUCH_TIME)


@dataclass(frozen=True)
class Clock:
    """How times of a source are read: the plan's time zone around its period, and the unit of whole numbers.

    Times without an offset are local. Where the clock is set back, the earlier of the two instants is meant; times
    that the clock skips when it is set forward do not exist. Two days before to 370 days after the period every change
    of the clock is known; outside, the nearest offset is used, which is enough to see that a time is outside.

    wall    int64[k]  local time, as seconds since 1970 on the wall clock, from which each offset holds; wall[0] is
                      the smallest integer. A pair of arrays: for the earlier and the later reading (fold 0 and 1)
    offset  int64[k]  seconds to take away to get UTC, or the smallest integer where the local time does not exist
    """

    wall: tuple[Int64, Int64]
    offset: tuple[Int64, Int64]
    unit: int | None
    """Whole numbers in a second; None where the plan does not say."""

    @classmethod
    def from_plan(cls, plan: Plan, calendar: Calendar) -> Self:
        unit = plan.source.time_unit
        readings = _readings(calendar.timezone, calendar.start - _BEFORE, calendar.end + _AFTER)
        return cls(*readings, None if unit is None else _UNITS[unit])

    def seconds(self, times: pa.Array, fold: Fold = 0) -> tuple[Int64, UInt8]:
        """Seconds since 1970 UTC (int64[n], fractions dropped) and what is wrong (uint8[n], a `Reason` or 0).

        times  timestamps with or without a zone, ISO 8601 text with or without an offset, or numbers (also as text) if
               the clock has a unit
        fold   1: of two instants the later

        Where something is wrong, the seconds mean nothing.
        """
        out = np.zeros(len(times), np.int64)
        code = nulls(times, _NO_TIME)
        kind = times.type
        if pa.types.is_timestamp(kind):
            values = _integers(times)
            _from_integers(values, _UNITS[kind.unit], kind.tz is None, self.wall[fold], self.offset[fold], out, code)
        elif pa.types.is_integer(kind) and self.unit is not None:
            values = _integers(times)
            _from_integers(values, self.unit, False, self.wall[0], self.offset[0], out, code)
        elif pa.types.is_floating(kind) and self.unit is not None:
            floats = view(times.cast(pa.float64()).fill_null(0.0))
            _from_floats(floats, self.unit, out, code)
        elif not pa.types.is_null(kind):
            text = times.cast(pa.large_string())
            offsets, data = _iso.buffers(text)
            _from_text(offsets, data, self.unit or 0, self.wall[fold], self.offset[fold], out, code)
        return out, code


def nulls(array: pa.Array, code: int) -> UInt8:
    """uint8[n]: `code` where `array` is null, else 0."""
    if not array.null_count:
        return np.zeros(len(array), np.uint8)
    missing: Bool = view(array.is_null().cast(pa.uint8())).view(np.bool_)
    return missing.astype(np.uint8) * np.uint8(code)


def _integers(array: pa.Array) -> Int64:
    """The numbers of an array, 0 where it is null, without a copy if possible."""
    if pa.types.is_timestamp(array.type):
        array = array.view(pa.int64())
    elif array.type != pa.int64():  # beyond int64 there are no times: they wrap around and fall outside the period
        array = array.cast(pa.int64(), safe=False)
    values: Int64 = view(array.fill_null(0) if array.null_count else array)
    return values


def _readings(zone: ZoneInfo, start: int, end: int) -> tuple[tuple[Int64, Int64], tuple[Int64, Int64]]:
    """Changes of the offset within [start, end] as the two tables of `Clock`."""
    first = _offset(zone, start)
    tables = ([(_GAP, first)], [(_GAP, first)])
    instant, before = start, first
    while instant < end:
        step = instant + 21_600  # no zone has ever changed twice in six hours
        after = _offset(zone, step)
        if after != before:
            change = _bisect(lambda at: _offset(zone, at) != before, instant, step)  # noqa: B023 - called at once
            if after > before:
                for table in tables:
                    table += [(change + before, _GAP), (change + after, after)]
            else:
                tables[0].append((change + before, after))
                tables[1].append((change + after, after))
        instant, before = step, after
    wall, offset = zip(*(np.array(table, np.int64).T.copy() for table in tables), strict=True)
    return wall, offset


def _offset(zone: ZoneInfo, instant: int) -> int:
    delta = datetime.fromtimestamp(instant, zone).utcoffset()
    return 0 if delta is None else int(delta.total_seconds())


def _bisect(changed: Callable[[int], bool], low: int, high: int) -> int:
    """First second in (low, high] for which `changed` holds."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if changed(middle) else (middle, high)
    return high


@njit
def _to_utc(wall_time: int, near: int, wall: Int64, offset: Int64) -> tuple[int, int]:
    """UTC of one local time, or the smallest integer if it does not exist; and where in the table it was found.

    near  where the time before it was found: records come nearly in order
    """
    while wall_time < wall[near]:
        near -= 1
    while near + 1 < wall.size and wall_time >= wall[near + 1]:
        near += 1
    if offset[near] == _GAP:
        return _GAP, near
    return wall_time - offset[near], near


@njit
def _from_integers(values: Int64, unit: int, local: bool, wall: Int64, offset: Int64, out: Int64, code: UInt8) -> None:
    """Whole numbers of 1/unit seconds, in UTC or on the wall clock.

    values        int64[n]
    wall, offset  int64[k]  see `Clock`
    out           int64[n]  filled: seconds since 1970 UTC
    code          uint8[n]  filled where it is 0 and the time does not exist
    """
    near = 0
    for i in range(values.size):
        seconds = values[i] // unit
        if local and code[i] == 0:
            seconds, near = _to_utc(seconds, near, wall, offset)
            if seconds == _GAP:
                code[i] = _NO_SUCH
        out[i] = seconds


@njit
def _from_floats(values: Float64, unit: int, out: Int64, code: UInt8) -> None:
    """Numbers of 1/unit seconds since 1970 UTC; NaN is no time, infinity unreadable. Arrays as in `_from_integers`."""
    for i in range(values.size):
        seconds = np.floor(values[i] / unit)
        if np.isnan(seconds):
            code[i] = max(code[i], _NO_TIME)
        elif abs(seconds) > 1e15:
            code[i] = _UNREADABLE
        else:
            out[i] = int(seconds)


@njit
def _from_text(offsets: Int64, data: UInt8, unit: int, wall: Int64, offset: Int64, out: Int64, code: UInt8) -> None:
    """ISO 8601 text or, if `unit` is not 0, numbers of 1/unit seconds.

    offsets  int64[n+1]  where each text starts in `data`
    data     uint8[m]
    others as in `_from_integers`; one pass
    """
    near = 0
    for i in range(out.size):
        if code[i] != 0:
            continue
        start, end = _iso.strip(data, offsets[i], offsets[i + 1])
        if start == end:
            code[i] = _NO_TIME
            continue
        kind, seconds = _iso.parse(data, start, end)
        if kind == _iso.UNREADABLE and unit != 0:
            kind, seconds = _iso.parse_number(data, start, end, unit)
        if kind == _iso.UNREADABLE:
            code[i] = _UNREADABLE
        elif kind == _iso.LOCAL:
            seconds, near = _to_utc(seconds, near, wall, offset)
            if seconds == _GAP:
                code[i] = _NO_SUCH
        out[i] = seconds
