"""SipHash-2-4 of up to LANES messages side by side.

One message after the other, each step of the hash would wait for the one before. Side by side, with straight-line code
and no branch that depends on a message, the compiler does 4 or 8 of them in one instruction.

A message comes as words: `whole` words of 8 bytes each, then the last word, which holds the bytes that are left over
and, in its top byte, the length mod 256 (section 2.2 of the paper).

Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012, doi:10.1007/978-3-642-34931-7_28.
"""

import numpy as np

from shoal._arrays import UInt64
from shoal._numba import njit

LANES = 128
"""What belongs to them stays in the first-level cache."""
STATE = 4 * LANES
"""Words of the state array: v0 of each lane, v1 of each, v2, v3."""

_U = np.uint64
_I0, _I1, _I2, _I3 = _U(0x736F6D6570736575), _U(0x646F72616E646F6D), _U(0x6C7967656E657261), _U(0x7465646279746573)
_0, _FF, _13, _16, _17, _21, _32 = _U(0), _U(0xFF), _U(13), _U(16), _U(17), _U(21), _U(32)
_43, _47, _48, _51 = _U(43), _U(47), _U(48), _U(51)


@njit
def start_lanes(k0: np.uint64, k1: np.uint64, lanes: int, state: UInt64) -> None:
    """Initialization of the first `lanes` lanes."""
    v0, v1, v2, v3 = start(k0, k1)
    for lane in range(lanes):
        state[lane] = v0
        state[LANES + lane] = v1
        state[2 * LANES + lane] = v2
        state[3 * LANES + lane] = v3


@njit
def absorb_lanes(word: UInt64, whole: UInt64, step: np.uint64, lanes: int, state: UInt64) -> None:
    """Compression of word number `step` of each lane; a lane that has no such word stays as it is.

    word, whole  uint64[lanes or more]  the words, and how many whole words each lane has
    """
    for lane in range(lanes):
        o0, o1, o2, o3 = state[lane], state[LANES + lane], state[2 * LANES + lane], state[3 * LANES + lane]
        v0, v1, v2, v3 = absorb(o0, o1, o2, o3, word[lane])
        mask = _0 - _U(step < whole[lane])
        state[lane] = o0 ^ ((o0 ^ v0) & mask)
        state[LANES + lane] = o1 ^ ((o1 ^ v1) & mask)
        state[2 * LANES + lane] = o2 ^ ((o2 ^ v2) & mask)
        state[3 * LANES + lane] = o3 ^ ((o3 ^ v3) & mask)


@njit
def finish_lanes(last: UInt64, lanes: int, state: UInt64, hashed: UInt64) -> None:
    """Last word and finalization of each lane; hashed  uint64[lanes or more]  filled here."""
    for lane in range(lanes):
        v0, v1, v2, v3 = state[lane], state[LANES + lane], state[2 * LANES + lane], state[3 * LANES + lane]
        hashed[lane] = finish(v0, v1, v2, v3, last[lane])


@njit
def start(k0: np.uint64, k1: np.uint64) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Initialization, for one message."""
    return k0 ^ _I0, k1 ^ _I1, k0 ^ _I2, k1 ^ _I3


@njit
def absorb(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64, word: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Compression of one 8-byte word, c = 2 rounds."""
    v3 = v3 ^ word
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ word, v1, v2, v3


@njit
def finish(v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64, last: np.uint64) -> np.uint64:
    """Last word and finalization, d = 4 rounds."""
    v0, v1, v2, v3 = absorb(v0, v1, v2, v3, last)
    v2 = v2 ^ _FF
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


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
