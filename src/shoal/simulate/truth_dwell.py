"""How long stays really lasted."""

import numpy as np

from shoal.classes import DURATIONS
from shoal.simulate.arrays import Bool, Int64
from shoal.simulate.stays import STAY
from shoal.simulate.travel import Stops

DAY = 86_400


def count_dwell(dwell: Int64, stops: Stops, used: Bool, zone: Int64, days: int) -> None:
    """Add the stays of n devices with room for m stops to `dwell`, `int64[k, classes]`.

    used  `bool[n, m]`   which stops are used
    zone  `int64[n, m]`  cell of each stop, -1 for none
    days  of the period; a stay that goes on after it is cut there, and nowhere else
    """
    seconds = np.minimum(stops.row["depart"], days * DAY) - stops.row["arrive"]
    stays = used & (zone >= 0) & (seconds >= STAY)
    cell = zone[stays] * dwell.shape[1] + DURATIONS.of(seconds[stays])
    dwell += np.bincount(cell, minlength=dwell.size).reshape(dwell.shape)
