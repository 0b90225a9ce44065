"""What really happened, by place and time: the tables a release is measured against. No device is in them."""

from dataclasses import dataclass

import numpy as np

from shoal._numba import njit
from shoal.simulate.arrays import Float64, Int64, Table
from shoal.simulate.cells import Cells, locate, pixel
from shoal.simulate.people import VISITOR
from shoal.simulate.travel import Stops, place

DAY, HOUR = 86_400, 3_600
STAY = 20 * 60
"""Seconds from which a stop is a stay: `stay_minutes` of the plan."""
_STEP = 20  # seconds between two looks at a device on its way


@dataclass(frozen=True, slots=True)
class Truth:
    """Totals over devices, for k cells; whole numbers, so that blocks may be added in any order."""

    presence: Int64
    """`int64[k, hours]`: seconds spent in the cell in the hour."""
    visits: Int64
    """`int64[k, days]`: stays that began on the day."""
    flows: Int64
    """`int64[k, k]`: trips from one stay to the next."""
    residents: Int64
    """`int64[k]`: devices that live there; visitors live elsewhere."""

    @classmethod
    def empty(cls, cells: int, days: int) -> "Truth":
        return cls(
            np.zeros((cells, 24 * days), np.int64),
            np.zeros((cells, days), np.int64),
            np.zeros((cells, cells), np.int64),
            np.zeros(cells, np.int64),
        )

    def add(self, other: "Truth") -> None:
        """Add the totals of another block."""
        self.presence[...] += other.presence
        self.visits[...] += other.visits
        self.flows[...] += other.flows
        self.residents[...] += other.residents


def observe(stops: Stops, people: Table, cells: Cells, days: int) -> Truth:
    """The truth about one block of devices."""
    truth = Truth.empty(cells.id.size, days)
    used = np.arange(stops.row.shape[1]) < stops.used[:, None]
    zone = np.full(stops.row.shape, -1, np.int64)
    zone[used] = locate(cells.id, stops.row["x"][used], stops.row["y"][used])
    _presence(truth.presence, stops, zone, cells)
    _stays(truth.visits, truth.flows, stops, zone)
    home = locate(cells.id, people["home_x"], people["home_y"])[people["kind"] != VISITOR]
    truth.residents[...] = np.bincount(home[home >= 0], minlength=cells.id.size)
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
def _stays(visits: Int64, flows: Int64, stops: Stops, zone: Int64) -> None:
    """Count stops of 20 minutes or more by cell and day, and the trips between them; shorter stops are on the way."""
    end = visits.shape[1] * DAY
    for i in range(stops.used.size):
        origin = -2  # no stay yet
        for k in range(stops.used[i]):
            stop = stops.row[i, k]
            if min(end, stop.depart) - stop.arrive < STAY:
                continue
            here = zone[i, k]
            if here >= 0:
                visits[here, stop.arrive // DAY] += 1
                if origin >= 0:
                    flows[origin, here] += 1
            origin = here


def shares(seconds: Int64) -> Float64:
    """Seconds in an hour as an average number of devices."""
    return np.asarray(seconds / HOUR, np.float64)
