"""What every statistic says of itself. Privacy needs only this; each statistic is one small file beside this one."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isqrt
from typing import ClassVar, Literal, Self

import numpy as np

from shoal._arrays import Float64, Int32, Int64
from shoal._numba import njit
from shoal.calendar import Calendar
from shoal.classes import Classes
from shoal.ends import ends_of
from shoal.keys import CLASS, DAYPARTS, TIME_NAMES, WEEKDAYS, Grid, TimeKey, single_places
from shoal.levels import Level, levels_of
from shoal.plan import PLACE, Plan
from shoal.privacy.contributions import Contributions, coarser, contributions
from shoal.privacy.mechanism import ONE
from shoal.statistics import _pairs
from shoal.trajectories import Stays, Trajectories
from shoal.trajectories.hours import hour_of
from shoal.zones.regions import Regions

CLOSE = 0.36
"""Square of the part of a usual device's norm to which the finest level is held by default: noise shrinks with it, and
what is lost is measured at the coarser levels. Chosen by simulation: benchmarks/README.md, "Accuracy"."""

CLOSE_PAIRS = 0.04
"""The same of pairs of zones: their numbers are small and many, so that finding them counts for more than how much is
lost of each."""

IN_PLACES = Fraction(1, 3)
"""Norm of a device's vector by named places, as a share of that by zones: most stays lie outside every place. So it is
in the simulated city, for the middle of the devices and for the most active hundredth, in all three statistics."""


@dataclass(frozen=True, eq=False)
class Statistic(ABC):
    """One statistic of one plan.

    grid      all its cells, public
    calendar  of the plan
    share     of the plan's budget, relative
    levels    its coarser levels, from fine to coarse; none: there is one place, measured alone. Or, where pairs are
              too many, the two ends: see `top_down`
    bound     L2 norm to which a row's vector over one unit is held at the finest level, in contributions (the plan's,
              or the root of `CLOSE`, of pairs `CLOSE_PAIRS`, times `typical_bound`)
    wide_bound  the same at the coarser levels, where little may be lost
    divisor   a published value is the sum of contributions over this: 1, or the number of units for a mean over units
    cells     that a usual row touches at the finest level and at those of `levels`: by this alone is the kind of noise
              chosen, never the guarantee
    target    half an interval over its number, to which places are merged; None: each place is published by itself
    """

    name: ClassVar[str]
    places: ClassVar[tuple[str, ...]]
    """Place keys, all of which must be in `by`."""
    by_place: ClassVar[bool] = False
    """May it be counted by the plan's named places instead of by zones?"""
    times: ClassVar[tuple[str, ...]]
    """Time keys that `by` may name."""
    default_by: ClassVar[tuple[str, ...]]
    classes: ClassVar[Classes | None] = None
    """Classes that it counts by; then `class` must be in `by`."""
    per: ClassVar[int] = 1
    """Amount that counts as a contribution of 1.0."""
    per_day: ClassVar[int] = 3
    """Contributions of a usual device on one day, all cells together."""
    adds_up: ClassVar[bool] = True
    """Is the number of several places together the sum of theirs?"""
    counts_once: ClassVar[bool] = False
    """Does a row add no more than 1 to any cell?"""
    lossless: ClassVar[bool] = False
    """Is no row's vector ever longer than the bound?"""
    of_trips: ClassVar[bool] = True
    """Can it be had from a source of trips?"""
    meaning: ClassVar[str]
    """One sentence: what one published number is."""

    grid: Grid
    levels: tuple[Level, ...]
    calendar: Calendar
    share: Fraction
    bound: Fraction
    wide_bound: Fraction
    divisor: int = 1
    cells: tuple[int, ...] = (1,)
    target: Fraction | None = None

    @classmethod
    def from_plan(cls, plan: Plan, centres: Float64, calendar: Calendar, regions: Regions | None = None) -> Self:
        """The statistic as `plan` wants it. Raises `PlanError` naming the key.

        `centres` as in `zones.Zones`, and `regions`, are those of what `columns_of` says: zones, or named places.
        """
        wish, key = plan.statistics[cls.name], f"statistics.{cls.name}"
        if plan.source.kind == "trips" and not cls.of_trips:
            have = "visits, visitors and flows"
            raise plan.error(key, f"a source of trips has no {cls.name}; ask for {have}, or use points")
        by = cls.default_by if wish.by is None else wish.by
        columns = cls.columns_of(plan)
        needed = (*columns, *((CLASS,) if cls.classes else ()))
        if missing := [k for k in needed if k not in by]:
            raise plan.error(
                f"{key}.by", f"must name {', '.join(missing)}; {cls.name} is counted by {', '.join(needed)}"
            )
        others = [k for k in by if k not in needed]
        if unknown := [k for k in others if k not in cls.times]:
            usable = ", ".join(cls.times) or "no time key"
            what = "is no time key of" if unknown[0] in TIME_NAMES else "is no key of"
            raise plan.error(
                f"{key}.by", f"{unknown[0]!r} {what} {cls.name}; usable beside {', '.join(needed)}: {usable}"
            )
        if len(others) > 1 or len(set(by)) < len(by):
            raise plan.error(f"{key}.by", f"names {', '.join(by)}; at most one time key, and no key twice")
        time = TimeKey.of(next((n for n in TIME_NAMES if n in others), None), calendar)
        if wish.target is not None and wish.resolution is None:
            raise plan.error(f"{key}.target", 'means nothing without resolution = "auto"')
        if wish.resolution is not None and (len(cls.places) > 1 or not cls.adds_up):
            why = "it counts pairs of zones" if len(cls.places) > 1 else "its numbers do not add up over zones"
            raise plan.error(f"{key}.resolution", f"zones of {cls.name} can't be merged, as {why}; leave it out")
        if wish.max_km is not None and len(cls.places) == 1:
            raise plan.error(f"{key}.max_km", f"means nothing for {cls.name}, which has no pairs of zones")
        labels = cls.classes.labels if cls.classes else ()
        grid = Grid(columns, cls.places_of(plan, centres, time), time, labels)
        top_down = len(columns) > 1 and grid.cells > _pairs.LARGE
        levels = ends_of(grid, centres.shape[0]) if top_down else levels_of(grid, regions)
        days = max(1, len(calendar.days) // calendar.units)
        usual = _in(columns, (cls.typical_of_trips if plan.source.kind == "trips" else cls.typical_bound)(days, time))
        part = CLOSE if len(columns) == 1 else CLOSE_PAIRS
        close = usual if cls.lossless or not levels or top_down else round_root(part * float(usual) ** 2)
        bound = close if wish.bound is None else wish.bound
        if wish.total_bound is not None and top_down:
            raise plan.error(
                f"{key}.total_bound", "means nothing: so many pairs have no totals by region; leave it out"
            )
        if wish.total_bound is not None and (cls.lossless or wish.total_bound < bound):
            what = "means nothing: nothing is ever cut off" if cls.lossless else f"must be at least the bound, {bound}"
            raise plan.error(f"{key}.total_bound", what)
        wide = (
            usual
            if cls.lossless
            else bound
            if top_down
            else wish.total_bound or max(bound, _in(columns, cls.widest_bound(calendar, time, plan.source.kind)))
        )
        divisor = cls.divisor_of(calendar, time)
        if divisor is None:
            need = "whole weeks; move period.end"
            if time.name == "week":
                need = "weeks that all hold as many units; let the period begin on a Monday and end before one"
            raise plan.error(f"{key}.by", f"{cls.name} by {time.name} in units of a {plan.period.unit} needs {need}")
        target = None if wish.resolution is None else wish.target or Fraction(1, 10)
        own, touched = cls.usual_cells(calendar, time, plan.source.kind), cls.bins_touched(calendar, time)
        # put together, a row's cells weigh as much in L1 as before: totals must not be bounded harder than their parts
        least = ceil(bound**2 * own / wide**2)
        each = (own, *(max(touched, least) for _ in levels))
        return cls(grid, levels, calendar, wish.share, bound, wide, divisor, each, target)

    @classmethod
    def columns_of(cls, plan: Plan) -> tuple[str, ...]:
        """Its place columns in `plan`: `places`, or that of the named places. Raises `PlanError` naming the key."""
        by, key = plan.statistics[cls.name].by or (), f"statistics.{cls.name}.by"
        if PLACE not in by:
            return cls.places
        if not cls.by_place:
            whole = f"{cls.name} is counted by {', '.join(cls.places)}"
            raise plan.error(key, f"names place, but {whole}; of named places there are visits, visitors and dwell")
        if plan.source.kind == "trips":
            raise plan.error(key, "names place, but of a trip only the zones of its ends are kept; count by zone")
        if plan.places is None:
            raise plan.error(key, "names place, but the plan has no table [places]; add it, or count by zone")
        if set(cls.places) & set(by):
            raise plan.error(key, f"names {' and '.join((*cls.places, PLACE))}, of which it can be counted by one only")
        return (PLACE,)

    @classmethod
    def places_of(cls, plan: Plan, centres: Float64, time: TimeKey) -> Int32:
        """The places that are measured: int32[p, len(cls.places)] of zone indexes, usually each zone. Public."""
        return single_places(centres.shape[0])

    @classmethod
    @abstractmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        """L2 norm of a usual device's vector over a unit of `days`, from public knowledge."""

    @classmethod
    def typical_of_trips(cls, days: int, time: TimeKey) -> Fraction:
        """The same of a source of trips: of bicycles, taxis or cards, which few people use every day.

        Usual: on one day of five there and back, and between the same two places.
        """
        active = max(1.0, days / 5)
        return round_root(2 * active * min(active, max(1.0, days_in_bin(days, time) / 5)))

    @classmethod
    def widest_bound(cls, calendar: Calendar, time: TimeKey, kind: Literal["points", "trips"]) -> Fraction:
        """L2 norm over a unit that few devices exceed where all places are one.

        Three times a usual device's of a day; of longer units less, as busy days and quiet ones even out. In simulated
        cities that keeps 99 % (`shoal check --tune`). Of trips six on a day, and hardly more than two a day in a month.
        """
        days = _days_of_unit(calendar)
        if kind == "points":
            events = cls.per_day * days * (1.5 + 1.5 / days**0.5)
        else:
            events = 2 * days * (0.75 + 2.25 / days**0.5)
        return round_root(events**2 / cls.bins_touched(calendar, time))

    @classmethod
    def bins_touched(cls, calendar: Calendar, time: TimeKey) -> int:
        """Time bins over which a usual device's contributions of a unit are spread, all places being one."""
        days = _days_of_unit(calendar)
        match time.name:
            case None:
                return 1
            case "day":
                return days
            case "week":
                return weeks_of(days)
            case "weekday":
                return min(days, len(WEEKDAYS))
            case "daypart":
                return min(cls.per_day, len(DAYPARTS))
            case "hour":
                return cls.per_day * days

    @classmethod
    def usual_cells(cls, calendar: Calendar, time: TimeKey, kind: Literal["points", "trips"]) -> int:
        """Cells that a usual device touches in a unit: three places on the first day and one more on each other, or two
        in each time bin if that is more; never more than it has contributions: of trips one a day."""
        days = _days_of_unit(calendar)
        per_day = cls.per_day if kind == "points" else 1
        return min(per_day * days, max(2 + days, 2 * cls.bins_touched(calendar, time)))

    @classmethod
    def divisor_of(cls, calendar: Calendar, time: TimeKey) -> int | None:
        """Most statistics are published as they are added up. None: over this period there is no such number."""
        return 1

    @abstractmethod
    def contribution(self, rows: Trajectories) -> Contributions:
        """What each row adds to which cells. May look at one row at a time only; see the contract tests."""

    def at_level(self, rows: Contributions, level: Level | None) -> Contributions:
        """What `contribution` gave, at one of the statistic's levels."""
        return rows if level is None else coarser(rows, level.of_place, level.width)

    def count(self, first: Int64, cell: Int64) -> Contributions:
        """Contributions of 1 for each entry: int64[d+1] where each row begins, int64[n] cells, -1 for none."""
        return contributions(first, cell, np.ones(cell.size, dtype=np.int64), self.per)

    def where(self, stays: Stays) -> Int64:
        """Where each stay is, in indexes of the grid's places: its zone, or its named place; int64[s], -1 for none."""
        if not self.of_named_places:
            return stays.zone.astype(np.int64)
        if stays.place is None:
            raise TypeError(f"{self.name} needs named places")
        return stays.place.astype(np.int64)

    @property
    def of_named_places(self) -> bool:
        """Is it counted by named places?"""
        return self.grid.columns == (PLACE,)

    def homes(self, rows: Trajectories) -> Int32:
        """The home of each row; `from_plan` has refused a source that has none."""
        if rows.home is None:
            raise TypeError(f"{self.name} needs homes")
        return rows.home

    def most_in_cell(self) -> Fraction:
        """What a row adds to one cell at most, or thereabouts: 1 where a cell is an hour, or what is counted once."""
        return Fraction(1) if self.counts_once or self.grid.time.name == "hour" else max(Fraction(1), self.bound)

    @property
    def top_down(self) -> bool:
        """Are the totals of both ends of its pairs measured first, and then only pairs of ends that stand out?"""
        return any(level.is_end for level in self.levels)

    def is_apart(self, kind: Literal["points", "trips"]) -> bool:
        """Do rows of different units never share a cell, given a source of this kind?

        True where each hour or day is a bin of its own, or each week that holds no days of two units, and everything of
        a row lies in its unit; then an account whose unit holds several of the plan's adds their costs up. Elsewhere it
        pays for the worst case.
        """
        if self.grid.time.name == "week":  # which may hold days of two units
            return most_units_in_bin(self.calendar, self.grid.time) == 1
        return self.grid.time.name in ("hour", "day")

    @property
    def hours(self) -> Int64:
        """int64[h+1]: start of each hour of the calendar."""
        return self.calendar.hour_start


def _days_of_unit(calendar: Calendar) -> int:
    return max(1, len(calendar.days) // calendar.units)


def round_root(square: float) -> Fraction:
    """Square root rounded to halves: bounds that a person can read."""
    return Fraction(max(2, round(2 * isqrt(int(square * 10**6)) / 1000)), 2)


def _in(columns: tuple[str, ...], bound: Fraction) -> Fraction:
    """A bound from public knowledge that is meant for zones, for what is counted."""
    return round_root(float(bound * IN_PLACES) ** 2) if columns == (PLACE,) else bound


def once(rows: Contributions) -> Contributions:
    """The same with 1 in each cell that a row touches, however often it does."""
    return Contributions(rows.first, rows.cell, np.minimum(rows.weight, ONE))


def most_of_days(calendar: Calendar, time: TimeKey) -> Fraction:
    """L2 norm of a row that adds 1 on every day of its unit in one place: the largest where a day counts once."""
    unit, bin_ = np.empty((2, len(calendar.days)), dtype=np.int64)
    unit[calendar.day_of_hour], bin_[calendar.day_of_hour] = calendar.hour_unit, time.of_hour
    return _longest(unit, bin_)


def most_in_unit(calendar: Calendar, time: TimeKey) -> int:
    """Time bins of the unit that has most."""
    return max(len(set(time.of_hour[calendar.hour_unit == unit].tolist())) for unit in range(calendar.units))


def most_of_hours(calendar: Calendar, time: TimeKey) -> Fraction:
    """The same of a row that adds 1 in every hour of its unit."""
    return _longest(calendar.hour_unit.astype(np.int64), time.of_hour.astype(np.int64))


def _longest(unit: Int64, bin_: Int64) -> Fraction:
    """Largest L2 norm, over the units, of the numbers of entries by bin; rounded up to halves."""
    counts = np.zeros((int(unit.max()) + 1, int(bin_.max()) + 1), dtype=np.int64)
    np.add.at(counts, (unit, bin_), 1)
    square = 4 * int((counts**2).sum(axis=1).max())
    root = isqrt(square)
    return Fraction(root if root * root == square else root + 1, 2)


def units_in_bin(calendar: Calendar, time: TimeKey) -> int | None:
    """Units that add to each bin, as divisor of a mean over units; None where that differs from bin to bin.

    The units of a period are alike: all weeks have all weekdays, all days all dayparts (or a clock was set: no matter).
    """
    if time.name in ("hour", "day"):
        return 1
    if time.name == "week":
        each = _units_in_bins(calendar, time)
        return each[0] if len(set(each)) == 1 else None
    if time.name == "weekday" and calendar.units == len(calendar.days):
        return 1 if calendar.units <= 7 else calendar.units // 7 if calendar.units % 7 == 0 else None
    return calendar.units


def most_units_in_bin(calendar: Calendar, time: TimeKey) -> int:
    """Units of which hours lie in one and the same bin, at most."""
    return max(_units_in_bins(calendar, time))


def _units_in_bins(calendar: Calendar, time: TimeKey) -> list[int]:
    bins, _ = np.unique(np.stack([time.of_hour, calendar.hour_unit]), axis=1)
    return [int(units) for units in np.bincount(bins, minlength=time.bins)]


def weeks_of(days: int) -> int:
    """ISO weeks that a unit of so many days usually touches."""
    return -(-days // len(WEEKDAYS))


def days_in_bin(days: int, time: TimeKey) -> float:
    """Days of a unit that fall into one and the same bin, where habits add up."""
    match time.name:
        case "hour" | "day":
            return 1.0
        case "week":
            return float(min(days, len(WEEKDAYS)))
        case "weekday":
            return max(1.0, days / 7)
        case _:
            return float(days)


def bins_at(time: TimeKey, hours: Int64, instants: Int64) -> Int64:
    """Bin of each instant, -1 outside the period: int64[n]."""
    bins = np.empty(instants.size, dtype=np.int64)
    _fill_bins(instants, hours, time.of_hour, bins)
    return bins


def day_bins(time: TimeKey, calendar: Calendar) -> Int64:
    """Bin of each day of the calendar, int64[days], for a time key that cuts no day."""
    bins = np.empty(len(calendar.days), dtype=np.int64)
    bins[calendar.day_of_hour] = time.of_hour
    return bins


@njit
def _fill_bins(instants: Int64, hours: Int64, of_hour: Int32, bins: Int64) -> None:
    for i in range(instants.size):
        if hours[0] <= instants[i] < hours[-1]:
            bins[i] = of_hour[hour_of(hours, instants[i])]
        else:
            bins[i] = -1
