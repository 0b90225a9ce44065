"""Gyration: how wide people's days are around their centre, by where they live."""

from fractions import Fraction
from typing import ClassVar

import numpy as np

from shoal._arrays import Float64, Int32
from shoal.calendar import Calendar
from shoal.classes import LENGTHS, Classes
from shoal.keys import TimeKey, single_places
from shoal.plan import Plan
from shoal.privacy.contributions import Contributions, contributions
from shoal.statistics._base import Statistic, at_most_one
from shoal.trajectories import Trajectories
from shoal.trajectories.gyration import gyration_of


class Gyration(Statistic):
    """Devices by the zone of their home and their radius of gyration over the unit.

    Keys          home x class. Zones are the plan's, classes Shoal's: public.
    Contribution  1 in the cell of the row's home and radius, or nothing.
    Bound         1 by definition: one cell, one contribution. A larger bound would only add noise.
    Proof         docs/proofs/gyration.md.  Definition: docs/definitions.md, "Radius of gyration".
    """

    name: ClassVar[str] = "gyration"
    places: ClassVar[tuple[str, ...]] = ("home",)
    times: ClassVar[tuple[str, ...]] = ()
    default_by: ClassVar[tuple[str, ...]] = ("home", "class")
    classes: ClassVar[Classes | None] = LENGTHS
    of_trips: ClassVar[bool] = False
    meaning: ClassVar[str] = "devices that live in the zone and have such a radius of gyration (mean over the units)"

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
            raise TypeError("gyration needs homes")  # from_plan has refused such a source
        radius = gyration_of(rows.stays)
        class_ = np.where(radius < 0, -1, LENGTHS.of(np.maximum(radius, 0)))
        cell = self.grid.cell(rows.home.astype(np.int64), class_, 0)
        first = np.arange(rows.home.size + 1, dtype=np.int64)
        return contributions(first, cell, np.ones(cell.size, dtype=np.int64), self.per)
