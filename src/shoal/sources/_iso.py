"""Reading one time from text, for kernels: ISO 8601 as databases and phones write it, or a number."""

import numpy as np
import pyarrow as pa

from shoal._arrays import Int64, UInt8
from shoal._numba import njit

UNREADABLE, LOCAL, INSTANT = 0, 1, 2
_MOST = (1 << 62) // 10


def buffers(text: pa.Array) -> tuple[Int64, UInt8]:
    """Offsets (int64[n+1]) and bytes of a large_string array of n; nulls are whatever lies there."""
    _, offsets, data = text.buffers()
    if not len(text):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    starts = np.frombuffer(offsets, np.int64, len(text) + 1, text.offset * 8)
    return starts, np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)


@njit
def strip(data: UInt8, start: int, end: int) -> tuple[int, int]:
    """The range without blanks at both ends."""
    while start < end and data[start] == 32:
        start += 1
    while end > start and data[end - 1] == 32:
        end -= 1
    return start, end


@njit
def _digits(data: UInt8, start: int, count: int, end: int) -> int:
    """The number in exactly `count` digits at `start`, or -1."""
    if start + count > end:
        return -1
    value = 0
    for i in range(start, start + count):
        digit = int(np.int64(data[i])) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@njit
def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the Gregorian calendar (Hinnant, "chrono-compatible date algorithms")."""
    if month <= 2:
        year -= 1
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


@njit
def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@njit
def parse(data: UInt8, start: int, end: int) -> tuple[int, int]:
    """YYYY-MM-DD, 'T' or a blank, HH:MM[:SS[.fraction]], then nothing (LOCAL) or an offset (INSTANT).

    The offset is Z, UTC, +HH:MM, +HHMM or +HH, also after a blank. A date without a time of day is UNREADABLE: it does
    not say when. Returns (kind, seconds since 1970, on the wall clock if LOCAL); fractions are dropped.
    """
    bad = (UNREADABLE, 0)
    if end - start < 16 or data[start + 4] != 45 or data[start + 7] != 45 or data[start + 13] != 58:
        return bad
    between = data[start + 10]
    if between not in (84, 32, 116):  # T, blank, t
        return bad
    year, month = _digits(data, start, 4, end), _digits(data, start + 5, 2, end)
    day, hour = _digits(data, start + 8, 2, end), _digits(data, start + 11, 2, end)
    minute, second = _digits(data, start + 14, 2, end), 0
    if year < 1 or month < 1 or month > 12 or day < 1 or day > _days_in(year, month):
        return bad
    at = start + 16
    if at < end and data[at] == 58:
        second = _digits(data, at + 1, 2, end)
        at += 3
        if at < end and (data[at] == 46 or data[at] == 44):
            at += 1
            first = at
            while at < end and 48 <= data[at] <= 57:
                at += 1
            if at == first:
                return bad
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return bad
    seconds = _days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    if at == end:
        return LOCAL, seconds
    known, offset = _offset(data, at, end)
    return (INSTANT, seconds - offset) if known else bad


@njit
def _offset(data: UInt8, at: int, end: int) -> tuple[bool, int]:
    """Whether the rest of a time is an offset from UTC, and its seconds."""
    if data[at] == 32:
        at += 1
    left = end - at
    if left == 1 and (data[at] == 90 or data[at] == 122):
        return True, 0
    if left == 3 and data[at] == 85 and data[at + 1] == 84 and data[at + 2] == 67:
        return True, 0
    if left not in (3, 5, 6) or (data[at] != 43 and data[at] != 45) or (left == 6 and data[at + 3] != 58):
        return False, 0
    hours, minutes = _digits(data, at + 1, 2, end), 0
    if left > 3:
        minutes = _digits(data, end - 2, 2, end)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
        return False, 0
    offset = hours * 3_600 + minutes * 60
    return True, -offset if data[at] == 45 else offset


@njit
def parse_number(data: UInt8, start: int, end: int, unit: int) -> tuple[int, int]:
    """A number of 1/unit seconds since 1970 UTC, such as -12 or 1435708800.25: (INSTANT, seconds rounded down)."""
    negative = data[start] == 45
    if negative or data[start] == 43:
        start += 1
    value, rest, at = 0, False, start
    while at < end and 48 <= data[at] <= 57:
        if value > _MOST:
            return UNREADABLE, 0
        value = value * 10 + int(np.int64(data[at])) - 48
        at += 1
    if at == start:
        return UNREADABLE, 0
    if at < end and data[at] == 46:
        at += 1
        while at < end and 48 <= data[at] <= 57:
            rest = rest or data[at] != 48
            at += 1
    if at != end:
        return UNREADABLE, 0
    if negative:
        return INSTANT, -((value + rest + unit - 1) // unit)
    return INSTANT, value // unit
