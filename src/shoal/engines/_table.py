"""Sums by cell of a grid that is large and mostly untouched: a hash table that grows with the touched cells."""

import numpy as np

from shoal._arrays import Int64
from shoal._numba import njit
from shoal.privacy.bounding import Bounded, saturated

_SLOTS = 1 << 12
_FREE = -1


class CellTable:
    """cell -> sum, int64 both, at most half full. One thread at a time.

    Cells are spread by a multiplication (Knuth, The Art of Computer Programming 3, 6.4), as neighbours in the grid are
    touched together; a collision goes to the next slot.
    """

    __slots__ = ("_cell", "_sum", "_used")

    def __init__(self, slots: int = _SLOTS) -> None:
        """`slots`: a power of two, 2 or more."""
        self._cell = np.full(slots, _FREE, dtype=np.int64)
        self._sum = np.zeros(slots, dtype=np.int64)
        self._used = 0

    def add(self, rows: Bounded, begin: int = 0) -> int:
        """Add the entries of bounded rows from `begin` on; returns the first that did not go in for want of room.

        That is the number of entries where all went in; else call `double`, and `add` again from there.
        """
        begin, self._used = _add(rows.cell, rows.weight, begin, self._used, self._cell, self._sum)
        return begin

    def double(self) -> None:
        """Twice the slots."""
        cell, sums = np.full(2 * self._cell.size, _FREE, dtype=np.int64), np.zeros(2 * self._cell.size, dtype=np.int64)
        _move(self._cell, self._sum, cell, sums)
        self._cell, self._sum = cell, sums

    def dense(self, cells: int) -> Int64:
        """The sum of every cell of a grid of so many: int64[cells]."""
        totals = np.zeros(cells, dtype=np.int64)
        used = self._cell != _FREE
        totals[self._cell[used]] = self._sum[used]
        return totals

    @property
    def nbytes(self) -> int:
        return self._cell.nbytes + self._sum.nbytes

    @property
    def nbytes_doubled(self) -> int:
        return 2 * self.nbytes

    def __repr__(self) -> str:
        return "<CellTable, sealed>"


@njit
def _slot(cell: Int64, own: int) -> int:
    """Where `own` stands in the table, or the free slot where it would; the table is never full."""
    mask = np.uint64(cell.size - 1)
    spread = np.uint64(own) * np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio, odd
    at = (spread >> np.uint64(32)) & mask
    while cell[at] != own and cell[at] != _FREE:
        at = (at + np.uint64(1)) & mask
    return np.int64(at)  # type: ignore[return-value]


@njit
def _add(entry: Int64, weight: Int64, begin: int, used: int, cell: Int64, sums: Int64) -> tuple[int, int]:
    """Add entries from `begin` on; returns where it stopped and the slots in use. See `CellTable.add`."""
    for i in range(begin, entry.size):
        at = _slot(cell, entry[i])
        if cell[at] == _FREE:
            if 2 * used >= cell.size:
                return i, used
            cell[at] = entry[i]
            used += 1
        sums[at] = saturated(sums[at], weight[i])
    return entry.size, used


@njit
def _move(old_cell: Int64, old_sums: Int64, cell: Int64, sums: Int64) -> None:
    for i in range(old_cell.size):
        if old_cell[i] != _FREE:
            at = _slot(cell, old_cell[i])
            cell[at], sums[at] = old_cell[i], old_sums[i]
