"""The days of those who live here: nights at home, work or school, errands, evenings out, a rhythm of the week."""

import math

import numpy as np

from shoal._numba import njit
from shoal.simulate.arrays import Row, Table, UInt64
from shoal.simulate.city import AWAY, LEISURE, SCHOOLS, SHOPS, City, any_site, nearby
from shoal.simulate.dice import DAYS, lognormal, normal, poisson, stream, uniform
from shoal.simulate.people import FAVOURITES, FREE, VISITOR, WORKER
from shoal.simulate.travel import Stops, begin, go
from shoal.simulate.visitors import visit_city

DAY, HOUR = 86_400, 3_600
_SETTLE = 1_800.0  # seconds at home before the next way out


@njit
def live(
    stops: Stops, people: Table, liked: Table, city: City, seed: np.uint64, first: int, days: int, weekday: int
) -> None:
    """Fill `stops` with what devices first, first + 1, ... do in `days` days, the first a `weekday` (0 Monday)."""
    for who in range(people.size):
        dice = stream(seed, first + who, DAYS)
        person = people[who]
        if person.kind == VISITOR:
            visit_city(stops, who, person, city, days, dice)
            continue
        begin(stops, who, person.home_x, person.home_y, 0)
        free = 0.0  # when the last stop may be left
        for day in range(days):
            midnight, today = day * DAY, (weekday + day) % 7
            weekend = today > 4
            busy = person.begins > 0.0 and (not weekend or (today == 5 and person.saturday == 1))
            if busy and uniform(dice) < 0.94:
                free = _duty(stops, who, person, liked[who], city, midnight, today, free, dice)
            elif weekend and uniform(dice) < 0.045:
                free = _trip(stops, who, person, city, midnight, free, dice)
            elif uniform(dice) > (0.30 if today == 6 else 0.18):  # the others rest at home
                free = _leisure(stops, who, person, liked[who], city, midnight, weekend, free, dice)


@njit
def _duty(
    stops: Stops,
    who: int,
    person: Row,
    liked: Table,
    city: City,
    midnight: int,
    today: int,
    free: float,
    dice: UInt64,
) -> float:
    """Work or school, perhaps lunch out, perhaps an evening out; returns when home may be left again."""
    way = (abs(person.base_x - person.home_x) + abs(person.base_y - person.home_y)) / 6.0 + 300.0  # as people plan it
    begins = midnight + person.begins + 600.0 * normal(dice)
    over = begins + max(2.0 * HOUR, person.lasts + 1_500.0 * normal(dice))
    leave = max(free + 300.0, begins - way)
    worker = person.kind == WORKER
    if worker and 6 * HOUR < person.begins < 10 * HOUR and uniform(dice) < 0.12:  # a child to school first
        k = nearby(city, SCHOOLS, person.home_x, person.home_y, 1_000.0, dice)
        leave = go(stops, who, city.site[k].x, city.site[k].y, leave - 900.0, person.car, dice) + 240.0
    lunch = worker and uniform(dice) < 0.22
    for half in range(2 if lunch else 1):
        free = go(stops, who, person.base_x, person.base_y, leave, person.car, dice)
        free = max(free + HOUR, 0.5 * (begins + over) + 1_500.0 * normal(dice) if lunch and half == 0 else over)
        if lunch and half == 0:
            k = nearby(city, SHOPS, person.base_x, person.base_y, 500.0, dice)
            leave = go(stops, who, city.site[k].x, city.site[k].y, free, person.car, dice)
            leave += lognormal(dice, 2_300.0, 0.3)
    hour = (free - midnight) / HOUR
    on_the_way = uniform(dice) < 0.30 and 11.0 < hour < 21.0
    later = uniform(dice) < (0.30 if today == 4 else 0.16) and hour < 21.0
    for out in range(2):
        if (on_the_way, later)[out]:
            fun = uniform(dice) < (0.35, 1.0)[out]
            if out == 1:
                free = max(free, midnight + 18.0 * HOUR) + 1.5 * uniform(dice) * HOUR
            free = _outing(stops, who, liked, city, free, fun, person.car, dice)
        free = go(stops, who, person.home_x, person.home_y, free, person.car, dice) + _SETTLE
    return free


@njit
def _trip(stops: Stops, who: int, person: Row, city: City, midnight: int, free: float, dice: UInt64) -> float:
    """A day out of town; returns when home may be left again."""
    k = any_site(city, AWAY, dice)
    leave = max(free, midnight + (7.5 + 2.5 * uniform(dice)) * HOUR)
    leave = go(stops, who, city.site[k].x, city.site[k].y, leave, person.car, dice)
    leave += (3.0 + 5.0 * uniform(dice)) * HOUR
    return go(stops, who, person.home_x, person.home_y, leave, person.car, dice) + _SETTLE


@njit
def _leisure(
    stops: Stops,
    who: int,
    person: Row,
    liked: Table,
    city: City,
    midnight: int,
    weekend: bool,
    free: float,
    dice: UInt64,
) -> float:
    """A free day with up to three outings; returns when home may be left again."""
    outings = min(3, poisson(dice, person.outings * (1.15 if weekend else 1.0)))
    hour = 9.6 if weekend else (8.3 if person.kind == FREE else 9.0)
    for left in range(outings, 0, -1):
        hour += (21.0 - hour) * (1.0 - uniform(dice) ** (1.0 / left))  # the next of `left` sorted uniform hours
        leave = midnight + hour * HOUR
        if leave > free:
            fun = uniform(dice) < (0.65 if hour > 18.0 else 0.25)
            free = _outing(stops, who, liked, city, leave, fun, person.car, dice)
            free = go(stops, who, person.home_x, person.home_y, free, person.car, dice) + _SETTLE
    return free


@njit
def _outing(stops: Stops, who: int, liked: Table, city: City, leave: float, fun: bool, car: int, dice: UInt64) -> float:
    """To a shop or, for `fun`, a venue, one time in four to another; returns when the last may be left.

    Six times in ten to a favourite, if it is 400 m away or more, else anywhere by the gravity model.
    """
    free = leave
    for _ in range(2):
        at = stops.row[who, stops.used[who] - 1]
        j = 3 + int(uniform(dice) * (FAVOURITES - 3)) if fun else int(uniform(dice) * 3)
        x, y = liked[j].x, liked[j].y
        if uniform(dice) > 0.6 or math.hypot(x - at.x, y - at.y) < 400.0:
            k = nearby(city, LEISURE if fun else SHOPS, at.x, at.y, 3_500.0 if fun else 1_500.0, dice)
            x, y = city.site[k].x, city.site[k].y
        minutes = lognormal(dice, 95.0, 0.5) if fun else lognormal(dice, 32.0, 0.75)
        free = go(stops, who, x, y, free, car, dice) + 60.0 * min(max(minutes, 4.0), 300.0)
        if uniform(dice) > 0.25:
            break
    return free
