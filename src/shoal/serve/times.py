"""Which times of a table are meant: single ones by their value, or all from one to before another."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from shoal._arrays import Int64
from shoal.serve.problems import Problem

if TYPE_CHECKING:
    from shoal.serve.cube import Cube

_PLUS = re.compile(r"(\d{1,4}-\d\d-\d\dT[\d:.]+) (\d\d:?\d\d)")  # what becomes of an unescaped + in an address


def bins_of(cube: "Cube", zone: str, wanted: Sequence[str], start: str | None, end: str | None) -> Int64 | None:
    """int64[k], ascending: which of the times of a table are wanted; None for all of them. Raises `Problem` (422).

    zone    time zone in which hours without an offset are meant
    wanted  values: hours as ISO 8601 with an offset or in local time, days and weeks as dates, else the names in the
            table; empty: all
    start, end  hours or dates: from the one, and before the other
    """
    if not wanted and start is None and end is None:
        return None
    name, values = cube.time, cube.values
    if name is None:
        raise Problem(422, "this table has no times, so it takes no time, from or to; leave them out")
    chosen = np.ones(len(values), dtype=np.bool_)
    if wanted:
        chosen[:] = False
        for text in wanted:
            found = cube.bin_of.get(_value(name, text))
            if found is None:
                raise Problem(422, f"this table has no {name} {text[:60]!r}; {_range(name, values)}")
            chosen[found] = True
    if start is not None or end is not None:
        if name not in ("hour", "day", "week"):
            raise Problem(422, f"from and to mean nothing for a table by {name}; name each {name} with time")
        if start is not None:
            first = _moment(name, start, zone, "from")
            chosen &= np.array([value >= first for value in values], dtype=np.bool_)
        if end is not None:
            last = _moment(name, end, zone, "to")
            chosen &= np.array([value < last for value in values], dtype=np.bool_)
    return np.flatnonzero(chosen)


def said(name: str | None, times: Any) -> list[str]:
    """The times of a table as text, which `bins_of` takes: ISO 8601, or their names."""
    if name is None:
        return []
    return [value.isoformat() if isinstance(value, (date, datetime)) else str(value) for value in times.to_pylist()]


def _value(name: str, text: str) -> Any:
    if name == "hour":
        return _read_hour(text)
    if name in ("day", "week"):
        return _read_day(name, text)
    return text


def _moment(name: str, text: str, zone: str, parameter: str) -> Any:
    if name != "hour":
        return _read_day(parameter, text)
    moment = _read_hour(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))


def _read_hour(text: str) -> datetime:
    try:
        return datetime.fromisoformat(_PLUS.sub(r"\1+\2", text))
    except (ValueError, OverflowError):
        raise Problem(
            422, f"{text[:60]!r} is no time; write it as 2026-03-02T08:00 (local time) or with an offset"
        ) from None


def _read_day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Problem(422, f"{name} {text[:60]!r} is no date; write it as 2026-03-02") from None


def _range(name: str, values: Sequence[Any]) -> str:
    if name in ("hour", "day", "week"):
        return f"it has those from {values[0].isoformat()} to {values[-1].isoformat()}"
    return f"it has {', '.join(map(str, values))}"
