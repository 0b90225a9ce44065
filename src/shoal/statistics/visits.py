"""Visits: stays in a zone or a named place, by the day they began."""

from fractions import Fraction
from typing import ClassVar, Literal

from shoal.keys import TimeKey
from shoal.privacy.contributions import Contributions
from shoal.statistics._base import Statistic, bins_at, days_in_bin, round_root
from shoal.trajectories import Trajectories


class Visits(Statistic):
    """Stays of at least the plan's minimum length, by zone and the local day they began; of trips: arrivals.

    Keys          zone (or named place) x day (or hour, daypart, week, weekday, or the period). The plan names both:
                  zeros are measured too.
    Contribution  1 a stay; a row's vector counts its stays by cell.
    Bound         L2 norm over one unit. Usual: three stays a day, two of them in the same zone.
    Proof         docs/proofs/visits.md.  Definition: docs/definitions.md, "Visit".
    """

    name: ClassVar[str] = "visits"
    places: ClassVar[tuple[str, ...]] = ("zone",)
    times: ClassVar[tuple[str, ...]] = ("day", "hour", "daypart", "week", "weekday")
    default_by: ClassVar[tuple[str, ...]] = ("zone", "day")
    by_place: ClassVar[bool] = True
    meaning: ClassVar[str] = "stays that began in the zone and the time (of trips: arrivals)"

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        per_day = 3 if time.name in ("hour", "daypart") else 2**2 + 1
        return round_root(per_day * days * days_in_bin(days, time) / 2)

    def contribution(self, rows: Trajectories) -> Contributions:
        stays = rows.stays
        cell = self.grid.cell(self.where(stays), 0, bins_at(self.grid.time, self.hours, stays.start))
        return self.count(stays.first, cell)

    def is_apart(self, kind: Literal["points", "trips"]) -> bool:
        return kind == "points" and super().is_apart(kind)  # a trip may arrive in the unit after its own
