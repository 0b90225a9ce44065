"""What the city's people really did day by day: how far they went, and who stayed at home."""

import math

import numpy as np

from shoal._numba import njit
from shoal.classes import LENGTHS
from shoal.simulate.arrays import Bool, Int64
from shoal.simulate.stays import stay_seconds
from shoal.simulate.travel import Stops

DAY = 86_400


def count_days(distance: Int64, stay_home: Int64, stops: Stops, home: Int64) -> None:
    """Add the days of n devices.

    distance   `int64[k, classes]`  by cell of the home and length of the day's trips together
    stay_home  `int64[k, days]`     days without a trip, by cell of the home
    home       `int64[n]`           cell, -1 for none: such a device does not count
    """
    days = stay_home.shape[1]
    seen = np.zeros((home.size, days), np.bool_)
    trips, metres = np.zeros((2, home.size, days), np.int64)
    fill_days(stops, seen, trips, metres)
    who, day = np.nonzero(seen & (home[:, None] >= 0))
    class_ = LENGTHS.of(metres[who, day])
    distance += np.bincount(home[who] * distance.shape[1] + class_, minlength=distance.size).reshape(distance.shape)
    still = trips[who, day] == 0
    cell = home[who[still]] * days + day[still]
    stay_home += np.bincount(cell, minlength=stay_home.size).reshape(stay_home.shape)


@njit
def fill_days(stops: Stops, seen: Bool, trips: Int64, metres: Int64) -> None:
    """Write what each of n devices did on each day; zeros before.

    seen    `bool[n, days]`   has a stay on the day, begun on it or not, or begins a trip
    trips   `int64[n, days]`  from one stay to the next, that began on the day
    metres  `int64[n, days]`  their straight lines, from stay to stay, each rounded down

    Rule    docs/definitions.md, "Day's way". A stop that is no stay is on the way. Slow twin: `days` in
            tests/simulate/naive.py.
    """
    end = seen.shape[1] * DAY
    for i in range(stops.used.size):
        last = -1  # no stay yet
        for k in range(stops.used[i]):
            if stay_seconds(stops, i, k, 0, end) == 0:
                continue
            here = stops.row[i, k]
            for day in range(here.arrive // DAY, (min(end, here.depart) - 1) // DAY + 1):
                seen[i, day] = True
            if last >= 0:
                there = stops.row[i, last]
                day = there.depart // DAY
                seen[i, day] = True
                trips[i, day] += 1
                metres[i, day] += int(math.hypot(here.x - there.x, here.y - there.y))
            last = k
