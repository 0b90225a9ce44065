"""The city's own frame: metres along its streets from the main square, and the way to degrees.

The street grid is turned by 9 degrees against north, as in many colonial towns; x runs along the streets that go
roughly east, y along those that go roughly north. Degrees follow on a sphere of the IUGG mean radius (6,371,008.8 m);
within 60 km of the square distances are good to a few parts in a thousand.
"""

import math
from typing import TypeVar

from shoal._numba import njit
from shoal.simulate.arrays import Float64

LATITUDE, LONGITUDE = 20.67, -103.35
"""The main square, degrees: where Guadalajara lies, so that maps, hours and climate are plausible."""
TIMEZONE = "America/Mexico_City"
"""One offset, UTC-6, since the end of October 2022."""

_TURN = math.radians(9.0)
_COS, _SIN = math.cos(_TURN), math.sin(_TURN)
_METRES = math.radians(1.0) * 6_371_008.8  # of one degree of latitude
_METRES_EAST = _METRES * math.cos(math.radians(LATITUDE))

Metres = TypeVar("Metres", float, Float64)


@njit
def latitude(x: Metres, y: Metres) -> Metres:
    """Degrees north of the point (x, y), metres; a number or an array."""
    return LATITUDE + (y * _COS - x * _SIN) / _METRES


@njit
def longitude(x: Metres, y: Metres) -> Metres:
    """Degrees east of the point (x, y), metres; a number or an array."""
    return LONGITUDE + (x * _COS + y * _SIN) / _METRES_EAST
