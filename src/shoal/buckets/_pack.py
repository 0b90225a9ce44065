"""Records as few words, and back: what a segment holds before it is encrypted.

Records are cut into blocks. Of each column a block notes the least value, and of every value only what it is above
that, with as many bits as the largest needs. Pseudonyms don't get smaller that way, so a row that has the same as the
row before takes one bit: files often lie device by device. Records of one city and week take 8 bytes so where they lie
device by device, 15 where they don't, and never more than 21 (trips: 29). LZ4 makes 12 bytes of the
first, in three times the time, and nothing of the second.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal._arrays import Bool, Int64, UInt64
from shoal._numba import njit
from shoal.buckets.partition import Records

_BLOCK = 512
_U = np.uint64
_0, _1, _2, _6, _32, _63, _64 = _U(0), _U(1), _U(2), _U(6), _U(32), _U(63), _U(64)
_LOW = _U(0xFFFFFFFF)


def pack(records: Records) -> UInt64:
    """n records as uint64 words: of any type of 4 and 8 byte whole numbers whose first field is the pseudonym."""
    halves = np.ascontiguousarray(records).view(np.uint32).reshape(records.size, records.itemsize // 4)
    blocks = (records.size + _BLOCK - 1) // _BLOCK
    # all bits of the records, and of each frame two words and a rest
    frames = records.nbytes // 8 + 3 * blocks * len(records.dtype.names or ())
    words = np.empty(2 + frames + records.size // 64 + blocks, dtype=np.uint64)
    words[0] = records.size
    at = _pack_blocks(halves, *_layout(records.dtype), words, 1)
    words[at] = 0  # `_read_frame` looks one word ahead
    return words[: at + 1]


def unpack(words: UInt64, kind: "np.dtype[Any]") -> Records:
    """The records that `pack` made these words of; `kind` is their type."""
    records: Records = np.empty(int(words[0]), dtype=kind)
    _unpack_blocks(words, 1, *_layout(kind), records.view(np.uint32).reshape(records.size, records.itemsize // 4))
    return records


def _layout(kind: "np.dtype[Any]") -> tuple[Int64, Bool, UInt64]:
    """Of each field: its place in halves of a word, whether it has two halves, and its sign bit, 0 if it has no sign.

    With the sign bit flipped, signed numbers have the order of unsigned ones.
    """
    if not kind.names or kind.names[0] != "pseudonym":
        raise TypeError("records begin with the pseudonym here")
    fields = [kind.fields[name] for name in kind.names] if kind.fields else []
    place = np.array([field[1] // 4 for field in fields], dtype=np.int64)
    wide = np.array([field[0].itemsize == 8 for field in fields], dtype=np.bool_)
    sign = [1 << (8 * field[0].itemsize - 1) if field[0].kind == "i" else 0 for field in fields]
    return place, wide, np.array(sign, dtype=np.uint64)


@njit
def _pack_blocks(
    halves: NDArray[np.uint32], place: Int64, wide: Bool, sign: UInt64, words: UInt64, begin_at: int
) -> int:
    """Write n records from words[begin_at] on, block by block, in each column by column; returns the place behind.

    halves             uint32[n, m]  the records; where a field has two halves, the low one comes first
    place, wide, sign  see `_layout`
    """
    at = _U(begin_at)
    block = np.empty(_BLOCK, dtype=np.uint64)
    for begin in range(0, halves.shape[0], _BLOCK):
        size = min(halves.shape[0] - begin, _BLOCK)
        for column in range(place.size):
            half, flip = place[column], sign[column]
            if wide[column]:
                for row in range(size):
                    high = _U(halves[begin + row, half + 1]) << _32
                    block[row] = (_U(halves[begin + row, half]) | high) ^ flip
            else:
                for row in range(size):
                    block[row] = _U(halves[begin + row, half]) ^ flip
            count = size
            if column == 0:
                at, count = _take_repeats(block, size, words, at)
            at = _write_frame(block, count, words, at)
    return int(at)


@njit
def _unpack_blocks(
    words: UInt64, begin_at: int, place: Int64, wide: Bool, sign: UInt64, halves: NDArray[np.uint32]
) -> None:
    """Fill `halves` with the records that `_pack_blocks` wrote."""
    at = _U(begin_at)
    block, spare = np.empty(_BLOCK, dtype=np.uint64), np.empty(_BLOCK, dtype=np.uint64)
    for begin in range(0, halves.shape[0], _BLOCK):
        size = min(halves.shape[0] - begin, _BLOCK)
        for column in range(place.size):
            half, flip = place[column], sign[column]
            at = _read_repeats(words, at, size, block, spare) if column == 0 else _read_frame(words, at, size, block)
            if wide[column]:
                for row in range(size):
                    value = block[row] ^ flip
                    halves[begin + row, half] = np.uint32(value & _LOW)
                    halves[begin + row, half + 1] = np.uint32(value >> _32)
            else:
                for row in range(size):
                    halves[begin + row, half] = np.uint32((block[row] ^ flip) & _LOW)


@njit
def _take_repeats(block: UInt64, size: int, words: UInt64, at: np.uint64) -> tuple[np.uint64, int]:
    """Take out of a block what repeats the value before; writes a bit for each value, set where it stays.

    Returns the place behind the bits and how many values stay, at the block's begin.
    """
    before = ~block[0]
    count = 0
    for begin in range(0, size, 64):
        bits = _0
        for row in range(begin, min(begin + 64, size)):
            value = block[row]
            block[count] = value
            new = _U(value != before)
            count += int(new)
            bits |= new << _U(row - begin)
            before = value
        words[at] = bits
        at += _1
    return at, count


@njit
def _read_repeats(words: UInt64, at: np.uint64, size: int, block: UInt64, spare: UInt64) -> np.uint64:
    """Fill a block from the bits at words[at] and the frame behind them; returns the place behind that."""
    count = 0
    bits_at = at
    for _ in range(0, size, 64):
        bits = words[at]
        at += _1
        while bits != _0:
            bits &= bits - _1
            count += 1
    at = _read_frame(words, at, count, spare)
    own = -1
    for begin in range(0, size, 64):
        bits = words[bits_at]
        bits_at += _1
        for row in range(begin, min(begin + 64, size)):
            own += int(bits & _1)
            bits >>= _1
            block[row] = spare[own]
    return at


@njit
def _write_frame(block: UInt64, size: int, words: UInt64, at: np.uint64) -> np.uint64:
    """Write the least of a block's values, the bits that each takes above it, and these; returns the place behind."""
    least = most = block[0]
    for row in range(1, size):
        least, most = min(least, block[row]), max(most, block[row])
    width = _0
    while width < _64 and ((most - least) >> width) != _0:
        width += _1
    words[at] = least
    words[at + _1] = width
    at += _2
    held = filled = _0
    for row in range(size):
        value = block[row] - least
        held |= value << filled
        words[at] = held
        full = (filled + width) >> _6
        held = (value >> _1) >> (_63 - filled) if full != _0 else held  # two shifts: one by 64 is undefined
        at += full
        filled = (filled + width) & _63
    words[at] = held
    return at + _U(filled != _0)


@njit
def _read_frame(words: UInt64, at: np.uint64, size: int, block: UInt64) -> np.uint64:
    """Fill a block's values from words[at] on, and look at one word more; returns the place behind."""
    least, width = words[at], words[at + _1]
    at += _2
    mask = _0 if width == _0 else ~_0 >> (_64 - width)
    bit = _0
    for row in range(size):
        word, shift = at + (bit >> _6), bit & _63
        value = (words[word] >> shift) | ((words[word + _1] << _1) << (_63 - shift))
        block[row] = least + (value & mask)
        bit += width
    return at + ((bit + _63) >> _6)
