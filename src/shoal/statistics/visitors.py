"""Visitors: devices that stay in a zone, or in a named place, at all."""

from fractions import Fraction
from typing import ClassVar, Literal

from shoal.calendar import Calendar
from shoal.keys import TimeKey
from shoal.privacy.contributions import Contributions
from shoal.statistics._base import Statistic, bins_at, once, round_root, units_in_bin, weeks_of
from shoal.trajectories import Trajectories


class Visitors(Statistic):
    """Devices with a stay in a zone; several times in the same time count once. Of trips: devices that arrive.

    Keys          zone, or named place (x day, hour, daypart, week or weekday). The plan names them: zeros are measured
                  too.
    Contribution  1 in each cell in which a stay of the row begins, however many do.
    Bound         L2 norm over one unit. Usual: three zones on the first day and one more on each other.
    Proof         docs/proofs/visitors.md.  Definition: docs/definitions.md, "Visitor".
    """

    name: ClassVar[str] = "visitors"
    places: ClassVar[tuple[str, ...]] = ("zone",)
    times: ClassVar[tuple[str, ...]] = ("day", "hour", "daypart", "week", "weekday")
    adds_up: ClassVar[bool] = False
    counts_once: ClassVar[bool] = True
    default_by: ClassVar[tuple[str, ...]] = ("zone",)
    by_place: ClassVar[bool] = True
    meaning: ClassVar[str] = "devices with a stay in the zone that began in the time (mean over the units)"

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        match time.name:
            case None:
                return round_root(2 + days)
            case "week":
                return round_root(weeks_of(days) * (2 + min(days, 7)))
            case "weekday":
                return round_root(3 * min(days, 7))
            case "daypart":
                return round_root(min(3 * days, 2 * 5 + days))
            case _:
                return round_root(3 * days)

    @classmethod
    def typical_of_trips(cls, days: int, time: TimeKey) -> Fraction:
        active = max(1.0, days / 5)
        return round_root(2 + active / 2 if time.name is None else 2 * active)

    @classmethod
    def widest_bound(cls, calendar: Calendar, time: TimeKey, kind: Literal["points", "trips"]) -> Fraction:
        if time.name is None:
            return round_root((2 * (2 + len(calendar.days) / calendar.units)) ** 2)
        return super().widest_bound(calendar, time, kind)

    @classmethod
    def divisor_of(cls, calendar: Calendar, time: TimeKey) -> int | None:
        return units_in_bin(calendar, time)

    def contribution(self, rows: Trajectories) -> Contributions:
        stays = rows.stays
        cell = self.grid.cell(self.where(stays), 0, bins_at(self.grid.time, self.hours, stays.start))
        return once(self.count(stays.first, cell))

    def is_apart(self, kind: Literal["points", "trips"]) -> bool:
        return kind == "points" and super().is_apart(kind)  # a trip may arrive in the unit after its own
