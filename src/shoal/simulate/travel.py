"""Ways through the city: along the streets, first one axis, then the other, at the speed of foot, bus or car.

The distance that counts is the street distance |dx| + |dy|, on average 1.27 times the straight line: the detour
factor of a street grid.
"""

import math
from typing import NamedTuple

import numpy as np

from shoal._numba import njit
from shoal.simulate.arrays import Int64, Table, UInt64, table
from shoal.simulate.dice import uniform
from shoal.simulate.geography import LAKE

NEVER = 1 << 40
"""Seconds; the departure of a stop that nobody has left."""


STOP = np.dtype(
    [
        ("arrive", np.int64),  # seconds of the period
        ("depart", np.int64),
        ("x", np.float64),  # metres of the city's frame
        ("y", np.float64),
        ("bend", np.int64),  # the way here: 0 first along x, 1 first along y
    ]
)


class Stops(NamedTuple):
    """Where each device stopped, in order: from `arrive` to `depart` it is at a stop, then travels to the next."""

    row: Table
    """`STOP[n, m]`: room for m stops of each of n devices."""
    used: Int64
    """`int64[n]`: how many of them are used."""


def room(devices: int, days: int) -> Stops:
    """Empty stops for so many devices; ten a day and eight more is above what a day can hold."""
    return Stops(table((devices, 10 * days + 8), STOP), np.zeros(devices, np.int64))


@njit
def begin(stops: Stops, who: int, x: float, y: float, arrive: int) -> None:
    """The first stop of a device."""
    stop = stops.row[who, 0]
    stop.arrive = arrive
    stop.depart = NEVER
    stop.x = x
    stop.y = y
    stops.used[who] = 1


@njit
def go(stops: Stops, who: int, x: float, y: float, leave: float, car: int, dice: UInt64) -> float:
    """Leave the last stop at `leave` (seconds) for (x, y); the time of arrival. Who is there already stays."""
    k = stops.used[who]
    last = stops.row[who, k - 1]
    distance = abs(x - last.x) + abs(y - last.y)
    if distance < 1.0 or k >= stops.row.shape[1]:
        return leave
    leaves = max(int(leave), last.arrive + 60)
    hour = leaves // 3600 % 24
    crowd = 1.4 if 7 <= hour <= 8 or 17 <= hour <= 19 else 1.0
    stop = stops.row[who, k]
    stop.arrive = leaves + int(duration(distance, car == 1, crowd, dice))
    stop.depart = NEVER
    stop.x = x
    stop.y = y
    stop.bend = way_round(last.x, last.y, x, y, dice)
    last.depart = leaves
    stops.used[who] = k + 1
    return stop.arrive  # type: ignore[no-any-return]


@njit
def duration(distance: float, car: bool, crowd: float, dice: UInt64) -> float:
    """Seconds for a street distance in metres; short ways on foot, others by car or bus, slower where it is crowded."""
    if distance < 1_100.0:
        return 40.0 + distance / (1.1 + 0.4 * uniform(dice))
    if car:
        city, road = min(distance, 9_000.0), max(0.0, distance - 9_000.0)
        return 150.0 + (city / (8.0 + 3.0 * uniform(dice)) + road / 19.0) * crowd
    return 240.0 + 600.0 * uniform(dice) + (distance / (4.6 + 2.0 * uniform(dice))) * crowd


@njit
def way_round(x0: float, y0: float, x1: float, y1: float, dice: UInt64) -> int:
    """Which axis first: at random, but round the lake where one of the two ways does not cross it."""
    bend = 1 if uniform(dice) < 0.5 else 0
    if wades(x0, x1, y0, y0) or wades(x1, x1, y0, y1):
        return 1
    if wades(x0, x0, y0, y1) or wades(x0, x1, y1, y1):
        return 0
    return bend


@njit
def wades(x0: float, x1: float, y0: float, y1: float) -> bool:
    """Whether a way along one axis crosses the lake."""
    east, north, half_x, half_y = LAKE
    u = max(min(x0, x1), min(east, max(x0, x1))) - east  # the point of the way nearest to the lake's centre
    v = max(min(y0, y1), min(north, max(y0, y1))) - north
    return (u / half_x) ** 2 + (v / half_y) ** 2 < 1.0


@njit
def place(stops: Stops, who: int, k: int, time: float) -> tuple[float, float]:
    """Where (x, y) a device is at `time`, which lies between the arrivals at its stops k and k + 1."""
    here = stops.row[who, k]
    if time <= here.depart or k + 1 >= stops.used[who]:
        return here.x, here.y
    there = stops.row[who, k + 1]
    dx, dy = there.x - here.x, there.y - here.y
    gone = (abs(dx) + abs(dy)) * min(1.0, (time - here.depart) / (there.arrive - here.depart))
    along_x = min(gone, abs(dx)) if there.bend == 0 else max(0.0, gone - abs(dy))
    return here.x + math.copysign(along_x, dx), here.y + math.copysign(gone - along_x, dy)


@njit
def stop_at(stops: Stops, who: int, time: float) -> int:
    """The last stop at which a device had arrived by `time`; 0 before the first."""
    low, high = 0, stops.used[who] - 1
    while low < high:
        middle = (low + high + 1) // 2
        if stops.row[who, middle].arrive <= time:
            low = middle
        else:
            high = middle - 1
    return low
