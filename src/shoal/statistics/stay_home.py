"""Staying at home: devices that make no trip on a day, by where they live."""

from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np

from shoal.calendar import Calendar
from shoal.keys import TimeKey
from shoal.privacy.contributions import Contributions
from shoal.statistics._base import Statistic, day_bins, days_in_bin, most_of_days, round_root
from shoal.trajectories import Trajectories
from shoal.trajectories.days import days_of


class StayHome(Statistic):
    """Devices that are seen to stay somewhere on a day and begin no trip, by the zone of their home.

    Keys          home x day (or week, weekday, or the period). The plan names both: zeros are measured too.
    Contribution  1 for each local day on which the row has a stay and begins no trip.
    Bound         L2 norm over one unit. Usual: a third of the days; never more than one a day.
    Proof         docs/proofs/stay_home.md.  Definition: docs/definitions.md, "Staying at home".
    """

    name: ClassVar[str] = "stay_home"
    places: ClassVar[tuple[str, ...]] = ("home",)
    times: ClassVar[tuple[str, ...]] = ("day", "week", "weekday")
    default_by: ClassVar[tuple[str, ...]] = ("home", "day")
    of_trips: ClassVar[bool] = False
    meaning: ClassVar[str] = "devices that live in the zone and made no trip on the day"

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        return round_root(max(1.0, days / 3 * max(1.0, days_in_bin(days, time) / 3)))

    @classmethod
    def widest_bound(cls, calendar: Calendar, time: TimeKey, kind: Literal["points", "trips"]) -> Fraction:
        return most_of_days(calendar, time)

    @classmethod
    def bins_touched(cls, calendar: Calendar, time: TimeKey) -> int:
        return 1 if time.name is None else calendar.most_days

    @classmethod
    def usual_cells(cls, calendar: Calendar, time: TimeKey, kind: Literal["points", "trips"]) -> int:
        return 1 if time.name is None else 1 + calendar.most_days // 3

    def contribution(self, rows: Trajectories) -> Contributions:
        days = days_of(rows, self.calendar)
        home = np.repeat(self.homes(rows), np.diff(days.first)).astype(np.int64)
        bin_ = np.where(days.trips == 0, day_bins(self.grid.time, self.calendar)[days.day], -1)
        cell = self.grid.cell(home, 0, bin_)
        return self.count(days.first, cell)
