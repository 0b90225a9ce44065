"""What each row (one device over one unit) adds to which cells: a sparse vector, in fixed point."""

from dataclasses import dataclass

import numpy as np

from shoal._arrays import Int64
from shoal._numba import njit
from shoal.privacy.mechanism import ONE


@dataclass(frozen=True, slots=True, repr=False)
class Contributions:
    """Sparse vectors of d rows. Within a row the cells are strictly ascending: each cell stands once.

    first   int64[d+1]  entry where each row begins
    cell    int64[m]    cell of the statistic's grid
    weight  int64[m]    in units of 1/ONE, above 0
    """

    first: Int64
    cell: Int64
    weight: Int64


def contributions(first: Int64, cell: Int64, amount: Int64, per: int = 1) -> Contributions:
    """Add up what each row says about each cell, then turn it into fixed point, rounded down.

    first   int64[d+1]  entry where each row begins
    cell    int64[n]    any order, repeats allowed; entries below 0 lie outside the grid and are dropped
    amount  int64[n]    0 or more, at most 2**53 / ONE together in a cell of a row
    per     amount that counts as 1.0: 3600 for seconds of presence, 1 for counts

    Adding before rounding matters: many short spans of one hour must not each lose a fraction, and a cell that stood
    twice would make a vector look shorter than it is.
    """
    cell, amount = cell.copy(), amount.copy()
    ends = np.zeros_like(first)
    _merge_rows(first, cell, amount, ends, ONE, per)
    kept = ends[1:] - first[:-1]
    out = np.zeros_like(first)
    np.cumsum(kept, out=out[1:])
    return Contributions(out, _pack(first, kept, out, cell), _pack(first, kept, out, amount))


@njit
def _merge_rows(first: Int64, cell: Int64, amount: Int64, ends: Int64, one: int, per: int) -> None:
    """Sort and add up each row in place; row r ends up in [first[r], ends[r + 1]), amounts in fixed point."""
    for row in range(first.size - 1):
        kept = first[row]  # neighbours of the same cell first: movement is mostly standing still
        for i in range(first[row], first[row + 1]):
            if cell[i] < 0 or amount[i] <= 0:
                continue
            if kept > first[row] and cell[kept - 1] == cell[i]:
                amount[kept - 1] += amount[i]
            else:
                cell[kept], amount[kept] = cell[i], amount[i]
                kept += 1
        ascending = True
        for i in range(first[row] + 1, kept):
            if cell[i - 1] >= cell[i]:
                ascending = False
                break
        end = kept
        if not ascending:
            order = np.argsort(cell[first[row] : kept], kind="mergesort")  # no quadratic worst case
            sorted_cell = cell[first[row] : kept][order]
            sorted_amount = amount[first[row] : kept][order]
            end = first[row]
            for i in range(sorted_cell.size):
                if end > first[row] and cell[end - 1] == sorted_cell[i]:
                    amount[end - 1] += sorted_amount[i]
                else:
                    cell[end], amount[end] = sorted_cell[i], sorted_amount[i]
                    end += 1
        last = first[row]
        for i in range(first[row], end):
            weight = amount[i] * one // per
            if weight > 0:
                cell[last], amount[last] = cell[i], weight
                last += 1
        ends[row + 1] = last


@njit
def _pack(first: Int64, kept: Int64, out: Int64, values: Int64) -> Int64:
    """The kept head of each row, rows one after the other."""
    packed = np.empty(out[-1], dtype=np.int64)
    for row in range(kept.size):
        for i in range(kept[row]):
            packed[out[row] + i] = values[first[row] + i]
    return packed
