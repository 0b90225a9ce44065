"""Slow, obvious twins of the kernels."""

import math
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r" *(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?([.,]\d+)? *?( ?(?:[Zz]|UTC|[+-]\d\d(?::?\d\d)?))? *", re.ASCII
)


def local(wall: datetime, zone: ZoneInfo, fold: int = 0) -> int | None:
    """UTC seconds of a naive local time, None where it does not exist."""
    aware = wall.replace(tzinfo=zone, fold=fold)
    instant = math.floor(aware.timestamp())
    back = datetime.fromtimestamp(instant, zone).replace(tzinfo=None)
    return instant if back == wall.replace(microsecond=0) else None


def iso(text: str, zone: ZoneInfo) -> int | str | None:
    """UTC seconds of one text; None: does not exist; "unreadable" otherwise."""
    match = _ISO.fullmatch(text)
    if not match or (match[4] and not match[3]):
        return "unreadable"
    try:
        wall = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3] or ':00'}")
        offset = (match[5] or "").strip().replace(":", "").upper().replace("UTC", "Z")
        if not offset:
            return local(wall, zone)
        if offset == "Z":
            return int((wall.replace(tzinfo=UTC) - _EPOCH).total_seconds())
        hours, minutes = int(offset[1:3]), int(offset[3:] or 0)
        if hours > 23 or minutes > 59:
            return "unreadable"
        shift = (hours * 60 + minutes) * 60 * (-1 if offset[0] == "-" else 1)
        return int((wall.replace(tzinfo=UTC) - _EPOCH).total_seconds()) - shift
    except ValueError:
        return "unreadable"


def fix(lat: float, lon: float) -> tuple[int, int] | str:
    """Whole 1e-7 degrees of one position, or what is wrong with it."""
    if math.isnan(lat) or math.isnan(lon):
        return "no position"
    if abs(lat) > 90 or abs(lon) > 180:
        return "position out of range"
    found = round(lat * 1e7), round(lon * 1e7)
    return "no position" if found == (0, 0) else found


def well_quoted(text: str) -> bool:
    """Whether every quote in CSV encloses a whole value or is doubled inside one."""
    value = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
    return re.fullmatch(rf"{value}(?:[,\r\n]{value})*", text) is not None
