"""SipHash-2-4, a keyed pseudo-random function with 64 bits out, over whole columns of identifiers.

However a file spells a device, its text is what is hashed: the integer 34502 as "34502", a 16-byte UUID as its 36
lowercase characters. So a device that one file holds as text and another as a number is one device.

Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012, doi:10.1007/978-3-642-34931-7_28;
the published vectors and a slow twin are in tests/intake/test_siphash.py.
"""

import numpy as np
from numpy.typing import NDArray

from shoal._arrays import Int32, Int64, UInt8, UInt64
from shoal._numba import njit

_U = np.uint64
_INIT = (_U(0x736F6D6570736575), _U(0x646F72616E646F6D), _U(0x6C7967656E657261), _U(0x7465646279746573))
_I0, _I1, _I2, _I3 = _INIT
_FF = _U(0xFF)
_0, _1, _3, _4, _7, _8 = _U(0), _U(1), _U(3), _U(4), _U(7), _U(8)
_10, _13, _16, _17, _20, _21, _24, _32, _36 = _U(10), _U(13), _U(16), _U(17), _U(20), _U(21), _U(24), _U(32), _U(36)
_40, _43, _47, _48, _51, _56, _63, _64, _80 = _U(40), _U(43), _U(47), _U(48), _U(51), _U(56), _U(63), _U(64), _U(80)
_DASH = _U(ord("-"))
_1E4, _1E8, _1E16 = _U(10**4), _U(10**8), _U(10**16)


@njit
def hash_text(offsets: Int32 | Int64, data: UInt8, k0: np.uint64, k1: np.uint64, out: UInt64) -> None:
    """Hash n byte strings.

    offsets  int32 or int64[n+1]  where each string begins in `data`, as in an Arrow string array
    data     uint8[...]           the strings, one after the other
    k0, k1   uint64               the key: its first and last 8 bytes, little-endian
    out      uint64[n]            filled here
    """
    for row in range(out.size):
        at, end = _U(offsets[row]), _U(offsets[row + 1])
        length = end - at
        v0, v1, v2, v3 = _start(k0, k1)
        while at + _8 <= end:
            word = (
                _U(data[at])
                | (_U(data[at + _1]) << _8)
                | (_U(data[at + _U(2)]) << _16)
                | (_U(data[at + _3]) << _24)
                | (_U(data[at + _4]) << _32)
                | (_U(data[at + _U(5)]) << _40)
                | (_U(data[at + _U(6)]) << _48)
                | (_U(data[at + _7]) << _56)
            )
            v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, word)
            at += _8
        last = (length & _FF) << _56
        shift = _0
        while at < end:
            last |= _U(data[at]) << shift
            shift += _8
            at += _1
        out[row] = _finish(v0, v1, v2, v3, last)


@njit
def hash_integers(values: UInt64, signed: bool, k0: np.uint64, k1: np.uint64, out: UInt64) -> None:
    """Hash the decimal text of n whole numbers: "34502", "-7"; no sign for zero and above, no leading zeros.

    values  uint64[n]  the numbers; where `signed`, the bits of int64
    out     uint64[n]  filled here

    Rule    the text is made eight digits at a time in a register, because a buffer would be slower than the hash.
    """
    for row in range(out.size):
        value = _U(values[row])
        negative = signed and (value >> _63) != _0
        if negative:
            value = _0 - value  # also right for the least int64, which has no positive twin
        v0, v1, v2, v3 = _start(k0, k1)
        if not negative and value < _1E8:
            word, digits = _text8(value), _digits8(value)
            last = word >> ((_64 - (digits << _3)) & _63)
            if digits == _8:
                v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, word)
                last = _0
            out[row] = _finish(v0, v1, v2, v3, last | (digits << _56))
            continue
        # 24 characters with leading zeros in three words; then the zeros go, and the sign comes
        top, rest = value // _1E16, value % _1E16
        middle, bottom = rest // _1E8, rest % _1E8
        if top != _0:
            length = _16 + _digits8(top)
        elif middle != _0:
            length = _8 + _digits8(middle)
        else:
            length = _digits8(bottom)
        w0, w1, w2 = _text8(top), _text8(middle), _text8(bottom)
        skip = _24 - length
        while skip >= _8:
            w0, w1, w2, skip = w1, w2, _0, skip - _8
        if skip != _0:
            right, left = skip << _3, _64 - (skip << _3)
            w0, w1, w2 = (w0 >> right) | (w1 << left), (w1 >> right) | (w2 << left), w2 >> right
        if negative:  # at most 19 digits, so the longest text has 20 characters
            w0, w1, w2 = (w0 << _8) | _DASH, (w1 << _8) | (w0 >> _56), (w2 << _8) | (w1 >> _56)
            length += _1
        last = w0
        if length >= _8:
            v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, w0)
            last = w1
        if length >= _16:
            v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, w1)
            last = w2
        out[row] = _finish(v0, v1, v2, v3, last | (length << _56))


