"""Flows: trips from an origin to a destination, by the time of day they began."""

from fractions import Fraction
from functools import cached_property
from typing import ClassVar

from shoal._arrays import Float64, Int32
from shoal.keys import TimeKey
from shoal.plan import Plan
from shoal.privacy.contributions import Contributions
from shoal.statistics._base import Statistic, bins_at, days_in_bin, round_root
from shoal.statistics._pairs import Index, find_pairs, index_of, pairs_of
from shoal.trajectories import Trajectories


class Flows(Statistic):
    """Trips by origin, destination and time of day.

    Keys          candidate pairs of zones (x daypart, hour, day, week, weekday). Candidates are all pairs, or those
                  whose centres are at most `max_km` apart: public geometry, never the records.
    Contribution  1 a trip; a row's vector counts its trips by cell. Trips between other pairs are not counted.
    Bound         L2 norm over one unit. Usual: a commuter's way there and back on two days of three.
    Proof         docs/proofs/flows.md.  Definition: docs/definitions.md, "Flow".
    """

    name: ClassVar[str] = "flows"
    places: ClassVar[tuple[str, ...]] = ("origin", "destination")
    times: ClassVar[tuple[str, ...]] = ("daypart", "hour", "day", "week", "weekday")
    default_by: ClassVar[tuple[str, ...]] = ("origin", "destination", "daypart")
    meaning: ClassVar[str] = "trips from origin to destination that began in the time"

    @classmethod
    def places_of(cls, plan: Plan, centres: Float64, time: TimeKey) -> Int32:
        return pairs_of(plan, cls.name, centres, time)

    @classmethod
    def typical_bound(cls, days: int, time: TimeKey) -> Fraction:
        return round_root(2 * days * days_in_bin(days, time) * 4 / 9)

    def contribution(self, rows: Trajectories) -> Contributions:
        trips = rows.trips
        place = find_pairs(trips.origin, trips.destination, self._index)
        cell = self.grid.cell(place, 0, bins_at(self.grid.time, self.hours, trips.start))
        return self.count(trips.first, cell)

    @cached_property
    def _index(self) -> Index:
        return index_of(self.grid)
