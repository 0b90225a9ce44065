"""SipHash-2-4, a keyed pseudo-random function with 64 bits out, over whole columns of identifiers.

However a file spells a device, its text is what is hashed: the integer 34502 as "34502", a 16-byte UUID as its 36
lowercase characters. So a device that one file holds as text and another as a number is one device.

Files often lie device by device, so a row with the identifier of the row before takes over its hash. The others are
hashed some hundred at a time, side by side (`_sip`).

Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012, doi:10.1007/978-3-642-34931-7_28;
the published vectors and a slow twin are in tests/intake/test_siphash.py.
"""

import numpy as np
from numpy.typing import NDArray

from shoal._arrays import Int32, Int64, UInt8, UInt64
from shoal._numba import njit
from shoal.intake._digits import WORDS, decimal_lanes
from shoal.intake._sip import LANES, STATE, absorb, absorb_lanes, finish, finish_lanes, start, start_lanes

_U = np.uint64
_FF = _U(0xFF)
_0, _1, _2, _3, _4, _5, _6, _7, _8 = (_U(n) for n in range(9))
_16, _24, _32, _36, _40, _48, _56, _63 = (_U(n) for n in (16, 24, 32, 36, 40, 48, 56, 63))
_DASH = _U(ord("-"))
_MOST = _U(8)  # whole words; a longer text would hold up the lanes beside it


@njit
def hash_text(offsets: Int32 | Int64, data: UInt8, k0: np.uint64, k1: np.uint64, out: UInt64) -> None:
    """Hash n byte strings.

    offsets  int32 or int64[n+1]  where each string begins in `data`, as in an Arrow string array
    data     uint8[...]           the strings, one after the other
    k0, k1   uint64               the key: its first and last 8 bytes, little-endian
    out      uint64[n]            filled here
    """
    row_of = np.empty(LANES + 1, dtype=np.int64)
    begin, whole = np.empty(LANES, dtype=np.uint64), np.empty(LANES, dtype=np.uint64)
    word, last = np.empty(LANES, dtype=np.uint64), np.empty(LANES, dtype=np.uint64)
    state = np.empty(STATE, dtype=np.uint64)
    end_of_data = _U(data.size)
    row = 0
    while row < out.size and _U(offsets[row + 1]) < _8:  # from here on, 8 bytes can be read before any text's end
        out[row] = _hash_first(data, _U(offsets[row]), _U(offsets[row + 1]), k0, k1)
        row += 1
    while row < out.size:
        row, lanes = _distinct_text(offsets, data, row, out.size, row_of)
        most = _0
        for lane in range(lanes):
            at, end = _U(offsets[row_of[lane]]), _U(offsets[row_of[lane] + 1])
            begin[lane] = at
            whole[lane] = (end - at) >> _3
            # what stands before the text is shifted out again; two shifts, as one by 64 is undefined
            rest = (_load8(data, end - _8) >> _1) >> (_63 - (((end - at) & _7) << _3))
            last[lane] = rest | ((end - at) << _56)
            most = max(most, whole[lane])
        padded = _pad(lanes, begin, whole)
        start_lanes(k0, k1, padded, state)
        for step in range(min(most, _MOST)):
            skip = _U(step) << _3
            for lane in range(padded):  # a lane whose text is over reads some other word, which changes nothing
                word[lane] = _load8(data, min(begin[lane] + skip, end_of_data - _8))
            absorb_lanes(word, whole, _U(step), padded, state)
        finish_lanes(last, padded, state, word)
        if most > _MOST:
            for lane in range(lanes):
                if whole[lane] > _MOST:
                    word[lane] = _hash_long(data, begin[lane], whole[lane], last[lane], k0, k1)
        _spread(word, row_of, lanes, row, out)


@njit
def hash_integers(values: UInt64, signed: bool, k0: np.uint64, k1: np.uint64, out: UInt64) -> None:
    """Hash the decimal text of n whole numbers: "34502", "-7"; no sign for zero and above, no leading zeros.

    values  uint64[n]  the numbers; where `signed`, the bits of int64
    out     uint64[n]  filled here
    """
    row_of = np.empty(LANES + 1, dtype=np.int64)
    value, whole = np.empty(LANES, dtype=np.uint64), np.empty(LANES, dtype=np.uint64)
    word, state = np.empty(WORDS, dtype=np.uint64), np.empty(STATE, dtype=np.uint64)
    row = 0
    while row < out.size:
        row, lanes = _distinct_integers(values, row, out.size, row_of, value)
        padded = _pad(lanes, value, whole)
        most = decimal_lanes(value, signed, padded, word, whole)
        start_lanes(k0, k1, padded, state)
        for step in range(most):
            absorb_lanes(word[step * LANES :], whole, _U(step), padded, state)
        if most > _0:
            for lane in range(padded):
                word[lane] = word[np.int64(whole[lane]) * LANES + lane]
        finish_lanes(word, padded, state, value)
        _spread(value, row_of, lanes, row, out)


