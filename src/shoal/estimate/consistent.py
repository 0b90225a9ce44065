"""The consistent column: whole numbers, never negative, adding up at every level."""

from collections.abc import Iterator

import numpy as np

from shoal._arrays import Bool, Float64, Int32, Int64
from shoal.estimate.ladder import add_up, check_levels

_AT_ONCE = 4_000_000
"""So many numbers are sorted at a time: a few hundred MB."""


def consistent(estimates: tuple[Float64, ...], into: tuple[Int32, ...]) -> tuple[Float64, ...]:
    """Non-negative whole numbers near the estimates, of which those of a group add up to the group's.

    estimates  float64[n_l, m] a level, from fine to coarse; may be negative
    into       int32[n_l] for each level but the coarsest: its groups' group at the next level
    returns    float64[n_l, m] a level, whole numbers of at least 0

    Of a single level each column adds up to its estimates' rounded sum, or to 0 where that is negative. Of several, the
    coarsest is rounded, and each group is handed down: its parts are the nearest non-negative values with its total,
    then rounded with the largest remainders up. A group without parts has nothing to hand down to.

    Setting negatives to 0 and adding up would turn noise into people: with thousands of empty cells the total doubles.
    """
    check_levels(estimates, into)
    if not into:
        (only,) = estimates
        total = np.maximum(np.rint(only.sum(axis=0, keepdims=True)), 0.0)
        return (_handed_down(only, np.zeros(len(only), dtype=np.int32), total),)
    found = [np.maximum(np.rint(estimates[-1]), 0.0)]
    for level in range(len(into) - 1, -1, -1):
        found.append(_handed_down(estimates[level], into[level], found[-1]))
    return tuple(reversed(found))


def _handed_down(estimate: Float64, into: Int32, total: Float64) -> Float64:
    """The parts float64[n, m] of the groups' whole numbers float64[groups, m]."""
    result = np.empty_like(estimate)
    for columns in _blocks(*estimate.shape):
        part = np.ascontiguousarray(estimate[:, columns])
        result[:, columns] = rounded(projected(part, into, total[:, columns]), into, total[:, columns])
    return result


def _blocks(n: int, m: int) -> Iterator[slice]:
    width = max(1, _AT_ONCE // max(1, n))
    for begin in range(0, m, width):
        yield slice(begin, min(m, begin + width))


def projected(estimate: Float64, into: Int32, total: Float64) -> Float64:
    """For each group and column the nearest non-negative values that add up to its total, which is not negative.

    The Euclidean projection onto the simplex (Michelot 1986; Duchi, Shalev-Shwartz, Singer & Chandra 2008, figure 1)
    takes as much from all parts as leaves nothing negative and the total as wanted; here of all groups in one sort.
    """
    order, group, rank = _ranked(estimate, into, len(total))
    descending = estimate.ravel()[order]
    first = np.flatnonzero(rank == 1)
    sums = np.cumsum(descending)
    before = np.where(first > 0, sums[first - 1], 0.0)
    excess = (sums - np.repeat(before, np.diff(np.append(first, rank.size))) - total.ravel()[group]) / rank
    above = descending > excess
    above[first] = True  # where the total is 0 all of it is taken away
    last = _last_of_each(above, first)
    shift = np.zeros(total.size)
    shift[group[first]] = excess[last]
    return np.maximum(estimate - shift.reshape(total.shape)[into], 0.0)


def rounded(values: Float64, into: Int32, total: Float64) -> Float64:
    """Non-negative values rounded so that each group and column still adds up to its whole total: what is left after
    rounding down goes to the largest remainders (Hamilton's method), of equal ones to the first.
    """
    down = np.floor(values)
    left = np.rint(total - add_up(down, into, len(total)))
    order, group, rank = _ranked(values - down, into, len(total))
    up = np.empty(values.size, dtype=np.bool_)
    up[order] = rank <= left.ravel()[group]
    return down + up.reshape(values.shape)


def _ranked(values: Float64, into: Int32, groups: int) -> tuple[Int64, Int64, Int64]:
    """An order of all numbers by group and column, largest first: (its places, their group and column, rank from 1)."""
    m = values.shape[1]
    cell = (into.astype(np.int64)[:, None] * m + np.arange(m)).ravel()
    order = np.lexsort((-values.ravel(), cell))
    number = np.bincount(cell, minlength=groups * m)
    begin = np.cumsum(number) - number
    group = cell[order]
    return order, group, np.arange(1, cell.size + 1) - begin[group]


def _last_of_each(marked: Bool, first: Int64) -> Int64:
    """Where the last mark of each segment is; each segment begins at `first` with a mark."""
    if not first.size:
        return first
    found: Int64 = np.maximum.reduceat(np.where(marked, np.arange(marked.size), 0), first)
    return found
