"""A set of 64-bit keyed hashes that a kernel asks for every record: opted-out devices, cells of a private deny-list.

Open addressing in one array, at most half full, so that a look-up ends after two steps on average and always ends. The
hashes are those of SipHash under a secret key: nobody who sends records can choose them so that they crowd one place.
"""

from typing import NoReturn

import numpy as np

from shoal._arrays import Bool, UInt64
from shoal._numba import njit

_U = np.uint64
_GOLDEN = _U(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: spreads values that are no hashes, too
_FEWEST = 3  # 2**3 places


class HashSet:
    """Hashes that can be asked for, never listed: no reader, length, comparison, copy or pickle.

    hashes  uint64[m], in any order; one that is there twice is there once

    Memory  16 to 32 bytes for each of them.
    Python can't stop a determined reader; this stops a careless log line, cache or temporary file.
    """

    __slots__ = ("__holds_zero", "__table")

    def __init__(self, hashes: UInt64) -> None:
        if hashes.dtype != np.uint64 or hashes.ndim != 1:
            raise TypeError("hashes are a flat uint64 array")
        self.__table = np.zeros(1 << max(_FEWEST, (2 * hashes.size).bit_length()), dtype=np.uint64)
        self.__holds_zero = bool(_fill(self.__table, hashes))

    @classmethod
    def empty(cls) -> "HashSet":
        """Nothing is in it."""
        return cls(np.zeros(0, dtype=np.uint64))

    def contains(self, hashes: UInt64) -> Bool:
        """Which of n hashes are in the set: bool[n]. Safe to call from threads."""
        out = np.empty(hashes.size, dtype=np.bool_)
        _contains(self.__table, self.__holds_zero, hashes, out)
        return out

    def __bool__(self) -> bool:
        """Is there anything in it? Where not, the intake need not ask."""
        return self.__holds_zero or bool(self.__table.any())

    def __repr__(self) -> str:
        return "<HashSet, hidden>"

    def __refuse(self, *_: object) -> NoReturn:
        raise TypeError("a set of keyed hashes can't be listed, counted, compared, copied or stored")

    __eq__ = __len__ = __iter__ = __contains__ = __copy__ = __deepcopy__ = __refuse
    __reduce__ = __reduce_ex__ = __getstate__ = __refuse
    __hash__ = None  # type: ignore[assignment]


@njit
def _fill(table: UInt64, hashes: UInt64) -> bool:
    """Put the hashes into a table of zeros, uint64[2**k], with more than twice the room; whether 0 is one of them."""
    shift, mask = _shift(table), _U(table.size - 1)
    zero = False
    for row in range(hashes.size):
        if hashes[row] == 0:
            zero = True  # the mark of a free place can't stand in the table
            continue
        place = (hashes[row] * _GOLDEN) >> shift
        while table[place] != 0 and table[place] != hashes[row]:
            place = (place + _U(1)) & mask
        table[place] = hashes[row]
    return zero


@njit
def _contains(table: UInt64, holds_zero: bool, hashes: UInt64, out: Bool) -> None:
    """Write for each hash, uint64[n], whether it is in the set, bool[n].

    Rule    a hash like the one before has its answer: records lie device by device, and devices stay.
    """
    shift, mask = _shift(table), _U(table.size - 1)
    last, found = _U(0), holds_zero
    for row in range(hashes.size):
        wanted = hashes[row]
        if wanted != last:
            last = wanted
            found = holds_zero
            if wanted != 0:
                place = (wanted * _GOLDEN) >> shift
                while table[place] != 0 and table[place] != wanted:
                    place = (place + _U(1)) & mask
                found = table[place] == wanted
        out[row] = found


@njit
def _shift(table: UInt64) -> np.uint64:
    """64 less the number of bits of a place, so that the top bits of a product are the place."""
    shift = 64
    size = table.size
    while size > 1:
        size >>= 1
        shift -= 1
    return _U(shift)