@njit
def hash_uuids(words: NDArray[np.uint32], k0: np.uint64, k1: np.uint64, out: UInt64) -> None:
    """Hash the text of n UUIDs, such as "0f8fad5b-d9cb-469f-a165-70867728950e".

    words  uint32[4 * n]  their 16 bytes each, read as little-endian words
    out    uint64[n]      filled here

    Rule    all texts are equally long, so the compiler itself does several rows side by side.
    """
    for row in range(out.size):
        at = 4 * row
        a, b, c, d = _hex8(words[at]), _hex8(words[at + 1]), _hex8(words[at + 2]), _hex8(words[at + 3])
        v0, v1, v2, v3 = start(k0, k1)
        v0, v1, v2, v3 = absorb(v0, v1, v2, v3, a)
        word = _DASH | ((b << _32) >> _24) | (_DASH << _40) | ((b >> _32) << _48)
        v0, v1, v2, v3 = absorb(v0, v1, v2, v3, word)
        word = (b >> _48) | (_DASH << _16) | ((c << _32) >> _8) | (_DASH << _56)
        v0, v1, v2, v3 = absorb(v0, v1, v2, v3, word)
        v0, v1, v2, v3 = absorb(v0, v1, v2, v3, (c >> _32) | (d << _32))
        out[row] = finish(v0, v1, v2, v3, (d >> _32) | (_36 << _56))


@njit
def _distinct_integers(values: UInt64, row: int, n: int, row_of: Int64, value: UInt64) -> tuple[int, int]:
    """Note in row_of[lane] the next rows that differ from the row before them, at most LANES; `row` is the first.

    Returns the row behind them and how many there are.
    """
    row_of[0] = row
    value[0] = before = values[row]
    row += 1
    lanes = 1
    while row < n and lanes < LANES:
        end = min(row + LANES - lanes, n)
        for at in range(row, end):
            own = values[at]
            row_of[lanes] = at
            value[lanes] = own
            lanes += int(own != before)
            before = own
        row = end
    return row, lanes


@njit
def _distinct_text(offsets: Int32 | Int64, data: UInt8, row: int, n: int, row_of: Int64) -> tuple[int, int]:
    """As `_distinct_integers`."""
    row_of[0] = row
    row += 1
    lanes = 1
    while row < n and lanes < LANES:
        end = min(row + LANES - lanes, n)
        before, begin = _U(offsets[row - 1]), _U(offsets[row])
        for at in range(row, end):
            behind = _U(offsets[at + 1])
            row_of[lanes] = at
            lanes += int(begin - before != behind - begin or not _same(data, before, begin, behind))
            before, begin = begin, behind
        row = end
    return row, lanes


@njit
def _same(data: UInt8, other: np.uint64, at: np.uint64, end: np.uint64) -> bool:
    """Whether data[at:end] is also what stands at `other`."""
    while at + _8 <= end:
        if _load8(data, at) != _load8(data, other):
            return False
        at, other = at + _8, other + _8
    while at < end:
        if data[at] != data[other]:
            return False
        at, other = at + _1, other + _1
    return True


@njit
def _pad(lanes: int, value: UInt64, whole: UInt64) -> int:
    """Add empty lanes up to a full number of vectors, else the rest is done one by one; returns how many there are."""
    padded = (lanes + 31) & ~31
    for lane in range(lanes, padded):
        value[lane] = whole[lane] = _0
    return padded


@njit
def _spread(hashed: UInt64, row_of: Int64, lanes: int, end: int, out: UInt64) -> None:
    """Write the hash of each lane to its row and to those behind it that repeat it; `end` is the row behind all."""
    begin = row_of[0]
    if end - begin == lanes:
        for lane in range(lanes):
            out[begin + lane] = hashed[lane]
        return
    row_of[lanes] = end
    for lane in range(lanes):
        for row in range(row_of[lane], row_of[lane + 1]):
            out[row] = hashed[lane]


@njit
def _hash_long(
    data: UInt8, at: np.uint64, whole: np.uint64, last: np.uint64, k0: np.uint64, k1: np.uint64
) -> np.uint64:
    v0, v1, v2, v3 = start(k0, k1)
    for _ in range(whole):
        v0, v1, v2, v3 = absorb(v0, v1, v2, v3, _load8(data, at))
        at += _8
    return finish(v0, v1, v2, v3, last)


@njit
def _hash_first(data: UInt8, at: np.uint64, end: np.uint64, k0: np.uint64, k1: np.uint64) -> np.uint64:
    """Hash of data[at:end], at most 7 bytes."""
    last = (end - at) << _56
    for place in range(end - at):
        last |= _U(data[at + _U(place)]) << (_U(place) << _3)
    v0, v1, v2, v3 = start(k0, k1)
    return finish(v0, v1, v2, v3, last)


@njit
def _load8(data: UInt8, at: np.uint64) -> np.uint64:
    """Eight bytes as a little-endian word; the compiler makes one load of it."""
    return (
        _U(data[at])
        | (_U(data[at + _1]) << _8)
        | (_U(data[at + _2]) << _16)
        | (_U(data[at + _3]) << _24)
        | (_U(data[at + _4]) << _32)
        | (_U(data[at + _5]) << _40)
        | (_U(data[at + _6]) << _48)
        | (_U(data[at + _7]) << _56)
    )


@njit
def _hex8(word: np.uint32) -> np.uint64:
    """The eight lowercase hexadecimal characters of four bytes, the first in the lowest byte."""
    wide = _U(word)
    wide = (wide | (wide << _16)) & _U(0x0000FFFF0000FFFF)
    wide = (wide | (wide << _8)) & _U(0x00FF00FF00FF00FF)
    nibbles = ((wide >> _4) & _U(0x000F000F000F000F)) | ((wide & _U(0x000F000F000F000F)) << _8)
    letters = ((nibbles + _U(0x0606060606060606)) >> _4) & _U(0x0101010101010101)
    return nibbles + _U(0x3030303030303030) + letters * _U(ord("a") - ord("0") - 10)
