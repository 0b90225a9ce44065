"""Distance: how far people go on a day, by where they live."""

from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np

from shoal.calendar import Calendar
from shoal.classes import LENGTHS, Classes
from shoal.keys import TimeKey
from shoal.privacy.contributions import Contributions
from shoal.statistics._base import Statistic, day_bins, days_in_bin, most_of_days, round_root
from shoal.trajectories import Trajectories
from shoal.trajectories.days import days_of


class Distance(Statistic):
    """Days of devices by the zone of their home and the length of the day's trips together.

    Keys          home x class (x day, week or weekday). Zones are the plan's, classes Shoal's: public.
    Contribution  1 for each local day on which the row has a stay or begins a trip, in the class of the day's way.
    Bound         L2 norm over one unit. Usual: half of the days alike; never more than one a day.
    Proof         docs/proofs/distance.md.  Definition: docs/definitions.md, "Day's way".
    """

    name: ClassVar[str] = "distance"
    places: ClassVar[tuple[str, ...]] = ("home",)
    times: ClassVar[tuple[str, ...]] = ("day", "week", "weekday")
    default_by: ClassVar[tuple[str, ...]] = ("home", "class")
    classes: ClassVar[Classes | None] = LENGTHS
    of_trips: ClassVar[bool] = False
    meaning: ClassVar[str] = "days on which a device that lives in the zone went so far, all trips of the day together"

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        if time.name == "day":
            return round_root(days)  # never more: one cell a day
        return round_root(days * max(1.0, days_in_bin(days, time) / 2))

    @classmethod
    def widest_bound(cls, calendar: Calendar, time: TimeKey, kind: Literal["points", "trips"]) -> Fraction:
        return most_of_days(calendar, time)

    @classmethod
    def bins_touched(cls, calendar: Calendar, time: TimeKey) -> int:
        return calendar.most_days  # each day in a class of its own, at worst

    @classmethod
    def usual_cells(cls, calendar: Calendar, time: TimeKey, kind: Literal["points", "trips"]) -> int:
        return calendar.most_days if time.name == "day" else 1 + calendar.most_days // 2

    def contribution(self, rows: Trajectories) -> Contributions:
        days = days_of(rows, self.calendar)
        home = np.repeat(self.homes(rows), np.diff(days.first)).astype(np.int64)
        cell = self.grid.cell(home, LENGTHS.of(days.metres), day_bins(self.grid.time, self.calendar)[days.day])
        return self.count(days.first, cell)
