"""Flows: trips from an origin to a destination, by the time of day they began."""

from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from shoal._arrays import Float64, Int32, Int64
from shoal._numba import njit
from shoal.keys import TimeKey, pair_places
from shoal.plan import Plan
from shoal.privacy.contributions import Contributions, contributions
from shoal.statistics._base import Statistic, bins_at, days_in_bin, round_root
from shoal.trajectories import Trajectories

MAX_CELLS = 4_000_000
"""Cells beyond which measuring every pair would cost minutes and drown in zeros."""


class Flows(Statistic):
    """Trips by origin, destination and time of day.

    Keys          candidate pairs of zones (x daypart, hour, day, weekday). Candidates are all pairs, or those whose
                  centres are at most `max_km` apart: public geometry, never the records.
    Contribution  1 a trip; a row's vector counts its trips by cell. Trips between other pairs are not counted.
    Bound         L2 norm over one unit. Usual: a commuter's way there and back on two days of three.
    Proof         docs/proofs/flows.md.  Definition: docs/definitions.md, "Flow".
    """

    name: ClassVar[str] = "flows"
    places: ClassVar[tuple[str, ...]] = ("origin", "destination")
    times: ClassVar[tuple[str, ...]] = ("daypart", "hour", "day", "weekday")
    default_by: ClassVar[tuple[str, ...]] = ("origin", "destination", "daypart")
    meaning: ClassVar[str] = "trips from origin to destination that began in the time"

    @classmethod
    def places_of(cls, plan: Plan, centres: Float64, time: TimeKey) -> Int32:
        wish, zones = plan.statistics[cls.name], centres.shape[0]
        if wish.max_km is None and zones * zones * time.bins > MAX_CELLS:
            pairs = f"{zones} zones make {zones * zones:,} pairs x {time.bins} times"
            raise plan.error(
                f"statistics.{cls.name}",
                f"{pairs}, above {MAX_CELLS:,} cells; limit them with max_km, or use coarser zones",
            )
        places = pair_places(centres, None if wish.max_km is None else float(wish.max_km))
        if places.shape[0] * time.bins > MAX_CELLS:
            pairs = f"{places.shape[0]:,} pairs x {time.bins} times"
            raise plan.error(f"statistics.{cls.name}.max_km", f"leaves {pairs}, above {MAX_CELLS:,} cells; lower it")
        return places

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        return round_root(2 * days * days_in_bin(days, time) * 4 / 9)

    def contribution(self, rows: Trajectories) -> Contributions:
        trips, grid = rows.trips, self.grid
        place = np.empty(trips.origin.size, dtype=np.int64)
        _find_pairs(trips.origin, trips.destination, *self._candidates, place)
        bin_ = bins_at(grid.time, self.hours, trips.start)
        cell = np.where((place >= 0) & (bin_ >= 0), place * grid.time.bins + bin_, -1)
        return contributions(trips.first, cell, np.ones(cell.size, dtype=np.int64), self.per)

    @cached_property
    def _candidates(self) -> tuple[Int64, Int32]:
        """int64[z+1], place where each origin's pairs begin, and int32[p], their destinations: from public geometry."""
        origin, destination = np.ascontiguousarray(self.grid.places.T)
        return np.searchsorted(origin, np.arange(int(origin.max(initial=-1)) + 2)), destination


@njit
def _find_pairs(origin: Int32, destination: Int32, first: Int64, candidate: Int32, place: Int64) -> None:
    """place int64[t]: which candidate pair each trip is, -1 where it is none; the others as in `_candidates`.

    Rule    binary search among the destinations of the trip's origin: few lines of memory, where a search among all
            pairs would touch one a step.
    """
    for trip in range(origin.size):
        place[trip] = -1
        if 0 <= origin[trip] < first.size - 1:
            low, high = first[origin[trip]], first[origin[trip] + 1]
            while low < high:
                middle = (low + high) >> 1
                if candidate[middle] < destination[trip]:
                    low = middle + 1
                else:
                    high = middle
            if low < first[origin[trip] + 1] and candidate[low] == destination[trip]:
                place[trip] = low