@njit
def hash_uuids(words: NDArray[np.uint32], k0: np.uint64, k1: np.uint64, out: UInt64) -> None:
    """Hash the text of n UUIDs, such as "0f8fad5b-d9cb-469f-a165-70867728950e".

    words  uint32[4 * n]  their 16 bytes each, read as little-endian words
    out    uint64[n]      filled here
    """
    for row in range(out.size):
        at = 4 * row
        a, b, c, d = _hex8(words[at]), _hex8(words[at + 1]), _hex8(words[at + 2]), _hex8(words[at + 3])
        v0, v1, v2, v3 = _start(k0, k1)
        v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, a)
        word = _DASH | ((b << _32) >> _24) | (_DASH << _40) | ((b >> _32) << _48)
        v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, word)
        word = (b >> _48) | (_DASH << _16) | ((c << _32) >> _8) | (_DASH << _56)
        v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, word)
        v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, (c >> _32) | (d << _32))
        out[row] = _finish(v0, v1, v2, v3, (d >> _32) | (_36 << _56))


@njit
def _start(k0: np.uint64, k1: np.uint64) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    return k0 ^ _I0, k1 ^ _I1, k0 ^ _I2, k1 ^ _I3


@njit
def _round(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """SipRound, figure 2.1 of the paper."""
    v0 = v0 + v1
    v2 = v2 + v3
    v1 = ((v1 << _13) | (v1 >> _51)) ^ v0
    v3 = ((v3 << _16) | (v3 >> _48)) ^ v2
    v0 = (v0 << _32) | (v0 >> _32)
    v2 = v2 + v1
    v0 = v0 + v3
    v1 = ((v1 << _17) | (v1 >> _47)) ^ v2
    v3 = ((v3 << _21) | (v3 >> _43)) ^ v0
    v2 = (v2 << _32) | (v2 >> _32)
    return v0, v1, v2, v3


@njit
def _absorb(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64, word: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Compression of one 8-byte word, c = 2 rounds."""
    v3 = v3 ^ word
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ word, v1, v2, v3


@njit
def _finish(v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64, last: np.uint64) -> np.uint64:
    """Last word (its top byte is the length mod 256) and finalization, d = 4 rounds."""
    v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, last)
    v2 = v2 ^ _FF
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


@njit
def _digits8(value: np.uint64) -> np.uint64:
    """How many digits a number below 10**8 has; 1 for zero."""
    return (
        _1
        + _U(value >= _10)
        + _U(value >= _U(100))
        + _U(value >= _U(1000))
        + _U(value >= _1E4)
        + _U(value >= _U(10**5))
        + _U(value >= _U(10**6))
        + _U(value >= _U(10**7))
    )


@njit
def _text8(value: np.uint64) -> np.uint64:
    """The eight decimal digits of a number below 10**8 as characters, the first in the lowest byte.

    Rule    split in halves three times, all parts side by side in one word; division by 100 and 10 as a
            multiplication that is exact for numbers this small.
    """
    pair = (value // _1E4) | ((value % _1E4) << _32)
    high = ((pair * _U(10486)) >> _20) & _U(0x0000007F0000007F)
    pair = high | ((pair - high * _U(100)) << _16)
    high = ((pair * _U(103)) >> _10) & _U(0x000F000F000F000F)
    return (high | ((pair - high * _10) << _8)) + _U(0x3030303030303030)


@njit
def _hex8(word: np.uint32) -> np.uint64:
    """The eight lowercase hexadecimal characters of four bytes, the first in the lowest byte."""
    wide = _U(word)
    wide = (wide | (wide << _16)) & _U(0x0000FFFF0000FFFF)
    wide = (wide | (wide << _8)) & _U(0x00FF00FF00FF00FF)
    nibbles = ((wide >> _4) & _U(0x000F000F000F000F)) | ((wide & _U(0x000F000F000F000F)) << _8)
    letters = ((nibbles + _U(0x0606060606060606)) >> _4) & _U(0x0101010101010101)
    return nibbles + _U(0x3030303030303030) + letters * _U(ord("a") - ord("0") - 10)
