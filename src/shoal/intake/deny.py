"""The operator's private deny-list: places on no public map, near which no record is used, as keyed hashes of cells.

A place is kept as the hashes of the small cells of a fixed grid that its surroundings touch. At the intake the cell of
each record is hashed under the same key and looked up. Who has the list without its key has random numbers; who has
both can try all cells of a town, so both stay in the state folder.
"""

from hashlib import blake2b
from typing import Final, NoReturn

import numpy as np

from shoal._arrays import DEGREE, Bool, Float64, Int32, UInt64
from shoal._numba import njit
from shoal.intake._sip import absorb, finish, start
from shoal.intake.hashset import HashSet

KEY_BYTES: Final = 16
RADIUS: Final = 533.0
"""Metres around a place that its cells cover wherever they can."""
CELL: Final = 13
"""Cells are 2**13 units of 1e-7 degrees wide and high: 91 metres to the north."""
_METRE: Final = 90.0
"""Units of 1e-7 degrees in a metre to the north: at most 90.4 on the ellipsoid, so cells just outside are in."""
_MARGIN: Final = 1.01
_POLAR: Final = 89.0

_U = np.uint64
_WORD, _PAIR = _U(8 << 56), _U(16 << 56)  # a message's last word: its length in the top byte
_32, _LOW = _U(32), _U(0xFFFFFFFF)


class DenyList:
    """Cells where no record is used. No reader, comparison, copy or pickle; `packed` is for sealing alone.

    key    16 bytes, of the state that the list is kept in
    cells  uint64[m]  hashes of cells under that key
    """

    __slots__ = ("__k0", "__k1", "__packed", "__set")

    def __init__(self, key: bytes, cells: UInt64) -> None:
        self.__k0, self.__k1 = _words(key)
        self.__set = HashSet(cells)
        self.__packed = key + cells.astype("<u8").tobytes()

    def covers(self, lat: Int32, lon: Int32) -> Bool:
        """Which of n records in 1e-7 degrees lie in a cell of the list: bool[n]. Safe to call from threads."""
        hashes = np.empty(lat.size, dtype=np.uint64)
        _hash_cells(lat, lon, self.__k0, self.__k1, hashes)
        return self.__set.contains(hashes)

    def packed(self) -> bytes:
        """The list and its key as bytes, from which `unpacked` makes it again. Secret: only ever sealed."""
        return self.__packed

    def digest(self, key: bytes) -> str:
        """By which two runs know that the list was the same, hexadecimal. Keyed, and secret: it stays in the state."""
        return blake2b(self.__packed, key=key, digest_size=32, person=b"shoal deny").hexdigest()

    @classmethod
    def unpacked(cls, packed: bytes) -> "DenyList":
        return cls(packed[:KEY_BYTES], np.frombuffer(packed[KEY_BYTES:], dtype="<u8").astype(np.uint64))

    def __bool__(self) -> bool:
        """Is there anything on it? Where not, the intake need not ask."""
        return bool(self.__set)

    def __repr__(self) -> str:
        return "<DenyList, hidden>"

    def __refuse(self, *_: object) -> NoReturn:
        raise TypeError("a deny-list can't be listed, counted, compared, copied or stored")

    __eq__ = __len__ = __iter__ = __contains__ = __copy__ = __deepcopy__ = __refuse
    __reduce__ = __reduce_ex__ = __getstate__ = __refuse
    __hash__ = None  # type: ignore[assignment]


def hash_places(key: bytes, lat: Float64, lon: Float64) -> UInt64:
    """By what a place is known again, to a metre: uint64[n] of n places in degrees."""
    out = np.empty(lat.size, dtype=np.uint64)
    north, east = (np.rint(degrees * 1e5).astype(np.int64).view(np.uint64) for degrees in (lat, lon))
    _hash_pairs(north, east, *_words(key), out)
    return out


def hash_surroundings(key: bytes, lat: float, lon: float) -> UInt64:
    """The cells that come within `RADIUS` metres of a place in degrees: uint64[m], each once.

    None of them is missing and few are too many: distances are taken a hundredth shorter than they are. Raises
    `ValueError` within a degree of a pole, where cells of longitude mean nothing.
    """
    if not abs(lat) <= _POLAR:
        raise ValueError("a place lies within a degree of a pole")
    north, east = round(lat * DEGREE), round(lon * DEGREE)
    reach = RADIUS * _METRE * _MARGIN
    shrink = np.cos(
        np.radians(min(90.0, abs(lat) + 0.01))
    )  # of a degree of longitude, at the edge away from the equator
    side = reach / shrink
    size, half_turn = 1 << CELL, 180 * DEGREE
    rows = np.arange(int(north - reach) >> CELL, (int(north + reach) >> CELL) + 1)
    found = []
    for turn in (-2 * half_turn, 0, 2 * half_turn):  # across the antimeridian the other edge of the map goes on
        left, right = max(east - side + turn, -half_turn), min(east + side + turn, half_turn)
        if left > right:
            continue
        columns = np.arange(int(left) >> CELL, (int(right) >> CELL) + 1)
        up = np.maximum(np.maximum(rows * size - north, north - (rows * size + size - 1)), 0)
        along = np.maximum(np.maximum(columns * size - (east + turn), east + turn - (columns * size + size - 1)), 0)
        near = np.hypot(up[:, None], (along * shrink)[None, :]) <= reach
        row, column = np.nonzero(near)
        found.append((rows[row] << CELL, columns[column] << CELL))
    lowest = (np.concatenate([part[at] for part in found]).astype(np.int64) for at in (0, 1))
    corner_lat, corner_lon = (np.maximum(units, -half_turn - size) for units in lowest)
    out = np.empty(corner_lat.size, dtype=np.uint64)
    _hash_cells(corner_lat.astype(np.int32), corner_lon.astype(np.int32), *_words(key), out)
    return np.unique(out)


def _words(key: bytes) -> tuple[np.uint64, np.uint64]:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key for a deny-list has {KEY_BYTES} bytes")
    k0, k1 = np.frombuffer(key, dtype="<u8")
    return k0, k1


@njit
def _hash_cells(lat: Int32, lon: Int32, k0: np.uint64, k1: np.uint64, out: UInt64) -> None:
    """SipHash-2-4 of the 8-byte number of each point's cell; n points in 1e-7 degrees, out uint64[n] filled here.

    Rule    a point in the cell of the point before takes over its hash: devices stay where they are.
    """
    last, hashed = _U(0), _U(0)
    for row in range(lat.size):
        north, east = _U(np.int64(lat[row]) >> CELL) & _LOW, _U(np.int64(lon[row]) >> CELL) & _LOW
        word = (north << _32) | east
        if row == 0 or word != last:
            last = word
            v0, v1, v2, v3 = start(k0, k1)
            v0, v1, v2, v3 = absorb(v0, v1, v2, v3, word)
            hashed = finish(v0, v1, v2, v3, _WORD)
        out[row] = hashed


@njit
def _hash_pairs(first: UInt64, second: UInt64, k0: np.uint64, k1: np.uint64, out: UInt64) -> None:
    """SipHash-2-4 of 16 bytes each: two numbers, one after the other."""
    for row in range(first.size):
        v0, v1, v2, v3 = start(k0, k1)
        v0, v1, v2, v3 = absorb(v0, v1, v2, v3, first[row])
        v0, v1, v2, v3 = absorb(v0, v1, v2, v3, second[row])
        out[row] = finish(v0, v1, v2, v3, _PAIR)
