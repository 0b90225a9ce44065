"""What really happened, by place and time: the tables a release is measured against. No device is in them."""

from dataclasses import dataclass

import numpy as np

from shoal._numba import njit
from shoal.classes import DURATIONS, LENGTHS
from shoal.keys import DAYPARTS
from shoal.simulate.arrays import Int64, Table
from shoal.simulate.cells import Cells, locate, pixel
from shoal.simulate.people import VISITOR
from shoal.simulate.stays import stay_seconds
from shoal.simulate.totals import Totals
from shoal.simulate.travel import Stops, place
from shoal.simulate.truth_days import count_days
from shoal.simulate.truth_dwell import count_dwell
from shoal.simulate.truth_units import count_units

DAY, HOUR = 86_400, 3_600
_STEP = 20  # seconds between two looks at a device on its way
_PART_OF = np.array([part for hour in range(24) for part, span in enumerate(DAYPARTS.values()) if hour in span])


@dataclass(frozen=True, slots=True)
class Truth(Totals):
    """Totals over devices, for k cells."""

    presence: Int64
    """`int64[k, hours]`: seconds spent in the cell in the hour."""
    visits: Int64
    """`int64[k, days]`: stays that began on the day."""
    visitors: Int64
    """`int64[k]`: devices with a stay there in a unit, added over the units."""
    dwell: Int64
    """`int64[k, classes]`: stays by `DURATIONS`."""
    flows: Int64
    """`int64[k, k, dayparts]`: trips from one stay to the next, by the `DAYPARTS` in which they begin."""
    residents: Int64
    """`int64[k]`: devices that live there; visitors live elsewhere."""
    catchment: Int64
    """`int64[k, k]`: devices that live in the one cell and have a stay in the other in a unit, added over the units."""
    distance: Int64
    """`int64[k, classes]`: days of devices that live there by `LENGTHS` of the day's trips together."""
    gyration: Int64
    """`int64[k, classes]`: devices that live there by `LENGTHS` of their radius in a unit, added over the units."""
    stay_home: Int64
    """`int64[k, days]`: devices that live there and began no trip on the day."""

    @classmethod
    def empty(cls, cells: int, days: int) -> "Truth":
        shapes = (
            (cells, 24 * days),
            (cells, days),
            (cells,),
            (cells, len(DURATIONS.labels)),
            (cells, cells, len(DAYPARTS)),
            (cells,),
            (cells, cells),
            (cells, len(LENGTHS.labels)),
            (cells, len(LENGTHS.labels)),
            (cells, days),
        )
        return cls(*(np.zeros(shape, np.int64) for shape in shapes))


def observe(stops: Stops, people: Table, cells: Cells, days: int, unit: int) -> Truth:
    """The truth about one block of devices over so many days, in units of privacy of `unit` days."""
    truth = Truth.empty(cells.id.size, days)
    used = np.arange(stops.row.shape[1]) < stops.used[:, None]
    zone = np.full(stops.row.shape, -1, np.int64)
    zone[used] = locate(cells.id, stops.row["x"][used], stops.row["y"][used])
    home = np.where(people["kind"] == VISITOR, -1, locate(cells.id, people["home_x"], people["home_y"]))
    _presence(truth.presence, stops, zone, cells)
    _stays(truth.visits, truth.flows, _PART_OF, stops, zone)
    truth.residents[...] = np.bincount(home[home >= 0], minlength=cells.id.size)
    count_dwell(truth.dwell, stops, used, zone, days)
    count_days(truth.distance, truth.stay_home, stops, home)
    count_units(truth.visitors, truth.catchment, truth.gyration, stops, zone, home, days, unit)
    return truth


@njit
def _presence(seconds: Int64, stops: Stops, zone: Int64, cells: Cells) -> None:
    """Add up where devices are: at stops exactly, on the way in steps of 20 seconds."""
    end = seconds.shape[1] * HOUR
    for i in range(stops.used.size):
        for k in range(stops.used[i]):
            time, leave = stops.row[i, k].arrive, min(end, stops.row[i, k].depart)
            while time < leave and zone[i, k] >= 0:
                hour = time // HOUR
                until = min(leave, (hour + 1) * HOUR)
                seconds[zone[i, k], hour] += until - time
                time = until
            if k + 1 == stops.used[i]:
                break
            time, arrive = stops.row[i, k].depart, min(end, stops.row[i, k + 1].arrive)
            while time < arrive:
                hour = time // HOUR
                until = min(time + _STEP, arrive, (hour + 1) * HOUR)
                x, y = place(stops, i, k, 0.5 * (time + until))
                cell = pixel(cells, x, y)
                if cell >= 0:
                    seconds[cell, hour] += until - time
                time = until


@njit
def _stays(visits: Int64, flows: Int64, part_of: Int64, stops: Stops, zone: Int64) -> None:
    """Count stops of 20 minutes or more by cell and day, and the trips between them; shorter stops are on the way.

    part_of  `int64[24]`: the part of the day of each hour
    """
    end = visits.shape[1] * DAY
    for i in range(stops.used.size):
        origin, left = -2, 0  # no stay yet
        for k in range(stops.used[i]):
            stop = stops.row[i, k]
            if stay_seconds(stops, i, k, 0, end) == 0:
                continue
            here = zone[i, k]
            if here >= 0:
                visits[here, stop.arrive // DAY] += 1
                if origin >= 0:
                    flows[origin, here, part_of[left // HOUR % 24]] += 1
            origin, left = here, stop.depart
