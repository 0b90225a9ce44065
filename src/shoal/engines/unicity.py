"""How many devices are alone with where they were at a few hours: the exact counts, sealed (docs/proofs/unicity.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from secrets import SystemRandom
from threading import Lock

import numpy as np

from shoal._arrays import Bool, Int32, Int64, UInt64
from shoal._numba import njit
from shoal._side_by_side import on_all
from shoal.buckets import Buckets, PointBucket, TripBucket
from shoal.calendar import Calendar
from shoal.design import Design
from shoal.engines._engine import Progress
from shoal.engines.local import LocalEngine
from shoal.errors import UsageError
from shoal.privacy.mechanism import ONE
from shoal.privacy.sums import ExactSums
from shoal.trajectories import from_points

UNICITY = "unicity"


@dataclass(frozen=True, eq=False)
class Draws:
    """Hours at which everybody is looked at, int64[units, draws, points]: public, drawn before a record is read."""

    hours: Int64

    @classmethod
    def of(cls, calendar: Calendar, draws: int, points: int) -> "Draws":
        """So many sets of different hours of every unit, by the operating system's randomness."""
        dice, units = SystemRandom(), [np.flatnonzero(calendar.hour_unit == u).tolist() for u in range(calendar.units)]
        chosen = [[sorted(dice.sample(hours, points)) for _ in range(draws)] for hours in units]
        return cls(np.array(chosen, dtype=np.int64))

    @property
    def number(self) -> int:
        """Sets of hours in a unit: so often one row counts at most."""
        return int(self.hours.shape[1])


class UnicityEngine(LocalEngine):
    """Reads as the local engine does. What it adds up are two numbers over all units and draws: rows that were seen at
    all hours of a draw and shared their zones with no other row, and rows that were seen at all hours.

    For a design whose first statistic is presence by zone and hour.
    """

    def __init__(self, draws: Draws, workers: int | None = None, memory: int = 8 << 30) -> None:
        super().__init__(workers, memory)
        self._draws = draws

    def _add_up(self, buckets: Buckets, design: Design, records: int, progress: Progress) -> Mapping[str, ExactSums]:
        number, lock, done = len(buckets), Lock(), count(1)
        found = [np.zeros(0, dtype=np.uint64)]

        def work(index: int) -> None:
            keys = keys_of(design, buckets.take(index), self._draws)
            with lock:
                found.append(keys)
                share = next(done) / number
                progress("Following movements", share, int(share * records))

        on_all(work, iter(range(number)), self.workers)
        return {UNICITY: seal(np.concatenate(found))}


def keys_of(design: Design, bucket: PointBucket | TripBucket, draws: Draws) -> UInt64:
    """A number for each row and each draw at whose hours it was seen: by its unit, the draw and its zones alone."""
    if not isinstance(bucket, PointBucket):
        raise UsageError("a source of trips says where devices are at no hour: unicity needs a source of points")
    plan, calendar = design.plan, design.calendar
    rows = from_points(bucket, design.zones, calendar, plan.cleaning, plan.movement, isolated=design.isolated)
    presence = design.statistics[0]
    vector = presence.contribution(rows)
    return keys(vector.first, vector.cell, vector.weight, presence.grid.time.bins, calendar.hour_unit, draws)


def keys(first: Int64, cell: Int64, weight: Int64, hours: int, hour_unit: Int32, draws: Draws) -> UInt64:
    """The same of each row's presence, whose cells are zone x hours + hour. Where it was longest in an hour counts."""
    out = np.zeros((first.size - 1, draws.number), dtype=np.uint64)
    seen = np.zeros(out.shape, dtype=np.bool_)
    _keys(first, cell, weight, hours, hour_unit, draws.hours, out, seen)
    return out[seen]


def seal(found: UInt64) -> ExactSums:
    """Numbers that were found once, and numbers that were found. One more or less of them moves each by at most 1."""
    return ExactSums(np.array(_alone(found), dtype=np.int64) * ONE)


def _alone(found: UInt64) -> tuple[int, int]:
    _, often = np.unique(found, return_counts=True)
    return int((often == 1).sum()), found.size


@njit
def _mix(value: np.uint64) -> np.uint64:
    """Spreads 64 bits, one to one (SplitMix64, Steele, Lea & Flood 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit
def _keys(
    first: Int64, cell: Int64, weight: Int64, bins: int, hour_unit: Int32, hours: Int64, out: UInt64, seen: Bool
) -> None:
    zone, longest = np.full(bins, -1, dtype=np.int64), np.zeros(bins, dtype=np.int64)
    for row in range(first.size - 1):
        begin, end = first[row], first[row + 1]
        if begin == end:
            continue
        for i in range(begin, end):  # ascending by zone: of equal times the first zone counts
            hour = cell[i] % bins
            if weight[i] > longest[hour]:
                longest[hour], zone[hour] = weight[i], cell[i] // bins
        unit = hour_unit[cell[begin] % bins]
        for draw in range(hours.shape[1]):
            key, there = _mix(np.uint64(unit) * np.uint64(hours.shape[1]) + np.uint64(draw)), True
            for point in range(hours.shape[2]):
                where = zone[hours[unit, draw, point]]
                there = there and where >= 0
                key = _mix(key ^ np.uint64(where + 1))
            out[row, draw], seen[row, draw] = key, there
        for i in range(begin, end):
            longest[cell[i] % bins], zone[cell[i] % bins] = 0, -1
