"""Which stops are stays."""

from shoal._numba import njit
from shoal.simulate.travel import Stops

STAY = 20 * 60
"""Seconds from which a stop is a stay: `stay_minutes` of the plan."""


@njit
def stay_seconds(stops: Stops, who: int, k: int, low: int, high: int) -> int:
    """Seconds of the stop k of a device within [low, high), seconds of the period; 0 where they are too few for a stay.

    A stop that has begun before `low`, or goes on after `high`, is cut there, as a row of a release is at its unit's
    ends.
    """
    stop = stops.row[who, k]
    seconds = min(high, stop.depart) - max(low, stop.arrive)
    return seconds if seconds >= STAY else 0
