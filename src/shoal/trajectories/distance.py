"""Great-circle distance between coordinates in 1e-7 degrees, and questions about it that seldom need trigonometry.

`is_near` and `is_beyond` answer exactly as `metres_between` would: bounds on the haversine decide where they leave no
doubt (rounding included), and the plain formula decides the rest.
"""

import math
from typing import Final, NamedTuple

from shoal._arrays import DEGREE
from shoal._numba import njit

RADIUS: Final = 6_371_000.0
"""Metres; the sphere of trackintel and scikit-mobility."""

_HALF_TURN: Final = 180 * DEGREE
_RADIAN: Final = math.pi / _HALF_TURN  # of one unit, 1e-7 degrees
_MARGIN: Final = 1e-8  # relative; the bounds' own rounding stays below 1e-9 between the two radii that follow
_LEAST, _MOST = 10.0, 1_000_000.0


class Reach(NamedTuple):
    """A distance, made ready for `is_near`. Make one with `reach`.

    metres   the distance
    inside   four haversines below this are surely nearer
    outside  four haversines above this are surely not nearer
    """

    metres: float
    inside: float
    outside: float


def reach(metres: float) -> Reach:
    """Make `metres` (above 0) ready for `is_near`. Beyond 10 m to 1000 km nothing is decided early."""
    if not _LEAST <= metres <= _MOST:
        return Reach(metres, -1.0, math.inf)
    limit = 4 * math.sin(metres / (2 * RADIUS)) ** 2
    return Reach(metres, limit * (1 - _MARGIN), limit * (1 + _MARGIN))


@njit
def metres_between(lat1: int, lon1: int, lat2: int, lon2: int) -> float:
    """Great-circle distance in metres of two points in 1e-7 degrees, by the haversine formula.

    Differences are taken in whole numbers, so points a centimetre apart or on both sides of the date line lose nothing.

    Source  Sinnott 1984, "Virtues of the haversine". Slow twin: `metres` in tests/trajectories/naive.py.
    """
    across = abs(int(lon2) - int(lon1))
    if across > _HALF_TURN:
        across = 2 * _HALF_TURN - across
    north = math.sin((int(lat2) - int(lat1)) * (_RADIAN / 2))
    east = math.sin(across * (_RADIAN / 2))
    haversine = north * north + math.cos(int(lat1) * _RADIAN) * math.cos(int(lat2) * _RADIAN) * (east * east)
    return 2 * RADIUS * math.asin(math.sqrt(min(1.0, max(0.0, haversine))))


@njit
def cosine(lat: int) -> float:
    """Cosine of a latitude in 1e-7 degrees; `is_near` wants that of its first point, which a caller can keep."""
    return math.cos(int(lat) * _RADIAN)


@njit
def is_near(lat1: int, lon1: int, cos1: float, lat2: int, lon2: int, within: Reach) -> bool:
    """Whether `metres_between(lat1, lon1, lat2, lon2) < within.metres`; points in 1e-7 degrees, cos1 = cosine(lat1).

    Rule    with x, y the differences in radians, c = cos(lat1) cos(lat2):
            4 h <= x^2 + c y^2  and  4 h >= x^2 (1 - x^2 / 12) + c y^2 (1 - y^2 / 12);
            cos(lat2) is within x of cos(lat1). Where both bounds leave doubt, the plain formula.
    """
    across = abs(int(lon2) - int(lon1))
    if across > _HALF_TURN:
        across = 2 * _HALF_TURN - across
    x = abs(int(lat2) - int(lat1)) * _RADIAN
    y = across * _RADIAN
    xx, yy = x * x, y * y
    if xx + cos1 * (cos1 + x) * yy < within.inside:
        return True
    if xx * (1 - xx / 12) + cos1 * max(0.0, cos1 - x) * yy * (1 - yy / 12) > within.outside:
        return False
    return metres_between(lat1, lon1, lat2, lon2) < within.metres


@njit
def is_beyond(lat1: int, lon1: int, lat2: int, lon2: int, metres: float) -> bool:
    """Whether `metres_between(lat1, lon1, lat2, lon2) > metres`; points in 1e-7 degrees.

    Quick where the points are near, which neighbours mostly are: 4 h <= x^2 + y^2 at any latitude.
    """
    across = abs(int(lon2) - int(lon1))
    if across > _HALF_TURN:
        across = 2 * _HALF_TURN - across
    x = (int(lat2) - int(lat1)) * (_RADIAN * RADIUS)
    y = across * (_RADIAN * RADIUS)
    if metres > 0 and x * x + y * y < metres * metres * (1 - _MARGIN):
        return False
    return metres_between(lat1, lon1, lat2, lon2) > metres


@njit
def is_surely_within(lat1: int, lon1: int, lat2: int, lon2: int, wide: float, square: float) -> bool:
    """A first look for loops, without trigonometry or a branch: True only where the distance is surely less.

    wide, square  by `look_around`, or 1.0 and `speed_square(speed) * seconds**2`; points in 1e-7 degrees

    Rule  x^2 + wide y^2 < square, x and y in 1e-7 degrees. Never across the date line, where y is most of a turn.
    """
    x = float(lat2) - float(lat1)
    y = float(lon2) - float(lon1)
    return x * x + wide * (y * y) < square


@njit
def look_around(cos1: float, within: Reach) -> tuple[float, float]:
    """`wide` and `square` by which `is_surely_within` implies `is_near`; cos1 as there.

    Rule  as in `is_near`: if x^2 is below `inside`, cos(lat2) is below cos(lat1) + sqrt(inside).
    """
    return cos1 * (cos1 + math.sqrt(max(0.0, within.inside))), within.inside / (_RADIAN * _RADIAN)


@njit
def speed_square(speed: float) -> float:
    """What, times the square of seconds, is the `square` by which `is_surely_within` denies `is_beyond`.

    speed  metres a second, 0 or more
    """
    units = speed / (_RADIAN * RADIUS)  # of 1e-7 degrees, a second
    return units * units * (1 - _MARGIN)
