"""Catchment: where those live who visit a zone."""

from fractions import Fraction
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from shoal._arrays import Float64, Int32
from shoal.calendar import Calendar
from shoal.keys import TimeKey
from shoal.plan import Plan
from shoal.privacy.contributions import Contributions
from shoal.statistics._base import Statistic, bins_at, once, round_root, units_in_bin, weeks_of
from shoal.statistics._pairs import Index, find_pairs, index_of, pairs_of
from shoal.trajectories import Trajectories


class Catchment(Statistic):
    """Devices by the zone of their home and a zone in which they stay, the home's own included.

    Keys          candidate pairs of zones (x daypart, day, week or weekday): all, or those whose centres are at most
                  `max_km` apart. Public geometry, never the records.
    Contribution  1 for each pair of the row's home and a zone in which a stay of it begins, however many do.
    Bound         L2 norm over one unit. Usual: three zones on the first day and one more on each other.
    Proof         docs/proofs/catchment.md.  Definition: docs/definitions.md, "Catchment".
    """

    name: ClassVar[str] = "catchment"
    places: ClassVar[tuple[str, ...]] = ("home", "zone")
    times: ClassVar[tuple[str, ...]] = ("daypart", "day", "week", "weekday")
    counts_once: ClassVar[bool] = True
    default_by: ClassVar[tuple[str, ...]] = ("home", "zone")
    of_trips: ClassVar[bool] = False
    meaning: ClassVar[str] = "devices that live in the one zone and began a stay in the other (mean over the units)"

    @classmethod
    def places_of(cls, plan: Plan, centres: Float64, time: TimeKey) -> Int32:
        return pairs_of(plan, cls.name, centres, time)

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        if time.name == "week":
            return round_root(weeks_of(days) * (2 + min(days, 7)))
        return round_root(2 + days if time.name is None else 3 * days)

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
        home = np.repeat(self.homes(rows), np.diff(stays.first))
        place = find_pairs(home, stays.zone, self._index)
        cell = self.grid.cell(place, 0, bins_at(self.grid.time, self.hours, stays.start))
        return once(self.count(stays.first, cell))

    @cached_property
    def _index(self) -> Index:
        return index_of(self.grid)
