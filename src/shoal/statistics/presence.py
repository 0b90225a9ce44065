"""Presence: how many devices are in a zone, on average over an hour."""

from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np

from shoal._arrays import Int32, Int64
from shoal._numba import njit
from shoal.calendar import Calendar
from shoal.keys import TimeKey
from shoal.privacy.contributions import Contributions, contributions
from shoal.statistics._base import Statistic, days_in_bin, most_in_unit, most_of_hours, round_root
from shoal.trajectories import Trajectories
from shoal.trajectories.hours import hour_of


class Presence(Statistic):
    """Seconds that a row's spans lie in a zone and a time bin, over 3600.

    Keys          zone x hour (or day, daypart, week, weekday, or the period). The plan names both: zeros are measured
                  too.
    Contribution  seconds / 3600 in the zone and bin; over an hour a device adds 1 in all, so zones add up.
    Bound         L2 norm over one unit. Usual: seen in two hours of five.
    Proof         docs/proofs/presence.md.  Definition: docs/definitions.md, "Presence".
    """

    name: ClassVar[str] = "presence"
    places: ClassVar[tuple[str, ...]] = ("zone",)
    times: ClassVar[tuple[str, ...]] = ("hour", "daypart", "day", "week", "weekday")
    default_by: ClassVar[tuple[str, ...]] = ("zone", "hour")
    per: ClassVar[int] = 3600
    of_trips: ClassVar[bool] = False
    meaning: ClassVar[str] = "device-hours in the zone; by hour: the average number of devices present in that hour"

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        if time.name == "hour":
            return round_root(0.4 * 24 * days)
        return round_root((0.4 * 24) ** 2 * days * days_in_bin(days, time) / 2)

    @classmethod
    def widest_bound(cls, calendar: Calendar, time: TimeKey, kind: Literal["points", "trips"]) -> Fraction:
        return most_of_hours(calendar, time)

    @classmethod
    def bins_touched(cls, calendar: Calendar, time: TimeKey) -> int:
        return most_in_unit(calendar, time)

    @classmethod
    def usual_cells(cls, calendar: Calendar, time: TimeKey, kind: Literal["points", "trips"]) -> int:
        hours = len(calendar.days) * 24 // calendar.units
        return min(hours // 2, 2 * most_in_unit(calendar, time)) if time.name != "hour" else hours // 2

    def contribution(self, rows: Trajectories) -> Contributions:
        spans = rows.spans
        if spans is None:
            raise TypeError("presence needs spans")  # from_plan has refused such a source
        first = np.zeros_like(spans.first)
        _count_pieces(spans.first, spans.start, spans.end, spans.zone, self.hours, first)
        cell, amount = np.empty(first[-1], dtype=np.int64), np.empty(first[-1], dtype=np.int64)
        _cut(spans.start, spans.end, spans.zone, self.hours, self.grid.time.of_hour, self.grid.time.bins, cell, amount)
        return contributions(first, cell, amount, self.per)


@njit
def _count_pieces(first: Int64, start: Int64, end: Int64, zone: Int32, hours: Int64, out: Int64) -> None:
    """out int64[d+1]: where each row's pieces begin when its spans are cut at the hours."""
    for row in range(first.size - 1):
        pieces = 0
        for i in range(first[row], first[row + 1]):
            if zone[i] >= 0 and end[i] > start[i] and start[i] < hours[-1] and end[i] > hours[0]:
                pieces += hour_of(hours, end[i] - 1) - hour_of(hours, start[i]) + 1
        out[row + 1] = out[row] + pieces


@njit
def _cut(
    start: Int64, end: Int64, zone: Int32, hours: Int64, of_hour: Int32, bins: int, cell: Int64, amount: Int64
) -> None:
    """Cut spans at the hours; cell, amount int64[pieces] are filled in the order of the spans."""
    piece = 0
    for i in range(start.size):
        if zone[i] < 0 or end[i] <= start[i] or start[i] >= hours[-1] or end[i] <= hours[0]:
            continue
        for hour in range(hour_of(hours, start[i]), hour_of(hours, end[i] - 1) + 1):
            begin, finish = max(start[i], hours[hour]), min(end[i], hours[hour + 1])
            cell[piece] = np.int64(zone[i]) * bins + of_hour[hour]
            amount[piece] = max(0, finish - begin)
            piece += 1
