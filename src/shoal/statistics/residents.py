"""Residents: devices by the zone they live in."""

from fractions import Fraction
from typing import ClassVar

import numpy as np

from shoal._arrays import Float64, Int32
from shoal.calendar import Calendar
from shoal.keys import TimeKey, single_places
from shoal.plan import Plan
from shoal.privacy.contributions import Contributions, contributions
from shoal.statistics._base import Statistic, at_most_one
from shoal.trajectories import Trajectories


class Residents(Statistic):
    """Devices whose home lies in the zone; over a period of several units, the mean of the units.

    Keys          zone. The plan names them: zeros are measured too.
    Contribution  1 at the row's home, or nothing.
    Bound         1 by definition: one cell, one contribution. A larger bound would only add noise.
    Proof         docs/proofs/residents.md.  Definition: docs/definitions.md, "Home".
    """

    name: ClassVar[str] = "residents"
    places: ClassVar[tuple[str, ...]] = ("zone",)
    times: ClassVar[tuple[str, ...]] = ()
    default_by: ClassVar[tuple[str, ...]] = ("zone",)
    of_trips: ClassVar[bool] = False
    meaning: ClassVar[str] = "devices whose home is in the zone (mean over the units of the period)"

    @classmethod
    def places_of(cls, plan: Plan, centres: Float64, time: TimeKey) -> Int32:
        at_most_one(plan, cls.name)
        return single_places(centres.shape[0])

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        return Fraction(1)

    @classmethod
    def divisor_of(cls, calendar: Calendar, time: TimeKey) -> int:
        return calendar.units

    @classmethod
    def most_cells_of(cls, calendar: Calendar, time: TimeKey) -> int:
        return 1

    def contribution(self, rows: Trajectories) -> Contributions:
        if rows.home is None:
            raise TypeError("residents need homes")  # from_plan has refused such a source
        first = np.arange(rows.home.size + 1, dtype=np.int64)
        return contributions(first, rows.home.astype(np.int64), np.ones(rows.home.size, dtype=np.int64), self.per)
