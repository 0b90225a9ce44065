"""Visitors: they come through a gate, sleep in a hotel or not at all, see the city, and leave through a gate."""

from shoal._numba import njit
from shoal.simulate.arrays import Row, UInt64
from shoal.simulate.city import GATES, LEISURE, City, any_site, nearby
from shoal.simulate.dice import exponential, lognormal, normal, uniform
from shoal.simulate.travel import Stops, begin, go

DAY, HOUR = 86_400, 3_600


@njit
def visit_city(stops: Stops, who: int, person: Row, city: City, days: int, dice: UInt64) -> None:
    """The stay of one visitor, up to its departure; it touches the period of `days` days.

    Nights   none for three in ten, else 1 + a geometric-like number with mean about 1.2, at most 7 in all.
    Arrival  on any day such that at least one day of the stay is inside; who came before is at the hotel at the start.
    """
    nights = 0 if uniform(dice) < 0.3 else min(7, 1 + int(1.6 * exponential(dice)))
    came = int(uniform(dice) * (days + nights)) - nights
    if came < 0:
        begin(stops, who, person.home_x, person.home_y, 0)
        free = 0.0
    else:
        free = _arrive(stops, who, city, came * DAY, nights, dice)
    leaves = came + nights
    for day in range(max(came, 0), min(leaves + 1, days)):
        if day == came and nights > 0:
            free = go(stops, who, person.home_x, person.home_y, free, person.car, dice) + 2_400.0
        tonight = (17.0 if day == leaves else 21.5) + 1.2 * normal(dice)
        free = max(free, day * DAY + (8.8 + 0.9 * normal(dice)) * HOUR)
        for _ in range(3):
            if free > day * DAY + (tonight - 1.0) * HOUR:
                break
            at = stops.row[who, stops.used[who] - 1]
            k = nearby(city, LEISURE, at.x, at.y, 4_000.0, dice)
            minutes = min(max(lognormal(dice, 85.0, 0.5), 10.0), 260.0)
            free = go(stops, who, city.site[k].x, city.site[k].y, free, person.car, dice) + 60.0 * minutes
        if day < leaves:
            free = go(stops, who, person.home_x, person.home_y, free, person.car, dice) + 7.0 * HOUR
    if leaves < days:
        k = any_site(city, GATES, dice)
        free = go(stops, who, city.site[k].x, city.site[k].y, free, person.car, dice)
        stops.row[who, stops.used[who] - 1].depart = int(free + (25.0 + 60.0 * uniform(dice)) * 60.0)


@njit
def _arrive(stops: Stops, who: int, city: City, midnight: int, nights: int, dice: UInt64) -> float:
    """Begin at a gate: in the morning for the day, until the evening for longer; returns when it may be left."""
    k = any_site(city, GATES, dice)
    hour = 7.0 + 3.0 * uniform(dice) if nights == 0 else 8.0 + 12.5 * uniform(dice)
    time = midnight + hour * HOUR
    begin(stops, who, city.site[k].x, city.site[k].y, int(time))
    return time + (12.0 + 25.0 * uniform(dice)) * 60.0
