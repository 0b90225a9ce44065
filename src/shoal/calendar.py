"""Local time as public grids: the hours, days and units of a period, in seconds since 1970 UTC.

Days of 23 and 25 hours, and zones whose offset is not whole hours, are right because every boundary is found in local
time and only then turned into UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

from shoal._arrays import Bool, Int32, Int64
from shoal.plan import Period, Plan

_STEP = 900  # every UTC offset in use is a multiple of 15 minutes


@dataclass(frozen=True)
class Calendar:
    """The hours and units of a plan's period.

    timezone    the plan's
    hour_start  int64[h+1]  start of each local hour, and the period's end; seconds since 1970 UTC
    hour_unit   int32[h]    unit of privacy in which each hour lies, from 0
    unit_start  int64[u+1]  start of each unit, and the period's end
    """

    timezone: ZoneInfo
    hour_start: Int64
    hour_unit: Int32
    unit_start: Int64

    @classmethod
    def from_plan(cls, plan: Plan) -> Self:
        return cls.from_period(plan.period, plan.source.zone_info)

    @classmethod
    def from_period(cls, period: Period, timezone: ZoneInfo) -> Self:
        unit_start = [first_instant(day, timezone) for day in (*period.unit_starts(), period.end)]
        hours = [
            instant
            for instant in range(unit_start[0], unit_start[-1], _STEP)
            if instant == unit_start[0] or datetime.fromtimestamp(instant, timezone).minute == 0
        ]
        hour_start = np.array([*hours, unit_start[-1]], dtype=np.int64)
        units = np.array(unit_start, dtype=np.int64)
        hour_unit = (np.searchsorted(units, hour_start[:-1], side="right") - 1).astype(np.int32)
        return cls(timezone, hour_start, hour_unit, units)

    @property
    def start(self) -> int:
        """First second of the period."""
        return int(self.hour_start[0])

    @property
    def end(self) -> int:
        """First second after the period."""
        return int(self.hour_start[-1])

    @property
    def hours(self) -> int:
        return self.hour_start.size - 1

    @property
    def units(self) -> int:
        return self.unit_start.size - 1

    @cached_property
    def local_hours(self) -> tuple[datetime, ...]:
        """Start of each hour as an aware local time."""
        return tuple(datetime.fromtimestamp(int(s), self.timezone) for s in self.hour_start[:-1])

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The local dates of the period, ascending."""
        return tuple(dict.fromkeys(hour.date() for hour in self.local_hours))

    @cached_property
    def day_of_hour(self) -> Int32:
        """int32[h]: the local date of each hour, from 0, as in `days`."""
        number = {day: index for index, day in enumerate(self.days)}
        return np.array([number[hour.date()] for hour in self.local_hours], dtype=np.int32)

    @cached_property
    def most_days(self) -> int:
        """Local dates of the longest unit."""
        return max(len({self.day_of_hour[h] for h in np.flatnonzero(self.hour_unit == u)}) for u in range(self.units))

    @cached_property
    def is_night(self) -> Bool:
        """bool[h]: hours from 22:00 to 07:00 local, in which home is sought."""
        return np.array([hour.hour >= 22 or hour.hour < 7 for hour in self.local_hours], dtype=np.bool_)


def first_instant(day: date, timezone: ZoneInfo) -> int:
    """First second of the local date, also where midnight does not exist (a clock set forward at 0:00)."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=timezone).astimezone(UTC)
    instant = int((noon - timedelta(hours=14)).timestamp())
    instant -= instant % _STEP
    while datetime.fromtimestamp(instant, timezone).date() < day:
        instant += _STEP
    return instant
