"""What really happened in the named places: stays that began there, who stayed there, and for how long."""

from dataclasses import dataclass

import numpy as np

from shoal.classes import DURATIONS
from shoal.simulate.arrays import Int64
from shoal.simulate.stays import STAY
from shoal.simulate.totals import Totals
from shoal.simulate.travel import Stops
from shoal.simulate.truth_dwell import count_dwell
from shoal.simulate.venues import Venues

DAY = 86_400


@dataclass(frozen=True, slots=True)
class PlaceTruth(Totals):
    """Totals over devices, for p places."""

    visits: Int64
    """`int64[p, days]`: stays that began on the day."""
    visitors: Int64
    """`int64[p]`: devices with a stay there in a unit, added over the units."""
    dwell: Int64
    """`int64[p, classes]`: stays by `DURATIONS`."""

    @classmethod
    def empty(cls, places: int, days: int) -> "PlaceTruth":
        shapes = ((places, days), (places,), (places, len(DURATIONS.labels)))
        return cls(*(np.zeros(shape, np.int64) for shape in shapes))


def observe_places(stops: Stops, venues: Venues, days: int, unit: int) -> PlaceTruth:
    """The truth about one block of devices over so many days, in units of privacy of `unit` days."""
    truth = PlaceTruth.empty(len(venues.id), days)
    used = np.arange(stops.row.shape[1]) < stops.used[:, None]
    place = np.full(stops.row.shape, -1, np.int64)
    place[used] = venues.of(stops.row["x"][used], stops.row["y"][used])
    count_dwell(truth.dwell, stops, used, place, days)
    count_visits(truth.visits, truth.visitors, stops, place, unit)
    return truth


def count_visits(visits: Int64, visitors: Int64, stops: Stops, place: Int64, unit: int) -> None:
    """Add the stays of n devices with room for m stops: to `visits` each, to `visitors` once a device, place and unit.

    visits    `int64[p, days]`  by the day on which they began, whole as they are
    visitors  `int64[p]`        of each unit alone: a stay that goes on across its end is cut there
    place     `int64[n, m]`     of each stop, -1 for none or where there is no stop
    unit      days of a unit; whole units make the period

    Source  docs/definitions.md, "Visit", "Visitor". Slow twin: `visited` in tests/simulate/naive.py.
    """
    days = visits.shape[1]
    who, which = np.nonzero(place >= 0)
    where, stop = place[who, which], stops.row[who, which]
    stay = np.minimum(stop["depart"], days * DAY) - stop["arrive"] >= STAY
    np.add.at(visits, (where[stay], stop["arrive"][stay] // DAY), 1)
    for low in range(0, days * DAY, unit * DAY):
        seconds = np.minimum(stop["depart"], low + unit * DAY) - np.maximum(stop["arrive"], low)
        pairs = np.unique(np.column_stack([who, where])[seconds >= STAY], axis=0)
        visitors += np.bincount(pairs[:, 1], minlength=visitors.size)
