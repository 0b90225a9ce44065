"""What each row (one device over one unit) adds to which cells: a sparse vector, in fixed point."""

from dataclasses import dataclass

import numpy as np

from shoal._arrays import Int32, Int64
from shoal._numba import njit
from shoal.privacy.mechanism import ONE

_FEW = 32  # entries that are sorted by insertion
_RADIX = 11  # bits of a digit; 2048 counters stay in the first-level cache


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
    return _merged(first, cell, amount, ONE, per)


def coarser(rows: Contributions, of_place: Int32, width: int) -> Contributions:
    """The same contributions at a coarser level: each row's cells are put together, weights added up exactly.

    of_place  int32[p]  place of the coarser level that each place lies in
    width     cells of one place, at both levels
    """
    cell = np.empty_like(rows.cell)
    _coarser_cells(rows.cell, of_place, width, cell)
    return _merged(rows.first, cell, rows.weight, 1, 1)


def _merged(first: Int64, cell: Int64, amount: Int64, one: int, per: int) -> Contributions:
    n = cell.size
    found = Contributions(np.empty_like(first), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64))
    m = _merge_rows(first, cell, amount, one, per, found.first, found.cell, found.weight)
    return Contributions(found.first, found.cell[:m], found.weight[:m])


@njit
def _coarser_cells(cell: Int64, of_place: Int32, width: int, out: Int64) -> None:
    for i in range(cell.size):
        out[i] = of_place[cell[i] // width] * width + cell[i] % width


@njit
def _merge_rows(
    first: Int64, cell: Int64, amount: Int64, one: int, per: int, out_first: Int64, out_cell: Int64, out_weight: Int64
) -> int:
    """Write each row's cells in ascending order, with their amounts added up and in fixed point; how many they are."""
    most = 0
    for row in range(first.size - 1):
        most = max(most, first[row + 1] - first[row])
    spare, count = np.empty((2, most), dtype=np.int64), np.empty(1 << _RADIX, dtype=np.int64)
    out_first[0] = end = 0
    for row in range(first.size - 1):
        begin, ascending = end, True
        for i in range(first[row], first[row + 1]):
            if cell[i] < 0 or amount[i] <= 0:
                continue
            if end > begin and out_cell[end - 1] == cell[i]:  # neighbours first: movement is mostly standing still
                out_weight[end - 1] += amount[i]
            else:
                ascending &= end == begin or out_cell[end - 1] < cell[i]
                out_cell[end], out_weight[end] = cell[i], amount[i]
                end += 1
        if not ascending:
            _sort(out_cell[begin:end], out_weight[begin:end], spare, count)
        last = begin
        for i in range(begin, end):
            if i + 1 < end and out_cell[i + 1] == out_cell[i]:
                out_weight[i + 1] += out_weight[i]
                continue
            weight = out_weight[i] * one // per
            if weight > 0:
                out_cell[last], out_weight[last] = out_cell[i], weight
                last += 1
        out_first[row + 1] = end = last
    return end


@njit
def _sort(cell: Int64, amount: Int64, spare: Int64, count: Int64) -> None:
    """Sort m entries by cell in place; equal cells in any order.

    cell, amount  int64[m]
    spare, count  int64[2, m or more], int64[2**_RADIX]; used here, whatever they hold

    Rule    a few by insertion, more by a radix sort from the lowest digit: linear, whatever a device does.
    """
    m = cell.size
    if m <= _FEW:
        for i in range(1, m):
            own, own_amount, at = cell[i], amount[i], i
            while at > 0 and cell[at - 1] > own:
                cell[at], amount[at] = cell[at - 1], amount[at - 1]
                at -= 1
            cell[at], amount[at] = own, own_amount
        return
    least = most = cell[0]
    for i in range(m):
        least, most = min(least, cell[i]), max(most, cell[i])
    bits, digit = 0, 1
    while (most - least) >> bits:
        bits += 1
    while digit < _RADIX and m >> (digit + 1):  # clearing the counters must not cost more than the entries
        digit += 1
    for step in range((bits + digit - 1) // digit):
        shift, mask = step * digit, (1 << digit) - 1
        for value in range(mask + 1):
            count[value] = 0
        for i in range(m):
            spare[0, i], spare[1, i] = cell[i], amount[i]
            count[((cell[i] - least) >> shift) & mask] += 1
        place = 0
        for value in range(mask + 1):
            size = count[value]
            count[value] = place
            place += size
        for i in range(m):
            value = ((spare[0, i] - least) >> shift) & mask
            cell[count[value]], amount[count[value]] = spare[0, i], spare[1, i]
            count[value] += 1
