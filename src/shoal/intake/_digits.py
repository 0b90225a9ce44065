"""Numbers as the words of their text, many side by side and without a branch; see `_sip` for why and what words are.

The text never lies in memory as text: eight digits at a time are made and moved in a register.
"""

import numpy as np

from shoal._arrays import UInt64
from shoal._numba import njit
from shoal.intake._sip import LANES

_U = np.uint64
_0, _1, _2, _3, _7, _8, _10, _16, _20, _24 = (_U(n) for n in (0, 1, 2, 3, 7, 8, 10, 16, 20, 24))
_32, _40, _48, _56, _63 = (_U(n) for n in (32, 40, 48, 56, 63))
_LOW = _U(0xFFFFFFFF)
_DASH = _U(ord("-"))
_1E4, _1E8 = _U(10**4), _U(10**8)
WORDS = 3 * LANES
"""Words of the `word` array below: the first word of each lane, the second of each, the third."""


@njit
def decimal_lanes(value: UInt64, signed: bool, lanes: int, word: UInt64, whole: UInt64) -> np.uint64:
    """The words of the decimal text of whole numbers: "34502", "-7"; no leading zeros.

    value  uint64[lanes]  the numbers; where `signed`, the bits of int64; used up here
    word   uint64[WORDS]  filled here: whole words, and the last word at the place of lane `lane` behind them, that is
                          at word[whole[lane] * LANES + lane]
    whole  uint64[lanes]  filled here: how many whole words the text of each has, 0 to 2

    Returns the largest of `whole`.
    """
    most = _0
    for lane in range(lanes):
        most = max(most, value[lane])  # a negative number has the top bit
    if most < _1E8:
        most = _0
        for lane in range(lanes):
            digits = _digits8(value[lane])
            text = _text8(value[lane]) >> ((_8 - digits) << _3)
            own = digits >> _3
            word[lane] = text | (digits << _56 if own == _0 else _0)
            word[LANES + lane] = _8 << _56
            whole[lane] = own
            most = max(most, own)
        return most
    return _decimal_long(value, signed, lanes, word, whole)


@njit
def _decimal_long(value: UInt64, signed: bool, lanes: int, word: UInt64, whole: UInt64) -> np.uint64:
    """As `decimal_lanes`, for numbers of any length.

    Rule    24 characters with leading zeros in three words; then the zeros go, and the sign comes.
    """
    minus = _U(signed)
    for lane in range(lanes):
        number = value[lane]
        negative = (number >> _63) & minus
        number = (number ^ (_0 - negative)) + negative  # also right for the least int64, which has no positive twin
        # division by 10**8: a float's estimate is off by one at most, and put right
        high = _U(np.int64(np.float64(number) * 1e-8))
        rest = number - high * _1E8
        over = rest >> _63
        high -= over
        rest += (_0 - over) & _1E8
        under = _U(rest >= _1E8)
        high += under
        rest -= (_0 - under) & _1E8
        top = (((high >> _8) & _LOW) * _U(720575941)) >> _48  # by 10**8 = 2**8 * 390625, exact below 2**38
        word[lane] = top
        word[LANES + lane] = high - top * _1E8
        word[2 * LANES + lane] = rest
        whole[lane] = negative
    most = _0
    for lane in range(lanes):
        top, middle, bottom, negative = word[lane], word[LANES + lane], word[2 * LANES + lane], whole[lane]
        length = _digits8(bottom)
        length = _8 + _digits8(middle) if middle != _0 else length
        length = _16 + _digits8(top) if top != _0 else length
        w0, w1, w2 = _text8(top), _text8(middle), _text8(bottom)
        skip = _24 - length
        w0, w1, w2 = (w1, w2, _0) if skip >= _8 else (w0, w1, w2)
        w0, w1, w2 = (w1, w2, _0) if skip >= _16 else (w0, w1, w2)
        right = (skip & _7) << _3
        left = _63 - right  # and one more: a shift by 64 would be undefined
        w0, w1, w2 = (w0 >> right) | ((w1 << _1) << left), (w1 >> right) | ((w2 << _1) << left), w2 >> right
        # the sign; at most 19 digits come with it, so the longest text has 20 characters
        by, mask = negative << _3, _0 - negative
        w0, w1, w2 = (w0 << by) | (_DASH & mask), (w1 << by) | ((w0 >> _56) & mask), (w2 << by) | ((w1 >> _56) & mask)
        length += negative
        own = length >> _3
        end = length << _56
        word[lane] = w0 | (end if own == _0 else _0)
        word[LANES + lane] = w1 | (end if own == _1 else _0)
        word[2 * LANES + lane] = w2 | (end if own == _2 else _0)
        whole[lane] = own
        most = max(most, own)
    return most


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

    Rule    split in halves three times, all parts side by side in one word; division by 10**4, 100 and 10 as a
            multiplication that is exact for numbers this small.
    """
    high = ((value & _LOW) * _U(109951163)) >> _40
    pair = high | ((value - high * _1E4) << _32)
    high = ((pair * _U(10486)) >> _20) & _U(0x0000007F0000007F)
    pair = high | ((pair - high * _U(100)) << _16)
    high = ((pair * _U(103)) >> _10) & _U(0x000F000F000F000F)
    return (high | ((pair - high * _10) << _8)) + _U(0x3030303030303030)
