"""Who carries the devices: where they live, what fills their days, which places they like."""

import numpy as np

from shoal._numba import njit
from shoal.simulate.arrays import Row, Table, UInt64, table
from shoal.simulate.city import BLOCK, HOMES, HOTELS, LEISURE, SCHOOLS, SHOPS, WORK, City, any_site, nearby
from shoal.simulate.dice import PEOPLE, lognormal, normal, stream, uniform

WORKER, STUDENT, FREE, VISITOR = range(4)
"""What fills the days: a job, a school, neither (at home, retired, between jobs), or a visit to the city."""
FAVOURITES = 5
"""Places a person returns to: the first shop near home, the second near work, another near home, two venues."""
_SHARES = (0.53, 0.14, 0.27, 0.06)

PERSON = np.dtype(
    [
        ("kind", np.int64),
        ("home_x", np.float64),  # metres; for a visitor the hotel
        ("home_y", np.float64),
        ("base_x", np.float64),  # workplace or school; the home of those who have neither
        ("base_y", np.float64),
        ("begins", np.float64),  # seconds after midnight at which the work or school day begins; 0 without one
        ("lasts", np.float64),  # seconds
        ("saturday", np.int64),  # 1: works on Saturdays
        ("car", np.int64),  # 1: drives
        ("outings", np.float64),  # mean number on a free day
    ]
)
LIKED = np.dtype([("x", np.float64), ("y", np.float64)])


def meet(city: City, seed: np.uint64, first: int, n: int) -> tuple[Table, Table]:
    """Who carries devices first ... first + n - 1: `PERSON[n]`, and their favourites, `LIKED[n, FAVOURITES]`."""
    people, liked = table(n, PERSON), table((n, FAVOURITES), LIKED)
    _meet(people, liked, city, seed, first)
    return people, liked


@njit
def _meet(people: Table, liked: Table, city: City, seed: np.uint64, first: int) -> None:
    for i in range(people.size):
        dice = stream(seed, first + i, PEOPLE)
        person = people[i]
        _settle(person, city, dice)
        _occupy(person, city, dice)
        person.car = 1 if uniform(dice) < 0.42 else 0
        person.outings = min(lognormal(dice, 1.1, 0.5), 4.0)
        for j in range(FAVOURITES):
            x = person.base_x if j == 1 else person.home_x
            y = person.base_y if j == 1 else person.home_y
            k = nearby(city, LEISURE if j >= 3 else SHOPS, x, y, 2_500.0 if j >= 3 else 1_200.0, dice)
            liked[i, j].x = city.site[k].x
            liked[i, j].y = city.site[k].y


@njit
def _settle(person: Row, city: City, dice: UInt64) -> None:
    """What kind of person, and where they sleep."""
    u, kind = uniform(dice), WORKER
    while kind < VISITOR and u >= _SHARES[kind]:
        u -= _SHARES[kind]
        kind += 1
    k = any_site(city, HOTELS if kind == VISITOR else HOMES, dice)
    within = 0.0 if kind == VISITOR else BLOCK
    person.kind = kind
    person.home_x = city.site[k].x + (uniform(dice) - 0.5) * within
    person.home_y = city.site[k].y + (uniform(dice) - 0.5) * within


@njit
def _occupy(person: Row, city: City, dice: UInt64) -> None:
    """Workplace or school by the gravity model, and its hours: four shifts, or one of two school shifts."""
    person.base_x = person.home_x
    person.base_y = person.home_y
    shift = uniform(dice)
    if person.kind not in (WORKER, STUDENT) or (person.kind == WORKER and shift < 0.07):  # these work at home
        return
    school = person.kind == STUDENT
    k = nearby(city, SCHOOLS if school else WORK, person.home_x, person.home_y, 2_200.0 if school else 5_000.0, dice)
    person.base_x = city.site[k].x
    person.base_y = city.site[k].y
    person.saturday = 1 if not school and uniform(dice) < 0.35 else 0
    begins, lasts, spread = 8.6, 8.7, 0.8
    if school:
        begins, lasts, spread = 7.4 if shift < 0.7 else 14.0, 6.0, 0.2
    elif shift > 0.96:
        begins, lasts, spread = 21.8, 8.0, 0.4
    elif shift > 0.87:
        begins, lasts, spread = 13.8, 8.0, 0.6
    elif shift > 0.70:
        begins, lasts, spread = 6.6, 8.3, 0.5
    person.begins = 3_600.0 * max(4.0, begins + spread * normal(dice))
    person.lasts = 3_600.0 * max(3.0, lasts + 0.7 * spread * normal(dice))
