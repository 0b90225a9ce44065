"""Dwell: stays in a zone or a named place by how long they last."""

from fractions import Fraction
from typing import ClassVar

from shoal.classes import DURATIONS, Classes
from shoal.keys import TimeKey
from shoal.privacy.contributions import Contributions
from shoal.statistics._base import Statistic, bins_at, days_in_bin, round_root
from shoal.trajectories import Trajectories


class Dwell(Statistic):
    """Stays of at least the plan's minimum length, by zone and duration; by the time they began.

    Keys          zone, or named place, x class (x day, hour, daypart, week or weekday). Zones and places are the
                  plan's, classes Shoal's: public.
    Contribution  1 a stay; a row's vector counts its stays by cell.
    Bound         L2 norm over one unit. Usual: a long stay a day at the same place, and another two.
    Proof         docs/proofs/dwell.md.  Definition: docs/definitions.md, "Dwell".
    """

    name: ClassVar[str] = "dwell"
    places: ClassVar[tuple[str, ...]] = ("zone",)
    times: ClassVar[tuple[str, ...]] = ("day", "hour", "daypart", "week", "weekday")
    default_by: ClassVar[tuple[str, ...]] = ("zone", "class")
    by_place: ClassVar[bool] = True
    classes: ClassVar[Classes | None] = DURATIONS
    of_trips: ClassVar[bool] = False
    meaning: ClassVar[str] = "stays in the zone that lasted so long"

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        return round_root(days * days_in_bin(days, time) + 2 * days)

    def contribution(self, rows: Trajectories) -> Contributions:
        stays = rows.stays
        bin_ = bins_at(self.grid.time, self.hours, stays.start)
        cell = self.grid.cell(self.where(stays), DURATIONS.of(stays.end - stays.start), bin_)
        return self.count(stays.first, cell)
