"""Statistics that count each device of a unit once, in one cell or in none."""

from fractions import Fraction
from typing import ClassVar, Literal

from shoal._arrays import Float64, Int32
from shoal.calendar import Calendar
from shoal.keys import TimeKey
from shoal.plan import Plan
from shoal.statistics._base import Statistic


class OneCell(Statistic):
    """Bound 1 by definition, in either norm: one cell, one contribution. Over several units the mean of the units."""

    counts_once: ClassVar[bool] = True
    lossless: ClassVar[bool] = True

    @classmethod
    def places_of(cls, plan: Plan, centres: Float64, time: TimeKey) -> Int32:
        bound = plan.statistics[cls.name].bound
        if bound is not None and bound > 1:
            what = "a device is counted in one cell: a bound above 1 only adds noise"
            raise plan.error(f"statistics.{cls.name}.bound", what)
        return super().places_of(plan, centres, time)

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        return Fraction(1)

    @classmethod
    def divisor_of(cls, calendar: Calendar, time: TimeKey) -> int:
        return calendar.units

    @classmethod
    def usual_cells(cls, calendar: Calendar, time: TimeKey, kind: Literal["points", "trips"]) -> int:
        return 1
